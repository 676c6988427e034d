/* SPDX-License-Identifier: ISC */
/* Randomness: from the processor, mixed with what else differs from one start to the next. */
#ifndef UNIKERNEL_ENTROPY_H
#define UNIKERNEL_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Mixes what is put in, and gives out what cannot be traced back to it: a sponge. */
struct entropy {
    uint32_t state[16];
};

void ms_guest_entropy_mix(struct entropy *entropy, const void *bytes, size_t len);
void ms_guest_entropy_take(struct entropy *entropy, uint8_t seed[32]);

/* Mixes in 256 bits at least of the processor's own. False: it has none, or always the same. */
bool ms_guest_entropy_gather(struct entropy *entropy);

#endif
