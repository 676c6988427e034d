/* SPDX-License-Identifier: ISC */
/* Timers: retransmission, R1 and R2, probes, keepalive (RFC 6298, RFC 9293, 3.8). */
#include "support/wire_peer.h"

enum { MSS = PEER_MSS };

/* A connection whose handshake took 300 ms: SRTT 300, RTTVAR 150, RTO 900 ms (RFC 6298, 2.2). */
static struct peer *slow_passive(void **state, bool has_timestamps)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    peer_send_syn(w, OFFER(.timestamps = has_timestamps));
    EXPECT(w, .flags = TCP_SYN | TCP_ACK);
    peer_run(w, 300 * MS);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->accepted, 1);
    return w;
}

/* RFC 6298 2.2, 5.1 to 5.6 */
/* proves: MUST-18, MUST-19, R19 */
static void retransmits_and_backs_off(void **state)
{
    struct peer *w = slow_passive(state, false);

    assert_in_range(app_info(w->app).rto_us, 890 * MS, 910 * MS);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 900 * MS, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 1800 * MS, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 3600 * MS, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 7200 * MS, .seq = 1, .len = 100);
    assert_int_equal(app_info(w->app).backoffs, 4);
    assert_int_equal(COUNT(w, tcp_timeouts), 4);
    SEND(w, .ack = ANY);
    QUIET(w, 60 * SECOND);
    assert_int_equal(w->app->released, 1);
}

/* RFC 6298 5.7: three seconds after a handshake whose SYN went twice. */
static void starts_slowly_after_a_lost_syn(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);

    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    EXPECT_AFTER(w, SECOND, .flags = TCP_SYN, .seq = 0);
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .mss = MSS);
    EXPECT(w, .seq = 1, .ack = 1);
    assert_int_equal(app_send(app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 3 * SECOND, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 6 * SECOND, .seq = 1, .len = 100);
}

/* RFC 6298 2.5: the timeout is bounded, by 60 s at least. */
/* proves: R19 */
static void backs_off_to_a_bound(void **state)
{
    struct peer *w;
    uint64_t last = 0, gap = 0;

    peer_config(state)->tcp_user_timeout_us = 0;
    peer_config(state)->tcp_rto_max_us = 60 * SECOND;
    w = slow_passive(state, false);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    for (unsigned i = 0; i < 12; i++) {
        const struct heard *heard = EXPECT_WITHIN(w, 62 * SECOND, .seq = 1, .len = 100);

        gap = heard->at_us - last;
        last = heard->at_us;
    }
    assert_in_range(gap, 59 * SECOND, 61 * SECOND);
    QUIET(w, 50 * SECOND);
}

/* RFC 6298 5.3: the timer runs from the last ACK that acknowledged something. */
static void restarts_the_timer_with_each_ack(void **state)
{
    struct peer *w = slow_passive(state, false);

    app_set(w->app, MS_TCP_NO_DELAY, 1);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    peer_discard(w);
    peer_run(w, 300 * MS);
    SEND(w, .ack = 101);
    EXPECT_AFTER(w, app_info(w->app).rto_us, .seq = 101, .len = 100);
}

/* Karn: RFC 6298 3. What was sent twice is not measured; the timeout stays backed off. */
/* proves: MUST-18 */
static void does_not_measure_retransmissions(void **state)
{
    struct peer *w = slow_passive(state, false);
    uint32_t srtt = app_info(w->app).srtt_us;

    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 900 * MS, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 1800 * MS, .seq = 1, .len = 100);
    SEND(w, .ack = 101);
    assert_int_equal(app_info(w->app).srtt_us, srtt);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 101, .len = 100);
    EXPECT_AFTER(w, 3600 * MS, .seq = 101, .len = 100);
}

/* A new measurement takes the backoff back (RFC 6298, 5, last paragraph). */
static void a_measurement_ends_the_backoff(void **state)
{
    struct peer *w = slow_passive(state, false);

    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 900 * MS, .seq = 1, .len = 100);
    SEND(w, .ack = 101);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 101, .len = 100);
    peer_run(w, 300 * MS);
    SEND(w, .ack = 201);
    assert_true(app_info(w->app).rto_us < 1000 * MS);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 201, .len = 100);
    EXPECT_AFTER(w, app_info(w->app).rto_us, .seq = 201, .len = 100);
}

