/* SPDX-License-Identifier: ISC */
/* Tests of core/arena.c. */
#include "core/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"

static const size_t sizes[] = { 1, 63, 64, 65, 0, 1000, 7 };

static void measures_what_it_will_take(void **state)
{
    static uint8_t memory[4096];
    struct arena measure = { 0 }, arena = { .base = memory };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(sizes); i++) {
        assert_null(ms_arena_take(&measure, sizes[i]));
        assert_non_null(ms_arena_take(&arena, sizes[i]));
        assert_int_equal(arena.used, measure.used);
    }
}

static void gives_zeroed_memory_that_does_not_overlap(void **state)
{
    static uint8_t memory[4096];
    struct arena arena = { .base = memory };
    uint8_t *end = memory;

    (void)state;
    memset(memory, 0xee, sizeof(memory));
    for (size_t i = 0; i < MS_ARRAY_LEN(sizes); i++) {
        uint8_t *at = ms_arena_take(&arena, sizes[i]);

        assert_true(at >= end);
        assert_int_equal((size_t)(at - memory) % ARENA_ALIGN, 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(at[j], 0);
        memset(at, 0xdd, sizes[i]);
        end = at + sizes[i];
        assert_true(end <= memory + arena.used);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_what_it_will_take),
        cmocka_unit_test(gives_zeroed_memory_that_does_not_overlap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
