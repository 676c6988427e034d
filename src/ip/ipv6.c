/* SPDX-License-Identifier: ISC */
/* IPv6 packets received (RFC 8200): is it sound, is it for us, what is in it. */
#include "wire/ipv6.h"

#include "ip/addr.h"
#include "ip/icmp.h"
#include "ip/ip.h"
#include "ip/ip_floor.h"
#include "ip/reassembly.h"

enum { IPV6_FRAGMENT_OFFSET_OFFSET = 2 };

/* The upper half is zero: unspecified, loopback, or an IPv4 address in disguise. */
static inline bool is_low(const struct ms_addr *addr) { return load_raw64(addr->bytes) == 0; }

static inline bool is_all_zero(const struct ms_addr *addr)
{
    return is_low(addr) && load_raw64(addr->bytes + 8) == 0;
}

/* What only packets from ourselves may have, and what only neighbour discovery and MLD may. */
MS_COLD static enum ms_drop check_source(const struct packet *p)
{
    const struct ms_addr *src = &p->flow.remote;

    if (p->flags & PACKET_LOOPED)
        return MS_DROP_NONE;
    if (src->bytes[0] == 0xff || (is_low(src) && !is_all_zero(src)))
        return MS_DROP_IP_BAD_SOURCE;
    return ms_ip_is_own(p->stack, src) ? MS_DROP_IP_OWN_ADDRESS : MS_DROP_NONE;
}

/*
 * Strong host model, as for IPv4. An address still tentative is nobody's, but its solicited-node
 * group is joined already, through which others' probes come.
 */
static enum ms_drop check_destination(struct packet *p)
{
    const struct ms_addr *dst = &p->flow.local;
    const struct netif_addr *entry;

    if (dst->bytes[0] == 0xff) {
        if (!ms_group_is_joined(p->netif, dst))
            return MS_DROP_IP_NOT_FOR_US;
        p->flags |= PACKET_IP_GROUP;
        return MS_DROP_NONE;
    }
    if (p->flags & PACKET_LOOPED)
        return ms_ip_is_own(p->stack, dst) ? MS_DROP_NONE : MS_DROP_IP_NOT_FOR_US;
    if (is_low(dst))
        return MS_DROP_IP_NOT_FOR_US;
    entry = ms_addr_find(p->netif, dst);
    return entry && ms_addr_is_usable(entry) ? MS_DROP_NONE : MS_DROP_IP_NOT_FOR_US;
}

static inline enum ms_drop check_addresses(struct packet *p)
{
    const struct ms_addr *src = &p->flow.remote;
    enum ms_drop drop = MS_DROP_NONE;

    if (MS_UNLIKELY(is_low(src) || src->bytes[0] == 0xff || ip_may_be_own(p->stack, src)))
        drop = check_source(p);
    return drop ? drop : check_destination(p);
}

/* The sender learns why, unless the packet was for a group and the reason is none for that. */
static void report(struct packet *p, const struct ipv6_problem *problem)
{
    enum icmp_error error = ICMP_ERROR_PARAMETER_HEADER;

    if (!problem->is_due || ((p->flags & PACKET_IP_GROUP) && !problem->even_to_group))
        return;
    if (problem->code == IPV6_PROBLEM_OPTION)
        error = ICMP_ERROR_PARAMETER_OPTION;
    else if (problem->code == IPV6_PROBLEM_NEXT_HEADER)
        error = ICMP_ERROR_PROTOCOL_UNREACHABLE;
    ms_icmp_send_error(p, error, problem->pointer);
}

/* What the walk read is stripped; a header beyond the first piece is not truncated, but no good. */
static enum ms_drop walked(struct packet *p, const struct ipv6_extensions *extensions,
                           const struct bytes *rest, enum ms_drop drop)
{
    if (drop == MS_DROP_IPV6_TRUNCATED && p->bytes.len < p->len)
        return MS_DROP_FRAME_NOT_CONTIGUOUS;
    if (drop) {
        report(p, &extensions->problem);
        return drop;
    }
    p->protocol = extensions->next_header;
    packet_strip(p, (uint32_t)(p->bytes.len - rest->len));
    return MS_DROP_NONE;
}

/* RFC 8200, 4.5: a length that is no multiple of eight, or an offset beyond any packet. */
static void report_fragment(struct packet *p, const struct ipv6_extensions *extensions)
{
    bool is_length = extensions->fragment.more && p->len % 8 != 0;
    uint32_t pointer = is_length
                           ? (uint32_t)IPV6_PAYLOAD_LEN_OFFSET
                           : extensions->fragment_offset + (uint32_t)IPV6_FRAGMENT_OFFSET_OFFSET;

    if (!(p->flags & PACKET_IP_GROUP))
        ms_icmp_send_error(p, ICMP_ERROR_PARAMETER_HEADER, pointer);
}

