/* SPDX-License-Identifier: ISC */
/* Routes: the longest prefix, the pinned interface, the earlier, the one that is up. */
#include "ip/route.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ip/ip_floor.h"
#include "support/fixture.h"

static enum ms_error add(struct fixture *f, const char *prefix, uint8_t len, const char *gateway,
                         unsigned netif)
{
    struct ms_addr p = addr(prefix);
    struct ms_addr g = gateway ? addr(gateway) : (struct ms_addr){ .bytes = { 0 } };

    return ms_route_add(f->stack, &p, len, &g, &f->netifs[netif]);
}

static enum ms_error take_away(struct fixture *f, const char *prefix, uint8_t len)
{
    struct ms_addr p = addr(prefix);

    return ms_route_remove(f->stack, &p, len, NULL);
}

/* The length of prefix and the interface that an address is routed by; -1: none. */
static int found(struct fixture *f, const char *text, const struct ms_netif *pinned)
{
    struct ms_addr wanted = addr(text);
    const struct route *route = ms_route_find(f->stack, &wanted, pinned);

    return route ? (int)(route->prefix_len * 10u + route->netif->number) : -1;
}

static void the_longest_prefix_wins(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(add(&f, "10.0.0.0", 8, NULL, 0), MS_OK);
    assert_int_equal(add(&f, "0.0.0.0", 0, "10.0.0.254", 0), MS_OK);
    assert_int_equal(add(&f, "10.1.2.0", 23, NULL, 1), MS_OK);
    assert_int_equal(add(&f, "10.1.0.0", 16, NULL, 0), MS_OK);
    assert_int_equal(add(&f, "10.1.2.3", 32, NULL, 0), MS_OK);
    assert_int_equal(found(&f, "10.1.2.3", NULL), 1280);
    assert_int_equal(found(&f, "10.1.3.3", NULL), 1191);
    assert_int_equal(found(&f, "10.1.4.3", NULL), 1120);
    assert_int_equal(found(&f, "10.2.0.0", NULL), 1040);
    assert_int_equal(found(&f, "11.0.0.0", NULL), 960);
    fixture_close(&f);
}

static void families_have_nothing_to_do_with_each_other(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(add(&f, "::", 0, "fe80::1", 0), MS_OK);
    assert_int_equal(found(&f, "10.0.0.1", NULL), -1);
    assert_int_equal(found(&f, "2001:db8::1", NULL), 0);
    assert_int_equal(add(&f, "0.0.0.0", 0, "10.0.0.1", 1), MS_OK);
    assert_int_equal(found(&f, "10.0.0.1", NULL), 961);
    assert_int_equal(found(&f, "2001:db8::1", NULL), 0);
    assert_int_equal(take_away(&f, "::", 0), MS_OK);
    assert_int_equal(found(&f, "2001:db8::1", NULL), -1);
    fixture_close(&f);
}

static void among_equals_the_pinned_then_the_one_that_is_up_then_the_earlier(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(add(&f, "10.0.0.0", 8, NULL, 1), MS_OK);
    assert_int_equal(add(&f, "10.0.0.0", 8, NULL, 0), MS_OK);
    assert_int_equal(found(&f, "10.0.0.1", NULL), 1041);
    assert_int_equal(found(&f, "10.0.0.1", &f.netifs[0]), 1040);
    f.netifs[1].is_up = false;
    assert_int_equal(found(&f, "10.0.0.1", NULL), 1040);
    f.netifs[0].is_up = false;
    assert_int_equal(found(&f, "10.0.0.1", NULL), 1041);
    fixture_close(&f);
}

static void a_changed_route_makes_paths_old(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    uint32_t generation;

    (void)state;
    fixture_open(&f, &config);
    generation = f.stack->path_generation;
    assert_int_equal(add(&f, "10.0.0.0", 8, NULL, 1), MS_OK);
    assert_int_not_equal(f.stack->path_generation, generation);
    generation = f.stack->path_generation;
    assert_int_equal(take_away(&f, "10.0.0.0", 8), MS_OK);
    assert_int_not_equal(f.stack->path_generation, generation);
    f.stack->path_generation = UINT32_MAX;
    ms_paths_changed(f.stack);
    assert_int_equal(f.stack->path_generation, 1); /* 0 is what no path ever is */
    fixture_close(&f);
}

static void refuses_what_makes_no_sense_and_more_than_fits(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_addr prefix = addr("10.0.0.0");
    struct ms_addr gateway = addr("10.0.0.9");

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(add(&f, "10.0.0.0", 33, NULL, 0), MS_ERROR_INVALID);
    assert_int_equal(add(&f, "2001:db8::", 129, NULL, 0), MS_ERROR_INVALID);
    assert_int_equal(add(&f, "10.0.0.0", 8, "fe80::1", 0), MS_ERROR_INVALID);
    assert_int_equal(add(&f, "10.0.0.0", 8, "224.0.0.1", 0), MS_ERROR_INVALID);
    assert_int_equal(ms_route_add(f.stack, &prefix, 8, NULL, NULL), MS_ERROR_INVALID);
    assert_int_equal(ms_route_add(f.stack, &prefix, 8, &gateway, NULL), MS_ERROR_INVALID);
    fixture_add_addr(&f.netifs[1], "10.0.0.1", 24);
    assert_int_equal(ms_route_add(f.stack, &prefix, 8, &gateway, NULL), MS_OK);
    assert_int_equal(found(&f, "10.9.9.9", NULL), 1041); /* the gateway's interface */
    assert_int_equal(add(&f, "10.0.0.1", 8, "10.0.0.9", 1), MS_ERROR_IN_USE);
    for (uint8_t len = 10; len < 17; len++)
        assert_int_equal(add(&f, "192.168.0.0", len, NULL, 0), MS_OK);
    assert_int_equal(add(&f, "192.168.0.0", 20, NULL, 0), MS_ERROR_NO_MEMORY);
    fixture_add_addr(f.netif, "10.2.0.1", 24); /* addresses have room of their own */
    assert_int_equal(found(&f, "10.2.0.2", NULL), 1200);
    assert_int_equal(take_away(&f, "172.16.0.0", 12), MS_ERROR_NO_ROUTE);
    assert_int_equal(take_away(&f, "10.2.0.0", 24), MS_ERROR_NO_ROUTE); /* not his */
    assert_int_equal(take_away(&f, "192.168.0.0", 16), MS_OK);
    assert_int_equal(add(&f, "192.168.0.0", 20, NULL, 0), MS_OK);
    fixture_close(&f);
}

static void an_interface_that_goes_takes_its_routes_along(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(add(&f, "10.0.0.0", 8, NULL, 0), MS_OK);
    assert_int_equal(add(&f, "10.1.0.0", 16, NULL, 1), MS_OK);
    assert_int_equal(add(&f, "10.2.0.0", 16, NULL, 1), MS_OK);
    ms_route_flush(&f.netifs[1]);
    assert_int_equal(found(&f, "10.1.0.1", NULL), 1040);
    assert_int_equal(f.stack->ip->routes.count, 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_prefix_wins),
        cmocka_unit_test(families_have_nothing_to_do_with_each_other),
        cmocka_unit_test(among_equals_the_pinned_then_the_one_that_is_up_then_the_earlier),
        cmocka_unit_test(a_changed_route_makes_paths_old),
        cmocka_unit_test(refuses_what_makes_no_sense_and_more_than_fits),
        cmocka_unit_test(an_interface_that_goes_takes_its_routes_along),
    };

    return cmocka_run_group_tests_name("ip/route", tests, NULL, NULL);
}
