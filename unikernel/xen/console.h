/* SPDX-License-Identifier: ISC */
/* The console: what is written appears in `xl console` and in xenconsoled's log. */
#ifndef UNIKERNEL_CONSOLE_H
#define UNIKERNEL_CONSOLE_H

#include "events.h"
#include "xen_public.h"

struct xencons_interface;

struct console {
    struct xencons_interface *ring;
    struct events *events;
    uint32_t port;
    bool is_lost; /* nobody reads: what does not fit is left out without waiting */
};

/* Waits for room, but not for long. */
void ms_guest_console_write(struct console *console, const char *bytes, size_t len);
/* Waits until all is read, but not for long. */
void ms_guest_console_flush(struct console *console);

#endif
