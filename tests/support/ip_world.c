/* SPDX-License-Identifier: ISC */
/* A whole stack with one interface, whose wire and clock are the test's. */
#include "support/ip_world.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/flow.h"
#include "wire/eth.h"
#include "wire/icmpv6.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* A received frame: exactly as many bytes as the test gave, in one piece or two. */
struct received {
    struct ip_world *world;
    uint8_t *pieces[2];
    struct ms_frame *frame;
};

enum { FRAME_BACK = 16 };

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct ip_world *w =
        (struct ip_world *)(void *)((uint8_t *)driver - offsetof(struct ip_world, driver));

    for (unsigned i = 0; i < n; i++) {
        struct world_frame *to = &w->sent[w->sent_count++ % WORLD_SENT_MAX];
        struct ms_frame *frame = frames[i];

        assert_true(ms_frame_len(frame) <= sizeof(to->bytes));
        memcpy(to->bytes, frame->head, frame->head_len);
        to->len = frame->head_len;
        for (unsigned s = 0; s < frame->slice_count; s++) {
            memcpy(to->bytes + to->len, frame->slices[s].data, frame->slices[s].len);
            to->len += frame->slices[s].len;
        }
        ms_frame_put(frame);
    }
    return n;
}

static const struct ms_driver_ops ops = { .transmit = transmit };

void world_open(struct ip_world *w, enum ms_medium medium)
{
    struct ms_config config;

    memset(w, 0, sizeof(*w));
    ms_config_default(&config);
    config.seed[0] = 42;
    config.netifs = 1;
    config.groups = 8;
    config.path_mtus = 8;
    config.frames = 128;
    config.frame_slices = 4;
    config.transmit_queue = 128;
    config.tcp_connections = 4;
    config.tcp_syn_records = 4;
    config.tcp_time_wait_records = 4;
    w->memory = malloc(ms_stack_size(&config));
    w->stack = ms_stack_init(&config, w->memory, ms_stack_size(&config));
    w->driver = (struct ms_driver){
        .ops = &ops,
        .medium = medium,
        .mac = { 2, 0, 0, 0, 0, 1 },
        .mtu = 1500,
        .slices_max = 4,
    };
    assert_non_null(w->stack);
    assert_int_equal(ms_netif_attach(w->stack, &w->driver, &w->netif), MS_OK);
    ms_netif_set_up(w->netif, true);
    world_advance(w, 1000000);
}

void world_close(struct ip_world *w)
{
    ms_netif_detach(w->netif);
    ms_poll(w->stack, w->now_us);
    assert_int_equal(w->frames_in, 0);
    assert_int_equal(w->stack->frames.used, 0);
    free(w->memory);
}

void world_advance(struct ip_world *w, uint64_t us)
{
    uint64_t end_us = w->now_us + us;

    ms_poll(w->stack, w->now_us);
    while (w->now_us < end_us) {
        uint64_t next_us = ms_next_deadline(w->stack);

        if (next_us <= w->now_us)
            next_us = w->now_us + 1;
        w->now_us = next_us < end_us ? next_us : end_us;
        ms_poll(w->stack, w->now_us);
    }
}

static void release(struct ms_frame *frame)
{
    struct received *received = *(struct received **)(void *)((uint8_t *)frame - FRAME_BACK);

    received->world->frames_in--;
    free(received->pieces[0]);
    free(received->pieces[1]);
    free((uint8_t *)frame - FRAME_BACK);
    free(received);
}

static uint8_t *copy(const uint8_t *bytes, size_t len)
{
    uint8_t *to = malloc(len + (len == 0));

    if (len > 0)
        memcpy(to, bytes, len);
    return to;
}

static struct ms_frame *receive(struct ip_world *w, const uint8_t *bytes, size_t len, size_t split)
{
    struct received *received = calloc(1, sizeof(*received));
    uint8_t *block = calloc(1, FRAME_BACK + sizeof(struct ms_frame) + sizeof(struct ms_slice));
    struct ms_frame *frame = (struct ms_frame *)(void *)(block + FRAME_BACK);

    memcpy(block, &received, sizeof(struct received *));
    split = split == 0 || split > len ? len : split;
    *received = (struct received){
        .world = w,
        .pieces = { copy(bytes, split), copy(bytes + split, len - split) },
    };
    *frame = (struct ms_frame){
        .head = received->pieces[0],
        .head_len = (uint32_t)split,
        .refs = 1,
        .slice_capacity = 1,
        .slice_count = split < len,
        .release = release,
    };
    frame->slices[0] =
        (struct ms_slice){ .data = received->pieces[1], .len = (uint32_t)(len - split) };
    w->frames_in++;
    return frame;
}

