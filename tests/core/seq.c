/* SPDX-License-Identifier: ISC */
/* Tests of src/core/seq.h. */
#include "core/seq.h"
#include "core/bytes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* proves: Z04 */
static void orders_numbers_across_the_wrap(void **state)
{
    static const uint32_t starts[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
    static const uint32_t steps[] = { 1, 2, 1000, 0x7ffffffe, 0x7fffffff };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(starts); i++) {
        const uint32_t a = starts[i];

        assert_false(seq_lt(a, a) || seq_gt(a, a));
        assert_true(seq_le(a, a) && seq_ge(a, a));
        for (size_t j = 0; j < MS_ARRAY_LEN(steps); j++) {
            const uint32_t b = a + steps[j];

            assert_true(seq_lt(a, b) && seq_le(a, b) && seq_gt(b, a) && seq_ge(b, a));
            assert_false(seq_lt(b, a) || seq_le(b, a) || seq_gt(a, b) || seq_ge(a, b));
            assert_int_equal(seq_max(a, b), b);
            assert_int_equal(seq_max(b, a), b);
            assert_int_equal(seq_min(a, b), a);
            assert_int_equal(seq_min(b, a), a);
        }
    }
}

/* proves: T17 */
static void gives_numbers_half_the_circle_apart_no_order(void **state)
{
    const uint32_t a = 5;
    const uint32_t b = a + 0x80000000;

    (void)state;
    assert_false(seq_lt(a, b) || seq_lt(b, a) || seq_le(a, b) || seq_le(b, a));
    assert_false(seq_gt(a, b) || seq_gt(b, a) || seq_ge(a, b) || seq_ge(b, a));
}

static void finds_numbers_in_a_window(void **state)
{
    static const uint32_t windows[] = { 1, 65535, 0x40000000, 0xffffffff };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(windows); i++) {
        const uint32_t first = 0xfffffffe;
        const uint32_t end = first + windows[i];

        assert_true(seq_between(first, first, end));
        assert_true(seq_between(end - 1, first, end));
        assert_false(seq_between(end, first, end));
        assert_false(seq_between(first - 1, first, end) && windows[i] != 0xffffffff);
    }
    assert_false(seq_between(7, 7, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_numbers_across_the_wrap),
        cmocka_unit_test(gives_numbers_half_the_circle_apart_no_order),
        cmocka_unit_test(finds_numbers_in_a_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
