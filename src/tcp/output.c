/* SPDX-License-Identifier: ISC */
/* What is due becomes segments: the only place from which a connection sends. */
#include "tcp/tcp.h"

#include "tcp/emit.h"
#include "tcp/verbs.h"

enum {
    IP_PACKET_MAX = 65535,
    HEADERS_MAX = 40 + TCP_HEADER_LEN_MAX,
    CHALLENGE_UNIT_MS = 16,
    CHALLENGE_INTERVAL = 32, /* RFC 5961, 7: two a second, for each connection apart */
    US_PER_MS = 1000,
    TCP_SACK_LEN_MAX = 4 + 8 * TCP_SACK_MAX,
    REFUSALS_MAX = 16, /* in a row: then the device is full, and nobody else need try */
};

/* Why a segment could not leave now. */
enum refusal {
    SENT,
    NO_ROOM,   /* in the device, or no frame is left */
    NO_RECORD, /* no sent_range is left: a connection gives one back */
    NO_ROUTE,
};

/* How far beyond RCV.NXT the peer may send; `open` is what it may already. */
static MS_INLINE uint32_t recv_window(const struct ms_tcp *c, uint32_t open)
{
    uint32_t limit = c->recv_limit_bytes;
    uint32_t credit = limit - min_u32(limit, c->unconsumed_bytes);

    /* RFC 9293, 3.8.6.2.2: in steps of a segment, or of half of all there is. */
    if (credit < open + min_u32(limit / 2, c->send_mss) || (c->flags & CONN_FIN_KNOWN))
        return open;
    return max_u32(credit, open);
}

uint32_t ms_recv_window_edge(const struct ms_tcp *c)
{
    return c->recv_next + recv_window(c, c->recv_window_end - c->recv_next);
}

/* The window field, and the right edge that it promises. */
static MS_INLINE uint16_t offer_window(struct ms_tcp *c)
{
    uint32_t open = c->recv_window_end - c->recv_next, scale = c->recv_scale;
    /* Rounded up, for rounding down would take back a part of what was promised. */
    uint32_t field = (recv_window(c, open) + (UINT32_C(1) << scale) - 1) >> scale;

    field = min_u32(field, UINT16_MAX);
    c->recv_window_end = c->recv_next + max_u32(open, field << scale);
    return (uint16_t)field;
}

/* SACK blocks that fit beside the timestamp (RFC 2018, 3). */
static void add_sack(struct ms_tcp *c, struct tcp_header *header)
{
    unsigned max = header->options & TCP_OPTION_TIMESTAMP ? 3 : 4;

    c->stack->counters.tcp_dsacks_sent += c->recv.duplicate.start != c->recv.duplicate.end;
    header->sack_count = (uint8_t)ms_recv_queue_blocks(&c->recv, header->sack, max);
    header->options |= TCP_OPTION_SACK;
}

static inline struct emission emission_of(struct ms_tcp *c, struct ms_frame *frame,
                                          uint32_t payload_len)
{
    return (struct emission){
        .stack = c->stack,
        .path = &c->path,
        .flow = &c->entry.flow,
        .frame = frame,
        .payload_len = payload_len,
        .hop_limit = c->hop_limit,
        .traffic_class = c->traffic_class,
    };
}

/* A frame, if the path is there and the device's queue has room. */
static inline enum refusal take_frame(struct ms_tcp *c, struct ms_frame **frame)
{
    if (!ms_conn_find_path(c))
        return NO_ROUTE;
    if (ms_netif_queue_room(c->path.netif) == 0)
        return NO_ROOM;
    *frame = ms_frame_alloc(c->stack);
    return *frame ? SENT : NO_ROOM;
}

/* How far the urgent text reaches beyond seq; 0: not at all. */
MS_COLD static uint16_t urgent_offset(const struct ms_tcp *c, uint32_t seq)
{
    uint32_t ahead = c->send_urgent - seq;

    return seq_gt(c->send_urgent, seq) ? (uint16_t)min_u32(ahead, UINT16_MAX) : 0;
}

