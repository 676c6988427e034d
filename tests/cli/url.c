/* SPDX-License-Identifier: ISC */
/* URLs with a literal address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "url.h"

static void splits_urls(void **state)
{
    static const struct {
        const char *text, *addr, *authority, *target;
        uint16_t port;
    } rows[] = {
        { "http://192.0.2.1", "192.0.2.1", "192.0.2.1", "", 80 },
        { "http://192.0.2.1/", "192.0.2.1", "192.0.2.1", "/", 80 },
        { "HTTP://192.0.2.1:8080/a/b?c=d", "192.0.2.1", "192.0.2.1:8080", "/a/b?c=d", 8080 },
        { "http://192.0.2.1?q", "192.0.2.1", "192.0.2.1", "?q", 80 },
        { "http://192.0.2.1/a#part", "192.0.2.1", "192.0.2.1", "/a", 80 },
        { "http://192.0.2.1:/a", "192.0.2.1", "192.0.2.1:", "/a", 80 },
        { "http://[2001:db8::1]/x", "2001:db8::1", "[2001:db8::1]", "/x", 80 },
        { "http://[2001:db8::1]:65535/x", "2001:db8::1", "[2001:db8::1]:65535", "/x", 65535 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char addr[MS_ADDR_TEXT_SIZE];
        struct url url;
        const char *wrong = url_parse(rows[i].text, &url);

        if (wrong)
            fail_msg("%s: %s", rows[i].text, wrong);
        ms_addr_format(&url.addr, addr);
        assert_string_equal(addr, rows[i].addr);
        assert_string_equal(url.authority, rows[i].authority);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.target_len, strlen(rows[i].target));
        assert_memory_equal(url.target, rows[i].target, url.target_len);
    }
}

static void refuses_other_urls(void **state)
{
    static const char *const wrong[] = {
        "",
        "http",
        "192.0.2.1",
        "https://192.0.2.1/",
        "http://",
        "http:///a",
        "http://example.org/",
        "http://user@192.0.2.1/",
        "http://192.0.2.1:0/",
        "http://192.0.2.1:65536/",
        "http://192.0.2.1:80x/",
        "http://192.0.2.1:000000080/",
        "http://2001:db8::1/",
        "http://[192.0.2.1]/",
        "http://[2001:db8::1/",
        "http://[2001:db8::1]x/",
        "http://[2001:db8::1]80/",
        "http://192.0.2.1/a b",
        "http://192.0.2.1/a\r\nX: y",
        "http://192.0.2.1/\xc3\xa4",
        "http://0.0.0.0/",
        "http://[ff02::1]/",
        "http://224.0.0.1/",
    };
    struct url url;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (!url_parse(wrong[i], &url))
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

static void refuses_a_url_without_end(void **state)
{
    char text[URL_LENGTH_MAX + 100];
    struct url url;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "http://192.0.2.1/", 17);
    text[sizeof(text) - 1] = 0;
    assert_non_null(url_parse(text, &url));
}

static void names_the_file(void **state)
{
    static const struct {
        const char *text, *name; /* NULL: none */
    } rows[] = {
        { "http://192.0.2.1/a/b.txt", "b.txt" },
        { "http://192.0.2.1/a/b%20c?x/y", "b c" },
        { "http://192.0.2.1/a/", NULL },
        { "http://192.0.2.1", NULL },
        { "http://192.0.2.1?a", NULL },
        { "http://192.0.2.1/..", NULL },
        { "http://192.0.2.1/%2e%2e", NULL },
        { "http://192.0.2.1/a%2fb", NULL },
        { "http://192.0.2.1/a%00", NULL },
        { "http://192.0.2.1/longer-than-the-room-there-is-for-it", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[32] = "?";
        struct url url;

        assert_null(url_parse(rows[i].text, &url));
        if (url_file_name(&url, name, sizeof(name)) != (rows[i].name != NULL))
            fail_msg("%s: %s", rows[i].text, name);
        if (rows[i].name)
            assert_string_equal(name, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_urls),
        cmocka_unit_test(refuses_other_urls),
        cmocka_unit_test(refuses_a_url_without_end),
        cmocka_unit_test(names_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
