/* SPDX-License-Identifier: ISC */
/* Opening a connection: what may answer our SYN (RFC 9293, 3.5 and 3.10.7.3). */
#include "support/wire_peer.h"

enum { SYN_ACK = TCP_SYN | TCP_ACK };

/* ANSWER(w, .len = 10): the peer's SYN-ACK. */
#define ANSWER(w, ...) SEND(w, .flags = SYN_ACK, .seq = 0, .ack = 1, __VA_ARGS__)

/* Starts, and a SYN has left. */
static struct peer *connecting(void **state)
{
    struct peer *w = peer_start(state);

    peer_connect(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    return w;
}

/* The same, and the peer's own SYN has crossed it. */
static struct peer *crossing(void **state)
{
    struct peer *w = connecting(state);

    SEND(w, .flags = TCP_SYN, .seq = 0, .mss = PEER_MSS);
    EXPECT(w, .flags = SYN_ACK, .seq = 0, .ack = 1);
    assert_int_equal(app_state(w->app), MS_TCP_SYN_RECEIVED);
    return w;
}

/* Whatever came before did no harm. */
static void expect_to_open(struct peer *w)
{
    assert_int_equal(app_state(w->app), MS_TCP_SYN_SENT);
    assert_int_equal(w->app->opened, 0);
    ANSWER(w, );
    EXPECT(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->opened, 1);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
}

/* RFC 9293 3.5, figure 6; RFC 7323 1.3, 2.2; RFC 2018 2: all offers in the SYN. */
/* proves: MUST-14, SHLD-5 */
static void opens_actively(void **state)
{
    struct peer *w = peer_start(state);

    peer_connect(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0, .mss = w->mss_max, .wscale = 3, .sack_permitted = true,
           .has_timestamp = true, .ts_echo = 0, .window = 65535);
    assert_int_equal(app_state(w->app), MS_TCP_SYN_SENT);
    assert_int_equal(COUNT(w, tcp_active_opens), 1);
    peer_run(w, 100 * MS);
    expect_to_open(w);
    assert_int_equal(COUNT(w, tcp_current_established), 1);
    QUIET(w, 10 * SECOND);
}

/* RFC 6298 2.1, 5.5; RFC 9293 3.4: sent again it is the same segment, ever more seldom. */
/* proves: MUST-22 */
static void sends_the_syn_again_ever_more_seldom(void **state)
{
    struct peer *w = connecting(state);

    for (uint64_t wait = SECOND; wait <= 32 * SECOND; wait *= 2)
        EXPECT_AFTER(w, wait, .flags = TCP_SYN, .seq = 0, .mss = w->mss_max, .wscale = 3,
                     .sack_permitted = true, .has_timestamp = true, .window = 65535);
    assert_int_equal(COUNT(w, tcp_retransmitted_segments), 6);
    assert_int_equal(COUNT(w, tcp_active_opens), 1);
    assert_int_equal(app_info(w->app).backoffs, 6);
    expect_to_open(w);
    assert_int_equal(app_info(w->app).backoffs, 0);
    QUIET(w, 100 * SECOND);
}

/* R2 of a SYN is three minutes at least, whatever it is of text. */
/* proves: MUST-23 */
static void lets_the_answer_take_three_minutes(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_user_timeout_us = 5 * SECOND;
    w = connecting(state);
    peer_run(w, 180 * SECOND);
    assert_true(peer_discard(w) > 5);
    assert_int_equal(w->app->closed, 0);
    expect_to_open(w);
}

/* RFC 9293 3.8.3, 3.10.8: and there is an end to it, which the user is told. */
/* proves: MUST-22 */
static void gives_up_in_the_end(void **state)
{
    struct peer *w = connecting(state);

    peer_run(w, 400 * SECOND);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->opened, 0);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    assert_int_equal(COUNT(w, tcp_attempt_fails), 1);
    assert_int_equal(COUNT(w, tcp_established_resets), 0);
    assert_int_equal(COUNT(w, tcp_out_resets), 0);
    peer_discard(w);
    ANSWER(w, ); /* too late */
    EXPECT(w, .flags = TCP_RST, .seq = 1);
    QUIET(w, 400 * SECOND);
}

