/* SPDX-License-Identifier: ISC */
/* Media types by the end of a file's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/mime.h"

static void looks_at_the_last_extension_of_the_name(void **state)
{
    (void)state;
    assert_string_equal(ms_http_mime_type("a.html"), "text/html; charset=utf-8");
    assert_string_equal(ms_http_mime_type("a/b.PNG"), "image/png");
    assert_string_equal(ms_http_mime_type("a.tar.gz"), "application/gzip");
    assert_string_equal(ms_http_mime_type("a"), "application/octet-stream");
    assert_string_equal(ms_http_mime_type("a.html/b"), "application/octet-stream");
    assert_string_equal(ms_http_mime_type("a."), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_at_the_last_extension_of_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
