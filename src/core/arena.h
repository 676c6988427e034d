/* SPDX-License-Identifier: ISC */
/* The one block of memory, handed out once while the stack is built. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

/* With base NULL it only measures: ms_stack_size() and ms_stack_init() run the same code. */
struct arena {
    uint8_t *base;
    size_t used;
};

enum { ARENA_ALIGN = 64 };

/* Zeroed memory on a cache line of its own; NULL while measuring. */
void *ms_arena_take(struct arena *arena, size_t size);

#endif
