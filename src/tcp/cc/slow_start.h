/* SPDX-License-Identifier: ISC */
/*
 * How a window begins, whoever rules it later: RFC 6928's initial window, slow start by bytes (RFC
 * 5681, 3465), and for the first slow start HyStart++ (RFC 9406), which sees the queue grow in the
 * round trips and leaves before it overflows.
 */
#ifndef TCP_CC_SLOW_START_H
#define TCP_CC_SLOW_START_H

#include "mstack/cc.h"

enum { CC_WINDOW_MAX_BYTES = 1 << 30 }; /* RFC 7323, 2.3: no peer's window is larger */

enum slow_start_phase {
    SLOW_START_FIRST,         /* nothing is known of the path: HyStart++ watches */
    SLOW_START_CONSERVATIVE,  /* round trips have grown: a quarter of the speed, for some rounds */
    SLOW_START_STANDARD,      /* up to a threshold that a loss has set */
    SLOW_START_AFTER_TIMEOUT, /* the same, where an ACK may cover much that left long before */
};

struct slow_start {
    uint32_t round_end;       /* a round lasts until this is acknowledged: its SND.NXT */
    uint32_t previous_min_us; /* the shortest round trip of the round before; or UINT32_MAX */
    uint32_t min_us;          /* of this round; or UINT32_MAX */
    uint32_t baseline_min_us; /* of the round in which the conservative phase began */
    uint8_t samples;          /* round trips measured in this round, up to N_RTT_SAMPLE */
    uint8_t conservative_rounds;
    uint8_t phase; /* enum slow_start_phase */
    bool is_round_known;
};

/* RFC 6928: min(10 * MSS, max(2 * MSS, 14600)). */
uint32_t ms_initial_window(uint32_t segment_bytes);

/* The window and the threshold of a new connection. */
void ms_slow_start_begin(struct ms_cc *cc, struct slow_start *s);
/* A loss has set the threshold: what slow start there still is ends at it. */
void ms_slow_start_lost(struct slow_start *s, bool is_timeout);
/* An ACK while the window is below the threshold. */
void ms_slow_start_ack(struct ms_cc *cc, struct slow_start *s, const struct ms_cc_ack *ack);

/* Congestion avoidance has begun. */
static inline void slow_start_is_over(struct slow_start *s) { s->phase = SLOW_START_STANDARD; }

#endif
