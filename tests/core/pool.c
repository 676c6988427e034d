/* SPDX-License-Identifier: ISC */
/* Tests of core/pool.c. */
#include "core/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "support/random.h"

enum { COUNT = 50, OBJECT_SIZE = 13, MEMORY = 64 * 64 };

static uint8_t memory[MEMORY];

static struct pool make_pool(size_t size, uint32_t count)
{
    struct arena arena = { .base = memory };
    struct pool pool;

    ms_pool_init(&pool, &arena, size, count);
    assert_true(arena.used <= MEMORY);
    return pool;
}

static void gives_as_many_as_it_has(void **state)
{
    struct pool pool = make_pool(OBJECT_SIZE, COUNT);
    void *objects[COUNT];

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            assert_false(ms_pool_is_empty(&pool));
            objects[i] = ms_pool_get(&pool);
            assert_non_null(objects[i]);
            assert_int_equal((uintptr_t)objects[i] % 8, (uintptr_t)memory % 8);
        }
        assert_true(ms_pool_is_empty(&pool));
        assert_null(ms_pool_get(&pool));
        assert_null(ms_pool_get(&pool));
        for (unsigned i = 0; i < COUNT; i++)
            ms_pool_put(&pool, objects[(i * 7) % COUNT]);
        assert_int_equal(pool.used, 0);
    }
}

static void gives_none_when_it_has_none(void **state)
{
    struct pool pool = make_pool(OBJECT_SIZE, 0);

    (void)state;
    assert_true(ms_pool_is_empty(&pool));
    assert_null(ms_pool_get(&pool));
}

static void gives_the_last_one_put_back_first(void **state)
{
    struct pool pool = make_pool(OBJECT_SIZE, COUNT);
    void *a = ms_pool_get(&pool), *b = ms_pool_get(&pool);

    (void)state;
    ms_pool_put(&pool, a);
    ms_pool_put(&pool, b);
    assert_ptr_equal(ms_pool_get(&pool), b);
    assert_ptr_equal(ms_pool_get(&pool), a);
}

static void numbers_its_objects(void **state)
{
    struct pool pool = make_pool(OBJECT_SIZE, COUNT);

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        void *object = ms_pool_get(&pool);

        assert_int_equal(ms_pool_index(&pool, object), i);
        assert_ptr_equal(ms_pool_at(&pool, i), object);
    }
}

static void keeps_objects_apart_in_random_use(void **state)
{
    struct pool pool = make_pool(OBJECT_SIZE, COUNT);
    uint8_t *held[COUNT] = { NULL };
    struct dice dice = { 5 };

    (void)state;
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = dice_below(&dice, COUNT);

        if (!held[i]) {
            held[i] = ms_pool_get(&pool);
            assert_non_null(held[i]);
            memset(held[i], (int)i, OBJECT_SIZE);
        } else {
            for (unsigned j = 0; j < OBJECT_SIZE; j++)
                assert_int_equal(held[i][j], i);
            ms_pool_put(&pool, held[i]);
            held[i] = NULL;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_as_many_as_it_has),
        cmocka_unit_test(gives_none_when_it_has_none),
        cmocka_unit_test(gives_the_last_one_put_back_first),
        cmocka_unit_test(numbers_its_objects),
        cmocka_unit_test(keeps_objects_apart_in_random_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
