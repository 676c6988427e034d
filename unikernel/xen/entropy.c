/* SPDX-License-Identifier: ISC */
/*
 * A sponge over the permutation of ChaCha20 (RFC 8439, 2.3): 32 bytes of its 64 are mixed with what
 * goes in, or given out; the others never leave it.
 */
#include "entropy.h"

#include <cpuid.h>

#include "memory.h"

enum { RATE_BYTES = 32, DRAWS = 8, TRIES = 32 };

static uint32_t rotate(uint32_t x, unsigned bits) { return x << bits | x >> (32 - bits); }

static void quarter_round(uint32_t *s, const uint8_t at[4])
{
    uint32_t a = s[at[0]], b = s[at[1]], c = s[at[2]], d = s[at[3]];

    a += b;
    d = rotate(d ^ a, 16);
    c += d;
    b = rotate(b ^ c, 12);
    a += b;
    d = rotate(d ^ a, 8);
    c += d;
    b = rotate(b ^ c, 7);
    s[at[0]] = a;
    s[at[1]] = b;
    s[at[2]] = c;
    s[at[3]] = d;
}

static void permute(uint32_t state[16])
{
    static const uint8_t quarters[8][4] = {
        { 0, 4, 8, 12 },  { 1, 5, 9, 13 },  { 2, 6, 10, 14 }, { 3, 7, 11, 15 },
        { 0, 5, 10, 15 }, { 1, 6, 11, 12 }, { 2, 7, 8, 13 },  { 3, 4, 9, 14 },
    };

    /* The permutation leaves a state of nothing as it is; so rounds differ by a constant. */
    for (uint32_t round = 0; round < 10; round++) {
        state[15] ^= 0x9e3779b9 + round;
        for (unsigned i = 0; i < 8; i++)
            quarter_round(state, quarters[i]);
    }
}

void ms_guest_entropy_mix(struct entropy *entropy, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;

    while (len > 0) {
        uint8_t block[RATE_BYTES] = { 0 };
        uint32_t words[RATE_BYTES / 4];
        size_t n = len < RATE_BYTES ? len : RATE_BYTES;

        memcpy(block, from, n);
        memcpy(words, block, sizeof(words));
        for (unsigned i = 0; i < RATE_BYTES / 4; i++)
            entropy->state[i] ^= words[i];
        entropy->state[14] ^= (uint32_t)n;
        permute(entropy->state);
        from += n;
        len -= n;
    }
}

void ms_guest_entropy_take(struct entropy *entropy, uint8_t seed[32])
{
    memcpy(seed, entropy->state, RATE_BYTES);
    /* What was given out is overwritten, so that no later state tells it. */
    memset(entropy->state, 0, RATE_BYTES);
    permute(entropy->state);
}

static bool draw_seed(uint64_t *value)
{
    bool is_there;

    __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(is_there));
    return is_there;
}

static bool draw_random(uint64_t *value)
{
    bool is_there;

    __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(is_there));
    return is_there;
}

/* The processor may have to be asked more than once. */
static bool draw(bool (*source)(uint64_t *value), uint64_t *value)
{
    for (unsigned i = 0; i < TRIES; i++) {
        if (source(value))
            return true;
        __asm__ volatile("pause");
    }
    return false;
}

static bool gather_from(struct entropy *entropy, bool (*source)(uint64_t *value))
{
    uint64_t values[DRAWS];
    bool differ = false;

    for (unsigned i = 0; i < DRAWS; i++) {
        if (!draw(source, &values[i]))
            return false;
        /* Some processors forget how, after they slept, and say the same number for ever. */
        differ = differ || values[i] != values[0];
    }
    ms_guest_entropy_mix(entropy, values, sizeof(values));
    return differ;
}

bool ms_guest_entropy_gather(struct entropy *entropy)
{
    unsigned a, b, c, d;
    bool is_enough = false;

    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_RDSEED))
        is_enough = gather_from(entropy, draw_seed);
    if (__get_cpuid(1, &a, &b, &c, &d) && (c & bit_RDRND))
        is_enough = gather_from(entropy, draw_random) || is_enough;
    return is_enough;
}
