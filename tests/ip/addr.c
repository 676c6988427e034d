/* SPDX-License-Identifier: ISC */
/* Addresses of interfaces, and which of them a packet is from. */
#include "ip/addr.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ip/ip_floor.h"
#include "support/fixture.h"

enum { SECOND_US = 1000000 };

static enum ms_error add(struct fixture *f, const char *text, uint8_t len)
{
    struct ms_addr wanted = addr(text);

    return ms_netif_add_addr(f->netif, &wanted, len, false);
}

static void refuses_addresses_that_no_host_has(void **state)
{
    static const char *const bad[] = { "0.0.0.0",   "0.1.2.3",         "127.0.0.1", "224.0.0.1",
                                       "240.0.0.1", "255.255.255.255", "::",        "::1",
                                       "ff02::1",   "::10.0.0.1" };
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    fixture_open(&f, &config);
    for (size_t i = 0; i < MS_ARRAY_LEN(bad); i++)
        assert_int_equal(add(&f, bad[i], 8), MS_ERROR_INVALID);
    assert_int_equal(add(&f, "10.0.0.1", 33), MS_ERROR_INVALID);
    assert_int_equal(add(&f, "2001:db8::1", 129), MS_ERROR_INVALID);
    assert_int_equal(add(&f, "10.0.0.1", 32), MS_OK);
    assert_int_equal(add(&f, "10.0.0.1", 24), MS_ERROR_IN_USE);
    for (uint8_t i = 1; i < NETIF_ADDRS; i++) {
        struct ms_addr more = ms_addr_ipv4(10, 0, 1, i);

        assert_int_equal(ms_netif_add_addr(f.netif, &more, 24, false), MS_OK);
    }
    assert_int_equal(add(&f, "10.0.2.1", 24), MS_ERROR_NO_MEMORY);
    fixture_close(&f);
}

static void lists_addresses_as_they_were_given(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_addr ours = addr("10.0.0.1");
    struct ms_netif_addr entry;

    (void)state;
    fixture_open(&f, &config);
    assert_false(ms_netif_addr(f.netif, 0, &entry));
    assert_int_equal(add(&f, "10.0.0.1", 24), MS_OK);
    assert_true(ms_netif_addr(f.netif, 0, &entry));
    assert_true(ms_addr_equal(&entry.addr, &ours));
    assert_int_equal(entry.prefix_len, 24);
    assert_int_equal(entry.state, MS_ADDR_PREFERRED);
    assert_false(entry.is_automatic);
    assert_true(entry.valid_until_us == UINT64_MAX);
    assert_false(ms_netif_addr(f.netif, 1, &entry));
    fixture_close(&f);
}

static void an_address_brings_and_takes_the_route_to_its_network(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_addr first = addr("10.0.0.1");
    struct ms_addr second = addr("10.0.0.2");
    struct ms_addr neighbor = addr("10.0.0.9");

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(ms_netif_remove_addr(f.netif, &first), MS_ERROR_NO_ADDRESS);
    assert_int_equal(add(&f, "10.0.0.1", 24), MS_OK);
    assert_int_equal(add(&f, "10.0.0.2", 24), MS_OK);
    assert_non_null(ms_route_find(f.stack, &neighbor, NULL));
    assert_int_equal(ms_netif_remove_addr(f.netif, &first), MS_OK);
    assert_non_null(ms_route_find(f.stack, &neighbor, NULL)); /* the other's too */
    assert_int_equal(ms_netif_remove_addr(f.netif, &second), MS_OK);
    assert_null(ms_route_find(f.stack, &neighbor, NULL));
    assert_false(ms_ip_is_own(f.stack, &second));
    fixture_close(&f);
}

