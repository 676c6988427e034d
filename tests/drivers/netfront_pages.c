/* SPDX-License-Identifier: ISC */
/* Who may read and write which page, with a backend that keeps what it was lent. */
#include "support/xen_bench.h"

static struct xen_bench bench;

/* --- X07, X08 --- */

static uint32_t reference_of(const uint8_t *page)
{
    for (uint32_t i = 0; i < XEN_GRANTS; i++) {
        if (bench.xen.grants[i].page == page)
            return i;
    }
    return 0;
}

static bool is_granted(const uint8_t *page) { return reference_of(page) != 0; }

/* proves: X07 */
static void a_page_that_stays_mapped_is_never_used_again(void **state)
{
    uint8_t *page;

    (void)state;
    xen_bench_connect(&bench);
    page = xen_backend_next_page(&bench.xen, 0);
    bench.xen.grants[reference_of(page)].mapped++;
    assert_false(xen_bench_receives(&bench, 1514));
    assert_int_equal(ms_netfront_pages_held(bench.nf), 1);
    assert_int_equal(xen_bench_stats(&bench).rx_errors, 1);
    for (unsigned i = 0; i < 1000; i++) {
        assert_ptr_not_equal(xen_backend_next_page(&bench.xen, 0), page);
        assert_true(xen_bench_receives(&bench, i % 2 ? 100 : 1000));
        sink_empty(&bench.up);
    }
    assert_true(is_granted(page));
    xen_unmap_all(&bench.xen);
    bench.now_us += RETRY_US;
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(ms_netfront_pages_held(bench.nf), 0);
    /* Now it is one like all the others. */
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(xen_rx_ring(&bench.xen, 0)->req_prod - bench.xen.queues[0].rx_consumed,
                     bench.config.rx_pages);
    xen_bench_close(&bench);
}

/* proves: X07 */
static void too_many_held_pages_break(void **state)
{
    struct ms_netfront_config config;

    (void)state;
    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    config.rx_pages = 200;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    for (unsigned i = 0; ms_netfront_is_up(bench.nf); i++) {
        assert_in_range(i, 0, PAGES_HELD_MAX);
        bench.xen.grants[reference_of(xen_backend_next_page(&bench.xen, 0))].mapped++;
        (void)xen_bench_receives(&bench, 1514);
    }
    assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_PAGES_HELD);
    xen_bench_settle(&bench);
    xen_unmap_all(&bench.xen);
    xen_bench_comes_back(&bench);
    xen_bench_close(&bench);
}

/* proves: X08 */
static void rings_that_stay_mapped_are_not_connected_again(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    bench.xen.is_unkind = true;
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSED);
    assert_int_equal(ms_netfront_pages_held(bench.nf), 2);
    ms_netfront_reopen(bench.nf);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_WAITING);
    assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_PAGES_HELD);
    assert_int_equal(bench.xen.grants_in_use, 2);
    xen_unmap_all(&bench.xen);
    bench.xen.is_unkind = false;
    bench.now_us += RETRY_US;
    xen_bench_settle(&bench);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* --- X09, X10 --- */

/* Bytes that the backend can read and that are none of `allowed`. */
static unsigned strange_bytes(uint8_t allowed)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < XEN_GRANTS; i++) {
        const uint8_t *page = bench.xen.grants[i].page;

        if (!page || page == bench.xen.queues[0].tx || page == bench.xen.queues[0].rx)
            continue;
        for (unsigned j = 0; j < PAGE_BYTES; j++)
            count += page[j] != 0 && page[j] != allowed;
    }
    return count;
}

/* proves: X09 */
static void the_backend_sees_only_what_was_sent(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    assert_int_equal(strange_bytes(0), 0);
    xen_bench_send(&bench, 61, 0x5a5a); /* all its bytes are 0x5a */
    assert_int_equal(strange_bytes(0x5a), 0);
    assert_true(strange_bytes(0) > 0); /* so they can be seen */
    xen_bench_close(&bench);
}

/* proves: X10 */
static void nothing_of_a_connection_is_seen_in_the_next(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    xen_bench_send(&bench, 4000, 0x5a5a);
    xen_backend_run(&bench.xen);
    assert_int_equal(bench.xen.packet.len, 4000);
    (void)xen_bench_poll(&bench, 10);
    xen_bench_send(&bench, 60, 0x5a5a); /* a short one after a long one says how short it is */
    xen_backend_run(&bench.xen);
    assert_int_equal(bench.xen.packet.len, 60);
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    ms_netfront_reopen(bench.nf);
    xen_bench_settle(&bench);
    assert_int_equal(strange_bytes(0), 0);
    xen_bench_close(&bench);
}

/* --- X17 --- */

/* proves: X17 */
static void bytes_do_not_change_once_they_are_handed_up(void **state)
{
    static const uint32_t lens[] = { 60, 256, 300, 4000 };

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        uint8_t *page = xen_backend_next_page(&bench.xen, 0);

        assert_true(xen_bench_receives(&bench, lens[i]));
        /* Either the page is no longer the backend's, or it may write there in vain. */
        if (is_granted(page))
            memset(page, 0xee, PAGE_BYTES);
        for (uint32_t at = 0; at < lens[i]; at++)
            assert_int_equal(bench.up.frames[0]->head[at], 0);
        sink_empty(&bench.up);
    }
    xen_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_that_stays_mapped_is_never_used_again),
        cmocka_unit_test(too_many_held_pages_break),
        cmocka_unit_test(rings_that_stay_mapped_are_not_connected_again),
        cmocka_unit_test(the_backend_sees_only_what_was_sent),
        cmocka_unit_test(nothing_of_a_connection_is_seen_in_the_next),
        cmocka_unit_test(bytes_do_not_change_once_they_are_handed_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
