/* SPDX-License-Identifier: ISC */
/* The fifth step of an arriving segment: ACK, SACK, window, loss recovery (RFC 9293, 5681, 6675).
 */
#include "tcp/ack.h"

enum {
    DUP_THRESH = 3, /* RFC 5681, 3.2 */
    US_PER_MS = 1000,
};

/* RFC 5961, 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT. */
static bool ack_is_acceptable(const struct ms_tcp *c, uint32_t ack)
{
    return c->send_next - ack <= conn_outstanding(c) + c->send_window_max;
}

/* RFC 5681, 2: the definition of a duplicate acknowledgement. */
static bool is_duplicate_ack(const struct ms_tcp *c, const struct segment *s, uint32_t window)
{
    return s->header.ack == c->send_unacked && s->payload_len == 0 && !(s->flags & TCP_FIN) &&
           conn_outstanding(c) > 0 && c->send_unacked + window == c->send_window_end;
}

/* RFC 2883, 4: the first block tells of bytes received twice. */
static bool is_duplicate_report(const struct segment *s)
{
    const struct seq_range *first = &s->header.sack[0], *second = &s->header.sack[1];

    return seq_le(first->end, s->header.ack) ||
           (s->header.sack_count > 1 && seq_le(second->start, first->start) &&
            seq_le(first->end, second->end));
}

/* Takes the SACK blocks that make sense: inside what was sent and is not acknowledged. */
__attribute__((noinline)) static void take_sack(struct ms_tcp *c, const struct segment *s,
                                                struct flight_change *change)
{
    unsigned first = is_duplicate_report(s);

    c->stack->counters.tcp_dsacks_received += first;
    for (unsigned i = first; i < s->header.sack_count; i++) {
        struct seq_range block = s->header.sack[i];

        if (seq_lt(block.start, block.end) && seq_gt(block.start, c->send_unacked) &&
            seq_le(block.end, c->send_next))
            ms_flight_sack(&c->flight, &c->stack->tcp->ranges, block, change);
    }
}

/*
 * What was sent into the closed window as a probe was not taken and goes again at once. The backoff
 * was the probes' own, and says nothing of the path.
 */
MS_COLD void ms_ack_opens_window(struct ms_tcp *c)
{
    ms_rtt_end_back_off(&c->rtt, ms_conn_rto_bounds(c));
    c->backoffs = 0;
    ms_conn_disarm(c, CONN_TIMER_RETRANSMIT); /* it was the probe's */
    if (conn_outstanding(c) == 0)
        return;
    ms_flight_lose_all(&c->flight);
    c->due |= DUE_RETRANSMIT;
    ms_conn_arm_retransmit(c);
}

MS_COLD void ms_ack_sample_echo(struct ms_tcp *c, uint32_t ts_echo, uint32_t again_us)
{
    uint32_t sample_ms = conn_ts_now(c, c->stack->now_ms) - ts_echo;

    if (!(c->flags & CONN_TIMESTAMPS) || ts_echo == 0 ||
        sample_ms > c->stack->config.tcp_rto_max_us / US_PER_MS)
        return;
    /* An echo of the first sending: its ACK was lost, and the whole timeout would count. */
    if (sample_ms * US_PER_MS > (uint32_t)c->stack->now_us - again_us + 2 * US_PER_MS)
        return;
    ms_rtt_sample(&c->rtt, sample_ms * US_PER_MS, ms_conn_rto_bounds(c));
}

/* Fast retransmit: half the flight is the new window (RFC 6675, 5; RFC 6582, 3.2). */
static void enter_recovery(struct ms_tcp *c)
{
    c->flags |= CONN_RECOVERY;
    c->due |= DUE_RETRANSMIT; /* RFC 6675, 5, step 4.3 */
    c->flight.recovery_end = c->send_next;
    c->cc.ops->on_loss(&c->cc, c->stack->now_us, conn_outstanding(c));
    c->stack->counters.tcp_fast_retransmits++;
}

