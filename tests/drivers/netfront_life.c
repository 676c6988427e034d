/* SPDX-License-Identifier: ISC */
/* A backend and a xenstore that say anything in any order: the device connects in the end. */
#include "support/xen_bench.h"

static struct xen_bench bench;
static void go_to(enum ms_netfront_state wanted)
{
    xen_bench_open(&bench);
    if (wanted == MS_NETFRONT_WAITING)
        xen_backend_set_state(&bench.xen, XenbusStateInitialising);
    xen_bench_start(&bench, NULL);
    if (wanted == MS_NETFRONT_WAITING || wanted == MS_NETFRONT_CONNECTING) {
        bench.xen.is_deaf = true;
        xen_bench_settle(&bench);
        bench.xen.is_deaf = false;
    } else {
        xen_bench_settle(&bench);
    }
    if (wanted == MS_NETFRONT_CLOSING || wanted == MS_NETFRONT_CLOSED) {
        bench.xen.is_deaf = wanted == MS_NETFRONT_CLOSING;
        ms_netfront_shut_down(bench.nf);
        xen_bench_settle(&bench);
        bench.xen.is_deaf = false;
    }
    assert_int_equal(ms_netfront_state(bench.nf), wanted);
}

/* proves: X12 */
static void every_state_of_the_backend_has_an_answer_in_every_state(void **state)
{
    (void)state;
    for (unsigned ours = MS_NETFRONT_WAITING; ours <= MS_NETFRONT_CLOSED; ours++) {
        for (unsigned theirs = 0; theirs <= 10; theirs++) {
            go_to((enum ms_netfront_state)ours);
            if (theirs < 9)
                xen_backend_set_state(&bench.xen, theirs);
            else
                xen_backend_write(&bench.xen, "state", theirs == 9 ? NULL : "4 or so");
            bench.xen.is_deaf = true;
            xen_bench_settle(&bench);
            bench.xen.is_deaf = false;
            xen_bench_settle(&bench);
            /* A backend that begins anew has forgotten the old mappings. */
            xen_unmap_all(&bench.xen);
            bench.xen.queue_count = 0;
            ms_netfront_reopen(bench.nf);
            xen_backend_set_state(&bench.xen, XenbusStateInitWait);
            xen_bench_settle(&bench);
            xen_bench_works(&bench);
            xen_bench_close(&bench);
        }
    }
}

/* proves: X12 */
static void the_answers_are_these(void **state)
{
    enum {
        W = MS_NETFRONT_WAITING,
        P = MS_NETFRONT_CONNECTING,
        C = MS_NETFRONT_CONNECTED,
        G = MS_NETFRONT_CLOSING,
        X = MS_NETFRONT_CLOSED,
    };
    static const uint8_t answers[5][9] = {
        /* Unknown, Initialising, InitWait, Initialised, Connected, Closing, Closed, Reconf... */
        [W] = { W, W, P, W, G, W, W, W, W }, [P] = { X, P, P, P, C, X, W, P, P },
        [C] = { X, W, P, W, C, X, W, C, C }, [G] = { X, X, X, X, G, X, X, G, G },
        [X] = { X, X, X, X, X, X, X, X, X },
    };

    (void)state;
    for (unsigned ours = W; ours <= X; ours++) {
        for (unsigned theirs = 0; theirs < 9; theirs++) {
            go_to((enum ms_netfront_state)ours);
            xen_unmap_all(&bench.xen);
            xen_backend_set_state(&bench.xen, theirs);
            (void)xen_bench_poll(&bench, 10);
            assert_int_equal(ms_netfront_state(bench.nf), answers[ours][theirs]);
            xen_bench_close(&bench);
        }
    }
}

/* Each is a journey to another domain and back, and the guest sleeps meanwhile. */
static void connecting_asks_the_xenstore_few_times(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    assert_in_range(bench.xen.store_calls, 1, 10);
    xen_bench_close(&bench);
}

static void a_connection_of_who_was_before_us_is_closed_first(void **state)
{
    (void)state;
    xen_bench_open(&bench);
    xen_backend_set_state(&bench.xen, XenbusStateConnected);
    xen_bench_start(&bench, NULL);
    xen_bench_settle(&bench);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

static void a_backend_that_closed_in_peace_is_waited_for(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    xen_unmap_all(&bench.xen);
    bench.xen.queue_count = 0;
    bench.xen.is_deaf = true;
    xen_backend_set_state(&bench.xen, XenbusStateClosing);
    xen_bench_settle(&bench);
    assert_int_equal(xen_frontend_state(&bench.xen), XenbusStateClosed);
    xen_backend_set_state(&bench.xen, XenbusStateClosed);
    xen_bench_settle(&bench);
    assert_int_equal(xen_frontend_state(&bench.xen), XenbusStateInitialising);
    bench.xen.is_deaf = false;
    xen_backend_set_state(&bench.xen, XenbusStateInitWait);
    xen_bench_settle(&bench);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* proves: X12 */
static void a_resumed_guest_connects_though_the_backend_closes_first(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    /* On the new host nothing of the old connection is there. */
    xen_unmap_all(&bench.xen);
    bench.xen.queue_count = 0;
    ms_netfront_reopen(bench.nf);
    xen_backend_set_state(&bench.xen, XenbusStateClosing);
    bench.xen.is_deaf = true;
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_WAITING);
    bench.xen.is_deaf = false;
    xen_backend_set_state(&bench.xen, XenbusStateInitWait);
    xen_bench_settle(&bench);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* proves: X12 */
static void a_backend_that_does_not_close_is_not_waited_for(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    bench.xen.is_deaf = true;
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSING);
    bench.now_us = ms_device_next_deadline(bench.device);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSED);
    assert_int_equal(ms_netfront_pages_held(bench.nf), 2); /* the rings */
    bench.xen.is_deaf = false;
    xen_bench_close(&bench);
}

