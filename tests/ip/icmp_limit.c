/* SPDX-License-Identifier: ISC */
/* The rate of ICMP errors: enough for who asks honestly, nothing to learn for who does not. */
#include "ip/icmp_limit.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "support/ip_world.h"

static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_IP);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

/* How many of n at once are allowed. */
static unsigned burst(const struct ms_addr *addr, unsigned n)
{
    unsigned allowed = 0;

    while (n-- > 0)
        allowed += ms_icmp_limit_allow(w.stack, addr);
    return allowed;
}

static void a_few_at_once_then_three_a_second(void **state)
{
    struct ms_addr addr = world_addr("192.0.2.9");
    unsigned allowed = 0;

    (void)state;
    assert_in_range(burst(&addr, 100), ICMP_LIMIT_BURST_MIN, ICMP_LIMIT_BURST_MAX);
    for (unsigned i = 0; i < 10000; i++) { /* ten seconds of a thousand a second */
        world_advance(&w, 1000);
        allowed += ms_icmp_limit_allow(w.stack, &addr);
    }
    assert_in_range(allowed, 24, 35);
}

/* How many come at once is not always the same. */
/* proves: C13 */
static void the_size_of_a_bucket_is_random(void **state)
{
    struct ms_addr addr = world_addr("192.0.2.9");
    unsigned seen = 0;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        seen |= 1u << burst(&addr, 1);
        for (unsigned k = 0; k < 10; k++)
            ms_icmp_limit_allow(w.stack, &addr);
        world_advance(&w, 20000000);
        seen |= 1u << burst(&addr, 5);
        world_advance(&w, 20000000);
    }
    assert_true(seen & 1u << 5);
    assert_true(seen & 1u << 4);
}

/* A thousand probes in somebody's name leave most others' buckets untouched. */
/* proves: C13, F19 */
static void one_destination_says_nothing_about_another(void **state)
{
    struct ms_addr victim = world_addr("192.0.2.9");
    struct ms_addr other = world_addr("198.51.100.0");
    unsigned untouched = 0;

    (void)state;
    burst(&victim, 1000);
    for (unsigned i = 0; i < 8; i++) {
        other.bytes[15] = (uint8_t)i;
        untouched += ms_icmp_limit_allow(w.stack, &other);
    }
    assert_true(untouched >= 7);
}

/* From however many sources, below a hundred a second in the long run. */
/* proves: R14 */
static void all_together_stay_below_a_hundred_a_second(void **state)
{
    struct ms_addr addr = world_addr("10.0.0.0");
    unsigned allowed = 0;
    unsigned first = 0;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) { /* ten seconds of ten thousand sources a second */
        store_be32(addr.bytes + 12, i * 2654435761u);
        world_advance(&w, 100);
        allowed += ms_icmp_limit_allow(w.stack, &addr);
        if (i == 9999)
            first = allowed;
    }
    assert_true(first <= ICMP_LIMIT_BUCKETS * (ICMP_LIMIT_BURST_MAX + 4));
    assert_true(allowed - first <= 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(a_few_at_once_then_three_a_second),
        T(the_size_of_a_bucket_is_random),
        T(one_destination_says_nothing_about_another),
        T(all_together_stay_below_a_hundred_a_second),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