/* It acknowledges all there is, so nothing is owed any more. */
static inline void ack_is_sent(struct ms_tcp *c)
{
    c->last_ack_sent = c->recv_next;
    c->segments_to_ack = 0;
    c->due &= (uint8_t)~DUE_ACK;
    c->segments_sent++;
    ms_conn_disarm(c, CONN_TIMER_ACK);
}

/* The header of any segment past SYN, but for SACK blocks. */
static MS_INLINE struct tcp_header header_of(struct ms_tcp *c, uint32_t seq, uint32_t payload,
                                             uint8_t flags)
{
    struct tcp_header header;

    header.src_port = c->entry.flow.local_port;
    header.dst_port = c->entry.flow.remote_port;
    header.seq = seq;
    header.ack = c->recv_next;
    header.flags = flags | TCP_ACK;
    header.window = offer_window(c);
    header.urgent = 0;
    header.options = 0;
    if (MS_UNLIKELY(c->flags & CONN_URGENT_OUT) && payload > 0) {
        header.urgent = urgent_offset(c, seq);
        header.flags |= header.urgent ? TCP_URG : 0;
    }
    if (c->flags & CONN_TIMESTAMPS) {
        header.options = TCP_OPTION_TIMESTAMP;
        header.ts_value = conn_ts_now(c, c->stack->now_ms);
        header.ts_echo = c->ts_recent;
    }
    return header;
}

/*
 * With SACK blocks. Beside text there is not always room for them (RFC 6691): an ACK that is owed
 * then follows by itself.
 */
MS_COLD static void emit_with_sack(struct ms_tcp *c, struct ms_frame *frame, uint32_t seq,
                                   uint32_t payload, uint8_t flags)
{
    const struct emission e = emission_of(c, frame, payload);
    struct tcp_header header = header_of(c, seq, payload, flags);

    if (payload + TCP_SACK_LEN_MAX <= c->send_mss || payload == 0) {
        add_sack(c, &header);
        ack_is_sent(c);
    } else {
        c->segments_sent++;
    }
    ms_tcp_emit(&e, &header);
}

/* Without SACK blocks. */
static MS_INLINE void emit_plain_segment(struct ms_tcp *c, struct ms_frame *frame, uint32_t seq,
                                         uint32_t payload, uint8_t flags)
{
    const struct tcp_header header = header_of(c, seq, payload, flags);
    uint32_t header_len = tcp_plain_header(frame, &header);
    struct emission e;

    e = emission_of(c, frame, payload);
    tcp_emit_headed(&e, header_len);
    ack_is_sent(c);
}

/* Any segment past SYN; the frame holds its text. */
static MS_INLINE void emit_segment(struct ms_tcp *c, struct ms_frame *frame, uint32_t seq,
                                   uint32_t payload, uint8_t flags)
{
    if (MS_UNLIKELY(ms_recv_queue_has_report(&c->recv)) && (c->flags & CONN_SACK)) {
        emit_with_sack(c, frame, seq, payload, flags);
    } else {
        emit_plain_segment(c, frame, seq, payload, flags);
    }
}

/* SND.NXT, but not beyond the window, where a probe may be that the peer did not take: it would not
 * hear such an ACK (RFC 9293, 3.10.7.4). */
static inline uint32_t ack_seq(const struct ms_tcp *c)
{
    return seq_min(c->send_next, seq_max(c->send_unacked, c->send_window_end));
}

/* A segment without text: ACK, keepalive, RST. */
static enum refusal send_empty(struct ms_tcp *c, uint32_t seq, uint8_t flags)
{
    struct ms_frame *frame;
    enum refusal refusal = take_frame(c, &frame);

    if (refusal == SENT)
        emit_segment(c, frame, seq, 0, flags);
    return refusal;
}

/* SYN, or SYN with ACK after a simultaneous open; all options offered (RFC 9293, 3.7.1). */
static enum refusal send_syn(struct ms_tcp *c)
{
    const struct ms_config *config = &c->stack->config;
    uint32_t headers = TCP_HEADER_LEN + (addr_is_ipv4(&c->entry.flow.remote) ? 20 : 40);
    struct tcp_header header = { .flags = TCP_SYN, .options = TCP_OPTION_MSS };
    bool is_answer = c->state == MS_TCP_SYN_RECEIVED;
    struct ms_frame *frame;
    struct emission e;
    enum refusal refusal = take_frame(c, &frame);