static char *long_text(void)
{
    static char text[4097];

    memset(text, '1', sizeof text - 1);
    return text;
}

/* proves: X22 */
static void values_that_make_no_sense_are_refused(void **state)
{
    const struct {
        const char *key, *value;
        enum ms_netfront_reason reason;
    } bad[] = {
        { "feature-rx-copy", "0", MS_NETFRONT_FEATURES },
        { "feature-rx-copy", NULL, MS_NETFRONT_FEATURES },
        { "feature-rx-copy", "2", MS_NETFRONT_STORE },
        { "feature-rx-copy", "", MS_NETFRONT_STORE },
        { "feature-sg", "yes", MS_NETFRONT_STORE },
        { "feature-sg", "-1", MS_NETFRONT_STORE },
        { "feature-sg", " 1", MS_NETFRONT_STORE },
        { "feature-sg", "00000000001", MS_NETFRONT_STORE },
        { "feature-gso-tcpv4", long_text(), MS_NETFRONT_STORE },
        { "multi-queue-max-queues", "0", MS_NETFRONT_STORE },
        { "multi-queue-max-queues", "4294967296", MS_NETFRONT_STORE },
        { "multi-queue-max-queues", "18446744073709551617", MS_NETFRONT_STORE },
        { "multi-queue-max-queues", long_text(), MS_NETFRONT_STORE },
        { "feature-split-event-channels", "0x1", MS_NETFRONT_STORE },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        xen_bench_open(&bench);
        xen_backend_write(&bench.xen, bad[i].key, bad[i].value);
        xen_bench_start(&bench, NULL);
        xen_bench_settle(&bench);
        assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSED);
        assert_int_equal(ms_netfront_reason(bench.nf), bad[i].reason);
        assert_int_equal(xen_frontend_state(&bench.xen), XenbusStateClosed);
        assert_int_equal(bench.xen.grants_in_use, 0);
        /* It is taken once it says something better. */
        xen_backend_write(&bench.xen, bad[i].key, "1");
        xen_backend_set_state(&bench.xen, XenbusStateInitWait);
        xen_bench_settle(&bench);
        xen_bench_works(&bench);
        xen_bench_close(&bench);
    }
}

/* proves: X22 */
static void a_device_without_sensible_facts_is_not_opened(void **state)
{
    static const struct {
        const char *key, *value;
    } bad[] = {
        { "mac", NULL },
        { "mac", "" },
        { "mac", "02:16:3e:00:00" },
        { "mac", "02:16:3e:00:00:0g" },
        { "mac", "02:16:3e:00:00:011" },
        { "mac", "02-16-3e-00-00-01" },
        { "mac", "03:16:3e:00:00:01" },
        { "mac", "00:00:00:00:00:00" },
        { "mtu", "67" },
        { "mtu", "65536" },
        { "mtu", "1500 " },
    };
    static _Alignas(PAGE_BYTES) uint8_t memory[1 << 20];
    struct ms_netfront_config config;
    enum ms_netfront_reason reason;
    struct xen *xen = &bench.xen;

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        xen_bench_open(&bench);
        config = xen_bench_config(&bench);
        xen_frontend_write(xen, bad[i].key, bad[i].value);
        assert_null(ms_netfront_open(&config, memory, sizeof memory, &reason));
        assert_int_equal(reason, MS_NETFRONT_STORE);
        xen_close(xen);
    }
}

/* proves: X22 */
static void a_backend_that_cannot_be_found_is_looked_for_again(void **state)
{
    static const struct {
        const char *key, *value, *better;
    } bad[] = {
        { "backend", NULL, "/local/domain/0/backend/vif/1/0" },
        { "backend", "", "/local/domain/0/backend/vif/1/0" },
        { "backend-id", NULL, "0" },
        { "backend-id", "32752", "0" },
        { "backend-id", "-1", "0" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        xen_bench_open(&bench);
        xen_frontend_write(&bench.xen, bad[i].key, bad[i].value);
        xen_bench_start(&bench, NULL);
        xen_bench_settle(&bench);
        assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_WAITING);
        assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_STORE);
        xen_frontend_write(&bench.xen, bad[i].key, bad[i].better);
        bench.now_us += RETRY_US;
        xen_bench_settle(&bench);
        xen_bench_works(&bench);
        xen_bench_close(&bench);
    }
}

