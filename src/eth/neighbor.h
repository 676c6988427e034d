/* SPDX-License-Identifier: ISC */
/*
 * The neighbour cache of both families: ARP's and RFC 4861's, one state machine (RFC 4861, 7.3).
 * Entries are bounded, frames that wait for an answer too.
 */
#ifndef ETH_NEIGHBOR_H
#define ETH_NEIGHBOR_H

#include <stdbool.h>

#include "core/netif.h"
#include "mstack/addr.h"

struct neighbor;

/*
 * Asks for an IPv6 address: mac NULL by multicast, else by unicast to that station. The address
 * that the frame waiting for the answer comes from is preferred as source (RFC 4861, 7.2.2); NULL:
 * any of the interface's.
 */
typedef void ms_neighbor_solicit_fn(struct ms_netif *netif, const struct ms_addr *target,
                                    const uint8_t *mac, const struct ms_addr *source);
/* A neighbour that was a router does not answer any more. */
typedef void ms_neighbor_lost_fn(struct ms_netif *netif, const struct ms_addr *router);

/* ARP is this floor's own; neighbour discovery runs on the floor above, which hangs itself in. */
void ms_neighbor_set_discovery(struct ms_stack *stack, ms_neighbor_solicit_fn *solicit,
                               ms_neighbor_lost_fn *router_lost);

/* A frame, an IP packet still, waited for an answer that does not come: its sender is to know. The
 * frame stays the neighbour cache's. */
typedef void ms_neighbor_unresolved_fn(struct ms_netif *netif, struct ms_frame *frame);
void ms_neighbor_set_unresolved(struct ms_stack *stack, ms_neighbor_unresolved_fn *unresolved);

/*
 * The entry for an on-link address, made if need be: a less useful one is evicted, never one in
 * use. NULL: every entry is in use. Valid until stack->path_generation changes.
 */
struct neighbor *ms_neighbor_get(struct ms_netif *netif, const struct ms_addr *addr);
/* The entry if there is one; nothing is made or changed. */
struct neighbor *ms_neighbor_find(const struct ms_netif *netif, const struct ms_addr *addr);

/*
 * Sends an IP packet there: at once if the address is known, else it waits; of too many the oldest
 * is dropped. The packet's version is that of the neighbour's address. Takes over the reference.
 */
void ms_neighbor_output(struct neighbor *neighbor, struct ms_frame *frame);
/* A protocol above saw progress: the neighbour is reachable (RFC 4861, 7.3.1). O(1), no timer. */
void ms_neighbor_confirm(struct neighbor *neighbor);

/*
 * Somebody told his link address unasked: the source of an ARP request or of an NS, RS, RA, or the
 * target of a redirect (RFC 4861, 7.2.3). Makes an entry, STALE, if there is room without taking
 * one from anybody in use; changes the address of a STALE one. A neighbour known to be reachable
 * elsewhere is not believed but probed there first. May answer NULL.
 */
struct neighbor *ms_neighbor_heard(struct ms_netif *netif, const struct ms_addr *addr,
                                   const uint8_t mac[6]);
/* The same, but never makes an entry: gratuitous ARP. */
void ms_neighbor_moved(struct ms_netif *netif, const struct ms_addr *addr, const uint8_t mac[6]);

struct neighbor_advert {
    const uint8_t *mac; /* NULL: the advertisement has no link address */
    bool is_solicited, is_override, is_router;
};
/*
 * An answer (RFC 4861, 7.2.5; ARP's are solicited overrides). False: nobody asked, nothing was
 * changed.
 */
bool ms_neighbor_advertised(struct ms_netif *netif, const struct ms_addr *addr,
                            const struct neighbor_advert *advert);

bool ms_neighbor_is_router(const struct neighbor *neighbor);
void ms_neighbor_set_router(struct neighbor *neighbor, bool is_router);
/* Has a link address, and nothing says that it is wrong (RFC 4861, 6.3.6). */
bool ms_neighbor_is_usable(const struct neighbor *neighbor);
/* The link address, or NULL while it is unknown. */
const uint8_t *ms_neighbor_mac(const struct neighbor *neighbor);
/* Forgets it; frames that wait are dropped and counted. */
void ms_neighbor_remove(struct neighbor *neighbor);
/* Forgets all of an interface, as when it goes. */
void ms_neighbor_flush(struct ms_netif *netif);
/* TIMER_NEIGHBOR fired. */
void ms_neighbor_expired(struct timer *timer);

#endif
