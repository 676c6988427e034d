/* SPDX-License-Identifier: ISC */
/* Sending datagrams: whole, in fragments, and not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/frame.h"
#include "core/netif.h"
#include "core/stack.h"
#include "support/datagrams.h"
#include "support/ip_world.h"

static struct pair pair;
static struct receiver sender, receiver;
static uint8_t pattern[RECEIVER_BYTES];

static int set_up(void **state)
{
    struct ms_config config;

    (void)state;
    for (uint32_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i * 7 + i / 251);
    ms_config_default(&config);
    pair_open(&pair, &config);
    receiver_open(&sender, &pair, 0, 1000);
    receiver_open(&receiver, &pair, 1, 53);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static void sends(uint32_t len, bool is_ipv4)
{
    struct ms_endpoint remote = pair_endpoint(1, is_ipv4, 53);
    struct counted_buf buf = counted_buf(pattern, len);
    unsigned before = receiver.datagrams;

    assert_int_equal(ms_udp_send(sender.udp, &remote, &buf.buf), MS_OK);
    assert_int_equal(buf.released, 0);
    pair_run(&pair, 100000);
    assert_int_equal(receiver.datagrams, before + 1);
    assert_int_equal(receiver.len, len);
    assert_memory_equal(receiver.bytes, pattern, len);
    assert_int_equal(receiver.remote.port, 1000);
    assert_int_equal(receiver.local.port, 53);
    assert_int_equal(buf.released, 1);
}

static void carries_any_length_whole_or_in_fragments(void **state)
{
    static const uint32_t lengths[] = { 0,    1,    2,     63,    1431, 1432, 1433,
                                        1451, 1452, 1453,  1471,  1472, 1473, 2000,
                                        2953, 9001, 32768, 65500, 65507 };

    (void)state;
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        sends(lengths[i], true);
        sends(lengths[i], false);
    }
    assert_true(ms_stack_counters(pair.hosts[0].stack)->ip_fragments_created > 0);
}

static void refuses_what_no_packet_can_hold(void **state)
{
    struct ms_endpoint v4 = pair_endpoint(1, true, 53), v6 = pair_endpoint(1, false, 53);
    struct counted_buf buf = counted_buf(pattern, 65508);

    (void)state;
    assert_int_equal(ms_udp_send(sender.udp, &v4, &buf.buf), MS_ERROR_TOO_LONG);
    buf.buf.len = 65528;
    assert_int_equal(ms_udp_send(sender.udp, &v6, &buf.buf), MS_ERROR_TOO_LONG);
    assert_int_equal(buf.released, 0); /* nothing was taken */
}

static void refuses_destinations_that_make_no_sense(void **state)
{
    struct ms_endpoint no_port = pair_endpoint(1, true, 0), nobody = { .port = 53 };
    struct counted_buf buf = counted_buf(pattern, 1);

    (void)state;
    assert_int_equal(ms_udp_send(sender.udp, &no_port, &buf.buf), MS_ERROR_INVALID);
    assert_int_equal(ms_udp_send(sender.udp, &nobody, &buf.buf), MS_ERROR_INVALID);
    no_port.port = 53;
    no_port.addr = ms_addr_ipv4(192, 0, 2, 1);
    assert_int_equal(ms_udp_send(sender.udp, &no_port, &buf.buf), MS_ERROR_NO_ROUTE);
}

static void refuses_to_send_from_one_family_to_another(void **state)
{
    const struct ms_endpoint locals[] = { pair_endpoint(0, true, 9),
                                          pair_endpoint(0, false, 9),
                                          { .addr = ms_addr_ipv4(239, 1, 1, 1), .port = 9 } };
    struct ms_udp *udp;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ms_udp_open(pair.hosts[0].stack, &locals[i], &receiver_events, NULL, &udp),
                         MS_OK);
        for (unsigned host = 0; host < 2; host++) {                      /* to ourselves, too */
            struct ms_endpoint remote = pair_endpoint(host, i == 1, 53); /* of the other */
            struct counted_buf buf = counted_buf(pattern, 1);

            assert_int_equal(ms_udp_send(udp, &remote, &buf.buf), MS_ERROR_INVALID);
        }
        ms_udp_close(udp);
    }
}

