/* SPDX-License-Identifier: ISC */
/* What all floors of one stack share: time, memory, randomness, counters, and each other's doors.
 */
#ifndef CORE_STACK_H
#define CORE_STACK_H

#include <stdint.h>

#include "core/arena.h"
#include "core/checksum.h"
#include "core/drop.h"
#include "core/pool.h"
#include "core/random.h"
#include "core/wheel.h"
#include "mstack/stack.h"

/* Each floor's own state; only that floor sees inside. */
struct eth_floor;
struct ip_floor;
struct udp_floor;
struct tcp_floor;

/* Of the stack's own frames; last means nothing without a first. */
struct frame_list {
    struct ms_frame *first, *last;
};

struct ms_stack {
    uint64_t now_us; /* of the last entry through one of the two doors */
    uint32_t now_ms; /* its low bits */
    ms_checksum_fn *checksum;
    struct tcp_floor *tcp;
    struct ip_floor *ip;
    struct eth_floor *eth;
    struct udp_floor *udp;
    struct pool frames;          /* to send */
    struct frame_list discarded; /* given up on their way out; ms_poll() gives them back */
    struct ms_netif *netifs;
    struct ms_netif *loop;    /* leads back to ourselves; not among netifs */
    uint32_t netif_count;     /* places, attached or not */
    bool has_lost_address;    /* connections bound to it are to end */
    uint32_t path_generation; /* changes whenever a route, address or neighbour entry goes */
    struct random random;
    struct ms_counters counters;
    struct wheel wheel;
    struct ms_config config;
};

static inline void ms_count_drop(struct ms_stack *stack, enum ms_drop drop)
{
    stack->counters.drops[drop]++;
}

/* A route, address or neighbour entry went away: every struct path is to be found anew. */
static inline void ms_paths_changed(struct ms_stack *stack)
{
    if (++stack->path_generation == 0)
        stack->path_generation = 1; /* 0 marks paths that were never found */
}

#endif
