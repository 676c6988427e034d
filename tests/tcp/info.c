/* SPDX-License-Identifier: ISC */
/* What a connection says of itself, and what may be set of it. */
#include "support/wire_peer.h"

enum { MSS = PEER_MSS };

/* A connection begins with nothing counted: the handshake is neither text nor a sample. */
static void a_new_connection_says_what_it_begins_with(void **state)
{
    struct peer *w = PASSIVE(state, .window = 20000);
    struct ms_tcp_info info = app_info(w->app);

    assert_int_equal(info.state, MS_TCP_ESTABLISHED);
    assert_int_equal(info.send_mss_bytes, MSS);
    assert_int_equal(info.recv_mss_bytes, w->mss_max);
    assert_int_equal(info.path_mtu_bytes, 1500);
    assert_int_equal(info.cwnd_bytes, 10 * MSS); /* RFC 6928 */
    assert_int_equal(info.ssthresh_bytes, UINT32_MAX);
    assert_int_equal(info.send_window_bytes, 20000);
    assert_int_equal(info.recv_window_bytes, 65535);
    assert_int_equal(info.send_unacked, w->flow->stack_isn + 1);
    assert_int_equal(info.send_next, w->flow->stack_isn + 1);
    assert_int_equal(info.recv_next, w->flow->isn + 1);
    assert_int_equal(info.bytes_acked + info.bytes_received + info.queued_bytes, 0);
    assert_int_equal(info.in_flight_bytes + info.lost_bytes + info.sacked_bytes, 0);
    assert_int_equal(info.retransmitted_segments + info.timeouts + info.backoffs, 0);
    assert_int_equal(info.duplicates_received + info.out_of_order_received, 0);
    assert_int_equal(info.reordered_bytes, 0);
    assert_false(info.is_in_recovery);
}

/* One option of the handshake, whoever opened: what both sides offered holds, and no more. */
static void expect_options(const struct app *app, const struct offer *offer)
{
    struct ms_tcp_info info = app_info(app);

    assert_int_equal(info.has_timestamps, offer->timestamps);
    assert_int_equal(info.has_sack, offer->sack);
    assert_int_equal(info.has_window_scaling, offer->wscale != ANY);
    assert_int_equal(info.send_scale, offer->wscale != ANY ? offer->wscale : 0);
    assert_int_equal(info.recv_scale != 0, offer->wscale != ANY);
    assert_int_equal(info.send_mss_bytes, offer->timestamps ? MSS - 12 : MSS);
}

/* RFC 7323 1.3, 2.2, 3.2; RFC 2018 2. Full segments have room for options. */
/* proves: MUST-16 */
static void says_what_both_sides_agreed_on(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_recv_window_bytes = 1 << 20;
    w = peer_start(state);
    peer_listen(w, 0);
    for (unsigned i = 0; i < 16; i++) {
        struct offer offer = { OFFERED, .sack = i & 1, .timestamps = i & 2 };
        struct app *app;

        if (i & 4)
            offer.wscale = 7;
        peer_flow(w, (uint16_t)(PEER_PORT + i));
        if (i & 8) {
            app = peer_connect(w);
            EXPECT(w, .flags = TCP_SYN, .seq = 0);
            w->flow->has_timestamps = offer.timestamps;
            SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .mss = MSS,
                 .wscale = offer.wscale, .sack_permitted = offer.sack);
            EXPECT(w, .seq = 1, .ack = 1);
        } else {
            app = peer_open(w, &offer);
        }
        expect_options(app, &offer);
    }
}

static enum ms_tcp_state state_at_close;

static void look_at_close(struct app *app, enum app_event event)
{
    if (event == APP_CLOSE)
        state_at_close = app_state(app);
}

