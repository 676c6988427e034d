/* SPDX-License-Identifier: ISC */
/* A datagram arrives, sound or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/stack.h"
#include "ip/icmp.h"
#include "support/datagrams.h"
#include "support/ip_world.h"
#include "udp/udp.h"

static struct pair pair;
static struct receiver receiver;

static int set_up(void **state)
{
    struct ms_config config;

    (void)state;
    ms_config_default(&config);
    pair_open(&pair, &config);
    receiver_open(&receiver, &pair, 0, 53);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static void free_frame(struct ms_frame *frame)
{
    free(frame->head);
    free(frame);
}

static void store_sum(uint8_t *at, const uint8_t *bytes, uint32_t len, uint32_t sum)
{
    for (uint32_t i = 0; i < len; i++)
        sum += (uint32_t)bytes[i] << (i & 1 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    store_be16(at, (uint16_t)~sum);
}

/* One datagram from 10.0.0.2 port `source`; what says otherwise is the test's subject. */
struct spec {
    uint16_t source, destination, udp_len; /* udp_len 0xffff: the right one */
    uint32_t payload_len;
    bool has_no_checksum, has_wrong_checksum;
    uint32_t cut_to;   /* bytes of UDP that are there; 0: all */
    uint32_t head_len; /* bytes of the packet in the frame's first piece; 0: all */
};

static uint64_t drops_after(const struct spec *spec, enum ms_drop drop)
{
    static uint8_t rest[2000];
    uint32_t udp_len = 8 + spec->payload_len, there = spec->cut_to ? spec->cut_to : udp_len;
    uint8_t *packet = calloc(1, 20 + udp_len);
    struct ms_frame *frame = calloc(1, sizeof(*frame) + sizeof(struct ms_slice));
    const uint8_t ip[20] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1 };

    memcpy(packet, ip, 20);
    store_be16(packet + 2, (uint16_t)(20 + there));
    store_sum(packet + 10, packet, 20, 0);
    store_be16(packet + 20, spec->source);
    store_be16(packet + 22, spec->destination);
    store_be16(packet + 24, spec->udp_len == 0xffff ? (uint16_t)udp_len : spec->udp_len);
    for (uint32_t i = 0; i < spec->payload_len; i++)
        packet[28 + i] = (uint8_t)i;
    if (!spec->has_no_checksum) {
        uint32_t len = load_be16(packet + 24);
        uint32_t pseudo = 0x0a00 + 0x0002 + 0x0a00 + 0x0001 + 17 + len;

        store_sum(packet + 26, packet + 20, min_u32(len, udp_len), pseudo);
        if (spec->has_wrong_checksum)
            packet[26] ^= 0x10;
    }
    *frame = (struct ms_frame){
        .head = packet, .head_len = 20 + there, .refs = 1, .release = free_frame
    };
    if (spec->head_len) {
        frame->head_len = spec->head_len;
        frame->slice_count = 1;
        memcpy(rest, packet + spec->head_len, 20 + there - spec->head_len);
        frame->slices[0] = (struct ms_slice){ .data = rest, .len = 20 + there - spec->head_len };
    }
    ms_netif_input(pair.hosts[0].netif, &frame, 1, pair.now_us);
    return ms_stack_counters(pair.hosts[0].stack)->drops[drop];
}

#define DATAGRAM(...) \
    (&(struct spec){  \
        .source = 9, .destination = 53, .udp_len = 0xffff, .payload_len = 10, __VA_ARGS__ })

static void delivers_a_sound_one(void **state)
{
    (void)state;
    (void)drops_after(DATAGRAM(.payload_len = 10), MS_DROP_NONE);
    assert_int_equal(receiver.datagrams, 1);
    assert_int_equal(receiver.len, 10);
    assert_int_equal(receiver.remote.port, 9);
    assert_int_equal(ms_stack_counters(pair.hosts[0].stack)->udp_in_datagrams, 1);
}

static void delivers_one_whose_payload_is_in_a_slice(void **state)
{
    (void)state;
    for (uint32_t head_len = 28; head_len < 28 + 101; head_len++) {
        (void)drops_after(DATAGRAM(.payload_len = 101, .head_len = head_len), MS_DROP_NONE);
        assert_int_equal(receiver.len, 101);
        for (unsigned i = 0; i < 101; i++)
            assert_int_equal(receiver.bytes[i], i);
    }
    assert_int_equal(receiver.datagrams, 101);
}

static void drops_one_whose_header_is_in_two_pieces(void **state)
{
    (void)state;
    assert_int_equal(drops_after(DATAGRAM(.head_len = 24), MS_DROP_FRAME_NOT_CONTIGUOUS), 1);
}

