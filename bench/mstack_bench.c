/* SPDX-License-Identifier: ISC */
/* Measures mstack by the rows of workload.h: two stacks on one link, in one thread. */
#include <unistd.h>

#include "link/link.h"
#include "mstack_end.h"

enum {
    STALLS_MAX = 1000,
    MANY_BATCH = 64,
    RESIDENT_COUNT_MIN = 100000, /* with fewer connections, huge pages tell nothing of one */
    TWO_MSL_US = 2 * 30 * 1000 * 1000,
    US_PER_S = 1000000,
};

struct bench {
    struct mstack_side client, server;
    struct ms_link *link;
    struct ms_config config;
    uint64_t now_us;
    uint32_t stalls; /* turns in a row that moved nothing */
};

static uint64_t frames_moved(const struct bench *b)
{
    struct ms_link_stats up, down;

    ms_link_stats(b->link, 0, &up);
    ms_link_stats(b->link, 1, &down);
    return up.frames + down.frames;
}

/* What an event loop does: hands the frames over, then lets the stack send. */
static void input(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    struct mstack_side *side = arg;

    ms_netif_input(side->netif, frames, n, now_us);
    ms_poll(side->stack, now_us);
}

static void poll_both(struct bench *b)
{
    ms_poll(b->client.stack, b->now_us);
    ms_poll(b->server.stack, b->now_us);
}

static uint64_t next_deadline(const struct bench *b)
{
    uint64_t client = ms_next_deadline(b->client.stack);
    uint64_t server = ms_next_deadline(b->server.stack);

    return client < server ? client : server;
}

/* Nothing moved, so only a timer can: delayed ACKs and retransmissions. */
static void stall(struct bench *b)
{
    uint64_t deadline_us = next_deadline(b);

    if (++b->stalls > STALLS_MAX || deadline_us == UINT64_MAX)
        mstack_end_fail("the conversation stands still");
    if (deadline_us > b->now_us)
        b->now_us = deadline_us;
    poll_both(b);
}

