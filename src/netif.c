/* SPDX-License-Identifier: ISC */
/* Interfaces: attached to their drivers, flushed, taken away. */
#include "core/netif.h"

#include "core/bytes.h"
#include "core/frame.h"
#include "ip/ip.h"

enum { MTU_MIN = 68 }; /* RFC 791, 3.2 */

enum ms_error ms_netif_attach(struct ms_stack *stack, struct ms_driver *driver,
                              struct ms_netif **netif)
{
    struct ms_netif *place = NULL;

    if (driver->mtu < MTU_MIN || driver->slices_max == 0 || !driver->ops->transmit)
        return MS_ERROR_INVALID;
    for (uint32_t i = 0; i < stack->netif_count && !place; i++) {
        if (!stack->netifs[i].driver)
            place = &stack->netifs[i];
    }
    if (!place)
        return MS_ERROR_NO_MEMORY;
    memset(&place->stats, 0, sizeof(place->stats));
    place->driver = driver;
    place->mtu = driver->mtu;
    place->hop_limit = IP_HOP_LIMIT_DEFAULT;
    place->is_up = true;
    place->autoconfigures = false;
    *netif = place;
    return MS_OK;
}

void ms_netif_detach(struct ms_netif *netif)
{
    ms_ip_detach(netif);
    while (netif->queue_tail != netif->queue_head)
        ms_frame_put(netif->queue[netif->queue_tail++ & netif->queue_mask]);
    netif->driver = NULL;
    netif->is_up = false;
    netif->is_blocked = false;
}

void ms_netif_set_up(struct ms_netif *netif, bool is_up)
{
    netif->is_up = is_up;
    ms_paths_changed(netif->stack);
}

/* Bytes of n frames from the tail on. */
static uint64_t queued_bytes(const struct ms_netif *netif, unsigned n)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < n; i++)
        bytes += ms_frame_len(netif->queue[(netif->queue_tail + i) & netif->queue_mask]);
    return bytes;
}

/* The device is full: what it did not take was counted too early. */
MS_COLD static void block(struct ms_netif *netif, unsigned refused)
{
    netif->is_blocked = true;
    netif->stats.tx_refused++;
    netif->stats.tx_bytes -= queued_bytes(netif, refused);
}

void ms_netif_flush(struct ms_netif *netif)
{
    netif->is_blocked = false;
    if (!netif->driver || !netif->is_up)
        return;
    while (netif->queue_tail != netif->queue_head && !netif->is_blocked) {
        uint32_t first = netif->queue_tail & netif->queue_mask;
        unsigned n = min_u32(netif->queue_head - netif->queue_tail, netif->queue_mask + 1 - first);
        unsigned taken;

        /* Before: frames accepted are no longer ours to look at. */
        netif->stats.tx_bytes += queued_bytes(netif, n);
        taken = netif->driver->ops->transmit(netif->driver, netif->queue + first, n);
        MS_ASSERT(taken <= n);
        netif->queue_tail += taken;
        netif->stats.tx_frames += taken;
        if (MS_UNLIKELY(taken < n))
            block(netif, n - taken);
    }
}

void ms_netif_stats(const struct ms_netif *netif, struct ms_netif_stats *stats)
{
    *stats = netif->stats;
    stats->tx_frames_queued = netif->queue_head - netif->queue_tail;
}
