/* SPDX-License-Identifier: ISC */
/* The host's part of router discovery (RFC 4861, 6.3) and address configuration (RFC 4862, 5.5). */
#include "ip/nd_router.h"

#include "eth/neighbor.h"
#include "ip/addr.h"
#include "ip/dad.h"
#include "ip/ip_floor.h"
#include "ip/nd.h"

/* RFC 4861, 10; after the usual three, solicitations go on ever more seldom (RFC 7559). */
enum {
    SOLICITATIONS = 3,
    SOLICITATION_DELAY_US = 1000000,
    SOLICITATION_INTERVAL_US = 4000000,
};
static const uint32_t SOLICITATION_INTERVAL_MAX_US = 3600000000u;

/* What a router, or somebody who says he is one, may ask of us. */
enum {
    HOP_LIMIT_MIN = 15,         /* fewer would cut us off from all but the neighbourhood */
    REACHABLE_MAX_MS = 3600000, /* RFC 4861, 6.2.1 */
    RETRANS_MIN_MS = 100,
    RETRANS_MAX_MS = 30000,
};

enum { INTERFACE_PREFIX_LEN = 64 };
static const uint64_t TWO_HOURS_US = UINT64_C(7200000000);

static const struct ms_addr ALL_ROUTERS = { { 0xff, 2, [15] = 2 } };

void ms_nd_init(struct ms_stack *stack, struct arena *arena)
{
    struct nd_link *links = ms_arena_take(arena, stack->config.netifs * sizeof(*links));

    if (!links)
        return;
    stack->ip->nd.links = links;
    ms_neighbor_set_discovery(stack, ms_nd_solicit, ms_nd_router_lost);
    stack->ip->nd.address_key = ms_random_key(&stack->random);
}

static struct nd_link *link_of(const struct ms_netif *netif)
{
    return &netif->stack->ip->nd.links[netif->number];
}

/* 0xffffffff: for ever. */
static uint64_t until_us(const struct ms_netif *netif, uint32_t lifetime_s)
{
    if (lifetime_s == UINT32_MAX)
        return UINT64_MAX;
    return netif->stack->now_us + (uint64_t)lifetime_s * 1000000;
}

/* The timer serves solicitations, routers and prefixes: whatever comes first. */
static void arm(struct ms_netif *netif)
{
    const struct nd_link *link = link_of(netif);
    uint64_t next_us = link->solicit_us ? link->solicit_us : UINT64_MAX;

    for (unsigned i = 0; i < ND_ROUTERS_MAX; i++) {
        if (link->routers[i].until_us)
            next_us = min_u64(next_us, link->routers[i].until_us);
    }
    for (unsigned i = 0; i < ND_ON_LINK_MAX; i++) {
        if (link->on_links[i].until_us)
            next_us = min_u64(next_us, link->on_links[i].until_us);
    }
    if (next_us == UINT64_MAX)
        ms_wheel_disarm(&netif->stack->wheel, &netif->router_timer);
    else
        ms_wheel_arm(&netif->stack->wheel, &netif->router_timer, TIMER_ROUTER, next_us);
}

/* --- Default routers --- */

static struct nd_router *router_find(const struct ms_netif *netif, const struct ms_addr *addr)
{
    struct nd_link *link = link_of(netif);

    for (unsigned i = 0; i < ND_ROUTERS_MAX; i++) {
        if (link->routers[i].until_us && addr_equal(&link->routers[i].addr, addr))
            return &link->routers[i];
    }
    return NULL;
}

bool ms_nd_is_default_router(const struct ms_netif *netif, const struct ms_addr *addr)
{
    return router_find(netif, addr) != NULL;
}

static bool has_router(const struct nd_link *link)
{
    for (unsigned i = 0; i < ND_ROUTERS_MAX; i++) {
        if (link->routers[i].until_us)
            return true;
    }
    return false;
}

static struct route route_of_router(struct ms_netif *netif, const struct ms_addr *addr)
{
    return (struct route){ .gateway = *addr, .netif = netif, .origin = ROUTE_ADVERTISED };
}

static void router_remove(struct ms_netif *netif, struct nd_router *router)
{
    const struct route route = route_of_router(netif, &router->addr);

    ms_route_delete(netif->stack, &route);
    router->until_us = 0;
}

