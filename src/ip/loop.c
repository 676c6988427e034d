/* SPDX-License-Identifier: ISC */
/* The interface that leads back to ourselves. */
#include "ip/loop.h"

#include "ip/ip.h"
#include "ip/ip_floor.h"

void ms_loop_init(struct ms_stack *stack, struct arena *arena)
{
    struct ms_frame **queue = ms_arena_take(arena, LOOP_QUEUE * sizeof(*queue));
    struct loop *loop;

    if (!queue)
        return;
    loop = &stack->ip->loop;
    stack->loop = &loop->netif;
    loop->driver = (struct ms_driver){
        .medium = MS_MEDIUM_IP,
        .mtu = LOOP_MTU,
        .slices_max = (uint16_t)stack->config.frame_slices,
        .checksum_offload = true, /* the bytes cross no wire */
    };
    loop->netif = (struct ms_netif){
        .stack = stack,
        .driver = &loop->driver,
        .mtu = LOOP_MTU,
        .is_up = true,
        .hop_limit = IP_HOP_LIMIT_DEFAULT,
        .number = UINT8_MAX,
        .queue = queue,
        .queue_mask = LOOP_QUEUE - 1,
    };
}

struct ms_frame *ms_ip_loop_take(struct ms_stack *stack)
{
    struct ms_netif *netif = stack->loop;

    if (ms_ip_loop_is_empty(stack))
        return NULL;
    return netif->queue[netif->queue_tail++ & netif->queue_mask];
}
