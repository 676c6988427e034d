/* SPDX-License-Identifier: ISC */
/* The neighbour cache: its states, its bounds, and whom it believes (RFC 4861, 7.3). */
#include "eth/neighbor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eth/eth_floor.h"
#include "support/fixture.h"
#include "wire/arp.h"

enum { SECOND_US = 1000000 };

static const uint8_t PEER[6] = { 2, 0, 0, 0, 1, 1 };
static const uint8_t THIEF[6] = { 2, 0, 0, 0, 6, 6 };
static const uint8_t GROUP[6] = { 1, 0, 0x5e, 0, 0, 1 };

static void open_with_addresses(struct fixture *f, uint32_t neighbors)
{
    struct ms_config config = fixture_config();

    config.neighbors = neighbors;
    fixture_open(f, &config);
    fixture_add_addr(f->netif, "10.0.0.1", 16);
    fixture_advance(f, 10 * SECOND_US);
    fixture_discard(f->netif);
}

static struct neighbor *known(struct fixture *f, const char *text)
{
    struct ms_addr wanted = addr(text);

    return ms_neighbor_find(f->netif, &wanted);
}

static bool advertise(struct fixture *f, const char *text, const uint8_t *mac, unsigned flags)
{
    struct ms_addr wanted = addr(text);
    const struct neighbor_advert advert = {
        .mac = mac,
        .is_solicited = flags & 1,
        .is_override = flags & 2,
        .is_router = flags & 4,
    };

    return ms_neighbor_advertised(f->netif, &wanted, &advert);
}

enum { SOLICITED = 1, OVERRIDE = 2, ROUTER = 4 };

static void heard(struct fixture *f, const char *text, const uint8_t *mac)
{
    struct ms_addr wanted = addr(text);

    ms_neighbor_heard(f->netif, &wanted, mac);
}

/* Takes the next frame; tells whether it asks for an address, and whom. */
static bool is_question(struct fixture *f, bool *is_broadcast)
{
    static struct datagram sent;

    if (!fixture_sent(f->netif, &sent))
        return false;
    *is_broadcast = sent.bytes[0] == 0xff;
    return load_be16(sent.bytes + 12) == ETHERTYPE_ARP && load_be16(sent.bytes + 20) == ARP_REQUEST;
}

/* 10.0.0.2 answered once and is REACHABLE. */
static void make_reachable(struct fixture *f)
{
    assert_int_equal(fixture_send(f, "10.0.0.2", 20), MS_OK);
    assert_true(advertise(f, "10.0.0.2", PEER, SOLICITED | OVERRIDE));
    fixture_discard(f->netif);
}

static void keeps_frames_until_the_answer(void **state)
{
    static struct datagram sent;
    struct fixture f;
    bool is_broadcast;

    (void)state;
    open_with_addresses(&f, 16);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(fixture_send(&f, "10.0.0.2", 20 + i), MS_OK);
    assert_true(is_question(&f, &is_broadcast));
    assert_true(is_broadcast);
    assert_false(fixture_sent(f.netif, &sent));
    assert_true(advertise(&f, "10.0.0.2", PEER, SOLICITED | OVERRIDE));
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(fixture_sent(f.netif, &sent));
        assert_memory_equal(sent.bytes, PEER, 6);
        assert_int_equal(load_be16(sent.bytes + 12), ETHERTYPE_IPV4);
        assert_int_equal(sent.len, 14 + 20 + 20 + i);
    }
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    assert_true(fixture_sent(f.netif, &sent));
    fixture_close(&f);
}

/* RFC 1122, 2.3.2.2, with room for all fragments of the largest datagram. */
static void drops_the_oldest_of_too_many(void **state)
{
    static struct datagram sent;
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(fixture_send(&f, "10.0.0.2", 20 + i), MS_OK);
    assert_int_equal(drops(&f, MS_DROP_NEIGHBOR_UNRESOLVED), 2);
    assert_int_equal(fixture_discard(f.netif), 1);
    advertise(&f, "10.0.0.2", PEER, SOLICITED | OVERRIDE);
    for (uint32_t i = 2; i < 50; i++) {
        assert_true(fixture_sent(f.netif, &sent));
        assert_int_equal(sent.len, 14 + 20 + 20 + i);
    }
    assert_false(fixture_sent(f.netif, &sent));
    fixture_close(&f);
}

