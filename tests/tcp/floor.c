/* SPDX-License-Identifier: ISC */
/* What all connections of a stack share: tables, keys, the time and the addresses. */
#include "support/wire_peer.h"

/* A configuration may do without TCP: nothing is found, and nothing breaks. */
static void does_without_any_tables(void **state)
{
    static const struct ms_tcp_events unheard = { .on_open = NULL };
    struct ms_config *config = peer_config(state);
    struct ms_tcp_listen listen = { .local.port = STACK_PORT };
    struct ms_tcp_connect connect = { .events = &unheard };
    struct ms_tcp *tcp;
    struct peer *w;

    config->tcp_listeners = config->tcp_connections = config->tcp_syn_records = 0;
    config->tcp_time_wait_records = config->tcp_sent_ranges = config->tcp_reorder_segments = 0;
    w = peer_start(state);
    listen.accept = (ms_tcp_accept_fn *)(void (*)(void))abort;
    connect.remote = (struct ms_endpoint){ .addr = w->peer_addr, .port = PEER_PORT };
    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_ERROR_NO_MEMORY);
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp), MS_ERROR_NO_MEMORY);
    SEND(w, .flags = TCP_SYN, .seq = 0);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 77);
    EXPECT(w, .flags = TCP_RST, .seq = 77);
    ms_stack_reseed(w->stack, (const uint8_t[32]){ 1 });
    QUIET(w, 100 * SECOND);
}

/* A connection and a handshake on either of two addresses: those of the one that goes end. */
/* proves: Z11 */
static void an_address_takes_only_its_own_connections_along(void **state)
{
    struct peer *w = PASSIVE(state);
    const struct ms_addr kept = w->stack_addr;
    struct ms_addr removed = kept;

    removed.bytes[15] ^= 0x10;
    assert_int_equal(ms_netif_add_addr(w->netif, &removed, w->is_ipv4 ? 24 : 64, false), MS_OK);
    peer_run(w, 10 * SECOND);
    w->stack_addr = removed;
    peer_flow(w, PEER_PORT + 1);
    peer_open(w, OFFER());
    peer_flow(w, PEER_PORT + 2);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    w->stack_addr = kept;
    peer_flow(w, PEER_PORT + 3);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);

    assert_int_equal(ms_netif_remove_addr(w->netif, &removed), MS_OK);
    assert_int_equal(w->apps[1].closed, 0); /* not inside a call of the application */
    peer_settle(w);
    assert_int_equal(w->apps[1].closed, 1);
    assert_int_equal(w->apps[1].why, MS_ERROR_INTERFACE_GONE);
    assert_int_equal(w->app->closed, 0);
    peer_discard(w);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->apps[2].accepted, 1);
    peer_flow(w, PEER_PORT);
    SEND(w, .len = 10);
    assert_int_equal(w->app->received, 10);
    peer_run(w, SECOND);
    peer_discard(w);
}

/* A handshake that its address left behind holds no place in the backlog for ever. */
static void an_address_that_goes_and_comes_leaves_the_backlog_free(void **state)
{
    struct ms_tcp_listen listen = { .local.port = STACK_PORT, .backlog = 1 };
    struct peer *w;

    peer_config(state)->tcp_syn_cookies = false;
    w = peer_start(state);
    listen.local.netif = w->netif;
    listen.accept = (ms_tcp_accept_fn *)(void (*)(void))abort;
    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_OK);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    assert_int_equal(ms_netif_remove_addr(w->netif, &w->stack_addr), MS_OK);
    peer_run(w, 400 * SECOND);
    assert_int_equal(ms_netif_add_addr(w->netif, &w->stack_addr, w->is_ipv4 ? 24 : 64, false),
                     MS_OK);
    peer_run(w, 10 * SECOND);
    peer_discard(w);
    peer_flow(w, PEER_PORT + 1);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
}

/* RFC 6528; RFC 7323 5.4: new keys are for new connections; the timestamps of old ones go on. */
/* proves: T45 */
static void new_keys_leave_connections_alone(void **state)
{
    struct peer *w = PASSIVE(state, .timestamps = true);
    uint32_t ts_value;

    assert_int_equal(app_send(w->app, 10), MS_OK);
    ts_value = EXPECT(w, .seq = 1, .len = 10)->header.ts_value;
    ms_stack_reseed(w->stack, (const uint8_t[32]){ 1, 2, 3 });
    SEND(w, .seq = 1, .len = 10, .ack = 11);
    assert_int_equal(w->app->received, 10);
    assert_int_equal(w->app->released, 1);
    peer_run(w, 10 * MS);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 11, .len = 10, .ts_value = ts_value + 10);
    peer_flow(w, PEER_PORT + 1);
    peer_open(w, OFFER());
}

