/* SPDX-License-Identifier: ISC */
/* A datagram arrives (RFC 768, 1122 4.1, 8200 8.1). */
#include "udp/socket.h"
#include "udp/udp.h"
#include "wire/udp.h"

/* RFC 1122, 3.3.6: what came to everybody on the link is for a group or broadcast address. */
MS_COLD static enum ms_drop check_link_group(const struct packet *p)
{
    return p->flags & PACKET_IP_GROUP ? MS_DROP_NONE : MS_DROP_UDP_LINK_GROUP;
}

/* Sound, and summed right; leaves p at the payload. */
static inline enum ms_drop parse(struct packet *p)
{
    struct bytes rest = { p->bytes.data, p->len };
    struct udp_header header;
    enum ms_drop drop;

    if (MS_UNLIKELY(p->bytes.len < UDP_HEADER_LEN))
        return p->len < UDP_HEADER_LEN ? MS_DROP_UDP_TRUNCATED : MS_DROP_FRAME_NOT_CONTIGUOUS;
    drop = ms_udp_header_parse(&header, &rest);
    if (MS_UNLIKELY(drop != MS_DROP_NONE))
        return drop;
    p->len = header.len; /* the IP packet may be longer */
    if (p->bytes.len > header.len)
        p->bytes.len = header.len;
    if (MS_UNLIKELY(header.checksum == 0 ? !packet_is_ipv4(p) : !ms_packet_checksum_ok(p)))
        return MS_DROP_UDP_BAD_CHECKSUM;
    p->flow.local_port = header.dst_port;
    p->flow.remote_port = header.src_port;
    packet_strip(p, UDP_HEADER_LEN);
    return MS_UNLIKELY(p->flags & PACKET_LINK_GROUP) ? check_link_group(p) : MS_DROP_NONE;
}

/* The pieces behind the first one: slices, of which the datagram may end before the last. */
static inline void deliver(struct ms_udp *udp, const struct packet *p)
{
    struct ms_datagram datagram; /* set field by field: the holes between them stay as they are */
    uint32_t first_len = (uint32_t)p->bytes.len;

    datagram.remote.addr = p->flow.remote;
    datagram.remote.port = p->flow.remote_port;
    datagram.remote.netif = p->netif;
    datagram.local.addr = p->flow.local;
    datagram.local.port = p->flow.local_port;
    datagram.local.netif = p->netif;
    datagram.first.data = p->bytes.data;
    datagram.first.len = first_len;
    datagram.first.buf = NULL;
    datagram.more = p->frame->slices;
    datagram.more_count = p->len > first_len ? p->frame->slice_count : 0;
    datagram.len = p->len;
    datagram.frame = p->frame;
    datagram.hop_limit = p->hop_limit;
    datagram.traffic_class = p->traffic_class;
    p->stack->counters.udp_in_datagrams++;
    udp->events->on_datagram(udp, udp->user, &datagram);
}

/* Port zero is nobody's, and deserves no answer. */
MS_COLD static enum ms_drop no_socket(struct packet *p)
{
    if (p->flow.local_port == 0) {
        p->stack->counters.udp_in_errors++;
        return MS_DROP_UDP_BAD_PORT;
    }
    p->stack->counters.udp_no_ports++;
    ms_icmp_send_error(p, ICMP_ERROR_PORT_UNREACHABLE, 0);
    return MS_DROP_UDP_NO_SOCKET;
}

enum ms_drop ms_udp_input(struct packet *p)
{
    enum ms_drop drop = parse(p);
    struct ms_udp *udp;

    if (MS_UNLIKELY(drop != MS_DROP_NONE)) {
        p->stack->counters.udp_in_errors++;
        return drop;
    }
    udp = ms_udp_find(p->stack->udp, &p->flow, p->netif);
    if (MS_UNLIKELY(!udp))
        return no_socket(p);
    deliver(udp, p);
    return MS_DROP_NONE;
}

void ms_udp_report(struct ms_stack *stack, const struct icmp_report *report)
{
    struct ms_udp *udp = ms_udp_find(stack->udp, &report->flow, report->netif);
    const struct ms_endpoint remote = { .addr = report->flow.remote,
                                        .port = report->flow.remote_port };

    if (report->kind == ICMP_TOO_BIG) {
        /* Datagrams are not numbered, so nothing more than the ports vouches for this. */
        if (udp)
            ms_ip_lower_mtu(stack, &report->flow.remote, report->mtu);
        return;
    }
    if (udp && udp->events->on_error)
        udp->events->on_error(udp, udp->user, &remote, MS_ERROR_UNREACHABLE);
}
