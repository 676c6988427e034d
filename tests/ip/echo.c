/* SPDX-License-Identifier: ISC */
/* Ping: answered with the request's own bytes, sent with lent ones, heard of. */
#include "ip/echo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/ip_world.h"
#include "wire/icmp.h"

#define PEER  "192.0.2.9"
#define OTHER "192.0.2.7"
#define OWN   "192.0.2.1"

static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_IP);
    world_add_addr(&w, OWN, 24);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static enum ms_drop ping(const struct message *how)
{
    struct message m = *how;

    m.from = m.from ? m.from : PEER;
    m.to = m.to ? m.to : OWN;
    m.type = ICMP_ECHO_REQUEST;
    m.rest = 0x12340007;
    return world_message(&w, &m);
}

/* Every length, odd ones too, and every split: the checksum is updated, never wrong. */
static void answers_an_echo_with_its_own_bytes(void **state)
{
    uint8_t body[64];
    struct sent_message sent;

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof(body); len++) {
        for (size_t split = 28; split <= 28 + len; split++) {
            struct message m = { .body = body, .body_len = len, .split = split };

            assert_int_equal(ping(&m), MS_DROP_NONE);
            assert_true(world_sent(&w, &sent));
            assert_true(is_addr(&sent.from, OWN));
            assert_true(is_addr(&sent.to, PEER));
            assert_int_equal(sent.type, ICMP_ECHO_REPLY);
            assert_int_equal(sent.code, 0);
            assert_int_equal(sent.rest, 0x12340007);
            assert_int_equal(sent.body_len, len);
            assert_memory_equal(sent.body, body, len);
        }
    }
    assert_int_equal(w.frames_in, 0);
}

static void an_echo_of_a_strange_code_is_summed_anew(void **state)
{
    struct message m = { .code = 5, .body = (const uint8_t *)"abc", .body_len = 3 };
    struct sent_message sent;

    (void)state;
    assert_int_equal(ping(&m), MS_DROP_NONE);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.code, 0);
}

/* Nobody answers for a group, or by the link's broadcast. */
/* proves: I25, C12, R15 */
static void groups_and_broadcasts_are_not_answered(void **state)
{
    static const char *const to[] = { "192.0.2.255", "255.255.255.255", "224.0.0.1" };

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(to); i++)
        assert_int_equal(ping(&(struct message){ .to = to[i] }), MS_DROP_ICMP_GROUP_ECHO);
    assert_int_equal(world_discard(&w), 0);
}

static void an_answer_without_a_way_back_is_dropped(void **state)
{
    (void)state;
    assert_int_equal(ping(&(struct message){ .from = "198.51.100.7" }), MS_DROP_SEND_NO_ROUTE);
}

/* The device takes one piece a frame, the request has two: no half a reply. */
static void a_reply_in_too_many_pieces_is_not_sent(void **state)
{
    struct message m = { .body = (const uint8_t *)"abcdef", .body_len = 6, .split = 31 };

    (void)state;
    w.driver.slices_max = 1;
    assert_int_equal(ping(&m), MS_DROP_SEND_NO_FRAME);
    m.split = 0;
    assert_int_equal(ping(&m), MS_DROP_NONE);
}

static unsigned heard;
static struct ms_echo last_echo;
static uint8_t last_payload[64];

static void on_echo(void *user, const struct ms_echo *echo)
{
    assert_ptr_equal(user, &w);
    heard++;
    last_echo = *echo;
    if (echo->payload->len > 0)
        memcpy(last_payload, echo->payload->data, echo->payload->len);
}

static unsigned released;

static void on_release(struct ms_buf *buf)
{
    (void)buf;
    released++;
}

static void a_ping_lends_its_bytes_and_hears_the_reply(void **state)
{
    static const uint8_t bytes[] = "odd length";
    struct ms_buf buf = {
        .data = bytes, .len = sizeof(bytes), .refs = 77, .release = on_release
    }; /* refs is the stack's to set */
    struct ms_endpoint remote = { .addr = world_addr(PEER) };
    struct message reply = { .from = PEER,
                             .to = OWN,
                             .type = ICMP_ECHO_REPLY,
                             .rest = 0x00070009,
                             .body = bytes,
                             .body_len = sizeof(bytes) };
    struct sent_message sent;

    (void)state;
    heard = released = 0;
    ms_icmp_on_echo(w.stack, on_echo, &w);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 7, 9, &buf), MS_OK);
    assert_int_equal(released, 0);
    world_advance(&w, 0);
    assert_int_equal(released, 1);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_ECHO_REQUEST);
    assert_int_equal(sent.rest, 0x00070009);
    assert_memory_equal(sent.body, bytes, sizeof(bytes));

    assert_int_equal(world_message(&w, &reply), MS_DROP_NONE);
    assert_int_equal(heard, 1);
    assert_true(is_addr(&last_echo.from, PEER));
    assert_int_equal(last_echo.identifier, 7);
    assert_int_equal(last_echo.sequence, 9);
    assert_int_equal(last_echo.error, MS_OK);
    assert_int_equal(last_echo.payload_len, sizeof(bytes));
    assert_memory_equal(last_payload, bytes, sizeof(bytes));
    reply.body_len = 0;
    assert_int_equal(world_message(&w, &reply), MS_DROP_NONE);
    assert_int_equal(last_echo.payload_len, 0);
}

