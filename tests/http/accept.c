/* SPDX-License-Identifier: ISC */
/* Accept-Encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/accept.h"

static void knows_who_takes_gzip(void **state)
{
    static const struct {
        const char *field;
        bool takes_gzip;
    } rows[] = {
        { "gzip", true },
        { "deflate, gzip;q=0.5, br", true },
        { " GZIP ; q=1", true },
        { "br,gzip", true },
        { "gzip;q=0.001", true },
        { "", false },
        { "identity", false },
        { "xgzip, gzipx", false },
        { "gzip;q=0", false },
        { "gzip; Q=0.000, br", false },
        { "deflate;q=1;gzip", false },
        { "*", false }, /* it says nothing of gzip: plain is as good */
        { ",,;,", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (ms_http_accepts_gzip(ms_http_slice_of(rows[i].field)) != rows[i].takes_gzip)
            fail_msg("%s", rows[i].field);
    }
    assert_false(ms_http_accepts_gzip((struct slice){ 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(knows_who_takes_gzip) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
