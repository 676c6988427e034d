/* SPDX-License-Identifier: ISC */
/* Tests of tcp/cc/slow_start.c: how a window begins, and what ends its growth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "tcp/cc/slow_start.h"

enum {
    MSS = 1000,
    ROUND_ACKS = 8, /* N_RTT_SAMPLE */
    RTT_US = 50000,
};

/* A sender in slow start, whose rounds are told by sequence numbers that wrap on the way. */
struct sender {
    struct ms_cc cc;
    struct slow_start slow_start;
    uint32_t send_unacked, in_flight_bytes;
};

static struct sender sender_of(uint16_t segment_bytes)
{
    struct sender s = { .cc = { .segment_bytes = segment_bytes, .hears_all = true },
                        .send_unacked = UINT32_MAX - 20 * MSS };

    ms_slow_start_begin(&s.cc, &s.slow_start);
    return s;
}

/* One ACK for so many bytes; returns what the window grew by. */
static uint32_t acknowledge(struct sender *s, uint32_t acked_bytes, uint32_t rtt_us)
{
    uint32_t before = s->cc.window_bytes;
    struct ms_cc_ack ack = { .acked_bytes = acked_bytes,
                             .rtt_us = rtt_us,
                             .is_window_limited = true };

    s->send_unacked += acked_bytes;
    ack.send_unacked = s->send_unacked;
    ack.send_next = s->send_unacked + s->in_flight_bytes;
    ms_slow_start_ack(&s->cc, &s->slow_start, &ack);
    return s->cc.window_bytes - before;
}

/* A round of ACKs, each with that round trip; returns what the window grew by. */
static uint32_t play_round(struct sender *s, unsigned acks, uint32_t rtt_us)
{
    uint32_t growth = 0;

    s->in_flight_bytes = acks * MSS;
    for (unsigned i = 0; i < acks; i++)
        growth += acknowledge(s, MSS, rtt_us);
    return growth;
}

static bool is_over(const struct sender *s) { return s->cc.threshold_bytes != UINT32_MAX; }

static void begins_with_the_window_of_rfc_6928(void **state)
{
    static const struct {
        uint16_t segment_bytes;
        uint32_t window_bytes;
    } windows[] = {
        { 1, 10 },       { 536, 5360 },   { 1220, 12200 }, { 1460, 14600 },   { 1461, 14600 },
        { 7300, 14600 }, { 7301, 14602 }, { 8960, 17920 }, { 65535, 131070 },
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(windows); i++) {
        struct sender s = sender_of(windows[i].segment_bytes);

        assert_int_equal(s.cc.window_bytes, windows[i].window_bytes);
        assert_true(s.cc.threshold_bytes == UINT32_MAX); /* arbitrarily high */
        assert_false(s.cc.hears_all);
    }
}

/* RFC 9406, 4.2: by what is acknowledged, at most L = 8 segments an ACK. */
static void grows_by_what_is_acknowledged(void **state)
{
    static const uint32_t steps[][2] = { { 1, 1 },       { 999, 999 },   { 1000, 1000 },
                                         { 8000, 8000 }, { 8001, 8000 }, { 60000, 8000 },
                                         { 0, 0 } };
    struct sender s = sender_of(MSS);

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(steps); i++)
        assert_int_equal(acknowledge(&s, steps[i][0], 0), steps[i][1]);
}

/* RFC 3465, 2.3: L is two segments, and one after a timeout. */
static void grows_with_less_trust_after_a_loss(void **state)
{
    struct sender s = sender_of(MSS);

    (void)state;
    ms_slow_start_lost(&s.slow_start, false);
    assert_int_equal(acknowledge(&s, MSS, 0), MSS);
    assert_int_equal(acknowledge(&s, 8 * MSS, 0), 2 * MSS);
    ms_slow_start_lost(&s.slow_start, true);
    assert_int_equal(acknowledge(&s, 8 * MSS, 0), MSS);
    slow_start_is_over(&s.slow_start);
    assert_int_equal(acknowledge(&s, 8 * MSS, 0), 2 * MSS);
}

/* RFC 9406, 4.2: an eighth of the round trip, but 4 ms at least and 16 ms at most. */
static void slows_down_when_round_trips_have_grown(void **state)
{
    static const struct {
        uint32_t rtt_us, thresh_us;
    } table[] = { { 1000, 4000 },   { 32000, 4000 },   { 64000, 8000 },
                  { 96000, 12000 }, { 128000, 16000 }, { 400000, 16000 } };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(table); i++) {
        struct sender s = sender_of(MSS), t = sender_of(MSS);

        play_round(&s, 10, table[i].rtt_us);
        assert_int_equal(play_round(&s, 10, table[i].rtt_us + table[i].thresh_us - 1), 10 * MSS);
        assert_int_equal(s.slow_start.phase, SLOW_START_FIRST);
        play_round(&t, 10, table[i].rtt_us);
        /* The eighth sample shows it: from then on a quarter. */
        assert_int_equal(play_round(&t, 10, table[i].rtt_us + table[i].thresh_us),
                         7 * MSS + 3 * MSS / 4);
        assert_int_equal(t.slow_start.phase, SLOW_START_CONSERVATIVE);
    }
}

