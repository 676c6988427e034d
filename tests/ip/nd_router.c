/* SPDX-License-Identifier: ISC */
/* Routers: asked for, obeyed within bounds, forgotten in time. */
#include "ip/nd_router.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eth/neighbor.h"
#include "ip/addr.h"
#include "ip/dad.h"
#include "ip/ip_floor.h"
#include "ip/route.h"
#include "support/nd_message.h"

#define FAR    "2001:db8:ffff::1"
#define PREFIX "2001:db8:1::"

enum { BOTH = ND_PREFIX_ON_LINK | ND_PREFIX_AUTONOMOUS };

static const uint64_t SECOND = 1000000;
static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_ETHERNET);
    return 0;
}

/* Configured, its link-local address verified, the first solicitation sent. */
static int open_configured(void **state)
{
    open_world(state);
    assert_int_equal(ms_netif_autoconfigure_ipv6(w.netif), MS_OK);
    world_advance(&w, 3 * SECOND);
    world_discard(&w);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

/* The next hop to an address far away, or NULL. */
static const struct ms_addr *gateway(void)
{
    struct ms_addr far = world_addr(FAR);
    const struct route *route = ms_route_find(w.stack, &far, w.netif);

    return route ? &route->gateway : NULL;
}

static bool goes_by(const char *router) { return gateway() && is_addr(gateway(), router); }

static bool is_on_link(const char *text)
{
    struct ms_addr addr = world_addr(text);
    const struct route *route = ms_route_find(w.stack, &addr, w.netif);

    return route && ms_addr_is_unspecified(&route->gateway);
}

static enum ms_drop advertise(const char *from, uint16_t lifetime_s)
{
    return world_router(
        &w, from,
        &(struct nd_message){
            .router_lifetime_s = lifetime_s,
            .options = { .present = ND_OPTION_SOURCE_LINK, .source_link = { 2, 0, 0, 0, 1, 0xff } },
        });
}

/* One prefix, no default router. */
static enum ms_drop prefix_drop(const char *text, uint8_t len, uint8_t flags, uint32_t valid_s,
                                uint32_t preferred_s)
{
    struct nd_message nd = { .options = { .prefix_count = 1 } };

    nd.options.prefix[0] = world_prefix(text, len, flags, valid_s, preferred_s);
    return world_router(&w, ROUTER, &nd);
}

static void prefix(const char *text, uint8_t len, uint8_t flags, uint32_t valid_s,
                   uint32_t preferred_s)
{
    assert_int_equal(prefix_drop(text, len, flags, valid_s, preferred_s), MS_DROP_NONE);
}

/* v6LC 2.2.1: three, four seconds apart, then ever more seldom, until a router answers. */
static void routers_are_solicited_until_one_answers(void **state)
{
    static const unsigned gap_s[] = { 4, 4, 8, 16, 32 };
    struct sent_message sent;
    uint64_t last_us = 0;

    (void)state;
    assert_int_equal(ms_netif_autoconfigure_ipv6(w.netif), MS_OK);
    assert_int_equal(ms_netif_autoconfigure_ipv6(w.netif), MS_OK);
    assert_int_equal(world_addr_state(&w, "fe80::", NULL), MS_ADDR_TENTATIVE);
    for (unsigned i = 0; i <= MS_ARRAY_LEN(gap_s); i++) {
        uint64_t start_us = w.now_us;

        while (!world_sent_type(&w, ICMPV6_ROUTER_SOLICITATION, &sent)) {
            assert_true(w.now_us < start_us + 100 * SECOND);
            world_advance(&w, 10000);
        }
        assert_true(is_addr(&sent.to, "ff02::2"));
        assert_int_equal(sent.hop_limit, 255);
        if (i > 0)
            assert_in_range(w.now_us - last_us, gap_s[i - 1] * SECOND - 10000,
                            gap_s[i - 1] * SECOND * 11 / 10 + 10000);
        if (i > 1) { /* the link-local address is ours by now */
            assert_int_equal(sent.from.bytes[0], 0xfe);
            assert_memory_equal(sent.body, "\x01\x01\x02\0\0\0\0\x01", 8);
        }
        last_us = w.now_us;
    }
    assert_int_equal(advertise(ROUTER, 1800), MS_DROP_NONE);
    world_advance(&w, 1000 * SECOND);
    assert_false(world_sent_type(&w, ICMPV6_ROUTER_SOLICITATION, &sent));
}

static void solicitations_become_hourly(void **state)
{
    struct sent_message sent;
    unsigned count = 0;

    (void)state;
    world_advance(&w, 20000 * SECOND);
    world_discard(&w);
    world_advance(&w, 36000 * SECOND);
    while (world_sent_type(&w, ICMPV6_ROUTER_SOLICITATION, &sent))
        count++;
    assert_in_range(count, 8, 11);
}

static unsigned count_solicitations(uint64_t us)
{
    struct sent_message sent;
    unsigned count = 0;

    world_advance(&w, us);
    while (world_sent_type(&w, ICMPV6_ROUTER_SOLICITATION, &sent))
        count++;
    return count;
}

/* RFC 4861, 6.3.7: whoever waited for an hour, or has a router, may be on another link now. */
static void routers_are_solicited_anew_when_the_link_comes_up(void **state)
{
    (void)state;
    world_advance(&w, 20000 * SECOND);
    world_discard(&w);
    for (unsigned has_router = 0; has_router < 2; has_router++) {
        if (has_router)
            assert_int_equal(advertise(ROUTER, 9000), MS_DROP_NONE);
        assert_int_equal(count_solicitations(100 * SECOND), 0);
        ms_netif_set_up(w.netif, false);
        ms_netif_set_up(w.netif, true);
        assert_int_equal(count_solicitations(SECOND + 1), 1);
        assert_int_equal(count_solicitations(10 * SECOND), has_router ? 0 : 2);
    }
    assert_int_equal(advertise(ROUTER, 0), MS_DROP_NONE);
}

static void a_router_is_the_default_for_its_lifetime(void **state)
{
    (void)state;
    assert_null(gateway());
    assert_int_equal(advertise(ROUTER, 1800), MS_DROP_NONE);
    assert_true(goes_by(ROUTER));
    world_advance(&w, 1799 * SECOND);
    assert_true(goes_by(ROUTER));
    world_advance(&w, SECOND);
    assert_null(gateway());
    advertise(ROUTER, 1800);
    world_advance(&w, 1000 * SECOND);
    advertise(ROUTER, 1800); /* anew */
    world_advance(&w, 1000 * SECOND);
    assert_true(goes_by(ROUTER));
    advertise(ROUTER, 0);
    assert_null(gateway());
    advertise(ROUTER2, 0); /* of one unknown: nothing */
    assert_null(gateway());
}

static void one_router_ends_and_another_goes_on(void **state)
{
    (void)state;
    advertise(ROUTER, 100);
    advertise(ROUTER2, 200);
    prefix(PREFIX, 64, ND_PREFIX_ON_LINK, 150, 150);
    world_advance(&w, 100 * SECOND);
    assert_true(goes_by(ROUTER2));
    assert_true(is_on_link("2001:db8:1::77"));
    world_advance(&w, 50 * SECOND);
    assert_true(goes_by(ROUTER2));
    assert_false(is_on_link("2001:db8:1::77"));
}

/* RFC 4861, 6.3.7: what comes unasked may be incomplete, so it is asked for once. */
static void a_router_heard_early_is_solicited_once(void **state)
{
    struct sent_message sent;

    (void)state;
    assert_int_equal(ms_netif_autoconfigure_ipv6(w.netif), MS_OK);
    assert_int_equal(advertise(ROUTER, 1800), MS_DROP_NONE);
    world_advance(&w, 1000 * SECOND);
    assert_true(world_sent_type(&w, ICMPV6_ROUTER_SOLICITATION, &sent));
    assert_false(world_sent_type(&w, ICMPV6_ROUTER_SOLICITATION, &sent));
}

/* v6LC 2.2.12 */
/* proves: S29, S36, F23 */
static void advertisements_of_others_are_dropped(void **state)
{
    struct message how = { .from = ROUTER, .to = "ff02::1" };
    struct nd_message nd = { .type = ICMPV6_ROUTER_ADVERTISEMENT, .router_lifetime_s = 1800 };

    (void)state;
    how.from = "2001:db8::1";
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_ND_BAD_ADDRESS);
    how.from = ROUTER;
    how.hop_limit = 254;
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_ND_BAD_HOP_LIMIT);
    how.hop_limit = 0;
    how.code = 1;
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_ND_MALFORMED);
    how.code = 0;
    how.cut = 1;
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_ND_MALFORMED);
    assert_null(gateway());
    how.cut = 0;
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_NONE);
    assert_true(goes_by(ROUTER));
}

