/* SPDX-License-Identifier: ISC */
/* MLD version 1, the member's part (RFC 2710); queries of version 2 are taken as version 1's. */
#include "wire/mld.h"

#include "core/frame.h"
#include "ip/addr.h"
#include "ip/group.h"
#include "ip/ip.h"
#include "wire/ipv6.h"

enum { ICMPV6_CHECKSUM_OFFSET = 2 };

static const struct ms_addr ALL_ROUTERS = { { 0xff, 2, [15] = 2 } };

/* Until there is a link-local address, the unspecified one does (RFC 3590). */
void ms_mld_send(const struct group *group, bool is_leave)
{
    static const struct ms_addr unspecified;
    struct ms_stack *stack = group->netif->stack;
    const struct ms_addr *local = ms_addr_link_local(group->netif);
    struct mld_header header = { .type = is_leave ? ICMPV6_MLD_DONE : ICMPV6_MLD_REPORT };
    struct ip_send send = {
        .local = local ? local : &unspecified,
        .remote = is_leave ? &ALL_ROUTERS : &group->addr,
        .len = IPV6_ROUTER_ALERT_LEN + MLD_HEADER_LEN,
        .protocol = IP_PROTOCOL_HOP_BY_HOP,
        .hop_limit = 1,
    };
    struct ms_frame *frame = ms_frame_alloc(stack);
    struct path path;
    uint64_t sum;
    uint16_t checksum;

    if (!frame) {
        ms_count_drop(stack, MS_DROP_SEND_NO_FRAME);
        return;
    }
    memcpy(header.group, group->addr.bytes, sizeof(header.group));
    ms_frame_push(frame, ms_mld_header_emit(&header, frame->head));
    sum = ms_ip_pseudo_sum(send.local, send.remote, IP_PROTOCOL_ICMPV6, MLD_HEADER_LEN);
    checksum = ms_checksum_finish(sum + stack->checksum(frame->head, MLD_HEADER_LEN));
    memcpy(frame->head + ICMPV6_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
    ms_frame_push(frame, ms_ipv6_router_alert_emit(IP_PROTOCOL_ICMPV6, frame->head));
    stack->counters.icmp_out_messages++;
    ms_ip_link_path(group->netif, &path);
    ms_ip_output(stack, &path, frame, &send);
}

static enum ms_drop query_input(struct packet *p, const struct mld_header *header,
                                const struct ms_addr *group)
{
    bool is_general = addr_is_unspecified(group);

    if (!is_general && !ms_group_is_joined(p->netif, group))
        return MS_DROP_GROUP_NOT_JOINED;
    ms_group_queried(p->netif, group, false, ms_mld_max_response_ms(header));
    return MS_DROP_NONE;
}

/* Only the link's own routers and members may speak (RFC 2710, 5; RFC 3590). */
static bool is_from_link(const struct packet *p, uint8_t type)
{
    const struct ms_addr *from = &p->flow.remote;

    if (p->hop_limit != 1)
        return false;
    return addr_is_link_local(from) || (type == ICMPV6_MLD_REPORT && addr_is_unspecified(from));
}

/* A group of IPv6, not one of IPv4 in its mapped form; a general query asks for all. */
static bool is_group_sane(const struct ms_addr *group, uint8_t type)
{
    return group->bytes[0] == 0xff || (type == ICMPV6_MLD_QUERY && addr_is_unspecified(group));
}

enum ms_drop ms_mld_input(struct packet *p, const struct icmpv6_header *icmpv6)
{
    struct mld_header header = { 0 };
    struct ms_addr group;
    enum ms_drop drop = ms_mld_header_parse(&header, icmpv6, &p->bytes);

    if (drop)
        return drop;
    if (!is_from_link(p, header.type))
        return MS_DROP_GROUP_MALFORMED;
    memcpy(group.bytes, header.group, sizeof(group.bytes));
    if (!is_group_sane(&group, header.type))
        return MS_DROP_GROUP_MALFORMED;
    switch (header.type) {
    case ICMPV6_MLD_QUERY: return query_input(p, &header, &group);
    case ICMPV6_MLD_REPORT: return ms_group_reported(p->netif, &group);
    default: return MS_DROP_GROUP_NOT_JOINED; /* a member left: the routers' business */
    }
}
