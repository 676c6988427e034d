/* SPDX-License-Identifier: ISC */
/* Acknowledgements: windows, congestion, loss recovery (RFC 5681, 6582, 6675, 3042, 2018). */
#include "support/wire_peer.h"

enum { MSS = PEER_MSS };

/* Expects n full segments from seq on. */
static void expect_segments(struct peer *w, uint32_t seq, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        EXPECT(w, .seq = seq + i * MSS, .len = MSS);
}

/* RFC 5681 3.1: the initial window, then slow start by bytes acknowledged. */
/* proves: MUST-19, R16 */
static void starts_slowly(void **state)
{
    struct peer *w = PASSIVE(state);
    unsigned initial;

    assert_int_equal(app_send(w->app, 100 * MSS), MS_OK);
    initial = peer_discard(w);
    assert_true(initial >= 2 && initial <= 10); /* RFC 5681, 6928 */
    assert_int_equal(app_info(w->app).cwnd_bytes, initial * MSS);
    SEND(w, .ack = 1 + MSS);
    expect_segments(w, 1 + initial * MSS, 2);
    SEND(w, .ack = 1 + 3 * MSS);
    expect_segments(w, 1 + (initial + 2) * MSS, 4);
    QUIET(w, 0);
}

/* ACK division brings nothing. */
/* proves: T36, R16 */
static void counts_bytes_not_acks(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t before;

    assert_int_equal(app_send(w->app, 100 * MSS), MS_OK);
    before = app_info(w->app).cwnd_bytes;
    for (uint32_t i = 1; i <= 100; i++)
        SEND(w, .ack = 1 + i * (MSS / 100));
    assert_int_equal(app_info(w->app).cwnd_bytes, before + MSS);
    peer_discard(w);
}

/* RFC 5681 3.1 (or 7661): a window the application does not use does not grow. */
static void does_not_grow_an_unused_window(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t before = app_info(w->app).cwnd_bytes;

    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(app_send(w->app, 100), MS_OK);
        EXPECT(w, .len = 100);
        SEND(w, .seq = 1);
    }
    assert_int_equal(app_info(w->app).cwnd_bytes, before);
}

/* RFC 5681 3.2, RFC 3042: two duplicates send new data, the third what is lost. */
static void retransmits_fast_without_sack(void **state)
{
    struct peer *w = PASSIVE(state);
    unsigned sent;
    uint32_t next, flight;

    assert_int_equal(app_send(w->app, 30 * MSS), MS_OK);
    sent = peer_discard(w);
    next = 1 + sent * MSS;
    SEND(w, .ack = 1);
    EXPECT(w, .seq = next, .len = MSS); /* limited transmit */
    SEND(w, .ack = 1);
    EXPECT(w, .seq = next + MSS, .len = MSS);
    flight = (sent + 2) * MSS;
    SEND(w, .ack = 1);
    EXPECT(w, .seq = 1, .len = MSS);
    assert_true(app_info(w->app).is_in_recovery);
    assert_int_equal(app_info(w->app).ssthresh_bytes, flight * 7 / 10); /* RFC 9438, 4.6 */
    assert_int_equal(COUNT(w, tcp_limited_transmits), 2);
    assert_int_equal(COUNT(w, tcp_fast_retransmits), 1);
    assert_int_equal(COUNT(w, tcp_timeouts), 0);
    /* The full ACK ends recovery: the window is ssthresh at most. */
    SEND(w, .ack = next + 2 * MSS);
    assert_false(app_info(w->app).is_in_recovery);
    assert_true(app_info(w->app).cwnd_bytes <= app_info(w->app).ssthresh_bytes + MSS);
    peer_discard(w);
}

/*
 * RFC 3042, 2: limited transmit goes two segments beyond the window, and no further by and by: once
 * something new is acknowledged, duplicates without SACK have told of nothing that is still out.
 */
