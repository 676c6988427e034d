/* SPDX-License-Identifier: ISC */
/*
 * The stack: configuration, interfaces, input, poll, deadline.
 *
 * One stack serves one core. It has no locks, no globals and no clock: time enters through
 * ms_netif_input() and ms_poll() only, and only these two call back into the application. Time is
 * in microseconds from any origin and never goes back. Memory is one block, given once.
 */
#ifndef MSTACK_STACK_H
#define MSTACK_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mstack/addr.h"
#include "mstack/cc.h"
#include "mstack/counters.h"
#include "mstack/driver.h"
#include "mstack/error.h"

struct ms_stack;
struct ms_netif;

/* Sizes of all tables, and defaults of all connections. Start from ms_config_default(). */
struct ms_config {
    uint8_t seed[32]; /* the only randomness: fill it from a good source, or from a test's seed */

    uint32_t netifs;           /* interfaces */
    uint32_t routes;           /* beside those of the interfaces' own prefixes */
    uint32_t neighbors;        /* ARP and neighbour cache entries, all interfaces together */
    uint32_t groups;           /* joined multicast groups */
    uint32_t path_mtus;        /* destinations whose path MTU is remembered */
    uint32_t reassemblies;     /* datagrams being put together */
    uint32_t reassembly_bytes; /* largest datagram put together, at most 65535 */

    uint32_t frames;         /* to send: queued and in the devices */
    uint32_t frame_slices;   /* pieces of payload in one of them */
    uint32_t transmit_queue; /* frames waiting per interface; a power of two */

    uint32_t udp_sockets;
    uint32_t tcp_listeners;
    uint32_t tcp_connections;
    uint32_t tcp_syn_records; /* half-open passive connections */
    uint32_t tcp_time_wait_records;
    uint32_t tcp_sent_ranges;      /* runs of bytes in flight, all connections together */
    uint32_t tcp_reorder_segments; /* segments held out of order, all connections together */

    uint32_t tcp_recv_window_bytes; /* what a connection offers at most; 1 to 1 GiB */
    uint32_t tcp_mss_min_bytes;     /* a smaller MSS option counts as this (536) */
    uint32_t tcp_delayed_ack_us;    /* below 500000 (RFC 9293, MUST-40) */
    uint32_t tcp_rto_min_us;        /* 200000; RFC 6298 says one second, and allows to differ */
    uint32_t tcp_rto_max_us;        /* at least 60 s (RFC 6298, 2.5) */
    uint32_t tcp_msl_us;            /* TIME-WAIT lasts twice this */
    uint64_t tcp_user_timeout_us;   /* R2: unacknowledged for so long closes; 0: never */
    uint32_t tcp_fin_wait_2_us;     /* our end closed, and the peer silent for so long: the other
                                     * end is closed too, unless keepalive watches it; 0: never */
    const struct ms_cc_ops *tcp_cc; /* congestion control of new connections */
    bool tcp_timestamps;            /* offer RFC 7323 timestamps */
    bool tcp_sack;                  /* offer RFC 2018 */
    bool tcp_syn_cookies;           /* answer with cookies when the SYN records run out */
};

/* A small server's configuration: 1024 connections, some 2 MB in all. The seed is left zero. */
void ms_config_default(struct ms_config *config);
/* Bytes that ms_stack_init() needs; 0: the configuration makes no sense. */
size_t ms_stack_size(const struct ms_config *config);
/* Builds a stack in memory (any alignment). NULL: too small, or the configuration makes no sense.
 * The memory is the caller's again when he no longer uses the stack and all frames are back. */
struct ms_stack *ms_stack_init(const struct ms_config *config, void *memory, size_t size);
/* Mixes fresh randomness in, as after a machine was cloned or resumed: new keys for what follows.
 */
void ms_stack_reseed(struct ms_stack *stack, const uint8_t seed[32]);

/* Runs expired timers, then sends all that is due. */
void ms_poll(struct ms_stack *stack, uint64_t now_us);
/* When ms_poll() has something to do next: UINT64_MAX: nothing to wait for; 0: at once. */
uint64_t ms_next_deadline(const struct ms_stack *stack);
const struct ms_counters *ms_stack_counters(const struct ms_stack *stack);

/* Interfaces. The driver must outlive the attachment. */
enum ms_error ms_netif_attach(struct ms_stack *stack, struct ms_driver *driver,
                              struct ms_netif **netif) MS_MUST_CHECK;
