/* SPDX-License-Identifier: ISC */
/* What there is to know of a connection, and to set. */
#include "tcp/verbs.h"

enum { TRAFFIC_CLASS_DSCP = 0xfc }; /* the rest is ECN's, and stays zero (RFC 3168, 5) */

static void set_flag(struct ms_tcp *c, enum conn_flag flag, bool is_set)
{
    c->flags = (uint16_t)(is_set ? c->flags | flag : c->flags & ~flag);
    ms_conn_pend(c, DUE_OUTPUT);
}

static enum ms_error set_window(struct ms_tcp *c, uint32_t bytes)
{
    if (bytes == 0 || bytes > UINT32_C(1) << 30)
        return MS_ERROR_INVALID;
    if (c->state == MS_TCP_SYN_SENT && conn_outstanding(c) == 0)
        c->recv_scale = ms_recv_scale(bytes); /* our SYN has not told it yet */
    c->recv_limit_bytes = min_u32(bytes, (uint32_t)UINT16_MAX << c->recv_scale);
    ms_conn_pend(c, DUE_ACK);
    return MS_OK;
}

enum ms_error ms_tcp_set(struct ms_tcp *tcp, enum ms_tcp_option option, uint32_t value)
{
    if (tcp->state == MS_TCP_CLOSED)
        return MS_ERROR_STATE;
    switch (option) {
    case MS_TCP_NO_DELAY: set_flag(tcp, CONN_NO_DELAY, value); return MS_OK;
    case MS_TCP_CORK: set_flag(tcp, CONN_CORK, value); return MS_OK;
    case MS_TCP_SOFT_ERRORS: set_flag(tcp, CONN_NO_SOFT_ERRORS, !value); return MS_OK;
    case MS_TCP_RECV_WINDOW_BYTES: return set_window(tcp, value);
    default: break;
    }
    if (value > (option == MS_TCP_KEEPALIVE_PROBES || option == MS_TCP_TRAFFIC_CLASS ||
                         option == MS_TCP_HOP_LIMIT
                     ? UINT8_MAX
                     : UINT16_MAX))
        return MS_ERROR_INVALID;
    if (value == 0 && (option == MS_TCP_KEEPALIVE_INTERVAL_S || option == MS_TCP_HOP_LIMIT))
        return MS_ERROR_INVALID;
    switch (option) {
    case MS_TCP_KEEPALIVE_S: tcp->keepalive_idle_s = (uint16_t)value; break;
    case MS_TCP_KEEPALIVE_INTERVAL_S: tcp->keepalive_interval_s = (uint16_t)value; break;
    case MS_TCP_KEEPALIVE_PROBES: tcp->keepalive_probes_max = (uint8_t)value; break;
    case MS_TCP_USER_TIMEOUT_S: tcp->user_timeout_s = (uint16_t)value; return MS_OK;
    case MS_TCP_TRAFFIC_CLASS: tcp->traffic_class = value & TRAFFIC_CLASS_DSCP; return MS_OK;
    case MS_TCP_HOP_LIMIT: tcp->hop_limit = (uint8_t)value; return MS_OK;
    default: return MS_ERROR_INVALID;
    }
    ms_conn_start_keepalive(tcp);
    return MS_OK;
}

void ms_tcp_set_cc(struct ms_tcp *tcp, const struct ms_cc_ops *ops)
{
    tcp->cc.ops = ops;
    ops->init(&tcp->cc);
}

void ms_tcp_endpoints(const struct ms_tcp *tcp, struct ms_endpoint *local,
                      struct ms_endpoint *remote)
{
    const struct flow *flow = &tcp->entry.flow;

    *local = (struct ms_endpoint){ flow->local, flow->local_port, tcp->path.netif };
    *remote = (struct ms_endpoint){ flow->remote, flow->remote_port, tcp->path.netif };
}

/* Without SYN and FIN. */
static uint32_t queued_bytes(const struct ms_tcp *c)
{
    uint32_t unacked = seq_max(c->send_unacked, c->send.head_seq);

    return c->send.end_seq - seq_min(unacked, c->send.end_seq);
}

static uint32_t held_bytes(const struct recv_queue *q)
{
    uint32_t bytes = 0;

    for (const struct held_run *run = q->runs; run; run = run->next)
        bytes += run->end - run->seq;
    return bytes;
}

/* What our SYN offered. */
static uint32_t recv_mss(const struct ms_tcp *c)
{
    uint32_t headers = TCP_HEADER_LEN + (addr_is_ipv4(&c->entry.flow.remote) ? 20 : 40);

    return c->path.netif ? c->path.netif->mtu - headers : 0;
}

void ms_tcp_info(const struct ms_tcp *tcp, struct ms_tcp_info *info)
{
    *info = (struct ms_tcp_info){
        .state = (enum ms_tcp_state)tcp->state,
        .has_timestamps = tcp->flags & CONN_TIMESTAMPS,
        .has_sack = tcp->flags & CONN_SACK,
        .has_window_scaling = tcp->flags & CONN_WSCALE,
        .send_scale = tcp->send_scale,
        .recv_scale = tcp->recv_scale,
        .backoffs = tcp->backoffs,
        .is_in_recovery = tcp->flags & (CONN_RECOVERY | CONN_LOSS),
        .send_mss_bytes = tcp->send_mss,
        .recv_mss_bytes = recv_mss(tcp),
        .path_mtu_bytes = tcp->path.mtu,
        .srtt_us = tcp->rtt.srtt_us,
        .rttvar_us = tcp->rtt.rttvar_us,
        .rto_us = tcp->rtt.timeout_us,
        .cwnd_bytes = tcp->cc.window_bytes,
        .ssthresh_bytes = tcp->cc.threshold_bytes,
        .in_flight_bytes = ms_flight_in_network(&tcp->flight, conn_outstanding(tcp)),
        .lost_bytes = tcp->flight.lost_bytes,
        .sacked_bytes = tcp->flight.sacked_bytes,
        .send_window_bytes = conn_send_window(tcp),
        .recv_window_bytes = tcp->recv_window_end - tcp->recv_next,
        .send_unacked = tcp->send_unacked,
        .send_next = tcp->send_next,
        .recv_next = tcp->recv_next,
        .queued_bytes = queued_bytes(tcp),
        .bytes_acked = tcp->bytes_acked - seq_gt(tcp->send_unacked, tcp->send.end_seq), /* FIN */
        .bytes_received = tcp->bytes_received,
        .segments_sent = tcp->segments_sent,
        .segments_received = tcp->segments_received,
        .retransmitted_segments = tcp->retransmitted_segments,
        .timeouts = tcp->timeouts,
        .duplicates_received = tcp->duplicates,
        .out_of_order_received = tcp->out_of_order,
        .reordered_bytes = held_bytes(&tcp->recv),
    };
}

struct ms_tcp *ms_tcp_next(const struct ms_stack *stack, const struct ms_tcp *previous)
{
    const struct tcp_floor *floor = stack->tcp;
    uint32_t number = previous ? conn_number(floor, previous) + 1 : 0;

    /* One that was put back is CLOSED too. */
    for (; number < floor->connections.fresh; number++) {
        struct ms_tcp *c = conn_at(floor, number);

        if (c->state != MS_TCP_CLOSED)
            return c;
    }
    return NULL;
}
