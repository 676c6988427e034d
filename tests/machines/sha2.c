/* SPDX-License-Identifier: ISC */
/* FIPS 180-4, 6.2. */
#include <sha2.h>
#include <string.h>

#include "core/bytes.h"

enum { ROUNDS = 64, LEN_AT = SHA256_BLOCK_BYTES - 8 };

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t ROOTS[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turned(uint32_t x, unsigned by) { return x >> by | x << (32 - by); }

static uint32_t scheduled(const uint32_t *w)
{
    uint32_t a = w[-15], b = w[-2];

    a = turned(a, 7) ^ turned(a, 18) ^ a >> 3;
    b = turned(b, 17) ^ turned(b, 19) ^ b >> 10;
    return w[-16] + a + w[-7] + b;
}

static void take_block(SHA2_CTX *hash, const uint8_t *block)
{
    uint32_t w[ROUNDS], s[8];

    for (unsigned i = 0; i < ROUNDS; i++)
        w[i] = i < 16 ? load_be32(block + i * sizeof(w[i])) : scheduled(w + i);
    memcpy(s, hash->state, sizeof(s));
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t chosen = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t major = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t first = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) + chosen +
                         ROOTS[i] + w[i];
        uint32_t second = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) + major;

        memmove(s + 1, s, 7 * sizeof(s[0]));
        s[4] += first;
        s[0] = first + second;
    }
    for (unsigned i = 0; i < 8; i++)
        hash->state[i] += s[i];
}

void SHA256Init(SHA2_CTX *hash)
{
    /* Of the square roots of the first eight primes. */
    *hash = (SHA2_CTX){
        .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                   0x1f83d9ab, 0x5be0cd19 },
    };
}

void SHA256Update(SHA2_CTX *hash, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t at = hash->len % SHA256_BLOCK_BYTES;
        size_t n = len < SHA256_BLOCK_BYTES - at ? len : SHA256_BLOCK_BYTES - at;

        memcpy(hash->block + at, bytes, n);
        hash->len += n;
        bytes += n;
        len -= n;
        if (at + n == SHA256_BLOCK_BYTES)
            take_block(hash, hash->block);
    }
}

void SHA256Final(uint8_t digest[SHA256_BYTES], SHA2_CTX *hash)
{
    static const uint8_t end[SHA256_BLOCK_BYTES] = { 0x80 };
    size_t at = hash->len % SHA256_BLOCK_BYTES;
    uint8_t bits[8];

    store_be64(bits, hash->len * 8);
    SHA256Update(hash, end, at < LEN_AT ? LEN_AT - at : SHA256_BLOCK_BYTES + LEN_AT - at);
    SHA256Update(hash, bits, sizeof(bits));
    for (unsigned i = 0; i < 8; i++)
        store_be32(digest + 4 * i, hash->state[i]);
}
