/* SPDX-License-Identifier: ISC */
/* Tests of tcp/cc/cubic.c: its windows against RFC 9438's formulas, in floating point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "mstack/cc.h"

enum { MSS = 1000, RTT_US = 100000, WINDOW_MAX = 1 << 30, US_PER_S = 1000000 };

static const struct ms_cc_ops *const ops = &ms_cc_cubic;

/* A sender that always has more, on a path that always takes as long. */
struct sender {
    struct ms_cc cc;
    uint64_t now_us;
    uint32_t rtt_us;
    uint32_t send_unacked;
};

static struct sender sender_of(uint16_t segment_bytes, uint32_t rtt_us)
{
    struct sender s = { .cc = { .ops = ops, .segment_bytes = segment_bytes },
                        .now_us = 77 * (uint64_t)US_PER_S,
                        .rtt_us = rtt_us };

    for (unsigned i = 0; i < MS_CC_STATE_BYTES; i++)
        s.cc.state[i] = 0xee; /* init() has to set what it needs */
    ops->init(&s.cc);
    return s;
}

static void acknowledge(struct sender *s, uint32_t acked_bytes)
{
    struct ms_cc_ack ack = { .now_us = s->now_us,
                             .acked_bytes = acked_bytes,
                             .rtt_us = s->rtt_us,
                             .srtt_us = s->rtt_us,
                             .is_window_limited = true };

    s->send_unacked += acked_bytes;
    ack.send_unacked = s->send_unacked;
    ack.send_next = s->send_unacked + s->cc.window_bytes;
    ops->on_ack(&s->cc, &ack);
}

/* A round trip, in which a window is acknowledged, a segment at a time. */
static void play_round(struct sender *s)
{
    uint32_t segments = max_u32(s->cc.window_bytes / s->cc.segment_bytes, 1);
    uint64_t end_us = s->now_us + s->rtt_us;

    for (uint32_t i = 0; i < segments; i++) {
        s->now_us += s->rtt_us / segments;
        acknowledge(s, s->cc.segment_bytes);
    }
    s->now_us = end_us;
}

static void play_until(struct sender *s, uint64_t end_us)
{
    while (s->now_us < end_us)
        play_round(s);
}

/* One that has a window of so many segments, and loses some of it. */
static struct sender loser(uint32_t segments, uint32_t rtt_us)
{
    struct sender s = sender_of(MSS, rtt_us);

    s.cc.window_bytes = segments * MSS;
    ops->on_loss(&s.cc, s.now_us, s.cc.window_bytes);
    return s;
}

static double cube(double x) { return x * x * x; }

static double cube_root(double x)
{
    double root = x > 1 ? x : 1;

    for (unsigned i = 0; i < 200; i++)
        root -= (cube(root) - x) / (3 * root * root);
    return root;
}

/* W_cubic(t), in segments (RFC 9438, 4.2). */
static double curve(double maximum, double begin, double seconds)
{
    return 0.4 * cube(seconds - cube_root((maximum - begin) / 0.4)) + maximum;
}

static void assert_near(double is, double should_be, double tolerance)
{
    if (is < should_be - tolerance || is > should_be + tolerance)
        fail_msg("%f is not within %f of %f", is, tolerance, should_be);
}

static void begins_as_slow_start_does(void **state)
{
    struct sender s = sender_of(MSS, RTT_US);

    (void)state;
    assert_int_equal(s.cc.window_bytes, 10 * MSS);
    assert_true(s.cc.threshold_bytes == UINT32_MAX);
    acknowledge(&s, 2 * MSS);
    assert_int_equal(s.cc.window_bytes, 12 * MSS);
}

static void keeps_seven_tenths_of_the_flight_at_a_loss(void **state) /* RFC 9438, 4.6 */
{
    static const uint32_t flights[][2] = { { 40000, 28000 },         { 40001, 28000 },
                                           { 10009, 7006 },          { 3000, 2100 },
                                           { 2857, 2000 },           { 0, 2000 },
                                           { WINDOW_MAX, 751619276 } };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(flights); i++) {
        struct sender s = sender_of(MSS, RTT_US);

        ops->on_loss(&s.cc, 0, flights[i][0]);
        assert_int_equal(s.cc.threshold_bytes, flights[i][1]);
        assert_int_equal(s.cc.window_bytes, flights[i][1]);
    }
}

/* RFC 9438, 4.2 to 4.5: on a long path the curve rules, below its plateau and above. */
static void follows_the_curve_back_and_beyond(void **state)
{
    static const uint32_t maxima[] = { 500, 1000, 4000, 20000 };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(maxima); i++) {
        struct sender s = loser(maxima[i], RTT_US);
        uint64_t begin_us = s.now_us;

        for (unsigned second = 1; second <= 20; second++) {
            double wanted;

            play_until(&s, begin_us + (uint64_t)second * US_PER_S);
            wanted = curve(maxima[i], 0.7 * maxima[i], second);
            assert_near((double)s.cc.window_bytes / MSS, wanted, 0.01 * wanted + 2);
        }
    }
}

