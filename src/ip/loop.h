/* SPDX-License-Identifier: ISC */
/* Packets from us to us: an interface without a device, whose queue ms_poll() empties. */
#ifndef IP_LOOP_H
#define IP_LOOP_H

#include "core/netif.h"
#include "mstack/driver.h"

enum { LOOP_QUEUE = 64, LOOP_MTU = 16384 };

struct loop {
    struct ms_netif netif;
    struct ms_driver driver;
};

void ms_loop_init(struct ms_stack *stack, struct arena *arena);

/* The interface such packets climb from: medium IP, always up, not among stack->netifs. */
static inline struct ms_netif *ms_ip_loop_netif(const struct ms_stack *stack)
{
    return stack->loop;
}

/* The next packet to climb, with PACKET_LOOPED set, its reference with it; NULL: none is left. */
struct ms_frame *ms_ip_loop_take(struct ms_stack *stack);

static inline bool ms_ip_loop_is_empty(const struct ms_stack *stack)
{
    return stack->loop->queue_head == stack->loop->queue_tail;
}

#endif
