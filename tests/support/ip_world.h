/* SPDX-License-Identifier: ISC */
/* A whole stack with one interface, whose wire and clock are the test's: for ICMP and ND. */
#ifndef SUPPORT_IP_WORLD_H
#define SUPPORT_IP_WORLD_H

#include "core/netif.h"
#include "core/stack.h"
#include "mstack/mstack.h"

enum { WORLD_SENT_MAX = 256, WORLD_FRAME_MAX = 1600 };

struct world_frame {
    size_t len;
    uint8_t bytes[WORLD_FRAME_MAX];
};

struct ip_world {
    struct ms_stack *stack;
    struct ms_netif *netif;
    struct ms_driver driver;
    void *memory;
    uint64_t now_us;
    unsigned frames_in; /* received frames not given back yet */
    unsigned sent_count, sent_taken;
    struct world_frame sent[WORLD_SENT_MAX];
};

/* An ICMP message, of the family that `from` is of. Zero fields have the usual values. */
struct message {
    const char *from, *to;
    uint8_t hop_limit; /* 255 for neighbour discovery, 1 for MLD, else 64 */
    uint8_t type, code;
    uint32_t rest;
    const uint8_t *body;
    size_t body_len;
    uint8_t protocol; /* ICMP or ICMPv6 */
    uint8_t mac_last; /* of 02:00:00:00:01:00, the Ethernet source */
    bool is_to_all;   /* the Ethernet destination is broadcast */
    bool has_bad_sum;
    bool has_fragment_header; /* IPv6: an atomic one */
    size_t cut;               /* bytes missing at the end */
    size_t split;             /* bytes in the frame's first piece; 0: all */
};

/* A packet sent. */
struct sent_message {
    struct ms_addr from, to;
    uint8_t hop_limit, protocol;
    bool has_router_alert;
    uint8_t type, code;
    uint32_t rest;
    const uint8_t *body;
    size_t body_len;
    size_t packet_len;
    const uint8_t *mac; /* the Ethernet destination */
};

/* Opens with fixed tables and seed; MTU 1500, up, without addresses. */
void world_open(struct ip_world *w, enum ms_medium medium);
/* Fails the test if a frame was not given back. */
void world_close(struct ip_world *w);
/* Lets time pass, timers firing on the way. */
void world_advance(struct ip_world *w, uint64_t us);
/* Lets a frame in, in buffers of exactly its size; why it was dropped, or MS_DROP_NONE. */
enum ms_drop world_input(struct ip_world *w, const uint8_t *bytes, size_t len, size_t split);
/* The same, of an ICMP message with headers and checksums added. */
enum ms_drop world_message(struct ip_world *w, const struct message *message);
/* Takes the next packet sent; false: no more. Fails the test if a checksum is wrong. */
bool world_sent(struct ip_world *w, struct sent_message *sent);
/* The next ICMP message of this type; others before it are skipped. */
bool world_sent_type(struct ip_world *w, uint8_t type, struct sent_message *sent);
/* Throws away what was sent, and says how many frames it was. */
unsigned world_discard(struct ip_world *w);

/* An address from its text, which the test has right. */
struct ms_addr world_addr(const char *text);
void world_add_addr(struct ip_world *w, const char *text, uint8_t prefix_len);
bool is_addr(const struct ms_addr *addr, const char *text);
uint64_t world_drops(const struct ip_world *w, enum ms_drop drop);
/* Writes an IPv4 or IPv6 header in front of len bytes that follow; tells its length. */
size_t world_ip_header(uint8_t *at, const struct message *message, size_t len);

#endif
