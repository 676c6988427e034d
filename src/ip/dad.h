/* SPDX-License-Identifier: ISC */
/* Duplicate address detection (RFC 4862, 5.4), and addresses made by us (RFC 7217). */
#ifndef IP_DAD_H
#define IP_DAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/netif.h"

enum { DAD_ATTEMPTS = 3 }; /* addresses tried after duplicates (RFC 7217, 7: IDGEN_RETRIES) */

/*
 * Begins the life of an IPv6 address: probes it when it is tentative, else announces it where
 * there are stations that keep a neighbour cache.
 */
void ms_nd_dad_start(struct netif_addr *entry);
/* The timer of a tentative address fired: the next probe, or nobody else has it. */
void ms_nd_dad_expired(struct netif_addr *entry);
/* Somebody else has the tentative address. One made by us is replaced by another, at most
 * DAD_ATTEMPTS times; entry is gone then. */
void ms_nd_dad_conflict(struct netif_addr *entry);

/* A stable, opaque address of a 64-bit prefix: the attempt-th of this interface (RFC 7217, 5). */
struct ms_addr ms_nd_make_addr(const struct ms_netif *netif, const struct ms_addr *prefix,
                               uint8_t attempt);
/* Gives the interface a link-local address. MS_OK also when it has one. */
enum ms_error ms_nd_make_link_local(struct ms_netif *netif, bool probe);

#endif
