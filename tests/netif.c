/* SPDX-License-Identifier: ISC */
/* Interfaces: attached, flushed into devices that take what they like, taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/netif.h"
#include "support/datagrams.h"

static struct pair pair;
static struct receiver sender, receiver;

static int set_up(void **state)
{
    struct ms_config config;

    (void)state;
    ms_config_default(&config);
    config.netifs = 2;
    pair_open(&pair, &config);
    receiver_open(&sender, &pair, 0, 1000);
    receiver_open(&receiver, &pair, 1, 53);
    pair_run(&pair, 20000000); /* whatever is said at the start has been said */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static void send_one(struct counted_buf *buf)
{
    struct ms_endpoint remote = pair_endpoint(1, true, 53);

    *buf = counted_buf("0123456789", 10);
    assert_int_equal(ms_udp_send(sender.udp, &remote, &buf->buf), MS_OK);
}

static void refuses_drivers_that_make_no_sense(void **state)
{
    struct ms_driver driver = pair.hosts[0].driver;
    struct ms_driver_ops nothing = { .transmit = NULL };
    struct ms_netif *netif;

    (void)state;
    driver.mtu = 67;
    assert_int_equal(ms_netif_attach(pair.hosts[0].stack, &driver, &netif), MS_ERROR_INVALID);
    driver.mtu = 68;
    driver.slices_max = 0;
    assert_int_equal(ms_netif_attach(pair.hosts[0].stack, &driver, &netif), MS_ERROR_INVALID);
    driver.slices_max = 1;
    driver.ops = &nothing;
    assert_int_equal(ms_netif_attach(pair.hosts[0].stack, &driver, &netif), MS_ERROR_INVALID);
}

static void attaches_as_many_as_there_are_places(void **state)
{
    struct ms_driver second = pair.hosts[0].driver, third = second;
    struct ms_netif *netif, *other;

    (void)state;
    assert_int_equal(ms_netif_attach(pair.hosts[0].stack, &second, &netif), MS_OK);
    assert_int_equal(ms_netif_attach(pair.hosts[0].stack, &third, &other), MS_ERROR_NO_MEMORY);
    ms_netif_detach(netif);
    assert_int_equal(ms_netif_attach(pair.hosts[0].stack, &third, &other), MS_OK);
    ms_netif_detach(other);
}

static void keeps_frames_that_the_driver_refused_and_tries_soon(void **state)
{
    struct ms_stack *stack = pair.hosts[0].stack;
    struct counted_buf bufs[3];
    struct ms_netif_stats stats;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        send_one(&bufs[i]);
    assert_int_equal(ms_next_deadline(stack), 0);
    pair.hosts[0].refuse_after = 1;
    ms_poll(stack, pair.now_us);
    ms_netif_stats(pair.hosts[0].netif, &stats);
    assert_int_equal(stats.tx_frames_queued, 2);
    assert_int_equal(stats.tx_refused, 1);
    assert_in_range(ms_next_deadline(stack), pair.now_us + 1, pair.now_us + 10000);
    pair.hosts[0].refuse_after = UINT32_MAX;
    pair_run(&pair, 10000);
    assert_int_equal(receiver.datagrams, 3);
}

/* What waits for a dead link would hold the frames that other interfaces send with. */
static void holds_no_frames_while_the_link_is_down(void **state)
{
    struct ms_stack *stack = pair.hosts[0].stack;
    struct counted_buf bufs[2];
    struct ms_netif_stats stats;

    (void)state;
    send_one(&bufs[0]);
    ms_netif_set_up(pair.hosts[0].netif, false);
    ms_netif_stats(pair.hosts[0].netif, &stats);
    assert_int_equal(stats.tx_frames_queued, 0); /* at once: what is old does not leave later */
    send_one(&bufs[1]);
    assert_int_equal(ms_next_deadline(stack), 0);
    pair_run(&pair, 1000000);
    assert_int_equal(receiver.datagrams, 0);
    assert_int_equal(bufs[0].released + bufs[1].released, 2);
    assert_int_equal(ms_stack_counters(stack)->drops[MS_DROP_INTERFACE_DOWN], 2);
    assert_int_not_equal(ms_next_deadline(stack), 0); /* no busy waiting for a dead link */
    ms_netif_set_up(pair.hosts[0].netif, true);
    send_one(&bufs[0]);
    pair_run(&pair, 10000);
    assert_int_equal(receiver.datagrams, 1);
}