static void says_when_the_queue_is_full_and_recovers(void **state)
{
    struct ms_endpoint remote = pair_endpoint(1, true, 53);
    struct counted_buf bufs[1000];
    enum ms_error error = MS_OK;
    unsigned sent = 0;

    (void)state;
    while (sent < 1000) {
        bufs[sent] = counted_buf(pattern, 10);
        error = ms_udp_send(sender.udp, &remote, &bufs[sent].buf);
        if (error != MS_OK)
            break;
        sent++;
    }
    assert_int_equal(error, MS_ERROR_QUEUE_FULL);
    pair_run(&pair, 100000);
    assert_int_equal(receiver.datagrams, sent);
    for (unsigned i = 0; i < sent; i++)
        assert_int_equal(bufs[i].released, 1);
    sends(10, true);
}

static void says_when_no_frame_is_left_and_recovers(void **state)
{
    struct ms_endpoint remote = pair_endpoint(1, true, 53);
    struct counted_buf buf = counted_buf(pattern, 10);
    struct ms_frame *taken[1024];
    unsigned count = 0;

    (void)state;
    while ((taken[count] = ms_frame_alloc(pair.hosts[0].stack)))
        count++;
    assert_int_equal(ms_udp_send(sender.udp, &remote, &buf.buf), MS_ERROR_NO_MEMORY);
    while (count > 0)
        ms_frame_put(taken[--count]);
    sends(10, true);
}

static void sets_hop_limit_and_traffic_class(void **state)
{
    (void)state;
    assert_int_equal(ms_udp_set(sender.udp, MS_UDP_HOP_LIMIT, 9), MS_OK);
    assert_int_equal(ms_udp_set(sender.udp, MS_UDP_TRAFFIC_CLASS, 0xb8), MS_OK);
    for (unsigned is_ipv4 = 0; is_ipv4 < 2; is_ipv4++) {
        sends(1, is_ipv4);
        assert_int_equal(receiver.hop_limit, 9);
        assert_int_equal(receiver.traffic_class, 0xb8);
    }
}

/* The transport checksum of the one frame that waits for the device. */
static uint16_t checksum_sent(uint32_t header_len)
{
    const struct ms_netif *netif = pair.hosts[0].netif;
    const struct ms_frame *frame = netif->queue[(netif->queue_head - 1) & netif->queue_mask];

    return load_be16(frame->head + header_len + 6);
}

static void sends_no_checksum_over_ipv4_if_asked(void **state)
{
    struct ms_endpoint v4 = pair_endpoint(1, true, 53), v6 = pair_endpoint(1, false, 53);
    struct counted_buf bufs[3] = { counted_buf(pattern, 8), counted_buf(pattern, 8),
                                   counted_buf(pattern, 8) };

    (void)state;
    assert_int_equal(ms_udp_send(sender.udp, &v4, &bufs[0].buf), MS_OK);
    assert_int_not_equal(checksum_sent(20), 0);
    assert_int_equal(ms_udp_set(sender.udp, MS_UDP_CHECKSUM_IPV4, 0), MS_OK);
    assert_int_equal(ms_udp_send(sender.udp, &v4, &bufs[1].buf), MS_OK);
    assert_int_equal(checksum_sent(20), 0);
    assert_int_equal(ms_udp_send(sender.udp, &v6, &bufs[2].buf), MS_OK);
    assert_int_not_equal(checksum_sent(40), 0); /* RFC 8200, 8.1: never without */
    pair_run(&pair, 10000);
    assert_int_equal(receiver.datagrams, 3);
}

/* RFC 768: a sum that comes out as zero is sent as ones. */
/* proves: U02 */
static void never_sends_zero_for_a_checksum_it_made(void **state)
{
    struct ms_endpoint v4 = pair_endpoint(1, true, 53);

    (void)state;
    for (uint32_t word = 0; word < 65536; word += 1) {
        uint8_t bytes[2] = { (uint8_t)(word >> 8), (uint8_t)word };
        struct counted_buf buf = counted_buf(bytes, 2);

        assert_int_equal(ms_udp_send(sender.udp, &v4, &buf.buf), MS_OK);
        assert_int_not_equal(checksum_sent(20), 0);
        pair_run(&pair, 2000);
    }
    assert_int_equal(receiver.datagrams, 65536);
}

/* A buffer that is sent again, to one of a few neighbours in turn, whenever it comes back. */
struct returning_buf {
    struct ms_buf buf;
    struct ms_udp *udp;
    unsigned neighbors, returns;
};

enum { RETURNING = 60, RETURNS_MAX = 10000 };

static void send_again(struct ms_buf *buf)
{
    struct returning_buf *r = (struct returning_buf *)(void *)buf;
    struct ms_endpoint to = { .addr = ms_addr_ipv4(10, 0, 1, 0), .port = 9 };
    enum ms_error error;

    assert_true(r->returns < RETURNS_MAX); /* else nothing ends it */
    to.addr.bytes[15] = (uint8_t)(1 + r->returns++ % r->neighbors);
    error = ms_udp_send(r->udp, &to, buf);
    assert_true(error == MS_OK || error == MS_ERROR_NO_MEMORY); /* then it has stopped */
}

