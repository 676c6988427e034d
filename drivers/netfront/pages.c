/* SPDX-License-Identifier: ISC */
/* Who owns which page: ours, shared, lent on, or held by a backend that does not let go. */
#include "inside.h"

bool ms_netfront_page_share(struct ms_netfront *nf, struct page *page, bool is_readonly)
{
    const struct ms_xen_platform *platform = &nf->config.platform;
    uint32_t reference = 0;

    /* Nothing that another domain was told, or that lay in the memory before, gets out. */
    if (page->cleared_epoch != nf->epoch) {
        memset(page->bytes, 0, PAGE_BYTES);
        page->cleared_epoch = nf->epoch;
    }
    if (platform->ops->grant(platform->arg, nf->features.domain, page->bytes, is_readonly,
                             &reference) != MS_XEN_OK)
        return false;
    page->reference = reference;
    page->state = PAGE_SHARED;
    return true;
}

bool ms_netfront_page_take(struct ms_netfront *nf, struct page *page)
{
    const struct ms_xen_platform *platform = &nf->config.platform;
    bool was_held = page->state == PAGE_HELD;

    if (!platform->ops->revoke(platform->arg, page->reference)) {
        nf->stats.revokes_failed++;
        if (!was_held)
            nf->pages_held++;
        page->state = PAGE_HELD;
        ms_netfront_retry_soon(nf);
        if (nf->pages_held > PAGES_HELD_MAX)
            ms_netfront_break(nf, MS_NETFRONT_PAGES_HELD);
        return false;
    }
    if (was_held)
        nf->pages_held--;
    page->reference = 0;
    page->state = PAGE_FREE;
    return true;
}

void ms_netfront_retry_soon(struct ms_netfront *nf)
{
    if (nf->retry_us == UINT64_MAX)
        nf->retry_us = nf->now_us + RETRY_US;
}

static void recover(struct ms_netfront *nf, struct page *pages, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (pages[i].state == PAGE_HELD)
            (void)ms_netfront_page_take(nf, &pages[i]);
    }
}

void ms_netfront_pages_recover(struct queue *queue)
{
    struct ms_netfront *nf = queue->netfront;

    recover(nf, queue->ring_pages, 2);
    recover(nf, queue->tx_pages, nf->config.tx_pages);
    for (uint16_t i = 0; i < nf->config.rx_pages; i++) {
        /* It goes on to be posted, if there is a connection. */
        if (queue->rx_pages[i].state == PAGE_HELD && ms_netfront_page_take(nf, &queue->rx_pages[i]))
            stack_push(&queue->rx_free_pages, i);
    }
}

void ms_netfront_break(struct ms_netfront *nf, enum ms_netfront_reason reason)
{
    if (nf->breaking == MS_NETFRONT_NONE && nf->state == MS_NETFRONT_CONNECTED)
        nf->breaking = reason;
}
