/* SPDX-License-Identifier: ISC */
/* Neighbour discovery: who is answered, who is believed, how we ask. */
#include "ip/nd.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eth/neighbor.h"
#include "ip/ip.h"
#include "support/nd_message.h"

#define OWN        "2001:db8::1"
#define OWN_GROUP  "ff02::1:ff00:1"
#define LINK_LOCAL "fe80::1"
#define PEER       "2001:db8::9"

static const uint8_t OWN_MAC[6] = { 2, 0, 0, 0, 0, 1 };
static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_ETHERNET);
    world_add_addr(&w, LINK_LOCAL, 64);
    world_add_addr(&w, OWN, 64);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static struct neighbor *neighbor_of(const char *text)
{
    struct ms_addr addr = world_addr(text);

    return ms_neighbor_find(w.netif, &addr);
}

static void send_to(const char *text)
{
    struct ms_endpoint remote = { .addr = world_addr(text) };

    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 1, NULL), MS_OK);
    world_advance(&w, 0);
}

static bool is_at(const char *text, uint8_t mac_last)
{
    const struct neighbor *neighbor = neighbor_of(text);
    const uint8_t mac[6] = { 2, 0, 0, 0, 1, mac_last };
    const uint8_t *at = neighbor ? ms_neighbor_mac(neighbor) : NULL;

    return at && memcmp(at, mac, 6) == 0;
}

/* v6LC 2.1.8, 2.1.13 */
static void a_solicitation_is_answered_to_who_asked(void **state)
{
    struct ms_addr own = world_addr(OWN);
    struct sent_message sent;

    (void)state;
    assert_int_equal(world_solicits(&w, PEER, OWN_GROUP, OWN, 9), MS_DROP_NONE);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_NEIGHBOR_ADVERTISEMENT);
    assert_int_equal(sent.rest, 0x60000000); /* solicited, override, no router */
    assert_true(is_addr(&sent.from, OWN));
    assert_true(is_addr(&sent.to, PEER));
    assert_int_equal(sent.hop_limit, 255);
    assert_int_equal(sent.body_len, 24);
    assert_memory_equal(sent.body, own.bytes, 16);
    assert_memory_equal(sent.body + 16, "\x02\x01", 2);
    assert_memory_equal(sent.body + 18, OWN_MAC, 6);
    assert_memory_equal(sent.mac, "\x02\0\0\0\x01\x09", 6);
    assert_true(is_at(PEER, 9));
    assert_int_equal(world_discard(&w), 0);
    assert_int_equal(ms_stack_counters(w.stack)->nd_in_messages, 1);
}

/* A unicast question without a link address is answered after asking back. */
static void who_asks_without_a_link_address_is_resolved_first(void **state)
{
    struct sent_message sent;

    (void)state;
    assert_int_equal(world_solicits(&w, PEER, OWN, OWN, 0), MS_DROP_NONE);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_NEIGHBOR_SOLICITATION);
    assert_int_equal(
        world_advertises(&w, OWN, PEER, ND_NEIGHBOR_SOLICITED | ND_NEIGHBOR_OVERRIDE, 9),
        MS_DROP_NONE);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_NEIGHBOR_ADVERTISEMENT);
}

/* v6LC 3.1.5: somebody else's duplicate address detection meets our address. */
static void a_probe_for_our_address_is_answered_to_all(void **state)
{
    struct sent_message sent;

    (void)state;
    assert_int_equal(world_solicits(&w, "::", OWN_GROUP, OWN, 0), MS_DROP_NONE);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_NEIGHBOR_ADVERTISEMENT);
    assert_int_equal(sent.rest, 0x20000000); /* override, not solicited */
    assert_true(is_addr(&sent.to, "ff02::1"));
    assert_true(is_addr(&sent.from, OWN));
}