/* The application may want to wait for ever. */
/* proves: MUST-21 */
static void never_gives_up_when_told_so(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_user_timeout_us = 0;
    w = connecting(state);
    peer_run(w, 3600ull * SECOND);
    assert_true(peer_discard(w) > 30);
    expect_to_open(w);
}

/* RFC 9293 3.10.7.3, first: <SEQ=SEG.ACK><CTL=RST>, and nothing is changed. */
static void resets_an_unacceptable_ack(void **state)
{
    static const uint32_t acks[] = { 0, 2, 1000, 0x7fffffff, 0x80000001, UINT32_MAX - 1 };
    static const uint8_t flags[] = { SYN_ACK, TCP_ACK, TCP_ACK | TCP_FIN };
    struct peer *w = connecting(state);

    for (unsigned i = 0; i < sizeof(acks) / sizeof(acks[0]); i++) {
        for (unsigned j = 0; j < sizeof(flags); j++) {
            SEND(w, .flags = flags[j], .seq = 5, .ack = acks[i], .len = 3);
            EXPECT(w, .flags = TCP_RST, .seq = acks[i]);
        }
    }
    assert_drop(w, MS_DROP_TCP_BAD_ACK, 18);
    assert_int_equal(COUNT(w, tcp_out_resets), 18);
    QUIET(w, SECOND / 2);
    expect_to_open(w);
    assert_int_equal(w->app->received, 0);
}

/* The same: unless the RST bit is set, if so drop the segment and return. */
static void ignores_a_reset_with_an_unacceptable_ack(void **state)
{
    static const uint32_t acks[] = { 0, 2, 0x80000001, UINT32_MAX - 1 };
    struct peer *w = connecting(state);

    for (unsigned i = 0; i < 4; i++)
        SEND(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = acks[i]);
    QUIET(w, SECOND / 2);
    assert_drop(w, MS_DROP_TCP_BAD_ACK, 4);
    expect_to_open(w);
}

/* RFC 9293 3.10.7.3, second: connection refused. Whatever the RST's own number. */
static void is_refused_by_a_reset_that_acks_its_syn(void **state)
{
    static const uint32_t seqs[] = { 0, 1, 0x80000000 };
    struct peer *w = peer_start(state);

    for (uint16_t i = 0; i < 3; i++) {
        struct app *app;

        peer_flow(w, (uint16_t)(4001 + i));
        app = peer_connect(w);
        EXPECT(w, .flags = TCP_SYN, .seq = 0);
        SEND(w, .flags = TCP_RST | TCP_ACK, .seq = seqs[i], .ack = 1);
        assert_int_equal(app->closed, 1);
        assert_int_equal(app->opened, 0);
        assert_int_equal(app->why, MS_ERROR_REFUSED);
        assert_int_equal(COUNT(w, tcp_attempt_fails), i + 1);
    }
    QUIET(w, 100 * SECOND);
}

/* RFC 9293 3.10.7.3, second; RFC 5961 3.2: without ACK it proves nothing. */
static void ignores_a_reset_without_ack(void **state)
{
    struct peer *w = connecting(state);

    SEND(w, .flags = TCP_RST, .seq = 0);
    SEND(w, .flags = TCP_RST, .seq = 1);
    QUIET(w, SECOND / 2);
    assert_drop(w, MS_DROP_TCP_BAD_RESET, 2);
    assert_int_equal(COUNT(w, tcp_challenge_acks), 0);
    expect_to_open(w);
}