static void who_did_not_ask_does_not_obey(void **state)
{
    (void)state;
    world_add_addr(&w, "fe80::1", 64);
    assert_int_equal(advertise(ROUTER, 1800), MS_DROP_ND_NOT_FOR_US);
    assert_null(gateway());
}

static void a_link_too_small_for_ipv6_is_not_configured(void **state)
{
    (void)state;
    w.driver.mtu = 1279;
    assert_int_equal(ms_netif_autoconfigure_ipv6(w.netif), MS_ERROR_STATE);
}

/* Four, and the first ones stay. */
/* proves: S37, R13 */
static void a_fifth_router_finds_no_place(void **state)
{
    struct nd_message nd = { .router_lifetime_s = 1800 };
    char router[32] = "fe80::a0";

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        const char digits[] = "0123456789abcdef";

        router[6] = digits[1 + i / 256];
        router[7] = digits[i / 16 % 16];
        router[8] = digits[i % 16];
        assert_int_equal(world_router(&w, router, &nd), MS_DROP_NONE);
    }
    assert_true(goes_by("fe80::100"));
    world_router(&w, "fe80::100", &(struct nd_message){ .router_lifetime_s = 0 });
    world_router(&w, "fe80::101", &(struct nd_message){ .router_lifetime_s = 0 });
    world_router(&w, "fe80::102", &(struct nd_message){ .router_lifetime_s = 0 });
    assert_true(goes_by("fe80::103"));
    world_router(&w, "fe80::103", &(struct nd_message){ .router_lifetime_s = 0 });
    assert_null(gateway());
}

