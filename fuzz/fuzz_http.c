/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as requests, cut anywhere, into the HTTP server, over a TCP of this file's own that
 * acknowledges, refuses and ends connections when it is told to. What the server sends must be
 * replies that a parser understands, one for each that it said it made; afterwards every buffer,
 * stretch and content is back.
 *
 * The first byte of the input is how long the pieces are in which requests arrive. What follows is
 * text, but for ESCAPE, behind which stands a deed: enum deed, and in the upper two bits whose.
 */
#include "http/http.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"

enum { ESCAPE = 0xff, PEERS = 4, PLACES = 3, BUFS = 64, REPLIES = 16, PIECE_MAX = 8192 };
enum { PATIENCE_US = 10000000 };

enum deed {
    DEED_WORK,
    DEED_ACK_ONE,
    DEED_ACK_ALL,
    DEED_EOF,
    DEED_RESET,
    DEED_WAIT,
    DEED_REFUSE, /* the next buffer */
    DEED_HOLD,   /* the device holds what is acknowledged, to the end */
    DEED_COUNT_MASK = 7,
};

/* What the server said that it sends. */
struct told {
    bool is_head;
    uint16_t status;
    uint64_t bytes;
};

struct ms_tcp {
    const struct ms_tcp_events *events; /* NULL: not open */
    void *user;
    struct ms_buf *queue[BUFS];
    unsigned queued;
    uint32_t unconsumed;
    bool is_closed, is_aborted, has_eof, refuses, is_held;
    http_parser parser; /* of the replies */
    struct told told[REPLIES];
    unsigned told_count, seen_count;
    uint64_t body_bytes;
};

static struct ms_tcp peers[PEERS];
static struct ms_buf *held[BUFS * PEERS];
static unsigned held_count, opened, closed, lent, given_back;
static uint64_t now_us;
static struct ms_tcp_listen listening;
static struct ms_http *http;
static struct ms_counters counters;
static uint8_t bytes_to_lend[1 << 17];

static void require(bool is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "fuzz_http: %s\n", what);
        abort();
    }
}

/* --- The replies --- */

static int on_head(http_parser *parser)
{
    struct ms_tcp *tcp = parser->data;
    const struct told *told = &tcp->told[tcp->seen_count % REPLIES];

    require(tcp->seen_count < tcp->told_count, "a reply that nobody told of");
    require(parser->status_code == told->status, "another status than told");
    tcp->body_bytes = 0;
    return told->is_head;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct ms_tcp *tcp = parser->data;

    (void)at;
    tcp->body_bytes += len;
    return 0;
}

static int on_end(http_parser *parser)
{
    struct ms_tcp *tcp = parser->data;
    const struct told *told = &tcp->told[tcp->seen_count++ % REPLIES];

    require(tcp->body_bytes == (told->is_head ? 0 : told->bytes), "another length than told");
    return 0;
}

static void on_reply(void *user, const struct ms_http_exchange *exchange)
{
    struct ms_tcp *tcp = (struct ms_tcp *)(uintptr_t)exchange->tcp;

    (void)user;
    require(tcp->told_count - tcp->seen_count < REPLIES, "told of many that are not sent");
    tcp->told[tcp->told_count++ % REPLIES] = (struct told){
        .is_head = strcmp(exchange->method, "HEAD") == 0,
        .status = exchange->status,
        .bytes = exchange->content_bytes,
    };
}

static void read_replies(struct ms_tcp *tcp, const struct ms_buf *buf)
{
    static const http_parser_settings settings = {
        .on_headers_complete = on_head,
        .on_body = on_body,
        .on_message_complete = on_end,
    };
    size_t taken = http_parser_execute(&tcp->parser, &settings, (const char *)buf->data, buf->len);

    require(taken == buf->len && HTTP_PARSER_ERRNO(&tcp->parser) == HPE_OK, "no HTTP");
}

/* --- TCP --- */

enum ms_error ms_tcp_listen(struct ms_stack *stack, const struct ms_tcp_listen *listen,
                            struct ms_tcp_listener **listener)
{
    (void)stack;
    listening = *listen;
    *listener = (struct ms_tcp_listener *)&listening;
    return MS_OK;
}

void ms_tcp_unlisten(struct ms_tcp_listener *listener) { (void)listener; }

enum ms_error ms_tcp_set(struct ms_tcp *tcp, enum ms_tcp_option option, uint32_t value)
{
    (void)tcp, (void)option, (void)value;
    return MS_OK;
}