static void needs_eight_samples_to_be_sure(void **state)
{
    struct sender s = sender_of(MSS);

    (void)state;
    play_round(&s, ROUND_ACKS, RTT_US);
    assert_int_equal(play_round(&s, ROUND_ACKS - 1, 2 * RTT_US), (ROUND_ACKS - 1) * MSS);
    assert_int_equal(s.slow_start.phase, SLOW_START_FIRST);
    play_round(&s, ROUND_ACKS, RTT_US);
    s.in_flight_bytes = 9 * MSS;
    for (unsigned i = 0; i < 9; i++) /* ACKs that measure nothing are none */
        assert_int_equal(acknowledge(&s, MSS, i % 2 ? 2 * RTT_US : 0), MSS);
}

/* The shortest round trip of a round counts, not the last or the longest. */
static void believes_the_shortest_round_trip_of_a_round(void **state)
{
    struct sender s = sender_of(MSS);

    (void)state;
    play_round(&s, ROUND_ACKS, RTT_US);
    s.in_flight_bytes = 20 * MSS;
    assert_int_equal(acknowledge(&s, MSS, RTT_US + 1), MSS);
    for (unsigned i = 1; i < 20; i++)
        assert_int_equal(acknowledge(&s, MSS, 3 * RTT_US), MSS);
    assert_int_equal(s.slow_start.phase, SLOW_START_FIRST);
}

/* RFC 9406, 4.2: after five conservative rounds ssthresh is cwnd. */
static void ends_after_five_conservative_rounds(void **state)
{
    struct sender s = sender_of(MSS);

    (void)state;
    play_round(&s, ROUND_ACKS, RTT_US);
    play_round(&s, ROUND_ACKS, 2 * RTT_US);
    for (unsigned round = 1; round < 5; round++) {
        play_round(&s, ROUND_ACKS, 2 * RTT_US);
        assert_false(is_over(&s));
    }
    assert_int_equal(acknowledge(&s, MSS, 2 * RTT_US), 0);
    assert_true(is_over(&s));
    assert_int_equal(s.cc.threshold_bytes, s.cc.window_bytes);
}

/* RFC 9406, 4.2: a shorter one than at its beginning, and standard slow start goes on. */
static void resumes_when_round_trips_are_shorter_again(void **state)
{
    struct sender s = sender_of(MSS);

    (void)state;
    play_round(&s, ROUND_ACKS, RTT_US);
    play_round(&s, ROUND_ACKS, 2 * RTT_US);
    play_round(&s, ROUND_ACKS, 2 * RTT_US); /* as long as then: no */
    assert_int_equal(s.slow_start.phase, SLOW_START_CONSERVATIVE);
    assert_int_equal(play_round(&s, ROUND_ACKS, 2 * RTT_US - 1), 7 * MSS / 4 + MSS);
    assert_int_equal(s.slow_start.phase, SLOW_START_FIRST);
    for (unsigned round = 0; round < 20; round++) /* and its rounds are forgotten */
        assert_int_equal(play_round(&s, ROUND_ACKS, RTT_US), ROUND_ACKS * MSS);
    assert_false(is_over(&s));
}

static void does_not_watch_after_a_loss(void **state) /* RFC 9406, 4.3: only the first one */
{
    struct sender s = sender_of(MSS);

    (void)state;
    play_round(&s, ROUND_ACKS, RTT_US);
    ms_slow_start_lost(&s.slow_start, false);
    for (unsigned round = 0; round < 10; round++)
        assert_int_equal(play_round(&s, ROUND_ACKS, 9 * RTT_US), ROUND_ACKS * MSS);
    assert_false(is_over(&s));
}

static void stops_growing_at_the_largest_window_there_can_be(void **state)
{
    struct sender s = sender_of(65535);

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        acknowledge(&s, 1 << 30, 0);
        assert_true(s.cc.window_bytes <= CC_WINDOW_MAX_BYTES);
    }
    assert_int_equal(s.cc.window_bytes, CC_WINDOW_MAX_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_the_window_of_rfc_6928),
        cmocka_unit_test(grows_by_what_is_acknowledged),
        cmocka_unit_test(grows_with_less_trust_after_a_loss),
        cmocka_unit_test(slows_down_when_round_trips_have_grown),
        cmocka_unit_test(needs_eight_samples_to_be_sure),
        cmocka_unit_test(believes_the_shortest_round_trip_of_a_round),
        cmocka_unit_test(ends_after_five_conservative_rounds),
        cmocka_unit_test(resumes_when_round_trips_are_shorter_again),
        cmocka_unit_test(does_not_watch_after_a_loss),
        cmocka_unit_test(stops_growing_at_the_largest_window_there_can_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
