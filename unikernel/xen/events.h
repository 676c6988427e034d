/* SPDX-License-Identifier: ISC */
/* Event channels without interrupts: a bit a port, and a sleep that such a bit ends. */
#ifndef UNIKERNEL_EVENTS_H
#define UNIKERNEL_EVENTS_H

#include "xen_public.h"

enum { EVENTS_AWAKE_MAX = 64, EVENTS_PORTS_MAX = 4096 };

struct events {
    struct shared_info *shared;
    uint32_t awake[EVENTS_AWAKE_MAX]; /* ports that end a sleep */
    unsigned awake_count;
};

void ms_guest_events_init(struct events *events, struct shared_info *shared);

/* A port that the other domain may bind. False: there is none left. */
bool ms_guest_events_open(uint16_t domain, uint32_t *port);
/* The port need not be masked first. */
void ms_guest_events_close(struct events *events, uint32_t port);
void ms_guest_events_notify(uint32_t port);

/* Whether an event came since the last time. */
bool ms_guest_events_take(struct events *events, uint32_t port);
/* Whether an event of this port ends a sleep. At first none does. False: too many do already. */
bool ms_guest_events_mask(struct events *events, uint32_t port, bool is_masked);

/* Sleeps until there is an event on a port that is not masked, or until then (clock.h's time;
 * UINT64_MAX: for ever). May return early. */
void ms_guest_events_wait(struct events *events, uint64_t until_ns);
/* The same for one port alone, masked or not. */
void ms_guest_events_wait_for(uint32_t port, uint64_t until_ns);

#endif
