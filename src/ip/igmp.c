/* SPDX-License-Identifier: ISC */
/* IGMP version 2, the member's part (RFC 2236); queries of version 3 are taken as version 2's. */
#include "wire/igmp.h"

#include "core/frame.h"
#include "ip/addr.h"
#include "ip/group.h"
#include "ip/output.h"

enum { IGMP_CHECKSUM_OFFSET = 2 };

static const uint32_t ALL_SYSTEMS = 0xe0000001;
static const uint32_t ALL_ROUTERS = 0xe0000002;

/* Routers look at it though it is not for them (RFC 2113; RFC 2236, 2). */
static void output_with_alert(const struct path *path, struct ms_frame *frame,
                              const struct ip_send *send)
{
    struct ipv4_header header = ip_ipv4_header_of(path, send);
    size_t header_len;

    header.has_router_alert = true;
    header.total_len = (uint16_t)(header.total_len + IPV4_ROUTER_ALERT_LEN);
    header_len = ms_ipv4_header_emit(&header, frame->head);
    ms_frame_push(frame, header_len);
    ms_ipv4_header_sum_store(frame->head, header_len);
    path->netif->stack->counters.ip_out_requests++;
    ip_link_output(path, frame, send->remote);
}

void ms_igmp_send(const struct group *group, bool is_leave)
{
    struct ms_stack *stack = group->netif->stack;
    const struct netif_addr *source =
        ms_addr_select_source(group->netif, &group->addr, &group->addr);
    const struct igmp_header header = {
        .type = is_leave ? IGMP_LEAVE : IGMP_REPORT_V2,
        .group = addr_ipv4(&group->addr),
    };
    struct ms_addr remote = group->addr;
    struct ip_send send = {
        .remote = &remote,
        .len = IGMP_HEADER_LEN,
        .protocol = IP_PROTOCOL_IGMP,
        .hop_limit = 1,
    };
    struct ms_frame *frame;
    struct path path;
    uint16_t checksum;

    if (!source)
        return; /* routers cannot place a host without an address */
    frame = ms_frame_alloc(stack);
    if (!frame) {
        ms_count_drop(stack, MS_DROP_SEND_NO_FRAME);
        return;
    }
    if (is_leave)
        addr_set_ipv4(&remote, ALL_ROUTERS);
    ms_frame_push(frame, ms_igmp_header_emit(&header, frame->head));
    checksum = ms_checksum_finish(stack->checksum(frame->head, IGMP_HEADER_LEN));
    memcpy(frame->head + IGMP_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
    send.local = &source->addr;
    ms_ip_link_path(group->netif, &path);
    output_with_alert(&path, frame, &send);
}

/* A general query asks for group 0 and is sent to all systems; others name a group. */
static enum ms_drop query_input(struct packet *p, const struct igmp_header *header)
{
    struct ms_addr group = { 0 };

    if (header->group == 0 && addr_ipv4(&p->flow.local) != ALL_SYSTEMS)
        return MS_DROP_GROUP_MALFORMED;
    if (header->group != 0) {
        addr_set_ipv4(&group, header->group);
        if (!addr_is_multicast(&group))
            return MS_DROP_GROUP_MALFORMED;
        if (!ms_group_is_joined(p->netif, &group))
            return MS_DROP_GROUP_NOT_JOINED;
    }
    ms_group_queried(p->netif, &group, true, ms_igmp_max_response_ms(header));
    return MS_DROP_NONE;
}

enum ms_drop ms_igmp_input(struct packet *p)
{
    struct igmp_header header = { 0 };
    struct ms_addr group;
    enum ms_drop drop;

    if (p->bytes.len < p->len)
        return MS_DROP_FRAME_NOT_CONTIGUOUS;
    if (ms_packet_sum(p) != 0xffff || !(p->flags & PACKET_IP_GROUP))
        return MS_DROP_GROUP_MALFORMED;
    drop = ms_igmp_header_parse(&header, &p->bytes);
    if (drop)
        return drop;
    switch (header.type) {
    case IGMP_QUERY: return query_input(p, &header);
    case IGMP_REPORT_V1:
    case IGMP_REPORT_V2:
        addr_set_ipv4(&group, header.group);
        return ms_group_reported(p->netif, &group);
    default: return MS_DROP_ICMP_UNKNOWN_TYPE;
    }
}
