/* SPDX-License-Identifier: ISC */
/*
 * Datagrams put together from fragments, both families. One buffer each, bounded in number, size,
 * time and share of one source. Anything but an exact repetition of a fragment that overlaps
 * another ends the datagram, and its other fragments with it (RFC 5722; here for IPv4 too).
 */
#ifndef IP_REASSEMBLY_H
#define IP_REASSEMBLY_H

#include "core/packet.h"
#include "core/pool.h"

struct reassembly;

struct reassembly_table {
    struct pool pool;
    struct reassembly *oldest, *newest; /* those that collect, and those remembered as discarded */
    uint32_t count;
};

/* What the fragment's header says. The fragment's data is what is left of the packet. */
struct fragment {
    uint32_t id;
    uint32_t offset_bytes;
    bool more;
    uint8_t protocol; /* as the fragment says; the first one's decides */
};

void ms_reassembly_init(struct ms_stack *stack, struct arena *arena);
/*
 * Keeps the fragment's bytes. When they complete a datagram, p becomes that datagram: an IP header
 * without options or extensions, stripped already, and the payload in one piece; p->frame is then
 * a frame of ours with one reference that belongs to p, in place of the fragment's, which is put.
 * Otherwise p->protocol is IP_PROTOCOL_NONE.
 */
enum ms_drop ms_reassembly_input(struct packet *p, const struct fragment *fragment);
/* TIMER_REASSEMBLY fired. */
void ms_reassembly_expired(struct timer *timer);
/* Gives up what came in through an interface that goes. */
void ms_reassembly_flush(struct ms_netif *netif);

#endif
