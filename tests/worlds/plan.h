/* SPDX-License-Identifier: ISC */
/* What one seed decides before anything happens: hosts, links, troubles, and who says what. */
#ifndef WORLDS_PLAN_H
#define WORLDS_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "mstack/driver.h"
#include "support/random.h"

/* Each world has a random part of these, so that no fault always hides behind another one. */
#define FAULT_LIST(X)                       \
    X(LOSS, "loss")                         \
    X(BURSTS, "bursts")                     \
    X(REORDERING, "reordering")             \
    X(DUPLICATION, "duplication")           \
    X(CORRUPTION, "corruption")             \
    X(TRUNCATION, "truncation")             \
    X(PIECES, "pieces")                     \
    X(PAUSES, "pauses")                     \
    X(FREEZES, "freezes")                   \
    X(LONG_DELAY, "long-delay")             \
    X(RATE, "rate")                         \
    X(SMALL_MTU, "small-mtu")               \
    X(LARGE_MTU, "large-mtu")               \
    X(MTU_CHANGES, "mtu-changes")           \
    X(SMALL_WINDOWS, "small-windows")       \
    X(LARGE_WINDOWS, "large-windows")       \
    X(WRAPS, "wraps")                       \
    X(SCARCITY, "scarcity")                 \
    X(REFUSALS, "refusals")                 \
    X(LATE_COMPLETIONS, "late-completions") \
    X(ABORTS, "aborts")                     \
    X(SLOW_READERS, "slow-readers")         \
    X(STOPPED_READERS, "stopped-readers")   \
    X(INTERFACES_DOWN, "interfaces-down")   \
    X(ADDRESS_CHANGES, "address-changes")

enum fault {
#define FAULT_NAME(name, text) FAULT_##name,
    FAULT_LIST(FAULT_NAME)
#undef FAULT_NAME
        FAULT_COUNT
};

enum {
    HOSTS_MAX = 16,
    LINKS_MAX = 4,
    CONNECTIONS_MAX = 24,
    TROUBLES_MAX = 8,
};

/* A network on which hosts meet; a router joins those without Ethernet. */
struct link_plan {
    enum ms_medium medium;
    uint32_t mtu;
    uint32_t delay_us, jitter_us; /* one way */
    uint32_t bytes_per_s;         /* 0: no limit */
    uint32_t queue_bytes;
    uint32_t loss, duplication, corruption, truncation, reordering, pieces; /* of a million */
    uint32_t burst_begins, burst_ends;                                      /* of a million */
};

struct host_plan {
    uint8_t link;
    uint32_t window_bytes;
    uint32_t frames, transmit_queue, connections, syn_records, time_wait_records, sent_ranges,
        reorder_segments, slices;
    bool has_timestamps, has_sack;
    uint32_t delayed_ack_us, msl_us;
    uint32_t refusal;       /* of a million offers */
    uint32_t completion_us; /* at most, until the device is done with a frame; 0: at once */
    uint32_t ring_frames;   /* that the device may hold */
};

enum closing {
    CLOSE_WHEN_SENT,
    CLOSE_AT_EOF, /* the peer's, once all is sent */
    CLOSE_BY_ABORT,
};

/* What one end of a connection does. */
struct side_plan {
    uint32_t bytes, chunk_bytes;
    uint32_t write_gap_us;
    uint32_t read_bytes, read_gap_us; /* read_bytes 0: all at once */
    uint64_t reads_from_us;
    uint64_t aborts_at_us; /* with CLOSE_BY_ABORT */
    uint32_t window_bytes; /* 0: the stack's */
    enum closing closing;
    bool is_prompt;  /* MS_TCP_NO_DELAY */
    bool is_watched; /* keepalive */
    bool keeps_frames;
};

struct connection_plan {
    uint8_t host[2]; /* client, server */
    bool is_ipv6;
    bool is_dropped; /* while a failure is made smaller */
    uint64_t starts_us;
    struct side_plan side[2];
};

enum trouble_kind { TROUBLE_PAUSE, TROUBLE_FREEZE, TROUBLE_DOWN, TROUBLE_MTU, TROUBLE_ADDRESS };

struct trouble {
    enum trouble_kind kind;
    uint8_t who; /* a link, or a host */
    uint64_t begins_us, lasts_us;
    uint32_t mtu;
};

struct plan {
    uint64_t seed;
    uint32_t faults; /* a bit for each enum fault */
    unsigned host_count, link_count, connection_count, trouble_count;
    uint64_t faults_end_us;
    struct link_plan links[LINKS_MAX];
    struct host_plan hosts[HOSTS_MAX];
    struct connection_plan connections[CONNECTIONS_MAX];
    struct trouble troubles[TROUBLES_MAX];
};

/* What a failure is made smaller by; all zero: the seed's world as it is. */
struct smaller {
    uint32_t without_faults;
    uint32_t without_connections;
    uint32_t shift; /* transfers are so many halves shorter */
};

static inline bool plan_has(const struct plan *plan, enum fault fault)
{
    return plan->faults >> fault & 1;
}

/* Independent numbers for each purpose, so that leaving one thing out leaves the others alone. */
struct dice plan_dice(uint64_t seed, uint64_t purpose);
void plan_make(struct plan *plan, uint64_t seed, const struct smaller *smaller);
const char *plan_fault_text(enum fault fault);

#endif
