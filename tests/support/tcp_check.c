/* SPDX-License-Identifier: ISC */
/* The invariants of src/tcp/ and of the timer wheel, one by one. */
#include "support/tcp_check.h"

#include "core/frame.h"
#include "core/netif.h"
#include "core/seq.h"
#include "core/wheel.h"
#include "tcp/verbs.h"

enum { WAIT_MAX_US = 600 * 1000000 }; /* no deadline is further away than the longest RTO */

/* Says what is wrong, and leaves the caller. */
#define CHECK(condition, text) \
    do {                       \
        if (!(condition))      \
            return text;       \
    } while (0)

/* What all connections hold together. */
struct held {
    uint32_t ranges, items, connections, pending;
};

static const char *check_flight(const struct ms_tcp *c, struct held *held)
{
    const struct flight *f = &c->flight;
    uint32_t at = c->send_unacked, sacked = 0, lost = 0, count = 0;
    const struct sent_range *last = NULL;

    for (const struct sent_range *r = f->head; r; r = r->next) {
        CHECK(r->seq == at, "the flight has a hole or overlaps");
        CHECK(seq_lt(r->seq, r->end), "the flight has an empty range");
        CHECK((r->flags & (SENT_SACKED | SENT_LOST)) != (SENT_SACKED | SENT_LOST),
              "a range is both SACKed and lost");
        sacked += r->flags & SENT_SACKED ? r->end - r->seq : 0;
        lost += r->flags & SENT_LOST ? r->end - r->seq : 0;
        at = r->end;
        last = r;
        count++;
    }
    CHECK(at == c->send_next, "the flight does not end at SND.NXT");
    CHECK(f->tail == last, "the flight's tail is not its last range");
    CHECK(f->ranges == count && count <= FLIGHT_RANGES_MAX, "the flight miscounts its ranges");
    CHECK(f->lost_bytes == lost, "the flight miscounts lost bytes");
    CHECK(!(c->flags & CONN_SACK) || f->sacked_bytes == sacked, "the flight miscounts SACKs");
    CHECK(f->sacked_bytes + f->lost_bytes <= conn_outstanding(c), "more accounted than in flight");
    held->ranges += count;
    return NULL;
}

static const char *check_send_queue(const struct ms_tcp *c)
{
    const struct send_queue *q = &c->send;
    uint32_t at = q->head_seq;
    bool has_cursor = q->cursor == NULL;

    if (!q->head)
        return q->tail || q->cursor ? "an empty send queue has a tail or cursor" : NULL;
    for (const struct ms_buf *buf = q->head; buf; buf = buf->next) {
        CHECK(buf->refs > 0 && buf->len > 0, "a queued buffer is not referred to, or empty");
        CHECK(buf->next || buf == q->tail, "the send queue's tail is not its last buffer");
        if (buf == q->cursor) {
            CHECK(q->cursor_seq == at, "the send queue's cursor has another number");
            has_cursor = true;
        }
        at += buf->len;
    }
    CHECK(has_cursor, "the send queue's cursor is not in it");
    CHECK(at == q->end_seq, "the send queue ends elsewhere");
    CHECK(seq_lt(c->send_unacked, q->head_seq + q->head->len) || c->state == MS_TCP_SYN_SENT ||
              c->state == MS_TCP_SYN_RECEIVED,
          "an acknowledged buffer is kept");
    return NULL;
}

static const char *check_run(const struct held_run *run, uint32_t *segments)
{
    uint32_t at = run->seq;
    const struct held_segment *last = NULL;

    for (const struct held_segment *s = run->first; s; s = s->next) {
        CHECK(s->seq == at && s->len > 0, "a run has a hole");
        CHECK(s->frame && s->frame->refs > 0, "a held frame is not referred to");
        at += s->len;
        last = s;
        ++*segments;
        if (s == run->last)
            break;
    }
    CHECK(last == run->last && at == run->end, "a run ends elsewhere");
    return NULL;
}

static const char *check_recv_queue(const struct ms_tcp *c, struct held *held)
{
    const struct recv_queue *q = &c->recv;
    uint32_t segments = 0, runs = 0, after = c->recv_next;

    for (const struct held_run *run = q->runs; run; run = run->next) {
        const char *fault = check_run(run, &segments);

        CHECK(!fault, fault);
        CHECK(seq_lt(after, run->seq), "runs touch, or lie before RCV.NXT");
        after = run->end;
        runs++;
    }
    CHECK(runs == 0 || seq_le(after, c->recv_window_end), "bytes are held beyond the window");
    CHECK(q->segments == segments && q->run_count == runs, "the receive queue miscounts");
    held->items += segments + runs;
    return NULL;
}

/* How long after the wheel's timer a deadline is, given by its low bits. */
static uint32_t after_timer_us(const struct ms_tcp *c, uint32_t low)
{
    return low - (uint32_t)ms_timer_deadline_us(&c->timer);
}

static const char *check_timers(const struct ms_tcp *c)
{
    if (c->timers == 0)
        return NULL;
    CHECK(ms_timer_is_armed(&c->timer), "a deadline counts, and no timer is armed");
    CHECK(!(c->timers & CONN_TIMER_ACK) || after_timer_us(c, c->ack_us) < WAIT_MAX_US,
          "a delayed ACK's deadline lies before the timer");
    CHECK(!(c->timers & CONN_TIMER_RETRANSMIT) || after_timer_us(c, c->retransmit_us) < WAIT_MAX_US,
          "a retransmission's deadline lies before the timer");
    return NULL;
}

static bool is_waiting(const struct ms_tcp *c)
{
    return c->timers & CONN_TIMER_RETRANSMIT || c->flags & CONN_PENDING;
}

