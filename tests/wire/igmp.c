/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/igmp.c. */
#include "wire/igmp.h"

#include "exact.h"

static enum ms_drop parse(struct igmp_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_igmp_header_parse(header, &b);

    *rest = b.len;
    exact_free(whole);
    return drop;
}

static void reads_and_emits_reports_and_leaves(void **state)
{
    static const uint8_t types[] = { IGMP_QUERY, IGMP_REPORT_V1, IGMP_REPORT_V2, IGMP_LEAVE };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(types); i++) {
        const uint8_t message[] = { types[i], 100, 0, 0, 224, 0, 0, 251 };
        struct igmp_header header;
        uint8_t out[8];
        size_t rest;

        assert_int_equal(parse(&header, message, 8, &rest), MS_DROP_NONE);
        assert_int_equal(header.type, types[i]);
        assert_int_equal(header.group, 0xe00000fb);
        assert_int_equal(header.max_response_code, 100);
        assert_false(header.is_v3_query);
        assert_int_equal(ms_igmp_header_emit(&header, out + 8), 8);
        assert_memory_equal(out, message, 8);
        for (size_t len = 0; len < 8; len++)
            assert_int_equal(parse(&header, message, len, &rest), MS_DROP_GROUP_MALFORMED);
    }
}

/* proves: E16 */
static void holds_a_v3_query_to_its_sources(void **state)
{
    uint8_t query[20] = { IGMP_QUERY, 1, 0, 0, 224, 0, 0, 251 };
    struct igmp_header header;
    size_t rest;

    (void)state;
    for (size_t len = 9; len < 12; len++)
        assert_int_equal(parse(&header, query, len, &rest), MS_DROP_GROUP_MALFORMED);
    for (unsigned sources = 0; sources <= 65535; sources++) {
        store_be16(query + 10, (uint16_t)sources);
        assert_int_equal(parse(&header, query, sizeof(query), &rest),
                         sources <= 2 ? MS_DROP_NONE : MS_DROP_GROUP_MALFORMED);
        if (sources > 2)
            continue;
        assert_true(header.is_v3_query);
        assert_int_equal(header.source_count, sources);
        assert_int_equal(rest, 4 * sources);
    }
}

/* proves: E17 */
static void reads_response_times_of_each_version(void **state)
{
    static const struct {
        bool is_v3;
        uint8_t code;
        uint32_t ms;
    } rows[] = {
        { false, 0, 10000 },  { false, 100, 10000 }, { false, 255, 25500 }, { true, 0, 0 },
        { true, 127, 12700 }, { true, 0x80, 12800 }, { true, 0x8f, 24800 }, { true, 255, 3174400 },
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(rows); i++) {
        const struct igmp_header header = { .is_v3_query = rows[i].is_v3,
                                            .max_response_code = rows[i].code };

        assert_int_equal(ms_igmp_max_response_ms(&header), rows[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_emits_reports_and_leaves),
        cmocka_unit_test(holds_a_v3_query_to_its_sources),
        cmocka_unit_test(reads_response_times_of_each_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
