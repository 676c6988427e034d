/* SPDX-License-Identifier: ISC */
/* Multicast groups joined, and telling routers of them: IGMPv2 (RFC 2236) and MLDv1 (RFC 2710). */
#ifndef IP_GROUP_H
#define IP_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/netif.h"
#include "core/packet.h"
#include "core/wheel.h"
#include "mstack/addr.h"
#include "wire/icmpv6.h"

/* One group of one interface. */
struct group {
    struct timer timer; /* TIMER_GROUP: the next report */
    struct ms_netif *netif;
    struct ms_addr addr;
    uint32_t joins;
    uint32_t hash_next;
    uint8_t reports_left;  /* unsolicited ones */
    bool is_last_reporter; /* nobody else has told the routers since (RFC 2236, 6) */
};

struct groups {
    struct pool pool;
    uint32_t *buckets;
    uint32_t bucket_mask;
    struct siphash_key key;
};

/* Room for config.groups, and for the solicited-node groups of all addresses. */
void ms_groups_init(struct ms_stack *stack, struct arena *arena);
/* Joined, or one that every node belongs to: 224.0.0.1, ff01::1 and ff02::1. */
bool ms_group_is_joined(const struct ms_netif *netif, const struct ms_addr *addr);
/* Tells the device of the groups that every node belongs to. */
void ms_groups_attach(struct ms_netif *netif);
/* Forgets all of an interface that goes; nothing is sent. */
void ms_groups_flush(struct ms_netif *netif);
/* Routers are to hear of all of a family anew: only now can they, or it is another link. */
void ms_groups_report(struct ms_netif *netif, bool is_ipv4);
/* TIMER_GROUP fired. */
void ms_group_expired(struct timer *timer);

/* Receives IGMP. */
enum ms_drop ms_igmp_input(struct packet *p);
/* Receives MLD; header was stripped, and the checksum is right. */
enum ms_drop ms_mld_input(struct packet *p, const struct icmpv6_header *header);

/* Between group.c, igmp.c and mld.c. */

/* A router asks about a group, or unspecified: about all of that family (RFC 2236, 3). */
void ms_group_queried(struct ms_netif *netif, const struct ms_addr *addr, bool is_ipv4,
                      uint32_t max_response_ms);
/* Another member has told the routers. MS_DROP_GROUP_NOT_JOINED: it is none of ours. */
enum ms_drop ms_group_reported(struct ms_netif *netif, const struct ms_addr *addr);
void ms_igmp_send(const struct group *group, bool is_leave);
void ms_mld_send(const struct group *group, bool is_leave);

#endif
