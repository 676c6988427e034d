/* SPDX-License-Identifier: ISC */
/*
 * An HTTP/1.1 server on a stack. The stack's handlers only note what happened and put the
 * connection on the ready list; ms_http_work() then reads requests and lends what answers them.
 */
#include "reply.h"
#include "status.h"

enum {
    STRETCHES = 16, /* of contents, lent by one connection at a time */
    HEADS = 4,      /* of replies, lent by one connection at a time */
    HEAD_BYTES = 1024,
    STRETCH_MAX = 1 << 16,        /* bytes; so that one connection lends 1 MiB at most */
    CONNECTION_LENT_MIN = 1 << 16,
    LENT_ALL = 256 << 20, /* bytes all connections together should have lent */
    FULL = -1,            /* of a set of places: all are lent */
};

struct link {
    struct connection *next, *prev;
    bool is_on;
};

/* Bytes lent to the stack: a head of ours, or a stretch of a source's. */
struct lent {
    struct ms_buf buf; /* first */
    struct connection *connection;
    struct ms_http_source *source; /* NULL: a head */
    void *keeper;
};

struct connection {
    struct ms_http *http;
    struct ms_tcp *tcp;      /* NULL: gone; unused when the last lent buffer is back */
    struct link ready;       /* and, in another life, the list of the unused */
    struct link waiting;
    uint64_t since_us; /* when it began to wait: for a request, or for its peer's acknowledgement */
    uint32_t lent_bytes;
    uint16_t lent_stretches; /* a bit for each of stretches */
    uint8_t lent_heads;      /* the same */
    bool is_replying;        /* reply is not wholly lent yet */
    bool is_closing;         /* our side is closed: what still comes in is ignored */
    bool is_aborted;
    bool has_eof;
    struct reply reply;
    struct lent heads[HEADS], stretches[STRETCHES];
    char head_bytes[HEADS][HEAD_BYTES];
    struct request request;
};

struct list {
    struct connection *first, *last;
};

struct ms_http {
    struct ms_http_config config;
    struct ms_http_counters counters;
    struct ms_http_source *source;
    struct ms_tcp_listener *listener;
    uint64_t now_us, wall_s; /* of the round that the caller is in */
    struct list ready;       /* have something to do at the next ms_http_work() */
    struct list waiting;     /* all connections, the one that waits longest first */
    struct connection *unused;
    uint32_t fresh; /* connections from here on were never used, nor touched */
    struct status status;
    struct connection connections[];
};

static struct link *link_in(struct ms_http *http, struct list *list, struct connection *c)
{
    return list == &http->ready ? &c->ready : &c->waiting;
}

static void list_append(struct list *list, struct connection *c)
{
    struct ms_http *http = c->http;
    struct link *link = link_in(http, list, c);

    if (link->is_on)
        return;
    *link = (struct link){ .prev = list->last, .is_on = true };
    *(list->last ? &link_in(http, list, list->last)->next : &list->first) = c;
    list->last = c;
}

static void list_remove(struct list *list, struct connection *c)
{
    struct ms_http *http = c->http;
    struct link *link = link_in(http, list, c);

    if (!link->is_on)
        return;
    *(link->prev ? &link_in(http, list, link->prev)->next : &list->first) = link->next;
    *(link->next ? &link_in(http, list, link->next)->prev : &list->last) = link->prev;
    *link = (struct link){ 0 };
}

/* All but the request's bytes is zero. NULL: no place is left. */
static struct connection *take_connection(struct ms_http *http)
{
    struct connection *c = http->unused;

    if (c)
        http->unused = c->ready.next;
    else if (http->fresh < http->config.connections)
        c = &http->connections[http->fresh++];
    else
        return NULL;
    __builtin_memset(c, 0, offsetof(struct connection, head_bytes));
    c->http = http;
    ms_http_request_init(&c->request);
    http->counters.connections++;
    return c;
}

/* Once both the connection and all that it lent are gone. */
static void forget_if_done(struct connection *c)
{
    struct ms_http *http = c->http;

    if (c->tcp || c->lent_heads || c->lent_stretches)
        return;
    c->ready.next = http->unused;
    http->unused = c;
    http->counters.connections--;
}

static void mark_ready(struct connection *c) { list_append(&c->http->ready, c); }

/* Something went forward: the time that the peer may take begins anew. */
static void touch(struct connection *c)
{
    list_remove(&c->http->waiting, c);
    c->since_us = c->http->now_us;
    list_append(&c->http->waiting, c);
}

static void on_release(struct ms_buf *buf)
{
    struct lent *lent = (struct lent *)(void *)buf;
    struct connection *c = lent->connection;

    c->lent_bytes -= buf->len;
    if (lent->source) {
        lent->source->ops->give_back(lent->source, lent->keeper);
        c->lent_stretches &= (uint16_t)~(1u << (lent - c->stretches));
    } else {
        c->lent_heads &= (uint8_t)~(1u << (lent - c->heads));
    }
    if (c->tcp) {
        touch(c);
        mark_ready(c);
    } else {
        forget_if_done(c);
    }
}

