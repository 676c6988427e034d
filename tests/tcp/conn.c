/* SPDX-License-Identifier: ISC */
/* A connection's life: what it begins with, when it wakes up, and what is left at its end. */
#include "support/wire_peer.h"

enum { MSS = PEER_MSS };

/* RFC 9293 3.7.1; RFC 6691: Eff.snd.MSS = min(SendMSS + 20, MMS_S) - 20 - options,
 * by the wire's MTU and the peer's option, whoever opens. */
struct sizes {
    uint16_t mtu;
    uint32_t offered;    /* by the peer; ANY: no option */
    uint32_t ipv4, ipv6; /* what a segment may carry without options; 0: not over this */
};

static const struct sizes sizes[] = {
    { 1500, 1460, 1460, 1440 },     { 1500, 1000, 1000, 1000 },
    { 1500, 65535, 1460, 1440 },    { 1500, ANY, 536, 1220 }, /* MUST-15 */
    { 1500, 536, 536, 536 },        { 1500, 535, 536, 536 },  /* catalogue T09 */
    { 1500, 0, 536, 536 },          { 1500, 1, 536, 536 },
    { 1280, 1460, 1240, 1220 },     { 1280, ANY, 536, 1220 },
    { 9000, 8960, 8960, 8940 },     { 9000, 1460, 1460, 1460 },
    { 65535, 65535, 65495, 65475 }, { 576, 1460, 536, 0 },
    { 296, 1460, 256, 0 },          { 68, 536, 28, 0 },
};

/* The wire of the next peer_start() is this large. */
static bool has_wire(void **state, const struct sizes *size)
{
    struct peer *w = *state;

    w->driver.mtu = size->mtu;
    w->mss_max = (uint32_t)size->mtu - (w->is_ipv4 ? 40 : 60);
    return w->is_ipv4 ? size->ipv4 : size->ipv6;
}

/* Another world on the same terms as the one cmocka made. */
static void each_size(void **state, void (*check)(void **state, const struct sizes *size))
{
    void *family = ((struct peer *)*state)->is_ipv4 ? &peer_over_ipv4 : &peer_over_ipv6;

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        void *another = family;

        peer_setup(&another);
        if (has_wire(&another, &sizes[i]))
            check(&another, &sizes[i]);
        peer_teardown(&another);
    }
}

static void check_segment(struct peer *w, const struct sizes *size, uint32_t options)
{
    uint32_t mss = (w->is_ipv4 ? size->ipv4 : size->ipv6) - options;

    assert_int_equal(app_info(w->app).send_mss_bytes, mss);
    assert_int_equal(app_send(w->app, 2 * mss), MS_OK);
    EXPECT(w, .seq = 1, .len = mss);
}

static void check_passive(void **state, const struct sizes *size)
{
    struct peer *w = PASSIVE(state, .mss = size->offered);

    check_segment(w, size, 0);
}

static void check_active(void **state, const struct sizes *size)
{
    struct peer *w = ACTIVE(state, .mss = size->offered);

    check_segment(w, size, 0);
}

static void check_with_timestamps(void **state, const struct sizes *size)
{
    struct peer *w = PASSIVE(state, .mss = size->offered, .timestamps = true);

    check_segment(w, size, 12);
}

static void check_active_with_timestamps(void **state, const struct sizes *size)
{
    struct peer *w = ACTIVE(state, .mss = size->offered, .timestamps = true);

    check_segment(w, size, 12);
}

/* proves: MUST-14, MUST-15, MUST-16, T09, T15, R18 */
static void segments_fit_the_wire_and_the_peer(void **state)
{
    each_size(state, check_passive);
    each_size(state, check_active);
}

/* The same: the timestamps of every segment are taken off. */
/* proves: MUST-16 */
static void timestamps_are_taken_off_the_segments(void **state)
{
    each_size(state, check_with_timestamps);
    each_size(state, check_active_with_timestamps);
}

