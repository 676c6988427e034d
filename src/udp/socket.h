/* SPDX-License-Identifier: ISC */
/* A UDP socket, and the floor's table of them. */
#ifndef UDP_SOCKET_H
#define UDP_SOCKET_H

#include "core/stack.h"
#include "ip/ip.h"
#include "mstack/udp.h"

enum { UDP_BUCKETS = 64 };

/* What a whole datagram's checksum field is given. */
enum udp_checksum { UDP_CHECKSUM_FULL, UDP_CHECKSUM_PARTIAL, UDP_CHECKSUM_NONE };

struct ms_udp {
    struct ms_udp *next; /* in its bucket */
    struct ms_stack *stack;
    struct ms_endpoint local;
    const struct ms_udp_events *events;
    void *user;

    /* The way the last datagram went; the next one mostly goes there too. */
    struct path path;
    struct ms_addr path_local, path_remote;
    struct ms_netif *path_pinned; /* what the application asked for, or NULL */
    uint32_t path_payload_max;    /* in one frame */
    uint8_t path_hop_limit;
    uint8_t path_checksum; /* enum udp_checksum */

    uint8_t rank; /* how closely it binds, 1 to 4: an address counts more than an interface */
    uint8_t hop_limit, group_hop_limit, traffic_class;
    bool sends_no_checksum;
};

struct udp_floor {
    struct pool sockets;
    struct ms_udp *buckets[UDP_BUCKETS]; /* lists, higher ranks first */
};

/* The socket that fits best; NULL: none. */
struct ms_udp *ms_udp_find(const struct udp_floor *floor, const struct flow *flow,
                           const struct ms_netif *netif);

#endif
