/* SPDX-License-Identifier: ISC */
/* Tests of core/wheel.c: random use against a plain list, and the promises of the header. */
#include "core/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "support/random.h"

enum { TIMERS = 200, OPERATIONS = 100000 };

static const uint64_t FAR_US = UINT64_C(1) << 59;

/* The wheel, and what it should hold. */
struct model {
    struct wheel wheel;
    struct timer timers[TIMERS];
    uint64_t deadlines[TIMERS]; /* UINT64_MAX: not armed */
    uint64_t now_us;
    struct dice dice;
};

static struct model *new_model(uint64_t now_us, uint64_t seed)
{
    struct model *m = calloc(1, sizeof(*m));

    m->now_us = now_us;
    m->dice.state = seed;
    for (unsigned i = 0; i < TIMERS; i++)
        m->deadlines[i] = UINT64_MAX;
    assert_null(ms_wheel_expire(&m->wheel, now_us));
    return m;
}

static void arm(struct model *m, unsigned i, uint64_t deadline_us)
{
    ms_wheel_arm(&m->wheel, &m->timers[i], (enum timer_kind)(i % 8), deadline_us);
    m->deadlines[i] = deadline_us;
}

static void disarm(struct model *m, unsigned i)
{
    ms_wheel_disarm(&m->wheel, &m->timers[i]);
    m->deadlines[i] = UINT64_MAX;
}

static uint64_t first_deadline(const struct model *m)
{
    uint64_t first = UINT64_MAX;

    for (unsigned i = 0; i < TIMERS; i++)
        first = min_u64(first, m->deadlines[i]);
    return first;
}

static void assert_agrees(const struct model *m)
{
    uint64_t first = first_deadline(m), next = ms_wheel_next_deadline(&m->wheel);

    for (unsigned i = 0; i < TIMERS; i++)
        assert_int_equal(ms_timer_is_armed(&m->timers[i]), m->deadlines[i] != UINT64_MAX);
    if (first == UINT64_MAX)
        assert_true(next == UINT64_MAX);
    else if (first > m->now_us)
        assert_true(next > m->now_us && next <= first);
    else
        assert_true(next <= m->now_us);
}

/* Takes one timer, which must be due; -1: none is. */
static int take(struct model *m)
{
    struct timer *timer = ms_wheel_expire(&m->wheel, m->now_us);
    unsigned i;

    if (!timer) {
        assert_true(first_deadline(m) > m->now_us);
        return -1;
    }
    i = (unsigned)(timer - m->timers);
    assert_true(i < TIMERS);
    assert_true(m->deadlines[i] <= m->now_us);
    assert_true(ms_timer_deadline_us(timer) == m->deadlines[i]);
    assert_int_equal(ms_timer_kind(timer), i % 8);
    assert_false(ms_timer_is_armed(timer));
    m->deadlines[i] = UINT64_MAX;
    return (int)i;
}

/* Mostly near, with any number of bits: from 0 to 2^59. */
static uint64_t some_span(struct model *m)
{
    return dice_u64(&m->dice) >> (5 + dice_below(&m->dice, 59));
}

/* Expires all that is due, while the owners arm and disarm what they like. */
static void expire_all(struct model *m)
{
    unsigned taken = 0;
    int i;

    while ((i = take(m)) >= 0) {
        switch (dice_below(&m->dice, 5)) {
        case 0: arm(m, (unsigned)i, min_u64(m->now_us + 1 + some_span(m), FAR_US)); break;
        case 1: disarm(m, dice_below(&m->dice, TIMERS)); break;
        case 2: arm(m, dice_below(&m->dice, TIMERS), m->now_us + 1); break;
        default: break;
        }
        if (++taken > 3 && dice_below(&m->dice, 50) == 0)
            return; /* the caller's patience is at its end */
    }
    assert_agrees(m);
}

