/* SPDX-License-Identifier: ISC */
/* The Ethernet header, with at most one 802.1Q tag. */
#ifndef WIRE_ETH_H
#define WIRE_ETH_H

#include "core/bytes.h"
#include "core/drop.h"

enum {
    ETH_ADDRESS_LEN = 6,
    ETH_TYPE_OFFSET = 12,
    ETH_HEADER_LEN = 14,
    ETH_VLAN_TAG_LEN = 4,
    ETH_HEADER_LEN_MAX = ETH_HEADER_LEN + ETH_VLAN_TAG_LEN,
    ETH_FRAME_LEN_MIN = 60, /* without the frame check sequence */
};

enum ethertype {
    ETHERTYPE_LENGTHS_END = 1536, /* anything below is an 802.3 length */
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_ARP = 0x0806,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_SERVICE_VLAN = 0x88a8,
};

struct eth_header {
    uint8_t dst[ETH_ADDRESS_LEN];
    uint8_t src[ETH_ADDRESS_LEN];
    uint16_t type;
    uint16_t vlan_id; /* this and vlan_priority mean something only when has_vlan */
    uint8_t vlan_priority;
    bool has_vlan;
};

/* The group bit: multicast and broadcast. */
static inline bool eth_is_group(const uint8_t *address) { return address[0] & 1; }

static inline bool eth_is_address(const uint8_t *at, const uint8_t *address)
{
    return ((load_native32(at) ^ load_native32(address)) |
            (load_native32(at + 2) ^ load_native32(address + 2))) == 0;
}

/* The rest of parsing a tagged header; data is not yet moved. */
enum ms_drop ms_eth_vlan_parse(struct eth_header *header, struct bytes *b);
size_t ms_eth_vlan_emit(const struct eth_header *header, uint8_t *end);

static inline enum ms_drop ms_eth_header_parse(struct eth_header *header, struct bytes *b)
{
    const uint8_t *p = b->data;

    if (b->len < ETH_HEADER_LEN)
        return MS_DROP_ETH_RUNT;
    memcpy(header->dst, p, ETH_ADDRESS_LEN);
    memcpy(header->src, p + 6, ETH_ADDRESS_LEN);
    header->type = load_be16(p + 12);
    header->has_vlan = false;
    if (header->type == ETHERTYPE_VLAN)
        return ms_eth_vlan_parse(header, b);
    if (header->type < ETHERTYPE_LENGTHS_END)
        return MS_DROP_ETH_UNKNOWN_TYPE;
    b->data += ETH_HEADER_LEN;
    b->len -= ETH_HEADER_LEN;
    return MS_DROP_NONE;
}

/* Writes the header before end and returns its length. */
static inline size_t ms_eth_header_emit(const struct eth_header *header, uint8_t *end)
{
    uint8_t *p = end - ETH_HEADER_LEN;

    if (header->has_vlan)
        return ms_eth_vlan_emit(header, end);
    memcpy(p, header->dst, ETH_ADDRESS_LEN);
    memcpy(p + 6, header->src, ETH_ADDRESS_LEN);
    store_be16(p + 12, header->type);
    return ETH_HEADER_LEN;
}

#endif
