/* SPDX-License-Identifier: ISC */
/*
 * A Xen backend that writes anything into rings, pages and the xenstore between polls. Whatever it
 * does, frames handed up do not change, and in the end every page, grant, port and frame is back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "netfront/inside.h"

#include <xen/io/xenbus.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    GRANTS = 1024,
    PORTS = 8,
    STEPS_MAX = 400,
    KEPT = 24,
    SENT = 64,
    FRAME_SLICES = 24,
    REGION_BYTES = 8 * PAGE_BYTES,
    MEMORY_BYTES = 1 << 20,
    BAD_VALUES = 8,
};

struct grant {
    uint8_t *page; /* NULL: unused */
    bool is_readonly, is_mapped;
};

/* A frame to send, over and over. */
struct sent {
    uint8_t head[2048];
    bool is_out;
    uint64_t words[(sizeof(struct ms_frame) + FRAME_SLICES * sizeof(struct ms_slice)) / 8 + 1];
};

/* A frame that came, and what its bytes added up to then. */
struct kept {
    struct ms_frame *frame;
    uint32_t sum;
};

struct world {
    const uint8_t *data;
    size_t size;
    struct ms_netfront *nf;
    struct ms_device *device;
    uint64_t now_us;
    struct grant grants[GRANTS];
    uint32_t grant_count, next_grant, grants_left;
    bool ports[PORTS], events[PORTS];
    uint32_t port_count;
    bool *fired;
    bool is_in_transaction, is_again;
    unsigned backend_state;
    uint8_t features; /* each bit: one of feature_keys */
    uint8_t nonsense; /* a key with so many bytes of ones, or 0 */
    bool keeps;
    struct kept kept[KEPT];
    unsigned kept_count;
};

static struct sent sent[SENT];
static _Alignas(PAGE_BYTES) uint8_t memory[MEMORY_BYTES];
static _Alignas(PAGE_BYTES) uint8_t region[REGION_BYTES];
static struct ms_buf lent;

static const char *const feature_keys[] = {
    "feature-split-event-channels", "feature-sg",        "feature-no-csum-offload",
    "feature-ipv6-csum-offload",    "feature-gso-tcpv4", "feature-gso-tcpv6",
};

