/* SPDX-License-Identifier: ISC */
/* Reassembly: every order gives the datagram, every overlap ends it, and nothing grows. */
#include "ip/reassembly.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ip/ip_floor.h"
#include "support/fixture.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { SECOND_US = 1000000, UDP = IP_PROTOCOL_UDP, TCP = IP_PROTOCOL_TCP };

/* A fragment of a datagram whose byte i is i, unless it is said to lie. */
struct cut {
    uint32_t start, end;
    bool is_last;
    uint32_t id;
    uint32_t sender;  /* last byte of the source address; 0 means 2 */
    uint8_t protocol; /* 0 means UDP */
    uint8_t ecn;
    bool lies;
};

static bool is_ipv6; /* the family that the tests run in */

static void open_with_addresses(struct fixture *f)
{
    struct ms_config config = fixture_config();

    fixture_open(f, &config);
    fixture_add_addr(f->netif, "10.0.0.1", 24);
    fixture_add_addr(f->netif, "2001:db8::1", 64);
    fixture_advance(f, 10 * SECOND_US);
    fixture_discard(f->netif);
}

static size_t emit_ipv4(uint8_t *end, const struct cut *c)
{
    const struct ipv4_header header = {
        .src = 0x0a000000 | (c->sender ? c->sender : 2),
        .dst = 0x0a000001,
        .total_len = (uint16_t)(IPV4_HEADER_LEN + c->end - c->start),
        .id = (uint16_t)c->id,
        .fragment = (uint16_t)(c->start / 8 | (c->is_last ? 0 : IPV4_MORE_FRAGMENTS)),
        .ttl = 64,
        .traffic_class = c->ecn,
        .protocol = c->protocol ? c->protocol : UDP,
    };

    ms_ipv4_header_emit(&header, end);
    ms_ipv4_header_sum_store(end - IPV4_HEADER_LEN, IPV4_HEADER_LEN);
    return IPV4_HEADER_LEN;
}

static size_t emit_ipv6(uint8_t *end, const struct cut *c)
{
    const struct ipv6_fragment fragment = {
        .id = c->id,
        .offset_bytes = (uint16_t)c->start,
        .more = !c->is_last,
        .next_header = c->protocol ? c->protocol : UDP,
    };
    struct ipv6_header header = {
        .payload_len = (uint16_t)(IPV6_FRAGMENT_HEADER_LEN + c->end - c->start),
        .next_header = IP_PROTOCOL_FRAGMENT,
        .hop_limit = 64,
        .traffic_class = c->ecn,
    };
    struct ms_addr src = addr("2001:db8::2");
    struct ms_addr dst = addr("2001:db8::1");

    if (c->sender)
        src.bytes[15] = (uint8_t)c->sender;
    memcpy(header.src, src.bytes, 16);
    memcpy(header.dst, dst.bytes, 16);
    ms_ipv6_fragment_emit(&fragment, end);
    return IPV6_FRAGMENT_HEADER_LEN + ms_ipv6_header_emit(&header, end - IPV6_FRAGMENT_HEADER_LEN);
}

static enum ms_drop arrives(struct fixture *f, const struct cut *c)
{
    static struct datagram datagram;
    uint8_t *payload = datagram.bytes + 64;
    size_t header_len;

    for (uint32_t i = 0; i < c->end - c->start; i++)
        payload[i] = (uint8_t)((c->start + i) ^ (c->lies ? 0xff : 0));
    header_len = is_ipv6 ? emit_ipv6(payload, c) : emit_ipv4(payload, c);
    return fixture_input_ip(f, f->netif, payload - header_len, header_len + c->end - c->start);
}

/* The packet that the last fragment made; fixture_input() has put its frame, so keep one. */
static void assert_whole(struct fixture *f, uint32_t len)
{
    assert_int_equal(f->packet.protocol, UDP);
    assert_int_equal(f->packet.len, len);
    assert_int_equal(f->packet.bytes.len, len);
    assert_true(f->packet.flags & PACKET_FRAGMENTED);
    for (uint32_t i = 16; i < len; i++) /* the pool has written on the start of the object only */
        assert_int_equal(f->packet.bytes.data[i], (uint8_t)i);
}

#define ARRIVES(f, ...) arrives(f, &(const struct cut){ __VA_ARGS__ })