    if (refusal != SENT)
        return refusal;
    header.src_port = c->entry.flow.local_port;
    header.dst_port = c->entry.flow.remote_port;
    header.seq = c->send_unacked;
    header.window = (uint16_t)min_u32(c->recv_limit_bytes, UINT16_MAX);
    header.mss = (uint16_t)(c->path.netif->mtu - headers);
    header.wscale = c->recv_scale;
    header.ts_value = conn_ts_now(c, c->stack->now_ms);
    if (is_answer) {
        header.flags |= TCP_ACK;
        header.ack = c->recv_next;
        header.ts_echo = c->ts_recent;
    }
    if (!is_answer || (c->flags & CONN_WSCALE))
        header.options |= TCP_OPTION_WSCALE;
    if (is_answer ? c->flags & CONN_TIMESTAMPS : config->tcp_timestamps)
        header.options |= TCP_OPTION_TIMESTAMP;
    if (is_answer ? c->flags & CONN_SACK : config->tcp_sack)
        header.options |= TCP_OPTION_SACK_PERMITTED;
    e = emission_of(c, frame, 0);
    c->segments_sent++;
    ms_tcp_emit(&e, &header);
    return SENT;
}

/* How many slices the device takes of a frame. */
static inline uint32_t slices_max(const struct ms_tcp *c, const struct ms_frame *frame)
{
    return min_u32(frame->slice_capacity, c->path.netif->driver->slices_max);
}

/*
 * Sends `payload` bytes of text from seq, and FIN if it follows. *sent: how far it got in sequence
 * space, for a frame may run out of slices.
 */
static MS_INLINE enum refusal send_new_text(struct ms_tcp *c, uint32_t seq, uint32_t payload,
                                            bool fin, uint32_t *sent)
{
    struct ms_frame *frame;
    enum refusal refusal = take_frame(c, &frame);
    uint8_t flags = 0;

    if (MS_UNLIKELY(refusal != SENT))
        return refusal;
    if (MS_UNLIKELY(!ms_send_queue_fill_one(&c->send, seq, payload, frame)))
        payload = ms_send_queue_fill(&c->send, seq, payload, frame, slices_max(c, frame));
    *sent = payload;
    if (seq + payload == c->send.end_seq) {
        if (payload > 0)
            flags = TCP_PSH; /* MUST-61: the last of what is queued */
        if (fin) {
            flags |= TCP_FIN;
            *sent += 1;
        }
    }
    if (payload > c->send_mss)
        frame->segment_size = c->send_mss;
    emit_segment(c, frame, seq, payload, flags);
    return SENT;
}

/* The text from seq, at most len of sequence space; FIN is the one after the last byte queued. */
static enum refusal send_text(struct ms_tcp *c, uint32_t seq, uint32_t len, uint32_t *sent)
{
    uint32_t payload = min_u32(len, seq_lt(seq, c->send.end_seq) ? c->send.end_seq - seq : 0);

    return send_new_text(c, seq, payload, (c->flags & CONN_CLOSING) && payload < len, sent);
}

/* What one frame may carry: a segment, or as many of them as the device cuts apart itself. */
static inline uint32_t frame_payload_max(const struct ms_tcp *c)
{
    uint32_t max = c->path.netif->driver->segment_bytes_max, mss = c->send_mss;

    if (MS_LIKELY(max <= 2 * mss))
        return mss;
    max = min_u32(max, IP_PACKET_MAX - HEADERS_MAX);
    return max_u32(max / mss, 1) * mss;
}

/*
 * What the congestion window leaves. What duplicates report is no longer in the network, so that
 * the first two already let a new segment out (RFC 3042).
 */
static inline uint32_t congestion_room(const struct ms_tcp *c)
{
    uint32_t in_network = ms_flight_in_network(&c->flight, conn_outstanding(c));

    return c->cc.window_bytes - min_u32(c->cc.window_bytes, in_network);
}

/*
 * How much may be added to what is sent again: a small segment that is alone, a probe above all,
 * takes along what has been queued since (RFC 9293, 3.8.6.2.1, would hold that back behind it).
 */