/* Such as those that a router's prefix makes: the route is the router's. */
static void an_address_without_a_route_keeps_no_route_alive(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_addr bare = addr("2001:db8::1"), own = addr("2001:db8::2");
    struct ms_addr neighbor = addr("2001:db8::9");
    struct addr_options options = { .addr = &bare, .prefix_len = 64, .valid_until_us = UINT64_MAX };

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(ms_addr_add(f.netif, &options, NULL), MS_OK);
    assert_null(ms_route_find(f.stack, &neighbor, NULL));
    for (unsigned is_bare_first = 0; is_bare_first < 2; is_bare_first++) {
        assert_int_equal(add(&f, "2001:db8::2", 64), MS_OK);
        assert_non_null(ms_route_find(f.stack, &neighbor, NULL));
        if (is_bare_first) {
            assert_int_equal(ms_netif_remove_addr(f.netif, &bare), MS_OK);
            assert_non_null(ms_route_find(f.stack, &neighbor, NULL));
        }
        assert_int_equal(ms_netif_remove_addr(f.netif, &own), MS_OK);
        assert_null(ms_route_find(f.stack, &neighbor, NULL));
    }
    fixture_discard(f.netif);
    fixture_close(&f);
}

static void joins_and_leaves_the_solicited_node_group(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_addr ours = addr("2001:db8::1:2:3");
    struct ms_addr group = addr("ff02::1:ff02:3");
    struct ms_addr made = ms_addr_solicited_node(&ours);

    (void)state;
    fixture_open(&f, &config);
    assert_true(ms_addr_equal(&made, &group));
    assert_int_equal(add(&f, "2001:db8::1:2:3", 64), MS_OK);
    assert_true(ms_group_is_joined(f.netif, &group));
    assert_int_equal(ms_netif_remove_addr(f.netif, &ours), MS_OK);
    assert_false(ms_group_is_joined(f.netif, &group));
    fixture_close(&f);
}

static void ages_from_preferred_to_deprecated_to_gone(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_addr ours = addr("2001:db8::1");
    struct addr_options options = { .addr = &ours, .prefix_len = 64, .adds_route = true };
    struct netif_addr *entry;

    (void)state;
    fixture_open(&f, &config);
    options.preferred_until_us = f.stack->now_us + 10 * SECOND_US;
    options.valid_until_us = f.stack->now_us + 20 * SECOND_US;
    assert_int_equal(ms_addr_add(f.netif, &options, &entry), MS_OK);
    fixture_advance(&f, 9 * SECOND_US);
    assert_int_equal(entry->state, MS_ADDR_PREFERRED);
    fixture_advance(&f, 2 * SECOND_US);
    assert_int_equal(entry->state, MS_ADDR_DEPRECATED);
    assert_true(ms_ip_is_own(f.stack, &ours));
    ms_addr_set_lifetimes(entry, f.stack->now_us + 20 * SECOND_US,
                          f.stack->now_us + 10 * SECOND_US);
    assert_int_equal(entry->state, MS_ADDR_PREFERRED);
    fixture_advance(&f, 21 * SECOND_US);
    assert_null(ms_addr_find(f.netif, &ours));
    assert_false(ms_ip_is_own(f.stack, &ours));
    fixture_discard(f.netif);
    fixture_close(&f);
}

struct source_case {
    const char *remote, *source;
};

/* RFC 6724, 5, rules 2 and 8, and IPv4's nearest. */
static const struct source_case source_cases[] = {
    { "fe80::9", "fe80::1" },
    { "ff02::1", "fe80::1" },
    { "ff05::1", "2001:db8:1::1" },
    { "2001:db8:1::9", "2001:db8:1::1" },
    { "2001:db8:2::9", "2001:db8:2::1" },
    { "2001:db8:3::9", "2001:db8:2::1" },
    { "2400::1", "2001:db8:1::1" },
    { "10.1.0.9", "10.1.0.1" },
    { "10.2.0.9", "10.2.0.1" },
    { "8.8.8.8", "10.1.0.1" },
};

