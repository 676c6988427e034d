/* SPDX-License-Identifier: ISC */
/* Measures lwIP, as Debian ships it, by the rows of workload.h: two stacks in one thread. */
#include <dlfcn.h>
#include <unistd.h>

#include "lwip_end.h"

#define MODULE "lwip_end.so"

enum {
    TICK_US = 250000, /* lwIP's timers */
    TICKS_A_SECOND = 4,
    STALLS_MAX = 1000,
    MANY_BATCH = 64,
};

struct bench {
    struct lwip_side client, server;
    struct lwip_end_ops at_client, at_server;
    uint64_t now_us, next_tick_us;
    uint32_t stalls; /* turns in a row that moved nothing */
};

/* The module lies beside the program. */
static void module_path(char *path, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", path, size - sizeof MODULE - 1);
    if (len <= 0)
        exit(1);
    path[len] = '\0';
    memcpy(strrchr(path, '/') + 1, MODULE, sizeof MODULE);
}

static struct lwip_end_ops load_end(void)
{
    char path[4096];
    module_path(path, sizeof path);
    void *module = dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL);
    const struct lwip_end_ops *ops = module ? dlsym(module, "lwip_end_ops") : NULL;
    if (!ops) {
        fprintf(stderr, "lwip_bench: %s\n", dlerror());
        exit(1);
    }
    return *ops;
}

static uint64_t frames_moved(const struct bench *b)
{
    return (uint64_t)b->client.out.head + b->server.out.head;
}

static void tick(struct bench *b)
{
    b->at_client.tick();
    b->at_server.tick();
    b->next_tick_us += TICK_US;
}

/* Nothing moved, so only a timer can: delayed ACKs and retransmissions. */
static void stall(struct bench *b)
{
    if (++b->stalls > STALLS_MAX) {
        fprintf(stderr, "lwip_bench: the conversation stands still\n");
        exit(1);
    }
    b->now_us = b->next_tick_us;
}

static uint32_t exchange(struct bench *b)
{
    void *frames[WL_BATCH];
    uint32_t up = wl_ring_take(&b->client.out, frames, WL_BATCH);
    b->at_server.input(frames, up);
    uint32_t down = wl_ring_take(&b->server.out, frames, WL_BATCH);
    b->at_client.input(frames, down);
    return up + down;
}

static void turn(struct bench *b)
{
    b->at_client.pump();
    uint32_t moved = exchange(b);
    b->now_us += WL_TURN_US;
    if (moved == 0)
        stall(b);
    else
        b->stalls = 0;
    if (b->now_us >= b->next_tick_us)
        tick(b);
}

static const uint64_t *op_counter(const struct bench *b)
{
    bool counts_server = b->client.row.kind == WL_BULK || b->client.row.kind == WL_UDP_ONEWAY;
    return counts_server ? &b->server.ops : &b->client.ops;
}

static void run_until(struct bench *b, uint64_t ops)
{
    const uint64_t *done = op_counter(b);
    while (*done < ops)
        turn(b);
}

/* A connection is over when the client is in TIME-WAIT: its last ACK is still on its way. */
static void expire_time_waits(struct bench *b)
{
    while (exchange(b) > 0)
        continue;
    b->at_client.expire_time_waits();
    b->at_server.expire_time_waits();
}

static void run_crr_until(struct bench *b, uint64_t ops)
{
    while (b->client.ops < ops) {
        uint64_t part = WL_CRR_TIME_WAITS - b->client.ops % WL_CRR_TIME_WAITS;
        uint64_t end = b->client.ops + part < ops ? b->client.ops + part : ops;
        run_until(b, end);
        if (end % WL_CRR_TIME_WAITS == 0)
            expire_time_waits(b);
    }
}

static void run_ops(struct bench *b, uint64_t ops)
{
    if (b->client.row.kind == WL_CRR)
        run_crr_until(b, *op_counter(b) + ops);
    else
        run_until(b, *op_counter(b) + ops);
}

/* Prints the row. Bulk may end an operation or two late, so what was done is counted. */
static void measure(struct bench *b, uint64_t ops, const char *name)
{
    struct wl_meter meter;
    b->at_client.begin();
    run_ops(b, wl_warm_up(ops));

    uint64_t before = *op_counter(b);
    wl_start(&meter, frames_moved(b));
    run_ops(b, ops);
    wl_stop(&meter, frames_moved(b), name);
    wl_print(name, *op_counter(b) - before, &meter, -1);
}

static void establish(struct bench *b, uint32_t wanted)
{
    while (b->client.established < wanted || b->server.established < wanted)
        turn(b);
}

/* Established connections are out of the way while others are set up: it is linear otherwise. */
static double establish_many(struct bench *b)
{
    const uint32_t n = b->client.row.connections;
    const size_t before = b->at_client.memory() + b->at_server.memory();
    for (uint32_t first = 0; first < n; first += MANY_BATCH) {
        uint32_t part = n - first < MANY_BATCH ? n - first : MANY_BATCH;
        b->at_client.connect_many(first, part);
        establish(b, first + part);
        b->at_client.set_aside();
        b->at_server.set_aside();
    }
    b->at_client.put_back();
    b->at_server.put_back();
    return (double)(b->at_client.memory() + b->at_server.memory() - before) / (2.0 * n);
}

static void measure_idle(struct bench *b, double bytes)
{
    struct wl_meter meter;
    char name[32];
    wl_many_name(&b->client.row, "idle_", name);
    wl_start(&meter, frames_moved(b));
    for (int i = 0; i < WL_IDLE_SECONDS * TICKS_A_SECOND; i++)
        tick(b);
    wl_stop(&meter, frames_moved(b), name);
    wl_print(name, WL_IDLE_SECONDS, &meter, bytes);
}

static void measure_many(struct bench *b, uint64_t ops)
{
    char name[32];
    measure_idle(b, establish_many(b));
    wl_many_name(&b->client.row, "rr_random_", name);
    measure(b, ops, name);
}

/* The reason why Debian's lwIP cannot do a row, or NULL. */
static const char *obstacle(const struct wl_row *row)
{
    if (row->op_bytes > row->mss_bytes && row->kind == WL_BULK)
        return "lwIP has no segmentation offload, and Debian's window of 65535 bytes is fixed";
    return NULL;
}

static void start(struct bench *b, const struct wl_run *run)
{
    enum lwip_sum sum = run->row.has_sum ? LWIP_SUM_VECTOR : LWIP_SUM_OFF;
    if (run->wants_stock_sum)
        sum = LWIP_SUM_STOCK;
    b->client = (struct lwip_side){ .row = run->row, .is_client = true, .sum = sum };
    b->server = (struct lwip_side){ .row = run->row, .sum = sum };
    b->at_client = load_end();
    b->at_server = load_end();
    b->at_server.start(&b->server);
    b->at_client.start(&b->client);
    b->next_tick_us = TICK_US;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct wl_run run;
    if (!wl_parse(argc, argv, &run))
        return 2;
    const char *reason = obstacle(&run.row);
    if (reason) {
        wl_print_cannot(run.row.name, reason);
        return 0;
    }
    start(&bench, &run);
    if (run.row.kind == WL_MANY) {
        measure_many(&bench, run.ops);
        return 0;
    }
    if (run.row.kind == WL_BULK || run.row.kind == WL_RR)
        establish(&bench, 1);
    measure(&bench, run.ops, run.row.name);
    return 0;
}
