/* SPDX-License-Identifier: ISC */
/* IPv4 received: sound, for us, from somebody who can be. */
#include "wire/ipv4.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/fixture.h"

enum { PAYLOAD_LEN = 32 };

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static void open_with_addresses(struct fixture *f)
{
    struct ms_config config = fixture_config();
    struct ms_addr group = addr("224.5.6.7");

    fixture_open(f, &config);
    fixture_add_addr(f->netif, "10.0.0.1", 24);
    fixture_add_addr(f->netif, "10.1.0.1", 30);
    fixture_add_addr(&f->netifs[1], "192.168.0.1", 16);
    assert_int_equal(ms_group_join(f->netif, &group), MS_OK);
}

/* A packet of 20 + PAYLOAD_LEN bytes; bytes 0 and on of options replace the first payload. */
static size_t packet(uint8_t *at, const struct ipv4_header *header)
{
    struct ipv4_header full = *header;

    full.total_len = IPV4_HEADER_LEN + PAYLOAD_LEN;
    ms_ipv4_header_emit(&full, at + IPV4_HEADER_LEN);
    ms_ipv4_header_sum_store(at, IPV4_HEADER_LEN);
    for (unsigned i = 0; i < PAYLOAD_LEN; i++)
        at[IPV4_HEADER_LEN + i] = (uint8_t)i;
    return full.total_len;
}

struct address_case {
    uint32_t src, dst;
    enum ms_drop drop;
    bool is_group;
};

static const struct address_case address_cases[] = {
    { IP(10, 0, 0, 2), IP(10, 0, 0, 1), MS_DROP_NONE, false },
    { IP(8, 8, 8, 8), IP(10, 1, 0, 1), MS_DROP_NONE, false },
    { IP(10, 0, 0, 2), IP(10, 0, 0, 255), MS_DROP_NONE, true },
    { IP(10, 0, 0, 2), IP(10, 1, 0, 3), MS_DROP_NONE, true },
    { IP(10, 0, 0, 2), IP(255, 255, 255, 255), MS_DROP_NONE, true },
    { IP(10, 0, 0, 2), IP(224, 0, 0, 1), MS_DROP_NONE, true },
    { IP(10, 0, 0, 2), IP(224, 5, 6, 7), MS_DROP_NONE, true },
    { IP(10, 0, 0, 2), IP(224, 5, 6, 8), MS_DROP_IP_NOT_FOR_US, false },
    { IP(10, 0, 0, 2), IP(10, 0, 0, 3), MS_DROP_IP_NOT_FOR_US, false },
    { IP(10, 0, 0, 2), IP(192, 168, 0, 1), MS_DROP_IP_NOT_FOR_US, false }, /* strong host */
    { IP(10, 0, 0, 2), IP(192, 168, 255, 255), MS_DROP_IP_NOT_FOR_US, false },
    { IP(10, 0, 0, 2), IP(127, 0, 0, 1), MS_DROP_IP_NOT_FOR_US, false },
    { IP(10, 0, 0, 2), IP(0, 0, 0, 0), MS_DROP_IP_NOT_FOR_US, false },
    { IP(0, 0, 0, 0), IP(10, 0, 0, 1), MS_DROP_IP_BAD_SOURCE, false },
    { IP(0, 1, 2, 3), IP(10, 0, 0, 1), MS_DROP_IP_BAD_SOURCE, false },
    { IP(127, 0, 0, 77), IP(10, 0, 0, 1), MS_DROP_IP_BAD_SOURCE, false },
    { IP(224, 0, 0, 77), IP(10, 0, 0, 1), MS_DROP_IP_BAD_SOURCE, false },
    { IP(240, 0, 0, 77), IP(10, 0, 0, 1), MS_DROP_IP_BAD_SOURCE, false },
    { IP(255, 255, 255, 255), IP(10, 0, 0, 1), MS_DROP_IP_BAD_SOURCE, false },
    { IP(10, 0, 0, 255), IP(10, 0, 0, 1), MS_DROP_IP_BAD_SOURCE, false },
    { IP(10, 1, 0, 3), IP(10, 0, 0, 1), MS_DROP_IP_BAD_SOURCE, false },
    { IP(10, 0, 0, 1), IP(10, 0, 0, 1), MS_DROP_IP_OWN_ADDRESS, false }, /* LAND */
    { IP(10, 1, 0, 1), IP(10, 0, 0, 1), MS_DROP_IP_OWN_ADDRESS, false },
    { IP(192, 168, 0, 1), IP(10, 0, 0, 1), MS_DROP_IP_OWN_ADDRESS, false },
    { IP(192, 168, 0, 1), IP(224, 0, 0, 1), MS_DROP_IP_OWN_ADDRESS, false },
    { IP(10, 0, 1, 1), IP(10, 0, 0, 1), MS_DROP_NONE, false }, /* same last byte, not ours */
};

