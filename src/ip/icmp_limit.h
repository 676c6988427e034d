/* SPDX-License-Identifier: ISC */
/*
 * How many ICMP errors may be sent (RFC 1122, 3.2.2; RFC 4443, 2.4 f). Every destination has a
 * bucket, shared by hash with some others; nobody can learn from his own what another's holds.
 */
#ifndef IP_ICMP_LIMIT_H
#define IP_ICMP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/random.h"
#include "core/stack.h"
#include "mstack/addr.h"

enum {
    ICMP_LIMIT_BUCKETS = 32,
    /* One error in so long and each bucket: some three a second, below a hundred in all. */
    ICMP_LIMIT_INTERVAL_US = 320000,
    ICMP_LIMIT_JITTER_US = 64000,
    /* Between these many at once, at random, so that a bucket's size tells nothing. */
    ICMP_LIMIT_BURST_MIN = 4,
    ICMP_LIMIT_BURST_MAX = 7,
};

struct icmp_limit {
    struct siphash_key key;
    uint64_t busy_until_us[ICMP_LIMIT_BUCKETS]; /* when all errors sent so far are paid for */
};

void ms_icmp_limit_init(struct ms_stack *stack);
/* May an error go to this address now? Counts it as sent if so. */
bool ms_icmp_limit_allow(struct ms_stack *stack, const struct ms_addr *remote);

#endif
