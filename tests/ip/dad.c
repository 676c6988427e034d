/* SPDX-License-Identifier: ISC */
/* Duplicate address detection: the first second of an address, and what others may say in it. */
#include "ip/dad.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ip/addr.h"
#include "ip/ip.h"
#include "support/nd_message.h"
#include "wire/arp.h"

#define OWN       "2001:db8::1"
#define OWN_GROUP "ff02::1:ff00:1"

static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_ETHERNET);
    world_add_addr(&w, "fe80::1", 64);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static void add(const char *text)
{
    struct ms_addr addr = world_addr(text);

    assert_int_equal(ms_netif_add_addr(w.netif, &addr, 64, true), MS_OK);
}

static int state_of(const char *text)
{
    struct ms_addr addr = world_addr(text);
    const struct netif_addr *entry = ms_addr_find(w.netif, &addr);

    return entry ? entry->state : -1;
}

/* v6LC 3.1.1: one probe after at most a second, and a second of silence. */
static void nobody_answers_and_the_address_is_ours(void **state)
{
    struct ms_addr own = world_addr(OWN);
    struct sent_message sent;
    uint64_t start_us = w.now_us;

    (void)state;
    add(OWN);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
    assert_false(ms_ip_is_own(w.stack, &own));
    while (!world_sent_type(&w, ICMPV6_NEIGHBOR_SOLICITATION, &sent))
        world_advance(&w, 1000);
    assert_in_range(w.now_us - start_us, 0, 1001000);
    assert_true(is_addr(&sent.from, "::"));
    assert_true(is_addr(&sent.to, OWN_GROUP));
    assert_int_equal(sent.hop_limit, 255);
    assert_memory_equal(sent.body, own.bytes, 16);
    assert_int_equal(sent.body_len, 16); /* no link address in it */
    world_advance(&w, 998000);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
    world_advance(&w, 2000);
    assert_int_equal(state_of(OWN), MS_ADDR_PREFERRED);
    assert_true(ms_ip_is_own(w.stack, &own));
    assert_int_equal(ms_stack_counters(w.stack)->address_conflicts, 0);
}

/* v6LC 3.1.2: an advertisement, or somebody else's probe, in that time. */
static void an_advertisement_takes_the_address_away(void **state)
{
    (void)state;
    add(OWN);
    assert_int_equal(world_advertises(&w, "ff02::1", OWN, ND_NEIGHBOR_OVERRIDE, 77), MS_DROP_NONE);
    assert_int_equal(state_of(OWN), MS_ADDR_DUPLICATE);
    assert_int_equal(ms_stack_counters(w.stack)->address_conflicts, 1);
    world_advance(&w, 10000000);
    assert_int_equal(state_of(OWN), MS_ADDR_DUPLICATE);
    assert_int_equal(world_solicits(&w, "fe80::9", OWN_GROUP, OWN, 9), MS_DROP_ND_NOT_FOR_US);
}

static void anothers_probe_takes_the_address_away(void **state)
{
    const struct message how = { .from = "::", .to = OWN_GROUP, .mac_last = 77 };
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_SOLICITATION };
    struct ms_addr own = world_addr(OWN);

    (void)state;
    add(OWN);
    memcpy(nd.target, own.bytes, 16);
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_NONE);
    assert_int_equal(state_of(OWN), MS_ADDR_DUPLICATE);
}

/* v6LC 3.1.5: who only wants to resolve it is not answered yet, and does no harm. */
static void a_resolution_in_that_time_is_ignored(void **state)
{
    (void)state;
    add(OWN);
    assert_int_equal(world_solicits(&w, "fe80::9", OWN_GROUP, OWN, 9), MS_DROP_ND_NOT_FOR_US);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
    world_advance(&w, 3000000);
    assert_int_equal(state_of(OWN), MS_ADDR_PREFERRED);
}