static void check_offer(void **state, const struct sizes *size)
{
    struct peer *w = peer_start(state);

    (void)size;
    peer_connect(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0, .mss = w->mss_max);
    peer_flow(w, PEER_PORT + 1);
    peer_listen(w, 0);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .mss = w->mss_max);
}

/* The option tells the MTU without the fixed headers. */
/* proves: MUST-14, MUST-67, SHLD-5, SHLD-6, MAY-3 */
static void offers_what_the_wire_can_carry(void **state) { each_size(state, check_offer); }

/* The floor for what the peer offers is the configuration's. */
/* proves: T13, T15, R18 */
static void believes_no_smaller_mss_than_configured(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_mss_min_bytes = 88;
    w = PASSIVE(state, .mss = 40);
    assert_int_equal(app_info(w->app).send_mss_bytes, 88);
    peer_flow(w, PEER_PORT + 1);
    peer_open(w, OFFER(.mss = 89));
    assert_int_equal(app_info(&w->apps[1]).send_mss_bytes, 89);
}

/* RFC 7323 2.2: the smallest scale that lets the whole window be offered. */
static void scales_its_window_as_little_as_it_may(void **state)
{
    static const struct {
        uint32_t bytes, scale;
    } windows[] = {
        { 1, 0 },      { 65535, 0 },       { 65536, 1 },         { 131070, 1 },    { 131072, 2 },
        { 262144, 3 }, { 1024 * 1024, 5 }, { 65535u << 13, 13 }, { 1u << 30, 14 },
    };
    void *family = ((struct peer *)*state)->is_ipv4 ? &peer_over_ipv4 : &peer_over_ipv6;

    for (unsigned i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        uint32_t bytes = windows[i].bytes, scale = windows[i].scale;
        void *another = family;
        struct peer *w;

        peer_setup(&another);
        peer_config(&another)->tcp_recv_window_bytes = bytes;
        w = peer_start(&another);
        peer_connect(w);
        EXPECT(w, .flags = TCP_SYN, .seq = 0, .wscale = scale,
               .window = bytes < 65535 ? bytes : 65535);
        SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .wscale = 0);
        EXPECT(w, .seq = 1, .ack = 1);
        assert_int_equal(app_info(w->app).recv_scale, scale);
        peer_teardown(&another);
    }
}

/* What the application did not set is usual. */
/* proves: MUST-25, MUST-49 */
static void begins_with_the_usual(void **state)
{
    struct peer *w;
    const struct heard *heard;

    peer_config(state)->tcp_recv_window_bytes = 12345;
    w = PASSIVE(state);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    heard = EXPECT(w, .seq = 1, .len = 10, .window = 12345);
    assert_int_equal(heard->hop_limit, 64);
    assert_int_equal(heard->traffic_class, 0);
    SEND(w, .ack = 11);
    QUIET(w, 7200ull * SECOND);
    assert_int_equal(app_info(w->app).recv_window_bytes, 12345);
}

/* R2 of the configuration, which counts microseconds, is never shortened. */
static void rounds_its_user_timeout_up(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_user_timeout_us = 1500 * MS;
    w = PASSIVE(state);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    peer_run(w, 1900 * MS);
    assert_int_equal(w->app->closed, 0);
    peer_run(w, 200 * MS);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    peer_discard(w);
}

/* Timers: one on the wheel for all a connection waits for, and each thing happens in its time. */
static void wakes_up_for_each_deadline_in_turn(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_KEEPALIVE_S, 30);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    SEND(w, .len = 10, .ack = 1);
    EXPECT_AFTER(w, 40 * MS, .seq = 11, .ack = 11); /* delayed ACK */
    EXPECT_AFTER(w, 160 * MS, .seq = 1, .len = 10); /* retransmission, 200 ms after the first */
    EXPECT_AFTER(w, 400 * MS, .seq = 1, .len = 10);
    SEND(w, .len = 10, .ack = 11);
    EXPECT_AFTER(w, 40 * MS, .seq = 11, .ack = 21);
    EXPECT_AFTER(w, 30 * SECOND - 40 * MS, .seq = 10, .ack = 21); /* keepalive */
    assert_int_equal(COUNT(w, tcp_delayed_acks), 2);
    assert_int_equal(COUNT(w, tcp_timeouts), 2);
    assert_int_equal(COUNT(w, tcp_keepalives), 1);
    SEND(w, .ack = 11);
}

