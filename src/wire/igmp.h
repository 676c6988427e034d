/* SPDX-License-Identifier: ISC */
/* IGMP version 2 (RFC 2236), and queries of version 3 (RFC 3376) as far as version 2 needs them. */
#ifndef WIRE_IGMP_H
#define WIRE_IGMP_H

#include "core/bytes.h"
#include "core/drop.h"

enum { IGMP_HEADER_LEN = 8 };

enum igmp_type {
    IGMP_QUERY = 0x11,
    IGMP_REPORT_V1 = 0x12,
    IGMP_REPORT_V2 = 0x16,
    IGMP_LEAVE = 0x17,
    IGMP_REPORT_V3 = 0x22,
};

/* The group in host order. */
struct igmp_header {
    uint8_t type;
    uint8_t max_response_code;
    bool is_v3_query;
    uint16_t source_count; /* of a version 3 query */
    uint32_t group;
};

/* Leaves b at the sources of a version 3 query, all of which are there, or at what follows. */
enum ms_drop ms_igmp_header_parse(struct igmp_header *header, struct bytes *b);
/* Writes eight bytes, the form of version 2. */
size_t ms_igmp_header_emit(const struct igmp_header *header, uint8_t *end);
/* How long a query lets its answers be spread. */
uint32_t ms_igmp_max_response_ms(const struct igmp_header *header);

#endif