static uint32_t text_behind(const struct ms_tcp *c, const struct sent_range *range, uint32_t len)
{
    uint32_t window = conn_send_window(c);

    if (range->seq != c->send_unacked || range->end != c->send_next || len >= window ||
        conn_fin_is_sent(c))
        return 0;
    return min_u32(min_u32(c->send_mss, window) - len, c->send.end_seq - c->send_next);
}

/* Sends again what is believed lost, oldest first (RFC 6675, NextSeg rule 1). */
static enum refusal output_lost(struct ms_tcp *c)
{
    struct ms_stack *stack = c->stack;
    struct sent_range *range;

    while ((range = ms_flight_first_lost(&c->flight))) {
        bool is_opening = c->state == MS_TCP_SYN_SENT || c->state == MS_TCP_SYN_RECEIVED;
        uint32_t len = min_u32(range->end - range->seq, c->send_mss), sent = 1;
        enum refusal refusal;

        if (!is_opening)
            len += text_behind(c, range, len);
        if (!is_opening && !(c->due & DUE_RETRANSMIT) && congestion_room(c) < len) {
            c->flags |= CONN_WINDOW_LIMITED;
            return SENT;
        }
        refusal = is_opening ? send_syn(c) : send_text(c, range->seq, len, &sent);
        if (refusal != SENT)
            return refusal;
        if (sent > range->end - range->seq)
            c->send_next += ms_flight_lengthen_last(&c->flight, sent);
        c->due &= (uint8_t)~DUE_RETRANSMIT;
        stack->counters.tcp_retransmitted_segments++;
        c->retransmitted_segments++;
        if (!(c->timers & CONN_TIMER_RETRANSMIT))
            ms_conn_arm_retransmit(c);
        ms_flight_sent_again(&c->flight, &stack->tcp->ranges, range, sent, (uint32_t)stack->now_us);
    }
    return SENT;
}

/*
 * Nagle's algorithm and the sender's part of silly window avoidance (RFC 9293, 3.7.4, 3.8.6.2.1):
 * whether `len` of `queued` bytes may leave as a segment that is not full.
 */
static inline bool may_send_small(const struct ms_tcp *c, uint32_t len, uint32_t queued)
{
    uint32_t flags = c->flags;

    if (len == queued && (flags & CONN_CLOSING))
        return true;
    if (flags & CONN_CORK)
        return false;
    if (len == queued && (flags & CONN_NO_DELAY))
        return true;
    return conn_outstanding(c) == 0 && (len == queued || len >= c->send_window_max / 2);
}

/* How much new text the next frame takes; 0: none may leave now. */
static inline uint32_t choose_len(struct ms_tcp *c, uint32_t queued)
{
    uint32_t allowed = c->send_window_end - c->send_next, mss = c->send_mss;
    uint32_t room = congestion_room(c);
    uint32_t len;

    if (MS_UNLIKELY((int32_t)allowed <= 0)) /* the window has shrunk to what is outstanding */
        return 0;
    len = min_u32(min_u32(queued, allowed), frame_payload_max(c));
    if (MS_UNLIKELY(room < min_u32(len, mss))) {
        c->flags |= CONN_WINDOW_LIMITED;
        return 0;
    }
    if (len < mss)
        return may_send_small(c, len, queued) ? len : 0;
    if (len == mss)
        return len;
    len = min_u32(len, max_u32(room, mss));
    /* A super-frame ends in a small segment only where one would follow at once anyway. */
    if (len == queued && (c->flags & (CONN_NO_DELAY | CONN_CLOSING)) && !(c->flags & CONN_CORK))
        return len;
    return len - len % mss;
}

/* There is a record left. */
static inline void record_sent(struct ms_tcp *c, uint32_t len)
{
    struct seq_range sent = { c->send_next, c->send_next + len };

    if (conn_outstanding(c) == 0)
        c->progress_ms = c->stack->now_ms;
    ms_flight_append(&c->flight, &c->stack->tcp->ranges, sent, (uint32_t)c->stack->now_us);
    c->send_next = sent.end;
    if (!(c->timers & CONN_TIMER_RETRANSMIT))
        ms_conn_arm_retransmit(c);
}