/* Takes the interface away: its queued frames are returned, its connections end with
 * MS_ERROR_INTERFACE_GONE at the next ms_poll(). */
void ms_netif_detach(struct ms_netif *netif);
/* Takes over one reference to each frame. */
void ms_netif_input(struct ms_netif *netif, struct ms_frame **frames, unsigned n, uint64_t now_us);
/* The link came up or went down. Down: frames in and out are dropped, and counted. */
void ms_netif_set_up(struct ms_netif *netif, bool is_up);

struct ms_netif_stats {
    uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
    uint64_t rx_dropped; /* frames in that ended in a drop */
    uint64_t tx_refused; /* times the driver took fewer frames than offered */
    uint32_t tx_frames_queued;
};
void ms_netif_stats(const struct ms_netif *netif, struct ms_netif_stats *stats);

/* Addresses. */
enum ms_addr_state {
    MS_ADDR_TENTATIVE, /* being probed (RFC 5227, 4862); not yet used */
    MS_ADDR_PREFERRED,
    MS_ADDR_DEPRECATED, /* valid, not for new connections */
    MS_ADDR_DUPLICATE,  /* another station has it */
};
struct ms_netif_addr {
    struct ms_addr addr;
    uint8_t prefix_len; /* of the address's own family: 0 to 32, or 0 to 128 */
    enum ms_addr_state state;
    bool is_automatic;       /* from a router advertisement, or link-local */
    uint64_t valid_until_us; /* UINT64_MAX: for ever */
};
/*
 * Gives the interface an address, and a route to its prefix. With probe, it stays tentative until
 * ARP probes (RFC 5227) or duplicate address detection (RFC 4862) found nobody using it, which
 * waits while the interface is down; without, it is used and announced at once. An IPv6 link-local
 * address is made with the first IPv6 one.
 */
enum ms_error ms_netif_add_addr(struct ms_netif *netif, const struct ms_addr *addr,
                                uint8_t prefix_len, bool probe) MS_MUST_CHECK;
/* Connections bound to it end with MS_ERROR_INTERFACE_GONE at the next ms_poll(). */
enum ms_error ms_netif_remove_addr(struct ms_netif *netif,
                                   const struct ms_addr *addr) MS_MUST_CHECK;
/* The i-th address; false when there are no more. */
bool ms_netif_addr(const struct ms_netif *netif, unsigned i, struct ms_netif_addr *addr);
/* Makes a link-local address, solicits routers and obeys their advertisements (RFC 4861, 4862). */
enum ms_error ms_netif_autoconfigure_ipv6(struct ms_netif *netif) MS_MUST_CHECK;

/* Routes: the longest prefix wins. gateway unspecified: destinations are on the link itself. */
enum ms_error ms_route_add(struct ms_stack *stack, const struct ms_addr *prefix, uint8_t prefix_len,
                           const struct ms_addr *gateway, struct ms_netif *netif) MS_MUST_CHECK;
enum ms_error ms_route_remove(struct ms_stack *stack, const struct ms_addr *prefix,
                              uint8_t prefix_len, struct ms_netif *netif) MS_MUST_CHECK;

/* Multicast groups, counted: as many leaves as joins. */
enum ms_error ms_group_join(struct ms_netif *netif, const struct ms_addr *group) MS_MUST_CHECK;
enum ms_error ms_group_leave(struct ms_netif *netif, const struct ms_addr *group) MS_MUST_CHECK;

/* ICMP echo (ping), both families. */
struct ms_echo {
    struct ms_addr from;
    uint16_t identifier, sequence;
    uint8_t hop_limit;
    const struct ms_slice *payload; /* its first piece, valid while the handler runs */
    uint32_t payload_len;           /* of all pieces */
    enum ms_error error;            /* MS_OK: a reply; else an ICMP error came back for this echo */
    uint8_t icmp_type, icmp_code;
};
typedef void ms_echo_fn(void *user, const struct ms_echo *echo);
/* Who hears of echo replies, and of errors to the last eight echoes, if they were sent in the last
 * minute. One handler a stack; NULL: nobody. */
void ms_icmp_on_echo(struct ms_stack *stack, ms_echo_fn *on_echo, void *user);
/* Sends an echo request with the bytes lent. Sent at the next ms_poll(). */
enum ms_error ms_icmp_send_echo(struct ms_stack *stack, const struct ms_endpoint *remote,
                                uint16_t identifier, uint16_t sequence,
                                struct ms_buf *payload) MS_MUST_CHECK;

#endif
