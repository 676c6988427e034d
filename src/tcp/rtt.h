/* SPDX-License-Identifier: ISC */
/* Round-trip time and retransmission timeout (RFC 6298). */
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/assert.h"
#include "core/bytes.h"

enum {
    RTO_INITIAL_US = 1000000,        /* RFC 6298, 2.1 */
    RTO_AFTER_LOST_SYN_US = 3000000, /* RFC 6298, 5.7 */
    GRANULARITY_US = 1000,           /* G: the timestamps of RFC 7323 count milliseconds */
};

struct rtt {
    uint32_t srtt_us; /* 0: no sample yet */
    uint32_t rttvar_us;
    uint32_t timeout_us; /* RTO, doubled by each expiry */
};

/* RFC 6298, 2.4 and 2.5: between these the timeout stays. */
struct rto_bounds {
    uint32_t min_us, max_us;
};

void ms_rtt_init(struct rtt *rtt, struct rto_bounds bounds);
/* A round trip of a segment that was sent once (Karn), or measured by its timestamp. */
void ms_rtt_sample(struct rtt *rtt, uint32_t sample_us, struct rto_bounds bounds);
/* The timer expired: wait twice as long (RFC 6298, 5.5). */
void ms_rtt_back_off(struct rtt *rtt, struct rto_bounds bounds);
/* A SYN had to be sent again: more time for what follows (RFC 6298, 5.7). */
void ms_rtt_start_slowly(struct rtt *rtt, struct rto_bounds bounds);
/* It did so for want of a window, not of an answer: back to what was measured. */
void ms_rtt_end_back_off(struct rtt *rtt, struct rto_bounds bounds);

/* RFC 6298, 2.2 and 2.3. */
static inline uint32_t rtt_timeout_of(const struct rtt *rtt, struct rto_bounds bounds)
{
    uint64_t timeout_us = rtt->srtt_us + max_u64(GRANULARITY_US, 4 * (uint64_t)rtt->rttvar_us);

    if (rtt->srtt_us == 0)
        timeout_us = RTO_INITIAL_US;
    return (uint32_t)min_u64(max_u64(timeout_us, bounds.min_us), bounds.max_us);
}

/* ms_rtt_sample() in line: every ACK measures. */
static MS_INLINE void rtt_sample(struct rtt *rtt, uint32_t sample_us, struct rto_bounds bounds)
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
    rtt->timeout_us = rtt_timeout_of(rtt, bounds);
}

#endif
