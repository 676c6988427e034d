/* SPDX-License-Identifier: ISC */
/*
 * One end of a conversation on lwIP. lwIP keeps its state in globals, so lwip_bench loads the
 * module that holds this twice, each into a link-map namespace with a liblwip of its own.
 */
#ifndef BENCH_LWIP_END_H
#define BENCH_LWIP_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workload.h"

enum lwip_sum {
    LWIP_SUM_OFF,    /* as if a device did them */
    LWIP_SUM_VECTOR, /* ours, in the place lwIP leaves for a better one */
    LWIP_SUM_STOCK,  /* what the library was built with */
};

/* Shared by lwip_bench and one end. */
struct lwip_side {
    struct wl_row row;
    bool is_client;
    enum lwip_sum sum;
    struct wl_ring out;   /* frames sent and not yet taken by the other end */
    uint64_t ops;         /* done so far; bulk and one-way: the server counts */
    uint64_t bytes;       /* received, bulk only */
    uint32_t established; /* connections */
};

/* What the module exports, as lwip_end_ops. */
struct lwip_end_ops {
    void (*start)(struct lwip_side *side);
    /* Opens connections first to first + n - 1 of many. */
    void (*connect_many)(uint32_t first, uint32_t n);
    /* Takes established connections out of lwIP's list, or puts all of them back. */
    void (*set_aside)(void);
    void (*put_back)(void);
    /* Starts the row's traffic; bulk and rr then go on by themselves. */
    void (*begin)(void);
    /* What the client has to do once a turn. */
    void (*pump)(void);
    void (*input)(void **frames, uint32_t n);
    /* 250 ms have passed. */
    void (*tick)(void);
    /* Twice the MSL has passed. */
    void (*expire_time_waits)(void);
    /* Bytes of lwIP's heap in use. */
    size_t (*memory)(void);
};

#endif
