/* SPDX-License-Identifier: ISC */
/* MLD version 1 (RFC 2710), and queries of version 2 (RFC 3810) as far as version 1 needs them. */
#ifndef WIRE_MLD_H
#define WIRE_MLD_H

#include "core/bytes.h"
#include "core/drop.h"
#include "wire/icmpv6.h"
#include "wire/ipv6.h"

enum { MLD_HEADER_LEN = 24 }; /* ICMPv6 header included */

struct mld_header {
    uint8_t type; /* ICMPV6_MLD_QUERY, _REPORT or _DONE */
    bool is_v2_query;
    uint16_t max_response_code;
    uint16_t source_count; /* of a version 2 query */
    uint8_t group[IPV6_ADDRESS_LEN];
};

/* Takes over where ms_icmpv6_header_parse() stopped; leaves b at the sources of a query. */
enum ms_drop ms_mld_header_parse(struct mld_header *header, const struct icmpv6_header *icmpv6,
                                 struct bytes *b);
/* Writes 24 bytes, the form of version 1, ICMPv6 header included (checksum zero). */
size_t ms_mld_header_emit(const struct mld_header *header, uint8_t *end);
/* How long a query lets its answers be spread. */
uint32_t ms_mld_max_response_ms(const struct mld_header *header);

#endif
