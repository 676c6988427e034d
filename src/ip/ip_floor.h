/* SPDX-License-Identifier: ISC */
/* All that the IP floor remembers. Only files of this folder see it. */
#ifndef IP_IP_FLOOR_H
#define IP_IP_FLOOR_H

#include "core/flow.h"
#include "core/netif.h"
#include "core/stack.h"
#include "ip/echo.h"
#include "ip/group.h"
#include "ip/icmp_limit.h"
#include "ip/loop.h"
#include "ip/nd.h"
#include "ip/path_mtu.h"
#include "ip/reassembly.h"
#include "ip/route.h"

/* The path found last: connections to one place come in rows. */
struct recent_path {
    struct ms_addr wanted, remote; /* asked for */
    struct ms_netif *pinned;
    struct ms_addr local; /* found, with the path */
    struct path path;
};

struct ip_floor {
    struct recent_path recent;
    /*
     * A bit for every address and broadcast address of ours, numbered by its last six bits: a
     * source address whose bit is not set is not ours.
     */
    uint64_t own_bits;
    struct route_table routes;
    struct reassembly_table reassemblies;
    struct path_mtus path_mtus;
    struct groups groups;
    struct icmp_limit icmp_limit;
    struct nd_state nd;
    struct echo_memory echoes;
    ms_echo_fn *on_echo;
    void *on_echo_user;
    struct loop loop;
};

/* False: certainly neither an address nor a broadcast address of ours. */
static inline bool ip_may_be_own(const struct ms_stack *stack, const struct ms_addr *addr)
{
    return stack->ip->own_bits >> (addr->bytes[15] & 63) & 1;
}

/* 127/8 and ::1 */
static inline bool ip_is_loopback(const struct ms_addr *addr)
{
    if (addr_is_ipv4(addr))
        return addr->bytes[12] == 127;
    return load_raw64(addr->bytes) == 0 && load_be64(addr->bytes + 8) == 1;
}

/* Networks of one or two addresses (RFC 3021) have none. */
static inline bool ip_has_broadcast(const struct netif_addr *entry)
{
    return addr_is_ipv4(&entry->addr) && entry->prefix_len < 127;
}

static inline uint32_t ip_broadcast_of(const struct netif_addr *entry)
{
    return addr_ipv4(&entry->addr) | UINT32_MAX >> (entry->prefix_len - 96);
}

/* The Ethernet address of a group, or of all (RFC 1112, 6.4; RFC 2464, 7). */
void ms_ip_group_mac(const struct ms_addr *group, uint8_t mac[6]);
/* The broadcast address of one of the interface's networks. */
bool ms_ip_is_broadcast_of(const struct ms_netif *netif, const struct ms_addr *addr);

#endif
