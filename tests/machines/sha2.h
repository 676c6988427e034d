/* SPDX-License-Identifier: ISC */
/* SHA-256 for machines that libmd is not built for, with the names of libmd's <sha2.h>. */
#ifndef MACHINES_SHA2_H
#define MACHINES_SHA2_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_BLOCK_BYTES = 64 };

typedef struct {
    uint32_t state[8];
    uint64_t len;                      /* of all that was hashed */
    uint8_t block[SHA256_BLOCK_BYTES]; /* the first len % 64 bytes of it wait for the others */
} SHA2_CTX;

void SHA256Init(SHA2_CTX *hash);
void SHA256Update(SHA2_CTX *hash, const uint8_t *bytes, size_t len);
void SHA256Final(uint8_t digest[SHA256_BYTES], SHA2_CTX *hash);

#endif
