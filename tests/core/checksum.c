/* SPDX-License-Identifier: ISC */
/* Tests of core/checksum.h: each implementation against a slow one, and nothing read outside. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/checksum.h"

enum {
    SIZE = 1 << 18,
    ALIGNMENTS = 32,
    SHORT_MAX = 2100, /* more than an Ethernet packet, and than the vector code does in one go */
    PAGE = 4096,
};

static uint8_t memory[SIZE];

/* What fills the memory; the words of the last two make carries at every place. */
enum pattern { RANDOM, ZEROS, ONES, NEARLY_ONES, CARRIES, PATTERNS };

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static uint8_t pattern_byte(enum pattern pattern, uint32_t *state)
{
    uint32_t random = next_random(state);

    switch (pattern) {
    case RANDOM: return (uint8_t)(random >> 11);
    case ZEROS: return 0;
    case ONES: return 0xff;
    case NEARLY_ONES: return random >> 26 ? 0xff : (uint8_t)(random >> 11);
    default: return random >> 28 & 1 ? 0xff : (uint8_t)(random >> 27 & 1);
    }
}

static void fill(enum pattern pattern)
{
    uint32_t state = 2463534242u;

    for (size_t i = 0; i < SIZE; i++)
        memory[i] = pattern_byte(pattern, &state);
}

/* RFC 1071 by the letter: words of two bytes, in network order; the result as it lies in memory. */
static uint16_t slow_sum(const uint8_t *data, size_t len)
{
    uint64_t sum = 0;
    uint16_t in_memory;
    uint8_t bytes[2];

    for (size_t i = 0; i < len; i++)
        sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    store_be16(bytes, (uint16_t)sum);
    memcpy(&in_memory, bytes, sizeof(in_memory));
    return in_memory;
}

static void expect_sum(ms_checksum_fn *sum, const uint8_t *data, size_t len)
{
    if (ms_checksum_fold(sum(data, len)) != slow_sum(data, len))
        fail_msg("wrong sum of %zu bytes at alignment %zu", len, (size_t)((uintptr_t)data % 64));
}

static void expect_sums_of_every_length(ms_checksum_fn *sum)
{
    for (enum pattern pattern = 0; pattern < PATTERNS; pattern++) {
        fill(pattern);
        for (size_t at = 0; at < ALIGNMENTS; at++)
            for (size_t len = 0; len <= SHORT_MAX; len++)
                expect_sum(sum, memory + at, len);
    }
}

static void expect_sums_of_long_data(ms_checksum_fn *sum)
{
    for (enum pattern pattern = 0; pattern < PATTERNS; pattern++) {
        fill(pattern);
        for (size_t len = 8900; len < 9000; len++)
            expect_sum(sum, memory + 2, len);
        for (size_t len = 65400; len < 65700; len++)
            expect_sum(sum, memory + 6, len);
        expect_sum(sum, memory, SIZE);
        expect_sum(sum, memory + 1, SIZE - 1);
    }
}

/* The result is exact, so a single set bit must show, wherever it is. */
static void expect_every_bit_counts(ms_checksum_fn *sum, size_t len)
{
    fill(ZEROS);
    for (size_t i = 0; i < len; i++) {
        memory[i] = 0x10;
        expect_sum(sum, memory, len);
        memory[i] = 0;
    }
}

/* Data between two pages that fault: the last byte before one, and the first behind one. */
static void expect_nothing_read_outside(ms_checksum_fn *sum)
{
    uint8_t *pages =
        mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *begin = pages + PAGE;
    uint8_t *end = begin + 2 * PAGE;

    assert_ptr_not_equal(pages, MAP_FAILED);
    fill(RANDOM);
    memcpy(begin, memory, 2 * PAGE);
    assert_int_equal(mprotect(pages, PAGE, PROT_NONE), 0);
    assert_int_equal(mprotect(end, PAGE, PROT_NONE), 0);
    for (size_t len = 0; len <= SHORT_MAX; len++) {
        expect_sum(sum, begin, len);
        expect_sum(sum, end - len, len);
    }
    expect_sum(sum, begin, 2 * PAGE);
    munmap(pages, 4 * PAGE);
}

static void scalar_sums_every_length_at_every_alignment(void **state)
{
    (void)state;
    expect_sums_of_every_length(ms_checksum_scalar);
}

