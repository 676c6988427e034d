/* SPDX-License-Identifier: ISC */
/* What happens when pages, frames or grants run out, and who is woken up when some are back. */
#include "support/xen_bench.h"

enum { PAGES = 64 };

static struct xen_bench bench;
static struct ms_xen_platform_ops ops;
static bool (*take_event_of_xen)(void *arg, uint32_t port);

/* take_event NULL: as it is. */
static void connect_with(uint16_t rx_pages, bool (*take_event)(void *arg, uint32_t port))
{
    struct ms_netfront_config config;

    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    ops = *config.platform.ops;
    take_event_of_xen = ops.take_event;
    if (take_event)
        ops.take_event = take_event;
    config.platform.ops = &ops;
    config.rx_pages = rx_pages;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    assert_true(ms_netfront_is_up(bench.nf));
}

static void open_connected(void) { connect_with(PAGES, NULL); }

static bool offer(uint32_t len)
{
    static const uint8_t bytes[XEN_FRAME_BYTES];
    const struct xen_offer plain = { .flags = 0 };

    return xen_backend_send(&bench.xen, 0, bytes, len, &plain);
}

static uint32_t posted(void)
{
    return xen_rx_ring(&bench.xen, 0)->req_prod - bench.xen.queues[0].rx_consumed;
}

static void put_at_once(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    (void)arg;
    (void)now_us;
    bench.up.calls += n;
    for (unsigned i = 0; i < n; i++)
        ms_frame_put(frames[i]);
}

static void short_packets_come_through_though_all_pages_are_held(void **state)
{
    (void)state;
    open_connected();
    for (unsigned i = 0; i < PAGES - SLOTS_MAX; i++)
        assert_true(xen_bench_receives(&bench, 1514));
    for (unsigned i = 0; i < 1000; i++)
        assert_false(xen_bench_receives(&bench, 1514));
    assert_int_equal(xen_bench_stats(&bench).rx_starved, 1000);
    assert_int_equal(xen_bench_stats(&bench).rx_errors, 0);
    assert_int_equal(posted(), SLOTS_MAX);
    assert_true(offer(65535)); /* and the backend can get rid of the largest */
    (void)xen_bench_poll(&bench, 10);
    assert_true(xen_bench_receives(&bench, COPY_BREAK_BYTES));
    sink_empty(&bench.up);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(posted(), PAGES);
    assert_true(xen_bench_receives(&bench, 65535));
    xen_bench_close(&bench);
}

static void with_the_fewest_pages_the_largest_packet_comes_through(void **state)
{
    (void)state;
    connect_with(40, NULL);
    assert_true(xen_bench_receives(&bench, 65535));
    assert_true(xen_bench_receives(&bench, 6 * PAGE_BYTES));
    assert_false(xen_bench_receives(&bench, 1514));
    xen_bench_close(&bench);
}

static void nothing_of_a_burst_is_lost_if_its_pages_come_back_at_once(void **state)
{
    (void)state;
    open_connected();
    bench.device->sink.input = put_at_once;
    for (unsigned i = 0; i < PAGES; i++)
        assert_true(offer(1514));
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.calls, PAGES - SLOTS_MAX);
    assert_int_equal(ms_device_next_deadline(bench.device), 0);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.calls, PAGES);
    assert_int_equal(posted(), PAGES);
    xen_bench_close(&bench);
}

static void frames_that_are_held_are_missed_until_they_come_back(void **state)
{
    (void)state;
    open_connected();
    for (unsigned i = 0; i < PAGES; i++)
        assert_true(xen_bench_receives(&bench, 60));
    assert_false(xen_bench_receives(&bench, 60));
    assert_int_equal(xen_bench_stats(&bench).rx_starved, 1);
    ms_frame_put(bench.up.frames[--bench.up.count]);
    assert_true(xen_bench_receives(&bench, 60));
    assert_int_equal(posted(), PAGES);
    xen_bench_close(&bench);
}

