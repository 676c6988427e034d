/* SPDX-License-Identifier: ISC */
/* Frames as lines of text: Ethernet, ARP, IP and what IP carries except ICMPv6. */
#include "wire/print.h"

#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/igmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/print_icmpv6.h"
#include "wire/print_text.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* Both ends of a packet, so that TCP and UDP can put their ports behind them. */
struct ends {
    bool is_ipv6;
    uint32_t src, dst;
    uint8_t src16[IPV6_ADDRESS_LEN], dst16[IPV6_ADDRESS_LEN];
};

static void end_print(struct text *text, bool is_ipv6, uint32_t address, const uint8_t *address16)
{
    if (is_ipv6)
        ms_text_ipv6(text, address16);
    else
        ms_text_ipv4(text, address);
}

static void ends_print(struct text *text, const struct ends *ends)
{
    end_print(text, ends->is_ipv6, ends->src, ends->src16);
    ms_text_string(text, " > ");
    end_print(text, ends->is_ipv6, ends->dst, ends->dst16);
    ms_text_char(text, ':');
}

static void ends_and_ports_print(struct text *text, const struct ends *ends, uint16_t src_port,
                                 uint16_t dst_port)
{
    end_print(text, ends->is_ipv6, ends->src, ends->src16);
    ms_text_named(text, ".", src_port);
    ms_text_string(text, " > ");
    end_print(text, ends->is_ipv6, ends->dst, ends->dst16);
    ms_text_named(text, ".", dst_port);
    ms_text_char(text, ':');
}

static void tcp_flags_print(struct text *text, uint8_t flags)
{
    static const struct {
        uint8_t flag;
        char letter;
    } letters[] = {
        { TCP_FIN, 'F' }, { TCP_SYN, 'S' }, { TCP_RST, 'R' }, { TCP_PSH, 'P' },
        { TCP_ACK, '.' }, { TCP_URG, 'U' }, { TCP_ECE, 'E' }, { TCP_CWR, 'W' },
    };

    ms_text_string(text, flags == 0 ? " Flags [none" : " Flags [");
    for (size_t i = 0; i < MS_ARRAY_LEN(letters); i++)
        if (flags & letters[i].flag)
            ms_text_char(text, letters[i].letter);
    ms_text_char(text, ']');
}

static void tcp_sack_print(struct text *text, const struct tcp_header *header)
{
    for (size_t i = 0; i < header->sack_count; i++) {
        ms_text_named(text, i == 0 ? "sack " : " ", header->sack[i].start);
        ms_text_named(text, ":", header->sack[i].end);
    }
    ms_text_char(text, ',');
}

static void tcp_options_print(struct text *text, const struct tcp_header *header)
{
    if (header->options == 0)
        return;
    ms_text_string(text, ", options [");
    if (header->options & TCP_OPTION_MSS) {
        ms_text_named(text, "mss ", header->mss);
        ms_text_char(text, ',');
    }
    if (header->options & TCP_OPTION_SACK_PERMITTED)
        ms_text_string(text, "sackOK,");
    if (header->options & TCP_OPTION_TIMESTAMP) {
        ms_text_named(text, "TS val ", header->ts_value);
        ms_text_named(text, " ecr ", header->ts_echo);
        ms_text_char(text, ',');
    }
    if (header->options & TCP_OPTION_WSCALE) {
        ms_text_named(text, "wscale ", header->wscale);
        ms_text_char(text, ',');
    }
    if (header->options & TCP_OPTION_SACK)
        tcp_sack_print(text, header);
    if (!text->is_cut)
        text->len--; /* the last comma */
    ms_text_char(text, ']');
}

static void tcp_print(struct text *text, const struct ends *ends, struct bytes b)
{
    struct tcp_header header;
    enum ms_drop drop = ms_tcp_header_parse(&header, &b);

    if (drop) {
        ends_print(text, ends);
        ms_text_string(text, " TCP");
        ms_text_drop(text, drop);
        return;
    }
    ends_and_ports_print(text, ends, header.src_port, header.dst_port);
    tcp_flags_print(text, header.flags);
    ms_text_named(text, ", seq ", header.seq);
    if (b.len > 0)
        ms_text_named(text, ":", (uint32_t)(header.seq + b.len));
    if (header.flags & TCP_ACK)
        ms_text_named(text, ", ack ", header.ack);
    ms_text_named(text, ", win ", header.window);
    if (header.flags & TCP_URG)
        ms_text_named(text, ", urg ", header.urgent);
    tcp_options_print(text, &header);
    ms_text_named(text, ", length ", b.len);
}