/* RFC 9438, 4.4: on the plateau it hardly moves. */
static void lingers_where_it_lost_before(void **state)
{
    struct sender s = loser(1000, RTT_US);
    uint32_t before;

    (void)state;
    play_until(&s, s.now_us + 8 * US_PER_S); /* K is 9.09 s */
    before = s.cc.window_bytes;
    play_until(&s, s.now_us + 2 * US_PER_S);
    assert_in_range(before, 995 * MSS, 1000 * MSS);
    assert_in_range(s.cc.window_bytes, before, 1002 * MSS);
}

/* RFC 9438, 4.7: who did not get back to where he was leaves room: his plateau is 0.85 of it. */
static void gives_way_further_when_it_loses_early(void **state)
{
    struct sender s = loser(1000, RTT_US);
    uint64_t begin_us;

    (void)state;
    play_until(&s, s.now_us + US_PER_S);
    s.cc.window_bytes = 800 * MSS;
    ops->on_loss(&s.cc, s.now_us, 800 * MSS);
    begin_us = s.now_us;
    for (unsigned second = 1; second <= 12; second++) {
        play_until(&s, begin_us + (uint64_t)second * US_PER_S);
        assert_near((double)s.cc.window_bytes / MSS, curve(680, 560, second), 8);
    }
}

static void returns_to_a_plateau_that_it_had_passed(void **state) /* no fast convergence then */
{
    struct sender s = loser(1000, RTT_US);
    uint64_t begin_us;

    (void)state;
    s.cc.window_bytes = 1100 * MSS;
    ops->on_loss(&s.cc, s.now_us, 1100 * MSS);
    begin_us = s.now_us;
    play_until(&s, begin_us + 5 * US_PER_S);
    assert_near((double)s.cc.window_bytes / MSS, curve(1100, 770, 5), 10);
}

/*
 * RFC 9438, 4.3: on a short path Reno would be faster, so it is Reno with as much on average: 9/17
 * of a segment a round trip, and a whole one beyond where it lost.
 */
static void is_never_slower_than_reno(void **state)
{
    struct sender s = loser(40, 1000);

    (void)state;
    for (unsigned round = 1; round <= 20; round++) {
        play_round(&s);
        assert_near((double)s.cc.window_bytes / MSS, 28 + round * 9.0 / 17, 1);
    }
    while (s.cc.window_bytes < 40 * MSS)
        play_round(&s);
    for (unsigned round = 1; round <= 20; round++) {
        play_round(&s);
        assert_near((double)s.cc.window_bytes / MSS, 40 + round, 1.5);
    }
}

/* RFC 9438, 4.2: target is no more than 1.5 * cwnd, so no round more than half. */
static void grows_by_no_more_than_half_a_round(void **state)
{
    struct sender s = loser(10, 5 * US_PER_S);

    (void)state;
    for (unsigned round = 0; round < 30; round++) {
        uint32_t before = s.cc.window_bytes;

        play_round(&s);
        assert_true(s.cc.window_bytes <= before + before / 2 + before / 4 + MSS);
        assert_true(s.cc.window_bytes >= before);
    }
    assert_true(s.cc.window_bytes > 1000 * MSS);
}

/* RFC 9438, 5.8: while the application sends too little the curve waits. */
static void waits_for_the_application(void **state)
{
    struct sender s = loser(1000, RTT_US);
    uint64_t begin_us = s.now_us, gap_us = 0;
    const struct ms_cc_ack limited = { .acked_bytes = MSS, .srtt_us = RTT_US };

    (void)state;
    play_until(&s, begin_us + 3 * US_PER_S);
    assert_true(s.cc.hears_all);
    for (unsigned i = 0; i < 100; i++, gap_us += US_PER_S) {
        struct ms_cc_ack ack = limited;
        uint32_t before = s.cc.window_bytes;

        ack.now_us = s.now_us += US_PER_S;
        ops->on_ack(&s.cc, &ack);
        assert_int_equal(s.cc.window_bytes, before);
    }
    play_until(&s, begin_us + gap_us + 6 * US_PER_S);
    assert_near((double)s.cc.window_bytes / MSS, curve(1000, 700, 6), 5);
}

static void restarts_from_the_initial_window_when_idle(void **state) /* RFC 5681, 4.1 */
{
    struct sender s = loser(1000, RTT_US);
    uint32_t before;

    (void)state;
    play_until(&s, s.now_us + 3 * US_PER_S);
    before = s.cc.window_bytes;
    s.now_us += 1000 * (uint64_t)US_PER_S;
    ops->on_idle(&s.cc);
    assert_int_equal(s.cc.window_bytes, 10 * MSS);
    while (s.cc.window_bytes < 700 * MSS)
        play_round(&s);
    play_round(&s); /* the thousand seconds did not count */
    assert_in_range(s.cc.window_bytes, 700 * MSS, before);
    s.cc.window_bytes = 3 * MSS; /* a smaller one is not raised */
    ops->on_idle(&s.cc);
    assert_int_equal(s.cc.window_bytes, 3 * MSS);
}

