/* SPDX-License-Identifier: ISC */
/* In the place of all of IPv6's files, in a build for IPv4 alone: its packets are dropped. */
#include "ip/dad.h"
#include "ip/group.h"
#include "ip/icmp.h"
#include "ip/nd.h"

enum ms_drop ms_ipv6_input(struct packet *p)
{
    (void)p;
    return MS_DROP_IP_BAD_VERSION;
}

enum ms_drop ms_icmpv6_input(struct packet *p, struct icmp_report *report)
{
    (void)p;
    (void)report;
    return MS_DROP_IP_UNKNOWN_PROTOCOL;
}

void ms_nd_init(struct ms_stack *stack, struct arena *arena)
{
    (void)stack;
    (void)arena;
}

void ms_nd_flush(struct ms_netif *netif) { (void)netif; }
void ms_nd_link_up(struct ms_netif *netif) { (void)netif; }
void ms_nd_router_expired(struct timer *timer) { (void)timer; }
void ms_nd_dad_start(struct netif_addr *entry) { (void)entry; }
void ms_nd_dad_expired(struct netif_addr *entry) { (void)entry; }

enum ms_error ms_nd_make_link_local(struct ms_netif *netif, bool probe)
{
    (void)netif;
    (void)probe;
    return MS_ERROR_INVALID;
}

enum ms_error ms_netif_autoconfigure_ipv6(struct ms_netif *netif)
{
    (void)netif;
    return MS_ERROR_INVALID;
}

void ms_mld_send(const struct group *group, bool is_leave)
{
    (void)group;
    (void)is_leave;
}
