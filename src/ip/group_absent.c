/* SPDX-License-Identifier: ISC */
/* In the place of groups and IGMP: a node is a member of 224.0.0.1, which nobody is told, alone. */
#include "ip/group.h"

#include "core/flow.h"

void ms_groups_init(struct ms_stack *stack, struct arena *arena)
{
    (void)stack;
    (void)arena;
}

bool ms_group_is_joined(const struct ms_netif *netif, const struct ms_addr *addr)
{
    (void)netif;
    return addr_ipv4(addr) == 0xe0000001;
}

void ms_groups_attach(struct ms_netif *netif) { (void)netif; }

void ms_groups_flush(struct ms_netif *netif) { (void)netif; }

void ms_groups_report(struct ms_netif *netif, bool is_ipv4)
{
    (void)netif;
    (void)is_ipv4;
}

void ms_group_expired(struct timer *timer) { (void)timer; }

enum ms_drop ms_igmp_input(struct packet *p)
{
    (void)p;
    return MS_DROP_GROUP_NOT_JOINED;
}

enum ms_error ms_group_join(struct ms_netif *netif, const struct ms_addr *addr)
{
    (void)netif;
    (void)addr;
    return MS_ERROR_NO_MEMORY;
}

enum ms_error ms_group_leave(struct ms_netif *netif, const struct ms_addr *addr)
{
    (void)netif;
    (void)addr;
    return MS_ERROR_INVALID;
}