/* v6LC 2.2.11: a router that does not answer yields to the next, and is not forgotten. */
static void a_silent_router_yields_to_the_next(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(FAR) };

    (void)state;
    prefix(PREFIX, 64, BOTH, 86400, 86400);
    world_advance(&w, 3 * SECOND);
    world_router(&w, ROUTER, &(struct nd_message){ .router_lifetime_s = 1800 });
    world_router(&w, ROUTER2, &(struct nd_message){ .router_lifetime_s = 1800 });
    assert_true(goes_by(ROUTER));
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 1, NULL), MS_OK);
    world_advance(&w, 5 * SECOND);
    assert_true(goes_by(ROUTER2));
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 1, NULL), MS_OK);
    world_advance(&w, 5 * SECOND);
    assert_true(goes_by(ROUTER));
}

/* v6LC 2.1.21, 2.2.17: the router bit of an advertisement says whether it still is one. */
static void a_router_that_becomes_a_host_is_no_router(void **state)
{
    struct ms_netif_addr own;
    char text[MS_ADDR_TEXT_SIZE];

    (void)state;
    assert_int_equal(world_addr_state(&w, "fe80::", &own), MS_ADDR_PREFERRED);
    ms_addr_format(&own.addr, text);
    advertise(ROUTER, 1800);
    assert_int_equal(
        world_advertises(&w, text, ROUTER, ND_NEIGHBOR_SOLICITED | ND_NEIGHBOR_ROUTER, 0xff),
        MS_DROP_NONE);
    assert_true(goes_by(ROUTER));
    assert_int_equal(world_advertises(&w, text, ROUTER, ND_NEIGHBOR_SOLICITED, 0xff), MS_DROP_NONE);
    assert_null(gateway());
    advertise(ROUTER, 1800);
    assert_true(goes_by(ROUTER));
}

