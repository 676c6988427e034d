/* SPDX-License-Identifier: ISC */
/* Round-trip time and retransmission timeout (RFC 6298). */
#include "tcp/rtt.h"

#include "core/bytes.h"

enum { GRANULARITY_US = 1000 }; /* G: the timestamps of RFC 7323 count milliseconds */

/* RFC 6298, 2.2 and 2.3. */
static uint32_t timeout_of(const struct rtt *rtt, struct rto_bounds bounds)
{
    uint64_t timeout_us = rtt->srtt_us + max_u64(GRANULARITY_US, 4 * (uint64_t)rtt->rttvar_us);

    if (rtt->srtt_us == 0)
        timeout_us = RTO_INITIAL_US;
    return (uint32_t)min_u64(max_u64(timeout_us, bounds.min_us), bounds.max_us);
}

void ms_rtt_init(struct rtt *rtt, struct rto_bounds bounds)
{
    rtt->srtt_us = 0;
    rtt->rttvar_us = 0;
    rtt->timeout_us = timeout_of(rtt, bounds);
}

void ms_rtt_sample(struct rtt *rtt, uint32_t sample_us, struct rto_bounds bounds)
{
    sample_us = max_u32(min_u32(sample_us, bounds.max_us), 1);
    if (rtt->srtt_us == 0) {
        rtt->srtt_us = sample_us;
        rtt->rttvar_us = sample_us / 2;
    } else {
        uint32_t error_us =
            rtt->srtt_us > sample_us ? rtt->srtt_us - sample_us : sample_us - rtt->srtt_us;

        /* RTTVAR <- 3/4 RTTVAR + 1/4 |SRTT - R'|; SRTT <- 7/8 SRTT + 1/8 R' */
        rtt->rttvar_us = rtt->rttvar_us - rtt->rttvar_us / 4 + error_us / 4;
        rtt->srtt_us = max_u32(rtt->srtt_us - rtt->srtt_us / 8 + sample_us / 8, 1);
    }
    rtt->timeout_us = timeout_of(rtt, bounds);
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
    rtt->timeout_us = timeout_of(rtt, bounds);
}
