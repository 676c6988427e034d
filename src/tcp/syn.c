/* SPDX-License-Identifier: ISC */
/* SYN records: handshakes that peers began and have not finished (SYN-RECEIVED of a listener). */
#include "tcp/tcp.h"

#include "tcp/verbs.h"

enum {
    FIRST_TIMEOUT_US = 1000000, /* RFC 6298, 2.1 */
    TIMEOUT_MAX_US = 64000000,
    RETRIES_WHEN_BUSY = 2, /* somebody may be using us to send these to others */
};

static uint32_t record_number(const struct tcp_floor *floor, const struct syn_record *record)
{
    return floor->table.large_count + ms_pool_index(&floor->syns, record);
}

static struct syn_record *record_at(const struct tcp_floor *floor, uint32_t number)
{
    return (struct syn_record *)(void *)ms_flow_table_at(&floor->table, number);
}

/* How long after its SYN a record with so many retransmissions is due. */
static uint64_t due_after_us(unsigned retransmissions)
{
    uint64_t sum_us = 0;

    for (unsigned i = 0; i <= retransmissions; i++)
        sum_us += min_u64((uint64_t)FIRST_TIMEOUT_US << i, TIMEOUT_MAX_US);
    return sum_us;
}

static uint64_t deadline_of(struct ms_stack *stack, const struct syn_record *record)
{
    uint64_t age_us = ms_tcp_isn_age_us(stack, &record->entry.flow, record->isn);

    return stack->now_us - min_u64(age_us, stack->now_us) + due_after_us(record->retransmissions);
}

/* All of one list wait equally long, so that only the first one's deadline counts. */
static void append(struct ms_stack *stack, struct syn_record *record, uint64_t deadline_us)
{
    struct tcp_floor *floor = stack->tcp;
    unsigned list = record->retransmissions;

    ms_record_append(floor, &floor->syn_lists[list], record_number(floor, record));
    if (!ms_timer_is_armed(&floor->syn_timers[list]))
        ms_wheel_arm(&stack->wheel, &floor->syn_timers[list], TIMER_TCP_SYN, deadline_us);
}

/* Takes a record off its list; the table entry and the memory are the caller's to deal with. */
static void unlist(struct tcp_floor *floor, const struct syn_record *record)
{
    ms_record_remove(floor, &floor->syn_lists[record->retransmissions],
                     record_number(floor, record));
}

/* Whose backlog it counts in: there is none left for what no listener would hear any more. */
static struct ms_tcp_listener *listener_of(const struct ms_stack *stack,
                                           const struct syn_record *record)
{
    const struct flow *flow = &record->entry.flow;

    return ms_tcp_find_listener(stack->tcp, flow, ms_ip_netif_of(stack, &flow->local));
}

static void count(const struct ms_stack *stack, const struct syn_record *record)
{
    struct ms_tcp_listener *listener = listener_of(stack, record);

    if (listener)
        listener->half_open++;
}

/* It is half-open no longer. */
static void take_out(const struct ms_stack *stack, const struct syn_record *record)
{
    struct ms_tcp_listener *listener = listener_of(stack, record);

    if (listener && listener->half_open > 0)
        listener->half_open--;
    unlist(stack->tcp, record);
}

static void forget(const struct ms_stack *stack, struct syn_record *record)
{
    struct tcp_floor *floor = stack->tcp;

    take_out(stack, record);
    ms_flow_table_remove(&floor->table, record_number(floor, record));
    ms_pool_put(&floor->syns, record);
}

/* What the peer's SYN said, as a header again. */
static struct tcp_header header_of_record(const struct syn_record *record)
{
    struct tcp_header syn = { .options = TCP_OPTION_MSS, .mss = record->peer_mss };

    if (record->options & SYN_WSCALE) {
        syn.options |= TCP_OPTION_WSCALE;
        syn.wscale = record->options & SYN_WSCALE_MASK;
    }
    if (record->options & SYN_TIMESTAMP) {
        syn.options |= TCP_OPTION_TIMESTAMP;
        syn.ts_value = record->ts_recent;
    }
    if (record->options & SYN_SACK)
        syn.options |= TCP_OPTION_SACK_PERMITTED;
    return syn;
}

