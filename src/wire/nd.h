/* SPDX-License-Identifier: ISC */
/* The messages of IPv6 neighbour discovery and their options (RFC 4861). */
#ifndef WIRE_ND_H
#define WIRE_ND_H

#include "core/bytes.h"
#include "core/drop.h"
#include "wire/eth.h"
#include "wire/icmpv6.h"
#include "wire/ipv6.h"

enum {
    ND_PREFIXES_MAX = 8, /* more in one advertisement are ignored */
    ND_EMIT_LEN_MAX = 8 + 16 + 2 * 8 + 8 + 32 * ND_PREFIXES_MAX,
};

/* Bits of nd_message.flags, as they lie in the advertisements. */
enum {
    ND_ROUTER_MANAGED = 0x80,
    ND_ROUTER_OTHER = 0x40,
    ND_NEIGHBOR_ROUTER = 0x80,
    ND_NEIGHBOR_SOLICITED = 0x40,
    ND_NEIGHBOR_OVERRIDE = 0x20,
};

/* Bits of nd_prefix.flags. */
enum { ND_PREFIX_ON_LINK = 0x80, ND_PREFIX_AUTONOMOUS = 0x40 };

/* Bits of nd_options.present. */
enum {
    ND_OPTION_SOURCE_LINK = 1,
    ND_OPTION_TARGET_LINK = 2,
    ND_OPTION_MTU = 4,
    ND_OPTION_REDIRECTED = 8,
};

/* 0xffffffff seconds means for ever. */
struct nd_prefix {
    uint8_t prefix[IPV6_ADDRESS_LEN];
    uint32_t valid_s;
    uint32_t preferred_s;
    uint8_t prefix_len; /* 0..128 */
    uint8_t flags;
};

struct nd_options {
    uint8_t present;
    uint8_t prefix_count;
    uint8_t source_link[ETH_ADDRESS_LEN];
    uint8_t target_link[ETH_ADDRESS_LEN];
    uint32_t mtu;
    struct bytes redirected; /* the start of the packet that was redirected */
    struct nd_prefix prefix[ND_PREFIXES_MAX];
};

/* type decides which fields mean something. */
struct nd_message {
    uint8_t type;  /* ICMPV6_ROUTER_SOLICITATION .. ICMPV6_REDIRECT */
    uint8_t flags; /* of either advertisement */
    uint8_t hop_limit;
    uint16_t router_lifetime_s;
    uint32_t reachable_ms;
    uint32_t retransmit_ms;
    uint8_t target[IPV6_ADDRESS_LEN];
    uint8_t destination[IPV6_ADDRESS_LEN]; /* redirect only */
    struct nd_options options;
};

/*
 * Takes over where ms_icmpv6_header_parse() stopped and reads all of b. Refuses code != 0, an
 * option of length 0 or beyond the end, and link addresses that are not Ethernet's; ignores
 * options it does not know and prefixes that no prefix can be.
 */
enum ms_drop ms_nd_message_parse(struct nd_message *message, const struct icmpv6_header *header,
                                 struct bytes *b);

/* Reads all of b; the part of ms_nd_message_parse() that looks at the options. */
enum ms_drop ms_nd_options_parse(struct nd_options *options, struct bytes *b);

/*
 * Writes a solicitation or advertisement, ICMPv6 header included (checksum zero), before end and
 * returns its length. Hosts send no redirects, so none is written: its length is 0.
 */
size_t ms_nd_message_emit(const struct nd_message *message, uint8_t *end);

#endif