/* v6LC 2.1.7, 3.1.3. */
/* proves: S29, S31, S32, S33, F22, F23 */
static void impossible_solicitations_are_dropped(void **state)
{
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_SOLICITATION };
    struct ms_addr own = world_addr(OWN);
    const struct message good = { .from = PEER, .to = OWN_GROUP, .mac_last = 9 };
    struct message m = good;

    (void)state;
    memcpy(nd.target, own.bytes, 16);
    m.hop_limit = 254;
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_BAD_HOP_LIMIT);
    m = good;
    m.code = 1;
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_MALFORMED);
    m = good;
    m.has_bad_sum = true;
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ICMP_BAD_CHECKSUM);
    m = good;
    m.has_fragment_header = true;
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_FRAGMENTED);
    m = good;
    m.split = 14 + 40 + 20;
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_FRAME_NOT_CONTIGUOUS);
    m = good;
    for (m.cut = 1; m.cut <= 16; m.cut++)
        assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_MALFORMED);

    assert_int_equal(world_solicits(&w, PEER, OWN_GROUP, "ff02::1:ff00:1", 9),
                     MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(world_solicits(&w, "::", OWN_GROUP, OWN, 9), MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(world_solicits(&w, "::", OWN, OWN, 0), MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(world_solicits(&w, "::", "ff02::1", OWN, 0), MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(world_solicits(&w, PEER, OWN_GROUP, "2001:db8::5", 9), MS_DROP_ND_NOT_FOR_US);
    assert_int_equal(world_solicits(&w, "2001:db8:5::9", OWN_GROUP, OWN, 9),
                     MS_DROP_ND_BAD_ADDRESS); /* S32 */
    assert_null(neighbor_of("2001:db8:5::9"));
    assert_null(neighbor_of(PEER));
    assert_int_equal(world_discard(&w), 0);
}

/* Upper halves of zero: nobody, ourselves, and the form that our IPv4 addresses have inside. */
static const char *const low_targets[] = { "::", "::1", "::ffff:192.0.2.1", "::192.0.2.1" };

/* A neighbour says that this address is his, too. */
static enum ms_drop claim(const char *to, const char *target, uint8_t flags)
{
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_ADVERTISEMENT,
                             .flags = flags,
                             .options = { .present = ND_OPTION_TARGET_LINK,
                                          .target_link = { 2, 0, 0, 0, 1, 9 } } };
    const struct message m = { .from = PEER, .to = to, .mac_last = 9 };
    struct ms_addr addr = world_addr(target);

    memcpy(nd.target, addr.bytes, 16);
    return world_nd(&w, &m, &nd);
}

static bool has_ipv4(enum ms_addr_state wanted)
{
    struct ms_netif_addr addr;

    for (unsigned i = 0; ms_netif_addr(w.netif, i, &addr); i++) {
        if (is_addr(&addr.addr, "192.0.2.1"))
            return addr.state == wanted;
    }
    return false;
}

/* Else a probe of IPv6 would take a tentative IPv4 address away, and be answered for a usable. */
static void ipv4_addresses_are_no_targets(void **state)
{
    struct ms_addr ipv4 = world_addr("192.0.2.1");

    (void)state;
    assert_int_equal(ms_netif_add_addr(w.netif, &ipv4, 24, true), MS_OK);
    for (unsigned is_usable = 0; is_usable < 2; is_usable++) {
        world_discard(&w);
        for (unsigned i = 0; i < MS_ARRAY_LEN(low_targets); i++) {
            assert_int_equal(world_solicits(&w, "::", OWN_GROUP, low_targets[i], 0),
                             MS_DROP_ND_BAD_ADDRESS);
            assert_int_equal(world_solicits(&w, PEER, OWN_GROUP, low_targets[i], 9),
                             MS_DROP_ND_BAD_ADDRESS);
            assert_int_equal(claim("ff02::1", low_targets[i], 0), MS_DROP_ND_BAD_ADDRESS);
        }
        assert_int_equal(world_discard(&w), 0);
        assert_true(has_ipv4(is_usable ? MS_ADDR_PREFERRED : MS_ADDR_TENTATIVE));
        world_advance(&w, 20000000);
    }
    assert_int_equal(ms_stack_counters(w.stack)->address_conflicts, 0);
}

/* Nor does an advertisement resolve an IPv4 neighbour, or let what waits for ARP go. */
static void ipv4_neighbours_are_not_resolved_by_advertisements(void **state)
{
    (void)state;
    world_add_addr(&w, "192.0.2.1", 24);
    world_advance(&w, 20000000);
    send_to("192.0.2.50");
    world_discard(&w);
    assert_int_equal(claim(OWN, "::ffff:192.0.2.50", ND_NEIGHBOR_SOLICITED | ND_NEIGHBOR_OVERRIDE),
                     MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(world_discard(&w), 0);
    assert_false(is_at("192.0.2.50", 9));
}

/* proves: S30 */
static void an_option_of_no_length_ends_the_message(void **state)
{
    struct ms_addr own = world_addr(OWN);
    uint8_t body[24] = { 0 };
    struct message m = { .from = PEER,
                         .to = OWN_GROUP,
                         .mac_last = 9,
                         .type = ICMPV6_NEIGHBOR_SOLICITATION,
                         .body = body,
                         .body_len = 24 };
    static const uint8_t lengths[] = { 0, 2, 255 };

    (void)state;
    memcpy(body, own.bytes, 16);
    body[16] = 1;
    for (unsigned i = 0; i < sizeof(lengths); i++) { /* S30 */
        body[17] = lengths[i];
        assert_int_equal(world_message(&w, &m), MS_DROP_ND_MALFORMED);
    }
    body[16] = 99; /* unknown, and skipped */
    body[17] = 1;
    assert_int_equal(world_message(&w, &m), MS_DROP_NONE);
}

/* v6LC 2.1.5: by multicast, once a second, three times. */
static void an_unknown_neighbour_is_asked_for_three_times(void **state)
{
    struct ms_addr peer = world_addr(PEER);
    struct sent_message sent;

    (void)state;
    send_to(PEER);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(world_sent(&w, &sent));
        assert_int_equal(sent.type, ICMPV6_NEIGHBOR_SOLICITATION);
        assert_true(is_addr(&sent.to, "ff02::1:ff00:9"));
        assert_true(is_addr(&sent.from, OWN)); /* as the packet that waits */
        assert_int_equal(sent.hop_limit, 255);
        assert_memory_equal(sent.body, peer.bytes, 16);
        assert_memory_equal(sent.body + 16, "\x01\x01", 2);
        assert_memory_equal(sent.body + 18, OWN_MAC, 6);
        assert_memory_equal(sent.mac, "\x33\x33\xff\0\0\x09", 6);
        assert_int_equal(world_discard(&w), 0);
        world_advance(&w, 1000000);
    }
    world_advance(&w, 10000000);
    assert_int_equal(world_discard(&w), 0);
    assert_int_equal(world_drops(&w, MS_DROP_NEIGHBOR_UNRESOLVED), 1);
}

static void an_answer_lets_the_waiting_packet_go(void **state)
{
    struct sent_message sent;

    (void)state;
    send_to(PEER);
    world_discard(&w);
    assert_int_equal(world_advertises(&w, OWN, PEER, ND_NEIGHBOR_SOLICITED, 9), MS_DROP_NONE);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_ECHO_REQUEST);
    assert_memory_equal(sent.mac, "\x02\0\0\0\x01\x09", 6);
}

/* v6LC 2.1.6: a neighbour that we only heard of is asked, by unicast, if it is still there. */
static void a_stale_neighbour_is_probed_by_unicast(void **state)
{
    struct sent_message sent;

    (void)state;
    world_solicits(&w, PEER, OWN_GROUP, OWN, 9);
    send_to(PEER);
    assert_int_equal(world_discard(&w), 2);
    world_advance(&w, 5000000);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_NEIGHBOR_SOLICITATION);
    assert_true(is_addr(&sent.to, PEER));
    assert_memory_equal(sent.mac, "\x02\0\0\0\x01\x09", 6);
    assert_int_equal(world_advertises(&w, OWN, PEER, ND_NEIGHBOR_SOLICITED, 9), MS_DROP_NONE);
    world_advance(&w, 10000000);
    assert_int_equal(world_discard(&w), 0);
}

