/* SPDX-License-Identifier: ISC */
/* One HTTP GET on a stack, into a part file. */
#include "download.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "content_range.h"

enum {
    FIELDS_MAX = 65536,
    SHOWN_MAX = 200,
    UNREACHABLE_AFTER_US = 15000000, /* before that it is not believed */
};

static const char *const field_names[DOWNLOAD_FIELD_COUNT] = {
    [DOWNLOAD_FIELD_CONTENT_RANGE] = "content-range",
    [DOWNLOAD_FIELD_ETAG] = "etag",
    [DOWNLOAD_FIELD_LAST_MODIFIED] = "last-modified",
    [DOWNLOAD_FIELD_LOCATION] = "location",
};

/* The first result stays. */
__attribute__((format(printf, 3, 4))) static void
finish(struct download *d, enum download_result result, const char *format, ...)
{
    va_list args;

    if (d->result != DOWNLOAD_RUNNING)
        return;
    d->result = result;
    va_start(args, format);
    vsnprintf(d->message, sizeof(d->message), format, args);
    va_end(args);
    /* The server's bytes must not steer a terminal. */
    for (char *c = d->message; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
}

static const char *field(const struct download *d, enum download_field which)
{
    return d->fields[which].bytes ? d->fields[which].bytes : "";
}

static int on_begin(http_parser *parser)
{
    struct download *d = parser->data;

    for (unsigned i = 0; i < DOWNLOAD_FIELD_COUNT; i++)
        text_free(&d->fields[i]);
    return 0;
}

static int on_field_name(http_parser *parser, const char *bytes, size_t len)
{
    struct download *d = parser->data;

    if (d->is_in_value)
        text_free(&d->name);
    d->is_in_value = false;
    if (d->name.len + len > FIELDS_MAX)
        return -1;
    text_add_bytes(&d->name, bytes, len);
    return 0;
}

static int on_field_value(http_parser *parser, const char *bytes, size_t len)
{
    struct download *d = parser->data;

    d->is_in_value = true;
    for (unsigned i = DOWNLOAD_FIELD_OTHER + 1; i < DOWNLOAD_FIELD_COUNT; i++) {
        if (!d->name.bytes || strcasecmp(d->name.bytes, field_names[i]) != 0)
            continue;
        if (d->fields[i].len + len > FIELDS_MAX)
            return -1;
        text_add_bytes(&d->fields[i], bytes, len);
    }
    return 0;
}

/* A strong entity tag, or else the date: what If-Range may name (RFC 9110, 13.1.5). */
static const char *version(const struct download *d)
{
    const char *etag = field(d, DOWNLOAD_FIELD_ETAG);

    return etag[0] == '"' ? etag : field(d, DOWNLOAD_FIELD_LAST_MODIFIED);
}

static int begin_whole(struct download *d)
{
    int error = part_file_restart(d->file, version(d));

    if (error)
        finish(d, DOWNLOAD_FAILED, "%s: %s", d->file->name, strerror(error));
    d->has_restarted = true;
    if (d->parser.content_length != UINT64_MAX)
        d->total = d->parser.content_length;
    return error ? -1 : 0;
}

static int begin_rest(struct download *d)
{
    const char *text = field(d, DOWNLOAD_FIELD_CONTENT_RANGE);
    struct byte_range range;

    if (d->file->len == 0 || !content_range_parse(text, &range, &d->total)) {
        finish(d, DOWNLOAD_REFUSED, "the server sent a part that was not asked for");
        return -1;
    }
    if (range.start != d->file->len ||
        (d->parser.content_length != UINT64_MAX && d->parser.content_length != range.len)) {
        finish(d, DOWNLOAD_AGAIN, "the server sent another part than was asked for");
        return -1;
    }
    if (version(d)[0] && strcmp(version(d), d->file->version) != 0) {
        finish(d, DOWNLOAD_AGAIN, "the file has changed on the server");
        return -1;
    }
    return 0;
}

static int refuse(struct download *d)
{
    unsigned status = d->parser.status_code;
    const char *reason = http_status_str((enum http_status)status);

    if (status == 416 && d->file->len > 0)
        finish(d, DOWNLOAD_AGAIN, "the file has become shorter on the server");
    else if (status >= 300 && status < 400 && d->fields[DOWNLOAD_FIELD_LOCATION].bytes)
        finish(d, DOWNLOAD_REFUSED, "the server points to %.*s, which is not followed", SHOWN_MAX,
               field(d, DOWNLOAD_FIELD_LOCATION));
    else
        finish(d, DOWNLOAD_REFUSED, "the server answered %u %s", status, reason);
    return -1;
}

static int on_head(http_parser *parser)
{
    struct download *d = parser->data;

    d->is_informational = parser->status_code < 200;
    if (d->is_informational)
        return 0;
    if (parser->status_code == 200)
        return begin_whole(d);
    if (parser->status_code == 206)
        return begin_rest(d);
    return refuse(d);
}

static int on_body(http_parser *parser, const char *bytes, size_t len)
{
    struct download *d = parser->data;
    int error = part_file_append(d->file, bytes, len);

    if (error)
        finish(d, DOWNLOAD_FAILED, "%s: %s", d->file->name, strerror(error));
    return error ? -1 : 0;
}

static int on_message(http_parser *parser)
{
    struct download *d = parser->data;

    if (d->is_informational)
        return 0;
    if (d->total != UINT64_MAX && d->file->len != d->total)
        finish(d, DOWNLOAD_BROKEN_OFF, "%" PRIu64 " bytes came instead of %" PRIu64, d->file->len,
               d->total);
    else
        finish(d, DOWNLOAD_DONE, "done");
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_message_begin = on_begin,
    .on_header_field = on_field_name,
    .on_header_value = on_field_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_message,
};

/* len 0 is the end of the stream. */
static void feed(struct download *d, const uint8_t *bytes, size_t len)
{
    enum http_errno error;

    http_parser_execute(&d->parser, &settings, (const char *)bytes, len);
    error = HTTP_PARSER_ERRNO(&d->parser);
    if (len == 0)
        finish(d, DOWNLOAD_BROKEN_OFF, "the server closed the connection before the end");
    else if (error != HPE_OK)
        finish(d, DOWNLOAD_REFUSED, "the server's answer is not HTTP: %s",
               http_errno_description(error));
}

/* With the result known nothing more is wanted of the connection. */
static void leave(struct download *d)
{
    if (d->result == DOWNLOAD_DONE)
        ms_tcp_close(d->tcp);
    else if (d->result != DOWNLOAD_RUNNING)
        ms_tcp_abort(d->tcp); /* much may still be on its way */
}

static void on_release(struct ms_buf *buf)
{
    struct download *d = (struct download *)((char *)buf - offsetof(struct download, request_buf));

    d->is_lent = false;
}

static void make_request(struct download *d)
{
    const struct url *url = d->url;
    bool has_slash = url->target_len > 0 && url->target[0] == '/';
    struct text *text = &d->request;

    text_free(text);
    text_add(text, "GET %s%.*s HTTP/1.1\r\nHost: %s\r\n", has_slash ? "" : "/",
             (int)url->target_len, url->target, url->authority);
    text_add(text, "User-Agent: mstack\r\nAccept: */*\r\nConnection: close\r\n");
    if (d->file->len)
        text_add(text, "Range: bytes=%" PRIu64 "-\r\nIf-Range: %s\r\n", d->file->len,
                 d->file->version);
    text_add(text, "\r\n");
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct download *d = user;

    d->is_open = true;
    d->progress_us = d->now_us;
    make_request(d);
    if (d->request.is_broken) {
        finish(d, DOWNLOAD_FAILED, "not enough memory");
        leave(d);
        return;
    }
    d->request_buf = (struct ms_buf){ .data = (const uint8_t *)d->request.bytes,
                                      .len = (uint32_t)d->request.len,
                                      .release = on_release };
    d->is_lent = ms_tcp_send(tcp, &d->request_buf) == MS_OK;
    if (!d->is_lent)
        finish(d, DOWNLOAD_FAILED, "the request could not be sent");
    leave(d);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct download *d = user;

    (void)frame;
    d->progress_us = d->now_us;
    if (d->result == DOWNLOAD_RUNNING) {
        feed(d, slice->data, slice->len);
        leave(d);
    }
    ms_tcp_consumed(tcp, slice->len);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct download *d = user;

    (void)tcp;
    if (d->result != DOWNLOAD_RUNNING)
        return;
    feed(d, NULL, 0);
    leave(d);
}

/* It may pass: questions to a neighbour get lost, too. Who waits at a terminal waits no minutes. */
static void on_soft_error(struct ms_tcp *tcp, void *user, enum ms_error error)
{
    struct download *d = user;

    (void)tcp;
    if (d->is_open || error != MS_ERROR_UNREACHABLE || d->result != DOWNLOAD_RUNNING ||
        d->now_us - d->progress_us < UNREACHABLE_AFTER_US)
        return;
    finish(d, DOWNLOAD_NO_CONNECTION, "no connection to %s: %s", d->url->authority,
           ms_error_text(error));
    leave(d);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct download *d = user;

    (void)tcp;
    d->tcp = NULL;
    if (d->is_open)
        finish(d, DOWNLOAD_BROKEN_OFF, "%s", ms_error_text(why));
    else
        finish(d, DOWNLOAD_NO_CONNECTION, "no connection to %s: %s", d->url->authority,
               ms_error_text(why));
}

static const struct ms_tcp_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_eof = on_eof,
    .on_soft_error = on_soft_error,
    .on_close = on_close,
};