static void counts_frames_and_bytes(void **state)
{
    struct ms_netif_stats before, after;
    struct counted_buf buf;

    (void)state;
    ms_netif_stats(pair.hosts[0].netif, &before);
    send_one(&buf);
    pair_run(&pair, 10000);
    ms_netif_stats(pair.hosts[0].netif, &after);
    assert_int_equal(after.tx_frames - before.tx_frames, 1);
    assert_int_equal(after.tx_bytes - before.tx_bytes, 20 + 8 + 10);
    ms_netif_stats(pair.hosts[1].netif, &after);
    assert_true(after.rx_frames > 0 && after.rx_bytes >= 38);
}

static void gives_queued_frames_back_when_detached(void **state)
{
    struct counted_buf buf;

    (void)state;
    send_one(&buf);
    ms_netif_detach(pair.hosts[0].netif);
    assert_int_equal(buf.released, 1);
}

/* --- Handlers that take the interface away, while frames of its batch are still to come --- */

static unsigned handled;

static void take_away(bool comes_back)
{
    struct pair_host *host = &pair.hosts[1];

    handled++;
    ms_netif_detach(host->netif);
    if (comes_back)
        assert_int_equal(ms_netif_attach(host->stack, &host->driver, &host->netif), MS_OK);
}

static void detach_on_datagram(struct ms_udp *udp, void *comes_back, const struct ms_datagram *d)
{
    (void)udp;
    (void)d;
    take_away(comes_back != NULL);
}

static void detach_on_echo(void *comes_back, const struct ms_echo *echo)
{
    (void)echo;
    take_away(comes_back != NULL);
}

/* Three frames are on their way: two are left. The interface is back afterwards. */
static void expect_the_rest_dropped(enum ms_drop why)
{
    struct pair_host *host = &pair.hosts[1];
    const uint64_t *drops = &ms_stack_counters(host->stack)->drops[why], before = *drops;

    handled = 0;
    pair_run(&pair, 10000);
    assert_int_equal(handled, 1);
    assert_int_equal(*drops - before, 2);
    if (why == MS_DROP_INTERFACE_DOWN)
        assert_int_equal(ms_netif_attach(host->stack, &host->driver, &host->netif), MS_OK);
}

static void expect_datagrams_dropped(void *comes_back, enum ms_drop why)
{
    static const struct ms_udp_events events = { .on_datagram = detach_on_datagram };
    struct ms_endpoint local = { .port = 54 }, remote = pair_endpoint(1, true, 54);
    struct counted_buf bufs[3];
    struct ms_udp *udp;

    assert_int_equal(ms_udp_open(pair.hosts[1].stack, &local, &events, comes_back, &udp), MS_OK);
    for (unsigned i = 0; i < 3; i++) {
        bufs[i] = counted_buf("0123456789", 10);
        assert_int_equal(ms_udp_send(sender.udp, &remote, &bufs[i].buf), MS_OK);
    }
    expect_the_rest_dropped(why);
}

static void expect_echoes_dropped(void *comes_back, enum ms_drop why)
{
    struct ms_endpoint remote = pair_endpoint(0, true, 0);

    ms_icmp_on_echo(pair.hosts[1].stack, detach_on_echo, comes_back);
    for (uint16_t i = 0; i < 3; i++)
        assert_int_equal(ms_icmp_send_echo(pair.hosts[1].stack, &remote, 1, i, NULL), MS_OK);
    expect_the_rest_dropped(why);
}

static void a_datagram_may_take_the_interface_away(void **state)
{
    (void)state;
    expect_datagrams_dropped(NULL, MS_DROP_INTERFACE_DOWN);
}

/* What is attached in its place has no addresses yet. */
static void a_datagram_may_put_another_interface_there(void **state)
{
    (void)state;
    expect_datagrams_dropped(&pair, MS_DROP_IP_NOT_FOR_US);
}

static void an_echo_may_take_the_interface_away(void **state)
{
    (void)state;
    expect_echoes_dropped(NULL, MS_DROP_INTERFACE_DOWN);
}

static void an_echo_may_put_another_interface_there(void **state)
{
    (void)state;
    expect_echoes_dropped(&pair, MS_DROP_IP_NOT_FOR_US);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_drivers_that_make_no_sense),
        TEST(attaches_as_many_as_there_are_places),
        TEST(keeps_frames_that_the_driver_refused_and_tries_soon),
        TEST(holds_no_frames_while_the_link_is_down),
        TEST(counts_frames_and_bytes),
        TEST(gives_queued_frames_back_when_detached),
        TEST(a_datagram_may_take_the_interface_away),
        TEST(a_datagram_may_put_another_interface_there),
        TEST(an_echo_may_take_the_interface_away),
        TEST(an_echo_may_put_another_interface_there),
    };

    return cmocka_run_group_tests_name("netif", tests, NULL, NULL);
}
