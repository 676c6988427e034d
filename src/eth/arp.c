/* SPDX-License-Identifier: ISC */
/* ARP: questions and answers (RFC 826), and conflicts about our own addresses (RFC 5227). */
#include "eth/arp.h"

#include "core/flow.h"
#include "core/frame.h"
#include "eth/eth.h"
#include "eth/neighbor.h"
#include "wire/arp.h"
#include "wire/eth.h"

/* RFC 5227, 1.1. */
enum {
    PROBE_WAIT_US = 1000000,
    PROBE_COUNT = 3,
    PROBE_MIN_US = 1000000,
    PROBE_SPREAD_US = 1000000,
    ANNOUNCE_WAIT_US = 2000000,
    ANNOUNCE_COUNT = 2,
    ANNOUNCE_INTERVAL_US = 2000000,
    DEFEND_INTERVAL_US = 10000000,
};

enum { IPV4_IN_MAPPED_BITS = 96 };

static const uint8_t BROADCAST[ETH_ADDRESS_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void output(struct ms_netif *netif, struct arp_header *header, const uint8_t *destination)
{
    struct ms_stack *stack = netif->stack;
    struct ms_frame *frame = ms_frame_alloc(stack);

    if (!frame) {
        ms_count_drop(stack, MS_DROP_SEND_NO_FRAME);
        return;
    }
    memcpy(header->sender_mac, netif->driver->mac, ETH_ADDRESS_LEN);
    ms_frame_push(frame, ms_arp_header_emit(header, frame->head));
    if (header->operation == ARP_REQUEST)
        stack->counters.arp_out_requests++;
    else
        stack->counters.arp_out_replies++;
    ms_eth_output(netif, frame, destination, ETHERTYPE_ARP);
}

static bool is_usable(const struct netif_addr *entry)
{
    return entry->state == MS_ADDR_PREFERRED || entry->state == MS_ADDR_DEPRECATED;
}

/* The interface's entry for an IPv4 address, in whatever state; NULL: not ours. */
static struct netif_addr *own_entry(struct ms_netif *netif, uint32_t ip)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        struct netif_addr *entry = &netif->addrs[i];

        if (entry->is_used && addr_is_ipv4(&entry->addr) && addr_ipv4(&entry->addr) == ip)
            return entry;
    }
    return NULL;
}

/* A usable IPv4 address of ours whose network ip belongs to; NULL: none. */
static const struct netif_addr *on_link_entry(const struct ms_netif *netif, uint32_t ip)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        const struct netif_addr *entry = &netif->addrs[i];
        unsigned bits = entry->prefix_len - (unsigned)IPV4_IN_MAPPED_BITS;

        if (!entry->is_used || !is_usable(entry) || !addr_is_ipv4(&entry->addr))
            continue;
        if (bits == 0 || (addr_ipv4(&entry->addr) ^ ip) >> (32 - bits) == 0)
            return entry;
    }
    return NULL;
}

static const struct netif_addr *any_entry(const struct ms_netif *netif)
{
    for (unsigned i = 0; i < NETIF_ADDRS; i++) {
        const struct netif_addr *entry = &netif->addrs[i];

        if (entry->is_used && is_usable(entry) && addr_is_ipv4(&entry->addr))
            return entry;
    }
    return NULL;
}

void ms_arp_request(struct ms_netif *netif, uint32_t target, const uint8_t *mac, uint32_t source)
{
    const struct netif_addr *entry = source ? own_entry(netif, source) : NULL;
    struct arp_header header = { .operation = ARP_REQUEST, .target_ip = target };

    if (!entry || !is_usable(entry))
        entry = on_link_entry(netif, target);
    if (!entry)
        entry = any_entry(netif);
    if (!entry)
        return;
    header.sender_ip = addr_ipv4(&entry->addr);
    output(netif, &header, mac ? mac : BROADCAST);
}

/* Asks whether anybody has the address, without saying that we do. */
static void send_probe(struct netif_addr *entry)
{
    struct arp_header header = {
        .operation = ARP_REQUEST,
        .target_ip = addr_ipv4(&entry->addr),
    };

    output(entry->netif, &header, BROADCAST);
}

static void send_announcement(struct netif_addr *entry)
{
    struct arp_header header = {
        .operation = ARP_REQUEST,
        .sender_ip = addr_ipv4(&entry->addr),
        .target_ip = addr_ipv4(&entry->addr),
    };

    output(entry->netif, &header, BROADCAST);
}

static void arm(struct netif_addr *entry, uint64_t delay_us)
{
    struct ms_stack *stack = entry->netif->stack;

    ms_wheel_arm(&stack->wheel, &entry->timer, TIMER_ADDRESS, stack->now_us + delay_us);
}

void ms_arp_address_start(struct netif_addr *entry)
{
    bool is_probed = entry->state == MS_ADDR_TENTATIVE;

    entry->defended_us = 0;
    entry->probes_left = is_probed ? PROBE_COUNT : ANNOUNCE_COUNT;
    arm(entry, is_probed ? ms_random_below(&entry->netif->stack->random, PROBE_WAIT_US) : 0);
}

static void probe_next(struct netif_addr *entry)
{
    struct random *random = &entry->netif->stack->random;

    send_probe(entry);
    if (--entry->probes_left > 0)
        arm(entry, (uint64_t)PROBE_MIN_US + ms_random_below(random, PROBE_SPREAD_US));
    else
        arm(entry, ANNOUNCE_WAIT_US);
}

