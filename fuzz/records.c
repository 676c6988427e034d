/* SPDX-License-Identifier: ISC */
/*
 * The mutator of inputs that are rows of records: beside libFuzzer's own changes, which know
 * nothing of records, it changes one within its bounds, and puts records in, out, twice and
 * elsewhere. Checksums need no care: the fuzzers that read records make the packets themselves.
 */
#include "harness.h"

#include <string.h>

enum { CHANGES_MAX = 4 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t out_max, unsigned seed);

static uint32_t roll(uint32_t *dice, uint32_t bound)
{
    *dice = *dice * UINT32_C(1664525) + UINT32_C(1013904223);
    return (uint32_t)((uint64_t)*dice * bound >> 32);
}

/* Room for n records at the at-th. */
static void make_gap(uint8_t *data, size_t count, size_t at, size_t n)
{
    memmove(data + (at + n) * RECORD, data + at * RECORD, (count - at) * RECORD);
}

/* Few bits are set in most fields of the records that do something sensible. */
static void put_new(uint8_t *record, uint32_t *dice)
{
    for (unsigned i = 0; i < RECORD; i++) {
        uint32_t byte = roll(dice, 256);

        record[i] = (uint8_t)(i == 0 || roll(dice, 2) ? byte : byte & roll(dice, 256) & 15);
    }
}

static size_t put_in(uint8_t *data, size_t count, size_t most, uint32_t *dice)
{
    size_t at = roll(dice, (uint32_t)count + 1);

    if (count >= most)
        return count;
    make_gap(data, count, at, 1);
    put_new(data + at * RECORD, dice);
    return count + 1;
}

static size_t take_out(uint8_t *data, size_t count, uint32_t *dice)
{
    size_t at = roll(dice, (uint32_t)count);
    size_t n = 1 + roll(dice, (uint32_t)(count - at));

    if (roll(dice, 4))
        n = 1;
    memmove(data + at * RECORD, data + (at + n) * RECORD, (count - at - n) * RECORD);
    return count - n;
}

/* A run of records is there once more, right behind itself or anywhere. */
static size_t repeat(uint8_t *data, size_t count, size_t most, uint32_t *dice)
{
    uint8_t run[16 * RECORD];
    size_t from = roll(dice, (uint32_t)count);
    size_t to = roll(dice, (uint32_t)count + 1);
    size_t n = 1 + roll(dice, (uint32_t)(sizeof(run) / RECORD));

    if (n > count - from)
        n = count - from;
    if (count + n > most)
        return count;
    memcpy(run, data + from * RECORD, n * RECORD);
    make_gap(data, count, to, n);
    memcpy(data + to * RECORD, run, n * RECORD);
    return count + n;
}

static void swap(uint8_t *data, size_t count, uint32_t *dice)
{
    uint8_t *a = data + roll(dice, (uint32_t)count) * RECORD;
    uint8_t *b = data + roll(dice, (uint32_t)count) * RECORD;
    uint8_t kept[RECORD];

    memcpy(kept, a, RECORD);
    memmove(a, b, RECORD);
    memcpy(b, kept, RECORD);
}

/* A bit, a small step up or down, or any other value. */
static void change_byte(uint8_t *byte, uint32_t *dice)
{
    switch (roll(dice, 3)) {
    case 0: *byte = (uint8_t)(*byte ^ 1u << roll(dice, 8)); break;
    case 1: *byte = (uint8_t)(*byte + roll(dice, 9) - 4); break;
    default: *byte = (uint8_t)roll(dice, 256); break;
    }
}

static size_t change(uint8_t *data, size_t count, size_t most, uint32_t *dice)
{
    if (count == 0)
        return put_in(data, count, most, dice);
    switch (roll(dice, 8)) {
    case 0:
    case 1: return put_in(data, count, most, dice);
    case 2: return take_out(data, count, dice);
    case 3: return repeat(data, count, most, dice);
    case 4: swap(data, count, dice); return count;
    case 5:
        LLVMFuzzerMutate(data + roll(dice, (uint32_t)count) * RECORD, RECORD, RECORD);
        return count;
    default: change_byte(data + roll(dice, (uint32_t)(count * RECORD)), dice); return count;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint32_t dice = seed;
    size_t count = size / RECORD, most = max_size / RECORD;

    if (most == 0 || roll(&dice, 8) == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    for (uint32_t left = 1 + roll(&dice, CHANGES_MAX); left > 0; left--)
        count = change(data, count, most, &dice);
    if (count == 0) /* libFuzzer wants no empty input */
        count = put_in(data, count, most, &dice);
    return count * RECORD;
}

/* The first records of one, and the last of the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t out_max, unsigned seed)
{
    uint32_t dice = seed;
    size_t head = roll(&dice, (uint32_t)(a_size / RECORD) + 1) * RECORD;
    size_t tail = roll(&dice, (uint32_t)(b_size / RECORD) + 1) * RECORD;

    if (head > out_max)
        head = out_max / RECORD * RECORD;
    if (tail > out_max - head)
        tail = (out_max - head) / RECORD * RECORD;
    memcpy(out, a, head);
    memcpy(out + head, b + b_size / RECORD * RECORD - tail, tail);
    return head + tail;
}
