/* SPDX-License-Identifier: ISC */
/* What is sent and when: segments, Nagle, windows, silly windows, probes (RFC 9293, 3.7, 3.8). */
#include "support/wire_peer.h"

enum { MSS = PEER_MSS };

/* Full segments, whatever the buffers; PSH at last. */
/* proves: MUST-60, MUST-61, SHLD-27, SHLD-28 */
static void fills_segments_from_any_buffers(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_lend(w->app, 700), MS_OK);
    assert_int_equal(app_lend(w->app, 1), MS_OK);
    assert_int_equal(app_lend(w->app, 900), MS_OK);
    assert_int_equal(app_send(w->app, 400), MS_OK);
    EXPECT(w, .seq = 1, .len = MSS);
    assert_int_equal(w->heard[w->heard_next - 1].header.flags, TCP_ACK);
    EXPECT(w, .seq = 1 + MSS, .len = MSS);
    SEND(w, .ack = ANY);
    EXPECT(w, .seq = 1 + 2 * MSS, .len = 1, .flags = TCP_ACK | TCP_PSH);
    SEND(w, .ack = ANY);
    QUIET(w, SECOND);
    assert_int_equal(w->app->released, 4);
}

/* More buffers than a frame has pieces: more frames, not an error. */
static void sends_many_small_buffers(void **state)
{
    struct peer *w;
    uint32_t heard = 0;

    ((struct peer *)*state)->driver.slices_max = 3;
    w = PASSIVE(state);
    app_set(w->app, MS_TCP_NO_DELAY, 1);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(app_lend(w->app, 7), MS_OK);
    peer_settle(w);
    for (unsigned i = 0; i < 200 && heard < 700; i++) {
        while (w->heard_next < w->heard_count) {
            EXPECT(w, .seq = 1 + heard, .len = ANY);
            heard += w->heard[w->heard_next - 1].len;
        }
        SEND(w, .ack = ANY);
    }
    assert_int_equal(heard, 700);
    assert_int_equal(w->app->released, 100);
}

/* Nagle: a small segment waits for the ACK of what is in flight. */
/* proves: SHLD-7 */
static void holds_small_segments_back(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    QUIET(w, 100 * MS);
    SEND(w, .ack = 11);
    EXPECT(w, .seq = 11, .len = 20);
    assert_int_equal(app_send(w->app, MSS), MS_OK); /* a full one may go at once */
    EXPECT(w, .seq = 31, .len = MSS);
}

/* proves: MUST-17 */
static void sends_small_segments_without_delay(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_NO_DELAY, 1);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(app_send(w->app, 10), MS_OK);
        EXPECT(w, .seq = 1 + 10 * i, .len = 10);
    }
    app_set(w->app, MS_TCP_NO_DELAY, 0);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    QUIET(w, 50 * MS);
    app_set(w->app, MS_TCP_NO_DELAY, 1); /* and what waited goes */
    EXPECT(w, .seq = 51, .len = 10);
}

/* proves: MAY-16 */
static void corks_and_uncorks(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_CORK, 1);
    assert_int_equal(app_send(w->app, 600), MS_OK);
    QUIET(w, SECOND / 10);
    assert_int_equal(app_send(w->app, 600), MS_OK);
    EXPECT(w, .seq = 1, .len = MSS);
    SEND(w, .ack = ANY);
    QUIET(w, SECOND / 10);
    app_set(w->app, MS_TCP_CORK, 0);
    EXPECT(w, .seq = 1 + MSS, .len = 200);
}

/* CORK is stronger than NO_DELAY; FIN lets everything out. */
static void close_lets_out_what_is_held_back(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_CORK, 1);
    app_set(w->app, MS_TCP_NO_DELAY, 1);
    assert_int_equal(app_send(w->app, 600), MS_OK);
    QUIET(w, SECOND / 10);
    app_close(w->app);
    EXPECT(w, .seq = 1, .len = 600, .flags = TCP_ACK | TCP_FIN);
}

/* FIN rides on the last data, and waits neither for Nagle nor for an ACK. */
static void sends_fin_with_the_last_data(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    assert_int_equal(app_lend(w->app, 10), MS_OK);
    app_close(w->app);
    EXPECT(w, .seq = 11, .len = 10, .flags = TCP_ACK | TCP_FIN);
    QUIET(w, 0);
    assert_int_equal(app_send(w->app, 10), MS_ERROR_STATE);
}