/* A place among the first count that is not in the set, or FULL. */
static int free_place(unsigned set, int count)
{
    int place = 0;

    while (place < count && (set & 1u << place))
        place++;
    return place < count ? place : FULL;
}

static bool lend(struct lent *lent)
{
    lent->buf.release = on_release;
    if (ms_tcp_send(lent->connection->tcp, &lent->buf) != MS_OK)
        return false;
    lent->connection->lent_bytes += lent->buf.len;
    return true;
}

static bool lend_head(struct connection *c, const struct text *head, int place)
{
    struct lent *lent = &c->heads[place];

    *lent = (struct lent){
        .buf = { .data = (const uint8_t *)head->bytes, .len = (uint32_t)head->len },
        .connection = c,
    };
    if (!lend(lent))
        return false;
    c->lent_heads |= (uint8_t)(1u << place);
    return true;
}

static bool lend_stretch(struct connection *c, int place)
{
    struct reply *reply = &c->reply;
    struct ms_http_source *source = reply->content.source;
    struct lent *lent = &c->stretches[place];
    struct ms_http_stretch stretch;
    uint64_t left = reply->end - reply->at;

    if (!source->ops->lend(&reply->content, reply->at, &stretch))
        return false;
    left = left < STRETCH_MAX ? left : STRETCH_MAX;
    *lent = (struct lent){
        .buf = { .data = stretch.data, .len = stretch.len < left ? stretch.len : (uint32_t)left },
        .connection = c,
        .source = source,
        .keeper = stretch.keeper,
    };
    if (!lend(lent)) {
        source->ops->give_back(source, stretch.keeper);
        return false;
    }
    c->lent_stretches |= (uint16_t)(1u << place);
    reply->at += lent->buf.len;
    return true;
}

/* So that very many connections do not make a source hold very much. */
static uint32_t lent_max(const struct ms_http *http)
{
    uint64_t share = LENT_ALL / (http->counters.connections ? http->counters.connections : 1);

    return share > CONNECTION_LENT_MIN ? (uint32_t)share : CONNECTION_LENT_MIN;
}

static void abort_connection(struct connection *c)
{
    c->is_closing = true;
    if (c->is_aborted)
        return;
    c->is_aborted = true;
    ms_tcp_abort(c->tcp);
}

static void give_up(struct connection *c)
{
    c->http->counters.aborted++;
    abort_connection(c);
}

static void close_our_side(struct connection *c)
{
    c->is_closing = true;
    ms_tcp_close(c->tcp);
    ms_tcp_consumed(c->tcp, c->request.len);
    ms_http_request_init(&c->request);
}

/* Lends as much of the reply as may be. False: it cannot be finished, so the peer must see that. */
static bool continue_reply(struct connection *c)
{
    uint32_t max = lent_max(c->http);

    while (c->reply.at < c->reply.end) {
        int place = free_place(c->lent_stretches, STRETCHES);

        if (place == FULL || c->lent_bytes >= max)
            return true;
        if (!lend_stretch(c, place))
            return false;
    }
    c->is_replying = false;
    ms_http_reply_end(&c->reply);
    ms_tcp_consumed(c->tcp, ms_http_request_reset(&c->request));
    if (c->reply.ends_connection)
        close_our_side(c);
    return true;
}

static void tell(const struct connection *c, bool is_read)
{
    const struct request *request = &c->request;
    struct ms_http_exchange exchange = {
        .tcp = c->tcp,
        .method = is_read ? http_method_str((enum http_method)request->parser.method) : "-",
        .target = request->target.bytes,
        .target_len = (uint32_t)request->target.len,
        .status = c->reply.status,
        .content_bytes = c->reply.content_bytes,
    };

    c->http->config.on_reply(c->http->config.user, &exchange);
}

/* Answers what was read; or what came too slowly. False: the head cannot be lent. */
static bool begin_reply(struct connection *c, bool is_read)
{
    struct ms_http *http = c->http;
    int place = free_place(c->lent_heads, HEADS);
    struct text head;

    if (place == FULL)
        return false;
    head = ms_http_text_in(c->head_bytes[place], HEAD_BYTES);
    ms_http_reply_make(&c->reply, &head, is_read ? &c->request : NULL, http->source,
                       http->wall_s);
    c->is_replying = true;
    http->counters.requests++;
    http->counters.bad_requests += !is_read || c->request.status;
    if (http->config.on_reply)
        tell(c, is_read);
    touch(c);
    return lend_head(c, &head, place);
}

