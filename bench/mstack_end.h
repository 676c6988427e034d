/* SPDX-License-Identifier: ISC */
/* One end of a conversation on mstack: what its application does in each row. */
#ifndef BENCH_MSTACK_END_H
#define BENCH_MSTACK_END_H

#include "mstack/mstack.h"
#include "workload.h"

struct lent;

/* One end: a stack, and the application on it. */
struct mstack_side {
    struct wl_row row;
    bool is_client;
    struct ms_stack *stack;
    struct ms_netif *netif;
    uint64_t ops;         /* done so far; bulk and one-way: the server counts */
    uint64_t bytes;       /* received in bulk; of the answer in crr */
    uint32_t established; /* connections */

    /* The application's own. */
    struct ms_endpoint server;
    struct ms_tcp *connection; /* when there is one */
    struct ms_tcp **many;
    struct ms_udp *socket;
    struct lent *free; /* buffers to lend */
    uint64_t random_state;
    bool is_idle; /* crr: the client may connect again */
};

/* The stack, with one address on an interface of that driver. */
void mstack_end_open(struct mstack_side *side, const struct ms_config *config,
                     struct ms_driver *driver);
/* Listens, connects or opens a socket. */
void mstack_end_start(struct mstack_side *side);
/* The client opens connections first to first + n - 1 of many. */
void mstack_end_connect_many(struct mstack_side *side, uint32_t first, uint32_t n);
/* The client starts the row's traffic; bulk and rr then go on by themselves. */
void mstack_end_begin(struct mstack_side *side);
/* What the client has to do once a turn. Whether it did something. */
bool mstack_end_pump(struct mstack_side *side);
/* Says so on stderr and ends the program. */
_Noreturn void mstack_end_fail(const char *what);

#endif
