/* SPDX-License-Identifier: ISC */
/* Objects of one size, carved from one block. The last one put back is the next one taken. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/assert.h"

struct pool_item {
    struct pool_item *next;
};

struct pool {
    struct pool_item *free;
    uint8_t *base;
    uint32_t size; /* of one object, a multiple of 8 */
    uint32_t count;
    uint32_t fresh; /* objects from here on were never taken */
    uint32_t used;
};

void ms_pool_init(struct pool *pool, struct arena *arena, size_t size, uint32_t count);

/* Takes one that was put back, all but its first pointer as it was then; NULL: there is none. */
static inline void *ms_pool_get_used(struct pool *pool)
{
    struct pool_item *item = pool->free;

    if (MS_UNLIKELY(!item))
        return NULL;
    pool->free = item->next;
    pool->used++;
    return item;
}

/* Takes one, its bytes unspecified; NULL: none is left. */
static inline void *ms_pool_get(struct pool *pool)
{
    void *object = ms_pool_get_used(pool);

    if (MS_UNLIKELY(!object)) {
        if (pool->fresh == pool->count)
            return NULL;
        object = pool->base + (size_t)pool->size * pool->fresh++;
        pool->used++;
    }
    return object;
}

static inline void ms_pool_put(struct pool *pool, void *object)
{
    struct pool_item *item = object;

    MS_ASSERT(pool->used > 0);
    MS_ASSERT((uint8_t *)object >= pool->base);
    item->next = pool->free;
    pool->free = item;
    pool->used--;
}

static inline bool ms_pool_is_empty(const struct pool *pool) { return pool->used == pool->count; }

/* The number of an object, and the object of a number. */
static inline uint32_t ms_pool_index(const struct pool *pool, const void *object)
{
    return (uint32_t)((size_t)((const uint8_t *)object - pool->base) / pool->size);
}

static inline void *ms_pool_at(const struct pool *pool, uint32_t index)
{
    MS_ASSERT(index < pool->count);
    return pool->base + (size_t)pool->size * index;
}

#endif
