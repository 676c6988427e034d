/* SPDX-License-Identifier: ISC */
/*
 * The benchmark's shape: what every row does, shared by mstack_bench and lwip_bench.
 *
 * Each program is run as
 *
 *     PROGRAM ROW [--ops N] [--count N] [--stock-sum]
 *
 * and prints one line of JSON for each row it measured:
 *
 *     {"row": "rr_1", "ops": 20000, "ns": 512.3, "frames": 2.00, "bytes": null}
 *     {"row": "bulk_64k", "ops": null, "ns": null, "frames": null, "bytes": null, "reason": "..."}
 *
 * ns and frames are per operation, bytes per end of a connection. A row the stack cannot do is
 * printed with its reason, and is no failure. many_N prints two lines: idle_N and rr_random_N.
 *
 * Both ends are two whole stacks in one thread; raw IPv4 packets (no Ethernet header, no ARP) pass
 * between them as pointers in two rings, WL_BATCH at most at a time, client's ring first: that is
 * one turn. The programs agree on all that follows.
 *
 * - Addresses WL_CLIENT_ADDR and WL_SERVER_ADDR; checksums off in both directions, as if a device
 *   did them, except in rows with has_sum.
 * - Payload is lent, not copied, wherever the stack can. The receiver looks at no payload byte.
 * - Delayed ACKs as the stack has them by default. TCP options as the stack has them by default,
 *   timestamps off. Nagle's algorithm off in rr rows.
 * - The clock is virtual: WL_TURN_US a turn. When a turn moves no frame and the client is not
 *   about to start an operation, it jumps to the next deadline.
 * - The first wl_warm_up() operations are not measured.
 *
 * An operation is, by kind:
 *   bulk        op_bytes of payload arrived in the receiver's callback, with the ACKs they cause.
 *               The sender always has more to send than the windows let it; the receiver gives
 *               credit for all it gets. bulk_64k: the device segments (TSO) and merges (GRO).
 *   rr          op_bytes to the server and as many back, one connection, one at a time.
 *   crr         connect; WL_CRR_REQUEST bytes up; WL_CRR_RESPONSE bytes down; the client closes,
 *               then the server; ended when the client is in TIME-WAIT. The stack chooses the
 *               client's port. Every WL_CRR_TIME_WAITS operations the rings are emptied, the clock
 *               jumps past 2 MSL and the stacks expire what they hold: that is measured too.
 *   udp_oneway  a datagram of op_bytes from the client's call to the server's callback. The
 *               client sends WL_BATCH a turn.
 *   udp_echo    a datagram of op_bytes there and back, one at a time.
 *   idle        one second of virtual time passes over N established connections on which nothing
 *               happens; WL_IDLE_SECONDS are measured, whatever --ops says. bytes: the memory both
 *               stacks hold for N connections, less what they would hold for none, over 2 N.
 *   rr_random   rr of op_bytes on one of N connections, chosen by wl_random().
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined __has_include
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define WL_HAS_CALLGRIND 1
#endif
#endif

enum {
    WL_CLIENT_ADDR = 0x0a000001, /* 10.0.0.1 */
    WL_SERVER_ADDR = 0x0a000002, /* 10.0.0.2 */
    WL_BATCH = 32,
    WL_RING = 4096, /* frames; a power of two */
    WL_TURN_US = 1,
    WL_IP_TCP_HEADER = 40, /* the MTU is this more than the MSS */

    WL_PORT = 5000, /* the server's first */
    WL_UDP_CLIENT_PORT = 4000,
    WL_MANY_PORT = 10000,  /* the client's first when there are many connections ... */
    WL_MANY_PORTS = 50000, /* ... and how many of them for each port of the server */

    WL_CRR_REQUEST = 64,
    WL_CRR_RESPONSE = 1024,
    WL_CRR_TIME_WAITS = 100,
    WL_IDLE_SECONDS = 2,

    WL_WARM_UP_MAX = 2000,
    WL_COUNT_MAX = 10000000,
};

