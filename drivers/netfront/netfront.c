/* SPDX-License-Identifier: ISC */
/* The device: its memory, and its polls. */
#include "inside.h"

#include <xen/io/xenbus.h>

enum {
    RX_PAGES_MIN = 40, /* the largest packet is lent on, and there is room for the next */
    TX_PAGES_MIN = 32,
    RX_PAGES_MAX = 4096,
    TX_PAGES_MAX = RING_SLOTS,
    RING_PAGES = 2,
    BATCH = 64,          /* frames received in one poll of a queue */
    EVENTS_IN_VAIN = 64, /* so many in a row, and the port is ignored for a while */
    MASKED_US = 1000,    /* at first; doubled each time */
    BACKOFF_MAX = 6,
    TX_TIMEOUT_US = 5000000,
};

_Static_assert(RX_PAGES_MIN >= 2 * SLOTS_MAX, "a reserve, and a packet");

static const char *const reason_texts[] = {
#define REASON_TEXT(name, text) text,
    MS_NETFRONT_REASON_LIST(REASON_TEXT)
#undef REASON_TEXT
};

const char *ms_netfront_reason_text(enum ms_netfront_reason reason)
{
    return (unsigned)reason < MS_NETFRONT_REASON_COUNT ? reason_texts[reason] : "?";
}

/* --- Events --- */

/* Whether an event came; on a port that is ignored, none did. */
static bool listen(struct ms_netfront *nf, struct port *port)
{
    const struct ms_xen_platform *platform = &nf->config.platform;
    bool is_event = platform->ops->take_event(platform->arg, port->number);

    nf->stats.events += is_event;
    if (port->masked_until_us == 0)
        return is_event;
    if (nf->now_us >= port->masked_until_us) {
        port->masked_until_us = 0;
        port->in_vain = 0;
        platform->ops->mask(platform->arg, port->number, false);
    }
    return false;
}

/* Ignores a port for a while that has many events and no work. */
static void judge(struct ms_netfront *nf, struct port *port, bool is_event, bool is_work)
{
    const struct ms_xen_platform *platform = &nf->config.platform;

    if (port->masked_until_us > 0)
        return;
    if (is_work) {
        port->in_vain = 0;
        port->backoff = 0;
        return;
    }
    if (!is_event)
        return;
    nf->stats.events_in_vain++;
    if (++port->in_vain < EVENTS_IN_VAIN)
        return;
    /* It cries wolf: look by the clock for a while. */
    platform->ops->mask(platform->arg, port->number, true);
    port->masked_until_us = nf->now_us + ((uint64_t)MASKED_US << port->backoff);
    port->backoff += port->backoff < BACKOFF_MAX;
    nf->stats.times_masked++;
}

/* --- Polls --- */

/* Looks at both rings; the packets that came are in `frames`. */
static unsigned look(struct queue *queue, struct ms_frame **frames)
{
    struct ms_netfront *nf = queue->netfront;
    struct port *tx = &queue->ports[0], *rx = &queue->ports[1];
    uint32_t tx_before = queue->tx.consumed, rx_before = queue->rx.consumed;
    bool is_one = tx->number == rx->number;
    /* Taken first: one that comes after the rings were looked at has to wake us up again. */
    bool is_tx_event = listen(nf, tx), is_rx_event = !is_one && listen(nf, rx);
    bool is_tx_work, is_rx_work;
    unsigned n;

    queue->has_work = false;
    ms_netfront_tx_poll(queue);
    n = ms_netfront_rx_poll(queue, frames, BATCH);
    is_tx_work = queue->tx.consumed != tx_before;
    is_rx_work = queue->rx.consumed != rx_before;
    judge(nf, tx, is_tx_event, is_tx_work || (is_one && is_rx_work));
    if (!is_one)
        judge(nf, rx, is_rx_event, is_rx_work);
    return n;
}

static bool is_at_work(const struct ms_netfront *nf)
{
    return nf->state == MS_NETFRONT_CONNECTED && nf->breaking == MS_NETFRONT_NONE;
}

static unsigned poll_queue(struct queue *queue, uint64_t now_us)
{
    struct ms_netfront *nf = queue->netfront;
    const struct ms_xen_platform *platform = &nf->config.platform;
    struct ms_frame *frames[BATCH];
    unsigned n = look(queue, frames);

    if (n > 0)
        ms_device_deliver(&nf->device, frames, n, now_us);
    /* Who was given the frames may have closed us. */
    if (is_at_work(nf) && ms_netfront_rx_refill(queue)) {
        platform->ops->notify(platform->arg, queue->ports[1].number);
        nf->stats.notifications++;
    }
    return n;
}

static void tell(struct ms_netfront *nf)
{
    bool is_up = ms_netfront_is_up(nf);

    if (!nf->is_changed && is_up == nf->was_up)
        return;
    nf->is_changed = false;
    nf->was_up = is_up;
    if (nf->config.on_change)
        nf->config.on_change(nf->config.user, nf);
}