/* Those that wait share a quarter of all frames; beyond it each has three. */
/* proves: E14 */
static void leaves_frames_to_those_who_need_not_wait(void **state)
{
    struct fixture f;
    uint32_t share, waiting = 0;

    (void)state;
    open_with_addresses(&f, 64);
    share = f.stack->config.frames / 4;
    for (uint32_t to = 2; to < 10; to++) {
        char text[MS_ADDR_TEXT_SIZE];

        snprintf(text, sizeof(text), "10.0.0.%u", to);
        for (uint32_t i = 0; i < 48; i++)
            assert_int_equal(fixture_send(&f, text, 20), MS_OK);
        assert_in_range(known(&f, text)->waiting_count, 3, 48);
        waiting += known(&f, text)->waiting_count;
        fixture_discard(f.netif);
        ms_frames_give_back(f.stack);
    }
    assert_int_equal(f.stack->frames.used, waiting);
    assert_in_range(waiting, share, share + 8 * 3);
    fixture_close(&f);
}

/* However many are silent: but what waits gives way to what is newer. */
/* proves: E14 */
static void half_of_all_frames_never_wait(void **state)
{
    struct fixture f;
    uint32_t half;

    (void)state;
    open_with_addresses(&f, 256);
    half = f.stack->config.frames / 2;
    make_reachable(&f);
    for (uint32_t to = 3; to < 63; to++) {
        char text[MS_ADDR_TEXT_SIZE];

        snprintf(text, sizeof(text), "10.0.0.%u", to);
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(fixture_send(&f, text, 20), MS_OK);
        fixture_discard(f.netif);
        ms_frames_give_back(f.stack);
        assert_int_equal(f.stack->frames.used, f.stack->eth->waiting_count);
    }
    assert_int_equal(f.stack->frames.used, half);
    assert_int_equal(known(&f, "10.0.0.62")->waiting_count, 0);
    assert_int_equal(fixture_send(&f, "10.0.0.3", 33), MS_OK);
    assert_int_equal(ms_frame_len(known(&f, "10.0.0.3")->waiting.last), 20 + 33);
    ms_frames_give_back(f.stack);
    assert_int_equal(f.stack->frames.used, half);
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    assert_int_equal(fixture_discard(f.netif), 1);
    fixture_close(&f);
}

static void asks_three_times_then_gives_up(void **state)
{
    struct fixture f;
    uint32_t generation;
    bool is_broadcast;

    (void)state;
    open_with_addresses(&f, 16);
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    generation = f.stack->path_generation;
    fixture_advance(&f, 3 * SECOND_US - 1);
    for (unsigned i = 0; i < 3; i++)
        assert_true(is_question(&f, &is_broadcast));
    assert_false(is_question(&f, &is_broadcast));
    assert_non_null(known(&f, "10.0.0.2"));
    fixture_advance(&f, 2);
    assert_null(known(&f, "10.0.0.2"));
    assert_int_equal(drops(&f, MS_DROP_NEIGHBOR_UNRESOLVED), 1);
    assert_int_not_equal(f.stack->path_generation, generation);
    fixture_close(&f);
}

static void probes_by_unicast_what_it_has_not_heard_of_for_long(void **state)
{
    struct fixture f;
    bool is_broadcast;

    (void)state;
    open_with_addresses(&f, 16);
    make_reachable(&f);
    fixture_advance(&f, 14 * SECOND_US);
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    assert_int_equal(known(&f, "10.0.0.2")->state, NEIGHBOR_REACHABLE);
    fixture_advance(&f, 32 * SECOND_US);
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    assert_int_equal(known(&f, "10.0.0.2")->state, NEIGHBOR_DELAY);
    assert_int_equal(fixture_discard(f.netif), 2);
    fixture_advance(&f, 5 * SECOND_US);
    assert_int_equal(known(&f, "10.0.0.2")->state, NEIGHBOR_PROBE);
    assert_true(is_question(&f, &is_broadcast));
    assert_false(is_broadcast);
    assert_true(advertise(&f, "10.0.0.2", PEER, SOLICITED));
    assert_int_equal(known(&f, "10.0.0.2")->state, NEIGHBOR_REACHABLE);
    fixture_close(&f);
}

