/* SPDX-License-Identifier: ISC */
/* ICMP and ICMPv6 errors sent: which packets deserve one, and what it says. */
#include "ip/icmp_limit.h"
#include "ip/icmp_message.h"
#include "ip/ip_floor.h"
#include "wire/icmpv6.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* The whole error, its headers included (RFC 1812, 4.3.2.3; RFC 4443, 2.4 c). */
enum { IPV4_ERROR_LEN_MAX = 576, IPV6_ERROR_LEN_MAX = IPV6_MTU_MIN };

/* What of the packet is in one piece, from its IP header on. */
static struct bytes packet_head(const struct packet *p)
{
    const struct ms_frame *frame = p->frame;

    return bytes_of(p->network, (size_t)(frame->head + frame->head_len - p->network));
}

/* RFC 1122, 3.2.2: no error about an error, nor about any but the first fragment. */
static bool is_ipv4_cause_good(const struct packet *p)
{
    struct bytes b = packet_head(p);
    struct ipv4_header header;

    ipv4_fixed_part_load(&header, b.data);
    if (ipv4_fragment_offset_bytes(&header) != 0)
        return false;
    if (header.protocol != IP_PROTOCOL_ICMP)
        return true;
    if (!bytes_skip(&b, (b.data[0] & 0xfu) * 4) || b.len == 0)
        return false;
    return b.data[0] == ICMP_ECHO_REQUEST || b.data[0] == ICMP_ECHO_REPLY;
}

/* How far the next header lies behind one that is skipped; 0: it is the last. */
static size_t extension_len(uint8_t protocol, const struct bytes *b)
{
    switch (protocol) {
    case IP_PROTOCOL_HOP_BY_HOP:
    case IP_PROTOCOL_ROUTING:
    case IP_PROTOCOL_DESTINATION_OPTIONS: return b->len < 2 ? SIZE_MAX : (b->data[1] + 1u) * 8;
    case IP_PROTOCOL_FRAGMENT: return IPV6_FRAGMENT_HEADER_LEN;
    default: return 0;
    }
}

/* The last header of an IPv6 packet, as far as it can be seen. */
struct last_header {
    struct bytes bytes;
    uint32_t named_at; /* offset of the byte that says what it is */
    uint8_t protocol;
    bool is_seen; /* it is in the packet's first piece, and this is the first fragment */
};

/* Headers are only skipped here: one of them may be why an error is due. */
static struct last_header last_header_of(const struct packet *p)
{
    struct bytes b = packet_head(p);
    struct last_header last = {
        .named_at = IPV6_NEXT_HEADER_OFFSET,
        .protocol = b.data[IPV6_NEXT_HEADER_OFFSET],
    };
    bool is_first = true;

    bytes_skip(&b, IPV6_HEADER_LEN);
    for (unsigned i = 0; i <= IPV6_EXTENSIONS_MAX; i++) {
        struct bytes header = b;
        size_t len = extension_len(last.protocol, &b);

        if (len == 0 || !bytes_skip(&b, len))
            break;
        if (last.protocol == IP_PROTOCOL_FRAGMENT)
            is_first = (load_be16(header.data + 2) & 0xfff8) == 0;
        last.named_at = (uint32_t)(header.data - p->network);
        last.protocol = header.data[0];
    }
    last.is_seen = is_first && b.len > 0 && extension_len(last.protocol, &b) == 0;
    last.bytes = b;
    return last;
}

/* RFC 4443, 2.4 e: neither about an ICMPv6 error nor about a redirect. */
static bool is_ipv6_cause_good(const struct packet *p)
{
    const struct last_header last = last_header_of(p);
    uint8_t type = last.is_seen ? last.bytes.data[0] : 0;

    if (last.protocol != IP_PROTOCOL_ICMPV6)
        return true;
    return type >= ICMPV6_FIRST_INFORMATIONAL && type != ICMPV6_REDIRECT;
}

/* The source is one station, which could not make others suffer by pretending to be them all. */
static bool is_source_single(const struct packet *p)
{
    const struct ms_addr *remote = &p->flow.remote;

    return !addr_is_unspecified(remote) && !addr_is_multicast(remote) &&
           !ms_ip_is_broadcast(p->stack, remote);
}

static bool is_deserved(const struct packet *p, enum icmp_error error)
{
    bool is_group = p->flags & (PACKET_IP_GROUP | PACKET_LINK_GROUP);

    if ((is_group && error != ICMP_ERROR_PARAMETER_OPTION) || !is_source_single(p))
        return false;
    return packet_is_ipv4(p) ? is_ipv4_cause_good(p) : is_ipv6_cause_good(p);
}

static struct icmp_header ipv4_header_of(enum icmp_error error, uint32_t pointer)
{
    switch (error) {
    case ICMP_ERROR_PORT_UNREACHABLE:
        return (struct icmp_header){ ICMP_UNREACHABLE, ICMP_UNREACHABLE_PORT, 0 };
    case ICMP_ERROR_PROTOCOL_UNREACHABLE:
        return (struct icmp_header){ ICMP_UNREACHABLE, ICMP_UNREACHABLE_PROTOCOL, 0 };
    case ICMP_ERROR_REASSEMBLY_TIMEOUT:
        return (struct icmp_header){ ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_REASSEMBLY, 0 };
    default: return (struct icmp_header){ ICMP_PARAMETER_PROBLEM, 0, pointer << 24 };
    }
}

