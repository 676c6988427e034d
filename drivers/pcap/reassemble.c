/* SPDX-License-Identifier: ISC */
/* Puts the bytes of a captured conversation in order, and finds out how it went. */
#include <stdlib.h>
#include <string.h>

#include "segment.h"

enum {
    OFFSET_REASONABLE = 1 << 30, /* further ahead than any window: not of this connection */
    HOLES_MAX = 32,
    REORDERED_US = 10000, /* a hole filled sooner was reordering, later a retransmission */
    TWINS = 8,            /* how far back an exact duplicate is looked for */
};

/* What is known of one side while its segments go by. */
struct tally {
    int64_t sent;        /* offset behind the last byte (or SYN, FIN) it sent */
    int64_t acked;       /* the highest offset it acknowledged */
    uint64_t arrived_us; /* when what it acknowledged had been sent to it */
    uint64_t last_chunk_us;
    size_t cursor; /* the other side's chunk that contains what it acknowledged */
    struct hole {
        int64_t first, end;
        uint64_t time_us;
    } holes[HOLES_MAX];
    unsigned hole_count;
    const struct segment *twins[TWINS];
    unsigned twin_count;
};

static int64_t data_offset(const struct segment *s)
{
    return s->offset + ((s->flags & SEGMENT_SYN) ? 1 : 0);
}

/* Behind all that the segment takes of the sequence space. */
static int64_t end_offset(const struct segment *s)
{
    return data_offset(s) + s->payload_len + ((s->flags & SEGMENT_FIN) ? 1 : 0);
}

/* The offset nearest to `near` that has the sequence number. */
static int64_t unwrap(uint32_t seq, uint32_t isn, int64_t near)
{
    return near + (int32_t)(seq - (isn + (uint32_t)near));
}

static void set_offsets(struct stream_build *b)
{
    int64_t sent[2] = { 0 }, acked[2] = { 0 };

    for (size_t i = 0; i < b->count; i++) {
        struct segment *s = &b->segments[i];
        enum ms_side me = s->sender, other = (enum ms_side) !me;
        int64_t end;

        s->offset = unwrap(s->seq, b->isn[me], sent[me]);
        s->ack_offset = unwrap(s->ack, b->isn[other], acked[me]);
        if (s->is_corrupt || (s->flags & SEGMENT_RST))
            continue;
        end = end_offset(s);
        if (end > sent[me] && end - sent[me] < OFFSET_REASONABLE)
            sent[me] = end;
        if ((s->flags & SEGMENT_ACK) && s->ack_offset > acked[me] &&
            s->ack_offset - acked[me] < OFFSET_REASONABLE)
            acked[me] = s->ack_offset;
    }
}

