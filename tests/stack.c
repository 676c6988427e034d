/* SPDX-License-Identifier: ISC */
/* The climb and the two doors: whole conversations between two whole stacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/stack.h"
#include "support/pair.h"

enum { BYTES = 200000, PORT = 80 };

/* One transfer: the client lends all its bytes, the server compares them. */
struct transfer {
    struct ms_buf buf;
    uint8_t *bytes;
    uint32_t received;
    unsigned released, opened, eofs, closed;
    enum ms_error why[2];
};

static void on_release(struct ms_buf *buf)
{
    MS_CONTAINER_OF(buf, struct transfer, buf)->released++;
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct transfer *t = user;

    t->opened++;
    t->buf = (struct ms_buf){ .data = t->bytes, .len = BYTES, .release = on_release };
    assert_int_equal(ms_tcp_send(tcp, &t->buf), MS_OK);
    ms_tcp_close(tcp);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct transfer *t = user;

    assert_true(frame->refs > 0);
    assert_true(slice->len <= BYTES - t->received);
    assert_memory_equal(slice->data, t->bytes + t->received, slice->len);
    t->received += slice->len;
    ms_tcp_consumed(tcp, slice->len);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct transfer *t = user;

    t->eofs++;
    ms_tcp_close(tcp);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct transfer *t = user;

    (void)tcp;
    t->why[t->closed++] = why;
}

static const struct ms_tcp_events events = {
    .on_open = on_open, .on_data = on_data, .on_eof = on_eof, .on_close = on_close
};

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    (void)tcp;
    *user = listener_user;
    return &events;
}

static void fill(struct transfer *t)
{
    uint32_t x = 1;

    memset(t, 0, sizeof(*t));
    t->bytes = malloc(BYTES);
    for (uint32_t i = 0; i < BYTES; i++) {
        x = x * 1664525 + 1013904223;
        t->bytes[i] = (uint8_t)(x >> 24);
    }
}

static void start(struct pair *pair, struct transfer *t, bool is_ipv4)
{
    struct ms_tcp_listen listen = { .local.port = PORT, .accept = on_accept, .user = t };
    struct ms_tcp_connect connect = { .remote = pair_endpoint(1, is_ipv4, PORT),
                                      .events = &events,
                                      .user = t };
    struct ms_tcp *tcp;

    fill(t);
    assert_int_equal(ms_tcp_listen(pair->hosts[1].stack, &listen, NULL), MS_OK);
    assert_int_equal(ms_tcp_connect(pair->hosts[0].stack, &connect, &tcp), MS_OK);
}

static void finish(struct pair *pair, struct transfer *t)
{
    assert_int_equal(t->received, BYTES);
    assert_int_equal(t->opened, 1);
    assert_int_equal(t->released, 1);
    assert_int_equal(t->closed, 2);
    assert_int_equal(t->why[0], MS_OK);
    assert_int_equal(t->why[1], MS_OK);
    free(t->bytes);
    pair_close(pair);
}

static struct ms_config seeded(uint8_t seed)
{
    struct ms_config config;

    ms_config_default(&config);
    memset(config.seed, seed, sizeof(config.seed));
    return config;
}

static void carries_a_stream_over_both_families(void **state)
{
    (void)state;
    for (unsigned is_ipv4 = 0; is_ipv4 < 2; is_ipv4++) {
        struct ms_config config = seeded(1);
        struct transfer t;
        struct pair pair;

        pair_open(&pair, &config);
        start(&pair, &t, is_ipv4);
        pair_run(&pair, 10000000);
        finish(&pair, &t);
    }
}

static void carries_a_stream_over_a_wire_that_loses_every_tenth_frame(void **state)
{
    (void)state;
    for (unsigned is_ipv4 = 0; is_ipv4 < 2; is_ipv4++) {
        struct ms_config config = seeded(2);
        struct transfer t;
        struct pair pair;

        pair_open(&pair, &config);
        pair.drop_every = 10;
        start(&pair, &t, is_ipv4);
        pair_run(&pair, 120000000);
        assert_true(ms_stack_counters(pair.hosts[0].stack)->tcp_retransmitted_segments > 0);
        finish(&pair, &t);
    }
}

