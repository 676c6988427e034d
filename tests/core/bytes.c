/* SPDX-License-Identifier: ISC */
/* Tests of src/core/bytes.h. */
#include "core/bytes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void loads_and_stores_network_order(void **state)
{
    static const uint8_t bytes[] = { 0xff, 1, 2, 3, 4, 5, 6, 7, 0x88 };
    uint8_t out[8];

    (void)state;
    assert_int_equal(load_be16(bytes), 0xff01);
    assert_int_equal(load_be32(bytes), 0xff010203);
    assert_true(load_be64(bytes + 1) == UINT64_C(0x0102030405060788));
    store_be16(out, 0xff01);
    assert_memory_equal(out, bytes, 2);
    store_be32(out, 0xff010203);
    assert_memory_equal(out, bytes, 4);
    store_be64(out, UINT64_C(0x0102030405060788));
    assert_memory_equal(out, bytes + 1, 8);
}

static void never_moves_beyond_the_end(void **state)
{
    static const uint8_t data[4] = { 0 };
    struct bytes b = bytes_of(data, 4);
    struct bytes taken = { 0 };

    (void)state;
    assert_false(bytes_skip(&b, 5));
    assert_false(bytes_skip(&b, SIZE_MAX));
    assert_false(bytes_take(&b, 5, &taken));
    assert_false(bytes_take(&b, SIZE_MAX, &taken));
    assert_false(bytes_trim(&b, 5));
    assert_ptr_equal(b.data, data);
    assert_int_equal(b.len, 4);
    assert_int_equal(taken.len, 0);
}

static void takes_skips_and_trims(void **state)
{
    static const uint8_t data[4] = { 0 };
    struct bytes b = bytes_of(data, 4);
    struct bytes taken = { 0 };

    (void)state;
    assert_true(bytes_skip(&b, 1));
    assert_true(bytes_take(&b, 2, &taken));
    assert_ptr_equal(taken.data, data + 1);
    assert_int_equal(taken.len, 2);
    assert_ptr_equal(b.data, data + 3);
    assert_int_equal(b.len, 1);
    assert_true(bytes_trim(&b, 0));
    assert_true(bytes_skip(&b, 0));
    assert_int_equal(b.len, 0);
}

static void chooses_the_smaller_and_the_larger(void **state)
{
    (void)state;
    assert_int_equal(min_u32(1, UINT32_MAX), 1);
    assert_int_equal(max_u32(1, UINT32_MAX), UINT32_MAX);
    assert_true(min_u64(UINT64_MAX, 2) == 2);
    assert_true(max_u64(UINT64_MAX, 2) == UINT64_MAX);
}

static void finds_the_container_of_a_member(void **state)
{
    struct outer {
        int first;
        int inner;
    } outer = { 0 };

    (void)state;
    assert_ptr_equal(MS_CONTAINER_OF(&outer.inner, struct outer, inner), &outer);
    assert_int_equal(MS_ARRAY_LEN(((const int[]){ 1, 2, 3 })), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_and_stores_network_order),
        cmocka_unit_test(never_moves_beyond_the_end),
        cmocka_unit_test(takes_skips_and_trims),
        cmocka_unit_test(chooses_the_smaller_and_the_larger),
        cmocka_unit_test(finds_the_container_of_a_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
