/* SPDX-License-Identifier: ISC */
/* The Range field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/range.h"

static void reads_ranges(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
        enum range_result result;
        uint64_t start, len;
    } rows[] = {
        { "bytes=0-0", 100, RANGE_SATISFIABLE, 0, 1 },
        { "Bytes=10-19", 100, RANGE_SATISFIABLE, 10, 10 },
        { "bytes=90-", 100, RANGE_SATISFIABLE, 90, 10 },
        { "bytes=90-1000", 100, RANGE_SATISFIABLE, 90, 10 },
        { "bytes=0-18446744073709551615", 100, RANGE_SATISFIABLE, 0, 100 },
        { "bytes=-10", 100, RANGE_SATISFIABLE, 90, 10 },
        { "bytes=-1000", 100, RANGE_SATISFIABLE, 0, 100 },
        { "bytes=100-", 100, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=-0", 100, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=-1", 0, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=0-1,3-4", 100, RANGE_NONE, 0, 0 },
        { "bytes=5-4", 100, RANGE_NONE, 0, 0 },
        { "bytes=", 100, RANGE_NONE, 0, 0 },
        { "bytes=-", 100, RANGE_NONE, 0, 0 },
        { "bytes=a-b", 100, RANGE_NONE, 0, 0 },
        { "bytes=1", 100, RANGE_NONE, 0, 0 },
        { "bytes= 1-2", 100, RANGE_NONE, 0, 0 },
        { "bytes=1-2x", 100, RANGE_NONE, 0, 0 },
        { "bytes=99999999999999999999-", 100, RANGE_NONE, 0, 0 },
        { "lines=1-2", 100, RANGE_NONE, 0, 0 },
        { "", 100, RANGE_NONE, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice text = ms_http_slice_of(rows[i].text);
        struct byte_range range = { 0, 0 };

        if (ms_http_range_parse(text, rows[i].size, &range) != rows[i].result)
            fail_msg("%s of %d", rows[i].text, (int)rows[i].size);
        assert_true(range.start == rows[i].start && range.len == rows[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
