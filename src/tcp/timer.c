/* SPDX-License-Identifier: ISC */
/* A connection's timers: retransmission and probes, delayed ACK, keepalive. */
#include "tcp/tcp.h"

#include "tcp/verbs.h"

enum {
    R1_RETRANSMISSIONS = 3, /* RFC 9293, SHLD-10 */
    MS_PER_S = 1000,
    US_PER_MS = 1000,
    SYN_TIMEOUT_S = 190, /* RFC 9293, MUST-23: at least three minutes */
};

/*
 * The low bits of a deadline are enough: it is not before that of the wheel's timer, and less than
 * an hour after it. How long ago that was does not matter; the host may have slept.
 */
static uint64_t whole_deadline(const struct ms_tcp *c, uint32_t low)
{
    uint64_t timer_us = ms_timer_deadline_us(&c->timer);

    return timer_us + (uint32_t)(low - (uint32_t)timer_us);
}

static bool is_synchronized(const struct ms_tcp *c)
{
    return c->state != MS_TCP_SYN_SENT && c->state != MS_TCP_SYN_RECEIVED;
}

/* R2 (RFC 9293, 3.8.3): for so long still nothing need move. */
static uint64_t user_timeout_left_us(const struct ms_tcp *c)
{
    uint32_t limit_s =
        is_synchronized(c) ? c->user_timeout_s : max_u32(c->user_timeout_s, SYN_TIMEOUT_S);
    uint32_t passed_ms = c->stack->now_ms - c->progress_ms;

    if (c->user_timeout_s == 0)
        return UINT64_MAX;
    return (uint64_t)(limit_s * MS_PER_S - min_u32(passed_ms, limit_s * MS_PER_S)) * US_PER_MS;
}

/* R1: tell IP to look for another way, and the application if it cares (MUST-20, SHLD-9). */
static void report_trouble(struct ms_tcp *c)
{
    if (c->backoffs < R1_RETRANSMISSIONS || (c->flags & CONN_R1_REPORTED))
        return;
    c->flags |= CONN_R1_REPORTED;
    c->path.generation = 0;
    if (!(c->flags & CONN_NO_SOFT_ERRORS) && c->events && c->events->on_soft_error)
        c->events->on_soft_error(c, c->user, MS_ERROR_TIMED_OUT);
}

/* Nothing is in flight but what the window has no room for. */
static bool is_probing(const struct ms_tcp *c)
{
    uint32_t outstanding = conn_outstanding(c);

    return outstanding == 0 || (is_synchronized(c) && outstanding == 1 && conn_send_window(c) <= 1);
}

/* A window too small to use, and the peer may have forgotten to open it. */
static void probe(struct ms_tcp *c)
{
    if (conn_outstanding(c) > 0)
        ms_flight_lose_all(&c->flight);
    ms_conn_pend(c, DUE_OUTPUT | DUE_PROBE | DUE_RETRANSMIT);
}

/* RFC 6298, 5.4 to 5.7; RFC 5681, equation 4; RFC 6582, 4.2. */
static void retransmit(struct ms_tcp *c)
{
    uint32_t outstanding = conn_outstanding(c);

    if (!(c->flags & CONN_SACK))
        c->flight.sacked_bytes = 0; /* those were only counted duplicates */
    if (ms_flight_lose_all(&c->flight))
        c->stack->counters.tcp_reneged++;
    if (is_synchronized(c))
        c->cc.ops->on_timeout(&c->cc, c->stack->now_us, outstanding, c->backoffs == 0);
    c->flags = (uint16_t)((c->flags & ~CONN_RECOVERY) | CONN_LOSS);
    c->flight.recovery_end = c->send_next;
    c->duplicate_acks = 0;
    ms_conn_pend(c, DUE_OUTPUT | DUE_RETRANSMIT);
}

static void retransmit_expired(struct ms_tcp *c)
{
    bool is_probe = is_probing(c);

    if (conn_outstanding(c) == 0 && c->send_next == c->send.end_seq && !(c->flags & CONN_CLOSING) &&
        is_synchronized(c))
        return; /* nothing left to wait for */
    /* MUST-37: probing begins now, and goes on as long as the peer answers. */
    if (is_synchronized(c) && (is_probe || conn_send_window(c) == 0) &&
        (c->backoffs == 0 || seq_ge(c->received_ms, c->progress_ms)))
        c->progress_ms = c->stack->now_ms;
    if (user_timeout_left_us(c) == 0) {
        if (c->state != MS_TCP_SYN_SENT) /* there is nobody yet to be told */
            c->due |= DUE_RESET;
        ms_conn_end(c, MS_ERROR_TIMED_OUT);
        return;
    }
    if (is_probe) {
        probe(c);
    } else {
        c->stack->counters.tcp_timeouts++;
        c->timeouts = (uint8_t)min_u32(c->timeouts + 1u, UINT8_MAX);
        retransmit(c);
    }
    c->backoffs = (uint8_t)min_u32(c->backoffs + 1u, UINT8_MAX);
    ms_rtt_back_off(&c->rtt, ms_conn_rto_bounds(c));
    ms_conn_arm(c, CONN_TIMER_RETRANSMIT,
                c->stack->now_us + min_u64(c->rtt.timeout_us, user_timeout_left_us(c)));
    report_trouble(c);
}

