/* SPDX-License-Identifier: ISC */
/* What the stack may call of UDP. */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include "core/packet.h"
#include "ip/icmp.h"

/* Sizes and builds the floor's state. Called once to measure, once to build. */
void ms_udp_init(struct ms_stack *stack, struct arena *arena);
/* A datagram arrives: p is at its header. */
enum ms_drop ms_udp_input(struct packet *p);
/* An ICMP error about a datagram of ours, or of nobody's. */
void ms_udp_report(struct ms_stack *stack, const struct icmp_report *report);

#endif
