/* SPDX-License-Identifier: ISC */
/* Values of options, as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "values.h"

static void reads_percentages(void **state)
{
    double percent = -1;

    (void)state;
    assert_true(value_percent("0", &percent) && percent == 0);
    assert_true(value_percent("2.5", &percent) && percent == 2.5);
    assert_true(value_percent("100", &percent) && percent == 100);
}

static void refuses_what_is_no_percentage(void **state)
{
    static const char *const wrong[] = { "",
                                         "abc",
                                         "-1",
                                         "+1",
                                         "100.1",
                                         "1e1",
                                         "0x10",
                                         " 5",
                                         "5 ",
                                         "5%",
                                         "nan",
                                         "inf",
                                         ".",
                                         "1.2.3",
                                         "5abc",
                                         "1,5",
                                         "999999999999999999999999999999" };
    double percent = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (value_percent(wrong[i], &percent))
            fail_msg("\"%s\" was taken for a percentage", wrong[i]);
    }
    assert_true(percent == 7);
}

static void reads_numbers_up_to_the_limit(void **state)
{
    uint64_t number = 0;

    (void)state;
    assert_true(value_number("0", 10, &number) && number == 0);
    assert_true(value_number("10", 10, &number) && number == 10);
    assert_true(value_number("18446744073709551615", UINT64_MAX, &number) && number == UINT64_MAX);
    assert_false(value_number("11", 10, &number));
    assert_false(value_number("18446744073709551616", UINT64_MAX, &number));
    assert_false(value_number("-1", UINT64_MAX, &number));
    assert_false(value_number(" 1", 10, &number));
    assert_false(value_number("1x", 10, &number));
    assert_false(value_number("", 10, &number));
    assert_true(number == UINT64_MAX);
}

static void reads_addresses_of_both_families(void **state)
{
    struct ms_addr four = ms_addr_ipv4(192, 0, 2, 1);
    struct prefixed_addr addr;

    (void)state;
    assert_true(value_prefixed_addr("192.0.2.1/24", &addr));
    assert_true(ms_addr_equal(&addr.addr, &four));
    assert_int_equal(addr.prefix_len, 24);
    assert_true(value_prefixed_addr("2001:db8::1/128", &addr));
    assert_false(ms_addr_is_ipv4(&addr.addr));
    assert_int_equal(addr.prefix_len, 128);
}

static void refuses_what_is_no_address_with_a_prefix(void **state)
{
    static const char *const wrong[] = {
        "",
        "192.0.2.1",
        "192.0.2.1/",
        "192.0.2.1/33",
        "192.0.2/24",
        "/24",
        "2001:db8::1",
        "2001:db8::/129",
        "host/24",
        "192.0.2.1/24/1",
        "192.0.2.1/-1",
        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/64",
    };
    struct prefixed_addr addr;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (value_prefixed_addr(wrong[i], &addr))
            fail_msg("\"%s\" was taken for an address", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_percentages),
        cmocka_unit_test(refuses_what_is_no_percentage),
        cmocka_unit_test(reads_numbers_up_to_the_limit),
        cmocka_unit_test(reads_addresses_of_both_families),
        cmocka_unit_test(refuses_what_is_no_address_with_a_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
