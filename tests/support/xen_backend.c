/* SPDX-License-Identifier: ISC */
/* A Xen in memory: a network backend that may be as bad as it likes. */
#include "support/xen_backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- The backend's states --- */

static uint32_t key_number(const struct xen *xen, const char *prefix, const char *key)
{
    char path[64];

    snprintf(path, sizeof path, "%s%s", prefix, key);
    return (uint32_t)strtoul(xen_frontend_read(xen, path), NULL, 10);
}

static void map_queue(struct xen *xen, struct xen_queue *queue, const char *prefix)
{
    uint32_t shared = key_number(xen, prefix, "event-channel");

    *queue = (struct xen_queue){
        .tx_reference = key_number(xen, prefix, "tx-ring-ref"),
        .rx_reference = key_number(xen, prefix, "rx-ring-ref"),
        .tx_port = shared ? shared : key_number(xen, prefix, "event-channel-tx"),
        .rx_port = shared ? shared : key_number(xen, prefix, "event-channel-rx"),
    };
    queue->tx = xen_page(xen, queue->tx_reference, true);
    queue->rx = xen_page(xen, queue->rx_reference, true);
    assert_non_null(queue->tx);
    assert_non_null(queue->rx);
    assert_true(xen->ports[queue->tx_port].is_open && xen->ports[queue->rx_port].is_open);
    xen->grants[queue->tx_reference].mapped++;
    xen->grants[queue->rx_reference].mapped++;
}

static void map_all(struct xen *xen)
{
    uint32_t count = key_number(xen, "", "multi-queue-num-queues");

    xen->queue_count = count ? count : 1;
    xen->group_count = 0;
    if (count == 0)
        map_queue(xen, &xen->queues[0], "");
    for (uint32_t i = 0; i < count; i++) {
        char prefix[32];

        snprintf(prefix, sizeof prefix, "queue-%u/", i);
        map_queue(xen, &xen->queues[i], prefix);
    }
}

static void unmap_rings(struct xen *xen)
{
    for (uint32_t i = 0; i < xen->queue_count; i++) {
        struct xen_queue *queue = &xen->queues[i];

        if (queue->tx && !xen->is_unkind) {
            xen->grants[queue->tx_reference].mapped = 0;
            xen->grants[queue->rx_reference].mapped = 0;
        }
        *queue = (struct xen_queue){ .tx = NULL };
    }
    xen->queue_count = 0;
}

void xen_backend_step(struct xen *xen)
{
    unsigned ours = (unsigned)strtoul(xen_backend_read(xen, "state"), NULL, 10);

    if (xen->is_deaf)
        return;
    switch (xen_frontend_state(xen)) {
    case XenbusStateInitialising:
        if (ours == XenbusStateClosed)
            xen_backend_set_state(xen, XenbusStateInitWait);
        break;
    case XenbusStateConnected:
        if (ours == XenbusStateInitWait) {
            map_all(xen);
            xen_backend_set_state(xen, XenbusStateConnected);
        }
        break;
    case XenbusStateClosing:
        unmap_rings(xen);
        if (ours != XenbusStateClosing)
            xen_backend_set_state(xen, XenbusStateClosing);
        break;
    case XenbusStateClosed:
        unmap_rings(xen);
        if (ours != XenbusStateClosed)
            xen_backend_set_state(xen, XenbusStateClosed);
        break;
    default: break;
    }
}

/* --- The rings --- */

struct netif_tx_sring *xen_tx_ring(struct xen *xen, unsigned queue)
{
    return (struct netif_tx_sring *)(void *)xen->queues[queue].tx;
}

struct netif_rx_sring *xen_rx_ring(struct xen *xen, unsigned queue)
{
    return (struct netif_rx_sring *)(void *)xen->queues[queue].rx;
}

static union netif_tx_sring_entry *tx_entry(struct xen_queue *queue, uint32_t index)
{
    return (union netif_tx_sring_entry *)(void *)(queue->tx +
                                                  offsetof(struct netif_tx_sring, ring)) +
           index % RING_SLOTS;
}

static union netif_rx_sring_entry *rx_entry(struct xen_queue *queue, uint32_t index)
{
    return (union netif_rx_sring_entry *)(void *)(queue->rx +
                                                  offsetof(struct netif_rx_sring, ring)) +
           index % RING_SLOTS;
}

void xen_backend_answer(struct xen *xen, unsigned queue, uint16_t id, int16_t status)
{
    struct xen_queue *q = &xen->queues[queue];

    tx_entry(q, q->tx_responded++)->rsp = (struct netif_tx_response){ .id = id, .status = status };
}

