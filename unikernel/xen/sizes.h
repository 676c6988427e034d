/* SPDX-License-Identifier: ISC */
/* How much of everything there is to be, in a domain with so much memory. */
#ifndef UNIKERNEL_SIZES_H
#define UNIKERNEL_SIZES_H

#include <stddef.h>

#include "mstack/stack.h"
#include "netfront/netfront.h"

/* Doubles or halves the tables of the default until a quarter of the memory is full of them. */
void ms_guest_sizes_of_stack(struct ms_config *config, size_t memory_bytes);
/* One part in sixteen of it to receive into, spread over the queues. */
void ms_guest_sizes_of_device(struct ms_netfront_config *config, size_t memory_bytes);

#endif
