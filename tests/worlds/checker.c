/* SPDX-License-Identifier: ISC */
/* What a host may put on the wire, given what it has been sent. */
#include "checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segment.h"

enum {
    TRACKED_MAX = 96,
    SPANS_MAX = 64,
    US_PER_S = 1000000,
    DELAYED_ACK_MAX_US = 500000, /* RFC 9293, MUST-40 */
    RTO_CAP_US = 59 * US_PER_S,  /* RFC 6298, 2.5: no cap below a minute */
    RTO_SLACK_US = 2000,
    SCALE_MAX = 14,
    PROBE_BYTES = 1,
    FAULT_TEXT_MAX = 200,
};

/* Offsets from the initial sequence number: no transfer here comes near 2^32 bytes. */
struct span {
    uint32_t from, to;
};

/* One end of a connection, as its wire shows it. */
struct tracked {
    uint8_t local[16], remote[16];
    uint16_t local_port, remote_port;
    bool has_iss, has_irs, is_open; /* open: our SYN is acknowledged, or theirs by us */
    uint32_t iss, irs;

    /* What we sent. */
    uint8_t *text; /* the byte of offset 1 comes first */
    uint32_t text_capacity;
    uint32_t sent_end;               /* offset behind all that was sent */
    uint32_t acked;                  /* by a segment that was in order: the host knows */
    uint32_t acked_most, sacked_end; /* by any: the host may know */
    uint32_t edge;
    uint32_t fin_at; /* offset of our FIN; 0: not sent */
    uint32_t duplicates;
    uint8_t peer_scale, own_scale;
    bool peer_scales, we_scale;
    uint16_t peer_mss;
    bool was_reset;
    bool is_blind; /* some was sent and not seen: a device or neighbour queue lost it */

    /* What we received. */
    struct span spans[SPANS_MAX]; /* beyond received_end, in order, apart */
    unsigned span_count;
    uint32_t received_end;
    uint32_t ack_sent, own_edge;
    uint64_t ack_by_us; /* an acknowledgement is owed until then; 0: none */

    /* Sending again. */
    uint64_t again_us;     /* when the oldest byte was last sent */
    uint64_t gap_us;       /* before that, between timeouts in silence; 0: unknown */
    bool was_timer;        /* it was a timer that sent it then */
    bool is_after_timeout; /* nothing was received since a timer sent the oldest byte again */
    uint32_t after_timeout_bytes;
};

struct checker {
    struct checker_facts facts;
    struct tracked tracked[TRACKED_MAX];
    unsigned count, last;
    uint64_t received_us; /* anything at all */
    bool has_received;
    uint64_t segments;
    bool is_faulty;
    char fault[FAULT_TEXT_MAX];
};

static void fail(struct checker *checker, const struct tracked *t, const char *what)
{
    if (checker->is_faulty)
        return;
    checker->is_faulty = true;
    snprintf(checker->fault, sizeof(checker->fault), "%s (port %u to %u, sent %u, acked %u)", what,
             t->local_port, t->remote_port, t->sent_end, t->acked);
}

static struct tracked *find(struct checker *checker, const struct segment_seen *s, bool is_sent)
{
    uint16_t local_port = is_sent ? s->src_port : s->dst_port;
    uint16_t remote_port = is_sent ? s->dst_port : s->src_port;
    const uint8_t *local = is_sent ? s->src : s->dst, *remote = is_sent ? s->dst : s->src;

    for (unsigned i = 0; i < checker->count; i++) {
        unsigned at = (checker->last + i) % checker->count;
        struct tracked *t = &checker->tracked[at];

        if (t->local_port == local_port && t->remote_port == remote_port &&
            memcmp(t->local, local, 16) == 0 && memcmp(t->remote, remote, 16) == 0) {
            checker->last = at;
            return t;
        }
    }
    if (checker->count == TRACKED_MAX)
        return NULL;
    checker->last = checker->count++;
    checker->tracked[checker->last] =
        (struct tracked){ .local_port = local_port, .remote_port = remote_port };
    memcpy(checker->tracked[checker->last].local, local, 16);
    memcpy(checker->tracked[checker->last].remote, remote, 16);
    return &checker->tracked[checker->last];
}