static void carries_a_stream_through_a_device_that_takes_one_frame_at_a_time(void **state)
{
    struct ms_config config = seeded(3);
    struct transfer t;
    struct pair pair;

    (void)state;
    pair_open(&pair, &config);
    pair.hosts[0].refuse_after = 1;
    start(&pair, &t, true);
    pair_run(&pair, 60000000);
    finish(&pair, &t);
}

static void carries_a_stream_with_hardly_any_frames(void **state)
{
    struct ms_config config = seeded(4);
    struct transfer t;
    struct pair pair;

    (void)state;
    config.frames = 3;
    config.transmit_queue = 2;
    config.tcp_sent_ranges = 2;
    config.tcp_reorder_segments = 1;
    pair_open(&pair, &config);
    pair.drop_every = 23;
    start(&pair, &t, true);
    pair_run(&pair, 300000000);
    finish(&pair, &t);
}

/* How often a host asks to be polled in that time, with nothing coming in. */
static unsigned polls_of(struct pair *pair, unsigned host, uint64_t us)
{
    struct ms_stack *stack = pair->hosts[host].stack;
    uint64_t until_us = pair->now_us + us;
    unsigned polls = 0;

    for (; pair->now_us < until_us; polls++) {
        ms_poll(stack, pair->now_us);
        pair->now_us = max_u64(ms_next_deadline(stack), pair->now_us + 1);
    }
    pair->now_us = until_us;
    return polls;
}

/* Its queue is emptied, so that nobody waits for room in it: timers alone are left. */
static void a_link_that_is_down_keeps_nobody_busy(void **state)
{
    (void)state;
    for (unsigned is_full = 0; is_full < 2; is_full++) {
        struct ms_config config = seeded(6);
        struct transfer t;
        struct pair pair;

        config.transmit_queue = 4;
        pair_open(&pair, &config);
        start(&pair, &t, true);
        pair_run(&pair, 5000);
        assert_in_range(t.received, 1, BYTES - 1);
        if (is_full)
            pair.hosts[0].refuse_after = 0;
        pair_run(&pair, 5000);
        ms_netif_set_up(pair.hosts[0].netif, false);
        pair.hosts[0].refuse_after = UINT32_MAX;
        assert_in_range(polls_of(&pair, 0, 10000000), 1, 50);
        assert_int_equal(t.closed, 0);
        ms_netif_set_up(pair.hosts[0].netif, true);
        pair_run(&pair, 120000000);
        finish(&pair, &t);
    }
}

static void digest_of_a_run(uint8_t seed, char hex[SHA256_DIGEST_STRING_LENGTH])
{
    struct ms_config config = seeded(seed);
    struct transfer t;
    struct pair pair;

    pair_open(&pair, &config);
    pair.is_hashed = true;
    pair.drop_every = 7;
    start(&pair, &t, seed & 1);
    pair_run(&pair, 120000000);
    SHA256End(&pair.sha2, hex);
    finish(&pair, &t);
}

static void gives_the_same_bytes_for_the_same_seed_and_inputs(void **state)
{
    char first[SHA256_DIGEST_STRING_LENGTH], second[SHA256_DIGEST_STRING_LENGTH];

    (void)state;
    for (uint8_t seed = 10; seed < 14; seed++) {
        digest_of_a_run(seed, first);
        digest_of_a_run(seed, second);
        assert_string_equal(first, second);
    }
}

static void gives_other_bytes_for_another_seed(void **state)
{
    char first[SHA256_DIGEST_STRING_LENGTH], second[SHA256_DIGEST_STRING_LENGTH];

    (void)state;
    digest_of_a_run(20, first);
    digest_of_a_run(22, second);
    assert_string_not_equal(first, second);
}

/* proves: Z11 */
static void ends_connections_whose_interface_is_detached(void **state)
{
    struct ms_config config = seeded(5);
    struct transfer t;
    struct pair pair;

    (void)state;
    pair_open(&pair, &config);
    start(&pair, &t, true);
    pair_run(&pair, 3000);
    assert_int_equal(t.opened, 1);
    ms_netif_detach(pair.hosts[0].netif);
    ms_poll(pair.hosts[0].stack, pair.now_us);
    assert_int_equal(t.closed, 1);
    assert_int_equal(t.why[0], MS_ERROR_INTERFACE_GONE);
    assert_int_equal(t.released, 0); /* a frame on the wire still shows the bytes */
    pair_close(&pair);
    assert_int_equal(t.released, 1);
    free(t.bytes);
}