/* RFC 9293 3.3.2, figure 5: the way of who closes first. */
static void says_its_state_on_the_active_way(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);

    app->hook = look_at_close;
    assert_int_equal(app_state(app), MS_TCP_SYN_SENT);
    SEND(w, .flags = TCP_SYN, .seq = 0);
    assert_int_equal(app_state(app), MS_TCP_SYN_RECEIVED);
    SEND(w, .ack = 1);
    assert_int_equal(app_state(app), MS_TCP_ESTABLISHED);
    app_close(app);
    assert_int_equal(app_state(app), MS_TCP_FIN_WAIT_1);
    SEND(w, .ack = 2);
    assert_int_equal(app_state(app), MS_TCP_FIN_WAIT_2);
    state_at_close = MS_TCP_ESTABLISHED;
    SEND(w, .flags = TCP_FIN | TCP_ACK);
    assert_int_equal(app->closed, 1);
    assert_int_equal(state_at_close, MS_TCP_CLOSED); /* TIME-WAIT is no connection's */
    peer_discard(w);
}

/* The same: the way of who closes last, and of both at once. */
static void says_its_state_on_the_other_ways(void **state)
{
    struct peer *w = PASSIVE(state);
    struct app *second;

    SEND(w, .flags = TCP_FIN | TCP_ACK);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSE_WAIT);
    app_close(w->app);
    assert_int_equal(app_state(w->app), MS_TCP_LAST_ACK);
    peer_discard(w);
    peer_flow(w, 4001);
    second = peer_open(w, OFFER());
    app_close(second);
    SEND(w, .flags = TCP_FIN | TCP_ACK, .ack = 1);
    assert_int_equal(app_state(second), MS_TCP_CLOSING);
    peer_discard(w);
}

/* Bytes of text: neither SYN nor FIN is one, and what was sent twice counts once. */
static void counts_the_bytes_of_the_stream(void **state)
{
    struct peer *w = PASSIVE(state);
    struct ms_tcp_info info;

    app_send(w->app, 2500);
    info = app_info(w->app);
    assert_int_equal(info.queued_bytes, 2500);
    assert_int_equal(info.in_flight_bytes, 2000); /* Nagle holds the rest */
    assert_int_equal(info.send_next - info.send_unacked, 2000);
    SEND(w, .ack = 1501);
    info = app_info(w->app);
    assert_int_equal(info.queued_bytes, 1000);
    assert_int_equal(info.bytes_acked, 1500);
    SEND(w, .ack = ANY, .len = 300);
    SEND(w, .seq = 1, .ack = ANY, .len = 300);
    app_close(w->app);
    SEND(w, .flags = TCP_FIN | TCP_ACK, .ack = 2501);
    info = app_info(w->app);
    assert_int_equal(info.bytes_received, 300);
    assert_int_equal(info.bytes_acked, 2500);
    assert_int_equal(info.queued_bytes, 0);
    assert_int_equal(info.recv_next, w->flow->isn + 302);
    peer_discard(w);
}

static struct ms_tcp_info info_at_close;

static void keep_info_at_close(struct app *app, enum app_event event)
{
    if (event == APP_CLOSE)
        info_at_close = app_info(app);
}

/* ms_tcp_info() in the last event: how much got through, for a log. */
static void says_at_the_end_how_much_there_was(void **state)
{
    struct peer *w = PASSIVE(state);

    w->app->hook = keep_info_at_close;
    app_send(w->app, 700);
    SEND(w, .ack = 701, .len = 300);
    app_close(w->app);
    SEND(w, .flags = TCP_FIN | TCP_ACK, .ack = 702);
    assert_int_equal(w->app->why, MS_OK);
    assert_int_equal(info_at_close.bytes_acked, 700);
    assert_int_equal(info_at_close.bytes_received, 300);
    assert_int_equal(info_at_close.queued_bytes, 0);
    peer_discard(w);
}

