/* SPDX-License-Identifier: ISC */
/* The lossy wrapper: each rate does what it says, by the seed, and every frame comes back. */
#include "support/sink.h"

#include "wrap/lossy.h"

enum { MANY = 2000 };

static struct bench_device bench;
static struct ms_lossy *lossy;
static struct sink up;
static unsigned live;

static void open_lossy(struct ms_lossy_config config)
{
    bench_open(&bench);
    if (config.queue_frames == 0)
        config.queue_frames = 4 * MANY;
    lossy = ms_lossy_open(&bench.device, &config);
    assert_non_null(lossy);
    sink_attach(&up, ms_lossy_device(lossy));
}

static void close_lossy(void)
{
    sink_empty(&up);
    sink_empty(&bench.sent);
    ms_lossy_close(lossy);
    assert_true(bench.is_closed);
    assert_int_equal(live, 0);
}

static void send_marked(unsigned mark)
{
    struct ms_device *device = ms_lossy_device(lossy);

    assert_int_equal(send_frame(device, make_test_frame(&live, 100, mark)), 1);
}

static struct ms_lossy_stats stats_of(enum ms_lossy_direction direction)
{
    struct ms_lossy_stats stats;

    ms_lossy_stats(lossy, direction, &stats);
    return stats;
}

static void passes_everything_both_ways_without_rates(void **state)
{
    (void)state;
    open_lossy((struct ms_lossy_config){ .seed = 1 });
    for (unsigned i = 0; i < 10; i++) {
        send_marked(i);
        bench_receive(&bench, make_test_frame(&live, 60, i), 0);
    }
    assert_int_equal(ms_lossy_poll(lossy, 0), 10);
    assert_int_equal(bench.sent.count, 10);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(mark_of(bench.sent.frames[i]), i);
        assert_int_equal(mark_of(up.frames[i]), i);
    }
    assert_int_equal(ms_lossy_next_deadline(lossy), UINT64_MAX);
    close_lossy();
}

static void drops_the_share_it_should_and_only_that_way(void **state)
{
    (void)state;
    open_lossy((struct ms_lossy_config){ .seed = 2, .rates = { { .drop = 20 } } });
    for (unsigned i = 0; i < MANY; i++) {
        send_marked(i);
        if (i < 100)
            bench_receive(&bench, make_test_frame(&live, 60, i), 0);
    }
    (void)ms_lossy_poll(lossy, 0);
    assert_in_range(stats_of(MS_LOSSY_TRANSMIT).dropped, 330, 470);
    assert_int_equal(bench.sent.count, MANY - stats_of(MS_LOSSY_TRANSMIT).dropped);
    assert_int_equal(up.count, 100);
    assert_int_equal(stats_of(MS_LOSSY_RECEIVE).dropped, 0);
    close_lossy();
}

static void duplicates_by_reference(void **state)
{
    (void)state;
    open_lossy((struct ms_lossy_config){ .seed = 3, .rates = { { .duplicate = 100 } } });
    send_marked(7);
    assert_int_equal(bench.sent.count, 2);
    assert_ptr_equal(bench.sent.frames[0], bench.sent.frames[1]);
    assert_int_equal(bench.sent.frames[0]->refs, 2);
    close_lossy();
}

static void reorders_by_holding_back(void **state)
{
    unsigned swapped = 0;

    (void)state;
    open_lossy(
        (struct ms_lossy_config){ .seed = 4, .rates = { { .reorder = 25, .reorder_us = 10 } } });
    for (unsigned i = 0; i < MANY; i++) {
        (void)ms_lossy_poll(lossy, i);
        send_marked(i);
    }
    (void)ms_lossy_poll(lossy, MANY + 10);
    assert_int_equal(bench.sent.count, MANY);
    for (unsigned i = 1; i < MANY; i++)
        swapped += mark_of(bench.sent.frames[i]) < mark_of(bench.sent.frames[i - 1]);
    assert_in_range(swapped, MANY / 10, MANY / 3);
    assert_in_range(stats_of(MS_LOSSY_TRANSMIT).reordered, 420, 580);
    close_lossy();
}

static void delays_every_frame(void **state)
{
    (void)state;
    open_lossy((struct ms_lossy_config){ .seed = 5,
                                         .rates = { { .delay_us = 500 }, { .delay_us = 300 } } });
    (void)ms_lossy_poll(lossy, 1000);
    send_marked(1);
    bench_receive(&bench, make_test_frame(&live, 60, 2), 1000);
    assert_int_equal(ms_lossy_next_deadline(lossy), 1300);
    assert_int_equal(ms_lossy_poll(lossy, 1299), 0);
    assert_int_equal(ms_lossy_poll(lossy, 1300), 1);
    assert_int_equal(up.times_us[0], 1300);
    assert_int_equal(ms_lossy_next_deadline(lossy), 1500);
    assert_int_equal(bench.sent.count, 0);
    (void)ms_lossy_poll(lossy, 1500);
    assert_int_equal(bench.sent.count, 1);
    close_lossy();
}

