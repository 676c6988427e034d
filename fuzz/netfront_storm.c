/* SPDX-License-Identifier: ISC */
/*
 * The same worlds as fuzz_netfront's, but by dice: netfront_storm SEED OPERATIONS lets backends do
 * harm until so many requests and responses have gone through the rings. The same numbers always do
 * the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "netfront_world.h"

enum { STEPS = 2000, WORLDS_A_LINE = 1000 };

int main(int argc, char **argv)
{
    struct totals totals = { .worlds = 0 };
    uint64_t seed, operations;

    if (argc != 3) {
        fprintf(stderr, "usage: netfront_storm SEED OPERATIONS\n");
        return 2;
    }
    seed = strtoull(argv[1], NULL, 10);
    operations = strtoull(argv[2], NULL, 10);
    while (world_ring_operations(&totals) < operations) {
        /* Never 0, and far apart. */
        uint64_t dice = (seed + totals.worlds) * UINT64_C(0x9e3779b97f4a7c15) | 1;

        world_live((struct source){ .dice = dice }, STEPS, &totals);
        if (totals.worlds % WORLDS_A_LINE == 0)
            fprintf(stderr, "%" PRIu64 " worlds, %" PRIu64 " ring operations\n", totals.worlds,
                    world_ring_operations(&totals));
    }
    world_print(&totals);
    return 0;
}
