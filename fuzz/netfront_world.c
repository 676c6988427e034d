/* SPDX-License-Identifier: ISC */
/* The backend that writes anything, what stands above the frontend, and what must hold. */
#include "netfront_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#include <xen/io/xenbus.h>

enum {
    SENT = 64,
    FRAME_SLICES = 24,
    REGION_BYTES = 16 * PAGE_BYTES,
    RX_PAGES = 40,
    TX_PAGES = 32,
    MEMORY_BYTES = 2 << 20,
    ROUND_PACKETS = 32,
    PRODUCER_AT = offsetof(struct netif_tx_sring, rsp_prod),
};

/* A frame to send, over and over. */
struct sent {
    uint8_t head[2048];
    bool is_out;
    uint64_t words[(sizeof(struct ms_frame) + FRAME_SLICES * sizeof(struct ms_slice)) / 8 + 1];
};

static struct sent sent[SENT];
static _Alignas(PAGE_BYTES) uint8_t memory[MEMORY_BYTES];
static _Alignas(PAGE_BYTES) uint8_t region[REGION_BYTES];
static struct ms_buf lent;

/* Knuth's generator; its upper half is good enough. */
static uint32_t throw_dice(struct source *source)
{
    source->dice = source->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(source->dice >> 32);
}

uint32_t world_take(struct world *w, unsigned bytes)
{
    struct source *source = &w->source;
    uint32_t value = 0;

    if (source->dice != 0)
        return throw_dice(source) >> (32 - 8 * bytes);
    for (; bytes > 0 && source->size > 0; bytes--, source->size--)
        value = value << 8 | *source->data++;
    return value;
}

static bool is_over(const struct world *w) { return w->source.dice == 0 && w->source.size == 0; }

/* --- Frames --- */

static uint64_t add_bytes(uint64_t sum, const uint8_t *data, uint32_t len)
{
    uint32_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t word;

        memcpy(&word, data + i, 8);
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    }
    for (; i < len; i++)
        sum = (sum ^ data[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return sum;
}

static uint64_t sum_of(const struct ms_frame *frame)
{
    uint64_t sum = add_bytes(1, frame->head, frame->head_len);

    for (unsigned i = 0; i < frame->slice_count; i++)
        sum = add_bytes(sum, frame->slices[i].data, frame->slices[i].len);
    return sum;
}

static void put_kept(struct world *w, unsigned i)
{
    world_require(sum_of(w->kept[i].frame) == w->kept[i].sum, "a frame's bytes changed");
    ms_frame_put(w->kept[i].frame);
    w->kept[i] = w->kept[--w->kept_count];
}

static void check_frame(const struct ms_frame *frame)
{
    world_require(frame->head_len >= 14 || frame->slice_count == 0, "headers in pieces");
    world_require(ms_frame_len(frame) >= 14, "a runt");
    world_require(frame->slice_count < SLOTS_MAX, "too many slices");
    if (frame->flags & MS_FRAME_CHECKSUM_PARTIAL)
        world_require(checksum_fits(frame), "a checksum outside of the frame");
}

static void input(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    struct world *w = arg;

    (void)now_us;
    w->totals->packets_up += n;
    for (unsigned i = 0; i < n; i++) {
        check_frame(frames[i]);
        if (w->kept_count == WORLD_KEPT)
            put_kept(w, 0);
        w->kept[w->kept_count++] = (struct kept){ .frame = frames[i], .sum = sum_of(frames[i]) };
    }
    world_meddle(w);
    while (!w->keeps && w->kept_count > 0)
        put_kept(w, 0);
}

static struct ms_frame *frame_of(struct sent *s) { return (struct ms_frame *)(void *)s->words; }

static void free_sent(struct ms_frame *frame)
{
    struct sent *s = (struct sent *)(void *)((uint8_t *)frame - offsetof(struct sent, words));

    world_require(s->is_out, "a frame was put twice");
    s->is_out = false;
}

/* Ethernet, IP and TCP or UDP, more or less: 74 bytes at most. */
static void fill_headers(struct world *w, uint8_t *bytes, bool is_ipv6)
{
    uint32_t tcp = is_ipv6 ? 54 : 34;

    memset(bytes, 0, tcp + 20);
    store_be16(bytes + 12, is_ipv6 ? 0x86dd : 0x0800);
    bytes[14] = is_ipv6 ? 0x60 : 0x45;
    bytes[is_ipv6 ? 20 : 23] = world_take(w, 1) & 7 ? 6 : 17;
    store_be16(bytes + tcp, (uint16_t)world_take(w, 2)); /* spreads the queues */
    bytes[tcp + 12] = 0x50;
}

static void add_slices(struct world *w, struct ms_frame *frame, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t start = world_take(w, 2) % REGION_BYTES, len = world_take(w, 2) + 1;

        len %= len & 1 ? 512 : 16384;
        len = len < REGION_BYTES - start ? len : REGION_BYTES - start;
        frame->slices[frame->slice_count++] =
            (struct ms_slice){ .data = region + start, .len = len, .buf = &lent };
    }
}