enum ms_error ms_tcp_send(struct ms_tcp *tcp, struct ms_buf *buf)
{
    require(tcp->events && !tcp->is_closed, "sent to what is closed");
    require(buf->len > 0, "sent nothing");
    if (tcp->is_aborted || tcp->refuses || tcp->queued == BUFS) {
        tcp->refuses = false;
        return MS_ERROR_STATE;
    }
    read_replies(tcp, buf);
    tcp->queue[tcp->queued++] = buf;
    return MS_OK;
}

void ms_tcp_consumed(struct ms_tcp *tcp, uint32_t n)
{
    require(n <= tcp->unconsumed, "consumed more than came");
    tcp->unconsumed -= n;
}

void ms_tcp_close(struct ms_tcp *tcp) { tcp->is_closed = true; }

void ms_tcp_abort(struct ms_tcp *tcp) { tcp->is_aborted = true; }

void ms_tcp_endpoints(const struct ms_tcp *tcp, struct ms_endpoint *local,
                      struct ms_endpoint *remote)
{
    *local = *remote = (struct ms_endpoint){ .port = (uint16_t)(tcp - peers) };
}

void ms_tcp_info(const struct ms_tcp *tcp, struct ms_tcp_info *info)
{
    memset(info, 0, sizeof(*info));
    info->queued_bytes = tcp->queued;
}

struct ms_tcp *ms_tcp_next(const struct ms_stack *stack, const struct ms_tcp *previous)
{
    size_t i = previous ? (size_t)(previous - peers) + 1 : 0;

    (void)stack;
    while (i < PEERS && !peers[i].events)
        i++;
    return i < PEERS ? &peers[i] : NULL;
}

const struct ms_counters *ms_stack_counters(const struct ms_stack *stack)
{
    (void)stack;
    return &counters;
}

static void open_peer(struct ms_tcp *tcp)
{
    *tcp = (struct ms_tcp){ 0 };
    http_parser_init(&tcp->parser, HTTP_RESPONSE);
    tcp->parser.data = tcp;
    tcp->events = listening.accept(tcp, listening.user, &tcp->user);
}

static void release(struct ms_tcp *tcp, unsigned count)
{
    count = count < tcp->queued ? count : tcp->queued;
    for (unsigned i = 0; i < count; i++) {
        if (tcp->is_held && held_count < BUFS * PEERS)
            held[held_count++] = tcp->queue[i];
        else
            tcp->queue[i]->release(tcp->queue[i]);
    }
    tcp->queued -= count;
    memmove(tcp->queue, tcp->queue + count, tcp->queued * sizeof(tcp->queue[0]));
}

static void end(struct ms_tcp *tcp, enum ms_error why)
{
    tcp->events->on_close(tcp, tcp->user, why);
    tcp->events = NULL;
    release(tcp, BUFS);
}

/* What ms_poll() would tell: the end of those that were aborted, or closed from both sides. */
static void poll(void)
{
    for (unsigned i = 0; i < PEERS; i++) {
        struct ms_tcp *tcp = &peers[i];

        if (tcp->events && tcp->is_aborted)
            end(tcp, MS_ERROR_ABORTED);
        else if (tcp->events && tcp->is_closed && tcp->has_eof && tcp->queued == 0)
            end(tcp, MS_OK);
    }
}

static void work(void)
{
    ms_http_work(http, now_us, now_us / 1000000);
    require(ms_http_next_deadline(http) > now_us, "there is still something to do");
    poll();
}

/* --- The site --- */

/* Parts that are neither empty nor "." nor "..", with a slash between them. */
static void require_clean(const char *path)
{
    while (*path) {
        size_t len = strcspn(path, "/");

        require(len > 0 && strncmp(path, ".", len) != 0, "a path that is not clean");
        require(len != 2 || strncmp(path, "..", 2) != 0, "a path that leads outside");
        path += len;
        require(*path == 0 || path[1] != 0, "a path that ends in a slash");
        path += *path == '/';
    }
}

static uint16_t open_path(struct ms_http_source *source, const struct ms_http_query *query,
                          struct ms_http_content *content)
{
    size_t len = strlen(query->path);

    require_clean(query->path);
    if (query->path[0] == 'm')
        return (uint16_t)(len % 2 ? 404 : 503);
    if (query->path[0] == 'd' && !query->is_directory)
        return 301;
    opened++;
    *content = (struct ms_http_content){
        .source = source,
        .handle = query->path[0] == 'b' ? &opened : NULL,
        .bytes = len == 0 ? 0 : strtoul(query->path, NULL, 10) % sizeof(bytes_to_lend),
        .type = "text/plain",
        .modified_s = query->path[0] == 't' ? 1000000000 : 0,
        .etag = "\"e\"",
        .is_gzip = query->takes_gzip,
        .depends_on_encoding = true,
    };
    if (content->handle)
        content->bytes = 5000;
    return 200;
}

