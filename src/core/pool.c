/* SPDX-License-Identifier: ISC */
/* Objects of one size, carved from one block. */
#include "core/pool.h"

void ms_pool_init(struct pool *pool, struct arena *arena, size_t size, uint32_t count)
{
    size = (size + 7) / 8 * 8;
    pool->free = NULL;
    pool->base = ms_arena_take(arena, size * count);
    pool->size = (uint32_t)size;
    pool->count = count;
    pool->fresh = 0;
    pool->used = 0;
}