/* RFC 9293 3.8.6: nothing beyond the window; the rest as it opens. */
/* proves: MUST-38 */
static void obeys_the_window(void **state)
{
    struct peer *w = PASSIVE(state, .window = 2500);

    assert_int_equal(app_send(w->app, 5000), MS_OK);
    EXPECT(w, .seq = 1, .len = MSS);
    EXPECT(w, .seq = 1 + MSS, .len = MSS);
    QUIET(w, 0); /* 500 are left: silly */
    SEND(w, .ack = 1 + 2 * MSS, .window = 2500);
    EXPECT(w, .seq = 2001, .len = MSS);
    EXPECT(w, .seq = 3001, .len = MSS);
    SEND(w, .ack = 4001, .window = 1000);
    EXPECT(w, .seq = 4001, .len = MSS, .flags = TCP_ACK | TCP_PSH);
}

/* A window taken back. */
/* proves: MUST-34, SHLD-15, SHLD-16, T37 */
static void bears_a_shrinking_window(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 4 * MSS), MS_OK);
    for (uint32_t i = 0; i < 4; i++)
        EXPECT(w, .seq = 1 + i * MSS, .len = MSS);
    SEND(w, .ack = 1 + MSS, .window = 500); /* the rest is outside now */
    assert_int_equal(app_send(w->app, MSS), MS_OK);
    QUIET(w, 50 * MS);                                        /* SHLD-15: nothing new */
    EXPECT_WITHIN(w, 3 * SECOND, .seq = 1 + MSS, .len = ANY); /* SHLD-16 or MAY-7 */
    SEND(w, .ack = 1 + 4 * MSS, .window = 65535);
    EXPECT(w, .seq = 1 + 4 * MSS, .len = MSS);
    SEND(w, .ack = ANY);
    assert_int_equal(w->app->released, 2);
    assert_int_equal(w->app->closed, 0);
}

/* Probes of a closed window, backing off. */
/* proves: MUST-36, SHLD-29, SHLD-30 */
static void probes_a_closed_window(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t rto;

    SEND(w, .seq = 1, .ack = 1, .window = 0);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    QUIET(w, 0);
    rto = app_info(w->app).rto_us;
    EXPECT_AFTER(w, rto, .seq = 1, .len = 1);
    SEND(w, .ack = 1, .window = 0);
    EXPECT_AFTER(w, 2 * rto, .seq = 1, .len = 1);
    SEND(w, .ack = 1, .window = 0);
    EXPECT_AFTER(w, 4 * rto, .seq = 1, .len = 1);
    SEND(w, .ack = 1, .window = 1000);
    EXPECT(w, .seq = 1, .len = ANY);
    peer_discard(w);
    SEND(w, .ack = 101, .window = 1000);
    QUIET(w, 5 * SECOND);
    assert_int_equal(w->app->released, 1);
    assert_true(COUNT(w, tcp_zero_window_probes) >= 1);
}

/* A probe's byte may be taken: it counts. */
static void goes_on_behind_a_probe_taken(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 1, .ack = 1, .window = 0);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .len = 1);
    SEND(w, .ack = 2, .window = 0);
    EXPECT_WITHIN(w, 5 * SECOND, .seq = 2, .len = 1);
    SEND(w, .ack = 3, .window = 5000);
    EXPECT(w, .seq = 3, .len = 98);
}

/* As long as the probes are answered, the connection lives. */
/* proves: MUST-37 */
static void probes_as_long_as_they_are_answered(void **state)
{
    struct peer *w = PASSIVE(state);
    uint64_t end_us;

    SEND(w, .seq = 1, .ack = 1, .window = 0);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    end_us = w->now_us + 3600ull * SECOND;
    while (w->now_us < end_us) {
        EXPECT_WITHIN(w, 130 * SECOND, .seq = 1, .len = 1);
        SEND(w, .ack = 1, .window = 0);
        assert_int_equal(w->app->closed, 0);
    }
    SEND(w, .ack = 1, .window = 1000);
    peer_run(w, SECOND);
    peer_discard(w);
    SEND(w, .ack = 101);
    assert_int_equal(w->app->released, 1);
}

