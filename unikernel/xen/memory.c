/* SPDX-License-Identifier: ISC */
/* The four functions of memory.h: vectors of 16 while there are so many, then bytes. */
#include "memory.h"

#include <stdint.h>

enum { VECTOR_BYTES = 16 };
typedef uint64_t vector __attribute__((vector_size(VECTOR_BYTES), aligned(1), may_alias));

/* Each piece read before it is written: also right when `to` is a little below `from`. */
static void copy_forward(uint8_t *to, const uint8_t *from, size_t len)
{
    for (; len >= VECTOR_BYTES; len -= VECTOR_BYTES) {
        *(vector *)(void *)to = *(const vector *)(const void *)from;
        to += VECTOR_BYTES;
        from += VECTOR_BYTES;
    }
    for (; len > 0; len--)
        *to++ = *from++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    copy_forward(to, from, len);
    return to;
}

void *memmove(void *to, const void *from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((uintptr_t)t - (uintptr_t)f >= len) {
        copy_forward(t, f, len);
        return to;
    }
    while (len >= VECTOR_BYTES) {
        len -= VECTOR_BYTES;
        *(vector *)(void *)(t + len) = *(const vector *)(const void *)(f + len);
    }
    while (len > 0) {
        len--;
        t[len] = f[len];
    }
    return to;
}

void *memset(void *to, int value, size_t len)
{
    uint8_t *t = to;
    uint64_t word = (uint8_t)value * UINT64_C(0x0101010101010101);

    for (; len >= VECTOR_BYTES; len -= VECTOR_BYTES) {
        *(vector *)(void *)t = (vector){ word, word };
        t += VECTOR_BYTES;
    }
    for (; len > 0; len--)
        *t++ = (uint8_t)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;

    for (; len > 0; len--, x++, y++)
        if (*x != *y)
            return *x < *y ? -1 : 1;
    return 0;
}
