/* SPDX-License-Identifier: ISC */
/* Neighbour discovery messages to structs and back. */
#include "wire/nd.h"

/* Option types (RFC 4861, 4.6); all others, RDNSS among them, are skipped by their length. */
enum {
    OPTION_SOURCE_LINK = 1,
    OPTION_TARGET_LINK = 2,
    OPTION_PREFIX = 3,
    OPTION_REDIRECTED = 4,
    OPTION_MTU = 5,
};

enum {
    OPTION_UNIT = 8,
    LINK_OPTION_LEN = 8,
    MTU_OPTION_LEN = 8,
    PREFIX_OPTION_LEN = 32,
    REDIRECTED_START_LEN = 8,
    PREFIX_LEN_MAX = 128,
};

static enum ms_drop link_parse(struct nd_options *options, struct bytes option)
{
    const bool is_source = option.data[0] == OPTION_SOURCE_LINK;

    if (option.len != LINK_OPTION_LEN)
        return MS_DROP_ND_MALFORMED;
    options->present |= is_source ? ND_OPTION_SOURCE_LINK : ND_OPTION_TARGET_LINK;
    memcpy(is_source ? options->source_link : options->target_link, option.data + 2,
           ETH_ADDRESS_LEN);
    return MS_DROP_NONE;
}

static void prefix_parse(struct nd_options *options, struct bytes option)
{
    struct nd_prefix *prefix;

    if (option.len != PREFIX_OPTION_LEN || option.data[2] > PREFIX_LEN_MAX ||
        options->prefix_count == ND_PREFIXES_MAX)
        return;
    prefix = &options->prefix[options->prefix_count++];
    prefix->prefix_len = option.data[2];
    prefix->flags = option.data[3] & (ND_PREFIX_ON_LINK | ND_PREFIX_AUTONOMOUS);
    prefix->valid_s = load_be32(option.data + 4);
    prefix->preferred_s = load_be32(option.data + 8);
    memcpy(prefix->prefix, option.data + 16, sizeof(prefix->prefix));
}

static void mtu_parse(struct nd_options *options, struct bytes option)
{
    if (option.len != MTU_OPTION_LEN)
        return;
    options->present |= ND_OPTION_MTU;
    options->mtu = load_be32(option.data + 4);
}

/* option is at least one unit long. */
static enum ms_drop option_parse(struct nd_options *options, struct bytes option)
{
    switch (option.data[0]) {
    case OPTION_SOURCE_LINK:
    case OPTION_TARGET_LINK: return link_parse(options, option);
    case OPTION_PREFIX: prefix_parse(options, option); return MS_DROP_NONE;
    case OPTION_MTU: mtu_parse(options, option); return MS_DROP_NONE;
    case OPTION_REDIRECTED:
        options->present |= ND_OPTION_REDIRECTED;
        bytes_skip(&option, REDIRECTED_START_LEN);
        options->redirected = option;
        return MS_DROP_NONE;
    default: return MS_DROP_NONE;
    }
}

enum ms_drop ms_nd_options_parse(struct nd_options *options, struct bytes *b)
{
    options->present = 0;
    options->prefix_count = 0;
    while (b->len > 0) {
        struct bytes option = { 0 };
        enum ms_drop drop;

        if (b->len < OPTION_UNIT || b->data[1] == 0 ||
            !bytes_take(b, (size_t)b->data[1] * OPTION_UNIT, &option))
            return MS_DROP_ND_MALFORMED;
        drop = option_parse(options, option);
        if (drop)
            return drop;
    }
    return MS_DROP_NONE;
}

static bool router_advertisement_parse(struct nd_message *message, uint32_t rest, struct bytes *b)
{
    struct bytes times = { 0 };

    if (!bytes_take(b, 8, &times))
        return false;
    message->hop_limit = (uint8_t)(rest >> 24);
    message->flags = (uint8_t)(rest >> 16) & (ND_ROUTER_MANAGED | ND_ROUTER_OTHER);
    message->router_lifetime_s = (uint16_t)rest;
    message->reachable_ms = load_be32(times.data);
    message->retransmit_ms = load_be32(times.data + 4);
    return true;
}

static bool address_parse(uint8_t *address, struct bytes *b)
{
    struct bytes taken = { 0 };

    if (!bytes_take(b, IPV6_ADDRESS_LEN, &taken))
        return false;
    memcpy(address, taken.data, IPV6_ADDRESS_LEN);
    return true;
}

