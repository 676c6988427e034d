/* SPDX-License-Identifier: ISC */
/* IPv6 received: sound, for us, its extension headers obeyed or refused. */
#include "wire/ipv6.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/fixture.h"

enum { ROOM = 512 };

static void open_with_addresses(struct fixture *f)
{
    struct ms_config config = fixture_config();
    struct ms_addr group = addr("ff05::7");

    fixture_open(f, &config);
    fixture_add_addr(f->netif, "fe80::1", 64);
    fixture_add_addr(f->netif, "2001:db8::1", 64);
    fixture_add_addr(f->netif, "10.0.0.1", 24);
    fixture_add_addr(&f->netifs[1], "2001:db8:1::1", 64);
    assert_int_equal(ms_group_join(f->netif, &group), MS_OK);
    fixture_advance(f, 10000000);
    fixture_discard(f->netif);
}

/* A packet from 2001:db8::2 or `src` whose payload begins with a header of number next. */
static size_t packet(uint8_t *at, const char *src, const char *dst, uint8_t next,
                     struct bytes payload)
{
    struct ipv6_header header = {
        .payload_len = (uint16_t)payload.len,
        .next_header = next,
        .hop_limit = 9,
        .traffic_class = 0x2e,
    };
    struct ms_addr from = addr(src);
    struct ms_addr to = addr(dst);

    memcpy(header.src, from.bytes, 16);
    memcpy(header.dst, to.bytes, 16);
    ms_ipv6_header_emit(&header, at + IPV6_HEADER_LEN);
    memcpy(at + IPV6_HEADER_LEN, payload.data, payload.len);
    return IPV6_HEADER_LEN + payload.len;
}

struct address_case {
    const char *src, *dst;
    uint8_t next;
    enum ms_drop drop;
    bool is_group;
};

static const struct address_case address_cases[] = {
    { "2001:db8::2", "2001:db8::1", 17, MS_DROP_NONE, false },
    { "fe80::2", "fe80::1", 17, MS_DROP_NONE, false },
    { "2001:db8::2", "ff02::1", 17, MS_DROP_NONE, true },
    { "2001:db8::2", "ff05::7", 17, MS_DROP_NONE, true },
    { "2001:db8::2", "ff02::1:ff00:1", 58, MS_DROP_NONE, true },
    { "2001:db8::2", "ff05::8", 17, MS_DROP_IP_NOT_FOR_US, false },
    { "2001:db8::2", "ff02::2", 17, MS_DROP_IP_NOT_FOR_US, false },
    { "2001:db8::2", "2001:db8::3", 17, MS_DROP_IP_NOT_FOR_US, false },
    { "2001:db8::2", "2001:db8:1::1", 17, MS_DROP_IP_NOT_FOR_US, false }, /* strong host */
    { "2001:db8::2", "::1", 17, MS_DROP_IP_NOT_FOR_US, false },
    { "2001:db8::2", "::", 17, MS_DROP_IP_NOT_FOR_US, false },
    { "2001:db8::2", "::ffff:10.0.0.1", 17, MS_DROP_IP_NOT_FOR_US, false },
    { "2001:db8::1", "2001:db8::1", 17, MS_DROP_IP_OWN_ADDRESS, false }, /* LAND */
    { "2001:db8:1::1", "2001:db8::1", 17, MS_DROP_IP_OWN_ADDRESS, false },
    { "ff02::1", "2001:db8::1", 17, MS_DROP_IP_BAD_SOURCE, false },
    { "::1", "2001:db8::1", 17, MS_DROP_IP_BAD_SOURCE, false },
    { "::ffff:10.0.0.2", "2001:db8::1", 17, MS_DROP_IP_BAD_SOURCE, false },
    { "::10.0.0.2", "2001:db8::1", 17, MS_DROP_IP_BAD_SOURCE, false },
    { "::", "2001:db8::1", 17, MS_DROP_IP_BAD_SOURCE, false },
    { "::", "ff02::1:ff00:1", 58, MS_DROP_NONE, true }, /* a probe for our address */
};

