/* SPDX-License-Identifier: ISC */
/* Ethernet frames with an 802.1Q tag; frames without one never leave wire/eth.h. */
#include "wire/eth.h"

enum { VLAN_ID_MASK = 0xfff, VLAN_PRIORITY_SHIFT = 13 };

enum ms_drop ms_eth_vlan_parse(struct eth_header *header, struct bytes *b)
{
    uint16_t control;

    if (b->len < ETH_HEADER_LEN_MAX)
        return MS_DROP_ETH_RUNT;
    control = load_be16(b->data + 14);
    header->has_vlan = true;
    header->vlan_id = control & VLAN_ID_MASK;
    header->vlan_priority = (uint8_t)(control >> VLAN_PRIORITY_SHIFT);
    header->type = load_be16(b->data + 16);
    if (header->type == ETHERTYPE_VLAN || header->type == ETHERTYPE_SERVICE_VLAN)
        return MS_DROP_ETH_NESTED_VLAN;
    if (header->type < ETHERTYPE_LENGTHS_END)
        return MS_DROP_ETH_UNKNOWN_TYPE;
    bytes_skip(b, ETH_HEADER_LEN_MAX);
    return MS_DROP_NONE;
}

size_t ms_eth_vlan_emit(const struct eth_header *header, uint8_t *end)
{
    uint8_t *p = end - ETH_HEADER_LEN_MAX;
    uint32_t control = (uint32_t)header->vlan_priority << VLAN_PRIORITY_SHIFT;

    memcpy(p, header->dst, ETH_ADDRESS_LEN);
    memcpy(p + 6, header->src, ETH_ADDRESS_LEN);
    store_be16(p + 12, ETHERTYPE_VLAN);
    store_be16(p + 14, (uint16_t)(control | (header->vlan_id & VLAN_ID_MASK)));
    store_be16(p + 16, header->type);
    return ETH_HEADER_LEN_MAX;
}