MS_COLD static void leave_recovery(struct ms_tcp *c)
{
    uint32_t outstanding = conn_outstanding(c);

    if (!(c->flags & CONN_SACK))
        c->flight.sacked_bytes = 0; /* duplicates counted, of what is acknowledged now */
    if (c->flags & CONN_RECOVERY)
        c->cc.ops->on_recovered(&c->cc, c->stack->now_us,
                                ms_flight_in_network(&c->flight, outstanding));
    c->flags &= (uint16_t) ~(CONN_RECOVERY | CONN_LOSS);
    c->duplicate_acks = 0;
    ms_flight_end_recovery(&c->flight);
}

/*
 * Without SACK each duplicate ACK says that one more segment has arrived: they are counted as if
 * SACKed, which is NewReno's window inflation without touching the window (RFC 6582).
 */
static void count_arrivals(struct ms_tcp *c, uint32_t newly_acked)
{
    uint32_t outstanding = conn_outstanding(c);
    struct flight *f = &c->flight;
    uint32_t room = outstanding - min_u32(outstanding, f->lost_bytes + c->send_mss);

    if (newly_acked == 0)
        f->sacked_bytes += c->send_mss;
    else if (!(c->flags & (CONN_RECOVERY | CONN_LOSS)))
        f->sacked_bytes = 0; /* RFC 3042: two segments beyond the window and no more */
    else if (newly_acked > c->send_mss)
        f->sacked_bytes -= min_u32(f->sacked_bytes, newly_acked - c->send_mss);
    f->sacked_bytes = min_u32(f->sacked_bytes, room);
}

/* Marks what this acknowledgement shows to be lost. */
__attribute__((noinline)) static void detect_losses(struct ms_tcp *c, bool is_duplicate,
                                                    uint32_t newly_acked)
{
    struct flight *f = &c->flight;
    struct pool *ranges = &c->stack->tcp->ranges;
    bool is_partial = newly_acked > 0 && (c->flags & CONN_RECOVERY);

    if (is_duplicate && c->duplicate_acks < UINT8_MAX)
        c->duplicate_acks++;
    if (is_duplicate && c->duplicate_acks < DUP_THRESH)
        c->stack->counters.tcp_limited_transmits += c->send_next != c->send.end_seq;
    if (c->flags & CONN_SACK)
        ms_flight_detect_losses(f, c->send_mss);
    else if (is_duplicate || (newly_acked > 0 && f->sacked_bytes > 0))
        count_arrivals(c, newly_acked);
    if ((is_duplicate && c->duplicate_acks == DUP_THRESH && !(c->flags & CONN_LOSS)) ||
        (is_partial && !(c->flags & CONN_SACK)))
        ms_flight_lose_first(f, ranges, c->send_mss);
    c->due |= DUE_OUTPUT; /* what has arrived makes room: limited transmit, RFC 3042 */
    if (f->lost_bytes == 0)
        return;
    if (!(c->flags & (CONN_RECOVERY | CONN_LOSS)))
        enter_recovery(c);
    else if (is_partial)
        c->due |= DUE_RETRANSMIT; /* RFC 6582, 3.2, step 3 (2) */
}

MS_COLD void ms_ack_closes(struct ms_tcp *c)
{
    if (c->state == MS_TCP_LAST_ACK) {
        ms_conn_end(c, MS_OK);
        return;
    }
    ms_conn_move(c, TCP_EVENT_FIN_ACKED);
    if (c->state == MS_TCP_TIME_WAIT)
        ms_time_wait_enter(c);
    else
        ms_conn_start_keepalive(c);
}

/* SYN-RECEIVED after a simultaneous open. False: the segment is not acceptable. */
MS_COLD static bool syn_is_acked(struct ms_tcp *c, const struct segment *s)
{
    if (s->header.ack != c->send_unacked + 1 || !conn_outstanding(c)) {
        ms_tcp_emit_reset(s);
        return false;
    }
    c->send_window_end = s->header.ack + ((uint32_t)s->header.window << c->send_scale);
    return true;
}

