/* SPDX-License-Identifier: ISC */
/* A stack on a wire of the script's own, in virtual time. */
#ifndef CLI_DRILL_WORLD_H
#define CLI_DRILL_WORLD_H

#include <stdio.h>

#include "drill/packet.h"
#include "pcap/pcap_file.h"

/* A packet that the stack sent and nobody has looked at. */
struct sent {
    struct sent *next;
    uint64_t at_us;
    uint32_t len;
    uint8_t bytes[];
};

struct world {
    struct ms_driver driver; /* first */
    struct ms_stack *stack;
    struct ms_netif *netif;
    void *memory;
    uint64_t now_us;
    struct ms_addr local, remote;
    struct sent *first, *last;
    struct ms_pcap_writer *writer; /* NULL: nobody wants a capture */
    bool is_out_of_memory;
    /* Called after whatever may have moved a call on. */
    void (*on_progress)(void *arg);
    void *arg;
};

/* False: there is no memory. */
bool world_open(struct world *world, bool is_ipv6);
void world_close(struct world *world);
/* Goes on until then. */
void world_run_until(struct world *world, uint64_t until_us);
/* ... or until the stack has sent something, what was sent before included. NULL: it has not. */
const struct sent *world_await(struct world *world, uint64_t until_us);
/* Takes the first packet off. */
void world_forget(struct world *world);
/* A packet arrives now. */
void world_receive(struct world *world, const uint8_t *bytes, uint32_t len);
/* The stack does what is due at this moment. */
void world_settle(struct world *world);

#endif
