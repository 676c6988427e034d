/* SPDX-License-Identifier: ISC */
/* Replies from a source of the test's own. What a directory is answered with: tests/cli/site.c. */
#include "http/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ms_http_content given; /* what the source answers with */
static uint16_t given_status;
static struct ms_http_query query;
static char path[5000];
static unsigned opened, closed;
static struct reply reply;
static struct request request;
static char head[1025];

static uint16_t open_given(struct ms_http_source *source, const struct ms_http_query *asked,
                           struct ms_http_content *content)
{
    query = *asked;
    snprintf(path, sizeof(path), "%s", asked->path);
    if (given_status != 200)
        return given_status;
    opened++;
    *content = given;
    content->source = source;
    return 200;
}

static void close_given(struct ms_http_content *content)
{
    (void)content;
    closed++;
}

static const struct ms_http_source_ops ops = { .open = open_given, .close = close_given };
static struct ms_http_source source = { &ops };

static int set_up(void **state)
{
    (void)state;
    given_status = 200;
    given = (struct ms_http_content){ .bytes = 10, .type = "text/x", .etag = "\"e\"" };
    opened = closed = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ms_http_reply_end(&reply);
    assert_int_equal(opened, closed);
    return 0;
}

/* Asks with more header fields, each ended by CR LF. Returns the status. */
static int ask(const char *line, const char *fields)
{
    struct text text = ms_http_text_in(head, sizeof(head) - 1);
    static char bytes[REQUEST_BYTES];
    int len = snprintf(bytes, sizeof(bytes), "%s\r\nHost: h\r\n%s\r\n", line, fields);

    ms_http_reply_end(&reply);
    ms_http_request_init(&request);
    assert_true(ms_http_request_put(&request, (const uint8_t *)bytes, (uint32_t)len));
    ms_http_request_parse(&request);
    ms_http_reply_make(&reply, &text, &request, &source, 0);
    head[text.len] = 0;
    return reply.status;
}

static int get(const char *fields) { return ask("GET / HTTP/1.1", fields); }

static bool head_has(const char *text) { return strstr(head, text) != NULL; }

static void says_all_that_is_known(void **state)
{
    (void)state;
    given.modified_s = 784111777;
    assert_int_equal(get(""), 200);
    assert_string_equal(head, "HTTP/1.1 200 OK\r\n"
                              "Server: mstack\r\n"
                              "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                              "ETag: \"e\"\r\n"
                              "Accept-Ranges: bytes\r\n"
                              "Content-Type: text/x\r\n"
                              "Content-Length: 10\r\n"
                              "\r\n");
    assert_true(reply.has_content && reply.at == 0 && reply.end == 10);
}

