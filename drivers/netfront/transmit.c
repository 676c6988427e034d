/* SPDX-License-Identifier: ISC */
/* Frames out: headers and small pieces by copy, lent pages of mapped memory by grant. */
#include "inside.h"

#include "../bytes.h"

enum {
    ETH_BYTES = 14,
    LEND_BYTES_MIN = 512, /* a shorter piece is cheaper copied than granted and revoked */
    SLOT_WORDS = sizeof(union netif_tx_sring_entry) / sizeof(uint32_t),
};

/* A slot of a packet that is being put together. */
struct piece {
    uint32_t reference; /* of a lent page, or 0 */
    uint16_t page;      /* of ours, or NO_PAGE */
    uint16_t offset, len;
};

/* A packet that is being put together, or only counted. */
struct packet {
    struct queue *queue;
    struct ms_frame *frame;
    bool is_counted; /* nothing is copied or granted yet */
    bool is_linear;  /* all is copied */
    bool is_lending;
    uint32_t room; /* in the page of the last piece */
    uint8_t *to;   /* where that room begins */
    uint32_t count;
    struct piece pieces[SLOTS_MAX];
};

enum outcome { SENT, NO_ROOM, UNSENDABLE };

static bool add_page(struct packet *p)
{
    struct piece *piece = &p->pieces[p->count];

    if (p->count == SLOTS_MAX)
        return false;
    p->count++;
    p->room = PAGE_BYTES;
    *piece = (struct piece){ .page = NO_PAGE };
    if (p->is_counted)
        return true;
    if (!stack_pop(&p->queue->tx_free_pages, &piece->page))
        return false;
    p->to = p->queue->tx_pages[piece->page].bytes;
    return true;
}

static bool add_copy(struct packet *p, const uint8_t *data, uint32_t len)
{
    while (len > 0) {
        uint32_t n;

        if (p->room == 0 && !add_page(p))
            return false;
        n = len < p->room ? len : p->room;
        if (!p->is_counted) {
            memcpy(p->to, data, n);
            p->to += n;
        }
        p->pieces[p->count - 1].len = (uint16_t)(p->pieces[p->count - 1].len + n);
        p->room -= n;
        data += n;
        len -= n;
    }
    return true;
}

/* Bytes that lie in one page. Without a grant they are copied, which takes one slot as well. */
static bool add_lent(struct packet *p, const uint8_t *data, uint32_t len)
{
    struct ms_netfront *nf = p->queue->netfront;
    const struct ms_xen_platform *platform = &nf->config.platform;
    uint16_t offset = (uint16_t)((uintptr_t)data % PAGE_BYTES);
    uint32_t reference = 0;
    bool is_added;

    p->room = 0;
    if (p->count == SLOTS_MAX)
        return false;
    if (!p->is_counted && platform->ops->grant(platform->arg, nf->features.domain, data - offset,
                                               true, &reference) != MS_XEN_OK) {
        is_added = add_copy(p, data, len);
        p->room = 0;
        return is_added;
    }
    p->pieces[p->count++] = (struct piece){
        .reference = reference, .page = NO_PAGE, .offset = offset, .len = (uint16_t)len
    };
    p->is_lending = true;
    return true;
}

static bool is_mapped(const struct ms_netfront *nf, const uint8_t *data, uint32_t len)
{
    for (unsigned i = 0; i < REGIONS_MAX; i++) {
        const struct region *region = &nf->regions[i];
        uintptr_t at = (uintptr_t)data - (uintptr_t)region->start;

        if ((uintptr_t)data >= (uintptr_t)region->start && at < region->len &&
            len <= region->len - at)
            return true;
    }
    return false;
}

static bool add_slice(struct packet *p, const struct ms_slice *slice)
{
    struct ms_netfront *nf = p->queue->netfront;
    const uint8_t *data = slice->data;
    uint32_t left = slice->len;

    if (p->is_linear || left < LEND_BYTES_MIN || !is_mapped(nf, data, left)) {
        if (slice->buf && !p->is_counted)
            nf->device.driver.tx_copied += left;
        return add_copy(p, data, left);
    }
    while (left > 0) {
        uint32_t n = PAGE_BYTES - (uint32_t)((uintptr_t)data % PAGE_BYTES);

        n = n < left ? n : left;
        if (!add_lent(p, data, n))
            return false;
        data += n;
        left -= n;
    }
    return true;
}

/* False: too many slots. */
static bool add_frame(struct packet *p)
{
    p->count = 0;
    p->room = 0;
    p->is_lending = false;
    if (!add_copy(p, p->frame->head, p->frame->head_len))
        return false;
    for (unsigned i = 0; i < p->frame->slice_count; i++) {
        if (!add_slice(p, &p->frame->slices[i]))
            return false;
    }
    return true;
}

