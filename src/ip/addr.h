/* SPDX-License-Identifier: ISC */
/* The addresses of an interface: their life, from tentative to gone, and which is a source. */
#ifndef IP_ADDR_H
#define IP_ADDR_H

#include "core/netif.h"
#include "ip/ip.h"

struct addr_options {
    const struct ms_addr *addr;
    uint8_t prefix_len; /* of 128, for IPv4 96 more than of 32 */
    bool probe;         /* tentative until nobody else was found to use it */
    bool is_automatic;
    bool adds_route;                             /* its prefix is on the link */
    uint64_t valid_until_us, preferred_until_us; /* UINT64_MAX: for ever */
};

/*
 * Adds an address: route to its prefix, solicited-node group (IPv6), probing or announcing. *out
 * may be NULL. MS_ERROR_IN_USE: the interface has it already.
 */
enum ms_error ms_addr_add(struct ms_netif *netif, const struct addr_options *options,
                          struct netif_addr **out);
void ms_addr_remove(struct netif_addr *entry);
/* In whatever state it is; NULL: the interface does not have it. */
struct netif_addr *ms_addr_find(struct ms_netif *netif, const struct ms_addr *addr);
/* Duplicate address detection found nobody: the address is used from now on. */
void ms_addr_verified(struct netif_addr *entry);
/* Another station has it (RFC 4862, 5.4.5): it is used no more. Counts the conflict. */
void ms_addr_duplicate(struct netif_addr *entry);
/* New lifetimes (RFC 4862, 5.5.3); what has run out is deprecated or removed by the timer. */
void ms_addr_set_lifetimes(struct netif_addr *entry, uint64_t valid_until_us,
                           uint64_t preferred_until_us);
/*
 * The interface came up, or went down: detection of duplicates begins anew, or waits; routers hear
 * of us again.
 */
void ms_addr_link_changed(struct ms_netif *netif);
/* TIMER_ADDRESS fired. */
void ms_addr_expired(struct timer *timer);

/* The interface's IPv6 link-local address that is in use, or NULL. */
const struct ms_addr *ms_addr_link_local(const struct ms_netif *netif);
/* The source for a packet that leaves through netif (RFC 6724, 5; IPv4: near the next hop). NULL:
 * the interface has no usable address of that family. */
const struct netif_addr *ms_addr_select_source(const struct ms_netif *netif,
                                               const struct ms_addr *remote,
                                               const struct ms_addr *next_hop);
/* ff02::1:ffXX:XXXX (RFC 4291, 2.7.1). */
struct ms_addr ms_addr_solicited_node(const struct ms_addr *addr);
/* Do the first `bits` of both agree? */
bool ms_addr_prefix_equal(const struct ms_addr *a, const struct ms_addr *b, unsigned bits);

/* Neither tentative nor another station's; a free place counts as tentative. */
static inline bool ms_addr_is_usable(const struct netif_addr *entry)
{
    return entry->state == MS_ADDR_PREFERRED || entry->state == MS_ADDR_DEPRECATED;
}

#endif