/* Something was lost, reported, sent again, or said twice: all that the scoreboard is for. */
__attribute__((noinline)) static void scored_ack(struct ms_tcp *c, const struct segment *s)
{
    const struct told told = told_by(c, s);
    uint32_t ack = told.ack;
    uint32_t in_flight = ms_flight_in_network(&c->flight, conn_outstanding(c));
    uint32_t newly_acked = ack - c->send_unacked;
    uint8_t duplicate_acks = c->duplicate_acks;
    bool was_in_recovery = c->flags & CONN_RECOVERY;
    bool is_duplicate = newly_acked == 0 && is_duplicate_ack(c, s, told.window);
    struct flight_change change = { 0 };

    if (newly_acked > 0) {
        ms_flight_acknowledge(&c->flight, &c->stack->tcp->ranges, ack, &change);
        ack_advance(c, ack);
        if (c->flags & (CONN_RECOVERY | CONN_LOSS)) {
            c->duplicate_acks = duplicate_acks;
            if (seq_ge(ack, c->flight.recovery_end))
                leave_recovery(c);
        }
    }
    if (c->flags & CONN_SACK) { /* RFC 6675, 2: what tells nothing new is no duplicate */
        uint32_t sacked_bytes = c->flight.sacked_bytes;

        if (s->header.options & TCP_OPTION_SACK)
            take_sack(c, s, &change);
        is_duplicate = is_duplicate && c->flight.sacked_bytes > sacked_bytes;
    }
    ack_update_window(c, &told);
    if (is_duplicate || c->flight.sacked_bytes > 0 || (c->flags & (CONN_RECOVERY | CONN_LOSS)))
        detect_losses(c, is_duplicate, newly_acked);
    if (change.acked_bytes > 0) {
        ack_sample_rtt(c, told.ts_echo, &change);
        ack_tell_controller(c, &change, in_flight, was_in_recovery || (c->flags & CONN_RECOVERY));
    }
    if (newly_acked > 0)
        ack_restart_timer(c);
}

/* What was acknowledged goes back to the application; FIN may be among it. False: it is closed. */
static inline bool ack_is_taken(struct ms_tcp *c)
{
    ms_send_queue_acknowledge(&c->send, seq_min(c->send_unacked, c->send.end_seq));
    if (MS_UNLIKELY(conn_fin_is_sent(c) && c->send_unacked == c->send_next))
        ms_ack_closes(c);
    return c->state != MS_TCP_CLOSED;
}

static inline bool is_plain(const struct ms_tcp *c, const struct segment *s)
{
    return s->header.ack - c->send_unacked - 1 < conn_outstanding(c) && conn_is_sure(c) &&
           !(s->header.options & TCP_OPTION_SACK) && c->state >= MS_TCP_ESTABLISHED;
}

bool ms_ack_arrives(struct ms_tcp *c, const struct segment *s, enum ms_drop *drop)
{
    bool was_opening = c->state == MS_TCP_SYN_RECEIVED;

    if (!MS_IS_SMALL && is_plain(c, s)) {
        const struct told told = told_by(c, s);

        ack_plainly_arrives(c, &told);
        return ack_is_taken(c);
    }
    if (MS_UNLIKELY(was_opening) && !syn_is_acked(c, s)) {
        *drop = MS_DROP_TCP_BAD_ACK;
        return false;
    }
    if (MS_UNLIKELY(!ack_is_acceptable(c, s->header.ack))) {
        ms_conn_challenge(c);
        *drop = MS_DROP_TCP_BAD_ACK;
        return false;
    }
    if (MS_LIKELY(seq_ge(s->header.ack, c->send_unacked)))
        scored_ack(c, s);
    if (MS_UNLIKELY(was_opening)) {
        c->bytes_acked--; /* our SYN is no text */
        ms_conn_opened(c);
    }
    return ack_is_taken(c);
}
