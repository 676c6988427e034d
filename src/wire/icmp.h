/* SPDX-License-Identifier: ISC */
/* The ICMP header (RFC 792). What follows it is the echoed data or the quoted packet. */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include "core/bytes.h"
#include "core/drop.h"

enum { ICMP_HEADER_LEN = 8 };

enum icmp_type {
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_SOURCE_QUENCH = 4,
    ICMP_REDIRECT = 5,
    ICMP_ECHO_REQUEST = 8,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12,
};

enum icmp_unreachable_code {
    ICMP_UNREACHABLE_NET = 0,
    ICMP_UNREACHABLE_HOST = 1,
    ICMP_UNREACHABLE_PROTOCOL = 2,
    ICMP_UNREACHABLE_PORT = 3,
    ICMP_UNREACHABLE_FRAGMENTATION = 4,
    ICMP_UNREACHABLE_SOURCE_ROUTE = 5,
};

enum icmp_time_exceeded_code { ICMP_EXCEEDED_TRANSIT = 0, ICMP_EXCEEDED_REASSEMBLY = 1 };

/* rest is the second word: identifier and number of an echo, MTU of "fragmentation needed". */
struct icmp_header {
    uint8_t type;
    uint8_t code;
    uint32_t rest;
};

static inline uint16_t icmp_echo_id(const struct icmp_header *header)
{
    return (uint16_t)(header->rest >> 16);
}

static inline uint16_t icmp_echo_number(const struct icmp_header *header)
{
    return (uint16_t)header->rest;
}

static inline uint16_t icmp_next_hop_mtu(const struct icmp_header *header)
{
    return (uint16_t)header->rest;
}

enum ms_drop ms_icmp_header_parse(struct icmp_header *header, struct bytes *b);
size_t ms_icmp_header_emit(const struct icmp_header *header, uint8_t *end);

#endif
