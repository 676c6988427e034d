/* SPDX-License-Identifier: ISC */
/* Groups: joined and left by count, reported when asked for, by both protocols. */
#include "ip/group.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/ip_world.h"
#include "wire/igmp.h"
#include "wire/ipv6.h"
#include "wire/mld.h"

#define GROUP4  "239.1.2.3"
#define GROUP6  "ff05::1234"
#define ROUTER6 "fe80::ffff"

static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_ETHERNET);
    return 0;
}

static int open_with_addresses(void **state)
{
    open_world(state);
    world_add_addr(&w, "192.0.2.1", 24);
    world_add_addr(&w, "fe80::1", 64);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static enum ms_error join(const char *text)
{
    struct ms_addr group = world_addr(text);

    return ms_group_join(w.netif, &group);
}

static enum ms_error leave(const char *text)
{
    struct ms_addr group = world_addr(text);

    return ms_group_leave(w.netif, &group);
}

static bool is_joined(const char *text)
{
    struct ms_addr group = world_addr(text);

    return ms_group_is_joined(w.netif, &group);
}

/* Lets in an IGMP message: the first word of its body is the group. */
static enum ms_drop igmp(uint8_t type, uint8_t max_response, const char *group, const char *to)
{
    struct ms_addr addr = world_addr(group);
    struct message m = {
        .from = "192.0.2.254",
        .to = to,
        .hop_limit = 1,
        .type = type,
        .code = max_response,
        .rest = load_be32(addr.bytes + 12),
        .protocol = IP_PROTOCOL_IGMP,
    };

    return world_message(&w, &m);
}

static enum ms_drop mld(uint8_t type, uint32_t max_response_ms, const char *group, const char *from)
{
    struct ms_addr addr = world_addr(group);
    struct message m = {
        .from = from,
        .to = type == ICMPV6_MLD_QUERY ? "ff02::1" : group,
        .type = type,
        .rest = max_response_ms << 16,
        .body = addr.bytes,
        .body_len = 16,
    };

    return world_message(&w, &m);
}

static unsigned count_type(uint8_t type)
{
    struct sent_message sent;
    unsigned count = 0;

    while (world_sent(&w, &sent))
        count += sent.body && sent.type == type;
    return count;
}

static void joins_are_counted(void **state)
{
    (void)state;
    assert_false(is_joined(GROUP4));
    assert_int_equal(join(GROUP4), MS_OK);
    assert_int_equal(join(GROUP4), MS_OK);
    assert_int_equal(leave(GROUP4), MS_OK);
    assert_true(is_joined(GROUP4));
    assert_int_equal(leave(GROUP4), MS_OK);
    assert_false(is_joined(GROUP4));
    assert_int_equal(leave(GROUP4), MS_ERROR_INVALID);
    assert_int_equal(join("192.0.2.7"), MS_ERROR_INVALID);
    assert_int_equal(join("2001:db8::1"), MS_ERROR_INVALID);
}

static void every_node_belongs_to_all_nodes(void **state)
{
    (void)state;
    assert_true(is_joined("224.0.0.1"));
    assert_true(is_joined("ff02::1"));
    assert_true(is_joined("ff01::1"));
    assert_false(is_joined("224.0.0.2"));
    assert_false(is_joined("ff02::2"));
    assert_false(is_joined("ff05::1"));
}

static void a_full_table_is_a_status(void **state)
{
    struct ms_addr group = world_addr(GROUP4);
    unsigned joined = 0;
    enum ms_error error;

    (void)state;
    do {
        group.bytes[15]++;
        error = ms_group_join(w.netif, &group);
        joined += error == MS_OK;
    } while (error == MS_OK);
    assert_int_equal(error, MS_ERROR_NO_MEMORY);
    assert_int_equal(joined, 8 + NETIF_ADDRS);
    group.bytes[15]--;
    assert_int_equal(ms_group_leave(w.netif, &group), MS_OK);
    assert_int_equal(join(GROUP6), MS_OK);
}

/* --- What the device is told --- */

enum { TOLD_MAX = 32 };

static struct told {
    uint8_t mac[6];
    int joins;
} told[TOLD_MAX];
static unsigned told_count;

static int *told_of(const uint8_t mac[6])
{
    unsigned i = 0;

    while (i < told_count && memcmp(told[i].mac, mac, 6) != 0)
        i++;
    assert_true(i < TOLD_MAX);
    if (i == told_count)
        memcpy(told[told_count++].mac, mac, 6);
    return &told[i].joins;
}

static void note_group(struct ms_driver *driver, const uint8_t mac[6], bool is_joined)
{
    (void)driver;
    *told_of(mac) += is_joined ? 1 : -1;
}

static unsigned transmit_nothing(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    (void)driver;
    (void)frames;
    (void)n;
    return 0;
}

/* An interface of its own that notes what its driver is told. */
static struct ms_netif *attach_noting(struct ms_driver *driver, enum ms_medium medium)
{
    static const struct ms_driver_ops ops = { .transmit = transmit_nothing,
                                              .set_group = note_group };
    struct ms_netif *netif;

    told_count = 0;
    memset(told, 0, sizeof told);
    *driver = (struct ms_driver){ .ops = &ops, .medium = medium, .mtu = 1500, .slices_max = 4 };
    ms_netif_detach(w.netif);
    assert_int_equal(ms_netif_attach(w.stack, driver, &netif), MS_OK);
    w.netif = netif;
    return netif;
}

static int joins_told(const char *mac) { return *told_of((const uint8_t *)mac); }

static void the_device_is_told_of_every_group_that_is_listened_to(void **state)
{
    struct ms_driver driver;

    (void)state;
    attach_noting(&driver, MS_MEDIUM_ETHERNET);
    assert_int_equal(told_count, 2);
    assert_int_equal(joins_told("\x01\x00\x5e\x00\x00\x01"), 1);
    assert_int_equal(joins_told("\x33\x33\x00\x00\x00\x01"), 1);
    world_add_addr(&w, "fe80::12:3456", 64);
    assert_int_equal(joins_told("\x33\x33\xff\x12\x34\x56"), 1);
    assert_int_equal(join("239.129.2.3"), MS_OK);
    assert_int_equal(join("239.129.2.3"), MS_OK);
    assert_int_equal(join("239.1.2.3"), MS_OK); /* of the same address */
    assert_int_equal(joins_told("\x01\x00\x5e\x01\x02\x03"), 2);
    assert_int_equal(leave("239.129.2.3"), MS_OK);
    assert_int_equal(joins_told("\x01\x00\x5e\x01\x02\x03"), 2);
    assert_int_equal(leave("239.129.2.3"), MS_OK);
    assert_int_equal(joins_told("\x01\x00\x5e\x01\x02\x03"), 1);
    ms_netif_detach(w.netif);
    for (unsigned i = 0; i < told_count; i++)
        assert_int_equal(told[i].joins, 0);
    attach_noting(&driver, MS_MEDIUM_IP); /* without such addresses */
    assert_int_equal(join(GROUP4), MS_OK);
    assert_int_equal(told_count, 0);
}

/* --- Reports --- */

/* RFC 2236, 6; RFC 2710, 5: of these, nobody is told. */
static void groups_of_everybody_are_not_reported(void **state)
{
    (void)state;
    assert_int_equal(join("224.0.0.1"), MS_OK);
    assert_int_equal(join("ff02::1"), MS_OK);
    assert_int_equal(join("ff01::99"), MS_OK);
    world_advance(&w, 60000000);
    assert_int_equal(igmp(IGMP_QUERY, 10, "0.0.0.0", "224.0.0.1"), MS_DROP_NONE);
    assert_int_equal(mld(ICMPV6_MLD_QUERY, 100, "::", ROUTER6), MS_DROP_NONE);
    world_advance(&w, 60000000);
    assert_int_equal(count_type(IGMP_REPORT_V2), 0);
    world_discard(&w);
    assert_int_equal(count_type(ICMPV6_MLD_REPORT), 0);
}

static void a_query_is_answered_within_its_time(void **state)
{
    (void)state;
    join(GROUP4);
    join("239.9.9.9");
    join(GROUP6);
    world_advance(&w, 60000000);
    world_discard(&w);
    assert_int_equal(igmp(IGMP_QUERY, 10, "0.0.0.0", "224.0.0.1"), MS_DROP_NONE);
    world_advance(&w, 1000000);
    assert_int_equal(count_type(IGMP_REPORT_V2), 2);
    assert_int_equal(igmp(IGMP_QUERY, 10, GROUP4, GROUP4), MS_DROP_NONE);
    world_advance(&w, 1000000);
    assert_int_equal(count_type(IGMP_REPORT_V2), 1);
    assert_int_equal(mld(ICMPV6_MLD_QUERY, 1000, GROUP6, ROUTER6), MS_DROP_NONE);
    world_advance(&w, 1000000);
    assert_int_equal(count_type(ICMPV6_MLD_REPORT), 1);
    assert_int_equal(mld(ICMPV6_MLD_QUERY, 1000, "::", ROUTER6), MS_DROP_NONE);
    world_advance(&w, 1000000);
    assert_int_equal(count_type(ICMPV6_MLD_REPORT), 2); /* and the solicited-node group */
}

/* No time at all is the least there is. */
/* proves: E17 */
static void a_query_without_time_is_answered_soon(void **state)
{
    (void)state;
    join(GROUP6);
    world_advance(&w, 60000000);
    world_discard(&w);
    assert_int_equal(mld(ICMPV6_MLD_QUERY, 0, GROUP6, ROUTER6), MS_DROP_NONE);
    world_advance(&w, 100000);
    assert_int_equal(count_type(ICMPV6_MLD_REPORT), 1);
}

static void a_later_query_does_not_delay_the_answer(void **state)
{
    (void)state;
    join(GROUP4);
    world_advance(&w, 60000000);
    world_discard(&w);
    igmp(IGMP_QUERY, 10, GROUP4, GROUP4);
    for (unsigned i = 0; i < 9; i++) {
        igmp(IGMP_QUERY, 100, GROUP4, GROUP4);
        world_advance(&w, 111112);
    }
    assert_int_equal(count_type(IGMP_REPORT_V2), 1);
}

static void another_members_report_spares_ours(void **state)
{
    (void)state;
    join(GROUP4);
    join(GROUP6);
    world_advance(&w, 60000000);
    world_discard(&w);
    igmp(IGMP_QUERY, 100, GROUP4, GROUP4);
    mld(ICMPV6_MLD_QUERY, 10000, GROUP6, ROUTER6);
    assert_int_equal(igmp(IGMP_REPORT_V2, 0, GROUP4, GROUP4), MS_DROP_NONE);
    assert_int_equal(mld(ICMPV6_MLD_REPORT, 0, GROUP6, "fe80::77"), MS_DROP_NONE);
    world_advance(&w, 20000000);
    leave(GROUP4);
    leave(GROUP6);
    world_advance(&w, 1000000);
    assert_int_equal(world_discard(&w), 0);
}

static void add(const char *text, uint8_t len, bool probe)
{
    struct ms_addr addr = world_addr(text);

    assert_int_equal(ms_netif_add_addr(w.netif, &addr, len, probe), MS_OK);
}

/* Reports of this group, all of them from this address. */
static unsigned count_reports(const char *group, const char *from)
{
    struct ms_addr addr = world_addr(group);
    bool is_ipv4 = ms_addr_is_ipv4(&addr);
    struct sent_message sent;
    unsigned count = 0;

    while (world_sent(&w, &sent)) {
        if (!is_addr(&sent.to, group) ||
            sent.type != (is_ipv4 ? IGMP_REPORT_V2 : ICMPV6_MLD_REPORT))
            continue;
        assert_true(is_addr(&sent.from, from));
        count++;
    }
    return count;
}

/* RFC 2236 has no reports from nobody: they go as soon as there is an address, twice. */
static void groups_joined_before_an_ipv4_address_are_reported_with_it(void **state)
{
    (void)state;
    assert_int_equal(join(GROUP4), MS_OK);
    world_advance(&w, 20000000);
    assert_int_equal(count_reports(GROUP4, ""), 0);
    add("192.0.2.1", 24, true);
    while (w.netif->addrs[0].state == MS_ADDR_TENTATIVE)
        world_advance(&w, 1000);
    world_advance(&w, 1000);
    assert_int_equal(count_reports(GROUP4, "192.0.2.1"), 1);
    world_advance(&w, 10000000);
    assert_int_equal(count_reports(GROUP4, "192.0.2.1"), 1);
    world_advance(&w, 100000000);
    assert_int_equal(count_reports(GROUP4, "192.0.2.1"), 0);
}

static void so_are_those_joined_while_it_was_tentative(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        open_world(state);
        add("192.0.2.1", 24, true);
        world_advance(&w, i * 500000);
        assert_int_equal(join(GROUP4), MS_OK);
        world_advance(&w, 100000000);
        assert_int_equal(count_reports(GROUP4, "192.0.2.1"), 2);
        if (i < 9)
            close_world(state);
    }
}