/* A fifth router finds no place: those that were first stay. */
static void router_add(struct ms_netif *netif, const struct ms_addr *addr, uint64_t end_us)
{
    struct nd_link *link = link_of(netif);
    const struct route route = route_of_router(netif, addr);

    for (unsigned i = 0; i < ND_ROUTERS_MAX; i++) {
        if (link->routers[i].until_us)
            continue;
        if (ms_route_insert(netif->stack, &route) == MS_OK)
            link->routers[i] = (struct nd_router){ .addr = *addr, .until_us = end_us };
        return;
    }
}

static void router_update(struct ms_netif *netif, const struct ms_addr *addr, uint16_t lifetime_s)
{
    struct nd_router *router = router_find(netif, addr);

    if (router && lifetime_s == 0)
        router_remove(netif, router);
    else if (router)
        router->until_us = until_us(netif, lifetime_s);
    else if (lifetime_s > 0)
        router_add(netif, addr, until_us(netif, lifetime_s));
}

/*
 * One that became a host is a router no more; one that does not answer is tried again when it is
 * its turn, after the others (RFC 4861, 6.3.6, 7.2.5).
 */
void ms_nd_router_lost(struct ms_netif *netif, const struct ms_addr *addr)
{
    struct nd_router *router = router_find(netif, addr);
    struct route route = route_of_router(netif, addr);

    if (!router)
        return;
    if (ms_neighbor_find(netif, addr)) {
        router_remove(netif, router);
        arm(netif);
    } else if (ms_route_delete(netif->stack, &route) &&
               ms_route_insert(netif->stack, &route) != MS_OK) {
        router->until_us = 0;
    }
}

/* --- Prefixes --- */

static struct ms_addr addr_of(const struct nd_prefix *prefix)
{
    struct ms_addr addr;

    memcpy(addr.bytes, prefix->prefix, sizeof(addr.bytes));
    return addr;
}

static struct route route_of_prefix(struct ms_netif *netif, const struct nd_on_link *on_link)
{
    return (struct route){
        .prefix = on_link->prefix,
        .netif = netif,
        .prefix_len = on_link->prefix_len,
        .origin = ROUTE_ADVERTISED,
    };
}

static struct nd_on_link *on_link_find(struct nd_link *link, const struct nd_on_link *like)
{
    for (unsigned i = 0; i < ND_ON_LINK_MAX; i++) {
        struct nd_on_link *on_link = &link->on_links[i];

        if (on_link->until_us && on_link->prefix_len == like->prefix_len &&
            ms_addr_prefix_equal(&on_link->prefix, &like->prefix, like->prefix_len))
            return on_link;
    }
    return NULL;
}

static void on_link_remove(struct ms_netif *netif, struct nd_on_link *on_link)
{
    const struct route route = route_of_prefix(netif, on_link);

    ms_route_delete(netif->stack, &route);
    on_link->until_us = 0;
}

static void on_link_add(struct ms_netif *netif, const struct nd_on_link *on_link)
{
    struct nd_link *link = link_of(netif);
    const struct route route = route_of_prefix(netif, on_link);

    for (unsigned i = 0; i < ND_ON_LINK_MAX; i++) {
        if (link->on_links[i].until_us)
            continue;
        if (ms_route_insert(netif->stack, &route) == MS_OK)
            link->on_links[i] = *on_link;
        return;
    }
}

static void on_link_update(struct ms_netif *netif, const struct nd_prefix *prefix)
{
    const struct nd_on_link told = {
        .prefix = addr_of(prefix),
        .until_us = until_us(netif, prefix->valid_s),
        .prefix_len = prefix->prefix_len,
    };
    struct nd_on_link *known = on_link_find(link_of(netif), &told);

    if (known && prefix->valid_s == 0)
        on_link_remove(netif, known);
    else if (known)
        known->until_us = told.until_us;
    else if (prefix->valid_s > 0)
        on_link_add(netif, &told);
}

static struct netif_addr *automatic_addr_of(struct ms_netif *netif, const struct ms_addr *prefix)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        struct netif_addr *entry = &netif->addrs[i];

        if (entry->is_used && entry->is_automatic &&
            ms_addr_prefix_equal(&entry->addr, prefix, INTERFACE_PREFIX_LEN))
            return entry;
    }
    return NULL;
}

