/* SPDX-License-Identifier: ISC */
/* HTTP requests taken from a stream, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/request.h"

static const char plain[] = "GET /a?b HTTP/1.1\r\nHost: h\r\nRange: bytes=1-\r\n\r\n";

/* Feeds text in pieces until it is used up or the request is. Returns the bytes that it took. */
static size_t feed(struct request *request, const char *text, size_t len, size_t piece)
{
    size_t done = 0, dropped = 0, held = request->len, unparsed = held - request->parsed;

    while (done < len && !request->is_complete && !request->status) {
        size_t n = len - done < piece ? len - done : piece;

        if (!ms_http_request_put(request, (const uint8_t *)text + done, (uint32_t)n))
            break;
        done += n;
        dropped += ms_http_request_parse(request);
    }
    assert_int_equal(held + done - dropped, request->len);
    return unparsed + done - (request->len - request->parsed);
}

static struct slice field(const struct request *request, enum request_field name)
{
    return ms_http_request_field(request, name);
}

static void assert_slice(struct slice slice, const char *text)
{
    assert_non_null(slice.bytes);
    if (!ms_http_slice_equal(slice, ms_http_slice_of(text)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)slice.len, slice.bytes, text);
}

static void reads_a_request_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof(plain); piece++) {
        struct request request;

        ms_http_request_init(&request);
        assert_int_equal(feed(&request, plain, strlen(plain), piece), strlen(plain));
        assert_true(request.is_complete);
        assert_int_equal(request.status, 0);
        assert_slice(request.target, "/a?b");
        assert_slice(field(&request, FIELD_HOST), "h");
        assert_slice(field(&request, FIELD_RANGE), "bytes=1-");
        assert_null(field(&request, FIELD_IF_RANGE).bytes);
        assert_true(ms_http_request_keeps_alive(&request));
    }
}

static void leaves_the_next_request_alone(void **state)
{
    struct request request;
    char both[2 * sizeof(plain)];

    (void)state;
    strcpy(both, plain);
    strcat(both, plain);
    ms_http_request_init(&request);
    assert_int_equal(feed(&request, both, strlen(both), sizeof(both)), strlen(plain));
    assert_true(request.is_complete);
    ms_http_request_parse(&request);
    assert_int_equal(request.len - request.parsed, strlen(plain)); /* not before it is wanted */
    assert_int_equal(ms_http_request_reset(&request), strlen(plain) - 1);
    assert_false(request.is_complete);
    ms_http_request_parse(&request);
    assert_true(request.is_complete);
    assert_slice(request.target, "/a?b");
    ms_http_request_reset(&request);
    assert_int_equal(request.len, 0);
}

static void skips_a_body(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    struct request request;

    (void)state;
    ms_http_request_init(&request);
    assert_int_equal(feed(&request, text, strlen(text), 7), strlen(text));
    assert_true(request.is_complete && ms_http_request_keeps_alive(&request));
}

/* Bodies of any length, though only so much is ever held. */
static void skips_a_body_larger_than_its_room(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char chunk[] = "5\r\nhello\r\n", last[] = "0\r\nRange: x\r\n\r\n";
    struct request request;

    (void)state;
    ms_http_request_init(&request);
    feed(&request, head, strlen(head), 10);
    for (unsigned i = 0; i < REQUEST_BYTES; i++)
        assert_int_equal(feed(&request, chunk, strlen(chunk), 4), strlen(chunk));
    feed(&request, last, strlen(last), sizeof(last));
    assert_true(request.is_complete);
    assert_slice(request.target, "/");
    assert_null(field(&request, FIELD_RANGE).bytes); /* of the trailer */
    assert_true(request.len < strlen(head) + strlen(last));
}

static void counts_a_field_that_comes_twice_as_empty(void **state)
{
    static const char text[] =
        "GET / HTTP/1.1\r\nHost: h\r\nRange: a\r\nrange: b\r\nRANGE: c\r\n\r\n";
    struct request request;

    (void)state;
    ms_http_request_init(&request);
    feed(&request, text, strlen(text), 3);
    assert_true(request.is_complete);
    assert_slice(field(&request, FIELD_RANGE), "");
}

