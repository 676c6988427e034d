/* SPDX-License-Identifier: ISC */
/* In the place of reassembly and fragmentation: packets are whole, or dropped. */
#include "core/frame.h"
#include "ip/fragment.h"
#include "ip/reassembly.h"

void ms_reassembly_init(struct ms_stack *stack, struct arena *arena)
{
    (void)stack;
    (void)arena;
}

enum ms_drop ms_reassembly_input(struct packet *p, const struct fragment *fragment)
{
    (void)p;
    (void)fragment;
    return MS_DROP_FRAGMENT_NO_MEMORY;
}

void ms_reassembly_expired(struct timer *timer) { (void)timer; }
void ms_reassembly_flush(struct ms_netif *netif) { (void)netif; }

bool ms_fragment_is_possible(void) { return false; }

void ms_fragment_output(struct ms_stack *stack, const struct path *path, struct ms_frame *frame,
                        const struct ip_send *send)
{
    (void)path;
    (void)send;
    stack->counters.ip_out_discards++;
    ms_frame_discard(frame);
}