static void udp_print(struct text *text, const struct ends *ends, struct bytes b)
{
    struct udp_header header;
    enum ms_drop drop = ms_udp_header_parse(&header, &b);

    if (drop) {
        ends_print(text, ends);
        ms_text_string(text, " UDP");
        ms_text_drop(text, drop);
        return;
    }
    ends_and_ports_print(text, ends, header.src_port, header.dst_port);
    ms_text_named(text, " UDP, length ", b.len);
}

static const char *icmp_type_text(uint8_t type)
{
    switch (type) {
    case ICMP_ECHO_REPLY: return " ICMP echo reply";
    case ICMP_UNREACHABLE: return " ICMP unreachable";
    case ICMP_SOURCE_QUENCH: return " ICMP source quench";
    case ICMP_REDIRECT: return " ICMP redirect";
    case ICMP_ECHO_REQUEST: return " ICMP echo request";
    case ICMP_TIME_EXCEEDED: return " ICMP time exceeded";
    case ICMP_PARAMETER_PROBLEM: return " ICMP parameter problem";
    default: return " ICMP";
    }
}

/* The packet an error quotes is seldom whole, so only its addresses and protocol are read. */
static void icmp_quote_print(struct text *text, struct bytes quote)
{
    struct ipv4_header header;

    if (quote.len < IPV4_HEADER_LEN || quote.data[0] >> 4 != 4)
        return;
    ipv4_fixed_part_load(&header, quote.data);
    ms_text_string(text, ", about ");
    ms_text_ipv4(text, header.src);
    ms_text_string(text, " > ");
    ms_text_ipv4(text, header.dst);
    ms_text_named(text, " protocol ", header.protocol);
}

static void icmp_print(struct text *text, struct bytes b)
{
    const size_t len = b.len;
    struct icmp_header header;
    enum ms_drop drop = ms_icmp_header_parse(&header, &b);

    if (drop) {
        ms_text_string(text, " ICMP");
        ms_text_drop(text, drop);
        return;
    }
    ms_text_string(text, icmp_type_text(header.type));
    if (header.type == ICMP_ECHO_REQUEST || header.type == ICMP_ECHO_REPLY) {
        ms_text_named(text, ", id ", icmp_echo_id(&header));
        ms_text_named(text, ", seq ", icmp_echo_number(&header));
    } else {
        ms_text_named(text, ", type ", header.type);
        ms_text_named(text, ", code ", header.code);
        if (header.type == ICMP_UNREACHABLE && header.code == ICMP_UNREACHABLE_FRAGMENTATION)
            ms_text_named(text, ", mtu ", icmp_next_hop_mtu(&header));
        icmp_quote_print(text, b);
    }
    ms_text_named(text, ", length ", len);
}

static const char *igmp_type_text(const struct igmp_header *header)
{
    switch (header->type) {
    case IGMP_QUERY: return header->is_v3_query ? " igmp query v3 " : " igmp query v2 ";
    case IGMP_REPORT_V1: return " igmp v1 report ";
    case IGMP_REPORT_V2: return " igmp v2 report ";
    case IGMP_LEAVE: return " igmp leave ";
    case IGMP_REPORT_V3: return " igmp v3 report ";
    default: return " igmp unknown ";
    }
}

static void igmp_print(struct text *text, struct bytes b)
{
    struct igmp_header header;
    enum ms_drop drop = ms_igmp_header_parse(&header, &b);

    if (drop) {
        ms_text_string(text, " igmp");
        ms_text_drop(text, drop);
        return;
    }
    ms_text_string(text, igmp_type_text(&header));
    ms_text_ipv4(text, header.group);
}

static void payload_print(struct text *text, const struct ends *ends, uint8_t protocol,
                          struct bytes b)
{
    if (protocol == IP_PROTOCOL_TCP) {
        tcp_print(text, ends, b);
        return;
    }
    if (protocol == IP_PROTOCOL_UDP) {
        udp_print(text, ends, b);
        return;
    }
    ends_print(text, ends);
    if (protocol == IP_PROTOCOL_ICMP && !ends->is_ipv6) {
        icmp_print(text, b);
    } else if (protocol == IP_PROTOCOL_IGMP && !ends->is_ipv6) {
        igmp_print(text, b);
    } else if (protocol == IP_PROTOCOL_ICMPV6 && ends->is_ipv6) {
        ms_print_icmpv6(text, b);
    } else {
        ms_text_named(text, " protocol ", protocol);
        ms_text_named(text, ", length ", b.len);
    }
}

struct fragment_text {
    uint8_t protocol;
    uint32_t id;
    uint32_t offset_bytes;
    bool more;
    size_t len;
};

static void fragment_print(struct text *text, const struct ends *ends,
                           const struct fragment_text *fragment)
{
    ends_print(text, ends);
    ms_text_named(text, " fragment of protocol ", fragment->protocol);
    ms_text_named(text, ", id ", fragment->id);
    ms_text_named(text, ", offset ", fragment->offset_bytes);
    ms_text_string(text, fragment->more ? "+" : "");
    ms_text_named(text, ", length ", fragment->len);
}

