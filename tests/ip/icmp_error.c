/* SPDX-License-Identifier: ISC */
/* ICMP errors sent: to whom, about what, how long, how often. */

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ip/icmp.h"
#include "ip/icmp_limit.h"
#include "support/ip_world.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define PEER "192.0.2.9"
#define OWN  "192.0.2.1"

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

static size_t knock_split; /* bytes in the first piece; 0: all */

/* A UDP datagram to a port nobody has. */
static enum ms_drop knock(const char *from, const char *to, size_t len, const uint8_t *patch)
{
    static uint8_t bytes[WORLD_FRAME_MAX];
    struct message m = { .from = from, .to = to, .protocol = IP_PROTOCOL_UDP };

    memset(bytes, 0x55, sizeof(bytes));
    world_ip_header(bytes, &m, len);
    store_be16(bytes + 20, 5000);
    store_be16(bytes + 22, 9);
    store_be16(bytes + 24, (uint16_t)len);
    store_be16(bytes + 26, 0);
    if (patch) {
        bytes[patch[0]] = patch[1];
        store_be16(bytes + 10, 0);
        ms_ipv4_header_sum_store(bytes, 20);
    }
    return world_input(&w, bytes, 20 + len, knock_split);
}

static void an_unreachable_port_is_told_with_a_quote(void **state)
{
    struct sent_message sent;

    (void)state;
    assert_int_equal(knock(PEER, OWN, 40, NULL), MS_DROP_UDP_NO_SOCKET);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_UNREACHABLE);
    assert_int_equal(sent.code, ICMP_UNREACHABLE_PORT);
    assert_true(is_addr(&sent.from, OWN));
    assert_true(is_addr(&sent.to, PEER));
    assert_int_equal(sent.body_len, 60);
    assert_int_equal(load_be16(sent.body + 20), 5000);
    assert_int_equal(w.frames_in, 0);
}

/* Odd places too: the sum is that of the bytes in a row. */
static void a_quote_in_two_pieces_is_summed_as_one(void **state)
{
    struct sent_message sent;

    (void)state;
    for (knock_split = 28; knock_split < 34; knock_split++) {
        assert_int_equal(knock(PEER, OWN, 41, NULL), MS_DROP_UDP_NO_SOCKET);
        assert_true(world_sent(&w, &sent));
        assert_int_equal(sent.body_len, 61);
        world_advance(&w, 10000000);
    }
    knock_split = 0;
}

static void without_a_way_back_no_error_is_sent(void **state)
{
    (void)state;
    assert_int_equal(knock("198.51.100.7", OWN, 40, NULL), MS_DROP_SEND_NO_ROUTE);
}

static void without_frames_no_error_is_sent(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(PEER) };

    (void)state;
    while (ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL) == MS_OK)
        continue;
    assert_int_equal(knock(PEER, OWN, 40, NULL), MS_DROP_SEND_NO_FRAME);
}

static void a_long_quote_stops_at_576_bytes(void **state)
{
    struct sent_message sent;

    (void)state;
    assert_int_equal(knock(PEER, OWN, 1400, NULL), MS_DROP_UDP_NO_SOCKET);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.packet_len, 576);
    assert_int_equal(sent.body_len, 548);
}

/* proves: I07, I10 */
static void an_unknown_protocol_is_told(void **state)
{
    const uint8_t patch[2] = { 9, 4 }; /* I07, I10: IP in IP is nobody's here */
    struct sent_message sent;

    (void)state;
    assert_int_equal(knock(PEER, OWN, 40, patch), MS_DROP_IP_UNKNOWN_PROTOCOL);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_UNREACHABLE);
    assert_int_equal(sent.code, ICMP_UNREACHABLE_PROTOCOL);
}