/* v6LC 2.2.13; S36, CVE-2015-2922: fifteen hops are few, one is an attack. */
/* proves: S36 */
static void parameters_are_obeyed_within_bounds(void **state)
{
    static const struct {
        uint8_t told, hop_limit;
    } hops[] = { { 0, 64 }, { 1, 64 }, { 14, 64 }, { 15, 15 }, { 255, 255 }, { 0, 255 } };
    static const struct {
        uint32_t told, mtu;
    } mtus[] = { { 68, 1500 },   { 1279, 1500 }, { 1501, 1500 },      { 1280, 1280 },
                 { 1400, 1400 }, { 1500, 1500 }, { UINT32_MAX, 1500 } };
    static const struct {
        uint32_t reachable_ms, retransmit_ms, reachable_us, retrans_us;
    } times[] = {
        { 0, 0, 0, 0 },
        { 10000, 2000, 10000000, 2000000 },
        { 3600000, 1, 3600000000, 100000 },
        { 3600001, UINT32_MAX, 3600000000, 30000000 },
    };

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(hops); i++) {
        world_router(&w, ROUTER, &(struct nd_message){ .hop_limit = hops[i].told });
        assert_int_equal(w.netif->hop_limit, hops[i].hop_limit);
    }
    for (unsigned i = 0; i < MS_ARRAY_LEN(mtus); i++) {
        world_router(
            &w, ROUTER,
            &(struct nd_message){ .options = { .present = ND_OPTION_MTU, .mtu = mtus[i].told } });
        assert_int_equal(w.netif->mtu, mtus[i].mtu);
    }
    for (unsigned i = 0; i < MS_ARRAY_LEN(times); i++) {
        world_router(&w, ROUTER,
                     &(struct nd_message){ .reachable_ms = times[i].reachable_ms,
                                           .retransmit_ms = times[i].retransmit_ms });
        assert_int_equal(w.netif->reachable_time_us, times[i].reachable_us);
        assert_int_equal(w.netif->retrans_time_us, times[i].retrans_us);
    }
}

/* v6LC 2.1.3, 2.2.19 */
static void a_prefix_is_on_the_link_for_its_lifetime(void **state)
{
    (void)state;
    prefix(PREFIX, 64, ND_PREFIX_ON_LINK, 100, 100);
    assert_true(is_on_link("2001:db8:1::77"));
    assert_false(is_on_link("2001:db8:2::77"));
    assert_int_equal(world_addr_state(&w, PREFIX, NULL), -1); /* not autonomous */
    world_advance(&w, 99 * SECOND);
    assert_true(is_on_link("2001:db8:1::77"));
    world_advance(&w, SECOND);
    assert_false(is_on_link("2001:db8:1::77"));
    prefix(PREFIX, 64, ND_PREFIX_ON_LINK, 100, 100);
    world_advance(&w, 99 * SECOND);
    prefix(PREFIX, 64, ND_PREFIX_ON_LINK, 100, 100); /* anew */
    world_advance(&w, 99 * SECOND);
    assert_true(is_on_link("2001:db8:1::77"));
    prefix(PREFIX, 64, ND_PREFIX_ON_LINK, UINT32_MAX, 100);
    world_advance(&w, 100000 * SECOND);
    assert_true(is_on_link("2001:db8:1::77"));
    prefix(PREFIX, 64, ND_PREFIX_ON_LINK, 0, 0);
    assert_false(is_on_link("2001:db8:1::77"));
    prefix(PREFIX, 64, 0, 100, 100);
    assert_false(is_on_link("2001:db8:1::77"));
}

/* v6LC 3.2.1, 3.2.4 */
static void an_autonomous_prefix_makes_an_address(void **state)
{
    struct ms_netif_addr found;
    struct ms_addr base = world_addr(PREFIX);
    struct ms_addr expected = ms_nd_make_addr(w.netif, &base, 0);

    (void)state;
    prefix(PREFIX, 64, BOTH, 10000, 5000);
    assert_int_equal(world_addr_state(&w, PREFIX, &found), MS_ADDR_TENTATIVE);
    assert_true(ms_addr_equal(&found.addr, &expected));
    assert_int_equal(found.prefix_len, 64);
    assert_int_equal(found.valid_until_us, w.now_us + 10000 * SECOND);
    world_advance(&w, 3 * SECOND);
    assert_int_equal(world_addr_state(&w, PREFIX, NULL), MS_ADDR_PREFERRED);
    world_advance(&w, 4998 * SECOND);
    assert_int_equal(world_addr_state(&w, PREFIX, NULL), MS_ADDR_DEPRECATED);
    world_advance(&w, 5000 * SECOND);
    assert_int_equal(world_addr_state(&w, PREFIX, NULL), -1);
}