static void require(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static uint32_t take(struct world *w, unsigned bytes)
{
    uint32_t value = 0;

    for (; bytes > 0 && w->size > 0; bytes--, w->size--)
        value = value << 8 | *w->data++;
    return value;
}

/* --- The platform --- */

static enum ms_xen_status grant(void *arg, uint16_t domain, const void *page, bool is_readonly,
                                uint32_t *reference)
{
    struct world *w = arg;

    (void)domain;
    if (w->grants_left == 0 || w->grant_count == GRANTS - 1)
        return MS_XEN_NO_MEMORY;
    w->grants_left--;
    do
        w->next_grant = w->next_grant % (GRANTS - 1) + 1;
    while (w->grants[w->next_grant].page);
    w->grants[w->next_grant] =
        (struct grant){ .page = (uint8_t *)(uintptr_t)page, .is_readonly = is_readonly };
    w->grant_count++;
    *reference = w->next_grant;
    return MS_XEN_OK;
}

static bool revoke(void *arg, uint32_t reference)
{
    struct world *w = arg;

    require(reference < GRANTS && w->grants[reference].page, "a grant that is none was revoked");
    if (w->grants[reference].is_mapped)
        return false;
    w->grants[reference].page = NULL;
    w->grant_count--;
    return true;
}

static enum ms_xen_status open_port(void *arg, uint16_t domain, uint32_t *port)
{
    struct world *w = arg;

    (void)domain;
    for (uint32_t i = 1; i < PORTS; i++) {
        if (w->ports[i])
            continue;
        w->ports[i] = true;
        w->port_count++;
        *port = i;
        return MS_XEN_OK;
    }
    return MS_XEN_NO_MEMORY;
}

static void check_port(const struct world *w, uint32_t port)
{
    require(port < PORTS && w->ports[port], "a port that is not open was used");
}

static void close_port(void *arg, uint32_t port)
{
    struct world *w = arg;

    check_port(w, port);
    w->ports[port] = false;
    w->port_count--;
}

static void notify(void *arg, uint32_t port) { check_port(arg, port); }

static bool take_event(void *arg, uint32_t port)
{
    struct world *w = arg;
    bool was = port < PORTS && w->events[port];

    check_port(w, port);
    w->events[port] = false;
    return was;
}

static void mask(void *arg, uint32_t port, bool is_masked)
{
    (void)is_masked;
    check_port(arg, port);
}

static enum ms_xen_status store_begin(void *arg, uint32_t *transaction)
{
    struct world *w = arg;

    require(!w->is_in_transaction, "two transactions at once");
    w->is_in_transaction = true;
    *transaction = 5;
    return MS_XEN_OK;
}

static enum ms_xen_status store_end(void *arg, uint32_t transaction, bool is_commit)
{
    struct world *w = arg;

    (void)is_commit;
    require(transaction == 5 && w->is_in_transaction, "no transaction");
    w->is_in_transaction = false;
    return w->is_again ? MS_XEN_AGAIN : MS_XEN_OK;
}

static enum ms_xen_status answer(char *value, size_t size, const char *text)
{
    if (strlen(text) >= size)
        return MS_XEN_TOO_LONG;
    strcpy(value, text);
    return MS_XEN_OK;
}

static bool ends_with(const char *path, const char *key)
{
    size_t len = strlen(path), key_len = strlen(key);

    return len > key_len && strcmp(path + len - key_len, key) == 0 &&
           path[len - key_len - 1] == '/';
}

static enum ms_xen_status read_one(const struct world *w, const char *path, char *value,
                                   size_t size)
{
    static const char *const bad[BAD_VALUES] = { "",  "-1", "4294967296", "99999999999999999999",
                                                 "x", "2",  "1 ",         "00000000000000001" };
    char state[8];

    if (w->nonsense && strlen(path) % 16 == w->nonsense % 16)
        return answer(value, size, bad[w->nonsense / 16 % BAD_VALUES]);
    if (ends_with(path, "mac"))
        return answer(value, size, "02:16:3e:00:00:01");
    if (ends_with(path, "backend"))
        return answer(value, size, "/b");
    if (ends_with(path, "backend-id"))
        return answer(value, size, "0");
    if (ends_with(path, "feature-rx-copy"))
        return answer(value, size, "1");
    if (ends_with(path, "state")) {
        snprintf(state, sizeof state, "%u", w->backend_state);
        return answer(value, size, state);
    }
    for (unsigned i = 0; i < sizeof feature_keys / sizeof feature_keys[0]; i++) {
        if (ends_with(path, feature_keys[i]))
            return answer(value, size, w->features >> i & 1 ? "1" : "0");
    }
    return MS_XEN_NOT_FOUND;
}

static void store_read(void *arg, struct ms_xen_read *reads, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        reads[i].status = read_one(arg, reads[i].path, reads[i].value, reads[i].size);
}

static enum ms_xen_status store_write(void *arg, uint32_t transaction,
                                      const struct ms_xen_write *writes, unsigned n)
{
    (void)arg;
    (void)transaction;
    for (unsigned i = 0; i < n; i++)
        require(strlen(writes[i].path) < 100 && (!writes[i].value || strlen(writes[i].value) < 16),
                "nonsense was written");
    return MS_XEN_OK;
}

static enum ms_xen_status store_watch(void *arg, const char *path, bool *fired)
{
    struct world *w = arg;

    (void)path;
    require(!w->fired, "two watches");
    w->fired = fired;
    return MS_XEN_OK;
}

static void store_unwatch(void *arg, const char *path, bool *fired)
{
    struct world *w = arg;

    (void)path;
    require(w->fired == fired, "another watch");
    w->fired = NULL;
}

static const struct ms_xen_platform_ops ops = {
    .grant = grant,
    .revoke = revoke,
    .open_port = open_port,
    .close_port = close_port,
    .notify = notify,
    .take_event = take_event,
    .mask = mask,
    .store_begin = store_begin,
    .store_end = store_end,
    .store_read = store_read,
    .store_write = store_write,
    .store_watch = store_watch,
    .store_unwatch = store_unwatch,
};

/* --- Frames --- */

static uint32_t sum_of(const struct ms_frame *frame)
{
    uint32_t sum = 2166136261;

    for (uint32_t i = 0; i < frame->head_len; i++)
        sum = (sum ^ frame->head[i]) * 16777619;
    for (unsigned i = 0; i < frame->slice_count; i++) {
        for (uint32_t j = 0; j < frame->slices[i].len; j++)
            sum = (sum ^ frame->slices[i].data[j]) * 16777619;
    }
    return sum;
}

static void put_kept(struct world *w, unsigned i)
{
    require(sum_of(w->kept[i].frame) == w->kept[i].sum, "a frame's bytes changed");
    ms_frame_put(w->kept[i].frame);
    w->kept[i] = w->kept[--w->kept_count];
}

static void input(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    struct world *w = arg;

    (void)now_us;
    for (unsigned i = 0; i < n; i++) {
        const struct ms_frame *frame = frames[i];

        require(frame->head_len >= 14 || frame->slice_count == 0, "headers in pieces");
        require(ms_frame_len(frame) >= 14, "a runt");
        require(frame->slice_count < SLOTS_MAX, "too many slices");
        if (frame->flags & MS_FRAME_CHECKSUM_PARTIAL)
            require(checksum_fits(frame), "a checksum outside of the frame");
        if (w->kept_count == KEPT)
            put_kept(w, 0);
        w->kept[w->kept_count++] = (struct kept){ .frame = frames[i], .sum = sum_of(frames[i]) };
    }
    while (!w->keeps && w->kept_count > 0)
        put_kept(w, 0);
}

static struct ms_frame *frame_of(struct sent *s) { return (struct ms_frame *)(void *)s->words; }

static void free_sent(struct ms_frame *frame)
{
    struct sent *s = (struct sent *)(void *)((uint8_t *)frame - offsetof(struct sent, words));

    require(s->is_out, "a frame was put twice");
    s->is_out = false;
}

/* Ethernet, IP and TCP, more or less. */
static void fill_head(struct world *w, struct ms_frame *frame, bool is_ipv6)
{
    uint32_t tcp = is_ipv6 ? 54 : 34;

    memset(frame->head, 0, 128);
    store_be16(frame->head + 12, is_ipv6 ? 0x86dd : 0x0800);
    frame->head[14] = is_ipv6 ? 0x60 : 0x45;
    frame->head[is_ipv6 ? 20 : 23] = take(w, 1) & 1 ? 6 : 17;
    frame->head[tcp + 12] = 0x50;
    frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
    frame->checksum_start = (uint16_t)tcp;
    frame->checksum_offset = 16;
}

static void send_frame(struct world *w)
{
    uint32_t kind = take(w, 1), slices = kind % 16, at = 0;
    struct ms_frame *frame;

    while (at < SENT && sent[at].is_out)
        at++;
    if (at == SENT)
        return;
    frame = frame_of(&sent[at]);
    *frame = (struct ms_frame){ .head = sent[at].head,
                                .head_len = 14 + take(w, 2) % 2000,
                                .refs = 1,
                                .slice_capacity = FRAME_SLICES,
                                .release = free_sent };
    if ((kind & 64) && frame->head_len > 100)
        fill_head(w, frame, kind & 16);
    if (kind & 32)
        frame->segment_size = (uint16_t)take(w, 1);
    for (uint32_t i = 0; i < slices; i++) {
        uint32_t start = take(w, 2) % REGION_BYTES, len = take(w, 2) % (REGION_BYTES - start) + 1;

        frame->slices[frame->slice_count++] =
            (struct ms_slice){ .data = region + start, .len = len, .buf = &lent };
    }
    sent[at].is_out = true;
    if (w->device->driver.ops->transmit(&w->device->driver, &frame, 1) == 0)
        ms_frame_put(frame);
}

/* --- The backend --- */

/* The ring that is connected, or NULL. */
static uint8_t *ring_page(struct world *w, unsigned which)
{
    const struct page *page = &w->nf->queues[0].ring_pages[which];

    return page->state == PAGE_SHARED ? page->bytes : NULL;
}

/* Any words anywhere in a ring. */
static void scribble(struct world *w, unsigned which)
{
    uint8_t *page = ring_page(w, which);
    uint32_t at = take(w, 2) % (PAGE_BYTES / 4), value = take(w, 4);

    if (page)
        memcpy(page + at * 4, &value, 4);
}

static void add_to_producer(struct world *w, unsigned which)
{
    uint8_t *page = ring_page(w, which);
    uint32_t value = 0, more = take(w, 1);

    if (!page)
        return;
    memcpy(&value, page + offsetof(struct netif_tx_sring, rsp_prod), 4);
    value += more < 250 ? more % 8 : more << 24;
    memcpy(page + offsetof(struct netif_tx_sring, rsp_prod), &value, 4);
}

/* An entry in the right place, and the producer behind it. */
static void respond(struct world *w, unsigned which, const void *entry, size_t len)
{
    uint8_t *page = ring_page(w, which);
    uint32_t at = 0, slot = which == 0 ? 12 : 8;

    if (!page)
        return;
    memcpy(&at, page + offsetof(struct netif_tx_sring, rsp_prod), 4);
    memcpy(page + 64 + at % RING_SLOTS * slot, entry, len);
    at++;
    memcpy(page + offsetof(struct netif_tx_sring, rsp_prod), &at, 4);
}

static uint32_t rx_producer(struct world *w)
{
    const uint8_t *page = ring_page(w, 1);
    uint32_t at = 0;

    if (page)
        memcpy(&at, page + offsetof(struct netif_tx_sring, rsp_prod), 4);
    return at;
}

static void respond_rx(struct world *w)
{
    uint32_t kind = take(w, 1);
    struct netif_rx_response response = {
        .id = (uint16_t)(rx_producer(w) % RING_SLOTS),
        .offset = (uint16_t)(kind & 16 ? take(w, 2) : 0),
        .flags = (uint16_t)(kind & 15),
        .status = (int16_t)(take(w, 2) % (kind & 32 ? 65536 : 4097)),
    };

    respond(w, 1, &response, sizeof response);
}

/* A packet of some slots, or its beginning. */
static void respond_rx_many(struct world *w)
{
    uint32_t kind = take(w, 1), len = take(w, 2);

    for (uint32_t i = kind % 32; i > 0; i--) {
        struct netif_rx_response response = {
            .id = (uint16_t)(rx_producer(w) % RING_SLOTS),
            .flags = i > 1 || (kind & 64) ? NETRXF_more_data : NETRXF_csum_blank,
            .status = (int16_t)(len % 4097),
        };

        respond(w, 1, &response, sizeof response);
    }
}

static void respond_extra(struct world *w)
{
    struct netif_extra_info extra = { .type = (uint8_t)(take(w, 1) % 6) };

    extra.flags = extra.type == 1 ? 0 : (uint8_t)take(w, 1);
    extra.u.gso.size = (uint16_t)take(w, 2);
    extra.u.gso.type = (uint8_t)(take(w, 1) % 4);
    respond(w, 1, &extra, sizeof extra);
}

/* Answers the i-th pending request honestly, or nearly. */
static void respond_tx(struct world *w, bool is_all)
{
    const struct queue *queue = &w->nf->queues[0];
    uint32_t skip = is_all ? 0 : take(w, 1);

    for (unsigned id = 0; id < RING_SLOTS; id++) {
        struct netif_tx_response response = { .id = (uint16_t)id };

        if (queue->tx_slots[id].state != TX_PENDING || skip-- % 8 != 0)
            continue;
        respond(w, 0, &response, sizeof response);
        if (!is_all)
            return;
    }
    for (uint32_t i = 0; is_all && i < queue->tx_extras; i++) {
        struct netif_tx_response response = { .status = NETIF_RSP_NULL };

        respond(w, 0, &response, sizeof response);
    }
}

/* Bytes into a page that the backend may write, or has mapped still. */
static void write_page(struct world *w)
{
    struct grant *g = &w->grants[take(w, 2) % GRANTS];
    uint32_t at = take(w, 2) % PAGE_BYTES, len = take(w, 1);

    if (!g->page || g->is_readonly)
        return;
    for (uint32_t i = 0; i < len && at + i < PAGE_BYTES; i++)
        g->page[at + i] = (uint8_t)take(w, 1);
}

static void map_some(struct world *w)
{
    uint32_t from = take(w, 2) % GRANTS, count = take(w, 1) % 16;

    for (uint32_t i = from; i < from + count && i < GRANTS; i++)
        w->grants[i].is_mapped = w->grants[i].page && !w->grants[i].is_mapped;
}

static void set_backend_state(struct world *w, unsigned state)
{
    w->backend_state = state;
    if (w->fired)
        *w->fired = true;
}

/* Each page to receive into is in one place. */
static void check_rx(const struct ms_netfront *nf, const struct queue *queue)
{
    uint32_t places = queue->rx_free_pages.count + queue->chain.count;

    for (unsigned i = 0; i < RING_SLOTS; i++)
        places += queue->rx_posted[i] != NO_PAGE;
    for (unsigned i = 0; i < nf->config.rx_pages; i++)
        places += queue->rx_pages[i].state == PAGE_LENT || queue->rx_pages[i].state == PAGE_HELD;
    require(places == nf->config.rx_pages, "a page is lost, or in two places");
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
            require(frame->refs == 1, "a frame is gone while it is sent");
    }
    require(states[TX_FREE] == queue->tx_free_ids.count, "an id is lost");
    require(states[TX_HELD] == queue->tx_held, "what is held is counted wrong");
    require(states[TX_PENDING] + queue->tx_extras == ring_in_flight(&queue->tx),
            "the ring and the requests differ");
}

