/* SPDX-License-Identifier: ISC */
/* Ping, both families: answering, asking, and hearing the answer (RFC 792, 4443). */
#ifndef IP_ECHO_H
#define IP_ECHO_H

#include "core/packet.h"
#include "ip/icmp.h"
#include "wire/icmp.h"

/* The header was stripped from p. A reply borrows the request's bytes. */
enum ms_drop ms_echo_requested(const struct packet *p, const struct icmp_header *header);
enum ms_drop ms_echo_replied(const struct packet *p, const struct icmp_header *header);
/* An error quotes an echo of ours; kind is what the error means. */
enum ms_drop ms_echo_failed(const struct packet *p, const struct icmp_report *report,
                            enum icmp_kind kind);

#endif
