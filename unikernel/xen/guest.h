/* SPDX-License-Identifier: ISC */
/* The guest as a whole: there is one, and main.c has it. */
#ifndef UNIKERNEL_GUEST_H
#define UNIKERNEL_GUEST_H

#include "console.h"
#include "entropy.h"
#include "events.h"
#include "grants.h"
#include "heap.h"
#include "machine.h"
#include "milestones.h"
#include "power.h"
#include "settings.h"
#include "store.h"

/* From the linker script. */
extern uint8_t ms_guest_image[], ms_guest_image_end[];

struct guest {
    struct machine machine;
    struct events events;
    struct console console;
    struct grants grants;
    struct store store;
    struct power power;
    struct settings settings;
    struct entropy entropy;
    enum power_wish wish; /* the application's */
    uint64_t (*work)(uint64_t now_us);
    struct heap heap;
    size_t memory_bytes; /* that the heap began with */
    struct milestones milestones;
    bool has_network;
};

/* The one there is. */
struct guest *ms_guest_the(void);

/* What drivers see of it: platform.h's table. */
struct ms_xen_platform ms_guest_platform(struct guest *guest);

#endif