static struct icmp_header ipv6_header_of(enum icmp_error error, uint32_t pointer)
{
    switch (error) {
    case ICMP_ERROR_PORT_UNREACHABLE:
        return (struct icmp_header){ ICMPV6_UNREACHABLE, ICMPV6_UNREACHABLE_PORT, 0 };
    case ICMP_ERROR_PROTOCOL_UNREACHABLE:
        return (struct icmp_header){ ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_NEXT_HEADER, pointer };
    case ICMP_ERROR_REASSEMBLY_TIMEOUT:
        return (struct icmp_header){ ICMPV6_TIME_EXCEEDED, ICMPV6_EXCEEDED_REASSEMBLY, 0 };
    case ICMP_ERROR_PARAMETER_OPTION:
        return (struct icmp_header){ ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_OPTION, pointer };
    default: return (struct icmp_header){ ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_FIELD, pointer };
    }
}

/* As much of the packet as an error may quote. Padding behind it is not part of it. */
static uint32_t quote_len(const struct packet *p, uint32_t offset)
{
    uint32_t room = packet_is_ipv4(p) ? IPV4_ERROR_LEN_MAX - IPV4_HEADER_LEN - ICMP_HEADER_LEN
                                      : IPV6_ERROR_LEN_MAX - IPV6_HEADER_LEN - ICMPV6_HEADER_LEN;
    uint32_t len = packet_is_ipv4(p) ? load_be16(p->network + 2)
                                     : load_be16(p->network + 4) + (uint32_t)IPV6_HEADER_LEN;

    return min_u32(min_u32(len, room), ms_frame_len(p->frame) - offset);
}

static void send_error(const struct packet *p, const struct icmp_header *header)
{
    struct ms_stack *stack = p->stack;
    uint32_t offset = (uint32_t)(p->network - p->frame->head);
    struct ms_addr local;
    struct path path;
    struct ip_send send = {
        .local = &local,
        .remote = &p->flow.remote,
        .protocol = packet_is_ipv4(p) ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6,
        .flags = IP_SEND_MAY_FRAGMENT,
    };
    struct ms_frame *frame;

    if (ms_icmp_find_answer_path(p, &local, &path) != MS_OK) {
        ms_count_drop(stack, MS_DROP_SEND_NO_ROUTE);
        return;
    }
    frame = ms_frame_alloc(stack);
    if (!frame) {
        ms_count_drop(stack, MS_DROP_SEND_NO_FRAME);
        return;
    }
    send.len =
        ICMP_HEADER_LEN + ms_icmp_borrow(frame, &path, p->frame, offset, quote_len(p, offset));
    ms_icmp_push(stack, frame, header, &send, NULL);
    stack->counters.icmp_out_errors++;
    ms_ip_output(stack, &path, frame, &send);
}

void ms_icmp_send_error(struct packet *p, enum icmp_error error, uint32_t pointer)
{
    struct icmp_header header;

    if (!is_deserved(p, error))
        return;
    if (!packet_is_ipv4(p) && error == ICMP_ERROR_PROTOCOL_UNREACHABLE && pointer == 0)
        pointer = last_header_of(p).named_at;
    header = packet_is_ipv4(p) ? ipv4_header_of(error, pointer) : ipv6_header_of(error, pointer);
    if (!ms_icmp_limit_allow(p->stack, &p->flow.remote)) {
        ms_count_drop(p->stack, MS_DROP_ICMP_RATE_LIMITED);
        return;
    }
    send_error(p, &header);
}

/* As much as any transport's header needs, behind the largest headers of ours before it. */
enum { OWN_QUOTE_LEN = IPV6_HEADER_LEN + IPV6_FRAGMENT_HEADER_LEN + 8 };

void ms_icmp_send_unresolved(struct ms_netif *netif, struct ms_frame *frame)
{
    struct ms_stack *stack = netif->stack;
    bool is_ipv4 = frame->head[0] >> 4 == 4;
    const struct icmp_header header = {
        .type = is_ipv4 ? ICMP_UNREACHABLE : ICMPV6_UNREACHABLE,
        .code = is_ipv4 ? ICMP_UNREACHABLE_HOST : ICMPV6_UNREACHABLE_ADDRESS,
    };
    struct ms_addr own;
    struct path path;
    struct ms_frame *error;
    struct ip_send send = {
        .local = &own,
        .remote = &own,
        .protocol = is_ipv4 ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6,
    };

    if (is_ipv4)
        addr_set_ipv4(&own, load_be32(frame->head + 12));
    else
        memcpy(own.bytes, frame->head + 8, sizeof(own.bytes));
    if (ms_ip_find_path(stack, NULL, &own, &own, &path) != MS_OK)
        return;
    error = ms_frame_alloc(stack);
    if (!error)
        return;
    send.len = ICMP_HEADER_LEN +
               ms_icmp_borrow(error, &path, frame, 0, min_u32(OWN_QUOTE_LEN, ms_frame_len(frame)));
    ms_icmp_push(stack, error, &header, &send, NULL);
    ms_ip_output(stack, &path, error, &send);
}