/* The same, when an earlier deadline comes after a later one, and when one moves away. */
static void wakes_up_in_time_when_deadlines_change(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_KEEPALIVE_S, 3600);
    app_set(w->app, MS_TCP_KEEPALIVE_S, 100);
    SEND(w, .len = 10);
    EXPECT_AFTER(w, 40 * MS, .seq = 1, .ack = 11);
    peer_run(w, 50 * SECOND);
    SEND(w, .len = 10); /* keepalive begins anew */
    EXPECT_AFTER(w, 40 * MS, .seq = 1, .ack = 21);
    QUIET(w, 99 * SECOND);
    EXPECT_WITHIN(w, SECOND, .seq = 0, .ack = 21);
    app_set(w->app, MS_TCP_KEEPALIVE_S, 0);
    SEND(w, .ack = 1);
    QUIET(w, 10000ull * SECOND);
}

/* The same, when it wakes up for one that has moved: the next is the first of those left. */
static void goes_back_to_sleep_until_the_first_deadline(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    peer_run(w, 30 * MS);
    SEND(w, .ack = 11);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 11, .len = 10);
    peer_run(w, 169 * MS);
    SEND(w, .len = 10, .ack = 11);
    EXPECT_AFTER(w, 31 * MS, .seq = 11, .len = 10, .ack = 11);
    SEND(w, .ack = 21);
    QUIET(w, SECOND);
}

/* ms_next_deadline(): a connection that waits for nothing wakes nobody. */
static void sleeps_when_there_is_nothing_to_wait_for(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    assert_in_range(ms_next_deadline(w->stack), w->now_us + 1, w->now_us + 200 * MS);
    SEND(w, .ack = 11);
    peer_run(w, 10 * SECOND); /* the wheel may turn once for nothing */
    if (w->is_ipv4)
        assert_int_equal(ms_next_deadline(w->stack), UINT64_MAX);
    assert_true(ms_next_deadline(w->stack) > w->now_us + 10 * SECOND);
}

/* The end. Little room, so that whatever is not given back is missed in the next round. */
static struct peer *start_tight(void **state)
{
    struct ms_config *config = peer_config(state);
    struct peer *w;

    config->tcp_connections = 1;
    config->tcp_sent_ranges = 3;
    config->tcp_reorder_segments = 4;
    config->tcp_syn_records = 1;
    config->tcp_time_wait_records = 1;
    config->tcp_user_timeout_us = 3 * SECOND;
    config->tcp_syn_cookies = false;
    w = peer_start(state);
    peer_listen(w, 0);
    return w;
}

/* A connection that has something of everything: text queued and in flight, some of it reported,
 * holes in what it received, all timers. */
static struct app *open_and_burden(struct peer *w, uint16_t peer_port)
{
    struct app *app;

    peer_flow(w, peer_port);
    app = peer_open(w, OFFER(.sack = true));
    app_set(app, MS_TCP_KEEPALIVE_S, 1);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(app_lend(app, MSS), MS_OK);
    peer_settle(w);
    SEND(w, .ack = 1, .sack = { { 1 + MSS, 1 + 2 * MSS } });
    for (uint32_t i = 0; i < 4; i++)
        SEND(w, .seq = 101 + 200 * i, .len = i % 2 ? 100 : 90, .ack = 1);
    SEND(w, .seq = 1, .len = 5, .ack = 1);
    assert_true(peer_discard(w) > 10);
    assert_true(app_info(app).reordered_bytes >= 360);
    assert_true(app_info(app).sacked_bytes > 0);
    return app;
}

