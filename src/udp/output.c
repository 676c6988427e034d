/* SPDX-License-Identifier: ISC */
/* Sending datagrams. */
#include "ip/output.h"
#include "core/frame.h"
#include "ip/fragment.h"
#include "udp/socket.h"
#include "wire/udp.h"

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, FRAGMENT_HEADER = 8, PACKET_MAX = 65535 };

static inline bool is_path_right(const struct ms_udp *udp, const struct ms_endpoint *remote)
{
    return ms_ip_path_is_valid(udp->stack, &udp->path) &&
           addr_equal(&udp->path_remote, &remote->addr) && udp->path_pinned == remote->netif &&
           remote->port != 0;
}

static uint32_t ip_header_len(const struct ms_addr *remote)
{
    return addr_is_ipv4(remote) ? IPV4_HEADER : IPV6_HEADER;
}

static uint8_t checksum_kind(const struct ms_udp *udp, const struct ms_addr *remote)
{
    if (udp->sends_no_checksum && addr_is_ipv4(remote))
        return UDP_CHECKSUM_NONE;
    return udp->path.netif->driver->checksum_offload ? UDP_CHECKSUM_PARTIAL : UDP_CHECKSUM_FULL;
}

/* No IP packet holds more. */
static bool is_too_long(const struct ms_addr *remote, uint32_t len)
{
    return len > PACKET_MAX - UDP_HEADER_LEN - (addr_is_ipv4(remote) ? IPV4_HEADER : 0u);
}

/* Finds the way to a remote that is not the last one, and what goes with it. */
MS_COLD static enum ms_error find_path(struct ms_udp *udp, const struct ms_endpoint *to,
                                       uint32_t len)
{
    const struct ms_addr *remote = &to->addr;
    struct path path;
    enum ms_error error;

    if (to->port == 0 || addr_is_unspecified(remote))
        return MS_ERROR_INVALID;
    if (is_too_long(remote, len))
        return MS_ERROR_TOO_LONG;
    udp->path.generation = 0;
    udp->path_local = udp->local.addr;
    /* A socket on a group has no source address of its own, but a family. */
    if (addr_is_multicast(&udp->local.addr)) {
        if (addr_is_ipv4(&udp->local.addr) != addr_is_ipv4(remote))
            return MS_ERROR_INVALID;
        memset(&udp->path_local, 0, sizeof(udp->path_local));
    }
    error = ms_ip_find_path(udp->stack, to->netif ? to->netif : udp->local.netif, &udp->path_local,
                            remote, &path);
    if (error != MS_OK)
        return error;
    udp->path = path;
    udp->path_remote = *remote;
    udp->path_pinned = to->netif;
    udp->path_payload_max = path.mtu - ip_header_len(remote) - UDP_HEADER_LEN;
    udp->path_hop_limit = addr_is_multicast(remote) ? udp->group_hop_limit : udp->hop_limit;
    udp->path_checksum = checksum_kind(udp, remote);
    return MS_OK;
}

/* The checksum field of a whole datagram, or the whole of a fragmented one. */
static void put_full_checksum(const struct ms_udp *udp, struct ms_frame *frame)
{
    const struct ms_slice *payload = &frame->slices[0];
    uint64_t sum = ms_ip_pseudo_sum(&udp->path_local, &udp->path_remote, IP_PROTOCOL_UDP,
                                    UDP_HEADER_LEN + payload->len);
    uint16_t checksum;

    sum += checksum_word(frame->head) + checksum_word(frame->head + 4);
    sum += udp->stack->checksum(payload->data, payload->len);
    checksum = ms_checksum_finish(sum);
    if (checksum == 0) /* RFC 768: zero would mean that there is none */
        checksum = 0xffff;
    memcpy(frame->head + UDP_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

static MS_INLINE void put_partial_checksum(const struct ms_udp *udp, struct ms_frame *frame,
                                           const struct ip_send *send)
{
    uint16_t checksum = ms_checksum_fold(ip_path_pseudo_sum(&udp->path, send));

    frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
    frame->checksum_start = 0; /* each header in front moves it on */
    frame->checksum_offset = UDP_CHECKSUM_OFFSET;
    memcpy(frame->head + UDP_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

/* Everything was checked: nothing fails from here on. */
static MS_INLINE void emit(struct ms_udp *udp, uint16_t port, struct ms_buf *payload,
                           struct ms_frame *frame, bool is_whole)
{
    const struct udp_header header = {
        .src_port = udp->local.port,
        .dst_port = port,
        .len = (uint16_t)(UDP_HEADER_LEN + payload->len),
    };
    const struct ip_send send = {
        .local = &udp->path_local,
        .remote = &udp->path_remote,
        .len = UDP_HEADER_LEN + payload->len,
        .protocol = IP_PROTOCOL_UDP,
        .hop_limit = udp->path_hop_limit,
        .traffic_class = udp->traffic_class,
        .flags = IP_SEND_MAY_FRAGMENT,
    };

    payload->refs = 0; /* only the frame's slice holds it */
    ms_frame_add_lent(frame, payload, 0, payload->len);
    frame->head -= UDP_HEADER_LEN;
    frame->head_len = UDP_HEADER_LEN;
    ms_udp_header_emit(&header, frame->head + UDP_HEADER_LEN);
    if (is_whole && MS_LIKELY(udp->path_checksum == UDP_CHECKSUM_PARTIAL))
        put_partial_checksum(udp, frame, &send);
    else if (udp->path_checksum != UDP_CHECKSUM_NONE)
        put_full_checksum(udp, frame);
    udp->stack->counters.udp_out_datagrams++;
    ip_output(udp->stack, &udp->path, frame, &send);
}

/* In fragments. */
MS_COLD static enum ms_error send_large(struct ms_udp *udp, uint16_t port, struct ms_buf *payload)
{
    uint32_t header = ip_header_len(&udp->path_remote), room, frames;
    struct ms_frame *frame;

    if (!ms_fragment_is_possible() || is_too_long(&udp->path_remote, payload->len))
        return MS_ERROR_TOO_LONG;
    if (header == IPV6_HEADER)
        header += FRAGMENT_HEADER;
    room = (udp->path.mtu - header) / 8 * 8;
    frames = (UDP_HEADER_LEN + payload->len + room - 1) / room;
    if (ms_netif_queue_room(udp->path.netif) < frames)
        return MS_ERROR_QUEUE_FULL;
    frame = ms_frame_alloc(udp->stack);
    if (!frame)
        return MS_ERROR_NO_MEMORY;
    emit(udp, port, payload, frame, false);
    return MS_OK;
}

enum ms_error ms_udp_send(struct ms_udp *udp, const struct ms_endpoint *remote,
                          struct ms_buf *payload)
{
    struct ms_frame *frame;

    if (MS_UNLIKELY(!is_path_right(udp, remote))) {
        enum ms_error error = find_path(udp, remote, payload->len);

        if (error != MS_OK)
            return error;
    }
    if (MS_UNLIKELY(payload->len > udp->path_payload_max))
        return send_large(udp, remote->port, payload);
    if (MS_UNLIKELY(ms_netif_queue_room(udp->path.netif) == 0))
        return MS_ERROR_QUEUE_FULL;
    frame = ms_frame_alloc(udp->stack);
    if (MS_UNLIKELY(!frame))
        return MS_ERROR_NO_MEMORY;
    emit(udp, remote->port, payload, frame, true);
    return MS_OK;
}
