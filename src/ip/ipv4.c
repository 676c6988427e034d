/* SPDX-License-Identifier: ISC */
/* IPv4 packets received (RFC 791, 1122): is it sound, is it for us, what is in it. */
#include "wire/ipv4.h"

#include "ip/addr.h"
#include "ip/ip.h"
#include "ip/ip_floor.h"
#include "ip/reassembly.h"

/* The header is not all there, or not all in the first piece. */
MS_COLD static enum ms_drop short_packet(const struct packet *p)
{
    size_t header_len = p->bytes.len > 0 ? (size_t)(p->bytes.data[0] & 0xf) * 4 : 0;

    if (p->bytes.len > 0 && p->bytes.data[0] >> 4 != 4)
        return MS_DROP_IP_BAD_VERSION;
    if (header_len < IPV4_HEADER_LEN)
        header_len = IPV4_HEADER_LEN;
    return p->len < header_len ? MS_DROP_IPV4_TRUNCATED : MS_DROP_FRAME_NOT_CONTIGUOUS;
}

/* Could be one of a few sources that no packet may have: looked at closely only then. */
static inline bool is_source_suspect(const struct ms_stack *stack, uint32_t src)
{
    uint32_t top = src >> 24;

    return top - 1 >= 223 || top == 127 || (stack->ip->own_bits >> (src & 63) & 1);
}

/* Strangers may not speak as us, as everybody, or as nobody (RFC 1122, 3.2.1.3). */
MS_COLD static enum ms_drop check_source(const struct packet *p)
{
    uint32_t src = addr_ipv4(&p->flow.remote);
    uint32_t top = src >> 24;

    if (p->flags & PACKET_LOOPED)
        return MS_DROP_NONE;
    /* IGMP queries of a switch have no source (RFC 4541, 2.1.1). */
    if (src == 0 && p->protocol == IP_PROTOCOL_IGMP)
        return MS_DROP_NONE;
    if (top == 0 || top == 127 || top >= 224)
        return MS_DROP_IP_BAD_SOURCE;
    if (ms_ip_is_own(p->stack, &p->flow.remote))
        return MS_DROP_IP_OWN_ADDRESS;
    return ms_ip_is_broadcast(p->stack, &p->flow.remote) ? MS_DROP_IP_BAD_SOURCE : MS_DROP_NONE;
}

/*
 * Not the interface's first address. An address of ours counts only on its own interface (the
 * strong host model of RFC 1122, 3.3.4.2), and 127/8 only from ourselves.
 */
MS_COLD static enum ms_drop check_destination(struct packet *p)
{
    uint32_t dst = addr_ipv4(&p->flow.local);
    const struct netif_addr *entry = ms_addr_find(p->netif, &p->flow.local);

    if (entry && ms_addr_is_usable(entry))
        return MS_DROP_NONE;
    if (p->flags & PACKET_LOOPED)
        return ms_ip_is_own(p->stack, &p->flow.local) ? MS_DROP_NONE : MS_DROP_IP_NOT_FOR_US;
    if (dst == UINT32_MAX || ms_ip_is_broadcast_of(p->netif, &p->flow.local) ||
        (dst >> 28 == 0xe && ms_group_is_joined(p->netif, &p->flow.local))) {
        p->flags |= PACKET_IP_GROUP;
        return MS_DROP_NONE;
    }
    return MS_DROP_IP_NOT_FOR_US;
}

static inline bool is_first_address(const struct packet *p)
{
    const struct netif_addr *first = &p->netif->addrs[0];

    return addr_equal(&first->addr, &p->flow.local) && ms_addr_is_usable(first);
}

/* p->flow is filled. */
static inline enum ms_drop check_addresses(struct packet *p, uint32_t src)
{
    enum ms_drop drop = MS_DROP_NONE;

    if (MS_UNLIKELY(is_source_suspect(p->stack, src)))
        drop = check_source(p);
    if (MS_UNLIKELY(!is_first_address(p)) && !drop)
        drop = check_destination(p);
    return drop;
}

