/* SPDX-License-Identifier: ISC */
/* A segment arrives in SYN-SENT: RFC 9293, section 3.10.7.3, in its order. */
#include "tcp/text.h"
#include "tcp/verbs.h"

/* Our SYN is acknowledged: from SYN-SENT or, after a simultaneous open, from SYN-RECEIVED. */
void ms_conn_opened(struct ms_tcp *c)
{
    ms_conn_move(c, TCP_EVENT_SYN_ACK);
    if (c->flags & CONN_CLOSING) { /* CLOSE was called meanwhile */
        ms_conn_move(c, TCP_EVENT_CLOSE);
    }
    if (c->events->on_open)
        c->events->on_open(c, c->user);
}

/* The peer's SYN: what it offers and where its numbers begin. */
static void take_syn(struct ms_tcp *c, struct segment *s)
{
    uint32_t limit;

    ms_conn_agree(c, &s->header);
    limit = min_u32(c->recv_limit_bytes, UINT16_MAX); /* what our SYN offered: never scaled */
    c->recv_next = c->last_ack_sent = s->seq + 1;
    c->recv_window_end = c->recv_next + limit;
    c->send_wl1 = s->seq;
    c->send_window_end = c->send_unacked + s->header.window; /* a SYN's window is not scaled */
    c->send_window_max = s->header.window;
    s->flags &= (uint8_t)~TCP_SYN;
    s->seq++;
}

enum ms_drop ms_syn_sent_input(struct ms_tcp *c, struct segment *s)
{
    bool has_ack = s->flags & TCP_ACK;
    struct flight_change change = { 0 };

    /* First: nothing but our SYN was sent, if even that. */
    if (has_ack && (s->header.ack != c->send_next || conn_outstanding(c) == 0)) {
        ms_tcp_emit_reset(s);
        return MS_DROP_TCP_BAD_ACK;
    }
    if (s->flags & TCP_RST) { /* second; without ACK it is not about our SYN (RFC 5961, 3.2) */
        if (has_ack)
            ms_conn_end(c, MS_ERROR_REFUSED);
        return has_ack ? MS_DROP_NONE : MS_DROP_TCP_BAD_RESET;
    }
    if (!(s->flags & TCP_SYN)) /* fifth */
        return MS_DROP_TCP_BAD_FLAGS;
    take_syn(c, s); /* fourth */
    c->received_ms = c->stack->now_ms;
    c->segments_received++;
    if (!has_ack) { /* both sides opened at once (3.5, figure 8) */
        ms_conn_move(c, TCP_EVENT_SYN);
        ms_flight_lose_all(&c->flight); /* our SYN goes again, now with ACK */
        ms_conn_pend(c, DUE_OUTPUT);
        return MS_DROP_NONE;
    }
    ms_flight_acknowledge(&c->flight, &c->stack->tcp->ranges, s->header.ack, &change);
    if (change.has_sample)
        ms_rtt_sample(&c->rtt, (uint32_t)c->stack->now_us - change.sent_us, ms_conn_rto_bounds(c));
    if (change.has_retransmitted) { /* RFC 5681, 3.1 */
        c->cc.window_bytes = c->send_mss;
        ms_rtt_start_slowly(&c->rtt, ms_conn_rto_bounds(c));
    }
    c->send_unacked = s->header.ack;
    c->send_window_end = c->send_unacked + s->header.window;
    c->backoffs = 0;
    ms_conn_disarm(c, CONN_TIMER_RETRANSMIT);
    ms_conn_pend(c, DUE_ACK | DUE_OUTPUT);
    ms_conn_opened(c);
    if (c->state != MS_TCP_CLOSED && segment_len(s) > 0) {
        ms_segment_trim_right(c, s);
        text_arrives(c, s);
    }
    return MS_DROP_NONE;
}