/* What the first slots say of a packet beside its bytes. */
struct offload {
    uint16_t flags; /* NETTXF_* */
    struct netif_extra_info extra;
    bool has_extra;
    bool is_summed_here;
};

/* False: the frame asks for what cannot be done. */
static bool plan_offload(const struct ms_netfront *nf, const struct ms_frame *frame,
                         struct offload *offload)
{
    const struct features *can = &nf->features;
    struct headers headers;
    uint32_t headers_len;

    *offload = (struct offload){ .flags = 0 };
    if (!(frame->flags & MS_FRAME_CHECKSUM_PARTIAL))
        return frame->segment_size == 0;
    if (!checksum_fits(frame) ||
        (uint32_t)frame->checksum_start + frame->checksum_offset + 2 > PAGE_BYTES)
        return false;
    if (!ms_netfront_headers(frame->head, frame->head_len, &headers) ||
        !(headers.is_ipv6 ? can->tx_checksum_v6 : can->tx_checksum_v4)) {
        offload->is_summed_here = true;
        return frame->segment_size == 0;
    }
    offload->flags = NETTXF_csum_blank | NETTXF_data_validated;
    if (frame->segment_size == 0)
        return true;
    if (!headers.is_tcp || !(headers.is_ipv6 ? can->gso_v6 : can->gso_v4))
        return false;
    headers_len = headers.transport + (frame->head[headers.transport + 12] >> 4) * 4u;
    if (ms_frame_len(frame) <= headers_len + frame->segment_size)
        return true; /* it is one segment */
    offload->has_extra = true;
    offload->flags |= NETTXF_extra_info;
    offload->extra.type = XEN_NETIF_EXTRA_TYPE_GSO;
    offload->extra.u.gso.size = frame->segment_size;
    offload->extra.u.gso.type =
        headers.is_ipv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
    return true;
}

static void write_slot(struct ring *ring, const void *words, size_t n)
{
    shared_store(ring_slot(ring, ring->produced++), words, n);
}

/* Fills the ring's slots in. Nothing can fail any more. */
static void write_packet(struct packet *p, const struct offload *offload, uint32_t len)
{
    struct queue *queue = p->queue;
    uint16_t ids[SLOTS_MAX];

    for (uint32_t i = 0; i < p->count; i++)
        (void)stack_pop(&queue->tx_free_ids, &ids[i]);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct piece *piece = &p->pieces[i];
        bool is_last = i + 1 == p->count;
        uint32_t ours = piece->page == NO_PAGE ? 0 : queue->tx_pages[piece->page].reference;
        struct netif_tx_request request = {
            .gref = piece->page == NO_PAGE ? piece->reference : ours,
            .offset = piece->offset,
            .flags = (uint16_t)((i == 0 ? offload->flags : 0) | (is_last ? 0 : NETTXF_more_data)),
            .id = ids[i],
            .size = (uint16_t)(i == 0 ? len : piece->len),
        };

        queue->tx_slots[ids[i]] = (struct tx_slot){
            .frame = i == 0 && p->is_lending ? p->frame : NULL,
            .reference = piece->reference,
            .page = piece->page,
            .first = ids[0],
            .next = ids[is_last ? i : i + 1],
            .left = (uint16_t)(i == 0 ? p->count : 0),
            .state = TX_PENDING,
            .is_group = len == 0,
        };
        write_slot(&queue->tx, &request, SLOT_WORDS);
        if (i == 0 && offload->has_extra) {
            uint32_t words[SLOT_WORDS] = { 0 };

            memcpy(words, &offload->extra, sizeof offload->extra);
            write_slot(&queue->tx, words, SLOT_WORDS);
            queue->tx_extras++;
        }
    }
}

/* From when on the backend has something to answer. */
static void note_start(struct queue *queue)
{
    if (ring_in_flight(&queue->tx) == 0)
        queue->tx_moved_us = queue->netfront->now_us;
}

/* Decides how the frame goes out, and whether there is room for that. */
static enum outcome plan_packet(struct packet *p, const struct offload *offload)
{
    struct queue *queue = p->queue;
    struct ms_netfront *nf = queue->netfront;

    p->is_counted = true;
    p->is_linear = !nf->features.scatter_gather;
    if (!add_frame(p) && !p->is_linear) {
        p->is_linear = true;
        nf->stats.tx_linearised++;
        (void)add_frame(p);
    }
    if (p->room == 0 && p->count == 0)
        return UNSENDABLE;
    if (!nf->features.scatter_gather && p->count > 1)
        return UNSENDABLE;
    p->is_counted = false;
    /* Each piece may need a page, since grants may run out. */
    if (queue->tx_free_pages.count < p->count || queue->tx_free_ids.count < p->count ||
        ring_room(&queue->tx) < p->count + offload->has_extra)
        return NO_ROOM;
    return SENT;
}