/* v6LC 3.1.3, 3.1.4: messages that are not valid do not count. */
static void invalid_messages_take_nothing_away(void **state)
{
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_SOLICITATION };
    struct message how = { .from = "::", .to = OWN_GROUP, .mac_last = 77 };
    struct ms_addr own = world_addr(OWN);

    (void)state;
    add(OWN);
    memcpy(nd.target, own.bytes, 16);
    how.hop_limit = 254;
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_ND_BAD_HOP_LIMIT);
    how.hop_limit = 0;
    how.code = 1;
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_ND_MALFORMED);
    how.code = 0;
    how.has_bad_sum = true;
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_ICMP_BAD_CHECKSUM);
    how.has_bad_sum = false;
    how.to = "ff02::1";
    assert_int_equal(world_nd(&w, &how, &nd), MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(world_advertises(&w, "ff02::1", OWN, ND_NEIGHBOR_SOLICITED, 77),
                     MS_DROP_ND_BAD_ADDRESS);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
}

/* A bridge that sends our own frames back is no other station. */
static void our_own_probe_sent_back_is_no_conflict(void **state)
{
    struct world_frame probe;

    (void)state;
    add(OWN);
    do {
        assert_true(w.now_us < 60000000);
        world_discard(&w);
        world_advance(&w, 1000);
    } while (w.sent_taken == w.sent_count ||
             w.sent[w.sent_taken % WORLD_SENT_MAX].bytes[20] != IP_PROTOCOL_ICMPV6);
    probe = w.sent[w.sent_taken % WORLD_SENT_MAX];
    assert_int_equal(probe.bytes[14 + 40], ICMPV6_NEIGHBOR_SOLICITATION);
    assert_int_equal(world_input(&w, probe.bytes, probe.len, 0), MS_DROP_ND_NOT_FOR_US);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
    probe.bytes[6 + 5] ^= 0x40; /* from another card, it is one */
    assert_int_equal(world_input(&w, probe.bytes, probe.len, 0), MS_DROP_NONE);
    assert_int_equal(state_of(OWN), MS_ADDR_DUPLICATE);
}

/* S34, RFC 7217: an address of our own making is replaced three times, then we give up. */
/* proves: S34 */
static void an_automatic_address_is_replaced_three_times(void **state)
{
    struct ms_addr prefix = world_addr("2001:db8:7::");
    struct ms_addr first = ms_nd_make_addr(w.netif, &prefix, 0);
    const struct addr_options options = {
        .addr = &first,
        .prefix_len = 64,
        .probe = true,
        .is_automatic = true,
        .valid_until_us = UINT64_MAX,
        .preferred_until_us = UINT64_MAX,
    };
    struct ms_netif_addr found;
    char text[MS_ADDR_TEXT_SIZE];

    (void)state;
    assert_int_equal(ms_addr_add(w.netif, &options, NULL), MS_OK);
    for (uint8_t attempt = 0; attempt <= DAD_ATTEMPTS; attempt++) {
        struct ms_addr expected = ms_nd_make_addr(w.netif, &prefix, attempt);

        assert_int_equal(world_addr_state(&w, "2001:db8:7::", &found), MS_ADDR_TENTATIVE);
        assert_true(ms_addr_equal(&found.addr, &expected));
        assert_true(found.is_automatic);
        ms_addr_format(&found.addr, text);
        assert_int_equal(world_advertises(&w, "ff02::1", text, ND_NEIGHBOR_OVERRIDE, 77),
                         MS_DROP_NONE);
    }
    assert_int_equal(world_addr_state(&w, "2001:db8:7::", NULL), MS_ADDR_DUPLICATE);
    assert_int_equal(ms_stack_counters(w.stack)->address_conflicts, 1 + DAD_ATTEMPTS);
    world_advance(&w, 10000000);
    assert_int_equal(world_addr_state(&w, "2001:db8:7::", NULL), MS_ADDR_DUPLICATE);
}

