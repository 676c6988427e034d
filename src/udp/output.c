/* SPDX-License-Identifier: ISC */
/* Sending datagrams. */
#include "core/frame.h"
#include "udp/socket.h"
#include "wire/udp.h"

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, FRAGMENT_HEADER = 8, PACKET_MAX = 65535 };

/* The path to a remote, looked up only when it is not the last one's. */
static enum ms_error find_path(struct ms_udp *udp, const struct ms_endpoint *remote)
{
    struct ms_netif *pinned = remote->netif ? remote->netif : udp->local.netif;
    struct path path;
    enum ms_error error;

    if (ms_ip_path_is_valid(udp->stack, &udp->path) &&
        addr_equal(&udp->path_remote, &remote->addr) && (!pinned || pinned == udp->path.netif))
        return MS_OK;
    udp->path.generation = 0;
    /* A socket on a group has no source address of its own. */
    udp->path_local = udp->local.addr;
    if (addr_is_multicast(&udp->local.addr))
        memset(&udp->path_local, 0, sizeof(udp->path_local));
    error = ms_ip_find_path(udp->stack, pinned, &udp->path_local, &remote->addr, &path);
    if (error != MS_OK)
        return error;
    udp->path = path;
    udp->path_remote = remote->addr;
    return MS_OK;
}

/* Frames that a datagram of so many bytes takes, header included. */
static uint32_t frames_for(const struct path *path, uint32_t len, bool is_ipv4)
{
    uint32_t header = is_ipv4 ? IPV4_HEADER : IPV6_HEADER, room;

    if (len + header <= path->mtu)
        return 1;
    room = (path->mtu - header - (is_ipv4 ? 0 : FRAGMENT_HEADER)) / 8 * 8;
    return (len + room - 1) / room;
}

static void put_checksum(struct ms_udp *udp, struct ms_frame *frame, const struct ip_send *send,
                         bool is_whole)
{
    bool is_ipv4 = addr_is_ipv4(send->remote);
    uint64_t sum = ms_ip_pseudo_sum(send->local, send->remote, IP_PROTOCOL_UDP, send->len);
    const struct ms_slice *payload = &frame->slices[0];
    uint16_t checksum;

    if (udp->sends_no_checksum && is_ipv4)
        return;
    if (is_whole && udp->path.netif->driver->checksum_offload) {
        frame->flags |= MS_FRAME_CHECKSUM_PARTIAL;
        frame->checksum_start = 0; /* each header in front moves it on */
        frame->checksum_offset = UDP_CHECKSUM_OFFSET;
        checksum = ms_checksum_fold(sum);
    } else {
        sum += checksum_word(frame->head) + checksum_word(frame->head + 4);
        sum += udp->stack->checksum(payload->data, payload->len);
        checksum = ms_checksum_finish(sum);
        if (checksum == 0) /* RFC 768: zero would mean that there is none */
            checksum = 0xffff;
    }
    memcpy(frame->head + UDP_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

/* Everything was checked: nothing fails from here on. */
static void emit(struct ms_udp *udp, const struct ms_endpoint *remote, struct ms_buf *payload,
                 struct ms_frame *frame, bool is_whole)
{
    const struct udp_header header = {
        .src_port = udp->local.port,
        .dst_port = remote->port,
        .len = (uint16_t)(UDP_HEADER_LEN + payload->len),
    };
    const struct ip_send send = {
        .local = &udp->path_local,
        .remote = &remote->addr,
        .len = header.len,
        .protocol = IP_PROTOCOL_UDP,
        .hop_limit = addr_is_multicast(&remote->addr) ? udp->group_hop_limit : udp->hop_limit,
        .traffic_class = udp->traffic_class,
        .flags = IP_SEND_MAY_FRAGMENT,
    };

    payload->refs = 0; /* only the frame's slice holds it */
    ms_frame_add_lent(frame, payload, 0, payload->len);
    frame->head -= ms_udp_header_emit(&header, frame->head);
    frame->head_len = UDP_HEADER_LEN;
    put_checksum(udp, frame, &send, is_whole);
    udp->stack->counters.udp_out_datagrams++;
    ms_ip_output(udp->stack, &udp->path, frame, &send);
}

enum ms_error ms_udp_send(struct ms_udp *udp, const struct ms_endpoint *remote,
                          struct ms_buf *payload)
{
    bool is_ipv4 = addr_is_ipv4(&remote->addr);
    uint32_t frames;
    struct ms_frame *frame;
    enum ms_error error;

    if (remote->port == 0 || addr_is_unspecified(&remote->addr))
        return MS_ERROR_INVALID;
    if (payload->len > PACKET_MAX - UDP_HEADER_LEN - (is_ipv4 ? IPV4_HEADER : 0u))
        return MS_ERROR_TOO_LONG;
    error = find_path(udp, remote);
    if (error != MS_OK)
        return error;
    frames = frames_for(&udp->path, UDP_HEADER_LEN + payload->len, is_ipv4);
    if (ms_netif_queue_room(udp->path.netif) < frames)
        return MS_ERROR_QUEUE_FULL;
    frame = ms_frame_alloc(udp->stack);
    if (!frame)
        return MS_ERROR_NO_MEMORY;
    emit(udp, remote, payload, frame, frames == 1);
    return MS_OK;
}