static void lends_no_more_than_two_segments(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t ack = 1;

    assert_int_equal(app_send(w->app, 100 * MSS), MS_OK);
    peer_discard(w);
    for (unsigned round = 0; round < 10; round++) {
        struct ms_tcp_info info;

        SEND(w, .ack = ack);
        SEND(w, .ack = ack);
        SEND(w, .ack = ack += 10);
        peer_discard(w);
        info = app_info(w->app);
        assert_in_range(info.send_next - info.send_unacked, 1, info.cwnd_bytes + 2 * MSS);
    }
    assert_int_equal(COUNT(w, tcp_fast_retransmits), 0);
}

/* RFC 6582 3.2, step 3 (1): what duplicates were counted says nothing of what is in flight now. */
static void leaves_recovery_with_a_window_for_a_segment(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 3 * MSS), MS_OK);
    expect_segments(w, 1, 3);
    for (unsigned i = 0; i < 3; i++)
        SEND(w, .ack = 1);
    EXPECT(w, .seq = 1, .len = MSS);
    assert_int_equal(app_send(w->app, MSS), MS_OK);
    EXPECT(w, .seq = 1 + 3 * MSS, .len = MSS);
    SEND(w, .ack = 1 + 3 * MSS);
    assert_false(app_info(w->app).is_in_recovery);
    assert_int_equal(app_info(w->app).cwnd_bytes, 2 * MSS);
}

/* RFC 6582 3.2: a partial ACK retransmits the next hole at once, recovery goes on. */
static void retransmits_on_partial_acks(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 12 * MSS), MS_OK);
    peer_discard(w);
    for (unsigned i = 0; i < 3; i++)
        SEND(w, .ack = 1);
    peer_discard(w);
    SEND(w, .ack = 1 + 2 * MSS); /* 1 and 2 arrived, 3 is lost too */
    EXPECT(w, .seq = 1 + 2 * MSS, .len = MSS);
    assert_true(app_info(w->app).is_in_recovery);
    peer_discard(w);
    SEND(w, .ack = 1 + 5 * MSS);
    EXPECT(w, .seq = 1 + 5 * MSS, .len = MSS);
    peer_discard(w);
    SEND(w, .ack = ANY);
    assert_false(app_info(w->app).is_in_recovery);
    assert_int_equal(COUNT(w, tcp_fast_retransmits), 1);
    assert_int_equal(COUNT(w, tcp_timeouts), 0);
}

/* What is no duplicate ACK (RFC 5681, 2): with data, with another window, with nothing in flight.
 */
static void counts_true_duplicates_only(void **state)
{
    struct peer *w = PASSIVE(state);

    for (unsigned i = 0; i < 5; i++)
        SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(app_send(w->app, 4 * MSS), MS_OK);
    expect_segments(w, 1, 4);
    for (unsigned i = 0; i < 4; i++)
        SEND(w, .ack = 1, .window = 60000 + i);
    for (unsigned i = 0; i < 4; i++)
        SEND(w, .ack = 1, .window = 60003, .len = 10);
    peer_discard(w);
    assert_int_equal(COUNT(w, tcp_fast_retransmits), 0);
    assert_int_equal(COUNT(w, tcp_retransmitted_segments), 0);
}

/* ... also when one has been counted: text that the peer sends us makes no room for ours. */
static void takes_text_for_no_arrival(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t before;

    assert_int_equal(app_send(w->app, 30 * MSS), MS_OK);
    peer_discard(w);
    SEND(w, .ack = 1);
    EXPECT(w, .len = MSS); /* limited transmit */
    before = app_info(w->app).send_next;
    for (unsigned i = 0; i < 4; i++)
        SEND(w, .ack = 1, .len = 10);
    assert_int_equal(app_info(w->app).send_next, before);
    peer_discard(w);
}

/* RFC 6675: three blocks above a hole: it is lost, and nothing SACKed goes again. */
static void retransmits_fast_with_sack(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);
    uint32_t end = 1 + 6 * MSS;

    assert_int_equal(app_send(w->app, 6 * MSS), MS_OK);
    expect_segments(w, 1, 6);
    SEND(w, .ack = 1, .sack = { { 1 + MSS, 1 + 2 * MSS } });
    SEND(w, .ack = 1, .sack = { { 1 + MSS, 1 + 3 * MSS } });
    QUIET(w, 0);
    SEND(w, .ack = 1, .sack = { { 1 + MSS, 1 + 4 * MSS } });
    EXPECT(w, .seq = 1, .len = MSS);
    QUIET(w, 0);
    assert_int_equal(w->app->released, 0);
    assert_int_equal(app_info(w->app).sacked_bytes, 3 * MSS);
    SEND(w, .ack = end);
    assert_false(app_info(w->app).is_in_recovery);
    assert_int_equal(w->app->released, 1);
    QUIET(w, 5 * SECOND);
    assert_int_equal(COUNT(w, tcp_fast_retransmits), 1);
    assert_int_equal(COUNT(w, tcp_retransmitted_segments), 1);
}

