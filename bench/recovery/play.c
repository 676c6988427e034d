/* SPDX-License-Identifier: ISC */
/* One play: flows from one stack to another over a path, in virtual time. */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORT = 5001,
    PREFIX_LEN = 24,
    BUFFER_BYTES = 1 << 16,
    BUFFERS_MIN = 16,
    FRAMES_MIN = 4096,
    SEGMENT_BYTES_MIN = 500, /* smaller ones do not fill a window here */
};

static const uint8_t text[BUFFER_BYTES];

struct stage;

/* One flow, both ends of it. */
struct actor {
    const struct play_flow *plan;
    struct stage *stage;
    struct play_flow_result *result;
    struct ms_tcp *tcp; /* the sending end, while it is open */
    struct lent *buffers;
    struct ms_buf *free;
    uint64_t written;
    uint64_t next_write_us;
    bool is_begun, is_open;
};

/* Bytes on loan to a stack. */
struct lent {
    struct ms_buf buf; /* first: release() is given its address */
    struct actor *actor;
};

struct stage {
    const struct play_config *config;
    struct play_result *result;
    struct path *path;
    struct ms_stack *stacks[PATH_DIRECTIONS];
    void *memory[PATH_DIRECTIONS];
    struct actor actors[PLAY_FLOWS_MAX];
    uint32_t buffers; /* of each actor */
    unsigned accepted, change;
    uint64_t now_us, delivered;
};

static _Noreturn void fail(const char *what, enum ms_error error)
{
    fprintf(stderr, "recovery: %s: %s\n", what, ms_error_text(error));
    exit(1);
}

static void check(enum ms_error error, const char *what)
{
    if (error != MS_OK)
        fail(what, error);
}

/* The sending end. */

static void on_release(struct ms_buf *buf)
{
    struct actor *actor = ((struct lent *)(void *)buf)->actor;

    buf->next = actor->free;
    actor->free = buf;
}

/* Lends up to len bytes; returns how many. */
static uint32_t lend(struct actor *actor, uint64_t len)
{
    struct ms_buf *buf = actor->free;

    if (!buf)
        return 0;
    actor->free = buf->next;
    buf->len = len < BUFFER_BYTES ? (uint32_t)len : BUFFER_BYTES;
    check(ms_tcp_send(actor->tcp, buf), "ms_tcp_send");
    return buf->len;
}

static void write_burst(struct actor *actor)
{
    const struct play_flow *plan = actor->plan;

    for (uint32_t left = plan->burst_bytes, n; left > 0; left -= n) {
        n = lend(actor, left);
        if (n == 0)
            return;
        actor->written += n;
    }
}

static void write_all(struct actor *actor)
{
    uint64_t left = actor->plan->bytes ? actor->plan->bytes - actor->written : UINT64_MAX;

    for (uint32_t n; left > 0; left -= n) {
        n = lend(actor, left);
        if (n == 0)
            return;
        actor->written += n;
    }
    ms_tcp_close(actor->tcp);
    actor->is_open = false;
}

static void go_on(struct actor *actor)
{
    uint64_t now_us = actor->stage->now_us;

    if (!actor->is_open)
        return;
    if (actor->plan->every_us == 0) {
        write_all(actor);
    } else if (now_us >= actor->next_write_us) {
        write_burst(actor);
        actor->next_write_us = now_us + actor->plan->every_us;
    }
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct actor *actor = user;

    (void)tcp;
    actor->is_open = true;
    actor->next_write_us = actor->stage->now_us;
    if (actor->stage->config->lose_last_of)
        path_lose(actor->stage->path, PATH_DATA, actor->stage->config->lose_last_of, 1);
}

static void take_info(struct actor *actor)
{
    struct ms_tcp_info info;

    if (!actor->tcp)
        return;
    ms_tcp_info(actor->tcp, &info);
    actor->result->segments = info.segments_sent;
    actor->result->retransmitted = info.retransmitted_segments;
    actor->result->timeouts = info.timeouts;
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct actor *actor = user;

    (void)tcp;
    take_info(actor);
    actor->result->error = why;
    actor->tcp = NULL;
    actor->is_open = false;
}

