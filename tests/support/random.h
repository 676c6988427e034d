/* SPDX-License-Identifier: ISC */
/* Numbers for tests that try many things: the same ones in each run. */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdint.h>

struct dice {
    uint64_t state; /* never 0 */
};

static inline uint64_t dice_u64(struct dice *dice)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* From 0 to bound - 1. */
static inline uint32_t dice_below(struct dice *dice, uint32_t bound)
{
    return (uint32_t)((dice_u64(dice) >> 32) * bound >> 32);
}

#endif
