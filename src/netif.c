/* SPDX-License-Identifier: ISC */
/* Interfaces: attached to their drivers, flushed, taken away. */
#include "core/netif.h"

#include "core/bytes.h"
#include "core/frame.h"
#include "ip/addr.h"
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
    ms_ip_attach(place);
    *netif = place;
    return MS_OK;
}

/* Of the frames that wait. */
static uint64_t queued_bytes(const struct ms_netif *netif)
{
    uint64_t bytes = 0;

    for (uint32_t i = netif->queue_tail; i != netif->queue_head; i++)
        bytes += ms_frame_len(netif->queue[i & netif->queue_mask]);
    return bytes;
}

static void discard_queue(struct ms_netif *netif)
{
    netif->stats.tx_bytes -= queued_bytes(netif);
    while (netif->queue_tail != netif->queue_head)
        ms_frame_discard(netif->queue[netif->queue_tail++ & netif->queue_mask]);
}

/* What cannot leave shall not hold frames that others could send with. */
MS_COLD static void discard_when_down(struct ms_netif *netif)
{
    netif->stack->counters.drops[MS_DROP_INTERFACE_DOWN] += netif->queue_head - netif->queue_tail;
    discard_queue(netif);
}

void ms_netif_detach(struct ms_netif *netif)
{
    ms_ip_detach(netif);
    discard_queue(netif);
    netif->driver = NULL;
    netif->is_up = false;
    netif->is_blocked = false;
    ms_frames_give_back(netif->stack);
}

void ms_netif_set_up(struct ms_netif *netif, bool is_up)
{
    bool is_changed = netif->is_up != is_up;

    netif->is_up = is_up;
    if (!is_up)
        discard_when_down(netif);
    ms_paths_changed(netif->stack);
    if (is_changed)
        ms_addr_link_changed(netif);
}

/*
 * Offers the frames that wait, as far as they lie without a gap. False: the device did not take
 * all.
 */
static inline bool offer(struct ms_netif *netif)
{
    uint32_t first = netif->queue_tail & netif->queue_mask;
    uint32_t n = min_u32(netif->queue_head - netif->queue_tail, netif->queue_mask + 1 - first);
    uint32_t taken = netif->driver->ops->transmit(netif->driver, netif->queue + first, n);

    MS_ASSERT(taken <= n);
    netif->queue_tail += taken;
    netif->stats.tx_frames += taken;
    return taken == n;
}

/* The device took what lay before the ring's end, or not even that. */
MS_COLD static void flush_rest(struct ms_netif *netif, bool was_taken)
{
    /* Once, and no more: what came back may have been sent again. */
    if (was_taken && offer(netif))
        return;
    netif->is_blocked = true;
    netif->stats.tx_refused++;
}

/* Offers the queued frames, at least one, to the driver; those refused stay. */
static inline void flush(struct ms_netif *netif)
{
    bool was_taken;

    netif->is_blocked = false;
    if (MS_UNLIKELY(!netif->is_up)) {
        discard_when_down(netif);
        return;
    }
    was_taken = offer(netif);
    if (MS_UNLIKELY(netif->queue_tail != netif->queue_head))
        flush_rest(netif, was_taken);
}

void ms_netifs_flush(struct ms_stack *stack)
{
    const struct ms_netif *end = stack->netifs + stack->netif_count;

    for (struct ms_netif *netif = stack->netifs; netif != end; netif++) {
        if (netif->queue_head != netif->queue_tail)
            flush(netif);
    }
}

void ms_netif_stats(const struct ms_netif *netif, struct ms_netif_stats *stats)
{
    *stats = netif->stats;
    stats->tx_bytes -= queued_bytes(netif);
    stats->tx_frames_queued = netif->queue_head - netif->queue_tail;
}
