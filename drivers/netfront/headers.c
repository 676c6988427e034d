/* SPDX-License-Identifier: ISC */
/* Where the transport header of a frame lies, by the bytes themselves and nobody's word. */
#include "inside.h"

#include "../bytes.h"

enum {
    ETH_BYTES = 14,
    ETH_TYPE_AT = 12,
    ETH_TYPE_IPV4 = 0x0800,
    ETH_TYPE_IPV6 = 0x86dd,
    ETH_TYPE_VLAN = 0x8100,
    VLAN_BYTES = 4,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    IPV4_ADDRESSES_AT = 12,
    IPV6_ADDRESSES_AT = 8,
    PORTS_BYTES = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_DESTINATION = 60,
    EXTENSIONS_MAX = 8,
    TCP_BYTES = 20,
    TCP_CHECKSUM_AT = 16,
    UDP_BYTES = 8,
    UDP_CHECKSUM_AT = 6,
};

static bool at_transport(uint32_t at, uint8_t protocol, uint32_t len, struct headers *headers)
{
    headers->is_tcp = protocol == PROTOCOL_TCP;
    headers->transport = at;
    headers->checksum_offset = headers->is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT;
    if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP)
        return false;
    return at + (headers->is_tcp ? TCP_BYTES : UDP_BYTES) <= len;
}

static bool at_ipv4(const uint8_t *bytes, uint32_t at, uint32_t len, struct headers *headers)
{
    uint32_t header_len;

    headers->addresses = at + IPV4_ADDRESSES_AT;
    if (at + IPV4_BYTES > len || bytes[at] >> 4 != 4)
        return false;
    header_len = (bytes[at] & 15u) * 4;
    /* Fragments have no checksum of their own. */
    if (header_len < IPV4_BYTES || (load_be16(bytes + at + 6) & 0x3fff) != 0)
        return false;
    return at_transport(at + header_len, bytes[at + 9], len, headers);
}

static bool at_ipv6(const uint8_t *bytes, uint32_t at, uint32_t len, struct headers *headers)
{
    uint8_t next;

    headers->is_ipv6 = true;
    headers->addresses = at + IPV6_ADDRESSES_AT;
    if (at + IPV6_BYTES > len || bytes[at] >> 4 != 6)
        return false;
    next = bytes[at + 6];
    at += IPV6_BYTES;
    for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
        if (next != PROTOCOL_HOP_BY_HOP && next != PROTOCOL_ROUTING && next != PROTOCOL_DESTINATION)
            return at_transport(at, next, len, headers);
        if (at + 8 > len)
            return false;
        next = bytes[at];
        at += (bytes[at + 1] + 1u) * 8;
    }
    return false;
}

bool ms_netfront_headers(const uint8_t *bytes, uint32_t len, struct headers *headers)
{
    uint32_t at = ETH_BYTES;
    uint16_t type;

    *headers = (struct headers){ .transport = 0 };
    if (len < ETH_BYTES + VLAN_BYTES)
        return false;
    type = load_be16(bytes + ETH_TYPE_AT);
    if (type == ETH_TYPE_VLAN) {
        type = load_be16(bytes + ETH_TYPE_AT + VLAN_BYTES);
        at += VLAN_BYTES;
    }
    if (type == ETH_TYPE_IPV4)
        return at_ipv4(bytes, at, len, headers);
    return type == ETH_TYPE_IPV6 && at_ipv6(bytes, at, len, headers);
}

uint32_t ms_netfront_flow_hash(const uint8_t *bytes, uint32_t len)
{
    uint32_t hash = UINT32_C(2166136261), addresses_len;
    struct headers headers;

    if (!ms_netfront_headers(bytes, len, &headers))
        return 0;
    addresses_len = headers.is_ipv6 ? 32 : 8;
    for (uint32_t i = 0; i < addresses_len; i++)
        hash = (hash ^ bytes[headers.addresses + i]) * UINT32_C(16777619);
    for (uint32_t i = 0; i < PORTS_BYTES; i++)
        hash = (hash ^ bytes[headers.transport + i]) * UINT32_C(16777619);
    /* FNV-1a's low bits alone tell little. */
    hash = (hash ^ hash >> 15) * UINT32_C(0x9e3779b1);
    return hash ^ hash >> 16;
}
