/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/ipv4.c. */
#include "wire/ipv4.h"

#include "exact.h"

/* UDP from 10.0.0.1 to 10.0.0.2, "Don't Fragment", four bytes of payload; checksum correct. */
static const uint8_t packet[] = { 0x45, 0x03, 0, 24, 0,  7, 0x40, 0, 64,  17,  0x26, 0xc9,
                                  10,   0,    0, 1,  10, 0, 0,    2, 'a', 'b', 'c',  'd' };

static enum ms_drop parse(struct ipv4_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_ipv4_header_parse(header, &b);

    *rest = b.len;
    if (!drop)
        assert_ptr_equal(b.data, whole.data + header->header_len);
    exact_free(whole);
    return drop;
}

/* A packet with these options, padded with zeros to a multiple of four. */
static enum ms_drop parse_options(struct ipv4_header *header, const uint8_t *options, size_t len)
{
    uint8_t with[IPV4_HEADER_LEN_MAX] = { 0 };
    const size_t header_len = IPV4_HEADER_LEN + (len + 3) / 4 * 4;
    size_t rest;

    memcpy(with, packet, IPV4_HEADER_LEN);
    memcpy(with + IPV4_HEADER_LEN, options, len);
    with[0] = (uint8_t)(0x40 | header_len / 4);
    store_be16(with + 2, (uint16_t)header_len);
    return parse(header, with, header_len, &rest);
}

static void reads_a_plain_header(void **state)
{
    struct ipv4_header header;
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, packet, sizeof(packet), &rest), MS_DROP_NONE);
    assert_int_equal(header.src, 0x0a000001);
    assert_int_equal(header.dst, 0x0a000002);
    assert_int_equal(header.total_len, 24);
    assert_int_equal(header.id, 7);
    assert_int_equal(header.fragment, IPV4_DONT_FRAGMENT);
    assert_int_equal(header.ttl, 64);
    assert_int_equal(header.protocol, IP_PROTOCOL_UDP);
    assert_int_equal(header.traffic_class, 3);
    assert_false(ipv4_is_fragment(&header));
    assert_int_equal(rest, 4);
}

/* proves: E11 */
static void cuts_the_padding_of_the_link(void **state)
{
    struct ipv4_header header;
    uint8_t padded[46] = { 0 };
    size_t rest;

    (void)state;
    memcpy(padded, packet, sizeof(packet));
    assert_int_equal(parse(&header, padded, sizeof(padded), &rest), MS_DROP_NONE);
    assert_int_equal(rest, 4);
}

static void drops_every_truncation(void **state)
{
    struct ipv4_header header;
    size_t rest;

    (void)state;
    for (size_t len = 0; len < sizeof(packet); len++)
        assert_int_equal(parse(&header, packet, len, &rest), MS_DROP_IPV4_TRUNCATED);
}

/* proves: I01, I02, I04, I05, I19 */
static void drops_impossible_lengths(void **state)
{
    static const struct {
        uint8_t first;
        uint16_t total_len;
        size_t frame_len;
        enum ms_drop drop;
    } rows[] = {
        { 0x40, 24, 24, MS_DROP_IPV4_BAD_HEADER_LENGTH },
        { 0x44, 24, 24, MS_DROP_IPV4_BAD_HEADER_LENGTH },
        { 0x4f, 34, 34, MS_DROP_IPV4_BAD_HEADER_LENGTH },
        { 0x4f, 60, 34, MS_DROP_IPV4_TRUNCATED },
        { 0x45, 0, 60, MS_DROP_IPV4_BAD_HEADER_LENGTH },
        { 0x45, 19, 60, MS_DROP_IPV4_BAD_HEADER_LENGTH },
        { 0x46, 20, 60, MS_DROP_IPV4_BAD_HEADER_LENGTH },
        { 0x46, 23, 60, MS_DROP_IPV4_BAD_HEADER_LENGTH },
        { 0x45, 61, 60, MS_DROP_IPV4_TRUNCATED },
        { 0x45, 1060, 60, MS_DROP_IPV4_TRUNCATED },
        { 0x45, 65535, 60, MS_DROP_IPV4_TRUNCATED },
        { 0x46, 65535, 60, MS_DROP_IPV4_TRUNCATED },
        { 0x45, 20, 60, MS_DROP_NONE },
        { 0x46, 24, 60, MS_DROP_NONE },
        { 0x4f, 60, 60, MS_DROP_NONE },
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(rows); i++) {
        struct ipv4_header header;
        uint8_t frame[60] = { 0 };
        size_t rest;

        memcpy(frame, packet, IPV4_HEADER_LEN);
        frame[0] = rows[i].first;
        store_be16(frame + 2, rows[i].total_len);
        assert_int_equal(parse(&header, frame, rows[i].frame_len, &rest), rows[i].drop);
    }
}

