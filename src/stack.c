/* SPDX-License-Identifier: ISC */
/* The climb of a received packet, and the two doors. The only file that knows every floor. */
#include "mstack/stack.h"

#include "core/frame.h"
#include "core/packet.h"
#include "eth/eth.h"
#include "eth/neighbor.h"
#include "ip/addr.h"
#include "ip/group.h"
#include "ip/icmp.h"
#include "ip/ip.h"
#include "ip/loop.h"
#include "ip/nd.h"
#include "ip/reassembly.h"
#include "tcp/tcp.h"
#include "udp/udp.h"
#include "wire/eth.h"

enum {
    LOOPED_MAX = 64, /* packets to ourselves in one poll: they may breed */
    US_PER_MS = 1000,
    RETRY_US = 1000, /* how soon a full device is tried again */
};

/* An error about a packet of ours goes to the transport that sent it. */
static enum ms_drop icmp_input(struct packet *p)
{
    struct icmp_report report = { .kind = ICMP_NOTHING };
    enum ms_drop drop = p->is_ipv4 ? ms_icmp_input(p, &report) : ms_icmpv6_input(p, &report);

    if (drop != MS_DROP_NONE || report.kind == ICMP_NOTHING)
        return drop;
    if (report.protocol == IP_PROTOCOL_TCP)
        ms_tcp_report(p->stack, &report);
    else if (report.protocol == IP_PROTOCOL_UDP)
        ms_udp_report(p->stack, &report);
    return MS_DROP_NONE;
}

/* All but the transports. */
static enum ms_drop control_input(struct packet *p)
{
    switch (p->protocol) {
    case IP_PROTOCOL_NONE: return MS_DROP_NONE;
    case IP_PROTOCOL_IGMP:
        if (p->is_ipv4)
            return ms_igmp_input(p);
        break;
    case IP_PROTOCOL_ICMP:
        if (p->is_ipv4)
            return icmp_input(p);
        break;
    case IP_PROTOCOL_ICMPV6:
        if (!p->is_ipv4)
            return icmp_input(p);
        break;
    default: break;
    }
    p->stack->counters.ip_in_unknown_protocols++;
    ms_icmp_send_error(p, ICMP_ERROR_PROTOCOL_UNREACHABLE, 0);
    return MS_DROP_IP_UNKNOWN_PROTOCOL;
}

/* On a medium without headers of its own, the version says what it is. */
static inline uint16_t type_of_version(const struct packet *p)
{
    uint8_t version = p->bytes.len > 0 ? p->bytes.data[0] >> 4 : 0;

    return version == 4 ? ETHERTYPE_IPV4 : version == 6 ? ETHERTYPE_IPV6 : 0;
}

static MS_INLINE enum ms_drop transport_input(struct packet *p)
{
    if (MS_LIKELY(p->protocol == IP_PROTOCOL_TCP))
        return ms_tcp_input(p);
    if (p->protocol == IP_PROTOCOL_UDP)
        return ms_udp_input(p);
    return control_input(p);
}

/* Floors say what comes next; none of them calls a higher one. */
static MS_INLINE enum ms_drop climb(struct packet *p)
{
    bool is_ethernet = p->netif->driver->medium == MS_MEDIUM_ETHERNET;
    uint16_t type;
    enum ms_drop drop;

    if (is_ethernet) {
        drop = ms_eth_input(p, &p->ethertype);
        if (drop != MS_DROP_NONE)
            return drop;
        type = p->ethertype;
    } else {
        type = type_of_version(p);
    }
    if (MS_LIKELY(type == ETHERTYPE_IPV4))
        drop = ms_ipv4_input(p);
    else if (type == ETHERTYPE_IPV6)
        drop = ms_ipv6_input(p);
    else if (type == ETHERTYPE_ARP)
        return ms_arp_input(p);
    else
        return is_ethernet ? MS_DROP_ETH_UNKNOWN_TYPE : MS_DROP_IP_BAD_VERSION;
    return drop != MS_DROP_NONE ? drop : transport_input(p);
}

/* Floor by floor. Takes over one reference to the frame. */
__attribute__((noinline)) static void input_frame(struct ms_netif *netif, struct ms_frame *frame,
                                                  uint8_t flags)
{
    struct packet p;
    enum ms_drop drop;

    p.stack = netif->stack;
    p.netif = netif;
    p.flags = flags;
    p.frame = frame;
    p.bytes = bytes_of(frame->head, frame->head_len);
    p.len = ms_frame_len(frame);
    netif->stats.rx_bytes += p.len;
    drop = MS_LIKELY(netif->is_up) ? climb(&p) : MS_DROP_INTERFACE_DOWN;
    if (MS_UNLIKELY(drop != MS_DROP_NONE)) {
        netif->stats.rx_dropped++;
        ms_count_drop(p.stack, drop);
    }
    ms_frame_put(p.frame); /* not `frame`: reassembly puts its own in the place of a fragment */
}