/* ... even when it idled long before, and whatever the user timeout. */
/* proves: MUST-37 */
static void probes_after_idling_and_beyond_the_user_timeout(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 10, .window = 0);
    peer_run(w, 2000 * SECOND);
    peer_discard(w);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    app_set(w->app, MS_TCP_USER_TIMEOUT_S, 5);
    for (unsigned i = 0; i < 30; i++) {
        EXPECT_WITHIN(w, 130 * SECOND, .seq = 1, .len = 1);
        SEND(w, .ack = 1, .window = 0);
        assert_int_equal(w->app->closed, 0);
    }
    peer_run(w, 300 * SECOND); /* now nobody answers */
    assert_int_equal(w->app->why, MS_ERROR_TIMED_OUT);
    peer_discard(w);
}

/* FIN waits for the window like data, and is the probe if there is nothing else. */
static void probes_with_fin(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 1, .ack = 1, .window = 0);
    app_close(w->app);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .flags = TCP_ACK | TCP_FIN);
    SEND(w, .ack = 2, .window = 0);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_2);
}

/* RFC 9293 3.8.6.2.1, the override: a window that stays small is used in the end. */
/* proves: MUST-38 */
static void uses_a_small_window_after_a_while(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 1, .ack = 1, .window = 50); /* it was 65535 once */
    assert_int_equal(app_send(w->app, 500), MS_OK);
    QUIET(w, 50 * MS);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .len = 50);
    assert_int_equal(COUNT(w, tcp_timeouts), 0);
}

/* ... but half of the largest window ever seen is decent (3.8.6.2.1, (3)). */
/* proves: MUST-38 */
static void uses_half_of_a_tiny_window(void **state)
{
    struct peer *w = PASSIVE(state, .window = 100);

    assert_int_equal(app_send(w->app, 500), MS_OK);
    EXPECT(w, .seq = 1, .len = 100);
    SEND(w, .ack = 101, .window = 60);
    EXPECT(w, .seq = 101, .len = 60);
}

/* The window opens in steps worth a segment, and then is told at once. */
/* proves: MUST-39 */
static void opens_its_window_in_decent_steps(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_recv_window_bytes = 4000;
    w = PASSIVE(state);
    w->app->keeps_credit = true;
    for (unsigned i = 0; i < 4; i++)
        SEND(w, .len = 1000);
    EXPECT(w, .ack = 2001, .window = 2000);
    EXPECT(w, .ack = 4001, .window = 0);
    app_consume(w->app, 100);
    app_consume(w->app, 899);
    QUIET(w, SECOND);
    app_consume(w->app, 1);
    EXPECT(w, .ack = 4001, .window = 1000);
    app_consume(w->app, 3000);
    EXPECT(w, .ack = 4001, .window = 4000);
    QUIET(w, SECOND);
}

/* A probe finds the window closed; nothing of it is taken. */
/* proves: MUST-39, MAY-8 */
static void keeps_its_window_closed(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_recv_window_bytes = 1000;
    w = PASSIVE(state);
    w->app->keeps_credit = true;
    SEND(w, .len = 1000);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 1001, .window = 0);
    SEND(w, .seq = 1001, .len = 1);
    EXPECT(w, .ack = 1001, .window = 0);
    SEND(w, .seq = 1001, .len = 1);
    EXPECT(w, .ack = 1001, .window = 0); /* each probe is answered */
    assert_int_equal(w->app->received, 1000);
    app_consume(w->app, 1000);
    EXPECT(w, .ack = 1001, .window = 1000);
    SEND(w, .seq = 1001, .len = 1);
    assert_int_equal(w->app->received, 1001);
}

/* The right edge never moves back, not even when the application wants less. */
/* proves: SHLD-14 */
static void never_takes_window_back(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_recv_window_bytes = 8000;
    w = PASSIVE(state);
    app_set(w->app, MS_TCP_RECV_WINDOW_BYTES, 2000);
    peer_discard(w);
    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 2001, .window = 6000);
    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 4001, .window = 4000);
    EXPECT(w, .ack = 6001, .window = 2000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 7001, .window = 2000); /* from here on there is less than was promised */
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 8001, .window = 2000);
    app_set(w->app, MS_TCP_RECV_WINDOW_BYTES, 10000);
    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    peer_discard(w);
    assert_int_equal(app_info(w->app).recv_window_bytes, 10000);
}

