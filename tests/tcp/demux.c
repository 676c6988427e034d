/* SPDX-License-Identifier: ISC */
/* Whose a segment is; which port and which number a connection begins with (RFC 6056, RFC 6528). */
#include "support/wire_peer.h"

enum {
    PORT_FIRST = 49152, /* RFC 6335, 6: the dynamic ports */
    PORT_COUNT = 16384,
    ISN_TICK_US = 4, /* RFC 9293, 3.4.1 */
};

/* Connections that nobody follows: what counts is how they begin. */
static const struct ms_tcp_events unheard = { .on_open = NULL };

static enum ms_error try_to_connect(struct peer *w, const struct ms_endpoint *remote,
                                    uint16_t local_port, struct ms_tcp **tcp)
{
    const struct ms_tcp_connect connect = {
        .remote = *remote,
        .local.port = local_port,
        .events = &unheard,
    };

    return ms_tcp_connect(w->stack, &connect, tcp);
}

static struct ms_tcp *connect_to(struct peer *w, const struct ms_endpoint *remote,
                                 uint16_t local_port)
{
    struct ms_tcp *tcp;

    assert_int_equal(try_to_connect(w, remote, local_port, &tcp), MS_OK);
    return tcp;
}

static struct ms_endpoint peer_end(const struct peer *w)
{
    return (struct ms_endpoint){ .addr = w->peer_addr, .port = PEER_PORT };
}

static uint16_t local_port(const struct ms_tcp *tcp)
{
    struct ms_endpoint local, remote;

    ms_tcp_endpoints(tcp, &local, &remote);
    return local.port;
}

static struct ms_addr neighbour_of(const struct ms_addr *addr)
{
    struct ms_addr other = *addr;

    other.bytes[15] ^= 0x10;
    return other;
}

/* The stack's answer was a RST, to whomever it went. */
static void expect_reset(struct peer *w)
{
    assert_int_equal(peer_discard(w), 1);
    assert_int_equal(w->heard[w->heard_count - 1].header.flags & TCP_RST, TCP_RST);
}

/* RFC 9293 3.3.1, 3.10.7.1: each of the four parts wrong makes it another connection's. */
static void finds_a_connection_by_all_four_parts(void **state)
{
    struct peer *w = ACTIVE(state);
    struct ms_addr another_peer = neighbour_of(&w->peer_addr);
    struct ms_addr another_of_ours = neighbour_of(&w->stack_addr);
    uint32_t ours = w->flow->stack_port;

    assert_int_equal(ms_netif_add_addr(w->netif, &another_of_ours, w->is_ipv4 ? 24 : 64, false),
                     MS_OK);
    peer_run(w, 10 * SECOND);
    SEND(w, .seq = 1, .ack = 1, .len = 10, .from = &another_peer);
    expect_reset(w);
    SEND(w, .seq = 1, .ack = 1, .len = 10, .to = &another_of_ours);
    expect_reset(w);
    SEND(w, .seq = 1, .ack = 1, .len = 10, .from_port = PEER_PORT + 1);
    expect_reset(w);
    SEND(w, .seq = 1, .ack = 1, .len = 10, .to_port = ours ^ 1);
    expect_reset(w);
    assert_drop(w, MS_DROP_TCP_NO_CONNECTION, 4);
    assert_int_equal(w->app->received, 0);
    SEND(w, .seq = 1, .ack = 1, .len = 10);
    assert_int_equal(w->app->received, 10);
}

