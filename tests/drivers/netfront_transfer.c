/* SPDX-License-Identifier: ISC */
/* Whole connections between two stacks, through the Xen frontend's rings. */
#include "support/xen_bench.h"

#include "mstack/mstack.h"

enum { REGION_BYTES = 32 * PAGE_BYTES };

static struct xen_bench bench;
static _Alignas(4096) uint8_t region[REGION_BYTES];

/* With memory to lend from. */
static void open_connected(void)
{
    xen_bench_connect(&bench);
    assert_int_equal(bench.device->driver.ops->map(&bench.device->driver, region, REGION_BYTES),
                     MS_OK);
}

static int fill_region(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < REGION_BYTES; i++)
        region[i] = (uint8_t)(i * 7 + i / 4096);
    return 0;
}

enum { TRANSFER_BYTES = 1 << 20, LENT_BYTES = 32768 };

/* One end of a transfer: sends TRANSFER_BYTES, and adds up what comes. */
struct end {
    struct ms_tcp *tcp;
    struct ms_buf bufs[4];
    uint32_t sent, released, received, wrong;
    bool is_closed, is_aborted;
};

static struct end ends[2];

static uint8_t byte_at(uint32_t offset) { return region[offset % 65536]; }

static void on_release(struct ms_buf *buf)
{
    for (unsigned i = 0; i < 2; i++) {
        if (buf >= ends[i].bufs && buf < ends[i].bufs + 4)
            ends[i].released += buf->len;
    }
    buf->len = 0;
}

static void push(struct end *end)
{
    for (unsigned i = 0; i < 4 && end->sent < TRANSFER_BYTES; i++) {
        struct ms_buf *buf = &end->bufs[i];

        if (buf->len > 0)
            continue;
        *buf = (struct ms_buf){ .data = region + end->sent % 65536,
                                .len = LENT_BYTES,
                                .release = on_release };
        if (ms_tcp_send(end->tcp, buf) != MS_OK) {
            buf->len = 0;
            return;
        }
        end->sent += LENT_BYTES;
    }
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct end *end = user;

    (void)frame;
    for (uint32_t i = 0; i < slice->len; i++)
        end->wrong += slice->data[i] != byte_at(end->received + i);
    end->received += slice->len;
    ms_tcp_consumed(tcp, slice->len);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct end *end = user;

    (void)tcp;
    assert_true(why == MS_OK || end->is_aborted);
    end->is_closed = true;
}

static const struct ms_tcp_events events = { .on_data = on_data, .on_close = on_close };

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    (void)listener_user;
    ends[1].tcp = tcp;
    *user = &ends[1];
    return &events;
}

static void transfer(const char *address)
{
    struct ms_tcp_listen listen = { .local.port = 80, .accept = on_accept };
    struct ms_tcp_connect connect = { .remote.port = 80, .events = &events, .user = &ends[0] };

    memset(ends, 0, sizeof ends);
    assert_int_equal(ms_tcp_listen(bench.peer, &listen, NULL), MS_OK);
    assert_int_equal(ms_addr_parse(&connect.remote.addr, address), MS_OK);
    assert_int_equal(ms_tcp_connect(bench.stack, &connect, &ends[0].tcp), MS_OK);
    for (unsigned i = 0; i < 20000 && ends[0].received + ends[1].received < 2 * TRANSFER_BYTES;
         i++) {
        push(&ends[0]);
        if (ends[1].tcp)
            push(&ends[1]);
        xen_bench_run(&bench, 100);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(ends[i].received, TRANSFER_BYTES);
        assert_int_equal(ends[i].wrong, 0);
        ms_tcp_close(ends[i].tcp);
    }
    xen_bench_run(&bench, 1000000);
    assert_int_equal(ends[0].released + ends[1].released, 2 * TRANSFER_BYTES);
    assert_true(ends[0].is_closed || ends[1].is_closed);
}

static void transfers_a_megabyte_both_ways_without_copying(void **state)
{
    static const char *const addresses[] = { "10.0.0.2", "2001:db8::2" };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct ms_netfront_stats stats;

        open_connected();
        xen_bench_stacks(&bench);
        transfer(addresses[i]);
        stats = xen_bench_stats(&bench);
        assert_in_range(stats.tx_packets, 20, 2000); /* super-frames */
        assert_true(stats.tx_granted * PAGE_BYTES > TRANSFER_BYTES * 8 / 10);
        assert_true(bench.device->driver.tx_copied < TRANSFER_BYTES / 20);
        assert_true(stats.rx_revoked * PAGE_BYTES > TRANSFER_BYTES * 8 / 10);
        assert_int_equal(stats.breaks + stats.rx_errors + stats.tx_errors, 0);
        xen_bench_close(&bench);
    }
}

static void transfers_a_megabyte_without_any_offload(void **state)
{
    struct ms_netfront_config config;

    (void)state;
    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    config.no_checksum_offload = config.no_scatter_gather = true;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    xen_bench_stacks(&bench);
    transfer("10.0.0.2");
    assert_true(bench.device->driver.tx_copied >= TRANSFER_BYTES);
    xen_bench_close(&bench);
}

static void a_transfer_survives_a_backend_that_is_restarted_under_it(void **state)
{
    struct ms_tcp_listen listen = { .local.port = 80, .accept = on_accept };
    struct ms_tcp_connect connect = { .remote.port = 80, .events = &events, .user = &ends[0] };

    (void)state;
    open_connected();
    xen_bench_stacks(&bench);
    memset(ends, 0, sizeof ends);
    connect.remote.addr = ms_addr_ipv4(10, 0, 0, 2);
    assert_int_equal(ms_tcp_listen(bench.peer, &listen, NULL), MS_OK);
    assert_int_equal(ms_tcp_connect(bench.stack, &connect, &ends[0].tcp), MS_OK);
    for (unsigned i = 0; i < 200000 && ends[1].received < TRANSFER_BYTES; i++) {
        push(&ends[0]);
        if (i % 8 == 7 && i < 48) {
            xen_unmap_all(&bench.xen);
            bench.xen.queue_count = 0;
            xen_backend_set_state(&bench.xen, XenbusStateInitWait);
        }
        xen_bench_run(&bench, 100);
    }
    assert_int_equal(ends[1].received, TRANSFER_BYTES);
    assert_int_equal(ends[1].wrong, 0);
    assert_in_range(xen_bench_stats(&bench).connects, 2, 7);
    ms_tcp_abort(ends[0].tcp);
    ms_tcp_abort(ends[1].tcp);
    ends[0].is_aborted = ends[1].is_aborted = true;
    xen_bench_run(&bench, 10000);
    xen_bench_close(&bench);
    assert_int_equal(ends[0].released, ends[0].sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_a_megabyte_both_ways_without_copying),
        cmocka_unit_test(transfers_a_megabyte_without_any_offload),
        cmocka_unit_test(a_transfer_survives_a_backend_that_is_restarted_under_it),
    };

    return cmocka_run_group_tests(tests, fill_region, NULL);
}
