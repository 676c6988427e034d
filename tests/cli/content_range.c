/* SPDX-License-Identifier: ISC */
/* The Content-Range field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "content_range.h"

static void reads_content_ranges(void **state)
{
    struct byte_range range;
    uint64_t size;

    (void)state;
    assert_true(content_range_parse("bytes 10-19/100", &range, &size));
    assert_true(range.start == 10 && range.len == 10 && size == 100);
    assert_true(content_range_parse("bytes 0-0/*", &range, &size));
    assert_true(range.start == 0 && range.len == 1 && size == UINT64_MAX);
}

static void refuses_other_content_ranges(void **state)
{
    static const char *const wrong[] = {
        "",
        "bytes",
        "bytes */100",
        "bytes 10-9/100",
        "bytes 10-100/100",
        "bytes 10-19",
        "bytes 10-19/",
        "bytes 10-19/x",
        "bytes 10-19/100x",
        "bytes=10-19/100",
        "bytes 0-18446744073709551615/*",
    };
    struct byte_range range;
    uint64_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (content_range_parse(wrong[i], &range, &size))
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_content_ranges),
        cmocka_unit_test(refuses_other_content_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
