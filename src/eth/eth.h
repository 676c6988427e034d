/* SPDX-License-Identifier: ISC */
/* Ethernet: is a frame for us, and what is in it; and putting headers in front. */
#ifndef ETH_ETH_H
#define ETH_ETH_H

#include "core/arena.h"
#include "core/assert.h"
#include "core/netif.h"
#include "core/packet.h"

/* Sizes and builds the floor's state: neighbour cache. Called once to measure, once to build. */
void ms_eth_init(struct ms_stack *stack, struct arena *arena);
/*
 * Strips the Ethernet header; *type says what comes next. A priority tag (VLAN 0) is skipped, other
 * VLANs are refused. Groups are accepted all: which were joined, the floor above knows.
 */
enum ms_drop ms_eth_input(struct packet *p, uint16_t *type);
/* Puts a header in front and queues the frame. Takes over the reference. */
void ms_eth_output(struct ms_netif *netif, struct ms_frame *frame, const uint8_t destination[6],
                   uint16_t type);
/* Receives ARP (RFC 826, 5227). */
enum ms_drop ms_arp_input(struct packet *p);

/* Drops a frame that the queue has no room for, and counts it. */
void ms_eth_queue_full(struct ms_netif *netif, struct ms_frame *frame);

/* Queues a frame whose headers are complete; without room it is dropped and counted. */
static inline void ms_eth_queue(struct ms_netif *netif, struct ms_frame *frame)
{
    if (MS_UNLIKELY(ms_netif_queue_room(netif) == 0))
        ms_eth_queue_full(netif, frame);
    else
        ms_netif_queue(netif, frame, ms_frame_len(frame));
}

#endif
