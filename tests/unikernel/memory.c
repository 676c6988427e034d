/* SPDX-License-Identifier: ISC */
/* The guest's four functions, under other names, against those of the machine that tests them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define memcpy  guest_memcpy
#define memmove guest_memmove
#define memset  guest_memset
#define memcmp  guest_memcmp
#include "memory.h"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

enum { LEN_MAX = 80, ROOM = 256 };

static uint8_t guests[ROOM], rights[ROOM];

static void fill(void)
{
    for (unsigned i = 0; i < ROOM; i++)
        guests[i] = rights[i] = (uint8_t)(i * 37 + 11);
}

static void copies(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 17; at++) {
        for (unsigned len = 0; len <= LEN_MAX; len++) {
            fill();
            assert_ptr_equal(guest_memcpy(guests + 100 + at, guests + 3, len), guests + 100 + at);
            memcpy(rights + 100 + at, rights + 3, len);
            assert_memory_equal(guests, rights, ROOM);
        }
    }
}

static void moves_over_itself(void **state)
{
    (void)state;
    for (int by = -40; by <= 40; by++) {
        for (unsigned len = 0; len <= LEN_MAX; len++) {
            fill();
            assert_ptr_equal(guest_memmove(guests + 50 + by, guests + 50, len), guests + 50 + by);
            memmove(rights + 50 + by, rights + 50, len);
            assert_memory_equal(guests, rights, ROOM);
        }
    }
}

static void sets(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= LEN_MAX; len++) {
        fill();
        assert_ptr_equal(guest_memset(guests + 5, 0x1a5, len), guests + 5);
        memset(rights + 5, 0xa5, len);
        assert_memory_equal(guests, rights, ROOM);
    }
}

static void compares(void **state)
{
    static const uint8_t a[] = { 1, 2, 3, 200 }, b[] = { 1, 2, 3, 4 };

    (void)state;
    assert_int_equal(guest_memcmp(a, b, 3), 0);
    assert_true(guest_memcmp(a, b, 4) > 0);
    assert_true(guest_memcmp(b, a, 4) < 0);
    assert_int_equal(guest_memcmp(a, b, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies),
        cmocka_unit_test(moves_over_itself),
        cmocka_unit_test(sets),
        cmocka_unit_test(compares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
