/* SPDX-License-Identifier: ISC */
/*
 * A hierarchical timer wheel without a tick: ten levels of 64 slots, one microsecond wide at the
 * bottom. Arming, disarming and expiry are O(1), whatever the number of timers.
 */
#ifndef CORE_WHEEL_H
#define CORE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/assert.h"

enum { WHEEL_LEVELS = 10, WHEEL_SLOTS = 64, WHEEL_SLOT_BITS = 6 };

/* Who owns a timer, so that whoever expires it knows what to do. */
enum timer_kind {
    TIMER_TCP,           /* struct ms_tcp */
    TIMER_TCP_SYN,       /* the SYN records' queues */
    TIMER_TCP_TIME_WAIT, /* the TIME-WAIT records' queue */
    TIMER_NEIGHBOR,      /* struct neighbor */
    TIMER_REASSEMBLY,    /* struct reassembly */
    TIMER_ADDRESS,       /* an address of an interface: probing, lifetimes */
    TIMER_ROUTER,        /* an interface's router solicitations and default routers */
    TIMER_GROUP,         /* a multicast group's reports */
};

/* Embedded in its owner; all zero is a timer that is not armed. */
struct timer {
    struct timer *next;
    struct timer **link;        /* what points at this one; NULL: not armed */
    uint64_t deadline_and_kind; /* deadline_us << 3 | kind */
};

struct wheel {
    uint64_t now_us;
    uint64_t quiet_until_us;         /* before this no slot begins */
    uint64_t occupied[WHEEL_LEVELS]; /* a bit a slot */
    struct timer *slots[WHEEL_LEVELS][WHEEL_SLOTS];
    struct timer *expired; /* due, in order of their slots */
};

static inline bool ms_timer_is_armed(const struct timer *timer) { return timer->link != NULL; }

static inline uint64_t ms_timer_deadline_us(const struct timer *timer)
{
    return timer->deadline_and_kind >> 3;
}

static inline enum timer_kind ms_timer_kind(const struct timer *timer)
{
    return (enum timer_kind)(timer->deadline_and_kind & 7);
}

/* Arms a timer, or moves one that is armed. A deadline in the past is due at once. */
void ms_wheel_arm(struct wheel *wheel, struct timer *timer, enum timer_kind kind,
                  uint64_t deadline_us);
void ms_wheel_disarm(struct wheel *wheel, struct timer *timer);
struct timer *ms_wheel_turn(struct wheel *wheel, uint64_t now_us);

/* Takes one timer whose deadline is not after now_us off the wheel; NULL: no more. */
static inline struct timer *ms_wheel_expire(struct wheel *wheel, uint64_t now_us)
{
    if (MS_LIKELY(!wheel->expired && now_us < wheel->quiet_until_us)) {
        wheel->now_us = now_us > wheel->now_us ? now_us : wheel->now_us;
        return NULL;
    }
    return ms_wheel_turn(wheel, now_us);
}

/* Not later than the first deadline, and never more than a level's slot before it; UINT64_MAX if
 * nothing is armed. After the time of the last ms_wheel_expire(), unless a timer is due by then. */
uint64_t ms_wheel_next_deadline(const struct wheel *wheel);

#endif