/* All that counts time, across a moment: delayed ACK, retransmission, timestamps, keepalive. */
static void live_through(void **state, uint64_t moment_us)
{
    struct peer *w = *state;
    uint32_t ts_value;

    w->now_us = moment_us - 11 * SECOND; /* peer_start() takes ten */
    w = peer_start(state);
    peer_listen(w, 0);
    w->flow->ts_base = 0u - (uint32_t)(moment_us / MS); /* the peer's clock wraps as well */
    peer_open(w, OFFER(.timestamps = true));
    app_set(w->app, MS_TCP_KEEPALIVE_S, 60);
    peer_run(w, moment_us - w->now_us - 20 * MS);
    SEND(w, .len = 10);
    ts_value = EXPECT_AFTER(w, 40 * MS, .seq = 1, .ack = 11)->header.ts_value;
    peer_run(w, moment_us + SECOND - w->now_us);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10, .ts_value = ts_value + 980);
    EXPECT_AFTER(w, 200 * MS, .seq = 1, .len = 10, .ts_value = ts_value + 1180);
    SEND(w, .len = 10, .ack = 11);
    EXPECT_AFTER(w, 40 * MS, .seq = 11, .ack = 21);
    EXPECT_AFTER(w, 60 * SECOND - 40 * MS, .seq = 10, .ack = 21);
    SEND(w, .ack = 11);
    assert_int_equal(w->app->received, 20);
    assert_int_equal(w->app->closed, 0);
    assert_drop(w, MS_DROP_TCP_PAWS, 0);
}

/* RFC 7323 5.5, 5.6: microseconds wrap in 32 bits after 71 minutes, milliseconds after 49 days. */
/* proves: Z03 */
static void time_wraps_without_harm(void **state) { live_through(state, (1ull << 32) * 7); }

/* proves: Z03 */
static void milliseconds_wrap_without_harm(void **state) { live_through(state, (1ull << 32) * MS); }

/* The same while a segment waits to be sent again, and a handshake to be answered. */
/* proves: Z03 */
static void what_is_due_after_time_wraps_happens_in_time(void **state)
{
    struct peer *w = *state;

    w->now_us = (1ull << 32) * MS - 11 * SECOND;
    w = PASSIVE(state);
    peer_run(w, SECOND - 100 * MS);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    EXPECT_AFTER(w, 200 * MS, .seq = 1, .len = 10);
    EXPECT_AFTER(w, 400 * MS, .seq = 1, .len = 10);
    SEND(w, .ack = 11);
    QUIET(w, 100 * SECOND);
}

static void deadlines_that_move_away_happen_in_time(void **state)
{
    struct peer *w = *state;

    w->now_us = (1ull << 32) * MS - 11 * SECOND;
    w = PASSIVE(state);
    peer_run(w, 700 * MS);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    peer_run(w, 150 * MS);
    SEND(w, .ack = 11);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 11, .len = 10);
    EXPECT_AFTER(w, app_info(w->app).rto_us, .seq = 11, .len = 10);
    SEND(w, .ack = 21);
    QUIET(w, 100 * SECOND);
}

/* proves: Z03 */
static void handshakes_go_on_when_time_wraps(void **state)
{
    struct peer *w = *state;

    w->now_us = (1ull << 32) * MS - 11 * SECOND;
    w = peer_start(state);
    peer_listen(w, 0);
    peer_run(w, SECOND / 2);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    EXPECT_AFTER(w, SECOND, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    EXPECT_AFTER(w, 2 * SECOND, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->accepted, 1);
    QUIET(w, 100 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(does_without_any_tables),
        OVER_BOTH(an_address_takes_only_its_own_connections_along),
        OVER_BOTH(an_address_that_goes_and_comes_leaves_the_backlog_free),
        OVER_BOTH(new_keys_leave_connections_alone),
        OVER_BOTH(time_wraps_without_harm),
        OVER_BOTH(milliseconds_wrap_without_harm),
        OVER_BOTH(what_is_due_after_time_wraps_happens_in_time),
        OVER_BOTH(deadlines_that_move_away_happen_in_time),
        OVER_BOTH(handshakes_go_on_when_time_wraps),
    };

    return cmocka_run_group_tests_name("tcp/floor", tests, NULL, NULL);
}
