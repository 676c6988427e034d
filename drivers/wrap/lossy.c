/* SPDX-License-Identifier: ISC */
/* A driver around a driver that drops, duplicates, reorders, corrupts and delays, by a seed. */
#include "lossy.h"

#include <stdlib.h>
#include <string.h>

#include "../bytes.h"

enum { QUEUE_FRAMES = 1024, BATCH = 64, REORDER_US = 5000, QUEUE_FRAMES_MAX = 1 << 20 };

/* A frame on its way, with the time it may go on; order breaks ties. */
struct waiting {
    struct ms_frame *frame;
    uint64_t due_us;
    uint64_t order;
};

/* One direction: a binary heap of frames by time. */
struct direction {
    struct ms_lossy_rates rates;
    struct ms_lossy_stats stats;
    struct waiting *heap;
    uint32_t count;
};

struct ms_lossy {
    struct ms_device device;
    struct ms_device *inner;
    struct direction directions[2]; /* by enum ms_lossy_direction */
    uint32_t capacity;              /* of each heap */
    uint64_t random;                /* state of the generator */
    uint64_t order;
    uint64_t now_us;    /* of the last poll */
    bool is_tx_refused; /* inner took fewer than offered: wait for the next poll */
};

/* A weyl sequence, mixed: enough for dice, and the same everywhere. */
static uint64_t next_random(struct ms_lossy *lossy)
{
    uint64_t z = lossy->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* True in so many percent of the throws. Throws always, so that one rate does not shift another. */
static bool happens(struct ms_lossy *lossy, double percent)
{
    double throw = (double)(next_random(lossy) >> 11) * (100.0 / 9007199254740992.0);

    return throw < percent;
}

static bool is_before(const struct waiting *a, const struct waiting *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void swap(struct waiting *a, struct waiting *b)
{
    struct waiting t = *a;

    *a = *b;
    *b = t;
}

static void heap_push(struct direction *d, struct waiting w)
{
    uint32_t i = d->count++;

    d->heap[i] = w;
    while (i > 0 && is_before(&d->heap[i], &d->heap[(i - 1) / 2])) {
        swap(&d->heap[i], &d->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static struct waiting heap_pop(struct direction *d)
{
    struct waiting top = d->heap[0];
    uint32_t i = 0;

    d->heap[0] = d->heap[--d->count];
    for (;;) {
        uint32_t least = i;

        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < d->count; child++)
            if (is_before(&d->heap[child], &d->heap[least]))
                least = child;
        if (least == i)
            return top;
        swap(&d->heap[i], &d->heap[least]);
        i = least;
    }
}

static void enqueue(struct ms_lossy *lossy, struct direction *d, struct ms_frame *frame,
                    uint64_t due_us)
{
    if (d->count == lossy->capacity) {
        d->stats.overflowed++;
        ms_frame_put(frame);
        return;
    }
    heap_push(d, (struct waiting){ frame, due_us, lossy->order++ });
}

static void free_copy(struct ms_frame *frame) { free(frame); }

/* A partial checksum would cover the damage up, since its bytes count as never sent. */
static void finish_checksum(struct ms_frame *copy, const struct ms_frame *frame)
{
    if (!(frame->flags & MS_FRAME_CHECKSUM_PARTIAL) || !checksum_fits(frame))
        return;
    store_be16(copy->head + frame->checksum_start + frame->checksum_offset, frame_checksum(frame));
    copy->flags = (uint8_t)(copy->flags & ~MS_FRAME_CHECKSUM_PARTIAL);
}

/* A copy of the frame in one piece, with one to eight bits flipped. NULL: no memory. */
static struct ms_frame *corrupted_copy(struct ms_lossy *lossy, const struct ms_frame *frame)
{
    uint32_t len = ms_frame_len(frame);
    struct ms_frame *copy = malloc(sizeof *copy + len);
    uint8_t *end;

    if (!copy || len == 0) {
        free(copy);
        return NULL;
    }
    *copy = (struct ms_frame){
        .head = (uint8_t *)copy->slices,
        .head_len = len,
        .refs = 1,
        /* What the device verified is no longer so. */
        .flags = (uint8_t)(frame->flags & ~MS_FRAME_CHECKSUM_VALID),
        .segment_size = frame->segment_size,
        .checksum_start = frame->checksum_start,
        .checksum_offset = frame->checksum_offset,
        .release = free_copy,
    };
    memcpy(copy->head, frame->head, frame->head_len);
    end = copy->head + frame->head_len;
    for (unsigned i = 0; i < frame->slice_count; i++) {
        memcpy(end, frame->slices[i].data, frame->slices[i].len);
        end += frame->slices[i].len;
    }
    finish_checksum(copy, frame);
    for (uint64_t bits = 1 + next_random(lossy) % 8; bits > 0; bits--) {
        uint64_t where = next_random(lossy);

        copy->head[(where >> 3) % len] ^= (uint8_t)(1u << (where & 7));
    }
    return copy;
}

/* Throws the dice for one frame, whose reference it takes. */
static void spoil(struct ms_lossy *lossy, struct direction *d, struct ms_frame *frame,
                  uint64_t now_us)
{
    const struct ms_lossy_rates *rates = &d->rates;
    bool drop = happens(lossy, rates->drop);
    bool duplicate = happens(lossy, rates->duplicate);
    bool reorder = happens(lossy, rates->reorder);
    bool corrupt = happens(lossy, rates->corrupt);
    uint64_t due_us = now_us + rates->delay_us;

    d->stats.frames++;
    if (drop) {
        d->stats.dropped++;
        ms_frame_put(frame);
        return;
    }
    if (corrupt) {
        struct ms_frame *copy = corrupted_copy(lossy, frame);

        d->stats.corrupted++;
        ms_frame_put(frame);
        if (!copy)
            return;
        frame = copy;
    }
    if (duplicate) {
        d->stats.duplicated++;
        ms_frame_get(frame);
        enqueue(lossy, d, frame, due_us);
    }
    if (reorder) {
        d->stats.reordered++;
        due_us += rates->reorder_us;
    }
    enqueue(lossy, d, frame, due_us);
}

/* Takes up to a batch of frames that are due. */
static unsigned take_due(struct direction *d, uint64_t now_us, struct ms_frame **frames)
{
    unsigned n = 0;

    while (n < BATCH && d->count > 0 && d->heap[0].due_us <= now_us)
        frames[n++] = heap_pop(d).frame;
    return n;
}

/* Passes on what is due to inner. What it refuses goes back to the queue, in its order. */
static void flush_transmit(struct ms_lossy *lossy, uint64_t now_us)
{
    struct direction *d = &lossy->directions[MS_LOSSY_TRANSMIT];
    struct waiting refused[BATCH];

    lossy->is_tx_refused = false;
    while (!lossy->is_tx_refused && d->count > 0 && d->heap[0].due_us <= now_us) {
        struct ms_frame *frames[BATCH];
        unsigned n = 0, taken;

        while (n < BATCH && d->count > 0 && d->heap[0].due_us <= now_us) {
            refused[n] = heap_pop(d);
            frames[n] = refused[n].frame;
            n++;
        }
        taken = lossy->inner->driver.ops->transmit(&lossy->inner->driver, frames, n);
        lossy->is_tx_refused = taken < n;
        for (; taken < n; taken++)
            heap_push(d, refused[taken]);
    }
}

static unsigned flush_receive(struct ms_lossy *lossy, uint64_t now_us)
{
    struct direction *d = &lossy->directions[MS_LOSSY_RECEIVE];
    struct ms_frame *frames[BATCH];
    unsigned delivered = 0, n;

    while ((n = take_due(d, now_us, frames)) > 0) {
        ms_device_deliver(&lossy->device, frames, n, now_us);
        delivered += n;
    }
    return delivered;
}

/* Takes what there is room for; frames without delay go on at once. */
static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct ms_lossy *lossy = (struct ms_lossy *)driver;
    struct direction *d = &lossy->directions[MS_LOSSY_TRANSMIT];
    uint32_t room = (lossy->capacity - d->count) / 2; /* each may be duplicated */

    if (n > room && lossy->is_tx_refused)
        n = room; /* the device is slow, not the wire: no loss but waiting */
    for (unsigned i = 0; i < n; i++)
        spoil(lossy, d, frames[i], lossy->now_us);
    if (!lossy->is_tx_refused)
        flush_transmit(lossy, lossy->now_us);
    return n;
}

/* The sink of inner. */
static void receive(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    struct ms_lossy *lossy = arg;

    for (unsigned i = 0; i < n; i++)
        spoil(lossy, &lossy->directions[MS_LOSSY_RECEIVE], frames[i], now_us);
}

unsigned ms_lossy_poll(struct ms_lossy *lossy, uint64_t now_us)
{
    lossy->now_us = now_us;
    (void)ms_device_poll(lossy->inner, now_us);
    flush_transmit(lossy, now_us);
    return flush_receive(lossy, now_us);
}

uint64_t ms_lossy_next_deadline(const struct ms_lossy *lossy)
{
    uint64_t deadline = ms_device_next_deadline(lossy->inner);

    for (unsigned i = 0; i < 2; i++) {
        const struct direction *d = &lossy->directions[i];

        /* What inner refused waits for inner's own events, not for a time that is past. */
        if (i == MS_LOSSY_TRANSMIT && lossy->is_tx_refused)
            continue;
        if (d->count > 0 && d->heap[0].due_us < deadline)
            deadline = d->heap[0].due_us;
    }
    return deadline;
}

static unsigned device_poll(struct ms_device *device, uint64_t now_us)
{
    return ms_lossy_poll((struct ms_lossy *)device, now_us);
}

static uint64_t device_next_deadline(const struct ms_device *device)
{
    return ms_lossy_next_deadline((const struct ms_lossy *)device);
}

static short device_events(const struct ms_device *device)
{
    return ms_device_events(((const struct ms_lossy *)device)->inner);
}

static void device_close(struct ms_device *device) { ms_lossy_close((struct ms_lossy *)device); }

static const struct ms_driver_ops driver_ops = { .transmit = transmit };
static const struct ms_device_ops device_ops = {
    .poll = device_poll,
    .next_deadline = device_next_deadline,
    .events = device_events,
    .close = device_close,
};

static bool is_percent(double x) { return x >= 0 && x <= 100; }

static bool is_config_sensible(const struct ms_lossy_config *config)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct ms_lossy_rates *r = &config->rates[i];

        if (!is_percent(r->drop) || !is_percent(r->duplicate) || !is_percent(r->reorder) ||
            !is_percent(r->corrupt))
            return false;
    }
    return config->queue_frames <= QUEUE_FRAMES_MAX;
}

/* The wrapper offers what inner does, less what would let many packets share one fate. */
static void copy_facts(struct ms_lossy *lossy, bool corrupts)
{
    struct ms_driver *driver = &lossy->device.driver;

    *driver = lossy->inner->driver;
    driver->ops = &driver_ops;
    driver->segment_bytes_max = 0;
    if (corrupts)
        driver->checksum_offload = false;
}

struct ms_lossy *ms_lossy_open(struct ms_device *inner, const struct ms_lossy_config *config)
{
    struct ms_lossy *lossy = is_config_sensible(config) ? calloc(1, sizeof *lossy) : NULL;

    if (!lossy)
        return NULL;
    lossy->capacity = config->queue_frames ? config->queue_frames : QUEUE_FRAMES;
    lossy->random = config->seed;
    for (unsigned i = 0; i < 2; i++) {
        struct direction *d = &lossy->directions[i];

        d->rates = config->rates[i];
        if (d->rates.reorder_us == 0)
            d->rates.reorder_us = REORDER_US;
        d->heap = calloc(lossy->capacity, sizeof *d->heap);
        if (!d->heap) {
            free(lossy->directions[0].heap);
            free(lossy);
            return NULL;
        }
    }
    lossy->inner = inner;
    lossy->device = (struct ms_device){ .ops = &device_ops, .fd = inner->fd };
    copy_facts(lossy, config->rates[0].corrupt > 0 || config->rates[1].corrupt > 0);
    inner->sink = (struct ms_sink){ .input = receive, .arg = lossy };
    return lossy;
}

void ms_lossy_close(struct ms_lossy *lossy)
{
    for (unsigned i = 0; i < 2; i++) {
        struct direction *d = &lossy->directions[i];

        while (d->count > 0)
            ms_frame_put(d->heap[--d->count].frame);
        free(d->heap);
    }
    ms_device_close(lossy->inner);
    free(lossy);
}

struct ms_device *ms_lossy_device(struct ms_lossy *lossy) { return &lossy->device; }

void ms_lossy_stats(const struct ms_lossy *lossy, enum ms_lossy_direction direction,
                    struct ms_lossy_stats *stats)
{
    *stats = lossy->directions[direction].stats;
}
