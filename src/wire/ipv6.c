/* SPDX-License-Identifier: ISC */
/* The one walker of IPv6 extension headers, and the two of them that are sent. */
#include "wire/ipv6.h"

enum {
    OPTION_PAD1 = 0,
    OPTION_PADN = 1,
    OPTION_ROUTER_ALERT = 5,
};

/* The upper two bits of an option type: what to do when it is unknown (RFC 8200, 4.2). */
enum {
    ACTION_SHIFT = 6,
    ACTION_SKIP = 0,
    ACTION_DISCARD = 1,
    ACTION_REPORT = 2,
    ACTION_REPORT_UNLESS_GROUP = 3,
};

enum { FRAGMENT_MORE = 1, FRAGMENT_OFFSET_MASK = 0xfff8 };

/* Where the walk is: b lies at offset bytes from the start of the IPv6 header. */
struct place {
    struct bytes b;
    size_t offset;
};

static enum ms_drop refuse(struct ipv6_extensions *out, enum ipv6_problem_code code, size_t pointer,
                           enum ms_drop drop)
{
    out->problem.is_due = true;
    out->problem.code = (uint8_t)code;
    out->problem.pointer = (uint16_t)pointer;
    return drop;
}

static enum ms_drop unknown_option(struct ipv6_extensions *out, const struct place *option)
{
    switch (option->b.data[0] >> ACTION_SHIFT) {
    case ACTION_SKIP: return MS_DROP_NONE;
    case ACTION_DISCARD: return MS_DROP_IPV6_BAD_OPTION;
    case ACTION_REPORT: out->problem.even_to_group = true; break;
    case ACTION_REPORT_UNLESS_GROUP:
    default: break;
    }
    return refuse(out, IPV6_PROBLEM_OPTION, option->offset, MS_DROP_IPV6_BAD_OPTION);
}

/* A jumbo payload is unknown too, and its type asks for a report. option is all there. */
static enum ms_drop option_parse(struct ipv6_extensions *out, const struct place *option,
                                 bool is_hop_by_hop)
{
    if (option->b.data[0] != OPTION_ROUTER_ALERT || !is_hop_by_hop)
        return unknown_option(out, option);
    if (option->b.len != 4)
        return MS_DROP_IPV6_BAD_OPTION;
    out->has_router_alert = true;
    return MS_DROP_NONE;
}

/* Cuts the next option off; false when it does not fit. Pad1 alone has no length byte. */
static bool option_take(struct place *rest, struct place *option)
{
    size_t len = 1;

    if (rest->b.data[0] != OPTION_PAD1) {
        if (rest->b.len < 2)
            return false;
        len = (size_t)rest->b.data[1] + 2;
    }
    option->offset = rest->offset;
    rest->offset += len;
    return bytes_take(&rest->b, len, &option->b);
}

/* rest is what follows next header and length. Nobody needs more than seven bytes to align. */
static enum ms_drop options_walk(struct ipv6_extensions *out, struct place rest, bool is_hop_by_hop)
{
    size_t padding = 0;

    while (rest.b.len > 0) {
        struct place option = { 0 };
        enum ms_drop drop = MS_DROP_NONE;

        if (out->option_count == IPV6_OPTIONS_MAX)
            return MS_DROP_IPV6_TOO_MANY_HEADERS;
        out->option_count++;
        if (!option_take(&rest, &option))
            return MS_DROP_IPV6_BAD_OPTION;
        if (option.b.data[0] <= OPTION_PADN) {
            padding += option.b.len;
            if (padding > IPV6_PADDING_MAX)
                return MS_DROP_IPV6_BAD_OPTION;
            continue;
        }
        padding = 0;
        drop = option_parse(out, &option, is_hop_by_hop);
        if (drop)
            return drop;
    }
    return MS_DROP_NONE;
}

static enum ms_drop fragment_parse(struct ipv6_extensions *out, struct place *at)
{
    const uint8_t *p = at->b.data;
    uint16_t offset_and_flags;

    if (at->b.len < IPV6_FRAGMENT_HEADER_LEN)
        return MS_DROP_IPV6_TRUNCATED;
    if (out->has_fragment)
        return MS_DROP_IPV6_BAD_EXTENSION;
    offset_and_flags = load_be16(p + 2);
    out->has_fragment = true;
    out->fragment_offset = (uint16_t)at->offset;
    out->fragment_named_at = out->next_header_named_at;
    out->fragment.next_header = p[0];
    out->fragment.offset_bytes = offset_and_flags & FRAGMENT_OFFSET_MASK;
    out->fragment.more = offset_and_flags & FRAGMENT_MORE;
    out->fragment.id = load_be32(p + 4);
    /* An atomic fragment is a whole packet: it meets no queue (RFC 6946). */
    out->needs_reassembly = out->fragment.more || out->fragment.offset_bytes != 0;
    out->next_header_named_at = (uint16_t)at->offset;
    out->next_header = p[0];
    bytes_skip(&at->b, IPV6_FRAGMENT_HEADER_LEN);
    at->offset += IPV6_FRAGMENT_HEADER_LEN;
    return MS_DROP_NONE;
}

