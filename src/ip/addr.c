/* SPDX-License-Identifier: ISC */
/* Addresses of interfaces: added, verified, ageing, removed; and chosen as source. */
#include "ip/addr.h"

#include "eth/arp.h"
#include "ip/ip_floor.h"
#include "ip/nd.h"

enum { IPV4_IN_MAPPED_BITS = 96, LINK_LOCAL_PREFIX_LEN = 64 };

bool ms_addr_prefix_equal(const struct ms_addr *a, const struct ms_addr *b, unsigned bits)
{
    uint64_t differ = load_be64(a->bytes) ^ load_be64(b->bytes);

    if (bits <= 64)
        return bits == 0 || differ >> (64 - bits) == 0;
    bits -= 64;
    return differ == 0 && (load_be64(a->bytes + 8) ^ load_be64(b->bytes + 8)) >> (64 - bits) == 0;
}

struct ms_addr ms_addr_solicited_node(const struct ms_addr *addr)
{
    struct ms_addr group = { .bytes = { 0xff, 2, [11] = 1, [12] = 0xff } };

    memcpy(group.bytes + 13, addr->bytes + 13, 3);
    return group;
}

struct netif_addr *ms_addr_find(struct ms_netif *netif, const struct ms_addr *addr)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        struct netif_addr *entry = &netif->addrs[i];

        if (entry->is_used && addr_equal(&entry->addr, addr))
            return entry;
    }
    return NULL;
}

const struct ms_addr *ms_addr_link_local(const struct ms_netif *netif)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        const struct netif_addr *entry = &netif->addrs[i];

        if (ms_addr_is_usable(entry) && addr_is_link_local(&entry->addr))
            return &entry->addr;
    }
    return NULL;
}

/* --- Adding and removing --- */

static void own_bits_build(struct ms_stack *stack)
{
    uint64_t bits = 0;

    for (uint32_t n = 0; n < stack->netif_count; n++) {
        for (unsigned i = 0; i < NETIF_ADDRS; i++) {
            const struct netif_addr *entry = &stack->netifs[n].addrs[i];

            if (!entry->is_used)
                continue;
            bits |= UINT64_C(1) << (entry->addr.bytes[15] & 63);
            if (ip_has_broadcast(entry))
                bits |= UINT64_C(1) << (ip_broadcast_of(entry) & 63);
        }
    }
    stack->ip->own_bits = bits;
    ms_paths_changed(stack);
}

static struct route route_of(const struct netif_addr *entry)
{
    return (struct route){
        .prefix = entry->addr,
        .netif = entry->netif,
        .prefix_len = entry->prefix_len,
        .origin = ROUTE_ADDRESS,
    };
}

/* No other address of the interface shares the route to the network. */
static bool is_last_of_route(const struct netif_addr *entry)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        const struct netif_addr *other = &entry->netif->addrs[i];

        if (other != entry && other->has_route && other->prefix_len == entry->prefix_len &&
            ms_addr_prefix_equal(&other->addr, &entry->addr, entry->prefix_len))
            return false;
    }
    return true;
}

static struct netif_addr *free_entry(struct ms_netif *netif)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        if (!netif->addrs[i].is_used)
            return &netif->addrs[i];
    }
    return NULL;
}

static void arm(struct netif_addr *entry, uint64_t deadline_us)
{
    ms_wheel_arm(&entry->netif->stack->wheel, &entry->timer, TIMER_ADDRESS, deadline_us);
}

/* The next of its two ends that is still to come. */
static void lifetime_start(struct netif_addr *entry)
{
    uint64_t deadline_us = entry->state == MS_ADDR_PREFERRED
                               ? min_u64(entry->preferred_until_us, entry->valid_until_us)
                               : entry->valid_until_us;

    if (deadline_us == UINT64_MAX)
        ms_wheel_disarm(&entry->netif->stack->wheel, &entry->timer);
    else
        arm(entry, deadline_us);
}

static bool has_stations(const struct ms_netif *netif)
{
    return netif->driver->medium == MS_MEDIUM_ETHERNET;
}

/* Probes it if it is tentative, else announces it. */
static void start(struct netif_addr *entry)
{
    if (!addr_is_ipv4(&entry->addr))
        ms_nd_dad_start(entry);
    else if (has_stations(entry->netif))
        ms_arp_address_start(entry);
}

/* Silence says something only when the link is up, so probing waits for that (RFC 5227, 2.1). */
void ms_addr_link_changed(struct ms_netif *netif)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        struct netif_addr *entry = &netif->addrs[i];

        if (!entry->is_used || entry->state != MS_ADDR_TENTATIVE)
            continue;
        if (netif->is_up)
            start(entry);
        else
            ms_wheel_disarm(&netif->stack->wheel, &entry->timer);
    }
    if (!netif->is_up)
        return;
    ms_nd_link_up(netif);
    ms_groups_report(netif, true);
    ms_groups_report(netif, false);
}

