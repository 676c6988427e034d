/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/ipv6.c. */
#include "wire/ipv6.h"

#include "exact.h"

enum { HBH = 0, TCP = 6, UDP = 17, ROUTING = 43, FRAGMENT = 44, ICMPV6 = 58, NONE = 59, DEST = 60 };

static enum ms_drop parse(struct ipv6_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_ipv6_header_parse(header, &b);

    *rest = b.len;
    exact_free(whole);
    return drop;
}

static enum ms_drop walk(struct ipv6_extensions *out, uint8_t first, const void *data, size_t len)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_ipv6_extensions_walk(out, first, &b);

    if (drop)
        assert_ptr_equal(b.data, whole.data);
    else
        assert_int_equal(out->payload_offset - IPV6_HEADER_LEN, b.data - whole.data);
    exact_free(whole);
    return drop;
}

static void make_packet(uint8_t *packet, uint16_t payload_len)
{
    memset(packet, 0, IPV6_HEADER_LEN + 8);
    store_be32(packet, 0x6ab12345);
    store_be16(packet + 4, payload_len);
    packet[6] = UDP;
    packet[7] = 64;
    packet[8] = 0xfe;
    packet[24] = 0xff;
}

static void reads_and_emits_the_fixed_header(void **state)
{
    struct ipv6_header header;
    uint8_t packet[IPV6_HEADER_LEN + 8];
    uint8_t out[IPV6_HEADER_LEN];
    size_t rest;

    (void)state;
    make_packet(packet, 3);
    assert_int_equal(parse(&header, packet, sizeof(packet), &rest), MS_DROP_NONE);
    assert_int_equal(rest, 3);
    assert_int_equal(header.traffic_class, 0xab);
    assert_int_equal(header.flow_label, 0x12345);
    assert_int_equal(header.payload_len, 3);
    assert_int_equal(header.next_header, UDP);
    assert_int_equal(header.hop_limit, 64);
    assert_memory_equal(header.src, packet + 8, 16);
    assert_memory_equal(header.dst, packet + 24, 16);
    assert_int_equal(ms_ipv6_header_emit(&header, out + sizeof(out)), sizeof(out));
    assert_memory_equal(out, packet, sizeof(out));
}

/* proves: S07 */
static void drops_truncations_and_wrong_lengths(void **state)
{
    struct ipv6_header header;
    uint8_t packet[IPV6_HEADER_LEN + 8];
    size_t rest;

    (void)state;
    make_packet(packet, 0);
    for (size_t len = 0; len < IPV6_HEADER_LEN; len++)
        assert_int_equal(parse(&header, packet, len, &rest), MS_DROP_IPV6_TRUNCATED);
    for (uint16_t len = 0; len <= 8; len++) {
        make_packet(packet, len);
        assert_int_equal(parse(&header, packet, sizeof(packet), &rest), MS_DROP_NONE);
        assert_int_equal(rest, len);
    }
    make_packet(packet, 9);
    assert_int_equal(parse(&header, packet, sizeof(packet), &rest), MS_DROP_IPV6_TRUNCATED);
    make_packet(packet, 65535);
    assert_int_equal(parse(&header, packet, sizeof(packet), &rest), MS_DROP_IPV6_TRUNCATED);
}

/* proves: I27 */
static void drops_other_versions(void **state)
{
    struct ipv6_header header;
    uint8_t packet[IPV6_HEADER_LEN + 8];
    size_t rest;

    (void)state;
    make_packet(packet, 8);
    for (unsigned version = 0; version < 16; version++) {
        packet[0] = (uint8_t)(version << 4);
        assert_int_equal(parse(&header, packet, sizeof(packet), &rest),
                         version == 6 ? MS_DROP_NONE : MS_DROP_IP_BAD_VERSION);
    }
}

/* What a walk ends with. A problem of -1 is none; code and pointer of one that is due. */
struct walk_row {
    uint8_t first;
    uint8_t len;
    uint8_t data[48];
    enum ms_drop drop;
    uint8_t next_header;
    int problem_code;
    uint16_t problem_pointer;
};

