/* SPDX-License-Identifier: ISC */
/* HTTP requests taken from a stream, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request.h"

static const char plain[] = "GET /a?b HTTP/1.1\r\nHost: h\r\nRange: bytes=1-\r\n\r\n";

/* Feeds text in pieces until it is used up or the request is. Returns the bytes taken. */
static size_t feed(struct request *request, const char *text, size_t len, size_t piece)
{
    size_t done = 0;

    while (done < len && !request->is_complete && !request->status) {
        size_t n = len - done < piece ? len - done : piece;
        uint8_t *exact = malloc(n); /* so that ASan sees a read beyond it */

        memcpy(exact, text + done, n);
        done += request_feed(request, exact, n);
        free(exact);
    }
    return done;
}

static void reads_a_request_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof(plain); piece++) {
        struct request request;

        request_init(&request);
        assert_int_equal(feed(&request, plain, strlen(plain), piece), strlen(plain));
        assert_true(request.is_complete);
        assert_int_equal(request.status, 0);
        assert_string_equal(request.target.bytes, "/a?b");
        assert_string_equal(request_field(&request, FIELD_HOST), "h");
        assert_string_equal(request_field(&request, FIELD_RANGE), "bytes=1-");
        assert_null(request_field(&request, FIELD_IF_RANGE));
        assert_true(request_keeps_alive(&request));
        request_reset(&request);
    }
}

static void leaves_the_next_request_alone(void **state)
{
    struct request request;
    char both[2 * sizeof(plain)];

    (void)state;
    strcpy(both, plain);
    strcat(both, plain);
    request_init(&request);
    assert_int_equal(feed(&request, both, strlen(both), sizeof(both)), strlen(plain));
    assert_true(request.is_complete);
    assert_int_equal(feed(&request, both, strlen(both), sizeof(both)), 0);
    request_reset(&request);
    assert_int_equal(feed(&request, plain, strlen(plain), sizeof(plain)), strlen(plain));
    assert_true(request.is_complete);
    request_reset(&request);
}

static void skips_a_body(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    struct request request;

    (void)state;
    request_init(&request);
    assert_int_equal(feed(&request, text, strlen(text), 7), strlen(text));
    assert_true(request.is_complete && request_keeps_alive(&request));
    request_reset(&request);
}

static void joins_a_field_that_comes_twice(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\nRange: a\r\nrange: b\r\n\r\n";
    struct request request;

    (void)state;
    request_init(&request);
    feed(&request, text, strlen(text), 3);
    assert_string_equal(request_field(&request, FIELD_RANGE), "a, b");
    request_reset(&request);
}

static void answers_malformed_requests(void **state)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        { "GET / HTTP/1.1\r\n\r\n", 400 },                       /* no Host */
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 }, /* two */
        { "GET / HTTP/1.1\r\nHost\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          400 },
        { "\x16\x03\x01\x02", 501 }, /* TLS */
        { "BREW / HTTP/1.1\r\n", 501 },
        { "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505 },
        { "GET / SPDY/1.1\r\n", 400 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request;

        request_init(&request);
        feed(&request, rows[i].text, strlen(rows[i].text), 1);
        if (request.status != rows[i].status)
            fail_msg("%s: %d", rows[i].text, request.status);
        assert_false(request_keeps_alive(&request));
        request_reset(&request);
    }
}

static void needs_no_host_before_http_1_1(void **state)
{
    static const char text[] = "GET / HTTP/1.0\r\n\r\n";
    struct request request;

    (void)state;
    request_init(&request);
    feed(&request, text, strlen(text), sizeof(text));
    assert_true(request.is_complete);
    assert_int_equal(request.status, 0);
    assert_false(request_keeps_alive(&request));
    request_reset(&request);
}

/* head, then unit again and again; the status that this ends in. */
static int status_of_endless(const char *head, const char *unit, size_t piece)
{
    struct request request;
    int status;

    request_init(&request);
    feed(&request, head, strlen(head), piece);
    for (int i = 0; i < 100000 && !request.status && !request.is_complete; i++)
        feed(&request, unit, strlen(unit), piece);
    status = request.status;
    assert_in_range(request.target.len, 0, REQUEST_TARGET_MAX);
    request_reset(&request);
    return status;
}

static void bounds_everything_that_can_grow(void **state)
{
    (void)state;
    assert_int_equal(status_of_endless("GET /", "aaaaaaaa", 100), 414);
    assert_int_equal(status_of_endless("GET / HTTP/1.1\r\nHost: h\r\n", "A: b\r\n", 100), 431);
    assert_int_equal(status_of_endless("GET / HTTP/1.1\r\nRange: ", "aaaaaaaa", 3), 431);
    assert_int_equal(status_of_endless("GET / HTTP/1.1\r\n", "AAAAAAAA", 100), 431);
    assert_int_equal(status_of_endless("", "\r\n", 100), 431);
}

static void goes_on_after_an_upgrade_that_is_not_made(void **state)
{
    static const char text[] =
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n";
    struct request request;

    (void)state;
    request_init(&request);
    assert_int_equal(feed(&request, text, strlen(text), sizeof(text)), strlen(text));
    assert_true(request.is_complete);
    assert_int_equal(request.status, 0);
    request_reset(&request);
    feed(&request, plain, strlen(plain), sizeof(plain));
    assert_true(request.is_complete);
    request_reset(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_request_in_pieces_of_any_size),
        cmocka_unit_test(leaves_the_next_request_alone),
        cmocka_unit_test(skips_a_body),
        cmocka_unit_test(joins_a_field_that_comes_twice),
        cmocka_unit_test(answers_malformed_requests),
        cmocka_unit_test(needs_no_host_before_http_1_1),
        cmocka_unit_test(bounds_everything_that_can_grow),
        cmocka_unit_test(goes_on_after_an_upgrade_that_is_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
