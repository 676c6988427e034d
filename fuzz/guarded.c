/* SPDX-License-Identifier: ISC */
/* Buffers of an exact size that end where a page without access begins. */
#define _DEFAULT_SOURCE
#include "guarded.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, ROOM = 2 * PAGE, SLOT = ROOM + PAGE, SLOTS = 512 };

static uint8_t *area;
static bool is_used[SLOTS];
static unsigned in_use, next_slot;

static void open_area(void)
{
    area = mmap(NULL, (size_t)SLOT * SLOTS, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED)
        abort();
    for (size_t i = 0; i < SLOTS; i++) {
        if (mprotect(area + i * SLOT + ROOM, PAGE, PROT_NONE) != 0)
            abort();
    }
}

uint8_t *guarded_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *at;

    if (!area)
        open_area();
    if (len > ROOM || in_use == SLOTS)
        abort();
    while (is_used[next_slot % SLOTS])
        next_slot++;
    is_used[next_slot % SLOTS] = true;
    in_use++;
    at = area + (size_t)(next_slot++ % SLOTS) * SLOT + ROOM - len;
    memcpy(at, bytes, len);
    return at;
}

void guarded_free(const uint8_t *copy)
{
    if (!copy)
        return;
    is_used[(size_t)(copy - area) / SLOT] = false;
    in_use--;
}

unsigned guarded_in_use(void) { return in_use; }
