/* SPDX-License-Identifier: ISC */
/* ICMP messages received (RFC 792, 1122), and what an error means to a transport (RFC 9293). */
#include "ip/icmp.h"

#include "ip/echo.h"
#include "ip/icmp_message.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

/* A smaller path MTU serves only those who want many small segments (RFC 5927, 7.2). */
enum { PATH_MTU_FLOOR = 576 };

enum { CODE_PROHIBITED_NET = 9, CODE_PROHIBITED_HOST = 10, CODE_PROHIBITED = 13, CODE_LAST = 15 };

/* RFC 1122, 4.2.3.9: a port or protocol that is not there will not come; others may pass. */
static enum icmp_kind unreachable_kind(uint8_t code)
{
    switch (code) {
    case ICMP_UNREACHABLE_PROTOCOL:
    case ICMP_UNREACHABLE_PORT:
    case CODE_PROHIBITED_NET:
    case CODE_PROHIBITED_HOST:
    case CODE_PROHIBITED: return ICMP_HARD;
    case ICMP_UNREACHABLE_FRAGMENTATION: return ICMP_TOO_BIG;
    default: return code <= CODE_LAST ? ICMP_SOFT : ICMP_NOTHING;
    }
}

static enum icmp_kind kind_of(const struct icmp_header *header)
{
    if (header->type == ICMP_UNREACHABLE)
        return unreachable_kind(header->code);
    return ICMP_SOFT;
}

/* RFC 1191, 7.1: routers before it tell no MTU; the next common one below the packet is tried. */
static uint32_t next_plateau(uint32_t packet_len)
{
    static const uint16_t plateaus[] = { 65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006 };

    for (unsigned i = 0; i < MS_ARRAY_LEN(plateaus); i++) {
        if (plateaus[i] < packet_len)
            return plateaus[i];
    }
    return PATH_MTU_FLOOR;
}

/* False: the quoted packet would have fitted. */
static bool bound_mtu(struct icmp_report *report, uint32_t mtu, uint32_t packet_len)
{
    report->mtu = max_u32(mtu == 0 ? next_plateau(packet_len) : mtu, PATH_MTU_FLOOR);
    return report->mtu < packet_len;
}

/* What is quoted began a datagram of ours, without options: we send none that come back. */
static bool read_quote(struct icmp_report *report, struct ipv4_header *quoted, struct bytes b)
{
    if (b.len < IPV4_HEADER_LEN || b.data[0] != 0x45)
        return false;
    ipv4_fixed_part_load(quoted, b.data);
    if (quoted->total_len < IPV4_HEADER_LEN || ipv4_fragment_offset_bytes(quoted) != 0)
        return false;
    addr_set_ipv4(&report->flow.local, quoted->src);
    addr_set_ipv4(&report->flow.remote, quoted->dst);
    report->protocol = quoted->protocol;
    report->quote = bytes_of(b.data + IPV4_HEADER_LEN,
                             min_u32((uint32_t)b.len, quoted->total_len) - IPV4_HEADER_LEN);
    return quoted->protocol != IP_PROTOCOL_ICMPV6;
}

static enum ms_drop error_input(const struct packet *p, const struct icmp_header *header,
                                struct icmp_report *report)
{
    enum icmp_kind kind = kind_of(header);
    struct ipv4_header quoted;

    p->stack->counters.icmp_in_errors++;
    if (kind == ICMP_NOTHING)
        return MS_DROP_ICMP_UNKNOWN_TYPE;
    if (!read_quote(report, &quoted, ms_packet_gather(p, report->room, ICMP_QUOTE_ROOM)))
        return MS_DROP_ICMP_BAD_QUOTE;
    if (kind == ICMP_TOO_BIG && !bound_mtu(report, icmp_next_hop_mtu(header), quoted.total_len))
        return MS_DROP_ICMP_BAD_QUOTE;
    report->kind = kind;
    report->type = header->type;
    report->code = header->code;
    return ms_icmp_quoted(p, report);
}

static bool is_checksum_ok(const struct packet *p)
{
    return (p->frame->flags & (MS_FRAME_CHECKSUM_VALID | MS_FRAME_CHECKSUM_PARTIAL)) ||
           ms_packet_sum(p) == 0xffff;
}

enum ms_drop ms_icmp_input(struct packet *p, struct icmp_report *report)
{
    struct bytes b = p->bytes;
    struct icmp_header header = { 0 };

    *report = (struct icmp_report){ .kind = ICMP_NOTHING };
    p->stack->counters.icmp_in_messages++;
    if (ms_icmp_header_parse(&header, &b) != MS_DROP_NONE)
        return p->len < ICMP_HEADER_LEN ? MS_DROP_ICMP_TRUNCATED : MS_DROP_FRAME_NOT_CONTIGUOUS;
    if (!is_checksum_ok(p))
        return MS_DROP_ICMP_BAD_CHECKSUM;
    packet_strip(p, ICMP_HEADER_LEN);
    switch (header.type) {
    case ICMP_ECHO_REQUEST: return ms_echo_requested(p, &header);
    case ICMP_ECHO_REPLY: return ms_echo_replied(p, &header);
    case ICMP_UNREACHABLE:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETER_PROBLEM: return error_input(p, &header, report);
    default: return MS_DROP_ICMP_UNKNOWN_TYPE; /* quench (RFC 6633) and redirects too */
    }
}
