/* SPDX-License-Identifier: ISC */
/* Addresses. IPv4 and IPv6 are one type: IPv4 is written ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
#ifndef MSTACK_ADDR_H
#define MSTACK_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mstack/error.h"

struct ms_netif;

/* Sixteen bytes in network order. All zero is "unspecified": any address, of either family. */
struct ms_addr {
    uint8_t bytes[16];
};

/* One end of a conversation. */
struct ms_endpoint {
    struct ms_addr addr;
    uint16_t port;          /* host order; 0: any, or chosen by the stack */
    struct ms_netif *netif; /* pins the interface (link-local peers, groups); NULL: by route */
};

enum { MS_ADDR_TEXT_SIZE = 46 }; /* longest text of an address, with its final zero */

struct ms_addr ms_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
bool ms_addr_is_ipv4(const struct ms_addr *addr);
bool ms_addr_is_unspecified(const struct ms_addr *addr); /* ::, or 0.0.0.0 */
bool ms_addr_is_multicast(const struct ms_addr *addr);
bool ms_addr_equal(const struct ms_addr *a, const struct ms_addr *b);
/* Reads "192.0.2.1" or "2001:db8::1" (RFC 4291, 2.2). MS_ERROR_INVALID if it is neither. */
enum ms_error ms_addr_parse(struct ms_addr *addr, const char *text) MS_MUST_CHECK;
/* Writes the text of RFC 5952, ended by a zero. Returns its length. */
size_t ms_addr_format(const struct ms_addr *addr, char text[MS_ADDR_TEXT_SIZE]);

#endif
