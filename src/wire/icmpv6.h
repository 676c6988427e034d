/* SPDX-License-Identifier: ISC */
/* The ICMPv6 header (RFC 4443). What follows it is echoed data, a quoted packet, or wire/nd.h's. */
#ifndef WIRE_ICMPV6_H
#define WIRE_ICMPV6_H

#include "core/bytes.h"
#include "core/drop.h"

enum { ICMPV6_HEADER_LEN = 8 };

enum icmpv6_type {
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_PACKET_TOO_BIG = 2,
    ICMPV6_TIME_EXCEEDED = 3,
    ICMPV6_PARAMETER_PROBLEM = 4,
    ICMPV6_FIRST_INFORMATIONAL = 128, /* all types below are errors */
    ICMPV6_ECHO_REQUEST = 128,
    ICMPV6_ECHO_REPLY = 129,
    ICMPV6_MLD_QUERY = 130,
    ICMPV6_MLD_REPORT = 131,
    ICMPV6_MLD_DONE = 132,
    ICMPV6_ROUTER_SOLICITATION = 133,
    ICMPV6_ROUTER_ADVERTISEMENT = 134,
    ICMPV6_NEIGHBOR_SOLICITATION = 135,
    ICMPV6_NEIGHBOR_ADVERTISEMENT = 136,
    ICMPV6_REDIRECT = 137,
    ICMPV6_MLD2_REPORT = 143,
};

enum icmpv6_unreachable_code {
    ICMPV6_UNREACHABLE_NO_ROUTE = 0,
    ICMPV6_UNREACHABLE_PROHIBITED = 1,
    ICMPV6_UNREACHABLE_SCOPE = 2,
    ICMPV6_UNREACHABLE_ADDRESS = 3,
    ICMPV6_UNREACHABLE_PORT = 4,
};

enum icmpv6_time_exceeded_code { ICMPV6_EXCEEDED_TRANSIT = 0, ICMPV6_EXCEEDED_REASSEMBLY = 1 };

/* rest is the second word: identifier and number of an echo, an MTU, a pointer, or flags. */
struct icmpv6_header {
    uint8_t type;
    uint8_t code;
    uint32_t rest;
};

static inline uint16_t icmpv6_echo_id(const struct icmpv6_header *header)
{
    return (uint16_t)(header->rest >> 16);
}

static inline uint16_t icmpv6_echo_number(const struct icmpv6_header *header)
{
    return (uint16_t)header->rest;
}

enum ms_drop ms_icmpv6_header_parse(struct icmpv6_header *header, struct bytes *b);
size_t ms_icmpv6_header_emit(const struct icmpv6_header *header, uint8_t *end);

#endif