/* RFC 7323 2.2: a large window is offered scaled, after the handshake only. */
static void offers_a_scaled_window(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_recv_window_bytes = 1 << 20;
    w = peer_start(state);
    peer_listen(w, 0);
    peer_send_syn(w, OFFER(.wscale = 0));
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .window = 65535, .wscale = 5);
    SEND(w, .seq = 1, .ack = 1, .len = 1000);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 1001, .window = (1 << 20) >> 5);
}

/* Urgent data out; the pointer points behind the last urgent byte. */
/* proves: MUST-30, MUST-62 */
static void sends_urgent_data(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_lend(w->app, 10), MS_OK);
    assert_int_equal(ms_tcp_mark_urgent(w->app->tcp), MS_OK);
    assert_int_equal(app_send(w->app, 5), MS_OK);
    EXPECT(w, .seq = 1, .len = 15, .flags = TCP_ACK | TCP_URG, .urgent = 10);
    SEND(w, .ack = ANY);
    assert_int_equal(app_send(w->app, 5), MS_OK);
    EXPECT(w, .seq = 16, .len = 5);
}

/* RFC 9293 3.8.5: urgent mode is told even when the window is closed? At least once it opens. */
/* proves: MUST-31 */
static void sends_urgent_data_of_any_length(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t seq = 1;

    assert_int_equal(app_lend(w->app, 3 * MSS), MS_OK); /* MUST-31 */
    assert_int_equal(ms_tcp_mark_urgent(w->app->tcp), MS_OK);
    peer_settle(w);
    for (; seq < 3 * MSS; seq += MSS)
        EXPECT(w, .seq = seq, .len = MSS, .flags = TCP_ACK | TCP_URG,
               .urgent = (uint16_t)(3u * MSS + 1 - seq));
}

/* A device that takes nothing: the segments wait, and go when it does. */
static void waits_for_the_device(void **state)
{
    struct peer *w = PASSIVE(state);

    w->refuses = true;
    assert_int_equal(app_send(w->app, 3 * MSS), MS_OK);
    peer_run(w, 50 * MS);
    QUIET(w, 0);
    w->refuses = false;
    ms_poll(w->stack, w->now_us);
    peer_settle(w);
    for (uint32_t i = 0; i < 3; i++)
        EXPECT(w, .seq = 1 + i * MSS, .len = MSS);
    SEND(w, .ack = ANY);
    assert_int_equal(w->app->released, 1);
}

/* Frames run out: the rest goes when the device gives some back. */
/* proves: Z01 */
static void waits_for_frames(void **state)
{
    struct peer *w;
    unsigned first;

    peer_config(state)->frames = 4;
    w = PASSIVE(state);
    w->holds_frames = true;
    assert_int_equal(app_send(w->app, 8 * MSS), MS_OK);
    first = peer_discard(w);
    assert_int_equal(first, 4);
    peer_release(w);
    ms_poll(w->stack, w->now_us);
    peer_settle(w);
    EXPECT(w, .seq = 1 + 4 * MSS, .len = MSS);
    w->holds_frames = false;
    peer_release(w);
    ms_poll(w->stack, w->now_us);
    peer_settle(w);
    assert_int_equal(peer_discard(w), 3);
}

/* Records of what is in flight run out: no more is sent, nothing breaks, and it goes on. */
/* proves: Z01 */
static void waits_for_sent_ranges(void **state)
{
    struct peer *w;
    struct app *apps[8];
    unsigned done = 0;

    peer_config(state)->tcp_sent_ranges = 3;
    w = peer_start(state);
    peer_listen(w, 0);
    for (uint16_t i = 0; i < 8; i++) {
        peer_flow(w, (uint16_t)(4000 + i));
        apps[i] = peer_open(w, OFFER());
    }
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(app_lend(apps[i], 100), MS_OK);
    peer_settle(w);
    for (unsigned round = 0; round < 20 && done < 8; round++) {
        done = 0;
        peer_run(w, 2 * MS);
        peer_discard(w);
        for (uint16_t i = 0; i < 8; i++) {
            peer_flow(w, (uint16_t)(4000 + i));
            if (w->flow->heard_end > 1)
                SEND(w, .ack = ANY);
            done += apps[i]->released;
        }
    }
    assert_int_equal(done, 8);
    peer_discard(w);
}