static void step(struct model *m)
{
    unsigned i = dice_below(&m->dice, TIMERS);

    switch (dice_below(&m->dice, 10)) {
    case 0: disarm(m, i); break;
    case 1: arm(m, i, m->now_us - min_u64(m->now_us, some_span(m))); break;
    case 2: arm(m, i, some_span(m)); break;
    case 3:
        m->now_us = min_u64(m->now_us + (some_span(m) >> 8), FAR_US);
        expire_all(m);
        break;
    case 4:
        m->now_us = max_u64(m->now_us, min_u64(ms_wheel_next_deadline(&m->wheel), FAR_US));
        expire_all(m);
        break;
    case 5: (void)take(m); break;
    default: arm(m, i, min_u64(m->now_us + some_span(m), FAR_US)); break;
    }
}

static void agrees_with_a_list_in_random_use(void **state)
{
    static const uint64_t starts[] = {
        0, 63, 4095, UINT64_C(0x123456789abcde), (UINT64_C(1) << 36) - 1, UINT64_C(1) << 58
    };

    (void)state;
    for (size_t s = 0; s < MS_ARRAY_LEN(starts); s++) {
        struct model *m = new_model(starts[s], 1 + s);

        for (unsigned i = 0; i < OPERATIONS / MS_ARRAY_LEN(starts) + 1; i++) {
            step(m);
            if (ms_wheel_next_deadline(&m->wheel) > m->now_us)
                assert_agrees(m);
        }
        free(m);
    }
}

static void comes_to_an_end_by_jumping_to_each_next_deadline(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct model *m = new_model(0, 100 + round);
        unsigned taken = 0, jumps = 0;

        m->now_us = some_span(m) / 2;
        assert_null(ms_wheel_expire(&m->wheel, m->now_us));
        for (unsigned i = 0; i < TIMERS; i++)
            arm(m, i, min_u64(m->now_us + some_span(m), FAR_US));
        while (taken < TIMERS) {
            uint64_t next = ms_wheel_next_deadline(&m->wheel);

            assert_true(next >= m->now_us && next != UINT64_MAX);
            m->now_us = next;
            while (take(m) >= 0)
                taken++;
            assert_true(++jumps <= TIMERS * WHEEL_LEVELS);
        }
        assert_true(ms_wheel_next_deadline(&m->wheel) == UINT64_MAX);
        free(m);
    }
}

/* What is waited for in vain grows with the distance, but each wait is a slot's width at most. */
static void wakes_no_earlier_than_the_slot_of_the_first_deadline(void **state)
{
    struct model *m = new_model(1000, 1);

    (void)state;
    for (unsigned bits = 1; bits < 59; bits++) {
        uint64_t after = UINT64_C(1) << bits, next;

        arm(m, 0, m->now_us + after);
        next = ms_wheel_next_deadline(&m->wheel);
        assert_true(next <= m->now_us + after);
        assert_true(m->now_us + after - next < after || after < WHEEL_SLOTS);
        if (m->now_us + after < WHEEL_SLOTS * (m->now_us / WHEEL_SLOTS + 1))
            assert_true(next == m->now_us + after); /* exact within the lowest level */
    }
    free(m);
}

static void fires_in_order_of_deadlines_at_each_microsecond(void **state)
{
    struct model *m = new_model(UINT64_C(1) << 40, 7);
    uint64_t last = 0;

    (void)state;
    for (unsigned i = 0; i < TIMERS; i++)
        arm(m, i, m->now_us + dice_below(&m->dice, 20000));
    m->now_us += 20000; /* all at once: later slots still come later */
    for (unsigned i = 0; i < TIMERS; i++) {
        struct timer *timer = ms_wheel_expire(&m->wheel, m->now_us);

        assert_non_null(timer);
        assert_true(ms_timer_deadline_us(timer) >= last);
        last = ms_timer_deadline_us(timer);
    }
    assert_null(ms_wheel_expire(&m->wheel, m->now_us));
    free(m);
}

static void fires_at_its_deadline_and_not_before(void **state)
{
    static const uint64_t spans[] = {
        1, 62, 63, 64, 65, 4095, 4096, 4097, 1000000, UINT64_C(1) << 36, (UINT64_C(1) << 54) + 1
    };

    (void)state;
    for (size_t s = 0; s < MS_ARRAY_LEN(spans); s++) {
        for (uint64_t start = 0; start < 130; start++) {
            struct model *m = new_model(start, 1);

            arm(m, 3, start + spans[s]);
            m->now_us = start + spans[s] - 1;
            assert_int_equal(take(m), -1);
            m->now_us++;
            assert_int_equal(take(m), 3);
            assert_int_equal(take(m), -1);
            free(m);
        }
    }
}