static bool neighbor_advertisement_parse(struct nd_message *message, uint32_t rest, struct bytes *b)
{
    const uint8_t known = ND_NEIGHBOR_ROUTER | ND_NEIGHBOR_SOLICITED | ND_NEIGHBOR_OVERRIDE;

    message->flags = (uint8_t)(rest >> 24) & known;
    return address_parse(message->target, b);
}

/* The part between the ICMPv6 header and the options. */
static bool fixed_part_parse(struct nd_message *message, uint32_t rest, struct bytes *b)
{
    switch (message->type) {
    case ICMPV6_ROUTER_SOLICITATION: return true;
    case ICMPV6_ROUTER_ADVERTISEMENT: return router_advertisement_parse(message, rest, b);
    case ICMPV6_NEIGHBOR_SOLICITATION: return address_parse(message->target, b);
    case ICMPV6_NEIGHBOR_ADVERTISEMENT: return neighbor_advertisement_parse(message, rest, b);
    case ICMPV6_REDIRECT:
        return address_parse(message->target, b) && address_parse(message->destination, b);
    default: return false;
    }
}

enum ms_drop ms_nd_message_parse(struct nd_message *message, const struct icmpv6_header *header,
                                 struct bytes *b)
{
    message->type = header->type;
    message->flags = 0;
    if (header->code != 0 || !fixed_part_parse(message, header->rest, b))
        return MS_DROP_ND_MALFORMED;
    return ms_nd_options_parse(&message->options, b);
}

static uint8_t *link_emit(uint8_t type, const uint8_t *address, uint8_t *end)
{
    uint8_t *p = end - LINK_OPTION_LEN;

    p[0] = type;
    p[1] = LINK_OPTION_LEN / OPTION_UNIT;
    memcpy(p + 2, address, ETH_ADDRESS_LEN);
    return p;
}

static uint8_t *prefix_emit(const struct nd_prefix *prefix, uint8_t *end)
{
    uint8_t *p = end - PREFIX_OPTION_LEN;

    p[0] = OPTION_PREFIX;
    p[1] = PREFIX_OPTION_LEN / OPTION_UNIT;
    p[2] = prefix->prefix_len;
    p[3] = prefix->flags;
    store_be32(p + 4, prefix->valid_s);
    store_be32(p + 8, prefix->preferred_s);
    store_be32(p + 12, 0);
    memcpy(p + 16, prefix->prefix, sizeof(prefix->prefix));
    return p;
}

static uint8_t *mtu_emit(uint32_t mtu, uint8_t *end)
{
    uint8_t *p = end - MTU_OPTION_LEN;

    store_be32(p, (uint32_t)OPTION_MTU << 24 | (MTU_OPTION_LEN / OPTION_UNIT) << 16);
    store_be32(p + 4, mtu);
    return p;
}

/* Backwards, so that they come out as source, target, MTU, prefixes in order. */
static uint8_t *options_emit(const struct nd_options *options, uint8_t *p)
{
    for (size_t i = options->prefix_count; i > 0; i--)
        p = prefix_emit(&options->prefix[i - 1], p);
    if (options->present & ND_OPTION_MTU)
        p = mtu_emit(options->mtu, p);
    if (options->present & ND_OPTION_TARGET_LINK)
        p = link_emit(OPTION_TARGET_LINK, options->target_link, p);
    if (options->present & ND_OPTION_SOURCE_LINK)
        p = link_emit(OPTION_SOURCE_LINK, options->source_link, p);
    return p;
}

static uint8_t *address_emit(const uint8_t *address, uint8_t *end)
{
    memcpy(end - IPV6_ADDRESS_LEN, address, IPV6_ADDRESS_LEN);
    return end - IPV6_ADDRESS_LEN;
}

size_t ms_nd_message_emit(const struct nd_message *message, uint8_t *end)
{
    struct icmpv6_header header = { .type = message->type };
    uint8_t *p = options_emit(&message->options, end);

    switch (message->type) {
    case ICMPV6_ROUTER_SOLICITATION: break;
    case ICMPV6_ROUTER_ADVERTISEMENT:
        header.rest = (uint32_t)message->hop_limit << 24 | (uint32_t)message->flags << 16 |
                      message->router_lifetime_s;
        p -= 8;
        store_be32(p, message->reachable_ms);
        store_be32(p + 4, message->retransmit_ms);
        break;
    case ICMPV6_NEIGHBOR_SOLICITATION: p = address_emit(message->target, p); break;
    case ICMPV6_NEIGHBOR_ADVERTISEMENT:
        header.rest = (uint32_t)message->flags << 24;
        p = address_emit(message->target, p);
        break;
    default: return 0;
    }
    p -= ms_icmpv6_header_emit(&header, p);
    return (size_t)(end - p);
}
