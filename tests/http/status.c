/* SPDX-License-Identifier: ISC */
/* What /status tells: always JSON, always whole, and never more than it has room for. */
#include "http/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/pair.h"

enum { PORT = 80, DEPTH = 8 };

static struct pair pair;
static struct status status;
static struct ms_http_counters http_counters;
static unsigned asked_below;

static uint16_t open_below(struct ms_http_source *source, const struct ms_http_query *query,
                           struct ms_http_content *content)
{
    (void)source, (void)query, (void)content;
    asked_below++;
    return 404;
}

static const struct ms_http_source_ops below_ops = { .open = open_below };
static struct ms_http_source below = { &below_ops };

static const struct ms_tcp_events events;

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener, void **user)
{
    (void)tcp, (void)listener, (void)user;
    return &events;
}

static int set_up(void **state)
{
    struct ms_tcp_listen listen = { .local = { .port = PORT }, .accept = on_accept };
    struct ms_config config;

    (void)state;
    ms_config_default(&config);
    pair_open(&pair, &config);
    assert_int_equal(ms_tcp_listen(pair.hosts[0].stack, &listen, NULL), MS_OK);
    memset(&status, 0xee, sizeof(status));
    ms_http_status_init(&status, pair.hosts[0].stack, &http_counters, &below);
    ms_http_status_set_time(&status, 5000000);
    asked_below = 0;
    return 0;
}

static int tear_down(void **state)
{
    struct ms_tcp *tcp;

    (void)state;
    while ((tcp = ms_tcp_next(pair.hosts[0].stack, NULL)))
        ms_tcp_abort(tcp);
    pair_run(&pair, 10000);
    pair_close(&pair);
    return 0;
}

static void connect_many(unsigned count)
{
    struct ms_tcp *tcp;

    for (unsigned i = 0; i < count; i++) {
        struct ms_tcp_connect connect = {
            .remote = pair_endpoint(0, i % 2, PORT),
            .events = &events,
        };

        assert_int_equal(ms_tcp_connect(pair.hosts[1].stack, &connect, &tcp), MS_OK);
    }
    pair_run(&pair, 100000);
}

static int ask(const char *path, struct ms_http_content *content)
{
    struct ms_http_query query = { .path = path };

    *content = (struct ms_http_content){ 0 };
    return status.source.ops->open(&status.source, &query, content);
}

/* A copy of the numbers, with a final zero. */
static const char *numbers(void)
{
    static char copy[STATUS_BYTES + 1];
    struct ms_http_content content;
    struct ms_http_stretch stretch;

    assert_int_equal(ask("status.json", &content), 200);
    assert_string_equal(content.type, "application/json");
    assert_true(content.is_live);
    assert_true(content.source->ops->lend(&content, 0, &stretch));
    assert_int_equal(stretch.len, content.bytes);
    memcpy(copy, stretch.data, stretch.len);
    copy[stretch.len] = 0;
    content.source->ops->give_back(content.source, stretch.keeper);
    content.source->ops->close(&content);
    return copy;
}

static const char *skip_string(const char *at)
{
    assert_int_equal(*at, '"');
    for (at++; *at != '"'; at++) {
        assert_in_range((unsigned char)*at, ' ', 0xff);
        if (*at == '\\')
            at++;
    }
    return at + 1;
}

/* A string, a number, true or false. */
static const char *skip_scalar(const char *at)
{
    size_t digits = strspn(at, "0123456789");

    if (*at == '"')
        return skip_string(at);
    if (strncmp(at, "true", 4) == 0)
        return at + 4;
    if (strncmp(at, "false", 5) == 0)
        return at + 5;
    assert_true(digits == 1 || (digits > 1 && *at != '0'));
    return at + digits;
}

/* What may stand in an object before a value. */
static const char *skip_name(const char *at, char bracket)
{
    if (bracket != '{')
        return at;
    at = skip_string(at);
    assert_int_equal(*at, ':');
    return at + 1;
}

/* Brackets that close, and then a comma with something behind it, or the next bracket. */
static const char *skip_ends(const char *at, char brackets[DEPTH], unsigned *depth)
{
    while (*depth > 0 && (*at == '}' || *at == ']')) {
        assert_int_equal(*at, brackets[--*depth] == '{' ? '}' : ']');
        at++;
    }
    if (*depth > 0) {
        assert_int_equal(*at, ',');
        at++;
        assert_true(*at != '}' && *at != ']');
    }
    return at;
}

/* As RFC 8259 has it, but for spaces, of which there are none. */
static void assert_json(const char *text)
{
    char brackets[DEPTH];
    unsigned depth = 0;
    const char *at = text;

    do {
        at = skip_name(at, depth ? brackets[depth - 1] : 0);
        if (*at == '{' || *at == '[') {
            assert_in_range(depth, 0, DEPTH - 1);
            brackets[depth++] = *at++;
            if (*at != '}' && *at != ']')
                continue;
        } else {
            at = skip_scalar(at);
        }
        at = skip_ends(at, brackets, &depth);
    } while (depth > 0);
    assert_string_equal(at, "\n");
}

static bool has(const char *text, const char *piece) { return strstr(text, piece) != NULL; }

static void is_json_when_nothing_has_happened(void **state)
{
    const char *json;

    (void)state;
    ms_http_status_set_time(&status, 5000001);
    json = numbers();
    assert_json(json);
    assert_true(has(json, "{\"uptime_us\":1,"));
    assert_true(has(json, "\"connections\":[],\"has_more_connections\":false}"));
}