/* Reports of groups that it had no source for, or only the unspecified one (RFC 3590, 4). */
static void became_usable(const struct netif_addr *entry)
{
    bool is_ipv4 = addr_is_ipv4(&entry->addr);

    if (is_ipv4 || addr_is_link_local(&entry->addr))
        ms_groups_report(entry->netif, is_ipv4);
}

enum ms_error ms_addr_add(struct ms_netif *netif, const struct addr_options *options,
                          struct netif_addr **out)
{
    struct netif_addr *entry = free_entry(netif);
    bool is_ipv6 = !addr_is_ipv4(options->addr);
    struct route route;
    enum ms_error error;

    if (ms_addr_find(netif, options->addr))
        return MS_ERROR_IN_USE;
    if (!entry)
        return MS_ERROR_NO_MEMORY;
    if (is_ipv6) {
        struct ms_addr group = ms_addr_solicited_node(options->addr);

        error = ms_group_join(netif, &group);
        if (error)
            return error;
    }
    *entry = (struct netif_addr){
        .addr = *options->addr,
        .prefix_len = options->prefix_len,
        .state = MS_ADDR_TENTATIVE,
        .is_used = true,
        .is_automatic = options->is_automatic,
        .has_route = options->adds_route,
        .valid_until_us = options->valid_until_us,
        .preferred_until_us = options->preferred_until_us,
        .netif = netif,
    };
    route = route_of(entry);
    if (entry->has_route)
        ms_route_insert(netif->stack, &route);
    own_bits_build(netif->stack);
    /* A medium without stations has nobody who could have the address too. */
    if (!options->probe || !has_stations(netif))
        ms_addr_verified(entry);
    if (netif->is_up || ms_addr_is_usable(entry))
        start(entry);
    if (out)
        *out = entry;
    return MS_OK;
}

void ms_addr_remove(struct netif_addr *entry)
{
    struct ms_netif *netif = entry->netif;
    struct route route = route_of(entry);

    ms_wheel_disarm(&netif->stack->wheel, &entry->timer);
    if (is_last_of_route(entry))
        ms_route_delete(netif->stack, &route);
    if (!addr_is_ipv4(&entry->addr)) {
        struct ms_addr group = ms_addr_solicited_node(&entry->addr);
        enum ms_error error = ms_group_leave(netif, &group);

        MS_ASSERT(error == MS_OK);
        (void)error;
    }
    *entry = (struct netif_addr){ .state = MS_ADDR_TENTATIVE };
    netif->stack->has_lost_address = true;
    own_bits_build(netif->stack);
}

void ms_addr_verified(struct netif_addr *entry)
{
    bool was_usable = ms_addr_is_usable(entry);

    entry->state = entry->preferred_until_us > entry->netif->stack->now_us ? MS_ADDR_PREFERRED
                                                                           : MS_ADDR_DEPRECATED;
    lifetime_start(entry);
    ms_paths_changed(entry->netif->stack);
    if (!was_usable)
        became_usable(entry);
}

void ms_addr_duplicate(struct netif_addr *entry)
{
    struct ms_stack *stack = entry->netif->stack;

    stack->counters.address_conflicts++;
    entry->state = MS_ADDR_DUPLICATE;
    stack->has_lost_address = true;
    lifetime_start(entry);
    ms_paths_changed(stack);
}

void ms_addr_set_lifetimes(struct netif_addr *entry, uint64_t valid_until_us,
                           uint64_t preferred_until_us)
{
    entry->valid_until_us = valid_until_us;
    entry->preferred_until_us = preferred_until_us;
    if (entry->state == MS_ADDR_DUPLICATE)
        lifetime_start(entry);
    else if (entry->state != MS_ADDR_TENTATIVE)
        ms_addr_verified(entry);
}

static void ipv4_expired(struct netif_addr *entry)
{
    bool was_usable = ms_addr_is_usable(entry);

    ms_arp_address_expired(entry);
    if (!was_usable && ms_addr_is_usable(entry))
        became_usable(entry);
}

void ms_addr_expired(struct timer *timer)
{
    struct netif_addr *entry = MS_CONTAINER_OF(timer, struct netif_addr, timer);

    if (addr_is_ipv4(&entry->addr))
        ipv4_expired(entry);
    else if (entry->state == MS_ADDR_TENTATIVE)
        ms_nd_dad_expired(entry);
    else if (entry->valid_until_us <= entry->netif->stack->now_us)
        ms_addr_remove(entry);
    else if (entry->state == MS_ADDR_PREFERRED)
        ms_addr_verified(entry);
    else
        lifetime_start(entry);
}