static void ipv4_print(struct text *text, struct bytes b)
{
    const uint8_t *start = b.data;
    struct ipv4_header header;
    struct ends ends = { 0 };
    enum ms_drop drop = ms_ipv4_header_parse(&header, &b);

    ms_text_string(text, "IP");
    if (drop) {
        ms_text_drop(text, drop);
        return;
    }
    if (!ms_ipv4_header_sum_ok(start, header.header_len))
        ms_text_drop(text, MS_DROP_IPV4_BAD_CHECKSUM);
    ms_text_char(text, ' ');
    ends.src = header.src;
    ends.dst = header.dst;
    if (ipv4_is_fragment(&header)) {
        const struct fragment_text fragment = {
            .protocol = header.protocol,
            .id = header.id,
            .offset_bytes = ipv4_fragment_offset_bytes(&header),
            .more = header.fragment & IPV4_MORE_FRAGMENTS,
            .len = b.len,
        };
        fragment_print(text, &ends, &fragment);
        return;
    }
    payload_print(text, &ends, header.protocol, b);
}

static void ipv6_extensions_print(struct text *text, const struct ends *ends, uint8_t next_header,
                                  struct bytes b)
{
    struct ipv6_extensions extensions;
    enum ms_drop drop = ms_ipv6_extensions_walk(&extensions, next_header, &b);

    if (drop) {
        ends_print(text, ends);
        ms_text_drop(text, drop);
    } else if (extensions.needs_reassembly) {
        const struct fragment_text fragment = {
            .protocol = extensions.next_header,
            .id = extensions.fragment.id,
            .offset_bytes = extensions.fragment.offset_bytes,
            .more = extensions.fragment.more,
            .len = b.len,
        };
        fragment_print(text, ends, &fragment);
    } else {
        payload_print(text, ends, extensions.next_header, b);
    }
}

static void ipv6_print(struct text *text, struct bytes b)
{
    struct ipv6_header header;
    struct ends ends = { .is_ipv6 = true };
    enum ms_drop drop = ms_ipv6_header_parse(&header, &b);

    ms_text_string(text, "IP6");
    if (drop) {
        ms_text_drop(text, drop);
        return;
    }
    ms_text_char(text, ' ');
    memcpy(ends.src16, header.src, sizeof(ends.src16));
    memcpy(ends.dst16, header.dst, sizeof(ends.dst16));
    ipv6_extensions_print(text, &ends, header.next_header, b);
}

static void arp_print(struct text *text, struct bytes b)
{
    struct arp_header header;
    enum ms_drop drop = ms_arp_header_parse(&header, &b);

    ms_text_string(text, "ARP");
    if (drop) {
        ms_text_drop(text, drop);
    } else if (header.operation == ARP_REQUEST) {
        ms_text_string(text, ", Request who-has ");
        ms_text_ipv4(text, header.target_ip);
        ms_text_string(text, " tell ");
        ms_text_ipv4(text, header.sender_ip);
    } else if (header.operation == ARP_REPLY) {
        ms_text_string(text, ", Reply ");
        ms_text_ipv4(text, header.sender_ip);
        ms_text_string(text, " is-at ");
        ms_text_mac(text, header.sender_mac);
    } else {
        ms_text_named(text, ", operation ", header.operation);
    }
}

static void eth_print(struct text *text, struct bytes b)
{
    struct eth_header header;
    enum ms_drop drop = ms_eth_header_parse(&header, &b);

    if (drop) {
        ms_text_string(text, "Ethernet");
        ms_text_drop(text, drop);
        return;
    }
    if (header.has_vlan)
        ms_text_named(text, "vlan ", header.vlan_id);
    ms_text_string(text, header.has_vlan ? ", " : "");
    switch (header.type) {
    case ETHERTYPE_IPV4: ipv4_print(text, b); break;
    case ETHERTYPE_IPV6: ipv6_print(text, b); break;
    case ETHERTYPE_ARP: arp_print(text, b); break;
    default:
        ms_text_mac(text, header.src);
        ms_text_string(text, " > ");
        ms_text_mac(text, header.dst);
        ms_text_string(text, ", ethertype 0x");
        ms_text_hex(text, header.type);
        ms_text_named(text, ", length ", b.len);
        break;
    }
}

size_t ms_print_frame(char *text, size_t size, const uint8_t *frame, size_t len, bool is_ethernet)
{
    struct text out = { .data = text, .size = size };
    const struct bytes b = bytes_of(frame, len);

    if (is_ethernet)
        eth_print(&out, b);
    else if (len > 0 && frame[0] >> 4 == 6)
        ipv6_print(&out, b);
    else
        ipv4_print(&out, b);
    return ms_text_finish(&out);
}
