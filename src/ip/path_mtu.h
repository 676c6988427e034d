/* SPDX-License-Identifier: ISC */
/* Path MTUs learnt from validated errors (RFC 1191, 8201), in a cache of fixed size. */
#ifndef IP_PATH_MTU_H
#define IP_PATH_MTU_H

#include <stdint.h>

#include "core/arena.h"
#include "core/random.h"
#include "core/stack.h"
#include "mstack/addr.h"

struct path_mtu;

/* Sets of a few entries, chosen by a keyed hash; a random one of a full set makes room. */
struct path_mtus {
    struct path_mtu *entries;
    uint32_t set_mask;
    uint32_t used; /* 0: nothing to look up, the usual case */
    struct siphash_key key;
};

void ms_path_mtus_init(struct ms_stack *stack, struct arena *arena);
/* The largest packet for a destination, at most what its link takes. What was learnt is forgotten
 * after ten minutes (RFC 8201, 4), when somebody asks. */
uint32_t ms_path_mtu_get(struct ms_stack *stack, const struct ms_addr *remote, uint32_t link_mtu);

#endif
