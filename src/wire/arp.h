/* SPDX-License-Identifier: ISC */
/* ARP for IPv4 over Ethernet (RFC 826). */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include "core/bytes.h"
#include "core/drop.h"

enum { ARP_HEADER_LEN = 28 };
enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

/* IP addresses in host order. */
struct arp_header {
    uint16_t operation;
    uint8_t sender_mac[6];
    uint8_t target_mac[6];
    uint32_t sender_ip;
    uint32_t target_ip;
};

enum ms_drop ms_arp_header_parse(struct arp_header *header, struct bytes *b);
size_t ms_arp_header_emit(const struct arp_header *header, uint8_t *end);

#endif
