/* SPDX-License-Identifier: ISC */
/* Slots in: each is read once, checked, and joined with others to a packet. */
#include "inside.h"

enum { SLOT_WORDS = sizeof(union netif_rx_sring_entry) / sizeof(uint32_t) };

void ms_netfront_rx_recycle(struct queue *queue, uint16_t page)
{
    if (queue->rx_pages[page].state != PAGE_HELD)
        stack_push(&queue->rx_free_pages, page);
}

static void spoil(struct queue *queue)
{
    struct rx_chain *chain = &queue->chain;

    /* However long it goes on, it keeps no pages. */
    for (uint32_t i = 0; i < chain->count; i++)
        ms_netfront_rx_recycle(queue, chain->pieces[i].page);
    chain->count = 0;
    chain->is_bad = true;
}

static bool is_extra_sensible(const struct rx_chain *chain, const struct netif_extra_info *extra)
{
    return extra->type == XEN_NETIF_EXTRA_TYPE_GSO && chain->segment_size == 0 &&
           extra->u.gso.size > 0 &&
           (extra->u.gso.type == XEN_NETIF_GSO_TYPE_TCPV4 ||
            extra->u.gso.type == XEN_NETIF_GSO_TYPE_TCPV6);
}

static void take_extra(struct queue *queue, const uint32_t *words)
{
    struct rx_chain *chain = &queue->chain;
    struct netif_extra_info extra;

    memcpy(&extra, words, sizeof extra);
    chain->is_extra_next = extra.flags & XEN_NETIF_EXTRA_FLAG_MORE;
    if (!is_extra_sensible(chain, &extra)) {
        spoil(queue);
        return;
    }
    chain->segment_size = extra.u.gso.size;
    chain->segment_type = extra.u.gso.type;
}

static bool is_data_sensible(const struct rx_chain *chain, const struct netif_rx_response *response)
{
    if (response->status <= 0 || response->offset + response->status > PAGE_BYTES)
        return false;
    if (chain->count == SLOTS_MAX || (response->flags & NETRXF_gso_prefix))
        return false;
    /* Only the first slot announces extras. */
    return chain->count == 0 || !(response->flags & NETRXF_extra_info);
}

static void take_data(struct queue *queue, const struct netif_rx_response *response, uint16_t page)
{
    struct rx_chain *chain = &queue->chain;

    if (!chain->is_open) {
        *chain = (struct rx_chain){ .is_open = true, .flags = response->flags };
        chain->is_extra_next = response->flags & NETRXF_extra_info;
    }
    chain->has_more = response->flags & NETRXF_more_data;
    if (chain->is_bad || !is_data_sensible(chain, response)) {
        ms_netfront_rx_recycle(queue, page);
        spoil(queue);
        return;
    }
    chain->pieces[chain->count++] = (struct rx_piece){ .page = page,
                                                       .offset = response->offset,
                                                       .len = (uint16_t)response->status };
}

/* One response. False: it is not what may stand in this slot. */
static bool take_slot(struct queue *queue)
{
    uint32_t index = queue->rx.consumed % RING_SLOTS;
    uint16_t page = queue->rx_posted[index];
    uint32_t words[SLOT_WORDS];
    struct netif_rx_response response;

    shared_load(words, ring_slot(&queue->rx, index), SLOT_WORDS);
    memcpy(&response, words, sizeof response);
    queue->rx.consumed++;
    queue->rx_posted[index] = NO_PAGE;
    queue->netfront->stats.rx_slots++;
    if (queue->chain.is_extra_next) {
        /* An extra stands where the id would: the page was not used. */
        ms_netfront_rx_recycle(queue, page);
        take_extra(queue, words);
        return true;
    }
    if (response.id != index) {
        ms_netfront_rx_recycle(queue, page);
        return false;
    }
    take_data(queue, &response, page);
    return true;
}

/* The packet that is complete now, if it is any good. */
static struct ms_frame *finish_chain(struct queue *queue)
{
    struct rx_chain *chain = &queue->chain;
    struct ms_frame *frame = NULL;

    if (chain->is_bad)
        queue->netfront->stats.rx_errors++;
    else
        frame = ms_netfront_packet(queue, chain);
    *chain = (struct rx_chain){ .count = 0 };
    return frame;
}

bool ms_netfront_rx_keeps_reserve(const struct queue *queue, uint32_t taken)
{
    return ring_in_flight(&queue->rx) + queue->rx_free_pages.count >= SLOTS_MAX + taken;
}

unsigned ms_netfront_rx_poll(struct queue *queue, struct ms_frame **frames, unsigned max)
{
    struct ms_netfront *nf = queue->netfront;
    uint32_t waiting = ring_responses(&queue->rx);
    unsigned n = 0;

    for (; waiting != UINT32_MAX && waiting > 0 && n < max; waiting--) {
        /* Those who are given the first packets may give their pages back before the next. */
        if (n > 0 && !ms_netfront_rx_keeps_reserve(queue, 1))
            break;
        if (!take_slot(queue)) {
            ms_netfront_break(nf, MS_NETFRONT_RX_ID);
            return n;
        }
        if (queue->chain.is_extra_next || queue->chain.has_more)
            continue;
        frames[n] = finish_chain(queue);
        n += frames[n] != NULL;
    }
    if (waiting == 0)
        waiting = ring_want_event(&queue->rx, 1);
    if (waiting == UINT32_MAX)
        ms_netfront_break(nf, MS_NETFRONT_PRODUCER);
    else if (waiting > 0)
        queue->has_work = true;
    return n;
}

bool ms_netfront_rx_refill(struct queue *queue)
{
    struct ring *ring = &queue->rx;
    uint16_t page;

    queue->refill_us = 0;
    while (ring_room(ring) > 0 && stack_pop(&queue->rx_free_pages, &page)) {
        uint16_t slot = (uint16_t)(ring->produced % RING_SLOTS);
        struct page *p = &queue->rx_pages[page];
        struct netif_rx_request request = { .id = slot };

        if (p->state == PAGE_FREE && !ms_netfront_page_share(queue->netfront, p, false)) {
            stack_push(&queue->rx_free_pages, page);
            queue->refill_us = queue->netfront->now_us + RETRY_US;
            break;
        }
        request.gref = p->reference;
        queue->rx_posted[slot] = page;
        shared_store(ring_slot(ring, ring->produced), &request, SLOT_WORDS);
        ring->produced++;
    }
    return ring_publish(ring);
}

void ms_netfront_rx_connect(struct queue *queue)
{
    const struct ms_netfront *nf = queue->netfront;

    queue->chain = (struct rx_chain){ .count = 0 };
    queue->rx_free_pages.count = 0;
    for (unsigned i = 0; i < RING_SLOTS; i++)
        queue->rx_posted[i] = NO_PAGE;
    for (uint16_t i = 0; i < nf->config.rx_pages; i++) {
        if (queue->rx_pages[i].state == PAGE_FREE)
            stack_push(&queue->rx_free_pages, i);
    }
}

void ms_netfront_rx_abandon(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;

    for (uint32_t i = 0; i < nf->config.rx_pages; i++) {
        if (queue->rx_pages[i].state == PAGE_SHARED)
            (void)ms_netfront_page_take(nf, &queue->rx_pages[i]);
    }
    queue->chain = (struct rx_chain){ .count = 0 };
    /* What is free or comes back is listed anew: no page twice, though it be held meanwhile. */
    queue->rx_free_pages.count = 0;
}
