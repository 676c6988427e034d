/* SPDX-License-Identifier: ISC */
/* A segment arrives: RFC 9293, section 3.10.7, in its order. */
#include "tcp/tcp.h"

#include "tcp/ack.h"
#include "tcp/text.h"
#include "tcp/verbs.h"

enum { PAWS_IDLE_MS = 24 * 24 * 3600 * 1000 }; /* RFC 7323, 5.5: 24 days */

/* RFC 7323, 5.3, R1: an old timestamp on anything but RST. A peer silent for long starts afresh. */
static bool is_too_old(const struct ms_tcp *c, const struct segment *s)
{
    if (!(c->flags & CONN_TIMESTAMPS) || !(s->header.options & TCP_OPTION_TIMESTAMP) ||
        (s->flags & TCP_RST) || !seq_lt(s->header.ts_value, c->ts_recent))
        return false;
    return c->stack->now_ms - c->received_ms < PAWS_IDLE_MS;
}

/* Bytes that were received before: cut off, and reported once (RFC 2883). */
static void trim_left(struct ms_tcp *c, struct segment *s)
{
    uint32_t cut = min_u32(c->recv_next - s->seq, s->payload_len);

    if (cut > 0 && !(s->flags & TCP_RST)) {
        c->recv.duplicate = (struct seq_range){ s->seq, s->seq + cut };
        c->duplicates = (uint16_t)min_u32(c->duplicates + 1u, UINT16_MAX);
        c->stack->counters.tcp_duplicate_segments++;
        c->due |= DUE_ACK;
    }
    s->seq += cut;
    s->payload_offset += cut;
    s->payload_len -= cut;
}

void ms_segment_trim_right(const struct ms_tcp *c, struct segment *s)
{
    uint32_t room = c->recv_window_end - s->seq;

    if (s->payload_len + !!(s->flags & TCP_FIN) <= room)
        return;
    s->payload_len = min_u32(s->payload_len, room);
    s->flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
}

/*
 * First: is a byte of it inside the window? What is left of it begins at recv_next or after, and
 * ends inside. A closed window lets RST, URG and ACK of an empty remainder pass (MUST-66).
 */
static enum ms_drop trim_to_window(struct ms_tcp *c, struct segment *s)
{
    uint32_t len = segment_len(s);
    uint32_t window = c->recv_window_end - c->recv_next;

    if (is_too_old(c, s))
        return MS_DROP_TCP_PAWS;
    if (seq_lt(s->seq, c->recv_next)) {
        bool is_all_old = seq_le(s->seq + len, c->recv_next);

        trim_left(c, s);
        if (is_all_old)
            return len > 0 ? MS_DROP_TCP_DUPLICATE : MS_DROP_TCP_OUT_OF_WINDOW;
    } else if (s->seq - c->recv_next >= window && s->seq != c->recv_next) {
        return MS_DROP_TCP_OUT_OF_WINDOW;
    }
    ms_segment_trim_right(c, s);
    if (len > 0 && segment_len(s) == 0 && window == 0)
        c->due |= DUE_ACK; /* a window probe */
    return MS_DROP_NONE;
}

/*
 * Second: RST, by RFC 5961, 3.2. Its number is the untrimmed one: text must not make a guess exact,
 * nor bring one that lies before the window into it.
 */
static enum ms_drop reset_arrives(struct ms_tcp *c, const struct segment *s)
{
    if (s->header.seq != c->recv_next) {
        if (seq_gt(s->header.seq, c->recv_next))
            ms_conn_challenge(c);
        return MS_DROP_TCP_BAD_RESET;
    }
    ms_conn_end(c, c->state == MS_TCP_SYN_RECEIVED ? MS_ERROR_REFUSED : MS_ERROR_RESET);
    return MS_DROP_NONE;
}

/*
 * RFC 7323, 4.3: only a segment that covers Last.ACK.sent may move TS.Recent. It is older than that
 * only if the peer was silent for so long that is_too_old() let it pass.
 */
static void update_ts_recent(struct ms_tcp *c, const struct segment *s)
{
    if ((c->flags & CONN_TIMESTAMPS) && (s->header.options & TCP_OPTION_TIMESTAMP) &&
        seq_le(s->header.seq, c->last_ack_sent))
        c->ts_recent = s->header.ts_value;
}

/* Data are acknowledged at once; bare ACKs seldom, lest two confused ends answer for ever. */
static void answer_unacceptable(struct ms_tcp *c, const struct segment *s)
{
    if (s->flags & TCP_RST)
        return;
    if (s->p->len > s->header.header_len || (s->flags & TCP_FIN))
        ms_conn_pend(c, DUE_ACK);
    else
        ms_conn_challenge(c);
}

/*
 * Fourth, but before the window trims it: a SYN is refused whatever its number (RFC 5961, 4.2). The
 * one that a simultaneous open has seen already comes again with its ACK (RFC 9293, figure 8).
 */
static MS_COLD bool is_unexpected_syn(const struct ms_tcp *c, struct segment *s)
{
    if (c->state != MS_TCP_SYN_RECEIVED || !(s->flags & TCP_ACK) || s->seq + 1 != c->recv_next)
        return true;
    s->flags &= (uint8_t)~TCP_SYN;
    s->seq++;
    return false;
}

