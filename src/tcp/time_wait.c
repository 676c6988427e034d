/* SPDX-License-Identifier: ISC */
/* TIME-WAIT: small records of connections that have closed, for two MSL (RFC 9293, 3.6.1). */
#include "tcp/tcp.h"

#include "tcp/verbs.h"

enum { US_PER_MS = 1000 };

static uint32_t record_number(const struct tcp_floor *floor, const struct time_wait_record *record)
{
    return floor->table.large_count + floor->syns.count + ms_pool_index(&floor->time_waits, record);
}

static struct time_wait_record *oldest(const struct tcp_floor *floor)
{
    return (struct time_wait_record *)(void *)ms_flow_table_at(&floor->table,
                                                               floor->time_wait_list.first);
}

static void forget(struct tcp_floor *floor, struct time_wait_record *record)
{
    uint32_t number = record_number(floor, record);

    ms_record_remove(floor, &floor->time_wait_list, number);
    ms_flow_table_remove(&floor->table, number);
    ms_pool_put(&floor->time_waits, record);
}

static uint64_t two_msl_us(const struct ms_stack *stack)
{
    return 2 * (uint64_t)stack->config.tcp_msl_us;
}

/* (Re)starts a record's two MSL: it becomes the last of the list. */
static void start(struct ms_stack *stack, struct time_wait_record *record)
{
    struct tcp_floor *floor = stack->tcp;
    uint64_t after_us = two_msl_us(stack);

    record->expires_ms = stack->now_ms + (uint32_t)(after_us / US_PER_MS);
    ms_record_append(floor, &floor->time_wait_list, record_number(floor, record));
    if (!ms_timer_is_armed(&floor->time_wait_timer))
        ms_wheel_arm(&stack->wheel, &floor->time_wait_timer, TIMER_TCP_TIME_WAIT,
                     stack->now_us + after_us + US_PER_MS);
}

void ms_time_wait_enter(struct ms_tcp *c)
{
    struct ms_stack *stack = c->stack;
    struct tcp_floor *floor = stack->tcp;
    struct time_wait_record *record;

    if (floor->time_waits.count == 0) {
        ms_conn_end(c, MS_OK);
        return;
    }
    if (ms_pool_is_empty(&floor->time_waits)) {
        forget(floor, oldest(floor));
        stack->counters.tcp_time_wait_evicted++;
    }
    record = ms_pool_get(&floor->time_waits);
    record->entry.flow = c->entry.flow;
    record->recv_next = c->recv_next;
    record->send_next = c->send_next;
    record->ts_recent = c->flags & CONN_TIMESTAMPS ? c->ts_recent : 0;
    ms_flow_table_replace(&floor->table, conn_number(floor, c), record_number(floor, record));
    start(stack, record);
    stack->counters.tcp_time_waits++;
    ms_conn_end_forgotten(c, MS_OK);
}

/* The last ACK once more, and two MSL from now. */
static void answer(struct time_wait_record *record, struct segment *s)
{
    struct packet *p = s->p;
    uint32_t ts_offset;
    struct tcp_header header = {
        .src_port = p->flow.local_port,
        .dst_port = p->flow.remote_port,
        .seq = record->send_next,
        .ack = record->recv_next,
        .flags = TCP_ACK,
    };

    if (record->ts_recent) {
        header.options = TCP_OPTION_TIMESTAMP;
        (void)ms_tcp_isn(p->stack, &p->flow, &ts_offset);
        header.ts_value = p->stack->now_ms + ts_offset;
        header.ts_echo = record->ts_recent;
    }
    ms_tcp_emit_reply(p, &header);
}

/*
 * RFC 6191: a SYN may begin a new incarnation if its timestamp is larger: what is still on its way
 * of the old one fails PAWS then, on both sides (RFC 7323, 5.2 and B.2). Without that both sequence
 * numbers must be larger (RFC 9293, MAY-2), and ours, a clock, falls behind what is sent fast.
 */
static bool may_succeed(const struct time_wait_record *record, const struct segment *s)
{
    uint32_t ts_offset;

    if (record->ts_recent && (s->header.options & TCP_OPTION_TIMESTAMP) &&
        s->header.ts_value != record->ts_recent)
        return seq_gt(s->header.ts_value, record->ts_recent);
    return seq_gt(s->seq, record->recv_next) &&
           seq_gt(ms_tcp_isn(s->p->stack, &s->p->flow, &ts_offset), record->send_next);
}

enum ms_drop ms_time_wait_input(struct tcp_floor *floor, struct time_wait_record *record,
                                struct segment *s)
{
    if (s->flags & TCP_RST) /* RFC 1337: a reset does not end TIME-WAIT */
        return MS_DROP_TCP_TIME_WAIT;
    if (!(s->flags & (TCP_SYN | TCP_ACK)))
        return MS_DROP_TCP_NO_ACK;
    if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && may_succeed(record, s)) {
        struct ms_tcp_listener *listener = ms_tcp_find_listener(floor, &s->p->flow, s->p->netif);

        if (listener) {
            forget(floor, record);
            s->p->stack->counters.tcp_time_wait_reused++;
            return ms_listen_input(listener, s);
        }
    }
    /* The same FIN as before: the peer has not heard our ACK. */
    if ((s->flags & TCP_FIN) && s->seq + segment_len(s) == record->recv_next) {
        ms_record_remove(floor, &floor->time_wait_list, record_number(floor, record));
        start(s->p->stack, record);
        answer(record, s);
    } else if (segment_len(s) > 0 || s->seq != record->recv_next) {
        answer(record, s); /* RFC 9293, 3.10.7.4: an unacceptable segment is answered */
    }
    return MS_DROP_TCP_TIME_WAIT;
}

void ms_tcp_time_wait_expired(struct ms_stack *stack, struct timer *timer)
{
    struct tcp_floor *floor = stack->tcp;

    while (floor->time_wait_list.first != FLOW_NONE) {
        struct time_wait_record *record = oldest(floor);

        if (seq_gt(record->expires_ms, stack->now_ms)) {
            uint64_t left_ms = record->expires_ms - stack->now_ms;

            ms_wheel_arm(&stack->wheel, timer, TIMER_TCP_TIME_WAIT,
                         stack->now_us + (left_ms + 1) * US_PER_MS);
            return;
        }
        forget(floor, record);
    }
}
