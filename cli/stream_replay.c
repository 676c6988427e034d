/* SPDX-License-Identifier: ISC */
/* Replays one captured conversation against a fresh stack, in virtual time. */
#include "stream_replay.h"

#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/part.h"
#include "recorder.h"

enum {
    RECV_WINDOW = 16 << 20, /* as captured stacks may have offered: never the bottleneck */
    REORDER_SEGMENTS = 16384,
    ROUNDS_AT_ONE_TIME = 1000000, /* so many without time going on: something is stuck */
};

struct replay {
    const struct replay_job *job;
    const struct ms_stream *stream;
    struct replay_result *result;
    struct ms_conversation *conversation;
    struct recorder recorder;
    struct ms_device *device;
    void *memory;
    struct ms_stack *stack;
    struct ms_netif *netif;
    struct ms_tcp *tcp; /* NULL: not yet, or no longer */
    struct ms_part part;
    SHA2_CTX sha256;
    uint64_t now_us;
    uint32_t lent_count;
    bool was_open, has_ended;
};

struct lent {
    struct ms_buf buf;
    struct replay *replay;
};

static void say(struct replay *r, const char *text)
{
    if (r->result->message[0] == 0)
        snprintf(r->result->message, sizeof(r->result->message), "%s", text);
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct replay *r = user;

    (void)tcp;
    r->was_open = true;
    ms_part_opened(&r->part, r->now_us);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct replay *r = user;

    (void)frame;
    SHA256Update(&r->sha256, slice->data, slice->len);
    r->result->to_stack.delivered_bytes += slice->len;
    ms_part_received(&r->part, slice->len, r->now_us);
    ms_tcp_consumed(tcp, slice->len);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct replay *r = user;

    (void)tcp;
    ms_part_fin_received(&r->part, r->now_us);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct replay *r = user;

    (void)tcp;
    (void)why; /* a captured RST ends the connection rightly; the bytes decide */
    r->tcp = NULL;
    r->has_ended = true;
}

static const struct ms_tcp_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
};

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct replay *r = listener_user;

    if (r->tcp || r->was_open)
        return NULL;
    r->tcp = tcp;
    *user = r;
    on_open(tcp, r);
    return &events;
}

static void on_release(struct ms_buf *buf)
{
    struct lent *lent = (struct lent *)(void *)buf;

    lent->replay->lent_count--;
    free(lent);
}
_Static_assert(offsetof(struct lent, buf) == 0, "on_release() converts the pointer");

/* Lends the bytes of the capture themselves. */
static bool lend(struct replay *r, const uint8_t *bytes, uint32_t len)
{
    struct lent *lent = malloc(sizeof(*lent));
    enum ms_error error = MS_ERROR_NO_MEMORY;

    if (lent) {
        *lent = (struct lent){ .buf = { .data = bytes, .len = len, .release = on_release },
                               .replay = r };
        error = ms_tcp_send(r->tcp, &lent->buf);
    }
    if (!error) {
        r->lent_count++;
        return true;
    }
    free(lent);
    say(r, ms_error_text(error));
    return false;
}

/* The application's part: it writes and ends as the captured one did. */
static void play_part(struct replay *r)
{
    const uint8_t *bytes;
    uint32_t len;

    while (r->tcp && (len = ms_part_write(&r->part, r->now_us, &bytes)) > 0) {
        if (!lend(r, bytes, len))
            ms_tcp_abort(r->tcp);
    }
    if (!r->tcp)
        return;
    switch (ms_part_end(&r->part, r->now_us, r->lent_count == 0)) {
    case MS_STREAM_END_FIN: ms_tcp_close(r->tcp); break;
    case MS_STREAM_END_RST: ms_tcp_abort(r->tcp); break;
    default: break;
    }
}

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t next_us(const struct replay *r)
{
    uint64_t next =
        min_u64(ms_conversation_next_deadline(r->conversation), ms_next_deadline(r->stack));

    return r->tcp ? min_u64(next, ms_part_next_deadline(&r->part)) : next;
}

static void play(struct replay *r)
{
    unsigned rounds = 0;

    while (ms_conversation_state(r->conversation) == MS_CONVERSATION_RUNNING) {
        uint64_t next = next_us(r);

        rounds = next > r->now_us ? 0 : rounds + 1;
        if (next == UINT64_MAX || rounds > ROUNDS_AT_ONE_TIME) {
            say(r, "the replay stands still");
            return;
        }
        if (next > r->now_us)
            r->now_us = next;
        r->recorder.now_us = r->now_us;
        ms_conversation_step(r->conversation, r->now_us);
        play_part(r);
        ms_poll(r->stack, r->now_us);
        play_part(r);
    }
    if (ms_conversation_state(r->conversation) == MS_CONVERSATION_GAVE_UP)
        say(r, ms_conversation_text(r->conversation));
}

static enum ms_error open_or_listen(struct replay *r, const struct ms_endpoint *stack_end,
                                    const struct ms_endpoint *peer_end)
{
    struct ms_tcp_listen listen = { .local = *stack_end, .accept = on_accept, .user = r };
    struct ms_tcp_connect connect = { .remote = *peer_end, .events = &events, .user = r };
    struct ms_tcp_listener *listener;

    if (r->job->stack_side == MS_SIDE_SERVER)
        return ms_tcp_listen(r->stack, &listen, &listener);
    return ms_tcp_connect(r->stack, &connect, &r->tcp);
}