static const struct walk_row walk_rows[] = {
    /* Nothing to walk, and protocols that are no extension: AH, ESP, unknown. */
    { TCP, 0, { 0 }, MS_DROP_NONE, TCP, -1, 0 },
    { 51, 8, { TCP }, MS_DROP_NONE, 51, -1, 0 },
    { 50, 8, { TCP }, MS_DROP_NONE, 50, -1, 0 },
    { 253, 8, { TCP }, MS_DROP_NONE, 253, -1, 0 },
    /* Each alone, and a chain. */
    { HBH, 8, { TCP, 0, 5, 2, 0, 0, 1, 0 }, MS_DROP_NONE, TCP, -1, 0 },
    { DEST, 8, { UDP, 0, 1, 4, 0, 0, 0, 0 }, MS_DROP_NONE, UDP, -1, 0 },
    { ROUTING, 8, { UDP, 0, 0, 0, 0, 0, 0, 0 }, MS_DROP_NONE, UDP, -1, 0 },
    { FRAGMENT, 8, { UDP, 0, 0, 0, 0, 0, 0, 1 }, MS_DROP_NONE, UDP, -1, 0 },
    { HBH,
      24,
      { DEST, 0, 1, 4, 0, 0, 0, 0, ROUTING, 0, 1, 4, 0, 0, 0, 0, ICMPV6, 0, 3, 0, 0, 0, 0, 0 },
      MS_DROP_NONE,
      ICMPV6,
      -1,
      0 },
    { NONE, 4, { 1, 2, 3, 4 }, MS_DROP_IPV6_NO_NEXT_HEADER, 0, -1, 0 }, /* S27 */
    { DEST, 8, { NONE, 0, 1, 4 }, MS_DROP_IPV6_NO_NEXT_HEADER, 0, -1, 0 },
    /* S01, S03, S04: lengths beyond the packet, however they would wrap. */
    { HBH, 48, { HBH, 255 }, MS_DROP_IPV6_TRUNCATED, 0, -1, 0 },
    { HBH, 48, { HBH, 31 }, MS_DROP_IPV6_TRUNCATED, 0, -1, 0 },
    { HBH, 48, { HBH, 32 }, MS_DROP_IPV6_TRUNCATED, 0, -1, 0 },
    { ROUTING, 48, { ROUTING, 255 }, MS_DROP_IPV6_TRUNCATED, 0, -1, 0 },
    { DEST, 48, { DEST, 31 }, MS_DROP_IPV6_TRUNCATED, 0, -1, 0 },
    { DEST, 7, { UDP, 0, 1, 3 }, MS_DROP_IPV6_TRUNCATED, 0, -1, 0 },
    { FRAGMENT, 7, { UDP }, MS_DROP_IPV6_TRUNCATED, 0, -1, 0 },
    /* S27: hop-by-hop anywhere but first. */
    { DEST, 16, { HBH, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 1, 4 }, MS_DROP_IPV6_BAD_EXTENSION, 0, 1, 40 },
    { HBH, 16, { HBH, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 1, 4 }, MS_DROP_IPV6_BAD_EXTENSION, 0, 1, 40 },
    /* S02, S14, S25: routing with segments left, of any type. */
    { ROUTING, 8, { UDP, 0, 0, 1 }, MS_DROP_IPV6_ROUTING_HEADER, 0, 0, 42 },
    { ROUTING, 24, { UDP, 2, 0, 127 }, MS_DROP_IPV6_ROUTING_HEADER, 0, 0, 42 },
    { ROUTING, 24, { UDP, 2, 3, 255 }, MS_DROP_IPV6_ROUTING_HEADER, 0, 0, 42 },
    { DEST,
      16,
      { ROUTING, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 2, 1 },
      MS_DROP_IPV6_ROUTING_HEADER,
      0,
      0,
      50 },
    /* Unknown options, by the upper bits of their type. */
    { DEST, 8, { UDP, 0, 0x1e, 4 }, MS_DROP_NONE, UDP, -1, 0 },
    { DEST, 8, { UDP, 0, 0x5e, 4 }, MS_DROP_IPV6_BAD_OPTION, 0, -1, 0 },
    { DEST, 8, { UDP, 0, 0x9e, 4 }, MS_DROP_IPV6_BAD_OPTION, 0, 2, 42 },
    { DEST, 8, { UDP, 0, 1, 0, 0xde, 2 }, MS_DROP_IPV6_BAD_OPTION, 0, 2, 44 },
    /* S24: a jumbo payload is an option we do not know. */
    { HBH, 8, { NONE, 0, 0xc2, 4, 0, 1, 0, 0 }, MS_DROP_IPV6_BAD_OPTION, 0, 2, 42 },
    { HBH, 8, { NONE, 0, 0xc2, 4, 255, 255, 255, 255 }, MS_DROP_IPV6_BAD_OPTION, 0, 2, 42 },
    /* S05: options longer than what is left, or with no length at all. */
    { DEST, 8, { UDP, 0, 0x1e, 5 }, MS_DROP_IPV6_BAD_OPTION, 0, -1, 0 },
    { DEST, 8, { UDP, 0, 0x1e, 255 }, MS_DROP_IPV6_BAD_OPTION, 0, -1, 0 },
    { DEST, 8, { UDP, 0, 0x1e, 3, 0, 0, 0, 0x1e }, MS_DROP_IPV6_BAD_OPTION, 0, -1, 0 },
    { DEST, 8, { UDP, 0, 1, 5 }, MS_DROP_IPV6_BAD_OPTION, 0, -1, 0 },
    { HBH, 8, { UDP, 0, 5, 3, 0, 0, 0, 0 }, MS_DROP_IPV6_BAD_OPTION, 0, -1, 0 },
    /* S26: no more padding than aligns anything. */
    { DEST, 16, { UDP, 1, 1, 5, 0, 0, 0, 0, 0, 0x1e, 4 }, MS_DROP_NONE, UDP, -1, 0 },
    { DEST, 16, { UDP, 1, 1, 6, 0, 0, 0, 0, 0, 0, 0x1e, 3 }, MS_DROP_IPV6_BAD_OPTION, 0, -1, 0 },
    { DEST, 16, { UDP, 1 }, MS_DROP_IPV6_BAD_OPTION, 0, -1, 0 },
    /* S20: a second fragment header, behind an atomic one. */
    { FRAGMENT, 16, { FRAGMENT, 0, 0, 0, 0, 0, 0, 1, UDP }, MS_DROP_IPV6_BAD_EXTENSION, 0, -1, 0 },
};