static void a_ping_without_bytes_is_one_too(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(PEER) };
    struct ms_buf empty = { .len = 0, .release = on_release };
    struct ms_buf huge = { .len = 65508, .release = on_release };
    struct sent_message sent;

    (void)state;
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL), MS_OK);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.body_len, 0);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, &empty), MS_ERROR_INVALID);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, &huge), MS_ERROR_TOO_LONG);
    remote.addr = world_addr("198.51.100.1");
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL), MS_ERROR_NO_ROUTE);
}

static void a_ping_into_a_full_stack_is_a_status(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(PEER) };
    unsigned sent = 0;
    enum ms_error error;

    (void)state;
    while ((error = ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL)) == MS_OK)
        sent++;
    assert_int_equal(sent, 128);
    assert_int_equal(error, MS_ERROR_QUEUE_FULL);
    assert_int_equal(ping(&(struct message){ .hop_limit = 0 }), MS_DROP_SEND_NO_FRAME);
    world_advance(&w, 0);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL), MS_OK);
}

static void replies_nobody_waits_for_are_dropped(void **state)
{
    struct message reply = { .from = PEER, .to = OWN, .type = ICMP_ECHO_REPLY };

    (void)state;
    assert_int_equal(world_message(&w, &reply), MS_DROP_ICMP_ECHO_REPLY_UNKNOWN);
    heard = 0;
    ms_icmp_on_echo(w.stack, on_echo, &w);
    reply.to = "192.0.2.255";
    assert_int_equal(world_message(&w, &reply), MS_DROP_ICMP_ECHO_REPLY_UNKNOWN);
    assert_int_equal(heard, 0);
}

/* A quoted packet of ours: ports 1000 to 80, and as long as total_len says. */
static size_t put_quote(uint8_t *quote, uint8_t protocol, uint16_t total_len)
{
    struct message inner = { .from = OWN, .to = PEER, .protocol = protocol };

    world_ip_header(quote, &inner, (size_t)total_len - 20);
    store_be16(quote + 20, 1000);
    store_be16(quote + 22, 80);
    store_be32(quote + 24, 0xdeadbeef);
    return 28;
}

/* An error of this code about an echo to PEER. */
static enum ms_drop echo_error(uint8_t code, uint8_t quoted_type, uint32_t quoted_rest)
{
    uint8_t quote[28];
    struct message m = { .from = "198.51.100.1",
                         .to = OWN,
                         .type = ICMP_UNREACHABLE,
                         .code = code,
                         .rest = code == ICMP_UNREACHABLE_FRAGMENTATION ? 1000 : 0,
                         .body = quote,
                         .body_len = 28 };

    put_quote(quote, IP_PROTOCOL_ICMP, 1500);
    quote[20] = quoted_type;
    store_be32(quote + 24, quoted_rest);
    return world_message(&w, &m);
}

static uint64_t mtu_updates(void) { return ms_stack_counters(w.stack)->icmp_path_mtu_updates; }

/* proves: C03 */
static void an_error_about_a_ping_reaches_who_asked(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(PEER) };

    (void)state;
    heard = 0;
    ms_icmp_on_echo(w.stack, on_echo, &w);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 3, 4, NULL), MS_OK);
    assert_int_equal(echo_error(ICMP_UNREACHABLE_HOST, ICMP_ECHO_REQUEST, 0x30004), MS_DROP_NONE);
    assert_int_equal(heard, 1);
    assert_int_equal(last_echo.error, MS_ERROR_UNREACHABLE);
    assert_int_equal(last_echo.identifier, 3);
    assert_int_equal(last_echo.sequence, 4);
    assert_int_equal(last_echo.icmp_type, ICMP_UNREACHABLE);
    assert_int_equal(last_echo.icmp_code, ICMP_UNREACHABLE_HOST);
    assert_true(is_addr(&last_echo.from, "198.51.100.1"));

    assert_int_equal(echo_error(ICMP_UNREACHABLE_FRAGMENTATION, ICMP_ECHO_REQUEST, 0x30004),
                     MS_DROP_NONE);
    assert_int_equal(last_echo.error, MS_ERROR_TOO_LONG);
    assert_int_equal(mtu_updates(), 1);
    /* C03: an error about an error */
    assert_int_equal(echo_error(ICMP_UNREACHABLE_HOST, ICMP_TIME_EXCEEDED, 0x30004),
                     MS_DROP_ICMP_BAD_QUOTE);
    assert_int_equal(heard, 2);
}

