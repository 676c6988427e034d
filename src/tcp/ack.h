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
void ms_ack_sample_echo(struct ms_tcp *c, uint32_t ts_echo, uint32_t again_us);

/* What a segment says of the other direction; by value, so that it can stay in registers. */
struct told {
    uint32_t seq, ack;
    uint32_t window;  /* scaled */
    uint32_t ts_echo; /* 0: none */
};

static inline struct told told_by(const struct ms_tcp *c, const struct segment *s)
{
    return (struct told){
        .seq = s->header.seq,
        .ack = s->header.ack,
        .window = (uint32_t)s->header.window << c->send_scale,
        .ts_echo = s->header.options & TCP_OPTION_TIMESTAMP ? s->header.ts_echo : 0,
    };
}

/* RFC 6298: by the time it was sent. */
static inline void ack_sample_rtt(struct ms_tcp *c, uint32_t ts_echo,
                                  const struct flight_change *change)
{
    if (MS_UNLIKELY(change->has_retransmitted))
        ms_ack_sample_echo(c, ts_echo, change->again_us);
    else if (change->has_sample)
        rtt_sample(&c->rtt, (uint32_t)c->stack->now_us - change->sent_us, ms_conn_rto_bounds(c));
}

/* RFC 5681 grows a window that was in use; RFC 7661, 4: one that was not says nothing. */
static inline void ack_tell_controller(struct ms_tcp *c, const struct flight_change *change,
                                       uint32_t in_flight_before, bool is_in_recovery)
{
    bool is_window_limited =
        (c->flags & CONN_WINDOW_LIMITED) || in_flight_before >= c->cc.window_bytes;
    struct ms_cc_ack ack;

    if (!is_window_limited && !c->cc.hears_all)
        return;
    ack = (struct ms_cc_ack){
        .now_us = c->stack->now_us,
        .acked_bytes = change->acked_bytes,
        .rtt_us = change->has_sample && !change->has_retransmitted
                      ? (uint32_t)c->stack->now_us - change->sent_us
                      : 0,
        .srtt_us = c->rtt.srtt_us,
        .send_unacked = c->send_unacked,
        .send_next = c->send_next,
        .is_window_limited = is_window_limited,
        .is_in_recovery = is_in_recovery,
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
    c->progress_ms = c->stack->now_ms;
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
static inline void ack_update_window(struct ms_tcp *c, const struct told *told)
{
    uint32_t end = told->ack + told->window;

    if (MS_UNLIKELY(seq_lt(told->seq, c->send_wl1)))
        return;
    c->send_wl1 = told->seq;
    c->send_window_max = max_u32(c->send_window_max, told->window);
    if (end != c->send_window_end) {
        bool was_closed = seq_le(c->send_window_end, c->send_unacked);

        c->send_window_end = end;
        c->due |= DUE_OUTPUT;
        if (MS_UNLIKELY(was_closed) && told->window > 0)
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

/* Something new is acknowledged while nothing is in doubt. */
static inline void ack_plainly_arrives(struct ms_tcp *c, const struct told *told)
{
    uint32_t in_flight = conn_outstanding(c);
    struct flight_change change = { .acked_bytes = told->ack - c->send_unacked };

    ms_flight_acknowledge_plain(&c->flight, &c->stack->tcp->ranges, told->ack, &change);
    ack_advance(c, told->ack);
    ack_update_window(c, told);
    ack_sample_rtt(c, told->ts_echo, &change);
    ack_tell_controller(c, &change, in_flight, false);
    ack_restart_timer(c);
}

#endif
