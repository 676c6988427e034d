/* SPDX-License-Identifier: ISC */
/* The part of wire/print for ICMPv6, neighbour discovery and MLD. */
#ifndef WIRE_PRINT_ICMPV6_H
#define WIRE_PRINT_ICMPV6_H

#include "wire/print_text.h"

/* Goes on behind the addresses and their colon. */
void ms_print_icmpv6(struct text *text, struct bytes b);

#endif
