/* SPDX-License-Identifier: ISC */
/* ICMPv6, neighbour discovery and MLD as text. */
#include "wire/print_icmpv6.h"

#include "wire/mld.h"
#include "wire/nd.h"

static const char *type_text(uint8_t type)
{
    switch (type) {
    case ICMPV6_UNREACHABLE: return " ICMP6, unreachable";
    case ICMPV6_PACKET_TOO_BIG: return " ICMP6, packet too big";
    case ICMPV6_TIME_EXCEEDED: return " ICMP6, time exceeded";
    case ICMPV6_PARAMETER_PROBLEM: return " ICMP6, parameter problem";
    case ICMPV6_ECHO_REQUEST: return " ICMP6, echo request";
    case ICMPV6_ECHO_REPLY: return " ICMP6, echo reply";
    case ICMPV6_MLD_QUERY: return " ICMP6, multicast listener query";
    case ICMPV6_MLD_REPORT: return " ICMP6, multicast listener report";
    case ICMPV6_MLD_DONE: return " ICMP6, multicast listener done";
    case ICMPV6_ROUTER_SOLICITATION: return " ICMP6, router solicitation";
    case ICMPV6_ROUTER_ADVERTISEMENT: return " ICMP6, router advertisement";
    case ICMPV6_NEIGHBOR_SOLICITATION: return " ICMP6, neighbor solicitation";
    case ICMPV6_NEIGHBOR_ADVERTISEMENT: return " ICMP6, neighbor advertisement";
    case ICMPV6_REDIRECT: return " ICMP6, redirect";
    case ICMPV6_MLD2_REPORT: return " ICMP6, multicast listener report v2";
    default: return " ICMP6";
    }
}

static void nd_options_print(struct text *text, const struct nd_options *options)
{
    if (options->present & ND_OPTION_SOURCE_LINK) {
        ms_text_string(text, ", source link-address ");
        ms_text_mac(text, options->source_link);
    }
    if (options->present & ND_OPTION_TARGET_LINK) {
        ms_text_string(text, ", target link-address ");
        ms_text_mac(text, options->target_link);
    }
    if (options->present & ND_OPTION_MTU)
        ms_text_named(text, ", mtu ", options->mtu);
    for (size_t i = 0; i < options->prefix_count; i++) {
        const struct nd_prefix *prefix = &options->prefix[i];

        ms_text_string(text, ", prefix ");
        ms_text_ipv6(text, prefix->prefix);
        ms_text_named(text, "/", prefix->prefix_len);
        ms_text_string(text, prefix->flags & ND_PREFIX_ON_LINK ? " L" : "");
        ms_text_string(text, prefix->flags & ND_PREFIX_AUTONOMOUS ? " A" : "");
    }
}

static void neighbor_flags_print(struct text *text, uint8_t flags)
{
    ms_text_string(text, ", flags [");
    ms_text_string(text, flags & ND_NEIGHBOR_ROUTER ? "R" : "");
    ms_text_string(text, flags & ND_NEIGHBOR_SOLICITED ? "S" : "");
    ms_text_string(text, flags & ND_NEIGHBOR_OVERRIDE ? "O" : "");
    ms_text_char(text, ']');
}

static void nd_print(struct text *text, const struct icmpv6_header *header, struct bytes b)
{
    struct nd_message message;
    enum ms_drop drop = ms_nd_message_parse(&message, header, &b);

    if (drop) {
        ms_text_drop(text, drop);
        return;
    }
    if (message.type == ICMPV6_ROUTER_ADVERTISEMENT) {
        ms_text_named(text, ", hop limit ", message.hop_limit);
        ms_text_named(text, ", lifetime ", message.router_lifetime_s);
    } else if (message.type != ICMPV6_ROUTER_SOLICITATION) {
        ms_text_string(text,
                       message.type == ICMPV6_NEIGHBOR_SOLICITATION ? ", who has " : ", target ");
        ms_text_ipv6(text, message.target);
    }
    if (message.type == ICMPV6_NEIGHBOR_ADVERTISEMENT)
        neighbor_flags_print(text, message.flags);
    if (message.type == ICMPV6_REDIRECT) {
        ms_text_string(text, " for ");
        ms_text_ipv6(text, message.destination);
    }
    nd_options_print(text, &message.options);
}

static void mld_print(struct text *text, const struct icmpv6_header *header, struct bytes b)
{
    struct mld_header mld;
    enum ms_drop drop = ms_mld_header_parse(&mld, header, &b);

    if (drop) {
        ms_text_drop(text, drop);
        return;
    }
    ms_text_string(text, mld.is_v2_query ? " v2 " : " ");
    ms_text_ipv6(text, mld.group);
}

static void error_print(struct text *text, const struct icmpv6_header *header, struct bytes quote)
{
    const uint8_t *p = quote.data;

    ms_text_named(text, ", code ", header->code);
    if (header->type == ICMPV6_PACKET_TOO_BIG)
        ms_text_named(text, ", mtu ", header->rest);
    if (header->type == ICMPV6_PARAMETER_PROBLEM)
        ms_text_named(text, ", pointer ", header->rest);
    if (quote.len < IPV6_HEADER_LEN || p[0] >> 4 != 6)
        return;
    ms_text_string(text, ", about ");
    ms_text_ipv6(text, p + 8);
    ms_text_string(text, " > ");
    ms_text_ipv6(text, p + 24);
    ms_text_named(text, " next header ", p[IPV6_NEXT_HEADER_OFFSET]);
}

static void body_print(struct text *text, const struct icmpv6_header *header, struct bytes b)
{
    switch (header->type) {
    case ICMPV6_ECHO_REQUEST:
    case ICMPV6_ECHO_REPLY:
        ms_text_named(text, ", id ", icmpv6_echo_id(header));
        ms_text_named(text, ", seq ", icmpv6_echo_number(header));
        return;
    case ICMPV6_MLD_QUERY:
    case ICMPV6_MLD_REPORT:
    case ICMPV6_MLD_DONE: mld_print(text, header, b); return;
    case ICMPV6_ROUTER_SOLICITATION:
    case ICMPV6_ROUTER_ADVERTISEMENT:
    case ICMPV6_NEIGHBOR_SOLICITATION:
    case ICMPV6_NEIGHBOR_ADVERTISEMENT:
    case ICMPV6_REDIRECT: nd_print(text, header, b); return;
    default: break;
    }
    if (header->type < ICMPV6_FIRST_INFORMATIONAL)
        error_print(text, header, b);
    else
        ms_text_named(text, ", type ", header->type);
}

void ms_print_icmpv6(struct text *text, struct bytes b)
{
    const size_t len = b.len;
    struct icmpv6_header header;
    enum ms_drop drop = ms_icmpv6_header_parse(&header, &b);

    if (drop) {
        ms_text_string(text, " ICMP6");
        ms_text_drop(text, drop);
        return;
    }
    ms_text_string(text, type_text(header.type));
    body_print(text, &header, b);
    ms_text_named(text, ", length ", len);
}
