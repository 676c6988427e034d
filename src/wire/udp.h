/* SPDX-License-Identifier: ISC */
/* The UDP header (RFC 768). */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include "core/bytes.h"
#include "core/drop.h"

enum { UDP_HEADER_LEN = 8, UDP_CHECKSUM_OFFSET = 6 };

struct udp_header {
    uint16_t src_port;
    uint16_t dst_port;
    uint16_t len;      /* header included */
    uint16_t checksum; /* emitted as it is; 0 means none */
};

/* Leaves b at the payload, cut to the length. */
static inline enum ms_drop ms_udp_header_parse(struct udp_header *header, struct bytes *b)
{
    const uint8_t *p = b->data;

    if (b->len < UDP_HEADER_LEN)
        return MS_DROP_UDP_TRUNCATED;
    header->src_port = (uint16_t)(load_be32(p) >> 16);
    header->dst_port = (uint16_t)load_be32(p);
    header->len = load_be16(p + 4);
    header->checksum = load_be16(p + 6);
    if (header->len < UDP_HEADER_LEN || header->len > b->len)
        return MS_DROP_UDP_BAD_LENGTH;
    b->data = p + UDP_HEADER_LEN;
    b->len = header->len - (size_t)UDP_HEADER_LEN;
    return MS_DROP_NONE;
}

/* Writes the header before end and returns its length. */
static inline size_t ms_udp_header_emit(const struct udp_header *header, uint8_t *end)
{
    uint8_t *p = end - UDP_HEADER_LEN;

    store_be16(p, header->src_port);
    store_be16(p + 2, header->dst_port);
    store_be16(p + 4, header->len);
    store_be16(p + 6, header->checksum);
    return UDP_HEADER_LEN;
}

#endif