static void send_frame(struct world *w)
{
    uint32_t kind = world_take(w, 1), at = 0;
    struct ms_frame *frame;

    while (at < SENT && sent[at].is_out)
        at++;
    if (at == SENT)
        return;
    frame = frame_of(&sent[at]);
    *frame = (struct ms_frame){ .head = sent[at].head,
                                .head_len = 14 + world_take(w, 2) % (kind & 128 ? 2000 : 100),
                                .refs = 1,
                                .slice_capacity = FRAME_SLICES,
                                .release = free_sent };
    if ((kind & 64) && frame->head_len >= 74) {
        fill_headers(w, frame->head, kind & 16);
        frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
        frame->checksum_start = kind & 16 ? 54 : 34;
        frame->checksum_offset = 16;
    }
    if ((kind & 32) && (frame->flags != 0 || kind % 16 == 0))
        frame->segment_size = (uint16_t)world_take(w, 1);
    add_slices(w, frame, kind % 16 < 8 ? kind % 4 : kind % 16);
    sent[at].is_out = true;
    if (w->device->driver.ops->transmit(&w->device->driver, &frame, 1) == 0)
        ms_frame_put(frame);
    else
        w->totals->packets_down++;
}

/* --- The backend --- */

static const struct queue *any_queue(struct world *w)
{
    return &w->nf->queues[world_take(w, 1) % w->nf->queue_count];
}

/* The ring if it is connected, or NULL. 0: TX, 1: RX. */
static uint8_t *ring_page(const struct queue *queue, unsigned which)
{
    const struct page *page = &queue->ring_pages[which];

    return page->state == PAGE_SHARED ? page->bytes : NULL;
}

static uint32_t load(const uint8_t *page, size_t at)
{
    uint32_t value;

    memcpy(&value, page + at, sizeof value);
    return value;
}

static void store(uint8_t *page, size_t at, uint32_t value)
{
    memcpy(page + at, &value, sizeof value);
}

/* Any words anywhere in a ring. */
static void scribble(struct world *w)
{
    const struct queue *queue = any_queue(w);
    uint32_t at = world_take(w, 2);
    uint8_t *page = ring_page(queue, at & 1);

    if (page)
        store(page, at / 2 % (PAGE_BYTES / 4) * 4, world_take(w, 4));
    w->totals->writes++;
}

static void add_to_producer(struct world *w)
{
    const struct queue *queue = any_queue(w);
    uint32_t more = world_take(w, 1);
    uint8_t *page = ring_page(queue, more & 1);

    if (page)
        store(page, PRODUCER_AT,
              load(page, PRODUCER_AT) + (more < 250 ? more / 2 % 4 : more << 24));
    w->totals->writes++;
}

/* An entry in the right place, and the producer behind it. */
static void respond(const struct queue *queue, unsigned which, const void *entry, size_t len)
{
    uint8_t *page = ring_page(queue, which);
    uint32_t slot_bytes =
        which == 0 ? sizeof(union netif_tx_sring_entry) : sizeof(union netif_rx_sring_entry);
    uint32_t at;

    if (!page)
        return;
    at = load(page, PRODUCER_AT);
    memcpy(page + 64 + at % RING_SLOTS * slot_bytes, entry, len);
    store(page, PRODUCER_AT, at + 1);
}