/* RFC 7323 4.1: with timestamps a retransmission can be measured. */
static void measures_retransmissions_by_timestamp(void **state)
{
    struct peer *w = slow_passive(state, true);
    uint32_t srtt = app_info(w->app).srtt_us;

    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .len = 100);
    peer_run(w, 100 * MS);
    SEND(w, .ack = 101);
    assert_true(app_info(w->app).srtt_us < srtt);
    assert_true(app_info(w->app).srtt_us > 100 * MS);
}

/* RFC 5681 3.1: after a timeout the window is one segment; what was sent goes again in turn. */
/* proves: MUST-19 */
static void starts_slowly_after_a_timeout(void **state)
{
    struct peer *w = slow_passive(state, false);
    unsigned sent;

    assert_int_equal(app_send(w->app, 20 * MSS), MS_OK);
    sent = peer_discard(w);
    EXPECT_AFTER(w, 900 * MS, .seq = 1, .len = MSS);
    QUIET(w, 0);
    assert_int_equal(app_info(w->app).cwnd_bytes, MSS);
    assert_in_range(app_info(w->app).ssthresh_bytes, 2 * MSS, sent * MSS * 7 / 10);
    SEND(w, .ack = 1 + MSS);
    EXPECT(w, .seq = 1 + MSS, .len = MSS);
    EXPECT(w, .seq = 1 + 2 * MSS, .len = MSS);
    QUIET(w, 0);
    SEND(w, .ack = 1 + 3 * MSS);
    EXPECT(w, .seq = 1 + 3 * MSS, .len = MSS);
    peer_discard(w);
    SEND(w, .ack = 1 + sent * MSS); /* the rest had arrived */
    EXPECT(w, .seq = 1 + sent * MSS, .len = MSS);
}

/* R1 is reported, and the connection goes on. */
/* proves: MUST-20, MUST-47, SHLD-9, SHLD-10 */
static void reports_r1(void **state)
{
    struct peer *w = slow_passive(state, false);

    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .len = 100);
    EXPECT_WITHIN(w, 3 * SECOND, .seq = 1, .len = 100);
    assert_int_equal(w->app->soft_errors, 0);
    EXPECT_WITHIN(w, 8 * SECOND, .seq = 1, .len = 100);
    EXPECT_WITHIN(w, 16 * SECOND, .seq = 1, .len = 100);
    EXPECT_WITHIN(w, 32 * SECOND, .seq = 1, .len = 100);
    assert_int_equal(w->app->soft_errors, 1);
    assert_int_equal(w->app->closed, 0);
    SEND(w, .ack = 101);
    assert_int_equal(w->app->closed, 0);
}

/* proves: SHLD-20 */
static void reports_r1_to_those_who_want_it(void **state)
{
    struct peer *w = slow_passive(state, false);

    app_set(w->app, MS_TCP_SOFT_ERRORS, 0);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    peer_run(w, 60 * SECOND);
    assert_int_equal(w->app->soft_errors, 0);
    peer_discard(w);
}

/* R2, by default beyond 100 s. */
/* proves: MUST-20, SHLD-11 */
static void gives_up_at_r2(void **state)
{
    struct peer *w = slow_passive(state, false);

    assert_true(w->config.tcp_user_timeout_us >= 100 * SECOND);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    peer_run(w, w->config.tcp_user_timeout_us - 2 * SECOND);
    assert_int_equal(w->app->closed, 0);
    peer_run(w, 130 * SECOND);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    assert_int_equal(w->app->released, 1);
    peer_discard(w);
    QUIET(w, 600ull * SECOND);
}

/* R2 of one connection. */
/* proves: MUST-21 */
static void gives_up_when_the_application_says(void **state)
{
    struct peer *w = slow_passive(state, false);
    uint64_t began;

    app_set(w->app, MS_TCP_USER_TIMEOUT_S, 10);
    peer_run(w, 100 * SECOND); /* idling does not count */
    assert_int_equal(app_send(w->app, 100), MS_OK);
    began = w->now_us;
    while (w->app->closed == 0 && w->now_us < began + 60 * SECOND)
        peer_run(w, 100 * MS);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    assert_in_range(w->now_us - began, 9 * SECOND, 12 * SECOND);
    peer_discard(w);
}

static void never_gives_up_when_told_so(void **state)
{
    struct peer *w = slow_passive(state, false);

    app_set(w->app, MS_TCP_USER_TIMEOUT_S, 0);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    peer_run(w, 24ull * 3600 * SECOND);
    assert_int_equal(w->app->closed, 0);
    assert_true(peer_discard(w) > 100);
    SEND(w, .ack = 101);
    assert_int_equal(w->app->released, 1);
}

