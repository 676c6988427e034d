/* SPDX-License-Identifier: ISC */
/* A path between two stacks in virtual time, each direction of which can be spoiled in many ways.
 */
#include "path.h"

#include <stdlib.h>

enum {
    NS_PER_US = 1000,
    BITS_PER_BYTE = 8,
    MILLION = 1000000,
    BATCH = 64,
    SLICES = 16,
};

/* A packet under way. */
struct arrival {
    uint64_t due_us;
    uint64_t order; /* of those due at one time the first sent comes first */
    struct ms_frame *frame;
};

struct direction {
    struct ms_driver driver; /* first: the stack hands it back to transmit */
    struct path *path;
    struct path_config config;
    struct path_stats stats;
    struct ms_netif *sink;
    struct arrival *heap; /* the earliest on top */
    uint32_t count, capacity;
    uint64_t order;
    uint64_t free_ns;     /* when the wire has sent all that stands in the queue */
    uint64_t bucket_bits; /* what the policer still lets pass ... */
    uint64_t bucket_us;   /* ... as of then */
    uint64_t random;
    uint32_t losing; /* packets still to be lost in a row */
    uint32_t lose_in, lose_run;
};

struct path {
    struct direction directions[PATH_DIRECTIONS];
    uint64_t now_us;
};

