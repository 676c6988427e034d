/* SPDX-License-Identifier: ISC */
/* The stack with the files *_absent.c in the place of what a minimal build leaves out. */
#include "support/ip_world.h"
#include "support/wire_peer.h"
#include "wire/icmp.h"
#include "wire/ip.h"

#define OWN  "192.0.2.1"
#define PEER "192.0.2.2"

static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_IP);
    world_add_addr(&w, OWN, 24);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static struct message ping(const char *to)
{
    static const uint8_t body[] = "any bytes";

    return (struct message){
        .from = PEER,
        .to = to,
        .type = ICMP_ECHO_REQUEST,
        .body = body,
        .body_len = sizeof(body),
        .protocol = IP_PROTOCOL_ICMP,
    };
}

static void answers_a_ping(void **state)
{
    struct message m = ping(OWN);
    struct sent_message sent;

    (void)state;
    assert_int_equal(world_message(&w, &m), MS_DROP_NONE);
    assert_true(world_sent_type(&w, ICMP_ECHO_REPLY, &sent));
    assert_int_equal(sent.body_len, m.body_len);
}

static void drops_ipv6(void **state)
{
    struct message m = ping("fe80::1");

    (void)state;
    m.from = "fe80::2";
    m.protocol = IP_PROTOCOL_ICMPV6;
    assert_int_equal(world_message(&w, &m), MS_DROP_IP_BAD_VERSION);
    assert_int_equal(world_discard(&w), 0);
}

static void has_no_ipv6_address(void **state)
{
    struct ms_addr addr = world_addr("2001:db8::1");
    struct ms_netif_addr found;

    (void)state;
    assert_int_equal(ms_netif_autoconfigure_ipv6(w.netif), MS_ERROR_INVALID);
    assert_int_equal(ms_netif_add_addr(w.netif, &addr, 64, false), MS_ERROR_INVALID);
    assert_false(ms_netif_addr(w.netif, 1, &found));
}

static void joins_no_group(void **state)
{
    struct ms_addr group = world_addr("239.1.2.3");
    struct message m = ping("239.1.2.3");

    (void)state;
    assert_int_equal(ms_group_join(w.netif, &group), MS_ERROR_NO_MEMORY);
    assert_int_equal(ms_group_leave(w.netif, &group), MS_ERROR_INVALID);
    assert_int_equal(world_message(&w, &m), MS_DROP_IP_NOT_FOR_US);
    m.to = "224.0.0.1";
    assert_int_equal(world_message(&w, &m), MS_DROP_ICMP_GROUP_ECHO);
    m.protocol = IP_PROTOCOL_IGMP;
    assert_int_equal(world_message(&w, &m), MS_DROP_GROUP_NOT_JOINED);
    world_advance(&w, 100 * (uint64_t)SECOND);
    assert_int_equal(world_discard(&w), 0);
}

static void drops_fragments(void **state)
{
    struct message m = ping(OWN);
    uint8_t packet[64] = { 0 };
    size_t header_len = world_ip_header(packet, &m, 16);

    (void)state;
    assert_int_equal(header_len, 20);
    packet[6] = 0x20; /* more fragments */
    packet[10] -= 0x20;
    assert_int_equal(world_input(&w, packet, 36, 0), MS_DROP_FRAGMENT_NO_MEMORY);
}

static void note_release(struct ms_buf *buf) { buf->len = 0; }

static void hear_nothing(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    (void)udp;
    (void)user;
    (void)datagram;
}

/* On an error nothing was taken, so the caller knows. */
static void refuses_datagrams_larger_than_the_path(void **state)
{
    static const struct ms_udp_events events = { .on_datagram = hear_nothing };
    static const uint8_t bytes[1500];
    struct ms_buf pings[2] = { { .data = bytes, .len = 1473, .release = note_release },
                               { .data = bytes, .len = 1472, .release = note_release } };
    struct ms_buf datagrams[2] = { pings[0], pings[1] };
    const struct ms_endpoint remote = { .addr = world_addr(PEER), .port = 7 },
                             local = { .port = 9 };
    struct ms_udp *udp;

    (void)state;
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 1, &pings[0]), MS_ERROR_TOO_LONG);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 1, &pings[1]), MS_OK);
    assert_int_equal(ms_udp_open(w.stack, &local, &events, NULL, &udp), MS_OK);
    assert_int_equal(ms_udp_send(udp, &remote, &datagrams[0]), MS_ERROR_TOO_LONG);
    assert_int_equal(ms_udp_send(udp, &remote, &datagrams[1]), MS_OK);
    assert_int_equal(datagrams[0].len, 1473);
    assert_int_equal(pings[0].len, 1473);
    world_advance(&w, 0);
    assert_int_equal(world_discard(&w), 2);
    assert_int_equal(ms_stack_counters(w.stack)->ip_out_discards, 0);
}

static void a_syn_without_room_is_dropped(void **state)
{
    struct peer *peer;

    peer_config(state)->tcp_syn_records = 1;
    peer = peer_start(state);
    peer_listen(peer, 0);
    peer_send_syn(peer, OFFER());
    EXPECT(peer, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    peer_flow(peer, 4001);
    peer_send_syn(peer, OFFER());
    QUIET(peer, 0);
    assert_int_equal(ms_stack_counters(peer->stack)->tcp_listen_overflows, 1);
    SEND(peer, .flags = TCP_ACK, .seq = 1, .ack = 1);
    EXPECT(peer, .flags = TCP_RST, .seq = ANY, .ack = ANY);
    assert_int_equal(peer->app_count, 0);
}

static void a_conversation_is_whole(void **state)
{
    struct peer *peer = PASSIVE(state, .sack = true, .timestamps = true);

    SEND(peer, .seq = 1, .len = 500);
    assert_int_equal(peer->app->received, 500);
    assert_int_equal(app_send(peer->app, 500), MS_OK);
    EXPECT(peer, .seq = 1, .ack = 501, .len = 500, .has_timestamp = true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(answers_a_ping),
        T(drops_ipv6),
        T(has_no_ipv6_address),
        T(joins_no_group),
        T(drops_fragments),
        T(refuses_datagrams_larger_than_the_path),
#undef T
        OVER_IPV4(a_syn_without_room_is_dropped),
        OVER_IPV4(a_conversation_is_whole),
    };

    return cmocka_run_group_tests_name("minimal", tests, NULL, NULL);
}