/* Progress starts R2 afresh. */
static void progress_postpones_r2(void **state)
{
    struct peer *w = slow_passive(state, false);

    app_set(w->app, MS_TCP_USER_TIMEOUT_S, 20);
    assert_int_equal(app_send(w->app, 1000), MS_OK);
    for (uint32_t i = 1; i < 10; i++) {
        peer_run(w, 15 * SECOND);
        SEND(w, .ack = 1 + i * 10);
        assert_int_equal(w->app->closed, 0);
    }
    peer_discard(w);
}

/* Unanswered probes of a closed window end by R2, too. */
/* proves: T30, T31, R07 */
static void gives_up_a_window_nobody_answers_for(void **state)
{
    struct peer *w = slow_passive(state, false);

    SEND(w, .seq = 1, .ack = 1, .window = 0);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    peer_run(w, w->config.tcp_user_timeout_us + 130 * SECOND);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    peer_discard(w);
}

/* FIN nobody acknowledges. */
/* proves: T30 */
static void gives_up_a_fin_nobody_answers(void **state)
{
    struct peer *w = slow_passive(state, false);

    SEND(w, .flags = TCP_ACK | TCP_FIN);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 2);
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
    EXPECT_AFTER(w, 900 * MS, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
    EXPECT_AFTER(w, 1800 * MS, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
    peer_run(w, w->config.tcp_user_timeout_us + 130 * SECOND);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    assert_int_equal(w->app->closed, 1);
    peer_discard(w);
}

/* RFC 6298 5.1: what leaves when the window opens has a timer of its own, not what is left of the
 * probe's. */
static void times_what_an_opened_window_lets_out(void **state)
{
    struct peer *w = slow_passive(state, false);

    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    EXPECT_AFTER(w, 900 * MS, .seq = 1, .len = 100);
    SEND(w, .ack = 101, .window = 0);
    assert_int_equal(app_send(w->app, 2 * MSS), MS_OK);
    QUIET(w, 300 * MS);
    SEND(w, .ack = 101);
    EXPECT(w, .seq = 101, .len = MSS);
    EXPECT_AFTER(w, app_info(w->app).rto_us, .seq = 101, .len = MSS);
}

/* In FIN-WAIT-2 a peer whose window we have closed is silent for our sake, up to a probe. */
static void waits_for_a_peer_that_waits_for_us(void **state)
{
    struct peer *w = PASSIVE(state);

    w->app->keeps_credit = true;
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN);
    for (uint32_t left = app_info(w->app).recv_window_bytes; left > 0;) {
        uint32_t len = left < MSS ? left : MSS;

        SEND(w, .ack = 2, .len = len);
        left -= len;
    }
    peer_run(w, 150 * SECOND);
    assert_int_equal(app_info(w->app).recv_window_bytes, 0);
    assert_int_equal(w->app->closed, 0);
    ms_tcp_consumed(w->app->tcp, w->app->received);
    peer_run(w, 50 * SECOND);
    assert_int_equal(w->app->closed, 0);
    peer_discard(w);
    peer_run(w, 20 * SECOND); /* now it could speak, and does not */
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    peer_discard(w);
}

/* RFC 9293 3.4: FIN has a sequence number, and so needs room in the window. */
static void fin_waits_for_room_behind_the_text(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .window = 100);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    app_close(w->app);
    EXPECT(w, .seq = 1, .len = 100, .flags = TCP_ACK | TCP_PSH);
    SEND(w, .ack = 101, .window = 0);
    QUIET(w, 0);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 101, .flags = TCP_ACK | TCP_FIN); /* a probe */
    SEND(w, .ack = 101, .window = 1);
    EXPECT(w, .seq = 101, .flags = TCP_ACK | TCP_FIN);
    SEND(w, .ack = 102);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_2);
}

/* RFC 9293 3.10.7.4: behind a closed window a peer accepts nothing but RCV.NXT, which is the number
 * of the probe that it did not take. */
static void acknowledges_from_before_its_probe(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .window = 0);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .len = 1);
    SEND(w, .ack = 1, .window = 0);
    SEND(w, .ack = 1, .len = 100, .window = 0);
    EXPECT_WITHIN(w, SECOND / 2, .seq = 1, .ack = 101, .len = 0);
}

/* No keepalive unless asked. */
/* proves: MUST-25, MUST-28 */
static void keeps_nothing_alive_by_default(void **state)
{
    struct peer *w = PASSIVE(state);

    QUIET(w, 30ull * 24 * 3600 * SECOND);
    assert_int_equal(w->app->closed, 0);
}

