/* SPDX-License-Identifier: ISC */
/* Between the IP header and the link: shared by whole packets and fragments. */
#ifndef IP_OUTPUT_H
#define IP_OUTPUT_H

#include "core/assert.h"
#include "core/frame.h"
#include "eth/neighbor.h"
#include "ip/ip.h"
#include "wire/ipv4.h"

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

/*
 * Whole packets are never cut on their way (DF), so nobody needs their identification: it is zero
 * and tells nothing (RFC 6864, 4.1).
 */
static MS_INLINE struct ipv4_header ip_ipv4_header_of(const struct path *path,
                                                      const struct ip_send *send)
{
    return (struct ipv4_header){
        .src = addr_ipv4(send->local),
        .dst = addr_ipv4(send->remote),
        .total_len = (uint16_t)(IPV4_HEADER_LEN + send->len),
        .fragment = IPV4_DONT_FRAGMENT,
        .traffic_class = send->traffic_class,
        .ttl = ip_hop_limit(path, send),
        .protocol = send->protocol,
    };
}

static MS_INLINE void ip_push_ipv4_header(const struct path *path, struct ms_frame *frame,
                                          const struct ip_send *send)
{
    const struct ipv4_header header = ip_ipv4_header_of(path, send);

    ms_frame_push(frame, IPV4_HEADER_LEN);
    ms_ipv4_plain_header_store(&header, frame->head);
}

/* The pseudo header's sum of what goes along the path. */
static MS_INLINE uint64_t ip_path_pseudo_sum(const struct path *path, const struct ip_send *send)
{
    if (MS_UNLIKELY(path->kind == PATH_OTHER))
        return ms_ip_pseudo_sum(send->local, send->remote, send->protocol, send->len);
    return ms_checksum_pseudo_ipv4(send->local->bytes + 12, send->remote->bytes + 12,
                                   send->protocol, send->len);
}

/*
 * ms_ip_output() in line, for a caller that has just seen that the interface's queue has room.
 * *send never needs to have an address, so that its values can stay in registers.
 */
static MS_INLINE void ip_output(struct ms_stack *stack, const struct path *path,
                                struct ms_frame *frame, const struct ip_send *send)
{
    uint32_t len = IPV4_HEADER_LEN + send->len;

    if (MS_IS_SMALL ||
        MS_UNLIKELY(path->kind == PATH_OTHER || (len > path->mtu && frame->segment_size == 0))) {
        const struct ip_send copy = *send;

        ms_ip_output(stack, path, frame, &copy);
        return;
    }
    stack->counters.ip_out_requests++;
    ip_push_ipv4_header(path, frame, send);
    if (path->kind == PATH_IPV4_BARE)
        ms_netif_queue(path->netif, frame, len);
    else
        ms_neighbor_output(path->neighbor, frame);
}

#endif