static void forgets_what_does_not_answer_three_probes(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    heard(&f, "10.0.0.2", PEER);
    assert_int_equal(known(&f, "10.0.0.2")->state, NEIGHBOR_STALE);
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    fixture_advance(&f, 8 * SECOND_US - 1);
    assert_int_equal(fixture_discard(f.netif), 1 + 3);
    assert_non_null(known(&f, "10.0.0.2"));
    fixture_advance(&f, 2);
    assert_null(known(&f, "10.0.0.2"));
    fixture_close(&f);
}

static void needs_no_probe_while_a_protocol_above_progresses(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    heard(&f, "10.0.0.2", PEER);
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    assert_int_equal(known(&f, "10.0.0.2")->state, NEIGHBOR_DELAY);
    for (unsigned i = 0; i < 100; i++) {
        ms_neighbor_confirm(known(&f, "10.0.0.2"));
        assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
        assert_int_equal(known(&f, "10.0.0.2")->state, NEIGHBOR_REACHABLE);
        fixture_advance(&f, 10 * SECOND_US);
        assert_int_equal(fixture_discard(f.netif), i == 0 ? 2 : 1);
    }
    fixture_close(&f);
}

/* RFC 4861, 7.2.5, and that nobody takes over an address while its owner still answers. */
struct advert_case {
    enum neighbor_state before;
    const uint8_t *mac;
    unsigned flags;
    enum neighbor_state after;
    const uint8_t *mac_after;
    bool is_heeded;
};

static const struct advert_case advert_cases[] = {
    { NEIGHBOR_INCOMPLETE, PEER, SOLICITED, NEIGHBOR_REACHABLE, PEER, true },
    { NEIGHBOR_INCOMPLETE, PEER, OVERRIDE, NEIGHBOR_DELAY, PEER, true },
    { NEIGHBOR_INCOMPLETE, NULL, SOLICITED, NEIGHBOR_INCOMPLETE, NULL, false },
    { NEIGHBOR_INCOMPLETE, GROUP, SOLICITED, NEIGHBOR_INCOMPLETE, NULL, false },
    { NEIGHBOR_STALE, PEER, 0, NEIGHBOR_STALE, PEER, true },
    { NEIGHBOR_STALE, THIEF, 0, NEIGHBOR_STALE, PEER, true },
    { NEIGHBOR_STALE, THIEF, OVERRIDE, NEIGHBOR_STALE, THIEF, true },
    { NEIGHBOR_STALE, THIEF, OVERRIDE | SOLICITED, NEIGHBOR_STALE, THIEF, true },
    { NEIGHBOR_STALE, NULL, SOLICITED, NEIGHBOR_STALE, PEER, true },
    { NEIGHBOR_REACHABLE, THIEF, 0, NEIGHBOR_STALE, PEER, true },
    { NEIGHBOR_REACHABLE, THIEF, OVERRIDE, NEIGHBOR_PROBE, PEER, true },
    { NEIGHBOR_REACHABLE, THIEF, OVERRIDE | SOLICITED, NEIGHBOR_PROBE, PEER, true },
    { NEIGHBOR_DELAY, THIEF, OVERRIDE | SOLICITED, NEIGHBOR_DELAY, PEER, true },
    { NEIGHBOR_PROBE, PEER, SOLICITED, NEIGHBOR_REACHABLE, PEER, true },
    { NEIGHBOR_PROBE, NULL, SOLICITED, NEIGHBOR_REACHABLE, PEER, true },
    { NEIGHBOR_PROBE, THIEF, OVERRIDE | SOLICITED, NEIGHBOR_PROBE, PEER, true },
};