/* proves: MUST-24, MUST-27, MUST-29, SHLD-12, MAY-5 */
static void probes_an_idle_peer(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_KEEPALIVE_S, 60);
    app_set(w->app, MS_TCP_KEEPALIVE_INTERVAL_S, 10);
    app_set(w->app, MS_TCP_KEEPALIVE_PROBES, 3);
    EXPECT_AFTER(w, 60 * SECOND, .seq = 0, .ack = 1, .len = 0);
    SEND(w, .seq = 1, .ack = 1);
    EXPECT_AFTER(w, 60 * SECOND, .seq = 0, .ack = 1, .len = 0);
    EXPECT_AFTER(w, 10 * SECOND, .seq = 0, .ack = 1, .len = 0);
    EXPECT_AFTER(w, 10 * SECOND, .seq = 0, .ack = 1, .len = 0);
    assert_int_equal(w->app->closed, 0);
    peer_run(w, 11 * SECOND);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    assert_int_equal(COUNT(w, tcp_keepalives), 4);
    peer_discard(w); /* perhaps a RST */
    QUIET(w, 600 * SECOND);
}

/* Silence is watched by a deadline of its own, and the next of those is often the later one. */
static void keepalive_leaves_retransmission_alone(void **state)
{
    struct peer *w = slow_passive(state, false);

    app_set(w->app, MS_TCP_KEEPALIVE_S, 5);
    app_set(w->app, MS_TCP_KEEPALIVE_INTERVAL_S, 5);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    for (uint64_t gap_us = 900 * MS; gap_us < 60 * SECOND; gap_us *= 2)
        EXPECT_AFTER(w, gap_us, .seq = 1, .len = 100);
}

/* Any segment of the peer postpones the probe; keepalive can be turned off again. */
/* proves: MUST-24, MUST-26 */
static void probes_only_the_idle(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_KEEPALIVE_S, 60);
    for (unsigned i = 0; i < 5; i++) {
        peer_run(w, 50 * SECOND);
        SEND(w, .len = 1);
        EXPECT_WITHIN(w, SECOND / 2, .ack = 2 + i);
    }
    app_set(w->app, MS_TCP_KEEPALIVE_S, 0);
    QUIET(w, 1000 * SECOND);
}

/* Not while data are outstanding; then the retransmission timer is in charge. */
/* proves: MUST-26 */
static void probes_nobody_with_data_in_flight(void **state)
{
    struct peer *w = slow_passive(state, false);

    app_set(w->app, MS_TCP_KEEPALIVE_S, 5);
    app_set(w->app, MS_TCP_KEEPALIVE_INTERVAL_S, 1);
    app_set(w->app, MS_TCP_KEEPALIVE_PROBES, 2);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    peer_run(w, 60 * SECOND);
    assert_int_equal(w->app->closed, 0);
    while (w->heard_next < w->heard_count)
        EXPECT(w, .seq = 1, .len = 100);
    assert_int_equal(COUNT(w, tcp_keepalives), 0);
}

/* Keepalive works in CLOSE-WAIT and FIN-WAIT-2, too: half-open peers are found there. */
static void probes_half_closed_connections(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_KEEPALIVE_S, 60);
    app_set(w->app, MS_TCP_KEEPALIVE_PROBES, 1);
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1);
    SEND(w, .ack = 2);
    EXPECT_AFTER(w, 60 * SECOND, .seq = 1, .ack = 1, .len = 0);
    peer_run(w, 80 * SECOND);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    peer_discard(w);
}

/* A connection that waits for the peer's FIN alone: our own is acknowledged. */
static struct peer *half_closed(struct peer *w)
{
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1);
    SEND(w, .ack = 2);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_2);
    return w;
}

/* Nobody is waited for for ever in FIN-WAIT-2. */
/* proves: R08 */
static void gives_up_a_peer_that_never_closes(void **state)
{
    struct peer *w = half_closed(PASSIVE(state));

    QUIET(w, 59 * SECOND);
    assert_int_equal(w->app->closed, 0);
    EXPECT_WITHIN(w, 2 * SECOND, .flags = TCP_RST | TCP_ACK, .seq = 2);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
}