/* Each alone, since the commas between the drops depend on which there are. */
static void is_json_with_every_counter_alone(void **state)
{
    struct ms_counters *counters =
        (struct ms_counters *)(uintptr_t)ms_stack_counters(pair.hosts[0].stack);
    uint64_t *each = (uint64_t *)counters;

    (void)state;
    memset(counters, 0, sizeof(*counters));
    for (size_t i = 0; i < sizeof(*counters) / sizeof(*each); i++) {
        const char *json;

        each[i] = UINT64_MAX;
        json = numbers();
        assert_json(json);
        assert_true(has(json, ":18446744073709551615"));
        each[i] = 0;
    }
}

static void names_every_counter_and_drop(void **state)
{
    struct ms_counters *counters =
        (struct ms_counters *)(uintptr_t)ms_stack_counters(pair.hosts[0].stack);
    const char *json;

    (void)state;
#define GIVE_ONE(name, text) counters->name = 11;
    MS_COUNTER_LIST(GIVE_ONE)
#undef GIVE_ONE
    for (unsigned i = 0; i < MS_DROP_COUNT; i++)
        counters->drops[i] = 1000 + i;
    json = numbers();
#define EXPECT_ONE(name, text) assert_true(has(json, "\"" #name "\":11"));
    MS_COUNTER_LIST(EXPECT_ONE)
#undef EXPECT_ONE
    for (unsigned i = 0; i < MS_DROP_COUNT; i++) {
        char wanted[200];

        snprintf(wanted, sizeof(wanted), "{\"reason\":\"%s\",\"count\":%u}",
                 ms_drop_text((enum ms_drop)i), 1000 + i);
        assert_true(has(json, wanted));
    }
}

static size_t count(const char *text, const char *piece)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, piece)); at++)
        n++;
    return n;
}

static void tells_of_each_connection(void **state)
{
    const char *json;

    (void)state;
    connect_many(2);
    json = numbers();
    assert_json(json);
    assert_int_equal(count(json, "\"state\":\"ESTABLISHED\""), 2);
    assert_true(has(json, "\"local\":\"10.0.0.1:80\",\"remote\":\"10.0.0.2:"));
    assert_true(has(json, "\"local\":\"[2001:db8::1]:80\",\"remote\":\"[2001:db8::2]:"));
    assert_true(has(json, "\"tcp_passive_opens\":2,"));
}

/* The longest addresses and numbers take less than 300 bytes more than those of this test. */
static void has_room_for_all_at_their_largest(void **state)
{
    struct ms_counters *counters =
        (struct ms_counters *)(uintptr_t)ms_stack_counters(pair.hosts[0].stack);
    const char *json;

    (void)state;
    connect_many(STATUS_CONNECTIONS);
    memset(counters, 0xff, sizeof(*counters));
    memset(&http_counters, 0xff, sizeof(http_counters));
    json = numbers();
    assert_json(json);
    assert_int_equal(count(json, "\"state\":"), STATUS_CONNECTIONS);
    assert_true(has(json, "\"has_more_connections\":false"));
    assert_true(strlen(json) + STATUS_CONNECTIONS * 300 < STATUS_BYTES);
    connect_many(1);
    json = numbers();
    assert_json(json);
    assert_int_equal(count(json, "\"state\":"), STATUS_CONNECTIONS);
    assert_true(has(json, "\"has_more_connections\":true"));
}

/* Each is sent what was true when it asked, so there are only so many at a time. */
static void lets_wait_who_comes_when_all_room_is_taken(void **state)
{
    struct ms_http_content contents[STATUS_NUMBERS], more;
    struct ms_http_stretch stretch;

    (void)state;
    for (unsigned i = 0; i < STATUS_NUMBERS; i++)
        assert_int_equal(ask("status.json", &contents[i]), 200);
    assert_int_equal(ask("status.json", &more), 503);
    assert_true(contents[1].source->ops->lend(&contents[1], 10, &stretch));
    contents[1].source->ops->close(&contents[1]);
    assert_int_equal(ask("status.json", &more), 503);
    contents[1].source->ops->give_back(contents[1].source, stretch.keeper);
    assert_int_equal(ask("status.json", &more), 200);
}

static void has_a_page_with_all_that_it_needs(void **state)
{
    struct ms_http_content content;
    struct ms_http_stretch stretch;

    (void)state;
    assert_int_equal(ask("status", &content), 200);
    assert_string_equal(content.type, "text/html; charset=utf-8");
    assert_true(content.source->ops->lend(&content, 0, &stretch));
    assert_int_equal(stretch.len, content.bytes);
    assert_memory_equal(stretch.data, "<!DOCTYPE html>", 15);
    assert_int_equal(ask("status.js", &content), 200);
    assert_string_equal(content.type, "text/javascript; charset=utf-8");
    assert_int_equal(ask("status.css", &content), 200);
    assert_int_equal(ask("status.svg", &content), 200);
    assert_int_equal(asked_below, 0);
}

static void leaves_all_else_to_the_source_below(void **state)
{
    struct ms_http_content content;
    struct ms_http_query directory = { .path = "status", .is_directory = true };

    (void)state;
    assert_int_equal(ask("", &content), 404);
    assert_int_equal(ask("status.html", &content), 404);
    assert_int_equal(ask("a/status.json", &content), 404);
    assert_int_equal(asked_below, 3);
    assert_int_equal(status.source.ops->open(&status.source, &directory, &content), 404);
    assert_int_equal(asked_below, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_json_when_nothing_has_happened), TEST(is_json_with_every_counter_alone),
        TEST(names_every_counter_and_drop),      TEST(tells_of_each_connection),
        TEST(has_room_for_all_at_their_largest), TEST(lets_wait_who_comes_when_all_room_is_taken),
        TEST(has_a_page_with_all_that_it_needs), TEST(leaves_all_else_to_the_source_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
