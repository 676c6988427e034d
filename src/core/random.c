/* SPDX-License-Identifier: ISC */
/* SipHash-1-3 (Aumasson, Bernstein 2012) over 64-bit words, and numbers made with it. */
#include "core/random.h"

#include "core/assert.h"
#include "core/bytes.h"
#include "core/flow.h"

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned bits) { return x << bits | x >> (64 - bits); }

static inline void sip_round(struct sip_state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline struct sip_state sip_begin(const struct siphash_key *key)
{
    return (struct sip_state){
        .v0 = key->k0 ^ 0x736f6d6570736575u,
        .v1 = key->k1 ^ 0x646f72616e646f6du,
        .v2 = key->k0 ^ 0x6c7967656e657261u,
        .v3 = key->k1 ^ 0x7465646279746573u,
    };
}

static inline void sip_word(struct sip_state *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t sip_end(struct sip_state *s)
{
    s->v2 ^= 0xff;
    sip_round(s);
    sip_round(s);
    sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t ms_siphash(const struct siphash_key *key, const uint64_t *words, size_t count)
{
    struct sip_state s = sip_begin(key);

    for (size_t i = 0; i < count; i++)
        sip_word(&s, words[i]);
    sip_word(&s, (uint64_t)count << 59); /* the length in bytes, in the top byte */
    return sip_end(&s);
}

uint64_t ms_flow_hash64(const struct siphash_key *key, const struct flow *flow)
{
    struct sip_state s = sip_begin(key);
    uint64_t ports = (uint64_t)flow->local_port << 16 | flow->remote_port;

    if (addr_is_ipv4(&flow->remote)) {
        sip_word(&s, (uint64_t)load_be32(flow->local.bytes + 12) << 32 |
                         load_be32(flow->remote.bytes + 12));
        sip_word(&s, ports | UINT64_C(12) << 56);
    } else {
        sip_word(&s, load_be64(flow->local.bytes));
        sip_word(&s, load_be64(flow->local.bytes + 8));
        sip_word(&s, load_be64(flow->remote.bytes));
        sip_word(&s, load_be64(flow->remote.bytes + 8));
        sip_word(&s, ports | UINT64_C(36) << 56);
    }
    return sip_end(&s);
}

uint32_t ms_flow_hash(const struct siphash_key *key, const struct flow *flow)
{
    return (uint32_t)ms_flow_hash64(key, flow);
}

void ms_random_init(struct random *random, const uint8_t seed[32])
{
    random->key = (struct siphash_key){ load_be64(seed), load_be64(seed + 8) };
    random->counter = 0;
    ms_random_reseed(random, seed);
}

void ms_random_reseed(struct random *random, const uint8_t seed[32])
{
    uint64_t words[5] = { load_be64(seed), load_be64(seed + 8), load_be64(seed + 16),
                          load_be64(seed + 24), random->counter };
    struct siphash_key old = random->key;

    random->key.k0 = ms_siphash(&old, words, 5);
    words[4] = ~words[4];
    random->key.k1 = ms_siphash(&old, words, 5);
}

uint64_t ms_random_u64(struct random *random)
{
    uint64_t word = random->counter++;

    return ms_siphash(&random->key, &word, 1);
}

uint32_t ms_random_below(struct random *random, uint32_t bound)
{
    MS_ASSERT(bound > 0);
    return (uint32_t)((ms_random_u64(random) >> 32) * bound >> 32);
}

struct siphash_key ms_random_key(struct random *random)
{
    uint64_t k0 = ms_random_u64(random);

    return (struct siphash_key){ k0, ms_random_u64(random) };
}
