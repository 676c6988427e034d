/* SPDX-License-Identifier: ISC */
/* Duplicate address detection, and what to do about a duplicate. */
#include "ip/dad.h"

#include "ip/addr.h"
#include "ip/ip_floor.h"
#include "ip/nd_router.h"
#include "wire/nd.h"

enum {
    DAD_TRANSMITS = 1,        /* RFC 4862, 5.1 */
    DAD_DELAY_US = 1000000,   /* RFC 4861, 10: MAX_RTR_SOLICITATION_DELAY */
    DAD_INTERVAL_US = 1000000 /* RFC 4861, 10: RETRANS_TIMER */
};

enum { INTERFACE_PREFIX_LEN = 64 };

static void arm(struct netif_addr *entry, uint32_t delay_us)
{
    struct ms_stack *stack = entry->netif->stack;

    ms_wheel_arm(&stack->wheel, &entry->timer, TIMER_ADDRESS, stack->now_us + delay_us);
}

void ms_nd_dad_start(struct netif_addr *entry)
{
    if (entry->state != MS_ADDR_TENTATIVE) {
        if (nd_has_stations(entry->netif))
            ms_nd_announce(entry);
        return;
    }
    entry->probes_left = DAD_TRANSMITS;
    arm(entry, ms_random_below(&entry->netif->stack->random, DAD_DELAY_US));
}

/* Asks for the address as nobody, so that no cache learns of us (RFC 4862, 5.4.2). */
static void send_probe(const struct netif_addr *entry)
{
    static const struct ms_addr unspecified;
    const struct ms_addr group = ms_addr_solicited_node(&entry->addr);
    struct nd_message message = { .type = ICMPV6_NEIGHBOR_SOLICITATION };
    struct path path;

    memcpy(message.target, entry->addr.bytes, sizeof(message.target));
    ms_ip_link_path(entry->netif, &path);
    ms_nd_send(&path, &unspecified, &group, &message);
}

void ms_nd_dad_expired(struct netif_addr *entry)
{
    uint32_t interval_us = entry->netif->retrans_time_us;

    MS_ASSERT(entry->state == MS_ADDR_TENTATIVE);
    if (entry->probes_left == 0) {
        ms_addr_verified(entry);
        return;
    }
    entry->probes_left--;
    send_probe(entry);
    arm(entry, interval_us ? interval_us : DAD_INTERVAL_US);
}

void ms_nd_dad_conflict(struct netif_addr *entry)
{
    struct ms_netif *netif = entry->netif;
    uint8_t attempt = (uint8_t)(entry->attempts + 1);
    struct netif_addr *next = NULL;
    struct ms_addr addr;
    struct addr_options options = {
        .addr = &addr,
        .prefix_len = entry->prefix_len,
        .probe = true,
        .is_automatic = true,
        .adds_route = addr_is_link_local(&entry->addr),
        .valid_until_us = entry->valid_until_us,
        .preferred_until_us = entry->preferred_until_us,
    };

    MS_ASSERT(entry->state == MS_ADDR_TENTATIVE);
    ms_addr_duplicate(entry);
    if (!entry->is_automatic || attempt > DAD_ATTEMPTS)
        return;
    addr = ms_nd_make_addr(netif, &entry->addr, attempt);
    ms_addr_remove(entry);
    if (ms_addr_add(netif, &options, &next) == MS_OK)
        next->attempts = attempt;
}

/*
 * RFC 7217, 5: the interface is known by its link address, or by its number if it has none. The
 * few reserved interface identifiers come up once in 2^48 addresses, and are then as good as any.
 */
struct ms_addr ms_nd_make_addr(const struct ms_netif *netif, const struct ms_addr *prefix,
                               uint8_t attempt)
{
    uint8_t name[8] = { netif->number };
    uint64_t words[3] = { load_be64(prefix->bytes), 0, attempt };
    struct ms_addr addr = *prefix;

    if (nd_has_stations(netif))
        memcpy(name, netif->driver->mac, sizeof(netif->driver->mac));
    words[1] = load_be64(name);
    store_be64(addr.bytes + 8, ms_siphash(&netif->stack->ip->nd.address_key, words, 3));
    return addr;
}

static bool has_link_local(const struct ms_netif *netif)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        if (netif->addrs[i].is_used && addr_is_link_local(&netif->addrs[i].addr))
            return true;
    }
    return false;
}

enum ms_error ms_nd_make_link_local(struct ms_netif *netif, bool probe)
{
    static const struct ms_addr prefix = { { 0xfe, 0x80 } };
    const struct ms_addr addr = ms_nd_make_addr(netif, &prefix, 0);
    const struct addr_options options = {
        .addr = &addr,
        .prefix_len = INTERFACE_PREFIX_LEN,
        .probe = probe,
        .is_automatic = true,
        .adds_route = true,
        .valid_until_us = UINT64_MAX,
        .preferred_until_us = UINT64_MAX,
    };

    return has_link_local(netif) ? MS_OK : ms_addr_add(netif, &options, NULL);
}
