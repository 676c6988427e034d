/* SPDX-License-Identifier: ISC */
/* The IPv6 header and its extension headers (RFC 8200). */
#ifndef WIRE_IPV6_H
#define WIRE_IPV6_H

#include "core/bytes.h"
#include "core/drop.h"
#include "wire/ip.h"

enum {
    IPV6_ADDRESS_LEN = 16,
    IPV6_HEADER_LEN = 40,
    IPV6_FRAGMENT_HEADER_LEN = 8,
    IPV6_ROUTER_ALERT_LEN = 8, /* a hop-by-hop header with this option alone */
    IPV6_EXTENSIONS_MAX = 8,
    IPV6_OPTIONS_MAX = 64,
    IPV6_PADDING_MAX = 7,
};

/* Where its fields lie. */
enum {
    IPV6_PAYLOAD_LEN_OFFSET = 4,
    IPV6_NEXT_HEADER_OFFSET = 6,
    IPV6_SRC_OFFSET = 8,
    IPV6_DST_OFFSET = 24,
};

/* ICMPv6 parameter problem codes (RFC 4443, 3.4). */
enum ipv6_problem_code {
    IPV6_PROBLEM_FIELD = 0,
    IPV6_PROBLEM_NEXT_HEADER = 1,
    IPV6_PROBLEM_OPTION = 2,
};

struct ipv6_header {
    uint8_t src[IPV6_ADDRESS_LEN];
    uint8_t dst[IPV6_ADDRESS_LEN];
    uint32_t flow_label;
    uint16_t payload_len;
    uint8_t traffic_class; /* DSCP and ECN */
    uint8_t next_header;
    uint8_t hop_limit;
};

struct ipv6_fragment {
    uint32_t id;
    uint16_t offset_bytes; /* a multiple of 8 */
    bool more;
    uint8_t next_header; /* of the fragmented part */
};

/* Why a packet is refused, when its sender is to be told so. */
struct ipv6_problem {
    bool is_due;
    bool even_to_group; /* also when the packet was sent to a group (RFC 4443, 2.4 e) */
    uint8_t code;       /* enum ipv6_problem_code */
    uint16_t pointer;   /* bytes from the start of the IPv6 header */
};

/*
 * What the extension headers say. Offsets count from the start of the IPv6 header; *_named_at is
 * where the next-header byte lies that announced the header in question.
 */
struct ipv6_extensions {
    uint8_t next_header;
    bool has_fragment;
    bool needs_reassembly; /* the walk stopped behind the fragment header */
    bool has_router_alert;
    uint8_t header_count;
    uint8_t option_count;
    uint16_t next_header_named_at;
    uint16_t payload_offset;
    uint16_t fragment_offset; /* of the fragment header itself */
    uint16_t fragment_named_at;
    struct ipv6_fragment fragment;
    struct ipv6_problem problem;
};

/*
 * Walks from behind the fixed header to the first header that is no extension, or to the payload
 * of a fragment that must be reassembled first. next_header is then what follows; whether that
 * protocol exists is the caller's business. The whole walk is bounded. When a packet is refused,
 * out->problem says whether the sender learns why.
 */
enum ms_drop ms_ipv6_extensions_walk(struct ipv6_extensions *out, uint8_t first_next_header,
                                     struct bytes *b);

/*
 * Goes on after reassembly, with the reassembled bytes: no further fragment or hop-by-hop header
 * is accepted. Offsets go on as if the fragment header had been cut out of the packet.
 */
enum ms_drop ms_ipv6_extensions_resume(struct ipv6_extensions *out, struct bytes *b);

size_t ms_ipv6_fragment_emit(const struct ipv6_fragment *fragment, uint8_t *end);
/* A hop-by-hop header that holds a router alert for MLD (RFC 2711) and padding. */
size_t ms_ipv6_router_alert_emit(uint8_t next_header, uint8_t *end);

/* Is there an extension header to walk, or can the payload be used at once? */
static inline bool ipv6_is_extension(uint8_t next_header)
{
    return next_header == IP_PROTOCOL_HOP_BY_HOP || next_header == IP_PROTOCOL_ROUTING ||
           next_header == IP_PROTOCOL_FRAGMENT || next_header == IP_PROTOCOL_NO_NEXT_HEADER ||
           next_header == IP_PROTOCOL_DESTINATION_OPTIONS;
}

/* Leaves b at the payload, cut to its length: what follows is padding of the link. */
static inline enum ms_drop ms_ipv6_header_parse(struct ipv6_header *header, struct bytes *b)
{
    const uint8_t *p = b->data;
    uint32_t first;

    if (b->len < IPV6_HEADER_LEN)
        return MS_DROP_IPV6_TRUNCATED;
    first = load_be32(p);
    if (first >> 28 != 6)
        return MS_DROP_IP_BAD_VERSION;
    header->traffic_class = (uint8_t)(first >> 20);
    header->flow_label = first & 0xfffff;
    header->payload_len = load_be16(p + 4);
    header->next_header = p[6];
    header->hop_limit = p[7];
    memcpy(header->src, p + 8, IPV6_ADDRESS_LEN);
    memcpy(header->dst, p + 24, IPV6_ADDRESS_LEN);
    if (header->payload_len > b->len - IPV6_HEADER_LEN)
        return MS_DROP_IPV6_TRUNCATED;
    b->data = p + IPV6_HEADER_LEN;
    b->len = header->payload_len;
    return MS_DROP_NONE;
}

/* Writes the header before end and returns its length. */
static inline size_t ms_ipv6_header_emit(const struct ipv6_header *header, uint8_t *end)
{
    uint8_t *p = end - IPV6_HEADER_LEN;
    uint32_t flow_label = header->flow_label & 0xfffff;

    store_be32(p, 6u << 28 | (uint32_t)header->traffic_class << 20 | flow_label);
    store_be16(p + 4, header->payload_len);
    p[6] = header->next_header;
    p[7] = header->hop_limit;
    memcpy(p + 8, header->src, IPV6_ADDRESS_LEN);
    memcpy(p + 24, header->dst, IPV6_ADDRESS_LEN);
    return IPV6_HEADER_LEN;
}

#endif