/* proves: S01, S02, S03, S04, S05, S14, S20, S24, S25, S26, S27 */
static void walks_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(walk_rows); i++) {
        const struct walk_row *row = &walk_rows[i];
        struct ipv6_extensions out;

        assert_int_equal(walk(&out, row->first, row->data, row->len), row->drop);
        if (!row->drop)
            assert_int_equal(out.next_header, row->next_header);
        assert_int_equal(out.problem.is_due, row->problem_code >= 0);
        if (row->problem_code < 0)
            continue;
        assert_int_equal(out.problem.code, row->problem_code);
        assert_int_equal(out.problem.pointer, row->problem_pointer);
    }
}

/* proves: S01, S03, S05 */
static void survives_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(walk_rows); i++) {
        const struct walk_row *row = &walk_rows[i];

        for (size_t len = 0; len < row->len; len++) {
            struct ipv6_extensions out;
            const enum ms_drop drop = walk(&out, row->first, row->data, len);

            if (len < 8 && ipv6_is_extension(row->first))
                assert_int_not_equal(drop, MS_DROP_NONE);
        }
    }
}

static void tells_who_may_learn_of_an_unknown_option(void **state)
{
    struct ipv6_extensions out;

    (void)state;
    assert_int_equal(walk(&out, DEST, (const uint8_t[8]){ UDP, 0, 0x9e, 4 }, 8),
                     MS_DROP_IPV6_BAD_OPTION);
    assert_true(out.problem.even_to_group);
    assert_int_equal(walk(&out, DEST, (const uint8_t[8]){ UDP, 0, 0xde, 4 }, 8),
                     MS_DROP_IPV6_BAD_OPTION);
    assert_false(out.problem.even_to_group);
}