static void picked_sums_every_length_at_every_alignment(void **state)
{
    (void)state;
    expect_sums_of_every_length(ms_checksum_pick());
}

static void scalar_sums_long_data(void **state)
{
    (void)state;
    expect_sums_of_long_data(ms_checksum_scalar);
}

static void picked_sums_long_data(void **state)
{
    (void)state;
    expect_sums_of_long_data(ms_checksum_pick());
}

static void every_bit_counts(void **state)
{
    static const size_t lens[] = { 31, 32, 35, 36, 40, 1460, 1536, 1540, 2050 };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(lens); i++) {
        expect_every_bit_counts(ms_checksum_scalar, lens[i]);
        expect_every_bit_counts(ms_checksum_pick(), lens[i]);
    }
}

static void reads_nothing_outside(void **state)
{
    (void)state;
    expect_nothing_read_outside(ms_checksum_scalar);
    expect_nothing_read_outside(ms_checksum_pick());
}

static void picks_vectors_when_the_processor_has_them(void **state)
{
    bool has_vectors = false;

    (void)state;
#ifdef __x86_64__
    has_vectors = __builtin_cpu_supports("avx2");
#endif
    assert_int_equal(ms_checksum_pick() != ms_checksum_scalar, has_vectors);
}

static void only_zeros_sum_to_zero(void **state)
{
    static const uint8_t minus_zero[64] = { [20] = 0xff, [21] = 0xff };
    static const uint8_t zero[64];

    (void)state;
    assert_int_equal(ms_checksum_fold(ms_checksum_scalar(minus_zero, 64)), 0xffff);
    assert_int_equal(ms_checksum_fold(ms_checksum_pick()(minus_zero, 64)), 0xffff);
    assert_int_equal(ms_checksum_fold(ms_checksum_scalar(zero, 64)), 0);
    assert_int_equal(ms_checksum_fold(ms_checksum_pick()(zero, 64)), 0);
}

/* 2^33 - 1: its upper 32 bits added to its lower give one more carry. */
static void brings_the_last_carry_round(void **state)
{
    static const uint8_t few[12] = { 255, 255, 255, 255, 255, 255, 255, 255, 1 };
    static const uint8_t many[64] = { 255, 255, 255, 255, 255, 255, 255, 255, [40] = 1 };

    (void)state;
    expect_sum(ms_checksum_scalar, few, sizeof(few));
    expect_sum(ms_checksum_pick(), few, sizeof(few));
    expect_sum(ms_checksum_scalar, many, sizeof(many));
    expect_sum(ms_checksum_pick(), many, sizeof(many));
}

static void folds_any_sum(void **state)
{
    uint32_t random = 1;

    (void)state;
    assert_int_equal(ms_checksum_fold(0), 0);
    assert_int_equal(ms_checksum_fold(0xffff), 0xffff);
    assert_int_equal(ms_checksum_fold(0x10000), 1);
    assert_int_equal(ms_checksum_fold(UINT32_MAX), 0xffff);
    assert_int_equal(ms_checksum_fold(UINT64_MAX), 0xffff);
    assert_int_equal(ms_checksum_fold(UINT64_MAX - 1), 0xfffe);
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t sum = (uint64_t)next_random(&random) << 32;

        sum |= next_random(&random);
        assert_int_equal(ms_checksum_fold(sum) % 0xffff, sum % 0xffff);
    }
}

static void header_of_rfc_1071_gives_its_checksum(void **state)
{
    /* RFC 1071, section 3: the sum of these bytes is ddf2. */
    static const uint8_t bytes[8] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    uint16_t sum = ms_checksum_fold(ms_checksum_scalar(bytes, sizeof(bytes)));
    uint16_t checksum = ms_checksum_finish(ms_checksum_scalar(bytes, sizeof(bytes)));
    uint8_t stored[2];

    (void)state;
    memcpy(stored, &sum, sizeof(sum));
    assert_int_equal(load_be16(stored), 0xddf2);
    memcpy(stored, &checksum, sizeof(checksum));
    assert_int_equal(load_be16(stored), 0x220d);
}

static void short_headers_sum_inline(void **state)
{
    (void)state;
    for (enum pattern pattern = 0; pattern < PATTERNS; pattern++) {
        fill(pattern);
        for (uint32_t len = 20; len <= 60; len += 4)
            assert_int_equal(ms_checksum_fold(ms_checksum_header(memory + 2, len)),
                             slow_sum(memory + 2, len));
    }
}