/* proves: I24, I26, R15 */
static void knows_who_may_speak_and_to_whom(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(address_cases); i++) {
        const struct address_case *c = &address_cases[i];
        const struct ipv4_header header = {
            .src = c->src, .dst = c->dst, .ttl = 64, .protocol = IP_PROTOCOL_UDP
        };
        uint8_t bytes[64];
        size_t len = packet(bytes, &header);

        if (fixture_input_ip(&f, f.netif, bytes, len) != c->drop)
            fail_msg("case %zu", i);
        if (!c->drop)
            assert_int_equal((f.packet.flags & PACKET_IP_GROUP) != 0, c->is_group);
    }
    fixture_close(&f);
}

/* proves: E11 */
static void tells_what_the_header_says(void **state)
{
    const struct ipv4_header header = {
        .src = IP(10, 0, 0, 2),
        .dst = IP(10, 0, 0, 1),
        .ttl = 7,
        .protocol = IP_PROTOCOL_TCP,
        .traffic_class = 0xb9,
    };
    struct ms_addr src = addr("10.0.0.2");
    struct ms_addr dst = addr("10.0.0.1");
    struct fixture f;
    uint8_t bytes[100] = { 0 };
    size_t len = packet(bytes, &header);

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len + 9), MS_DROP_NONE); /* padded */
    assert_true(f.packet.is_ipv4);
    assert_int_equal(f.packet.protocol, IP_PROTOCOL_TCP);
    assert_int_equal(f.packet.hop_limit, 7);
    assert_int_equal(f.packet.traffic_class, 0xb9);
    assert_int_equal(f.packet.len, PAYLOAD_LEN);
    assert_int_equal(f.packet.bytes.len, PAYLOAD_LEN);
    assert_true(ms_addr_equal(&f.packet.flow.remote, &src));
    assert_true(ms_addr_equal(&f.packet.flow.local, &dst));
    assert_int_equal(f.stack->counters.ip_in_receives, 1);
    assert_int_equal(f.stack->counters.ip_in_delivers, 1);
    fixture_close(&f);
}

static void payload_may_lie_in_slices_but_headers_may_not(void **state)
{
    const struct ipv4_header header = {
        .src = IP(10, 0, 0, 2), .dst = IP(10, 0, 0, 1), .ttl = 64, .protocol = IP_PROTOCOL_UDP
    };
    uint8_t frame[14 + 52] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 8, 0 };
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    packet(frame + 14, &header);
    for (size_t split = 0; split < 34; split++)
        assert_int_equal(fixture_input_split(&f, f.netif, frame, sizeof(frame), split),
                         MS_DROP_FRAME_NOT_CONTIGUOUS);
    for (size_t split = 34; split < sizeof(frame); split++) {
        assert_int_equal(fixture_input_split(&f, f.netif, frame, sizeof(frame), split),
                         MS_DROP_NONE);
        assert_int_equal(f.packet.len, PAYLOAD_LEN);
        assert_int_equal(f.packet.bytes.len, split - 34);
    }
    fixture_close(&f);
}

/* proves: I04 */
static void refuses_packets_cut_at_every_length(void **state)
{
    const struct ipv4_header header = {
        .src = IP(10, 0, 0, 2), .dst = IP(10, 0, 0, 1), .ttl = 64, .protocol = IP_PROTOCOL_UDP
    };
    uint8_t bytes[64];
    size_t len = packet(bytes, &header);
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t cut = 1; cut < len; cut++)
        assert_int_equal(fixture_input_ip(&f, f.netif, bytes, cut), MS_DROP_IPV4_TRUNCATED);
    assert_int_equal(f.stack->counters.ip_in_header_errors, len - 1);
    fixture_close(&f);
}

struct header_case {
    uint8_t offset, value;
    enum ms_drop drop;
};

/* Bytes of a good header made bad; the checksum is made right again, but for the first. */
static const struct header_case header_cases[] = {
    { 11, 0x5a, MS_DROP_IPV4_BAD_CHECKSUM },     { 0, 0x65, MS_DROP_IP_BAD_VERSION },
    { 0, 0x05, MS_DROP_IP_BAD_VERSION },         { 0, 0x44, MS_DROP_IPV4_BAD_HEADER_LENGTH },
    { 0, 0x40, MS_DROP_IPV4_BAD_HEADER_LENGTH }, { 3, 19, MS_DROP_IPV4_BAD_HEADER_LENGTH },
    { 3, 0, MS_DROP_IPV4_BAD_HEADER_LENGTH },    { 2, 0xff, MS_DROP_IPV4_TRUNCATED },
    { 0, 0x4f, MS_DROP_IPV4_TRUNCATED }, /* sixty bytes of header in a packet of fifty-two */
};

