/* SPDX-License-Identifier: ISC */
/*
 * A Xen frontend and a backend that writes anything into rings, pages and the xenstore, between
 * polls and in the middle of them. Whatever it does, frames handed up do not change, and in the end
 * every page, grant, port and frame is back; else the program is aborted.
 */
#ifndef FUZZ_NETFRONT_WORLD_H
#define FUZZ_NETFRONT_WORLD_H

#include "netfront/inside.h"

enum {
    WORLD_GRANTS = 1024,
    WORLD_PORTS = 8,
    WORLD_QUEUES = 3,
    WORLD_KEPT = 24,
};

/* Where decisions come from: bytes that run out, or dice that do not. */
struct source {
    const uint8_t *data;
    size_t size;
    uint64_t dice; /* not 0: thrown when there are no bytes */
};

struct grant {
    uint8_t *page; /* NULL: unused */
    bool is_readonly, is_mapped;
};

/* A frame that came, and what its bytes added up to then. */
struct kept {
    struct ms_frame *frame;
    uint64_t sum;
};

/* What was done so far, over all worlds. */
struct totals {
    uint64_t worlds, polls, connects;
    uint64_t requests, responses; /* slots that the frontend wrote, and took */
    uint64_t writes;              /* of the backend, other than answers in their place */
    uint64_t meddled;             /* those of them in the middle of a poll */
    uint64_t packets_up, packets_down;
    uint64_t reasons[MS_NETFRONT_REASON_COUNT]; /* for which it broke or did not connect */
};

/* Ring indices when they were last counted. */
struct counted {
    uint32_t produced, consumed;
};

struct world {
    struct source source;
    struct totals *totals;
    struct ms_netfront *nf;
    struct ms_device *device;
    uint64_t now_us;
    struct grant grants[WORLD_GRANTS];
    uint32_t grant_count, next_grant, grants_left;
    bool ports[WORLD_PORTS], events[WORLD_PORTS];
    uint32_t port_count;
    bool *fired;
    bool is_in_transaction, is_again;
    unsigned backend_state;
    uint8_t features; /* each bit: one of the keys */
    uint8_t queues;   /* that the backend offers */
    uint8_t nonsense; /* a key with so many bytes of ones, or 0 */
    uint8_t temper;   /* how much of what the backend does is bad, of 256 */
    bool keeps;
    bool is_meddling; /* in the middle of polls, too */
    struct kept kept[WORLD_KEPT];
    unsigned kept_count;
    struct counted counted[WORLD_QUEUES][2]; /* TX, RX */
    uint32_t counted_epoch;
};

/* Lives through a world: until the bytes run out, or for so many steps. */
void world_live(struct source source, unsigned steps, struct totals *totals);
/* Requests and responses. */
uint64_t world_ring_operations(const struct totals *totals);
void world_print(const struct totals *totals);

/* Between the files of the world: netfront_xen.c is the guest's hypervisor and xenstore. */

extern const struct ms_xen_platform_ops world_platform_ops;
/* The next so many bytes, as a number; 0: there are none. */
uint32_t world_take(struct world *w, unsigned bytes);
/* Aborts. */
void world_require(bool truth, const char *what);
/* The backend's chance, in the middle of a poll. */
void world_meddle(struct world *w);

#endif
