/* SPDX-License-Identifier: ISC */
/* The counters, as lines of text. */
#include "report.h"

#include "guest.h"

static void put(struct text *text, const char *name, uint64_t number)
{
    ms_guest_text_put(text, name);
    ms_guest_text_put(text, " ");
    ms_guest_text_put_number(text, number);
    ms_guest_text_put(text, "\n");
}

static void put_unless_zero(struct text *text, const char *name, uint64_t number)
{
    if (number > 0)
        put(text, name, number);
}

static void put_interface(struct text *text, const struct ms_netif *netif)
{
    struct ms_netif_stats stats;

    ms_netif_stats(netif, &stats);
    put(text, "rx_frames", stats.rx_frames);
    put(text, "rx_bytes", stats.rx_bytes);
    put(text, "rx_dropped", stats.rx_dropped);
    put(text, "tx_frames", stats.tx_frames);
    put(text, "tx_bytes", stats.tx_bytes);
    put(text, "tx_refused", stats.tx_refused);
    put(text, "tx_frames_queued", stats.tx_frames_queued);
}

void report_put(struct text *text, const struct ms_unikernel *unikernel)
{
    const struct ms_counters *counters = ms_stack_counters(unikernel->stack);
    const struct guest *guest = ms_guest_the();

#define PUT(name, meaning) put_unless_zero(text, #name, counters->name);
    MS_COUNTER_LIST(PUT)
#undef PUT
#define PUT(name, meaning) put_unless_zero(text, "drop_" #name, counters->drops[MS_DROP_##name]);
    MS_DROP_LIST(PUT)
#undef PUT
    if (unikernel->netif)
        put_interface(text, unikernel->netif);
    put(text, "grants_free", guest->grants.free_count);
    put(text, "heap_free", ms_guest_heap_left(&guest->heap));
}