/* What the device still holds is not returned before it is done, ACK or not (zero copy). */
static void keeps_a_buffer_until_the_device_is_done(void **state)
{
    struct peer *w = PASSIVE(state);

    w->holds_frames = true;
    assert_int_equal(app_send(w->app, 500), MS_OK);
    EXPECT(w, .seq = 1, .len = 500);
    SEND(w, .ack = 501);
    assert_int_equal(w->app->released, 0);
    peer_release(w);
    assert_int_equal(w->app->released, 1);
}

/* A device that cuts segments itself gets one large frame, whose bytes are those of many. */
static void sends_super_frames(void **state)
{
    struct peer *w = *state;
    const struct heard *heard;

    w->driver.segment_bytes_max = 65000;
    w->driver.checksum_offload = true;
    w = PASSIVE(state);
    assert_int_equal(app_send(w->app, 8 * MSS), MS_OK);
    heard = EXPECT(w, .seq = 1, .len = 8 * MSS);
    assert_int_equal(heard->segment_size, MSS);
    SEND(w, .ack = ANY);
    assert_int_equal(w->app->released, 1);
}

/* RFC 5681 4.1: after an idle time the window starts small again. */
static void restarts_small_after_idling(void **state)
{
    struct peer *w = PASSIVE(state);
    unsigned initial;

    assert_int_equal(app_send(w->app, 60 * MSS), MS_OK);
    initial = peer_discard(w);
    while (w->app->released == 0) {
        SEND(w, .ack = ANY);
        peer_discard(w);
    }
    peer_run(w, 60 * SECOND);
    assert_int_equal(app_send(w->app, 60 * MSS), MS_OK);
    assert_true(peer_discard(w) <= initial);
}

/* ... though what comes first is a small segment. */
static void restarts_small_with_a_lone_segment(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t initial = app_info(w->app).cwnd_bytes;

    assert_int_equal(app_send(w->app, 60 * MSS), MS_OK);
    while (w->app->released == 0) {
        peer_discard(w);
        SEND(w, .ack = ANY);
    }
    assert_true(app_info(w->app).cwnd_bytes > initial);
    peer_run(w, 60 * SECOND);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    assert_int_equal(app_info(w->app).cwnd_bytes, initial);
}

/* RFC 6691: what the options take is not there for text; a report that finds no room goes alone. */
static void keeps_full_segments_within_the_mtu_beside_a_report(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true, .timestamps = true, .mss = 1460);
    uint32_t full = app_info(w->app).send_mss_bytes;

    SEND(w, .seq = 1001, .len = 1000);
    EXPECT(w, .ack = 1, .has_timestamp = true, .sack = { { 1001, 2001 } });
    assert_int_equal(app_send(w->app, full), MS_OK);
    EXPECT(w, .seq = 1, .len = full, .has_timestamp = true);
    SEND(w, .seq = 3001, .len = 1000, .ack = 1);
    EXPECT(w, .seq = ANY, .has_timestamp = true, .sack = { { 3001, 4001 }, { 1001, 2001 } });
    peer_run(w, 10 * SECOND);
    peer_discard(w);
    assert_int_equal(COUNT(w, ip_out_discards), 0);
}

/* The window opens in the poll in which the probe is due: what leaves is no probe. */
static void sends_no_probe_larger_than_a_segment(void **state)
{
    struct peer *w = PASSIVE(state, .window = 0);

    assert_int_equal(app_send(w->app, 60 * MSS), MS_OK);
    QUIET(w, 150 * MS);
    w->is_batching = true;
    SEND(w, .ack = 1, .window = 60000);
    w->now_us += 10 * SECOND; /* the application's loop was late */
    peer_deliver(w);
    w->is_batching = false;
    peer_run(w, 0);
    EXPECT(w, .seq = 1, .len = MSS);
    peer_discard(w);
    assert_int_equal(COUNT(w, tcp_zero_window_probes), 0);
}

/* Cork holds text back for as long as it is set, whatever time passes. */
static void keeps_corked_text(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_CORK, 1);
    assert_int_equal(app_send(w->app, MSS / 2), MS_OK);
    QUIET(w, 100 * SECOND);
    app_set(w->app, MS_TCP_CORK, 0);
    EXPECT(w, .seq = 1, .len = MSS / 2);
}