static enum outcome send_frame(struct queue *queue, struct ms_frame *frame)
{
    struct ms_netfront *nf = queue->netfront;
    struct packet p = { .queue = queue, .frame = frame };
    uint32_t len = ms_frame_len(frame);
    struct offload offload;
    enum outcome outcome;

    if (len < ETH_BYTES || len > XEN_NETIF_MAX_TX_SIZE || !plan_offload(nf, frame, &offload))
        return UNSENDABLE;
    outcome = plan_packet(&p, &offload);
    if (outcome != SENT)
        return outcome;
    (void)add_frame(&p);
    if (offload.is_summed_here)
        store_be16(queue->tx_pages[p.pieces[0].page].bytes + frame->checksum_start +
                       frame->checksum_offset,
                   frame_checksum(frame));
    note_start(queue);
    write_packet(&p, &offload, len);
    nf->stats.tx_packets++;
    nf->stats.tx_slots += p.count;
    for (uint32_t i = 0; i < p.count; i++)
        nf->stats.tx_granted += p.pieces[i].reference != 0;
    if (!p.is_lending)
        ms_frame_put(frame); /* all of it was copied */
    return SENT;
}

bool ms_netfront_tx_group(struct queue *queue, const uint8_t mac[MAC_BYTES], bool is_joined)
{
    struct packet p = { .queue = queue, .count = 1 };
    struct piece *piece = &p.pieces[0];
    struct offload offload = { .flags = NETTXF_extra_info, .has_extra = true };

    if (queue->tx_free_ids.count == 0 || ring_room(&queue->tx) < 2 ||
        !stack_pop(&queue->tx_free_pages, &piece->page))
        return false;
    offload.extra.type =
        is_joined ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD : XEN_NETIF_EXTRA_TYPE_MCAST_DEL;
    memcpy(offload.extra.u.mcast.addr, mac, MAC_BYTES);
    note_start(queue);
    write_packet(&p, &offload, 0);
    return true;
}

void ms_netfront_tx_publish(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;
    const struct ms_xen_platform *platform = &nf->config.platform;

    if (ring_publish(&queue->tx)) {
        platform->ops->notify(platform->arg, queue->ports[0].number);
        nf->stats.notifications++;
    }
}

/* A flow keeps to its queue, and so keeps its order. */
static struct queue *queue_of(struct ms_netfront *nf, const struct ms_frame *frame)
{
    uint32_t count = nf->features.queues;

    if (count == 1)
        return &nf->queues[0];
    return &nf->queues[ms_netfront_flow_hash(frame->head, frame->head_len) % count];
}

unsigned ms_netfront_transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct ms_netfront *nf = (struct ms_netfront *)(void *)driver;
    unsigned i;

    if (nf->state != MS_NETFRONT_CONNECTED || nf->breaking != MS_NETFRONT_NONE)
        return 0;
    for (i = 0; i < n; i++) {
        enum outcome outcome = send_frame(queue_of(nf, frames[i]), frames[i]);

        if (outcome == NO_ROOM)
            break;
        if (outcome == UNSENDABLE) {
            nf->stats.tx_errors++;
            ms_frame_put(frames[i]);
        }
    }
    for (uint32_t q = 0; q < nf->features.queues; q++)
        ms_netfront_tx_publish(&nf->queues[q]);
    return i;
}

/* --- What comes back --- */

static void free_packet(struct queue *queue, uint16_t first)
{
    struct ms_frame *frame = queue->tx_slots[first].frame;
    uint16_t id, next = first;

    do {
        struct tx_slot *slot = &queue->tx_slots[next];

        id = next;
        next = slot->next;
        slot->state = TX_FREE;
        stack_push(&queue->tx_free_ids, id);
    } while (next != id);
    if (frame)
        ms_frame_put(frame);
}

static void slot_is_done(struct queue *queue, struct tx_slot *slot)
{
    uint16_t first = slot->first;

    slot->state = TX_DONE;
    slot->reference = 0;
    if (--queue->tx_slots[first].left == 0)
        free_packet(queue, first);
}

