/* SPDX-License-Identifier: ISC */
/* Ping, both families: answering, asking, and hearing the answer (RFC 792, 4443). */
#ifndef IP_ECHO_H
#define IP_ECHO_H

#include "core/packet.h"
#include "ip/icmp.h"
#include "wire/icmp.h"

enum { ECHOES_REMEMBERED = 8 };

/* A request of ours. */
struct echo_sent {
    struct ms_addr remote;
    uint64_t until_us; /* when it is too late for an error about it; in the past: free */
    uint32_t name;     /* identifier and sequence, as in the header's second word */
};

/* The last ones, a ring: an error that quotes none of them proves nothing. */
struct echo_memory {
    struct echo_sent sent[ECHOES_REMEMBERED];
    uint32_t next;
};

/* The header was stripped from p. A reply borrows the request's bytes. */
enum ms_drop ms_echo_requested(const struct packet *p, const struct icmp_header *header);
enum ms_drop ms_echo_replied(const struct packet *p, const struct icmp_header *header);
/*
 * An error quotes an echo; kind is what the error means. Believed about a request that was sent
 * lately, and about no reply: whoever made us send that may have made the error, too.
 */
enum ms_drop ms_echo_failed(const struct packet *p, const struct icmp_report *report,
                            enum icmp_kind kind);

#endif
