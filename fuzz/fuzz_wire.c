/* SPDX-License-Identifier: ISC */
/* Any bytes into any parser: no overread; what parses, emits and parses again to the same. */
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/icmpv6.h"
#include "wire/igmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/mld.h"
#include "wire/nd.h"
#include "wire/print.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#include <stdlib.h>
#include <string.h>

enum { SCRATCH_LEN = 512 };

static void require(bool is_so)
{
    if (!is_so)
        abort();
}

static bool same(const void *a, const void *b, size_t len) { return memcmp(a, b, len) == 0; }

/* The cursor after a parse must be a part of what it was before. */
static void require_inside(struct bytes now, struct bytes before)
{
    require(now.data >= before.data && now.len <= before.len);
    require((size_t)(now.data - before.data) <= before.len - now.len);
}

static void fuzz_eth(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct eth_header first = { 0 }, second = { 0 };
    struct bytes rest = b;
    size_t len;

    if (ms_eth_header_parse(&first, &rest))
        return;
    require_inside(rest, b);
    len = ms_eth_header_emit(&first, scratch + sizeof(scratch));
    require(len == (size_t)(rest.data - b.data));
    rest = bytes_of(scratch + sizeof(scratch) - len, len);
    require(ms_eth_header_parse(&second, &rest) == MS_DROP_NONE && rest.len == 0);
    require(same(&first, &second, sizeof(first)));
}

static void fuzz_arp(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct arp_header header;
    struct bytes rest = b;
    size_t len;

    if (ms_arp_header_parse(&header, &rest))
        return;
    require_inside(rest, b);
    len = ms_arp_header_emit(&header, scratch + sizeof(scratch));
    require(same(scratch + sizeof(scratch) - len, b.data, len));
}

/* All options but router alert are lost on the way, and the packet's lengths with them. */
static void fuzz_ipv4(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN] = { 0 };
    struct ipv4_header first = { 0 }, second = { 0 };
    struct bytes rest = b;
    size_t len;

    if (ms_ipv4_header_parse(&first, &rest))
        return;
    require_inside(rest, b);
    require(first.header_len + rest.len == first.total_len);
    (void)ms_ipv4_header_sum_ok(b.data, first.header_len);
    first.total_len = IPV4_HEADER_LEN_MAX;
    len = ms_ipv4_header_emit(&first, scratch + SCRATCH_LEN - IPV4_HEADER_LEN_MAX);
    b = bytes_of(scratch + SCRATCH_LEN - IPV4_HEADER_LEN_MAX - len, len + IPV4_HEADER_LEN_MAX);
    ms_ipv4_header_sum_store(scratch + SCRATCH_LEN - IPV4_HEADER_LEN_MAX - len, len);
    require(ms_ipv4_header_sum_ok(b.data, len));
    rest = b;
    require(ms_ipv4_header_parse(&second, &rest) == MS_DROP_NONE);
    require(second.header_len == len);
    second.header_len = first.header_len;
    require(first.src == second.src && first.dst == second.dst && first.id == second.id);
    require(first.fragment == second.fragment && first.ttl == second.ttl);
    require(first.protocol == second.protocol && first.traffic_class == second.traffic_class);
    require(first.has_router_alert == second.has_router_alert);
}

static void fuzz_ipv6(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct ipv6_header header;
    struct ipv6_extensions extensions;
    struct bytes rest = b;
    size_t len;

    if (ms_ipv6_header_parse(&header, &rest))
        return;
    require_inside(rest, b);
    len = ms_ipv6_header_emit(&header, scratch + sizeof(scratch));
    require(same(scratch + sizeof(scratch) - len, b.data, len));
    if (ms_ipv6_extensions_walk(&extensions, header.next_header, &rest)) {
        require(!extensions.problem.is_due || extensions.problem.pointer < b.len);
        return;
    }
    require_inside(rest, b);
    require(!extensions.problem.is_due && extensions.payload_offset == rest.data - b.data);
    require(extensions.needs_reassembly || !ipv6_is_extension(extensions.next_header));
    require(b.data[extensions.next_header_named_at] == extensions.next_header);
    if (!extensions.has_fragment)
        return;
    require(b.data[extensions.fragment_named_at] == IP_PROTOCOL_FRAGMENT);
    len = ms_ipv6_fragment_emit(&extensions.fragment, scratch + sizeof(scratch));
    require(len == IPV6_FRAGMENT_HEADER_LEN);
    require(scratch[sizeof(scratch) - len] == b.data[extensions.fragment_offset]);
    require(same(scratch + sizeof(scratch) - 4, b.data + extensions.fragment_offset + 4, 4));
    if (extensions.needs_reassembly)
        (void)ms_ipv6_extensions_resume(&extensions, &rest);
}

static void fuzz_icmp(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct icmp_header header;
    struct bytes rest = b;
    uint8_t *end = scratch + sizeof(scratch);

    if (ms_icmp_header_parse(&header, &rest))
        return;
    require_inside(rest, b);
    require(ms_icmp_header_emit(&header, end) == ICMP_HEADER_LEN);
    require(same(end - 8, b.data, 2) && same(end - 4, b.data + 4, 4));
}

static void fuzz_igmp(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct igmp_header header;
    struct bytes rest = b;
    uint8_t *end = scratch + sizeof(scratch);

    if (ms_igmp_header_parse(&header, &rest))
        return;
    require_inside(rest, b);
    require(!header.is_v3_query || rest.len == 4u * header.source_count);
    require(ms_igmp_max_response_ms(&header) <= 3174400);
    require(ms_igmp_header_emit(&header, end) == IGMP_HEADER_LEN);
    require(same(end - 8, b.data, 2) && same(end - 4, b.data + 4, 4));
}