/* The page that the next RX response is about, or NULL. */
static uint8_t *next_rx_page(const struct queue *queue)
{
    const uint8_t *ring = ring_page(queue, 1);
    uint16_t page;

    if (!ring)
        return NULL;
    page = queue->rx_posted[load(ring, PRODUCER_AT) % RING_SLOTS];
    return page == NO_PAGE ? NULL : queue->rx_pages[page].bytes;
}

static void respond_rx(const struct queue *queue, struct netif_rx_response response)
{
    const uint8_t *ring = ring_page(queue, 1);

    if (!ring)
        return;
    response.id = (uint16_t)(load(ring, PRODUCER_AT) % RING_SLOTS);
    respond(queue, 1, &response, sizeof response);
}

static void respond_extra(struct world *w, const struct queue *queue)
{
    struct netif_extra_info extra = { .type = (uint8_t)(world_take(w, 1) % 6) };

    extra.flags = extra.type == 1 ? 0 : (uint8_t)world_take(w, 1);
    extra.u.gso.size = (uint16_t)world_take(w, 2);
    extra.u.gso.type = (uint8_t)(world_take(w, 1) % 4);
    respond(queue, 1, &extra, sizeof extra);
}

/* Any flags, offset and status. */
static void respond_oddly(struct world *w)
{
    const struct queue *queue = any_queue(w);
    uint32_t kind = world_take(w, 1);

    respond_rx(queue, (struct netif_rx_response){
                          .offset = (uint16_t)(kind & 16 ? world_take(w, 2) : 0),
                          .flags = (uint16_t)(kind & 15),
                          .status = (int16_t)(world_take(w, 2) % (kind & 32 ? 65536 : 4097)),
                      });
}

/* A packet of some slots, or its beginning. */
static void respond_without_end(struct world *w)
{
    const struct queue *queue = any_queue(w);
    uint32_t kind = world_take(w, 1), len = world_take(w, 2);

    for (uint32_t i = kind % 32; i > 0; i--)
        respond_rx(queue, (struct netif_rx_response){
                              .flags = i > 1 || (kind & 64) ? NETRXF_more_data : NETRXF_csum_blank,
                              .status = (int16_t)(len % 4097),
                          });
}

/* A packet that an honest backend might send. Returns its slots. */
static uint32_t send_packet(struct world *w, const struct queue *queue)
{
    uint32_t kind = world_take(w, 1), slots = kind < 224 ? 1 : kind % 8 + 1;
    uint32_t len = 14 + world_take(w, 2) % (kind % 4 ? 1500 : 243);
    bool has_extra = kind % 32 == 1, has_headers = kind & 4;
    uint8_t *page = next_rx_page(queue);

    if (page && has_headers)
        fill_headers(w, page, kind & 8);
    for (uint32_t i = 0; i < slots; i++) {
        bool is_first = i == 0, is_last = i + 1 == slots;
        uint16_t flags = is_last ? 0 : NETRXF_more_data;

        if (is_first && has_headers)
            flags |= NETRXF_csum_blank | NETRXF_data_validated;
        if (is_first && has_extra)
            flags |= NETRXF_extra_info;
        respond_rx(queue, (struct netif_rx_response){
                              .flags = flags,
                              .status = (int16_t)(is_last ? len : PAGE_BYTES),
                          });
        if (is_first && has_extra)
            respond_extra(w, queue);
    }
    return slots + has_extra;
}

/* Answers the i-th pending request, or all and the extras. */
static void respond_tx(struct world *w, const struct queue *queue, bool is_all)
{
    const struct netif_tx_response none = { .status = NETIF_RSP_NULL };
    uint32_t skip = is_all ? 0 : world_take(w, 1) % 8;

    for (unsigned id = 0; id < RING_SLOTS; id++) {
        struct netif_tx_response response = { .id = (uint16_t)id };

        if (queue->tx_slots[id].state != TX_PENDING || (skip > 0 && skip--))
            continue;
        respond(queue, 0, &response, sizeof response);
        if (!is_all)
            return;
    }
    for (uint32_t i = 0; is_all && i < queue->tx_extras; i++)
        respond(queue, 0, &none, sizeof none);
}

