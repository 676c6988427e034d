/* SPDX-License-Identifier: ISC */
/* IPv4 headers with options; headers without never leave wire/ipv4.h. */
#include "wire/ipv4.h"

enum {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_LOOSE_SOURCE_ROUTE = 131,
    OPTION_STRICT_SOURCE_ROUTE = 137,
    OPTION_ROUTER_ALERT = 148,
};

static enum ms_drop option_parse(struct ipv4_header *header, uint8_t kind, struct bytes body)
{
    switch (kind) {
    case OPTION_LOOSE_SOURCE_ROUTE:
    case OPTION_STRICT_SOURCE_ROUTE: return MS_DROP_IPV4_SOURCE_ROUTE;
    case OPTION_ROUTER_ALERT:
        if (body.len != 2)
            return MS_DROP_IPV4_BAD_OPTION;
        header->has_router_alert = true;
        return MS_DROP_NONE;
    default: return MS_DROP_NONE;
    }
}

/* Each turn consumes at least one of at most forty bytes. */
static enum ms_drop options_walk(struct ipv4_header *header, struct bytes options)
{
    while (options.len > 0 && options.data[0] != OPTION_END) {
        struct bytes option = { 0 };
        enum ms_drop drop;
        uint8_t kind = options.data[0];

        if (kind == OPTION_NOP) {
            bytes_skip(&options, 1);
            continue;
        }
        if (options.len < 2 || options.data[1] < 2 ||
            !bytes_take(&options, options.data[1], &option))
            return MS_DROP_IPV4_BAD_OPTION;
        bytes_skip(&option, 2);
        drop = option_parse(header, kind, option);
        if (drop)
            return drop;
    }
    return MS_DROP_NONE;
}

enum ms_drop ms_ipv4_options_parse(struct ipv4_header *header, struct bytes *b)
{
    struct bytes packet = *b;
    struct bytes options = { 0 };
    enum ms_drop drop;
    size_t header_len;

    if (packet.len < IPV4_HEADER_LEN)
        return MS_DROP_IPV4_TRUNCATED;
    if (packet.data[0] >> 4 != 4)
        return MS_DROP_IP_BAD_VERSION;
    header_len = (size_t)(packet.data[0] & 0xf) * 4;
    if (header_len < IPV4_HEADER_LEN)
        return MS_DROP_IPV4_BAD_HEADER_LENGTH;
    ipv4_fixed_part_load(header, packet.data);
    header->header_len = (uint8_t)header_len;
    if (!bytes_trim(&packet, header->total_len))
        return MS_DROP_IPV4_TRUNCATED;
    if (header_len > packet.len)
        return MS_DROP_IPV4_BAD_HEADER_LENGTH;
    bytes_skip(&packet, IPV4_HEADER_LEN);
    bytes_take(&packet, header_len - IPV4_HEADER_LEN, &options);
    drop = options_walk(header, options);
    if (drop)
        return drop;
    *b = packet;
    return MS_DROP_NONE;
}

size_t ms_ipv4_router_alert_emit(const struct ipv4_header *header, uint8_t *end)
{
    const uint8_t words = (IPV4_HEADER_LEN + IPV4_ROUTER_ALERT_LEN) / 4;

    store_be32(end - IPV4_ROUTER_ALERT_LEN, (uint32_t)OPTION_ROUTER_ALERT << 24 | 4 << 16);
    ipv4_fixed_part_store(header, end - words * 4, (uint8_t)(0x40 | words));
    return (size_t)words * 4;
}

static uint16_t long_header_sum(const uint8_t *header, size_t header_len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < header_len; i += 2)
        sum += load_be16(header + i);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

bool ms_ipv4_long_header_sum_ok(const uint8_t *header, size_t header_len)
{
    return long_header_sum(header, header_len) == 0xffff;
}

void ms_ipv4_long_header_sum_store(uint8_t *header, size_t header_len)
{
    store_be16(header + 10, (uint16_t)~long_header_sum(header, header_len));
}
