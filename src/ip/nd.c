/* SPDX-License-Identifier: ISC */
/* Neighbour solicitations and advertisements, and which of RFC 4861's messages may be believed. */
#include "ip/nd.h"

#include "core/frame.h"
#include "eth/neighbor.h"
#include "ip/addr.h"
#include "ip/dad.h"
#include "ip/ip_floor.h"
#include "ip/nd_router.h"
#include "wire/nd.h"

enum { ND_HOP_LIMIT = 255, ICMPV6_CHECKSUM_OFFSET = 2, ETH_SOURCE_OFFSET = 6 };

static const struct ms_addr ALL_NODES = { { 0xff, 2, [15] = 1 } };

void ms_nd_send(const struct path *path, const struct ms_addr *local, const struct ms_addr *remote,
                const struct nd_message *message)
{
    struct ms_stack *stack = path->netif->stack;
    struct ms_frame *frame = ms_frame_alloc(stack);
    struct ip_send send = {
        .local = local,
        .remote = remote,
        .protocol = IP_PROTOCOL_ICMPV6,
        .hop_limit = ND_HOP_LIMIT,
    };
    uint64_t sum;
    uint16_t checksum;

    if (!frame) {
        ms_count_drop(stack, MS_DROP_SEND_NO_FRAME);
        return;
    }
    ms_frame_push(frame, ms_nd_message_emit(message, frame->head));
    send.len = frame->head_len;
    sum = ms_ip_pseudo_sum(local, remote, IP_PROTOCOL_ICMPV6, send.len);
    checksum = ms_checksum_finish(sum + stack->checksum(frame->head, send.len));
    memcpy(frame->head + ICMPV6_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
    stack->counters.icmp_out_messages++;
    stack->counters.nd_out_messages++;
    ms_ip_output(stack, path, frame, &send);
}

/* --- Advertising --- */

static struct nd_message advertisement_of(const struct netif_addr *entry, bool is_solicited)
{
    struct nd_message message = { .type = ICMPV6_NEIGHBOR_ADVERTISEMENT };

    message.flags = ND_NEIGHBOR_OVERRIDE | (is_solicited ? ND_NEIGHBOR_SOLICITED : 0);
    memcpy(message.target, entry->addr.bytes, sizeof(message.target));
    if (nd_has_stations(entry->netif)) {
        message.options.present = ND_OPTION_TARGET_LINK;
        memcpy(message.options.target_link, entry->netif->driver->mac, ETH_ADDRESS_LEN);
    }
    return message;
}

void ms_nd_announce(const struct netif_addr *entry)
{
    const struct nd_message message = advertisement_of(entry, false);
    struct path path;

    ms_ip_link_path(entry->netif, &path);
    ms_nd_send(&path, &entry->addr, &ALL_NODES, &message);
}

/* Whoever asks without an address of his own is told with everybody else (RFC 4861, 7.2.4). */
static void answer(const struct netif_addr *entry, const struct ms_addr *remote)
{
    const struct nd_message message = advertisement_of(entry, true);
    struct ms_addr local = entry->addr;
    struct path path;

    if (addr_is_unspecified(remote))
        ms_nd_announce(entry);
    else if (ms_ip_find_path(entry->netif->stack, entry->netif, &local, remote, &path) == MS_OK)
        ms_nd_send(&path, &local, remote, &message);
    else
        ms_count_drop(entry->netif->stack, MS_DROP_SEND_NO_ROUTE);
}

/* --- Soliciting --- */

/* The source of the waiting packet if it is the interface's, so that the answer serves it. */
static const struct ms_addr *solicitation_source(struct ms_netif *netif,
                                                 const struct ms_addr *target,
                                                 const struct ms_addr *wanted)
{
    const struct netif_addr *entry = wanted ? ms_addr_find(netif, wanted) : NULL;

    if (!entry || !ms_addr_is_usable(entry))
        entry = ms_addr_select_source(netif, target, target);
    return entry ? &entry->addr : NULL;
}

void ms_nd_solicit(struct ms_netif *netif, const struct ms_addr *target, const uint8_t *mac,
                   const struct ms_addr *source)
{
    const struct ms_addr *local = solicitation_source(netif, target, source);
    struct ms_addr remote = mac ? *target : ms_addr_solicited_node(target);
    struct nd_message message = {
        .type = ICMPV6_NEIGHBOR_SOLICITATION,
        .options = { .present = ND_OPTION_SOURCE_LINK },
    };
    struct neighbor *neighbor = ms_neighbor_find(netif, target);
    struct path path;

    MS_ASSERT(!mac || neighbor);
    if (neighbor && ms_nd_is_default_router(netif, target))
        ms_neighbor_set_router(neighbor, true);
    if (!local) {
        ms_count_drop(netif->stack, MS_DROP_SEND_NO_ROUTE);
        return;
    }
    memcpy(message.target, target->bytes, sizeof(message.target));
    memcpy(message.options.source_link, netif->driver->mac, ETH_ADDRESS_LEN);
    ms_ip_link_path(netif, &path);
    if (mac)
        path.neighbor = neighbor;
    ms_nd_send(&path, local, &remote, &message);
}

/* --- Receiving --- */

/* A frame of ours that the link sent back: no other station has said anything. */
static bool is_echoed(const struct packet *p)
{
    return nd_has_stations(p->netif) &&
           memcmp(p->frame->head + ETH_SOURCE_OFFSET, p->netif->driver->mac, ETH_ADDRESS_LEN) == 0;
}

static struct ms_addr target_of(const struct nd_message *message)
{
    struct ms_addr target;

    memcpy(target.bytes, message->target, sizeof(target.bytes));
    return target;
}

static bool is_solicited_node(const struct ms_addr *addr)
{
    const struct ms_addr any = ms_addr_solicited_node(addr);

    return addr_equal(&any, addr);
}

/* Others than neighbours have no reason to ask, and get no entry (CVE-2008-2476). */
static bool is_on_link(const struct ms_netif *netif, const struct ms_addr *addr)
{
    const struct route *route;

    if (addr_is_link_local(addr))
        return true;
    route = ms_route_find(netif->stack, addr, netif);
    return route && addr_is_unspecified(&route->gateway);
}

/* RFC 4861, 7.1.1. */
static bool is_solicitation_sound(const struct packet *p, const struct nd_message *message)
{
    if (!nd_is_unicast(message->target))
        return false;
    if (!addr_is_unspecified(&p->flow.remote))
        return is_on_link(p->netif, &p->flow.remote);
    return is_solicited_node(&p->flow.local) && !(message->options.present & ND_OPTION_SOURCE_LINK);
}

static enum ms_drop solicitation_input(const struct packet *p, const struct nd_message *message)
{
    struct ms_addr target = target_of(message);
    struct netif_addr *entry = ms_addr_find(p->netif, &target);
    bool is_probe = addr_is_unspecified(&p->flow.remote);

    if (!is_solicitation_sound(p, message))
        return MS_DROP_ND_BAD_ADDRESS;
    if (entry && entry->state == MS_ADDR_TENTATIVE && is_probe && !is_echoed(p)) {
        ms_nd_dad_conflict(entry);
        return MS_DROP_NONE;
    }
    if (!entry || !ms_addr_is_usable(entry))
        return MS_DROP_ND_NOT_FOR_US;
    if ((message->options.present & ND_OPTION_SOURCE_LINK) && nd_has_stations(p->netif))
        ms_neighbor_heard(p->netif, &p->flow.remote, message->options.source_link);
    answer(entry, &p->flow.remote);
    return MS_DROP_NONE;
}

/* RFC 4861, 7.1.2. */
static bool is_advertisement_sound(const struct packet *p, const struct nd_message *message)
{
    if (!nd_is_unicast(message->target) || addr_is_unspecified(&p->flow.remote))
        return false;
    return !(p->flags & PACKET_IP_GROUP) || !(message->flags & ND_NEIGHBOR_SOLICITED);
}

/* Somebody advertises an address that we have, or would like to have (RFC 4862, 5.4.4). */
static enum ms_drop own_advertised(const struct packet *p, struct netif_addr *entry)
{
    if (is_echoed(p))
        return MS_DROP_ND_NOT_FOR_US;
    if (entry->state == MS_ADDR_TENTATIVE) {
        ms_nd_dad_conflict(entry);
        return MS_DROP_NONE;
    }
    p->stack->counters.address_conflicts++;
    return MS_DROP_ND_BAD_ADDRESS;
}

static enum ms_drop advertisement_input(const struct packet *p, const struct nd_message *message)
{
    struct ms_addr target = target_of(message);
    struct netif_addr *entry = ms_addr_find(p->netif, &target);
    const struct neighbor_advert advert = {
        .mac =
            message->options.present & ND_OPTION_TARGET_LINK ? message->options.target_link : NULL,
        .is_solicited = message->flags & ND_NEIGHBOR_SOLICITED,
        .is_override = message->flags & ND_NEIGHBOR_OVERRIDE,
        .is_router = message->flags & ND_NEIGHBOR_ROUTER,
    };

    if (!is_advertisement_sound(p, message))
        return MS_DROP_ND_BAD_ADDRESS;
    if (entry)
        return own_advertised(p, entry);
    if (!nd_has_stations(p->netif))
        return MS_DROP_ND_NOT_FOR_US;
    return ms_neighbor_advertised(p->netif, &target, &advert) ? MS_DROP_NONE
                                                              : MS_DROP_ND_UNSOLICITED;
}

/*
 * Redirects are judged (RFC 4861, 8.1) and then ignored: without them packets take the router's
 * detour and arrive all the same, with them one forged packet moves a conversation elsewhere.
 */
static enum ms_drop redirect_input(const struct packet *p, const struct nd_message *message)
{
    struct ms_addr target = target_of(message);
    const struct route *route;
    struct ms_addr destination;

    memcpy(destination.bytes, message->destination, sizeof(destination.bytes));
    if (!addr_is_link_local(&p->flow.remote) || !nd_is_unicast(message->destination))
        return MS_DROP_ND_BAD_ADDRESS;
    if (!addr_is_link_local(&target) && !addr_equal(&target, &destination))
        return MS_DROP_ND_BAD_ADDRESS;
    route = ms_route_find(p->stack, &destination, p->netif);
    if (!route || !addr_equal(&route->gateway, &p->flow.remote))
        return MS_DROP_ND_NOT_ROUTER;
    return MS_DROP_ICMP_UNKNOWN_TYPE;
}

enum ms_drop ms_nd_input(struct packet *p, const struct icmpv6_header *header)
{
    struct nd_message message = { 0 };
    enum ms_drop drop;

    p->stack->counters.nd_in_messages++;
    if (p->hop_limit != ND_HOP_LIMIT)
        return MS_DROP_ND_BAD_HOP_LIMIT;
    drop = ms_nd_message_parse(&message, header, &p->bytes);
    if (drop)
        return drop;
    switch (message.type) {
    case ICMPV6_NEIGHBOR_SOLICITATION: return solicitation_input(p, &message);
    case ICMPV6_NEIGHBOR_ADVERTISEMENT: return advertisement_input(p, &message);
    case ICMPV6_ROUTER_ADVERTISEMENT: return ms_nd_router_advertised(p, &message);
    case ICMPV6_REDIRECT: return redirect_input(p, &message);
    default: return MS_DROP_ND_NOT_FOR_US; /* solicitations are for routers */
    }
}
