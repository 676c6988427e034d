/* SPDX-License-Identifier: ISC */
/* Memory from the front to the back. Page tables for what comes next are taken from it too. */
#include "heap.h"

#include "memory.h"

/* What is always mapped ahead: one new table of each level. */
enum { SPARE_BYTES = 4 * PAGE_BYTES };

void ms_guest_heap_init(struct heap *heap, const struct machine *machine)
{
    *heap = (struct heap){
        .machine = machine,
        .next = machine->free_start,
        .mapped = machine->mapped_end,
        .end = machine->free_end,
    };
}

static bool map_ahead(struct heap *heap, size_t bytes)
{
    while (heap->mapped < heap->end && (size_t)(heap->mapped - heap->next) < bytes + SPARE_BYTES)
        if (!ms_guest_map_more(heap->machine, &heap->mapped, &heap->next))
            return false;
    return true;
}

void *ms_guest_heap_take(struct heap *heap, size_t bytes)
{
    void *memory;

    if (bytes == 0 || bytes > ms_guest_heap_left(heap))
        return NULL;
    bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (!map_ahead(heap, bytes) || bytes > ms_guest_heap_left(heap))
        return NULL;
    memory = heap->next;
    heap->next += bytes;
    return memset(memory, 0, bytes);
}

size_t ms_guest_heap_left(const struct heap *heap) { return (size_t)(heap->end - heap->next); }
