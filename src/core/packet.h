/* SPDX-License-Identifier: ISC */
/* A received packet on its climb. It lives on the C stack for one call of ms_netif_input(). */
#ifndef CORE_PACKET_H
#define CORE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/drop.h"
#include "core/flow.h"
#include "core/netif.h"
#include "core/stack.h"
#include "mstack/frame.h"

enum packet_flag {
    PACKET_LINK_GROUP = 1, /* the Ethernet destination was broadcast or multicast */
    PACKET_IP_GROUP = 2,   /* the IP destination is broadcast or multicast */
    PACKET_FRAGMENTED = 4, /* put together from fragments, or an atomic fragment */
    PACKET_LOOPED = 8,     /* sent by this stack to itself */
};

struct packet {
    struct ms_stack *stack;
    struct ms_netif *netif;
    struct ms_frame *frame;
    struct bytes bytes;     /* what is left of the frame's head; headers are read from here */
    uint32_t len;           /* what is left of the packet: of bytes, and of the slices behind it.
                             * Above IP never less than bytes.len: padding was cut off. */
    const uint8_t *network; /* first byte of the IP header */
    struct flow flow;       /* local: IP destination; remote: IP source; ports by the transport */
    bool is_ipv4;
    uint8_t protocol; /* what follows the IP headers */
    uint8_t hop_limit;
    uint8_t traffic_class;
    uint8_t flags;      /* enum packet_flag */
    uint16_t ethertype; /* what the frame says the packet is */
};

static inline bool packet_is_ipv4(const struct packet *p) { return !MS_HAS_IPV6 || p->is_ipv4; }

/* A header was read: n bytes fewer. */
static inline void packet_strip(struct packet *p, uint32_t n)
{
    p->bytes.data += n;
    p->bytes.len -= n;
    p->len -= n;
}

/* One's complement sum of all that is left of the packet, in memory order, folded to 16 bits. */
uint16_t ms_packet_sum(const struct packet *p);
bool ms_packet_checksum_is_right(const struct packet *p);
/* The next bytes in one piece: where they lie, or copied to room, which takes max of them. */
struct bytes ms_packet_gather(const struct packet *p, uint8_t *room, uint32_t max);
/*
 * The run of bytes at `offset` from the start of the frame's head, at most `len` long: a payload is
 * read as a series of these.
 */
static inline struct ms_slice ms_frame_run(const struct ms_frame *frame, uint32_t offset,
                                           uint32_t len)
{
    const struct ms_slice *slice = frame->slices;
    const uint8_t *data = frame->head;
    uint32_t have = frame->head_len;

    while (offset >= have) {
        MS_ASSERT(slice < frame->slices + frame->slice_count);
        offset -= have;
        data = slice->data;
        have = slice->len;
        slice++;
    }
    return (struct ms_slice){ .data = data + offset, .len = min_u32(len, have - offset) };
}

/* Whether the transport checksum over what is left is right, or needs no check. */
static inline bool ms_packet_checksum_ok(const struct packet *p)
{
    return (p->frame->flags & (MS_FRAME_CHECKSUM_VALID | MS_FRAME_CHECKSUM_PARTIAL)) ||
           ms_packet_checksum_is_right(p);
}

#endif
