/* SPDX-License-Identifier: ISC */
/* Round-trip time and retransmission timeout (RFC 6298). */
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RTO_INITIAL_US = 1000000,        /* RFC 6298, 2.1 */
    RTO_AFTER_LOST_SYN_US = 3000000, /* RFC 6298, 5.7 */
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

#endif
