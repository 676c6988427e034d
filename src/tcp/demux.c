/* SPDX-License-Identifier: ISC */
/* Four-tuple to connection; listeners; ephemeral ports; initial sequence numbers. */
#include "tcp/verbs.h"

enum {
    PORT_FIRST = 49152, /* RFC 6335, 6: dynamic ports */
    PORT_COUNT = 16384,
    ISN_TICK_US = 4, /* RFC 6528, 3: M counts in these */
};

/* How closely a listener fits; 0: not at all. An address counts more than an interface. */
static unsigned fitness(const struct ms_tcp_listener *listener, const struct flow *flow,
                        const struct ms_netif *netif)
{
    bool is_any = addr_is_unspecified(&listener->local.addr);

    if (listener->local.port != flow->local_port ||
        (listener->local.netif && listener->local.netif != netif) ||
        (!is_any && !addr_equal(&listener->local.addr, &flow->local)))
        return 0;
    return 1u + (is_any ? 0 : 2) + (listener->local.netif ? 1 : 0);
}

struct ms_tcp_listener *ms_tcp_find_listener(const struct tcp_floor *floor, const struct flow *flow,
                                             const struct ms_netif *netif)
{
    struct ms_tcp_listener *listener = floor->listener_buckets[flow->local_port % LISTENER_BUCKETS];
    struct ms_tcp_listener *best = NULL;
    unsigned best_fitness = 0;

    for (; listener; listener = listener->next) {
        unsigned fits = fitness(listener, flow, netif);

        if (fits > best_fitness) {
            best_fitness = fits;
            best = listener;
        }
    }
    return best;
}

/* On whatever interface it listens: the port is no connection's to pick. */
static bool is_listened(const struct tcp_floor *floor, const struct flow *flow)
{
    const struct ms_tcp_listener *listener =
        floor->listener_buckets[flow->local_port % LISTENER_BUCKETS];

    while (listener && fitness(listener, flow, listener->local.netif) == 0)
        listener = listener->next;
    return listener != NULL;
}

bool ms_tcp_pick_port(struct ms_stack *stack, struct flow *flow)
{
    struct tcp_floor *floor = stack->tcp;
    uint32_t first = ms_random_below(&stack->random, PORT_COUNT);

    /* RFC 6056, 3.3.1: a random start, then the next ones. */
    for (uint32_t i = 0; i < PORT_COUNT; i++) {
        flow->local_port = (uint16_t)(PORT_FIRST + (first + i) % PORT_COUNT);
        if (ms_flow_table_look_up(&floor->table, flow) == FLOW_NONE && !is_listened(floor, flow))
            return true;
    }
    return false;
}

/* A handshake asks for the same flow several times in a row. */
static uint64_t keyed_part(const struct ms_stack *stack, const struct flow *flow)
{
    struct tcp_floor *floor = stack->tcp;

    if (!flow_equal(&floor->isn_flow, flow)) {
        floor->isn_flow = *flow;
        floor->isn_keyed = ms_flow_hash64(&floor->isn_key, flow);
    }
    return floor->isn_keyed;
}

uint32_t ms_tcp_isn(const struct ms_stack *stack, const struct flow *flow, uint32_t *ts_offset)
{
    uint64_t keyed = keyed_part(stack, flow);

    *ts_offset = (uint32_t)(keyed >> 32);
    return (uint32_t)(stack->now_us / ISN_TICK_US) + (uint32_t)keyed;
}

uint64_t ms_tcp_isn_age_us(const struct ms_stack *stack, const struct flow *flow, uint32_t isn)
{
    uint32_t made = isn - (uint32_t)keyed_part(stack, flow);

    return (uint64_t)((uint32_t)(stack->now_us / ISN_TICK_US) - made) * ISN_TICK_US;
}