enum ms_drop world_input(struct ip_world *w, const uint8_t *bytes, size_t len, size_t split)
{
    struct ms_frame *frame = receive(w, bytes, len, split);
    uint64_t before[MS_DROP_COUNT];
    enum ms_drop drop = MS_DROP_NONE;

    memcpy(before, w->stack->counters.drops, sizeof(before));
    ms_netif_input(w->netif, &frame, 1, w->now_us);
    for (unsigned i = 1; i < MS_DROP_COUNT; i++) {
        if (w->stack->counters.drops[i] != before[i])
            drop = (enum ms_drop)i;
    }
    ms_poll(w->stack, w->now_us);
    return drop;
}

struct ms_addr world_addr(const char *text)
{
    struct ms_addr addr;

    assert_int_equal(ms_addr_parse(&addr, text), MS_OK);
    return addr;
}

bool is_addr(const struct ms_addr *addr, const char *text)
{
    struct ms_addr wanted = world_addr(text);

    return ms_addr_equal(addr, &wanted);
}

void world_add_addr(struct ip_world *w, const char *text, uint8_t prefix_len)
{
    struct ms_addr addr = world_addr(text);

    assert_int_equal(ms_netif_add_addr(w->netif, &addr, prefix_len, false), MS_OK);
    world_advance(w, 30000000); /* announcements and reports are over */
    world_discard(w);
}

uint64_t world_drops(const struct ip_world *w, enum ms_drop drop)
{
    return ms_stack_counters(w->stack)->drops[drop];
}

static uint8_t usual_hop_limit(const struct message *m)
{
    struct ms_addr from = world_addr(m->from);

    if (m->hop_limit)
        return m->hop_limit;
    if (ms_addr_is_ipv4(&from) || m->type < ICMPV6_MLD_QUERY)
        return 64;
    return m->type <= ICMPV6_MLD_DONE ? 1 : 255;
}

size_t world_ip_header(uint8_t *at, const struct message *m, size_t len)
{
    struct ms_addr from = world_addr(m->from), to = world_addr(m->to);
    struct ipv6_header v6 = {
        .payload_len = (uint16_t)len,
        .next_header = m->protocol ? m->protocol : IP_PROTOCOL_ICMPV6,
        .hop_limit = usual_hop_limit(m),
    };
    struct ipv4_header v4 = {
        .src = addr_ipv4(&from),
        .dst = addr_ipv4(&to),
        .total_len = (uint16_t)(IPV4_HEADER_LEN + len),
        .ttl = usual_hop_limit(m),
        .protocol = m->protocol ? m->protocol : IP_PROTOCOL_ICMP,
    };

    if (ms_addr_is_ipv4(&to)) {
        ms_ipv4_header_emit(&v4, at + IPV4_HEADER_LEN);
        ms_ipv4_header_sum_store(at, IPV4_HEADER_LEN);
        return IPV4_HEADER_LEN;
    }
    memcpy(v6.src, from.bytes, sizeof(v6.src));
    memcpy(v6.dst, to.bytes, sizeof(v6.dst));
    return ms_ipv6_header_emit(&v6, at + IPV6_HEADER_LEN);
}

/* The pseudo header counts for ICMPv6 alone. */
static void store_sum(uint8_t *icmp, size_t len, const struct message *m)
{
    struct ms_addr from = world_addr(m->from), to = world_addr(m->to);
    uint64_t sum = ms_checksum_scalar(icmp, len);
    uint16_t checksum;

    if (!ms_addr_is_ipv4(&to))
        sum += ms_ip_pseudo_sum(&from, &to, IP_PROTOCOL_ICMPV6, (uint32_t)len);
    checksum = ms_checksum_finish(sum);
    if (m->has_bad_sum)
        checksum ^= 0x0101;
    memcpy(icmp + 2, &checksum, sizeof(checksum));
}

