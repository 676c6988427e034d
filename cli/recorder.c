/* SPDX-License-Identifier: ISC */
/* A driver around a driver that writes all frames to an open pcap writer. */
#include "recorder.h"

static void record(struct recorder *recorder, const struct ms_frame *frame)
{
    ms_pcap_writer_frame(recorder->writer, recorder->epoch_us + recorder->now_us, frame);
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct recorder *recorder = (struct recorder *)(void *)driver;
    struct ms_driver *inner = &recorder->inner->driver;
    unsigned accepted = 0;

    /* One by one: only what is accepted is written, and after that it may be gone. */
    while (accepted < n) {
        struct ms_frame *frame = frames[accepted];

        ms_frame_get(frame);
        if (inner->ops->transmit(inner, &frame, 1) == 1) {
            record(recorder, frame);
            accepted++;
            ms_frame_put(frame);
        } else {
            ms_frame_put(frame); /* ours; the stack's is still there */
            break;
        }
    }
    return accepted;
}
_Static_assert(offsetof(struct recorder, device) == 0, "transmit() converts the pointer");
_Static_assert(offsetof(struct ms_device, driver) == 0, "transmit() converts the pointer");

static void receive(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    struct recorder *recorder = arg;

    recorder->now_us = now_us;
    for (unsigned i = 0; i < n; i++)
        record(recorder, frames[i]);
    ms_device_deliver(&recorder->device, frames, n, now_us);
}

static unsigned poll(struct ms_device *device, uint64_t now_us)
{
    struct recorder *recorder = (struct recorder *)(void *)device;

    return ms_device_poll(recorder->inner, now_us);
}

static uint64_t next_deadline(const struct ms_device *device)
{
    return ms_device_next_deadline(((const struct recorder *)(const void *)device)->inner);
}

static short events(const struct ms_device *device)
{
    return ms_device_events(((const struct recorder *)(const void *)device)->inner);
}

static void close_nothing(struct ms_device *device)
{
    (void)device; /* the inner one is the caller's */
}

static const struct ms_driver_ops driver_ops = { .transmit = transmit };
static const struct ms_device_ops device_ops = {
    .poll = poll,
    .next_deadline = next_deadline,
    .events = events,
    .close = close_nothing,
};

void recorder_init(struct recorder *recorder, struct ms_device *inner,
                   struct ms_pcap_writer *writer, uint64_t epoch_us)
{
    *recorder = (struct recorder){
        .device = *inner, .inner = inner, .writer = writer, .epoch_us = epoch_us
    };
    recorder->device.driver.ops = &driver_ops;
    recorder->device.ops = &device_ops;
    recorder->device.sink = (struct ms_sink){ 0 };
    inner->sink = (struct ms_sink){ .input = receive, .arg = recorder };
}