static void and_where_no_address_needs_to_be_probed(void **state)
{
    (void)state;
    assert_int_equal(join(GROUP4), MS_OK);
    world_advance(&w, 20000000);
    add("192.0.2.1", 24, false);
    world_advance(&w, 1000);
    assert_int_equal(count_reports(GROUP4, "192.0.2.1"), 1);
}

/* RFC 3590, 4: from nobody at once, and again once there is a link-local address. */
static void mld_reports_again_when_there_is_a_link_local_address(void **state)
{
    (void)state;
    assert_int_equal(join(GROUP6), MS_OK);
    world_advance(&w, 20000000);
    assert_int_equal(count_reports(GROUP6, "::"), 2);
    add("fe80::1", 64, true);
    world_advance(&w, 20000000);
    assert_int_equal(count_reports(GROUP6, "fe80::1"), 2);
    add("2001:db8::1", 64, true); /* none that MLD would use */
    world_advance(&w, 20000000);
    assert_int_equal(count_reports(GROUP6, "fe80::1"), 0);
}

/* Its second report would have been the last, and nobody heard the first. */
static void groups_are_reported_when_the_link_comes_up(void **state)
{
    (void)state;
    ms_netif_set_up(w.netif, false);
    assert_int_equal(join(GROUP4), MS_OK);
    assert_int_equal(join(GROUP6), MS_OK);
    world_advance(&w, 20000000);
    ms_netif_set_up(w.netif, true);
    world_advance(&w, 0);
    world_discard(&w);
    ms_netif_set_up(w.netif, true); /* it was */
    world_advance(&w, 20000000);
    assert_int_equal(count_type(IGMP_REPORT_V2), 1);
    ms_netif_set_up(w.netif, false);
    ms_netif_set_up(w.netif, true);
    world_advance(&w, 20000000);
    assert_int_equal(count_type(ICMPV6_MLD_REPORT), 4); /* that of fe80::1 is the other */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_with_addresses, close_world)
        cmocka_unit_test_setup_teardown(joins_are_counted, open_world, close_world),
        T(every_node_belongs_to_all_nodes),
        cmocka_unit_test_setup_teardown(a_full_table_is_a_status, open_world, close_world),
        cmocka_unit_test_setup_teardown(the_device_is_told_of_every_group_that_is_listened_to,
                                        open_world, close_world),
        T(groups_of_everybody_are_not_reported),
        T(a_query_is_answered_within_its_time),
        T(a_query_without_time_is_answered_soon),
        T(a_later_query_does_not_delay_the_answer),
        T(another_members_report_spares_ours),
        T(groups_are_reported_when_the_link_comes_up),
#undef T
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(groups_joined_before_an_ipv4_address_are_reported_with_it),
        T(and_where_no_address_needs_to_be_probed),
        T(mld_reports_again_when_there_is_a_link_local_address),
        cmocka_unit_test_teardown(so_are_those_joined_while_it_was_tentative, close_world),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