static void chooses_the_source_by_scope_and_nearness(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_addr remote = addr("2001:db8:1::9");
    struct ms_addr tentative = addr("2001:db8:2::8");
    struct ms_addr expected = addr("2001:db8:2::1");
    const struct netif_addr *source;

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(add(&f, "10.1.0.1", 24), MS_OK);
    assert_int_equal(add(&f, "10.2.0.1", 24), MS_OK);
    assert_int_equal(add(&f, "fe80::1", 64), MS_OK);
    assert_int_equal(add(&f, "2001:db8:1::1", 64), MS_OK);
    assert_int_equal(add(&f, "2001:db8:2::1", 64), MS_OK);
    for (size_t i = 0; i < MS_ARRAY_LEN(source_cases); i++) {
        struct ms_addr to = addr(source_cases[i].remote);
        struct ms_addr from = addr(source_cases[i].source);

        source = ms_addr_select_source(f.netif, &to, &to);
        assert_non_null(source);
        if (!ms_addr_equal(&source->addr, &from))
            fail_msg("case %zu", i);
    }
    /* Rule 3: a deprecated one only if there is no other; a tentative one never. */
    assert_int_equal(ms_netif_add_addr(f.netif, &tentative, 64, true), MS_OK);
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        if (f.netif->addrs[i].addr.bytes[5] == 1 && f.netif->addrs[i].addr.bytes[15] == 1)
            f.netif->addrs[i].state = MS_ADDR_DEPRECATED;
    }
    ms_addr_find(f.netif, &tentative)->state = MS_ADDR_TENTATIVE;
    source = ms_addr_select_source(f.netif, &remote, &remote);
    assert_true(ms_addr_equal(&source->addr, &expected));
    assert_null(ms_addr_select_source(&f.netifs[1], &remote, &remote));
    fixture_discard(f.netif);
    fixture_close(&f);
}

/* Rule 2, whatever the order in which addresses came. */
static void prefers_the_scope_of_the_destination(void **state)
{
    struct ms_addr global = addr("2001:db8::1");
    struct ms_addr link_local = addr("fe80::1");
    struct ms_addr remote = addr("fe80::9");
    struct addr_options options = { .prefix_len = 64, .valid_until_us = UINT64_MAX };
    struct ms_config config = fixture_config();
    struct fixture f;

    (void)state;
    options.preferred_until_us = UINT64_MAX;
    fixture_open(&f, &config);
    options.addr = &global;
    assert_int_equal(ms_addr_add(f.netif, &options, NULL), MS_OK);
    options.addr = &link_local;
    assert_int_equal(ms_addr_add(f.netif, &options, NULL), MS_OK);
    assert_true(
        ms_addr_equal(&ms_addr_select_source(f.netif, &remote, &remote)->addr, &link_local));
    assert_ptr_equal(ms_addr_link_local(f.netif), &f.netif->addrs[1].addr);
    fixture_close(&f);
}

static void compares_prefixes_bit_by_bit(void **state)
{
    struct ms_addr a = addr("2001:db8::1");
    struct ms_addr b = a;

    (void)state;
    for (unsigned bit = 0; bit < 128; bit++) {
        b.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        for (unsigned len = 0; len <= 128; len++)
            assert_int_equal(ms_addr_prefix_equal(&a, &b, len), len <= bit);
        b = a;
    }
    assert_true(ms_addr_prefix_equal(&a, &b, 128));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_addresses_that_no_host_has),
        cmocka_unit_test(lists_addresses_as_they_were_given),
        cmocka_unit_test(an_address_brings_and_takes_the_route_to_its_network),
        cmocka_unit_test(an_address_without_a_route_keeps_no_route_alive),
        cmocka_unit_test(joins_and_leaves_the_solicited_node_group),
        cmocka_unit_test(ages_from_preferred_to_deprecated_to_gone),
        cmocka_unit_test(chooses_the_source_by_scope_and_nearness),
        cmocka_unit_test(prefers_the_scope_of_the_destination),
        cmocka_unit_test(compares_prefixes_bit_by_bit),
    };

    return cmocka_run_group_tests_name("ip/addr", tests, NULL, NULL);
}