static void made_addresses_are_stable_and_differ(void **state)
{
    struct ms_addr a = world_addr("2001:db8:7::"), b = world_addr("2001:db8:8::");
    struct ms_addr first = ms_nd_make_addr(w.netif, &a, 0);
    struct ms_addr again = ms_nd_make_addr(w.netif, &a, 0);
    struct ms_addr next = ms_nd_make_addr(w.netif, &a, 1);
    struct ms_addr other = ms_nd_make_addr(w.netif, &b, 0);

    (void)state;
    assert_memory_equal(first.bytes, a.bytes, 8);
    assert_true(ms_addr_equal(&first, &again));
    assert_memory_not_equal(first.bytes + 8, next.bytes + 8, 8);
    assert_memory_not_equal(first.bytes + 8, other.bytes + 8, 8);
    w.driver.mac[5] = 9;
    next = ms_nd_make_addr(w.netif, &a, 0);
    assert_memory_not_equal(first.bytes + 8, next.bytes + 8, 8);
}

static void a_link_local_address_comes_with_the_first_global_one(void **state)
{
    struct ms_netif_addr found;
    struct ms_addr link_local = world_addr("fe80::1");

    (void)state;
    assert_int_equal(ms_netif_remove_addr(w.netif, &link_local), MS_OK);
    world_add_addr(&w, "192.0.2.1", 24);
    add(OWN);
    assert_int_equal(world_addr_state(&w, "fe80::", &found), MS_ADDR_TENTATIVE);
    assert_true(found.is_automatic);
    assert_int_equal(found.prefix_len, 64);
    world_advance(&w, 3000000);
    assert_int_equal(world_addr_state(&w, "fe80::", NULL), MS_ADDR_PREFERRED);
}

/* Where there are no stations, there is nobody to ask. */
static void a_medium_without_stations_needs_no_detection(void **state)
{
    (void)state;
    world_close(&w);
    world_open(&w, MS_MEDIUM_IP);
    add(OWN);
    assert_int_equal(state_of(OWN), MS_ADDR_PREFERRED);
}

/* RFC 4862, 5.4; RFC 5227, 2.1: nobody hears a probe, nor answers, while the link is down. */
static void detection_waits_for_the_link(void **state)
{
    struct ms_addr ipv4 = world_addr("192.0.2.1");
    struct sent_message sent;

    (void)state;
    ms_netif_set_up(w.netif, false);
    add(OWN);
    assert_int_equal(ms_netif_add_addr(w.netif, &ipv4, 24, true), MS_OK);
    world_advance(&w, 60000000);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
    assert_int_equal(state_of("192.0.2.1"), MS_ADDR_TENTATIVE);
    ms_netif_set_up(w.netif, true);
    world_discard(&w);
    world_advance(&w, 1100000);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
    assert_true(world_sent_type(&w, ICMPV6_NEIGHBOR_SOLICITATION, &sent));
    world_advance(&w, 1000000);
    assert_int_equal(state_of(OWN), MS_ADDR_PREFERRED);
    assert_int_equal(state_of("192.0.2.1"), MS_ADDR_TENTATIVE); /* that takes four seconds */
    world_advance(&w, 20000000);
    assert_int_equal(state_of("192.0.2.1"), MS_ADDR_PREFERRED);
}

static void an_address_in_use_ages_while_the_link_is_down(void **state)
{
    struct ms_addr own = world_addr(OWN);
    const struct addr_options options = {
        .addr = &own,
        .prefix_len = 64,
        .valid_until_us = w.now_us + 10000000,
        .preferred_until_us = w.now_us + 10000000,
    };

    (void)state;
    assert_int_equal(ms_addr_add(w.netif, &options, NULL), MS_OK);
    ms_netif_set_up(w.netif, false);
    world_advance(&w, 9000000);
    assert_int_equal(state_of(OWN), MS_ADDR_PREFERRED);
    world_advance(&w, 1000000);
    assert_int_equal(state_of(OWN), -1);
}