/* Nor does a SYN that is not acknowledged yet count as text. */
static void counts_no_syn_as_text(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);

    assert_int_equal(app_info(app).queued_bytes, 0);
    app_send(app, 100);
    assert_int_equal(app_info(app).queued_bytes, 100);
    SEND(w, .flags = TCP_SYN, .seq = 0); /* both open: SYN-RECEIVED */
    assert_int_equal(app_info(app).queued_bytes, 100);
    SEND(w, .ack = 1);
    assert_int_equal(app_info(app).bytes_acked, 0);
    assert_int_equal(app_info(app).queued_bytes, 100);
    peer_discard(w);
    SEND(w, .ack = 101);
    assert_int_equal(app_info(app).bytes_acked, 100);
}

static void counts_segments(void **state)
{
    struct peer *w = PASSIVE(state);
    struct ms_tcp_info before = app_info(w->app), after;

    app_send(w->app, 3 * MSS);
    SEND(w, .len = 1);
    SEND(w, .ack = 1 + 3 * MSS, .len = 1);
    after = app_info(w->app);
    assert_int_equal(after.segments_sent - before.segments_sent, peer_discard(w));
    assert_int_equal(after.segments_received - before.segments_received, 2);
    SEND(w, .seq = 1, .len = 2); /* again */
    after = app_info(w->app);
    assert_int_equal(after.duplicates_received, 1);
    assert_int_equal(after.out_of_order_received, 0);
    SEND(w, .seq = 103, .len = 50);
    SEND(w, .seq = 203, .len = 70);
    after = app_info(w->app);
    assert_int_equal(after.out_of_order_received, 2);
    assert_int_equal(after.reordered_bytes, 120);
    SEND(w, .seq = 3, .len = 200);
    after = app_info(w->app);
    assert_int_equal(after.reordered_bytes, 0);
    assert_int_equal(after.bytes_received, 272);
    peer_discard(w);
}

/* RFC 6298 2.2, 5.5: R, R/2, and R + 4 * R/2; doubled by a timeout, and undone by a new sample. */
static void says_how_long_a_round_trip_takes(void **state)
{
    struct peer *w = PASSIVE(state);
    struct ms_tcp_info info;

    w->now_us += 10 * SECOND;
    app_send(w->app, 100);
    peer_run(w, 100 * MS);
    SEND(w, .ack = 101);
    /* The handshake's round trip took no time at all, which counts as a microsecond. */
    info = app_info(w->app);
    assert_in_range(info.srtt_us, 12 * MS, 13 * MS);
    assert_in_range(info.rttvar_us, 24 * MS, 26 * MS);
    assert_int_equal(info.rto_us, 200 * MS); /* tcp_rto_min_us */
    app_send(w->app, 100);
    peer_run(w, 1500 * MS);
    info = app_info(w->app);
    assert_int_equal(info.backoffs, 3);
    assert_int_equal(info.timeouts, 3);
    assert_int_equal(info.retransmitted_segments, 3);
    assert_int_equal(info.rto_us, 1600 * MS);
    SEND(w, .ack = 201);
    assert_int_equal(app_info(w->app).backoffs, 0);
    assert_int_equal(app_info(w->app).timeouts, 3);
    peer_discard(w);
}

/* RFC 6675 3, 5; RFC 5681 3.2: what is lost, what has arrived, and that it is being mended. */
static void says_what_is_lost(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);
    struct ms_tcp_info info;

    app_send(w->app, 8 * MSS);
    peer_discard(w);
    info = app_info(w->app);
    assert_int_equal(info.in_flight_bytes, 8 * MSS);
    SEND(w, .ack = 1, .sack = { { 1 + MSS, 1 + 5 * MSS } });
    info = app_info(w->app);
    assert_true(info.is_in_recovery);
    assert_int_equal(info.sacked_bytes, 4 * MSS);
    assert_int_equal(info.ssthresh_bytes, 8 * MSS * 7 / 10); /* RFC 9438, 4.6 */
    assert_int_equal(info.retransmitted_segments, 1);
    EXPECT(w, .seq = 1, .len = MSS);
    SEND(w, .ack = 1 + 8 * MSS);
    info = app_info(w->app);
    assert_false(info.is_in_recovery);
    assert_int_equal(info.sacked_bytes + info.lost_bytes + info.in_flight_bytes, 0);
    assert_int_equal(info.timeouts, 0);
}