/* A new connection of the same two ports. */
static void begin_again(struct tracked *t)
{
    struct tracked fresh = { .text = t->text, .text_capacity = t->text_capacity };

    memcpy(fresh.local, t->local, 16);
    memcpy(fresh.remote, t->remote, 16);
    fresh.local_port = t->local_port;
    fresh.remote_port = t->remote_port;
    *t = fresh;
}

static uint32_t max32(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t min32(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Sequence space of a segment. */
static uint32_t extent(const struct segment_seen *s)
{
    return s->text_len + !!(s->flags & SEEN_SYN) + !!(s->flags & SEEN_FIN);
}

/* --- What was received: the most that the host can know --- */

static void merge_span(struct tracked *t, struct span span)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < t->span_count; i++) {
        struct span old = t->spans[i];

        if (old.to < span.from || span.to < old.from) {
            t->spans[kept++] = old;
            continue;
        }
        span.from = min32(span.from, old.from);
        span.to = max32(span.to, old.to);
    }
    t->span_count = kept;
    if (span.from <= t->received_end) {
        t->received_end = max32(t->received_end, span.to);
        return;
    }
    if (t->span_count < SPANS_MAX) {
        t->spans[t->span_count++] = span;
        return;
    }
    /* No room: more is believed received than was, which raises no false alarm. */
    t->spans[0].from = min32(span.from, t->spans[0].from);
    t->spans[0].to = max32(span.to, t->spans[0].to);
}

static void take_spans(struct tracked *t)
{
    for (unsigned i = 0; i < t->span_count;) {
        if (t->spans[i].from > t->received_end) {
            i++;
            continue;
        }
        t->received_end = max32(t->received_end, t->spans[i].to);
        t->spans[i] = t->spans[--t->span_count];
        i = 0;
    }
}

static void learn_options(struct tracked *t, const struct segment_seen *s)
{
    t->peer_mss = s->has_mss ? s->mss : 536;
    t->peer_scales = s->has_scale;
    t->peer_scale = s->scale < SCALE_MAX ? s->scale : SCALE_MAX;
}

static void receive_ack(struct tracked *t, const struct segment_seen *s, bool is_in_order)
{
    uint32_t ack = s->ack - t->iss;
    bool scales = t->peer_scales && t->we_scale && !(s->flags & SEEN_SYN);
    uint32_t window = (uint32_t)s->window << (scales ? t->peer_scale : 0);

    if (!t->has_iss || ack > t->sent_end)
        return;
    t->edge = max32(t->edge, ack + window);
    t->duplicates += ack == t->acked_most && s->text_len == 0;
    t->acked_most = max32(t->acked_most, ack);
    for (unsigned i = 0; i < s->sack_count; i++) {
        uint32_t end = s->sack[i].end - t->iss;

        if (end <= t->sent_end)
            t->sacked_end = max32(t->sacked_end, end);
    }
    if (!is_in_order || ack <= t->acked)
        return;
    t->acked = ack;
    t->gap_us = 0;
    t->again_us = 0;
    t->was_timer = false;
}

static void receive_segment(struct checker *checker, const struct segment_seen *s, uint64_t now_us)
{
    struct tracked *t = find(checker, s, false);
    uint32_t from;
    bool is_in_order;

    if (!t || (s->flags & SEEN_RST))
        return;
    if ((s->flags & SEEN_SYN) && !(t->has_irs && t->irs == s->seq)) {
        if (t->has_irs)
            begin_again(t);
        t->has_irs = true;
        t->irs = s->seq;
        t->received_end = 0;
        learn_options(t, s);
    }
    if (!t->has_irs)
        return;
    from = s->seq - t->irs;
    is_in_order = from == t->received_end;
    /* The host need not have taken what lay beyond its window: its own word counts, too. */
    if (s->flags & SEEN_ACK)
        receive_ack(t, s, (is_in_order && from == t->ack_sent) || (s->flags & SEEN_SYN));
    if (extent(s) == 0 || from > UINT32_MAX / 2)
        return;
    if (is_in_order && t->is_open && s->text_len > 0 && from + s->text_len <= t->own_edge &&
        t->ack_by_us == 0)
        t->ack_by_us = now_us + DELAYED_ACK_MAX_US;
    merge_span(t, (struct span){ from, from + extent(s) });
    take_spans(t);
}