static const struct ms_tcp_events sender_events = { .on_open = on_open, .on_close = on_close };

static void begin(struct actor *actor)
{
    const struct ms_tcp_connect connect = {
        .remote = { .addr = ms_addr_ipv4(10, 0, 0, 2), .port = PORT },
        .events = &sender_events,
        .user = actor,
    };

    check(ms_tcp_connect(actor->stage->stacks[PATH_DATA], &connect, &actor->tcp), "connect");
    ms_tcp_set_cc(actor->tcp, actor->plan->cc);
    actor->is_begun = true;
}

/* The receiving end. Flows begin one after another, so that they are accepted in their order. */

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct actor *actor = user;

    (void)frame;
    ms_tcp_consumed(tcp, slice->len);
    actor->result->bytes += slice->len;
    actor->stage->delivered += slice->len;
    if (actor->plan->bytes && actor->result->bytes == actor->plan->bytes)
        actor->result->end_us = actor->stage->now_us;
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)user;
    ms_tcp_close(tcp);
}

static const struct ms_tcp_events receiver_events = { .on_data = on_data, .on_eof = on_eof };

static const struct ms_tcp_events *accept_flow(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct stage *stage = listener_user;

    (void)tcp;
    *user = &stage->actors[stage->accepted++];
    return &receiver_events;
}

/* The stacks. */

static struct ms_config stack_config(const struct stage *stage)
{
    const struct play_config *config = stage->config;
    uint32_t segments = config->recv_window_bytes / SEGMENT_BYTES_MIN;
    struct ms_config stack;

    ms_config_default(&stack);
    stack.seed[0] = (uint8_t)config->seed;
    stack.tcp_recv_window_bytes = config->recv_window_bytes;
    stack.tcp_reorder_segments = FRAMES_MIN + config->flow_count * segments;
    stack.tcp_sent_ranges = FRAMES_MIN + config->flow_count * segments;
    stack.frames = FRAMES_MIN + config->flow_count * segments;
    stack.tcp_timestamps = false; /* as the peers were measured: 1460 bytes of text a packet */
    return stack;
}

static void open_stack(struct stage *stage, enum path_direction end)
{
    const struct ms_config config = stack_config(stage);
    const size_t size = ms_stack_size(&config);
    const struct ms_addr addr = ms_addr_ipv4(10, 0, 0, (uint8_t)(1 + end));
    struct ms_netif *netif;

    stage->memory[end] = size ? malloc(size) : NULL;
    stage->stacks[end] = ms_stack_init(&config, stage->memory[end], size);
    if (!stage->stacks[end])
        fail("ms_stack_init", MS_ERROR_NO_MEMORY);
    check(ms_netif_attach(stage->stacks[end], path_driver(stage->path, end), &netif), "attach");
    check(ms_netif_add_addr(netif, &addr, PREFIX_LEN, false), "add_addr");
    path_attach(stage->path, end == PATH_DATA ? PATH_ACKS : PATH_DATA, netif);
}

static void hire(struct stage *stage, unsigned i)
{
    struct actor *actor = &stage->actors[i];

    actor->plan = &stage->config->flows[i];
    actor->stage = stage;
    actor->result = &stage->result->flows[i];
    actor->buffers = calloc(stage->buffers, sizeof(actor->buffers[0]));
    if (!actor->buffers)
        fail("buffers", MS_ERROR_NO_MEMORY);
    for (uint32_t k = 0; k < stage->buffers; k++) {
        actor->buffers[k] = (struct lent){ { .data = text, .release = on_release }, actor };
        on_release(&actor->buffers[k].buf);
    }
}

static void set_stage(struct stage *stage)
{
    const struct play_config *config = stage->config;
    const struct ms_tcp_listen listen = { .local = { .port = PORT },
                                          .accept = accept_flow,
                                          .user = stage };

    stage->path = path_open(config->path, config->mtu, config->seed);
    for (unsigned end = 0; end < PATH_DIRECTIONS; end++)
        open_stack(stage, end);
    check(ms_tcp_listen(stage->stacks[PATH_ACKS], &listen, NULL), "ms_tcp_listen");
    stage->buffers = BUFFERS_MIN + config->recv_window_bytes / BUFFER_BYTES * 5 / 4;
    for (unsigned i = 0; i < config->flow_count; i++)
        hire(stage, i);
}