static unsigned device_poll(struct ms_device *device, uint64_t now_us)
{
    struct ms_netfront *nf = (struct ms_netfront *)(void *)device;
    unsigned n = 0;

    nf->now_us = now_us;
    ms_netfront_step(nf);
    for (uint32_t i = 0; i < nf->features.queues && is_at_work(nf); i++)
        n += poll_queue(&nf->queues[i], now_us);
    if (is_at_work(nf))
        ms_netfront_groups_tell(nf);
    ms_netfront_step(nf);
    tell(nf);
    return n;
}

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t queue_deadline(const struct queue *queue)
{
    uint64_t deadline_us = UINT64_MAX;

    if (queue->has_work)
        return 0;
    if (queue->refill_us > 0)
        deadline_us = queue->refill_us;
    for (unsigned i = 0; i < 2; i++) {
        if (queue->ports[i].masked_until_us > 0)
            deadline_us = earlier(deadline_us, queue->ports[i].masked_until_us);
    }
    if (ring_in_flight(&queue->tx) > 0 && !queue->is_tx_stalled)
        deadline_us =
            earlier(deadline_us, queue->tx_moved_us + queue->netfront->config.tx_timeout_us);
    return deadline_us;
}

static uint64_t device_next_deadline(const struct ms_device *device)
{
    const struct ms_netfront *nf = (const struct ms_netfront *)(const void *)device;
    uint64_t deadline_us = nf->retry_us;

    if (nf->state == MS_NETFRONT_CONNECTED && nf->groups.is_due)
        return 0;
    if (nf->fired || nf->is_changed || nf->breaking != MS_NETFRONT_NONE)
        return 0;
    if (nf->state == MS_NETFRONT_CLOSING)
        deadline_us = earlier(deadline_us, nf->close_by_us);
    for (uint32_t i = 0; i < nf->features.queues && nf->state == MS_NETFRONT_CONNECTED; i++)
        deadline_us = earlier(deadline_us, queue_deadline(&nf->queues[i]));
    return deadline_us;
}

static short device_events(const struct ms_device *device)
{
    (void)device;
    return 0;
}

static void device_close(struct ms_device *device)
{
    struct ms_netfront *nf = (struct ms_netfront *)(void *)device;

    ms_netfront_disconnect(nf);
    ms_netfront_store_unwatch(nf);
    if (nf->state != MS_NETFRONT_CLOSED)
        ms_netfront_store_set_state(nf, XenbusStateClosed);
    nf->state = MS_NETFRONT_CLOSED;
    nf->wants_open = false;
}

/* --- Memory that buffers are lent from --- */

static enum ms_error map(struct ms_driver *driver, void *memory, size_t len)
{
    struct ms_netfront *nf = (struct ms_netfront *)(void *)driver;

    if ((uintptr_t)memory % PAGE_BYTES != 0 || len % PAGE_BYTES != 0 || len == 0)
        return MS_ERROR_INVALID;
    for (unsigned i = 0; i < REGIONS_MAX; i++) {
        if (nf->regions[i].len > 0)
            continue;
        nf->regions[i] = (struct region){ .start = memory, .len = len };
        return MS_OK;
    }
    return MS_ERROR_NO_MEMORY;
}

static void unmap(struct ms_driver *driver, void *memory, size_t len)
{
    struct ms_netfront *nf = (struct ms_netfront *)(void *)driver;

    for (unsigned i = 0; i < REGIONS_MAX; i++) {
        if (nf->regions[i].start == memory && nf->regions[i].len == len) {
            nf->regions[i] = (struct region){ .len = 0 };
            return;
        }
    }
}

/* --- Opening --- */

static const struct ms_driver_ops driver_ops = {
    .transmit = ms_netfront_transmit,
    .map = map,
    .unmap = unmap,
    .set_group = ms_netfront_set_group,
};
static const struct ms_device_ops device_ops = {
    .poll = device_poll,
    .next_deadline = device_next_deadline,
    .events = device_events,
    .close = device_close,
};

void ms_netfront_config_default(struct ms_netfront_config *config)
{
    *config = (struct ms_netfront_config){
        .path = "device/vif/0",
        .queues = 1,
        .rx_pages = 512,
        .tx_pages = 128,
        .tx_timeout_us = TX_TIMEOUT_US,
    };
}

static bool is_config_sensible(const struct ms_netfront_config *config)
{
    return config->path && config->queues >= 1 && config->queues <= QUEUES_MAX &&
           config->rx_pages >= RX_PAGES_MIN && config->rx_pages <= RX_PAGES_MAX &&
           config->tx_pages >= TX_PAGES_MIN && config->tx_pages <= TX_PAGES_MAX &&
           config->tx_timeout_us > 0;
}

/* Hands out a block, piece by piece; or only adds up, with a block at NULL. */
struct carver {
    uint8_t *start;
    size_t used;
};

static void *carve(struct carver *carver, size_t bytes)
{
    size_t at = carver->used;

    carver->used += (bytes + 15) & ~(size_t)15;
    return carver->start ? carver->start + at : NULL;
}

static struct page *carve_pages(struct carver *carver, uint32_t n, uint8_t **bytes)
{
    struct page *pages = carve(carver, n * sizeof *pages);