void xen_backend_push_tx(struct xen *xen, unsigned queue)
{
    struct xen_queue *q = &xen->queues[queue];
    struct netif_tx_sring *ring = xen_tx_ring(xen, queue);
    uint32_t old = ring->rsp_prod;

    ring->rsp_prod = q->tx_responded;
    if (q->tx_responded - ring->rsp_event < q->tx_responded - old)
        xen_event(xen, q->tx_port);
}

void xen_backend_push_rx(struct xen *xen, unsigned queue)
{
    struct xen_queue *q = &xen->queues[queue];
    struct netif_rx_sring *ring = xen_rx_ring(xen, queue);
    uint32_t old = ring->rsp_prod;

    ring->rsp_prod = q->rx_consumed;
    if (q->rx_consumed - ring->rsp_event < q->rx_consumed - old)
        xen_event(xen, q->rx_port);
}

/* Copies one request's bytes; false: they cannot be had. */
static bool copy_in(struct xen *xen, const struct netif_tx_request *request, uint32_t len,
                    struct xen_packet *packet)
{
    const uint8_t *page = xen_page(xen, request->gref, false);

    if (!page || request->offset + len > PAGE_BYTES || packet->len + len > XEN_FRAME_BYTES)
        return false;
    memcpy(packet->bytes + packet->len, page + request->offset, len);
    packet->len += len;
    packet->slots++;
    if (xen->is_unkind)
        xen->grants[request->gref].mapped++;
    return true;
}

