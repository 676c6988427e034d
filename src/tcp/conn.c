/* SPDX-License-Identifier: ISC */
/* A connection's life: made, pending, timed, ended, buried. */
#include "tcp/verbs.h"

enum {
    KEEPALIVE_INTERVAL_S = 75,
    KEEPALIVE_PROBES = 9,
    MS_PER_S = 1000,
};

/* RFC 7323, 2.2: the smallest scale that lets the whole limit be offered. */
uint8_t ms_recv_scale(uint32_t limit_bytes)
{
    uint8_t scale = 0;

    while (scale < TCP_WSCALE_MAX && limit_bytes >> scale > UINT16_MAX)
        scale++;
    return scale;
}

static void forget_flow(struct ms_tcp *c)
{
    struct tcp_floor *floor = c->stack->tcp;

    ms_flow_table_remove(&floor->table, conn_number(floor, c));
}

struct ms_tcp *ms_conn_new(struct ms_stack *stack, const struct flow *flow)
{
    const struct ms_config *config = &stack->config;
    struct ms_tcp *c = ms_pool_get(&stack->tcp->connections);

    if (!c)
        return NULL;
    memset(c, 0, sizeof(*c));
    c->stack = stack;
    c->entry.flow = *flow;
    c->pending_next = FLOW_NONE;
    c->recv_limit_bytes = config->tcp_recv_window_bytes;
    c->recv_scale = ms_recv_scale(config->tcp_recv_window_bytes);
    c->cc.ops = config->tcp_cc;
    c->user_timeout_s =
        (uint16_t)min_u64((config->tcp_user_timeout_us + 999999) / 1000000, UINT16_MAX);
    c->keepalive_interval_s = KEEPALIVE_INTERVAL_S;
    c->keepalive_probes_max = KEEPALIVE_PROBES;
    c->hop_limit = IP_HOP_LIMIT_DEFAULT;
    c->received_ms = c->progress_ms = stack->now_ms;
    c->challenged = (uint16_t)(stack->now_ms / 16 - 64); /* long ago */
    ms_rtt_init(&c->rtt, ms_conn_rto_bounds(c));
    return c;
}

void ms_conn_pend(struct ms_tcp *c, enum due due) { conn_pend(c, due); }

/* RFC 4022 counts ESTABLISHED and CLOSE-WAIT. */
static bool is_established(const struct ms_tcp *c)
{
    return (1u << c->state) & (1u << MS_TCP_ESTABLISHED | 1u << MS_TCP_CLOSE_WAIT);
}

void ms_conn_move(struct ms_tcp *c, enum tcp_event event)
{
    uint64_t *established = &c->stack->counters.tcp_current_established;

    *established -= is_established(c);
    c->state = (uint8_t)ms_tcp_state_next((enum ms_tcp_state)c->state, event);
    *established += is_established(c);
}

void ms_conn_end_forgotten(struct ms_tcp *c, enum ms_error why)
{
    struct ms_counters *counters = &c->stack->counters;

    if (why != MS_OK) {
        counters->tcp_attempt_fails +=
            c->state == MS_TCP_SYN_SENT || c->state == MS_TCP_SYN_RECEIVED;
        counters->tcp_established_resets += is_established(c);
    }
    ms_conn_move(c, TCP_EVENT_END);
    c->why = (uint8_t)why;
    c->timers = 0;
    ms_wheel_disarm(&c->stack->wheel, &c->timer);
    ms_conn_pend(c, 0);
}

void ms_conn_end(struct ms_tcp *c, enum ms_error why)
{
    if (c->state == MS_TCP_CLOSED)
        return;
    forget_flow(c);
    ms_conn_end_forgotten(c, why);
}

void ms_conn_bury(struct ms_tcp *c)
{
    struct tcp_floor *floor = c->stack->tcp;

    MS_ASSERT(c->state == MS_TCP_CLOSED);
    if (c->events && c->events->on_close)
        c->events->on_close(c, c->user, (enum ms_error)c->why);
    c->events = NULL;
    ms_flight_clear(&c->flight, &floor->ranges);
    ms_recv_queue_clear(&c->recv, &floor->held);
    ms_send_queue_clear(&c->send);
    ms_pool_put(&floor->connections, c);
}

void ms_conn_arm_wheel(struct ms_tcp *c, uint64_t deadline_us)
{
    ms_wheel_arm(&c->stack->wheel, &c->timer, TIMER_TCP, deadline_us);
}

void ms_conn_set_mss(struct ms_tcp *c)
{
    bool is_ipv4 = addr_is_ipv4(&c->entry.flow.remote);
    uint32_t headers = TCP_HEADER_LEN + (is_ipv4 ? 20 : 40);
    uint32_t mss = min_u32(c->path.mtu - min_u32(headers, c->path.mtu), c->peer_mss);

    if (c->flags & CONN_TIMESTAMPS)
        mss -= min_u32(mss, TCP_TIMESTAMP_LEN);
    mss = max_u32(min_u32(mss, UINT16_MAX), 1);
    c->send_mss = (uint16_t)mss;
    c->cc.segment_bytes = (uint16_t)mss;
}

bool ms_conn_find_new_path(struct ms_tcp *c)
{
    struct flow *flow = &c->entry.flow;
    struct ms_netif *pinned = addr_is_link_local(&flow->remote) ? c->path.netif : NULL;
    uint32_t mtu = c->path.mtu;

    if (ms_ip_find_path(c->stack, pinned, &flow->local, &flow->remote, &c->path) != MS_OK)
        return false;
    if (c->path.mtu != mtu)
        ms_conn_set_mss(c);
    return true;
}

void ms_conn_agree(struct ms_tcp *c, const struct tcp_header *syn)
{
    const struct ms_config *config = &c->stack->config;
    bool is_ipv4 = addr_is_ipv4(&c->entry.flow.remote);
    uint32_t peer_mss = is_ipv4 ? 536 : 1220; /* RFC 9293, MUST-15 */

    c->peer_mss = (uint16_t)peer_mss;
    if (syn->options & TCP_OPTION_MSS)
        c->peer_mss = (uint16_t)max_u32(syn->mss, config->tcp_mss_min_bytes);
    if (syn->options & TCP_OPTION_WSCALE) {
        c->flags |= CONN_WSCALE;
        c->send_scale = (uint8_t)min_u32(syn->wscale, TCP_WSCALE_MAX);
    } else {
        c->recv_scale = 0;
        c->recv_limit_bytes = min_u32(c->recv_limit_bytes, UINT16_MAX);
    }
    if ((syn->options & TCP_OPTION_TIMESTAMP) && config->tcp_timestamps) {
        c->flags |= CONN_TIMESTAMPS;
        c->ts_recent = syn->ts_value;
    }
    if ((syn->options & TCP_OPTION_SACK_PERMITTED) && config->tcp_sack)
        c->flags |= CONN_SACK;
    ms_conn_set_mss(c);
    c->cc.ops->init(&c->cc);
}