/* RFC 4862, 5.5.3 e: nobody unproven shortens a life to less than two hours. */
static uint64_t bound_valid(const struct netif_addr *entry, uint64_t told_us)
{
    uint64_t floor_us = entry->netif->stack->now_us + TWO_HOURS_US;

    if (told_us > floor_us || told_us > entry->valid_until_us)
        return told_us;
    return min_u64(entry->valid_until_us, floor_us);
}

static void address_update(struct ms_netif *netif, const struct nd_prefix *prefix)
{
    const struct ms_addr base = addr_of(prefix);
    struct netif_addr *entry = automatic_addr_of(netif, &base);
    uint64_t valid_us = until_us(netif, prefix->valid_s);
    uint64_t preferred_us = until_us(netif, prefix->preferred_s);
    struct ms_addr addr;
    enum ms_error error;

    if (entry) {
        ms_addr_set_lifetimes(entry, bound_valid(entry, valid_us), preferred_us);
        return;
    }
    if (prefix->valid_s == 0)
        return;
    addr = ms_nd_make_addr(netif, &base, 0);
    error = ms_addr_add(netif,
                        &(struct addr_options){
                            .addr = &addr,
                            .prefix_len = INTERFACE_PREFIX_LEN,
                            .probe = true,
                            .is_automatic = true,
                            .valid_until_us = valid_us,
                            .preferred_until_us = preferred_us,
                        },
                        NULL);
    (void)error; /* the interface is full of addresses: one more is not needed */
}

/* Of global unicast addresses; link-local ones are nobody's to give. */
static void prefix_update(struct ms_netif *netif, const struct nd_prefix *prefix)
{
    const struct ms_addr base = addr_of(prefix);

    if (addr_is_link_local(&base) || prefix->prefix_len == 0)
        return;
    if (prefix->flags & ND_PREFIX_ON_LINK)
        on_link_update(netif, prefix);
    if ((prefix->flags & ND_PREFIX_AUTONOMOUS) && prefix->prefix_len == INTERFACE_PREFIX_LEN &&
        prefix->preferred_s <= prefix->valid_s)
        address_update(netif, prefix);
}

/* --- Advertisements --- */

static void parameters_update(struct ms_netif *netif, const struct nd_message *message)
{
    uint32_t mtu = message->options.mtu;

    if (message->hop_limit >= HOP_LIMIT_MIN)
        netif->hop_limit = message->hop_limit;
    if (message->reachable_ms > 0 && message->reachable_ms <= REACHABLE_MAX_MS)
        netif->reachable_time_us = message->reachable_ms * 1000;
    if (message->retransmit_ms > 0)
        netif->retrans_time_us =
            min_u32(max_u32(message->retransmit_ms, RETRANS_MIN_MS), RETRANS_MAX_MS) * 1000;
    if ((message->options.present & ND_OPTION_MTU) && mtu >= IPV6_MTU_MIN &&
        mtu <= netif->driver->mtu && mtu != netif->mtu) {
        netif->mtu = mtu;
        ms_paths_changed(netif->stack);
    }
}

static void neighbor_update(const struct packet *p, const struct nd_message *message)
{
    struct neighbor *neighbor;

    if (!nd_has_stations(p->netif))
        return;
    if (message->options.present & ND_OPTION_SOURCE_LINK)
        neighbor = ms_neighbor_heard(p->netif, &p->flow.remote, message->options.source_link);
    else
        neighbor = ms_neighbor_find(p->netif, &p->flow.remote);
    if (neighbor)
        ms_neighbor_set_router(neighbor, true);
}

/* Asked once, a router that answers need not be asked again (RFC 4861, 6.3.7). */
static void solicitation_stop(struct ms_netif *netif)
{
    if (netif->solicitations_left == SOLICITATIONS)
        return;
    netif->solicitations_left = 0;
    link_of(netif)->solicit_us = 0;
}

/* One of no bits says nothing, whatever is in it. */
static bool are_prefixes_sound(const struct nd_message *message)
{
    for (unsigned i = 0; i < message->options.prefix_count; i++) {
        const struct nd_prefix *prefix = &message->options.prefix[i];

        if (prefix->prefix_len > 0 && !nd_is_unicast(prefix->prefix))
            return false;
    }
    return true;
}

enum ms_drop ms_nd_router_advertised(struct packet *p, const struct nd_message *message)
{
    struct ms_netif *netif = p->netif;

