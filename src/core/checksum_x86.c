/* SPDX-License-Identifier: ISC */
/* The Internet checksum with AVX2, and whether this processor has it. */
#include <cpuid.h>
#include <immintrin.h>
#include <stdbool.h>

#include "core/checksum.h"

/*
 * Two additions for 32 bytes; the carries they lose are found again. Let X be the exact sum of all
 * 32-bit words, W = 2^32. When each word has been added to 64-bit lanes once as the lower half and
 * once as the upper half, then, modulo W^2, the lanes together are S = X + W X, so that
 * X = S - W S, since (1 + W)(1 - W) = 1 - W^2. X itself is less than W^2, so it is known exactly.
 *
 * A vector read at p and another at p + 4 bring in each word in both halves, but for the very first
 * word, which is never an upper half, and the word behind the last vector, which is one upper half
 * more. The last 4 to 32 bytes make a vector by themselves, added as it is and with halves swapped.
 */

#define AVX2 __attribute__((target("avx2")))

struct sums {
    __m256i at_0, at_4; /* two, so that one addition need not wait for the other */
};

/* Eight words from the n-th on keep the last n of a vector; from n before the 16th, the first n. */
static const uint32_t MASKS[24] = { [8] = ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u };

AVX2 static inline __m256i load(const void *p) { return _mm256_loadu_si256(p); }

/* Each word once in either half. */
AVX2 static inline struct sums sums_of(__m256i words)
{
    return (struct sums){ .at_0 = words, .at_4 = _mm256_shuffle_epi32(words, 0xb1) };
}

/* Begins with the last n words of the data, 1 to 8, though 32 bytes before its end are read. */
AVX2 static inline struct sums sums_of_last(const uint8_t *end, size_t n)
{
    return sums_of(_mm256_and_si256(load(end - 32), load(MASKS + n)));
}

/* The empty assembly stops a compiler from regrouping the additions, which would cost loads. */
AVX2 static inline void sums_add(struct sums *s, const uint8_t *p)
{
    s->at_0 = _mm256_add_epi64(s->at_0, load(p));
    s->at_4 = _mm256_add_epi64(s->at_4, load(p + 4));
    __asm__("" : "+x"(s->at_0), "+x"(s->at_4));
}

AVX2 static inline void sums_add_4(struct sums *s, const uint8_t *p)
{
    sums_add(s, p);
    sums_add(s, p + 32);
    sums_add(s, p + 64);
    sums_add(s, p + 96);
}

/* X, folded to 32 bits, from the first word and the one behind the last vector. */
AVX2 static inline uint32_t sums_end(struct sums s, uint64_t first, uint64_t behind)
{
    __m256i four = _mm256_add_epi64(s.at_0, s.at_4);
    __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
    __m128i one = _mm_add_epi64(two, _mm_unpackhi_epi64(two, two));
    uint32_t lower = (uint32_t)_mm_cvtsi128_si32(one);
    uint32_t upper = (uint32_t)_mm_extract_epi32(one, 1) - lower;
    uint32_t sum;

    upper += (uint32_t)(first - behind);
    sum = lower + upper;
    return sum + (sum < lower);
}

/* At most eight words. What a mask leaves out is not read. */
AVX2 static inline uint32_t sum_few_words(const uint8_t *data, size_t n)
{
    __m256i words = _mm256_maskload_epi32((const int *)(const void *)data, load(MASKS + 16 - n));

    return sums_end(sums_of(words), 0, 0);
}

/* More than eight words. */
AVX2 static inline uint32_t sum_many_words(const uint8_t *data, size_t n)
{
    struct sums s = sums_of_last(data + 4 * n, (n - 1) % 8 + 1);
    const uint8_t *p = data;
    size_t vectors = (n - 1) / 8;

    for (; vectors >= 16; vectors -= 16, p += 512) {
        sums_add_4(&s, p);
        sums_add_4(&s, p + 128);
        sums_add_4(&s, p + 256);
        sums_add_4(&s, p + 384);
    }
    for (; vectors >= 4; vectors -= 4, p += 128)
        sums_add_4(&s, p);
    for (; vectors > 0; vectors--, p += 32)
        sums_add(&s, p);
    return sums_end(s, checksum_word(data), checksum_word(p));
}

/* Out of line, as the next, to keep the usual way free of what these two need. */
AVX2 __attribute__((noinline)) static uint32_t sum_words(const uint8_t *data, size_t n)
{
    return n <= 8 ? sum_few_words(data, n) : sum_many_words(data, n);
}

__attribute__((noinline)) static uint32_t sum_ragged(const uint8_t *data, size_t len)
{
    size_t whole = len - len % 4;
    uint64_t sum = sum_words(data, whole / 4);

    sum += ms_checksum_scalar(data + whole, len - whole);
    return (uint32_t)(sum + (sum >> 32));
}

enum {
    VECTORS_MAX = 47, /* what the switch below can do at once: an Ethernet packet, and no loop */
    WORDS_MIN = 9,
    WORDS_MAX = 8 * VECTORS_MAX + 8,
};

/* A switch entered at n - 1 falls through n of these, and so adds n vectors. */
#define STEP(n)                                         \
    case (n)-1:                                         \
        sums_add(&s, data + sizeof(__m256i) * ((n)-1)); \
        __attribute__((fallthrough))
#define STEP_5(n) \
    STEP(n);      \
    STEP((n)-1);  \
    STEP((n)-2);  \
    STEP((n)-3);  \
    STEP((n)-4)

AVX2 static uint32_t sum_avx2(const uint8_t *data, size_t len)
{
    /* Nine words are the least: one vector and the word behind. Odd bytes end up on top. */
    size_t more = len - sizeof(uint32_t) * WORDS_MIN;
    size_t words = more >> 2 | more << (sizeof(more) * 8 - 2);
    struct sums s;

    if (words > WORDS_MAX - WORDS_MIN)
        return len % 4 ? sum_ragged(data, len) : sum_words(data, len / 4);
    s = sums_of_last(data + len, words % 8 + 1);
    __asm__("" : "+r"(words)); /* to a compiler that knows its range, the default is case 0 */
    switch (words / 8) {
        STEP(47);
        STEP_5(46);
        STEP_5(41);
        STEP_5(36);
        STEP_5(31);
        STEP_5(26);
        STEP_5(21);
        STEP_5(16);
        STEP_5(11);
        STEP_5(6);
    case 0: sums_add(&s, data); break;
    default: __builtin_unreachable();
    }
    return sums_end(s, checksum_word(data), checksum_word(data + words / 8 * 32 + 32));
}

/* That the processor has AVX2, and that the system saves its registers. */
static bool has_avx2(void)
{
    enum { SAVES_XMM_AND_YMM = 6 };
    unsigned a, b, c, d, saved, saved_high;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
        return false;
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(saved_high) : "c"(0));
    if ((saved & SAVES_XMM_AND_YMM) != SAVES_XMM_AND_YMM)
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}

ms_checksum_fn *ms_checksum_pick(void) { return has_avx2() ? sum_avx2 : ms_checksum_scalar; }
