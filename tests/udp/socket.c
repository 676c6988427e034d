/* SPDX-License-Identifier: ISC */
/* UDP sockets: opened, closed, found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/datagrams.h"

static struct pair pair;

static int set_up(void **state)
{
    struct ms_config config;

    (void)state;
    ms_config_default(&config);
    config.udp_sockets = 3;
    pair_open(&pair, &config);
    return 0;
}

static int set_up_many(void **state)
{
    struct ms_config config;

    (void)state;
    ms_config_default(&config);
    config.udp_sockets = 16384;
    pair_open(&pair, &config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static enum ms_error open_on(const struct ms_endpoint *local, struct ms_udp **udp)
{
    return ms_udp_open(pair.hosts[0].stack, local, &receiver_events, NULL, udp);
}

static void refuses_a_port_that_is_taken(void **state)
{
    struct ms_endpoint any = { .port = 53 }, own = pair_endpoint(0, true, 53);
    struct ms_udp *first, *second;

    (void)state;
    assert_int_equal(open_on(&any, &first), MS_OK);
    assert_int_equal(open_on(&any, &second), MS_ERROR_IN_USE);
    assert_int_equal(open_on(&own, &second), MS_OK); /* a closer fit is another socket */
    ms_udp_close(first);
    assert_int_equal(open_on(&any, &first), MS_OK);
}

static void says_when_no_socket_is_left(void **state)
{
    struct ms_endpoint any = { .port = 0 };
    struct ms_udp *udp[4];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(open_on(&any, &udp[i]), MS_OK);
    assert_int_equal(open_on(&any, &udp[3]), MS_ERROR_NO_MEMORY);
    ms_udp_close(udp[1]);
    assert_int_equal(open_on(&any, &udp[3]), MS_OK);
}

static void picks_dynamic_ports_that_differ(void **state)
{
    struct ms_endpoint any = { .port = 0 }, first, second;
    struct ms_udp *udp[2];

    (void)state;
    assert_int_equal(open_on(&any, &udp[0]), MS_OK);
    assert_int_equal(open_on(&any, &udp[1]), MS_OK);
    ms_udp_local(udp[0], &first);
    ms_udp_local(udp[1], &second);
    assert_true(first.port >= 49152 && second.port >= 49152);
    assert_int_not_equal(first.port, second.port);
}

/* Sockets on all dynamic ports but one; then one more, whose port we are to choose. */
static uint16_t port_picked(const struct ms_endpoint *theirs, const struct ms_endpoint *ours)
{
    static struct ms_udp *others[65536];
    struct ms_endpoint local = *theirs;
    struct ms_udp *udp;

    for (uint32_t port = 49152; port < 65535; port++) {
        local.port = (uint16_t)port;
        assert_int_equal(open_on(&local, &others[port]), MS_OK);
    }
    assert_int_equal(open_on(ours, &udp), MS_OK);
    ms_udp_local(udp, &local);
    for (uint32_t port = 49152; port < 65535; port++)
        ms_udp_close(others[port]);
    ms_udp_close(udp);
    return local.port;
}

/* RFC 6056, 2.2: nor is a port picked where a closer fit would shadow another socket. */
static void picks_a_port_that_nobody_shares(void **state)
{
    const struct ms_endpoint any = { .port = 0 }, own = pair_endpoint(0, true, 0);
    const struct ms_endpoint by_netif = { .netif = pair.hosts[0].netif };
    const struct ms_endpoint *const locals[] = { &any, &own, &by_netif };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < 3; j++)
            assert_int_equal(port_picked(locals[i], locals[j]), 65535);
    }
}

/* Sockets on different addresses or interfaces do not meet: almost any port will do. */
static void shares_a_port_where_nobody_can_be_confused(void **state)
{
    const struct ms_endpoint v4 = pair_endpoint(0, true, 0), v6 = pair_endpoint(0, false, 0);
    struct ms_endpoint by_netif[2] = { { .netif = pair.hosts[0].netif }, { .port = 0 } };

    (void)state;
    by_netif[1].netif = pair.hosts[1].netif; /* stands for another interface of this host */
    assert_int_not_equal(port_picked(&v4, &v6), 65535);
    assert_int_not_equal(port_picked(&by_netif[0], &by_netif[1]), 65535);
}

static void refuses_a_socket_without_a_handler(void **state)
{
    static const struct ms_udp_events none = { .on_datagram = NULL };
    struct ms_endpoint any = { .port = 0 };
    struct ms_udp *udp;

    (void)state;
    assert_int_equal(ms_udp_open(pair.hosts[0].stack, &any, &none, NULL, &udp), MS_ERROR_INVALID);
    assert_int_equal(ms_udp_open(pair.hosts[0].stack, &any, NULL, NULL, &udp), MS_ERROR_INVALID);
}

static void refuses_options_out_of_range(void **state)
{
    struct receiver receiver;

    (void)state;
    receiver_open(&receiver, &pair, 0, 53);
    assert_int_equal(ms_udp_set(receiver.udp, MS_UDP_HOP_LIMIT, 256), MS_ERROR_INVALID);
    assert_int_equal(ms_udp_set(receiver.udp, MS_UDP_HOP_LIMIT, 0), MS_ERROR_INVALID);
    assert_int_equal(ms_udp_set(receiver.udp, MS_UDP_GROUP_HOP_LIMIT, 0), MS_ERROR_INVALID);
    assert_int_equal(ms_udp_set(receiver.udp, MS_UDP_GROUP_HOP_LIMIT, 1), MS_OK);
    assert_int_equal(ms_udp_set(receiver.udp, MS_UDP_TRAFFIC_CLASS, 0), MS_OK);
    assert_int_equal(ms_udp_set(receiver.udp, (enum ms_udp_option)99, 1), MS_ERROR_INVALID);
    assert_int_equal(ms_udp_set(receiver.udp, MS_UDP_HOP_LIMIT, 255), MS_OK);
}

static void gives_a_datagram_to_the_closest_fit(void **state)
{
    struct ms_endpoint exact = pair_endpoint(1, true, 53), sender = { .port = 9 };
    struct receiver any, own;
    struct counted_buf buf = counted_buf("x", 1);
    struct ms_udp *udp;

    (void)state;
    receiver_open(&any, &pair, 1, 53);
    own = any;
    own.datagrams = 0;
    assert_int_equal(ms_udp_open(pair.hosts[1].stack, &exact, &receiver_events, &own, &own.udp),
                     MS_OK);
    assert_int_equal(open_on(&sender, &udp), MS_OK);
    assert_int_equal(ms_udp_send(udp, &exact, &buf.buf), MS_OK);
    pair_run(&pair, 10000);
    assert_int_equal(own.datagrams, 1);
    assert_int_equal(any.datagrams, 0);
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_MANY(name) cmocka_unit_test_setup_teardown(name, set_up_many, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_a_port_that_is_taken),
        TEST(says_when_no_socket_is_left),
        TEST(picks_dynamic_ports_that_differ),
        TEST(refuses_a_socket_without_a_handler),
        TEST_MANY(picks_a_port_that_nobody_shares),
        TEST_MANY(shares_a_port_where_nobody_can_be_confused),
        TEST(refuses_options_out_of_range),
        TEST(gives_a_datagram_to_the_closest_fit),
    };

    return cmocka_run_group_tests_name("udp/socket", tests, NULL, NULL);
}
