/* SPDX-License-Identifier: ISC */
/* The IPv4 header (RFC 791). Options are checked and skipped. */
#ifndef WIRE_IPV4_H
#define WIRE_IPV4_H

#include "core/bytes.h"
#include "core/checksum.h"
#include "core/drop.h"
#include "wire/ip.h"

enum {
    IPV4_HEADER_LEN = 20,
    IPV4_HEADER_LEN_MAX = 60,
    IPV4_ROUTER_ALERT_LEN = 4,
};

/* Where its fields lie. */
enum {
    IPV4_TRAFFIC_CLASS_OFFSET = 1,
    IPV4_LEN_OFFSET = 2,
    IPV4_FRAGMENT_FIELD_OFFSET = 6,
    IPV4_TTL_OFFSET = 8,
    IPV4_PROTOCOL_OFFSET = 9,
    IPV4_SRC_OFFSET = 12,
    IPV4_DST_OFFSET = 16,
};

/* Bits of ipv4_header.fragment; the offset counts 8-byte units. */
enum {
    IPV4_DONT_FRAGMENT = 0x4000,
    IPV4_MORE_FRAGMENTS = 0x2000,
    IPV4_FRAGMENT_OFFSET = 0x1fff,
};

/* Addresses in host order. */
struct ipv4_header {
    uint32_t src, dst;
    uint16_t total_len;
    uint16_t id;
    uint16_t fragment;
    uint8_t traffic_class; /* DSCP and ECN */
    uint8_t ttl;
    uint8_t protocol;
    uint8_t header_len;    /* parsed; emitting does not look at it */
    bool has_router_alert; /* the one option that is emitted */
};

static inline bool ipv4_is_fragment(const struct ipv4_header *header)
{
    return header->fragment & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET);
}

/* Of a header as it lies in memory; other than zero: it is a fragment. */
static inline unsigned ipv4_fragment_bits(const uint8_t *header)
{
    uint16_t field;

    memcpy(&field, header + IPV4_FRAGMENT_FIELD_OFFSET, sizeof(field));
    return field & swap_be16(IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET);
}

static inline uint32_t ipv4_fragment_offset_bytes(const struct ipv4_header *header)
{
    return (uint32_t)(header->fragment & IPV4_FRAGMENT_OFFSET) * 8;
}

/* The parts of parsing and emitting that only headers with options need. */
enum ms_drop ms_ipv4_options_parse(struct ipv4_header *header, struct bytes *b);
size_t ms_ipv4_router_alert_emit(const struct ipv4_header *header, uint8_t *end);
bool ms_ipv4_long_header_sum_ok(const uint8_t *header, size_t header_len);
void ms_ipv4_long_header_sum_store(uint8_t *header, size_t header_len);

/* Reads the twenty bytes every header has. */
static inline void ipv4_fixed_part_load(struct ipv4_header *header, const uint8_t *p)
{
    header->traffic_class = p[1];
    header->total_len = load_be16(p + 2);
    header->id = load_be16(p + 4);
    header->fragment = load_be16(p + 6);
    header->ttl = p[8];
    header->protocol = p[9];
    header->src = load_be32(p + 12);
    header->dst = load_be32(p + 16);
    header->has_router_alert = false;
}

/* Writes the twenty bytes every header has, with a checksum of zero. */
static inline void ipv4_fixed_part_store(const struct ipv4_header *header, uint8_t *p,
                                         uint8_t first)
{
    p[0] = first;
    p[1] = header->traffic_class;
    store_be16(p + 2, header->total_len);
    store_be16(p + 4, header->id);
    store_be16(p + 6, header->fragment);
    p[8] = header->ttl;
    p[9] = header->protocol;
    store_be16(p + 10, 0);
    store_be32(p + 12, header->src);
    store_be32(p + 16, header->dst);
}

/*
 * Leaves b at the payload, cut to the total length: what follows is padding of the link. Does not
 * look at the checksum; keep b->data for ms_ipv4_header_sum_ok().
 */
static inline enum ms_drop ms_ipv4_header_parse(struct ipv4_header *header, struct bytes *b)
{
    const uint8_t *p = b->data;

    if (b->len < IPV4_HEADER_LEN)
        return MS_DROP_IPV4_TRUNCATED;
    if (p[0] != 0x45) {
        /* Copies, so that the caller's structs can live in registers on the usual path. */
        struct ipv4_header long_header = { 0 };
        struct bytes rest = *b;
        enum ms_drop drop = ms_ipv4_options_parse(&long_header, &rest);

        *header = long_header;
        *b = rest;
        return drop;
    }
    ipv4_fixed_part_load(header, p);
    header->header_len = IPV4_HEADER_LEN;
    if (header->total_len > b->len)
        return MS_DROP_IPV4_TRUNCATED;
    if (header->total_len < IPV4_HEADER_LEN)
        return MS_DROP_IPV4_BAD_HEADER_LENGTH;
    b->data = p + IPV4_HEADER_LEN;
    b->len = header->total_len - (size_t)IPV4_HEADER_LEN;
    return MS_DROP_NONE;
}

/* Writes the header before end with a checksum of zero and returns its length. */
static inline size_t ms_ipv4_header_emit(const struct ipv4_header *header, uint8_t *end)
{
    if (header->has_router_alert)
        return ms_ipv4_router_alert_emit(header, end);
    ipv4_fixed_part_store(header, end - IPV4_HEADER_LEN, 0x45);
    return IPV4_HEADER_LEN;
}

/* header_len bytes must be there, as they are after a successful parse. */
static inline bool ms_ipv4_header_sum_ok(const uint8_t *header, size_t header_len)
{
    if (header_len != IPV4_HEADER_LEN)
        return ms_ipv4_long_header_sum_ok(header, header_len);
    return ms_checksum_is_whole(ms_checksum_header(header, IPV4_HEADER_LEN));
}

/* Writes the checksum of a header just emitted, whose checksum is still zero. */
static inline void ms_ipv4_header_sum_store(uint8_t *header, size_t header_len)
{
    uint16_t checksum;

    if (header_len != IPV4_HEADER_LEN) {
        ms_ipv4_long_header_sum_store(header, header_len);
        return;
    }
    checksum = ms_checksum_finish(ms_checksum_header(header, IPV4_HEADER_LEN));
    memcpy(header + 10, &checksum, sizeof(checksum));
}

/*
 * Writes a header without options at `at`, its checksum with it. The sum is made of what is still
 * in registers: reading back what was just written in smaller pieces would wait for it.
 */
static inline void ms_ipv4_plain_header_store(const struct ipv4_header *header, uint8_t *at)
{
    const uint32_t word[5] = {
        swap_be32(0x45000000u | (uint32_t)header->traffic_class << 16 | header->total_len),
        swap_be32((uint32_t)header->id << 16 | header->fragment),
        swap_be32((uint32_t)header->ttl << 24 | (uint32_t)header->protocol << 16),
        swap_be32(header->src),
        swap_be32(header->dst),
    };
    uint64_t sum = (uint64_t)word[0] + word[1] + word[2] + word[3] + word[4];
    uint16_t checksum = ms_checksum_finish(sum);

    memcpy(at, &word[0], sizeof(word[0]));
    memcpy(at + 4, &word[1], sizeof(word[1]));
    memcpy(at + 8, &word[2], 2);
    memcpy(at + 10, &checksum, sizeof(checksum));
    memcpy(at + 12, &word[3], sizeof(word[3]));
    memcpy(at + 16, &word[4], sizeof(word[4]));
}

#endif
