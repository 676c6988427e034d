/* SPDX-License-Identifier: ISC */
/* The console's ring, of which we only write. */
#include "console.h"

#include <xen/io/console.h>

#include "clock.h"

static const uint64_t PATIENCE_NS = 1000000000, NAP_NS = 1000000;

static uint32_t used(const struct xencons_interface *ring)
{
    return ring->out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);
}

/* Until at most that many bytes are unread. Once this took too long, it is not tried again. */
static bool wait_until_used(struct console *console, uint32_t most)
{
    const struct shared_info *shared = console->events->shared;
    uint64_t until_ns = 0;

    while (used(console->ring) > most) {
        uint64_t now_ns = ms_guest_clock_ns(shared);

        if (until_ns == 0)
            until_ns = now_ns + PATIENCE_NS;
        if (console->is_lost || now_ns >= until_ns) {
            console->is_lost = true;
            return false;
        }
        ms_guest_events_notify(console->port);
        (void)ms_guest_events_take(console->events, console->port);
        ms_guest_events_wait_for(console->port, now_ns + NAP_NS);
    }
    return true;
}

static bool put(struct console *console, char byte)
{
    struct xencons_interface *ring = console->ring;

    if (!wait_until_used(console, sizeof(ring->out) - 1))
        return false;
    ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = byte;
    __atomic_store_n(&ring->out_prod, ring->out_prod + 1, __ATOMIC_RELEASE);
    return true;
}

void ms_guest_console_write(struct console *console, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n' && !put(console, '\r'))
            break;
        if (!put(console, bytes[i]))
            break;
    }
    ms_guest_events_notify(console->port);
}

void ms_guest_console_flush(struct console *console) { (void)wait_until_used(console, 0); }