/* The same: connections that differ in one part only keep apart what they receive. */
static void tells_connections_apart_by_any_part(void **state)
{
    struct peer *w = PASSIVE(state);
    struct flow first = *w->flow;
    const struct ms_addr peer_addr = w->peer_addr, stack_addr = w->stack_addr;
    struct ms_addr another_of_ours = neighbour_of(&stack_addr);

    assert_int_equal(ms_netif_add_addr(w->netif, &another_of_ours, w->is_ipv4 ? 24 : 64, false),
                     MS_OK);
    peer_run(w, 10 * SECOND);
    for (unsigned i = 0; i < 3; i++) { /* apps[1], [2], [3] */
        w->peer_addr = i == 0 ? neighbour_of(&peer_addr) : peer_addr;
        w->stack_addr = i == 1 ? another_of_ours : stack_addr;
        *peer_flow(w, i == 2 ? PEER_PORT + 1 : PEER_PORT) = (struct flow){
            .peer_port = i == 2 ? PEER_PORT + 1 : PEER_PORT,
            .stack_port = STACK_PORT,
            .isn = first.isn,
        };
        peer_open(w, OFFER());
        SEND(w, .len = 100 + i);
    }
    *peer_flow(w, PEER_PORT) = first;
    SEND(w, .seq = 1, .ack = 1, .len = 50);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(w->apps[1 + i].received, 100 + i);
    assert_int_equal(w->app->received, 50);
    peer_run(w, SECOND);
    peer_discard(w);
}

/* Port zero is nobody's, whatever else is right: no answer. */
/* proves: T42 */
static void drops_port_zero(void **state)
{
    static const uint8_t flags[] = { TCP_SYN,           TCP_ACK, TCP_SYN | TCP_ACK,
                                     TCP_ACK | TCP_FIN, TCP_RST, 0 };
    struct peer *w = PASSIVE(state);
    uint64_t errors = COUNT(w, tcp_in_errors);

    for (unsigned i = 0; i < sizeof(flags); i++) {
        SEND(w, .seq = 1, .ack = 1, .flags = flags[i], .len = 5, .from_port = 0);
        SEND(w, .seq = 1, .ack = 1, .flags = flags[i], .len = 5, .to_port = 0);
        SEND(w, .seq = 1, .ack = 1, .flags = flags[i], .len = 5, .from_port = 0, .to_port = 0);
    }
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_TCP_BAD_PORT, 18);
    assert_int_equal(COUNT(w, tcp_in_errors) - errors, 18);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
    assert_int_equal(w->app->received, 0);
}

/* The same for the application: nobody connects to it, and nobody listens there. */
/* proves: T42 */
static void refuses_port_zero(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_endpoint remote = { .addr = w->peer_addr, .port = 0 };
    struct ms_tcp_listen listen = { .accept = (ms_tcp_accept_fn *)(void (*)(void))abort };
    struct ms_tcp *tcp;

    assert_int_equal(try_to_connect(w, &remote, 0, &tcp), MS_ERROR_INVALID);
    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_ERROR_INVALID);
}

/* Listeners that say who they are, and want nobody. */

static const struct ms_tcp_events *note_who(struct ms_tcp *tcp, void *listener_user, void **user)
{
    (void)tcp;
    (void)user;
    ++*(unsigned *)listener_user;
    return NULL;
}

static struct ms_tcp_listener *listen_on(struct peer *w, const struct ms_addr *addr, uint16_t port,
                                         struct ms_netif *netif, unsigned *count)
{
    struct ms_tcp_listen listen = { .accept = note_who, .user = count };
    struct ms_tcp_listener *listener;

    listen.local.port = port;
    listen.local.netif = netif;
    if (addr)
        listen.local.addr = *addr;
    assert_int_equal(ms_tcp_listen(w->stack, &listen, &listener), MS_OK);
    return listener;
}

/* Somebody knocks, from a port of his own. */
static void knock(struct peer *w, const struct ms_addr *to, uint16_t port)
{
    peer_flow(w, (uint16_t)(PEER_PORT + w->flow_count))->stack_port = port;
    SEND(w, .flags = TCP_SYN, .seq = 0, .to = to);
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1, .to = to);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 1);
}

