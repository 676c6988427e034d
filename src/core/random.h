/* SPDX-License-Identifier: ISC */
/* SipHash-1-3 and what is made from it: hash keys, initial sequence numbers, ports, jitter. */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

/* A stream of numbers that nobody outside can predict: SipHash of a counter. */
struct random {
    struct siphash_key key;
    uint64_t counter;
};

/* Hashes a message of `count` 64-bit words. */
uint64_t ms_siphash(const struct siphash_key *key, const uint64_t *words, size_t count);
void ms_random_init(struct random *random, const uint8_t seed[32]);
/* Mixes more in: what comes after depends on old and new. */
void ms_random_reseed(struct random *random, const uint8_t seed[32]);
uint64_t ms_random_u64(struct random *random);
/* Evenly from 0 to bound - 1; bound is at least 1. */
uint32_t ms_random_below(struct random *random, uint32_t bound);
struct siphash_key ms_random_key(struct random *random);

#endif
