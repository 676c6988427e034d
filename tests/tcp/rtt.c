/* SPDX-License-Identifier: ISC */
/* Tests of tcp/rtt.c: the sums of RFC 6298, worked out by hand, and their bounds. */
#include "tcp/rtt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "support/random.h"

static const struct rto_bounds usual = { .min_us = 200000, .max_us = 120000000 };
static const struct rto_bounds wide = { .min_us = 1, .max_us = UINT32_MAX };

static struct rtt fresh(struct rto_bounds bounds)
{
    struct rtt rtt = { .srtt_us = 1, .rttvar_us = 2, .timeout_us = 3 };

    ms_rtt_init(&rtt, bounds);
    assert_int_equal(rtt.rttvar_us, 0);
    return rtt;
}

static void waits_a_second_before_the_first_sample(void **state) /* RFC 6298, 2.1 */
{
    struct rtt rtt = fresh(usual);

    (void)state;
    assert_int_equal(rtt.timeout_us, 1000000);
    assert_int_equal(rtt.srtt_us, 0);
    rtt = fresh((struct rto_bounds){ .min_us = 3000000, .max_us = 60000000 });
    assert_int_equal(rtt.timeout_us, 3000000);
    rtt = fresh((struct rto_bounds){ .min_us = 1000, .max_us = 50000 });
    assert_int_equal(rtt.timeout_us, 50000);
}

/* proves: MUST-18 */
static void smooths_as_rfc_6298_says(void **state)
{
    static const struct {
        uint32_t sample_us, srtt_us, rttvar_us, timeout_us;
    } steps[] = {
        { 800000, 800000, 400000, 2400000 },  /* 2.2: R, R/2, R + 4 * R/2 */
        { 800000, 800000, 300000, 2000000 },  /* 2.3 */
        { 1600000, 900000, 425000, 2600000 }, /* |800 - 1600|/4 = 200, with the old SRTT */
        { 100000, 800000, 518750, 2875000 },
        { 800000, 800000, 389063, 2356252 }, /* a quarter of 518750, rounded down, goes */
    };
    struct rtt rtt = fresh(usual);

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(steps); i++) {
        ms_rtt_sample(&rtt, steps[i].sample_us, usual);
        assert_int_equal(rtt.srtt_us, steps[i].srtt_us);
        assert_int_equal(rtt.rttvar_us, steps[i].rttvar_us);
        assert_int_equal(rtt.timeout_us, steps[i].timeout_us);
    }
}

static void adds_at_least_the_granularity_of_the_clock(void **state)
{
    struct rtt rtt = fresh(wide);

    (void)state;
    ms_rtt_sample(&rtt, 100, wide);
    assert_int_equal(rtt.timeout_us, 100 + 1000);
    for (unsigned i = 0; i < 100; i++)
        ms_rtt_sample(&rtt, 50000, wide);
    assert_in_range(rtt.timeout_us, rtt.srtt_us + 1000, rtt.srtt_us + 1016);
}

static void stays_between_the_bounds(void **state)
{
    struct rtt rtt = fresh(usual);

    (void)state;
    ms_rtt_sample(&rtt, 1000, usual);
    assert_int_equal(rtt.timeout_us, 200000);
    rtt = fresh(usual);
    ms_rtt_sample(&rtt, 100000000, usual);
    assert_int_equal(rtt.timeout_us, 120000000);
    assert_int_equal(rtt.srtt_us, 100000000);
}

static void takes_a_sample_of_zero_as_the_shortest(void **state)
{
    struct rtt rtt = fresh(usual);

    (void)state;
    ms_rtt_sample(&rtt, 0, usual);
    assert_int_equal(rtt.srtt_us, 1); /* 0 would mean: no sample yet */
    for (unsigned i = 0; i < 50; i++)
        ms_rtt_sample(&rtt, 0, usual);
    assert_int_equal(rtt.srtt_us, 1);
    assert_int_equal(rtt.timeout_us, 200000);
}

