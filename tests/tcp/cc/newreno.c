/* SPDX-License-Identifier: ISC */
/* Tests of tcp/cc/newreno.c: what each event makes of the window, in bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "mstack/cc.h"

enum { MSS = 1000, WINDOW_MAX = 1 << 30 };

static const struct ms_cc_ops *const ops = &ms_cc_newreno;

static struct ms_cc fresh(uint16_t segment_bytes)
{
    struct ms_cc cc = { .ops = ops, .segment_bytes = segment_bytes };

    for (unsigned i = 0; i < MS_CC_STATE_BYTES; i++)
        cc.state[i] = 0xee; /* init() has to set what it needs */
    ops->init(&cc);
    return cc;
}

/* Beyond slow start, with this window. */
static struct ms_cc avoiding(uint32_t window_bytes)
{
    struct ms_cc cc = fresh(MSS);

    cc.window_bytes = cc.threshold_bytes = window_bytes;
    return cc;
}

static void acknowledge(struct ms_cc *cc, uint32_t acked_bytes)
{
    const struct ms_cc_ack ack = { .acked_bytes = acked_bytes, .is_window_limited = true };

    ops->on_ack(cc, &ack);
}

static void doubles_in_a_round_of_slow_start(void **state)
{
    struct ms_cc cc = fresh(MSS);

    (void)state;
    for (unsigned i = 0; i < 5; i++) /* an ACK for every second segment */
        acknowledge(&cc, 2 * MSS);
    assert_int_equal(cc.window_bytes, 20 * MSS);
}

/* proves: MUST-19 */
static void grows_by_a_segment_a_window_in_congestion_avoidance(void **state) /* RFC 5681, 3.1 */
{
    struct ms_cc cc = avoiding(10 * MSS);

    (void)state;
    for (unsigned window = 10; window < 30; window++) {
        for (unsigned i = 1; i < window; i++) {
            acknowledge(&cc, MSS);
            assert_int_equal(cc.window_bytes, window * MSS);
        }
        acknowledge(&cc, MSS);
        assert_int_equal(cc.window_bytes, (window + 1) * MSS);
    }
}

/* proves: T36 */
static void counts_bytes_not_acknowledgements(void **state) /* ACK division gains nothing */
{
    struct ms_cc cc = avoiding(10 * MSS);

    (void)state;
    for (unsigned i = 0; i < 9999; i++)
        acknowledge(&cc, 1);
    assert_int_equal(cc.window_bytes, 10 * MSS);
    acknowledge(&cc, 1 + 2500); /* what is over counts for the next window */
    assert_int_equal(cc.window_bytes, 11 * MSS);
    acknowledge(&cc, 8499);
    assert_int_equal(cc.window_bytes, 11 * MSS);
    acknowledge(&cc, 1);
    assert_int_equal(cc.window_bytes, 12 * MSS);
}

static void grows_at_most_a_segment_an_ack_in_congestion_avoidance(void **state)
{
    struct ms_cc cc = avoiding(10 * MSS);

    (void)state;
    acknowledge(&cc, 1000 * MSS);
    assert_int_equal(cc.window_bytes, 11 * MSS);
}

static void does_not_grow_in_recovery(void **state)
{
    struct ms_cc cc = fresh(MSS);
    const struct ms_cc_ack ack = { .acked_bytes = 2 * MSS,
                                   .is_window_limited = true,
                                   .is_in_recovery = true };

    (void)state;
    ops->on_ack(&cc, &ack);
    assert_int_equal(cc.window_bytes, 10 * MSS);
}

static void halves_the_flight_at_a_loss(void **state) /* RFC 5681, equation 4 */
{
    static const uint32_t flights[][2] = { { 40000, 20000 }, { 40001, 20000 }, { 5000, 2500 },
                                           { 4000, 2000 },   { 3999, 2000 },   { 0, 2000 } };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(flights); i++) {
        struct ms_cc cc = fresh(MSS);

        ops->on_loss(&cc, 0, flights[i][0]);
        assert_int_equal(cc.threshold_bytes, flights[i][1]);
        assert_int_equal(cc.window_bytes, flights[i][1]);
    }
}

static void counts_anew_after_a_loss(void **state)
{
    struct ms_cc cc = avoiding(10 * MSS);

    (void)state;
    acknowledge(&cc, 9 * MSS);
    ops->on_loss(&cc, 0, 10 * MSS);
    acknowledge(&cc, 4 * MSS);
    assert_int_equal(cc.window_bytes, 5 * MSS);
    acknowledge(&cc, MSS);
    assert_int_equal(cc.window_bytes, 6 * MSS);
}

static void leaves_recovery_without_a_burst(void **state) /* RFC 6582, 3.2, step 3 (1) */
{
    static const uint32_t flights[][2] = { { 0, 2000 },     { 500, 2000 },    { 1000, 2000 },
                                           { 5000, 6000 },  { 18999, 19999 }, { 19000, 20000 },
                                           { 90000, 20000 } };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(flights); i++) {
        struct ms_cc cc = fresh(MSS);

        ops->on_loss(&cc, 0, 40 * MSS);
        ops->on_recovered(&cc, 0, flights[i][0]);
        assert_int_equal(cc.window_bytes, flights[i][1]);
        assert_int_equal(cc.threshold_bytes, 20 * MSS);
    }
}

