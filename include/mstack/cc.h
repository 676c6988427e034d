/* SPDX-License-Identifier: ISC */
/* What a congestion controller must provide. It sees bytes and times, never the connection. */
#ifndef MSTACK_CC_H
#define MSTACK_CC_H

#include <stdbool.h>
#include <stdint.h>

enum { MS_CC_STATE_BYTES = 64 };

/* A controller's place in a connection: two plain fields that sending obeys, and its own state. */
struct ms_cc {
    const struct ms_cc_ops *ops;
    uint32_t window_bytes;    /* cwnd (RFC 5681) */
    uint32_t threshold_bytes; /* ssthresh; UINT32_MAX: arbitrarily high */
    uint16_t segment_bytes;   /* SMSS; the stack keeps it up to date */
    bool hears_all;           /* on_ack is called though the window was not the limit */
    /* The algorithm's own, of a struct of any kind. */
    __attribute__((aligned(8))) uint8_t state[MS_CC_STATE_BYTES];
};

/* What one acknowledgement tells. */
struct ms_cc_ack {
    uint64_t now_us;
    uint32_t acked_bytes;  /* newly acknowledged, cumulatively or selectively */
    uint32_t rtt_us;       /* this sample, or 0 */
    uint32_t srtt_us;      /* RFC 6298; 0 before the first sample */
    uint32_t send_unacked; /* SND.UNA and SND.NXT, of which a controller can count rounds */
    uint32_t send_next;
    bool is_window_limited; /* the window, not the application, was the limit (RFC 7661, 4) */
    bool is_in_recovery;    /* fast recovery goes on */
};

struct ms_cc_ops {
    const char *name;
    void (*init)(struct ms_cc *cc);
    /* Something is newly acknowledged, and the window was the limit or hears_all is set. */
    void (*on_ack)(struct ms_cc *cc, const struct ms_cc_ack *ack);
    /* Fast retransmit enters recovery: once a window of data (RFC 5681, 3.2; RFC 6675, 5). */
    void (*on_loss)(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes);
    /* The recovery point is acknowledged. */
    void (*on_recovered)(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes);
    /* The retransmission timer expired; is_first: not yet backed off (RFC 5681, equation 4). */
    void (*on_timeout)(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes, bool is_first);
    /* Nothing was sent for longer than the retransmission timeout (RFC 5681, 4.1). */
    void (*on_idle)(struct ms_cc *cc);
};

/* Both start with RFC 9406's HyStart++. */
extern const struct ms_cc_ops ms_cc_cubic;   /* RFC 9438 */
extern const struct ms_cc_ops ms_cc_newreno; /* RFC 5681, 6582, with 3465's byte counting */

#endif
