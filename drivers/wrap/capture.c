/* SPDX-License-Identifier: ISC */
/* A driver around a driver that writes every frame, both ways, to a pcap file. */
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../pcap/pcap_file.h"

struct ms_capture {
    struct ms_device device;
    struct ms_device *inner;
    struct ms_pcap_writer *writer;
    uint64_t epoch_us, now_us;
    uint64_t frames;
};

static void record(struct ms_capture *capture, struct ms_frame **frames, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ms_pcap_writer_frame(capture->writer, capture->epoch_us + capture->now_us, frames[i]);
    capture->frames += n;
}

/* Only what inner takes is written, or a refused frame would appear twice. To still have them
 * then, a reference of our own is held meanwhile. */
static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct ms_capture *capture = (struct ms_capture *)driver;
    unsigned taken;

    for (unsigned i = 0; i < n; i++)
        ms_frame_get(frames[i]);
    taken = capture->inner->driver.ops->transmit(&capture->inner->driver, frames, n);
    record(capture, frames, taken);
    for (unsigned i = 0; i < taken; i++)
        ms_frame_put(frames[i]);
    /* The others are still the stack's: this is never their last reference. */
    for (unsigned i = taken; i < n; i++)
        frames[i]->refs--;
    return taken;
}

static void receive(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    struct ms_capture *capture = arg;

    capture->now_us = now_us;
    record(capture, frames, n);
    ms_device_deliver(&capture->device, frames, n, now_us);
}

static unsigned device_poll(struct ms_device *device, uint64_t now_us)
{
    struct ms_capture *capture = (struct ms_capture *)device;

    capture->now_us = now_us;
    return ms_device_poll(capture->inner, now_us);
}

static uint64_t device_next_deadline(const struct ms_device *device)
{
    return ms_device_next_deadline(((const struct ms_capture *)device)->inner);
}

static short device_events(const struct ms_device *device)
{
    return ms_device_events(((const struct ms_capture *)device)->inner);
}

static void device_close(struct ms_device *device)
{
    ms_capture_close((struct ms_capture *)device);
}

/* Registered memory is between the stack and the real device. */
static enum ms_error map(struct ms_driver *driver, void *memory, size_t len)
{
    struct ms_driver *inner = &((struct ms_capture *)driver)->inner->driver;

    return inner->ops->map ? inner->ops->map(inner, memory, len) : MS_OK;
}

static void unmap(struct ms_driver *driver, void *memory, size_t len)
{
    struct ms_driver *inner = &((struct ms_capture *)driver)->inner->driver;

    if (inner->ops->unmap)
        inner->ops->unmap(inner, memory, len);
}

static const struct ms_driver_ops driver_ops = { .transmit = transmit, .map = map, .unmap = unmap };
static const struct ms_device_ops device_ops = {
    .poll = device_poll,
    .next_deadline = device_next_deadline,
    .events = device_events,
    .close = device_close,
};

int ms_capture_open(struct ms_capture **capture, struct ms_device *inner,
                    const struct ms_capture_config *config, char *message, size_t size)
{
    struct ms_capture *c = calloc(1, sizeof *c);
    int error;

    if (!c) {
        snprintf(message, size, "cannot write %s: out of memory", config->path);
        return ENOMEM;
    }
    error = ms_pcap_writer_open(&c->writer, config->path, inner->driver.medium, message, size);
    if (error) {
        free(c);
        return error;
    }
    c->inner = inner;
    c->epoch_us = config->epoch_us;
    c->device = (struct ms_device){ .driver = inner->driver, .ops = &device_ops, .fd = inner->fd };
    c->device.driver.ops = &driver_ops;
    inner->sink = (struct ms_sink){ .input = receive, .arg = c };
    *capture = c;
    return 0;
}

void ms_capture_close(struct ms_capture *capture)
{
    (void)ms_pcap_writer_close(capture->writer);
    ms_device_close(capture->inner);
    free(capture);
}

struct ms_device *ms_capture_device(struct ms_capture *capture) { return &capture->device; }

void ms_capture_set_time(struct ms_capture *capture, uint64_t now_us) { capture->now_us = now_us; }

int ms_capture_flush(struct ms_capture *capture) { return ms_pcap_writer_flush(capture->writer); }

uint64_t ms_capture_frames(const struct ms_capture *capture) { return capture->frames; }