/* Neither a request made up, nor one long past, nor a reply, which anybody may have asked for. */
static void an_error_about_a_ping_we_did_not_send_is_not_believed(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(PEER) }, other = { .addr = world_addr(OTHER) };
    const uint8_t code = ICMP_UNREACHABLE_FRAGMENTATION;

    (void)state;
    heard = 0;
    ms_icmp_on_echo(w.stack, on_echo, &w);
    assert_int_equal(echo_error(code, ICMP_ECHO_REQUEST, 0), MS_DROP_ICMP_BAD_QUOTE);
    assert_int_equal(ping(&(struct message){ .rest = 0 }), MS_DROP_NONE);
    assert_int_equal(echo_error(code, ICMP_ECHO_REPLY, 0x12340007), MS_DROP_ICMP_BAD_QUOTE);
    assert_int_equal(ms_icmp_send_echo(w.stack, &other, 3, 4, NULL), MS_OK);
    assert_int_equal(echo_error(code, ICMP_ECHO_REQUEST, 0x30004), MS_DROP_ICMP_BAD_QUOTE);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 3, 4, NULL), MS_OK);
    assert_int_equal(echo_error(code, ICMP_ECHO_REQUEST, 0x30005), MS_DROP_ICMP_BAD_QUOTE);
    assert_int_equal(echo_error(code, ICMP_ECHO_REQUEST, 0x40004), MS_DROP_ICMP_BAD_QUOTE);
    world_advance(&w, 60000000);
    assert_int_equal(echo_error(code, ICMP_ECHO_REQUEST, 0x30004), MS_DROP_ICMP_BAD_QUOTE);
    assert_int_equal(heard, 0);
    assert_int_equal(mtu_updates(), 0);
}

static void errors_about_the_last_pings_are_believed(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(PEER) };
    const uint8_t code = ICMP_UNREACHABLE_HOST;

    (void)state;
    for (uint16_t i = 0; i <= ECHOES_REMEMBERED; i++)
        assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 7, i, NULL), MS_OK);
    world_advance(&w, 59999999);
    assert_int_equal(echo_error(code, ICMP_ECHO_REQUEST, 0x70000), MS_DROP_ICMP_BAD_QUOTE);
    for (uint32_t i = 1; i <= ECHOES_REMEMBERED; i++)
        assert_int_equal(echo_error(code, ICMP_ECHO_REQUEST, 0x70000 | i), MS_DROP_NONE);
}

/* Strangers that nobody can answer keep few of the driver's frames. */
static void keeps_few_received_frames_for_silent_neighbors(void **state)
{
    static const uint8_t body[16];
    unsigned before;

    (void)state;
    world_open(&w, MS_MEDIUM_ETHERNET);
    world_add_addr(&w, OWN, 24);
    for (unsigned i = 0; i < 96; i++) {
        char from[MS_ADDR_TEXT_SIZE];
        struct message m = { .from = from, .body = body, .body_len = sizeof(body), .mac_last = 9 };

        snprintf(from, sizeof(from), "192.0.2.%u", 100 + i % 32);
        ping(&m);
    }
    ms_poll(w.stack, w.now_us);
    before = w.frames_in;
    assert_in_range(before, 1, 8);
    assert_int_equal(world_drops(&w, MS_DROP_NEIGHBOR_UNRESOLVED), 96 - before);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(answers_an_echo_with_its_own_bytes),
        T(an_echo_of_a_strange_code_is_summed_anew),
        T(groups_and_broadcasts_are_not_answered),
        T(an_answer_without_a_way_back_is_dropped),
        T(a_reply_in_too_many_pieces_is_not_sent),
        T(a_ping_lends_its_bytes_and_hears_the_reply),
        T(a_ping_without_bytes_is_one_too),
        T(a_ping_into_a_full_stack_is_a_status),
        T(replies_nobody_waits_for_are_dropped),
        T(an_error_about_a_ping_reaches_who_asked),
        T(an_error_about_a_ping_we_did_not_send_is_not_believed),
        T(errors_about_the_last_pings_are_believed),
#undef T
        cmocka_unit_test(keeps_few_received_frames_for_silent_neighbors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