/* --- What is sent --- */

static void check_length(struct checker *checker, const struct tracked *t,
                         const struct segment_seen *s)
{
    uint32_t most = max32(t->peer_mss ? t->peer_mss : 536, checker->facts.mss_min_bytes);

    if (s->packet_len > checker->facts.mtu)
        fail(checker, t, "a packet is larger than the link's MTU");
    if (s->text_len > 0 && s->text_len + s->options_len > most)
        fail(checker, t, "a segment is larger than the peer's MSS (RFC 9293, MUST-16)");
}

static void check_ack(struct checker *checker, struct tracked *t, const struct segment_seen *s)
{
    bool scales = t->peer_scales && t->we_scale && !(s->flags & SEEN_SYN);
    uint32_t edge, ack = s->ack - t->irs;

    if (!(s->flags & SEEN_ACK) || !t->has_irs || (s->flags & SEEN_RST))
        return;
    if (ack > t->received_end)
        fail(checker, t, "an ACK of what was not received (RFC 9293, 3.4)");
    if (ack < t->ack_sent)
        fail(checker, t, "an ACK takes back an earlier one (RFC 9293, 3.4)");
    t->ack_sent = ack;
    t->ack_by_us = 0;
    t->is_open |= !(s->flags & SEEN_SYN);
    edge = ack + ((uint32_t)s->window << (scales ? t->own_scale : 0));
    t->own_edge = max32(t->own_edge, edge);
}

static void keep_text(struct tracked *t, uint32_t at, const uint8_t *text, uint32_t len)
{
    if (at + len > t->text_capacity) {
        uint32_t capacity = 2 * (at + len) + 1024;
        uint8_t *grown = realloc(t->text, capacity);

        if (!grown)
            abort();
        t->text = grown;
        t->text_capacity = capacity;
    }
    memcpy(t->text + at, text, len);
}

/* The same offset always carries the same byte; what is new is remembered. */
static void check_content(struct checker *checker, struct tracked *t, const struct segment_seen *s,
                          uint32_t from)
{
    uint32_t at = from - 1, known = t->sent_end > 0 ? t->sent_end - 1 : 0;
    uint32_t old = at < known ? min32(known - at, s->text_len) : 0;

    if (t->fin_at && from + s->text_len > t->fin_at && s->text_len > 0) {
        fail(checker, t, "text behind FIN (RFC 9293, 3.6)");
        return;
    }
    if (old > 0 && memcmp(t->text + at, s->text, old) != 0)
        fail(checker, t, "bytes sent again differ from those sent first (RFC 9293, 3.4)");
    if (at > known)
        fail(checker, t, "a hole in what was sent (RFC 9293, 3.4)");
    else if (s->text_len > old)
        keep_text(t, at + old, s->text + old, s->text_len - old);
}

static void check_window(struct checker *checker, const struct tracked *t, uint32_t from,
                         uint32_t to)
{
    bool is_probe = from == t->edge && to == from + PROBE_BYTES;

    /* What was sent before stays within an edge that was offered before. */
    if (to > t->edge && !is_probe && to > t->sent_end)
        fail(checker, t, "bytes beyond every window offered (RFC 9293, 3.8.6)");
}

/*
 * RFC 5681, 3.1 and 3.2, with RFC 6928: at most what the initial window and all acknowledgements
 * allow, of which each duplicate is worth a segment.
 */
