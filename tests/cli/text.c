/* SPDX-License-Identifier: ISC */
/* Texts that grow, and escapes. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_as_it_must),
        cmocka_unit_test(escapes_html),
        cmocka_unit_test(escapes_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