/* What comes before the fifth step. False: the segment goes no further. */
static bool passes_checks(struct ms_tcp *c, struct segment *s, enum ms_drop *drop)
{
    if (MS_UNLIKELY(s->flags & TCP_SYN) && is_unexpected_syn(c, s)) {
        ms_conn_challenge(c);
        *drop = MS_DROP_TCP_UNEXPECTED_SYN;
        return false;
    }
    *drop = trim_to_window(c, s); /* first */
    if (*drop != MS_DROP_NONE) {
        answer_unacceptable(c, s);
        return false;
    }
    if (s->flags & TCP_RST) { /* second */
        *drop = reset_arrives(c, s);
        return false;
    }
    if (!(s->flags & TCP_ACK)) /* fifth */
        *drop = MS_DROP_TCP_NO_ACK;
    return s->flags & TCP_ACK;
}

static MS_INLINE enum ms_drop take_steps(struct ms_tcp *c, struct segment *s)
{
    enum ms_drop drop = MS_DROP_NONE;

    if (!passes_checks(c, s, &drop))
        return drop;
    c->received_ms = c->stack->now_ms;
    c->keepalive_probes = 0;
    c->segments_received++;
    if (!ms_ack_arrives(c, s, &drop))
        return drop;
    update_ts_recent(c, s); /* not before its ACK is believed: a blind guess is not */
    if (s->payload_len > 0 || (s->flags & (TCP_FIN | TCP_URG)))
        text_arrives(c, s); /* sixth to eighth */
    return MS_DROP_NONE;
}

enum ms_drop ms_segment_arrives(struct ms_tcp *c, struct segment *s)
{
    enum ms_drop drop = take_steps(c, s);

    if (c->due) /* also of one that was dropped on the way */
        ms_conn_pend(c, 0);
    return drop;
}

/* RFC 9293, 3.10.7.1: a segment for nobody. */
static enum ms_drop closed_input(const struct segment *s)
{
    ms_tcp_emit_reset(s);
    return MS_DROP_TCP_NO_CONNECTION;
}

/* What no segment from a decent peer looks like. */
static enum ms_drop check(struct packet *p, const struct segment *s)
{
    uint8_t opening = s->flags & (TCP_SYN | TCP_FIN | TCP_RST);

    if ((p->flags & (PACKET_LINK_GROUP | PACKET_IP_GROUP)) ||
        addr_is_multicast(&p->flow.remote)) /* MUST-57 */
        return MS_DROP_TCP_BAD_ADDRESS;
    if (s->header.src_port == 0 || s->header.dst_port == 0)
        return MS_DROP_TCP_BAD_PORT;
    if (opening & (opening - 1))
        return MS_DROP_TCP_BAD_FLAGS;
    return MS_DROP_NONE;
}

/* Reads the header and leaves the payload's place. */
static inline enum ms_drop parse(struct packet *p, struct segment *s)
{
    struct bytes rest = p->bytes;
    enum ms_drop drop = ms_tcp_header_parse(&s->header, &rest);

    if (MS_UNLIKELY(drop != MS_DROP_NONE))
        return drop == MS_DROP_TCP_TRUNCATED && rest.len < p->len ? MS_DROP_FRAME_NOT_CONTIGUOUS
                                                                  : drop;
    s->p = p;
    s->seq = s->header.seq;
    s->flags = s->header.flags;
    s->payload_offset = (uint32_t)(rest.data - p->frame->head);
    s->payload_len = p->len - s->header.header_len;
    p->flow.local_port = s->header.dst_port;
    p->flow.remote_port = s->header.src_port;
    return MS_DROP_NONE;
}

enum ms_drop ms_tcp_input(struct packet *p)
{
    struct tcp_floor *floor = p->stack->tcp;
    struct ms_tcp_listener *listener;
    struct flow_entry *entry;
    struct segment s;
    enum ms_drop drop = ms_packet_checksum_ok(p) ? parse(p, &s) : MS_DROP_TCP_BAD_CHECKSUM;
    uint32_t number;

    p->stack->counters.tcp_in_segments++;
    if (drop == MS_DROP_NONE)
        drop = check(p, &s);
    if (MS_UNLIKELY(drop != MS_DROP_NONE)) {
        p->stack->counters.tcp_in_errors++;
        return drop;
    }
    number = ms_flow_table_look_up(&floor->table, &p->flow);
    if (number_is_connection(floor, number)) {
        struct ms_tcp *c = conn_at(floor, number);

        return c->state == MS_TCP_SYN_SENT ? ms_syn_sent_input(c, &s) : ms_segment_arrives(c, &s);
    }
    if (number == FLOW_NONE) {
        listener = ms_tcp_find_listener(floor, &p->flow, p->netif);
        return listener ? ms_listen_input(listener, &s) : closed_input(&s);
    }
    entry = ms_flow_table_at(&floor->table, number);
    return number_is_syn(floor, number)
               ? ms_syn_input(floor, (struct syn_record *)entry, &s)
               : ms_time_wait_input(floor, (struct time_wait_record *)entry, &s);
}