/* No error about a group's packet, a fragment, an error. */
/* proves: C12 */
static void some_packets_deserve_no_error(void **state)
{
    static const uint8_t icmp_types[] = { 3, 4, 5, 11, 12, 13, 200 };
    struct ms_frame frame = { .refs = 1 };
    uint8_t bytes[64];
    struct packet p = {
        .stack = w.stack,
        .netif = w.netif,
        .frame = &frame,
        .network = bytes,
        .flow = { .local = world_addr(OWN), .remote = world_addr(PEER) },
        .is_ipv4 = true,
    };
    struct message m = { .from = PEER, .to = OWN };

    (void)state;
    knock(PEER, "192.0.2.255", 40, NULL);
    knock(PEER, "224.0.0.1", 40, NULL);
    world_ip_header(bytes, &m, sizeof(bytes) - 20);
    frame.head = bytes;
    frame.head_len = sizeof(bytes);
    for (unsigned i = 0; i < sizeof(icmp_types); i++) {
        bytes[20] = icmp_types[i];
        ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    }
    frame.head_len = 20; /* the type cannot be seen */
    bytes[20] = ICMP_ECHO_REQUEST;
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    frame.head_len = sizeof(bytes);
    bytes[9] = IP_PROTOCOL_UDP;
    bytes[7] = 1; /* not the first fragment */
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    bytes[7] = 0;
    p.flags = PACKET_LINK_GROUP;
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    p.flags = 0;
    p.flow.remote = world_addr("0.0.0.0");
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    p.flow.remote = world_addr("224.1.1.1");
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    p.flow.remote = world_addr("192.0.2.255");
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    world_advance(&w, 0);
    assert_int_equal(world_discard(&w), 0);
}

static void a_parameter_problem_points_at_the_byte(void **state)
{
    uint8_t bytes[28] = { 0 };
    struct ms_frame frame = { .head = bytes, .head_len = sizeof(bytes), .refs = 2 };
    struct packet p = {
        .stack = w.stack,
        .netif = w.netif,
        .frame = &frame,
        .network = bytes,
        .flow = { .local = world_addr(OWN), .remote = world_addr(PEER) },
        .is_ipv4 = true,
    };
    struct message m = { .from = PEER, .to = OWN };
    struct sent_message sent;

    (void)state;
    world_ip_header(bytes, &m, 8);
    bytes[20] = ICMP_ECHO_REQUEST;
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 9);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_PARAMETER_PROBLEM);
    assert_int_equal(sent.rest, 0x09000000);
    assert_int_equal(frame.refs, 2);
}

/* RFC 1122, 3.2.2.4: the sender of half a datagram learns that it was given up. */
static void half_a_datagram_is_told_when_its_time_is_up(void **state)
{
    const uint8_t patch[2] = { 6, 0x20 };
    struct sent_message sent;

    (void)state;
    assert_int_equal(knock(PEER, OWN, 64, patch), MS_DROP_NONE);
    world_advance(&w, 120000000);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_TIME_EXCEEDED);
    assert_int_equal(sent.code, ICMP_EXCEEDED_REASSEMBLY);
    assert_int_equal(sent.body_len, 84);
}

/* Nor is it put together, or told of, by whoever gets the interface's place. */
static void half_a_datagram_goes_with_its_interface(void **state)
{
    const uint8_t first[2] = { 6, 0x20 }, second[2] = { 7, 8 };

    (void)state;
    assert_int_equal(knock(PEER, OWN, 64, first), MS_DROP_NONE);
    ms_netif_detach(w.netif);
    assert_int_equal(ms_stack_counters(w.stack)->ip_reassembly_fails, 1);
    assert_int_equal(ms_netif_attach(w.stack, &w.driver, &w.netif), MS_OK);
    world_add_addr(&w, OWN, 24);
    assert_int_equal(knock(PEER, OWN, 64, second), MS_DROP_NONE);
    world_advance(&w, 120000000);
    assert_int_equal(world_discard(&w), 0);
    assert_int_equal(ms_stack_counters(w.stack)->ip_reassembly_ok, 0);
}

