/* SPDX-License-Identifier: ISC */
/* The Xen frontend with several queues. */
#include "support/xen_bench.h"

#include "bytes.h"

static struct xen_bench bench;
static unsigned seen[QUEUES_MAX]; /* packets by queue */
static unsigned last_queue;

static void count(void *user, const struct xen_packet *packet)
{
    (void)user;
    seen[packet->queue]++;
    last_queue = packet->queue;
}

static void open_queues(unsigned ours, const char *theirs)
{
    struct ms_netfront_config config;

    xen_bench_open(&bench);
    xen_backend_write(&bench.xen, "multi-queue-max-queues", theirs);
    config = xen_bench_config(&bench);
    config.queues = (uint16_t)ours;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    assert_true(ms_netfront_is_up(bench.nf));
    bench.xen.on_packet = count;
    memset(seen, 0, sizeof seen);
}

/* The queue that a TCP segment from this port to this host goes to. */
static unsigned send_from(uint16_t port, uint8_t host, bool is_ipv6)
{
    struct ms_frame *frame = make_test_frame(&bench.live, 100, 0);

    memset(frame->head, 0, 100);
    store_be16(frame->head + 12, is_ipv6 ? 0x86dd : 0x0800);
    frame->head[14] = is_ipv6 ? 0x60 : 0x45;
    frame->head[is_ipv6 ? 20 : 23] = 6;
    frame->head[is_ipv6 ? 53 : 33] = host;
    store_be16(frame->head + (is_ipv6 ? 54 : 34), port);
    assert_int_equal(send_frame(bench.device, frame), 1);
    xen_backend_run(&bench.xen);
    (void)xen_bench_poll(&bench, 10);
    return last_queue;
}

static void takes_no_more_queues_than_either_side_has(void **state)
{
    (void)state;
    open_queues(2, "4");
    assert_string_equal(xen_frontend_read(&bench.xen, "multi-queue-num-queues"), "2");
    assert_string_equal(xen_frontend_read(&bench.xen, "tx-ring-ref"), "");
    assert_string_not_equal(xen_frontend_read(&bench.xen, "queue-1/rx-ring-ref"), "");
    assert_string_equal(xen_frontend_read(&bench.xen, "queue-2/rx-ring-ref"), "");
    assert_int_equal(bench.xen.ports_open, 4);
    xen_bench_close(&bench);
    open_queues(4, "3");
    assert_int_equal(bench.xen.queue_count, 3);
    xen_bench_close(&bench);
    open_queues(4, "4000000000");
    assert_int_equal(bench.xen.queue_count, 4);
    xen_bench_close(&bench);
    open_queues(4, NULL);
    assert_string_equal(xen_frontend_read(&bench.xen, "multi-queue-num-queues"), "");
    assert_int_equal(bench.xen.queue_count, 1);
    xen_bench_close(&bench);
}

static void leaves_no_keys_of_another_number_of_queues(void **state)
{
    (void)state;
    open_queues(2, NULL);
    assert_string_not_equal(xen_frontend_read(&bench.xen, "tx-ring-ref"), "");
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    xen_backend_write(&bench.xen, "multi-queue-max-queues", "2");
    xen_bench_comes_back(&bench);
    assert_string_equal(xen_frontend_read(&bench.xen, "tx-ring-ref"), "");
    assert_string_equal(xen_frontend_read(&bench.xen, "event-channel-rx"), "");
    assert_int_equal(bench.xen.queue_count, 2);
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    xen_backend_write(&bench.xen, "multi-queue-max-queues", "1");
    xen_bench_comes_back(&bench);
    assert_string_equal(xen_frontend_read(&bench.xen, "multi-queue-num-queues"), "");
    xen_bench_close(&bench);
}

static void spreads_flows_and_keeps_each_in_its_queue(void **state)
{
    (void)state;
    open_queues(4, "4");
    for (unsigned v6 = 0; v6 < 2; v6++) {
        memset(seen, 0, sizeof seen);
        for (unsigned port = 1000; port < 1200; port++) {
            unsigned queue = send_from((uint16_t)port, 1, v6);

            assert_int_equal(send_from((uint16_t)port, 1, v6), queue);
        }
        for (unsigned i = 0; i < 4; i++)
            assert_in_range(seen[i], 50, 150);
        memset(seen, 0, sizeof seen);
        for (unsigned host = 0; host < 200; host++)
            (void)send_from(1000, (uint8_t)host, v6);
        for (unsigned i = 0; i < 4; i++)
            assert_in_range(seen[i], 25, 75);
    }
    xen_bench_close(&bench);
}

static void receives_from_every_queue(void **state)
{
    static const uint8_t bytes[1000];
    const struct xen_offer plain = { .flags = 0 };

    (void)state;
    open_queues(3, "3");
    for (unsigned i = 0; i < 300; i++) {
        assert_true(xen_backend_send(&bench.xen, i % 3, bytes, i % 2 ? 60 : 1000, &plain));
        (void)xen_bench_poll(&bench, 10);
        assert_int_equal(bench.up.count, 1);
        sink_empty(&bench.up);
    }
    xen_bench_close(&bench);
}

static void breaks_as_a_whole_with_any_of_its_queues(void **state)
{
    (void)state;
    open_queues(3, "3");
    for (unsigned i = 0; i < 3; i++) {
        xen_tx_ring(&bench.xen, i)->rsp_prod += 5;
        (void)xen_bench_poll(&bench, 10);
        assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_PRODUCER);
        xen_bench_settle(&bench);
        assert_int_equal(bench.xen.ports_open, 0);
        assert_int_equal(bench.xen.grants_in_use, 0);
        xen_bench_comes_back(&bench);
    }
    xen_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_no_more_queues_than_either_side_has),
        cmocka_unit_test(leaves_no_keys_of_another_number_of_queues),
        cmocka_unit_test(spreads_flows_and_keeps_each_in_its_queue),
        cmocka_unit_test(receives_from_every_queue),
        cmocka_unit_test(breaks_as_a_whole_with_any_of_its_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