/* proves: S28, I24 */
static void knows_who_may_speak_and_to_whom(void **state)
{
    const uint8_t payload[16] = { 0 };
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(address_cases); i++) {
        const struct address_case *c = &address_cases[i];
        uint8_t bytes[ROOM];
        size_t len = packet(bytes, c->src, c->dst, c->next, bytes_of(payload, sizeof(payload)));

        if (fixture_input_ip(&f, f.netif, bytes, len) != c->drop)
            fail_msg("case %zu", i);
        if (!c->drop)
            assert_int_equal((f.packet.flags & PACKET_IP_GROUP) != 0, c->is_group);
    }
    fixture_close(&f);
}

static void tells_what_the_header_says(void **state)
{
    const uint8_t payload[17] = { 0 };
    struct ms_addr src = addr("2001:db8::2");
    struct ms_addr dst = addr("2001:db8::1");
    uint8_t bytes[ROOM] = { 0 };
    size_t len = packet(bytes, "2001:db8::2", "2001:db8::1", 6, bytes_of(payload, sizeof(payload)));
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len + 5), MS_DROP_NONE); /* padded */
    assert_false(f.packet.is_ipv4);
    assert_int_equal(f.packet.protocol, 6);
    assert_int_equal(f.packet.hop_limit, 9);
    assert_int_equal(f.packet.traffic_class, 0x2e);
    assert_int_equal(f.packet.len, sizeof(payload));
    assert_int_equal(f.packet.bytes.len, sizeof(payload));
    assert_true(ms_addr_equal(&f.packet.flow.remote, &src));
    assert_true(ms_addr_equal(&f.packet.flow.local, &dst));
    fixture_close(&f);
}

/* proves: S07, I27 */
static void refuses_packets_cut_at_every_length(void **state)
{
    const uint8_t payload[24] = { 6, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0 };
    uint8_t frame[14 + ROOM] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 0x86, 0xdd };
    size_t len =
        packet(frame + 14, "2001:db8::2", "2001:db8::1", 60, bytes_of(payload, sizeof(payload)));
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(fixture_input(&f, f.netif, frame, 14 + cut), MS_DROP_IPV6_TRUNCATED);
    for (size_t split = 14; split < 14 + 40 + 8; split++)
        assert_int_equal(fixture_input_split(&f, f.netif, frame, 14 + len, split),
                         MS_DROP_FRAME_NOT_CONTIGUOUS);
    assert_int_equal(fixture_input_split(&f, f.netif, frame, 14 + len, 62), MS_DROP_NONE);
    assert_int_equal(f.packet.len, 16);
    frame[14] = 0x45;
    assert_int_equal(fixture_input(&f, f.netif, frame, 14 + len), MS_DROP_IP_BAD_VERSION);
    assert_int_equal(fixture_input(&f, f.netif, frame, 20), MS_DROP_IP_BAD_VERSION);
    fixture_close(&f);
}

struct extension_case {
    uint8_t next;
    uint8_t payload[32];
    enum ms_drop drop;
    uint8_t protocol;
    unsigned stripped;
    unsigned errors; /* parameter problems sent */
};

static const struct extension_case extension_cases[] = {
    { 0, { 17, 0, 1, 4 }, MS_DROP_NONE, 17, 8, 0 },
    { 60, { 17, 0, 1, 4 }, MS_DROP_NONE, 17, 8, 0 },
    { 43, { 17, 0, 0, 0 }, MS_DROP_NONE, 17, 8, 0 },
    { 0, { 60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4 }, MS_DROP_NONE, 58, 16, 0 },
    { 44, { 17, 0, 0, 0, 0, 0, 0, 9 }, MS_DROP_NONE, 17, 8, 0 }, /* atomic */
    { 59, { 0 }, MS_DROP_IPV6_NO_NEXT_HEADER, 0, 0, 0 },
    { 43, { 17, 0, 0, 1 }, MS_DROP_IPV6_ROUTING_HEADER, 0, 0, 1 },
    { 60, { 0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4 }, MS_DROP_IPV6_BAD_EXTENSION, 0, 0, 1 },
    { 44, { 44, 0, 0, 0, 0, 0, 0, 9, 17 }, MS_DROP_IPV6_BAD_EXTENSION, 0, 0, 0 },
    { 60, { 17, 0, 0x80, 4 }, MS_DROP_IPV6_BAD_OPTION, 0, 0, 1 },
    { 60, { 17, 0, 0x40, 4 }, MS_DROP_IPV6_BAD_OPTION, 0, 0, 0 },
    { 0, { 17, 0, 0xc2, 4, 0, 1, 0, 0 }, MS_DROP_IPV6_BAD_OPTION, 0, 0, 1 }, /* jumbo payload */
    { 60, { 17, 0, 1, 5 }, MS_DROP_IPV6_BAD_OPTION, 0, 0, 0 },
    { 60, { 17, 31, 1, 4 }, MS_DROP_IPV6_TRUNCATED, 0, 0, 0 },
    { 60, { 17, 255, 1, 4 }, MS_DROP_IPV6_TRUNCATED, 0, 0, 0 },
};