static void refused_grants_are_asked_for_again_though_nothing_comes(void **state)
{
    (void)state;
    open_connected();
    bench.device->sink.input = put_at_once;
    bench.xen.grants_left = 0;
    while (offer(1514))
        (void)xen_bench_poll(&bench, 10);
    assert_int_equal(posted(), 0); /* the backend has nothing to wake us up with */
    assert_in_range(ms_device_next_deadline(bench.device), bench.now_us + 1,
                    bench.now_us + RETRY_US);
    bench.xen.grants_left = UINT32_MAX;
    (void)xen_bench_poll(&bench, RETRY_US);
    assert_int_equal(posted(), PAGES);
    assert_int_equal(ms_device_next_deadline(bench.device), UINT64_MAX);
    xen_bench_close(&bench);
}

/* All pages free but granted, and one answer too strange, at the same moment. */
static void break_with_all_pages_free(void)
{
    struct netif_rx_response strange = { .id = 77, .status = 60 };

    for (unsigned i = 0; i + 1 < PAGES; i++)
        assert_true(offer(60));
    assert_true(xen_backend_put(&bench.xen, 0, &strange, NULL, 0));
    xen_backend_push_rx(&bench.xen, 0);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_RX_ID);
}

static void X07_held_pages_that_were_free_are_listed_once(void **state)
{
    const struct stack_of *free_pages;

    (void)state;
    open_connected();
    free_pages = &bench.nf->queues[0].rx_free_pages;
    for (unsigned i = 0; i < XEN_GRANTS; i++)
        bench.xen.grants[i].mapped += bench.xen.grants[i].page != NULL;
    break_with_all_pages_free();
    bench.xen.is_unkind = true;
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSED);
    assert_in_range(ms_netfront_pages_held(bench.nf), PAGES, UINT32_MAX);
    xen_unmap_all(&bench.xen);
    bench.xen.is_unkind = false;
    bench.now_us += RETRY_US;
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_pages_held(bench.nf), 0);
    assert_int_equal(free_pages->count, PAGES);
    sink_empty(&bench.up);
    xen_bench_comes_back(&bench);
    xen_bench_close(&bench);
}

/* --- Events --- */

static bool is_armed;

/* A backend on another processor answers just before the event is taken. */
static bool send_and_take_event(void *arg, uint32_t port)
{
    if (is_armed && port == bench.xen.queues[0].rx_port) {
        is_armed = false;
        assert_true(offer(60));
    }
    return take_event_of_xen(arg, port);
}

static void an_event_that_comes_during_a_poll_is_not_lost(void **state)
{
    (void)state;
    connect_with(PAGES, send_and_take_event);
    is_armed = true;
    (void)xen_bench_poll(&bench, 10);
    assert_false(is_armed);
    if (bench.xen.ports[bench.xen.queues[0].rx_port].is_pending ||
        ms_device_next_deadline(bench.device) == 0)
        (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.count, 1);
    xen_bench_close(&bench);
}

/* --- Those who are called back --- */

static void open_again(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    ms_netfront_reopen(bench.nf);
    put_at_once(arg, frames, n, now_us);
}

static void who_is_given_a_packet_may_open_the_device_again(void **state)
{
    uint32_t grants;

    (void)state;
    open_connected();
    grants = bench.xen.grants_in_use;
    bench.device->sink.input = open_again;
    assert_true(offer(1514));
    xen_unmap_all(&bench.xen);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.calls, 1);
    sink_attach(&bench.up, bench.device);
    assert_int_equal(bench.xen.grants_in_use, 0);
    xen_bench_settle(&bench);
    assert_int_equal(posted(), PAGES);
    assert_int_equal(bench.xen.grants_in_use, grants);
    assert_int_equal(bench.xen.wrong_uses, 0);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_packets_come_through_though_all_pages_are_held),
        cmocka_unit_test(with_the_fewest_pages_the_largest_packet_comes_through),
        cmocka_unit_test(nothing_of_a_burst_is_lost_if_its_pages_come_back_at_once),
        cmocka_unit_test(frames_that_are_held_are_missed_until_they_come_back),
        cmocka_unit_test(refused_grants_are_asked_for_again_though_nothing_comes),
        cmocka_unit_test(X07_held_pages_that_were_free_are_listed_once),
        cmocka_unit_test(an_event_that_comes_during_a_poll_is_not_lost),
        cmocka_unit_test(who_is_given_a_packet_may_open_the_device_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
