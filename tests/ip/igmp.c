/* SPDX-License-Identifier: ISC */
/* IGMP: what routers hear of joining and leaving, and which of their questions count. */
#include "wire/igmp.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/ip_world.h"
#include "wire/ip.h"

#define GROUP4 "239.1.2.3"

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

static unsigned count_type(uint8_t type)
{
    struct sent_message sent;
    unsigned count = 0;

    while (world_sent(&w, &sent))
        count += sent.body && sent.type == type;
    return count;
}

/* RFC 2236, 3: told twice, and when the last member who told leaves. */
static void igmp_tells_of_joining_and_leaving(void **state)
{
    struct sent_message sent;

    (void)state;
    assert_int_equal(join(GROUP4), MS_OK);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, IGMP_REPORT_V2);
    assert_int_equal(sent.rest, 0xef010203);
    assert_true(is_addr(&sent.to, GROUP4));
    assert_true(is_addr(&sent.from, "192.0.2.1"));
    assert_int_equal(sent.hop_limit, 1);
    assert_true(sent.has_router_alert);
    assert_memory_equal(sent.mac, "\x01\x00\x5e\x01\x02\x03", 6);
    world_advance(&w, 60000000);
    assert_int_equal(count_type(IGMP_REPORT_V2), 1);
    assert_int_equal(leave(GROUP4), MS_OK);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, IGMP_LEAVE);
    assert_true(is_addr(&sent.to, "224.0.0.2"));
    assert_int_equal(sent.rest, 0xef010203);
}

/* Routers cannot place a host that has no address. */
/* proves: E15 */
static void without_an_address_it_is_silent(void **state)
{
    struct ms_addr own = world_addr("192.0.2.1");

    (void)state;
    assert_int_equal(ms_netif_remove_addr(w.netif, &own), MS_OK);
    join(GROUP4);
    world_advance(&w, 60000000);
    assert_int_equal(igmp(IGMP_QUERY, 10, "0.0.0.0", "224.0.0.1"), MS_DROP_NONE);
    world_advance(&w, 60000000);
    leave(GROUP4);
    world_advance(&w, 0);
    assert_int_equal(world_discard(&w), 0);
}

/* proves: E16 */
static void messages_that_make_no_sense_are_dropped(void **state)
{
    struct message m = { .from = "192.0.2.254",
                         .to = "224.0.0.1",
                         .hop_limit = 1,
                         .type = IGMP_QUERY,
                         .protocol = IP_PROTOCOL_IGMP };
    static const uint8_t sources[8] = { 0, 0, 0x0f, 0xff }; /* E16: more than are there */

    (void)state;
    join(GROUP4);
    world_advance(&w, 60000000);
    world_discard(&w);
    for (m.cut = 1; m.cut <= 8; m.cut++)
        assert_int_equal(world_message(&w, &m), MS_DROP_GROUP_MALFORMED);
    m.cut = 0;
    m.has_bad_sum = true;
    assert_int_equal(world_message(&w, &m), MS_DROP_GROUP_MALFORMED);
    m.has_bad_sum = false;
    m.split = 14 + 20 + 4;
    assert_int_equal(world_message(&w, &m), MS_DROP_FRAME_NOT_CONTIGUOUS);
    m.split = 0;
    m.body = sources;
    m.body_len = sizeof(sources);
    assert_int_equal(world_message(&w, &m), MS_DROP_GROUP_MALFORMED);
    m.to = "192.0.2.1";
    m.body_len = 0;
    assert_int_equal(world_message(&w, &m), MS_DROP_GROUP_MALFORMED);
    assert_int_equal(igmp(IGMP_QUERY, 10, "0.0.0.0", GROUP4), MS_DROP_GROUP_MALFORMED);
    assert_int_equal(igmp(IGMP_QUERY, 10, "10.0.0.1", GROUP4), MS_DROP_GROUP_MALFORMED);
    assert_int_equal(igmp(IGMP_QUERY, 10, "239.9.9.9", GROUP4), MS_DROP_GROUP_NOT_JOINED);
    assert_int_equal(igmp(IGMP_REPORT_V2, 0, "239.9.9.9", GROUP4), MS_DROP_GROUP_NOT_JOINED);
    assert_int_equal(igmp(IGMP_REPORT_V3, 0, GROUP4, GROUP4), MS_DROP_ICMP_UNKNOWN_TYPE);
    world_advance(&w, 60000000);
    assert_int_equal(world_discard(&w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_with_addresses, close_world)
        T(igmp_tells_of_joining_and_leaving),
        T(without_an_address_it_is_silent),
        T(messages_that_make_no_sense_are_dropped),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