    for (uint32_t i = 0; pages && i < n; i++) {
        pages[i] = (struct page){ .bytes = *bytes };
        *bytes += PAGE_BYTES;
    }
    return pages;
}

static struct stack_of carve_stack(struct carver *carver, uint32_t n)
{
    return (struct stack_of){ .at = carve(carver, n * sizeof(uint16_t)) };
}

static void carve_queue(struct ms_netfront *nf, struct carver *carver, uint8_t **bytes,
                        const struct ms_netfront_config *config, struct queue *queue)
{
    uint32_t tx_pages = config->tx_pages, rx_pages = config->rx_pages;
    struct queue made = {
        .netfront = nf,
        .ring_pages = carve_pages(carver, RING_PAGES, bytes),
        .tx_pages = carve_pages(carver, tx_pages, bytes),
        .tx_free_pages = carve_stack(carver, tx_pages),
        .tx_slots = carve(carver, RING_SLOTS * sizeof(struct tx_slot)),
        .tx_free_ids = carve_stack(carver, RING_SLOTS),
        .rx_pages = carve_pages(carver, rx_pages, bytes),
        .rx_free_pages = carve_stack(carver, rx_pages),
    };

    if (queue) {
        memset(made.tx_slots, 0, RING_SLOTS * sizeof(struct tx_slot));
        *queue = made;
    }
    for (uint32_t i = 0; i < rx_pages; i++) {
        struct rx_frame *rx = carve(carver, ms_netfront_frame_bytes());

        if (queue)
            ms_netfront_frame_init(queue, rx);
    }
}

static size_t shared_bytes(const struct ms_netfront_config *config)
{
    return (size_t)config->queues * ((size_t)RING_PAGES + config->tx_pages + config->rx_pages) *
           PAGE_BYTES;
}

/* The pages first, then what nobody else sees: at `start`, or only counted. */
static struct ms_netfront *lay_out(const struct ms_netfront_config *config, uint8_t *start,
                                   size_t *size)
{
    struct carver carver = { .start = start, .used = shared_bytes(config) };
    struct ms_netfront *nf = carve(&carver, sizeof *nf);
    struct queue *queues = carve(&carver, config->queues * sizeof *queues);
    uint8_t *bytes = start;

    if (nf)
        *nf = (struct ms_netfront){ .queues = queues, .queue_count = config->queues };
    for (uint32_t i = 0; i < config->queues; i++)
        carve_queue(nf, &carver, &bytes, config, queues ? &queues[i] : NULL);
    *size = carver.used;
    return nf;
}

size_t ms_netfront_size(const struct ms_netfront_config *config)
{
    size_t size = 0;

    if (is_config_sensible(config))
        (void)lay_out(config, NULL, &size);
    return size;
}

static void set_facts(struct ms_netfront *nf)
{
    struct ms_netfront_config *config = &nf->config;

    /* Segments of several pages, with sums that are left to others. */
    if (config->no_checksum_offload || config->no_scatter_gather)
        config->no_segmentation_offload = true;
    nf->device = (struct ms_device){
        .driver = { .ops = &driver_ops,
                    .medium = MS_MEDIUM_ETHERNET,
                    .slices_max = 64,
                    .checksum_offload = !config->no_checksum_offload,
                    .frames = (uint32_t)config->rx_pages * config->queues },
        .ops = &device_ops,
        .fd = -1,
    };
}

struct ms_netfront *ms_netfront_open(const struct ms_netfront_config *config, void *memory,
                                     size_t size, enum ms_netfront_reason *reason)
{
    size_t needed = ms_netfront_size(config);
    struct ms_netfront *nf;

    *reason = MS_NETFRONT_NO_MEMORY;
    if (needed == 0 || size < needed || (uintptr_t)memory % PAGE_BYTES != 0)
        return NULL;
    nf = lay_out(config, memory, &needed);
    nf->config = *config;
    nf->retry_us = UINT64_MAX;
    set_facts(nf);
    *reason = ms_netfront_store_open(nf);
    if (*reason != MS_NETFRONT_NONE)
        return NULL;
    ms_netfront_reopen(nf);
    return nf;
}

struct ms_device *ms_netfront_device(struct ms_netfront *nf) { return &nf->device; }

enum ms_netfront_state ms_netfront_state(const struct ms_netfront *nf) { return nf->state; }

enum ms_netfront_reason ms_netfront_reason(const struct ms_netfront *nf) { return nf->reason; }

bool ms_netfront_is_up(const struct ms_netfront *nf)
{
    if (nf->state != MS_NETFRONT_CONNECTED || nf->breaking != MS_NETFRONT_NONE || !nf->has_carrier)
        return false;
    for (uint32_t i = 0; i < nf->features.queues; i++) {
        if (nf->queues[i].is_tx_stalled)
            return false;
    }
    return true;
}

unsigned ms_netfront_pages_held(const struct ms_netfront *nf)
{
    unsigned held = nf->pages_held;

    for (uint32_t i = 0; i < nf->queue_count; i++)
        held += nf->queues[i].tx_held;
    return held;
}

void ms_netfront_stats(const struct ms_netfront *nf, struct ms_netfront_stats *stats)
{
    *stats = nf->stats;
}
