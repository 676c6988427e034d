/* SPDX-License-Identifier: ISC */
/*
 * ACK and window of an arriving segment: RFC 9293, 3.10.7.4, the fifth step. In line is what nearly
 * every ACK needs; the scoreboard and recovery are in ack.c.
 */
#ifndef TCP_ACK_H
#define TCP_ACK_H

#include "tcp/verbs.h"

/* Any ACK. False: the segment goes no further. */
bool ms_ack_arrives(struct ms_tcp *c, const struct segment *s, enum ms_drop *drop);
/* All is acknowledged, our FIN too: the next state. */
void ms_ack_closes(struct ms_tcp *c);
/* The peer's window was closed and is open. */
void ms_ack_opens_window(struct ms_tcp *c);
/* What was sent more than once, last at again_us, is acknowledged: only a timestamp can tell when
 * what arrived was sent. */
void ms_ack_sample_echo(struct ms_tcp *c, const struct segment *s, uint32_t again_us);

/* RFC 6298: by the time it was sent. */
static inline void ack_sample_rtt(struct ms_tcp *c, const struct segment *s,
                                  const struct flight_change *change)
{
    if (MS_UNLIKELY(change->has_retransmitted))
        ms_ack_sample_echo(c, s, change->again_us);
    else if (change->has_sample)
        rtt_sample(&c->rtt, (uint32_t)c->stack->now_us - change->sent_us, ms_conn_rto_bounds(c));
}

static inline void ack_tell_controller(struct ms_tcp *c, const struct flight_change *change,
                                       uint32_t in_flight_before)
{
    const struct ms_cc_ack ack = {
        .now_us = c->stack->now_us,
        .acked_bytes = change->acked_bytes,
        .in_flight_bytes = in_flight_before,
        .rtt_us = change->has_sample && !change->has_retransmitted
                      ? (uint32_t)c->stack->now_us - change->sent_us
                      : 0,
        .is_window_limited = c->flags & CONN_WINDOW_LIMITED,
        .is_in_recovery = c->flags & CONN_RECOVERY,
    };

    c->cc.ops->on_ack(&c->cc, &ack);
}

/* SND.UNA moves; the flight has been told. */
static inline void ack_advance(struct ms_tcp *c, uint32_t ack)
{
    c->bytes_acked += ack - c->send_unacked;
    c->send_unacked = ack;
    c->backoffs = 0;
    c->duplicate_acks = 0;
    c->progress_ms = c->stack->tcp->now_ms;
    if (MS_UNLIKELY(c->flags & (CONN_R1_REPORTED | CONN_URGENT_OUT))) {
        c->flags &= (uint16_t)~CONN_R1_REPORTED;
        if ((c->flags & CONN_URGENT_OUT) && seq_ge(ack, c->send_urgent))
            c->flags &= (uint16_t)~CONN_URGENT_OUT;
    }
    if (c->path.neighbor)
        ms_ip_confirm(&c->path); /* RFC 4861, 7.3.1: forward progress */
    c->due |= DUE_OUTPUT;
}

/* The window, unless an older segment tells it. Its ACK is none before SND.UNA. */
static inline void ack_update_window(struct ms_tcp *c, const struct segment *s)
{
    uint32_t window = (uint32_t)s->header.window << c->send_scale;
    uint32_t end = s->header.ack + window;

    if (MS_UNLIKELY(seq_lt(s->header.seq, c->send_wl1)))
        return;
    c->send_wl1 = s->header.seq;
    c->send_window_max = max_u32(c->send_window_max, window);
    if (end != c->send_window_end) {
        bool was_closed = seq_le(c->send_window_end, c->send_unacked);

        c->send_window_end = end;
        c->due |= DUE_OUTPUT;
        if (MS_UNLIKELY(was_closed) && window > 0)
            ms_ack_opens_window(c);
    }
}

/* RFC 6298, 5.2 and 5.3, with the timeout just measured. */
static inline void ack_restart_timer(struct ms_tcp *c)
{
    if (conn_outstanding(c) == 0)
        ms_conn_disarm(c, CONN_TIMER_RETRANSMIT);
    else
        ms_conn_arm_retransmit(c);
}

/* Something new is acknowledged while nothing is in doubt: SND.UNA moves, no more. */
static inline bool ack_is_plain(const struct ms_tcp *c, const struct segment *s)
{
    uint32_t doubts = (c->flags & (CONN_RECOVERY | CONN_LOSS)) |
                      (s->header.options & TCP_OPTION_SACK) | c->flight.sacked_bytes |
                      c->flight.lost_bytes;

    return doubts == 0 && s->header.ack - c->send_unacked - 1 < conn_outstanding(c) &&
           c->state >= MS_TCP_ESTABLISHED;
}

/* What was acknowledged goes back to the application; FIN may be among it. False: it is closed. */
static inline bool ack_is_taken(struct ms_tcp *c)
{
    ms_send_queue_acknowledge(&c->send, seq_min(c->send_unacked, c->send.end_seq));
    if (MS_UNLIKELY(conn_fin_is_sent(c) && c->send_unacked == c->send_next))
        ms_ack_closes(c);
    return c->state != MS_TCP_CLOSED;
}

static inline bool ack_plainly_arrives(struct ms_tcp *c, const struct segment *s)
{
    uint32_t ack = s->header.ack, in_flight = conn_outstanding(c);
    struct flight_change change = { .acked_bytes = ack - c->send_unacked };

    ms_flight_acknowledge_plain(&c->flight, &c->stack->tcp->ranges, ack, &change);
    ack_advance(c, ack);
    ack_update_window(c, s);
    ack_sample_rtt(c, s, &change);
    ack_tell_controller(c, &change, in_flight);
    ack_restart_timer(c);
    return ack_is_taken(c);
}

#endif