/* proves: I01, I02, I04, I27 */
static void refuses_impossible_headers(void **state)
{
    const struct ipv4_header header = {
        .src = IP(10, 0, 0, 2), .dst = IP(10, 0, 0, 1), .ttl = 64, .protocol = IP_PROTOCOL_UDP
    };
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(header_cases); i++) {
        const struct header_case *c = &header_cases[i];
        uint8_t frame[14 + 64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 8, 0 };
        uint8_t *bytes = frame + 14;
        size_t len = packet(bytes, &header);

        bytes[c->offset] = c->value;
        if (c->offset != 11) {
            store_be16(bytes + 10, 0);
            ms_ipv4_header_sum_store(bytes, IPV4_HEADER_LEN);
        }
        if (fixture_input(&f, f.netif, frame, 14 + len) != c->drop)
            fail_msg("case %zu", i);
    }
    fixture_close(&f);
}

struct option_case {
    uint8_t options[8];
    enum ms_drop drop;
};

static const struct option_case option_cases[] = {
    { { 1, 1, 1, 1, 0 }, MS_DROP_NONE },
    { { 7, 7, 4, 0, 0, 0, 0, 0 }, MS_DROP_NONE },
    { { 7, 0 }, MS_DROP_IPV4_BAD_OPTION },
    { { 7, 1 }, MS_DROP_IPV4_BAD_OPTION },
    { { 7, 255 }, MS_DROP_IPV4_BAD_OPTION },
    { { 1, 1, 1, 1, 1, 1, 1, 7 }, MS_DROP_IPV4_BAD_OPTION },
    { { 131, 7, 4, 1, 2, 3, 4, 0 }, MS_DROP_IPV4_SOURCE_ROUTE },
    { { 137, 3, 4, 0 }, MS_DROP_IPV4_SOURCE_ROUTE },
};

/* proves: I11, I14, MUST-50 */
static void skips_options_but_refuses_malformed_ones_and_source_routes(void **state)
{
    const struct ipv4_header header = {
        .src = IP(10, 0, 0, 2), .dst = IP(10, 0, 0, 1), .ttl = 64, .protocol = IP_PROTOCOL_UDP
    };
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(option_cases); i++) {
        uint8_t bytes[64];
        size_t len = packet(bytes, &header);

        bytes[0] = 0x47;
        memcpy(bytes + IPV4_HEADER_LEN, option_cases[i].options, 8);
        store_be16(bytes + 10, 0);
        ms_ipv4_header_sum_store(bytes, 28);
        if (fixture_input_ip(&f, f.netif, bytes, len) != option_cases[i].drop)
            fail_msg("case %zu", i);
        if (!option_cases[i].drop)
            assert_int_equal(f.packet.len, PAYLOAD_LEN - 8);
    }
    fixture_close(&f);
}

static void only_igmp_may_come_from_nobody(void **state)
{
    const struct ipv4_header header = { .dst = IP(224, 0, 0, 1),
                                        .ttl = 1,
                                        .protocol = IP_PROTOCOL_IGMP };
    struct fixture f;
    uint8_t bytes[64];
    size_t len = packet(bytes, &header);

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len), MS_DROP_NONE);
    fixture_close(&f);
}

static void tentative_and_removed_addresses_are_not_ours(void **state)
{
    const struct ipv4_header header = {
        .src = IP(10, 0, 0, 2), .dst = IP(10, 0, 0, 7), .ttl = 64, .protocol = IP_PROTOCOL_UDP
    };
    struct ms_addr ours = addr("10.0.0.7");
    struct ms_config config = fixture_config();
    struct fixture f;
    uint8_t bytes[64];
    size_t len = packet(bytes, &header);

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(ms_netif_add_addr(f.netif, &ours, 24, true), MS_OK);
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len), MS_DROP_IP_NOT_FOR_US);
    fixture_advance(&f, 10000000);
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len), MS_DROP_NONE);
    assert_int_equal(ms_netif_remove_addr(f.netif, &ours), MS_OK);
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len), MS_DROP_IP_NOT_FOR_US);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_who_may_speak_and_to_whom),
        cmocka_unit_test(tells_what_the_header_says),
        cmocka_unit_test(payload_may_lie_in_slices_but_headers_may_not),
        cmocka_unit_test(refuses_packets_cut_at_every_length),
        cmocka_unit_test(refuses_impossible_headers),
        cmocka_unit_test(skips_options_but_refuses_malformed_ones_and_source_routes),
        cmocka_unit_test(only_igmp_may_come_from_nobody),
        cmocka_unit_test(tentative_and_removed_addresses_are_not_ours),
    };

    return cmocka_run_group_tests_name("ip/ipv4", tests, NULL, NULL);
}