static void expect_nobody(struct peer *w, const struct ms_addr *to, uint16_t port)
{
    peer_flow(w, (uint16_t)(PEER_PORT + w->flow_count))->stack_port = port;
    SEND(w, .flags = TCP_SYN, .seq = 0, .to = to);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 1);
}

/* Another interface of the stack, whose frames nobody hears. */
static unsigned swallow(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    (void)driver;
    for (unsigned i = 0; i < n; i++)
        ms_frame_put(frames[i]);
    return n;
}

/* It has this address, too, but leads to no other. */
static struct ms_netif *second_interface(struct peer *w, const struct ms_addr *addr)
{
    static const struct ms_driver_ops ops = { .transmit = swallow };
    static struct ms_driver driver = {
        .ops = &ops, .medium = MS_MEDIUM_IP, .mtu = 1500, .slices_max = 1
    };
    struct ms_netif *netif;

    assert_int_equal(ms_netif_attach(w->stack, &driver, &netif), MS_OK);
    assert_int_equal(ms_netif_add_addr(netif, addr, w->is_ipv4 ? 32 : 128, false), MS_OK);
    return netif;
}

/* Comes in by this interface; the answer goes by the route. */
static void knock_by(struct peer *w, struct ms_netif *netif, const struct ms_addr *to)
{
    struct ms_netif *usual = w->netif;

    w->netif = netif;
    knock(w, to, STACK_PORT);
    w->netif = usual;
}

enum kind { BY_ANY, BY_NETIF, BY_ADDR, BY_BOTH, KINDS };

static void check_who_hears(struct peer *w, bool is_reversed)
{
    struct ms_addr other = neighbour_of(&w->stack_addr);
    struct ms_netif *second = second_interface(w, &w->stack_addr);
    struct ms_tcp_listener *listeners[KINDS];
    unsigned counts[KINDS] = { 0 };

    assert_int_equal(ms_netif_add_addr(w->netif, &other, w->is_ipv4 ? 24 : 64, false), MS_OK);
    assert_int_equal(ms_netif_add_addr(second, &other, w->is_ipv4 ? 32 : 128, false), MS_OK);
    peer_run(w, 10 * SECOND);
    for (unsigned i = 0; i < KINDS; i++) {
        unsigned kind = is_reversed ? KINDS - 1 - i : i;

        listeners[kind] = listen_on(w, kind & BY_ADDR ? &w->stack_addr : NULL, STACK_PORT,
                                    kind & BY_NETIF ? w->netif : NULL, &counts[kind]);
    }
    knock(w, &w->stack_addr, STACK_PORT);
    assert_int_equal(counts[BY_BOTH], 1);
    knock(w, &other, STACK_PORT);
    assert_int_equal(counts[BY_NETIF], 1);
    knock_by(w, second, &w->stack_addr);
    assert_int_equal(counts[BY_ADDR], 1);
    knock_by(w, second, &other);
    assert_int_equal(counts[BY_ANY], 1);
    for (unsigned kind = BY_BOTH; kind > BY_ANY; kind--) {
        ms_tcp_unlisten(listeners[kind]);
        knock(w, &w->stack_addr, STACK_PORT); /* an address counts more than an interface */
        assert_int_equal(counts[kind - 1], 2);
    }
    assert_int_equal(counts[BY_BOTH], 1);
    ms_netif_detach(second);
}

/* ms_tcp_listen(): the closest one hears it, in whatever order they came. */
/* proves: MUST-43 */
static void the_closest_listener_wins(void **state) { check_who_hears(peer_start(state), false); }

static void the_closest_listener_wins_if_it_came_first(void **state)
{
    check_who_hears(peer_start(state), true);
}