/* All orders of five fragments. */
/* proves: S06 */
static void puts_fragments_together_in_every_order(void **state)
{
    static const struct cut cuts[] = {
        { .start = 0, .end = 16 },
        { .start = 16, .end = 24 },
        { .start = 24, .end = 56 },
        { .start = 56, .end = 64 },
        { .start = 64, .end = 67, .is_last = true },
    };
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (unsigned order = 0; order < 120; order++) {
        bool is_used[5] = { false };
        unsigned rest = order;

        for (unsigned left = 5; left > 0; left--) {
            unsigned skip = rest % left, i = 0;
            struct cut c;

            while (is_used[i] || skip-- > 0)
                i++;
            is_used[i] = true;
            rest /= left;
            c = cuts[i];
            c.id = order;
            assert_int_equal(arrives(&f, &c), MS_DROP_NONE);
            if (left > 1)
                assert_int_equal(f.packet.protocol, IP_PROTOCOL_NONE);
        }
        assert_whole(&f, 67);
    }
    assert_int_equal(f.stack->ip->reassemblies.pool.used, 0);
    assert_int_equal(f.stack->counters.ip_reassembly_ok, 120);
    assert_int_equal(f.stack->counters.ip_in_delivers, 120);
    fixture_close(&f);
}

/* Every way two or three pieces can overlap. */
/* proves: I15, I17, I23, S21, F22, F24, R15 */
static void any_overlap_ends_the_datagram(void **state)
{
    uint32_t id = 0;
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (uint32_t start = 0; start < 64; start += 8) {
        for (uint32_t end = start + 8; end <= 64; end += 8) {
            bool is_exact = start == 16 && end == 40;
            bool is_apart = end <= 16 || start >= 40;
            enum ms_drop drop;

            id++;
            assert_int_equal(ARRIVES(&f, .start = 16, .end = 40, .id = id), MS_DROP_NONE);
            drop = ARRIVES(&f, .start = start, .end = end, .id = id);
            if (is_apart)
                assert_int_equal(drop, MS_DROP_NONE);
            else
                assert_int_equal(drop,
                                 is_exact ? MS_DROP_FRAGMENT_DUPLICATE : MS_DROP_FRAGMENT_OVERLAP);
            if (is_apart || is_exact)
                continue;
            assert_int_equal(ARRIVES(&f, .start = 64, .end = 72, .id = id, .is_last = true),
                             MS_DROP_FRAGMENT_DISCARDED);
        }
    }
    fixture_close(&f);
}

/* proves: I23, S21 */
static void a_repetition_with_other_bytes_is_an_overlap(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    ARRIVES(&f, .start = 0, .end = 16);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 16, .lies = true), MS_DROP_FRAGMENT_OVERLAP);
    assert_int_equal(ARRIVES(&f, .start = 16, .end = 20, .is_last = true),
                     MS_DROP_FRAGMENT_DISCARDED);
    fixture_close(&f);
}

/* Only one of them can be right about where the datagram ends. */
/* proves: I22, S21 */
static void a_repetition_with_another_end_is_an_overlap(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    ARRIVES(&f, .start = 16, .end = 32, .id = 1);
    assert_int_equal(ARRIVES(&f, .start = 16, .end = 32, .id = 1, .is_last = true),
                     MS_DROP_FRAGMENT_OVERLAP);
    ARRIVES(&f, .start = 16, .end = 32, .id = 2, .is_last = true);
    assert_int_equal(ARRIVES(&f, .start = 16, .end = 32, .id = 2), MS_DROP_FRAGMENT_OVERLAP);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 16, .id = 2), MS_DROP_FRAGMENT_DISCARDED);
    ARRIVES(&f, .start = 16, .end = 32, .id = 3, .is_last = true);
    assert_int_equal(ARRIVES(&f, .start = 16, .end = 32, .id = 3, .is_last = true),
                     MS_DROP_FRAGMENT_DUPLICATE);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 16, .id = 3), MS_DROP_NONE);
    fixture_close(&f);
}