/* What every segment of ours says before there is a connection. */
static struct tcp_header header_to_peer(const struct ms_stack *stack,
                                        const struct syn_record *record, uint8_t flags)
{
    const struct flow *flow = &record->entry.flow;
    struct tcp_header header = {
        .src_port = flow->local_port,
        .dst_port = flow->remote_port,
        .seq = record->isn,
        .ack = record->peer_isn + 1,
        .flags = flags,
        .window = (uint16_t)min_u32(stack->config.tcp_recv_window_bytes, UINT16_MAX),
    };
    uint32_t ts_offset;

    if (record->options & SYN_TIMESTAMP) {
        (void)ms_tcp_isn(stack, flow, &ts_offset);
        header.options = TCP_OPTION_TIMESTAMP;
        header.ts_value = stack->now_ms + ts_offset;
        header.ts_echo = record->ts_recent;
    }
    return header;
}

static void emit(struct ms_stack *stack, const struct syn_record *record,
                 const struct ms_netif *netif, const struct tcp_header *header)
{
    struct packet p = { .stack = stack,
                        .netif = (struct ms_netif *)netif,
                        .flow = record->entry.flow };

    ms_tcp_emit_reply(&p, header);
}

void ms_syn_emit(struct ms_stack *stack, const struct syn_record *record,
                 const struct ms_netif *netif)
{
    struct tcp_header header = header_to_peer(stack, record, TCP_SYN | TCP_ACK);
    bool is_ipv4 = addr_is_ipv4(&record->entry.flow.remote);

    header.options |= TCP_OPTION_MSS;
    header.mss =
        (uint16_t)(netif->mtu - TCP_HEADER_LEN - (is_ipv4 ? 20 : 40)); /* MUST-67, SHLD-6 */
    if (record->options & SYN_WSCALE) {
        header.options |= TCP_OPTION_WSCALE;
        header.wscale = ms_recv_scale(stack->config.tcp_recv_window_bytes);
    }
    if (record->options & SYN_SACK)
        header.options |= TCP_OPTION_SACK_PERMITTED;
    emit(stack, record, netif, &header);
}

/* RFC 9293, 3.10.7.4: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> for what is not acceptable. */
static void emit_ack(struct ms_stack *stack, const struct syn_record *record,
                     const struct ms_netif *netif)
{
    struct tcp_header header = header_to_peer(stack, record, TCP_ACK);
    uint8_t scale = ms_recv_scale(stack->config.tcp_recv_window_bytes);

    header.seq++;
    if (record->options & SYN_WSCALE)
        header.window = (uint16_t)(header.window >> scale);
    emit(stack, record, netif, &header);
}

enum ms_drop ms_syn_add(struct ms_tcp_listener *listener, struct segment *s)
{
    struct ms_stack *stack = listener->stack;
    struct tcp_floor *floor = stack->tcp;
    struct syn_record *record = ms_pool_get(&floor->syns);
    const struct tcp_header *syn = &s->header;
    uint32_t ts_offset;

    if (!record)
        return MS_DROP_TCP_LISTEN_OVERFLOW;
    *record = (struct syn_record){
        .entry.flow = s->p->flow,
        .isn = ms_tcp_isn(stack, &s->p->flow, &ts_offset),
        .peer_isn = syn->seq,
        .peer_mss = syn->options & TCP_OPTION_MSS ? syn->mss
                    : packet_is_ipv4(s->p)        ? 536
                                                  : 1220,
    };
    if (syn->options & TCP_OPTION_WSCALE)
        record->options |= (uint8_t)(SYN_WSCALE | min_u32(syn->wscale, TCP_WSCALE_MAX));
    if ((syn->options & TCP_OPTION_TIMESTAMP) && stack->config.tcp_timestamps) {
        record->options |= SYN_TIMESTAMP;
        record->ts_recent = syn->ts_value;
    }
    if ((syn->options & TCP_OPTION_SACK_PERMITTED) && stack->config.tcp_sack)
        record->options |= SYN_SACK;
    ms_flow_table_insert(&floor->table, record_number(floor, record),
                         ms_flow_table_hash(&floor->table, &s->p->flow));
    count(stack, record);
    append(stack, record, stack->now_us + due_after_us(0));
    ms_syn_emit(stack, record, s->p->netif);
    return MS_DROP_NONE;
}

