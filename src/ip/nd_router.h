/* SPDX-License-Identifier: ISC */
/* What routers say, and asking them: default routers, prefixes, addresses made from these. */
#ifndef IP_ND_ROUTER_H
#define IP_ND_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/netif.h"
#include "core/packet.h"
#include "ip/ip.h"
#include "mstack/addr.h"
#include "wire/nd.h"

enum { ND_ROUTERS_MAX = 4, ND_ON_LINK_MAX = 8 };

/* A default router; its route goes with it. */
struct nd_router {
    struct ms_addr addr;
    uint64_t until_us; /* 0: free */
};

/* A prefix whose addresses are on the link; its route goes with it. */
struct nd_on_link {
    struct ms_addr prefix;
    uint64_t until_us; /* 0: free; UINT64_MAX: for ever */
    uint8_t prefix_len;
};

/* Of one interface. */
struct nd_link {
    struct nd_router routers[ND_ROUTERS_MAX];
    struct nd_on_link on_links[ND_ON_LINK_MAX];
    uint64_t solicit_us;  /* when the next solicitation is due; 0: none is */
    uint32_t interval_us; /* between the last and the next */
};

/* An advertisement that is valid in itself (RFC 4861, 6.1.2). */
enum ms_drop ms_nd_router_advertised(struct packet *p, const struct nd_message *message);
/* One of the interface's default routers? */
bool ms_nd_is_default_router(const struct ms_netif *netif, const struct ms_addr *addr);

/* Between nd.c, dad.c and nd_router.c. */

/* Is it an interface whose stations have link addresses to be discovered? */
static inline bool nd_has_stations(const struct ms_netif *netif)
{
    return netif->driver->medium == MS_MEDIUM_ETHERNET;
}

/*
 * An address or prefix that a station may have: no group's, and none of those whose upper half is
 * zero, among them :: and ::1, and IPv4's mapped form, which is what our own IPv4 addresses are.
 */
static inline bool nd_is_unicast(const uint8_t *address)
{
    return address[0] != 0xff && load_raw64(address) != 0;
}

/* Adds the checksum, and the header with a hop limit of 255. path is a group's or a station's. */
void ms_nd_send(const struct path *path, const struct ms_addr *local, const struct ms_addr *remote,
                const struct nd_message *message);
/* Tells all nodes of an address of ours (RFC 4861, 7.2.6). */
void ms_nd_announce(const struct netif_addr *entry);

#endif