/* The same after a timeout, when all of it is lost and one segment goes. */
static void says_that_all_is_lost(void **state)
{
    struct peer *w = PASSIVE(state);
    struct ms_tcp_info info;

    app_send(w->app, 8 * MSS);
    peer_run(w, 300 * MS);
    info = app_info(w->app);
    assert_true(info.is_in_recovery);
    assert_int_equal(info.lost_bytes, 7 * MSS);
    assert_int_equal(info.in_flight_bytes, MSS);
    assert_int_equal(info.cwnd_bytes, MSS);
    assert_int_equal(info.ssthresh_bytes, 8 * MSS * 7 / 10); /* RFC 9438, 4.6 */
    peer_discard(w);
}

/* RFC 7323 2.3: windows in bytes, not as the header has them. */
static void says_both_windows_in_bytes(void **state)
{
    struct peer *w;
    struct ms_tcp_info info;

    peer_config(state)->tcp_recv_window_bytes = 1 << 20;
    w = PASSIVE(state, .wscale = 3, .window = 10000);
    w->app->keeps_credit = true;
    assert_int_equal(app_info(w->app).send_window_bytes, 8 * 10000);
    SEND(w, .window = 1000, .len = 5000); /* trusted: it is newer (RFC 9293, 3.10.7.4) */
    info = app_info(w->app);
    assert_int_equal(info.send_window_bytes, 8000);
    peer_run(w, SECOND);
    info = app_info(w->app);
    /* What the ACK offered is what is left, rounded to the scale's steps. */
    assert_in_range(info.recv_window_bytes, (1 << 20) - 5000, (1 << 20) - 5000 + 32);
    EXPECT(w, .ack = 5001, .window = info.recv_window_bytes >> info.recv_scale);
    app_send(w->app, 3000);
    assert_int_equal(app_info(w->app).send_window_bytes, 8000); /* counted from SND.UNA */
    SEND(w, .ack = 3001, .window = 0);
    assert_int_equal(app_info(w->app).send_window_bytes, 0);
    peer_discard(w);
}

static void says_both_endpoints(void **state)
{
    struct peer *w = PASSIVE(state);
    struct ms_endpoint local, remote;

    ms_tcp_endpoints(w->app->tcp, &local, &remote);
    assert_memory_equal(&local.addr, &w->stack_addr, sizeof(local.addr));
    assert_memory_equal(&remote.addr, &w->peer_addr, sizeof(remote.addr));
    assert_int_equal(local.port, STACK_PORT);
    assert_int_equal(remote.port, PEER_PORT);
    assert_ptr_equal(local.netif, w->netif);
    assert_ptr_equal(remote.netif, w->netif);
}

static enum ms_error set_at_close[2];

static void set_when_closed(struct app *app, enum app_event event)
{
    if (event != APP_CLOSE)
        return;
    set_at_close[0] = ms_tcp_set(app->tcp, MS_TCP_NO_DELAY, 1);
    set_at_close[1] = ms_tcp_set(app->tcp, MS_TCP_RECV_WINDOW_BYTES, 1000);
}

/* In any state an answer, never a fault. */
/* proves: T46 */
static void nothing_can_be_set_after_the_end(void **state)
{
    struct peer *w = PASSIVE(state);

    w->app->hook = set_when_closed;
    app_abort(w->app);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(set_at_close[0], MS_ERROR_STATE);
    assert_int_equal(set_at_close[1], MS_ERROR_STATE);
    peer_discard(w);
}