/* Any id and status, or an extra that may be none. */
static void respond_tx_oddly(struct world *w)
{
    const struct queue *queue = any_queue(w);
    uint32_t kind = world_take(w, 2);
    struct netif_tx_response response = {
        .id = (uint16_t)(kind % 16 == 1 ? kind / 8 : kind / 8 % (RING_SLOTS + 1)),
        .status = (int16_t)(kind & 2 ? NETIF_RSP_NULL : (kind & 4) - 2),
    };

    for (uint32_t i = kind % 8; i > 0; i--)
        send_frame(w);
    respond(queue, 0, &response, sizeof response);
}

/* Bytes into a page that the backend may write, or has mapped still. */
static void write_page(struct world *w)
{
    const struct grant *g = &w->grants[world_take(w, 2) % WORLD_GRANTS];
    uint32_t at = world_take(w, 2) % PAGE_BYTES, len = world_take(w, 1) % 64;

    if (!g->page || g->is_readonly)
        return;
    for (uint32_t i = 0; i < len && at + i < PAGE_BYTES; i++)
        g->page[at + i] = (uint8_t)world_take(w, 1);
    w->totals->writes++;
}

static void map_some(struct world *w)
{
    uint32_t from = world_take(w, 2) % WORLD_GRANTS, count = world_take(w, 1);

    /* A few, or all that are left. */
    count = count < 224 ? count % 16 : WORLD_GRANTS;
    for (uint32_t i = from; i < from + count && i < WORLD_GRANTS; i++)
        w->grants[i].is_mapped = w->grants[i].page && !w->grants[i].is_mapped;
}

static void set_backend_state(struct world *w, unsigned state)
{
    w->backend_state = state;
    if (w->fired)
        *w->fired = true;
}

void world_meddle(struct world *w)
{
    uint32_t what;

    if (!w->is_meddling || is_over(w))
        return;
    what = world_take(w, 1);
    if (what >= 8)
        return;
    w->totals->meddled++;
    switch (what) {
    case 0: scribble(w); break;
    case 1: add_to_producer(w); break;
    case 2: set_backend_state(w, world_take(w, 1) % 10); break;
    default: write_page(w); break;
    }
}

/* --- What must hold --- */

/* Each page to receive into is in one place. */
static void check_rx(const struct ms_netfront *nf, const struct queue *queue)
{
    uint32_t places = queue->rx_free_pages.count + queue->chain.count;

    for (unsigned i = 0; i < RING_SLOTS; i++)
        places += queue->rx_posted[i] != NO_PAGE;
    for (unsigned i = 0; i < nf->config.rx_pages; i++)
        places += queue->rx_pages[i].state == PAGE_LENT || queue->rx_pages[i].state == PAGE_HELD;
    world_require(places == nf->config.rx_pages, "a page is lost, or in two places");
}

/* Each request is free, pending, held or done, and frames wait for those that are theirs. */
static void check_tx(const struct queue *queue)
{
    uint32_t states[TX_DONE + 1] = { 0 };

    for (unsigned id = 0; id < RING_SLOTS; id++) {
        const struct tx_slot *slot = &queue->tx_slots[id];
        const struct ms_frame *frame = slot->frame;

        states[slot->state]++;
        if (slot->state != TX_FREE && frame)
            world_require(frame->refs == 1, "a frame is gone while it is sent");
    }
    world_require(states[TX_FREE] == queue->tx_free_ids.count, "an id is lost");
    world_require(states[TX_HELD] == queue->tx_held, "what is held is counted wrong");
    world_require(states[TX_PENDING] + queue->tx_extras == ring_in_flight(&queue->tx),
                  "the ring and the requests differ");
}

/* No list is longer than there is room for, connected or not. */
static void check_lists(const struct ms_netfront *nf, const struct queue *queue)
{
    world_require(queue->rx_free_pages.count <= nf->config.rx_pages &&
                      queue->tx_free_pages.count <= nf->config.tx_pages &&
                      queue->tx_free_ids.count <= RING_SLOTS,
                  "a list is too long");
}

static void check(const struct world *w)
{
    const struct ms_netfront *nf = w->nf;
    bool is_connected = ms_netfront_state(nf) == MS_NETFRONT_CONNECTED;
    uint64_t deadline_us = ms_device_next_deadline(w->device);

    for (uint32_t i = 0; i < nf->queue_count; i++)
        check_lists(nf, &nf->queues[i]);
    for (uint32_t i = 0; is_connected && i < nf->features.queues; i++) {
        check_rx(nf, &nf->queues[i]);
        check_tx(&nf->queues[i]);
    }
    world_require(deadline_us == 0 || deadline_us > w->now_us, "a deadline in the past");
}