/* RFC 9438, 4.8: one segment, slow start, and then a curve that begins on its plateau. */
static void begins_anew_after_a_timeout(void **state)
{
    struct sender s = loser(1000, RTT_US);
    uint64_t begin_us;

    (void)state;
    play_until(&s, s.now_us + US_PER_S);
    s.cc.window_bytes = 800 * MSS;
    ops->on_timeout(&s.cc, s.now_us, 600 * MSS, true);
    assert_int_equal(s.cc.window_bytes, MSS);
    assert_int_equal(s.cc.threshold_bytes, 420 * MSS);
    assert_false(s.cc.hears_all);
    ops->on_timeout(&s.cc, s.now_us, MSS, false); /* again: the threshold is held */
    assert_int_equal(s.cc.threshold_bytes, 420 * MSS);
    while (s.cc.window_bytes < 420 * MSS)
        play_round(&s);
    begin_us = s.now_us;
    for (unsigned second = 1; second <= 10; second++) {
        play_until(&s, begin_us + (uint64_t)second * US_PER_S);
        assert_near((double)s.cc.window_bytes / MSS, 420 + 0.4 * cube(second + 0.1), 20);
    }
}

static void does_not_grow_in_recovery(void **state)
{
    struct sender s = loser(1000, RTT_US);
    const struct ms_cc_ack ack = { .now_us = s.now_us + 9 * US_PER_S,
                                   .acked_bytes = 2 * MSS,
                                   .is_window_limited = true,
                                   .is_in_recovery = true };

    (void)state;
    ops->on_ack(&s.cc, &ack);
    assert_int_equal(s.cc.window_bytes, 700 * MSS);
}

static void leaves_recovery_without_a_burst(void **state) /* RFC 6582, 3.2, step 3 (1) */
{
    static const uint32_t flights[][2] = {
        { 0, 2000 }, { 1000, 2000 }, { 5000, 6000 }, { 27000, 28000 }, { 90000, 28000 }
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(flights); i++) {
        struct sender s = loser(40, RTT_US);

        ops->on_recovered(&s.cc, 0, flights[i][0]);
        assert_int_equal(s.cc.window_bytes, flights[i][1]);
        assert_int_equal(s.cc.threshold_bytes, 28 * MSS);
    }
}

static void stays_below_the_largest_window_there_can_be(void **state)
{
    struct sender s = sender_of(65535, 10 * US_PER_S);

    (void)state;
    s.cc.window_bytes = WINDOW_MAX - 10;
    ops->on_loss(&s.cc, s.now_us, WINDOW_MAX - 10);
    for (unsigned i = 0; i < 3000; i++) {
        s.now_us += US_PER_S;
        acknowledge(&s, s.cc.window_bytes);
        assert_in_range(s.cc.window_bytes, 2 * 65535, WINDOW_MAX);
    }
    assert_int_equal(s.cc.window_bytes, WINDOW_MAX);
}

/* One byte at a time gains nothing. */
static void counts_bytes_not_acknowledgements(void **state)
{
    struct sender s = loser(40, 1000), t = loser(40, 1000);

    (void)state;
    for (unsigned i = 0; i < 28000; i++)
        acknowledge(&s, 1);
    for (unsigned i = 0; i < 28; i++)
        acknowledge(&t, MSS);
    assert_in_range(s.cc.window_bytes, 28 * MSS, t.cc.window_bytes);
}

static void has_a_name_and_every_handler(void **state)
{
    (void)state;
    assert_string_equal(ops->name, "cubic");
    assert_true(ops->init && ops->on_ack && ops->on_loss && ops->on_recovered && ops->on_timeout &&
                ops->on_idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_as_slow_start_does),
        cmocka_unit_test(keeps_seven_tenths_of_the_flight_at_a_loss),
        cmocka_unit_test(follows_the_curve_back_and_beyond),
        cmocka_unit_test(lingers_where_it_lost_before),
        cmocka_unit_test(gives_way_further_when_it_loses_early),
        cmocka_unit_test(returns_to_a_plateau_that_it_had_passed),
        cmocka_unit_test(is_never_slower_than_reno),
        cmocka_unit_test(grows_by_no_more_than_half_a_round),
        cmocka_unit_test(waits_for_the_application),
        cmocka_unit_test(restarts_from_the_initial_window_when_idle),
        cmocka_unit_test(begins_anew_after_a_timeout),
        cmocka_unit_test(does_not_grow_in_recovery),
        cmocka_unit_test(leaves_recovery_without_a_burst),
        cmocka_unit_test(stays_below_the_largest_window_there_can_be),
        cmocka_unit_test(counts_bytes_not_acknowledgements),
        cmocka_unit_test(has_a_name_and_every_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