/* proves: U01, I06 */
static void drops_lengths_that_lie(void **state)
{
    (void)state;
    for (uint16_t len = 0; len < 8; len++)
        assert_int_equal(drops_after(DATAGRAM(.udp_len = len), MS_DROP_UDP_BAD_LENGTH), len + 1);
    assert_int_equal(drops_after(DATAGRAM(.udp_len = 19), MS_DROP_UDP_BAD_LENGTH), 9);
    assert_int_equal(drops_after(DATAGRAM(.udp_len = 65534), MS_DROP_UDP_BAD_LENGTH), 10);
    for (uint32_t there = 1; there < 8; there++)
        assert_int_equal(drops_after(DATAGRAM(.cut_to = there), MS_DROP_UDP_TRUNCATED), there);
    assert_int_equal(receiver.datagrams, 0);
}

/* proves: U01 */
static void delivers_only_what_the_length_says(void **state)
{
    (void)state;
    (void)drops_after(DATAGRAM(.udp_len = 12), MS_DROP_NONE);
    assert_int_equal(receiver.datagrams, 1);
    assert_int_equal(receiver.len, 4);
}

/* proves: U02 */
static void checks_the_checksum_unless_there_is_none(void **state)
{
    (void)state;
    assert_int_equal(drops_after(DATAGRAM(.has_wrong_checksum = true), MS_DROP_UDP_BAD_CHECKSUM),
                     1);
    (void)drops_after(DATAGRAM(.has_no_checksum = true), MS_DROP_NONE);
    assert_int_equal(receiver.datagrams, 1);
}

/* proves: U03 */
static void drops_port_zero(void **state)
{
    (void)state;
    assert_int_equal(drops_after(DATAGRAM(.destination = 0), MS_DROP_UDP_BAD_PORT), 1);
    assert_int_equal(ms_stack_counters(pair.hosts[0].stack)->icmp_out_errors, 0);
}

/* One without payload or checksum, or over IPv6 with it, in an Ethernet frame to this station. */
static enum ms_drop ethernet_datagram(struct ip_world *w, const char *mac, const char *to)
{
    const struct ms_addr addr = world_addr(to);
    bool is_ipv4 = ms_addr_is_ipv4(&addr);
    const struct message m = {
        .from = is_ipv4 ? "192.0.2.9" : "2001:db8::9",
        .to = to,
        .protocol = IP_PROTOCOL_UDP,
    };
    uint8_t frame[14 + 40 + 8] = { 0 };
    size_t len = 14 + world_ip_header(frame + 14, &m, 8);
    uint8_t *udp = frame + len;

    memcpy(frame, mac, 6);
    memcpy(frame + 6, "\2\0\0\0\1\x9", 6);
    store_be16(frame + 12, is_ipv4 ? 0x0800 : 0x86dd);
    store_be16(udp, 9);
    store_be16(udp + 2, 53);
    store_be16(udp + 4, 8);
    if (!is_ipv4) {
        const struct ms_addr from = world_addr(m.from);
        uint64_t sum = ms_ip_pseudo_sum(&from, &addr, IP_PROTOCOL_UDP, 8);
        uint16_t checksum = ms_checksum_finish(sum + ms_checksum_scalar(udp, 8));

        memcpy(udp + 6, &checksum, 2);
    }
    return world_input(w, frame, len + 8, 0);
}

/* RFC 1122, 3.3.6: else a broadcast could reach services that only unicast may. */
/* proves: E13 */
static void drops_unicast_in_a_frame_to_everybody(void **state)
{
    static const struct {
        const char *mac, *to;
        enum ms_drop drop;
    } rows[] = {
        { "\2\0\0\0\0\1", "192.0.2.1", MS_DROP_NONE },
        { "\xff\xff\xff\xff\xff\xff", "192.0.2.1", MS_DROP_UDP_LINK_GROUP },
        { "\x01\0\x5e\1\1\1", "192.0.2.1", MS_DROP_UDP_LINK_GROUP },
        { "\xff\xff\xff\xff\xff\xff", "192.0.2.255", MS_DROP_NONE },
        { "\xff\xff\xff\xff\xff\xff", "255.255.255.255", MS_DROP_NONE },
        { "\2\0\0\0\0\1", "255.255.255.255", MS_DROP_NONE },
        { "\x01\0\x5e\0\0\1", "224.0.0.1", MS_DROP_NONE },
        { "\2\0\0\0\0\1", "2001:db8::1", MS_DROP_NONE },
        { "\x33\x33\0\0\0\1", "2001:db8::1", MS_DROP_UDP_LINK_GROUP },
        { "\xff\xff\xff\xff\xff\xff", "2001:db8::1", MS_DROP_UDP_LINK_GROUP },
        { "\x33\x33\0\0\0\1", "ff02::1", MS_DROP_NONE },
    };
    static struct ip_world w;
    static struct receiver listener;
    struct ms_endpoint local = { .port = 53 };

    (void)state;
    memset(&listener, 0, sizeof(listener));
    world_open(&w, MS_MEDIUM_ETHERNET);
    world_add_addr(&w, "192.0.2.1", 24);
    world_add_addr(&w, "2001:db8::1", 64);
    assert_int_equal(ms_udp_open(w.stack, &local, &receiver_events, &listener, &listener.udp),
                     MS_OK);
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        unsigned before = listener.datagrams;

        if (ethernet_datagram(&w, rows[i].mac, rows[i].to) != rows[i].drop)
            fail_msg("row %u", i);
        assert_int_equal(listener.datagrams, before + (rows[i].drop == MS_DROP_NONE));
    }
    ms_udp_close(listener.udp);
    world_discard(&w);
    ethernet_datagram(&w, rows[1].mac, rows[1].to);
    assert_int_equal(world_discard(&w), 0); /* and there is no answer */
    world_close(&w);
}