static void bring_to(struct fixture *f, enum neighbor_state state)
{
    if (state == NEIGHBOR_INCOMPLETE || state == NEIGHBOR_REACHABLE) {
        assert_int_equal(fixture_send(f, "10.0.0.2", 20), MS_OK);
        if (state == NEIGHBOR_REACHABLE)
            advertise(f, "10.0.0.2", PEER, SOLICITED | OVERRIDE);
        return;
    }
    heard(f, "10.0.0.2", PEER);
    if (state == NEIGHBOR_STALE)
        return;
    assert_int_equal(fixture_send(f, "10.0.0.2", 20), MS_OK);
    if (state == NEIGHBOR_PROBE)
        fixture_advance(f, 5 * SECOND_US);
}

/* proves: F20, F21, S33 */
static void obeys_advertisements_as_far_as_they_can_be_trusted(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(advert_cases); i++) {
        const struct advert_case *c = &advert_cases[i];
        struct fixture f;
        struct neighbor *n;

        open_with_addresses(&f, 16);
        bring_to(&f, c->before);
        n = known(&f, "10.0.0.2");
        assert_int_equal(n->state, c->before);
        if (advertise(&f, "10.0.0.2", c->mac, c->flags) != c->is_heeded || n->state != c->after)
            fail_msg("case %zu: state %u", i, n->state);
        if (c->mac_after)
            assert_memory_equal(ms_neighbor_mac(n), c->mac_after, 6);
        else
            assert_null(ms_neighbor_mac(n));
        fixture_close(&f);
    }
}

/* RFC 4861, 7.2.5 I: nor does it say that our router is none. */
static void an_advertisement_not_believed_takes_no_router_away(void **state)
{
    static const unsigned flags[] = { 0, SOLICITED, OVERRIDE, OVERRIDE | SOLICITED };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(flags); i++) {
        struct fixture f;

        open_with_addresses(&f, 16);
        make_reachable(&f);
        ms_neighbor_set_router(known(&f, "10.0.0.2"), true);
        advertise(&f, "10.0.0.2", THIEF, flags[i]);
        assert_true(ms_neighbor_is_router(known(&f, "10.0.0.2")));
        advertise(&f, "10.0.0.2", PEER, flags[i]);
        assert_false(ms_neighbor_is_router(known(&f, "10.0.0.2")));
        fixture_close(&f);
    }
}

/* proves: F20 */
static void a_new_link_address_is_believed_once_the_old_one_missed_a_probe(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    bring_to(&f, NEIGHBOR_PROBE);
    fixture_advance(&f, SECOND_US);
    assert_true(advertise(&f, "10.0.0.2", THIEF, OVERRIDE | SOLICITED));
    assert_memory_equal(ms_neighbor_mac(known(&f, "10.0.0.2")), THIEF, 6);
    fixture_close(&f);
}

/* proves: E05, F21 */
static void an_advertisement_nobody_asked_for_makes_no_entry(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    assert_false(advertise(&f, "10.0.0.2", PEER, SOLICITED | OVERRIDE));
    assert_null(known(&f, "10.0.0.2"));
    fixture_close(&f);
}

static unsigned routers_lost;

static void router_lost(struct ms_netif *netif, const struct ms_addr *router)
{
    (void)netif;
    (void)router;
    routers_lost++;
}

static void says_when_a_router_is_no_more(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    f.stack->eth->router_lost = router_lost;
    routers_lost = 0;
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    advertise(&f, "10.0.0.2", PEER, SOLICITED | OVERRIDE | ROUTER);
    assert_true(ms_neighbor_is_router(known(&f, "10.0.0.2")));
    advertise(&f, "10.0.0.2", PEER, OVERRIDE);
    assert_int_equal(routers_lost, 1);
    ms_neighbor_set_router(known(&f, "10.0.0.2"), true);
    fixture_advance(&f, 60 * SECOND_US);
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    fixture_advance(&f, 10 * SECOND_US);
    assert_int_equal(routers_lost, 2);
    fixture_close(&f);
}