/* RFC 9293 3.10.7.3, fifth: neither SYN nor RST: dropped, though its ACK be right. */
static void drops_what_has_neither_syn_nor_reset(void **state)
{
    struct peer *w = connecting(state);

    SEND(w, .flags = TCP_ACK, .seq = 1, .ack = 1);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1, .len = 10);
    SEND(w, .flags = TCP_ACK | TCP_URG, .seq = 1, .ack = 1, .len = 10, .urgent = 10);
    SEND(w, .flags = 0, .seq = 1, .len = 10);
    QUIET(w, SECOND / 2);
    expect_to_open(w);
    assert_int_equal(w->app->received, 0);
    assert_int_equal(w->app->urgents, 0);
    assert_int_equal(w->app->eofs, 0);
}

/* No sender has reason for both. */
/* proves: T33, T34 */
static void drops_a_syn_with_fin_or_reset(void **state)
{
    struct peer *w = connecting(state);

    ANSWER(w, .flags = SYN_ACK | TCP_FIN, .len = 10);
    ANSWER(w, .flags = SYN_ACK | TCP_RST);
    SEND(w, .flags = TCP_SYN | TCP_FIN, .seq = 0);
    QUIET(w, SECOND / 2);
    assert_drop(w, MS_DROP_TCP_BAD_FLAGS, 3);
    expect_to_open(w);
}

/* RFC 7323 1.3, 2.2, 2.3, 3.2; RFC 2018 2: what the SYN-ACK grants holds. */
static void takes_the_options_of_the_answer(void **state)
{
    struct peer *w = peer_start(state);

    for (uint16_t i = 0; i < 16; i++) {
        bool has_sack = i & 1, has_timestamps = i & 2;
        struct ms_tcp_info info;
        struct app *app;

        peer_flow(w, (uint16_t)(4001 + i));
        app = peer_connect(w);
        EXPECT(w, .flags = TCP_SYN, .seq = 0);
        w->flow->has_timestamps = has_timestamps;
        ANSWER(w, .mss = PEER_MSS + i, .wscale = i, .sack_permitted = has_sack, .window = 1000);
        if (has_timestamps)
            EXPECT(w, .seq = 1, .ack = 1, .ts_echo = w->flow->ts_base + (uint32_t)(w->now_us / MS));
        else
            EXPECT(w, .seq = 1, .ack = 1, .without_timestamp = true);
        info = app_info(app);
        assert_int_equal(info.has_sack, has_sack);
        assert_int_equal(info.has_timestamps, has_timestamps);
        assert_true(info.has_window_scaling);
        assert_int_equal(info.send_scale, i < 14 ? i : 14);
        assert_int_equal(info.recv_scale, 3);
        assert_int_equal(info.send_window_bytes, 1000); /* of a SYN: not scaled */
        assert_int_equal(info.send_mss_bytes, PEER_MSS + i - (has_timestamps ? 12 : 0));
        SEND(w, .window = 1000);
        assert_int_equal(app_info(app).send_window_bytes, 1000u << info.send_scale);
    }
}

/* The same: an answer without options agrees to none. */
/* proves: MUST-15 */
static void does_without_the_options_of_the_answer(void **state)
{
    struct peer *w = connecting(state);
    struct ms_tcp_info info;

    ANSWER(w, );
    EXPECT(w, .seq = 1, .ack = 1, .without_timestamp = true, .window = 65535);
    info = app_info(w->app);
    assert_false(info.has_timestamps || info.has_sack || info.has_window_scaling);
    assert_int_equal(info.send_scale, 0);
    assert_int_equal(info.recv_scale, 0);
    assert_int_equal(info.recv_window_bytes, 65535);
    assert_int_equal(info.send_mss_bytes, w->is_ipv4 ? 536 : 1220);
}

/* RFC 7323 1.3; RFC 2018 2: options we did not offer are not agreed on, whoever sends them. */
static void takes_no_option_it_did_not_offer(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_timestamps = false;
    peer_config(state)->tcp_sack = false;
    w = peer_start(state);
    peer_connect(w);
    assert_int_equal(
        EXPECT(w, .flags = TCP_SYN, .seq = 0, .without_timestamp = true)->header.options,
        TCP_OPTION_MSS | TCP_OPTION_WSCALE);
    ANSWER(w, .sack_permitted = true, .has_timestamp = true);
    EXPECT(w, .seq = 1, .ack = 1, .without_timestamp = true);
    assert_false(app_info(w->app).has_timestamps || app_info(w->app).has_sack);
}