static void sees_a_router_alert_in_hop_by_hop_only(void **state)
{
    const uint8_t alert[8] = { ICMPV6, 0, 5, 2, 0, 0, 1, 0 };
    struct ipv6_extensions out;

    (void)state;
    assert_int_equal(walk(&out, HBH, alert, 8), MS_DROP_NONE);
    assert_true(out.has_router_alert);
    assert_int_equal(walk(&out, DEST, alert, 8), MS_DROP_NONE);
    assert_false(out.has_router_alert);
}

/* proves: S26, R21 */
static void bounds_the_number_of_headers(void **state)
{
    uint8_t chain[9 * 8];
    struct ipv6_extensions out;

    (void)state;
    for (size_t n = 1; n <= 9; n++) {
        for (size_t i = 0; i < n; i++)
            memcpy(chain + 8 * i, (const uint8_t[8]){ i + 1 == n ? UDP : DEST, 0, 1, 4 }, 8);
        assert_int_equal(walk(&out, DEST, chain, 8 * n),
                         n <= 8 ? MS_DROP_NONE : MS_DROP_IPV6_TOO_MANY_HEADERS);
    }
}

/* proves: S26, R21 */
static void bounds_the_number_of_options(void **state)
{
    uint8_t options[2048] = { UDP, 255 };
    struct ipv6_extensions out;

    (void)state;
    for (size_t i = 2; i < sizeof(options); i += 2)
        memcpy(options + i, (const uint8_t[]){ 0x1e, 0 }, 2);
    assert_int_equal(walk(&out, DEST, options, sizeof(options)), MS_DROP_IPV6_TOO_MANY_HEADERS);
    options[1] = 16; /* 134 bytes: one of 8 and 63 of 2 */
    options[3] = 6;
    assert_int_equal(walk(&out, DEST, options, 136), MS_DROP_NONE);
    assert_int_equal(out.option_count, 64);
    options[3] = 4; /* one of 6 and 64 of 2 */
    assert_int_equal(walk(&out, DEST, options, 136), MS_DROP_IPV6_TOO_MANY_HEADERS);
}

static void stops_at_a_fragment_and_says_where(void **state)
{
    static const uint8_t data[] = {
        FRAGMENT, 0, 1, 4, 0, 0, 0, 0, DEST, 0, 0x05, 0xa9, 1, 2, 3, 4, 'x', 'y',
    };
    struct ipv6_extensions out;

    (void)state;
    assert_int_equal(walk(&out, DEST, data, sizeof(data)), MS_DROP_NONE);
    assert_true(out.has_fragment);
    assert_true(out.needs_reassembly);
    assert_int_equal(out.next_header, DEST);
    assert_int_equal(out.fragment.next_header, DEST);
    assert_int_equal(out.fragment.offset_bytes, 1448);
    assert_true(out.fragment.more);
    assert_int_equal(out.fragment.id, 0x01020304);
    assert_int_equal(out.fragment_named_at, 40);
    assert_int_equal(out.fragment_offset, 48);
    assert_int_equal(out.next_header_named_at, 48);
    assert_int_equal(out.payload_offset, 56);
}

static void stops_at_the_last_and_the_first_fragment(void **state)
{
    struct ipv6_extensions out;

    (void)state;
    assert_int_equal(walk(&out, FRAGMENT, (const uint8_t[8]){ UDP, 0, 0, 8 }, 8), MS_DROP_NONE);
    assert_true(out.needs_reassembly);
    assert_false(out.fragment.more);
    assert_int_equal(walk(&out, FRAGMENT, (const uint8_t[8]){ UDP, 0, 0, 1 }, 8), MS_DROP_NONE);
    assert_true(out.needs_reassembly);
    assert_int_equal(out.fragment.offset_bytes, 0);
    assert_int_equal(walk(&out, FRAGMENT, (const uint8_t[8]){ UDP, 0, 0, 6 }, 8), MS_DROP_NONE);
    assert_false(out.needs_reassembly);
    assert_true(out.has_fragment);
}

