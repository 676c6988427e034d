/* SPDX-License-Identifier: ISC */
/* The guest as a whole: there is one, and main.c has it. */
#ifndef UNIKERNEL_GUEST_H
#define UNIKERNEL_GUEST_H

#include "console.h"
#include "entropy.h"
#include "events.h"
#include "grants.h"
#include "machine.h"
#include "power.h"
#include "store.h"

/* From the linker script. */
extern uint8_t ms_guest_image[], ms_guest_heap[], ms_guest_heap_end[];

struct guest {
    struct machine machine;
    struct events events;
    struct console console;
    struct grants grants;
    struct store store;
    struct power power;
    struct entropy entropy;
    enum power_wish wish; /* the application's */
    uint64_t (*work)(uint64_t now_us);
    uint8_t *heap; /* what is left of it */
    size_t heap_bytes;
    uint64_t start_ns;
};

/* The one there is. */
struct guest *ms_guest_the(void);

/* What drivers see of it: platform.h's table. */
struct ms_xen_platform ms_guest_platform(struct guest *guest);

/* Page-aligned and zero. NULL: none is left. */
void *ms_guest_memory(struct guest *guest, size_t bytes);

#endif
