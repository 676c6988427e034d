/* SPDX-License-Identifier: ISC */
/* Token buckets for ICMP errors, kept as the time at which each is full again. */
#include "ip/icmp_limit.h"

#include "core/bytes.h"
#include "core/flow.h"
#include "ip/ip_floor.h"

void ms_icmp_limit_init(struct ms_stack *stack)
{
    if (stack->ip)
        stack->ip->icmp_limit.key = ms_random_key(&stack->random);
}

static uint64_t *bucket_of(struct icmp_limit *limit, const struct ms_addr *remote)
{
    const uint64_t words[2] = { load_raw64(remote->bytes), load_raw64(remote->bytes + 8) };

    return &limit->busy_until_us[ms_siphash(&limit->key, words, 2) % ICMP_LIMIT_BUCKETS];
}

bool ms_icmp_limit_allow(struct ms_stack *stack, const struct ms_addr *remote)
{
    uint64_t *busy_until_us = bucket_of(&stack->ip->icmp_limit, remote);
    uint32_t spread = ICMP_LIMIT_BURST_MAX - ICMP_LIMIT_BURST_MIN + 1;
    uint64_t burst = ICMP_LIMIT_BURST_MIN + ms_random_below(&stack->random, spread);
    uint64_t start_us = max_u64(*busy_until_us, stack->now_us);

    if (start_us - stack->now_us > (burst - 1) * ICMP_LIMIT_INTERVAL_US)
        return false;
    *busy_until_us =
        start_us + ICMP_LIMIT_INTERVAL_US + ms_random_below(&stack->random, ICMP_LIMIT_JITTER_US);
    return true;
}
