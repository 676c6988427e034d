/* SPDX-License-Identifier: ISC */
/* One stack, one peer that sends what it is told, and a memory of each state to come back to. */
#ifndef GRID_WORLD_H
#define GRID_WORLD_H

#include "mstack/mstack.h"
#include "oracle.h"

enum {
    WINDOW = 1000, /* what the stack offers */
    PEER_WINDOW = 65535,
    IN_FLIGHT = 100, /* bytes that the stack has sent and nobody acknowledged */
    TEXT_MAX = 1200,
};

/* What the stack did. */
struct sight {
    unsigned replies;  /* frames of TCP */
    unsigned others;   /* frames of anything else */
    uint32_t seq, ack; /* of the last one */
    uint16_t window;
    uint8_t flags;
    uint32_t reply_len;
    uint32_t ts_value;
    uint32_t delivered;
    uint32_t next; /* number of the next byte of the peer's stream */
    bool is_opened, is_ended, is_closed, is_garbled;
    enum ms_error why;
};

struct world {
    struct ms_driver driver; /* first */
    struct ms_stack *stack;
    struct ms_netif *netif;
    struct ms_tcp *tcp;
    uint64_t now_us;
    bool is_ipv4;
    uint16_t stack_port;
    struct ms_buf buf;
    struct sight sight;
    struct oracle_connection connection;
    uint32_t edge;    /* right end of the window that the stack has offered */
    uint32_t ts_echo; /* the stack's last timestamp */
    unsigned frames_out;
};

/* The world with a connection in that state, from what was kept or by real packets. */
void world_enter(struct world *world, bool is_ipv4, enum oracle_state state);
/* The segment arrives; what follows of it is in world->sight. */
void world_send(struct world *world, const struct oracle_segment *segment);
/* LISTEN is CLOSED here: neither has a connection. */
enum oracle_state world_state(const struct world *world);

#endif