void download_start(struct download *d, uint64_t now_us)
{
    struct ms_tcp_connect connect = {
        .remote = { .addr = d->url->addr, .port = d->url->port },
        .events = &events,
        .user = d,
    };
    enum ms_error error;

    d->result = DOWNLOAD_RUNNING;
    d->total = UINT64_MAX;
    d->now_us = d->progress_us = now_us;
    d->is_open = d->is_in_value = false;
    http_parser_init(&d->parser, HTTP_RESPONSE);
    d->parser.data = d;
    error = ms_tcp_connect(d->stack, &connect, &d->tcp);
    if (error) {
        d->tcp = NULL;
        finish(d, DOWNLOAD_NO_CONNECTION, "no connection to %s: %s", d->url->authority,
               error == MS_ERROR_INVALID ? "it is not the address of a host"
                                         : ms_error_text(error));
    }
}

static uint64_t timeout_us(const struct download *d)
{
    if (d->result != DOWNLOAD_RUNNING)
        return 1000000; /* for the end of the connection, which matters to nobody */
    return d->is_open ? d->stall_timeout_us : d->connect_timeout_us;
}

void download_work(struct download *d, uint64_t now_us)
{
    d->now_us = now_us;
    if (!d->tcp || now_us < d->progress_us + timeout_us(d))
        return;
    if (d->is_open)
        finish(d, DOWNLOAD_BROKEN_OFF, "nothing came for %" PRIu64 " s",
               d->stall_timeout_us / 1000000);
    else
        finish(d, DOWNLOAD_NO_CONNECTION, "no connection to %s within %" PRIu64 " s",
               d->url->authority, d->connect_timeout_us / 1000000);
    download_abort(d);
    d->progress_us = now_us;
}

uint64_t download_next_us(const struct download *d)
{
    return d->tcp ? d->progress_us + timeout_us(d) : UINT64_MAX;
}

bool download_is_over(const struct download *d) { return !d->tcp && !d->is_lent; }

void download_abort(struct download *d)
{
    if (d->tcp)
        ms_tcp_abort(d->tcp);
}

void download_free(struct download *d)
{
    text_free(&d->request);
    text_free(&d->name);
    for (unsigned i = 0; i < DOWNLOAD_FIELD_COUNT; i++)
        text_free(&d->fields[i]);
}