static const char *check_sequence(const struct ms_tcp *c)
{
    bool has_fin = conn_fin_is_sent(c);

    CHECK(seq_le(c->send_unacked, c->send_next), "SND.UNA is beyond SND.NXT");
    CHECK(c->state == MS_TCP_SYN_SENT || seq_le(c->recv_next, c->recv_window_end),
          "RCV.NXT is beyond the window");
    CHECK(seq_le(c->send_next, c->send.end_seq + has_fin), "more was sent than was queued");
    CHECK(c->unconsumed_bytes <= UINT32_MAX / 2, "more was consumed than received");
    CHECK(conn_outstanding(c) == 0 || is_waiting(c), "bytes are in flight, and no timer watches");
    CHECK(c->cc.window_bytes > 0 || c->state == MS_TCP_SYN_SENT, "the congestion window is closed");
    return NULL;
}

static const char *check_connection(const struct ms_stack *stack, struct ms_tcp *c,
                                    struct held *held)
{
    struct tcp_floor *floor = stack->tcp;
    const char *fault = check_sequence(c);

    CHECK(ms_flow_table_search(&floor->table, &c->entry.flow) == conn_number(floor, c),
          "the table does not find a connection");
    CHECK((c->due & ~DUE_RETRANSMIT) == 0 || (c->flags & CONN_PENDING),
          "something is due, and nobody will look");
    fault = fault ? fault : check_flight(c, held);
    fault = fault ? fault : check_send_queue(c);
    fault = fault ? fault : check_recv_queue(c, held);
    return fault ? fault : check_timers(c);
}

/* Those that have ended wait on the pending list to be buried. */
static const char *check_pending(const struct tcp_floor *floor, struct held *held)
{
    uint32_t last = FLOW_NONE;

    for (const struct ms_tcp *c = floor->pending_first; c;
         c = c->pending_next == FLOW_NONE ? NULL : conn_at(floor, c->pending_next)) {
        CHECK(c->flags & CONN_PENDING, "one on the pending list does not know it");
        CHECK(++held->pending <= floor->connections.count, "the pending list is a ring");
        last = conn_number(floor, c);
        if (c->state == MS_TCP_CLOSED) {
            held->connections++;
            held->ranges += c->flight.ranges;
            held->items += (uint32_t)c->recv.segments + c->recv.run_count;
        }
    }
    CHECK(last == FLOW_NONE || floor->pending_last == conn_at(floor, last),
          "the pending list ends elsewhere");
    return NULL;
}

static const char *check_records(const struct tcp_floor *floor)
{
    uint32_t syns = 0, waits = 0, wait = floor->time_wait_list.first;

    for (unsigned i = 0; i < SYN_RETRIES; i++) {
        uint32_t number = floor->syn_lists[i].first;

        CHECK(number == FLOW_NONE || ms_timer_is_armed(&floor->syn_timers[i]),
              "SYN records wait without a timer");
        for (; number != FLOW_NONE && syns <= floor->syns.count; syns++)
            number = ((struct syn_record *)ms_flow_table_at(&floor->table, number))->next;
    }
    for (; wait != FLOW_NONE && waits <= floor->time_waits.count; waits++)
        wait = ((struct time_wait_record *)ms_flow_table_at(&floor->table, wait))->next;
    CHECK(syns == floor->syns.used, "a SYN record is lost");
    CHECK(waits == floor->time_waits.used, "a TIME-WAIT record is lost");
    CHECK(waits == 0 || ms_timer_is_armed(&floor->time_wait_timer),
          "TIME-WAIT records wait without a timer");
    return NULL;
}

static const char *check_slot(const struct wheel *wheel, unsigned level, unsigned slot)
{
    const struct timer *const *link = (const struct timer *const *)&wheel->slots[level][slot];

    CHECK((wheel->slots[level][slot] != NULL) == (wheel->occupied[level] >> slot & 1),
          "an occupancy bit is wrong");
    for (const struct timer *timer = *link; timer; timer = timer->next) {
        CHECK((const struct timer *const *)timer->link == link, "a timer is linked elsewhere");
        CHECK(ms_timer_deadline_us(timer) > wheel->now_us, "a timer was passed over");
        link = (const struct timer *const *)&timer->next;
    }
    return NULL;
}

static const char *check_wheel(const struct wheel *wheel)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        for (uint64_t bits = wheel->occupied[level]; bits; bits &= bits - 1) {
            const char *fault = check_slot(wheel, level, (unsigned)__builtin_ctzll(bits));

            CHECK(!fault, fault);
        }
    }
    return NULL;
}

const char *ms_tcp_check(const struct ms_stack *stack)
{
    struct tcp_floor *floor = stack->tcp;
    struct held held = { 0 };
    uint32_t live = 0, pending = 0;
    const char *fault = check_pending(floor, &held);

    for (struct ms_tcp *c = ms_tcp_next(stack, NULL); c && !fault; c = ms_tcp_next(stack, c)) {
        fault = check_connection(stack, c, &held);
        pending += !!(c->flags & CONN_PENDING);
        live++;
    }
    CHECK(!fault, fault);
    CHECK(held.pending == pending + held.connections, "a pending connection is on no list");
    CHECK(floor->connections.used == live + held.connections, "a connection is lost");
    CHECK(floor->ranges.used == held.ranges, "a sent range is lost");
    CHECK(floor->held.used == held.items, "a held segment is lost");
    CHECK(floor->table.count == live + floor->syns.used + floor->time_waits.used,
          "the table has an entry too many or too few");
    fault = check_records(floor);
    return fault ? fault : check_wheel(&stack->wheel);
}