/* Nothing is in flight, and the window is closed or too small for what is queued. */
static bool is_window_awaited(const struct ms_tcp *c, uint32_t queued)
{
    return conn_outstanding(c) == 0 && conn_send_window(c) < min_u32(queued, c->send_mss);
}

/* The retransmission timer becomes the probe's. */
static void wait_for_window(struct ms_tcp *c, uint32_t queued)
{
    if (is_window_awaited(c, queued) && !(c->timers & CONN_TIMER_RETRANSMIT))
        ms_conn_arm_retransmit(c);
}

/* RFC 5681, 4.1: after an idle time the window is what it was at the start, at most. */
static inline void restart_after_idle(struct ms_tcp *c)
{
    uint64_t idle_ms = c->stack->now_ms - c->progress_ms;

    if (MS_UNLIKELY(idle_ms * US_PER_MS > c->rtt.timeout_us))
        c->cc.ops->on_idle(&c->cc);
}

/* All is sent: if half of the window is free, it is not the window that holds data back. */
static inline void judge_window(struct ms_tcp *c)
{
    if ((c->flags & CONN_WINDOW_LIMITED) &&
        ms_flight_in_network(&c->flight, conn_outstanding(c)) < c->cc.window_bytes / 2)
        c->flags &= (uint16_t)~CONN_WINDOW_LIMITED;
}

/* FIN goes with the last byte, if the window has room for both. */
static inline bool may_send_fin(const struct ms_tcp *c, uint32_t len)
{
    return (c->flags & CONN_CLOSING) && c->send_next + len == c->send.end_seq &&
           seq_gt(c->send_window_end, c->send.end_seq);
}

/* Text not yet sent, and FIN behind it. */
static enum refusal output_new(struct ms_tcp *c)
{
    uint32_t left = c->send.end_seq + !!(c->flags & CONN_CLOSING) - c->send_next;

    if (MS_UNLIKELY(left > 0 && !ms_conn_find_path(c)))
        return NO_ROUTE;
    if (conn_outstanding(c) == 0)
        restart_after_idle(c);
    while (left > 0) {
        uint32_t queued = c->send.end_seq - c->send_next, sent;
        uint32_t len = queued > 0 ? choose_len(c, queued) : 0;
        bool fin = may_send_fin(c, len);
        enum refusal refusal;

        if (MS_UNLIKELY(c->flight.ranges >= FLIGHT_RANGES_MAX))
            return SENT; /* its own acknowledgements make room */
        if (len == 0 && !fin) {
            wait_for_window(c, left);
            return SENT;
        }
        if (MS_UNLIKELY(ms_pool_is_empty(&c->stack->tcp->ranges)))
            return NO_RECORD;
        refusal = send_new_text(c, c->send_next, len, fin, &sent);
        if (MS_UNLIKELY(refusal != SENT))
            return refusal;
        record_sent(c, sent);
        left -= sent;
    }
    judge_window(c);
    return SENT;
}

/* One byte, or FIN, into a closed window, so that its opening is noticed (RFC 9293, 3.8.6.1). */
static enum refusal output_probe(struct ms_tcp *c)
{
    uint32_t queued = c->send.end_seq - c->send_next, window = conn_send_window(c), sent;
    enum refusal refusal;

    c->due &= (uint8_t)~DUE_PROBE;
    if (conn_outstanding(c) > 0 || queued + !!(c->flags & CONN_CLOSING) == 0 ||
        ms_pool_is_empty(&c->stack->tcp->ranges))
        return SENT;
    if (window > 0 && !is_window_awaited(c, queued))
        return SENT; /* it has opened */
    /* A window too small for a decent segment is used up all the same (3.8.6.2.1, override). */
    refusal = send_text(c, c->send_next, max_u32(window, 1), &sent);
    if (refusal == SENT) {
        c->stack->counters.tcp_zero_window_probes++;
        record_sent(c, sent);
    }
    return refusal;
}

static enum refusal output_first_syn(struct ms_tcp *c)
{
    enum refusal refusal;