/* RFC 6675 NextSeg: several holes are repaired in one round trip, lowest first. */
static void repairs_several_holes(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);

    assert_int_equal(app_send(w->app, 10 * MSS), MS_OK);
    expect_segments(w, 1, 10);
    SEND(w, .ack = 1,
         .sack = { { 1 + 6 * MSS, 1 + 10 * MSS },
                   { 1 + 3 * MSS, 1 + 5 * MSS },
                   { 1 + MSS, 1 + 2 * MSS } });
    EXPECT(w, .seq = 1, .len = MSS);
    EXPECT(w, .seq = 1 + 2 * MSS, .len = MSS);
    EXPECT(w, .seq = 1 + 5 * MSS, .len = MSS);
    QUIET(w, 0);
    SEND(w, .ack = 1 + 10 * MSS);
    assert_int_equal(COUNT(w, tcp_timeouts), 0);
    assert_int_equal(w->app->released, 1);
}

/* RFC 6675: a retransmission lost again waits for the timer; it is not sent on every ACK. */
static void retransmits_a_hole_once(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);

    assert_int_equal(app_send(w->app, 8 * MSS), MS_OK);
    expect_segments(w, 1, 8);
    for (uint32_t i = 2; i <= 8; i++)
        SEND(w, .ack = 1, .sack = { { 1 + MSS, 1 + i * MSS } });
    EXPECT(w, .seq = 1, .len = MSS);
    QUIET(w, 0);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .len = MSS);
    assert_int_equal(COUNT(w, tcp_timeouts), 1);
}

/* Blocks that make no sense are ignored. */
/* proves: T17, T18, R17 */
static void ignores_impossible_blocks(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);
    const uint32_t bad[][2] = {
        { 1u - 0x80000000u, 1 + 2 * MSS }, { 3u - 0x80000000u, 500 },    { 1 + 3 * MSS, 1 + MSS },
        { 1 + MSS, 1 + 100 * MSS },        { 0x70000000, 0x70001000 },   { 500, 500 },
        { 1u - 5000, 1u - 4000 },          { 1 + MSS, 1 + 0x90000000u },
    };

    assert_int_equal(app_send(w->app, 4 * MSS), MS_OK);
    expect_segments(w, 1, 4);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        SEND(w, .ack = 1, .sack = { { bad[i][0], bad[i][1] } });
    assert_int_equal(app_info(w->app).sacked_bytes, 0);
    SEND(w, .ack = 1 + 4 * MSS);
    assert_int_equal(w->app->released, 1);
    peer_discard(w);
}

/* Without SACK agreed on, blocks mean nothing. */
static void ignores_blocks_not_agreed_on(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 4 * MSS), MS_OK);
    expect_segments(w, 1, 4);
    SEND(w, .ack = 1, .sack = { { 1 + MSS, 1 + 4 * MSS } });
    assert_true(app_info(w->app).sacked_bytes <= MSS); /* it is a duplicate ACK, no more */
    peer_discard(w);
}

/* RFC 2018 8: SACKed data are kept until acknowledged; a timeout forgets the SACKs (reneging). */
static void survives_a_reneging_peer(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);

    assert_int_equal(app_send(w->app, 4 * MSS), MS_OK);
    expect_segments(w, 1, 4);
    SEND(w, .ack = 1, .sack = { { 1 + MSS, 1 + 4 * MSS } });
    peer_run(w, 3 * SECOND);
    peer_discard(w);
    SEND(w, .ack = 1 + MSS); /* and the rest? It was taken back */
    for (unsigned i = 0; i < 20 && w->app->released == 0; i++) {
        peer_run(w, 3 * SECOND);
        while (w->heard_next < w->heard_count) {
            struct heard *heard = &w->heard[w->heard_next++];
            uint32_t acked = app_info(w->app).send_unacked - w->flow->stack_isn;

            if (heard->seq == acked && heard->len > 0)
                SEND(w, .ack = acked + heard->len);
        }
    }
    assert_int_equal(w->app->released, 1);
}