static void fires_a_deadline_in_the_past_at_once(void **state)
{
    struct model *m = new_model(5000, 1);

    (void)state;
    arm(m, 0, 0);
    arm(m, 1, 5000);
    assert_true(ms_wheel_next_deadline(&m->wheel) <= 5000);
    assert_true(take(m) >= 0);
    assert_true(take(m) >= 0);
    assert_int_equal(take(m), -1);
    free(m);
}

static void forgets_a_timer_that_is_due_but_not_taken(void **state)
{
    struct model *m = new_model(0, 1);

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        arm(m, i, 100); /* all in one slot: taking one leaves four that are due */
    m->now_us = 100;
    assert_true(take(m) >= 0);
    for (unsigned i = 0; i < 5; i++)
        disarm(m, i);
    assert_int_equal(take(m), -1);
    assert_true(ms_wheel_next_deadline(&m->wheel) == UINT64_MAX);
    free(m);
}

static void moves_a_timer_that_is_due_but_not_taken(void **state)
{
    struct model *m = new_model(0, 1);

    (void)state;
    arm(m, 0, 100);
    arm(m, 1, 100);
    m->now_us = 100;
    arm(m, (unsigned)(1 - take(m)), 101);
    assert_int_equal(take(m), -1);
    m->now_us = 101;
    assert_true(take(m) >= 0);
    assert_int_equal(take(m), -1);
    free(m);
}

static void disarms_what_is_not_armed(void **state)
{
    struct model *m = new_model(9, 1);

    (void)state;
    disarm(m, 0);
    arm(m, 0, 10);
    disarm(m, 0);
    disarm(m, 0);
    assert_true(ms_wheel_next_deadline(&m->wheel) == UINT64_MAX);
    free(m);
}

/* So that most calls of ms_wheel_expire() look at one number. */
static void knows_how_long_nothing_begins(void **state)
{
    struct model *m = new_model(1000, 1);

    (void)state;
    assert_true(m->wheel.quiet_until_us == UINT64_MAX);
    for (unsigned i = 0; i < 58; i++) {
        arm(m, i, m->now_us + (FAR_US >> i));
        assert_true(m->wheel.quiet_until_us == ms_wheel_next_deadline(&m->wheel));
    }
    disarm(m, 57);
    m->now_us = m->wheel.quiet_until_us; /* too early now: one look sets it right */
    assert_int_equal(take(m), -1);
    assert_true(m->wheel.quiet_until_us > m->now_us);
    assert_true(m->wheel.quiet_until_us == ms_wheel_next_deadline(&m->wheel));
    free(m);
}

static void keeps_the_farthest_deadline_as_if_for_ever(void **state)
{
    struct model *m = new_model(0, 1);

    (void)state;
    ms_wheel_arm(&m->wheel, &m->timers[0], TIMER_TCP, UINT64_MAX);
    assert_int_equal(ms_timer_kind(&m->timers[0]), TIMER_TCP);
    assert_null(ms_wheel_expire(&m->wheel, FAR_US));
    assert_true(ms_timer_is_armed(&m->timers[0]));
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_list_in_random_use),
        cmocka_unit_test(comes_to_an_end_by_jumping_to_each_next_deadline),
        cmocka_unit_test(wakes_no_earlier_than_the_slot_of_the_first_deadline),
        cmocka_unit_test(fires_in_order_of_deadlines_at_each_microsecond),
        cmocka_unit_test(fires_at_its_deadline_and_not_before),
        cmocka_unit_test(fires_a_deadline_in_the_past_at_once),
        cmocka_unit_test(forgets_a_timer_that_is_due_but_not_taken),
        cmocka_unit_test(moves_a_timer_that_is_due_but_not_taken),
        cmocka_unit_test(disarms_what_is_not_armed),
        cmocka_unit_test(knows_how_long_nothing_begins),
        cmocka_unit_test(keeps_the_farthest_deadline_as_if_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