static int by_offset(const void *a, const void *b)
{
    const struct segment *x = *(const struct segment *const *)a;
    const struct segment *y = *(const struct segment *const *)b;

    if (data_offset(x) != data_offset(y))
        return data_offset(x) < data_offset(y) ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Joins the sorted segments up to the first gap; with data NULL only counts. */
static uint64_t join(const struct segment *const *sorted, size_t count, const uint8_t *bytes,
                     uint8_t *data)
{
    int64_t next = 1;

    for (size_t i = 0; i < count; i++) {
        const struct segment *s = sorted[i];
        int64_t skip = next - data_offset(s);

        if (skip < 0)
            break;
        if (skip >= s->payload_stored)
            continue;
        if (data)
            memcpy(data + next - 1, bytes + s->payload_at + skip, s->payload_stored - (size_t)skip);
        next += s->payload_stored - skip;
    }
    return (uint64_t)next - 1;
}

/* The unique bytes of one side, in order. */
static bool order_bytes(struct stream_build *b, enum ms_side side, const uint8_t *bytes)
{
    const struct segment **sorted = calloc(b->count, sizeof(struct segment *));
    struct ms_stream_side *out = &b->stream.sides[side];
    uint8_t *data = NULL;
    size_t count = 0;

    if (!sorted)
        return false;
    for (size_t i = 0; i < b->count; i++) {
        const struct segment *s = &b->segments[i];

        if (s->sender == side && s->payload_stored > 0 && !s->is_corrupt &&
            !(s->flags & SEGMENT_RST))
            sorted[count++] = s;
    }
    qsort(sorted, count, sizeof(struct segment *), by_offset);
    out->len = join(sorted, count, bytes, NULL);
    data = malloc((size_t)out->len + 1);
    out->data = data;
    if (data)
        (void)join(sorted, count, bytes, data);
    free(sorted);
    return data != NULL;
}

static bool is_fin(const struct stream_build *b, const struct segment *s)
{
    return (s->flags & SEGMENT_FIN) && !s->is_corrupt &&
           end_offset(s) == (int64_t)b->stream.sides[s->sender].len + 2;
}

/* Behind all that a side sent: its bytes, and its FIN if it was captured. */
static int64_t limit_of(const struct stream_build *b, enum ms_side side)
{
    int64_t limit = (int64_t)b->stream.sides[side].len + 1;

    for (size_t i = 0; i < b->count; i++)
        if (b->segments[i].sender == side && is_fin(b, &b->segments[i]))
            return limit + 1;
    return limit;
}

/* What one side acknowledged beyond what was captured of the other is missing. */
static void find_gaps(struct stream_build *b, enum ms_side side, int64_t limit)
{
    int64_t acked = 1;
    bool is_truncated = false;

    for (size_t i = 0; i < b->count; i++) {
        const struct segment *s = &b->segments[i];

        if (s->is_corrupt)
            continue;
        if (s->sender == side)
            is_truncated = is_truncated || s->payload_stored < s->payload_len;
        else if ((s->flags & SEGMENT_ACK) && s->ack_offset > acked)
            acked = s->ack_offset;
    }
    b->stream.sides[side].acked = (uint64_t)acked - 1;
    if (b->stream.sides[side].acked > b->stream.sides[side].len)
        b->stream.sides[side].acked = b->stream.sides[side].len;
    if (acked > limit)
        b->stream.obstacle = is_truncated ? MS_STREAM_TRUNCATED : MS_STREAM_GAP;
}

static uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Bytes of the other side's stream that this one had acknowledged. */
static uint64_t received(const struct tally *t, const struct ms_stream_side *other)
{
    uint64_t n = t->acked > 0 ? (uint64_t)t->acked - 1 : 0;

    return n < other->len ? n : other->len;
}

/* Follows what the segment acknowledges to the time when it was sent. */
static void note_ack(struct tally *t, const struct segment *s, const struct ms_stream_side *other,
                     int64_t limit)
{
    int64_t ack = s->ack_offset < limit ? s->ack_offset : limit;

    if (!(s->flags & SEGMENT_ACK) || ack <= t->acked)
        return;
    t->acked = ack;
    while (t->cursor < other->chunk_count && other->chunks[t->cursor].end < received(t, other))
        t->cursor++;
    if (t->cursor < other->chunk_count && received(t, other) > 0)
        t->arrived_us = other->chunks[t->cursor].time_us;
}

static void note_chunk(struct tally *t, struct ms_stream_side *side,
                       const struct ms_stream_side *other, const struct segment *s, uint64_t now_us)
{
    struct ms_stream_chunk *chunks = (struct ms_stream_chunk *)(uintptr_t)side->chunks;
    size_t count = side->chunk_count;
    uint64_t done = count > 0 ? chunks[count - 1].end : 0;
    int64_t end = data_offset(s) + s->payload_len - 1;
    uint64_t since = max_u64(t->arrived_us, t->last_chunk_us);

    if (end > (int64_t)side->len)
        end = (int64_t)side->len;
    if (s->payload_len == 0 || (s->flags & SEGMENT_RST) || end <= (int64_t)done ||
        data_offset(s) > (int64_t)side->len)
        return;
    chunks[count] = (struct ms_stream_chunk){
        .end = (uint64_t)end,
        .after = received(t, other),
        .delay_us = now_us > since ? now_us - since : 0,
        .time_us = now_us,
    };
    side->chunk_count++;
    t->last_chunk_us = now_us;
}

static void note_end(struct stream_build *b, struct tally *t, const struct segment *s,
                     uint64_t now_us)
{
    struct ms_stream_side *side = &b->stream.sides[s->sender];
    const struct ms_stream_side *other = &b->stream.sides[!s->sender];
    uint64_t since = max_u64(t->arrived_us, t->last_chunk_us);

    if (side->end != MS_STREAM_END_NONE)
        return;
    if (s->flags & SEGMENT_RST)
        side->end = MS_STREAM_END_RST;
    else if (is_fin(b, s))
        side->end = MS_STREAM_END_FIN;
    else
        return;
    if (other->end == MS_STREAM_END_NONE)
        b->stream.closed_first = s->sender;
    side->end_after = received(t, other);
    side->end_after_fin = t->acked >= (int64_t)other->len + 2;
    side->end_delay_us = now_us > since ? now_us - since : 0;
}

/* Both sides' writes and ends, as the capture shows them. */
static void find_writes(struct stream_build *b, const int64_t limit[2])
{
    struct tally tallies[2] = { { 0 } };
    uint64_t opened_us = 0;

    for (size_t i = 0; i < b->count; i++) {
        struct segment *s = &b->segments[i];
        struct tally *t = &tallies[s->sender], *other = &tallies[!s->sender];
        struct ms_stream_side *sides = b->stream.sides;
        uint64_t now_us = s->time_us - b->stream.first_us;
        int64_t end = end_offset(s) < limit[s->sender] ? end_offset(s) : limit[s->sender];

        s->other_sent = other->sent;
        if (s->is_corrupt)
            continue;
        if (opened_us == 0 && s->sender == MS_SIDE_CLIENT && !(s->flags & SEGMENT_SYN)) {
            opened_us = now_us;
            tallies[0].arrived_us = tallies[1].arrived_us = now_us;
        }
        note_ack(t, s, &sides[!s->sender], limit[!s->sender]);
        note_chunk(t, &sides[s->sender], &sides[!s->sender], s, now_us);
        note_end(b, t, s, now_us);
        if (!(s->flags & SEGMENT_RST) && end > t->sent)
            t->sent = end;
    }
}

/* The same packet once more, as the network makes them; not the same bytes sent again. */
static bool is_twin(struct tally *t, const struct segment *s)
{
    bool found = false;

    for (unsigned i = 0; i < t->twin_count && i < TWINS; i++) {
        const struct segment *o = t->twins[i];

        found = found || (o->seq == s->seq && o->ack == s->ack && o->flags == s->flags &&
                          o->window == s->window && o->payload_len == s->payload_len &&
                          o->ip_id == s->ip_id && s->payload_len > 0);
    }
    t->twins[t->twin_count++ % TWINS] = s;
    return found;
}

/* Takes [first, end) out of the holes. True: some of it was one, and since when. */
static bool fill_holes(struct tally *t, int64_t first, int64_t end, uint64_t *since_us)
{
    bool filled = false;

    for (unsigned i = 0; i < t->hole_count; i++) {
        struct hole *h = &t->holes[i];

        if (end <= h->first || first >= h->end)
            continue;
        filled = true;
        *since_us = h->time_us;
        if (first <= h->first)
            h->first = end;
        else
            h->end = first;
        if (h->first >= h->end)
            *h = t->holes[--t->hole_count];
    }
    return filled;
}

/* Is it new, late, or sent again? */
static void count_order(struct tally *t, struct ms_stream_side *side, const struct segment *s)
{
    int64_t first = s->offset, end = end_offset(s);
    uint64_t since_us = 0;

    if (end == first || (s->flags & SEGMENT_RST))
        return;
    if (is_twin(t, s)) {
        side->duplicates++;
    } else if (end > t->sent) {
        if (first > t->sent && t->hole_count < HOLES_MAX)
            t->holes[t->hole_count++] = (struct hole){ t->sent, first, s->time_us };
        t->sent = end;
    } else if (fill_holes(t, first, end, &since_us) && s->time_us - since_us < REORDERED_US) {
        side->out_of_order++;
    } else {
        side->retransmissions++;
    }
}

static void count_segments(struct stream_build *b)
{
    struct tally tallies[2] = { { 0 } };

    for (size_t i = 0; i < b->count; i++) {
        const struct segment *s = &b->segments[i];
        struct ms_stream_side *side = &b->stream.sides[s->sender];

        side->segments++;
        side->data_segments += s->payload_len > 0;
        side->corrupt += s->is_corrupt;
        if (!s->is_corrupt && b->has_isn[0] && b->has_isn[1])
            count_order(&tallies[s->sender], side, s);
    }
}

/* How far the handshake was captured. */
static enum ms_stream_obstacle find_handshake(const struct stream_build *b)
{
    bool has_answer = false, is_acknowledged = false;

    for (size_t i = 0; i < b->count; i++) {
        const struct segment *s = &b->segments[i];

        if (s->is_corrupt || (s->flags & SEGMENT_RST))
            continue;
        if (s->sender == MS_SIDE_SERVER)
            has_answer = true;
        else if (!(s->flags & SEGMENT_SYN) && (s->flags & SEGMENT_ACK))
            is_acknowledged = true;
    }
    if (b->has_syn[0] && b->has_syn[1])
        return MS_STREAM_SIMULTANEOUS_OPEN;
    if (b->has_syn[0] && !has_answer && !is_acknowledged)
        return MS_STREAM_NOT_OPENED;
    if (!b->has_syn[0] || !b->has_isn[1])
        return MS_STREAM_NO_SYN;
    return is_acknowledged ? MS_STREAM_REPLAYABLE : MS_STREAM_NOT_OPENED;
}

/* Network cards that sum late leave what they like in the field: then no sum means anything. */
static void judge_checksums(struct stream_build *b, enum ms_side side)
{
    size_t all = 0, bad = 0;

    for (size_t i = 0; i < b->count; i++) {
        all += b->segments[i].sender == side;
        bad += b->segments[i].sender == side && b->segments[i].is_corrupt;
    }
    for (size_t i = 0; bad * 2 > all && i < b->count; i++)
        if (b->segments[i].sender == side)
            b->segments[i].is_corrupt = false;
}

static bool make_chunks(struct stream_build *b)
{
    for (unsigned side = 0; side < 2; side++) {
        struct ms_stream_side *s = &b->stream.sides[side];

        s->chunks = calloc((size_t)s->data_segments + 1, sizeof *s->chunks);
        if (!s->chunks)
            return false;
    }
    return true;
}

bool ms_stream_analyse(struct stream_build *b, const uint8_t *bytes)
{
    int64_t limit[2];

    b->stream.first_us = b->segments[0].time_us;
    b->stream.last_us = b->segments[b->count - 1].time_us;
    judge_checksums(b, MS_SIDE_CLIENT);
    judge_checksums(b, MS_SIDE_SERVER);
    b->stream.obstacle = find_handshake(b);
    if (b->has_isn[0] && b->has_isn[1])
        set_offsets(b);
    count_segments(b);
    if (b->stream.obstacle != MS_STREAM_REPLAYABLE)
        return true;
    for (unsigned side = 0; side < 2; side++) {
        if (!order_bytes(b, (enum ms_side)side, bytes))
            return false;
        limit[side] = limit_of(b, (enum ms_side)side);
        find_gaps(b, (enum ms_side)side, limit[side]);
    }
    if (!make_chunks(b))
        return false;
    find_writes(b, limit);
    return true;
}

void ms_stream_release(struct stream_build *b)
{
    for (unsigned side = 0; side < 2; side++) {
        free((void *)(uintptr_t)b->stream.sides[side].data);
        free((void *)(uintptr_t)b->stream.sides[side].chunks);
    }
}