static void answers_a_port_without_socket_by_icmp(void **state)
{
    struct ms_endpoint remote = pair_endpoint(0, true, 54);
    struct receiver sender;
    struct counted_buf buf = counted_buf("hello", 5);

    (void)state;
    receiver_open(&sender, &pair, 1, 1000);
    assert_int_equal(ms_udp_send(sender.udp, &remote, &buf.buf), MS_OK);
    pair_run(&pair, 10000);
    assert_int_equal(ms_stack_counters(pair.hosts[0].stack)->drops[MS_DROP_UDP_NO_SOCKET], 1);
    assert_int_equal(sender.errors, 1);
    assert_int_equal(sender.remote.port, 54);
}

/* An interface that the socket is bound to takes no errors away, of strangers or of ourselves. */
static void tells_a_socket_bound_to_an_interface_of_errors(void **state)
{
    struct ms_endpoint remotes[2] = { pair_endpoint(0, true, 54), pair_endpoint(1, true, 54) };
    struct ms_endpoint local = { .port = 1000, .netif = pair.hosts[1].netif };
    static struct receiver sender;

    (void)state;
    memset(&sender, 0, sizeof(sender));
    assert_int_equal(
        ms_udp_open(pair.hosts[1].stack, &local, &receiver_events, &sender, &sender.udp), MS_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct counted_buf buf = counted_buf("hello", 5);

        assert_int_equal(ms_udp_send(sender.udp, &remotes[i], &buf.buf), MS_OK);
        pair_run(&pair, 10000);
        assert_int_equal(sender.errors, i + 1);
        assert_memory_equal(&sender.remote.addr, &remotes[i].addr, sizeof(struct ms_addr));
    }
}

/* A router in between says that the path takes 1300 bytes. */
static void believes_that_what_such_a_socket_sent_was_too_big(void **state)
{
    const struct ms_endpoint remote = pair_endpoint(1, true, 54), own = pair_endpoint(0, true, 0);
    struct ms_endpoint local = { .port = 1000, .netif = pair.hosts[0].netif };
    struct icmp_report report = {
        .kind = ICMP_TOO_BIG,
        .flow = { .local = own.addr, .remote = remote.addr, .local_port = 1000, .remote_port = 54 },
        .netif = pair.hosts[0].netif,
        .protocol = IP_PROTOCOL_UDP,
        .mtu = 1300,
    };
    struct ms_udp *udp;

    (void)state;
    ms_udp_report(pair.hosts[0].stack, &report);
    assert_int_equal(ms_stack_counters(pair.hosts[0].stack)->icmp_path_mtu_updates, 0);
    assert_int_equal(ms_udp_open(pair.hosts[0].stack, &local, &receiver_events, NULL, &udp), MS_OK);
    ms_udp_report(pair.hosts[0].stack, &report);
    assert_int_equal(ms_stack_counters(pair.hosts[0].stack)->icmp_path_mtu_updates, 1);
}

static void lets_a_handler_close_its_own_socket(void **state)
{
    (void)state;
    receiver.closes_itself = true;
    (void)drops_after(DATAGRAM(.payload_len = 1), MS_DROP_NONE);
    assert_int_equal(receiver.datagrams, 1);
    assert_int_equal(drops_after(DATAGRAM(.payload_len = 1), MS_DROP_UDP_NO_SOCKET), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(delivers_a_sound_one),
        TEST(delivers_one_whose_payload_is_in_a_slice),
        TEST(drops_one_whose_header_is_in_two_pieces),
        TEST(drops_lengths_that_lie),
        TEST(delivers_only_what_the_length_says),
        TEST(checks_the_checksum_unless_there_is_none),
        TEST(drops_port_zero),
        TEST(drops_unicast_in_a_frame_to_everybody),
        TEST(answers_a_port_without_socket_by_icmp),
        TEST(tells_a_socket_bound_to_an_interface_of_errors),
        TEST(believes_that_what_such_a_socket_sent_was_too_big),
        TEST(lets_a_handler_close_its_own_socket),
    };

    return cmocka_run_group_tests_name("udp/input", tests, NULL, NULL);
}