/* A flood from one source is answered a few times. */
/* proves: R14, U04 */
static void errors_are_rate_limited(void **state)
{
    unsigned answered;

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        knock(PEER, OWN, 40, NULL);
    answered = world_discard(&w);
    assert_in_range(answered, ICMP_LIMIT_BURST_MIN, ICMP_LIMIT_BURST_MAX);
    assert_int_equal(world_drops(&w, MS_DROP_ICMP_RATE_LIMITED), 1000 - answered);
}

struct told {
    unsigned udp, tcp, tcp_closed;
};

static void on_udp_error(struct ms_udp *udp, void *user, const struct ms_endpoint *remote,
                         enum ms_error error)
{
    (void)udp;
    assert_int_equal(remote->port, 7);
    assert_int_equal(error, MS_ERROR_UNREACHABLE);
    ((struct told *)user)->udp++;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    (void)udp;
    (void)user;
    (void)datagram;
}

static void on_soft_error(struct ms_tcp *tcp, void *user, enum ms_error error)
{
    (void)tcp;
    assert_int_equal(error, MS_ERROR_UNREACHABLE);
    ((struct told *)user)->tcp++;
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error error)
{
    (void)tcp;
    (void)error;
    ((struct told *)user)->tcp_closed++;
}

static void released(struct ms_buf *buf) { (void)buf; }

/* RFC 4861, 7.2.2; RFC 9293, 3.9.2.2: a silent neighbour is no secret, and ends no connection. */
static void who_sends_to_a_silent_neighbor_is_told(void **state)
{
    static const char *const addresses[][2] = { { OWN, PEER }, { "2001:db8::1", "2001:db8::9" } };
    static const struct ms_udp_events udp_events = { .on_datagram = on_datagram,
                                                     .on_error = on_udp_error };
    static const struct ms_tcp_events tcp_events = { .on_soft_error = on_soft_error,
                                                     .on_close = on_close };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(addresses); i++) {
        struct ms_buf buf = { .data = (const uint8_t *)"hallo", .len = 5, .release = released };
        struct ms_endpoint local = { .port = 1000 };
        struct ms_endpoint remote = { .addr = world_addr(addresses[i][1]), .port = 7 };
        struct ms_tcp_connect connect = { .remote = remote, .events = &tcp_events };
        struct told told = { 0 };
        struct ms_udp *udp;
        struct ms_tcp *tcp;

        connect.user = &told;
        world_open(&w, MS_MEDIUM_ETHERNET);
        world_add_addr(&w, addresses[i][0], i ? 64 : 24);
        assert_int_equal(ms_udp_open(w.stack, &local, &udp_events, &told, &udp), MS_OK);
        assert_int_equal(ms_udp_send(udp, &remote, &buf), MS_OK);
        assert_int_equal(ms_tcp_connect(w.stack, &connect, &tcp), MS_OK);
        world_advance(&w, 2900000);
        assert_int_equal(told.udp + told.tcp, 0);
        world_advance(&w, 200000);
        assert_int_equal(told.udp, 1);
        assert_in_range(told.tcp, 1, 3);
        assert_int_equal(told.tcp_closed, 0);
        ms_tcp_abort(tcp);
        ms_udp_close(udp);
        world_discard(&w);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(an_unreachable_port_is_told_with_a_quote),
        T(a_quote_in_two_pieces_is_summed_as_one),
        T(without_a_way_back_no_error_is_sent),
        T(without_frames_no_error_is_sent),
        T(a_long_quote_stops_at_576_bytes),
        T(an_unknown_protocol_is_told),
        T(some_packets_deserve_no_error),
        T(a_parameter_problem_points_at_the_byte),
        T(half_a_datagram_is_told_when_its_time_is_up),
        T(half_a_datagram_goes_with_its_interface),
        T(errors_are_rate_limited),
#undef T
        cmocka_unit_test(who_sends_to_a_silent_neighbor_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
