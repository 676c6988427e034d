/* SPDX-License-Identifier: ISC */
/*
 * The Xen frontend while another thread writes into its rings, as a backend on another processor
 * does. Built with the thread sanitizer, it shows that shared memory is read by the accessor only.
 */
#include "support/random.h"
#include "support/xen_bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { ROUNDS = 200, POLLS = 60, WORDS = PAGE_BYTES / 4, HEAD_WORDS = 4 };

static struct xen_bench bench;

/* What the thread may write to; it waits while there is nothing. */
static _Atomic(uint32_t *) rings[2];
static atomic_bool is_over, is_writing;
static atomic_ulong writes;

static void scribble(struct dice *dice, uint32_t *ring)
{
    uint32_t at = dice_below(dice, 8) == 0 ? dice_below(dice, HEAD_WORDS) : dice_below(dice, WORDS);
    uint32_t old = __atomic_load_n(ring + at, __ATOMIC_RELAXED), value = old;

    switch (dice_below(dice, 4)) {
    case 0: value = (uint32_t)dice_u64(dice); break;
    case 1: value = old ^ 1u << dice_below(dice, 32); break;
    case 2: value = old + 1; break;
    default: value = old % RING_SLOTS; break;
    }
    __atomic_store_n(ring + at, value, __ATOMIC_RELEASE);
}

static void *backend(void *arg)
{
    struct dice dice = { .state = 42 };

    (void)arg;
    while (!atomic_load(&is_over)) {
        bool has_ring = false;

        atomic_store(&is_writing, true);
        for (unsigned i = 0; i < 2; i++) {
            uint32_t *ring = atomic_load(&rings[i]);

            if (!ring)
                continue;
            has_ring = true;
            for (unsigned j = 0; j < 16; j++)
                scribble(&dice, ring);
            atomic_fetch_add(&writes, 16);
        }
        atomic_store(&is_writing, false);
        if (!has_ring)
            (void)sched_yield();
    }
    return NULL;
}

/* The backend's thread leaves the rings alone from now on. */
static void stop_writing(void)
{
    atomic_store(&rings[0], NULL);
    atomic_store(&rings[1], NULL);
    while (atomic_load(&is_writing))
        (void)sched_yield();
}

/* Lets the other thread have its turn; on one processor it might have none. */
static void wait_for_writes(void)
{
    unsigned long before = atomic_load(&writes);

    while (atomic_load(&writes) == before)
        (void)sched_yield();
}

static void send_if_it_can(unsigned mark)
{
    struct ms_frame *frame = make_test_frame(&bench.live, 60, mark);

    if (send_frame(bench.device, frame) == 0)
        ms_frame_put(frame);
}

/* proves: X01 */
static void survives_a_backend_on_another_processor(void **state)
{
    pthread_t thread;

    (void)state;
    xen_bench_connect(&bench);
    assert_int_equal(pthread_create(&thread, NULL, backend, NULL), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        atomic_store(&rings[0], (uint32_t *)(void *)xen_tx_ring(&bench.xen, 0));
        atomic_store(&rings[1], (uint32_t *)(void *)xen_rx_ring(&bench.xen, 0));
        for (unsigned j = 0; j < POLLS && ms_netfront_is_up(bench.nf); j++) {
            send_if_it_can(j);
            if (j % 4 == 0)
                wait_for_writes();
            (void)xen_bench_poll(&bench, 10);
            sink_empty(&bench.up);
        }
        stop_writing();
        if (ms_netfront_state(bench.nf) == MS_NETFRONT_CONNECTED)
            ms_netfront_shut_down(bench.nf);
        xen_bench_settle(&bench);
        xen_bench_comes_back(&bench);
    }
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&writes) > ROUNDS);
    assert_true(xen_bench_stats(&bench).breaks > ROUNDS / 2);
    xen_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_a_backend_on_another_processor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