/* v6LC 2.1.15, 3.1.4 */
/* proves: S29, S33, F23 */
static void impossible_advertisements_are_dropped(void **state)
{
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_ADVERTISEMENT,
                             .flags = ND_NEIGHBOR_SOLICITED,
                             .options = { .present = ND_OPTION_TARGET_LINK,
                                          .target_link = { 2, 0, 0, 0, 1, 9 } } };
    struct ms_addr peer = world_addr(PEER);
    const struct message good = { .from = PEER, .to = OWN, .mac_last = 9 };
    struct message m = good;

    (void)state;
    memcpy(nd.target, peer.bytes, 16);
    send_to(PEER);
    m.hop_limit = 254;
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_BAD_HOP_LIMIT);
    m = good;
    m.code = 1;
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_MALFORMED);
    m = good;
    m.from = "::";
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_BAD_ADDRESS);
    m = good;
    m.to = "ff02::1";
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_BAD_ADDRESS);
    nd.target[0] = 0xff;
    assert_int_equal(world_nd(&w, &good, &nd), MS_DROP_ND_BAD_ADDRESS);
    assert_false(is_at(PEER, 9));
    assert_int_equal(world_advertises(&w, OWN, "2001:db8::77", 0, 9), MS_DROP_ND_UNSOLICITED);
    assert_null(neighbor_of("2001:db8::77"));
    nd.target[0] = 0x20;
    assert_int_equal(world_nd(&w, &good, &nd), MS_DROP_NONE);
    assert_true(is_at(PEER, 9));
}

