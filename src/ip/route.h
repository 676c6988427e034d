/* SPDX-License-Identifier: ISC */
/* Where packets for an address go: the longest prefix wins. */
#ifndef IP_ROUTE_H
#define IP_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/netif.h"
#include "mstack/addr.h"

enum route_origin {
    ROUTE_CONFIGURED, /* ms_route_add() */
    ROUTE_ADDRESS,    /* the prefix of an address of ours */
    ROUTE_ADVERTISED, /* a router's advertisement: default routers and on-link prefixes */
};

struct route {
    struct ms_addr prefix;
    struct ms_addr gateway; /* unspecified: destinations are on the link itself */
    struct ms_netif *netif;
    uint8_t prefix_len; /* of 128, for IPv4 96 more than of 32 */
    uint8_t origin;     /* enum route_origin */
};

/* Sorted: longer prefixes first, among equals the earlier. */
struct route_table {
    struct route *routes;
    uint32_t count, capacity;
};

void ms_route_table_init(struct ms_stack *stack, struct arena *arena);
/* MS_ERROR_IN_USE: the same prefix, interface, gateway and origin is there. */
enum ms_error ms_route_insert(struct ms_stack *stack, const struct route *route);
/* Removes the same prefix, interface, gateway and origin; false: there was none. */
bool ms_route_delete(struct ms_stack *stack, const struct route *route);
/* Removes all routes through an interface that goes. */
void ms_route_flush(struct ms_netif *netif);
/*
 * The route to an address, through `pinned` if that is not NULL; NULL: none. Routes through
 * interfaces that are down count only when there is no other.
 */
const struct route *ms_route_find(const struct ms_stack *stack, const struct ms_addr *addr,
                                  const struct ms_netif *pinned);

#endif