static void take_extras(struct xen_queue *queue, struct xen_packet *packet)
{
    struct netif_extra_info extra;

    do {
        memcpy(&extra, tx_entry(queue, queue->tx_consumed++), sizeof extra);
        assert_int_equal(extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
        packet->segment_size = extra.u.gso.size;
        packet->segment_type = extra.u.gso.type;
    } while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
}

static uint32_t group_at(const struct xen *xen, const uint8_t mac[6])
{
    uint32_t i = 0;

    while (i < xen->group_count && memcmp(xen->groups[i], mac, 6) != 0)
        i++;
    return i;
}

bool xen_backend_lets_in(const struct xen *xen, const uint8_t mac[6])
{
    static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    return !(mac[0] & 1) || memcmp(mac, all, 6) == 0 ||
           strcmp(xen_frontend_read(xen, "request-multicast-control"), "1") != 0 ||
           group_at(xen, mac) < xen->group_count;
}

/* As netback does: an address that is added twice is there twice. False: there is no room. */
static bool change_groups(struct xen *xen, const struct netif_extra_info *extra)
{
    uint32_t at = group_at(xen, extra->u.mcast.addr);

    xen->group_requests++;
    if (extra->type == XEN_NETIF_EXTRA_TYPE_MCAST_DEL) {
        assert_true(at < xen->group_count);
        memcpy(xen->groups[at], xen->groups[--xen->group_count], 6);
        return true;
    }
    assert_int_equal(extra->type, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
    assert_int_equal(at, xen->group_count);
    if (xen->group_count == xen->groups_room)
        return false;
    memcpy(xen->groups[xen->group_count++], extra->u.mcast.addr, 6);
    return true;
}

/* A request that is no packet; false: it is one. */
static bool take_group(struct xen *xen, unsigned at)
{
    struct xen_queue *queue = &xen->queues[at];
    struct netif_tx_request first = tx_entry(queue, queue->tx_consumed)->req;
    struct netif_extra_info extra;
    bool is_good;

    memcpy(&extra, tx_entry(queue, queue->tx_consumed + 1), sizeof extra);
    if (!(first.flags & NETTXF_extra_info) || extra.type == XEN_NETIF_EXTRA_TYPE_GSO)
        return false;
    queue->tx_consumed += 2;
    assert_int_equal(extra.flags, 0);
    assert_int_equal(first.flags, NETTXF_extra_info);
    is_good = change_groups(xen, &extra);
    xen_backend_answer(xen, at, first.id, is_good ? NETIF_RSP_OKAY : NETIF_RSP_ERROR);
    xen_backend_answer(xen, at, 0xdead, NETIF_RSP_NULL);
    return true;
}

/* One packet of the frontend's, strictly by the protocol. */
static void take_packet(struct xen *xen, unsigned at)
{
    struct xen_queue *queue = &xen->queues[at];
    struct xen_packet *packet = &xen->packet;
    struct netif_tx_request first = tx_entry(queue, queue->tx_consumed++)->req, rest[SLOTS_MAX];
    uint32_t before = queue->tx_consumed, extras, count = 0, len = first.size;
    uint16_t flags = first.flags;
    bool is_good = true;

    memset(packet, 0, offsetof(struct xen_packet, bytes));
    packet->flags = first.flags;
    packet->queue = at;
    if (flags & NETTXF_extra_info)
        take_extras(queue, packet);
    extras = queue->tx_consumed - before;
    while (flags & NETTXF_more_data) {
        assert_true(count + 1 < SLOTS_MAX);
        rest[count] = tx_entry(queue, queue->tx_consumed++)->req;
        flags = rest[count].flags;
        assert_true(len > rest[count].size);
        len -= rest[count++].size;
    }
    is_good = copy_in(xen, &first, len, packet);
    for (uint32_t i = 0; i < count && is_good; i++)
        is_good = copy_in(xen, &rest[i], rest[i].size, packet);
    xen->packets++;
    xen->bad_packets += !is_good;
    xen_backend_answer(xen, at, first.id, xen->tx_status_errors ? NETIF_RSP_ERROR : NETIF_RSP_OKAY);
    xen->tx_status_errors -= xen->tx_status_errors > 0;
    for (uint32_t i = 0; i < extras; i++)
        xen_backend_answer(xen, at, 0xdead, NETIF_RSP_NULL);
    for (uint32_t i = 0; i < count; i++)
        xen_backend_answer(xen, at, rest[i].id, NETIF_RSP_OKAY);
    if (is_good && xen->on_packet)
        xen->on_packet(xen->user, packet);
}

void xen_backend_run(struct xen *xen)
{
    for (uint32_t i = 0; i < xen->queue_count && !xen->is_mute; i++) {
        struct xen_queue *queue = &xen->queues[i];
        struct netif_tx_sring *ring = xen_tx_ring(xen, i);

        while (queue->tx && queue->tx_consumed != ring->req_prod) {
            if (!take_group(xen, i))
                take_packet(xen, i);
        }
        if (!queue->tx)
            continue;
        ring->req_event = queue->tx_consumed + 1;
        xen_backend_push_tx(xen, i);
    }
}

uint8_t *xen_backend_next_page(struct xen *xen, unsigned queue)
{
    struct xen_queue *q = &xen->queues[queue];

    if (!q->rx || q->rx_consumed == xen_rx_ring(xen, queue)->req_prod)
        return NULL;
    return xen_page(xen, rx_entry(q, q->rx_consumed)->req.gref, true);
}

bool xen_backend_put(struct xen *xen, unsigned queue, const struct netif_rx_response *response,
                     const uint8_t *bytes, uint32_t len)
{
    struct xen_queue *q = &xen->queues[queue];
    uint8_t *page = xen_backend_next_page(xen, queue);

    if (!page)
        return false;
    if (len > 0 && response->offset + len <= PAGE_BYTES)
        memcpy(page + response->offset, bytes, len);
    rx_entry(q, q->rx_consumed++)->rsp = *response;
    return true;
}

static void put_extra(struct xen *xen, unsigned queue, const struct xen_offer *offer)
{
    struct netif_extra_info extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };
    struct netif_rx_response response;

    extra.u.gso.size = offer->segment_size;
    extra.u.gso.type = offer->segment_type;
    memcpy(&response, &extra, sizeof response);
    assert_true(xen_backend_put(xen, queue, &response, NULL, 0));
}

bool xen_backend_send(struct xen *xen, unsigned queue, const uint8_t *bytes, uint32_t len,
                      const struct xen_offer *offer)
{
    struct xen_queue *q = &xen->queues[queue];
    uint32_t most = offer->slot_bytes ? offer->slot_bytes : PAGE_BYTES;
    uint32_t slots = (len + most - 1) / most + (offer->segment_size > 0);

    if (!q->rx || xen_rx_ring(xen, queue)->req_prod - q->rx_consumed < slots)
        return false;
    for (bool is_first = true; len > 0; is_first = false) {
        uint32_t n = len < most ? len : most;
        struct netif_rx_response response = {
            .id = (uint16_t)(q->rx_consumed % RING_SLOTS),
            .offset = offer->offset,
            .flags = (uint16_t)((is_first ? offer->flags : 0) | (n < len ? NETRXF_more_data : 0)),
            .status = (int16_t)n,
        };

        if (is_first && offer->segment_size)
            response.flags |= NETRXF_extra_info;
        assert_true(xen_backend_put(xen, queue, &response, bytes, n));
        if (is_first && offer->segment_size)
            put_extra(xen, queue, offer);
        bytes += n;
        len -= n;
    }
    xen_backend_push_rx(xen, queue);
    return true;
}
