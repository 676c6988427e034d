/* SPDX-License-Identifier: ISC */
/* Multicast control: the backend leaves out what nobody listens to, and never anything else. */
#include "support/xen_bench.h"

static struct xen_bench bench;

static void group_mac(unsigned i, uint8_t mac[6])
{
    const uint8_t bytes[6] = { 0x01, 0x00, 0x5e, 1, (uint8_t)(i >> 8), (uint8_t)i };

    memcpy(mac, bytes, 6);
}

static void set_group(unsigned i, bool is_joined)
{
    uint8_t mac[6];

    group_mac(i, mac);
    bench.device->driver.ops->set_group(&bench.device->driver, mac, is_joined);
}

static void join(unsigned i) { set_group(i, true); }
static void leave(unsigned i) { set_group(i, false); }

static bool lets_in(unsigned i)
{
    uint8_t mac[6];

    group_mac(i, mac);
    return xen_backend_lets_in(&bench.xen, mac);
}

/* "" if it was not asked anything. */
static const char *filter(void)
{
    return xen_frontend_read(&bench.xen, "request-multicast-control");
}

/* Until nobody has anything to say; the loop sleeps when there is nothing to do. */
static void settle(void)
{
    for (unsigned i = 0; i < 200; i++) {
        (void)xen_bench_poll(&bench, 10);
        xen_backend_run(&bench.xen);
    }
    assert_int_equal(ms_device_next_deadline(bench.device), UINT64_MAX);
}

static void nothing_is_filtered_before_the_backend_knows_all_groups(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < 5; i++)
        join(i);
    assert_int_equal(ms_device_next_deadline(bench.device), 0);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(ms_device_next_deadline(bench.device),
                     bench.now_us + bench.config.tx_timeout_us);
    assert_string_equal(filter(), "");
    xen_backend_run(&bench.xen);
    assert_int_equal(bench.xen.group_count, 5);
    assert_string_equal(filter(), "");
    (void)xen_bench_poll(&bench, 10); /* takes the answers */
    assert_string_equal(filter(), "1");
    for (unsigned i = 0; i < 5; i++)
        assert_true(lets_in(i));
    assert_false(lets_in(5));
    assert_int_equal(xen_bench_stats(&bench).tx_errors, 0);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

static void a_group_is_left_when_the_last_has_left_it(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    join(1);
    join(2);
    join(2);
    settle();
    assert_int_equal(bench.xen.group_requests, 2);
    leave(2);
    settle();
    assert_true(lets_in(2));
    leave(2);
    settle();
    assert_false(lets_in(2));
    assert_true(lets_in(1));
    leave(2); /* of what was never joined, nothing comes */
    join(3);
    leave(3);
    settle();
    assert_int_equal(bench.xen.group_requests, 3);
    xen_bench_close(&bench);
}

static void a_backend_that_was_restarted_hears_it_all_again(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    join(1);
    join(2);
    settle();
    assert_string_equal(filter(), "1");
    leave(2); /* the old backend will not hear of that */
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    join(3);
    ms_netfront_reopen(bench.nf);
    xen_bench_settle(&bench);
    assert_string_equal(filter(), "");
    settle();
    assert_string_equal(filter(), "1");
    assert_int_equal(bench.xen.group_count, 2);
    assert_true(lets_in(1) && lets_in(3));
    assert_false(lets_in(2));
    xen_bench_close(&bench);
}

static void a_backend_without_room_for_a_group_is_not_to_filter(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    bench.xen.groups_room = 3;
    for (unsigned i = 0; i < 3; i++)
        join(i);
    settle();
    assert_string_equal(filter(), "1");
    join(3);
    settle();
    assert_string_equal(filter(), "0");
    leave(1);
    settle();
    assert_string_equal(filter(), "0"); /* it would have to be told of 3 again: next time */
    for (unsigned i = 0; i < 5; i++)
        assert_true(lets_in(i));
    xen_bench_comes_back(&bench);
    settle();
    assert_string_equal(filter(), "1");
    assert_true(lets_in(3));
    xen_bench_close(&bench);
}