/* proves: S18, S19, S20 */
static void resumes_after_reassembly(void **state)
{
    static const struct {
        uint8_t fragmented; /* the first header of the fragmented part */
        uint8_t data[16];
        enum ms_drop drop;
        uint8_t next_header;
        uint16_t named_at;
    } rows[] = {
        { UDP, { 0 }, MS_DROP_NONE, UDP, 6 },
        { DEST, { UDP, 0, 1, 4 }, MS_DROP_NONE, UDP, 40 },
        { DEST, { DEST, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 1, 4 }, MS_DROP_NONE, UDP, 48 },
        { FRAGMENT, { UDP }, MS_DROP_IPV6_BAD_EXTENSION, 0, 0 }, /* S18, S20 */
        { HBH, { UDP, 0, 1, 4 }, MS_DROP_IPV6_BAD_EXTENSION, 0, 0 },
        { NONE, { 0 }, MS_DROP_IPV6_NO_NEXT_HEADER, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(rows); i++) {
        const uint8_t fragment[8] = { rows[i].fragmented, 0, 0, 1 };
        struct bytes whole = exact(rows[i].data, 16);
        struct bytes b = whole;
        struct ipv6_extensions out;

        assert_int_equal(walk(&out, FRAGMENT, fragment, 8), MS_DROP_NONE);
        assert_int_equal(ms_ipv6_extensions_resume(&out, &b), rows[i].drop);
        if (!rows[i].drop) {
            assert_int_equal(out.next_header, rows[i].next_header);
            assert_int_equal(out.next_header_named_at, rows[i].named_at);
            assert_false(out.needs_reassembly);
            assert_true(out.has_fragment);
        }
        exact_free(whole);
    }
}

static void emits_a_fragment_header(void **state)
{
    const struct ipv6_fragment fragment = {
        .id = 0xa1b2c3d4, .offset_bytes = 1448, .more = true, .next_header = UDP
    };
    const uint8_t expected[8] = { UDP, 0, 0x05, 0xa9, 0xa1, 0xb2, 0xc3, 0xd4 };
    uint8_t out[8];

    (void)state;
    assert_int_equal(ms_ipv6_fragment_emit(&fragment, out + 8), 8);
    assert_memory_equal(out, expected, 8);
}

static void emits_a_router_alert_that_it_accepts(void **state)
{
    struct ipv6_extensions extensions;
    uint8_t out[8];

    (void)state;
    assert_int_equal(ms_ipv6_router_alert_emit(ICMPV6, out + 8), 8);
    assert_int_equal(walk(&extensions, HBH, out, 8), MS_DROP_NONE);
    assert_int_equal(extensions.next_header, ICMPV6);
    assert_true(extensions.has_router_alert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_emits_the_fixed_header),
        cmocka_unit_test(drops_truncations_and_wrong_lengths),
        cmocka_unit_test(drops_other_versions),
        cmocka_unit_test(walks_as_the_table_says),
        cmocka_unit_test(survives_every_truncation),
        cmocka_unit_test(tells_who_may_learn_of_an_unknown_option),
        cmocka_unit_test(sees_a_router_alert_in_hop_by_hop_only),
        cmocka_unit_test(bounds_the_number_of_headers),
        cmocka_unit_test(bounds_the_number_of_options),
        cmocka_unit_test(stops_at_a_fragment_and_says_where),
        cmocka_unit_test(stops_at_the_last_and_the_first_fragment),
        cmocka_unit_test(resumes_after_reassembly),
        cmocka_unit_test(emits_a_fragment_header),
        cmocka_unit_test(emits_a_router_alert_that_it_accepts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