static void turn(struct bench *b)
{
    if (mstack_end_pump(&b->client))
        ms_poll(b->client.stack, b->now_us);
    if (ms_link_deliver(b->link, b->now_us) > 0)
        b->stalls = 0;
    else if (!b->client.is_idle)
        stall(b);
    b->now_us += WL_TURN_US;
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
    while (ms_link_deliver(b->link, b->now_us) > 0)
        continue;
    b->now_us += TWO_MSL_US + US_PER_S;
    poll_both(b);
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

_Noreturn static void fail_dropped(enum ms_drop drop, uint64_t times)
{
    char what[128];

    snprintf(what, sizeof what, "dropped: %s (%llu times)", ms_drop_text(drop),
             (unsigned long long)times);
    mstack_end_fail(what);
}

/* The figures mean nothing if packets were lost, or TIME-WAIT was cut short. */
static void check_counters(const struct ms_stack *stack)
{
    const struct ms_counters *counters = ms_stack_counters(stack);

    for (unsigned i = 0; i < MS_DROP_COUNT; i++) {
        if (counters->drops[i] > 0)
            fail_dropped((enum ms_drop)i, counters->drops[i]);
    }
    if (counters->tcp_retransmitted_segments > 0)
        mstack_end_fail("a segment was sent twice");
    if (counters->tcp_time_wait_evicted > 0 || counters->tcp_time_wait_reused > 0)
        mstack_end_fail("a connection did not stay in TIME-WAIT");
}

/* Prints the row. Bulk may end an operation or two late, so what was done is counted. */
static void measure(struct bench *b, uint64_t ops, const char *name)
{
    struct wl_meter meter;
    uint64_t before;

    mstack_end_begin(&b->client);
    ms_poll(b->client.stack, b->now_us);
    run_ops(b, wl_warm_up(ops));

    before = *op_counter(b);
    wl_start(&meter, frames_moved(b));
    run_ops(b, ops);
    wl_stop(&meter, frames_moved(b), name);
    check_counters(b->client.stack);
    check_counters(b->server.stack);
    wl_print(name, *op_counter(b) - before, &meter, -1);
}

static void establish(struct bench *b, uint32_t wanted)
{
    ms_poll(b->client.stack, b->now_us);
    while (b->client.established < wanted || b->server.established < wanted)
        turn(b);
}

static uint64_t resident_bytes(void)
{
    unsigned long long all, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%llu %llu", &all, &resident) != 2)
        mstack_end_fail("/proc/self/statm cannot be read");
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/*
 * The larger of what a connection adds to the block that the host gives, and what of that and of
 * all else the process has touched.
 */
static double bytes_of_one(const struct bench *b, uint64_t touched_bytes)
{
    const uint32_t n = b->client.row.connections;
    struct ms_config none = b->config;
    double reserved, touched = (double)touched_bytes / (2.0 * n);

    none.tcp_connections = 0;
    reserved = (double)(ms_stack_size(&b->config) - ms_stack_size(&none)) / n;
    return n >= RESIDENT_COUNT_MIN && touched > reserved ? touched : reserved;
}

static double establish_many(struct bench *b)
{
    const uint32_t n = b->client.row.connections;
    const uint64_t before = resident_bytes();

    for (uint32_t first = 0; first < n; first += MANY_BATCH) {
        uint32_t part = n - first < MANY_BATCH ? n - first : MANY_BATCH;

        mstack_end_connect_many(&b->client, first, part);
        establish(b, first + part);
    }
    return bytes_of_one(b, resident_bytes() - before);
}

static void pass_seconds(struct bench *b, unsigned seconds)
{
    const uint64_t end_us = b->now_us + (uint64_t)seconds * US_PER_S;

    while (b->now_us < end_us) {
        uint64_t deadline_us = next_deadline(b);

        b->now_us = deadline_us < end_us ? deadline_us : end_us;
        poll_both(b);
        ms_link_deliver(b->link, b->now_us);
    }
}

/* The timers of the handshakes have run off before what is measured. */
static void measure_idle(struct bench *b, double bytes)
{
    struct wl_meter meter;
    char name[32];

    wl_many_name(&b->client.row, "idle_", name);
    pass_seconds(b, WL_IDLE_SECONDS);
    wl_start(&meter, frames_moved(b));
    pass_seconds(b, WL_IDLE_SECONDS);
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

/* Segments arrive singly in bulk, so that delayed ACKs are one for two of them. */
static uint32_t batch_for(const struct wl_row *row, uint32_t wanted)
{
    if (wanted > 0)
        return wanted;
    return row->kind == WL_BULK ? 1 : WL_BATCH;
}

static void open_link(struct bench *b, const struct wl_row *row, uint32_t batch)
{
    struct ms_link_config config;

    ms_link_config_default(&config);
    config.medium = MS_MEDIUM_IP;
    config.mtu = (uint16_t)(row->mss_bytes + WL_IP_TCP_HEADER);
    config.checksum_offload = !row->has_sum;
    config.segment_bytes_max = row->op_bytes > row->mss_bytes ? row->op_bytes : 0;
    config.ring_frames = WL_RING;
    config.batch_frames = batch_for(row, batch);
    b->link = ms_link_open(&config);
    if (!b->link)
        mstack_end_fail("no memory for the link");
}

static void configure(struct bench *b, const struct wl_row *row)
{
    ms_config_default(&b->config);
    b->config.netifs = 1;
    b->config.tcp_timestamps = false;
    b->config.tcp_msl_us = TWO_MSL_US / 2;
    if (row->window_bytes > 0)
        b->config.tcp_recv_window_bytes = row->window_bytes;
    if (row->kind == WL_MANY) {
        b->config.tcp_connections = row->connections;
        b->config.tcp_listeners = wl_many_listeners(row->connections);
        b->config.tcp_sent_ranges = 1 << 16; /* answers whose ACKs are delayed */
    }
}

static void open_side(struct bench *b, struct mstack_side *side, unsigned end)
{
    struct ms_device *device = ms_link_end(b->link, end);

    b->config.seed[0] = (uint8_t)(end + 1);
    mstack_end_open(side, &b->config, &device->driver);
    device->sink = (struct ms_sink){ .input = input, .arg = side };
    mstack_end_start(side);
}

static void start(struct bench *b, const struct wl_row *row, uint32_t batch)
{
    b->client = (struct mstack_side){ .row = *row, .is_client = true };
    b->server = (struct mstack_side){ .row = *row };
    open_link(b, row, batch);
    configure(b, row);
    open_side(b, &b->server, 1);
    open_side(b, &b->client, 0);
}

/* Takes "--batch N" out of the arguments; the others are as for both programs. */
static bool take_batch(int *argc, char **argv, uint32_t *batch)
{
    uint64_t number;

    *batch = 0;
    for (int i = 2; i < *argc; i++) {
        if (strcmp(argv[i], "--batch") != 0)
            continue;
        if (!wl_number(argv[i + 1], WL_RING, &number)) {
            fprintf(stderr, "%s: --batch takes a number of frames up to %d\n", argv[0], WL_RING);
            return false;
        }
        *batch = (uint32_t)number;
        *argc -= 2;
        for (int j = i; j <= *argc; j++)
            argv[j] = argv[j + 2];
        return true;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct wl_run run;
    uint32_t batch;

    if (!take_batch(&argc, argv, &batch) || !wl_parse(argc, argv, &run))
        return 2;
    if (run.wants_stock_sum) {
        wl_print_cannot(run.row.name, "mstack picks its checksum by the processor");
        return 0;
    }
    start(&bench, &run.row, batch);
    if (run.row.kind == WL_MANY) {
        measure_many(&bench, run.ops);
        return 0;
    }
    if (run.row.kind == WL_BULK || run.row.kind == WL_RR)
        establish(&bench, 1);
    measure(&bench, run.ops, run.row.name);
    return 0;
}