static void more_groups_than_can_be_listed_are_not_filtered(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < GROUPS_MAX; i++)
        join(i);
    settle();
    assert_string_equal(filter(), "1");
    join(GROUPS_MAX);
    join(GROUPS_MAX + 1);
    settle();
    assert_string_equal(filter(), "0");
    leave(3);
    join(GROUPS_MAX); /* in the list, and beside it */
    settle();
    assert_string_equal(filter(), "0");
    leave(GROUPS_MAX + 1);
    leave(GROUPS_MAX);
    settle();
    assert_string_equal(filter(), "0");
    leave(GROUPS_MAX);
    settle();
    assert_string_equal(filter(), "1");
    xen_bench_close(&bench);
}

static void is_never_asked(const char *missing)
{
    xen_bench_open(&bench);
    xen_backend_write(&bench.xen, missing, NULL);
    xen_bench_start(&bench, NULL);
    xen_bench_settle(&bench);
    for (unsigned i = 0; i < 100; i++)
        join(i);
    for (unsigned i = 0; i < 50; i++)
        leave(i);
    settle();
    assert_string_equal(filter(), "");
    assert_int_equal(bench.xen.group_requests, 0);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

static void a_backend_that_cannot_filter_or_not_stop_is_never_asked(void **state)
{
    (void)state;
    is_never_asked("feature-multicast-control");
    is_never_asked("feature-dynamic-multicast-control");
}

static void nobody_who_tells_of_groups_may_want_them_all(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    settle();
    assert_string_equal(filter(), "");
    join(1);
    settle();
    assert_string_equal(filter(), "1");
    leave(1);
    settle();
    assert_string_equal(filter(), "0");
    xen_bench_close(&bench);
}

static void a_full_ring_is_waited_for_in_peace(void **state)
{
    struct ms_frame *frame = NULL;

    (void)state;
    xen_bench_connect(&bench);
    do
        frame = make_test_frame(&bench.live, 60, 1);
    while (send_frame(bench.device, frame) == 1);
    ms_frame_put(frame);
    join(1);
    (void)xen_bench_poll(&bench, 10);
    assert_true(ms_device_next_deadline(bench.device) > bench.now_us);
    settle();
    assert_string_equal(filter(), "1");
    assert_true(lets_in(1));
    xen_bench_close(&bench);
}

static bool is_store_full;
static enum ms_xen_status (*write_of_xen)(void *arg, uint32_t transaction,
                                          const struct ms_xen_write *writes, unsigned n);

static enum ms_xen_status write_or_not(void *arg, uint32_t transaction,
                                       const struct ms_xen_write *writes, unsigned n)
{
    return is_store_full ? MS_XEN_NO_MEMORY : write_of_xen(arg, transaction, writes, n);
}

static void a_store_that_is_full_is_written_to_later(void **state)
{
    struct ms_netfront_config config;
    struct ms_xen_platform_ops ops;

    (void)state;
    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    ops = *config.platform.ops;
    write_of_xen = ops.store_write;
    ops.store_write = write_or_not;
    config.platform.ops = &ops;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    is_store_full = true;
    join(1);
    settle();
    assert_string_equal(filter(), "");
    is_store_full = false;
    (void)xen_bench_poll(&bench, 10);
    assert_string_equal(filter(), "1");
    xen_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_filtered_before_the_backend_knows_all_groups),
        cmocka_unit_test(a_group_is_left_when_the_last_has_left_it),
        cmocka_unit_test(a_backend_that_was_restarted_hears_it_all_again),
        cmocka_unit_test(a_backend_without_room_for_a_group_is_not_to_filter),
        cmocka_unit_test(more_groups_than_can_be_listed_are_not_filtered),
        cmocka_unit_test(a_backend_that_cannot_filter_or_not_stop_is_never_asked),
        cmocka_unit_test(nobody_who_tells_of_groups_may_want_them_all),
        cmocka_unit_test(a_full_ring_is_waited_for_in_peace),
        cmocka_unit_test(a_store_that_is_full_is_written_to_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