/* proves: I27 */
static void drops_other_versions(void **state)
{
    struct ipv4_header header;
    uint8_t frame[sizeof(packet)];
    size_t rest;

    (void)state;
    memcpy(frame, packet, sizeof(frame));
    for (unsigned version = 0; version < 16; version++) {
        frame[0] = (uint8_t)(version << 4 | 5);
        assert_int_equal(parse(&header, frame, sizeof(frame), &rest),
                         version == 4 ? MS_DROP_NONE : MS_DROP_IP_BAD_VERSION);
    }
}

/* proves: I14 */
static void refuses_malformed_options(void **state)
{
    static const uint8_t kinds[] = { 7, 68, 131, 137, 148, 200 };
    static const uint8_t lengths[] = { 0, 1, 5, 255 };
    struct ipv4_header header;

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(kinds); i++) {
        for (size_t j = 0; j < MS_ARRAY_LEN(lengths); j++) {
            const uint8_t option[] = { kinds[i], lengths[j], 0, 0 };

            assert_int_equal(parse_options(&header, option, 4), MS_DROP_IPV4_BAD_OPTION);
        }
        const uint8_t last[] = { 1, 1, 1, kinds[i] };
        assert_int_equal(parse_options(&header, last, 4), MS_DROP_IPV4_BAD_OPTION);
    }
}

static void refuses_a_router_alert_of_another_length(void **state)
{
    struct ipv4_header header;

    (void)state;
    for (uint8_t len = 2; len <= 8; len++) {
        const uint8_t option[8] = { 148, len };

        assert_int_equal(parse_options(&header, option, 8),
                         len == 4 ? MS_DROP_NONE : MS_DROP_IPV4_BAD_OPTION);
    }
}

/* proves: I14 */
static void skips_options_and_needs_no_end(void **state)
{
    static const uint8_t options[][8] = {
        { 1, 1, 1, 1, 1, 1, 1, 1 },   { 7, 8, 4, 0, 0, 0, 0, 0 },  { 7, 8, 255, 0, 0, 0, 0, 0 },
        { 0, 131, 0, 9, 9, 9, 9, 9 }, { 68, 8, 0, 0, 0, 0, 0, 0 }, { 200, 2, 200, 2, 200, 2, 1, 1 },
    };
    struct ipv4_header header;

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(options); i++) {
        assert_int_equal(parse_options(&header, options[i], 8), MS_DROP_NONE);
        assert_int_equal(header.header_len, 28);
        assert_false(header.has_router_alert);
    }
}

/* proves: I11 */
static void refuses_source_routes(void **state)
{
    static const uint8_t loose[] = { 1, 131, 7, 4, 10, 0, 0, 9 };
    static const uint8_t strict[] = { 137, 7, 4, 10, 0, 0, 9, 0 };
    struct ipv4_header header;

    (void)state;
    assert_int_equal(parse_options(&header, loose, 8), MS_DROP_IPV4_SOURCE_ROUTE);
    assert_int_equal(parse_options(&header, strict, 8), MS_DROP_IPV4_SOURCE_ROUTE);
}

