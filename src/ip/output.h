/* SPDX-License-Identifier: ISC */
/* Between the IP header and the link: shared by whole packets and fragments. */
#ifndef IP_OUTPUT_H
#define IP_OUTPUT_H

#include "core/assert.h"
#include "core/frame.h"
#include "eth/neighbor.h"
#include "ip/ip.h"

/* Sends a packet to a group or broadcast address, or over a link that has no addresses. */
void ms_ip_output_without_neighbor(struct ms_netif *netif, struct ms_frame *frame,
                                   const struct ms_addr *remote);

/* The packet is complete down to its IP header. Takes over the reference. */
static inline void ip_link_output(const struct path *path, struct ms_frame *frame,
                                  const struct ms_addr *remote)
{
    if (MS_LIKELY(path->neighbor != NULL))
        ms_neighbor_output(path->neighbor, frame);
    else
        ms_ip_output_without_neighbor(path->netif, frame, remote);
}

static inline uint8_t ip_hop_limit(const struct path *path, const struct ip_send *send)
{
    return send->hop_limit ? send->hop_limit : path->netif->hop_limit;
}

#endif