void ms_arp_address_expired(struct netif_addr *entry)
{
    if (entry->state == MS_ADDR_TENTATIVE) {
        if (entry->probes_left > 0) {
            probe_next(entry);
            return;
        }
        entry->state = MS_ADDR_PREFERRED;
        entry->probes_left = ANNOUNCE_COUNT;
        ms_paths_changed(entry->netif->stack);
    }
    if (entry->probes_left == 0 || !is_usable(entry))
        return;
    send_announcement(entry);
    if (--entry->probes_left > 0)
        arm(entry, ANNOUNCE_INTERVAL_US);
}

/* RFC 5227, 2.4 (b): defend it once in ten seconds, else it is lost. A tentative one is at once. */
static enum ms_drop conflict(struct netif_addr *entry)
{
    struct ms_stack *stack = entry->netif->stack;
    bool was_defended =
        entry->defended_us != 0 && stack->now_us - entry->defended_us < DEFEND_INTERVAL_US;

    stack->counters.address_conflicts++;
    if (is_usable(entry) && !was_defended) {
        entry->defended_us = stack->now_us;
        send_announcement(entry);
    } else {
        entry->state = MS_ADDR_DUPLICATE;
        stack->has_lost_address = true;
        ms_wheel_disarm(&stack->wheel, &entry->timer);
        ms_paths_changed(stack);
    }
    return MS_DROP_ARP_CONFLICT;
}

/* Link address: one station, the one that the frame came from, and not us. */
static bool is_sender_mac_bad(const struct packet *p, const struct arp_header *header)
{
    static const uint8_t zero[ETH_ADDRESS_LEN];
    const uint8_t *mac = header->sender_mac;

    return eth_is_group(mac) || memcmp(mac, zero, ETH_ADDRESS_LEN) == 0 ||
           memcmp(mac, p->netif->driver->mac, ETH_ADDRESS_LEN) == 0 ||
           memcmp(mac, p->frame->head + ETH_ADDRESS_LEN, ETH_ADDRESS_LEN) != 0;
}

/* 0.0.0.0 is a probe's; no other of 0/8, 127/8, 224/3 is a host's. */
static bool is_sender_ip_bad(uint32_t ip)
{
    return (ip >> 24 == 0 && ip != 0) || ip >> 24 == 127 || ip >> 29 == 7;
}

static enum ms_drop reply_input(struct packet *p, const struct arp_header *header)
{
    const struct neighbor_advert advert = {
        .mac = header->sender_mac,
        .is_solicited = true,
        .is_override = true,
    };
    struct ms_addr sender;

    p->stack->counters.arp_in_replies++;
    addr_set_ipv4(&sender, header->sender_ip);
    if (header->sender_ip == 0)
        return MS_DROP_ARP_BAD_SENDER;
    return ms_neighbor_advertised(p->netif, &sender, &advert) ? MS_DROP_NONE
                                                              : MS_DROP_ARP_UNSOLICITED;
}

static void answer(struct packet *p, const struct arp_header *request)
{
    struct arp_header reply = {
        .operation = ARP_REPLY,
        .sender_ip = request->target_ip,
        .target_ip = request->sender_ip,
    };

    memcpy(reply.target_mac, request->sender_mac, ETH_ADDRESS_LEN);
    output(p->netif, &reply, request->sender_mac);
}

/* A question for us also tells where the asker is, who is likely to be talked to next. */
static enum ms_drop request_input(struct packet *p, const struct arp_header *header)
{
    struct netif_addr *entry = own_entry(p->netif, header->target_ip);
    bool is_probe = header->sender_ip == 0;
    struct ms_addr sender;

    p->stack->counters.arp_in_requests++;
    addr_set_ipv4(&sender, header->sender_ip);
    if (entry && entry->state == MS_ADDR_TENTATIVE && is_probe)
        return conflict(entry); /* RFC 5227, 2.1.1: both of us are trying to get it */
    if (!entry || !is_usable(entry)) {
        if (!is_probe)
            ms_neighbor_moved(p->netif, &sender, header->sender_mac);
        return MS_DROP_ARP_NOT_FOR_US;
    }
    if (!is_probe && on_link_entry(p->netif, header->sender_ip))
        ms_neighbor_heard(p->netif, &sender, header->sender_mac);
    answer(p, header);
    return MS_DROP_NONE;
}

enum ms_drop ms_arp_input(struct packet *p)
{
    struct arp_header header;
    struct netif_addr *claimed;
    enum ms_drop drop;

    if (p->bytes.len < ARP_HEADER_LEN && p->len >= ARP_HEADER_LEN)
        return MS_DROP_FRAME_NOT_CONTIGUOUS;
    drop = ms_arp_header_parse(&header, &p->bytes);
    if (drop)
        return drop;
    if (is_sender_mac_bad(p, &header) || is_sender_ip_bad(header.sender_ip))
        return MS_DROP_ARP_BAD_SENDER;
    claimed = own_entry(p->netif, header.sender_ip);
    if (claimed && claimed->state != MS_ADDR_DUPLICATE)
        return conflict(claimed);
    if (header.operation == ARP_REPLY)
        return reply_input(p, &header);
    return header.operation == ARP_REQUEST ? request_input(p, &header) : MS_DROP_ARP_MALFORMED;
}