/* The same: a listener of another address or another interface is no listener. */
static void a_listener_of_something_else_hears_nothing(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_addr other = neighbour_of(&w->stack_addr);
    struct ms_netif *second = second_interface(w, &w->stack_addr);
    unsigned count = 0;

    listen_on(w, &other, STACK_PORT, NULL, &count);
    listen_on(w, NULL, STACK_PORT, second, &count);
    listen_on(w, &w->stack_addr, STACK_PORT + 1, NULL, &count);
    expect_nobody(w, &w->stack_addr, STACK_PORT);
    expect_nobody(w, &w->stack_addr, STACK_PORT + 2);
    assert_int_equal(count, 0);
    knock(w, &w->stack_addr, STACK_PORT + 1);
    assert_int_equal(count, 1);
    ms_netif_detach(second);
}

/* Listeners of many ports, some of which share what they are found by. */
static void finds_one_of_many_listeners(void **state)
{
    unsigned counts[100] = { 0 };
    struct ms_tcp_listener *listeners[100];
    struct peer *w;

    peer_config(state)->tcp_listeners = 100;
    w = peer_start(state);
    for (unsigned i = 0; i < 100; i++)
        listeners[i] = listen_on(w, NULL, (uint16_t)(1 + 32 * i), NULL, &counts[i]);
    for (unsigned i = 0; i < 100; i += 2)
        ms_tcp_unlisten(listeners[i]);
    for (unsigned i = 0; i < 100; i++) {
        if (i % 2)
            knock(w, NULL, (uint16_t)(1 + 32 * i));
        else
            expect_nobody(w, NULL, (uint16_t)(1 + 32 * i));
        assert_int_equal(counts[i], i % 2);
    }
}

/* RFC 6056 3.1, 3.2; RFC 6335 6: dynamic ports, no two alike, and none that the last one tells. */
/* proves: T27, F06 */
static void picks_ports_that_cannot_be_guessed(void **state)
{
    enum { CONNECTIONS = 500 };
    static bool is_used[UINT16_MAX + 1];
    struct peer *w = peer_start(state);
    struct ms_endpoint remote = peer_end(w);
    unsigned high = 0, next_to_last = 0;
    uint16_t last = 0;

    memset(is_used, 0, sizeof(is_used));
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        uint16_t port = local_port(connect_to(w, &remote, 0));

        assert_true(port >= PORT_FIRST);
        assert_false(is_used[port]);
        is_used[port] = true;
        high += port >= PORT_FIRST + PORT_COUNT / 2;
        next_to_last += port == last + 1;
        last = port;
    }
    assert_in_range(high, CONNECTIONS * 2 / 5, CONNECTIONS * 3 / 5);
    assert_true(next_to_last < 10);
}

/* The same: another stack, with another seed, picks others. */
/* proves: T27, F06 */
static void ports_differ_with_the_seed(void **state)
{
    struct peer *w = peer_start(state), *second;
    void *other = w->is_ipv4 ? &peer_over_ipv4 : &peer_over_ipv6;
    struct ms_endpoint remote = peer_end(w);
    unsigned same = 0;

    peer_setup(&other);
    peer_config(&other)->seed[31] ^= 1;
    second = peer_start(&other);
    for (unsigned i = 0; i < 20; i++)
        same += local_port(connect_to(w, &remote, 0)) == local_port(connect_to(second, &remote, 0));
    assert_true(same < 3);
    peer_teardown(&other);
}

/* RFC 6056 2.2, 3.3: a port in use is skipped, by a connection or by a listener; another remote's
 * is not. With none left the application hears so. */
