/* SPDX-License-Identifier: ISC */
/* ICMPv6 messages received (RFC 4443), and what an error means to a transport (RFC 9293). */
#include "wire/icmpv6.h"

#include "ip/echo.h"
#include "ip/group.h"
#include "ip/icmp.h"
#include "ip/icmp_message.h"
#include "ip/nd.h"
#include "wire/ipv6.h"

static enum icmp_kind unreachable_kind(uint8_t code)
{
    enum { CODE_POLICY = 5, CODE_REJECTED = 6 };

    switch (code) {
    case ICMPV6_UNREACHABLE_PROHIBITED:
    case ICMPV6_UNREACHABLE_PORT:
    case CODE_POLICY:
    case CODE_REJECTED: return ICMP_HARD;
    default: return ICMP_SOFT;
    }
}

/* Errors not known yet are the transport's to know, too (RFC 4443, 2.4 a). */
static enum icmp_kind kind_of(const struct icmpv6_header *header)
{
    switch (header->type) {
    case ICMPV6_UNREACHABLE: return unreachable_kind(header->code);
    case ICMPV6_PACKET_TOO_BIG: return ICMP_TOO_BIG; /* whatever its code (RFC 4443, 3.2) */
    case ICMPV6_PARAMETER_PROBLEM:
        return header->code == IPV6_PROBLEM_NEXT_HEADER ? ICMP_HARD : ICMP_SOFT;
    default: return ICMP_SOFT;
    }
}

/* Of the extension headers, we send none but a fragment's in front of a transport. */
static bool skip_fragment_header(struct icmp_report *report)
{
    const uint8_t *header = report->quote.data;

    if (report->protocol != IP_PROTOCOL_FRAGMENT)
        return true;
    if (!bytes_skip(&report->quote, IPV6_FRAGMENT_HEADER_LEN) ||
        (load_be16(header + 2) & 0xfff8) != 0)
        return false;
    report->protocol = header[0];
    return true;
}

static bool read_quote(struct icmp_report *report, struct ipv6_header *quoted, struct bytes b)
{
    struct bytes rest = b;

    if (b.len < IPV6_HEADER_LEN || ms_ipv6_header_parse(quoted, &rest) == MS_DROP_IP_BAD_VERSION)
        return false;
    bytes_skip(&b, IPV6_HEADER_LEN);
    b.len = min_u32((uint32_t)b.len, quoted->payload_len);
    memcpy(report->flow.local.bytes, quoted->src, sizeof(quoted->src));
    memcpy(report->flow.remote.bytes, quoted->dst, sizeof(quoted->dst));
    report->protocol = quoted->next_header;
    report->quote = b;
    return !addr_is_ipv4(&report->flow.remote) && skip_fragment_header(report) &&
           report->protocol != IP_PROTOCOL_ICMP;
}

/* Below what every link takes, a path MTU is an attack (RFC 8201, 4; RFC 8021). */
static enum ms_drop check_mtu(const struct icmp_report *report, uint32_t packet_len)
{
    if (report->mtu < IPV6_MTU_MIN)
        return MS_DROP_ICMP_UNKNOWN_TYPE;
    return report->mtu < packet_len ? MS_DROP_NONE : MS_DROP_ICMP_BAD_QUOTE;
}

static enum ms_drop error_input(const struct packet *p, const struct icmpv6_header *header,
                                struct icmp_report *report)
{
    enum icmp_kind kind = kind_of(header);
    struct ipv6_header quoted;
    enum ms_drop drop = MS_DROP_NONE;

    p->stack->counters.icmp_in_errors++;
    if (!read_quote(report, &quoted, ms_packet_gather(p, report->room, ICMP_QUOTE_ROOM)))
        return MS_DROP_ICMP_BAD_QUOTE;
    if (kind == ICMP_TOO_BIG) {
        report->mtu = header->rest;
        drop = check_mtu(report, IPV6_HEADER_LEN + (uint32_t)quoted.payload_len);
    }
    if (drop)
        return drop;
    report->kind = kind;
    report->type = header->type;
    report->code = header->code;
    return ms_icmp_quoted(p, report);
}

/* Messages of the link itself are short, and never fragmented (RFC 6980). */
static enum ms_drop link_input(struct packet *p, const struct icmpv6_header *header)
{
    if (p->bytes.len < p->len)
        return MS_DROP_FRAME_NOT_CONTIGUOUS;
    if (header->type <= ICMPV6_MLD_DONE)
        return ms_mld_input(p, header);
    if (p->flags & PACKET_FRAGMENTED)
        return MS_DROP_ND_FRAGMENTED;
    return ms_nd_input(p, header);
}

enum ms_drop ms_icmpv6_input(struct packet *p, struct icmp_report *report)
{
    struct bytes b = p->bytes;
    struct icmpv6_header header = { 0 };
    struct icmp_header echo;

    *report = (struct icmp_report){ .kind = ICMP_NOTHING };
    p->stack->counters.icmp_in_messages++;
    if (ms_icmpv6_header_parse(&header, &b) != MS_DROP_NONE)
        return p->len < ICMPV6_HEADER_LEN ? MS_DROP_ICMP_TRUNCATED : MS_DROP_FRAME_NOT_CONTIGUOUS;
    if (!ms_packet_checksum_ok(p))
        return MS_DROP_ICMP_BAD_CHECKSUM;
    packet_strip(p, ICMPV6_HEADER_LEN);
    echo = (struct icmp_header){ header.type, header.code, header.rest };
    switch (header.type) {
    case ICMPV6_ECHO_REQUEST: return ms_echo_requested(p, &echo);
    case ICMPV6_ECHO_REPLY: return ms_echo_replied(p, &echo);
    case ICMPV6_MLD_QUERY:
    case ICMPV6_MLD_REPORT:
    case ICMPV6_MLD_DONE:
    case ICMPV6_ROUTER_SOLICITATION:
    case ICMPV6_ROUTER_ADVERTISEMENT:
    case ICMPV6_NEIGHBOR_SOLICITATION:
    case ICMPV6_NEIGHBOR_ADVERTISEMENT:
    case ICMPV6_REDIRECT: return link_input(p, &header);
    default: break;
    }
    if (header.type < ICMPV6_FIRST_INFORMATIONAL)
        return error_input(p, &header, report);
    return MS_DROP_ICMP_UNKNOWN_TYPE;
}