/* What routing and options headers share: next header, length in units of 8 but the first. */
static enum ms_drop extension_take(struct ipv6_extensions *out, struct place *at,
                                   struct place *extension)
{
    size_t len;

    if (at->b.len < 2)
        return MS_DROP_IPV6_TRUNCATED;
    len = ((size_t)at->b.data[1] + 1) * 8;
    if (!bytes_take(&at->b, len, &extension->b))
        return MS_DROP_IPV6_TRUNCATED;
    extension->offset = at->offset;
    at->offset += len;
    out->next_header_named_at = (uint16_t)extension->offset;
    out->next_header = extension->b.data[0];
    return MS_DROP_NONE;
}

static enum ms_drop extension_parse(struct ipv6_extensions *out, struct place *at)
{
    const uint8_t type = out->next_header;
    struct place extension = { 0 };
    enum ms_drop drop;

    if (type == IP_PROTOCOL_FRAGMENT)
        return fragment_parse(out, at);
    if (type == IP_PROTOCOL_HOP_BY_HOP && out->header_count > 1)
        return refuse(out, IPV6_PROBLEM_NEXT_HEADER, out->next_header_named_at,
                      MS_DROP_IPV6_BAD_EXTENSION);
    drop = extension_take(out, at, &extension);
    if (drop)
        return drop;
    if (type == IP_PROTOCOL_ROUTING) {
        /* No type of routing is known, so only one that is done may be skipped (RFC 8200, 4.4). */
        if (extension.b.data[3] != 0)
            return refuse(out, IPV6_PROBLEM_FIELD, extension.offset + 2,
                          MS_DROP_IPV6_ROUTING_HEADER);
        return MS_DROP_NONE;
    }
    bytes_skip(&extension.b, 2);
    extension.offset += 2;
    return options_walk(out, extension, type == IP_PROTOCOL_HOP_BY_HOP);
}

static enum ms_drop walk(struct ipv6_extensions *out, struct bytes *b)
{
    struct place at = { .b = *b, .offset = out->payload_offset };

    while (!out->needs_reassembly && ipv6_is_extension(out->next_header)) {
        enum ms_drop drop;

        if (out->next_header == IP_PROTOCOL_NO_NEXT_HEADER)
            return MS_DROP_IPV6_NO_NEXT_HEADER;
        if (out->header_count == IPV6_EXTENSIONS_MAX)
            return MS_DROP_IPV6_TOO_MANY_HEADERS;
        out->header_count++;
        drop = extension_parse(out, &at);
        if (drop)
            return drop;
    }
    out->payload_offset = (uint16_t)at.offset;
    *b = at.b;
    return MS_DROP_NONE;
}

enum ms_drop ms_ipv6_extensions_walk(struct ipv6_extensions *out, uint8_t first_next_header,
                                     struct bytes *b)
{
    *out = (struct ipv6_extensions){
        .next_header = first_next_header,
        .next_header_named_at = IPV6_NEXT_HEADER_OFFSET,
        .payload_offset = IPV6_HEADER_LEN,
    };
    return walk(out, b);
}

enum ms_drop ms_ipv6_extensions_resume(struct ipv6_extensions *out, struct bytes *b)
{
    out->needs_reassembly = false;
    out->next_header = out->fragment.next_header;
    out->next_header_named_at = out->fragment_named_at;
    out->payload_offset = out->fragment_offset;
    return walk(out, b);
}

size_t ms_ipv6_fragment_emit(const struct ipv6_fragment *fragment, uint8_t *end)
{
    uint8_t *p = end - IPV6_FRAGMENT_HEADER_LEN;

    p[0] = fragment->next_header;
    p[1] = 0;
    store_be16(p + 2, (uint16_t)((fragment->offset_bytes & FRAGMENT_OFFSET_MASK) | fragment->more));
    store_be32(p + 4, fragment->id);
    return IPV6_FRAGMENT_HEADER_LEN;
}

size_t ms_ipv6_router_alert_emit(uint8_t next_header, uint8_t *end)
{
    const uint8_t header[IPV6_ROUTER_ALERT_LEN] = {
        next_header, 0, OPTION_ROUTER_ALERT, 2, 0, 0, OPTION_PADN, 0,
    };

    memcpy(end - sizeof(header), header, sizeof(header));
    return sizeof(header);
}
