/* SPDX-License-Identifier: ISC */
/*
 * A hierarchical timer wheel. A timer lies in the level of the highest bit in which its deadline
 * differs from now, so each level holds only slots ahead of now; when now enters a slot of a
 * higher level, its timers move down. Occupancy bits find the next slot without a walk.
 */
#include "core/wheel.h"

#include <stddef.h>

#include "core/bytes.h"

enum { SLOT_MASK = WHEEL_SLOTS - 1 };

static const uint64_t DEADLINE_MAX_US = (UINT64_C(1) << (WHEEL_LEVELS * WHEEL_SLOT_BITS)) - 1;

static void push(struct timer **list, struct timer *timer)
{
    timer->next = *list;
    timer->link = list;
    if (timer->next)
        timer->next->link = &timer->next;
    *list = timer;
}

static void unlink_timer(struct timer *timer)
{
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    timer->link = NULL;
}

/* Puts a timer where its deadline says, seen from wheel->now_us. */
static void place(struct wheel *wheel, struct timer *timer)
{
    uint64_t deadline_us = ms_timer_deadline_us(timer);
    uint64_t differs = deadline_us ^ wheel->now_us;
    uint64_t begin_us;
    unsigned level, slot;

    if (deadline_us <= wheel->now_us) {
        push(&wheel->expired, timer);
        return;
    }
    level = (unsigned)(63 - __builtin_clzll(differs)) / WHEEL_SLOT_BITS;
    begin_us = deadline_us >> (level * WHEEL_SLOT_BITS);
    slot = (unsigned)begin_us & SLOT_MASK;
    begin_us <<= level * WHEEL_SLOT_BITS;
    wheel->quiet_until_us = min_u64(wheel->quiet_until_us, begin_us);
    wheel->occupied[level] |= UINT64_C(1) << slot;
    push(&wheel->slots[level][slot], timer);
}

void ms_wheel_disarm(struct wheel *wheel, struct timer *timer)
{
    struct timer **link = timer->link;
    struct timer **first = &wheel->slots[0][0];

    if (!link)
        return;
    unlink_timer(timer);
    /* The last of its slot: link is the slot's head, whose number gives level and bit. */
    if (!*link && link >= first && link < first + WHEEL_LEVELS * WHEEL_SLOTS) {
        size_t number = (size_t)(link - first);

        wheel->occupied[number / WHEEL_SLOTS] &= ~(UINT64_C(1) << (number % WHEEL_SLOTS));
    }
}

void ms_wheel_arm(struct wheel *wheel, struct timer *timer, enum timer_kind kind,
                  uint64_t deadline_us)
{
    ms_wheel_disarm(wheel, timer);
    timer->deadline_and_kind = min_u64(deadline_us, DEADLINE_MAX_US) << 3 | (uint64_t)kind;
    place(wheel, timer);
}

/* The earliest occupied slot after now, and the moment it begins. False: nothing is armed. */
static bool next_slot(const struct wheel *wheel, unsigned *level, unsigned *slot,
                      uint64_t *begin_us)
{
    for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
        unsigned shift = l * WHEEL_SLOT_BITS;
        unsigned here = (unsigned)(wheel->now_us >> shift) & SLOT_MASK;
        /* Slots of a level all lie ahead of now's own one: lower ones would be a level higher. */
        uint64_t ahead = here == SLOT_MASK ? 0 : wheel->occupied[l] >> (here + 1) << (here + 1);

        if (ahead == 0)
            continue;
        *level = l;
        *slot = (unsigned)__builtin_ctzll(ahead);
        *begin_us = (wheel->now_us >> shift >> WHEEL_SLOT_BITS << WHEEL_SLOT_BITS | *slot) << shift;
        return true;
    }
    return false;
}

/* Moves now to the beginning of a slot and spreads its timers over the levels below. */
static void enter_slot(struct wheel *wheel, unsigned level, unsigned slot, uint64_t begin_us)
{
    struct timer *timer = wheel->slots[level][slot];

    wheel->now_us = begin_us;
    wheel->slots[level][slot] = NULL;
    wheel->occupied[level] &= ~(UINT64_C(1) << slot);
    while (timer) {
        struct timer *next = timer->next;

        place(wheel, timer);
        timer = next;
    }
}

struct timer *ms_wheel_turn(struct wheel *wheel, uint64_t now_us)
{
    unsigned level, slot;
    uint64_t begin_us;
    struct timer *timer;

    while (!wheel->expired) {
        bool is_found = next_slot(wheel, &level, &slot, &begin_us);

        /* It moves on only here: a timer disarmed leaves it too early, which costs one look. */
        wheel->quiet_until_us = is_found ? begin_us : UINT64_MAX;
        if (!is_found || begin_us > now_us)
            break;
        enter_slot(wheel, level, slot, begin_us);
    }
    timer = wheel->expired;
    if (timer)
        unlink_timer(timer);
    else if (now_us > wheel->now_us)
        wheel->now_us = now_us;
    return timer;
}

uint64_t ms_wheel_next_deadline(const struct wheel *wheel)
{
    unsigned level, slot;
    uint64_t begin_us;

    if (wheel->expired)
        return ms_timer_deadline_us(wheel->expired);
    return next_slot(wheel, &level, &slot, &begin_us) ? begin_us : UINT64_MAX;
}
