/* SPDX-License-Identifier: ISC */
/* A frontend on a backend in memory, with a sink above it or a stack, and a peer behind. */
#ifndef SUPPORT_XEN_BENCH_H
#define SUPPORT_XEN_BENCH_H

#include "support/sink.h"
#include "support/xen_backend.h"

struct xen_bench {
    struct xen xen;
    struct ms_netfront_config config;
    struct ms_netfront *nf;
    struct ms_device *device;
    void *memory;
    uint64_t now_us;
    struct sink up; /* what came, unless a stack is attached */
    unsigned changes;
    unsigned live; /* test frames sent that are not back */

    /* The guest's stack, and its peer's behind the backend; NULL without xen_bench_stacks(). */
    struct ms_stack *stack, *peer;
    void *stack_memory, *peer_memory;
    struct ms_netif *netif, *peer_netif;
    struct ms_driver peer_driver;
    struct ms_frame *to_peer[256];
    unsigned to_peer_count;
    uint64_t lost_to_guest; /* nothing was posted */
    unsigned peer_live;
};

/* The default configuration, with few pages. */
struct ms_netfront_config xen_bench_config(struct xen_bench *bench);
/* A backend that offers everything; change it, then start. */
void xen_bench_open(struct xen_bench *bench);
/* Opens the frontend, which must work. NULL: the configuration above. */
void xen_bench_start(struct xen_bench *bench, const struct ms_netfront_config *config);
/* Backend and frontend speak until neither has more to say. */
void xen_bench_settle(struct xen_bench *bench);
/* Both of the above, connected. */
void xen_bench_connect(struct xen_bench *bench);
/* Polls the frontend once; time passes. */
unsigned xen_bench_poll(struct xen_bench *bench, uint64_t us);
/* Everything is given back, or the test fails. */
void xen_bench_close(struct xen_bench *bench);
struct ms_netfront_stats xen_bench_stats(const struct xen_bench *bench);

/* Sends a frame of so many bytes, which must be accepted. */
void xen_bench_send(struct xen_bench *bench, uint32_t len, unsigned mark);
/* Whether a packet of zeros arrives in the sink. */
bool xen_bench_receives(struct xen_bench *bench, uint32_t len);
/* It is connected, and frames get through both ways. */
void xen_bench_works(struct xen_bench *bench);
/* Opened again, it works. */
void xen_bench_comes_back(struct xen_bench *bench);

/* Stacks at both ends: 10.0.0.1 and 2001:db8::1 in the guest, ::2 behind the backend. */
void xen_bench_stacks(struct xen_bench *bench);
/* Lets both run. */
void xen_bench_run(struct xen_bench *bench, uint64_t us);

#endif