static void end_by_reset(struct app *app)
{
    SEND(app->peer, .flags = TCP_RST, .seq = 6);
    assert_int_equal(app->why, MS_ERROR_RESET);
}

static void end_by_abort(struct app *app)
{
    app_abort(app);
    assert_int_equal(app->why, MS_ERROR_ABORTED);
}

static void end_by_timeout(struct app *app)
{
    peer_run(app->peer, 20 * SECOND);
    assert_int_equal(app->why, MS_ERROR_TIMED_OUT);
}

static void abort_on_data(struct app *app, enum app_event event)
{
    if (event == APP_DATA)
        ms_tcp_abort(app->tcp);
}

static void end_in_a_handler(struct app *app)
{
    app->hook = abort_on_data;
    SEND(app->peer, .seq = 6, .len = 95, .ack = 1); /* fills the first hole */
    assert_int_equal(app->why, MS_ERROR_ABORTED);
}

static void end_with_the_address(struct app *app)
{
    struct peer *w = app->peer;

    assert_int_equal(ms_netif_remove_addr(w->netif, &w->stack_addr), MS_OK);
    peer_run(w, SECOND);
    assert_int_equal(app->why, MS_ERROR_INTERFACE_GONE);
    assert_int_equal(ms_netif_add_addr(w->netif, &w->stack_addr, w->is_ipv4 ? 24 : 64, false),
                     MS_OK);
    peer_run(w, 10 * SECOND);
}

/* Both close, the peer first; what was in flight is acknowledged. */
static void end_in_peace(struct app *app)
{
    struct peer *w = app->peer;

    SEND(w, .seq = 6, .len = 795, .flags = TCP_ACK | TCP_FIN, .ack = 1);
    assert_int_equal(app->eofs, 1);
    app_close(app);
    for (unsigned i = 0; i < 30 && app->closed == 0; i++)
        SEND(w, .ack = ANY);
    assert_int_equal(app->why, MS_OK);
    assert_int_equal(app->received, 800);
}

/* RFC 9293 3.10.4 to 3.10.8: however it ends, the TCB is deleted: all it had is there again, what
 * was lent comes back, the application is told once, and nothing is sent any more. */
static void gives_everything_back_however_it_ends(void **state)
{
    static void (*const ends[])(struct app *) = { end_by_reset,         end_by_abort,
                                                  end_by_timeout,       end_in_a_handler,
                                                  end_with_the_address, end_in_peace };
    struct peer *w = start_tight(state);

    for (uint16_t i = 0; i < 36; i++) {
        struct app *app = open_and_burden(w, (uint16_t)(PEER_PORT + i));

        ends[i % 6](app);
        assert_int_equal(app->closed, 1);
        assert_int_equal(app->lent, app->released);
        assert_int_equal(w->frames_out, 0);
        assert_int_equal(COUNT(w, tcp_current_established), 0);
        peer_discard(w);
        QUIET(w, 20 * SECOND);
        SEND(w, .seq = 6, .ack = 1);
        EXPECT(w, .flags = TCP_RST, .seq = 1);
    }
}

/* The same for one that never opened, with text queued. */
static void gives_everything_back_unopened(void **state)
{
    struct peer *w = start_tight(state);

    for (uint16_t i = 0; i < 12; i++) {
        struct app *app;

        peer_flow(w, (uint16_t)(PEER_PORT + i));
        app = peer_connect(w);
        EXPECT(w, .flags = TCP_SYN, .seq = 0);
        assert_int_equal(app_send(app, 5 * MSS), MS_OK);
        if (i % 3 == 0)
            SEND(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 1);
        else if (i % 3 == 1)
            app_abort(app);
        else
            peer_run(w, 300 * SECOND);
        assert_int_equal(app->closed, 1);
        assert_int_equal(app->released, 1);
        assert_int_equal(COUNT(w, tcp_attempt_fails), i + 1);
        peer_discard(w);
    }
}

