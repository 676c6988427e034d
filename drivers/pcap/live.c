/* SPDX-License-Identifier: ISC */
/* Reads what the live stack sends, as the captured peer's TCP would. */
#include "live.h"

#include <string.h>

#include "../bytes.h"

enum { SHIFT_MAX = 14 };

/* Whether the checksum is right, or rightly left to the device. */
static bool is_checksum_right(const struct segment *s, const struct ms_frame *frame)
{
    uint32_t start = (uint32_t)s->options_at - TCP_HEADER_BYTES;
    uint32_t end = (uint32_t)s->payload_at + s->payload_stored;
    struct sum sum = { 0 };

    if (frame->flags & MS_FRAME_CHECKSUM_PARTIAL)
        return true;
    ms_segment_pseudo_sum(&sum, &s->source, &s->destination, ms_frame_len(frame) - start);
    sum_bytes(&sum, frame->head + start, end - start);
    for (unsigned i = 0; i < frame->slice_count; i++)
        sum_bytes(&sum, frame->slices[i].data, frame->slices[i].len);
    return sum_fold(&sum) == 0xffff;
}

/* Is it from the stack's end to ours? The stack's port is learned from its first SYN. */
static bool is_ours(struct translation *t, const struct segment *s)
{
    if (!ms_addr_equal(&s->destination, &t->my_addr) || s->destination_port != t->my_port)
        return false;
    if (!ms_addr_equal(&s->source, &t->stack_addr))
        return false;
    if (!t->has_stack_isn && (s->flags & SEGMENT_SYN))
        t->stack_port = s->source_port;
    return s->source_port == t->stack_port;
}

static void take_syn(struct live *live, struct translation *t, const struct segment *s,
                     const uint8_t *options)
{
    struct segment_options at;

    /* It may answer anew with other numbers, until we have acknowledged one. */
    if (t->has_stack_isn && (s->seq == t->stack_isn || live->last_ack > 0))
        return;
    ms_segment_options(&at, options, s->options_len);
    t->has_stack_isn = true;
    t->stack_isn = s->seq;
    t->stack_timestamps = at.timestamp_at != OPTION_ABSENT;
    t->stack_sack = at.sack_permitted_at != OPTION_ABSENT;
    t->stack_scale = at.scale_at != OPTION_ABSENT;
    live->shift = t->stack_scale && t->my_scale ? options[at.scale_at + 2] : 0;
    if (live->shift > SHIFT_MAX)
        live->shift = SHIFT_MAX;
    if (at.mss_at != OPTION_ABSENT && load_be16(options + at.mss_at + 2) > 0)
        live->mss = load_be16(options + at.mss_at + 2);
}

static void take_ack(struct live *live, const struct translation *t, const struct segment *s)
{
    int64_t ack = live->acked + (int32_t)(s->ack - (t->my_isn + (uint32_t)live->acked));
    uint8_t shift = (s->flags & SEGMENT_SYN) ? 0 : live->shift;
    int64_t edge = ack + ((int64_t)s->window << shift);

    if (!(s->flags & SEGMENT_ACK) || ack < live->acked || ack > live->my_sent)
        return;
    live->has_progressed = live->has_progressed || ack > live->acked || edge > live->edge;
    live->acked = ack;
    if (edge > live->edge)
        live->edge = edge;
}

static void take_timestamp(const struct live *live, struct translation *t, const struct segment *s,
                           int64_t offset, const uint8_t *options)
{
    struct segment_options at;
    uint32_t value;

    ms_segment_options(&at, options, s->options_len);
    if (at.timestamp_at == OPTION_ABSENT)
        return;
    value = load_be32(options + at.timestamp_at + 2);
    if ((s->flags & SEGMENT_SYN) ||
        (offset <= live->last_ack && (int32_t)(value - t->ts_recent) >= 0))
        t->ts_recent = value;
}

/* A run of payload at a stream offset (1: the first byte). Only what comes next is taken: nothing
 * is lost on the way from the stack, so it comes in order. */
static void take_bytes(struct live *live, int64_t offset, const uint8_t *data, uint32_t len)
{
    int64_t skip = live->next - offset;
    uint64_t at = (uint64_t)live->next - 1;
    uint32_t fresh;

    if (live->next < 1 || skip < 0 || skip >= len)
        return;
    fresh = len - (uint32_t)skip;
    live->has_progressed = true;
    for (uint32_t i = 0; i < fresh && at + i < live->capacity; i++)
        live->stats.mismatches += live->expected[at + i] != data[skip + i];
    if (at < live->capacity) {
        uint64_t room = live->capacity - at;

        memcpy(live->data + at, data + skip, fresh < room ? fresh : (size_t)room);
    }
    if (at + fresh > live->capacity)
        live->stats.mismatches += at + fresh - (at > live->capacity ? at : live->capacity);
    live->next += fresh;
    live->stats.bytes_received += fresh;
}

static void take_payload(struct live *live, const struct segment *s, int64_t offset,
                         const struct ms_frame *frame)
{
    take_bytes(live, offset, frame->head + s->payload_at, s->payload_stored);
    offset += s->payload_stored;
    for (unsigned i = 0; i < frame->slice_count; i++) {
        take_bytes(live, offset, frame->slices[i].data, frame->slices[i].len);
        offset += frame->slices[i].len;
    }
}

/* Everything of the segment that takes sequence numbers. */
static void take_text(struct live *live, const struct segment *s, int64_t offset,
                      const struct ms_frame *frame)
{
    int64_t before = live->next;
    int64_t data = offset + ((s->flags & SEGMENT_SYN) ? 1 : 0);
    int64_t end = data + s->payload_len + ((s->flags & SEGMENT_FIN) ? 1 : 0);

    if ((s->flags & SEGMENT_SYN) && live->next == 0)
        live->next = 1;
    take_payload(live, s, data, frame);
    if ((s->flags & SEGMENT_FIN) && live->next == end - 1)
        live->next = end;
    if (end > offset || offset < live->last_ack)
        live->needs_ack = true; /* a probe of an old byte wants an answer too */
    if (end > offset && end <= before)
        live->stats.retransmissions++;
    live->has_progressed = live->has_progressed || live->next > before;
}

void ms_live_receive(struct live *live, struct translation *t, const struct ms_frame *frame)
{
    struct segment s;
    const uint8_t *options;
    int64_t offset;

    switch (ms_segment_parse(&s, frame->head, frame->head_len, ms_frame_len(frame))) {
    case SEGMENT_NOT_TCP: return; /* the stack announces its addresses, joins groups */
    case SEGMENT_OK: break;
    case SEGMENT_FRAGMENT:
    case SEGMENT_MALFORMED: live->stats.bad_segments++; return;
    }
    live->is_touched = true;
    if (!is_checksum_right(&s, frame) || !is_ours(t, &s)) {
        live->stats.bad_segments++;
        return;
    }
    live->stats.segments_received++;
    options = frame->head + s.options_at;
    if (s.flags & SEGMENT_RST) {
        live->has_reset = true;
        return;
    }
    if (s.flags & SEGMENT_SYN)
        take_syn(live, t, &s, options);
    if (!t->has_stack_isn)
        return;
    offset = live->next + (int32_t)(s.seq - (t->stack_isn + (uint32_t)live->next));
    take_timestamp(live, t, &s, offset, options);
    take_ack(live, t, &s);
    take_text(live, &s, offset, frame);
}