static void goes_on_receiving_from_a_peer_that_speaks(void **state)
{
    struct peer *w = half_closed(PASSIVE(state));

    for (unsigned i = 0; i < 10; i++) {
        peer_run(w, 50 * SECOND);
        SEND(w, .len = 1);
        EXPECT_WITHIN(w, SECOND / 2, .ack = 2 + i);
    }
    assert_int_equal(w->app->received, 10);
    QUIET(w, 58 * SECOND);
    SEND(w, .flags = TCP_ACK | TCP_FIN);
    EXPECT(w, .seq = 2, .ack = 12);
    assert_int_equal(w->app->why, MS_OK);
}

static void waits_for_ever_if_told_so(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_fin_wait_2_us = 0;
    w = half_closed(PASSIVE(state));
    QUIET(w, 30ull * 24 * 3600 * SECOND);
    assert_int_equal(w->app->closed, 0);
}

/* ms_next_deadline() never lies in the past for long, nor asks to be polled for nothing. */
static void asks_for_no_needless_polls(void **state)
{
    struct peer *w = slow_passive(state, false);
    unsigned polls = 0;
    uint64_t end_us = w->now_us + 3600ull * SECOND, next_us;

    while ((next_us = ms_next_deadline(w->stack)) <= end_us) {
        assert_true(polls++ < 200);
        w->now_us = next_us > w->now_us ? next_us : w->now_us;
        ms_poll(w->stack, w->now_us);
    }
}

/* A window taken back under what is in flight ends nothing while the peer answers. */
/* proves: SHLD-17 */
static void bears_a_window_shrunk_to_nothing(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 5 * MSS), MS_OK);
    peer_discard(w);
    SEND(w, .ack = 1, .window = 0);
    for (unsigned i = 0; i < 600; i++) {
        peer_run(w, SECOND);
        if (peer_discard(w) > 0)
            SEND(w, .ack = 1, .window = 0);
        peer_discard(w);
        assert_int_equal(w->app->closed, 0);
    }
}

/* A host may sleep for longer than the low bits of a deadline tell. */
static void knows_deadlines_of_long_ago(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, MSS), MS_OK);
    EXPECT(w, .seq = 1, .len = MSS);
    app_set(w->app, MS_TCP_USER_TIMEOUT_S, 60000);
    w->now_us += 40ull * 60 * SECOND;
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .len = MSS);
}

static void refuses_keepalives_without_an_interval(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(ms_tcp_set(w->app->tcp, MS_TCP_KEEPALIVE_INTERVAL_S, 0), MS_ERROR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(retransmits_and_backs_off),
        OVER_BOTH(starts_slowly_after_a_lost_syn),
        OVER_IPV4(backs_off_to_a_bound),
        OVER_BOTH(restarts_the_timer_with_each_ack),
        OVER_BOTH(does_not_measure_retransmissions),
        OVER_BOTH(a_measurement_ends_the_backoff),
        OVER_BOTH(measures_retransmissions_by_timestamp),
        OVER_BOTH(starts_slowly_after_a_timeout),
        OVER_BOTH(reports_r1),
        OVER_BOTH(reports_r1_to_those_who_want_it),
        OVER_BOTH(gives_up_at_r2),
        OVER_BOTH(gives_up_when_the_application_says),
        OVER_IPV4(never_gives_up_when_told_so),
        OVER_BOTH(progress_postpones_r2),
        OVER_BOTH(gives_up_a_window_nobody_answers_for),
        OVER_BOTH(gives_up_a_fin_nobody_answers),
        OVER_BOTH(keeps_nothing_alive_by_default),
        OVER_BOTH(probes_an_idle_peer),
        OVER_BOTH(probes_only_the_idle),
        OVER_BOTH(probes_nobody_with_data_in_flight),
        OVER_BOTH(probes_half_closed_connections),
        OVER_BOTH(gives_up_a_peer_that_never_closes),
        OVER_BOTH(goes_on_receiving_from_a_peer_that_speaks),
        OVER_BOTH(waits_for_ever_if_told_so),
        OVER_IPV4(asks_for_no_needless_polls),
        OVER_BOTH(bears_a_window_shrunk_to_nothing),
        OVER_BOTH(knows_deadlines_of_long_ago),
        OVER_BOTH(times_what_an_opened_window_lets_out),
        OVER_BOTH(waits_for_a_peer_that_waits_for_us),
        OVER_BOTH(fin_waits_for_room_behind_the_text),
        OVER_BOTH(acknowledges_from_before_its_probe),
        OVER_BOTH(keepalive_leaves_retransmission_alone),
        OVER_BOTH(refuses_keepalives_without_an_interval),
    };

    return cmocka_run_group_tests_name("tcp/timer", tests, NULL, NULL);
}
