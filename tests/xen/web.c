/* SPDX-License-Identifier: ISC */
/*
 * A guest that a browser can put to the test: GET / is a page, GET /bytes/N is N bytes lent from
 * memory, POST anywhere is compared with the same bytes, GET /fetch/ADDRESS/N has another guest
 * send them to this one, GET /counters is what was counted. One request a connection. What comes to
 * port 7 by UDP goes back.
 */
#include "client.h"
#include "clock.h"
#include "guest.h"
#include "memory.h"
#include "pattern.h"
#include "report.h"
#include "text.h"
#include "unikernel.h"

enum { ECHO_PORT = 7, OUTBOXES = 32 };
enum { PEERS = 128, BODIES = 4, HEAD_BYTES = 1024, ANSWER_BYTES = 256, REPORT_BYTES = 8192 };

/* What is done once the head of the request is there. */
enum what { READING, SENDING, COMPARING, FETCHING, FINISHED };

struct peer {
    struct ms_tcp *tcp; /* NULL: gone */
    struct peer *next;
    enum what what;
    char head[HEAD_BYTES];
    size_t head_len;
    uint64_t at, end; /* of the bytes that are sent or compared */
    bool is_right;
    unsigned lent;
    struct ms_buf answer_buf, bodies[BODIES];
    char answer[ANSWER_BYTES];
};

static struct peer peers[PEERS];
static struct peer *unused;
static unsigned peers_free;
static uint64_t requests;
static struct ms_unikernel the_unikernel;
static char report[REPORT_BYTES];
static bool is_report_lent;
static bool was_answered;
static struct ms_outboxes *outboxes;

/* Since the guest's first instruction in C. */
static void say_when(const char *what)
{
    const struct guest *guest = ms_guest_the();
    char bytes[64];
    struct text text = ms_guest_text_in(bytes, sizeof(bytes));

    ms_guest_text_put(&text, what);
    ms_guest_text_put_number(
        &text, (ms_guest_clock_ns(guest->events.shared) - guest->milestones.start_ns) / 1000);
    ms_guest_text_put(&text, "\n");
    ms_unikernel_print(bytes);
}

/* Both the stack and the device are done with it. */
static void forget(struct peer *peer)
{
    if (peer->tcp || peer->lent > 0)
        return;
    peer->next = unused;
    unused = peer;
    peers_free++;
}

static void lend(struct peer *peer, struct ms_buf *buf)
{
    if (ms_tcp_send(peer->tcp, buf) == MS_OK)
        peer->lent++;
    else
        peer->what = FINISHED;
}

/* The next stretch of the pattern, up to its end; with the last one all is said. */
static void lend_body(struct peer *peer, struct ms_buf *buf)
{
    buf->data = pattern_from(peer->at, peer->end - peer->at, &buf->len);
    peer->at += buf->len;
    lend(peer, buf);
    if (peer->at < peer->end)
        return;
    peer->what = FINISHED;
    ms_tcp_close(peer->tcp);
}

static struct peer *peer_of(struct ms_buf *buf)
{
    for (unsigned i = 0; i < PEERS; i++)
        if ((uintptr_t)buf - (uintptr_t)&peers[i] < sizeof(peers[i]))
            return &peers[i];
    ms_unikernel_panic("a buffer of nobody came back");
}

static void on_body_sent(struct ms_buf *buf)
{
    struct peer *peer = peer_of(buf);

    peer->lent--;
    if (peer->tcp && peer->what == SENDING)
        lend_body(peer, buf);
    forget(peer);
}

static void on_answer_sent(struct ms_buf *buf)
{
    struct peer *peer = peer_of(buf);

    if (!was_answered)
        say_when("WEB first answer was there at us ");
    was_answered = true;
    peer->lent--;
    forget(peer);
}