static void check_congestion(struct checker *checker, const struct tracked *t, uint32_t to)
{
    uint32_t mss = max32(t->peer_mss, checker->facts.mss_min_bytes);
    uint32_t initial = min32(10 * mss, max32(2 * mss, 14600));
    uint64_t allowed = (uint64_t)initial + t->acked_most + max32(t->acked_most, t->sacked_end) +
                       (uint64_t)(t->duplicates + 2) * mss;

    if (to > allowed)
        fail(checker, t, "more in flight than any congestion window (RFC 5681, 6928)");
}

/* Between timeouts: before the first, the timer may have run with a timeout of its own. */
static void check_backoff(struct checker *checker, struct tracked *t, uint64_t now_us)
{
    bool is_silent =
        t->was_timer && (!checker->has_received || checker->received_us <= t->again_us);
    uint64_t gap_us = is_silent ? now_us - t->again_us : 0;
    uint64_t least_us = t->gap_us * 2 - t->gap_us / 8;

    if (is_silent && t->gap_us > 0 && checker->facts.is_prompt) {
        least_us = least_us < RTO_CAP_US ? least_us : RTO_CAP_US;
        if (gap_us + RTO_SLACK_US < least_us)
            fail(checker, t, "the retransmission timer is not backed off (RFC 6298, 5.5)");
    }
    t->gap_us = gap_us;
}

/* The oldest byte goes again, or for the first time. */
static void send_oldest(struct checker *checker, struct tracked *t, uint64_t now_us, bool is_again)
{
    bool is_timer = is_again && (!checker->has_received || checker->received_us < now_us);

    if (t->again_us == now_us)
        return;
    if (is_again)
        check_backoff(checker, t, now_us);
    if (is_timer) {
        t->is_after_timeout = true;
        t->after_timeout_bytes = 0;
    }
    t->again_us = now_us;
    t->was_timer = is_timer;
}

/* RFC 5681, 3.1: after a timeout one segment, until something is heard. */
static void check_loss_window(struct checker *checker, struct tracked *t, uint32_t len)
{
    uint32_t mss = max32(t->peer_mss, checker->facts.mss_min_bytes);

    if (!t->is_after_timeout)
        return;
    t->after_timeout_bytes += len;
    if (t->after_timeout_bytes > mss && checker->facts.is_prompt)
        fail(checker, t, "more than one segment after a timeout (RFC 5681, 3.1)");
}

static void check_sequence(struct checker *checker, struct tracked *t, const struct segment_seen *s,
                           uint64_t now_us)
{
    uint32_t from = s->seq - t->iss, to = from + extent(s);
    bool is_again = from < t->sent_end;

    if (from > t->sent_end && from < UINT32_MAX / 2 && !checker->facts.is_prompt)
        t->is_blind = true;
    if ((s->flags & SEEN_RST) || t->is_blind)
        return;
    if (extent(s) == 0) {
        if (from > t->sent_end || (from + 1 < t->acked && checker->facts.is_prompt))
            fail(checker, t, "an empty segment with a strange number (RFC 9293, 3.10.7.4)");
        return;
    }
    if (from > t->sent_end) {
        fail(checker, t, "a hole in what was sent (RFC 9293, 3.4)");
        return;
    }
    if (to <= t->acked && s->text_len > 0 && checker->facts.is_prompt)
        fail(checker, t, "what is acknowledged is sent again (RFC 9293, 3.8.1)");
    if (from > 0) {
        check_content(checker, t, s, from);
        check_window(checker, t, from, to);
        check_congestion(checker, t, to);
    }
    if (from <= t->acked && to > t->acked)
        send_oldest(checker, t, now_us, is_again);
    check_loss_window(checker, t, extent(s));
    if (s->flags & SEEN_FIN) {
        if (t->fin_at && t->fin_at != to - 1)
            fail(checker, t, "FIN has moved (RFC 9293, 3.6)");
        t->fin_at = to - 1;
    }
    t->sent_end = max32(t->sent_end, to);
}