static void look_at_order(struct app *app, enum app_event event)
{
    if (event == APP_OPEN)
        assert_int_equal(app->received, 0);
    if (event == APP_DATA)
        assert_int_equal(app->opened, 1);
}

/* RFC 9293 3.10.7.3, fourth: other controls or text go on, once it is ESTABLISHED. */
/* proves: T34 */
static void delivers_the_text_of_the_answer(void **state)
{
    struct peer *w = connecting(state);

    w->app->hook = look_at_order;
    ANSWER(w, .len = 300);
    EXPECT(w, .seq = 1, .ack = 301);
    assert_int_equal(w->app->opened, 1);
    assert_int_equal(w->app->received, 300);
    SEND(w, .seq = 301, .len = 100);
    assert_int_equal(w->app->received, 400);
}

/* RFC 9293 3.10.7.4, seventh: what lies outside the window that our SYN offered is trimmed. */
static void cuts_the_text_of_the_answer_to_the_window_offered(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_recv_window_bytes = 500;
    w = peer_start(state);
    peer_connect(w);
    w->app->keeps_credit = true;
    EXPECT(w, .flags = TCP_SYN, .seq = 0, .window = 500);
    ANSWER(w, .len = 600);
    EXPECT(w, .seq = 1, .ack = 501, .window = 0);
    assert_int_equal(w->app->received, 500);
    app_consume(w->app, 500);
    EXPECT(w, .seq = 1, .ack = 501, .window = 500);
    SEND(w, .seq = 501, .len = 100);
    assert_int_equal(w->app->received, 600);
}

/* An urgent pointer of the SYN-ACK is no worse than any other. */
/* proves: T03 */
static void survives_an_urgent_answer(void **state)
{
    struct peer *w = connecting(state);

    ANSWER(w, .flags = SYN_ACK | TCP_URG, .urgent = 0xffff);
    EXPECT(w, .seq = 1, .ack = 1);
    for (unsigned i = 0; i < 70; i++)
        SEND(w, .len = 1000);
    assert_int_equal(w->app->received, 70000);
    assert_int_equal(w->app->closed, 0);
    peer_discard(w);
}

/* RFC 9293 3.5, figure 8. Both of them SYN-RECEIVED, a plain ACK opens. */
/* proves: MUST-10 */
static void opens_simultaneously(void **state)
{
    struct peer *w = crossing(state);

    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->opened, 1);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
    assert_int_equal(COUNT(w, tcp_current_established), 1);
    SEND(w, .seq = 1, .ack = 1, .len = 500);
    assert_int_equal(w->app->received, 500);
    EXPECT_WITHIN(w, SECOND / 2, .seq = 1, .ack = 501);
    assert_int_equal(app_send(w->app, 500), MS_OK);
    EXPECT(w, .seq = 1, .len = 500, .ack = 501);
    SEND(w, .ack = 501);
    QUIET(w, 10 * SECOND);
    assert_int_equal(w->app->accepted, 0);
}

/* The same, as the figure has it: the peer's second SYN carries the ACK. */
/* proves: MUST-10 */
static void opens_simultaneously_with_a_syn_ack(void **state)
{
    struct peer *w = crossing(state);

    ANSWER(w, );
    assert_int_equal(w->app->opened, 1);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
    SEND(w, .seq = 1, .ack = 1, .len = 500);
    assert_int_equal(w->app->received, 500);
    peer_run(w, SECOND);
    peer_discard(w);
    QUIET(w, 10 * SECOND);
}

