/* SPDX-License-Identifier: ISC */
/* The path MTU cache: learnt, lowered, forgotten, bounded. */
#include "ip/path_mtu.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ip/ip.h"
#include "ip/ip_floor.h"
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

static void lower(const char *remote, uint32_t mtu)
{
    struct ms_addr addr = world_addr(remote);

    ms_ip_lower_mtu(w.stack, &addr, mtu);
}

static uint32_t mtu_of(const char *remote)
{
    struct ms_addr addr = world_addr(remote);

    return ms_path_mtu_get(w.stack, &addr, 1500);
}

/* v6LC 4.1.2 */
static void what_was_learnt_holds_for_one_destination(void **state)
{
    (void)state;
    assert_int_equal(mtu_of("2001:db8::1"), 1500);
    lower("2001:db8::1", 1400);
    assert_int_equal(mtu_of("2001:db8::1"), 1400);
    assert_int_equal(mtu_of("2001:db8::2"), 1500);
    lower("192.0.2.1", 600);
    assert_int_equal(mtu_of("192.0.2.1"), 600);
}

/* v6LC 4.1.7: an error never raises the estimate; the link's own MTU bounds it. */
static void it_is_only_ever_lowered(void **state)
{
    uint32_t generation;

    (void)state;
    lower("2001:db8::1", 1400);
    generation = w.stack->path_generation;
    lower("2001:db8::1", 1450);
    lower("2001:db8::1", 1400);
    assert_int_equal(mtu_of("2001:db8::1"), 1400);
    assert_int_equal(w.stack->path_generation, generation);
    lower("2001:db8::1", 1280);
    assert_int_equal(mtu_of("2001:db8::1"), 1280);
    assert_int_not_equal(w.stack->path_generation, generation);
    assert_int_equal(ms_stack_counters(w.stack)->icmp_path_mtu_updates, 2);
    lower("2001:db8::2", 9000);
    assert_int_equal(mtu_of("2001:db8::2"), 1500);
}

/* v6LC 4.1.8 */
static void it_is_forgotten_after_ten_minutes(void **state)
{
    (void)state;
    lower("2001:db8::1", 1400);
    world_advance(&w, 599999999);
    assert_int_equal(mtu_of("2001:db8::1"), 1400);
    world_advance(&w, 1);
    assert_int_equal(mtu_of("2001:db8::1"), 1500);
    assert_int_equal(w.stack->ip->path_mtus.used, 0);
    lower("2001:db8::1", 1450); /* higher than what was forgotten */
    assert_int_equal(mtu_of("2001:db8::1"), 1450);
}

/* Full, it takes the place of a random other; the newest is always known. */
/* proves: C14 */
static void it_is_bounded(void **state)
{
    unsigned known = 0;
    struct ms_addr addr = world_addr("10.0.0.0");

    (void)state;
    for (unsigned i = 1; i <= 1000; i++) {
        store_be16(addr.bytes + 14, (uint16_t)i);
        ms_ip_lower_mtu(w.stack, &addr, 1000);
        assert_int_equal(ms_path_mtu_get(w.stack, &addr, 1500), 1000);
    }
    for (unsigned i = 1; i <= 1000; i++) {
        store_be16(addr.bytes + 14, (uint16_t)i);
        known += ms_path_mtu_get(w.stack, &addr, 1500) == 1000;
    }
    assert_int_equal(known, 8);
    assert_int_equal(w.stack->ip->path_mtus.used, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(what_was_learnt_holds_for_one_destination),
        T(it_is_only_ever_lowered),
        T(it_is_forgotten_after_ten_minutes),
        T(it_is_bounded),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