/* Other connections hold all records of what is in flight: what arrives is acknowledged. */
static void acknowledges_without_sent_ranges(void **state)
{
    struct peer *w;
    struct app *first, *second;

    peer_config(state)->tcp_sent_ranges = 1;
    w = peer_start(state);
    peer_listen(w, 0);
    peer_flow(w, 4000);
    first = peer_open(w, OFFER());
    peer_flow(w, 4001);
    second = peer_open(w, OFFER());
    assert_int_equal(app_send(first, 100), MS_OK);
    assert_int_equal(app_send(second, 100), MS_OK);
    peer_discard(w);
    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 2001, .len = 0);
    peer_run(w, SECOND / 10);
    peer_flow(w, 4000);
    peer_discard(w);
    SEND(w, .ack = 101);
    peer_flow(w, 4001);
    peer_run(w, SECOND);
    EXPECT(w, .seq = 1, .len = 100);
    SEND(w, .ack = 101);
}

/* A reset and new text in one turn: there is nobody left to send it to. */
static void sends_nothing_after_a_reset(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_lend(w->app, 100), MS_OK);
    SEND(w, .flags = TCP_RST);
    QUIET(w, SECOND);
    assert_int_equal(w->app->why, MS_ERROR_RESET);
}

/* Without a record to say that a part was sent again, it is not sent again and again. */
static void makes_no_storm_without_sent_ranges(void **state)
{
    struct peer *w;
    uint64_t before;

    peer_config(state)->tcp_sent_ranges = 1;
    w = PASSIVE(state);
    assert_int_equal(app_send(w->app, 8 * MSS), MS_OK);
    peer_discard(w);
    peer_run(w, 300 * MS); /* the timer: all of it is lost */
    peer_discard(w);
    before = COUNT(w, tcp_retransmitted_segments);
    for (unsigned i = 0; i < 100; i++)
        SEND(w, .ack = 1);
    peer_discard(w);
    assert_in_range(COUNT(w, tcp_retransmitted_segments) - before, 0, 3);
    for (uint32_t i = 1; i <= 8; i++) { /* and yet it goes on, segment by segment */
        SEND(w, .ack = 1 + i * MSS);
        peer_discard(w);
    }
    assert_int_equal(w->app->released, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(fills_segments_from_any_buffers),
        OVER_BOTH(sends_many_small_buffers),
        OVER_BOTH(holds_small_segments_back),
        OVER_BOTH(sends_small_segments_without_delay),
        OVER_BOTH(corks_and_uncorks),
        OVER_BOTH(close_lets_out_what_is_held_back),
        OVER_BOTH(sends_fin_with_the_last_data),
        OVER_BOTH(obeys_the_window),
        OVER_BOTH(bears_a_shrinking_window),
        OVER_BOTH(probes_a_closed_window),
        OVER_BOTH(goes_on_behind_a_probe_taken),
        OVER_IPV4(probes_as_long_as_they_are_answered),
        OVER_BOTH(probes_after_idling_and_beyond_the_user_timeout),
        OVER_BOTH(probes_with_fin),
        OVER_BOTH(uses_a_small_window_after_a_while),
        OVER_BOTH(uses_half_of_a_tiny_window),
        OVER_BOTH(opens_its_window_in_decent_steps),
        OVER_BOTH(keeps_its_window_closed),
        OVER_BOTH(never_takes_window_back),
        OVER_BOTH(offers_a_scaled_window),
        OVER_BOTH(sends_urgent_data),
        OVER_BOTH(sends_urgent_data_of_any_length),
        OVER_BOTH(waits_for_the_device),
        OVER_BOTH(waits_for_frames),
        OVER_BOTH(waits_for_sent_ranges),
        OVER_BOTH(keeps_a_buffer_until_the_device_is_done),
        OVER_BOTH(sends_super_frames),
        OVER_BOTH(restarts_small_after_idling),
        OVER_BOTH(restarts_small_with_a_lone_segment),
        OVER_BOTH(keeps_full_segments_within_the_mtu_beside_a_report),
        OVER_BOTH(sends_no_probe_larger_than_a_segment),
        OVER_BOTH(keeps_corked_text),
        OVER_BOTH(acknowledges_without_sent_ranges),
        OVER_BOTH(sends_nothing_after_a_reset),
        OVER_BOTH(makes_no_storm_without_sent_ranges),
    };

    return cmocka_run_group_tests_name("tcp/output", tests, NULL, NULL);
}