/* Each option has a range; outside it, nothing is changed. */
/* proves: T46 */
static void refuses_values_out_of_range(void **state)
{
    static const struct {
        enum ms_tcp_option option;
        uint32_t value;
    } wrong[] = {
        { MS_TCP_RECV_WINDOW_BYTES, 0 },
        { MS_TCP_RECV_WINDOW_BYTES, (1u << 30) + 1 },
        { MS_TCP_KEEPALIVE_S, 65536 },
        { MS_TCP_KEEPALIVE_INTERVAL_S, 0 },
        { MS_TCP_KEEPALIVE_INTERVAL_S, 65536 },
        { MS_TCP_KEEPALIVE_PROBES, 256 },
        { MS_TCP_USER_TIMEOUT_S, 65536 },
        { MS_TCP_TRAFFIC_CLASS, 256 },
        { MS_TCP_HOP_LIMIT, 256 },
        { MS_TCP_HOP_LIMIT, UINT32_MAX },
        { (enum ms_tcp_option)100, 1 },
    };
    struct peer *w = PASSIVE(state);

    for (unsigned i = 0; i < MS_ARRAY_LEN(wrong); i++)
        assert_int_equal(ms_tcp_set(w->app->tcp, wrong[i].option, wrong[i].value),
                         MS_ERROR_INVALID);
    peer_settle(w);
    QUIET(w, 1000 * SECOND);
    app_send(w->app, 10);
    EXPECT(w, .seq = 1, .len = 10, .window = 65535);
    assert_int_equal(w->heard[w->heard_next - 1].hop_limit, 64);
    assert_int_equal(w->heard[w->heard_next - 1].traffic_class, 0);
}

/* Each packet from then on has the TTL and the class that were set. */
/* proves: MUST-48, MUST-49, SHLD-21, SHLD-22 */
static void marks_packets_as_told(void **state)
{
    struct peer *w = PASSIVE(state);
    const struct heard *heard;

    app_set(w->app, MS_TCP_HOP_LIMIT, 255);
    app_set(w->app, MS_TCP_TRAFFIC_CLASS, 0xb8); /* expedited forwarding */
    app_send(w->app, 10);
    heard = EXPECT(w, .seq = 1, .len = 10);
    assert_int_equal(heard->hop_limit, 255);
    assert_int_equal(heard->traffic_class, 0xb8);
    app_set(w->app, MS_TCP_HOP_LIMIT, 1);
    app_set(w->app, MS_TCP_TRAFFIC_CLASS, 0);
    heard = EXPECT_WITHIN(w, SECOND, .seq = 1, .len = 10); /* sent again, it has them, too */
    assert_int_equal(heard->hop_limit, 1);
    assert_int_equal(heard->traffic_class, 0);
}

/* RFC 1122 3.2.1.7: no datagram is sent with a TTL of zero. */
static void refuses_a_hop_limit_of_zero(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(ms_tcp_set(w->app->tcp, MS_TCP_HOP_LIMIT, 0), MS_ERROR_INVALID);
    app_send(w->app, 10);
    assert_int_equal(EXPECT(w, .seq = 1, .len = 10)->hop_limit, 64);
}

/* RFC 3168 5, 6.1: without ECN agreed on, both of its bits are zero, whatever is asked for. */
static void leaves_the_bits_of_ecn_zero(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_TRAFFIC_CLASS, 0xbb);
    app_send(w->app, 10);
    assert_int_equal(EXPECT(w, .seq = 1, .len = 10)->traffic_class, 0xb8);
}

/* A smaller window takes nothing back; it shrinks as it is used up. */
/* proves: SHLD-14 */
static void shrinks_its_window_as_it_is_used(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_RECV_WINDOW_BYTES, 3000);
    peer_discard(w);
    assert_int_equal(app_info(w->app).recv_window_bytes, 65535);
    for (unsigned i = 0; i < 62; i++)
        SEND(w, .len = 1000);
    peer_discard(w);
    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    peer_discard(w);
    assert_in_range(app_info(w->app).recv_window_bytes, 1500, 3000);
    assert_int_equal(w->app->received, 64000);
}

