/* SPDX-License-Identifier: ISC */
/* The Internet checksum, eight bytes at a time, on any processor. */
#include "core/checksum.h"

#include "core/assert.h"

/* Adds with the carry brought round. The empty assembly keeps compilers from regrouping sums. */
static inline uint64_t add_around(uint64_t a, uint64_t b)
{
    a += b;
    a += a < b;
    __asm__("" : "+r"(a));
    return a;
}

static inline uint64_t load_quad(const uint8_t *p)
{
    uint64_t quad;

    __builtin_memcpy(&quad, p, sizeof(quad));
    return quad;
}

/* The last 0 to 7 bytes. */
static uint64_t sum_rest(const uint8_t *p, size_t len)
{
    uint8_t last[2] = { 0, 0 };
    uint16_t word;
    uint64_t sum = 0;

    if (len & 4) {
        sum = checksum_word(p);
        p += 4;
    }
    if (len & 2) {
        __builtin_memcpy(&word, p, sizeof(word));
        sum += word;
        p += 2;
    }
    if (len & 1) {
        last[0] = *p;
        __builtin_memcpy(&word, last, sizeof(word));
        sum += word;
    }
    return sum;
}

uint32_t ms_checksum_scalar(const uint8_t *data, size_t len)
{
    uint64_t sum = 0;

    for (; len >= 32 && !MS_IS_SMALL; len -= 32, data += 32) {
        sum = add_around(sum, load_quad(data));
        sum = add_around(sum, load_quad(data + 8));
        sum = add_around(sum, load_quad(data + 16));
        sum = add_around(sum, load_quad(data + 24));
    }
    for (; len >= 8; len -= 8, data += 8)
        sum = add_around(sum, load_quad(data));
    sum = add_around(sum, sum_rest(data, len));
    return (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
}