enum wl_kind { WL_BULK, WL_RR, WL_CRR, WL_UDP_ONEWAY, WL_UDP_ECHO, WL_MANY };

struct wl_row {
    const char *name;
    enum wl_kind kind;
    uint32_t op_bytes;  /* bulk: payload of one operation and of one frame; else one message's */
    uint32_t mss_bytes; /* what a packet on the wire carries; below op_bytes: a super-frame */
    uint32_t window_bytes;
    bool has_sum;
    uint32_t connections;
};

static const struct wl_row wl_rows[] = {
    { "bulk_1460", WL_BULK, 1460, 1460, 65535, false, 1 },
    { "bulk_1460_sum", WL_BULK, 1460, 1460, 65535, true, 1 },
    { "bulk_8960", WL_BULK, 8960, 8960, 65535, false, 1 },
    { "bulk_64k", WL_BULK, 44 * 1460, 1460, 1 << 20, false, 1 },
    { "rr_1", WL_RR, 1, 1460, 65535, false, 1 },
    { "rr_64", WL_RR, 64, 1460, 65535, false, 1 },
    { "crr", WL_CRR, 0, 1460, 65535, false, 1 },
    { "udp_oneway", WL_UDP_ONEWAY, 64, 1460, 0, false, 0 },
    { "udp_echo", WL_UDP_ECHO, 64, 1460, 0, false, 0 },
    { "many_2", WL_MANY, 64, 1460, 65535, false, 2 },
    { "many_1k", WL_MANY, 64, 1460, 65535, false, 1000 },
    { "many_10k", WL_MANY, 64, 1460, 65535, false, 10000 },
    { "many_100k", WL_MANY, 64, 1460, 65535, false, 100000 },
    { "many_1M", WL_MANY, 64, 1460, 65535, false, 1000000 },
};
enum { WL_ROW_COUNT = sizeof wl_rows / sizeof wl_rows[0] };

/* What the command line asked for. */
struct wl_run {
    struct wl_row row; /* connections as --count says */
    uint64_t ops;
    bool wants_stock_sum; /* the stack's own portable checksum rather than a vector sum */
};

static inline void wl_usage(const char *program)
{
    fprintf(stderr, "usage: %s ROW [--ops N] [--count N] [--stock-sum]\nrows:", program);
    for (unsigned i = 0; i < WL_ROW_COUNT; i++)
        fprintf(stderr, " %s", wl_rows[i].name);
    fputc('\n', stderr);
}

static inline bool wl_number(const char *text, uint64_t max, uint64_t *number)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return false;
    *number = strtoull(text, &end, 10);
    return *end == '\0' && *number > 0 && *number <= max;
}

static inline bool wl_find_row(const char *name, struct wl_row *row)
{
    for (unsigned i = 0; i < WL_ROW_COUNT; i++) {
        if (strcmp(wl_rows[i].name, name) == 0) {
            *row = wl_rows[i];
            return true;
        }
    }
    return false;
}

/* False, after a line on stderr, when the arguments make no sense: exit with 2. */
static inline bool wl_parse(int argc, char **argv, struct wl_run *run)
{
    uint64_t number;
    *run = (struct wl_run){ .ops = 1000 };
    if (argc < 2 || !wl_find_row(argv[1], &run->row)) {
        wl_usage(argv[0]);
        return false;
    }
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--stock-sum") == 0) {
            run->wants_stock_sum = true;
        } else if (strcmp(argv[i], "--ops") == 0 && wl_number(argv[i + 1], UINT64_MAX, &number)) {
            run->ops = number;
            i++;
        } else if (strcmp(argv[i], "--count") == 0 && run->row.kind == WL_MANY &&
                   wl_number(argv[i + 1], WL_COUNT_MAX, &number)) {
            run->row.connections = (uint32_t)number;
            i++;
        } else {
            fprintf(stderr, "%s: cannot use '%s' here\n", argv[0], argv[i]);
            return false;
        }
    }
    return true;
}

static inline uint64_t wl_warm_up(uint64_t ops)
{
    uint64_t warm_up = ops / 5 + 1;
    return warm_up < WL_WARM_UP_MAX ? warm_up : WL_WARM_UP_MAX;
}

