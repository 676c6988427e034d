/* SPDX-License-Identifier: ISC */
/* Finding the way to a destination, and putting IP headers in front of what goes there. */
#include "ip/ip.h"

#include "eth/eth.h"
#include "eth/neighbor.h"
#include "ip/addr.h"
#include "ip/fragment.h"
#include "ip/icmp.h"
#include "ip/ip_floor.h"
#include "ip/nd.h"
#include "ip/output.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* The way of one destination, as far as it is known. */
struct hop {
    struct ms_netif *netif;
    struct ms_addr next; /* on the link of netif */
    bool is_group;       /* next is no single station */
};

void ms_ip_init(struct ms_stack *stack, struct arena *arena)
{
    struct ip_floor *floor = ms_arena_take(arena, sizeof(*floor));

    if (floor) {
        stack->ip = floor;
        ms_paths_changed(stack);
        ms_icmp_limit_init(stack);
        ms_neighbor_set_unresolved(stack, ms_icmp_send_unresolved);
    }
    ms_route_table_init(stack, arena);
    ms_reassembly_init(stack, arena);
    ms_loop_init(stack, arena);
    ms_path_mtus_init(stack, arena);
    ms_groups_init(stack, arena);
    ms_nd_init(stack, arena);
}

void ms_ip_attach(struct ms_netif *netif) { ms_groups_attach(netif); }

void ms_ip_detach(struct ms_netif *netif)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        if (netif->addrs[i].is_used)
            ms_addr_remove(&netif->addrs[i]);
    }
    ms_nd_flush(netif);
    ms_groups_flush(netif);
    ms_route_flush(netif);
    ms_reassembly_flush(netif);
    ms_neighbor_flush(netif);
    ms_paths_changed(netif->stack);
}

/* --- Whose address --- */

/* Its bit says that the address may be ours. */
__attribute__((noinline)) static struct ms_netif *search_netif_of(const struct ms_stack *stack,
                                                                  const struct ms_addr *addr)
{
    for (uint32_t i = 0; i < stack->netif_count; i++) {
        struct ms_netif *netif = &stack->netifs[i];
        const struct netif_addr *entry = ms_addr_find(netif, addr);

        if (entry && ms_addr_is_usable(entry))
            return netif;
    }
    return NULL;
}

struct ms_netif *ms_ip_netif_of(const struct ms_stack *stack, const struct ms_addr *addr)
{
    if (ip_is_loopback(addr))
        return stack->loop;
    return ip_may_be_own(stack, addr) ? search_netif_of(stack, addr) : NULL;
}

bool ms_ip_is_own(const struct ms_stack *stack, const struct ms_addr *addr)
{
    return ms_ip_netif_of(stack, addr) != NULL;
}

/* The broadcast address of one of the interface's networks. */
bool ms_ip_is_broadcast_of(const struct ms_netif *netif, const struct ms_addr *addr)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        const struct netif_addr *entry = &netif->addrs[i];

        if (entry->is_used && ip_has_broadcast(entry) &&
            ip_broadcast_of(entry) == addr_ipv4(addr) && addr_is_ipv4(addr))
            return true;
    }
    return false;
}

bool ms_ip_is_broadcast(const struct ms_stack *stack, const struct ms_addr *addr)
{
    if (!addr_is_ipv4(addr))
        return false;
    if (addr_ipv4(addr) == UINT32_MAX)
        return true;
    if (!ip_may_be_own(stack, addr))
        return false;
    for (uint32_t i = 0; i < stack->netif_count; i++) {
        if (ms_ip_is_broadcast_of(&stack->netifs[i], addr))
            return true;
    }
    return false;
}

/* --- Paths --- */

static enum ms_error find_loop(struct ms_stack *stack, struct ms_addr *local,
                               const struct ms_addr *remote, struct path *path)
{
    if (addr_is_unspecified(local))
        *local = *remote;
    else if (!ms_ip_is_own(stack, local))
        return MS_ERROR_NO_ADDRESS;
    *path = (struct path){
        .netif = ms_ip_loop_netif(stack),
        .generation = stack->path_generation,
        .mtu = LOOP_MTU,
        .kind = addr_is_ipv4(remote) ? PATH_IPV4_BARE : PATH_OTHER,
    };
    return MS_OK;
}

/* The interface for what no route leads to: the first that is up, with an address to send from. */
static struct ms_netif *any_netif(const struct ms_stack *stack, const struct ms_addr *remote)
{
    struct ms_netif *when_down = NULL;