/* RFC 2883: the peer's own duplicates are counted. */
static void counts_duplicates_reported(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);

    assert_int_equal(app_send(w->app, MSS), MS_OK);
    EXPECT(w, .seq = 1, .len = MSS);
    EXPECT_WITHIN(w, 2 * SECOND, .seq = 1, .len = MSS);
    SEND(w, .ack = 1 + MSS);
    SEND(w, .ack = 1 + MSS, .sack = { { 1, 1 + MSS } });
    assert_int_equal(COUNT(w, tcp_dsacks_received), 1);
    QUIET(w, 5 * SECOND);
}

/* RFC 9293 3.10.7.4: old ACKs do not move the window back; WL1, WL2. */
static void takes_windows_from_newer_segments_only(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 2 * MSS), MS_OK);
    expect_segments(w, 1, 2);
    SEND(w, .seq = 1, .len = 10, .ack = 1 + 2 * MSS, .window = 5000);
    assert_int_equal(app_info(w->app).send_window_bytes, 5000);
    SEND(w, .seq = 1, .ack = 1 + MSS, .window = 100); /* older */
    assert_int_equal(app_info(w->app).send_window_bytes, 5000);
    SEND(w, .seq = 11, .ack = 1 + 2 * MSS, .window = 7000);
    assert_int_equal(app_info(w->app).send_window_bytes, 7000);
    peer_discard(w);
}

/* RFC 7323 2.3: scaled windows, a shift of 14 at most. */
/* proves: MUST-1, REC-1, T37 */
static void scales_windows(void **state)
{
    struct peer *w = PASSIVE(state, .wscale = 20);

    assert_int_equal(app_info(w->app).send_scale, 14);
    SEND(w, .seq = 1, .ack = 1, .window = 65535);
    assert_int_equal(app_info(w->app).send_window_bytes, 65535u << 14);
    assert_true(app_info(w->app).has_window_scaling);
}

/* A SYN's own window is never scaled. */
static void does_not_scale_the_window_of_a_syn(void **state)
{
    struct peer *w = ACTIVE(state, .wscale = 7, .window = 1000);

    assert_int_equal(app_info(w->app).send_window_bytes, 1000);
    SEND(w, .ack = 1, .window = 1000);
    assert_int_equal(app_info(w->app).send_window_bytes, 128000);
}

/* proves: MUST-1 */
static void scales_nothing_unless_both_offer(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_false(app_info(w->app).has_window_scaling);
    SEND(w, .seq = 1, .ack = 1, .window = 65535);
    assert_int_equal(app_info(w->app).send_window_bytes, 65535);
}

/* The buffer returns with the ACK that passes its end, not before (RFC 9293 3.10.7.4). */
static void releases_what_is_acknowledged(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_lend(w->app, 300), MS_OK);
    assert_int_equal(app_lend(w->app, 300), MS_OK);
    assert_int_equal(app_send(w->app, 300), MS_OK);
    EXPECT(w, .seq = 1, .len = 900);
    SEND(w, .ack = 300);
    assert_int_equal(w->app->released, 0);
    SEND(w, .ack = 301);
    assert_int_equal(w->app->released, 1);
    SEND(w, .ack = 901);
    assert_int_equal(w->app->released, 3);
}

