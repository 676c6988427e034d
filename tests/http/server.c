/* SPDX-License-Identifier: ISC */
/* The server, asked by another stack over a wire of the test's own. */
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/pair.h"

enum {
    PORT = 80,
    PATIENCE_US = 10000000,
    CONNECTIONS = 3,
    ANSWER_MAX = 4000000,
    LARGE = 3000000, /* of which the source lends a little at a time */
    STRETCH = 40000,
    BROKEN_AT = 1000000,
    CLIENTS = 6,
    WALL_S = 784111777,
};

/* "/NUMBER" is so many bytes; "/broken" ends early; nothing else is there. */
struct numbers {
    struct ms_http_source source; /* first */
    unsigned opened, closed, lent, given_back;
};

static uint8_t pattern[LARGE];
static int broken;

static uint16_t open_number(struct ms_http_source *source, const struct ms_http_query *query,
                            struct ms_http_content *content)
{
    struct numbers *numbers = (struct numbers *)(void *)source;
    bool is_broken = strcmp(query->path, "broken") == 0;
    uint64_t bytes = is_broken ? LARGE : strtoull(query->path, NULL, 10);

    if (bytes == 0)
        return 404;
    numbers->opened++;
    *content = (struct ms_http_content){
        .source = source,
        .handle = is_broken ? &broken : NULL,
        .bytes = bytes,
        .type = "application/octet-stream",
        .etag = "\"x\"",
    };
    return 200;
}

static bool lend_number(struct ms_http_content *content, uint64_t at,
                        struct ms_http_stretch *stretch)
{
    struct numbers *numbers = (struct numbers *)(void *)content->source;
    uint64_t left = content->bytes - at;

    if (content->handle && at >= BROKEN_AT)
        return false;
    numbers->lent++;
    *stretch = (struct ms_http_stretch){
        .data = pattern + at,
        .len = left < STRETCH ? (uint32_t)left : STRETCH,
        .keeper = numbers,
    };
    return true;
}

static void give_back(struct ms_http_source *source, void *keeper)
{
    struct numbers *numbers = keeper;

    assert_ptr_equal(source, keeper);
    numbers->given_back++;
}

static void close_number(struct ms_http_content *content)
{
    ((struct numbers *)(void *)content->source)->closed++;
}

static const struct ms_http_source_ops numbers_ops = {
    .open = open_number,
    .lend = lend_number,
    .give_back = give_back,
    .close = close_number,
};

struct client {
    struct ms_tcp *tcp; /* NULL: gone */
    struct ms_buf buf;
    bool is_lent, is_greedy, has_eof;
    enum ms_error why;
    size_t len;
    char answer[ANSWER_MAX + 1];
};

struct world {
    struct pair pair;
    struct numbers numbers;
    struct ms_http *http;
    void *memory;
    struct client *clients;
    char log[4096];
};

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct client *client = user;

    (void)frame;
    assert_true(client->len + slice->len <= ANSWER_MAX);
    memcpy(client->answer + client->len, slice->data, slice->len);
    client->len += slice->len;
    client->answer[client->len] = 0;
    if (client->is_greedy)
        ms_tcp_consumed(tcp, slice->len);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)tcp;
    ((struct client *)user)->has_eof = true;
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct client *client = user;

    (void)tcp;
    client->tcp = NULL;
    client->why = why;
}

static const struct ms_tcp_events client_events = {
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
};

static void log_reply(void *user, const struct ms_http_exchange *exchange)
{
    struct world *w = user;
    size_t len = strlen(w->log);

    snprintf(w->log + len, sizeof(w->log) - len, "%s %.*s %u %d\n", exchange->method,
             (int)exchange->target_len, exchange->target ? exchange->target : "", exchange->status,
             (int)exchange->content_bytes);
}

static struct world *make_world(bool has_status)
{
    struct world *w = calloc(1, sizeof(*w));
    struct ms_config config;
    struct ms_http_config http_config = {
        .source = &w->numbers.source,
        .port = PORT,
        .connections = CONNECTIONS,
        .idle_timeout_us = PATIENCE_US,
        .has_status = has_status,
        .on_reply = log_reply,
        .user = w,
    };