/* proves: X22 */
static void flapping_ten_thousand_times_leaks_nothing(void **state)
{
    struct ms_netfront_config config;
    uint32_t grants;

    (void)state;
    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    config.rx_pages = config.tx_pages = 40;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    grants = bench.xen.grants_in_use;
    for (unsigned i = 0; i < 10000; i++) {
        static const unsigned states[] = { XenbusStateClosed, XenbusStateConnected,
                                           XenbusStateInitWait, XenbusStateClosing,
                                           XenbusStateUnknown };

        if (ms_netfront_state(bench.nf) == MS_NETFRONT_CONNECTED)
            xen_bench_send(&bench, 60, i);
        xen_backend_set_state(&bench.xen, states[i % 5]);
        (void)xen_bench_poll(&bench, 10);
        if (i % 3 == 0)
            ms_netfront_reopen(bench.nf);
        xen_backend_step(&bench.xen);
        (void)xen_bench_poll(&bench, 10);
        assert_in_range(bench.xen.grants_in_use, 0, grants);
    }
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    xen_unmap_all(&bench.xen);
    xen_bench_comes_back(&bench);
    assert_int_equal(bench.xen.grants_in_use, grants);
    assert_int_equal(bench.xen.ports_open, 2);
    xen_bench_close(&bench);
}

/* proves: X23 */
static void connecting_again_and_again_leaks_nothing(void **state)
{
    struct ms_netfront_config config;
    uint32_t grants;

    (void)state;
    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    config.rx_pages = config.tx_pages = 40;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    grants = bench.xen.grants_in_use;
    for (unsigned i = 0; i < 10000; i++) {
        static const uint8_t bytes[1000];

        /* Something is always under way, both ways, and in the hands of the application. */
        xen_bench_send(&bench, 60, i);
        assert_true(xen_backend_send(&bench.xen, 0, bytes, sizeof bytes,
                                     &(struct xen_offer){ .flags = 0 }));
        (void)xen_bench_poll(&bench, 10);
        ms_netfront_shut_down(bench.nf);
        for (unsigned j = 0; j < 4; j++) {
            xen_backend_step(&bench.xen);
            (void)xen_bench_poll(&bench, 10);
        }
        assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSED);
        assert_int_equal(bench.xen.grants_in_use, 0);
        assert_int_equal(bench.xen.ports_open, 0);
        if (i % 2 == 0)
            sink_empty(&bench.up);
        ms_netfront_reopen(bench.nf);
        for (unsigned j = 0; j < 4; j++) {
            (void)xen_bench_poll(&bench, 10);
            xen_backend_step(&bench.xen);
        }
        (void)xen_bench_poll(&bench, 10);
        sink_empty(&bench.up);
        (void)xen_bench_poll(&bench, 10);
        assert_int_equal(bench.xen.grants_in_use, grants);
        assert_int_equal(bench.xen.ports_open, 2);
    }
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* proves: X23 */
static void running_out_of_grants_or_ports_is_waited_out(void **state)
{
    (void)state;
    for (uint32_t grants = 0; grants < 40; grants += 3) {
        xen_bench_open(&bench);
        bench.xen.grants_left = grants;
        bench.xen.ports_left = grants % 2;
        xen_bench_start(&bench, NULL);
        xen_bench_settle(&bench);
        assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_WAITING);
        assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_NO_MEMORY);
        assert_int_equal(bench.xen.grants_in_use, 0);
        assert_int_equal(bench.xen.ports_open, 0);
        bench.xen.grants_left = bench.xen.ports_left = UINT32_MAX;
        bench.now_us += RETRY_US;
        xen_bench_settle(&bench);
        xen_bench_works(&bench);
        xen_bench_close(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_of_the_backend_has_an_answer_in_every_state),
        cmocka_unit_test(the_answers_are_these),
        cmocka_unit_test(connecting_asks_the_xenstore_few_times),
        cmocka_unit_test(a_connection_of_who_was_before_us_is_closed_first),
        cmocka_unit_test(a_backend_that_closed_in_peace_is_waited_for),
        cmocka_unit_test(a_resumed_guest_connects_though_the_backend_closes_first),
        cmocka_unit_test(a_backend_that_does_not_close_is_not_waited_for),
        cmocka_unit_test(values_that_make_no_sense_are_refused),
        cmocka_unit_test(a_device_without_sensible_facts_is_not_opened),
        cmocka_unit_test(a_backend_that_cannot_be_found_is_looked_for_again),
        cmocka_unit_test(flapping_ten_thousand_times_leaks_nothing),
        cmocka_unit_test(connecting_again_and_again_leaks_nothing),
        cmocka_unit_test(running_out_of_grants_or_ports_is_waited_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