/* The sequence numbers of the stack wrap in mid-flight: many bytes, byte-exact. */
/* proves: T18, Z04 */
static void sends_across_the_end_of_the_numbers(void **state)
{
    struct peer *w = peer_start(state);
    uint32_t isn;

    /* The clock part moves on by one each 4 us: wait until the next ISN is just before the end. */
    peer_listen(w, 0);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK);
    isn = w->flow->stack_isn;
    SEND(w, .flags = TCP_RST, .seq = 1);
    peer_run(w, (uint64_t)(UINT32_MAX - 3000 - isn) * 4);
    *w->flow = (struct flow){ .peer_port = PEER_PORT, .stack_port = STACK_PORT, .isn = 77 };
    peer_open(w, OFFER(.sack = true));
    assert_true(w->flow->stack_isn > UINT32_MAX - 4000);
    assert_int_equal(app_send(w->app, 6 * MSS), MS_OK);
    expect_segments(w, 1, 6);
    SEND(w, .ack = 1, .sack = { { 1 + 2 * MSS, 1 + 5 * MSS } });
    EXPECT(w, .seq = 1, .len = MSS);
    SEND(w, .ack = 1 + MSS, .sack = { { 1 + 2 * MSS, 1 + 6 * MSS } });
    EXPECT(w, .seq = 1 + MSS, .len = MSS);
    SEND(w, .ack = 1 + 6 * MSS);
    assert_int_equal(w->app->released, 1);
}

/* RFC 7323: with timestamps, even a retransmission is measured. */
static void measures_round_trips(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .len = 100);
    peer_run(w, 80 * MS);
    SEND(w, .seq = 1);
    assert_in_range(app_info(w->app).srtt_us, 1, 100 * MS);
    assert_in_range(app_info(w->app).rto_us, w->config.tcp_rto_min_us, 2 * SECOND);
}

/* After FIN is acknowledged in any state, the next one follows (RFC 9293 3.10.7.4). */
/* proves: MUST-12 */
static void closes_step_by_step(void **state)
{
    struct peer *w = PASSIVE(state);

    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_1);
    SEND(w, .ack = 2);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_2);
    SEND(w, .len = 100); /* the other half goes on */
    assert_int_equal(w->app->received, 100);
    SEND(w, .flags = TCP_ACK | TCP_FIN);
    EXPECT(w, .seq = 2, .ack = 102);
    assert_int_equal(w->app->eofs, 1);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_OK);
    assert_int_equal(COUNT(w, tcp_time_waits), 1);
}

/* Both close at once: CLOSING, then TIME-WAIT (RFC 9293, figure 13). */
static void closes_simultaneously(void **state)
{
    struct peer *w = PASSIVE(state);

    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
    EXPECT(w, .seq = 2, .ack = 2);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSING);
    assert_int_equal(w->app->eofs, 1);
    SEND(w, .seq = 2, .ack = 2);
    assert_int_equal(w->app->why, MS_OK);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(COUNT(w, tcp_time_waits), 1);
}

/* The peer closes first: CLOSE-WAIT, LAST-ACK, CLOSED; no TIME-WAIT. */
static void closes_passively(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .flags = TCP_ACK | TCP_FIN);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 2);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSE_WAIT);
    assert_int_equal(app_send(w->app, 100), MS_OK); /* our half goes on */
    EXPECT(w, .seq = 1, .ack = 2, .len = 100);
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = 2);
    assert_int_equal(app_state(w->app), MS_TCP_LAST_ACK);
    SEND(w, .ack = 101);
    assert_int_equal(w->app->closed, 0);
    SEND(w, .ack = 102);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_OK);
    assert_int_equal(COUNT(w, tcp_time_waits), 0);
    SEND(w, .ack = 102);
    EXPECT(w, .flags = TCP_RST, .seq = 102); /* it is gone */
}

/* FIN and its ACK in one: FIN-WAIT-1 to TIME-WAIT. */
static void closes_from_fin_wait_1_to_time_wait(void **state)
{
    struct peer *w = PASSIVE(state);

    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
    EXPECT(w, .seq = 2, .ack = 2);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->eofs, 1);
    assert_int_equal(COUNT(w, tcp_time_waits), 1);
}

static void abort_at_eof(struct app *app, enum app_event event)
{
    if (event == APP_EOF)
        ms_tcp_abort(app->tcp);
}

/* A handler may end its connection on its way to TIME-WAIT: the tuple is free then. */
static void forgets_what_was_aborted_on_its_way_to_time_wait(void **state)
{
    struct peer *w = PASSIVE(state);

    w->app->hook = abort_at_eof;
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
    peer_discard(w);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(COUNT(w, tcp_time_waits), 0);
    SEND(w, .seq = 2, .ack = 2, .len = 10);
    EXPECT(w, .flags = TCP_RST, .seq = 2);
}

