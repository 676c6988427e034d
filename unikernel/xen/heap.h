/* SPDX-License-Identifier: ISC */
/* The memory that the domain was given beyond what the image takes. It is mapped as it is asked
 * for, and there is no giving back. */
#ifndef UNIKERNEL_HEAP_H
#define UNIKERNEL_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "machine.h"

struct heap {
    const struct machine *machine;
    uint8_t *next;   /* what is given out next */
    uint8_t *mapped; /* may be used up to here */
    uint8_t *end;
};

void ms_guest_heap_init(struct heap *heap, const struct machine *machine);
/* Page-aligned and zero. NULL: none is left. */
void *ms_guest_heap_take(struct heap *heap, size_t bytes);
size_t ms_guest_heap_left(const struct heap *heap);

#endif
