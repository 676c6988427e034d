/* SPDX-License-Identifier: ISC */
/* ARP packets to structs and back. */
#include "wire/arp.h"

/* Hardware type 1, protocol type 0x0800, lengths 6 and 4: the only form there is a use for. */
static const uint64_t ETHERNET_IPV4 = 0x000108000604;

enum ms_drop ms_arp_header_parse(struct arp_header *header, struct bytes *b)
{
    const uint8_t *p = b->data;
    uint64_t start;

    if (b->len < ARP_HEADER_LEN)
        return MS_DROP_ARP_MALFORMED;
    start = load_be64(p);
    if (start >> 16 != ETHERNET_IPV4)
        return MS_DROP_ARP_MALFORMED;
    header->operation = (uint16_t)start;
    memcpy(header->sender_mac, p + 8, sizeof(header->sender_mac));
    header->sender_ip = load_be32(p + 14);
    memcpy(header->target_mac, p + 18, sizeof(header->target_mac));
    header->target_ip = load_be32(p + 24);
    bytes_skip(b, ARP_HEADER_LEN);
    return MS_DROP_NONE;
}

size_t ms_arp_header_emit(const struct arp_header *header, uint8_t *end)
{
    uint8_t *p = end - ARP_HEADER_LEN;

    store_be64(p, ETHERNET_IPV4 << 16 | header->operation);
    memcpy(p + 8, header->sender_mac, sizeof(header->sender_mac));
    store_be32(p + 14, header->sender_ip);
    memcpy(p + 18, header->target_mac, sizeof(header->target_mac));
    store_be32(p + 24, header->target_ip);
    return ARP_HEADER_LEN;
}
