/* SPDX-License-Identifier: ISC */
/* An HTTP/1.1 file server on a stack. */
#ifndef CLI_SERVER_H
#define CLI_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "blocks.h"
#include "mstack/mstack.h"

struct peer;

struct peer_list {
    struct peer *first, *last;
};

struct server {
    struct ms_stack *stack;
    struct ms_tcp_listener *listener;
    int root; /* the directory that is served, open */
    uint16_t port;
    bool logs;
    uint64_t idle_timeout_us;
    uint64_t now_us; /* of the round that the loop is in */
    unsigned peer_count;
    struct peer_list ready;   /* have something to do at the next server_work() */
    struct peer_list waiting; /* all connections, the one that waits longest first */
    struct blocks blocks;
};

/* stack, root, port, logs and idle_timeout_us are set. */
enum ms_error server_start(struct server *server) MS_MUST_CHECK;
/* Reads requests and lends more of the files to the stack; ends connections that wait too long. */
void server_work(struct server *server, uint64_t now_us);
/* When server_work() has something to do next, or UINT64_MAX. */
uint64_t server_next_us(const struct server *server);
/* Takes no more connections and resets all; ms_poll() must be called once more. */
void server_stop(struct server *server);
/* Frees what is left, after the device has been closed. */
void server_free(struct server *server);

#endif
