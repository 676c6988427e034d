/* SPDX-License-Identifier: ISC */
/* lwIP's interface: frames out to the ring, frames in from the other end's. */
#ifndef BENCH_LWIP_LINK_H
#define BENCH_LWIP_LINK_H

#include "lwip_end.h"

void lwip_link_start(struct lwip_side *side);
void lwip_link_input(void **frames, uint32_t n);

#endif