static void skips_ports_in_use(void **state)
{
    enum { FREE = UINT16_MAX, LISTENED = PORT_FIRST + 4321, PINNED };
    struct ms_endpoint remote, elsewhere;
    unsigned count = 0;
    struct ms_tcp *tcp;
    struct peer *w;

    peer_config(state)->tcp_connections = PORT_COUNT + 10;
    w = peer_start(state);
    remote = elsewhere = peer_end(w);
    elsewhere.port++;
    for (unsigned port = PORT_FIRST; port < PORT_FIRST + PORT_COUNT; port++)
        if (port != FREE && port != LISTENED && port != PINNED)
            connect_to(w, &remote, (uint16_t)port);
    assert_int_equal(try_to_connect(w, &remote, PORT_FIRST, &tcp), MS_ERROR_IN_USE);
    listen_on(w, NULL, LISTENED, NULL, &count);
    listen_on(w, NULL, PINNED, w->netif, &count);
    tcp = connect_to(w, &remote, 0);
    assert_int_equal(local_port(tcp), FREE);
    assert_int_equal(try_to_connect(w, &remote, 0, &tcp), MS_ERROR_IN_USE);
    connect_to(w, &elsewhere, 0);
    ms_tcp_abort(tcp);
    assert_int_equal(local_port(connect_to(w, &remote, 0)), FREE);
}

/* Initial sequence numbers. */

static uint32_t isn_of(const struct ms_tcp *tcp)
{
    struct ms_tcp_info info;

    ms_tcp_info(tcp, &info);
    return info.send_next;
}

/* Begins a connection, notes its number and forgets it. */
static uint32_t isn_to(struct peer *w, const struct ms_endpoint *remote, uint16_t port)
{
    struct ms_tcp *tcp = connect_to(w, remote, port);
    uint32_t isn = isn_of(tcp);

    ms_tcp_abort(tcp);
    peer_settle(w);
    return isn;
}

/* RFC 6528 3: on the same ports the clock alone moves it, every 4 us. */
/* proves: MUST-8, SHLD-1, T26, F05 */
static void numbers_of_one_flow_grow_with_time(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_endpoint remote = peer_end(w);
    uint32_t first = isn_to(w, &remote, 50000);
    const uint64_t waits_us[] = { ISN_TICK_US, 100, 1 * MS, SECOND, 600ull * SECOND };
    uint64_t passed_us = 0;

    assert_int_equal(isn_to(w, &remote, 50000), first);
    for (unsigned i = 0; i < sizeof(waits_us) / sizeof(waits_us[0]); i++) {
        peer_run(w, waits_us[i]);
        passed_us += waits_us[i];
        assert_int_equal(isn_to(w, &remote, 50000) - first, (uint32_t)(passed_us / ISN_TICK_US));
    }
}

/* RFC 6528 3: F() of each part of the tuple, which tells nothing of the others. */
/* proves: MUST-9, SHLD-1, T26, F05 */
static void numbers_of_other_flows_tell_nothing(void **state)
{
    enum { COUNT = 64 };
    struct peer *w = peer_start(state);
    uint32_t isns[3 * COUNT], first;

    for (unsigned i = 0; i < COUNT; i++) {
        struct ms_endpoint remote = peer_end(w);

        isns[3 * i] = isn_to(w, &remote, (uint16_t)(50000 + i));
        remote.port = (uint16_t)(remote.port + 1 + i);
        isns[3 * i + 1] = isn_to(w, &remote, 50000);
        remote = peer_end(w);
        remote.addr.bytes[15] = (uint8_t)(100 + i);
        isns[3 * i + 2] = isn_to(w, &remote, 50000);
    }
    first = isns[0];
    for (unsigned i = 1; i < 3 * COUNT; i++) {
        for (unsigned j = 0; j < i; j++) {
            uint32_t apart = isns[i] - isns[j];

            assert_true(apart > 1000 && apart < UINT32_MAX - 1000);
        }
    }
    first ^= isn_to(w, &(struct ms_endpoint){ .addr = w->peer_addr, .port = PEER_PORT }, 50000);
    assert_int_equal(first, 0); /* and the flow's own has not changed meanwhile */
}

