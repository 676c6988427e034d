/* SPDX-License-Identifier: ISC */
/* What all drivers here have in common: a receive side that wrappers can take over, and a loop. */
#ifndef MSTACK_DRIVERS_DEVICE_H
#define MSTACK_DRIVERS_DEVICE_H

#include <stdint.h>

#include "mstack/driver.h"
#include "mstack/frame.h"
#include "mstack/stack.h"

/* Takes over one reference to each frame. */
typedef void ms_sink_fn(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us);

/* Where received frames go. With input NULL they are put back unseen. */
struct ms_sink {
    ms_sink_fn *input;
    void *arg;
};

struct ms_device;

struct ms_device_ops {
    /* Receives what waits and does what is due, at most one batch. Returns frames delivered. */
    unsigned (*poll)(struct ms_device *device, uint64_t now_us);
    /* When poll has something to do without its descriptor: 0: at once; UINT64_MAX: never. */
    uint64_t (*next_deadline)(const struct ms_device *device);
    /* The poll(2) events to wait for on fd now; 0: none. */
    short (*events)(const struct ms_device *device);
    /* Frees it, and for a wrapper its inner device too. After ms_netif_detach(), and once every
     * frame is back. */
    void (*close)(struct ms_device *device);
};

/*
 * A driver with its receive side. Attach &device->driver to a stack, then ms_device_attach() the
 * netif. A loop is: poll(2) on fd for events() until the earlier of ms_device_next_deadline() and
 * ms_next_deadline(); ms_device_poll(); ms_poll().
 */
struct ms_device {
    struct ms_driver driver; /* first: the stack hands it back to transmit */
    const struct ms_device_ops *ops;
    struct ms_sink sink;
    int fd; /* or -1 */
};

/* The default sink. */
static inline void ms_device_netif_input(void *netif, struct ms_frame **frames, unsigned n,
                                         uint64_t now_us)
{
    ms_netif_input((struct ms_netif *)netif, frames, n, now_us);
}

/* Frames received go to the netif from now on. */
static inline void ms_device_attach(struct ms_device *device, struct ms_netif *netif)
{
    device->sink = (struct ms_sink){ .input = ms_device_netif_input, .arg = netif };
}

/* For drivers and wrappers: hands frames up. */
static inline void ms_device_deliver(struct ms_device *device, struct ms_frame **frames, unsigned n,
                                     uint64_t now_us)
{
    if (device->sink.input) {
        device->sink.input(device->sink.arg, frames, n, now_us);
        return;
    }
    for (unsigned i = 0; i < n; i++)
        ms_frame_put(frames[i]);
}

static inline unsigned ms_device_poll(struct ms_device *device, uint64_t now_us)
{
    return device->ops->poll(device, now_us);
}

static inline uint64_t ms_device_next_deadline(const struct ms_device *device)
{
    return device->ops->next_deadline(device);
}

static inline short ms_device_events(const struct ms_device *device)
{
    return device->ops->events(device);
}

static inline void ms_device_close(struct ms_device *device) { device->ops->close(device); }

#endif