/* A frame the device still holds: its buffer comes back later, after the last event. */
static void buffers_in_the_device_outlive_their_connection(void **state)
{
    struct peer *w = PASSIVE(state);

    w->holds_frames = true;
    assert_int_equal(app_lend(w->app, MSS), MS_OK);
    assert_int_equal(app_lend(w->app, 20 * MSS), MS_OK);
    assert_int_equal(app_lend(w->app, MSS), MS_OK);
    peer_settle(w);
    SEND(w, .flags = TCP_RST, .seq = 1);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->released, 1); /* the last, of which nothing was sent */
    peer_discard(w);
    w->holds_frames = false;
    peer_release(w);
    assert_int_equal(w->app->released, 3);
}

/* RFC 9293 3.10: in the CLOSED state: error, until on_close has been called. */
static void takes_nothing_once_it_has_ended(void **state)
{
    struct peer *w = PASSIVE(state);

    ms_tcp_abort(w->app->tcp);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSED);
    assert_int_equal(w->app->closed, 0); /* not inside another call of the application */
    assert_int_equal(app_lend(w->app, 10), MS_ERROR_STATE);
    assert_int_equal(ms_tcp_mark_urgent(w->app->tcp), MS_ERROR_STATE);
    ms_tcp_close(w->app->tcp);
    ms_tcp_abort(w->app->tcp);
    peer_settle(w);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 1);
    QUIET(w, SECOND);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_ABORTED);
}

/* A configuration has so many connections and no more. */
/* proves: Z01 */
static void says_when_the_connections_run_out(void **state)
{
    static const struct ms_tcp_events unheard = { .on_open = NULL };
    struct peer *w;
    struct ms_tcp_connect connect = { .events = &unheard };
    struct ms_tcp *tcp[4];

    peer_config(state)->tcp_connections = 3;
    w = peer_start(state);
    connect.remote = (struct ms_endpoint){ .addr = w->peer_addr, .port = PEER_PORT };
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp[i]), MS_OK);
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp[3]), MS_ERROR_NO_MEMORY);
    ms_tcp_abort(tcp[1]);
    peer_settle(w);
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp[3]), MS_OK);
    peer_discard(w);
}

/* RFC 4022, tcpCurrEstab: ESTABLISHED and CLOSE-WAIT; tcpEstabResets: ends of these but by FIN. */
static void counts_the_established(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(COUNT(w, tcp_current_established), 1);
    SEND(w, .flags = TCP_ACK | TCP_FIN);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSE_WAIT);
    assert_int_equal(COUNT(w, tcp_current_established), 1);
    app_close(w->app);
    assert_int_equal(COUNT(w, tcp_current_established), 0);
    SEND(w, .ack = 2);
    assert_int_equal(w->app->why, MS_OK);
    assert_int_equal(COUNT(w, tcp_established_resets), 0);
    peer_flow(w, PEER_PORT + 1);
    peer_discard(w);
    peer_open(w, OFFER());
    SEND(w, .flags = TCP_ACK | TCP_FIN);
    SEND(w, .flags = TCP_RST, .seq = 2);
    assert_int_equal(COUNT(w, tcp_current_established), 0);
    assert_int_equal(COUNT(w, tcp_established_resets), 1);
    peer_flow(w, PEER_PORT + 2);
    peer_discard(w);
    peer_open(w, OFFER());
    app_close(&w->apps[2]); /* FIN-WAIT-1 */
    assert_int_equal(COUNT(w, tcp_current_established), 0);
    SEND(w, .flags = TCP_RST, .seq = 1);
    assert_int_equal(w->apps[2].why, MS_ERROR_RESET);
    assert_int_equal(COUNT(w, tcp_established_resets), 1);
    assert_int_equal(COUNT(w, tcp_attempt_fails), 0);
    peer_discard(w);
}