static void count_ring(struct world *w, const struct ring *ring, struct counted *counted)
{
    w->totals->requests += ring->produced - counted->produced;
    w->totals->responses += ring->consumed - counted->consumed;
    *counted = (struct counted){ .produced = ring->produced, .consumed = ring->consumed };
}

/* Adds what has gone through the rings since the last time. */
static void count(struct world *w)
{
    if (w->counted_epoch != w->nf->epoch)
        memset(w->counted, 0, sizeof w->counted); /* rings of another connection */
    w->counted_epoch = w->nf->epoch;
    for (uint32_t i = 0; i < w->nf->features.queues; i++) {
        count_ring(w, &w->nf->queues[i].tx, &w->counted[i][0]);
        count_ring(w, &w->nf->queues[i].rx, &w->counted[i][1]);
    }
}

/* --- Steps --- */

static void poll(struct world *w, uint64_t us)
{
    struct ms_netfront_stats before, after;

    w->now_us += us;
    w->totals->polls++;
    ms_netfront_stats(w->nf, &before);
    count(w);
    (void)ms_device_poll(w->device, w->now_us);
    count(w);
    ms_netfront_stats(w->nf, &after);
    w->totals->connects += after.connects - before.connects;
    if (after.breaks != before.breaks)
        w->totals->reasons[ms_netfront_reason(w->nf)]++;
    check(w);
}

/* As far as an honest backend gets. */
static void connect(struct world *w)
{
    for (unsigned i = 0; i < 3; i++) {
        poll(w, RETRY_US);
        if (ms_netfront_state(w->nf) == MS_NETFRONT_CONNECTING)
            set_backend_state(w, XenbusStateConnected);
        else if (ms_netfront_state(w->nf) == MS_NETFRONT_WAITING)
            set_backend_state(w, XenbusStateInitWait);
    }
}

/* The harm ends, for now: a connection can be made. */
static void make_peace(struct world *w)
{
    w->is_again = false;
    w->nonsense = 0;
    w->grants_left = UINT32_MAX;
    w->keeps = false;
    for (unsigned i = 0; i < WORLD_GRANTS; i++)
        w->grants[i].is_mapped = false;
    ms_netfront_reopen(w->nf);
    set_backend_state(w, XenbusStateInitWait);
    connect(w);
}

/* Honest traffic both ways, as much as the rings hold. */
static void play_round(struct world *w)
{
    if (ms_netfront_state(w->nf) != MS_NETFRONT_CONNECTED) {
        if (world_take(w, 1) < 64)
            make_peace(w);
        else
            connect(w);
        return;
    }
    for (uint32_t i = world_take(w, 1) % ROUND_PACKETS; i > 0; i--)
        send_frame(w);
    for (uint32_t i = 0; i < w->nf->features.queues; i++) {
        const struct queue *queue = &w->nf->queues[i];
        uint32_t wanted = world_take(w, 1) % ROUND_PACKETS, room = ring_in_flight(&queue->rx);

        /* A packet is of at most nine slots. */
        for (; wanted > 0 && room >= 9; wanted--)
            room -= send_packet(w, queue);
        respond_tx(w, queue, world_take(w, 1) < 128);
    }
    poll(w, 10);
}

static void do_harm(struct world *w)
{
    switch (world_take(w, 1) % 23) {
    case 0:
    case 1: scribble(w); break;
    case 2: respond_oddly(w); break;
    case 3: respond_without_end(w); break;
    case 4: respond_extra(w, any_queue(w)); break;
    case 5: respond_tx(w, any_queue(w), false); break;
    case 6: respond_tx(w, any_queue(w), true); break;
    case 7: add_to_producer(w); break;
    case 8: set_backend_state(w, world_take(w, 1) % 10); break;
    case 9: send_frame(w); break;
    case 10: write_page(w); break;
    case 11: map_some(w); break;
    case 12: ms_netfront_reopen(w->nf); break;
    case 13: ms_netfront_shut_down(w->nf); break;
    case 14: w->grants_left = world_take(w, 1) < 128 ? world_take(w, 1) % 128 : UINT32_MAX; break;
    case 15: w->keeps = !w->keeps; break;
    case 16: w->events[world_take(w, 1) % WORLD_PORTS] = true; break;
    case 17: w->nonsense = (uint8_t)world_take(w, 1); break;
    case 18: w->is_again = !w->is_again; break;
    case 19: connect(w); break;
    case 20: respond_tx_oddly(w); break;
    case 21: (void)send_packet(w, any_queue(w)); break;
    default: poll(w, world_take(w, 1) * 1000u); break;
    }
}