/* proves: S02, S03, S04, S05, S14, S24, S25, S27 */
static void walks_extension_headers(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(extension_cases); i++) {
        const struct extension_case *c = &extension_cases[i];
        uint64_t errors = f.stack->counters.icmp_out_errors;
        uint8_t bytes[ROOM];
        size_t len = packet(bytes, "2001:db8::2", "2001:db8::1", c->next,
                            bytes_of(c->payload, sizeof(c->payload)));

        if (fixture_input_ip(&f, f.netif, bytes, len) != c->drop)
            fail_msg("case %zu", i);
        assert_int_equal(f.stack->counters.icmp_out_errors - errors, c->errors);
        fixture_advance(&f, 10000000); /* what limits errors forgets */
        if (c->drop)
            continue;
        assert_int_equal(f.packet.protocol, c->protocol);
        assert_int_equal(f.packet.len, sizeof(c->payload) - c->stripped);
        assert_int_equal((f.packet.flags & PACKET_FRAGMENTED) != 0, c->next == 44);
    }
    fixture_close(&f);
}

/* proves: S26, R21 */
static void bounds_the_number_of_headers(void **state)
{
    uint8_t payload[9 * 8];
    uint8_t bytes[ROOM];
    struct fixture f;
    size_t len;

    (void)state;
    for (unsigned i = 0; i < 9; i++)
        memcpy(payload + 8 * i, (const uint8_t[8]){ 60, 0, 1, 4 }, 8);
    payload[8 * 8] = 17;
    open_with_addresses(&f);
    len = packet(bytes, "2001:db8::2", "2001:db8::1", 60, bytes_of(payload, sizeof(payload)));
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len), MS_DROP_IPV6_TOO_MANY_HEADERS);
    fixture_close(&f);
}

static void sends_no_errors_about_packets_for_groups(void **state)
{
    const uint8_t options[8] = { 17, 0, 0xc2, 4 };
    const uint8_t strict[8] = { 17, 0, 0x80, 4 };
    uint8_t bytes[ROOM];
    struct fixture f;
    size_t len;

    (void)state;
    open_with_addresses(&f);
    len = packet(bytes, "2001:db8::2", "ff02::1", 60, bytes_of(options, 8));
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len), MS_DROP_IPV6_BAD_OPTION);
    assert_int_equal(f.stack->counters.icmp_out_errors, 0);
    len = packet(bytes, "2001:db8::2", "ff02::1", 60, bytes_of(strict, 8));
    assert_int_equal(fixture_input_ip(&f, f.netif, bytes, len), MS_DROP_IPV6_BAD_OPTION);
    assert_int_equal(f.stack->counters.icmp_out_errors, 1); /* RFC 4443, 2.4 e 3 */
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_who_may_speak_and_to_whom),
        cmocka_unit_test(tells_what_the_header_says),
        cmocka_unit_test(refuses_packets_cut_at_every_length),
        cmocka_unit_test(walks_extension_headers),
        cmocka_unit_test(bounds_the_number_of_headers),
        cmocka_unit_test(sends_no_errors_about_packets_for_groups),
    };

    return cmocka_run_group_tests_name("ip/ipv6", tests, NULL, NULL);
}