static uint64_t next_random(struct direction *d)
{
    uint64_t z = d->random += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static bool throw_dice(struct direction *d, uint32_t ppm)
{
    return ppm > 0 && next_random(d) % MILLION < ppm;
}

static bool comes_before(const struct arrival *a, const struct arrival *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void push(struct direction *d, struct arrival arrival)
{
    uint32_t i = d->count++;

    if (i == d->capacity) {
        d->capacity = d->capacity ? 2 * d->capacity : 1024;
        d->heap = realloc(d->heap, d->capacity * sizeof(d->heap[0]));
        if (!d->heap)
            abort();
    }
    for (; i > 0 && comes_before(&arrival, &d->heap[(i - 1) / 2]); i = (i - 1) / 2)
        d->heap[i] = d->heap[(i - 1) / 2];
    d->heap[i] = arrival;
}

static struct ms_frame *pop(struct direction *d)
{
    struct ms_frame *frame = d->heap[0].frame;
    struct arrival last = d->heap[--d->count];
    uint32_t i = 0;

    for (uint32_t child; (child = 2 * i + 1) < d->count; i = child) {
        if (child + 1 < d->count && comes_before(&d->heap[child + 1], &d->heap[child]))
            child++;
        if (!comes_before(&d->heap[child], &last))
            break;
        d->heap[i] = d->heap[child];
    }
    if (d->count > 0)
        d->heap[i] = last;
    return frame;
}

static bool is_lost(struct direction *d)
{
    if (d->lose_in > 0 && --d->lose_in == 0)
        d->losing = d->lose_run;
    if (d->losing == 0 && throw_dice(d, d->config.loss_ppm))
        d->losing = d->config.loss_run ? d->config.loss_run : 1;
    if (d->losing == 0)
        return false;
    d->losing--;
    d->stats.lost_us = d->path->now_us;
    return true;
}

/* A token bucket: fills with the policer's rate, and never higher than its burst. */
static bool is_policed(struct direction *d, uint64_t bits)
{
    const struct path_config *config = &d->config;
    uint64_t now_us = d->path->now_us, full = config->police_burst_bytes * BITS_PER_BYTE;

    if (config->police_bits_per_s == 0)
        return false;
    d->bucket_bits += (now_us - d->bucket_us) * config->police_bits_per_s / MILLION;
    d->bucket_us = now_us;
    if (d->bucket_bits > full)
        d->bucket_bits = full;
    if (d->bucket_bits < bits)
        return true;
    d->bucket_bits -= bits;
    return false;
}

/* When the packet has left the queue and the wire's near end; UINT64_MAX: the queue is full. */
static uint64_t departure_us(struct direction *d, uint32_t len)
{
    const struct path_config *config = &d->config;
    uint64_t now_ns = d->path->now_us * NS_PER_US, wait_ns, waiting_bytes, wait_us;

    if (config->rate_bits_per_s == 0)
        return d->path->now_us;
    wait_ns = d->free_ns > now_ns ? d->free_ns - now_ns : 0;
    wait_us = wait_ns / NS_PER_US;
    waiting_bytes = wait_us * (config->rate_bits_per_s / BITS_PER_BYTE / NS_PER_US) / NS_PER_US;
    if (config->queue_bytes && waiting_bytes + len > config->queue_bytes)
        return UINT64_MAX;
    d->stats.queue_us_sum += wait_us;
    if (wait_us > d->stats.queue_us_max)
        d->stats.queue_us_max = wait_us;
    d->free_ns = now_ns + wait_ns +
                 (uint64_t)len * BITS_PER_BYTE * MILLION * NS_PER_US / config->rate_bits_per_s;
    return (d->free_ns + NS_PER_US - 1) / NS_PER_US;
}

/* Whether it found a place; else it is the caller's to put back. */
static bool enter(struct direction *d, struct ms_frame *frame)
{
    uint32_t packet_bytes = ms_frame_len(frame), len = packet_bytes + PATH_LINK_BYTES;
    uint64_t due_us;

    d->stats.packets++;
    if (d->config.packet_bytes_max && packet_bytes > d->config.packet_bytes_max)
        return d->stats.vanished++, false;
    if (is_lost(d))
        return d->stats.lost++, false;
    if (is_policed(d, (uint64_t)len * BITS_PER_BYTE))
        return d->stats.policed++, false;
    due_us = departure_us(d, len);
    if (due_us == UINT64_MAX)
        return d->stats.queue_drops++, false;
    due_us += d->config.delay_us;
    if (throw_dice(d, d->config.reorder_ppm))
        due_us += d->config.reorder_us;
    push(d, (struct arrival){ due_us, d->order++, frame });
    return true;
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct direction *d = (struct direction *)(void *)driver;

    for (unsigned i = 0; i < n; i++)
        if (!enter(d, frames[i]))
            ms_frame_put(frames[i]);
    return n;
}

static const struct ms_driver_ops path_ops = { .transmit = transmit };

struct path *path_open(const struct path_config config[PATH_DIRECTIONS], uint16_t mtu,
                       uint64_t seed)
{
    struct path *path = calloc(1, sizeof(*path));

    if (!path)
        abort();
    for (unsigned i = 0; i < PATH_DIRECTIONS; i++) {
        struct direction *d = &path->directions[i];

        d->driver = (struct ms_driver){
            .ops = &path_ops,
            .medium = MS_MEDIUM_IP,
            .mtu = mtu,
            .slices_max = SLICES,
            .checksum_offload = true,
        };
        d->path = path;
        d->random = seed * PATH_DIRECTIONS + i;
        path_set(path, i, &config[i]);
    }
    return path;
}

void path_close(struct path *path)
{
    for (unsigned i = 0; i < PATH_DIRECTIONS; i++) {
        struct direction *d = &path->directions[i];

        while (d->count > 0)
            ms_frame_put(pop(d));
        free(d->heap);
    }
    free(path);
}

struct ms_driver *path_driver(struct path *path, enum path_direction from)
{
    return &path->directions[from].driver;
}

void path_attach(struct path *path, enum path_direction to, struct ms_netif *netif)
{
    path->directions[to].sink = netif;
}

void path_set(struct path *path, enum path_direction direction, const struct path_config *config)
{
    struct direction *d = &path->directions[direction];

    d->config = *config;
    d->bucket_bits = config->police_burst_bytes * BITS_PER_BYTE;
    d->bucket_us = path->now_us;
}

void path_lose(struct path *path, enum path_direction direction, uint32_t nth, uint32_t run)
{
    path->directions[direction].lose_in = nth;
    path->directions[direction].lose_run = run;
}

/* At most one batch. */
static unsigned deliver_batch(struct direction *d, uint64_t now_us)
{
    struct ms_frame *frames[BATCH];
    unsigned n = 0;

    while (n < BATCH && d->count > 0 && d->heap[0].due_us <= now_us)
        frames[n++] = pop(d);
    if (n > 0)
        ms_netif_input(d->sink, frames, n, now_us);
    return n;
}

void path_deliver(struct path *path, uint64_t now_us)
{
    path->now_us = now_us;
    for (unsigned i = 0; i < PATH_DIRECTIONS; i++)
        while (deliver_batch(&path->directions[i], now_us) == BATCH)
            continue;
}

uint64_t path_next_deadline(const struct path *path)
{
    uint64_t next_us = UINT64_MAX;

    for (unsigned i = 0; i < PATH_DIRECTIONS; i++) {
        const struct direction *d = &path->directions[i];

        if (d->count > 0 && d->heap[0].due_us < next_us)
            next_us = d->heap[0].due_us;
    }
    return next_us;
}

const struct path_stats *path_stats_of(const struct path *path, enum path_direction direction)
{
    return &path->directions[direction].stats;
}