/* The backend says, or must have it said, that it needs a request's bytes no longer. */
static void slot_is_answered(struct queue *queue, struct tx_slot *slot)
{
    struct ms_netfront *nf = queue->netfront;
    const struct ms_xen_platform *platform = &nf->config.platform;

    if (slot->page != NO_PAGE) {
        stack_push(&queue->tx_free_pages, slot->page);
    } else if (!platform->ops->revoke(platform->arg, slot->reference)) {
        nf->stats.revokes_failed++;
        slot->state = TX_HELD;
        queue->tx_held++;
        ms_netfront_retry_soon(nf);
        if (queue->tx_held > PAGES_HELD_MAX)
            ms_netfront_break(nf, MS_NETFRONT_PAGES_HELD);
        return;
    }
    slot_is_done(queue, slot);
}

/* False: nobody asked for such an answer. */
static bool take_response(struct queue *queue)
{
    struct netif_tx_response response;
    struct tx_slot *slot;

    shared_load(&response, ring_slot(&queue->tx, queue->tx.consumed), 1);
    queue->tx.consumed++;
    if (response.status == NETIF_RSP_NULL) {
        if (queue->tx_extras == 0)
            return false;
        queue->tx_extras--;
        return true;
    }
    if (response.id >= RING_SLOTS)
        return false;
    slot = &queue->tx_slots[response.id];
    if (slot->state != TX_PENDING)
        return false;
    if (slot->is_group)
        ms_netfront_group_answered(queue->netfront, response.status == NETIF_RSP_OKAY);
    else if (response.status != NETIF_RSP_OKAY)
        queue->netfront->stats.tx_errors++;
    slot_is_answered(queue, slot);
    return true;
}

static void watch_for_stall(struct queue *queue, bool is_moving)
{
    struct ms_netfront *nf = queue->netfront;
    bool was_stalled = queue->is_tx_stalled;

    if (is_moving || ring_in_flight(&queue->tx) == 0) {
        queue->tx_moved_us = nf->now_us;
        queue->is_tx_stalled = false;
    } else if (nf->now_us - queue->tx_moved_us >= nf->config.tx_timeout_us) {
        queue->is_tx_stalled = true;
        nf->stats.tx_stalls += !was_stalled;
    }
}

void ms_netfront_tx_poll(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;
    uint32_t waiting = ring_responses(&queue->tx);

    if (waiting == UINT32_MAX) {
        ms_netfront_break(nf, MS_NETFRONT_PRODUCER);
        return;
    }
    for (uint32_t i = 0; i < waiting; i++) {
        if (!take_response(queue)) {
            ms_netfront_break(nf, MS_NETFRONT_TX_ID);
            return;
        }
    }
    watch_for_stall(queue, waiting > 0);
    /* Half of what is under way may come back in one event. */
    waiting = ring_want_event(&queue->tx, ring_in_flight(&queue->tx) / 2 + 1);
    if (waiting == UINT32_MAX)
        ms_netfront_break(nf, MS_NETFRONT_PRODUCER);
    else if (waiting > 0)
        queue->has_work = true;
}

void ms_netfront_tx_retry(struct queue *queue)
{
    const struct ms_xen_platform *platform = &queue->netfront->config.platform;

    for (unsigned id = 0; id < RING_SLOTS && queue->tx_held > 0; id++) {
        struct tx_slot *slot = &queue->tx_slots[id];

        if (slot->state != TX_HELD || !platform->ops->revoke(platform->arg, slot->reference))
            continue;
        queue->tx_held--;
        slot_is_done(queue, slot);
    }
}

bool ms_netfront_tx_connect(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;

    queue->tx_free_pages.count = 0;
    queue->tx_free_ids.count = 0;
    queue->tx_extras = 0;
    queue->is_tx_stalled = false;
    queue->tx_moved_us = nf->now_us;
    for (unsigned id = 0; id < RING_SLOTS; id++) {
        if (queue->tx_slots[id].state == TX_FREE)
            stack_push(&queue->tx_free_ids, (uint16_t)id);
    }
    for (uint16_t i = 0; i < nf->config.tx_pages; i++) {
        if (queue->tx_pages[i].state == PAGE_FREE &&
            ms_netfront_page_share(nf, &queue->tx_pages[i], true))
            stack_push(&queue->tx_free_pages, i);
    }
    return queue->tx_free_pages.count >= SLOTS_MAX && queue->tx_free_ids.count >= SLOTS_MAX;
}

void ms_netfront_tx_abandon(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;

    for (unsigned id = 0; id < RING_SLOTS; id++) {
        if (queue->tx_slots[id].state == TX_PENDING)
            slot_is_answered(queue, &queue->tx_slots[id]);
    }
    for (uint32_t i = 0; i < nf->config.tx_pages; i++) {
        if (queue->tx_pages[i].state == PAGE_SHARED)
            (void)ms_netfront_page_take(nf, &queue->tx_pages[i]);
    }
}
