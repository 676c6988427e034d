/* SPDX-License-Identifier: ISC */
/* How much of everything there is to be, in a domain with so much memory. */
#include "sizes.h"

#include "xen_public.h"

enum {
    STACK_SHARE = 4,
    DEVICE_SHARE = 16,
    CONNECTIONS_MIN = 64,
    CONNECTIONS_MAX = 1 << 20,
    RX_PAGES_MIN = 128,
    RX_PAGES_MAX = 4096,
};

static void scale(struct ms_config *config, bool is_up)
{
    uint32_t *const counts[] = {
        &config->frames,          &config->transmit_queue,       &config->neighbors,
        &config->tcp_connections, &config->tcp_syn_records,      &config->tcp_time_wait_records,
        &config->tcp_sent_ranges, &config->tcp_reorder_segments,
    };

    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        *counts[i] = is_up ? *counts[i] * 2 : *counts[i] / 2;
}

void ms_guest_sizes_of_stack(struct ms_config *config, size_t memory_bytes)
{
    while (config->tcp_connections < CONNECTIONS_MAX &&
           ms_stack_size(config) <= memory_bytes / STACK_SHARE)
        scale(config, true);
    while (config->tcp_connections > CONNECTIONS_MIN &&
           ms_stack_size(config) > memory_bytes / STACK_SHARE)
        scale(config, false);
}

void ms_guest_sizes_of_device(struct ms_netfront_config *config, size_t memory_bytes)
{
    size_t pages = memory_bytes / DEVICE_SHARE / PAGE_BYTES / config->queues;

    pages = pages < RX_PAGES_MIN ? RX_PAGES_MIN : pages;
    config->rx_pages = (uint16_t)(pages > RX_PAGES_MAX ? RX_PAGES_MAX : pages);
}