/* RFC 9293 3.10.7.3, fourth: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>, again until it is answered. */
static void repeats_the_syn_ack_of_a_simultaneous_open(void **state)
{
    struct peer *w = connecting(state);

    w->flow->has_timestamps = true;
    SEND(w, .flags = TCP_SYN, .seq = 0, .mss = PEER_MSS, .wscale = 5, .sack_permitted = true);
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_WITHIN(w, 20 * SECOND, .flags = SYN_ACK, .seq = 0, .ack = 1, .mss = w->mss_max,
                      .wscale = 3, .sack_permitted = true, .has_timestamp = true);
    }
    SEND(w, .seq = 1, .ack = 1, .window = 100);
    assert_int_equal(w->app->opened, 1);
    assert_int_equal(app_info(w->app).send_window_bytes, 100 << 5);
    assert_true(app_info(w->app).has_sack && app_info(w->app).has_timestamps);
    QUIET(w, 100 * SECOND);
}

/* RFC 9293 3.10.7.4, second: SYN-RECEIVED out of SYN-SENT: refused, but only by the exact number
 * (RFC 5961 3.2). */
/* proves: MUST-11 */
static void a_simultaneous_open_may_be_refused(void **state)
{
    struct peer *w = crossing(state);

    SEND(w, .flags = TCP_RST, .seq = 2);
    SEND(w, .flags = TCP_RST, .seq = 0x80000000);
    assert_int_equal(w->app->closed, 0);
    assert_drop(w, MS_DROP_TCP_BAD_RESET, 1);
    assert_drop(w, MS_DROP_TCP_OUT_OF_WINDOW, 1);
    peer_discard(w);
    SEND(w, .flags = TCP_RST, .seq = 1);
    assert_int_equal(w->app->why, MS_ERROR_REFUSED);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(COUNT(w, tcp_attempt_fails), 1);
    QUIET(w, 100 * SECOND);
}

/* RFC 9293 3.10.7.4, fifth: SYN-RECEIVED: an unacceptable ACK changes nothing. */
static void a_simultaneous_open_opens_on_the_exact_ack(void **state)
{
    static const uint32_t acks[] = { 0, 2, 0x80000000 };
    struct peer *w = crossing(state);

    for (unsigned i = 0; i < 3; i++)
        SEND(w, .seq = 1, .ack = acks[i], .len = 10);
    peer_discard(w);
    assert_drop(w, MS_DROP_TCP_BAD_ACK, 3);
    assert_int_equal(app_state(w->app), MS_TCP_SYN_RECEIVED);
    assert_int_equal(w->app->opened, 0);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->opened, 1);
    assert_int_equal(w->app->received, 0);
}

/* Nobody answers the SYN-ACK: that, too, ends, and not before its three minutes. */
/* proves: MUST-23 */
static void gives_up_a_simultaneous_open(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_user_timeout_us = 5 * SECOND;
    w = crossing(state);
    peer_run(w, 180 * SECOND);
    assert_int_equal(w->app->closed, 0);
    peer_run(w, 100 * SECOND);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    assert_int_equal(COUNT(w, tcp_attempt_fails), 1);
    peer_discard(w);
}

/* ACK first and then SYN is a simultaneous open and nothing else. */
/* proves: T32 */
static void takes_a_split_handshake_for_a_simultaneous_open(void **state)
{
    struct peer *w = connecting(state);

    SEND(w, .seq = 0, .ack = 1);
    QUIET(w, 0);
    SEND(w, .flags = TCP_SYN, .seq = 0);
    EXPECT(w, .flags = SYN_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->opened, 1);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
}

/* RFC 9293 3.10.2: SEND in SYN-SENT queues the text until it is ESTABLISHED. */
static void sends_what_waited_for_the_answer(void **state)
{
    struct peer *w = connecting(state);

    assert_int_equal(app_send(w->app, 700), MS_OK);
    QUIET(w, SECOND / 2);
    ANSWER(w, .mss = 500, .window = 600);
    EXPECT(w, .seq = 1, .ack = 1, .len = 536); /* the smallest MSS it believes */
    SEND(w, .ack = 537);
    EXPECT(w, .seq = 537, .len = 164);
    SEND(w, .ack = 701);
    assert_int_equal(w->app->released, 1);
}