/* The headers of a datagram that has just become whole: none may be a fragment again. */
static enum ms_drop resume(struct packet *p)
{
    struct bytes rest = p->bytes;
    struct ipv6_extensions extensions = {
        .has_fragment = true,
        .header_count = 1,
        .fragment = { .next_header = p->protocol },
        .fragment_offset = IPV6_HEADER_LEN,
        .fragment_named_at = IPV6_NEXT_HEADER_OFFSET,
    };
    enum ms_drop drop = ms_ipv6_extensions_resume(&extensions, &rest);

    return walked(p, &extensions, &rest, drop);
}

static enum ms_drop fragment_input(struct packet *p, const struct ipv6_extensions *extensions)
{
    const struct fragment fragment = {
        .id = extensions->fragment.id,
        .offset_bytes = extensions->fragment.offset_bytes,
        .more = extensions->fragment.more,
        .protocol = extensions->fragment.next_header,
    };
    enum ms_drop drop = ms_reassembly_input(p, &fragment);

    if (drop == MS_DROP_FRAGMENT_MALFORMED)
        report_fragment(p, extensions);
    if (drop || p->protocol == IP_PROTOCOL_NONE)
        return drop;
    return resume(p);
}

MS_COLD static enum ms_drop extensions_input(struct packet *p)
{
    struct bytes rest = p->bytes;
    struct ipv6_extensions extensions;
    enum ms_drop drop = ms_ipv6_extensions_walk(&extensions, p->protocol, &rest);

    drop = walked(p, &extensions, &rest, drop);
    if (drop || !extensions.has_fragment)
        return drop;
    p->flags |= PACKET_FRAGMENTED;
    return extensions.needs_reassembly ? fragment_input(p, &extensions) : MS_DROP_NONE;
}

static enum ms_drop payload_input(struct packet *p)
{
    enum ms_drop drop = MS_DROP_NONE;

    if (MS_UNLIKELY(ipv6_is_extension(p->protocol)))
        drop = extensions_input(p);
    if (drop || p->protocol == IP_PROTOCOL_NONE)
        return drop;
    if (MS_UNLIKELY(is_all_zero(&p->flow.remote)) && p->protocol != IP_PROTOCOL_ICMPV6)
        return MS_DROP_IP_BAD_SOURCE;
    p->stack->counters.ip_in_delivers++;
    return MS_DROP_NONE;
}

static enum ms_drop header_error(struct packet *p, enum ms_drop drop)
{
    p->stack->counters.ip_in_header_errors++;
    return drop;
}

/* The header is not all there, or not all in the first piece. */
MS_COLD static enum ms_drop short_packet(const struct packet *p)
{
    if (p->bytes.len > 0 && p->bytes.data[0] >> 4 != 6)
        return MS_DROP_IP_BAD_VERSION;
    return p->len < IPV6_HEADER_LEN ? MS_DROP_IPV6_TRUNCATED : MS_DROP_FRAME_NOT_CONTIGUOUS;
}

enum ms_drop ms_ipv6_input(struct packet *p)
{
    const uint8_t *at = p->bytes.data;
    struct bytes packet = { .data = at, .len = p->len };
    struct ipv6_header header;
    enum ms_drop drop;

    p->stack->counters.ip_in_receives++;
    if (MS_UNLIKELY(p->bytes.len < IPV6_HEADER_LEN))
        return header_error(p, short_packet(p));
    drop = ms_ipv6_header_parse(&header, &packet);
    if (MS_UNLIKELY(drop))
        return header_error(p, drop);
    p->network = at;
    p->is_ipv4 = false;
    p->protocol = header.next_header;
    p->hop_limit = header.hop_limit;
    p->traffic_class = header.traffic_class;
    p->len = (uint32_t)packet.len;
    p->bytes.data = packet.data;
    p->bytes.len = min_u32((uint32_t)p->bytes.len - IPV6_HEADER_LEN, p->len);
    memcpy(p->flow.remote.bytes, header.src, sizeof(header.src));
    memcpy(p->flow.local.bytes, header.dst, sizeof(header.dst));
    drop = check_addresses(p);
    if (MS_UNLIKELY(drop)) {
        p->stack->counters.ip_in_address_errors++;
        return drop;
    }
    return payload_input(p);
}