    if (!addr_is_link_local(&p->flow.remote) || !are_prefixes_sound(message))
        return MS_DROP_ND_BAD_ADDRESS;
    if (!netif->autoconfigures)
        return MS_DROP_ND_NOT_FOR_US;
    router_update(netif, &p->flow.remote, message->router_lifetime_s);
    neighbor_update(p, message);
    parameters_update(netif, message);
    for (unsigned i = 0; i < message->options.prefix_count; i++)
        prefix_update(netif, &message->options.prefix[i]);
    if (message->router_lifetime_s > 0)
        solicitation_stop(netif);
    arm(netif);
    return MS_DROP_NONE;
}

/* --- Soliciting --- */

static void send_solicitation(struct ms_netif *netif)
{
    static const struct ms_addr unspecified;
    const struct ms_addr *local = ms_addr_link_local(netif);
    struct nd_message message = { .type = ICMPV6_ROUTER_SOLICITATION };
    struct path path;

    if (local && nd_has_stations(netif)) {
        message.options.present = ND_OPTION_SOURCE_LINK;
        memcpy(message.options.source_link, netif->driver->mac, ETH_ADDRESS_LEN);
    }
    ms_ip_link_path(netif, &path);
    ms_nd_send(&path, local ? local : &unspecified, &ALL_ROUTERS, &message);
}

static void solicit(struct ms_netif *netif)
{
    struct ms_stack *stack = netif->stack;
    struct nd_link *link = link_of(netif);
    uint64_t doubled_us = 2 * (uint64_t)link->interval_us;

    send_solicitation(netif);
    if (netif->solicitations_left > 0)
        netif->solicitations_left--;
    if (netif->solicitations_left > 0)
        link->interval_us = SOLICITATION_INTERVAL_US;
    else
        link->interval_us = (uint32_t)min_u64(doubled_us, SOLICITATION_INTERVAL_MAX_US);
    link->solicit_us =
        stack->now_us + link->interval_us + ms_random_below(&stack->random, link->interval_us / 10);
    if (has_router(link))
        solicitation_stop(netif);
}

void ms_nd_router_expired(struct timer *timer)
{
    struct ms_netif *netif = MS_CONTAINER_OF(timer, struct ms_netif, router_timer);
    struct nd_link *link = link_of(netif);
    uint64_t now_us = netif->stack->now_us;

    for (unsigned i = 0; i < ND_ROUTERS_MAX; i++) {
        if (link->routers[i].until_us && link->routers[i].until_us <= now_us)
            router_remove(netif, &link->routers[i]);
    }
    for (unsigned i = 0; i < ND_ON_LINK_MAX; i++) {
        if (link->on_links[i].until_us && link->on_links[i].until_us <= now_us)
            on_link_remove(netif, &link->on_links[i]);
    }
    if (link->solicit_us && link->solicit_us <= now_us)
        solicit(netif);
    arm(netif);
}

void ms_nd_flush(struct ms_netif *netif)
{
    ms_wheel_disarm(&netif->stack->wheel, &netif->router_timer);
    *link_of(netif) = (struct nd_link){ .solicit_us = 0 };
    netif->autoconfigures = false;
    netif->solicitations_left = 0;
    netif->reachable_time_us = netif->retrans_time_us = 0; /* the usual ones */
}

/* After a while, so that a whole network that was switched on does not ask at once. */
static void solicitation_start(struct ms_netif *netif)
{
    struct ms_stack *stack = netif->stack;

    netif->solicitations_left = SOLICITATIONS;
    link_of(netif)->solicit_us =
        stack->now_us + ms_random_below(&stack->random, SOLICITATION_DELAY_US) + 1;
    arm(netif);
}

void ms_nd_link_up(struct ms_netif *netif)
{
    if (netif->autoconfigures)
        solicitation_start(netif);
}

enum ms_error ms_netif_autoconfigure_ipv6(struct ms_netif *netif)
{
    enum ms_error error;

    if (!netif->driver || netif->driver->mtu < IPV6_MTU_MIN)
        return MS_ERROR_STATE;
    error = ms_nd_make_link_local(netif, true);
    if (error || netif->autoconfigures)
        return error;
    netif->autoconfigures = true;
    solicitation_start(netif);
    return MS_OK;
}
