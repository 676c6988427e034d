/* SPDX-License-Identifier: ISC */
/* IPv6 neighbour discovery (RFC 4861): resolution, and who is a router. */
#ifndef IP_ND_H
#define IP_ND_H

#include <stdint.h>

#include "core/arena.h"
#include "core/netif.h"
#include "core/packet.h"
#include "core/random.h"
#include "ip/dad.h"
#include "wire/icmpv6.h"

struct nd_link;

/* What neighbour discovery remembers. */
struct nd_state {
    struct nd_link *links;          /* one an interface: its routers and prefixes */
    struct siphash_key address_key; /* RFC 7217's secret */
};

void ms_nd_init(struct ms_stack *stack, struct arena *arena);
/* Receives all of RFC 4861; header was stripped, and the checksum is right. */
enum ms_drop ms_nd_input(struct packet *p, const struct icmpv6_header *header);
/* ms_neighbor_solicit_fn: asks for a link address. */
void ms_nd_solicit(struct ms_netif *netif, const struct ms_addr *target, const uint8_t *mac,
                   const struct ms_addr *source);
/* ms_neighbor_lost_fn: another default router is to be used, if there is one. */
void ms_nd_router_lost(struct ms_netif *netif, const struct ms_addr *router);
/* TIMER_ROUTER fired. */
void ms_nd_router_expired(struct timer *timer);
/* Routers are solicited anew: it may be another link (RFC 4861, 6.3.7). */
void ms_nd_link_up(struct ms_netif *netif);
/* The interface goes: no more solicitations, its routers and prefixes are forgotten. */
void ms_nd_flush(struct ms_netif *netif);

#endif