/*
 * How long the peer may be silent before it is asked or, if all that is left is to wait for its
 * FIN, given up; 0: for ever.
 */
static uint64_t silence_us(const struct ms_tcp *c)
{
    uint64_t probing_s = (uint32_t)c->keepalive_probes * c->keepalive_interval_s;

    if (c->keepalive_idle_s > 0)
        return (c->keepalive_idle_s + probing_s) * MS_PER_S * US_PER_MS;
    return c->state == MS_TCP_FIN_WAIT_2 ? c->stack->config.tcp_fin_wait_2_us : 0;
}

static uint64_t keepalive_deadline_us(const struct ms_tcp *c)
{
    uint64_t passed_us = (uint64_t)(c->stack->now_ms - c->received_ms) * US_PER_MS;

    return c->stack->now_us + silence_us(c) - min_u64(silence_us(c), passed_us);
}

/* RFC 9293, 3.8.4: idle for so long, and nothing outstanding. */
static void keepalive_expired(struct ms_tcp *c)
{
    if (conn_outstanding(c) > 0 || !is_synchronized(c)) {
        ms_conn_arm(c, CONN_TIMER_KEEPALIVE,
                    c->stack->now_us + c->keepalive_interval_s * UINT64_C(1000000));
        return;
    }
    if (c->keepalive_idle_s == 0 && c->recv_window_end == c->recv_next) {
        c->received_ms = c->stack->now_ms; /* it is silent since we have closed its window */
    } else if (keepalive_deadline_us(c) <= c->stack->now_us) {
        if (c->keepalive_idle_s == 0 || c->keepalive_probes >= c->keepalive_probes_max) {
            c->due |= DUE_RESET;
            ms_conn_end(c, MS_ERROR_TIMED_OUT);
            return;
        }
        c->keepalive_probes++;
        c->stack->counters.tcp_keepalives++;
        ms_conn_pend(c, DUE_KEEPALIVE);
    }
    ms_conn_arm(c, CONN_TIMER_KEEPALIVE, keepalive_deadline_us(c));
}

void ms_conn_start_keepalive(struct ms_tcp *c)
{
    if (silence_us(c) == 0)
        ms_conn_disarm(c, CONN_TIMER_KEEPALIVE);
    else
        ms_conn_arm(c, CONN_TIMER_KEEPALIVE, keepalive_deadline_us(c));
}

static bool is_due(const struct ms_tcp *c, enum conn_timer timer, uint32_t low)
{
    return (c->timers & timer) && whole_deadline(c, low) <= c->stack->now_us;
}

/* The wheel's timer may have fired early, for deadlines only move away without telling it. */
static void arm_again(struct ms_tcp *c)
{
    uint64_t first_us = UINT64_MAX;

    if (c->timers & CONN_TIMER_RETRANSMIT)
        first_us = whole_deadline(c, c->retransmit_us);
    if (c->timers & CONN_TIMER_ACK)
        first_us = min_u64(first_us, whole_deadline(c, c->ack_us));
    if (c->timers & CONN_TIMER_KEEPALIVE)
        first_us = min_u64(first_us, max_u64(keepalive_deadline_us(c), c->stack->now_us + 1));
    if (first_us != UINT64_MAX)
        ms_wheel_arm(&c->stack->wheel, &c->timer, TIMER_TCP, first_us);
}

/* Which deadlines have passed; they count no more. */
static uint8_t take_due(struct ms_tcp *c)
{
    uint8_t due = 0;

    if (is_due(c, CONN_TIMER_ACK, c->ack_us))
        due |= CONN_TIMER_ACK;
    if (is_due(c, CONN_TIMER_RETRANSMIT, c->retransmit_us))
        due |= CONN_TIMER_RETRANSMIT;
    if ((c->timers & CONN_TIMER_KEEPALIVE) && keepalive_deadline_us(c) <= c->stack->now_us)
        due |= CONN_TIMER_KEEPALIVE;
    c->timers &= (uint8_t)~due;
    return due;
}

/* First the wheel waits for what is not due yet: whatever is armed after that may be later. */
void ms_tcp_expired(struct timer *timer)
{
    struct ms_tcp *c = MS_CONTAINER_OF(timer, struct ms_tcp, timer);
    uint8_t due = take_due(c);

    arm_again(c);
    if (due & CONN_TIMER_ACK) {
        c->stack->counters.tcp_delayed_acks++;
        ms_conn_pend(c, DUE_ACK);
    }
    if (due & CONN_TIMER_RETRANSMIT)
        retransmit_expired(c);
    if ((due & CONN_TIMER_KEEPALIVE) && c->state != MS_TCP_CLOSED)
        keepalive_expired(c);
}
