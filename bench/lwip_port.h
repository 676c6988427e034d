/* SPDX-License-Identifier: ISC */
/* lwIP's checksums and locks, as lwip_port.c replaces them. */
#ifndef BENCH_LWIP_PORT_H
#define BENCH_LWIP_PORT_H

#include "lwip_end.h"

extern enum lwip_sum lwip_port_sum;

/* Before any other call into lwIP. */
void lwip_port_init(enum lwip_sum sum);

#endif