/* A larger one is offered at once, as far as the scale of our SYN can tell. */
/* proves: R09 */
static void grows_its_window_at_once(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_recv_window_bytes = 100000; /* a scale of 1 */
    w = PASSIVE(state, .wscale = 0);
    assert_int_equal(app_info(w->app).recv_scale, 1);
    app_set(w->app, MS_TCP_RECV_WINDOW_BYTES, 120000);
    EXPECT(w, .window = 60000);
    app_set(w->app, MS_TCP_RECV_WINDOW_BYTES, 1 << 30);
    EXPECT(w, .window = 65535);
    assert_int_equal(app_info(w->app).recv_window_bytes, 2 * 65535);
    /* That is the limit then, also of what the application has not consumed. */
    w->app->keeps_credit = true;
    for (unsigned i = 0; i < 100; i++)
        SEND(w, .len = 1000);
    assert_in_range(app_info(w->app).recv_window_bytes, 31070, 31072);
    peer_discard(w);
}

/* RFC 7323 2.2: what the SYN told holds, though it is not answered yet. */
static void keeps_the_scale_that_its_syn_told(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);
    uint8_t told = app_info(app).recv_scale;

    EXPECT(w, .flags = TCP_SYN, .seq = 0, .wscale = told);
    app_set(app, MS_TCP_RECV_WINDOW_BYTES, 1 << 30);
    assert_int_equal(app_info(app).recv_scale, told);
    EXPECT_WITHIN(w, 2 * SECOND, .flags = TCP_SYN, .seq = 0, .wscale = told);
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .wscale = 0);
    peer_discard(w);
    assert_int_equal(app_info(app).recv_scale, told);
}

/* RFC 7323 2.2: the scale is told by our SYN, so before it leaves there is a choice. */
static void chooses_the_scale_for_a_window_set_before_the_syn(void **state)
{
    static const struct ms_tcp_events events = { .on_open = NULL };
    struct peer *w = peer_start(state);
    const struct ms_tcp_connect connect = {
        .remote = { .addr = w->peer_addr, .port = PEER_PORT },
        .events = &events,
    };
    struct ms_tcp *tcp;
    struct ms_tcp_info info;

    w->flow->stack_port = 0;
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp), MS_OK);
    assert_int_equal(ms_tcp_set(tcp, MS_TCP_RECV_WINDOW_BYTES, 1 << 24), MS_OK);
    peer_settle(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0, .wscale = 9, .window = 65535);
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .wscale = 0);
    EXPECT(w, .seq = 1, .ack = 1);
    peer_run(w, 0);
    peer_discard(w);
    ms_tcp_info(tcp, &info);
    assert_int_equal(info.recv_scale, 9);
    /* Once it is told, a larger one is of no use. */
    assert_int_equal(ms_tcp_set(tcp, MS_TCP_RECV_WINDOW_BYTES, 1 << 30), MS_OK);
    peer_settle(w);
    EXPECT(w, .window = 65535);
    ms_tcp_info(tcp, &info);
    assert_int_equal(info.recv_scale, 9);
    assert_int_equal(info.recv_window_bytes, 65535 << 9);
}

static unsigned controllers_started;

static void start_controller(struct ms_cc *cc)
{
    controllers_started++;
    cc->window_bytes = 3u * cc->segment_bytes;
    cc->threshold_bytes = 77000;
    memset(cc->state, 0x5a, sizeof(cc->state));
}

static void ignore_ack(struct ms_cc *cc, const struct ms_cc_ack *ack)
{
    (void)ack;
    for (unsigned i = 0; i < sizeof(cc->state); i++)
        assert_int_equal(cc->state[i], 0x5a); /* its own: nobody else writes there */
}

static void ignore_idle(struct ms_cc *cc) { (void)cc; }