/* proves: I22, S21 */
static void a_second_end_is_an_overlap(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    ARRIVES(&f, .start = 96, .end = 100, .is_last = true, .id = 1);
    assert_int_equal(ARRIVES(&f, .start = 200, .end = 208, .is_last = true, .id = 1),
                     MS_DROP_FRAGMENT_OVERLAP);
    ARRIVES(&f, .start = 96, .end = 100, .is_last = true, .id = 2);
    assert_int_equal(ARRIVES(&f, .start = 104, .end = 112, .id = 2), MS_DROP_FRAGMENT_OVERLAP);
    ARRIVES(&f, .start = 104, .end = 112, .id = 3);
    assert_int_equal(ARRIVES(&f, .start = 32, .end = 40, .is_last = true, .id = 3),
                     MS_DROP_FRAGMENT_OVERLAP);
    fixture_close(&f);
}

/* proves: I16, I19, I20, R15 */
static void refuses_impossible_offsets_and_lengths(void **state)
{
    struct fixture f;
    uint32_t last = is_ipv6 ? 65528 : 65512;

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(ARRIVES(&f, .start = 8, .end = 8), MS_DROP_FRAGMENT_MALFORMED);
    assert_int_equal(ARRIVES(&f, .start = 8, .end = 8, .is_last = true),
                     MS_DROP_FRAGMENT_MALFORMED);
    for (uint32_t len = 1; len < 8; len++)
        assert_int_equal(ARRIVES(&f, .start = 16, .end = 16 + len), MS_DROP_FRAGMENT_MALFORMED);
    assert_int_equal(ARRIVES(&f, .start = last, .end = last + 8, .is_last = true),
                     MS_DROP_FRAGMENT_MALFORMED);
    assert_int_equal(ARRIVES(&f, .start = 65528, .end = 65628, .is_last = true),
                     MS_DROP_FRAGMENT_MALFORMED);
    assert_int_equal(ARRIVES(&f, .start = last, .end = last + 3, .is_last = true), MS_DROP_NONE);
    fixture_close(&f);
}

/* proves: I21, S23, F22 */
static void the_first_fragment_holds_the_whole_transport_header(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 8, .protocol = TCP, .id = 1),
                     MS_DROP_FRAGMENT_HEADER_SPLIT);
    assert_int_equal(ARRIVES(&f, .start = 8, .end = 16, .protocol = TCP, .id = 2),
                     MS_DROP_FRAGMENT_HEADER_SPLIT);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 24, .protocol = TCP, .id = 3), MS_DROP_NONE);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 8, .id = 4), MS_DROP_NONE);
    fixture_close(&f);
}

static void forgets_in_time_and_tells_the_sender(void **state)
{
    uint32_t timeout_s = is_ipv6 ? 60 : 30;
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    ARRIVES(&f, .start = 0, .end = 16, .id = 1);
    ARRIVES(&f, .start = 16, .end = 32, .id = 2); /* without its start nothing can be quoted */
    ARRIVES(&f, .start = 16, .end = 32, .id = 3, .sender = 3);
    ARRIVES(&f, .start = 16, .end = 40, .id = 3, .sender = 3); /* discarded */
    fixture_advance(&f, (uint64_t)timeout_s * SECOND_US - 1);
    assert_int_equal(drops(&f, MS_DROP_FRAGMENT_TIMEOUT), 0);
    fixture_advance(&f, 2);
    assert_int_equal(drops(&f, MS_DROP_FRAGMENT_TIMEOUT), 2);
    assert_int_equal(f.stack->counters.icmp_out_errors, 1);
    assert_int_equal(f.stack->counters.ip_reassembly_fails, 3);
    assert_int_equal(ARRIVES(&f, .start = 40, .end = 48, .id = 3, .sender = 3), MS_DROP_NONE);
    fixture_discard(f.netif);
    fixture_close(&f);
}

/* One source has a share, and the others' datagrams get through. */
/* proves: I18, R10 */
static void a_flood_takes_only_its_share(void **state)
{
    unsigned whole = 0;
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (uint32_t i = 0; i < 1000; i++) {
        ARRIVES(&f, .start = 0, .end = 8, .id = 2 * i);
        if (i % 100 == 0)
            ARRIVES(&f, .start = 0, .end = 16, .id = i, .sender = 9);
        if (i % 100 == 50)
            ARRIVES(&f, .start = 16, .end = 20, .id = i - 50, .sender = 9, .is_last = true);
        whole += f.packet.protocol == UDP;
    }
    assert_int_equal(whole, 10);
    assert_in_range(f.stack->ip->reassemblies.pool.used, 1, 2);
    for (uint32_t i = 0; i < 1000; i++) /* from everywhere: the oldest go */
        ARRIVES(&f, .start = 0, .end = 8, .id = i, .sender = 3 + i % 250);
    assert_int_equal(f.stack->ip->reassemblies.pool.used, 8);
    fixture_close(&f);
}