/* The same sums in 64 bits. */
static void assert_sums(const struct rtt *before, uint32_t sample_us, const struct rtt *after)
{
    int64_t srtt = before->srtt_us, rttvar = before->rttvar_us;
    int64_t error = srtt > sample_us ? srtt - sample_us : sample_us - srtt;

    assert_true(after->rttvar_us == rttvar - rttvar / 4 + error / 4);
    assert_true(after->srtt_us == srtt - srtt / 8 + sample_us / 8);
    assert_true(after->timeout_us ==
                min_u64((uint64_t)after->srtt_us + max_u64(4 * (uint64_t)after->rttvar_us, 1000),
                        UINT32_MAX));
}

static void does_not_overflow(void **state)
{
    struct rtt rtt = fresh(wide);
    struct dice dice = { 4 };

    (void)state;
    ms_rtt_sample(&rtt, UINT32_MAX, wide);
    assert_true(rtt.timeout_us == UINT32_MAX);
    ms_rtt_back_off(&rtt, wide);
    assert_true(rtt.timeout_us == UINT32_MAX);
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t sample_us = UINT32_MAX >> dice_below(&dice, 32) >> (i / 1000 % 16);
        struct rtt before = rtt;

        ms_rtt_sample(&rtt, sample_us > 8 ? sample_us : 8, wide);
        assert_sums(&before, sample_us > 8 ? sample_us : 8, &rtt);
    }
}

static void doubles_up_to_the_bound(void **state) /* RFC 6298, 5.5 */
{
    static const uint32_t timeouts_us[] = { 2000000,  4000000,  8000000,   16000000,
                                            32000000, 64000000, 120000000, 120000000 };
    struct rtt rtt = fresh(usual);

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(timeouts_us); i++) {
        ms_rtt_back_off(&rtt, usual);
        assert_int_equal(rtt.timeout_us, timeouts_us[i]);
    }
}

static void forgets_the_back_off_with_the_next_sample(void **state) /* RFC 6298, 5.7 and 3 */
{
    struct rtt rtt = fresh(usual);

    (void)state;
    ms_rtt_sample(&rtt, 400000, usual);
    assert_int_equal(rtt.timeout_us, 1200000);
    ms_rtt_back_off(&rtt, usual);
    ms_rtt_back_off(&rtt, usual);
    assert_int_equal(rtt.timeout_us, 4800000);
    assert_int_equal(rtt.srtt_us, 400000);
    ms_rtt_sample(&rtt, 400000, usual);
    assert_int_equal(rtt.timeout_us, 1000000);
}

/* RFC 6298 5.7 */
static void waits_three_seconds_after_a_lost_syn(void **state)
{
    struct rtt rtt = fresh(usual);

    (void)state;
    ms_rtt_start_slowly(&rtt, usual);
    assert_int_equal(rtt.timeout_us, 3000000);
    ms_rtt_start_slowly(&rtt, (struct rto_bounds){ 1000, 2000000 });
    assert_int_equal(rtt.timeout_us, 2000000);
    ms_rtt_sample(&rtt, 400000, usual);
    assert_int_equal(rtt.timeout_us, 1200000);
}

/* Whatever the samples: the average stays among them, and the timeout within its bounds. */
static void averages_random_samples(void **state)
{
    struct dice dice = { 8 };

    (void)state;
    for (unsigned round = 0; round < 1000; round++) {
        uint32_t low = 1 + dice_below(&dice, 1000000), span = 1 + dice_below(&dice, 1000000);
        struct rtt rtt = fresh(usual);

        for (unsigned i = 0; i < 50; i++) {
            ms_rtt_sample(&rtt, low + dice_below(&dice, span), usual);
            assert_in_range(rtt.srtt_us, low, low + span + 8);
            assert_true(rtt.rttvar_us <= (low + span) / 2 + span);
            assert_in_range(rtt.timeout_us, usual.min_us, usual.max_us);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_a_second_before_the_first_sample),
        cmocka_unit_test(smooths_as_rfc_6298_says),
        cmocka_unit_test(adds_at_least_the_granularity_of_the_clock),
        cmocka_unit_test(stays_between_the_bounds),
        cmocka_unit_test(takes_a_sample_of_zero_as_the_shortest),
        cmocka_unit_test(does_not_overflow),
        cmocka_unit_test(doubles_up_to_the_bound),
        cmocka_unit_test(forgets_the_back_off_with_the_next_sample),
        cmocka_unit_test(waits_three_seconds_after_a_lost_syn),
        cmocka_unit_test(averages_random_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