    for (unsigned i = 0; i < LARGE; i++)
        pattern[i] = (uint8_t)(i * 7 + i / 251);
    ms_config_default(&config);
    config.tcp_recv_window_bytes = MS_HTTP_WINDOW_BYTES;
    pair_open(&w->pair, &config);
    w->numbers.source.ops = &numbers_ops;
    w->clients = calloc(CLIENTS, sizeof(*w->clients));
    http_config.stack = w->pair.hosts[0].stack;
    w->memory = malloc(ms_http_size(&http_config));
    memset(w->memory, 0xee, ms_http_size(&http_config));
    w->http = ms_http_init(&http_config, w->memory);
    assert_int_equal(ms_http_start(w->http), MS_OK);
    return w;
}

static int set_up(void **state)
{
    *state = make_world(false);
    return 0;
}

static int set_up_with_status(void **state)
{
    *state = make_world(true);
    return 0;
}

/* A millisecond at a time, as a loop would. */
static void run(struct world *w, uint64_t us)
{
    for (uint64_t i = 0; i < us; i += 1000) {
        pair_run(&w->pair, 1000);
        ms_http_work(w->http, w->pair.now_us, WALL_S);
    }
}

/* Whatever happened, all comes back, and no connection is left. */
static int tear_down(void **state)
{
    struct world *w = *state;

    ms_http_stop(w->http);
    run(w, 5000);
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (w->clients[i].tcp)
            ms_tcp_abort(w->clients[i].tcp);
    }
    pair_close(&w->pair);
    assert_int_equal(ms_http_counters(w->http)->connections, 0);
    assert_int_equal(w->numbers.lent, w->numbers.given_back);
    assert_int_equal(w->numbers.opened, w->numbers.closed);
    free(w->memory);
    free(w->clients);
    free(w);
    return 0;
}

static void connect_client(struct world *w, unsigned i)
{
    struct client *client = &w->clients[i];
    struct ms_tcp_connect connect = {
        .remote = pair_endpoint(0, i % 2, PORT),
        .events = &client_events,
        .user = client,
    };

    memset(client, 0, offsetof(struct client, answer) + 1);
    client->is_greedy = true;
    assert_int_equal(ms_tcp_connect(w->pair.hosts[1].stack, &connect, &client->tcp), MS_OK);
    run(w, 10000);
}

static void on_sent(struct ms_buf *buf)
{
    struct client *client = (struct client *)(void *)((char *)buf - offsetof(struct client, buf));

    client->is_lent = false;
}

/* What is sent must stay until it has been acknowledged. */
static void say(struct world *w, unsigned i, const char *text)
{
    struct client *client = &w->clients[i];

    assert_false(client->is_lent);
    client->is_lent = true;
    client->buf = (struct ms_buf){
        .data = (const uint8_t *)text,
        .len = (uint32_t)strlen(text),
        .release = on_sent,
    };
    assert_int_equal(ms_tcp_send(client->tcp, &client->buf), MS_OK);
}

static const char *ask(struct world *w, unsigned i, const char *text)
{
    struct client *client = &w->clients[i];

    client->len = 0;
    client->answer[0] = 0;
    say(w, i, text);
    run(w, 2000000);
    return client->answer;
}

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static size_t count(const char *text, const char *piece)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, piece)); at++)
        n++;
    return n;
}

