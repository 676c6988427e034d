/* SPDX-License-Identifier: ISC */
/*
 * An HTTP/1.1 file server on a stack. The stack's handlers only note what happened and put the
 * connection on the ready list; server_work() then reads requests and lends what answers them.
 */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reply.h"
#include "request.h"

enum {
    LENT_MAX = 1 << 20,     /* bytes one connection may have lent to the stack */
    LENT_MIN = BLOCK_BYTES, /* with very many connections */
    LENT_ALL = 256 << 20,   /* bytes all connections together should have lent */
    RECV_WINDOW = 16384,    /* requests are small; what is not parsed yet must be kept */
    IDLE_BLOCKS = 64 << 20, /* bytes of files kept though nobody is reading them */
};

struct peer_link {
    struct peer *next, *prev;
    bool is_on;
};

struct peer {
    struct server *server;
    struct ms_tcp *tcp; /* NULL: gone; freed when the last lent buffer is back */
    struct peer_link ready, waiting;
    uint64_t since_us; /* when it began to wait: for a request, or for its peer's acknowledgement */
    struct request request;
    struct reply reply;
    uint8_t *unread; /* bytes of the stream that no request has taken yet */
    uint32_t unread_len;
    uint32_t lent_bytes, lent_count;
    bool is_replying; /* reply is not wholly lent yet */
    bool is_closing;  /* our side is closed: what still comes in is ignored */
    bool is_aborted;
    bool has_eof;
};

/* Bytes lent to the stack: a block of a file, or a text of ours. */
struct lent {
    struct ms_buf buf;
    struct peer *peer;
    struct block *block; /* or NULL */
    char *text;          /* or NULL */
};

static struct peer_link *link_in(struct server *server, struct peer_list *list, struct peer *peer)
{
    return list == &server->ready ? &peer->ready : &peer->waiting;
}

static void list_append(struct peer_list *list, struct peer *peer)
{
    struct server *server = peer->server;
    struct peer_link *link = link_in(server, list, peer);

    if (link->is_on)
        return;
    *link = (struct peer_link){ .prev = list->last, .is_on = true };
    *(list->last ? &link_in(server, list, list->last)->next : &list->first) = peer;
    list->last = peer;
}

static void list_remove(struct peer_list *list, struct peer *peer)
{
    struct server *server = peer->server;
    struct peer_link *link = link_in(server, list, peer);

    if (!link->is_on)
        return;
    *(link->prev ? &link_in(server, list, link->prev)->next : &list->first) = link->next;
    *(link->next ? &link_in(server, list, link->next)->prev : &list->last) = link->prev;
    *link = (struct peer_link){ 0 };
}

static void mark_ready(struct peer *peer) { list_append(&peer->server->ready, peer); }

/* Something went forward: the time that the peer may take begins anew. */
static void touch(struct peer *peer)
{
    list_remove(&peer->server->waiting, peer);
    peer->since_us = peer->server->now_us;
    list_append(&peer->server->waiting, peer);
}

static void peer_free(struct peer *peer)
{
    list_remove(&peer->server->ready, peer);
    request_reset(&peer->request);
    reply_free(&peer->reply);
    free(peer->unread);
    free(peer);
}

static void lent_free(struct lent *lent)
{
    if (lent->block)
        block_put(&lent->peer->server->blocks, lent->block);
    free(lent->text);
    free(lent);
}

static void on_release(struct ms_buf *buf)
{
    struct lent *lent = (struct lent *)buf;
    struct peer *peer = lent->peer;

    peer->lent_bytes -= buf->len;
    peer->lent_count--;
    lent_free(lent);
    if (peer->tcp) {
        touch(peer);
        mark_ready(peer);
    } else if (peer->lent_count == 0) {
        peer_free(peer);
    }
}
_Static_assert(offsetof(struct lent, buf) == 0, "on_release() converts the pointer");

/* Takes over block or text. False: the stack, or memory, has no room; nothing is left behind. */
static bool lend(struct peer *peer, const struct lent *what)
{
    struct lent *lent = malloc(sizeof(*lent));
    struct lent copy = *what;

    copy.peer = peer;
    copy.buf.release = on_release;
    if (lent)
        *lent = copy;
    if (!lent || ms_tcp_send(peer->tcp, &lent->buf) != MS_OK) {
        if (copy.block)
            block_put(&peer->server->blocks, copy.block);
        free(copy.text);
        free(lent);
        return false;
    }
    peer->lent_bytes += copy.buf.len;
    peer->lent_count++;
    return true;
}