static void keep(struct ms_buf *buf) { (void)buf; }

static void ignore(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    (void)udp;
    (void)user;
    (void)datagram;
}

/* Lets them go round for a while; how often they came back. */
static unsigned go_round(struct returning_buf *bufs, unsigned neighbors, uint32_t len)
{
    static const uint8_t bytes[4000];
    static const struct ms_udp_events events = { .on_datagram = ignore };
    struct ms_endpoint local = { .port = 7 };
    struct ip_world w = { 0 };
    struct ms_udp *udp;
    unsigned returns = 0;

    world_open(&w, MS_MEDIUM_ETHERNET);
    world_add_addr(&w, "10.0.0.1", 16);
    assert_int_equal(ms_udp_open(w.stack, &local, &events, NULL, &udp), MS_OK);
    for (unsigned i = 0; i < RETURNING; i++) {
        bufs[i] = (struct returning_buf){ .udp = udp, .neighbors = neighbors };
        bufs[i].buf = (struct ms_buf){ .data = bytes, .len = len, .release = send_again };
        send_again(&bufs[i].buf);
    }
    for (unsigned i = 0; i < 2000; i++) {
        w.now_us += 10000;
        ms_poll(w.stack, w.now_us);
        world_discard(&w);
    }
    for (unsigned i = 0; i < RETURNING; i++) {
        returns += bufs[i].returns;
        bufs[i].buf.release = keep;
    }
    ms_udp_close(udp);
    world_close(&w);
    return returns;
}

/* frame.h: who gets a buffer back may send it at once. Silent neighbours never end that. */
static void buffers_that_waited_in_vain_may_be_sent_again(void **state)
{
    static struct returning_buf bufs[RETURNING];

    (void)state;
    assert_in_range(go_round(bufs, 1, 8), RETURNING + 1, 2000 * RETURNING);
    assert_in_range(go_round(bufs, 4, 8), RETURNING + 1, 2000 * RETURNING);
    assert_in_range(go_round(bufs, 40, 8), RETURNING + 1, 2000 * RETURNING);
    assert_in_range(go_round(bufs, 4, 3000), RETURNING + 1, 2000 * RETURNING);
}

/* A device that is done at once, and a sender that never is. */
static void a_poll_ends_though_what_it_sends_comes_back_at_once(void **state)
{
    static const struct ms_udp_events events = { .on_datagram = ignore };
    static struct returning_buf bufs[3];
    struct ms_endpoint local = { .port = 7 };
    struct ip_world w = { 0 };
    struct ms_udp *udp;

    (void)state;
    world_open(&w, MS_MEDIUM_IP);
    world_add_addr(&w, "10.0.0.1", 16);
    assert_int_equal(ms_udp_open(w.stack, &local, &events, NULL, &udp), MS_OK);
    for (unsigned i = 0; i < 3; i++) {
        bufs[i] = (struct returning_buf){ .udp = udp, .neighbors = 1 };
        bufs[i].buf =
            (struct ms_buf){ .data = (const uint8_t *)"x", .len = 1, .release = send_again };
        send_again(&bufs[i].buf);
    }
    for (unsigned i = 0; i < 300; i++) { /* the queue's end lies in the middle of some */
        ms_poll(w.stack, ++w.now_us);
        assert_in_range(world_discard(&w), 3, 6);
        assert_int_equal(ms_next_deadline(w.stack), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        bufs[i].buf.release = keep;
    ms_udp_close(udp);
    world_close(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(carries_any_length_whole_or_in_fragments),
        TEST(refuses_what_no_packet_can_hold),
        TEST(refuses_destinations_that_make_no_sense),
        TEST(refuses_to_send_from_one_family_to_another),
        TEST(says_when_the_queue_is_full_and_recovers),
        TEST(says_when_no_frame_is_left_and_recovers),
        TEST(sets_hop_limit_and_traffic_class),
        TEST(sends_no_checksum_over_ipv4_if_asked),
        TEST(never_sends_zero_for_a_checksum_it_made),
        cmocka_unit_test(buffers_that_waited_in_vain_may_be_sent_again),
        cmocka_unit_test(a_poll_ends_though_what_it_sends_comes_back_at_once),
    };

    return cmocka_run_group_tests_name("udp/output", tests, NULL, NULL);
}