/* The head of the answer, and the body if it is a text. */
static void answer(struct peer *peer, uint64_t len, const char *body)
{
    struct text text = ms_guest_text_in(peer->answer, sizeof(peer->answer));

    ms_guest_text_put(&text, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ");
    ms_guest_text_put_number(&text, len);
    ms_guest_text_put(&text, "\r\n\r\n");
    ms_guest_text_put(&text, body);
    peer->answer_buf = (struct ms_buf){
        .data = (const uint8_t *)peer->answer,
        .len = (uint32_t)text.len,
        .release = on_answer_sent,
    };
    lend(peer, &peer->answer_buf);
}

static void answer_text(struct peer *peer, const char *body)
{
    answer(peer, ms_guest_text_len(body), body);
    peer->what = FINISHED;
    ms_tcp_close(peer->tcp);
}

static void answer_verdict(struct peer *peer, bool is_right, uint64_t bytes)
{
    char body[64];
    struct text text = ms_guest_text_in(body, sizeof(body));

    ms_guest_text_put(&text, is_right ? "right " : "wrong ");
    ms_guest_text_put_number(&text, bytes);
    ms_guest_text_put(&text, "\n");
    answer_text(peer, body);
}

static void on_report_sent(struct ms_buf *buf)
{
    struct peer *peer = peer_of(buf);

    is_report_lent = false;
    peer->lent--;
    forget(peer);
}

/* There is room for one at a time. */
static void answer_counters(struct peer *peer)
{
    struct text text = ms_guest_text_in(report, sizeof(report));

    if (is_report_lent) {
        answer_text(peer, "busy\n");
        return;
    }
    report_put(&text, &the_unikernel);
    ms_guest_text_put(&text, "peers_free ");
    ms_guest_text_put_number(&text, peers_free);
    ms_guest_text_put(&text, "\n");
    answer(peer, text.len, "");
    peer->bodies[0] = (struct ms_buf){
        .data = (const uint8_t *)report,
        .len = (uint32_t)text.len,
        .release = on_report_sent,
    };
    lend(peer, &peer->bodies[0]);
    is_report_lent = peer->what != FINISHED;
    peer->what = FINISHED;
    ms_tcp_close(peer->tcp);
}

/* The number that follows in the head, ended by anything. */
static uint64_t number_at(const char *text)
{
    uint64_t number = 0;

    for (; *text >= '0' && *text <= '9' && number < UINT64_MAX / 100; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return number;
}

/* Where a word begins in the head, or NULL. */
static const char *find(const struct peer *peer, const char *word)
{
    size_t len = ms_guest_text_len(word);

    for (size_t i = 0; i + len <= peer->head_len; i++)
        if (memcmp(peer->head + i, word, len) == 0)
            return peer->head + i;
    return NULL;
}

static void begin_download(struct peer *peer, uint64_t bytes)
{
    peer->what = SENDING;
    peer->end = bytes;
    answer(peer, bytes, "");
    for (unsigned i = 0; i < BODIES && peer->what == SENDING; i++) {
        peer->bodies[i] = (struct ms_buf){ .release = on_body_sent };
        lend_body(peer, &peer->bodies[i]);
    }
}

static void on_fetched(void *asker, bool is_right, uint64_t bytes)
{
    struct peer *peer = asker;

    peer->lent--;
    if (peer->tcp)
        answer_verdict(peer, is_right, bytes);
    forget(peer);
}

/* `path` is ADDRESS/N. As long as it takes, the peer is kept. */
static void begin_fetch(struct peer *peer, const char *path)
{
    char address[MS_ADDR_TEXT_SIZE];
    struct text text = ms_guest_text_in(address, sizeof(address));
    struct ms_addr from;
    size_t len = 0;

    while (path[len] > ' ' && path[len] != '/')
        len++;
    ms_guest_text_put_bytes(&text, path, len);
    if (path[len] != '/' || ms_addr_parse(&from, address) != MS_OK ||
        !client_fetch(the_unikernel.stack, &from, number_at(path + len + 1), on_fetched, peer)) {
        answer_text(peer, "cannot\n");
        return;
    }
    peer->what = FETCHING;
    peer->lent++;
}

static void answer_page(struct peer *peer)
{
    char body[64];
    struct text text = ms_guest_text_in(body, sizeof(body));

    ms_guest_text_put(&text, "request ");
    ms_guest_text_put_number(&text, requests);
    ms_guest_text_put(&text, "\n");
    answer_text(peer, body);
}

/* What follows a word that the head begins with, or NULL. */
static const char *after(const struct peer *peer, const char *word)
{
    return find(peer, word) == peer->head ? peer->head + ms_guest_text_len(word) : NULL;
}

static void begin(struct peer *peer)
{
    const char *length = find(peer, "Content-Length: ");
    const char *bytes = after(peer, "GET /bytes/");
    const char *source = after(peer, "GET /fetch/");

    requests++;
    if (find(peer, "POST ") == peer->head && length) {
        peer->what = COMPARING;
        peer->is_right = true;
        peer->end = number_at(length + 16);
    } else if (bytes) {
        begin_download(peer, number_at(bytes));
    } else if (source) {
        begin_fetch(peer, source);
    } else if (after(peer, "GET /counters ")) {
        answer_counters(peer);
    } else {
        answer_page(peer);
    }
    if (requests == 1)
        say_when("WEB first request at us ");
}

static void compare(struct peer *peer, const uint8_t *data, uint32_t len)
{
    peer->is_right = peer->is_right && pattern_is(peer->at, data, len);
    peer->at += len;
    if (peer->at >= peer->end)
        answer_verdict(peer, peer->is_right, peer->at);
}

/* Takes bytes up to the empty line. Returns how many. */
static uint32_t read_head(struct peer *peer, const uint8_t *data, uint32_t len)
{
    uint32_t n = 0;

    while (n < len && peer->what == READING) {
        if (peer->head_len == HEAD_BYTES) {
            peer->what = FINISHED;
            ms_tcp_abort(peer->tcp);
            break;
        }
        peer->head[peer->head_len++] = (char)data[n++];
        if (peer->head_len >= 4 && memcmp(peer->head + peer->head_len - 4, "\r\n\r\n", 4) == 0)
            begin(peer);
    }
    return n;
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct peer *peer = user;
    uint32_t n = peer->what == READING ? read_head(peer, slice->data, slice->len) : 0;

    (void)frame;
    ms_tcp_consumed(tcp, slice->len);
    if (peer->what == COMPARING)
        compare(peer, slice->data + n, slice->len - n);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)user;
    ms_tcp_close(tcp);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct peer *peer = user;

    (void)tcp, (void)why;
    peer->tcp = NULL;
    forget(peer);
}

static const struct ms_tcp_events *accept(struct ms_tcp *tcp, void *listener, void **user)
{
    static const struct ms_tcp_events events = {
        .on_data = on_data,
        .on_eof = on_eof,
        .on_close = on_close,
    };
    struct peer *peer = unused;

    (void)listener;
    if (!peer)
        return NULL;
    unused = peer->next;
    peers_free--;
    *peer = (struct peer){ .tcp = tcp };
    *user = peer;
    return &events;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    (void)user;
    ms_outbox_return(outboxes, udp, datagram);
}

void ms_unikernel_start(const struct ms_unikernel *unikernel)
{
    static const struct ms_udp_events echo = { .on_datagram = on_datagram };
    const struct ms_endpoint echo_port = { .port = ECHO_PORT };
    struct ms_udp *udp;
    uint16_t port = (uint16_t)ms_unikernel_number("port", 80, 1, UINT16_MAX);
    struct ms_tcp_listen listen = { .local = { .port = port }, .accept = accept };

    the_unikernel = *unikernel;
    if (!pattern_make() || ms_tcp_listen(unikernel->stack, &listen, NULL) != MS_OK)
        ms_unikernel_panic("cannot listen");
    /* Without memory for it there is no echo. */
    outboxes = ms_outboxes_make(OUTBOXES);
    if (outboxes && ms_udp_open(unikernel->stack, &echo_port, &echo, NULL, &udp) != MS_OK)
        ms_unikernel_panic("cannot echo");
    for (unsigned i = 0; i < PEERS; i++)
        forget(&peers[i]);
    say_when("WEB listens at us ");
}