static void names_fragments(void **state)
{
    struct ipv4_header header = { .fragment = IPV4_MORE_FRAGMENTS };

    (void)state;
    assert_true(ipv4_is_fragment(&header));
    header.fragment = 185;
    assert_true(ipv4_is_fragment(&header));
    assert_int_equal(ipv4_fragment_offset_bytes(&header), 1480);
    header.fragment = 0xffff;
    assert_int_equal(ipv4_fragment_offset_bytes(&header), 65528);
}

static void emits_what_it_read(void **state)
{
    struct ipv4_header header;
    uint8_t out[IPV4_HEADER_LEN];
    size_t rest;

    (void)state;
    memset(out, 0xee, sizeof(out));
    assert_int_equal(parse(&header, packet, sizeof(packet), &rest), MS_DROP_NONE);
    assert_int_equal(ms_ipv4_header_emit(&header, out + sizeof(out)), IPV4_HEADER_LEN);
    assert_int_equal(load_be16(out + 10), 0);
    ms_ipv4_header_sum_store(out, sizeof(out));
    assert_memory_equal(out, packet, sizeof(out));
}

static void emits_a_router_alert(void **state)
{
    struct ipv4_header header = { .total_len = 24, .has_router_alert = true, .protocol = 2 };
    uint8_t out[24];
    size_t rest;

    (void)state;
    assert_int_equal(ms_ipv4_header_emit(&header, out + sizeof(out)), sizeof(out));
    ms_ipv4_header_sum_store(out, sizeof(out));
    assert_true(ms_ipv4_header_sum_ok(out, sizeof(out)));
    assert_int_equal(load_be32(out + 20), 0x94040000);
    header = (struct ipv4_header){ 0 };
    assert_int_equal(parse(&header, out, sizeof(out), &rest), MS_DROP_NONE);
    assert_true(header.has_router_alert);
    assert_int_equal(header.header_len, 24);
}

static void sees_every_flipped_bit(void **state)
{
    uint8_t header[IPV4_HEADER_LEN];

    (void)state;
    memcpy(header, packet, sizeof(header));
    assert_true(ms_ipv4_header_sum_ok(header, sizeof(header)));
    for (size_t bit = 0; bit < sizeof(header) * 8; bit++) {
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(ms_ipv4_header_sum_ok(header, sizeof(header)));
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void checksums_agree_with_the_long_way(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (unsigned turn = 0; turn < 20000; turn++) {
        uint8_t fast[IPV4_HEADER_LEN], slow[IPV4_HEADER_LEN];

        for (size_t i = 0; i < sizeof(fast); i++) {
            random = random * 1664525 + 1013904223;
            fast[i] = turn % 3 == 0 && i != 0 ? 0xff : (uint8_t)(random >> 24);
        }
        fast[0] = 0x45;
        store_be16(fast + 10, 0);
        memcpy(slow, fast, sizeof(slow));
        ms_ipv4_header_sum_store(fast, sizeof(fast));
        ms_ipv4_long_header_sum_store(slow, sizeof(slow));
        assert_memory_equal(fast, slow, sizeof(fast));
        assert_true(ms_ipv4_header_sum_ok(fast, sizeof(fast)));
        assert_true(ms_ipv4_long_header_sum_ok(fast, sizeof(fast)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_plain_header),
        cmocka_unit_test(cuts_the_padding_of_the_link),
        cmocka_unit_test(drops_every_truncation),
        cmocka_unit_test(drops_impossible_lengths),
        cmocka_unit_test(drops_other_versions),
        cmocka_unit_test(refuses_malformed_options),
        cmocka_unit_test(refuses_a_router_alert_of_another_length),
        cmocka_unit_test(skips_options_and_needs_no_end),
        cmocka_unit_test(refuses_source_routes),
        cmocka_unit_test(names_fragments),
        cmocka_unit_test(emits_what_it_read),
        cmocka_unit_test(emits_a_router_alert),
        cmocka_unit_test(sees_every_flipped_bit),
        cmocka_unit_test(checksums_agree_with_the_long_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
