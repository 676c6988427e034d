/* SPDX-License-Identifier: ISC */
/* Round-trip time and retransmission timeout (RFC 6298). */
#include "tcp/rtt.h"

void ms_rtt_init(struct rtt *rtt, struct rto_bounds bounds)
{
    rtt->srtt_us = 0;
    rtt->rttvar_us = 0;
    rtt->timeout_us = rtt_timeout_of(rtt, bounds);
}

void ms_rtt_sample(struct rtt *rtt, uint32_t sample_us, struct rto_bounds bounds)
{
    rtt_sample(rtt, sample_us, bounds);
}

void ms_rtt_back_off(struct rtt *rtt, struct rto_bounds bounds)
{
    rtt->timeout_us = (uint32_t)min_u64(2 * (uint64_t)rtt->timeout_us, bounds.max_us);
}

void ms_rtt_start_slowly(struct rtt *rtt, struct rto_bounds bounds)
{
    rtt->timeout_us = min_u32(RTO_AFTER_LOST_SYN_US, bounds.max_us);
}

void ms_rtt_end_back_off(struct rtt *rtt, struct rto_bounds bounds)
{
    rtt->timeout_us = rtt_timeout_of(rtt, bounds);
}
