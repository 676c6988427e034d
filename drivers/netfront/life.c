/* SPDX-License-Identifier: ISC */
/* The conversation with the backend: every state of its in every state of ours has an answer. */
#include "inside.h"

#include <xen/io/xenbus.h>

enum {
    CLOSE_US = 2000000, /* a backend that does not let go is not waited for any longer */
    STEPS_MAX = 4,
    SEGMENT_BYTES_MAX = 65280, /* with IPv6, TCP and their options at most 64 KB */
};

static void enter(struct ms_netfront *nf, enum ms_netfront_state state)
{
    nf->state = state;
    nf->is_changed = true;
}

static void close_port(struct ms_netfront *nf, struct port *port)
{
    const struct ms_xen_platform *platform = &nf->config.platform;

    if (port->number == 0)
        return;
    platform->ops->mask(platform->arg, port->number, true);
    platform->ops->close_port(platform->arg, port->number);
    port->number = 0;
}

static void disconnect_queue(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;

    if (queue->ports[1].number != queue->ports[0].number)
        close_port(nf, &queue->ports[1]);
    queue->ports[1].number = 0;
    close_port(nf, &queue->ports[0]);
    ms_netfront_tx_abandon(queue);
    ms_netfront_rx_abandon(queue);
    for (unsigned i = 0; i < 2; i++) {
        if (queue->ring_pages[i].state == PAGE_SHARED)
            (void)ms_netfront_page_take(nf, &queue->ring_pages[i]);
    }
    queue->has_work = false;
}

void ms_netfront_disconnect(struct ms_netfront *nf)
{
    for (uint32_t i = 0; i < nf->queue_count; i++)
        disconnect_queue(&nf->queues[i]);
    nf->breaking = MS_NETFRONT_NONE;
}

static bool open_port(struct ms_netfront *nf, struct port *port)
{
    const struct ms_xen_platform *platform = &nf->config.platform;

    *port = (struct port){ .number = 0 };
    if (platform->ops->open_port(platform->arg, nf->features.domain, &port->number) == MS_XEN_OK)
        return true;
    port->number = 0;
    return false;
}

static bool open_ports(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;

    if (!open_port(nf, &queue->ports[0]))
        return false;
    queue->ports[1] = queue->ports[0];
    return !nf->features.split_event_channels || open_port(nf, &queue->ports[1]);
}

static enum ms_netfront_reason connect_queue(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;

    ms_netfront_pages_recover(queue);
    ms_netfront_tx_retry(queue);
    for (unsigned i = 0; i < 2; i++) {
        if (queue->ring_pages[i].state != PAGE_FREE)
            return MS_NETFRONT_PAGES_HELD;
        if (!ms_netfront_page_share(nf, &queue->ring_pages[i], false))
            return MS_NETFRONT_NO_MEMORY;
    }
    ring_init(&queue->tx, queue->ring_pages[0].bytes, sizeof(union netif_tx_sring_entry));
    ring_init(&queue->rx, queue->ring_pages[1].bytes, sizeof(union netif_rx_sring_entry));
    if (!ms_netfront_tx_connect(queue))
        return nf->pages_held + queue->tx_held > 0 ? MS_NETFRONT_PAGES_HELD : MS_NETFRONT_NO_MEMORY;
    ms_netfront_rx_connect(queue);
    (void)ms_netfront_rx_refill(queue);
    return open_ports(queue) ? MS_NETFRONT_NONE : MS_NETFRONT_NO_MEMORY;
}

static enum ms_netfront_reason connect_all(struct ms_netfront *nf)
{
    enum ms_netfront_reason reason = ms_netfront_store_negotiate(nf);

    nf->epoch++;
    nf->device.driver.segment_bytes_max = nf->features.gso_v4 ? SEGMENT_BYTES_MAX : 0;
    for (uint32_t i = 0; i < nf->features.queues && reason == MS_NETFRONT_NONE; i++)
        reason = connect_queue(&nf->queues[i]);
    return reason == MS_NETFRONT_NONE ? ms_netfront_store_publish(nf) : reason;
}

static void try_again_later(struct ms_netfront *nf, enum ms_netfront_reason reason)
{
    nf->is_changed = nf->is_changed || nf->reason != reason;
    nf->reason = reason;
    nf->retry_us = nf->now_us + RETRY_US;
}

static void close_now(struct ms_netfront *nf)
{
    ms_netfront_disconnect(nf);
    ms_netfront_store_set_state(nf, XenbusStateClosed);
    enter(nf, MS_NETFRONT_CLOSED);
}

static void begin_closing(struct ms_netfront *nf)
{
    ms_netfront_store_set_state(nf, XenbusStateClosing);
    nf->close_by_us = nf->now_us + CLOSE_US;
    enter(nf, MS_NETFRONT_CLOSING);
}

static void offer(struct ms_netfront *nf)
{
    nf->is_stale = false;
    ms_netfront_store_set_state(nf, XenbusStateInitialising);
    enter(nf, MS_NETFRONT_WAITING);
}

static void connect(struct ms_netfront *nf)
{
    enum ms_netfront_reason reason = connect_all(nf);

    if (reason == MS_NETFRONT_NONE) {
        enter(nf, MS_NETFRONT_CONNECTING);
        return;
    }
    ms_netfront_disconnect(nf);
    if (reason != MS_NETFRONT_STORE && reason != MS_NETFRONT_FEATURES) {
        try_again_later(nf, reason);
        return;
    }
    nf->reason = reason;
    close_now(nf);
}

