/* SPDX-License-Identifier: ISC */
/* One play: flows from one stack to another over a path, in virtual time. */
#ifndef BENCH_RECOVERY_PLAY_H
#define BENCH_RECOVERY_PLAY_H

#include "path.h"

enum { PLAY_FLOWS_MAX = 8, PLAY_CHANGES_MAX = 4, PLAY_TICK_US = 100000 };

/* What one application writes. */
struct play_flow {
    const struct ms_cc_ops *cc;
    uint64_t start_us;
    uint64_t bytes;    /* then it closes; 0: no end */
    uint64_t every_us; /* writes `burst_bytes` so often; 0: always has more */
    uint32_t burst_bytes;
};

/* From then on the path is another one. */
struct play_change {
    uint64_t at_us;
    struct path_config path[PATH_DIRECTIONS];
};

struct play_config {
    struct path_config path[PATH_DIRECTIONS];
    struct play_change changes[PLAY_CHANGES_MAX]; /* at_us 0: no more */
    struct play_flow flows[PLAY_FLOWS_MAX];
    unsigned flow_count;
    uint16_t mtu;
    uint32_t recv_window_bytes;
    uint64_t duration_us;
    uint32_t lose_last_of; /* this segment of the flow's data is lost once; 0: none */
    uint64_t seed;
};

struct play_flow_result {
    uint64_t bytes;  /* delivered to the application at the other end */
    uint64_t end_us; /* when its last byte was; 0: it was not */
    uint64_t segments, retransmitted;
    uint32_t timeouts;
    enum ms_error error;
};

struct play_result {
    struct play_flow_result flows[PLAY_FLOWS_MAX];
    uint64_t duplicates; /* segments that the receiver had whole already */
    struct path_stats path[PATH_DIRECTIONS];
    uint64_t *ticks; /* bytes delivered of all flows until the end of each PLAY_TICK_US */
    unsigned tick_count;
};

/* Plays it; play_free() frees the ticks. Ends the program when a stack refuses what it should not.
 */
void play(const struct play_config *config, struct play_result *result);
void play_free(struct play_result *result);

#endif