/* Time enters in ms_netif_input() and ms_poll() alone; it never goes back. */
static inline void set_time(struct ms_stack *stack, uint64_t now_us)
{
    if (now_us <= stack->now_us)
        return;
    stack->now_us = now_us;
    stack->now_ms = (uint32_t)(now_us / US_PER_MS);
}

void ms_netif_input(struct ms_netif *netif, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    struct ms_frame **end = frames + n;

    netif->stats.rx_frames += n;
    set_time(netif->stack, now_us);
    for (; frames != end; frames++) {
        if (!ms_tcp_predicted_input(netif, *frames))
            input_frame(netif, *frames, 0);
    }
}

static void expire(struct ms_stack *stack, struct timer *timer)
{
    switch (ms_timer_kind(timer)) {
    case TIMER_TCP: ms_tcp_expired(timer); break;
    case TIMER_TCP_SYN: ms_tcp_syn_expired(stack, timer); break;
    case TIMER_TCP_TIME_WAIT: ms_tcp_time_wait_expired(stack, timer); break;
    case TIMER_NEIGHBOR: ms_neighbor_expired(timer); break;
    case TIMER_REASSEMBLY: ms_reassembly_expired(timer); break;
    case TIMER_ADDRESS: ms_addr_expired(timer); break;
    case TIMER_ROUTER: ms_nd_router_expired(timer); break;
    case TIMER_GROUP: ms_group_expired(timer); break;
    }
}

MS_COLD static void expire_all(struct ms_stack *stack, struct timer *timer)
{
    do
        expire(stack, timer);
    while ((timer = ms_wheel_expire(&stack->wheel, stack->now_us)));
}

/* What we sent to ourselves climbs like any other packet. */
MS_COLD static void input_looped(struct ms_stack *stack)
{
    for (unsigned i = 0; i < LOOPED_MAX && !ms_ip_loop_is_empty(stack); i++) {
        struct ms_netif *netif = ms_ip_loop_netif(stack);

        netif->stats.rx_frames++;
        input_frame(netif, ms_ip_loop_take(stack), PACKET_LOOPED);
    }
}

/* Both at once: every poll asks, and hardly ever is there anything. */
static inline bool has_leftovers(const struct ms_stack *stack)
{
    return ((uintptr_t)stack->discarded.first | stack->has_lost_address) != 0;
}

MS_COLD static void clear_up(struct ms_stack *stack)
{
    if (stack->has_lost_address) {
        stack->has_lost_address = false;
        ms_tcp_check_addresses(stack);
    }
    ms_frames_give_back(stack);
}

void ms_poll(struct ms_stack *stack, uint64_t now_us)
{
    struct timer *timer;

    set_time(stack, now_us);
    if (MS_UNLIKELY(has_leftovers(stack)))
        clear_up(stack);
    if (MS_UNLIKELY(!ms_ip_loop_is_empty(stack)))
        input_looped(stack);
    timer = ms_wheel_expire(&stack->wheel, stack->now_us);
    if (MS_UNLIKELY(timer != NULL))
        expire_all(stack, timer);
    ms_tcp_flush(stack);
    ms_netifs_flush(stack);
}

/* When frames that wait can go: at once, or when a device that refused some is asked again. */
static uint64_t queue_deadline_us(const struct ms_stack *stack)
{
    uint64_t deadline_us = UINT64_MAX;

    for (uint32_t i = 0; i < stack->netif_count; i++) {
        const struct ms_netif *netif = &stack->netifs[i];

        if (netif->driver && netif->queue_head != netif->queue_tail)
            deadline_us = min_u64(deadline_us, netif->is_blocked ? stack->now_us + RETRY_US : 0);
    }
    return deadline_us;
}

uint64_t ms_next_deadline(const struct ms_stack *stack)
{
    uint64_t deadline_us = min_u64(ms_wheel_next_deadline(&stack->wheel), queue_deadline_us(stack));
    enum tcp_pending pending = ms_tcp_pending(stack);

    if (has_leftovers(stack) || !ms_ip_loop_is_empty(stack) || pending == TCP_PENDING_READY)
        return 0;
    if (pending == TCP_PENDING_BLOCKED)
        deadline_us = min_u64(deadline_us, stack->now_us + RETRY_US);
    return deadline_us <= stack->now_us ? 0 : deadline_us;
}
