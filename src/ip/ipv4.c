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
static MS_INLINE bool is_source_suspect(const struct packet *p)
{
    uint8_t top = p->network[IPV4_SRC_OFFSET], low = p->network[IPV4_SRC_OFFSET + 3];

    return (uint8_t)(top - 1) >= 223 || top == 127 || (p->stack->ip->own_bits >> (low & 63) & 1);
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

static MS_INLINE bool is_first_address(const struct packet *p)
{
    const struct netif_addr *first = &p->netif->addrs[0];

    return load_raw32(first->addr.bytes + 12) == load_raw32(p->network + IPV4_DST_OFFSET) &&
           addr_is_ipv4(&first->addr) && ms_addr_is_usable(first);
}

static enum ms_drop fragment_input(struct packet *p)
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

static enum ms_drop check_addresses(struct packet *p)
{
    enum ms_drop drop = is_source_suspect(p) ? check_source(p) : MS_DROP_NONE;

    if (!drop && !is_first_address(p))
        drop = check_destination(p);
    if (drop)
        p->stack->counters.ip_in_address_errors++;
    return drop;
}

/* A fragment, or the addresses are to be looked at closely. */
MS_COLD static enum ms_drop unusual_packet(struct packet *p)
{
    enum ms_drop drop = check_addresses(p);

    if (drop)
        return drop;
    if (ipv4_fragment_bits(p->network))
        return fragment_input(p);
    p->stack->counters.ip_in_delivers++;
    return MS_DROP_NONE;
}

/* The header is sound: strips it and tells what it says. len: of the packet, without padding. */
static MS_INLINE enum ms_drop header_input(struct packet *p, uint32_t header_len, uint32_t len)
{
    const uint8_t *at = p->bytes.data;

    p->network = at;
    p->is_ipv4 = true;
    p->protocol = at[IPV4_PROTOCOL_OFFSET];
    p->hop_limit = at[IPV4_TTL_OFFSET];
    p->traffic_class = at[IPV4_TRAFFIC_CLASS_OFFSET];
    p->bytes.data = at + header_len;
    p->bytes.len = min_u32((uint32_t)p->bytes.len, len) - header_len;
    p->len = len - header_len;
    addr_set_ipv4(&p->flow.remote, load_be32(at + IPV4_SRC_OFFSET));
    addr_set_ipv4(&p->flow.local, load_be32(at + IPV4_DST_OFFSET));
    if (MS_UNLIKELY(is_source_suspect(p) || !is_first_address(p) || ipv4_fragment_bits(at)))
        return unusual_packet(p);
    p->stack->counters.ip_in_delivers++;
    return MS_DROP_NONE;
}

/* Anything but twenty bytes of header in the first piece. */
MS_COLD static enum ms_drop unusual_header(struct packet *p)
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
    return header_input(p, header.header_len, header.total_len);
}

enum ms_drop ms_ipv4_input(struct packet *p)
{
    const uint8_t *at = p->bytes.data;
    uint32_t len;

    p->stack->counters.ip_in_receives++;
    if (MS_UNLIKELY(p->bytes.len < IPV4_HEADER_LEN || at[0] != 0x45))
        return unusual_header(p);
    len = load_be16(at + IPV4_LEN_OFFSET);
    if (MS_UNLIKELY(len > p->len || len < IPV4_HEADER_LEN ||
                    !ms_ipv4_header_sum_ok(at, IPV4_HEADER_LEN)))
        return unusual_header(p);
    return header_input(p, IPV4_HEADER_LEN, len);
}