/* RFC 9293 3.10.4: CLOSE in SYN-SENT: the connection is gone. What comes now belongs nowhere. */
static void closes_at_once_before_the_answer(void **state)
{
    struct peer *w = connecting(state);

    app_close(w->app);
    assert_int_equal(w->app->closed, 1);
    QUIET(w, 10 * SECOND);
    ANSWER(w, );
    EXPECT(w, .flags = TCP_RST, .seq = 1);
}

/* ms_tcp_close(): FIN comes after everything queued, so an open with text goes on. */
static void sends_what_waited_and_closes(void **state)
{
    struct peer *w = connecting(state);

    assert_int_equal(app_send(w->app, 100), MS_OK);
    app_close(w->app);
    assert_int_equal(w->app->closed, 0);
    ANSWER(w, .mss = PEER_MSS);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1, .len = 100);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_1);
    SEND(w, .ack = 102);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_2);
    SEND(w, .flags = TCP_ACK | TCP_FIN);
    EXPECT(w, .seq = 102, .ack = 2);
    assert_int_equal(w->app->why, MS_OK);
    assert_int_equal(COUNT(w, tcp_current_established), 0);
}

/* RFC 9293 3.10.5: ABORT in SYN-SENT: no RST, for there is nothing to reset. */
static void aborts_without_a_reset(void **state)
{
    struct peer *w = connecting(state);

    app_abort(w->app);
    assert_int_equal(w->app->why, MS_ERROR_ABORTED);
    QUIET(w, 100 * SECOND);
    assert_int_equal(COUNT(w, tcp_attempt_fails), 1);
}

static void abort_on_open(struct app *app, enum app_event event)
{
    assert_int_not_equal(event, APP_DATA);
    if (event == APP_OPEN)
        ms_tcp_abort(app->tcp);
}

/* The handler of the open may end it: the text that came with the answer is nobody's. */
static void may_be_aborted_as_it_opens(void **state)
{
    struct peer *w = connecting(state);

    w->app->hook = abort_on_open;
    ANSWER(w, .len = 100);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 1);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_ABORTED);
    assert_int_equal(w->app->received, 0);
}

/* RFC 6298 2.2, 3: the first round trip measured is that of the SYN, if it went only once. */
static void measures_the_round_trip_of_the_handshake(void **state)
{
    struct peer *w = connecting(state);
    struct app *second;

    peer_run(w, 300 * MS);
    ANSWER(w, );
    EXPECT(w, .seq = 1, .ack = 1);
    assert_in_range(app_info(w->app).srtt_us, 299 * MS, 301 * MS);
    peer_flow(w, 4001);
    second = peer_connect(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    EXPECT_AFTER(w, SECOND, .flags = TCP_SYN, .seq = 0);
    peer_run(w, 300 * MS);
    ANSWER(w, );
    EXPECT(w, .seq = 1, .ack = 1);
    assert_int_equal(app_info(second).srtt_us, 0);
    assert_int_equal(app_info(second).cwnd_bytes, app_info(second).send_mss_bytes);
}

/* Failing tests for tests/tcp/syn_sent.c (uses its crossing()). */
/* RFC 9293 3.10.7.3, first: SEG.ACK =< ISS is unacceptable, before the SYN has left, too. */
static void believes_no_answer_to_what_was_not_sent(void **state)
{
    static const struct ms_tcp_events none = { .on_open = NULL };
    struct peer *w = peer_start(state);
    struct ms_endpoint local, remote;
    struct ms_tcp_info info;
    struct ms_tcp *tcp;
    const struct ms_tcp_connect connect = {
        .remote = { .addr = w->peer_addr, .port = PEER_PORT },
        .events = &none,
    };

    assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp), MS_OK);
    ms_tcp_info(tcp, &info);
    ms_tcp_endpoints(tcp, &local, &remote);
    w->flow->stack_port = local.port;
    w->flow->stack_isn = info.send_next;
    w->flow->has_stack_isn = true;
    SEND(w, .flags = SYN_ACK, .seq = 0, .ack = 0);
    ms_tcp_info(tcp, &info);
    assert_int_equal(info.state, MS_TCP_SYN_SENT);
    EXPECT(w, .flags = TCP_RST, .seq = 0);
    EXPECT(w, .flags = TCP_SYN, .seq = 0);
}