    for (uint32_t i = 0; i < stack->netif_count; i++) {
        struct ms_netif *netif = &stack->netifs[i];

        if (!netif->driver || !ms_addr_select_source(netif, remote, remote))
            continue;
        if (netif->is_up)
            return netif;
        if (!when_down)
            when_down = netif;
    }
    return when_down;
}

/* Groups and broadcasts: an interface, and no next hop. */
static enum ms_error find_group_hop(const struct ms_stack *stack, struct ms_netif *pinned,
                                    const struct ms_addr *remote, struct hop *hop)
{
    const struct route *route = ms_route_find(stack, remote, pinned);

    hop->next = *remote;
    hop->is_group = true;
    hop->netif = pinned;
    if (!hop->netif && route && addr_ipv4(remote) != UINT32_MAX)
        hop->netif = route->netif;
    if (!hop->netif)
        hop->netif = any_netif(stack, remote);
    return hop->netif ? MS_OK : MS_ERROR_NO_ROUTE;
}

static enum ms_error find_hop(const struct ms_stack *stack, struct ms_netif *pinned,
                              const struct ms_addr *remote, struct hop *hop)
{
    const struct route *route;

    if (addr_is_multicast(remote) || ms_ip_is_broadcast(stack, remote))
        return find_group_hop(stack, pinned, remote, hop);
    route = ms_route_find(stack, remote, pinned);
    if (!route)
        return MS_ERROR_NO_ROUTE;
    hop->netif = route->netif;
    hop->next = addr_is_unspecified(&route->gateway) ? *remote : route->gateway;
    hop->is_group = false;
    return MS_OK;
}

/*
 * Where the route says, from our address if one is given: hosts with several interfaces send what
 * comes from an address through that address's interface if they can (RFC 1122, 3.3.4.2).
 */
static enum ms_error find_sourced_hop(const struct ms_stack *stack, struct ms_netif *pinned,
                                      const struct ms_addr *local, const struct ms_addr *remote,
                                      struct hop *hop)
{
    struct ms_netif *home;

    if (addr_is_unspecified(local))
        return find_hop(stack, pinned, remote, hop);
    home = ms_ip_netif_of(stack, local);
    if (!home || ip_is_loopback(local))
        return MS_ERROR_NO_ADDRESS;
    if (!pinned && find_hop(stack, home, remote, hop) == MS_OK)
        return MS_OK;
    return find_hop(stack, pinned, remote, hop);
}

static enum ms_error choose_source(const struct hop *hop, const struct ms_addr *remote,
                                   struct ms_addr *local)
{
    const struct netif_addr *source;

    if (!addr_is_unspecified(local))
        return MS_OK;
    source = ms_addr_select_source(hop->netif, remote, &hop->next);
    if (!source)
        return MS_ERROR_NO_ADDRESS;
    *local = source->addr;
    return MS_OK;
}

static uint8_t kind_of(const struct hop *hop, const struct ms_addr *remote)
{
    if (!addr_is_ipv4(remote))
        return PATH_OTHER;
    if (hop->netif->driver->medium == MS_MEDIUM_IP)
        return PATH_IPV4_BARE;
    return hop->is_group ? PATH_OTHER : PATH_IPV4_NEIGHBOR;
}

/* A destination; and a source of its family, or none yet. */
static bool are_addresses_sane(const struct ms_addr *local, const struct ms_addr *remote)
{
    return !addr_is_unspecified(remote) && addr_has_family(remote) &&
           (addr_is_unspecified(local) || addr_is_ipv4(local) == addr_is_ipv4(remote));
}

static enum ms_error search_path(struct ms_stack *stack, struct ms_netif *pinned,
                                 struct ms_addr *local, const struct ms_addr *remote,
                                 struct path *path)
{
    struct neighbor *neighbor = NULL;
    struct hop hop;
    enum ms_error error;

    if (!are_addresses_sane(local, remote))
        return MS_ERROR_INVALID;
    if (ms_ip_is_own(stack, remote))
        return find_loop(stack, local, remote, path);
    error = find_sourced_hop(stack, pinned, local, remote, &hop);
    if (!error)
        error = choose_source(&hop, remote, local);
    if (error) {
        stack->counters.ip_out_no_routes++;
        return error;
    }
    if (!hop.is_group && hop.netif->driver->medium == MS_MEDIUM_ETHERNET) {
        neighbor = ms_neighbor_get(hop.netif, &hop.next);
        if (!neighbor)
            return MS_ERROR_NO_MEMORY;
    }
    *path = (struct path){
        .netif = hop.netif,
        .neighbor = neighbor,
        .generation = stack->path_generation,
        .mtu = (uint16_t)ms_path_mtu_get(stack, remote, hop.netif->mtu),
        .kind = kind_of(&hop, remote),
    };
    return MS_OK;
}