/* Another controller begins with its own initial window. */
/* proves: MAY-18 */
static void takes_another_congestion_controller(void **state)
{
    static const struct ms_cc_ops constant = {
        .name = "constant", .init = start_controller, .on_ack = ignore_ack, .on_idle = ignore_idle
    };
    struct peer *w = PASSIVE(state);

    controllers_started = 0;
    ms_tcp_set_cc(w->app->tcp, &constant);
    assert_int_equal(controllers_started, 1);
    assert_int_equal(app_info(w->app).cwnd_bytes, 3 * MSS);
    assert_int_equal(app_info(w->app).ssthresh_bytes, 77000);
    app_send(w->app, 20 * MSS);
    for (uint32_t i = 0; i < 5; i++) {
        for (uint32_t k = 0; k < 3; k++)
            EXPECT(w, .seq = 1 + (3 * i + k) * MSS, .len = MSS);
        QUIET(w, 0);
        SEND(w, .ack = ANY);
    }
    peer_discard(w);
}

static unsigned walk(const struct peer *w, const struct app *wanted)
{
    unsigned count = 0, found = 0;

    for (struct ms_tcp *c = ms_tcp_next(w->stack, NULL); c; c = ms_tcp_next(w->stack, c)) {
        count++;
        found += c == wanted->tcp;
    }
    assert_int_equal(found, wanted->tcp ? 1 : 0);
    return count;
}

/* Opened by either side, and a place that was used before. */
static void walks_over_every_connection_once(void **state)
{
    struct peer *w = peer_start(state);
    struct app *first, *second, *third;

    assert_null(ms_tcp_next(w->stack, NULL));
    first = peer_connect(w);
    assert_int_equal(walk(w, first), 1);
    peer_discard(w);
    peer_listen(w, 0);
    peer_flow(w, 4001);
    second = peer_open(w, OFFER());
    peer_flow(w, 4002);
    third = peer_open(w, OFFER());
    assert_int_equal(walk(w, first), 3);
    assert_int_equal(walk(w, second), 3);
    app_abort(second);
    assert_int_equal(walk(w, first), 2);
    assert_int_equal(walk(w, third), 2);
    app_abort(first);
    peer_discard(w);
    peer_flow(w, 4003);
    assert_int_equal(walk(w, peer_open(w, OFFER())), 2);
    peer_discard(w);
}

/* Its end is decided, and on_close is to come. */
static void passes_over_a_connection_that_has_ended(void **state)
{
    struct peer *w = PASSIVE(state);

    ms_tcp_abort(w->app->tcp);
    assert_null(ms_tcp_next(w->stack, NULL));
    peer_settle(w);
    assert_null(ms_tcp_next(w->stack, NULL));
    peer_discard(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(a_new_connection_says_what_it_begins_with),
        OVER_BOTH(says_what_both_sides_agreed_on),
        OVER_BOTH(says_its_state_on_the_active_way),
        OVER_BOTH(says_its_state_on_the_other_ways),
        OVER_BOTH(counts_the_bytes_of_the_stream),
        OVER_BOTH(says_at_the_end_how_much_there_was),
        OVER_BOTH(counts_no_syn_as_text),
        OVER_BOTH(counts_segments),
        OVER_BOTH(walks_over_every_connection_once),
        OVER_BOTH(passes_over_a_connection_that_has_ended),
        OVER_BOTH(says_how_long_a_round_trip_takes),
        OVER_BOTH(says_what_is_lost),
        OVER_BOTH(says_that_all_is_lost),
        OVER_BOTH(says_both_windows_in_bytes),
        OVER_BOTH(says_both_endpoints),
        OVER_BOTH(nothing_can_be_set_after_the_end),
        OVER_BOTH(refuses_values_out_of_range),
        OVER_BOTH(marks_packets_as_told),
        OVER_BOTH(refuses_a_hop_limit_of_zero),
        OVER_BOTH(leaves_the_bits_of_ecn_zero),
        OVER_BOTH(shrinks_its_window_as_it_is_used),
        OVER_BOTH(grows_its_window_at_once),
        OVER_BOTH(keeps_the_scale_that_its_syn_told),
        OVER_BOTH(chooses_the_scale_for_a_window_set_before_the_syn),
        OVER_BOTH(takes_another_congestion_controller),
    };

    return cmocka_run_group_tests_name("tcp/info", tests, NULL, NULL);
}