static void clear_stage(struct stage *stage)
{
    for (unsigned end = 0; end < PATH_DIRECTIONS; end++)
        stage->result->path[end] = *path_stats_of(stage->path, end);
    path_close(stage->path);
    for (unsigned end = 0; end < PATH_DIRECTIONS; end++)
        free(stage->memory[end]);
    for (unsigned i = 0; i < stage->config->flow_count; i++)
        free(stage->actors[i].buffers);
}

/* Time. */

static void change_path(struct stage *stage)
{
    const struct play_change *change = &stage->config->changes[stage->change];

    if (stage->change == PLAY_CHANGES_MAX || change->at_us == 0 || stage->now_us < change->at_us)
        return;
    for (unsigned i = 0; i < PATH_DIRECTIONS; i++)
        path_set(stage->path, i, &change->path[i]);
    stage->change++;
}

static void turn(struct stage *stage)
{
    change_path(stage);
    path_deliver(stage->path, stage->now_us);
    for (unsigned i = 0; i < stage->config->flow_count; i++) {
        struct actor *actor = &stage->actors[i];

        if (!actor->is_begun && stage->now_us >= actor->plan->start_us)
            begin(actor);
        go_on(actor);
    }
    for (unsigned end = 0; end < PATH_DIRECTIONS; end++)
        ms_poll(stage->stacks[end], stage->now_us);
}

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t next_moment(const struct stage *stage)
{
    const struct play_config *config = stage->config;
    uint64_t next_us = path_next_deadline(stage->path);

    for (unsigned end = 0; end < PATH_DIRECTIONS; end++)
        next_us = min_u64(next_us, ms_next_deadline(stage->stacks[end]));
    for (unsigned i = 0; i < config->flow_count; i++) {
        const struct actor *actor = &stage->actors[i];

        if (!actor->is_begun)
            next_us = min_u64(next_us, actor->plan->start_us);
        else if (actor->is_open && actor->plan->every_us)
            next_us = min_u64(next_us, actor->next_write_us);
    }
    if (stage->change < PLAY_CHANGES_MAX && config->changes[stage->change].at_us)
        next_us = min_u64(next_us, config->changes[stage->change].at_us);
    return next_us > stage->now_us ? next_us : stage->now_us;
}

static void note_ticks(struct stage *stage, uint64_t until_us)
{
    struct play_result *result = stage->result;

    while ((result->tick_count + 1ull) * PLAY_TICK_US <= until_us)
        result->ticks[result->tick_count++] = stage->delivered;
}

void play(const struct play_config *config, struct play_result *result)
{
    struct stage stage = { .config = config, .result = result };

    *result = (struct play_result){ 0 };
    result->ticks = calloc(config->duration_us / PLAY_TICK_US + 1, sizeof(result->ticks[0]));
    if (!result->ticks)
        fail("ticks", MS_ERROR_NO_MEMORY);
    set_stage(&stage);
    while (stage.now_us < config->duration_us) {
        uint64_t next_us;

        turn(&stage);
        next_us = min_u64(next_moment(&stage), config->duration_us);
        note_ticks(&stage, next_us);
        stage.now_us = next_us;
    }
    for (unsigned i = 0; i < config->flow_count; i++)
        take_info(&stage.actors[i]);
    for (struct ms_tcp *tcp = ms_tcp_next(stage.stacks[PATH_ACKS], NULL); tcp;
         tcp = ms_tcp_next(stage.stacks[PATH_ACKS], tcp)) {
        struct ms_tcp_info info;

        ms_tcp_info(tcp, &info);
        result->duplicates += info.duplicates_received;
    }
    clear_stage(&stage);
}

void play_free(struct play_result *result) { free(result->ticks); }