/* Without records there is no TIME-WAIT, and nothing of the connection stays. */
static void forgets_what_would_wait_without_a_record(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_time_wait_records = 0;
    w = PASSIVE(state);
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
    EXPECT(w, .seq = 2, .ack = 2);
    assert_int_equal(w->app->closed, 1);
    SEND(w, .seq = 2, .ack = 2, .len = 10);
    EXPECT(w, .flags = TCP_RST, .seq = 2);
}

/* RFC 5681 3.1: after a timeout the window doubles again, so that ten segments take few rounds. */
static void starts_slowly_again_after_a_timeout(void **state)
{
    struct peer *w = PASSIVE(state);
    unsigned rounds = 0;

    assert_int_equal(app_send(w->app, 10 * MSS), MS_OK);
    peer_discard(w);
    peer_run(w, 300 * MS);
    while (w->app->released == 0 && rounds < 20) {
        peer_discard(w);
        rounds++;
        SEND(w, .ack = 1 + min_u32((1u << rounds) - 1, 10) * MSS);
    }
    peer_discard(w);
    assert_in_range(rounds, 3, 5);
}

/* RFC 7323 4.1: an echo of the first sending says nothing of the second one's round trip. */
static void measures_no_lost_ack(void **state)
{
    struct peer *w = PASSIVE(state, .timestamps = true);
    uint32_t seq = 1, before = app_info(w->app).srtt_us;

    for (unsigned i = 0; i < 6; i++) {
        const struct heard *heard;
        uint32_t echo;

        assert_int_equal(app_send(w->app, 100), MS_OK);
        heard = EXPECT(w, .seq = seq, .len = 100, .has_timestamp = true);
        echo = heard->header.ts_value; /* its ACK is lost */
        EXPECT_WITHIN(w, 60 * SECOND, .seq = seq, .len = 100, .has_timestamp = true);
        seq += 100;
        SEND(w, .ack = seq, .ts_echo = echo);
    }
    assert_in_range(app_info(w->app).srtt_us, 0, max_u32(before, 1) + 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(starts_slowly),
        OVER_BOTH(counts_bytes_not_acks),
        OVER_BOTH(does_not_grow_an_unused_window),
        OVER_BOTH(retransmits_fast_without_sack),
        OVER_BOTH(lends_no_more_than_two_segments),
        OVER_BOTH(leaves_recovery_with_a_window_for_a_segment),
        OVER_BOTH(retransmits_on_partial_acks),
        OVER_BOTH(counts_true_duplicates_only),
        OVER_BOTH(takes_text_for_no_arrival),
        OVER_BOTH(retransmits_fast_with_sack),
        OVER_BOTH(repairs_several_holes),
        OVER_BOTH(retransmits_a_hole_once),
        OVER_BOTH(ignores_impossible_blocks),
        OVER_BOTH(ignores_blocks_not_agreed_on),
        OVER_BOTH(survives_a_reneging_peer),
        OVER_BOTH(counts_duplicates_reported),
        OVER_BOTH(takes_windows_from_newer_segments_only),
        OVER_BOTH(scales_windows),
        OVER_BOTH(does_not_scale_the_window_of_a_syn),
        OVER_BOTH(scales_nothing_unless_both_offer),
        OVER_BOTH(releases_what_is_acknowledged),
        OVER_BOTH(sends_across_the_end_of_the_numbers),
        OVER_BOTH(measures_round_trips),
        OVER_BOTH(closes_step_by_step),
        OVER_BOTH(closes_simultaneously),
        OVER_BOTH(closes_passively),
        OVER_BOTH(closes_from_fin_wait_1_to_time_wait),
        OVER_BOTH(forgets_what_was_aborted_on_its_way_to_time_wait),
        OVER_BOTH(forgets_what_would_wait_without_a_record),
        OVER_BOTH(starts_slowly_again_after_a_timeout),
        OVER_BOTH(measures_no_lost_ack),
    };

    return cmocka_run_group_tests_name("tcp/ack", tests, NULL, NULL);
}
