/* SPDX-License-Identifier: ISC */
/* Two stacks in one process: a wire with a rate, a delay and a queue. */
#include "link.h"

#include <assert.h>
#include <stdlib.h>

enum {
    RING_FRAMES = 1024,
    BATCH_FRAMES = 32,
    RING_FRAMES_MAX = 1 << 24,
    BITS_PER_BYTE = 8,
};

/* One direction: a ring of frames, of which the first have entered the wire. Indices only grow. */
struct direction {
    struct ms_frame **frames;
    uint64_t *due_us;    /* when each arrives; unused without rate and delay */
    uint64_t *depart_us; /* when each has left the queue */
    uint32_t mask;
    uint32_t batch_frames;
    uint32_t first;    /* the next to arrive */
    uint32_t departed; /* the first that still stands in the queue */
    uint32_t entered;  /* the first that has not entered the wire */
    uint32_t end;      /* one past the last */
    uint64_t free_ns;  /* when the wire has sent all that entered it */
    struct ms_link_stats stats;
};

/* One end: the device that a stack holds, and the direction its frames take. */
struct end {
    struct ms_device device;
    struct ms_link *link;
    struct direction out;
};

struct ms_link {
    struct end ends[2];
    struct ms_link_config config;
    bool is_timed; /* has a rate or a delay */
};

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct direction *out = &((struct end *)driver)->out;
    struct ms_frame **ring = out->frames;
    uint32_t mask = out->mask, at = out->end, room = mask + 1 - (at - out->first);
    uint64_t bytes = 0;

    if (n > room) {
        n = room;
        out->stats.refused++;
    }
    out->end = at + n;
    out->stats.frames += n;
    for (; at != out->end; at++, frames++) {
        ring[at & mask] = *frames;
        bytes += ms_frame_len(*frames);
    }
    out->stats.bytes += bytes;
    return n;
}

/* Whether the queue before a wire with a rate has no room for len more bytes. */
static bool is_queue_full(struct direction *out, const struct ms_link_config *config,
                          uint64_t now_us, uint32_t len)
{
    uint64_t wait_ns = out->free_ns > now_us * 1000 ? out->free_ns - now_us * 1000 : 0;
    uint64_t waiting = wait_ns / 1000 * config->rate_bits_per_s / BITS_PER_BYTE / 1000000;

    while (out->departed != out->entered && out->depart_us[out->departed & out->mask] <= now_us)
        out->departed++;
    if (config->queue_frames && out->entered - out->departed >= config->queue_frames)
        return true;
    return config->queue_bytes && waiting + len > config->queue_bytes;
}

/* Gives the frame its times; false: it was lost. */
static bool enter_wire(struct direction *out, const struct ms_link_config *config, uint64_t now_us,
                       struct ms_frame *frame)
{
    uint32_t slot = out->entered & out->mask;
    uint32_t len = ms_frame_len(frame);

    if (config->rate_bits_per_s) {
        if (is_queue_full(out, config, now_us, len))
            return false;
        if (out->free_ns < now_us * 1000)
            out->free_ns = now_us * 1000;
        out->free_ns += (uint64_t)len * BITS_PER_BYTE * 1000000000 / config->rate_bits_per_s;
    } else {
        out->free_ns = now_us * 1000;
    }
    out->frames[slot] = frame;
    out->depart_us[slot] = (out->free_ns + 999) / 1000;
    out->due_us[slot] = out->depart_us[slot] + config->delay_us;
    out->entered++;
    return true;
}

/* What was sent since the last time enters the wire now; what finds no room is lost. */
static void enter_all(struct direction *out, const struct ms_link_config *config, uint64_t now_us)
{
    uint32_t end = out->end;

    for (uint32_t i = out->entered; i != end; i++) {
        struct ms_frame *frame = out->frames[i & out->mask];

        if (enter_wire(out, config, now_us, frame))
            continue;
        out->stats.dropped++;
        ms_frame_put(frame);
    }
    out->end = out->entered;
}

/* How many frames have entered the wire and are due. */
static uint32_t due_count(const struct direction *out, uint64_t now_us)
{
    uint32_t i = out->first;

    while (i != out->entered && out->due_us[i & out->mask] <= now_us)
        i++;
    return i - out->first;
}

/* Of the next n frames those that lie without a gap, as many as are handed over in one call. */
static uint32_t batch_at_first(const struct direction *out, uint32_t n)
{
    uint32_t to_corner = out->mask + 1 - (out->first & out->mask);
    uint32_t batch = n < out->batch_frames ? n : out->batch_frames;

    return batch < to_corner ? batch : to_corner;
}

/*
 * Hands frames over where they lie in the ring: no copy of the array either. What is sent meanwhile
 * in the same direction waits for the next call.
 */