/* Many tiny pieces of one datagram. */
/* proves: I18, R10 */
static void bounds_the_pieces_of_a_datagram(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (uint32_t i = 64; i > 0; i--)
        assert_int_equal(ARRIVES(&f, .start = 16 * i, .end = 16 * i + 8), MS_DROP_NONE);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 8), MS_DROP_FRAGMENT_NO_MEMORY);
    assert_int_equal(ARRIVES(&f, .start = 8, .end = 16), MS_DROP_FRAGMENT_DISCARDED);
    fixture_close(&f);
}

static void a_datagram_larger_than_the_buffers_is_given_up(void **state)
{
    struct ms_config config = fixture_config();
    struct fixture f;

    (void)state;
    config.reassembly_bytes = 2000;
    fixture_open(&f, &config);
    fixture_add_addr(f.netif, "10.0.0.1", 24);
    fixture_add_addr(f.netif, "2001:db8::1", 64);
    ARRIVES(&f, .start = 0, .end = 1000);
    assert_int_equal(ARRIVES(&f, .start = 1000, .end = 2008), MS_DROP_FRAGMENT_NO_MEMORY);
    assert_int_equal(ARRIVES(&f, .start = 1000, .end = 1001, .is_last = true),
                     MS_DROP_FRAGMENT_DISCARDED);
    fixture_close(&f);
}

/* A datagram is one frame: whoever keeps a reference keeps its buffer from the pool. */
static void a_kept_datagram_stays_as_it_is(void **state)
{
    struct ms_config config = fixture_config();
    const struct fragment first = { .more = true, .protocol = UDP, .id = 5 };
    const struct fragment last = { .offset_bytes = 8, .protocol = UDP, .id = 5 };
    uint8_t bytes[16];
    struct ms_frame in = { .head = bytes, .head_len = 8, .refs = 9 };
    struct packet p = { .netif = NULL };
    struct fixture f;

    (void)state;
    memset(bytes, 0x77, sizeof(bytes));
    config.reassemblies = 1;
    fixture_open(&f, &config);
    for (unsigned i = 0; i < 2; i++) {
        p = (struct packet){ .stack = f.stack, .netif = f.netif, .frame = &in };
        p.bytes = bytes_of(bytes, 8);
        p.len = 8;
        p.is_ipv4 = true;
        p.flow.remote = addr("10.0.0.2");
        p.flow.local = addr("10.0.0.1");
        assert_int_equal(ms_reassembly_input(&p, i ? &last : &first), MS_DROP_NONE);
    }
    assert_int_equal(in.refs, 8);
    assert_ptr_not_equal(p.frame, &in);
    assert_int_equal(p.frame->head_len, 36);
    assert_ptr_equal(p.network, p.frame->head);
    in.refs = 9;
    fixture_add_addr(f.netif, "10.0.0.1", 24);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 8, .id = 6),
                     is_ipv6 ? MS_DROP_IP_NOT_FOR_US : MS_DROP_FRAGMENT_NO_MEMORY);
    assert_memory_equal(p.bytes.data, bytes, 16);
    ms_frame_put(p.frame);
    assert_int_equal(f.stack->ip->reassemblies.pool.used, 0);
    fixture_close(&f);
}

/* proves: I30 */
static void families_and_protocols_do_not_mix(void **state)
{
    bool family = is_ipv6;
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    is_ipv6 = false;
    ARRIVES(&f, .start = 0, .end = 8, .id = 7);
    ARRIVES(&f, .start = 0, .end = 24, .id = 7, .protocol = TCP);
    is_ipv6 = true;
    assert_int_equal(ARRIVES(&f, .start = 8, .end = 12, .id = 7, .is_last = true), MS_DROP_NONE);
    assert_int_equal(f.packet.protocol, IP_PROTOCOL_NONE);
    is_ipv6 = false;
    assert_int_equal(ARRIVES(&f, .start = 8, .end = 12, .id = 7, .is_last = true), MS_DROP_NONE);
    assert_whole(&f, 12);
    is_ipv6 = family;
    fixture_close(&f);
}