static void knows_fields_by_their_names(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost:\th \r\nX-Range: a\r\nRang: b\r\n"
                               "IF-None-Match: \"c\" \t\r\nAccept-encoding:d\r\n"
                               "If-Modified-Since: e\r\nIf-Range: \r\n\r\n";

    (void)state;
    for (size_t piece = 1; piece <= sizeof(text); piece++) {
        struct request request;

        ms_http_request_init(&request);
        feed(&request, text, strlen(text), piece);
        assert_true(request.is_complete);
        assert_slice(field(&request, FIELD_HOST), "h");
        assert_null(field(&request, FIELD_RANGE).bytes);
        assert_slice(field(&request, FIELD_IF_NONE_MATCH), "\"c\"");
        assert_slice(field(&request, FIELD_ACCEPT_ENCODING), "d");
        assert_slice(field(&request, FIELD_IF_MODIFIED_SINCE), "e");
        assert_slice(field(&request, FIELD_IF_RANGE), "");
    }
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
        { "GET / HTTP/1.1\r\nHost: h\r\nRange: a\r\n b\r\n\r\n", 400 }, /* folded */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request;

        ms_http_request_init(&request);
        feed(&request, rows[i].text, strlen(rows[i].text), 1);
        if (request.status != rows[i].status)
            fail_msg("%s: %d", rows[i].text, request.status);
        assert_false(ms_http_request_keeps_alive(&request));
    }
}

static void needs_no_host_before_http_1_1(void **state)
{
    static const char text[] = "GET / HTTP/1.0\r\n\r\n";
    struct request request;

    (void)state;
    ms_http_request_init(&request);
    feed(&request, text, strlen(text), sizeof(text));
    assert_true(request.is_complete);
    assert_int_equal(request.status, 0);
    assert_false(ms_http_request_keeps_alive(&request));
}

/* head, then unit again and again; the status that this ends in. */
static int status_of_endless(const char *head, const char *unit, size_t piece)
{
    struct request request;
    int status;

    ms_http_request_init(&request);
    feed(&request, head, strlen(head), piece);
    for (int i = 0; i < 100000 && !request.status && !request.is_complete; i++)
        feed(&request, unit, strlen(unit), piece);
    status = request.status;
    assert_in_range(request.target.len, 0, REQUEST_TARGET_MAX);
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
    ms_http_request_init(&request);
    assert_int_equal(feed(&request, text, strlen(text), sizeof(text)), strlen(text));
    assert_true(request.is_complete);
    assert_int_equal(request.status, 0);
    ms_http_request_reset(&request);
    feed(&request, plain, strlen(plain), sizeof(plain));
    assert_true(request.is_complete);
}

static void holds_no_more_than_there_is_room_for(void **state)
{
    static uint8_t bytes[REQUEST_BYTES];
    struct request request;

    (void)state;
    ms_http_request_init(&request);
    assert_true(ms_http_request_put(&request, bytes, REQUEST_BYTES - 1));
    assert_false(ms_http_request_put(&request, bytes, 2));
    assert_true(ms_http_request_put(&request, bytes, 1));
    assert_false(ms_http_request_put(&request, bytes, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_request_in_pieces_of_any_size),
        cmocka_unit_test(leaves_the_next_request_alone),
        cmocka_unit_test(skips_a_body),
        cmocka_unit_test(skips_a_body_larger_than_its_room),
        cmocka_unit_test(counts_a_field_that_comes_twice_as_empty),
        cmocka_unit_test(knows_fields_by_their_names),
        cmocka_unit_test(answers_malformed_requests),
        cmocka_unit_test(needs_no_host_before_http_1_1),
        cmocka_unit_test(bounds_everything_that_can_grow),
        cmocka_unit_test(goes_on_after_an_upgrade_that_is_not_made),
        cmocka_unit_test(holds_no_more_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
