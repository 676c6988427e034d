/* SPDX-License-Identifier: ISC */
/* UDP sockets: opened, closed, found. */
#include "udp/socket.h"

#include "udp/udp.h"

enum {
    PORT_FIRST = 49152, /* RFC 6335, 6: dynamic ports */
    PORT_COUNT = 16384,
    GROUP_HOP_LIMIT = 1, /* RFC 1112, 6.1 */
};

/* How closely a socket binds; one more if it does to an interface. */
enum { RANK_ANY = 1, RANK_ADDRESS = 3 };

void ms_udp_init(struct ms_stack *stack, struct arena *arena)
{
    struct udp_floor *floor = ms_arena_take(arena, sizeof(*floor));
    struct udp_floor measured;

    stack->udp = floor;
    ms_pool_init(floor ? &floor->sockets : &measured.sockets, arena, sizeof(struct ms_udp),
                 stack->config.udp_sockets);
}

static inline bool is_match(const struct ms_udp *udp, const struct flow *flow,
                            const struct ms_netif *netif)
{
    if (udp->local.port != flow->local_port)
        return false;
    if (udp->rank == RANK_ANY)
        return true;
    return (!udp->local.netif || udp->local.netif == netif) &&
           (udp->rank < RANK_ADDRESS || addr_equal(&udp->local.addr, &flow->local));
}

/* The first that matches: no two of one rank do. */
struct ms_udp *ms_udp_find(const struct udp_floor *floor, const struct flow *flow,
                           const struct ms_netif *netif)
{
    struct ms_udp *udp = floor->buckets[flow->local_port % UDP_BUCKETS];

    while (udp && !is_match(udp, flow, netif))
        udp = udp->next;
    return udp;
}

static bool is_taken(const struct udp_floor *floor, const struct ms_endpoint *local)
{
    const struct ms_udp *udp = floor->buckets[local->port % UDP_BUCKETS];

    while (udp && !(udp->local.port == local->port && udp->local.netif == local->netif &&
                    addr_equal(&udp->local.addr, &local->addr)))
        udp = udp->next;
    return udp != NULL;
}

/* Would either of two sockets, one of them on local, take what is meant for the other? */
static bool is_shared(const struct udp_floor *floor, const struct ms_endpoint *local)
{
    const struct ms_udp *udp = floor->buckets[local->port % UDP_BUCKETS];

    for (; udp; udp = udp->next) {
        const struct ms_endpoint *other = &udp->local;
        bool is_netif_other = other->netif && local->netif && other->netif != local->netif;
        bool is_addr_other = !addr_is_unspecified(&other->addr) &&
                             !addr_is_unspecified(&local->addr) &&
                             !addr_equal(&other->addr, &local->addr);

        if (other->port == local->port && !is_netif_other && !is_addr_other)
            return true;
    }
    return false;
}

/*
 * RFC 6056, 3.3.1: a random start, then the next ones. A port that was asked for by number may be
 * shared with a socket that binds less closely; one that we choose is not.
 */
static bool pick_port(struct ms_stack *stack, struct ms_endpoint *local)
{
    uint32_t first = ms_random_below(&stack->random, PORT_COUNT);

    for (uint32_t i = 0; i < PORT_COUNT; i++) {
        local->port = (uint16_t)(PORT_FIRST + (first + i) % PORT_COUNT);
        if (!is_shared(stack->udp, local))
            return true;
    }
    return false;
}

enum ms_error ms_udp_open(struct ms_stack *stack, const struct ms_endpoint *local,
                          const struct ms_udp_events *events, void *user, struct ms_udp **udp)
{
    struct ms_endpoint bound = *local;
    struct ms_udp *made, **link;

    if (!events || !events->on_datagram)
        return MS_ERROR_INVALID;
    if (bound.port == 0 ? !pick_port(stack, &bound) : is_taken(stack->udp, &bound))
        return MS_ERROR_IN_USE;
    made = ms_pool_get(&stack->udp->sockets);
    if (!made)
        return MS_ERROR_NO_MEMORY;
    *made = (struct ms_udp){
        .stack = stack,
        .local = bound,
        .rank = (uint8_t)((addr_is_unspecified(&bound.addr) ? RANK_ANY : RANK_ADDRESS) +
                          (bound.netif ? 1 : 0)),
        .events = events,
        .user = user,
        .hop_limit = IP_HOP_LIMIT_DEFAULT,
        .group_hop_limit = GROUP_HOP_LIMIT,
    };
    link = &stack->udp->buckets[bound.port % UDP_BUCKETS];
    while (*link && (*link)->rank > made->rank)
        link = &(*link)->next;
    made->next = *link;
    *link = made;
    *udp = made;
    return MS_OK;
}

void ms_udp_close(struct ms_udp *udp)
{
    struct udp_floor *floor = udp->stack->udp;
    struct ms_udp **link = &floor->buckets[udp->local.port % UDP_BUCKETS];

    while (*link != udp)
        link = &(*link)->next;
    *link = udp->next;
    ms_pool_put(&floor->sockets, udp);
}

void ms_udp_local(const struct ms_udp *udp, struct ms_endpoint *local) { *local = udp->local; }

/* A hop limit of zero would mean the interface's. */
static bool is_in_range(enum ms_udp_option option, uint32_t value)
{
    bool is_hop_limit = option == MS_UDP_HOP_LIMIT || option == MS_UDP_GROUP_HOP_LIMIT;

    return value >= (is_hop_limit ? 1 : 0) && value <= UINT8_MAX;
}

enum ms_error ms_udp_set(struct ms_udp *udp, enum ms_udp_option option, uint32_t value)
{
    if (!is_in_range(option, value))
        return MS_ERROR_INVALID;
    udp->path.generation = 0; /* what goes with it is to be set anew */
    switch (option) {
    case MS_UDP_HOP_LIMIT: udp->hop_limit = (uint8_t)value; return MS_OK;
    case MS_UDP_GROUP_HOP_LIMIT: udp->group_hop_limit = (uint8_t)value; return MS_OK;
    case MS_UDP_TRAFFIC_CLASS: udp->traffic_class = (uint8_t)value; return MS_OK;
    case MS_UDP_CHECKSUM_IPV4: udp->sends_no_checksum = value == 0; return MS_OK;
    default: return MS_ERROR_INVALID;
    }
}
