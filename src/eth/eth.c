/* SPDX-License-Identifier: ISC */
/* Ethernet headers: looked at and stripped on the way in, written on the way out. */
#include "eth/eth.h"

#include "core/frame.h"
#include "eth/eth_floor.h"
#include "wire/eth.h"

void ms_eth_init(struct ms_stack *stack, struct arena *arena)
{
    struct eth_floor *floor = ms_arena_take(arena, sizeof(*floor));

    if (floor)
        stack->eth = floor;
    ms_neighbor_init(stack, arena);
}

/* Tags and lengths: what hardly any frame has. */
MS_COLD static enum ms_drop unusual_input(struct packet *p, uint16_t *type)
{
    struct bytes b = p->bytes;
    struct eth_header header;
    enum ms_drop drop = ms_eth_header_parse(&header, &b);

    if (drop == MS_DROP_ETH_RUNT && p->len >= ETH_HEADER_LEN_MAX)
        return MS_DROP_FRAME_NOT_CONTIGUOUS;
    if (drop)
        return drop;
    if (header.has_vlan && header.vlan_id != 0)
        return MS_DROP_ETH_NESTED_VLAN;
    *type = header.type;
    packet_strip(p, (uint32_t)(p->bytes.len - b.len));
    return MS_DROP_NONE;
}

enum ms_drop ms_eth_input(struct packet *p, uint16_t *type)
{
    const uint8_t *at = p->bytes.data;

    if (MS_UNLIKELY(p->bytes.len < ETH_HEADER_LEN))
        return p->len < ETH_HEADER_LEN ? MS_DROP_ETH_RUNT : MS_DROP_FRAME_NOT_CONTIGUOUS;
    if (!eth_is_address(at, p->netif->driver->mac)) {
        if (!eth_is_group(at))
            return MS_DROP_ETH_NOT_FOR_US;
        p->flags |= PACKET_LINK_GROUP;
    }
    if (MS_UNLIKELY(eth_is_group(at + ETH_ADDRESS_LEN)))
        return MS_DROP_ETH_BAD_SOURCE;
    *type = load_be16(at + ETH_TYPE_OFFSET);
    if (MS_UNLIKELY(*type == ETHERTYPE_VLAN || *type < ETHERTYPE_LENGTHS_END))
        return unusual_input(p, type);
    packet_strip(p, ETH_HEADER_LEN);
    return MS_DROP_NONE;
}

MS_COLD void ms_eth_queue_full(struct ms_netif *netif, struct ms_frame *frame)
{
    ms_count_drop(netif->stack, MS_DROP_SEND_QUEUE_FULL);
    ms_frame_discard(frame);
}

void ms_eth_output(struct ms_netif *netif, struct ms_frame *frame, const uint8_t destination[6],
                   uint16_t type)
{
    uint8_t *at = frame->head - ETH_HEADER_LEN;

    memcpy(at, destination, ETH_ADDRESS_LEN);
    memcpy(at + ETH_ADDRESS_LEN, netif->driver->mac, ETH_ADDRESS_LEN);
    store_be16(at + ETH_TYPE_OFFSET, type);
    ms_frame_push(frame, ETH_HEADER_LEN);
    ms_eth_queue(netif, frame);
}