/* v6LC 3.2.4: what no prefix for addresses can be. */
/* proves: S35 */
static void impossible_prefixes_make_no_address(void **state)
{
    (void)state;
    prefix(PREFIX, 63, BOTH, 100, 100);
    prefix(PREFIX, 65, BOTH, 100, 100);
    prefix(PREFIX, 128, BOTH, 100, 100);
    prefix(PREFIX, 64, BOTH, 100, 101); /* preferred for longer than valid */
    prefix(PREFIX, 64, BOTH, 0, 0);
    assert_int_equal(world_addr_state(&w, PREFIX, NULL), -1);
    prefix("::", 0, BOTH, 100, 100);
    assert_int_equal(world_addr_state(&w, "::", NULL), -1);
    assert_false(is_on_link(FAR));
    prefix("fe80::", 64, BOTH, 1, 1);
    world_advance(&w, 8000 * SECOND);
    assert_int_equal(world_addr_state(&w, "fe80::", NULL), MS_ADDR_PREFERRED);
    assert_true(is_on_link("fe80::5"));
}

/* Groups, loopback and IPv4 in disguise are on nobody's link: the whole message is malformed. */
/* proves: S35 */
static void an_advertisement_of_an_impossible_prefix_is_dropped(void **state)
{
    static const struct {
        const char *text;
        uint8_t len;
    } rows[] = { { "ff02::", 64 }, { "::", 64 },           { "::", 1 },
                 { "::1", 128 },   { "::ffff:0:0", 96 },   { "::ffff:192.0.2.0", 120 },
                 { "ff00::", 8 },  { "::192.0.2.0", 120 }, { "::ffff:192.0.2.1", 64 } };
    unsigned before = w.stack->ip->routes.count;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++)
        assert_int_equal(prefix_drop(rows[i].text, rows[i].len, BOTH, 100, 100),
                         MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(w.stack->ip->routes.count, before);
    assert_int_equal(world_addr_state(&w, "ff02::", NULL), -1);
    assert_int_equal(world_addr_state(&w, "::", NULL), -1);
}

/* v6LC 3.2.4: RFC 4862, 5.5.3 e. Seconds told, then seconds left. */
/* proves: S37, R13 */
static void nobody_shortens_a_life_below_two_hours(void **state)
{
    static const struct {
        uint32_t had_s, told_s, has_s;
    } rows[] = {
        { 100000, 200000, 200000 },                       /* longer */
        { 100000, 8000, 8000 },                           /* shorter, but more than two hours */
        { 100000, 7200, 7200 },     { 100000, 10, 7200 }, /* at most down to two hours */
        { 100000, 0, 7200 },        { 3000, 10, 3000 },   /* less already: left alone */
        { 3000, 5000, 5000 },       { 3000, 0, 3000 },
    };
    struct ms_netif_addr found;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        struct ms_addr addr;

        prefix(PREFIX, 64, BOTH, rows[i].had_s, 0);
        prefix(PREFIX, 64, BOTH, rows[i].told_s, 0);
        world_addr_state(&w, PREFIX, &found);
        assert_int_equal(found.valid_until_us, w.now_us + rows[i].has_s * SECOND);
        addr = found.addr;
        assert_int_equal(ms_netif_remove_addr(w.netif, &addr), MS_OK);
    }
    prefix(PREFIX, 64, BOTH, UINT32_MAX, UINT32_MAX);
    world_addr_state(&w, PREFIX, &found);
    assert_int_equal(found.valid_until_us, UINT64_MAX);
    prefix(PREFIX, 64, BOTH, 10, 0);
    world_addr_state(&w, PREFIX, &found);
    assert_int_equal(found.valid_until_us, w.now_us + 7200 * SECOND);
}