/* What was heard before may have been on another link. */
static void detection_begins_anew_when_the_link_was_down(void **state)
{
    struct ms_addr ipv4 = world_addr("192.0.2.1");
    unsigned probes;

    (void)state;
    add(OWN);
    assert_int_equal(ms_netif_add_addr(w.netif, &ipv4, 24, true), MS_OK);
    world_advance(&w, 1050000);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
    ms_netif_set_up(w.netif, false);
    world_advance(&w, 10000000);
    ms_netif_set_up(w.netif, true);
    world_advance(&w, 0);
    world_discard(&w);
    world_advance(&w, 950000);
    assert_int_equal(state_of(OWN), MS_ADDR_TENTATIVE);
    assert_int_equal(state_of("fe80::1"), MS_ADDR_PREFERRED); /* in use, and so it stays */
    world_advance(&w, 20000000);
    assert_int_equal(state_of(OWN), MS_ADDR_PREFERRED);
    assert_int_equal(state_of("192.0.2.1"), MS_ADDR_PREFERRED);
    probes = 0;
    for (; w.sent_taken < w.sent_count; w.sent_taken++) {
        const struct world_frame *frame = &w.sent[w.sent_taken % WORLD_SENT_MAX];

        probes += frame->bytes[13] == 6 && load_be32(frame->bytes + 28) == 0;
    }
    assert_int_equal(probes, 3); /* of ARP, all of them again */
}

/* --- IPv4 --- */

/* Another station answers for 192.0.2.1. */
static enum ms_drop arp_claim(uint8_t mac_last)
{
    uint8_t frame[14 + ARP_HEADER_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff,     0xff, 2,
                                           0,    0,    0,    1,    mac_last, 8,    6 };
    const struct arp_header header = {
        .operation = ARP_REPLY,
        .sender_mac = { 2, 0, 0, 0, 1, mac_last },
        .sender_ip = 0xc0000201,
        .target_ip = 0xc0000201,
    };

    ms_arp_header_emit(&header, frame + sizeof(frame));
    return world_input(&w, frame, sizeof(frame), 0);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error error)
{
    (void)tcp;
    *(enum ms_error *)user = error;
}

/* RFC 5227, 2.4: the connections of an address that is given up end as if it was removed. */
static void a_lost_address_ends_its_connections(void **state)
{
    static const struct ms_tcp_events events = { .on_close = on_close };
    enum ms_error error = MS_OK;
    const struct ms_tcp_connect connect = {
        .remote = { .addr = world_addr("192.0.2.9"), .port = 80 },
        .events = &events,
        .user = &error,
    };
    struct ms_tcp *tcp;

    (void)state;
    world_add_addr(&w, "192.0.2.1", 24);
    assert_int_equal(ms_tcp_connect(w.stack, &connect, &tcp), MS_OK);
    assert_int_equal(arp_claim(5), MS_DROP_ARP_CONFLICT); /* defended */
    world_advance(&w, 1);
    assert_int_equal(state_of("192.0.2.1"), MS_ADDR_PREFERRED);
    assert_int_equal(error, MS_OK);
    assert_int_equal(arp_claim(5), MS_DROP_ARP_CONFLICT);
    world_advance(&w, 1);
    assert_int_equal(state_of("192.0.2.1"), MS_ADDR_DUPLICATE);
    assert_int_equal(error, MS_ERROR_INTERFACE_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(nobody_answers_and_the_address_is_ours),
        T(an_advertisement_takes_the_address_away),
        T(anothers_probe_takes_the_address_away),
        T(a_resolution_in_that_time_is_ignored),
        T(invalid_messages_take_nothing_away),
        T(our_own_probe_sent_back_is_no_conflict),
        T(an_automatic_address_is_replaced_three_times),
        T(made_addresses_are_stable_and_differ),
        T(a_link_local_address_comes_with_the_first_global_one),
        T(a_medium_without_stations_needs_no_detection),
        T(detection_waits_for_the_link),
        T(an_address_in_use_ages_while_the_link_is_down),
        T(detection_begins_anew_when_the_link_was_down),
        T(a_lost_address_ends_its_connections),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