/* --- Choosing a source --- */

/* RFC 4007, and RFC 4291, 2.7: the numbers that multicast scopes have. */
static unsigned scope(const struct ms_addr *addr)
{
    enum { SCOPE_LINK = 2, SCOPE_GLOBAL = 14 };

    if (addr->bytes[0] == 0xff)
        return addr->bytes[1] & 0xf;
    return addr_is_link_local(addr) ? SCOPE_LINK : SCOPE_GLOBAL;
}

static unsigned common_bits(const struct netif_addr *entry, const struct ms_addr *addr)
{
    unsigned bits = 0;

    while (bits < entry->prefix_len && ms_addr_prefix_equal(&entry->addr, addr, bits + 1))
        bits++;
    return bits;
}

/* RFC 6724, 5, rules 2, 3 and 8. Rule 1 never arises: what goes to our own address is looped. */
static bool is_better(const struct netif_addr *a, const struct netif_addr *b,
                      const struct ms_addr *remote)
{
    unsigned scope_a = scope(&a->addr);
    unsigned scope_b = scope(&b->addr);

    if (scope_a < scope_b)
        return scope_a >= scope(remote);
    if (scope_a > scope_b)
        return scope_b < scope(remote);
    if (a->state != b->state)
        return a->state == MS_ADDR_PREFERRED;
    return common_bits(a, remote) > common_bits(b, remote);
}

const struct netif_addr *ms_addr_select_source(const struct ms_netif *netif,
                                               const struct ms_addr *remote,
                                               const struct ms_addr *next_hop)
{
    const struct netif_addr *best = NULL;
    bool is_ipv4 = addr_is_ipv4(remote);

    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        const struct netif_addr *entry = &netif->addrs[i];

        if (!ms_addr_is_usable(entry) || addr_is_ipv4(&entry->addr) != is_ipv4)
            continue;
        if (is_ipv4 && ms_addr_prefix_equal(&entry->addr, next_hop, entry->prefix_len))
            return entry;
        if (!best || (!is_ipv4 && is_better(entry, best, remote)))
            best = entry;
    }
    return best;
}

/* --- The public face --- */

/* An address that a single interface can have. */
static bool is_assignable(const struct ms_addr *addr)
{
    bool is_low = load_raw64(addr->bytes) == 0 && load_be64(addr->bytes + 8) >> 32 == 0;

    if (!addr_has_family(addr) || addr_is_unspecified(addr) || addr_is_multicast(addr) ||
        ip_is_loopback(addr))
        return false;
    if (addr_is_ipv4(addr))
        return addr->bytes[12] != 0 && addr->bytes[12] < 224;
    return !is_low; /* ::a.b.c.d (RFC 4291, 2.5.5.1) */
}

enum ms_error ms_netif_add_addr(struct ms_netif *netif, const struct ms_addr *addr,
                                uint8_t prefix_len, bool probe)
{
    bool is_ipv4 = addr_is_ipv4(addr);
    const struct addr_options options = {
        .addr = addr,
        .prefix_len = (uint8_t)(is_ipv4 ? prefix_len + IPV4_IN_MAPPED_BITS : prefix_len),
        .probe = probe,
        .adds_route = true,
        .valid_until_us = UINT64_MAX,
        .preferred_until_us = UINT64_MAX,
    };

    if (prefix_len > (is_ipv4 ? 32 : 128) || !is_assignable(addr))
        return MS_ERROR_INVALID;
    if (!is_ipv4 && !addr_is_link_local(addr)) {
        enum ms_error error = ms_nd_make_link_local(netif, probe);

        if (error)
            return error;
    }
    return ms_addr_add(netif, &options, NULL);
}

enum ms_error ms_netif_remove_addr(struct ms_netif *netif, const struct ms_addr *addr)
{
    struct netif_addr *entry = ms_addr_find(netif, addr);

    if (!entry)
        return MS_ERROR_NO_ADDRESS;
    ms_addr_remove(entry);
    return MS_OK;
}

bool ms_netif_addr(const struct ms_netif *netif, unsigned i, struct ms_netif_addr *addr)
{
    for (unsigned place = 0; place < NETIF_ADDRS; place++) {
        const struct netif_addr *entry = &netif->addrs[place];
        bool is_ipv4 = addr_is_ipv4(&entry->addr);

        if (!entry->is_used || i-- > 0)
            continue;
        *addr = (struct ms_netif_addr){
            .addr = entry->addr,
            .prefix_len = (uint8_t)(entry->prefix_len - (is_ipv4 ? IPV4_IN_MAPPED_BITS : 0)),
            .state = (enum ms_addr_state)entry->state,
            .is_automatic = entry->is_automatic,
            .valid_until_us = entry->valid_until_us,
        };
        return true;
    }
    return false;
}