/* RFC 9293 3.10.7.4, first: SYN-RECEIVED too: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. */
static void a_simultaneous_open_acks_what_is_outside_the_window(void **state)
{
    struct peer *w = crossing(state);

    SEND(w, .seq = 0x40000000, .ack = 1, .len = 10);
    EXPECT(w, .seq = 1, .ack = 1);
}

/* RFC 9293 3.10.7.4, second; RFC 5961 3.2: in SYN-RECEIVED, too, an inexact RST is challenged. */
static void a_simultaneous_open_challenges_an_inexact_reset(void **state)
{
    struct peer *w = crossing(state);

    SEND(w, .flags = TCP_RST, .seq = 2);
    EXPECT(w, .seq = 1, .ack = 1);
}

/* RFC 9293 3.10.7.4, fifth: SYN-RECEIVED: <SEQ=SEG.ACK><CTL=RST>, as syn.c does for records. */
static void a_simultaneous_open_resets_an_unacceptable_ack(void **state)
{
    static const uint32_t acks[] = { 0, 2, 0x80000000 };
    struct peer *w = crossing(state);

    for (unsigned i = 0; i < 3; i++) {
        SEND(w, .seq = 1, .ack = acks[i]);
        EXPECT(w, .flags = TCP_RST, .seq = acks[i]);
    }
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->opened, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(opens_actively),
        OVER_BOTH(sends_the_syn_again_ever_more_seldom),
        OVER_BOTH(lets_the_answer_take_three_minutes),
        OVER_BOTH(gives_up_in_the_end),
        OVER_BOTH(never_gives_up_when_told_so),
        OVER_BOTH(resets_an_unacceptable_ack),
        OVER_BOTH(ignores_a_reset_with_an_unacceptable_ack),
        OVER_BOTH(is_refused_by_a_reset_that_acks_its_syn),
        OVER_BOTH(ignores_a_reset_without_ack),
        OVER_BOTH(drops_what_has_neither_syn_nor_reset),
        OVER_BOTH(drops_a_syn_with_fin_or_reset),
        OVER_BOTH(takes_the_options_of_the_answer),
        OVER_BOTH(does_without_the_options_of_the_answer),
        OVER_BOTH(takes_no_option_it_did_not_offer),
        OVER_BOTH(delivers_the_text_of_the_answer),
        OVER_BOTH(cuts_the_text_of_the_answer_to_the_window_offered),
        OVER_BOTH(survives_an_urgent_answer),
        OVER_BOTH(opens_simultaneously),
        OVER_BOTH(opens_simultaneously_with_a_syn_ack),
        OVER_BOTH(repeats_the_syn_ack_of_a_simultaneous_open),
        OVER_BOTH(a_simultaneous_open_may_be_refused),
        OVER_BOTH(a_simultaneous_open_opens_on_the_exact_ack),
        OVER_BOTH(gives_up_a_simultaneous_open),
        OVER_BOTH(takes_a_split_handshake_for_a_simultaneous_open),
        OVER_BOTH(sends_what_waited_for_the_answer),
        OVER_BOTH(closes_at_once_before_the_answer),
        OVER_BOTH(sends_what_waited_and_closes),
        OVER_BOTH(aborts_without_a_reset),
        OVER_BOTH(may_be_aborted_as_it_opens),
        OVER_BOTH(measures_the_round_trip_of_the_handshake),
        OVER_BOTH(believes_no_answer_to_what_was_not_sent),
        OVER_BOTH(a_simultaneous_open_acks_what_is_outside_the_window),
        OVER_BOTH(a_simultaneous_open_challenges_an_inexact_reset),
        OVER_BOTH(a_simultaneous_open_resets_an_unacceptable_ack),
    };

    return cmocka_run_group_tests_name("tcp/syn_sent", tests, NULL, NULL);
}
