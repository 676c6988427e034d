/* SPDX-License-Identifier: ISC */
/* An interface: its driver, its addresses, and the frames that wait for the device. */
#ifndef CORE_NETIF_H
#define CORE_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/assert.h"
#include "core/stack.h"
#include "core/wheel.h"
#include "mstack/driver.h"
#include "mstack/stack.h"

enum { NETIF_ADDRS = 8 };

/* One address of an interface. */
struct netif_addr {
    struct ms_addr addr;
    uint8_t prefix_len; /* of 128, also for IPv4 (96 more than of 32) */
    uint8_t state;      /* enum ms_addr_state */
    bool is_used;
    bool is_automatic;
    bool has_route; /* to its prefix; shared with others of that prefix */
    uint8_t probes_left;
    uint8_t attempts; /* addresses tried after duplicates (RFC 7217) */
    uint64_t valid_until_us, preferred_until_us;
    uint64_t defended_us; /* RFC 5227, 2.4: when an address was last defended */
    struct timer timer;   /* TIMER_ADDRESS */
    struct ms_netif *netif;
};

struct ms_netif {
    struct ms_stack *stack;
    struct ms_driver *driver; /* NULL: not attached */
    uint32_t mtu;             /* the driver's, or a smaller one from a router */
    bool is_up;
    bool is_blocked;     /* the driver refused frames last time */
    bool autoconfigures; /* obeys router advertisements */
    uint8_t hop_limit;   /* of packets sent here, 64 until a router says otherwise */
    uint8_t number;      /* in stack->netifs */

    /* Frames for the device, a ring. */
    struct ms_frame **queue;
    uint32_t queue_mask;
    uint32_t queue_head, queue_tail; /* wrap freely; head - tail are queued */

    struct netif_addr addrs[NETIF_ADDRS];
    struct ms_netif_stats stats;

    /* RFC 4861: what routers said, and when to solicit them. Owned by ip/nd.c. */
    struct timer router_timer; /* TIMER_ROUTER */
    uint32_t reachable_time_us, retrans_time_us;
    uint8_t solicitations_left;
};

static inline uint32_t ms_netif_queue_room(const struct ms_netif *netif)
{
    return netif->queue_mask + 1 - (netif->queue_head - netif->queue_tail);
}

/*
 * Takes over the frame, whose bytes are len; the caller has seen that there is room. They count as
 * sent from now on: ms_netif_stats() leaves out those that wait.
 */
static inline void ms_netif_queue(struct ms_netif *netif, struct ms_frame *frame, uint32_t len)
{
    uint32_t head = netif->queue_head;

    MS_ASSERT(ms_netif_queue_room(netif) > 0);
    netif->queue[head & netif->queue_mask] = frame;
    netif->queue_head = head + 1;
    netif->stats.tx_bytes += len;
}

/* Offers what is queued on all interfaces to their drivers; frames that are refused stay. */
void ms_netifs_flush(struct ms_stack *stack);

#endif
