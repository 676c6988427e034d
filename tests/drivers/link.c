/* SPDX-License-Identifier: ISC */
/* The wire between two stacks: order, time, loss and references. */
#include "support/sink.h"

#include "link/link.h"

struct world {
    struct ms_link_config config;
    struct ms_link *link;
    struct ms_device *a, *b;
    struct sink to_a, to_b;
    unsigned live;
};

static struct world w;

static void open_link(void)
{
    w.link = ms_link_open(&w.config);
    assert_non_null(w.link);
    w.a = ms_link_end(w.link, 0);
    w.b = ms_link_end(w.link, 1);
    sink_attach(&w.to_a, w.a);
    sink_attach(&w.to_b, w.b);
}

static int set_up(void **state)
{
    (void)state;
    w.live = 0;
    ms_link_config_default(&w.config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sink_empty(&w.to_a);
    sink_empty(&w.to_b);
    ms_link_close(w.link);
    assert_int_equal(w.live, 0);
    return 0;
}

static void send_marked(struct ms_device *from, unsigned mark, uint32_t len)
{
    assert_int_equal(send_frame(from, make_test_frame(&w.live, len, mark)), 1);
}

static void hands_the_same_frame_to_the_other_end(void **state)
{
    struct ms_frame *frame = make_test_frame(&w.live, 100, 1);

    (void)state;
    open_link();
    assert_int_equal(ms_link_next_deadline(w.link), UINT64_MAX);
    assert_int_equal(send_frame(w.a, frame), 1);
    assert_int_equal(w.to_b.count, 0);
    assert_int_equal(ms_link_next_deadline(w.link), 0);
    assert_int_equal(ms_link_deliver(w.link, 5), 1);
    assert_int_equal(w.to_b.count, 1);
    assert_ptr_equal(w.to_b.frames[0], frame);
    assert_int_equal(frame->refs, 1);
    assert_int_equal(w.to_b.times_us[0], 5);
    assert_int_equal(w.to_a.count, 0);
    assert_int_equal(ms_link_next_deadline(w.link), UINT64_MAX);
}

static void keeps_the_order_round_the_ring_and_batches(void **state)
{
    unsigned sent = 0, seen = 0;

    (void)state;
    w.config.ring_frames = 8;
    w.config.batch_frames = 3;
    open_link();
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 5; i++)
            send_marked(w.b, sent++, 60);
        assert_int_equal(ms_link_deliver(w.link, round), 5);
        assert_in_range(w.to_a.calls, 2, 3);
        for (unsigned i = 0; i < w.to_a.count; i++)
            assert_int_equal(mark_of(w.to_a.frames[i]), seen++);
        sink_empty(&w.to_a);
    }
    assert_int_equal(seen, 100);
}

static void refuses_what_the_ring_cannot_hold(void **state)
{
    struct ms_frame *frames[6];
    struct ms_link_stats stats;

    (void)state;
    w.config.ring_frames = 4;
    open_link();
    for (unsigned i = 0; i < 6; i++)
        frames[i] = make_test_frame(&w.live, 60, i);
    assert_int_equal(w.a->driver.ops->transmit(&w.a->driver, frames, 6), 4);
    ms_link_stats(w.link, 0, &stats);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.frames, 4);
    assert_int_equal(stats.bytes, 240);
    ms_frame_put(frames[4]);
    ms_frame_put(frames[5]);
    /* The other four go back when the link is closed. */
}

static void delays_by_the_delay(void **state)
{
    (void)state;
    w.config.delay_us = 1000;
    open_link();
    send_marked(w.a, 1, 60);
    assert_int_equal(ms_link_deliver(w.link, 50), 0);
    assert_int_equal(ms_link_next_deadline(w.link), 1050);
    assert_int_equal(ms_link_deliver(w.link, 1049), 0);
    assert_int_equal(ms_link_deliver(w.link, 1050), 1);
}

static void sends_no_faster_than_the_rate(void **state)
{
    (void)state;
    w.config.rate_bits_per_s = 8000000; /* a byte each microsecond */
    w.config.delay_us = 10;
    open_link();
    send_marked(w.a, 1, 1000);
    send_marked(w.a, 2, 500);
    assert_int_equal(ms_link_deliver(w.link, 0), 0);
    assert_int_equal(ms_link_next_deadline(w.link), 1010);
    assert_int_equal(ms_link_deliver(w.link, 1010), 1);
    assert_int_equal(ms_link_next_deadline(w.link), 1510);
    assert_int_equal(ms_link_deliver(w.link, 1510), 1);
    assert_int_equal(mark_of(w.to_b.frames[1]), 2);
    /* An idle wire does not save up. */
    send_marked(w.a, 3, 100);
    assert_int_equal(ms_link_deliver(w.link, 5000), 0);
    assert_int_equal(ms_link_next_deadline(w.link), 5110);
}