static void begins_with_one_segment_after_a_timeout(void **state) /* RFC 5681, 3.1 */
{
    struct ms_cc cc = avoiding(40 * MSS);

    (void)state;
    ops->on_timeout(&cc, 0, 30 * MSS, true);
    assert_int_equal(cc.window_bytes, MSS);
    assert_int_equal(cc.threshold_bytes, 15 * MSS);
    ops->on_timeout(&cc, 0, MSS, false); /* again: the threshold is held */
    assert_int_equal(cc.window_bytes, MSS);
    assert_int_equal(cc.threshold_bytes, 15 * MSS);
    ops->on_timeout(&cc, 0, MSS, true);
    assert_int_equal(cc.threshold_bytes, 2 * MSS);
}

static void starts_slowly_up_to_the_threshold_after_a_timeout(void **state)
{
    struct ms_cc cc = avoiding(40 * MSS);

    (void)state;
    acknowledge(&cc, 39 * MSS);
    ops->on_timeout(&cc, 0, 16 * MSS, true);
    for (unsigned i = 1; i < 8; i++) {
        assert_int_equal(cc.window_bytes, i * MSS);
        acknowledge(&cc, MSS);
    }
    assert_int_equal(cc.window_bytes, 8 * MSS);
    acknowledge(&cc, 7 * MSS);
    assert_int_equal(cc.window_bytes, 8 * MSS);
    acknowledge(&cc, MSS);
    assert_int_equal(cc.window_bytes, 9 * MSS);
}

/* RFC 3465, 2.3: what such an ACK covers may have left the network long before: L = 1. */
static void counts_one_segment_an_ack_in_slow_start_after_a_timeout(void **state)
{
    struct ms_cc cc = avoiding(40 * MSS);

    (void)state;
    ops->on_timeout(&cc, 0, 16 * MSS, true);
    for (unsigned i = 1; i < 8; i++) {
        assert_int_equal(cc.window_bytes, i * MSS);
        acknowledge(&cc, 20 * MSS);
    }
    acknowledge(&cc, 8 * MSS); /* congestion avoidance: that phase is over */
    cc.threshold_bytes = UINT32_MAX;
    acknowledge(&cc, 20 * MSS);
    assert_int_equal(cc.window_bytes, 11 * MSS);
}

static void restarts_from_the_initial_window_when_idle(void **state) /* RFC 5681, 4.1 */
{
    struct ms_cc cc = avoiding(40 * MSS);

    (void)state;
    ops->on_idle(&cc);
    assert_int_equal(cc.window_bytes, 10 * MSS);
    assert_int_equal(cc.threshold_bytes, 40 * MSS);
    cc.window_bytes = 3 * MSS; /* a smaller one is not raised */
    ops->on_idle(&cc);
    assert_int_equal(cc.window_bytes, 3 * MSS);
}

static void stops_growing_at_the_largest_window_there_can_be(void **state)
{
    struct ms_cc cc = fresh(65535), steady = avoiding(WINDOW_MAX - 10);

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        acknowledge(&cc, UINT32_MAX);
        assert_true(cc.window_bytes <= WINDOW_MAX);
    }
    assert_int_equal(cc.window_bytes, WINDOW_MAX);
    acknowledge(&steady, WINDOW_MAX);
    acknowledge(&steady, WINDOW_MAX);
    assert_int_equal(steady.window_bytes, WINDOW_MAX);
}

static void has_a_name_and_every_handler(void **state)
{
    (void)state;
    assert_string_equal(ops->name, "newreno");
    assert_true(ops->init && ops->on_ack && ops->on_loss && ops->on_recovered && ops->on_timeout &&
                ops->on_idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_in_a_round_of_slow_start),
        cmocka_unit_test(grows_by_a_segment_a_window_in_congestion_avoidance),
        cmocka_unit_test(counts_bytes_not_acknowledgements),
        cmocka_unit_test(grows_at_most_a_segment_an_ack_in_congestion_avoidance),
        cmocka_unit_test(does_not_grow_in_recovery),
        cmocka_unit_test(halves_the_flight_at_a_loss),
        cmocka_unit_test(counts_anew_after_a_loss),
        cmocka_unit_test(leaves_recovery_without_a_burst),
        cmocka_unit_test(begins_with_one_segment_after_a_timeout),
        cmocka_unit_test(starts_slowly_up_to_the_threshold_after_a_timeout),
        cmocka_unit_test(counts_one_segment_an_ack_in_slow_start_after_a_timeout),
        cmocka_unit_test(restarts_from_the_initial_window_when_idle),
        cmocka_unit_test(stops_growing_at_the_largest_window_there_can_be),
        cmocka_unit_test(has_a_name_and_every_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
