/* SPDX-License-Identifier: ISC */
/* Who talks with whom: two addresses, two ports. And addresses, compared fast. */
#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "core/family.h"
#include "core/random.h"
#include "mstack/addr.h"

/* Ports in host order. */
struct flow {
    struct ms_addr local, remote;
    uint16_t local_port, remote_port;
};

_Static_assert(sizeof(struct flow) == 36, "a flow has no padding");

/* Eight bytes as they lie: for comparing and hashing only. */
static inline uint64_t load_raw64(const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint32_t load_raw32(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static inline bool addr_equal(const struct ms_addr *a, const struct ms_addr *b)
{
    return ((load_raw64(a->bytes) ^ load_raw64(b->bytes)) |
            (load_raw64(a->bytes + 8) ^ load_raw64(b->bytes + 8))) == 0;
}

static inline bool flow_equal(const struct flow *a, const struct flow *b)
{
    return addr_equal(&a->remote, &b->remote) && addr_equal(&a->local, &b->local) &&
           load_raw32(&a->local_port) == load_raw32(&b->local_port);
}

/* The upper twelve bytes of a v4-mapped address. */
static inline bool addr_is_mapped(const struct ms_addr *addr)
{
    return load_raw64(addr->bytes) == 0 && load_be32(addr->bytes + 8) == 0xffff;
}

/* Any address may come from the application: is it of a family that we speak? */
static inline bool addr_has_family(const struct ms_addr *addr)
{
    return MS_HAS_IPV6 || addr_is_mapped(addr);
}

/* Of an address with a family. */
static inline bool addr_is_ipv4(const struct ms_addr *addr)
{
    return !MS_HAS_IPV6 || addr_is_mapped(addr);
}

static inline uint32_t addr_ipv4(const struct ms_addr *addr) { return load_be32(addr->bytes + 12); }

static inline void addr_set_ipv4(struct ms_addr *addr, uint32_t ipv4)
{
    memset(addr->bytes, 0, 8);
    store_be32(addr->bytes + 8, 0xffff);
    store_be32(addr->bytes + 12, ipv4);
}

static inline bool addr_is_unspecified(const struct ms_addr *addr)
{
    return load_raw64(addr->bytes) == 0 &&
           (load_raw64(addr->bytes + 8) == 0 || load_be64(addr->bytes + 8) == 0xffff00000000u);
}

static inline bool addr_is_multicast(const struct ms_addr *addr)
{
    return addr->bytes[0] == 0xff || (addr_is_ipv4(addr) && (addr->bytes[12] & 0xf0) == 0xe0);
}

/* fe80::/10 */
static inline bool addr_is_link_local(const struct ms_addr *addr)
{
    return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

/* Keyed, so that nobody outside can aim at one bucket. */
uint64_t ms_flow_hash64(const struct siphash_key *key, const struct flow *flow);
/* Its lower half. */
uint32_t ms_flow_hash(const struct siphash_key *key, const struct flow *flow);

/* The pseudo header's sum (RFC 9293, 3.1; RFC 8200, 8.1), to be added to a transport's. */
static inline uint64_t ms_ip_pseudo_sum(const struct ms_addr *a, const struct ms_addr *b,
                                        uint8_t protocol, uint32_t len)
{
    if (addr_is_ipv4(a))
        return ms_checksum_pseudo_ipv4(a->bytes + 12, b->bytes + 12, protocol, len);
    return ms_checksum_pseudo_ipv6(a->bytes, b->bytes, protocol, len);
}

#endif
