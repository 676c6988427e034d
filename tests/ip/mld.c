/* SPDX-License-Identifier: ISC */
/* MLD: what routers hear of joining and leaving, and which of their questions count. */
#include "wire/mld.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/ip_world.h"
#include "wire/igmp.h"

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

static void mld_tells_of_joining_and_leaving(void **state)
{
    struct sent_message sent;
    struct ms_addr group = world_addr(GROUP6);

    (void)state;
    assert_int_equal(join(GROUP6), MS_OK);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_MLD_REPORT);
    assert_true(is_addr(&sent.to, GROUP6));
    assert_true(is_addr(&sent.from, "fe80::1"));
    assert_int_equal(sent.hop_limit, 1);
    assert_true(sent.has_router_alert);
    assert_memory_equal(sent.body, group.bytes, 16);
    assert_int_equal(sent.body_len, 16);
    assert_memory_equal(sent.mac, "\x33\x33\x00\x00\x12\x34", 6);
    world_advance(&w, 60000000);
    assert_int_equal(count_type(ICMPV6_MLD_REPORT), 1);
    assert_int_equal(leave(GROUP6), MS_OK);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_MLD_DONE);
    assert_true(is_addr(&sent.to, "ff02::2"));
}

/* RFC 3590 */
static void without_an_address_the_unspecified_one_does(void **state)
{
    struct ms_addr own = world_addr("fe80::1");
    struct sent_message sent;

    (void)state;
    assert_int_equal(ms_netif_remove_addr(w.netif, &own), MS_OK);
    world_advance(&w, 0);
    world_discard(&w);
    join(GROUP6);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_MLD_REPORT);
    assert_true(is_addr(&sent.from, "::"));
}

/* proves: S38 */
static void messages_that_make_no_sense_are_dropped(void **state)
{
    struct message m = { .from = ROUTER6, .to = "ff02::1", .type = ICMPV6_MLD_QUERY };
    struct ms_addr group = world_addr(GROUP6);
    uint8_t v2[20] = { 0 };

    (void)state;
    join(GROUP6);
    world_advance(&w, 60000000);
    world_discard(&w);
    assert_int_equal(mld(ICMPV6_MLD_QUERY, 9, "::", "2001:db8::9"), MS_DROP_GROUP_MALFORMED);
    assert_int_equal(mld(ICMPV6_MLD_QUERY, 9, "::", "::"), MS_DROP_GROUP_MALFORMED);
    assert_int_equal(mld(ICMPV6_MLD_QUERY, 9, "2001:db8::9", ROUTER6), MS_DROP_GROUP_MALFORMED);
    assert_int_equal(mld(ICMPV6_MLD_QUERY, 9, "ff05::9", ROUTER6), MS_DROP_GROUP_NOT_JOINED);
    assert_int_equal(mld(ICMPV6_MLD_DONE, 0, GROUP6, ROUTER6), MS_DROP_GROUP_NOT_JOINED);
    memcpy(v2, group.bytes, 16);
    v2[18] = v2[19] = 0xff; /* sources that are not there */
    m.body = v2;
    m.body_len = 20;
    assert_int_equal(world_message(&w, &m), MS_DROP_GROUP_MALFORMED);
    m.body_len = 16;
    m.hop_limit = 2;
    assert_int_equal(world_message(&w, &m), MS_DROP_GROUP_MALFORMED);
    m.hop_limit = 1;
    m.split = 14 + 40 + 8;
    assert_int_equal(world_message(&w, &m), MS_DROP_FRAME_NOT_CONTIGUOUS);
    world_advance(&w, 60000000);
    assert_int_equal(world_discard(&w), 0);
}

/* Else a forged report of IPv6 would keep us from reporting our groups of IPv4. */
static void groups_of_ipv4_are_none_of_its(void **state)
{
    static const uint8_t types[] = { ICMPV6_MLD_QUERY, ICMPV6_MLD_REPORT };
    struct ms_addr group = world_addr("::ffff:239.1.2.3");
    struct message m = { .from = "fe80::77", .to = "ff02::1", .body = group.bytes, .body_len = 16 };

    (void)state;
    world_add_addr(&w, "192.0.2.1", 24);
    join("239.1.2.3");
    world_advance(&w, 0);
    for (unsigned i = 0; i < sizeof(types); i++) {
        m.type = types[i];
        assert_int_equal(world_message(&w, &m), MS_DROP_GROUP_MALFORMED);
    }
    world_advance(&w, 60000000);
    assert_int_equal(count_type(IGMP_REPORT_V2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_with_addresses, close_world)
        T(mld_tells_of_joining_and_leaving),
        T(without_an_address_the_unspecified_one_does),
        T(messages_that_make_no_sense_are_dropped),
        T(groups_of_ipv4_are_none_of_its),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
