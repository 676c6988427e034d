/* SPDX-License-Identifier: ISC */
/* The calls of the application: they record what it wants, and send nothing. */
#include "tcp/verbs.h"

/* RFC 9293, MUST-46: no connection to a group or broadcast address. */
static bool is_sane_remote(const struct ms_stack *stack, const struct ms_endpoint *remote)
{
    return remote->port != 0 && !addr_is_unspecified(&remote->addr) &&
           !addr_is_multicast(&remote->addr) && !ms_ip_is_broadcast(stack, &remote->addr);
}

/* Fills what the application left open: source address, port. */
static enum ms_error complete_flow(struct ms_stack *stack, const struct ms_tcp_connect *connect,
                                   struct flow *flow, struct path *path)
{
    enum ms_error error;

    flow->local = connect->local.addr;
    flow->remote = connect->remote.addr;
    flow->remote_port = connect->remote.port;
    flow->local_port = connect->local.port;
    error = ms_ip_find_path(stack, connect->remote.netif, &flow->local, &flow->remote, path);
    if (error != MS_OK)
        return error;
    if (flow->local_port == 0)
        return ms_tcp_pick_port(stack, flow) ? MS_OK : MS_ERROR_IN_USE;
    return ms_flow_table_look_up(&stack->tcp->table, flow) == FLOW_NONE ? MS_OK : MS_ERROR_IN_USE;
}

enum ms_error ms_tcp_connect(struct ms_stack *stack, const struct ms_tcp_connect *connect,
                             struct ms_tcp **tcp)
{
    struct tcp_floor *floor = stack->tcp;
    struct path path = { 0 };
    struct flow flow;
    struct ms_tcp *c;
    enum ms_error error;
    uint32_t isn;

    if (!connect->events || !is_sane_remote(stack, &connect->remote))
        return MS_ERROR_INVALID;
    error = complete_flow(stack, connect, &flow, &path);
    if (error != MS_OK)
        return error;
    c = ms_conn_new(stack, &flow);
    if (!c)
        return MS_ERROR_NO_MEMORY;
    c->path = path;
    c->events = connect->events;
    c->user = connect->user;
    c->peer_mss = addr_is_ipv4(&flow.remote) ? 536 : 1220;
    ms_conn_set_mss(c);
    isn = ms_tcp_isn(stack, &flow, &c->ts_offset);
    c->send_unacked = c->send_next = isn;
    ms_send_queue_init(&c->send, isn + 1);
    ms_conn_move(c, TCP_EVENT_ACTIVE_OPEN);
    stack->counters.tcp_active_opens++;
    ms_flow_table_insert(&floor->table, conn_number(floor, c),
                         ms_flow_table_hash(&floor->table, &flow));
    ms_conn_pend(c, DUE_OUTPUT);
    *tcp = c;
    return MS_OK;
}

enum ms_error ms_tcp_send(struct ms_tcp *tcp, struct ms_buf *buf)
{
    const uint32_t may_send = 1u << MS_TCP_SYN_SENT | 1u << MS_TCP_SYN_RECEIVED |
                              1u << MS_TCP_ESTABLISHED | 1u << MS_TCP_CLOSE_WAIT;

    if (!(1u << tcp->state & may_send) || (tcp->flags & CONN_CLOSING))
        return MS_ERROR_STATE;
    if (buf->len == 0)
        return MS_ERROR_INVALID;
    /* Sequence numbers compare only within half of their space. */
    if (buf->len > INT32_MAX / 2 || tcp->send.end_seq - tcp->send_unacked > INT32_MAX / 2)
        return MS_ERROR_TOO_LONG;
    ms_send_queue_append(&tcp->send, buf);
    conn_pend(tcp, DUE_OUTPUT);
    return MS_OK;
}

enum ms_error ms_tcp_mark_urgent(struct ms_tcp *tcp)
{
    if (tcp->state == MS_TCP_CLOSED || tcp->send.end_seq == tcp->send_unacked)
        return MS_ERROR_STATE;
    tcp->send_urgent = tcp->send.end_seq;
    tcp->flags |= CONN_URGENT_OUT;
    ms_conn_pend(tcp, DUE_OUTPUT);
    return MS_OK;
}

/* The window has become small: an update of its own, if the sender may be waiting for it. */
__attribute__((noinline)) static void offer_more(struct ms_tcp *c, uint32_t open)
{
    uint32_t opened = ms_recv_window_edge(c) - c->recv_window_end;

    if (open == 0 && c->state == MS_TCP_FIN_WAIT_2)
        c->received_ms = c->stack->now_ms; /* until now it was we who kept the peer silent */
    if (opened > 0 && (opened >= c->recv_limit_bytes / 2 || open < c->recv_limit_bytes / 4))
        ms_conn_pend(c, DUE_ACK);
}

void ms_tcp_consumed(struct ms_tcp *tcp, uint32_t n)
{
    uint32_t open = tcp->recv_window_end - tcp->recv_next;

    MS_ASSERT(n <= tcp->unconsumed_bytes);
    tcp->unconsumed_bytes -= min_u32(n, tcp->unconsumed_bytes);
    if (open <= tcp->recv_limit_bytes / 2 && tcp->state != MS_TCP_CLOSED)
        offer_more(tcp, open);
}

void ms_tcp_close(struct ms_tcp *tcp)
{
    if (tcp->state == MS_TCP_CLOSED || (tcp->flags & CONN_CLOSING))
        return;
    if (tcp->state == MS_TCP_SYN_SENT && tcp->send.end_seq == tcp->send.head_seq) {
        ms_conn_end(tcp, MS_ERROR_ABORTED); /* RFC 9293, 3.10.4: nothing was ever exchanged */
        return;
    }
    tcp->flags |= CONN_CLOSING;
    if (tcp->state != MS_TCP_SYN_SENT && tcp->state != MS_TCP_SYN_RECEIVED)
        ms_conn_move(tcp, TCP_EVENT_CLOSE);
    ms_conn_pend(tcp, DUE_OUTPUT);
}

void ms_tcp_abort(struct ms_tcp *tcp)
{
    if (tcp->state == MS_TCP_CLOSED)
        return;
    if (tcp->state != MS_TCP_SYN_SENT) /* RFC 9293, 3.10.5 */
        tcp->due |= DUE_RESET;
    ms_conn_end(tcp, MS_ERROR_ABORTED);
}

void *ms_tcp_user(const struct ms_tcp *tcp) { return tcp->user; }

void ms_tcp_set_user(struct ms_tcp *tcp, const struct ms_tcp_events *events, void *user)
{
    tcp->events = events;
    tcp->user = user;
}