/* The cache is bounded, and who is in use stays. */
/* proves: E14, S40, R12 */
static void a_scan_of_silent_addresses_evicts_nobody_in_use(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    make_reachable(&f);
    for (unsigned i = 0; i < 10000; i++) {
        char text[MS_ADDR_TEXT_SIZE];

        snprintf(text, sizeof(text), "10.0.%u.%u", 1 + i / 250, 1 + i % 250);
        assert_int_equal(fixture_send(&f, text, 20), MS_OK);
        fixture_discard(f.netif);
        fixture_advance(&f, 1000);
        assert_in_range(f.stack->eth->incomplete_count, 0, 4);
        assert_in_range(f.stack->frames.used, 0, 4);
        ms_neighbor_confirm(known(&f, "10.0.0.2"));
        assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
        assert_int_equal(fixture_discard(f.netif), 1);
    }
    fixture_close(&f);
}

/* proves: R12 */
static void strangers_that_introduce_themselves_evict_only_one_another(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    make_reachable(&f);
    for (unsigned i = 0; i < 1000; i++) {
        char text[MS_ADDR_TEXT_SIZE];

        snprintf(text, sizeof(text), "10.0.%u.%u", 1 + i / 250, 1 + i % 250);
        heard(&f, text, THIEF);
        fixture_advance(&f, SECOND_US);
        assert_in_range(f.stack->eth->pool.used, 1, 16);
    }
    assert_memory_equal(ms_neighbor_mac(known(&f, "10.0.0.2")), PEER, 6);
    fixture_close(&f);
}

static void says_no_when_all_entries_are_in_use(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 4);
    for (unsigned i = 0; i < 4; i++) {
        char text[MS_ADDR_TEXT_SIZE];

        snprintf(text, sizeof(text), "10.0.1.%u", 1 + i);
        assert_int_equal(fixture_send(&f, text, 20), MS_OK);
        advertise(&f, text, PEER, SOLICITED | OVERRIDE);
    }
    fixture_advance(&f, 9 * SECOND_US);
    assert_int_equal(fixture_send(&f, "10.0.1.9", 20), MS_ERROR_NO_MEMORY);
    fixture_advance(&f, 2 * SECOND_US);
    assert_int_equal(fixture_send(&f, "10.0.1.9", 20), MS_OK);
    fixture_close(&f);
}

static void forgets_all_of_an_interface(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 16);
    make_reachable(&f);
    assert_int_equal(fixture_send(&f, "10.0.0.3", 20), MS_OK);
    ms_neighbor_flush(&f.netifs[1]);
    assert_int_equal(f.stack->eth->pool.used, 2);
    ms_neighbor_flush(f.netif);
    assert_int_equal(f.stack->eth->pool.used, 0);
    assert_int_equal(f.stack->eth->incomplete_count, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_frames_until_the_answer),
        cmocka_unit_test(drops_the_oldest_of_too_many),
        cmocka_unit_test(leaves_frames_to_those_who_need_not_wait),
        cmocka_unit_test(half_of_all_frames_never_wait),
        cmocka_unit_test(asks_three_times_then_gives_up),
        cmocka_unit_test(probes_by_unicast_what_it_has_not_heard_of_for_long),
        cmocka_unit_test(forgets_what_does_not_answer_three_probes),
        cmocka_unit_test(needs_no_probe_while_a_protocol_above_progresses),
        cmocka_unit_test(obeys_advertisements_as_far_as_they_can_be_trusted),
        cmocka_unit_test(an_advertisement_not_believed_takes_no_router_away),
        cmocka_unit_test(a_new_link_address_is_believed_once_the_old_one_missed_a_probe),
        cmocka_unit_test(an_advertisement_nobody_asked_for_makes_no_entry),
        cmocka_unit_test(says_when_a_router_is_no_more),
        cmocka_unit_test(a_scan_of_silent_addresses_evicts_nobody_in_use),
        cmocka_unit_test(strangers_that_introduce_themselves_evict_only_one_another),
        cmocka_unit_test(says_no_when_all_entries_are_in_use),
        cmocka_unit_test(forgets_all_of_an_interface),
    };

    return cmocka_run_group_tests_name("eth/neighbor", tests, NULL, NULL);
}