static void somebody_who_advertises_our_address_is_counted(void **state)
{
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_ADVERTISEMENT };
    struct ms_addr own = world_addr(OWN);
    const struct message m = { .from = "fe80::77", .to = "ff02::1", .mac_last = 77 };

    (void)state;
    memcpy(nd.target, own.bytes, 16);
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(ms_stack_counters(w.stack)->address_conflicts, 1);
    assert_true(ms_ip_is_own(w.stack, &own));
}

/* A frame from our link address is our own, whatever it says: a bridge sent it back. */
static void our_own_advertisement_sent_back_is_nothing(void **state)
{
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_ADVERTISEMENT };
    struct ms_addr own = world_addr(OWN);
    uint64_t before = ms_stack_counters(w.stack)->nd_out_messages;
    uint8_t mac[6];

    (void)state;
    assert_int_equal(world_solicits(&w, "::", OWN_GROUP, OWN, 0), MS_DROP_NONE);
    assert_int_equal(ms_stack_counters(w.stack)->nd_out_messages, before + 1);
    memcpy(nd.target, own.bytes, 16);
    memcpy(mac, w.driver.mac, 6);
    memcpy(w.driver.mac, "\x02\0\0\0\x01\x4d", 6); /* the sender's, for this one frame */
    assert_int_equal(
        world_nd(&w, &(struct message){ .from = "fe80::4d", .to = "ff02::1", .mac_last = 0x4d },
                 &nd),
        MS_DROP_ND_NOT_FOR_US);
    memcpy(w.driver.mac, mac, 6);
    assert_int_equal(ms_stack_counters(w.stack)->address_conflicts, 0);
}

static void a_medium_without_stations_has_no_neighbours(void **state)
{
    (void)state;
    world_close(&w);
    world_open(&w, MS_MEDIUM_IP);
    world_add_addr(&w, OWN, 64);
    assert_int_equal(world_advertises(&w, OWN, PEER, 0, 9), MS_DROP_ND_NOT_FOR_US);
    assert_int_equal(world_solicits(&w, PEER, OWN, OWN, 9), MS_DROP_NONE);
    assert_null(neighbor_of(PEER));
    assert_int_equal(world_discard(&w), 1);
}

/* v6LC 2.2.3 */
static void router_solicitations_are_not_for_hosts(void **state)
{
    const struct message m = { .from = "fe80::9", .to = "ff02::1", .mac_last = 9 };
    const struct nd_message nd = { .type = ICMPV6_ROUTER_SOLICITATION,
                                   .options = { .present = ND_OPTION_SOURCE_LINK,
                                                .source_link = { 2, 0, 0, 0, 1, 9 } } };

    (void)state;
    assert_int_equal(world_nd(&w, &m, &nd), MS_DROP_ND_NOT_FOR_US);
    assert_null(neighbor_of("fe80::9"));
}