static struct ms_frame *frame_of(uint8_t *bytes, uint32_t len, void (*release)(struct ms_frame *))
{
    struct ms_frame *frame = calloc(1, sizeof(*frame));

    frame->head = bytes;
    frame->head_len = len;
    frame->refs = 1;
    frame->release = release;
    return frame;
}

static void free_frame(struct ms_frame *frame) { free(frame); }

static uint64_t drops_after(struct pair *pair, uint8_t *bytes, uint32_t len, enum ms_drop drop)
{
    struct ms_frame *frame = frame_of(bytes, len, free_frame);

    ms_netif_input(pair->hosts[0].netif, &frame, 1, pair->now_us);
    return ms_stack_counters(pair->hosts[0].stack)->drops[drop];
}

static void drops_what_it_cannot_climb(void **state)
{
    uint8_t version_5[20] = { 0x50 };
    uint8_t unknown[20] = { 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 99, 0, 0, 10, 0, 0, 9, 10, 0, 0, 1 };
    struct ms_config config = seeded(6);
    struct pair pair;
    uint32_t sum = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i += 2)
        sum += load_be16(unknown + i);
    store_be16(unknown + 10, (uint16_t) ~(sum + (sum >> 16)));
    pair_open(&pair, &config);
    assert_int_equal(drops_after(&pair, version_5, 20, MS_DROP_IP_BAD_VERSION), 1);
    assert_int_equal(drops_after(&pair, version_5, 0, MS_DROP_IP_BAD_VERSION), 2);
    assert_int_equal(drops_after(&pair, unknown, 20, MS_DROP_IP_UNKNOWN_PROTOCOL), 1);
    ms_poll(pair.hosts[0].stack, pair.now_us); /* an error about the unknown protocol leaves */
    ms_netif_set_up(pair.hosts[0].netif, false);
    assert_int_equal(drops_after(&pair, unknown, 20, MS_DROP_INTERFACE_DOWN), 1);
    pair_close(&pair);
}

/* proves: Z03 */
static void never_lets_time_go_back(void **state)
{
    struct ms_config config = seeded(7);
    struct pair pair;

    (void)state;
    pair_open(&pair, &config);
    ms_poll(pair.hosts[0].stack, 5000000);
    ms_poll(pair.hosts[0].stack, 4000000);
    assert_int_equal(pair.hosts[0].stack->now_us, 5000000);
    pair_close(&pair);
}

static void talks_to_itself(void **state)
{
    struct ms_config config = seeded(8);
    struct transfer t;
    struct pair pair;
    struct ms_tcp_listen listen = { .local.port = PORT, .accept = on_accept, .user = &t };
    struct ms_tcp_connect connect = { .remote = pair_endpoint(0, true, PORT),
                                      .events = &events,
                                      .user = &t };
    struct ms_tcp *tcp;

    (void)state;
    fill(&t);
    pair_open(&pair, &config);
    assert_int_equal(ms_tcp_listen(pair.hosts[0].stack, &listen, NULL), MS_OK);
    assert_int_equal(ms_tcp_connect(pair.hosts[0].stack, &connect, &tcp), MS_OK);
    pair_run(&pair, 10000000);
    finish(&pair, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_a_stream_over_both_families),
        cmocka_unit_test(carries_a_stream_over_a_wire_that_loses_every_tenth_frame),
        cmocka_unit_test(carries_a_stream_through_a_device_that_takes_one_frame_at_a_time),
        cmocka_unit_test(carries_a_stream_with_hardly_any_frames),
        cmocka_unit_test(a_link_that_is_down_keeps_nobody_busy),
        cmocka_unit_test(gives_the_same_bytes_for_the_same_seed_and_inputs),
        cmocka_unit_test(gives_other_bytes_for_another_seed),
        cmocka_unit_test(ends_connections_whose_interface_is_detached),
        cmocka_unit_test(drops_what_it_cannot_climb),
        cmocka_unit_test(never_lets_time_go_back),
        cmocka_unit_test(talks_to_itself),
    };

    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