static bool lend(struct ms_http_content *content, uint64_t at, struct ms_http_stretch *stretch)
{
    uint64_t left = content->bytes - at;

    require(at < content->bytes, "asked for what is behind the end");
    if (content->handle && at > 0)
        return false;
    lent++;
    *stretch = (struct ms_http_stretch){
        .data = bytes_to_lend + at,
        .len = left < 1000 ? (uint32_t)left : 1000,
        .keeper = &lent,
    };
    return true;
}

static void give_back(struct ms_http_source *source, void *keeper)
{
    (void)source;
    require(keeper == &lent, "another keeper");
    given_back++;
}

static void close_content(struct ms_http_content *content)
{
    (void)content;
    closed++;
}

static const struct ms_http_source_ops site_ops = {
    .open = open_path,
    .lend = lend,
    .give_back = give_back,
    .close = close_content,
};

/* --- The input --- */

/* Exactly these bytes, before a page that nobody may touch, and no more than the window allows. */
static void say(struct ms_tcp *tcp, const uint8_t *text, size_t len)
{
    size_t room = MS_HTTP_WINDOW_BYTES - tcp->unconsumed;
    struct ms_frame frame = { .refs = 1 };
    struct ms_slice slice = { .len = (uint32_t)(len < room ? len : room) };
    uint8_t *copy;

    if (!tcp->events)
        open_peer(tcp);
    if (!tcp->events || tcp->has_eof || tcp->is_aborted || slice.len == 0)
        return;
    copy = guarded_copy(text, slice.len);
    slice.data = copy;
    tcp->unconsumed += slice.len;
    tcp->events->on_data(tcp, tcp->user, &slice, &frame);
    guarded_free(copy);
}

static void do_to(struct ms_tcp *tcp, enum deed deed)
{
    switch (deed) {
    case DEED_ACK_ONE: release(tcp, 1); break;
    case DEED_ACK_ALL: release(tcp, BUFS); break;
    case DEED_REFUSE: tcp->refuses = true; break;
    case DEED_HOLD: tcp->is_held = true; break;
    case DEED_EOF:
        if (!tcp->has_eof && !tcp->is_aborted)
            tcp->events->on_eof(tcp, tcp->user);
        tcp->has_eof = true;
        break;
    case DEED_RESET: end(tcp, MS_ERROR_RESET); break;
    default: break;
    }
}

static struct ms_tcp *act(uint8_t byte)
{
    struct ms_tcp *tcp = &peers[byte >> 6];
    enum deed deed = (enum deed)(byte & DEED_COUNT_MASK);

    if (deed == DEED_WAIT)
        now_us += UINT64_C(100) << (byte >> 1 & 0x1c);
    else if (tcp->events)
        do_to(tcp, deed);
    work();
    return tcp;
}

static void play(const uint8_t *data, size_t size)
{
    struct ms_tcp *tcp = &peers[0];
    size_t piece = data[0] ? data[0] : PIECE_MAX;

    for (size_t at = 1; at < size;) {
        const uint8_t *escape = memchr(data + at, ESCAPE, size - at);
        size_t len = escape ? (size_t)(escape - data) - at : size - at;

        len = len < piece ? len : piece;
        if (len > 0) {
            say(tcp, data + at, len);
            at += len;
            if (piece % 2)
                work();
        } else {
            at += 2;
            if (at <= size)
                tcp = act(data[at - 1]);
        }
    }
    work();
}

/* Everything ends, and everything comes back. */
static void stop(void)
{
    ms_http_stop(http);
    poll();
    for (unsigned i = 0; i < PEERS; i++)
        require(!peers[i].events, "a connection is left");
    while (held_count > 0) {
        held_count--;
        held[held_count]->release(held[held_count]);
    }
    require(ms_http_counters(http)->connections == 0, "a place is taken by nobody");
    require(opened == closed, "a content is open");
    require(lent == given_back, "a stretch is lent");
    require(guarded_in_use() == 0, "a frame is left");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ms_http_source site = { &site_ops };
    static void *memory;
    const struct ms_http_config config = {
        .source = &site,
        .port = 80,
        .connections = PLACES,
        .idle_timeout_us = PATIENCE_US,
        .has_status = true,
        .on_reply = on_reply,
    };

    if (size == 0 || size > 65536)
        return 0;
    if (!memory)
        memory = malloc(ms_http_size(&config));
    memset(peers, 0, sizeof(peers));
    opened = closed = lent = given_back = 0;
    now_us = 1000000;
    http = ms_http_init(&config, memory);
    require(ms_http_start(http) == MS_OK, "it does not listen");
    ms_http_work(http, now_us, 1);
    play(data, size);
    stop();
    return 0;
}