    if (ms_pool_is_empty(&c->stack->tcp->ranges))
        return NO_RECORD;
    refusal = send_syn(c);
    if (refusal == SENT)
        record_sent(c, 1);
    return refusal;
}

static enum refusal output_opening(struct ms_tcp *c)
{
    enum refusal refusal = conn_outstanding(c) > 0 ? output_lost(c) : output_first_syn(c);

    if (refusal == SENT && (c->due & DUE_ACK) && c->state == MS_TCP_SYN_RECEIVED)
        refusal = send_empty(c, c->send_next, 0);
    return refusal;
}

/* In order: what is lost, a probe, what is new; and an ACK if none of them carried it. */
static enum refusal output_open(struct ms_tcp *c)
{
    enum refusal refusal = SENT;

    if (c->due & DUE_OUTPUT) {
        if (c->flight.lost_bytes > 0)
            refusal = output_lost(c);
        if (refusal == SENT && (c->due & DUE_PROBE))
            refusal = output_probe(c);
        if (refusal == SENT)
            refusal = output_new(c);
        if (refusal == SENT)
            c->due &= (uint8_t)~DUE_OUTPUT;
    }
    if (refusal == SENT && (c->due & DUE_KEEPALIVE)) {
        refusal = send_empty(c, c->send_unacked - 1, 0);
        if (refusal == SENT)
            c->due &= (uint8_t)~DUE_KEEPALIVE;
    }
    if (c->due & DUE_ACK) { /* owed, whatever became of the text */
        enum refusal of_ack = send_empty(c, ack_seq(c), 0);

        refusal = refusal == SENT ? of_ack : refusal;
    }
    return refusal;
}

/* A peer obeys a RST at the very byte that it waits for (RFC 5961, 3.2). Behind a closed window
 * that is the one of the probe, and not the next. */
static uint32_t reset_seq(const struct ms_tcp *c)
{
    if (conn_send_window(c) > 0)
        return c->send_next;
    return seq_min(c->send_next, seq_max(c->send_unacked, c->send.head_seq));
}

/* The last words of a connection that is over, if there is room for them. */
static void output_last(struct ms_tcp *c)
{
    if (c->due & DUE_RESET) {
        if (send_empty(c, reset_seq(c), TCP_RST) == SENT)
            c->stack->counters.tcp_out_resets++;
    } else if (c->due & DUE_ACK) {
        (void)send_empty(c, ack_seq(c), 0);
    }
}

void ms_output_ack_now(struct ms_tcp *c) { (void)send_empty(c, ack_seq(c), 0); }

void ms_conn_challenge(struct ms_tcp *c)
{
    uint16_t now = (uint16_t)(c->stack->now_ms / CHALLENGE_UNIT_MS);

    if ((c->due & DUE_ACK) || (uint16_t)(now - c->challenged) < CHALLENGE_INTERVAL)
        return;
    c->challenged = now;
    c->stack->counters.tcp_challenge_acks++;
    ms_conn_pend(c, DUE_ACK);
}

/* Takes the first pending connection off the list. */
static struct ms_tcp *take_pending(struct tcp_floor *floor)
{
    struct ms_tcp *c = floor->pending_first;

    floor->pending_first = c->pending_next == FLOW_NONE ? NULL : conn_at(floor, c->pending_next);
    c->flags &= (uint16_t)~CONN_PENDING;
    return c;
}

/* It waits on the list; one that opens ends all the same when its user's patience does. */
static void wait_for_room(struct ms_tcp *c, bool is_opening)
{
    ms_conn_pend(c, 0);
    if (is_opening && !(c->timers & CONN_TIMER_RETRANSMIT))
        ms_conn_arm_retransmit(c);
}

__attribute__((noinline)) static enum refusal output_connection(struct ms_tcp *c)
{
    bool is_opening = c->state == MS_TCP_SYN_SENT || c->state == MS_TCP_SYN_RECEIVED;
    enum refusal refusal;

    if (MS_UNLIKELY(c->state == MS_TCP_CLOSED)) {
        output_last(c);
        ms_conn_bury(c);
        return SENT;
    }
    refusal = is_opening ? output_opening(c) : output_open(c);
    if (MS_UNLIKELY(refusal == NO_ROOM || refusal == NO_RECORD)) {
        wait_for_room(c, is_opening);
        return refusal;
    }
    if (refusal == NO_ROUTE) { /* the retransmission timer tries again, and ends it in time */
        ms_count_drop(c->stack, MS_DROP_SEND_NO_ROUTE);
        ms_conn_arm_retransmit(c);
    }
    if (is_opening || refusal == NO_ROUTE)
        c->due = 0;
    return refusal;
}