enum ms_error ms_ip_find_path(struct ms_stack *stack, struct ms_netif *pinned,
                              struct ms_addr *local, const struct ms_addr *remote,
                              struct path *path)
{
    struct recent_path *recent = &stack->ip->recent;
    enum ms_error error;

    /* What an entry of the path MTU cache says ends by itself, so that it is asked each time. */
    if (ms_ip_path_is_valid(stack, &recent->path) && stack->ip->path_mtus.used == 0 &&
        recent->pinned == pinned && addr_equal(&recent->remote, remote) &&
        addr_equal(&recent->wanted, local)) {
        *local = recent->local;
        *path = recent->path;
        return MS_OK;
    }
    recent->wanted = *local;
    recent->remote = *remote;
    recent->pinned = pinned;
    recent->path.generation = 0;
    error = search_path(stack, pinned, local, remote, path);
    if (error)
        return error;
    recent->local = *local;
    recent->path = *path;
    return MS_OK;
}

void ms_ip_link_path(struct ms_netif *netif, struct path *path)
{
    *path = (struct path){
        .netif = netif,
        .generation = netif->stack->path_generation,
        .mtu = (uint16_t)netif->mtu,
    };
}

void ms_ip_confirm(const struct path *path)
{
    if (path->neighbor && ms_ip_path_is_valid(path->netif->stack, path))
        ms_neighbor_confirm(path->neighbor);
}

/* --- Output --- */

void ms_ip_group_mac(const struct ms_addr *group, uint8_t mac[ETH_ADDRESS_LEN])
{
    const uint8_t *low = group->bytes + 12;

    if (!addr_is_ipv4(group)) {
        mac[0] = mac[1] = 0x33;
        memcpy(mac + 2, low, 4);
    } else if (addr_is_multicast(group)) {
        store_be32(mac, 0x01005e00u | (low[1] & 0x7f));
        memcpy(mac + 4, low + 2, 2);
    } else {
        memset(mac, 0xff, ETH_ADDRESS_LEN);
    }
}

void ms_ip_output_without_neighbor(struct ms_netif *netif, struct ms_frame *frame,
                                   const struct ms_addr *remote)
{
    uint8_t mac[ETH_ADDRESS_LEN];

    if (netif->driver->medium == MS_MEDIUM_IP) {
        ms_eth_queue(netif, frame);
        return;
    }
    MS_ASSERT(addr_is_multicast(remote) || ms_ip_is_broadcast(netif->stack, remote));
    ms_ip_group_mac(remote, mac);
    ms_eth_output(netif, frame, mac, addr_is_ipv4(remote) ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
}

static void output_ipv4(const struct path *path, struct ms_frame *frame, const struct ip_send *send)
{
    ip_push_ipv4_header(path, frame, send);
    ip_link_output(path, frame, send->remote);
}

static void output_ipv6(const struct path *path, struct ms_frame *frame, const struct ip_send *send)
{
    struct ipv6_header header = {
        .payload_len = (uint16_t)send->len,
        .traffic_class = send->traffic_class,
        .next_header = send->protocol,
        .hop_limit = ip_hop_limit(path, send),
    };

    memcpy(header.src, send->local->bytes, sizeof(header.src));
    memcpy(header.dst, send->remote->bytes, sizeof(header.dst));
    ms_frame_push(frame, ms_ipv6_header_emit(&header, frame->head));
    ip_link_output(path, frame, send->remote);
}

/* Larger than the path: in fragments, or not at all. */
MS_COLD static void output_large(struct ms_stack *stack, const struct path *path,
                                 struct ms_frame *frame, const struct ip_send *send)
{
    if (send->flags & IP_SEND_MAY_FRAGMENT) {
        ms_fragment_output(stack, path, frame, send);
        return;
    }
    stack->counters.ip_out_discards++;
    ms_frame_discard(frame);
}

void ms_ip_output(struct ms_stack *stack, const struct path *path, struct ms_frame *frame,
                  const struct ip_send *send)
{
    bool is_ipv4 = addr_is_ipv4(send->remote);
    uint32_t header_len = is_ipv4 ? IPV4_HEADER_LEN : IPV6_HEADER_LEN;

    MS_ASSERT(path->netif->stack == stack);
    stack->counters.ip_out_requests++;
    if (MS_UNLIKELY(send->len + header_len > path->mtu) && frame->segment_size == 0)
        output_large(stack, path, frame, send);
    else if (MS_UNLIKELY(!is_ipv4))
        output_ipv6(path, frame, send);
    else
        output_ipv4(path, frame, send);
}
