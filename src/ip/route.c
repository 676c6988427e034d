/* SPDX-License-Identifier: ISC */
/* The routing table: a list sorted by length of prefix, read through once for each new path. */
#include "ip/route.h"

#include "core/assert.h"
#include "core/flow.h"
#include "ip/addr.h"
#include "ip/ip_floor.h"

enum {
    IPV4_IN_MAPPED_BITS = 96,
    ROUTES_ADVERTISED = 12, /* default routers and on-link prefixes of one interface */
};

void ms_route_table_init(struct ms_stack *stack, struct arena *arena)
{
    const struct ms_config *config = &stack->config;
    uint32_t capacity =
        config->routes + config->netifs * (uint32_t)(NETIF_ADDRS + ROUTES_ADVERTISED);
    struct route *routes = ms_arena_take(arena, capacity * sizeof(*routes));

    if (!routes)
        return;
    stack->ip->routes.routes = routes;
    stack->ip->routes.capacity = capacity;
}

static bool is_same(const struct route *a, const struct route *b)
{
    return a->prefix_len == b->prefix_len && a->netif == b->netif && a->origin == b->origin &&
           addr_equal(&a->prefix, &b->prefix) && addr_equal(&a->gateway, &b->gateway);
}

static void mask(struct ms_addr *addr, unsigned bits)
{
    for (unsigned i = 0; i < sizeof(addr->bytes); i++) {
        if (bits < 8)
            addr->bytes[i] &= (uint8_t)(0xff00 >> bits);
        bits = bits < 8 ? 0 : bits - 8;
    }
}

static void remove_at(struct ms_stack *stack, uint32_t i)
{
    struct route_table *table = &stack->ip->routes;

    table->count--;
    memmove(&table->routes[i], &table->routes[i + 1],
            (table->count - i) * sizeof(table->routes[0]));
    ms_paths_changed(stack);
}

/* Each origin has its own share, so that routers' routes leave room for the configured ones. */
static bool is_share_full(const struct ms_stack *stack, const struct route *route)
{
    const struct route_table *table = &stack->ip->routes;
    const uint32_t share[] = {
        [ROUTE_CONFIGURED] = stack->config.routes,
        [ROUTE_ADDRESS] = stack->config.netifs * (uint32_t)NETIF_ADDRS,
        [ROUTE_ADVERTISED] = stack->config.netifs * (uint32_t)ROUTES_ADVERTISED,
    };
    uint32_t count = 0;

    for (uint32_t i = 0; i < table->count; i++)
        count += table->routes[i].origin == route->origin;
    return count >= share[route->origin];
}

enum ms_error ms_route_insert(struct ms_stack *stack, const struct route *route)
{
    struct route_table *table = &stack->ip->routes;
    struct route masked = *route;
    uint32_t at = 0;

    mask(&masked.prefix, masked.prefix_len);
    for (uint32_t i = 0; i < table->count; i++) {
        if (is_same(&table->routes[i], &masked))
            return MS_ERROR_IN_USE;
        if (table->routes[i].prefix_len >= masked.prefix_len)
            at = i + 1;
    }
    if (is_share_full(stack, &masked))
        return MS_ERROR_NO_MEMORY;
    MS_ASSERT(table->count < table->capacity);
    memmove(&table->routes[at + 1], &table->routes[at],
            (table->count - at) * sizeof(table->routes[0]));
    table->routes[at] = masked;
    table->count++;
    ms_paths_changed(stack);
    return MS_OK;
}

bool ms_route_delete(struct ms_stack *stack, const struct route *route)
{
    const struct route_table *table = &stack->ip->routes;
    struct route masked = *route;

    mask(&masked.prefix, masked.prefix_len);
    for (uint32_t i = 0; i < table->count; i++) {
        if (is_same(&table->routes[i], &masked)) {
            remove_at(stack, i);
            return true;
        }
    }
    return false;
}

void ms_route_flush(struct ms_netif *netif)
{
    const struct route_table *table = &netif->stack->ip->routes;

    for (uint32_t i = table->count; i-- > 0;) {
        if (table->routes[i].netif == netif)
            remove_at(netif->stack, i);
    }
}

const struct route *ms_route_find(const struct ms_stack *stack, const struct ms_addr *addr,
                                  const struct ms_netif *pinned)
{
    const struct route_table *table = &stack->ip->routes;
    const struct route *when_down = NULL;
    bool is_ipv4 = addr_is_ipv4(addr);

    for (uint32_t i = 0; i < table->count; i++) {
        const struct route *route = &table->routes[i];

        /* ::/0 covers the mapped form of IPv4, but means IPv6 alone. */
        if ((pinned && route->netif != pinned) || addr_is_ipv4(&route->prefix) != is_ipv4 ||
            !ms_addr_prefix_equal(&route->prefix, addr, route->prefix_len))
            continue;
        if (route->netif->is_up)
            return route;
        if (!when_down)
            when_down = route;
    }
    return when_down;
}

/* Prefix and gateway as the application gives them: lengths of the address's own family. */
static enum ms_error route_of(struct route *route, const struct ms_addr *prefix, uint8_t prefix_len)
{
    bool is_ipv4 = addr_is_ipv4(prefix);

    if (!addr_has_family(prefix) || prefix_len > (is_ipv4 ? 32 : 128))
        return MS_ERROR_INVALID;
    *route = (struct route){
        .prefix = *prefix,
        .prefix_len = (uint8_t)(is_ipv4 ? prefix_len + IPV4_IN_MAPPED_BITS : prefix_len),
        .origin = ROUTE_CONFIGURED,
    };
    return MS_OK;
}

enum ms_error ms_route_add(struct ms_stack *stack, const struct ms_addr *prefix, uint8_t prefix_len,
                           const struct ms_addr *gateway, struct ms_netif *netif)
{
    struct route route;
    enum ms_error error = route_of(&route, prefix, prefix_len);

    if (error)
        return error;
    if (gateway && !addr_is_unspecified(gateway)) {
        if (!addr_has_family(gateway) || addr_is_ipv4(gateway) != addr_is_ipv4(prefix) ||
            addr_is_multicast(gateway))
            return MS_ERROR_INVALID;
        route.gateway = *gateway;
        if (!netif) {
            const struct route *way = ms_route_find(stack, gateway, NULL);

            netif = way ? way->netif : NULL;
        }
    }
    if (!netif)
        return MS_ERROR_INVALID;
    route.netif = netif;
    return ms_route_insert(stack, &route);
}

enum ms_error ms_route_remove(struct ms_stack *stack, const struct ms_addr *prefix,
                              uint8_t prefix_len, struct ms_netif *netif)
{
    const struct route_table *table = &stack->ip->routes;
    struct route wanted;
    enum ms_error error = route_of(&wanted, prefix, prefix_len);

    if (error)
        return error;
    mask(&wanted.prefix, wanted.prefix_len);
    for (uint32_t i = 0; i < table->count; i++) {
        const struct route *route = &table->routes[i];

        if (route->origin == ROUTE_CONFIGURED && route->prefix_len == wanted.prefix_len &&
            (!netif || route->netif == netif) && addr_equal(&route->prefix, &wanted.prefix)) {
            remove_at(stack, i);
            return MS_OK;
        }
    }
    return MS_ERROR_NO_ROUTE;
}