/*
 * Nothing is in flight, and nothing holds back what is queued: it lies in one buffer and goes as
 * one plain segment.
 */
static MS_INLINE bool is_lone_segment(const struct ms_tcp *c)
{
    const uint32_t hindrances = CONN_CLOSING | CONN_CORK | CONN_URGENT_OUT | CONN_WINDOW_LIMITED |
                                CONN_RECOVERY | CONN_LOSS;
    const struct ms_buf *buf = c->send.cursor;
    uint32_t len = c->send.end_seq - c->send_next;

    return (c->due & ~DUE_ACK) == DUE_OUTPUT && c->state == MS_TCP_ESTABLISHED && buf &&
           c->send.cursor_seq == c->send_next && buf->len == len && len <= c->send_mss &&
           c->send_next == c->send_unacked && !(c->flags & hindrances) &&
           seq_le(c->send.end_seq, c->send_window_end) && len <= c->cc.window_bytes &&
           !ms_recv_queue_has_report(&c->recv) && !ms_pool_is_empty(&c->stack->tcp->ranges) &&
           ms_ip_path_is_valid(c->stack, &c->path);
}

/* output_connection() for whoever asks or answers. False: it takes more than that. */
static MS_INLINE bool output_lone_segment(struct ms_tcp *c)
{
    struct ms_buf *buf = c->send.cursor;
    struct ms_frame *frame;
    struct seq_range sent;

    if (MS_IS_SMALL || !is_lone_segment(c) || take_frame(c, &frame) != SENT)
        return false;
    restart_after_idle(c);
    sent = (struct seq_range){ c->send_next, c->send_next + buf->len };
    ms_frame_show_lent(frame, buf, 0, buf->len);
    c->send.cursor = buf->next;
    c->send.cursor_seq = sent.end;
    emit_plain_segment(c, frame, sent.start, sent.end - sent.start, TCP_PSH);
    c->due = 0;
    c->progress_ms = c->stack->now_ms;
    ms_flight_begin(&c->flight, &c->stack->tcp->ranges, sent, (uint32_t)c->stack->now_us);
    c->send_next = sent.end;
    ms_conn_arm_retransmit(c);
    return true;
}

/* Those that find no room go to the end of the list, and are not looked at twice. */
__attribute__((noinline)) static void flush_pending(struct tcp_floor *floor)
{
    const struct ms_tcp *last = floor->pending_last;
    unsigned refusals = 0;
    bool is_last;

    floor->is_blocked = floor->lacks_records = false;
    do {
        struct ms_tcp *c = take_pending(floor);
        enum refusal refusal;

        is_last = c == last;
        refusal = MS_LIKELY(output_lone_segment(c)) ? SENT : output_connection(c);
        if (MS_LIKELY(refusal == SENT)) {
            refusals = 0;
            continue;
        }
        refusals = refusal == NO_ROOM ? refusals + 1 : 0;
        floor->is_blocked |= refusal == NO_ROOM;
        floor->lacks_records |= refusal == NO_RECORD;
    } while (!is_last && refusals < REFUSALS_MAX);
}

void ms_tcp_flush(struct ms_stack *stack)
{
    struct tcp_floor *floor = stack->tcp;

    if (floor->pending_first)
        flush_pending(floor);
}

enum tcp_pending ms_tcp_pending(const struct ms_stack *stack)
{
    const struct tcp_floor *floor = stack->tcp;

    if (!floor->pending_first)
        return TCP_PENDING_NONE;
    if (floor->is_blocked)
        return TCP_PENDING_BLOCKED;
    if (floor->lacks_records && ms_pool_is_empty(&floor->ranges))
        return TCP_PENDING_NONE; /* an ACK or a timer comes first */
    return TCP_PENDING_READY;
}
