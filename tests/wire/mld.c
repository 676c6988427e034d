/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/mld.c. */
#include "wire/mld.h"

#include "exact.h"

static enum ms_drop parse(struct mld_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    struct icmpv6_header icmpv6;
    enum ms_drop drop = ms_icmpv6_header_parse(&icmpv6, &b);

    if (!drop)
        drop = ms_mld_header_parse(header, &icmpv6, &b);
    *rest = b.len;
    exact_free(whole);
    return drop;
}

static void reads_and_emits_version_1(void **state)
{
    static const uint8_t types[] = { ICMPV6_MLD_QUERY, ICMPV6_MLD_REPORT, ICMPV6_MLD_DONE };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(types); i++) {
        const uint8_t message[24] = { types[i], 0, 0, 0, 0x27, 0x10, 0, 0, 0xff, 2, [23] = 1 };
        struct mld_header header;
        uint8_t out[24];
        size_t rest;

        assert_int_equal(parse(&header, message, 24, &rest), MS_DROP_NONE);
        assert_int_equal(rest, 0);
        assert_int_equal(header.type, types[i]);
        assert_int_equal(ms_mld_max_response_ms(&header), 10000);
        assert_false(header.is_v2_query);
        assert_memory_equal(header.group, message + 8, 16);
        assert_int_equal(ms_mld_header_emit(&header, out + 24), 24);
        assert_memory_equal(out, message, 24);
        for (size_t len = 0; len < 24; len++)
            assert_int_equal(parse(&header, message, len, &rest),
                             len < 8 ? MS_DROP_ICMP_TRUNCATED : MS_DROP_GROUP_MALFORMED);
    }
}

static void refuses_a_code(void **state)
{
    const uint8_t message[24] = { ICMPV6_MLD_REPORT, 1 };
    struct mld_header header;
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, message, 24, &rest), MS_DROP_GROUP_MALFORMED);
}

/* proves: S38 */
static void holds_a_v2_query_to_its_sources(void **state)
{
    uint8_t query[28 + 32] = { ICMPV6_MLD_QUERY };
    struct mld_header header;
    size_t rest;

    (void)state;
    for (size_t len = 25; len < 28; len++)
        assert_int_equal(parse(&header, query, len, &rest), MS_DROP_GROUP_MALFORMED);
    for (unsigned sources = 0; sources <= 65535; sources++) {
        store_be16(query + 26, (uint16_t)sources);
        assert_int_equal(parse(&header, query, sizeof(query), &rest),
                         sources <= 2 ? MS_DROP_NONE : MS_DROP_GROUP_MALFORMED);
        if (sources > 2)
            continue;
        assert_true(header.is_v2_query);
        assert_int_equal(header.source_count, sources);
        assert_int_equal(rest, 16 * sources);
    }
}

static void reads_the_small_float_of_version_2(void **state)
{
    struct mld_header header = { .max_response_code = 0x8000, .is_v2_query = true };

    (void)state;
    assert_int_equal(ms_mld_max_response_ms(&header), 32768);
    header.max_response_code = 0xffff;
    assert_int_equal(ms_mld_max_response_ms(&header), 8387584);
    header.max_response_code = 0;
    assert_int_equal(ms_mld_max_response_ms(&header), 0);
    header = (struct mld_header){ .max_response_code = 0xffff };
    assert_int_equal(ms_mld_max_response_ms(&header), 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_emits_version_1),
        cmocka_unit_test(refuses_a_code),
        cmocka_unit_test(holds_a_v2_query_to_its_sources),
        cmocka_unit_test(reads_the_small_float_of_version_2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