struct ms_tcp *ms_syn_accept(struct ms_tcp_listener *listener, const struct syn_record *record,
                             struct segment *s, enum ms_drop *drop)
{
    struct ms_stack *stack = listener->stack;
    struct tcp_header syn = header_of_record(record);
    struct ms_tcp *c = ms_conn_new(stack, &record->entry.flow);

    *drop = MS_DROP_TCP_NO_MEMORY;
    if (!c)
        return NULL;
    c->path.netif = s->p->netif;
    if (!ms_conn_find_path(c)) {
        ms_pool_put(&stack->tcp->connections, c);
        *drop = MS_DROP_SEND_NO_ROUTE;
        return NULL;
    }
    (void)ms_tcp_isn(stack, &record->entry.flow, &c->ts_offset);
    ms_conn_agree(c, &syn);
    c->send_unacked = c->send_next = record->isn + 1;
    ms_send_queue_init(&c->send, record->isn + 1);
    c->recv_next = c->last_ack_sent = record->peer_isn + 1;
    c->recv_window_end = c->recv_next + min_u32(c->recv_limit_bytes, UINT16_MAX);
    c->send_wl1 = s->seq;
    c->send_window_end = s->header.ack + ((uint32_t)s->header.window << c->send_scale);
    c->send_window_max = conn_send_window(c);
    ms_conn_move(c, TCP_EVENT_PASSIVE_OPEN);
    stack->counters.tcp_passive_opens++;
    *drop = MS_DROP_NONE;
    return c;
}

/* What the handshake tells about the path. */
static void start_clock(struct ms_tcp *c, const struct syn_record *record)
{
    uint64_t age_us = ms_tcp_isn_age_us(c->stack, &record->entry.flow, record->isn);
    struct rto_bounds bounds = ms_conn_rto_bounds(c);

    if (record->options & SYN_REPEATED) { /* RFC 6298, 3: it is not measured */
        c->cc.window_bytes = c->send_mss; /* RFC 5681, 3.1: the initial window was too large */
        ms_rtt_start_slowly(&c->rtt, bounds);
    } else {
        ms_rtt_sample(&c->rtt, (uint32_t)min_u64(age_us, UINT32_MAX), bounds);
    }
}

/* The third segment of the handshake: the record becomes a connection. */
static enum ms_drop establish(struct tcp_floor *floor, struct syn_record *record, struct segment *s)
{
    struct ms_tcp_listener *listener = ms_tcp_find_listener(floor, &s->p->flow, s->p->netif);
    struct ms_tcp *c;
    enum ms_drop drop;

    if (!listener) {
        forget(s->p->stack, record);
        ms_tcp_emit_reset(s);
        return MS_DROP_TCP_NO_CONNECTION;
    }
    c = ms_syn_accept(listener, record, s, &drop);
    if (!c)
        return drop;
    start_clock(c, record);
    take_out(c->stack, record);
    ms_flow_table_replace(&floor->table, record_number(floor, record), conn_number(floor, c));
    ms_pool_put(&floor->syns, record);
    return ms_listen_hand_over(listener, c, s);
}

static void repeat(struct ms_stack *stack, struct syn_record *record, const struct ms_netif *netif)
{
    record->options |= SYN_REPEATED;
    ms_syn_emit(stack, record, netif);
}

/* RFC 9293, 3.10.7.4 for SYN-RECEIVED, with RFC 5961's stricter RST and RFC 7323's PAWS. */
enum ms_drop ms_syn_input(struct tcp_floor *floor, struct syn_record *record, struct segment *s)
{
    struct ms_stack *stack = s->p->stack;
    uint32_t window = min_u32(stack->config.tcp_recv_window_bytes, UINT16_MAX);
    bool is_in_window = s->seq - (record->peer_isn + 1) < window;