/* The same, for the fourth part: the address of ours. */
/* proves: MUST-9 */
static void numbers_differ_by_local_address(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_addr other = neighbour_of(&w->stack_addr);
    struct ms_tcp_connect connect = {
        .remote = peer_end(w),
        .local.port = 50000,
        .events = &unheard,
    };
    struct ms_tcp *first, *second;

    assert_int_equal(ms_netif_add_addr(w->netif, &other, w->is_ipv4 ? 24 : 64, false), MS_OK);
    peer_run(w, 10 * SECOND);
    connect.local.addr = w->stack_addr;
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &first), MS_OK);
    connect.local.addr = other;
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &second), MS_OK);
    assert_int_not_equal(isn_of(first), isn_of(second));
}

/* RFC 6528 3: the key is the stack's own, and new when new randomness comes. */
/* proves: MUST-9, T26, T45 */
static void numbers_differ_with_the_seed(void **state)
{
    static const uint8_t seed[32] = { 7 };
    struct peer *w = peer_start(state), *second;
    void *other = w->is_ipv4 ? &peer_over_ipv4 : &peer_over_ipv6;
    struct ms_endpoint remote = peer_end(w);
    uint32_t isn = isn_to(w, &remote, 50000);

    peer_setup(&other);
    peer_config(&other)->seed[31] ^= 1;
    second = peer_start(&other);
    assert_int_equal(second->now_us, w->now_us);
    assert_int_not_equal(isn_to(second, &remote, 50000), isn);
    peer_teardown(&other);
    ms_stack_reseed(w->stack, seed);
    assert_int_not_equal(isn_to(w, &remote, 50000), isn);
}

/* RFC 6528 3: numbers given to peers that open are of the same kind. */
/* proves: SHLD-1, T26 */
static void numbers_of_passive_opens_are_as_good(void **state)
{
    struct peer *w = peer_start(state);
    uint32_t first, again;

    peer_listen(w, 0);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    first = w->flow->stack_isn;
    SEND(w, .flags = TCP_RST, .seq = 1);
    w->flow->has_stack_isn = false;
    peer_run(w, SECOND);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    again = w->flow->stack_isn;
    assert_int_equal(again - first, SECOND / ISN_TICK_US);
    peer_flow(w, PEER_PORT + 1);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    assert_true(w->flow->stack_isn - again > 1000);
}

/* RFC 7323 5.4: timestamps begin anywhere, too: they tell neither uptime nor who is who. */
/* proves: F08 */
static void timestamps_differ_by_flow(void **state)
{
    struct peer *w = peer_start(state);
    uint32_t last = (uint32_t)(w->now_us / MS);

    for (uint16_t i = 0; i < 30; i++) {
        uint32_t apart;

        peer_flow(w, (uint16_t)(PEER_PORT + i));
        peer_connect(w);
        apart = EXPECT(w, .flags = TCP_SYN, .seq = 0)->header.ts_value - last;
        assert_true(apart > 1000 && apart < UINT32_MAX - 1000);
        last += apart;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(finds_a_connection_by_all_four_parts),
        OVER_BOTH(tells_connections_apart_by_any_part),
        OVER_BOTH(drops_port_zero),
        OVER_BOTH(refuses_port_zero),
        OVER_BOTH(the_closest_listener_wins),
        OVER_BOTH(the_closest_listener_wins_if_it_came_first),
        OVER_BOTH(a_listener_of_something_else_hears_nothing),
        OVER_BOTH(finds_one_of_many_listeners),
        OVER_BOTH(picks_ports_that_cannot_be_guessed),
        OVER_BOTH(ports_differ_with_the_seed),
        OVER_BOTH(skips_ports_in_use),
        OVER_BOTH(numbers_of_one_flow_grow_with_time),
        OVER_BOTH(numbers_of_other_flows_tell_nothing),
        OVER_BOTH(numbers_differ_by_local_address),
        OVER_BOTH(numbers_differ_with_the_seed),
        OVER_BOTH(numbers_of_passive_opens_are_as_good),
        OVER_BOTH(timestamps_differ_by_flow),
    };

    return cmocka_run_group_tests_name("tcp/demux", tests, NULL, NULL);
}