static void corrupts_a_copy_never_the_lent_bytes(void **state)
{
    struct ms_frame *frame;
    unsigned differs = 0;

    (void)state;
    open_lossy((struct ms_lossy_config){ .seed = 6, .rates = { { .corrupt = 100 } } });
    frame = make_test_frame(&live, 100, 0x5a5a);
    ms_frame_get(frame);
    assert_int_equal(send_frame(ms_lossy_device(lossy), frame), 1);
    assert_int_equal(bench.sent.count, 1);
    assert_ptr_not_equal(bench.sent.frames[0], frame);
    assert_int_equal(ms_frame_len(bench.sent.frames[0]), 100);
    for (unsigned i = 0; i < 100; i++) {
        differs += bench.sent.frames[0]->head[i] != 0x5a;
        assert_int_equal(frame->head[i], 0x5a);
    }
    assert_in_range(differs, 1, 8);
    ms_frame_put(frame);
    close_lossy();
}

static void finishes_a_partial_checksum_before_corrupting(void **state)
{
    struct ms_frame *frame = make_test_frame(&live, 40, 0x5a5a);

    (void)state;
    open_lossy((struct ms_lossy_config){ .seed = 6, .rates = { [1] = { .corrupt = 100 } } });
    frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
    frame->checksum_start = 20;
    frame->checksum_offset = 16;
    bench_receive(&bench, frame, 0);
    (void)ms_lossy_poll(lossy, 0);
    assert_int_equal(up.count, 1);
    assert_int_equal(up.frames[0]->flags, 0);
    close_lossy();
}

static void offers_no_super_frames_and_no_sums_it_would_spoil(void **state)
{
    struct ms_driver *driver;

    (void)state;
    open_lossy((struct ms_lossy_config){ .seed = 1 });
    driver = &ms_lossy_device(lossy)->driver;
    assert_int_equal(driver->segment_bytes_max, 0);
    assert_true(driver->checksum_offload);
    assert_int_equal(driver->mtu, 1500);
    assert_int_equal(ms_lossy_device(lossy)->fd, 7);
    assert_int_equal(ms_device_events(ms_lossy_device(lossy)), 1);
    close_lossy();
    open_lossy((struct ms_lossy_config){ .seed = 1, .rates = { [1] = { .corrupt = 0.5 } } });
    assert_false(ms_lossy_device(lossy)->driver.checksum_offload);
    close_lossy();
}

static void does_the_same_for_the_same_seed(void **state)
{
    struct ms_lossy_config config = { .rates = { { .drop = 30, .duplicate = 10, .reorder = 20 } } };
    unsigned first[3 * MANY], count = 0, same[2] = { 0 };

    (void)state;
    for (unsigned run = 0; run < 3; run++) {
        config.seed = run < 2 ? 42 : 43;
        open_lossy(config);
        for (unsigned i = 0; i < 500; i++) {
            (void)ms_lossy_poll(lossy, i * 100);
            send_marked(i);
        }
        (void)ms_lossy_poll(lossy, 1000000);
        for (unsigned i = 0; i < bench.sent.count; i++)
            if (run == 0)
                first[i] = mark_of(bench.sent.frames[i]);
            else
                same[run - 1] += i < count && first[i] == mark_of(bench.sent.frames[i]);
        if (run == 0)
            count = bench.sent.count;
        close_lossy();
    }
    assert_int_equal(same[0], count);
    assert_true(same[1] < count);
}

static void keeps_what_the_device_refuses_in_order(void **state)
{
    (void)state;
    open_lossy((struct ms_lossy_config){ .seed = 1 });
    bench.room = 1;
    for (unsigned i = 0; i < 4; i++)
        send_marked(i);
    assert_int_equal(bench.sent.count, 1);
    assert_int_equal(ms_lossy_next_deadline(lossy), UINT64_MAX); /* the device's events tell */
    bench.room = 10;
    (void)ms_lossy_poll(lossy, 5);
    assert_int_equal(bench.sent.count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(mark_of(bench.sent.frames[i]), i);
    close_lossy();
}

static void drops_beyond_its_queue(void **state)
{
    (void)state;
    open_lossy((struct ms_lossy_config){
        .seed = 1, .queue_frames = 8, .rates = { [1] = { .delay_us = 10 } } });
    for (unsigned i = 0; i < 20; i++)
        bench_receive(&bench, make_test_frame(&live, 60, i), 0);
    assert_int_equal(live, 8);
    assert_int_equal(stats_of(MS_LOSSY_RECEIVE).overflowed, 12);
    close_lossy(); /* with frames still waiting */
}

static void refuses_rates_that_are_no_percentages(void **state)
{
    struct ms_lossy_config config = { .rates = { { .drop = 101 } } };

    (void)state;
    bench_open(&bench);
    assert_null(ms_lossy_open(&bench.device, &config));
    config.rates[0].drop = -1;
    assert_null(ms_lossy_open(&bench.device, &config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_everything_both_ways_without_rates),
        cmocka_unit_test(drops_the_share_it_should_and_only_that_way),
        cmocka_unit_test(duplicates_by_reference),
        cmocka_unit_test(reorders_by_holding_back),
        cmocka_unit_test(delays_every_frame),
        cmocka_unit_test(corrupts_a_copy_never_the_lent_bytes),
        cmocka_unit_test(finishes_a_partial_checksum_before_corrupting),
        cmocka_unit_test(offers_no_super_frames_and_no_sums_it_would_spoil),
        cmocka_unit_test(does_the_same_for_the_same_seed),
        cmocka_unit_test(keeps_what_the_device_refuses_in_order),
        cmocka_unit_test(drops_beyond_its_queue),
        cmocka_unit_test(refuses_rates_that_are_no_percentages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