/* Takes over the text's bytes. */
static bool lend_text(struct peer *peer, struct text *text)
{
    struct lent lent = {
        .buf = { .data = (const uint8_t *)text->bytes, .len = (uint32_t)text->len },
        .text = text->bytes,
    };

    *text = (struct text){ 0 };
    return lent.buf.len == 0 || lend(peer, &lent);
}

static bool lend_block(struct peer *peer)
{
    struct reply *reply = &peer->reply;
    uint64_t index = reply->at / BLOCK_BYTES;
    uint32_t skipped = (uint32_t)(reply->at % BLOCK_BYTES);
    struct lent lent = { .block = block_get(&peer->server->blocks, &reply->id, reply->fd, index) };

    if (!lent.block)
        return false;
    lent.buf.data = lent.block->bytes + skipped;
    lent.buf.len = lent.block->len - skipped;
    if (lent.buf.len > reply->end - reply->at)
        lent.buf.len = (uint32_t)(reply->end - reply->at);
    reply->at += lent.buf.len;
    return lend(peer, &lent);
}

static uint32_t lent_max(const struct server *server)
{
    uint32_t share = (uint32_t)LENT_ALL / (server->peer_count ? server->peer_count : 1);

    if (share > LENT_MAX)
        return LENT_MAX;
    return share < LENT_MIN ? LENT_MIN : share;
}

static void abort_peer(struct peer *peer)
{
    peer->is_closing = true;
    if (peer->is_aborted)
        return;
    peer->is_aborted = true;
    ms_tcp_abort(peer->tcp); /* may release buffers at once */
}

static void close_our_side(struct peer *peer)
{
    peer->is_closing = true;
    ms_tcp_close(peer->tcp);
    ms_tcp_consumed(peer->tcp, peer->unread_len);
    peer->unread_len = 0;
}

/* Lends as much of the reply as may be. False: it cannot be finished, so the peer must see that. */
static bool continue_reply(struct peer *peer)
{
    uint32_t max = lent_max(peer->server);

    while (peer->reply.at < peer->reply.end) {
        if (peer->lent_bytes >= max)
            return true;
        if (!lend_block(peer))
            return false;
    }
    peer->is_replying = false;
    request_reset(&peer->request);
    if (peer->reply.ends_connection)
        close_our_side(peer);
    reply_free(&peer->reply);
    return true;
}

static void write_log(const struct peer *peer)
{
    struct ms_endpoint local, remote;
    char addr[MS_ADDR_TEXT_SIZE];
    struct text line = { 0 };

    ms_tcp_endpoints(peer->tcp, &local, &remote);
    ms_addr_format(&remote.addr, addr);
    text_add(&line, "%s %s ", addr, http_method_str(peer->request.parser.method));
    text_add_json(&line, peer->request.target.bytes ? peer->request.target.bytes : "");
    text_add(&line, " %u %llu\n", peer->reply.status,
             (unsigned long long)peer->reply.content_length);
    if (!line.is_broken) {
        fputs(line.bytes, stdout);
        fflush(stdout);
    }
    text_free(&line);
}

static bool begin_reply(struct peer *peer)
{
    peer->is_replying = true;
    if (peer->server->logs)
        write_log(peer);
    touch(peer);
    if (peer->reply.head.is_broken || peer->reply.body.is_broken)
        return false;
    return lend_text(peer, &peer->reply.head) && lend_text(peer, &peer->reply.body);
}

/* Parses what has come in. Returns whether there is a request to answer. */
static bool read_request(struct peer *peer)
{
    bool was_begun = peer->request.is_begun;
    size_t taken = request_feed(&peer->request, peer->unread, peer->unread_len);

    ms_tcp_consumed(peer->tcp, (uint32_t)taken);
    peer->unread_len -= (uint32_t)taken;
    memmove(peer->unread, peer->unread + taken, peer->unread_len);
    if (peer->request.is_begun && !was_begun)
        touch(peer); /* once a request, so that it cannot be drawn out byte by byte */
    return peer->request.is_complete || peer->request.status;
}