static void says_nothing_that_is_not(void **state)
{
    (void)state;
    given.etag[0] = 0;
    assert_int_equal(get("If-None-Match: \r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
                     200);
    assert_false(head_has("ETag") || head_has("Last-Modified") || head_has("Date"));
    assert_int_equal(get("Range: bytes=1-2\r\nIf-Range: \r\n"), 200);
    assert_int_equal(get("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 200);
}

static void says_how_it_is_encoded(void **state)
{
    (void)state;
    given.is_gzip = given.depends_on_encoding = true;
    assert_int_equal(get("Accept-Encoding: gzip\r\n"), 200);
    assert_true(query.takes_gzip);
    assert_true(head_has("\r\nContent-Encoding: gzip\r\n"));
    assert_true(head_has("\r\nVary: Accept-Encoding\r\n"));
    given.is_gzip = false;
    assert_int_equal(get("If-None-Match: \"e\"\r\n"), 304);
    assert_false(query.takes_gzip || head_has("Content-Encoding"));
    assert_true(head_has("\r\nVary: Accept-Encoding\r\n"));
}

/* What is made for a request is another the next time: neither part nor copy of it is any good. */
static void sends_what_is_live_as_a_whole(void **state)
{
    (void)state;
    given.is_live = true;
    assert_int_equal(get("Range: bytes=1-2\r\nIf-None-Match: *\r\n"), 200);
    assert_true(head_has("\r\nCache-Control: no-store\r\n"));
    assert_false(head_has("Accept-Ranges"));
    assert_int_equal(reply.end, 10);
}

static void sends_the_part_that_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(get("Range: bytes=2-4\r\n"), 206);
    assert_true(head_has("\r\nContent-Range: bytes 2-4/10\r\n"));
    assert_true(head_has("\r\nContent-Length: 3\r\n"));
    assert_true(reply.at == 2 && reply.end == 5 && reply.content_bytes == 3);
    assert_int_equal(get("Range: bytes=10-\r\n"), 416);
    assert_true(head_has("\r\nContent-Range: bytes */10\r\n"));
    assert_false(reply.has_content);
    assert_int_equal(get("Range: bytes=0-1\r\nRange: bytes=3-4\r\n"), 200);
    assert_int_equal(get("Range: bytes=0-1\r\nIf-Range: \"e\"\r\n"), 206);
    assert_int_equal(get("Range: bytes=0-1\r\nIf-Range: W/\"e\"\r\n"), 200);
    assert_int_equal(get("Range: bytes=0-1\r\nIf-Range: \"e\"\r\nIf-Range: \"e\"\r\n"), 200);
}

static void knows_its_tag_in_a_list(void **state)
{
    static const struct {
        const char *fields;
        int status;
    } rows[] = {
        { "If-None-Match: \"e\"\r\n", 304 },  { "If-None-Match: \"a\" , W/\"e\"\r\n", 304 },
        { "If-None-Match: *\r\n", 304 },      { "If-None-Match: e\r\n", 200 },
        { "If-None-Match: \"ee\"\r\n", 200 }, { "If-None-Match: \r\n", 200 },
        { "If-None-Match: \"e\r\n", 200 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (get(rows[i].fields) != rows[i].status)
            fail_msg("%s: %d", rows[i].fields, reply.status);
    }
}

static void passes_on_why_there_is_nothing(void **state)
{
    (void)state;
    given_status = 404;
    assert_int_equal(get(""), 404);
    assert_non_null(strstr(head, "\r\nContent-Length: 14\r\n\r\n404 Not Found\n"));
    given_status = 503;
    assert_int_equal(get(""), 503);
    assert_true(head_has("\r\nRetry-After: 1\r\n"));
}

static void sends_elsewhere_by_a_path_of_this_server(void **state)
{
    (void)state;
    given_status = 301;
    assert_int_equal(ask("GET //a%20b?c HTTP/1.1", ""), 301);
    assert_true(head_has("\r\nLocation: /a%20b/\r\n"));
    assert_string_equal(path, "a b");
}

/* Three bytes of the head for one of the path: some have no room. */
static void refuses_a_path_that_no_head_can_hold(void **state)
{
    static char line[REQUEST_BYTES / 2];
    unsigned statuses[2] = { 0 };

    (void)state;
    given_status = 301;
    for (unsigned len = 1; len < 1500; len++) {
        snprintf(line, sizeof(line), "GET /%0*d HTTP/1.1", (int)len, 0);
        memset(line + 5, '\"', len);
        assert_in_range(ask(line, ""), 301, 414);
        assert_true(strlen(head) >= 4);
        assert_non_null(strstr(head, "\r\n\r\n"));
        statuses[reply.status == 414]++;
    }
    assert_true(statuses[0] > 250 && statuses[1] > 1000);
}

static void takes_the_absolute_form(void **state)
{
    (void)state;
    assert_int_equal(ask("GET http://h:80/a/b?c HTTP/1.1", ""), 200);
    assert_string_equal(path, "a/b");
    assert_int_equal(ask("GET HTTP://h HTTP/1.1", ""), 200);
    assert_string_equal(path, "");
    assert_true(query.is_directory);
    assert_int_equal(ask("GET http://h?c HTTP/1.1", ""), 400);
}

static void answers_heads_without_content(void **state)
{
    (void)state;
    assert_int_equal(ask("HEAD / HTTP/1.1", "Range: bytes=2-4\r\n"), 200);
    assert_true(head_has("\r\nContent-Length: 10\r\n"));
    assert_false(reply.has_content);
    given_status = 404;
    assert_int_equal(ask("HEAD / HTTP/1.1", ""), 404);
    assert_true(head_has("\r\nContent-Length: 14\r\n"));
    assert_string_equal(strstr(head, "\r\n\r\n"), "\r\n\r\n");
}

static void says_whether_the_connection_goes_on(void **state)
{
    (void)state;
    assert_int_equal(ask("GET / HTTP/1.0", "Connection: keep-alive\r\n"), 200);
    assert_true(!reply.ends_connection && head_has("\r\nConnection: keep-alive\r\n"));
    assert_int_equal(ask("GET / HTTP/1.0", ""), 200);
    assert_true(reply.ends_connection && head_has("\r\nConnection: close\r\n"));
    assert_int_equal(ask("BREW / HTTP/1.1", ""), 501);
    assert_true(reply.ends_connection && head_has("\r\nConnection: close\r\n"));
    assert_int_equal(ask("POST / HTTP/1.1", ""), 405);
    assert_true(!reply.ends_connection && head_has("\r\nAllow: GET, HEAD\r\n"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_all_that_is_known),
        TEST(says_nothing_that_is_not),
        TEST(says_how_it_is_encoded),
        TEST(sends_what_is_live_as_a_whole),
        TEST(sends_the_part_that_is_asked_for),
        TEST(knows_its_tag_in_a_list),
        TEST(passes_on_why_there_is_nothing),
        TEST(sends_elsewhere_by_a_path_of_this_server),
        TEST(refuses_a_path_that_no_head_can_hold),
        TEST(takes_the_absolute_form),
        TEST(answers_heads_without_content),
        TEST(says_whether_the_connection_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