static enum ms_error add_addr_and_route(struct replay *r, const struct ms_endpoint *stack_end)
{
    struct ms_addr none = { { 0 } };
    bool is_ipv4 = ms_addr_is_ipv4(&stack_end->addr);
    struct ms_addr any = is_ipv4 ? ms_addr_ipv4(0, 0, 0, 0) : none;
    enum ms_error error = ms_netif_add_addr(r->netif, &stack_end->addr, is_ipv4 ? 32 : 128, false);

    return error ? error : ms_route_add(r->stack, &any, 0, &none, r->netif);
}

static void configure(struct ms_config *config, const struct replay *r)
{
    ms_config_default(config);
    memcpy(config->seed, r->job->seed, sizeof(config->seed));
    config->tcp_connections = 16;
    config->tcp_syn_records = 16;
    config->tcp_time_wait_records = 16;
    config->tcp_recv_window_bytes = RECV_WINDOW;
    config->tcp_reorder_segments = REORDER_SEGMENTS;
}

static bool make_stack(struct replay *r)
{
    struct ms_endpoint stack_end, peer_end;
    struct ms_config config;
    enum ms_error error = MS_ERROR_NO_MEMORY;
    size_t size;

    configure(&config, r);
    size = ms_stack_size(&config);
    r->memory = size ? malloc(size) : NULL;
    if (r->memory)
        r->stack = ms_stack_init(&config, r->memory, size);
    if (r->stack)
        error = ms_netif_attach(r->stack, &r->device->driver, &r->netif);
    if (!error) {
        ms_device_attach(r->device, r->netif);
        ms_conversation_endpoints(r->conversation, &stack_end, &peer_end);
        error = add_addr_and_route(r, &stack_end);
    }
    if (!error)
        error = open_or_listen(r, &stack_end, &peer_end);
    if (error)
        say(r, ms_error_text(error));
    return !error;
}

static bool make_conversation(struct replay *r)
{
    struct ms_conversation_config config = {
        .streams = r->job->streams,
        .stream = r->job->stream,
        .stack_side = r->job->stack_side,
    };

    r->conversation = ms_conversation_open(&config);
    if (!r->conversation) {
        say(r, "not enough memory");
        return false;
    }
    r->device = ms_conversation_device(r->conversation);
    if (r->job->writer) {
        recorder_init(&r->recorder, r->device, r->job->writer, r->stream->first_us);
        r->device = &r->recorder.device;
    }
    return true;
}

static void judge(struct replay *r)
{
    struct replay_result *result = r->result;
    struct replay_direction *to = &result->to_stack, *from = &result->from_stack;
    bool is_to_right, is_from_right;

    is_to_right = to->captured_bytes == to->delivered_bytes &&
                  strcmp(to->captured_sha256, to->delivered_sha256) == 0;
    is_from_right = from->captured_bytes == from->delivered_bytes &&
                    strcmp(from->captured_sha256, from->delivered_sha256) == 0;
    if (!is_to_right)
        say(r, "what mstack received is not what the capture carried");
    if (!is_from_right)
        say(r, "what mstack sent is not what the capture carried");
    result->is_delivered = result->message[0] == 0;
}

static void take_results(struct replay *r)
{
    struct replay_result *result = r->result;
    const struct ms_stream_side *stack_side = &r->stream->sides[r->job->stack_side];
    const struct ms_stream_side *peer_side = &r->stream->sides[!r->job->stack_side];
    struct ms_conversation_stats stats;
    const uint8_t *received;

    result->counters = *ms_stack_counters(r->stack);
    ms_conversation_stats(r->conversation, &stats);

    result->to_stack.segments = result->counters.tcp_in_segments;
    result->to_stack.retransmissions = peer_side->retransmissions;
    result->to_stack.duplicates = result->counters.tcp_duplicate_segments;
    result->to_stack.out_of_order = result->counters.tcp_out_of_order_segments;
    SHA256End(&r->sha256, result->to_stack.delivered_sha256);

    result->from_stack.segments = stats.segments_received;
    result->from_stack.retransmissions = stats.retransmissions;
    received = ms_conversation_received(r->conversation, &result->from_stack.delivered_bytes);
    SHA256Data(received, result->from_stack.delivered_bytes, result->from_stack.delivered_sha256);

    result->to_stack.captured_bytes = peer_side->len;
    SHA256Data(peer_side->data, peer_side->len, result->to_stack.captured_sha256);
    result->from_stack.captured_bytes = stack_side->len;
    SHA256Data(stack_side->data, stack_side->len, result->from_stack.captured_sha256);
}

bool stream_replay(const struct replay_job *job, struct replay_result *result)
{
    struct replay r = { .job = job,
                        .stream = ms_streams_get(job->streams, job->stream),
                        .result = result };
    bool has_begun;

    *result = (struct replay_result){ .stack_side = job->stack_side };
    ms_part_init(&r.part, r.stream, job->stack_side);
    SHA256Init(&r.sha256);
    has_begun = make_conversation(&r) && make_stack(&r);
    if (has_begun) {
        play(&r);
        take_results(&r);
        judge(&r);
    }
    if (r.netif)
        ms_netif_detach(r.netif);
    if (r.stack)
        ms_poll(r.stack, r.now_us); /* so that lent buffers come back */
    if (r.conversation)
        ms_conversation_close(r.conversation);
    free(r.memory);
    return has_begun;
}