static enum ms_drop redirect(const char *from, const char *target, const char *destination)
{
    struct ms_addr t = world_addr(target), d = world_addr(destination);
    uint8_t body[32];
    const struct message m = { .from = from,
                               .to = OWN,
                               .type = ICMPV6_REDIRECT,
                               .body = body,
                               .body_len = 32,
                               .mac_last = 0xff };

    memcpy(body, t.bytes, 16);
    memcpy(body + 16, d.bytes, 16);
    return world_message(&w, &m);
}

/* v6LC 2.3.3, 2.3.8, 2.3.15: judged, then ignored by choice. */
/* proves: F15 */
static void redirects_change_nothing(void **state)
{
    struct ms_addr any = { .bytes = { 0 } }, gateway = world_addr(ROUTER);

    (void)state;
    assert_int_equal(ms_route_add(w.stack, &any, 0, &gateway, w.netif), MS_OK);
    assert_int_equal(redirect(PEER, ROUTER2, "2001:db8:5::1"), MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(redirect(ROUTER, ROUTER2, "ff05::1"), MS_DROP_ND_BAD_ADDRESS);
    for (unsigned i = 0; i < MS_ARRAY_LEN(low_targets); i++) {
        assert_int_equal(redirect(ROUTER, ROUTER2, low_targets[i]), MS_DROP_ND_BAD_ADDRESS);
        assert_int_equal(redirect(ROUTER, low_targets[i], low_targets[i]), MS_DROP_ND_BAD_ADDRESS);
    }
    assert_int_equal(redirect(ROUTER, "2001:db8::5", "2001:db8:5::1"), MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(redirect(ROUTER2, ROUTER2, "2001:db8:5::1"), MS_DROP_ND_NOT_ROUTER);
    assert_int_equal(redirect(ROUTER, ROUTER2, PEER), MS_DROP_ND_NOT_ROUTER); /* on the link */
    assert_int_equal(redirect(ROUTER, ROUTER2, "2001:db8:5::1"), MS_DROP_ICMP_UNKNOWN_TYPE);
    assert_int_equal(redirect(ROUTER, "2001:db8:5::1", "2001:db8:5::1"), MS_DROP_ICMP_UNKNOWN_TYPE);
    assert_null(neighbor_of(ROUTER2));
    assert_int_equal(world_discard(&w), 0);
}

static void an_address_added_without_probing_is_announced(void **state)
{
    struct ms_addr addr = world_addr("2001:db8::42");
    struct sent_message sent;

    (void)state;
    assert_int_equal(ms_netif_add_addr(w.netif, &addr, 64, false), MS_OK);
    world_advance(&w, 0);
    assert_true(world_sent_type(&w, ICMPV6_NEIGHBOR_ADVERTISEMENT, &sent));
    assert_int_equal(sent.rest, 0x20000000);
    assert_true(is_addr(&sent.to, "ff02::1"));
    assert_memory_equal(sent.body, addr.bytes, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(a_solicitation_is_answered_to_who_asked),
        T(who_asks_without_a_link_address_is_resolved_first),
        T(a_probe_for_our_address_is_answered_to_all),
        T(impossible_solicitations_are_dropped),
        T(ipv4_addresses_are_no_targets),
        T(ipv4_neighbours_are_not_resolved_by_advertisements),
        T(an_option_of_no_length_ends_the_message),
        T(an_unknown_neighbour_is_asked_for_three_times),
        T(an_answer_lets_the_waiting_packet_go),
        T(a_stale_neighbour_is_probed_by_unicast),
        T(impossible_advertisements_are_dropped),
        T(somebody_who_advertises_our_address_is_counted),
        T(our_own_advertisement_sent_back_is_nothing),
        T(a_medium_without_stations_has_no_neighbours),
        T(router_solicitations_are_not_for_hosts),
        T(redirects_change_nothing),
        T(an_address_added_without_probing_is_announced),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