/* xorshift64*: any number below limit. Both programs start it at WL_RANDOM_SEED. */
#define WL_RANDOM_SEED UINT64_C(0x9e3779b97f4a7c15)
static inline uint32_t wl_random(uint64_t *state, uint32_t limit)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)(((x * UINT64_C(0x2545f4914f6cdd1d)) >> 32) * limit >> 32);
}

/* The ports of connection i of many. */
static inline uint16_t wl_many_client_port(uint32_t i)
{
    return (uint16_t)(WL_MANY_PORT + i % WL_MANY_PORTS);
}
static inline uint16_t wl_many_server_port(uint32_t i)
{
    return (uint16_t)(WL_PORT + i / WL_MANY_PORTS);
}
static inline uint32_t wl_many_listeners(uint32_t connections)
{
    return (connections + WL_MANY_PORTS - 1) / WL_MANY_PORTS;
}

/* One direction of the link. */
struct wl_ring {
    void *slots[WL_RING];
    uint32_t head, tail; /* taken, put: both count on for ever */
};

/* False: full, the frame stays the caller's. */
static inline bool wl_ring_put(struct wl_ring *ring, void *frame)
{
    if (ring->tail - ring->head == WL_RING)
        return false;
    ring->slots[ring->tail++ % WL_RING] = frame;
    return true;
}

static inline uint32_t wl_ring_take(struct wl_ring *ring, void **frames, uint32_t max)
{
    uint32_t n = ring->tail - ring->head;
    if (n > max)
        n = max;
    for (uint32_t i = 0; i < n; i++)
        frames[i] = ring->slots[ring->head++ % WL_RING];
    return n;
}

/* What is measured between wl_start() and wl_stop(). */
struct wl_meter {
    uint64_t start_ns, elapsed_ns;
    uint64_t frames; /* the caller's count, given to both */
};

static inline uint64_t wl_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void wl_start(struct wl_meter *meter, uint64_t frames)
{
    meter->frames = frames;
    meter->start_ns = wl_clock_ns();
#ifdef WL_HAS_CALLGRIND
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
#endif
}

/* Under callgrind, the cost since wl_start() is dumped with the row's name as its trigger. */
static inline void wl_stop(struct wl_meter *meter, uint64_t frames, const char *row)
{
#ifdef WL_HAS_CALLGRIND
    CALLGRIND_STOP_INSTRUMENTATION;
    CALLGRIND_DUMP_STATS_AT(row);
#else
    (void)row;
#endif
    meter->elapsed_ns = wl_clock_ns() - meter->start_ns;
    meter->frames = frames - meter->frames;
}

/* bytes below zero: none to tell. */
static inline void wl_print(const char *row, uint64_t ops, const struct wl_meter *meter,
                            double bytes)
{
    printf("{\"row\": \"%s\", \"ops\": %llu, \"ns\": %.2f, \"frames\": %.3f, \"bytes\": ", row,
           (unsigned long long)ops, (double)meter->elapsed_ns / (double)ops,
           (double)meter->frames / (double)ops);
    if (bytes < 0)
        puts("null}");
    else
        printf("%.1f}\n", bytes);
    fflush(stdout);
}

static inline void wl_print_cannot(const char *row, const char *reason)
{
    printf("{\"row\": \"%s\", \"ops\": null, \"ns\": null, \"frames\": null, \"bytes\": null, "
           "\"reason\": \"%s\"}\n",
           row, reason);
}

/* What is measured with many connections is named after their number: "idle_1k", "idle_1M". */
static inline void wl_many_name(const struct wl_row *row, const char *prefix, char name[32])
{
    const uint32_t n = row->connections;
    if (n % 1000000 == 0)
        snprintf(name, 32, "%s%luM", prefix, (unsigned long)n / 1000000);
    else if (n % 1000 == 0)
        snprintf(name, 32, "%s%luk", prefix, (unsigned long)n / 1000);
    else
        snprintf(name, 32, "%s%lu", prefix, (unsigned long)n);
}

#endif