static void unmask(struct queue *queue)
{
    const struct ms_xen_platform *platform = &queue->netfront->config.platform;

    platform->ops->mask(platform->arg, queue->ports[0].number, false);
    if (queue->ports[1].number != queue->ports[0].number)
        platform->ops->mask(platform->arg, queue->ports[1].number, false);
}

static void come_up(struct ms_netfront *nf)
{
    nf->reason = MS_NETFRONT_NONE;
    nf->stats.connects++;
    ms_netfront_groups_connect(nf);
    enter(nf, MS_NETFRONT_CONNECTED);
    for (uint32_t i = 0; i < nf->features.queues; i++) {
        unmask(&nf->queues[i]);
        nf->queues[i].tx_moved_us = nf->now_us;
        nf->queues[i].has_work = true; /* it may have written before it said so */
    }
}

static void when_waiting(struct ms_netfront *nf, unsigned backend)
{
    if (nf->backend[0] == '\0') {
        enum ms_netfront_reason reason = ms_netfront_store_find_backend(nf);

        if (reason != MS_NETFRONT_NONE)
            try_again_later(nf, reason);
        return;
    }
    if (backend == XenbusStateInitWait) {
        connect(nf);
    } else if (backend == XenbusStateConnected) {
        /* It believes in a connection of who was here before us. */
        nf->is_stale = true;
        begin_closing(nf);
    }
}

static void when_connecting(struct ms_netfront *nf, unsigned backend)
{
    switch (backend) {
    case XenbusStateConnected: come_up(nf); break;
    case XenbusStateClosing:
    case XenbusStateClosed:
    case XenbusStateUnknown: close_now(nf); break;
    default: break;
    }
}

static void when_connected(struct ms_netfront *nf, unsigned backend)
{
    switch (backend) {
    case XenbusStateClosing:
    case XenbusStateClosed:
    case XenbusStateUnknown: close_now(nf); break;
    case XenbusStateInitialising:
    case XenbusStateInitWait:
    case XenbusStateInitialised:
        /* It was restarted, and knows nothing of us. */
        ms_netfront_disconnect(nf);
        offer(nf);
        break;
    default: break;
    }
}

static void when_closing(struct ms_netfront *nf, unsigned backend)
{
    if (backend != XenbusStateConnected && backend != XenbusStateReconfiguring &&
        backend != XenbusStateReconfigured)
        close_now(nf);
    else if (nf->now_us >= nf->close_by_us)
        close_now(nf);
}

static void when_closed(struct ms_netfront *nf, unsigned backend)
{
    /* Unless there was a quarrel: two that are closed would wait for each other. */
    bool is_over = backend == XenbusStateClosed && (nf->is_stale || nf->reason == MS_NETFRONT_NONE);

    if (nf->wants_open && (backend == XenbusStateInitWait || is_over))
        offer(nf);
}

static void act(struct ms_netfront *nf, unsigned backend)
{
    switch (nf->state) {
    case MS_NETFRONT_WAITING: when_waiting(nf, backend); break;
    case MS_NETFRONT_CONNECTING: when_connecting(nf, backend); break;
    case MS_NETFRONT_CONNECTED: when_connected(nf, backend); break;
    case MS_NETFRONT_CLOSING: when_closing(nf, backend); break;
    case MS_NETFRONT_CLOSED: when_closed(nf, backend); break;
    }
}

static void break_down(struct ms_netfront *nf)
{
    nf->reason = nf->breaking;
    nf->stats.breaks++;
    begin_closing(nf);
}

/* Whether something happened that a step may answer. */
static bool is_due(const struct ms_netfront *nf)
{
    return nf->fired || nf->now_us >= nf->retry_us || nf->breaking != MS_NETFRONT_NONE ||
           (nf->state == MS_NETFRONT_CLOSING && nf->now_us >= nf->close_by_us);
}

static void ask_for_held_pages(struct ms_netfront *nf)
{
    for (uint32_t i = 0; i < nf->queue_count; i++) {
        ms_netfront_pages_recover(&nf->queues[i]);
        ms_netfront_tx_retry(&nf->queues[i]);
    }
}

void ms_netfront_step(struct ms_netfront *nf)
{
    unsigned backend;

    if (!is_due(nf))
        return;
    nf->fired = false; /* before looking: what changes meanwhile sets it again */
    nf->retry_us = UINT64_MAX;
    if (nf->breaking != MS_NETFRONT_NONE && nf->state == MS_NETFRONT_CONNECTED)
        break_down(nf);
    backend = ms_netfront_store_look(nf);
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        enum ms_netfront_state before = nf->state;

        act(nf, backend);
        /* What was refused is looked at again when the backend has changed something. */
        if (nf->state == before ||
            (before == MS_NETFRONT_WAITING && nf->state == MS_NETFRONT_CLOSED))
            break;
    }
    ask_for_held_pages(nf);
    if (ms_netfront_pages_held(nf) > 0)
        ms_netfront_retry_soon(nf);
}

void ms_netfront_shut_down(struct ms_netfront *nf)
{
    nf->wants_open = false;
    if (nf->state == MS_NETFRONT_CLOSED || nf->state == MS_NETFRONT_CLOSING)
        return;
    begin_closing(nf);
    nf->fired = true;
}

void ms_netfront_reopen(struct ms_netfront *nf)
{
    ms_netfront_disconnect(nf);
    ms_netfront_store_unwatch(nf);
    nf->backend[0] = '\0';
    nf->wants_open = true;
    offer(nf);
    nf->fired = true;
}