/* Goes on as far as what has been received, and the room to lend, allow. */
static void peer_work(struct peer *peer)
{
    bool is_fine = true;

    while (is_fine && !peer->is_closing) {
        if (peer->is_replying) {
            is_fine = continue_reply(peer);
            if (peer->is_replying)
                break;
        } else if (peer->lent_bytes >= LENT_MAX) {
            break; /* many small pipelined requests */
        } else if (peer->unread_len && read_request(peer)) {
            reply_make(&peer->reply, &peer->request, peer->server->root, time(NULL));
            is_fine = begin_reply(peer);
        } else {
            break;
        }
    }
    if (!is_fine)
        abort_peer(peer);
    else if (peer->has_eof && !peer->is_replying && !peer->is_closing)
        close_our_side(peer);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct peer *peer = user;
    uint8_t *unread;

    (void)frame;
    if (peer->is_closing) {
        ms_tcp_consumed(tcp, slice->len);
        return;
    }
    /* Copied, since a request may end in a later frame; the receive window bounds the length. */
    unread = realloc(peer->unread, (size_t)peer->unread_len + slice->len);
    if (!unread) {
        abort_peer(peer);
        return;
    }
    memcpy(unread + peer->unread_len, slice->data, slice->len);
    peer->unread = unread;
    peer->unread_len += slice->len;
    mark_ready(peer);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct peer *peer = user;

    (void)tcp;
    peer->has_eof = true;
    mark_ready(peer);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct peer *peer = user;

    (void)tcp;
    (void)why;
    peer->tcp = NULL;
    peer->server->peer_count--;
    list_remove(&peer->server->ready, peer);
    list_remove(&peer->server->waiting, peer);
    if (peer->lent_count == 0)
        peer_free(peer);
}

static const struct ms_tcp_events peer_events = {
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
};

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct server *server = listener_user;
    struct peer *peer = calloc(1, sizeof(*peer));

    if (!peer)
        return NULL;
    if (ms_tcp_set(tcp, MS_TCP_NO_DELAY, 1) != MS_OK ||
        ms_tcp_set(tcp, MS_TCP_RECV_WINDOW_BYTES, RECV_WINDOW) != MS_OK) {
        free(peer);
        return NULL;
    }
    peer->server = server;
    peer->tcp = tcp;
    peer->reply.fd = -1;
    request_init(&peer->request);
    server->peer_count++;
    touch(peer);
    *user = peer;
    return &peer_events;
}

/* The peer has kept us waiting for too long. */
static void time_out(struct peer *peer)
{
    bool is_stalled = peer->is_closing || peer->is_replying || peer->lent_count > 0;

    touch(peer);
    if (is_stalled) {
        abort_peer(peer);
    } else if (peer->request.is_begun) {
        reply_make_error(&peer->reply, 408, time(NULL));
        if (begin_reply(peer))
            mark_ready(peer);
        else
            abort_peer(peer);
    } else {
        close_our_side(peer);
    }
}

enum ms_error server_start(struct server *server)
{
    struct ms_tcp_listen listen = {
        .local = { .port = server->port },
        .accept = on_accept,
        .user = server,
    };

    server->blocks.idle_bytes_max = IDLE_BLOCKS;
    return ms_tcp_listen(server->stack, &listen, &server->listener);
}

void server_work(struct server *server, uint64_t now_us)
{
    struct peer *peer;

    server->now_us = now_us;
    while ((peer = server->waiting.first) && peer->since_us + server->idle_timeout_us <= now_us)
        time_out(peer);
    while ((peer = server->ready.first)) {
        list_remove(&server->ready, peer);
        peer_work(peer);
    }
}

uint64_t server_next_us(const struct server *server)
{
    const struct peer *peer = server->waiting.first;

    if (server->ready.first)
        return 0;
    return peer ? peer->since_us + server->idle_timeout_us : UINT64_MAX;
}

void server_stop(struct server *server)
{
    if (server->listener)
        ms_tcp_unlisten(server->listener);
    server->listener = NULL;
    /* A buffer that comes back moves its peer to the end of the list, to be met once more. */
    for (struct peer *peer = server->waiting.first, *next; peer; peer = next) {
        next = peer->waiting.next;
        abort_peer(peer);
    }
}

void server_free(struct server *server) { blocks_clear(&server->blocks); }
