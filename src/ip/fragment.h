/* SPDX-License-Identifier: ISC */
/* Datagrams cut into fragments on their way out (RFC 791, 8200). */
#ifndef IP_FRAGMENT_H
#define IP_FRAGMENT_H

#include "ip/ip.h"

/* False: this build has no fragments, and what is larger than its path cannot be sent. */
bool ms_fragment_is_possible(void);
/*
 * Sends the datagram in fragments that fit the path, all of them or none. Payload is shared by
 * reference, only what lies in the frame's head is copied. Takes over the reference.
 */
void ms_fragment_output(struct ms_stack *stack, const struct path *path, struct ms_frame *frame,
                        const struct ip_send *send);

#endif
