/* SPDX-License-Identifier: ISC */
/* A hypervisor of a few lines: time stands still but in sleep, and events set their bit. */
#ifndef TESTS_UNIKERNEL_FAKE_XEN_H
#define TESTS_UNIKERNEL_FAKE_XEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"

struct fake_xen {
    struct shared_info shared;
    unsigned notified;      /* how often the guest rang a bell */
    unsigned slept;         /* how often it went to sleep */
    uint32_t next_port;     /* that is given out; 0: none is left */
    uint32_t closed;        /* the last port closed */
    void (*on_sleep)(void); /* somebody else runs */
    size_t tables_left;     /* more memory can be mapped so often */
};

extern struct fake_xen fake;

/* All as at the start of a guest, a second after Xen's own. */
void fake_xen_reset(void);
/* Sets a port's bit, as an event from outside does. */
void fake_xen_ring(uint32_t port);

#endif