/* v6LC 3.2.3: the preferred lifetime is obeyed as it is told. */
static void the_preferred_lifetime_follows_the_router(void **state)
{
    (void)state;
    prefix(PREFIX, 64, BOTH, 10000, 10000);
    world_advance(&w, 3 * SECOND);
    assert_int_equal(world_addr_state(&w, PREFIX, NULL), MS_ADDR_PREFERRED);
    prefix(PREFIX, 64, BOTH, 10000, 0);
    assert_int_equal(world_addr_state(&w, PREFIX, NULL), MS_ADDR_DEPRECATED);
    prefix(PREFIX, 64, BOTH, 10000, 10000);
    assert_int_equal(world_addr_state(&w, PREFIX, NULL), MS_ADDR_PREFERRED);
}

/* A flood of prefixes ends at the tables' ends. */
/* proves: S37, R13 */
static void a_flood_of_prefixes_is_bounded(void **state)
{
    struct nd_message nd = { .options = { .prefix_count = ND_PREFIXES_MAX } };
    struct ms_netif_addr found;
    unsigned count = 0, on_link = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        for (unsigned k = 0; k < ND_PREFIXES_MAX; k++) {
            nd.options.prefix[k] = world_prefix(PREFIX, 64, BOTH, UINT32_MAX, UINT32_MAX);
            store_be32(nd.options.prefix[k].prefix + 4, i * ND_PREFIXES_MAX + k);
        }
        assert_int_equal(world_router(&w, ROUTER, &nd), MS_DROP_NONE);
    }
    while (ms_netif_addr(w.netif, count, &found))
        count++;
    assert_int_equal(count, NETIF_ADDRS);
    for (uint32_t i = 0; i < 8000; i++) {
        struct ms_addr addr = world_addr("2001:db8::1");

        store_be32(addr.bytes + 4, i);
        on_link += ms_route_find(w.stack, &addr, w.netif) != NULL;
    }
    assert_int_equal(on_link, ND_ON_LINK_MAX);
}

static void an_interface_that_goes_takes_all_with_it(void **state)
{
    const struct nd_message slow = { .hop_limit = 99, .retransmit_ms = 9999, .reachable_ms = 9999 };

    (void)state;
    advertise(ROUTER, 1800);
    prefix(PREFIX, 64, BOTH, 100, 100);
    assert_int_equal(world_router(&w, ROUTER, &slow), MS_DROP_NONE);
    assert_int_equal(w.netif->retrans_time_us, 9999000);
    ms_netif_detach(w.netif);
    assert_int_equal(ms_netif_attach(w.stack, &w.driver, &w.netif), MS_OK);
    ms_netif_set_up(w.netif, true);
    assert_int_equal(w.netif->hop_limit, 64);
    assert_int_equal(w.netif->retrans_time_us, 0);
    assert_int_equal(w.netif->reachable_time_us, 0);
    assert_null(gateway());
    assert_false(is_on_link("2001:db8:1::77"));
    assert_int_equal(advertise(ROUTER, 1800), MS_DROP_ND_NOT_FOR_US);
    world_advance(&w, 10000 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name)       cmocka_unit_test_setup_teardown(name, open_configured, close_world)
#define T_FRESH(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T_FRESH(routers_are_solicited_until_one_answers),
        T(solicitations_become_hourly),
        T(routers_are_solicited_anew_when_the_link_comes_up),
        T(a_router_is_the_default_for_its_lifetime),
        T(one_router_ends_and_another_goes_on),
        T_FRESH(a_router_heard_early_is_solicited_once),
        T(advertisements_of_others_are_dropped),
        T_FRESH(who_did_not_ask_does_not_obey),
        T_FRESH(a_link_too_small_for_ipv6_is_not_configured),
        T(a_fifth_router_finds_no_place),
        T(a_silent_router_yields_to_the_next),
        T(a_router_that_becomes_a_host_is_no_router),
        T(parameters_are_obeyed_within_bounds),
        T(a_prefix_is_on_the_link_for_its_lifetime),
        T(an_autonomous_prefix_makes_an_address),
        T(impossible_prefixes_make_no_address),
        T(an_advertisement_of_an_impossible_prefix_is_dropped),
        T(nobody_shortens_a_life_below_two_hours),
        T(the_preferred_lifetime_follows_the_router),
        T(a_flood_of_prefixes_is_bounded),
        T(an_interface_that_goes_takes_all_with_it),
#undef T
#undef T_FRESH
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