MS_COLD static enum ms_drop fragment_input(struct packet *p)
{
    uint16_t field = load_be16(p->network + 6);
    const struct fragment fragment = {
        .id = load_be16(p->network + 4),
        .offset_bytes = (uint32_t)(field & IPV4_FRAGMENT_OFFSET) * 8,
        .more = field & IPV4_MORE_FRAGMENTS,
        .protocol = p->protocol,
    };
    enum ms_drop drop;

    p->flags |= PACKET_FRAGMENTED;
    drop = ms_reassembly_input(p, &fragment);
    if (p->protocol != IP_PROTOCOL_NONE && !drop)
        p->stack->counters.ip_in_delivers++;
    return drop;
}

static enum ms_drop header_error(struct packet *p, enum ms_drop drop)
{
    p->stack->counters.ip_in_header_errors++;
    return drop;
}

/* The header is sound: strips it and tells what it says. payload is not cut to the first piece. */
static inline enum ms_drop header_input(struct packet *p, const struct ipv4_header *header,
                                        const struct bytes *payload)
{
    enum ms_drop drop;

    p->network = p->bytes.data;
    p->is_ipv4 = true;
    p->protocol = header->protocol;
    p->hop_limit = header->ttl;
    p->traffic_class = header->traffic_class;
    p->len = (uint32_t)payload->len;
    p->bytes.data = payload->data;
    p->bytes.len = min_u32((uint32_t)p->bytes.len - header->header_len, p->len);
    addr_set_ipv4(&p->flow.local, header->dst);
    addr_set_ipv4(&p->flow.remote, header->src);
    drop = check_addresses(p, header->src);
    if (MS_UNLIKELY(drop)) {
        p->stack->counters.ip_in_address_errors++;
        return drop;
    }
    if (MS_UNLIKELY(ipv4_is_fragment(header)))
        return fragment_input(p);
    p->stack->counters.ip_in_delivers++;
    return MS_DROP_NONE;
}

/* Anything but twenty bytes of header in the first piece. */
MS_COLD static enum ms_drop unusual_input(struct packet *p)
{
    struct bytes packet = { .data = p->bytes.data, .len = p->len };
    size_t header_len = p->bytes.len > 0 ? (p->bytes.data[0] & 0xfu) * 4 : 0;
    struct ipv4_header header = { 0 };
    enum ms_drop drop;

    if (p->bytes.len < IPV4_HEADER_LEN || p->bytes.len < header_len)
        return header_error(p, short_packet(p));
    drop = ms_ipv4_header_parse(&header, &packet);
    if (drop)
        return header_error(p, drop);
    if (!ms_ipv4_header_sum_ok(p->bytes.data, header.header_len))
        return header_error(p, MS_DROP_IPV4_BAD_CHECKSUM);
    return header_input(p, &header, &packet);
}

/* The header's values stay in registers, since no unusual path is given their address. */
enum ms_drop ms_ipv4_input(struct packet *p)
{
    const uint8_t *at = p->bytes.data;
    struct bytes packet = { .data = at + IPV4_HEADER_LEN };
    struct ipv4_header header = { .header_len = IPV4_HEADER_LEN };

    p->stack->counters.ip_in_receives++;
    if (MS_UNLIKELY(p->bytes.len < IPV4_HEADER_LEN || at[0] != 0x45))
        return unusual_input(p);
    ipv4_fixed_part_load(&header, at);
    if (MS_UNLIKELY(header.total_len > p->len || header.total_len < IPV4_HEADER_LEN ||
                    !ms_ipv4_header_sum_ok(at, IPV4_HEADER_LEN)))
        return unusual_input(p);
    packet.len = header.total_len - (size_t)IPV4_HEADER_LEN;
    return header_input(p, &header, &packet);
}