/* Many have something due: each is served, in the order they asked, whoever of them ends. */
static void serves_all_that_have_something_due(void **state)
{
    enum { APPS = 40 };
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    for (uint16_t i = 0; i < APPS; i++) {
        peer_flow(w, (uint16_t)(PEER_PORT + i));
        peer_open(w, OFFER());
    }
    for (unsigned i = 0; i < APPS; i++)
        assert_int_equal(app_lend(&w->apps[i], 100), MS_OK);
    for (unsigned i = 0; i < APPS; i += 3)
        ms_tcp_abort(w->apps[i].tcp);
    peer_settle(w);
    for (uint16_t i = 0; i < APPS; i++) {
        peer_flow(w, (uint16_t)(PEER_PORT + i));
        if (i % 3 == 0)
            EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 1);
        else
            EXPECT(w, .seq = 1, .len = 100);
        assert_int_equal(w->apps[i].closed, i % 3 == 0);
    }
    assert_int_equal(peer_discard(w), 0);
}

/* RFC 9293 3.8.3 (a): the way is looked for anew, and found when there is one again. */
static void goes_on_when_its_route_comes_back(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_addr prefix = ms_addr_ipv4(192, 0, 2, 0), gateway = w->peer_addr;
    uint8_t len = w->is_ipv4 ? 24 : 64;

    w->peer_addr = ms_addr_ipv4(192, 0, 2, 9);
    if (!w->is_ipv4) {
        assert_int_equal(ms_addr_parse(&prefix, "2001:db8:9::"), MS_OK);
        assert_int_equal(ms_addr_parse(&w->peer_addr, "2001:db8:9::9"), MS_OK);
    }
    assert_int_equal(ms_route_add(w->stack, &prefix, len, &gateway, w->netif), MS_OK);
    peer_listen(w, 0);
    peer_open(w, OFFER());
    assert_int_equal(ms_route_remove(w->stack, &prefix, len, w->netif), MS_OK);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    QUIET(w, SECOND);
    assert_true(peer_drops(w, MS_DROP_SEND_NO_ROUTE) > 0);
    assert_int_equal(w->app->closed, 0);
    assert_int_equal(ms_route_add(w->stack, &prefix, len, &gateway, w->netif), MS_OK);
    EXPECT_WITHIN(w, 5 * SECOND, .seq = 1, .len = 100);
    SEND(w, .ack = 101);
    assert_int_equal(w->app->released, 1);
    QUIET(w, 100 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(segments_fit_the_wire_and_the_peer),
        OVER_BOTH(timestamps_are_taken_off_the_segments),
        OVER_BOTH(offers_what_the_wire_can_carry),
        OVER_BOTH(believes_no_smaller_mss_than_configured),
        OVER_BOTH(scales_its_window_as_little_as_it_may),
        OVER_BOTH(begins_with_the_usual),
        OVER_BOTH(rounds_its_user_timeout_up),
        OVER_BOTH(wakes_up_for_each_deadline_in_turn),
        OVER_BOTH(wakes_up_in_time_when_deadlines_change),
        OVER_BOTH(goes_back_to_sleep_until_the_first_deadline),
        OVER_BOTH(sleeps_when_there_is_nothing_to_wait_for),
        OVER_BOTH(gives_everything_back_however_it_ends),
        OVER_BOTH(gives_everything_back_unopened),
        OVER_BOTH(buffers_in_the_device_outlive_their_connection),
        OVER_BOTH(takes_nothing_once_it_has_ended),
        OVER_BOTH(says_when_the_connections_run_out),
        OVER_BOTH(counts_the_established),
        OVER_BOTH(serves_all_that_have_something_due),
        OVER_BOTH(goes_on_when_its_route_comes_back),
    };

    return cmocka_run_group_tests_name("tcp/conn", tests, NULL, NULL);
}
