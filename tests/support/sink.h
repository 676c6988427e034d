/* SPDX-License-Identifier: ISC */
/* For tests of drivers: frames to send, a device's sink that keeps what comes, a device to wrap. */
#ifndef SUPPORT_SINK_H
#define SUPPORT_SINK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"

enum { SINK_MAX = 4096 };

/* What came, in order; every frame is held until sink_empty(). */
struct sink {
    struct ms_frame *frames[SINK_MAX];
    uint64_t times_us[SINK_MAX];
    unsigned count, calls;
};

static inline void sink_input(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    struct sink *sink = (struct sink *)arg;

    sink->calls++;
    for (unsigned i = 0; i < n; i++) {
        assert_true(sink->count < SINK_MAX);
        sink->times_us[sink->count] = now_us;
        sink->frames[sink->count++] = frames[i];
    }
}

static inline void sink_attach(struct sink *sink, struct ms_device *device)
{
    *sink = (struct sink){ .count = 0 };
    device->sink = (struct ms_sink){ .input = sink_input, .arg = sink };
}

static inline void sink_empty(struct sink *sink)
{
    for (unsigned i = 0; i < sink->count; i++)
        ms_frame_put(sink->frames[i]);
    sink->count = sink->calls = 0;
}

static inline void free_test_frame(struct ms_frame *frame)
{
    unsigned *live;

    memcpy(&live, frame->slices, sizeof(live));
    (*live)--;
    free(frame);
}

/* A frame of len bytes, the first two of which are `mark`; counts itself in *live. */
static inline struct ms_frame *make_test_frame(unsigned *live, uint32_t len, unsigned mark)
{
    struct ms_frame *frame = (struct ms_frame *)malloc(sizeof(*frame) + sizeof(unsigned *) + len);

    assert_non_null(frame);
    *frame = (struct ms_frame){ .head = (uint8_t *)frame->slices + sizeof(unsigned *),
                                .head_len = len,
                                .refs = 1,
                                .release = free_test_frame };
    memcpy(frame->slices, &live, sizeof live);
    memset(frame->head, 0x5a, len);
    frame->head[0] = (uint8_t)(mark >> 8);
    frame->head[1] = (uint8_t)mark;
    (*live)++;
    return frame;
}

static inline unsigned mark_of(const struct ms_frame *frame)
{
    return (unsigned)(frame->head[0] << 8 | frame->head[1]);
}

static inline unsigned send_frame(struct ms_device *device, struct ms_frame *frame)
{
    return device->driver.ops->transmit(&device->driver, &frame, 1);
}

/* A device without a wire: keeps what is sent to it, up to its room, and receives by hand. */
struct bench_device {
    struct ms_device device;
    struct sink sent;
    unsigned room;
    bool is_closed;
};

static inline unsigned bench_transmit(struct ms_driver *driver, struct ms_frame **frames,
                                      unsigned n)
{
    struct bench_device *bench = (struct bench_device *)(void *)driver;

    if (n > bench->room)
        n = bench->room;
    bench->room -= n;
    sink_input(&bench->sent, frames, n, 0);
    return n;
}

static inline unsigned bench_poll(struct ms_device *device, uint64_t now_us)
{
    (void)device;
    (void)now_us;
    return 0;
}

static inline uint64_t bench_next_deadline(const struct ms_device *device)
{
    (void)device;
    return UINT64_MAX;
}

static inline short bench_events(const struct ms_device *device)
{
    (void)device;
    return 1;
}

static inline void bench_close(struct ms_device *device)
{
    ((struct bench_device *)(void *)device)->is_closed = true;
}

static inline void bench_open(struct bench_device *bench)
{
    static const struct ms_driver_ops driver_ops = { .transmit = bench_transmit };
    static const struct ms_device_ops device_ops = {
        .poll = bench_poll,
        .next_deadline = bench_next_deadline,
        .events = bench_events,
        .close = bench_close,
    };

    *bench = (struct bench_device){ .room = SINK_MAX };
    bench->device.driver = (struct ms_driver){ .ops = &driver_ops,
                                               .medium = MS_MEDIUM_IP,
                                               .mtu = 1500,
                                               .slices_max = 4,
                                               .checksum_offload = true,
                                               .segment_bytes_max = 65280 };
    bench->device.ops = &device_ops;
    bench->device.fd = 7;
}

static inline void bench_receive(struct bench_device *bench, struct ms_frame *frame,
                                 uint64_t now_us)
{
    ms_device_deliver(&bench->device, &frame, 1, now_us);
}

#endif