static void answers_one_request_after_another(void **state)
{
    struct world *w = *state;

    connect_client(w, 0);
    for (unsigned i = 0; i < 20; i++) {
        const char *answer = ask(w, 0, "GET /10 HTTP/1.1\r\nHost: h\r\n\r\n");
        const char *body = strstr(answer, "\r\n\r\n");

        assert_true(begins(answer, "HTTP/1.1 200 OK\r\n"));
        assert_non_null(strstr(answer, "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
        assert_non_null(strstr(answer, "\r\nContent-Length: 10\r\n"));
        assert_memory_equal(body + 4, pattern, 10);
        assert_int_equal(w->clients[0].len, (size_t)(body - answer) + 4 + 10);
    }
    assert_int_equal(ms_http_counters(w->http)->requests, 20);
    assert_int_equal(ms_http_counters(w->http)->accepted, 1);
    assert_true(begins(w->log, "GET /10 200 10\nGET /10 200 10\n"));
}

static void sends_more_than_may_be_lent_at_once(void **state)
{
    struct world *w = *state;
    const char *answer;

    w->pair.drop_every = 50;
    connect_client(w, 1);
    say(w, 1, "GET /3000000 HTTP/1.1\r\nHost: h\r\n\r\n");
    run(w, 60000000);
    answer = strstr(w->clients[1].answer, "\r\n\r\n");
    assert_non_null(answer);
    assert_int_equal(w->clients[1].len, (size_t)(answer - w->clients[1].answer) + 4 + LARGE);
    assert_memory_equal(answer + 4, pattern, LARGE);
}

static void reads_requests_byte_by_byte(void **state)
{
    static const char text[] = "GET /5 HTTP/1.1\r\nHost: h\r\n\r\n";
    struct world *w = *state;
    char bytes[sizeof(text)][2] = { { 0 } };

    connect_client(w, 0);
    for (size_t i = 0; text[i]; i++) {
        bytes[i][0] = text[i];
        assert_int_equal(w->clients[0].len, 0);
        say(w, 0, bytes[i]);
        run(w, 100000);
    }
    assert_true(begins(w->clients[0].answer, "HTTP/1.1 200 OK\r\n"));
}

/* As many at once as the window holds, and no more is said after them. */
static void answers_all_pipelined_requests_even_after_the_end(void **state)
{
    static char text[MS_HTTP_WINDOW_BYTES];
    struct world *w = *state;
    unsigned sent = 0;

    text[0] = 0;
    for (; strlen(text) + 64 < sizeof(text); sent++)
        strcat(text, "GET /100 HTTP/1.1\r\nHost: h\r\n\r\n");
    connect_client(w, 0);
    say(w, 0, text);
    ms_tcp_close(w->clients[0].tcp);
    run(w, 5000000);
    assert_true(sent > 100);
    assert_int_equal(ms_http_counters(w->http)->requests, sent);
    assert_true(w->clients[0].has_eof);
    assert_null(w->clients[0].tcp);
    assert_int_equal(w->clients[0].why, MS_OK);
}

static void closes_when_it_is_asked_to(void **state)
{
    struct world *w = *state;
    const char *answer;

    connect_client(w, 0);
    answer = ask(w, 0, "GET /10 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /11 HTTP/1.1");
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    assert_int_equal(count(answer, "HTTP/1.1 200"), 1);
    assert_true(w->clients[0].has_eof);
    connect_client(w, 1);
    answer = ask(w, 1, "GET /10 HTTP/1.0\r\n\r\n");
    assert_true(begins(answer, "HTTP/1.1 200 OK\r\n"));
    assert_true(w->clients[1].has_eof);
}

static void closes_after_what_it_does_not_understand(void **state)
{
    struct world *w = *state;
    const char *answer;

    connect_client(w, 0);
    answer = ask(w, 0, "nonsense\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(begins(answer, "HTTP/1.1 501 Not Implemented\r\n"));
    assert_int_equal(count(answer, "HTTP/1.1"), 1);
    assert_true(w->clients[0].has_eof);
    assert_int_equal(ms_http_counters(w->http)->bad_requests, 1);
}

static void resets_when_a_content_ends_early(void **state)
{
    struct world *w = *state;

    connect_client(w, 0);
    ask(w, 0, "GET /broken HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_null(w->clients[0].tcp);
    assert_int_equal(w->clients[0].why, MS_ERROR_RESET);
    assert_int_equal(ms_http_counters(w->http)->aborted, 1);
}

/* Refused, and counted; and there is room again once one has gone. */
static void serves_so_many_connections_and_no_more(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i <= CONNECTIONS; i++)
        connect_client(w, i);
    assert_null(w->clients[CONNECTIONS].tcp);
    assert_int_equal(w->clients[CONNECTIONS].why, MS_ERROR_RESET);
    assert_int_equal(ms_http_counters(w->http)->accepted, CONNECTIONS);
    assert_int_equal(ms_http_counters(w->http)->refused, 1);
    assert_int_equal(ms_http_counters(w->http)->connections, CONNECTIONS);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        assert_true(begins(ask(w, i, "GET /9 HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 200"));
    ms_tcp_abort(w->clients[1].tcp);
    run(w, 10000);
    connect_client(w, CONNECTIONS + 1);
    assert_true(
        begins(ask(w, CONNECTIONS + 1, "GET /9 HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 200"));
}

static void bids_farewell_to_who_says_nothing(void **state)
{
    struct world *w = *state;

    connect_client(w, 0);
    run(w, PATIENCE_US - 100000);
    assert_false(w->clients[0].has_eof);
    assert_true(ms_http_next_deadline(w->http) <= w->pair.now_us + 100000);
    run(w, 200000);
    assert_true(w->clients[0].has_eof);
    assert_int_equal(w->clients[0].len, 0);
}

static void answers_who_does_not_finish_a_request(void **state)
{
    struct world *w = *state;

    connect_client(w, 0);
    say(w, 0, "GET /10 HTT");
    run(w, PATIENCE_US + 200000);
    assert_true(begins(w->clients[0].answer, "HTTP/1.1 408 Request Timeout\r\n"));
    assert_true(w->clients[0].has_eof);
    assert_int_equal(ms_http_counters(w->http)->bad_requests, 1);
    assert_string_equal(w->log, "- /10 408 20\n");
}

static void resets_who_takes_nothing_of_the_answer(void **state)
{
    struct world *w = *state;

    connect_client(w, 0);
    w->clients[0].is_greedy = false;
    say(w, 0, "GET /3000000 HTTP/1.1\r\nHost: h\r\n\r\n");
    run(w, 2 * PATIENCE_US);
    assert_null(w->clients[0].tcp);
    assert_int_equal(w->clients[0].why, MS_ERROR_RESET);
    assert_int_equal(ms_http_counters(w->http)->aborted, 1);
}

static void refuses_a_head_without_end_at_once(void **state)
{
    static char text[3 * MS_HTTP_WINDOW_BYTES];
    struct world *w = *state;

    strcpy(text, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 1);
    connect_client(w, 0);
    say(w, 0, text);
    run(w, 2000000);
    assert_true(begins(w->clients[0].answer, "HTTP/1.1 431 "));
}

static void reads_a_body_of_any_length_past_its_window(void **state)
{
    static char text[10 * MS_HTTP_WINDOW_BYTES];
    struct world *w = *state;
    size_t len;

    len = (size_t)snprintf(text, sizeof(text),
                           "POST /5 HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n",
                           8 * MS_HTTP_WINDOW_BYTES);
    memset(text + len, 'x', 8 * MS_HTTP_WINDOW_BYTES);
    strcpy(text + len + 8 * MS_HTTP_WINDOW_BYTES, "GET /5 HTTP/1.1\r\nHost: h\r\n\r\n");
    connect_client(w, 0);
    say(w, 0, text);
    run(w, 5000000);
    assert_true(begins(w->clients[0].answer, "HTTP/1.1 405 "));
    assert_int_equal(count(w->clients[0].answer, "HTTP/1.1 200 OK"), 1);
}

static void tells_its_status_only_if_it_is_to(void **state)
{
    struct world *w = *state;

    connect_client(w, 0);
    assert_true(begins(ask(w, 0, "GET /status HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 404"));
}

static void tells_its_status_beside_the_source(void **state)
{
    struct world *w = *state;
    const char *answer;

    connect_client(w, 0);
    answer = ask(w, 0, "GET /status HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(begins(answer, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(answer, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    answer = ask(w, 0, "GET /status.json HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_non_null(strstr(answer, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(answer, "\"state\":\"ESTABLISHED\""));
    assert_non_null(strstr(answer, "\"local\":\"[2001:db8::1]:80\""));
    assert_non_null(strstr(answer, "\"requests\":1,"));
    assert_true(begins(ask(w, 0, "GET /7 HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 200"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_one_request_after_another),
        TEST(sends_more_than_may_be_lent_at_once),
        TEST(reads_requests_byte_by_byte),
        TEST(answers_all_pipelined_requests_even_after_the_end),
        TEST(closes_when_it_is_asked_to),
        TEST(closes_after_what_it_does_not_understand),
        TEST(resets_when_a_content_ends_early),
        TEST(serves_so_many_connections_and_no_more),
        TEST(bids_farewell_to_who_says_nothing),
        TEST(answers_who_does_not_finish_a_request),
        TEST(resets_who_takes_nothing_of_the_answer),
        TEST(refuses_a_head_without_end_at_once),
        TEST(reads_a_body_of_any_length_past_its_window),
        TEST(tells_its_status_only_if_it_is_to),
        cmocka_unit_test_setup_teardown(tells_its_status_beside_the_source, set_up_with_status,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
