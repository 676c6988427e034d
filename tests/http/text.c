/* SPDX-License-Identifier: ISC */
/* Slices, and text in room of a fixed size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/text.h"

static bool is(struct slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.bytes, text, slice.len) == 0;
}

static void compares_slices(void **state)
{
    struct slice a = ms_http_slice_of("Gzip"), b = ms_http_slice_of("gzIP");

    (void)state;
    assert_true(ms_http_slice_equal_fold(a, b));
    assert_false(ms_http_slice_equal(a, b));
    assert_true(ms_http_slice_equal(a, a));
    assert_false(ms_http_slice_equal_fold(a, ms_http_slice_of("gzi")));
    assert_false(ms_http_slice_equal_fold(ms_http_slice_of("@["), ms_http_slice_of("`{")));
    assert_true(ms_http_slice_equal((struct slice){ 0 }, ms_http_slice_of("")));
}

static void takes_slices_apart(void **state)
{
    struct slice slice = ms_http_slice_of("BYTES=12-, x");
    uint64_t number;

    (void)state;
    assert_false(ms_http_slice_skip_fold(&slice, "lines="));
    assert_false(ms_http_slice_take_number(&slice, &number));
    assert_true(ms_http_slice_skip_fold(&slice, "bytes="));
    assert_true(ms_http_slice_take_number(&slice, &number));
    assert_int_equal(number, 12);
    assert_true(is(ms_http_slice_take_until(&slice, ','), "-"));
    assert_true(is(slice, " x"));
    assert_true(is(ms_http_slice_trim(slice), "x"));
    assert_true(is(ms_http_slice_take_until(&slice, ','), " x"));
    assert_int_equal(slice.len, 0);
    assert_true(is(ms_http_slice_take_until(&slice, ','), ""));
    assert_true(is(ms_http_slice_trim(ms_http_slice_of(" \t ")), ""));
    assert_false(ms_http_slice_skip_fold(&slice, "a"));
}

static void reads_numbers_up_to_the_largest(void **state)
{
    struct slice largest = ms_http_slice_of("18446744073709551615");
    struct slice beyond = ms_http_slice_of("18446744073709551616");
    struct slice far_beyond = ms_http_slice_of("99999999999999999999");
    uint64_t number;

    (void)state;
    assert_true(ms_http_slice_take_number(&largest, &number));
    assert_true(number == UINT64_MAX);
    assert_false(ms_http_slice_take_number(&beyond, &number));
    assert_false(ms_http_slice_take_number(&far_beyond, &number));
}

static void puts_text_together(void **state)
{
    char bytes[64];
    struct text text = ms_http_text_in(bytes, sizeof(bytes));

    (void)state;
    ms_http_text_put(&text, "a ");
    ms_http_text_put_number(&text, UINT64_MAX);
    ms_http_text_put(&text, " ");
    ms_http_text_put_number(&text, 0);
    ms_http_text_put(&text, " ");
    ms_http_text_put_hex(&text, UINT64_MAX);
    assert_false(text.is_cut);
    assert_true(is((struct slice){ bytes, text.len }, "a 18446744073709551615 0 ffffffffffffffff"));
}

static void leaves_out_all_from_what_does_not_fit(void **state)
{
    char bytes[8] = { 0 };
    struct text text = ms_http_text_in(bytes, 4);

    (void)state;
    ms_http_text_put(&text, "abc");
    ms_http_text_put(&text, "de");
    assert_true(text.is_cut);
    ms_http_text_put(&text, "f");
    assert_int_equal(text.len, 3);
    assert_memory_equal(bytes, "abc\0\0", 5);
}

static void escapes_json(void **state)
{
    char bytes[64];
    struct text text = ms_http_text_in(bytes, sizeof(bytes));

    (void)state;
    ms_http_text_put_json(&text, "a\"b\\c\n\x1f\x7f\xc3\xa4");
    assert_true(
        is((struct slice){ bytes, text.len }, "\"a\\\"b\\\\c\\u000a\\u001f\\u007f\xc3\xa4\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_slices),
        cmocka_unit_test(takes_slices_apart),
        cmocka_unit_test(reads_numbers_up_to_the_largest),
        cmocka_unit_test(puts_text_together),
        cmocka_unit_test(leaves_out_all_from_what_does_not_fit),
        cmocka_unit_test(escapes_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