unsigned ms_link_deliver(struct ms_link *link, uint64_t now_us)
{
    unsigned delivered = 0;

    if (link->is_timed) {
        enter_all(&link->ends[0].out, &link->config, now_us);
        enter_all(&link->ends[1].out, &link->config, now_us);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct direction *out = &link->ends[i].out;
        uint32_t n = link->is_timed ? due_count(out, now_us) : out->end - out->first;

        delivered += n;
        while (n > 0) {
            uint32_t batch = batch_at_first(out, n);

            ms_device_deliver(&link->ends[1 - i].device, out->frames + (out->first & out->mask),
                              batch, now_us);
            out->first += batch;
            n -= batch;
        }
    }
    return delivered;
}

static uint64_t direction_deadline(const struct ms_link *link, const struct direction *out)
{
    if (out->first == out->end)
        return UINT64_MAX;
    if (!link->is_timed || out->entered != out->end)
        return 0;
    return out->due_us[out->first & out->mask];
}

uint64_t ms_link_next_deadline(const struct ms_link *link)
{
    uint64_t a = direction_deadline(link, &link->ends[0].out);
    uint64_t b = direction_deadline(link, &link->ends[1].out);

    return a < b ? a : b;
}

static unsigned end_poll(struct ms_device *device, uint64_t now_us)
{
    return ms_link_deliver(((struct end *)device)->link, now_us);
}

static uint64_t end_next_deadline(const struct ms_device *device)
{
    return ms_link_next_deadline(((const struct end *)device)->link);
}

static short end_events(const struct ms_device *device)
{
    (void)device;
    return 0;
}

static void end_close(struct ms_device *device) { (void)device; }

static const struct ms_driver_ops driver_ops = { .transmit = transmit };
static const struct ms_device_ops device_ops = {
    .poll = end_poll,
    .next_deadline = end_next_deadline,
    .events = end_events,
    .close = end_close,
};

void ms_link_config_default(struct ms_link_config *config)
{
    *config = (struct ms_link_config){
        .medium = MS_MEDIUM_ETHERNET,
        .mac = { { 0x02, 0, 0, 0, 0, 1 }, { 0x02, 0, 0, 0, 0, 2 } },
        .mtu = 1500,
        .slices_max = 16,
        .ring_frames = RING_FRAMES,
        .batch_frames = BATCH_FRAMES,
    };
}

static bool is_config_sensible(const struct ms_link_config *config)
{
    uint32_t ring = config->ring_frames;

    return config->mtu >= 68 && config->slices_max > 0 && config->batch_frames > 0 && ring > 0 &&
           ring <= RING_FRAMES_MAX && (ring & (ring - 1)) == 0;
}

static bool open_end(struct ms_link *link, unsigned i)
{
    const struct ms_link_config *config = &link->config;
    struct end *end = &link->ends[i];
    struct direction *out = &end->out;

    end->device = (struct ms_device){
        .driver = { .ops = &driver_ops,
                    .medium = config->medium,
                    .mtu = config->mtu,
                    .slices_max = config->slices_max,
                    .checksum_offload = config->checksum_offload,
                    .segment_bytes_max = config->segment_bytes_max },
        .ops = &device_ops,
        .fd = -1,
    };
    for (unsigned j = 0; j < sizeof config->mac[0]; j++)
        end->device.driver.mac[j] = config->mac[i][j];
    end->link = link;
    out->mask = config->ring_frames - 1;
    out->batch_frames = config->batch_frames;
    out->frames = calloc(config->ring_frames, sizeof *out->frames);
    out->due_us = calloc(config->ring_frames, sizeof *out->due_us);
    out->depart_us = calloc(config->ring_frames, sizeof *out->depart_us);
    return out->frames && out->due_us && out->depart_us;
}

struct ms_link *ms_link_open(const struct ms_link_config *config)
{
    struct ms_link *link = is_config_sensible(config) ? calloc(1, sizeof *link) : NULL;

    if (!link)
        return NULL;
    link->config = *config;
    link->is_timed = config->rate_bits_per_s || config->delay_us;
    if (!open_end(link, 0) || !open_end(link, 1)) {
        ms_link_close(link);
        return NULL;
    }
    return link;
}

void ms_link_close(struct ms_link *link)
{
    for (unsigned i = 0; i < 2; i++) {
        struct direction *out = &link->ends[i].out;

        for (; out->first != out->end; out->first++)
            ms_frame_put(out->frames[out->first & out->mask]);
        free(out->frames);
        free(out->due_us);
        free(out->depart_us);
    }
    free(link);
}

struct ms_device *ms_link_end(struct ms_link *link, unsigned end)
{
    assert(end < 2);
    return &link->ends[end].device;
}

void ms_link_stats(const struct ms_link *link, unsigned end, struct ms_link_stats *stats)
{
    assert(end < 2);
    *stats = link->ends[end].out.stats;
}
