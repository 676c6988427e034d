/* SPDX-License-Identifier: ISC */
/* The one block of memory, handed out once while the stack is built. */
#include "core/arena.h"

#include "core/bytes.h"

void *ms_arena_take(struct arena *arena, size_t size)
{
    uint8_t *at = arena->base ? arena->base + arena->used : NULL;

    arena->used += (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (at)
        memset(at, 0, size);
    return at;
}
