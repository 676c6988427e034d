/* SPDX-License-Identifier: ISC */
/* Bytes decide what a Xen backend does to the frontend. What went through the rings is printed. */
#include <stdlib.h>

#include "netfront_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 400 };

static struct totals totals;

static void print_totals(void) { world_print(&totals); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (totals.worlds == 0)
        (void)atexit(print_totals);
    world_live((struct source){ .data = data, .size = size }, STEPS_MAX, &totals);
    return 0;
}