static void check_owed(struct checker *checker, struct tracked *t, uint64_t now_us)
{
    if (t->ack_by_us && now_us > t->ack_by_us + RTO_SLACK_US && !t->was_reset &&
        checker->facts.is_prompt)
        fail(checker, t, "an ACK was owed for more than half a second (RFC 9293, MUST-40)");
}

static void send_segment(struct checker *checker, const struct segment_seen *s, uint64_t now_us)
{
    struct tracked *t = find(checker, s, true);
    bool had_iss;

    if (!t)
        return;
    check_length(checker, t, s);
    if (s->flags & SEEN_RST) {
        t->was_reset = true;
        return;
    }
    if ((s->flags & SEEN_SYN) && !(t->has_iss && t->iss == s->seq)) {
        if (t->has_iss && t->is_open && !(s->flags & SEEN_ACK))
            begin_again(t);
        had_iss = t->has_iss;
        t->has_iss = true;
        t->iss = s->seq;
        t->sent_end = t->acked = t->acked_most = t->edge = t->fin_at = 0;
        t->sacked_end = t->duplicates = t->ack_sent = t->own_edge = 0;
        t->was_reset = t->is_after_timeout = false;
        /* Two cookies, and the peer may take either. */
        t->is_blind = had_iss && !t->is_open && (s->flags & SEEN_ACK);
        t->is_open = false;
        t->again_us = t->gap_us = 0;
        t->was_timer = false;
        t->we_scale = s->has_scale;
        t->own_scale = s->scale < SCALE_MAX ? s->scale : SCALE_MAX;
    }
    if (!t->has_iss)
        return;
    check_owed(checker, t, now_us);
    check_ack(checker, t, s);
    check_sequence(checker, t, s, now_us);
}

struct checker *checker_open(const struct checker_facts *facts)
{
    struct checker *checker = malloc(sizeof(*checker));

    if (!checker)
        abort();
    checker->facts = *facts;
    checker->count = checker->last = 0;
    checker->has_received = checker->is_faulty = false;
    checker->segments = 0;
    return checker;
}

void checker_close(struct checker *checker)
{
    for (unsigned i = 0; i < checker->count; i++)
        free(checker->tracked[i].text);
    free(checker);
}

void checker_sent(struct checker *checker, const uint8_t *packet, size_t len, uint64_t now_us)
{
    struct segment_seen seen;

    switch (segment_read(&seen, packet, len)) {
    case SEGMENT_SOUND:
        checker->segments++;
        send_segment(checker, &seen, now_us);
        break;
    case SEGMENT_BROKEN:
        fail(checker, &(struct tracked){ 0 }, "a packet with a wrong length or checksum");
        break;
    case SEGMENT_OTHER: break;
    }
}

void checker_received(struct checker *checker, const uint8_t *packet, size_t len, uint64_t now_us)
{
    struct segment_seen seen;

    checker->received_us = now_us;
    checker->has_received = true;
    for (unsigned i = 0; i < checker->count; i++)
        checker->tracked[i].is_after_timeout = false;
    if (segment_read(&seen, packet, len) != SEGMENT_SOUND)
        return;
    checker->segments++;
    receive_segment(checker, &seen, now_us);
}

void checker_disturb(struct checker *checker, bool loses_frames)
{
    for (unsigned i = 0; i < checker->count; i++) {
        checker->tracked[i].is_blind |= loses_frames;
        checker->tracked[i].gap_us = checker->tracked[i].again_us = 0;
        checker->tracked[i].was_timer = false;
        checker->tracked[i].ack_by_us = 0;
        checker->tracked[i].is_after_timeout = false;
    }
}

void checker_be_patient(struct checker *checker) { checker->facts.is_prompt = false; }

const char *checker_fault(const struct checker *checker)
{
    return checker->is_faulty ? checker->fault : NULL;
}

uint64_t checker_segments(const struct checker *checker) { return checker->segments; }