    if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && s->seq == record->peer_isn) {
        if (s->header.options & TCP_OPTION_TIMESTAMP)
            record->ts_recent = s->header.ts_value;
        repeat(stack, record, s->p->netif); /* the SYN came again: our answer was lost */
        return MS_DROP_NONE;
    }
    if ((record->options & SYN_TIMESTAMP) && (s->header.options & TCP_OPTION_TIMESTAMP) &&
        !(s->flags & TCP_RST) && seq_lt(s->header.ts_value, record->ts_recent)) {
        emit_ack(stack, record, s->p->netif);
        return MS_DROP_TCP_PAWS;
    }
    if (s->flags & TCP_RST) {
        if (s->seq != record->peer_isn + 1) {
            if (is_in_window)
                emit_ack(stack, record, s->p->netif);
            return MS_DROP_TCP_BAD_RESET;
        }
        forget(stack, record); /* back to LISTEN; the user need not know */
        stack->counters.tcp_attempt_fails++;
        return MS_DROP_NONE;
    }
    if (!is_in_window || (s->flags & TCP_SYN)) {
        emit_ack(stack, record, s->p->netif);
        return s->flags & TCP_SYN ? MS_DROP_TCP_UNEXPECTED_SYN : MS_DROP_TCP_OUT_OF_WINDOW;
    }
    if (!(s->flags & TCP_ACK))
        return MS_DROP_TCP_NO_ACK;
    if (s->header.ack != record->isn + 1) {
        ms_tcp_emit_reset(s);
        return MS_DROP_TCP_BAD_ACK;
    }
    return establish(floor, record, s);
}

/* Fewer when more than half of the records are taken (RFC 4987, 3.3). */
static bool may_retry(const struct tcp_floor *floor, const struct syn_record *record)
{
    bool is_busy = floor->syns.used > (floor->syns.count + 1) / 2;

    return record->retransmissions + 1 < (is_busy ? RETRIES_WHEN_BUSY + 1 : SYN_RETRIES);
}

/* One record's time has come: SYN-ACK again, or the end. */
static void retransmit(struct ms_stack *stack, struct syn_record *record)
{
    struct ms_netif *netif = ms_ip_netif_of(stack, &record->entry.flow.local);

    if (!netif || !listener_of(stack, record) || !may_retry(stack->tcp, record)) {
        forget(stack, record);
        stack->counters.tcp_attempt_fails++;
        return;
    }
    unlist(stack->tcp, record);
    record->retransmissions++;
    append(stack, record, deadline_of(stack, record));
    repeat(stack, record, netif);
    stack->counters.tcp_retransmitted_segments++;
}

void ms_tcp_syn_expired(struct ms_stack *stack, struct timer *timer)
{
    struct tcp_floor *floor = stack->tcp;
    const struct record_list *list = &floor->syn_lists[timer - floor->syn_timers];

    while (list->first != FLOW_NONE) {
        struct syn_record *record = record_at(floor, list->first);
        uint64_t deadline_us = deadline_of(stack, record);

        if (deadline_us > stack->now_us) {
            ms_wheel_arm(&stack->wheel, timer, TIMER_TCP_SYN, deadline_us);
            return;
        }
        retransmit(stack, record);
    }
}

/* The record after this one; after FLOW_NONE the first, and FLOW_NONE after the last. */
static uint32_t next_record(const struct tcp_floor *floor, uint32_t number)
{
    unsigned list = 0;

    if (number != FLOW_NONE) {
        const struct syn_record *record = record_at(floor, number);

        if (record->next != FLOW_NONE)
            return record->next;
        list = record->retransmissions + 1u;
    }
    while (list < SYN_RETRIES && floor->syn_lists[list].first == FLOW_NONE)
        list++;
    return list < SYN_RETRIES ? floor->syn_lists[list].first : FLOW_NONE;
}

void ms_syn_forget(struct ms_stack *stack, const struct ms_tcp_listener *listener)
{
    uint32_t number = next_record(stack->tcp, FLOW_NONE);

    while (number != FLOW_NONE) {
        struct syn_record *record = record_at(stack->tcp, number);

        number = next_record(stack->tcp, number);
        if (!listener || listener_of(stack, record) == listener)
            forget(stack, record);
    }
}

void ms_syn_recount(struct ms_stack *stack)
{
    const struct tcp_floor *floor = stack->tcp;

    for (unsigned i = 0; i < LISTENER_BUCKETS; i++)
        for (struct ms_tcp_listener *l = floor->listener_buckets[i]; l; l = l->next)
            l->half_open = 0;
    for (uint32_t n = next_record(floor, FLOW_NONE); n != FLOW_NONE; n = next_record(floor, n))
        count(stack, record_at(floor, n));
}