static void open_world(struct world *w)
{
    struct ms_netfront_config config;
    enum ms_netfront_reason reason;
    uint32_t knobs = world_take(w, 1);

    ms_netfront_config_default(&config);
    config.platform = (struct ms_xen_platform){ .ops = &world_platform_ops, .arg = w };
    config.rx_pages = RX_PAGES;
    config.tx_pages = TX_PAGES;
    config.queues = (uint16_t)(knobs / 16 % WORLD_QUEUES + 1);
    config.no_checksum_offload = knobs & 1;
    config.no_scatter_gather = (knobs & 6) == 6;
    config.is_backend_trusted = knobs & 8;
    w->features = (uint8_t)world_take(w, 1);
    w->queues = (uint8_t)(knobs / 64 + 1);
    w->temper = (uint8_t)world_take(w, 1);
    w->grants_left = UINT32_MAX;
    w->backend_state = XenbusStateInitWait;
    world_require(ms_netfront_size(&config) <= sizeof memory, "too little memory");
    w->nf = ms_netfront_open(&config, memory, sizeof memory, &reason);
    world_require(w->nf != NULL, "not opened");
    w->device = ms_netfront_device(w->nf);
    w->device->sink = (struct ms_sink){ .input = input, .arg = w };
    world_require(w->device->driver.ops->map(&w->device->driver, region, REGION_BYTES) == MS_OK,
                  "not mapped");
    connect(w);
    w->is_meddling = w->temper & 1;
}

/* The backend lets go of everything: then all is back, and a new connection works. */
static void close_world(struct world *w)
{
    w->is_meddling = false;
    make_peace(w);
    world_require(ms_netfront_is_up(w->nf), "not up again");
    while (w->kept_count > 0)
        put_kept(w, 0);
    ms_device_close(w->device);
    world_require(ms_netfront_pages_held(w->nf) == 0, "a page is held");
    world_require(w->grant_count == 0, "a grant is left");
    world_require(w->port_count == 0, "a port is left");
    world_require(!w->fired, "a watch is left");
    for (unsigned i = 0; i < SENT; i++)
        world_require(!sent[i].is_out, "a frame is left");
}

void world_live(struct source source, unsigned steps, struct totals *totals)
{
    static struct world w;

    memset(&w, 0, sizeof w);
    w.source = source;
    w.totals = totals;
    totals->worlds++;
    open_world(&w);
    for (unsigned i = 0; i < steps && !is_over(&w); i++) {
        if (world_take(&w, 1) < w.temper)
            do_harm(&w);
        else
            play_round(&w);
    }
    close_world(&w);
}

uint64_t world_ring_operations(const struct totals *totals)
{
    return totals->requests + totals->responses;
}

void world_print(const struct totals *t)
{
    fprintf(stderr,
            "ring operations %" PRIu64 ": requests %" PRIu64 ", responses %" PRIu64 "\n"
            "packets up %" PRIu64 ", down %" PRIu64 "; worlds %" PRIu64 ", polls %" PRIu64
            ", connections %" PRIu64 "\nbad writes %" PRIu64 ", in the middle of a poll %" PRIu64
            "\n",
            world_ring_operations(t), t->requests, t->responses, t->packets_up, t->packets_down,
            t->worlds, t->polls, t->connects, t->writes, t->meddled);
    for (unsigned i = 1; i < MS_NETFRONT_REASON_COUNT; i++) {
        if (t->reasons[i] > 0)
            fprintf(stderr, "broke %" PRIu64 " times: %s\n", t->reasons[i],
                    ms_netfront_reason_text((enum ms_netfront_reason)i));
    }
}