static size_t put_ethernet(uint8_t *at, const struct ip_world *w, const struct message *m)
{
    const uint8_t from[6] = { 2, 0, 0, 0, 1, m->mac_last };
    struct ms_addr to = world_addr(m->to);

    if (w->driver.medium != MS_MEDIUM_ETHERNET)
        return 0;
    memcpy(at, w->driver.mac, 6);
    if (ms_addr_is_multicast(&to))
        memcpy(at, "\x33\x33\xff\x00\x00\x01", 6);
    if (m->is_to_all)
        memset(at, 0xff, 6);
    memcpy(at + 6, from, 6);
    store_be16(at + 12, ms_addr_is_ipv4(&to) ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
    return ETH_HEADER_LEN;
}

enum ms_drop world_message(struct ip_world *w, const struct message *m)
{
    static uint8_t bytes[4096];
    uint8_t icmp[3000];
    size_t icmp_len = m->body_len + 8 > m->cut ? m->body_len + 8 - m->cut : 0;
    size_t at = put_ethernet(bytes, w, m);
    size_t ip_at = at;

    memset(icmp, 0, 8);
    icmp[0] = m->type;
    icmp[1] = m->code;
    store_be32(icmp + 4, m->rest);
    if (m->body_len > 0)
        memcpy(icmp + 8, m->body, m->body_len);
    if (icmp_len >= 4)
        store_sum(icmp, icmp_len, m);
    at += world_ip_header(bytes + at, m, icmp_len + (m->has_fragment_header ? 8 : 0));
    if (m->has_fragment_header) {
        memset(bytes + at, 0, 8);
        bytes[at] = IP_PROTOCOL_ICMPV6;
        bytes[ip_at + IPV6_NEXT_HEADER_OFFSET] = IP_PROTOCOL_FRAGMENT;
        at += 8;
    }
    memcpy(bytes + at, icmp, icmp_len);
    return world_input(w, bytes, at + icmp_len, m->split);
}

unsigned world_discard(struct ip_world *w)
{
    unsigned count = w->sent_count - w->sent_taken;

    w->sent_taken = w->sent_count;
    return count;
}

static struct bytes read_ipv4(struct sent_message *sent, struct bytes b)
{
    struct ipv4_header header = { 0 };
    const uint8_t *at = b.data;

    assert_int_equal(ms_ipv4_header_parse(&header, &b), MS_DROP_NONE);
    assert_true(ms_ipv4_header_sum_ok(at, header.header_len));
    addr_set_ipv4(&sent->from, header.src);
    addr_set_ipv4(&sent->to, header.dst);
    sent->hop_limit = header.ttl;
    sent->protocol = header.protocol;
    sent->has_router_alert = header.header_len == IPV4_HEADER_LEN + IPV4_ROUTER_ALERT_LEN;
    return b;
}

static struct bytes read_ipv6(struct sent_message *sent, struct bytes b)
{
    struct ipv6_header header = { .next_header = 0 };

    assert_int_equal(ms_ipv6_header_parse(&header, &b), MS_DROP_NONE);
    memcpy(sent->from.bytes, header.src, sizeof(header.src));
    memcpy(sent->to.bytes, header.dst, sizeof(header.dst));
    sent->hop_limit = header.hop_limit;
    sent->protocol = header.next_header;
    if (header.next_header == IP_PROTOCOL_HOP_BY_HOP) {
        sent->has_router_alert = true;
        sent->protocol = b.data[0];
        assert_true(bytes_skip(&b, IPV6_ROUTER_ALERT_LEN));
    }
    return b;
}

static void check_sum(const struct sent_message *sent, struct bytes b)
{
    uint64_t sum = ms_checksum_scalar(b.data, b.len);

    if (sent->protocol == IP_PROTOCOL_ICMPV6)
        sum += ms_ip_pseudo_sum(&sent->from, &sent->to, IP_PROTOCOL_ICMPV6, (uint32_t)b.len);
    assert_int_equal(ms_checksum_fold(sum), 0xffff);
}

bool world_sent(struct ip_world *w, struct sent_message *sent)
{
    const struct world_frame *frame = &w->sent[w->sent_taken % WORLD_SENT_MAX];
    size_t at = w->driver.medium == MS_MEDIUM_ETHERNET ? ETH_HEADER_LEN : 0;
    struct bytes b;

    if (w->sent_taken == w->sent_count)
        return false;
    w->sent_taken++;
    b = bytes_of(frame->bytes + at, frame->len - at);
    *sent = (struct sent_message){ .packet_len = b.len, .mac = frame->bytes };
    if (at > 0 && load_be16(frame->bytes + 12) == ETHERTYPE_ARP)
        return true;
    b = b.data[0] >> 4 == 4 ? read_ipv4(sent, b) : read_ipv6(sent, b);
    if (sent->protocol != IP_PROTOCOL_ICMP && sent->protocol != IP_PROTOCOL_ICMPV6 &&
        sent->protocol != IP_PROTOCOL_IGMP)
        return true;
    check_sum(sent, b);
    sent->type = b.data[0];
    sent->code = b.data[1];
    sent->rest = load_be32(b.data + 4);
    sent->body = b.data + 8;
    sent->body_len = b.len - 8;
    return true;
}

bool world_sent_type(struct ip_world *w, uint8_t type, struct sent_message *sent)
{
    while (world_sent(w, sent)) {
        if (sent->type == type && sent->body)
            return true;
    }
    return false;
}
