/* SPDX-License-Identifier: ISC */
/* All that the Ethernet floor remembers: the neighbour cache. Only files of this folder see it. */
#ifndef ETH_ETH_FLOOR_H
#define ETH_ETH_FLOOR_H

#include "core/frame.h"
#include "core/pool.h"
#include "core/random.h"
#include "core/stack.h"
#include "eth/neighbor.h"
#include "wire/eth.h"

/* RFC 4861, 7.3.2. In all but the first two the link address is known. */
enum neighbor_state {
    NEIGHBOR_FREE,
    NEIGHBOR_INCOMPLETE,
    NEIGHBOR_STALE,
    NEIGHBOR_REACHABLE, /* until fresh_until_us, then it counts as stale */
    NEIGHBOR_DELAY,
    NEIGHBOR_PROBE,
};

struct neighbor {
    /* Looked at by every packet sent. */
    uint64_t fresh_until_us; /* 0 unless REACHABLE: one comparison tells the usual case */
    uint64_t used_us;        /* when a packet was last sent there; 0: never */
    struct ms_netif *netif;
    uint8_t header[ETH_HEADER_LEN]; /* ready to be copied in front of a packet */
    uint8_t state;                  /* enum neighbor_state */
    uint8_t probes;                 /* solicitations sent since the last change of state */
    struct ms_addr addr;

    uint32_t reachable_us;
    uint32_t hash_next;
    struct neighbor *older, *newer; /* list of INCOMPLETE ones */
    struct timer timer;
    struct frame_list waiting; /* the oldest first */
    uint8_t waiting_count;
    bool is_router;
};

struct eth_floor {
    struct pool pool;
    uint32_t *buckets;
    uint32_t bucket_mask;
    struct siphash_key key;
    struct neighbor *incomplete_oldest, *incomplete_newest;
    uint32_t incomplete_count;
    uint32_t waiting_count;  /* frames that wait, for all neighbours */
    uint32_t borrowed_count; /* those among them that keep a received frame */
    ms_neighbor_solicit_fn *solicit;
    ms_neighbor_lost_fn *router_lost;
    ms_neighbor_unresolved_fn *unresolved;
};

void ms_neighbor_init(struct ms_stack *stack, struct arena *arena);

#endif
