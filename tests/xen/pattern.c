/* SPDX-License-Identifier: ISC */
/* Made once; lent from there, and compared with it. */
#include "pattern.h"

#include "memory.h"
#include "unikernel.h"

static uint8_t *pattern;

/* No byte is 0: the client in dom0 posts a text, which would end there. */
bool pattern_make(void)
{
    uint32_t x = 1;

    pattern = ms_unikernel_memory(PATTERN_BYTES);
    for (unsigned i = 0; pattern && i < PATTERN_BYTES; i++) {
        x = x * 1103515245 + 12345;
        pattern[i] = (uint8_t)(x >> 16 | 1);
    }
    return pattern != NULL;
}

const uint8_t *pattern_from(uint64_t at, uint64_t max, uint32_t *len)
{
    uint64_t from = at % PATTERN_BYTES;
    uint64_t left = PATTERN_BYTES - from;

    *len = (uint32_t)(left < max ? left : max);
    return pattern + from;
}

bool pattern_is(uint64_t at, const uint8_t *data, uint32_t len)
{
    while (len > 0) {
        uint32_t n;
        const uint8_t *right = pattern_from(at, len, &n);

        if (memcmp(data, right, n) != 0)
            return false;
        at += n;
        data += n;
        len -= n;
    }
    return true;
}