/* Cuts at two places, so that a piece may begin and end anywhere. */
static void pieces_cut_anywhere_sum_as_the_whole(void **state)
{
    enum { LEN = 150 };
    ms_checksum_fn *sum = ms_checksum_pick();

    (void)state;
    fill(RANDOM);
    for (size_t a = 0; a <= LEN; a++) {
        for (size_t b = a; b <= LEN; b++) {
            uint32_t second = sum(memory + a, b - a);
            uint32_t third = sum(memory + b, LEN - b);
            uint64_t all = sum(memory, a);

            all += a & 1 ? ms_checksum_at_odd(second) : second;
            all += b & 1 ? ms_checksum_at_odd(third) : third;
            assert_int_equal(ms_checksum_fold(all), slow_sum(memory, LEN));
        }
    }
}

static void update_equals_a_new_checksum(void **state)
{
    uint8_t header[20];
    uint32_t random = 77;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        uint16_t checksum, before16, after16 = (uint16_t)(next_random(&random) >> 8);
        uint32_t before32, after32 = next_random(&random);

        for (size_t k = 0; k < sizeof(header); k++)
            header[k] = (uint8_t)(next_random(&random) >> 9);
        checksum = ms_checksum_finish(ms_checksum_header(header, sizeof(header)));
        memcpy(&before16, header + 8, 2);
        memcpy(&before32, header + 12, 4);
        memcpy(header + 8, &after16, 2);
        checksum = ms_checksum_update16(checksum, before16, after16);
        assert_int_equal(checksum, ms_checksum_finish(ms_checksum_header(header, 20)));
        memcpy(header + 12, &after32, 4);
        checksum = ms_checksum_update32(checksum, before32, after32);
        assert_int_equal(checksum, ms_checksum_finish(ms_checksum_header(header, 20)));
    }
}

/* RFC 1624, section 4: the case that the equation of RFC 1141 gets wrong. */
static void update_gives_the_zero_of_rfc_1624(void **state)
{
    uint8_t bytes[6] = { 0xdd, 0x2f, 0x55, 0x55, 0x32, 0x85 };
    uint16_t word[3];

    (void)state;
    memcpy(word, bytes, sizeof(word));
    assert_int_equal(ms_checksum_update16(word[0], word[1], word[2]), 0);
}

static void pseudo_header_sums_as_its_bytes(void **state)
{
    static const uint32_t lens[] = { 0, 20, 255, 256, 1480, 65535, 65536, 0xfffffff0u };
    uint8_t header[40] = { 0 };

    (void)state;
    fill(RANDOM);
    memcpy(header, memory, 32);
    for (size_t i = 0; i < MS_ARRAY_LEN(lens); i++) {
        for (unsigned protocol = 0; protocol < 256; protocol++) {
            uint64_t sum = ms_checksum_pseudo_ipv6(memory, memory + 16, (uint8_t)protocol, lens[i]);

            store_be32(header + 32, lens[i]);
            header[39] = (uint8_t)protocol;
            assert_int_equal(ms_checksum_fold(sum), slow_sum(header, 40));
            sum = ms_checksum_pseudo_ipv4(memory + 24, memory + 28, (uint8_t)protocol, lens[i]);
            assert_int_equal(ms_checksum_fold(sum), slow_sum(header + 24, 16));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalar_sums_every_length_at_every_alignment),
        cmocka_unit_test(picked_sums_every_length_at_every_alignment),
        cmocka_unit_test(scalar_sums_long_data),
        cmocka_unit_test(picked_sums_long_data),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(reads_nothing_outside),
        cmocka_unit_test(picks_vectors_when_the_processor_has_them),
        cmocka_unit_test(only_zeros_sum_to_zero),
        cmocka_unit_test(brings_the_last_carry_round),
        cmocka_unit_test(folds_any_sum),
        cmocka_unit_test(header_of_rfc_1071_gives_its_checksum),
        cmocka_unit_test(short_headers_sum_inline),
        cmocka_unit_test(pieces_cut_anywhere_sum_as_the_whole),
        cmocka_unit_test(update_equals_a_new_checksum),
        cmocka_unit_test(update_gives_the_zero_of_rfc_1624),
        cmocka_unit_test(pseudo_header_sums_as_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