/* RFC 3168, 5.3. */
static void congestion_met_by_one_fragment_counts_for_all(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    ARRIVES(&f, .start = 0, .end = 8, .id = 1, .ecn = 2);
    ARRIVES(&f, .start = 8, .end = 12, .id = 1, .ecn = 3, .is_last = true);
    assert_int_equal(f.packet.traffic_class, 3);
    ARRIVES(&f, .start = 0, .end = 8, .id = 2, .ecn = 0);
    assert_int_equal(ARRIVES(&f, .start = 8, .end = 12, .id = 2, .ecn = 3, .is_last = true),
                     MS_DROP_FRAGMENT_ECN_MIXED);
    fixture_close(&f);
}

static int use_ipv4(void **state)
{
    (void)state;
    is_ipv6 = false;
    return 0;
}

static int use_ipv6(void **state)
{
    (void)state;
    is_ipv6 = true;
    return 0;
}

/* What must come first cannot come after a fragment header. */
/* proves: S27 */
static void hop_by_hop_options_within_a_datagram_are_refused(void **state)
{
    const struct fragment pieces[2] = { { .more = true }, { .offset_bytes = 16 } };
    const uint8_t options[16] = { IP_PROTOCOL_UDP, 0, 1, 4 };
    struct ipv6_header header = { .payload_len = 24, .hop_limit = 9 };
    struct fixture f;
    uint8_t bytes[64];

    (void)state;
    is_ipv6 = true;
    open_with_addresses(&f);
    memcpy(header.src, addr("2001:db8::2").bytes, 16);
    memcpy(header.dst, addr("2001:db8::1").bytes, 16);
    header.next_header = IP_PROTOCOL_FRAGMENT;
    for (unsigned i = 0; i < 2; i++) {
        const struct ipv6_fragment fragment = {
            .offset_bytes = (uint16_t)pieces[i].offset_bytes,
            .more = pieces[i].more,
            .next_header = IP_PROTOCOL_HOP_BY_HOP,
        };

        memcpy(bytes + 48, options, 16);
        ms_ipv6_fragment_emit(&fragment, bytes + 48);
        ms_ipv6_header_emit(&header, bytes + 40);
        assert_int_equal(fixture_input_ip(&f, f.netif, bytes, 64),
                         i ? MS_DROP_IPV6_BAD_EXTENSION : MS_DROP_NONE);
    }
    fixture_discard(f.netif);
    fixture_close(&f);
}

/* A fragment header in what became whole. */
/* proves: S18, S19, S20, F22 */
static void a_fragment_within_a_datagram_is_refused(void **state)
{
    struct fixture f;

    (void)state;
    is_ipv6 = true;
    open_with_addresses(&f);
    assert_int_equal(ARRIVES(&f, .start = 0, .end = 16, .protocol = IP_PROTOCOL_FRAGMENT),
                     MS_DROP_NONE);
    assert_int_equal(
        ARRIVES(&f, .start = 16, .end = 20, .protocol = IP_PROTOCOL_FRAGMENT, .is_last = true),
        MS_DROP_IPV6_BAD_EXTENSION);
    assert_int_equal(f.stack->ip->reassemblies.pool.used, 0);
    fixture_close(&f);
}

#define BOTH(test) cmocka_unit_test_setup(test, use_ipv4), cmocka_unit_test_setup(test, use_ipv6)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(puts_fragments_together_in_every_order),
        BOTH(any_overlap_ends_the_datagram),
        BOTH(a_repetition_with_other_bytes_is_an_overlap),
        BOTH(a_repetition_with_another_end_is_an_overlap),
        BOTH(a_second_end_is_an_overlap),
        BOTH(refuses_impossible_offsets_and_lengths),
        BOTH(the_first_fragment_holds_the_whole_transport_header),
        BOTH(forgets_in_time_and_tells_the_sender),
        BOTH(a_flood_takes_only_its_share),
        BOTH(bounds_the_pieces_of_a_datagram),
        BOTH(a_datagram_larger_than_the_buffers_is_given_up),
        BOTH(a_kept_datagram_stays_as_it_is),
        BOTH(families_and_protocols_do_not_mix),
        BOTH(congestion_met_by_one_fragment_counts_for_all),
        cmocka_unit_test(hop_by_hop_options_within_a_datagram_are_refused),
        cmocka_unit_test(a_fragment_within_a_datagram_is_refused),
    };

    return cmocka_run_group_tests_name("ip/reassembly", tests, NULL, NULL);
}