/* Parses what has come in. Returns whether there is a request to answer. */
static bool read_request(struct connection *c)
{
    struct request *request = &c->request;
    bool was_begun = request->is_begun;

    ms_tcp_consumed(c->tcp, ms_http_request_parse(request));
    if (request->is_begun && !was_begun)
        touch(c); /* once a request, so that it cannot be drawn out byte by byte */
    return request->is_complete || request->status;
}

/* Goes on as far as what has been received, and the room to lend, allow. */
static void work(struct connection *c)
{
    /* Many pipelined requests wait until the heads of the first replies are acknowledged. */
    bool is_fine = true, has_room = free_place(c->lent_heads, HEADS) != FULL;

    while (is_fine && !c->is_closing) {
        if (c->is_replying) {
            is_fine = continue_reply(c);
            if (c->is_replying)
                break;
        } else if (has_room && read_request(c)) {
            is_fine = begin_reply(c, true);
            has_room = free_place(c->lent_heads, HEADS) != FULL;
        } else {
            break;
        }
    }
    if (!is_fine)
        give_up(c);
    else if (c->has_eof && has_room && !c->is_replying && !c->is_closing)
        close_our_side(c);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct connection *c = user;

    (void)frame;
    if (c->is_closing) {
        ms_tcp_consumed(tcp, slice->len);
        return;
    }
    /* Copied, since a request may end in a later frame; the receive window bounds the length. */
    if (ms_http_request_put(&c->request, slice->data, slice->len))
        mark_ready(c);
    else
        give_up(c);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct connection *c = user;

    (void)tcp;
    c->has_eof = true;
    mark_ready(c);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct connection *c = user;

    (void)tcp;
    (void)why;
    c->tcp = NULL;
    ms_http_reply_end(&c->reply);
    list_remove(&c->http->ready, c);
    list_remove(&c->http->waiting, c);
    forget_if_done(c);
}

static const struct ms_tcp_events events = {
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
};

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct ms_http *http = listener_user;
    bool is_set = ms_tcp_set(tcp, MS_TCP_NO_DELAY, 1) == MS_OK &&
                  ms_tcp_set(tcp, MS_TCP_RECV_WINDOW_BYTES, MS_HTTP_WINDOW_BYTES) == MS_OK;
    struct connection *c = is_set ? take_connection(http) : NULL;

    if (!c) {
        http->counters.refused++;
        return NULL;
    }
    c->tcp = tcp;
    http->counters.accepted++;
    touch(c);
    *user = c;
    return &events;
}
_Static_assert((int)MS_HTTP_WINDOW_BYTES == (int)REQUEST_BYTES, "what the peer may send, fits");

/* The peer has kept us waiting for too long. */
static void time_out(struct connection *c)
{
    bool is_stalled = c->is_closing || c->is_replying || c->lent_bytes > 0;

    touch(c);
    if (is_stalled) {
        give_up(c);
    } else if (c->request.is_begun) {
        if (begin_reply(c, false))
            mark_ready(c);
        else
            give_up(c);
    } else {
        close_our_side(c);
    }
}

size_t ms_http_size(const struct ms_http_config *config)
{
    return sizeof(struct ms_http) + config->connections * sizeof(struct connection);
}

struct ms_http *ms_http_init(const struct ms_http_config *config, void *memory)
{
    struct ms_http *http = memory;

    __builtin_memset(http, 0, offsetof(struct ms_http, status));
    http->config = *config;
    http->source = config->source;
    if (config->has_status) {
        ms_http_status_init(&http->status, config->stack, &http->counters, config->source);
        http->source = &http->status.source;
    }
    return http;
}

enum ms_error ms_http_start(struct ms_http *http)
{
    struct ms_tcp_listen listen = {
        .local = { .port = http->config.port },
        .accept = on_accept,
        .user = http,
    };

    return ms_tcp_listen(http->config.stack, &listen, &http->listener);
}

void ms_http_work(struct ms_http *http, uint64_t now_us, uint64_t wall_s)
{
    uint64_t patience_us = http->config.idle_timeout_us;
    struct connection *c;

    http->now_us = now_us;
    http->wall_s = wall_s;
    if (http->config.has_status)
        ms_http_status_set_time(&http->status, now_us);
    while ((c = http->waiting.first) && c->since_us + patience_us <= now_us)
        time_out(c);
    while ((c = http->ready.first)) {
        list_remove(&http->ready, c);
        work(c);
    }
}

uint64_t ms_http_next_deadline(const struct ms_http *http)
{
    const struct connection *c = http->waiting.first;

    if (http->ready.first)
        return 0;
    return c ? c->since_us + http->config.idle_timeout_us : UINT64_MAX;
}

void ms_http_stop(struct ms_http *http)
{
    if (http->listener)
        ms_tcp_unlisten(http->listener);
    http->listener = NULL;
    for (struct connection *c = http->waiting.first; c; c = c->waiting.next)
        abort_connection(c);
}

const struct ms_http_counters *ms_http_counters(const struct ms_http *http)
{
    return &http->counters;
}
