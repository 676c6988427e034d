/* SPDX-License-Identifier: ISC */
/* Texts that grow, escapes and dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

static void grows_as_it_must(void **state)
{
    struct text text = { 0 };

    (void)state;
    for (int i = 0; i < 10000; i++)
        text_add(&text, "%04d", i);
    assert_int_equal(text.len, 40000);
    assert_int_equal(strlen(text.bytes), 40000);
    assert_memory_equal(text.bytes + 39996, "9999", 4);
    text_free(&text);
    assert_null(text.bytes);
}

static void escapes_html(void **state)
{
    struct text text = { 0 };

    (void)state;
    text_add_html(&text, "<a href=\"x\">'&'</a>");
    assert_string_equal(text.bytes, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    text_free(&text);
}

static void escapes_json(void **state)
{
    struct text text = { 0 };

    (void)state;
    text_add_json(&text, "a\"b\\c\n\x7f\xc3\xa4");
    assert_string_equal(text.bytes, "\"a\\\"b\\\\c\\u000a\\u007f\xc3\xa4\"");
    text_free(&text);
}

static void writes_the_date_of_rfc_9110(void **state)
{
    char date[HTTP_DATE_SIZE];
    time_t time = 0;

    (void)state;
    http_date_format(784111777, date);
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_true(http_date_parse(date, &time));
    assert_int_equal(time, 784111777);
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
    };
    time_t time;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (http_date_parse(wrong[i], &time))
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

static void survives_impossible_times(void **state)
{
    char date[HTTP_DATE_SIZE];

    (void)state;
    http_date_format(INT64_MAX, date);
    assert_int_equal(strlen(date), HTTP_DATE_SIZE - 1);
    http_date_format(INT64_MIN, date);
    assert_int_equal(strlen(date), HTTP_DATE_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_as_it_must),    cmocka_unit_test(escapes_html),
        cmocka_unit_test(escapes_json),        cmocka_unit_test(writes_the_date_of_rfc_9110),
        cmocka_unit_test(refuses_other_dates), cmocka_unit_test(survives_impossible_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