static void fuzz_mld(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct icmpv6_header icmpv6;
    struct mld_header header;
    struct bytes rest = b;
    uint8_t *end = scratch + sizeof(scratch);

    if (ms_icmpv6_header_parse(&icmpv6, &rest) || ms_mld_header_parse(&header, &icmpv6, &rest))
        return;
    require_inside(rest, b);
    require(!header.is_v2_query || rest.len == 16u * header.source_count);
    require(ms_mld_max_response_ms(&header) <= 8387584);
    require(ms_mld_header_emit(&header, end) == MLD_HEADER_LEN);
    require(same(end - 24, b.data, 2) && same(end - 20, b.data + 4, 2));
    require(same(end - 16, b.data + 8, 16));
}

static bool nd_options_same(const struct nd_options *a, const struct nd_options *b)
{
    return a->present == b->present && a->prefix_count == b->prefix_count &&
           (!(a->present & ND_OPTION_SOURCE_LINK) || same(a->source_link, b->source_link, 6)) &&
           (!(a->present & ND_OPTION_TARGET_LINK) || same(a->target_link, b->target_link, 6)) &&
           (!(a->present & ND_OPTION_MTU) || a->mtu == b->mtu) &&
           same(a->prefix, b->prefix, a->prefix_count * sizeof(a->prefix[0]));
}

static void fuzz_nd(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct icmpv6_header icmpv6;
    struct nd_message first = { 0 }, second = { 0 };
    struct bytes rest = b;
    size_t len;

    if (ms_icmpv6_header_parse(&icmpv6, &rest) || ms_nd_message_parse(&first, &icmpv6, &rest))
        return;
    require(rest.len == 0 && first.options.prefix_count <= ND_PREFIXES_MAX);
    if (first.options.present & ND_OPTION_REDIRECTED)
        require_inside(first.options.redirected, b);
    first.options.present &= (uint8_t)~ND_OPTION_REDIRECTED;
    len = ms_nd_message_emit(&first, scratch + sizeof(scratch));
    require(len <= ND_EMIT_LEN_MAX && (len == 0) == (first.type == ICMPV6_REDIRECT));
    if (len == 0)
        return;
    rest = bytes_of(scratch + sizeof(scratch) - len, len);
    require(ms_icmpv6_header_parse(&icmpv6, &rest) == MS_DROP_NONE);
    require(ms_nd_message_parse(&second, &icmpv6, &rest) == MS_DROP_NONE);
    require(first.type == second.type && first.flags == second.flags);
    require(first.hop_limit == second.hop_limit && same(first.target, second.target, 16));
    require(first.router_lifetime_s == second.router_lifetime_s);
    require(first.reachable_ms == second.reachable_ms);
    require(first.retransmit_ms == second.retransmit_ms);
    require(nd_options_same(&first.options, &second.options));
}

static void fuzz_udp(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct udp_header header;
    struct bytes rest = b;
    size_t len;

    if (ms_udp_header_parse(&header, &rest))
        return;
    require_inside(rest, b);
    require(rest.len + UDP_HEADER_LEN == header.len);
    len = ms_udp_header_emit(&header, scratch + sizeof(scratch));
    require(same(scratch + sizeof(scratch) - len, b.data, len));
}

/* Aligned options may leave room for fewer SACK blocks than the packed ones of a peer. */
static void fuzz_tcp(struct bytes b)
{
    uint8_t scratch[SCRATCH_LEN];
    struct tcp_header first = { 0 }, second = { 0 };
    struct bytes rest = b;
    size_t len;

    if (ms_tcp_header_parse(&first, &rest))
        return;
    require_inside(rest, b);
    require(first.header_len + rest.len == b.len && first.wscale <= TCP_WSCALE_MAX);
    len = ms_tcp_header_emit(&first, scratch + sizeof(scratch));
    require(len <= TCP_HEADER_LEN_MAX && len == TCP_HEADER_LEN + ms_tcp_options_len(&first));
    rest = bytes_of(scratch + sizeof(scratch) - len, len);
    require(ms_tcp_header_parse(&second, &rest) == MS_DROP_NONE && rest.len == 0);
    require(second.header_len == len && second.sack_count <= first.sack_count);
    require(second.sack_count > 0 || !(first.options & TCP_OPTION_SACK));
    memset(first.sack + second.sack_count, 0, (4u - second.sack_count) * sizeof(first.sack[0]));
    memset(second.sack + second.sack_count, 0, (4u - second.sack_count) * sizeof(first.sack[0]));
    first.sack_count = second.sack_count;
    first.header_len = second.header_len;
    require(same(&first, &second, sizeof(first)));
}

/* The first two bytes choose how much room there is and which medium. */
static void fuzz_print(struct bytes b)
{
    char *text;
    size_t size, len;
    bool is_ethernet;

    if (b.len < 2)
        return;
    size = b.data[0];
    is_ethernet = b.data[1] & 1;
    text = malloc(size);
    len = ms_print_frame(text, size, b.data + 2, b.len - 2, is_ethernet);
    require(size == 0 ? len == 0 : len < size && strlen(text) == len);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct bytes) = {
        fuzz_eth, fuzz_arp, fuzz_ipv4, fuzz_ipv6, fuzz_icmp,  fuzz_igmp,
        fuzz_mld, fuzz_nd,  fuzz_udp,  fuzz_tcp,  fuzz_print,
    };
    uint8_t *copy;

    if (size < 1)
        return 0;
    copy = malloc(size - 1); /* of exactly this size, so that an overread is seen */
    if (size > 1)
        memcpy(copy, data + 1, size - 1);
    targets[data[0] % MS_ARRAY_LEN(targets)](bytes_of(copy, size - 1));
    free(copy);
    return 0;
}
