/* SPDX-License-Identifier: ISC */
/* Dates as HTTP writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "http/date.h"

static const char *written(uint64_t time_s)
{
    static char bytes[64];
    struct text text = ms_http_text_in(bytes, sizeof(bytes) - 1);

    ms_http_date_put(&text, time_s);
    bytes[text.len] = 0;
    return bytes;
}

static void writes_the_date_of_rfc_9110(void **state)
{
    uint64_t time_s = 0;

    (void)state;
    assert_string_equal(written(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_true(ms_http_date_parse(ms_http_slice_of("Sun, 06 Nov 1994 08:49:37 GMT"), &time_s));
    assert_int_equal(time_s, 784111777);
    assert_string_equal(written(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

/* Day by day, over several times the four centuries after which the calendar repeats. */
static void agrees_with_the_library_of_c(void **state)
{
    (void)state;
    for (int64_t day = 0; day < INT64_C(2932897); day++) {
        time_t time = (time_t)(day * 86400 + day % 86400);
        char wanted[64];
        uint64_t time_s;
        struct tm tm;

        assert_non_null(gmtime_r(&time, &tm));
        strftime(wanted, sizeof(wanted), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        if (strcmp(written((uint64_t)time), wanted) != 0)
            fail_msg("%s is not %s", written((uint64_t)time), wanted);
        assert_true(ms_http_date_parse(ms_http_slice_of(wanted), &time_s));
        assert_int_equal(time_s, time);
    }
}

static void refuses_other_dates(void **state)
{
    static const char *const wrong[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Tue, 29 Feb 2023 08:49:37 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMX",
        "Thu, 00 Jan 1970 00:00:00 GMT",
    };
    uint64_t time_s;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (ms_http_date_parse(ms_http_slice_of(wrong[i]), &time_s))
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

static void survives_impossible_times(void **state)
{
    (void)state;
    assert_string_equal(written(UINT64_C(253402300799)), "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_string_equal(written(UINT64_C(253402300800)), "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_string_equal(written(UINT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_date_of_rfc_9110),
        cmocka_unit_test(agrees_with_the_library_of_c),
        cmocka_unit_test(refuses_other_dates),
        cmocka_unit_test(survives_impossible_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