static void poll(struct world *w, uint64_t us)
{
    uint64_t deadline_us;

    w->now_us += us;
    (void)ms_device_poll(w->device, w->now_us);
    if (ms_netfront_state(w->nf) == MS_NETFRONT_CONNECTED) {
        check_rx(w->nf, &w->nf->queues[0]);
        check_tx(&w->nf->queues[0]);
    }
    deadline_us = ms_device_next_deadline(w->device);
    require(deadline_us == 0 || deadline_us > w->now_us, "a deadline in the past");
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

static void step(struct world *w)
{
    switch (take(w, 1) % 20) {
    case 0: scribble(w, 0); break;
    case 1: scribble(w, 1); break;
    case 2: respond_rx(w); break;
    case 3: respond_rx_many(w); break;
    case 4: respond_extra(w); break;
    case 5: respond_tx(w, false); break;
    case 6: respond_tx(w, true); break;
    case 7: add_to_producer(w, take(w, 1) & 1); break;
    case 8: set_backend_state(w, take(w, 1) % 10); break;
    case 9: send_frame(w); break;
    case 10: write_page(w); break;
    case 11: map_some(w); break;
    case 12: ms_netfront_reopen(w->nf); break;
    case 13: ms_netfront_shut_down(w->nf); break;
    case 14: w->grants_left = take(w, 1) < 128 ? take(w, 1) % 128 : UINT32_MAX; break;
    case 15: w->keeps = !w->keeps; break;
    case 16: w->events[take(w, 1) % PORTS] = true; break;
    case 17: w->nonsense = (uint8_t)take(w, 1); break;
    case 18: connect(w); break;
    default: poll(w, take(w, 1) * 1000u); break;
    }
}

static void open_world(struct world *w)
{
    struct ms_netfront_config config;
    enum ms_netfront_reason reason;
    uint32_t knobs = take(w, 1);

    ms_netfront_config_default(&config);
    config.platform = (struct ms_xen_platform){ .ops = &ops, .arg = w };
    config.rx_pages = 40;
    config.tx_pages = 32;
    config.no_checksum_offload = knobs & 1;
    config.no_scatter_gather = (knobs & 6) == 6;
    config.is_backend_trusted = knobs & 8;
    w->features = (uint8_t)take(w, 1);
    w->grants_left = UINT32_MAX;
    w->backend_state = XenbusStateInitWait;
    w->nf = ms_netfront_open(&config, memory, sizeof memory, &reason);
    require(w->nf != NULL, "not opened");
    w->device = ms_netfront_device(w->nf);
    w->device->sink = (struct ms_sink){ .input = input, .arg = w };
    require(w->device->driver.ops->map(&w->device->driver, region, REGION_BYTES) == MS_OK, "map");
    connect(w);
}

/* The backend lets go of everything: then all is back, and a new connection works. */
static void close_world(struct world *w)
{
    w->nonsense = 0;
    w->grants_left = UINT32_MAX;
    w->keeps = false;
    for (unsigned i = 0; i < GRANTS; i++)
        w->grants[i].is_mapped = false;
    ms_netfront_reopen(w->nf);
    set_backend_state(w, XenbusStateInitWait);
    connect(w);
    require(ms_netfront_is_up(w->nf), "not up again");
    while (w->kept_count > 0)
        put_kept(w, 0);
    ms_device_close(w->device);
    require(ms_netfront_pages_held(w->nf) == 0, "a page is held");
    require(w->grant_count == 0, "a grant is left");
    require(w->port_count == 0, "a port is left");
    require(!w->fired, "a watch is left");
    for (unsigned i = 0; i < SENT; i++)
        require(!sent[i].is_out, "a frame is left");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;

    memset(&w, 0, sizeof w);
    w.data = data;
    w.size = size;
    open_world(&w);
    for (unsigned i = 0; i < STEPS_MAX && w.size > 0; i++)
        step(&w);
    close_world(&w);
    return 0;
}
