/* SPDX-License-Identifier: ISC */
/*
 * `machine FIRST COUNT` plays worlds and prints the SHA-256 of each. It asks of its machine a C
 * library and no system, and so runs on a bare one (script/machines).
 */
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "worlds/world.h"

/* FIPS 180-4 gives the digest of these three bytes. */
static bool is_sha_right(void)
{
    static const uint8_t right[SHA256_BYTES] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    uint8_t digest[SHA256_BYTES];
    SHA2_CTX hash;

    SHA256Init(&hash);
    SHA256Update(&hash, (const uint8_t *)"abc", 3);
    SHA256Final(digest, &hash);
    return memcmp(digest, right, sizeof(right)) == 0;
}

/* Says whether all was well in it. */
static bool play(uint64_t seed)
{
    static const struct smaller whole;
    static struct plan plan;
    static struct outcome outcome;

    plan_make(&plan, seed, &whole);
    world_run(&plan, NULL, &outcome);
    printf("%llu ", (unsigned long long)seed);
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        printf("%02x", outcome.digest[i]);
    printf("%s%s\n", outcome.has_failed ? " fails " : "", outcome.fault);
    return !outcome.has_failed;
}

int main(int argc, char **argv)
{
    unsigned long long first = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
    unsigned long long count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    bool is_well = count > 0;

    if (!is_sha_right()) {
        puts("SHA-256 is wrong");
        return EXIT_FAILURE;
    }
    for (unsigned long long i = 0; i < count; i++)
        is_well = play(first + i) && is_well;
    return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