static void drops_the_tail_of_a_full_queue(void **state)
{
    struct ms_link_stats stats;

    (void)state;
    w.config.rate_bits_per_s = 8000000;
    w.config.queue_frames = 2;
    open_link();
    for (unsigned i = 0; i < 5; i++)
        send_marked(w.a, i, 1000);
    assert_int_equal(ms_link_deliver(w.link, 0), 0);
    assert_int_equal(w.live, 2);
    ms_link_stats(w.link, 0, &stats);
    assert_int_equal(stats.dropped, 3);
    assert_int_equal(ms_link_deliver(w.link, 1000), 1);
    send_marked(w.a, 5, 1000); /* one has left: there is room for one */
    send_marked(w.a, 6, 1000);
    assert_int_equal(ms_link_deliver(w.link, 1000), 0);
    assert_int_equal(ms_link_deliver(w.link, 9000), 2);
    assert_int_equal(mark_of(w.to_b.frames[0]), 0);
    assert_int_equal(mark_of(w.to_b.frames[1]), 1);
    assert_int_equal(mark_of(w.to_b.frames[2]), 5);
}

static void drops_by_bytes_too(void **state)
{
    (void)state;
    w.config.rate_bits_per_s = 8000000;
    w.config.queue_bytes = 2500;
    open_link();
    for (unsigned i = 0; i < 4; i++)
        send_marked(w.a, i, 1000);
    (void)ms_link_deliver(w.link, 0);
    assert_int_equal(w.live, 2);
    assert_int_equal(ms_link_deliver(w.link, 2000), 2);
}

static void answer(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    (void)arg;
    (void)now_us;
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(send_frame(w.b, frames[i]), 1); /* the reference goes on with it */
}

static void lets_the_receiver_send_in_its_handler(void **state)
{
    (void)state;
    open_link();
    w.b->sink = (struct ms_sink){ .input = answer };
    send_marked(w.a, 9, 60);
    assert_int_equal(ms_link_deliver(w.link, 0), 2);
    assert_int_equal(w.to_a.count, 1);
    assert_int_equal(mark_of(w.to_a.frames[0]), 9);
}

static void delays_what_the_receiver_sends_in_its_handler(void **state)
{
    (void)state;
    w.config.delay_us = 100;
    open_link();
    w.b->sink = (struct ms_sink){ .input = answer };
    send_marked(w.a, 1, 60);
    assert_int_equal(ms_link_deliver(w.link, 1000), 0);
    assert_int_equal(ms_link_deliver(w.link, 1100), 1);
    assert_int_equal(w.to_a.count, 0);
    assert_int_equal(ms_link_deliver(w.link, 1150), 0);
    assert_int_equal(ms_link_deliver(w.link, 1250), 1);
    assert_int_equal(w.to_a.count, 1);
}

static void puts_frames_back_without_a_sink(void **state)
{
    (void)state;
    open_link();
    w.b->sink.input = NULL;
    send_marked(w.a, 1, 60);
    assert_int_equal(ms_link_deliver(w.link, 0), 1);
    assert_int_equal(w.live, 0);
}

static void refuses_configurations_that_make_no_sense(void **state)
{
    struct ms_link_config config = w.config;

    (void)state;
    config.ring_frames = 100;
    assert_null(ms_link_open(&config));
    config = w.config;
    config.mtu = 67;
    assert_null(ms_link_open(&config));
    config = w.config;
    config.batch_frames = 0;
    assert_null(ms_link_open(&config));
    open_link();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(hands_the_same_frame_to_the_other_end),
        TEST(keeps_the_order_round_the_ring_and_batches),
        TEST(refuses_what_the_ring_cannot_hold),
        TEST(delays_by_the_delay),
        TEST(sends_no_faster_than_the_rate),
        TEST(drops_the_tail_of_a_full_queue),
        TEST(drops_by_bytes_too),
        TEST(lets_the_receiver_send_in_its_handler),
        TEST(delays_what_the_receiver_sends_in_its_handler),
        TEST(puts_frames_back_without_a_sink),
        TEST(refuses_configurations_that_make_no_sense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
