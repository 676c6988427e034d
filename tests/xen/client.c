/* SPDX-License-Identifier: ISC */
/* A request to another guest, and what comes of it. */
#include "client.h"

#include "memory.h"
#include "pattern.h"
#include "text.h"

enum { QUESTION_BYTES = 64, PORT = 80 };

/* One at a time. */
static struct {
    struct ms_tcp *tcp; /* NULL: none */
    client_done_fn *done;
    void *asker;
    unsigned line_len; /* of the head that is being read; the empty one ends it */
    bool is_body, is_right, is_lent;
    uint64_t at;
    char question[QUESTION_BYTES];
    struct ms_buf buf;
} the;

static void on_question_sent(struct ms_buf *buf)
{
    (void)buf;
    the.is_lent = false;
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    (void)user;
    the.is_lent = ms_tcp_send(tcp, &the.buf) == MS_OK;
    if (!the.is_lent)
        ms_tcp_abort(tcp);
}

/* Returns how many of the bytes are head. */
static uint32_t skip_head(const uint8_t *data, uint32_t len)
{
    uint32_t n = 0;

    while (n < len && !the.is_body) {
        the.is_body = data[n] == '\n' && the.line_len == 0;
        if (data[n] == '\n')
            the.line_len = 0;
        else if (data[n] != '\r')
            the.line_len++;
        n++;
    }
    return n;
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    uint32_t head_len = skip_head(slice->data, slice->len);
    uint32_t len = slice->len - head_len;

    (void)user, (void)frame;
    the.is_right = the.is_right && pattern_is(the.at, slice->data + head_len, len);
    the.at += len;
    ms_tcp_consumed(tcp, slice->len);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)user;
    ms_tcp_close(tcp);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    (void)tcp, (void)user;
    the.tcp = NULL;
    the.done(the.asker, the.is_right && why == MS_OK, the.at);
}

bool client_fetch(struct ms_stack *stack, const struct ms_addr *from, uint64_t bytes,
                  client_done_fn *done, void *asker)
{
    static const struct ms_tcp_events events = {
        .on_open = on_open,
        .on_data = on_data,
        .on_eof = on_eof,
        .on_close = on_close,
    };
    struct ms_tcp_connect connect = {
        .remote = { .addr = *from, .port = PORT },
        .events = &events,
    };
    struct text text = ms_guest_text_in(the.question, sizeof(the.question));

    if (the.tcp || the.is_lent)
        return false;
    ms_guest_text_put(&text, "GET /bytes/");
    ms_guest_text_put_number(&text, bytes);
    ms_guest_text_put(&text, " HTTP/1.1\r\n\r\n");
    the.done = done;
    the.asker = asker;
    the.line_len = 0;
    the.is_body = false;
    the.is_right = true;
    the.at = 0;
    the.buf = (struct ms_buf){
        .data = (const uint8_t *)the.question,
        .len = (uint32_t)text.len,
        .release = on_question_sent,
    };
    return ms_tcp_connect(stack, &connect, &the.tcp) == MS_OK;
}
