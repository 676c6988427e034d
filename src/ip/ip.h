/* SPDX-License-Identifier: ISC */
/* What the transports need of IP: paths, output, addresses. Both families behind one face. */
#ifndef IP_IP_H
#define IP_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/checksum.h"
#include "core/flow.h"
#include "core/netif.h"
#include "core/packet.h"
#include "core/stack.h"
#include "wire/ip.h"

enum {
    IP_PROTOCOL_NONE = 255, /* a fragment was kept, or the packet is done with: nothing follows */
};

enum { IPV4_MTU_MIN = 68, IPV6_MTU_MIN = 1280, IP_HOP_LIMIT_DEFAULT = 64 };

struct neighbor;

/* The usual ways, known by one look. */
enum path_kind {
    PATH_OTHER,
    PATH_IPV4_NEIGHBOR, /* IPv4 to a station on an Ethernet */
    PATH_IPV4_BARE,     /* IPv4 over a medium without addresses */
};

/* Where packets for one destination go: what routing found, kept until generation changes. */
struct path {
    struct ms_netif *netif;
    struct neighbor *neighbor; /* NULL: the medium needs none, or the destination is a group */
    uint32_t generation;       /* valid while it is stack->path_generation; 0: never */
    uint16_t mtu;              /* largest IP packet, path MTU included */
    uint8_t kind;              /* enum path_kind */
};

enum ip_send_flag {
    IP_SEND_MAY_FRAGMENT = 1, /* larger packets go out in fragments; else DF is set */
};

/* One packet's header. */
struct ip_send {
    const struct ms_addr *local, *remote;
    uint32_t len; /* of the transport header and payload: what frame holds now */
    uint8_t protocol, hop_limit, traffic_class; /* hop_limit 0: the interface's */
    uint8_t flags;                              /* enum ip_send_flag */
};

/* Sizes and builds the floor's state. Called once to measure, once to build. */
void ms_ip_init(struct ms_stack *stack, struct arena *arena);

/*
 * Finds the way to a destination. *local unspecified: filled with the source address (RFC 6724; the
 * first fitting one for IPv4); else it must be ours. pinned: only through this interface, or NULL.
 */
enum ms_error ms_ip_find_path(struct ms_stack *stack, struct ms_netif *pinned,
                              struct ms_addr *local, const struct ms_addr *remote,
                              struct path *path);
/*
 * Puts the IP header in front and sends. Takes over the reference. The path is valid and its
 * interface's queue has room for one frame (for all fragments: those without room are dropped and
 * counted).
 */
void ms_ip_output(struct ms_stack *stack, const struct path *path, struct ms_frame *frame,
                  const struct ip_send *send);
/* Forward progress: the next hop is reachable. */
void ms_ip_confirm(const struct path *path);

/* One of our usable addresses, on any interface. */
bool ms_ip_is_own(const struct ms_stack *stack, const struct ms_addr *addr);
/* The interface that has this address, or NULL. */
struct ms_netif *ms_ip_netif_of(const struct ms_stack *stack, const struct ms_addr *addr);
/* 255.255.255.255, or the broadcast address of one of our IPv4 networks. */
bool ms_ip_is_broadcast(const struct ms_stack *stack, const struct ms_addr *addr);

/* A path to groups and the broadcast address of one link, whatever routes say. */
void ms_ip_link_path(struct ms_netif *netif, struct path *path);
/* The interface is there, with its driver, and nothing of its own yet. */
void ms_ip_attach(struct ms_netif *netif);
/* The interface goes: its addresses, groups, routes, neighbours and half reassembled datagrams. */
void ms_ip_detach(struct ms_netif *netif);

/* Path MTUs learnt from validated errors (RFC 1191, 8201); bounded, forgotten after ten minutes. */
void ms_ip_lower_mtu(struct ms_stack *stack, const struct ms_addr *remote, uint32_t mtu);

/* Names the protocol that follows and strips the IP headers; IP_PROTOCOL_NONE: nothing follows. */
enum ms_drop ms_ipv4_input(struct packet *p);
enum ms_drop ms_ipv6_input(struct packet *p);

static inline bool ms_ip_path_is_valid(const struct ms_stack *stack, const struct path *path)
{
    return path->generation == stack->path_generation;
}

#endif
