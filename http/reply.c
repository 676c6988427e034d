/* SPDX-License-Identifier: ISC */
/* What a request is answered with. */
#include "reply.h"

#include "accept.h"
#include "date.h"
#include "path.h"
#include "range.h"

enum { STATUS_LINE_BYTES = 64, RANGE_BYTES = 80, DATE_BYTES = 32 };

/* A reply while it is made. */
struct draft {
    struct reply *reply;
    struct text *head;
    const struct request *request; /* NULL: none was read */
    uint64_t wall_s;
};

static void put_field(struct draft *d, const char *name, struct slice value)
{
    ms_http_text_put(d->head, name);
    ms_http_text_put(d->head, ": ");
    ms_http_text_put_slice(d->head, value);
    ms_http_text_put(d->head, "\r\n");
}

static void put_number_field(struct draft *d, const char *name, uint64_t value)
{
    ms_http_text_put(d->head, name);
    ms_http_text_put(d->head, ": ");
    ms_http_text_put_number(d->head, value);
    ms_http_text_put(d->head, "\r\n");
}

static struct slice date_in(char bytes[DATE_BYTES], uint64_t time_s)
{
    struct text text = ms_http_text_in(bytes, DATE_BYTES);

    ms_http_date_put(&text, time_s);
    return (struct slice){ text.bytes, text.len };
}

/* "404 Not Found" */
static void put_status(struct text *text, uint16_t status)
{
    ms_http_text_put_number(text, status);
    ms_http_text_put(text, " ");
    ms_http_text_put(text, http_status_str((enum http_status)status));
}

static void begin_head(struct draft *d, uint16_t status)
{
    char date[DATE_BYTES];

    d->reply->status = status;
    d->head->len = 0;
    ms_http_text_put(d->head, "HTTP/1.1 ");
    put_status(d->head, status);
    ms_http_text_put(d->head, "\r\nServer: mstack\r\n");
    if (d->wall_s)
        put_field(d, "Date", date_in(date, d->wall_s));
}

static void end_head(struct draft *d)
{
    const http_parser *parser = d->request ? &d->request->parser : NULL;

    if (d->reply->ends_connection)
        ms_http_text_put(d->head, "Connection: close\r\n");
    else if (parser && parser->http_major == 1 && parser->http_minor == 0)
        ms_http_text_put(d->head, "Connection: keep-alive\r\n");
    ms_http_text_put(d->head, "\r\n");
}

static bool is_head(const struct draft *d)
{
    return d->request && d->request->parser.method == HTTP_HEAD;
}

/* The rest of a reply that has no content but its own status. */
static void finish_status(struct draft *d)
{
    char bytes[STATUS_LINE_BYTES];
    struct text line = ms_http_text_in(bytes, sizeof(bytes));

    put_status(&line, d->reply->status);
    ms_http_text_put(&line, "\n");
    put_field(d, "Content-Type", ms_http_slice_of("text/plain; charset=utf-8"));
    put_number_field(d, "Content-Length", line.len);
    d->reply->content_bytes = line.len;
    end_head(d);
    if (!is_head(d))
        ms_http_text_put_slice(d->head, (struct slice){ line.bytes, line.len });
}

static void answer_status(struct draft *d, uint16_t status)
{
    begin_head(d, status);
    if (status == 405)
        put_field(d, "Allow", ms_http_slice_of("GET, HEAD"));
    if (status == 503)
        put_field(d, "Retry-After", ms_http_slice_of("1"));
    finish_status(d);
}

/* Whether one of the tags, a list with commas, is this one; W/ in front is no difference. */
static bool has_tag(struct slice tags, struct slice etag)
{
    while (tags.len > 0) {
        struct slice tag = ms_http_slice_trim(ms_http_slice_take_until(&tags, ','));

        (void)ms_http_slice_skip_fold(&tag, "W/");
        if (ms_http_slice_equal(tag, etag))
            return true;
    }
    return false;
}

/* RFC 9110, 13.2.2: If-None-Match counts, and only without it If-Modified-Since. */
static bool is_unmodified(const struct draft *d)
{
    const struct ms_http_content *content = &d->reply->content;
    struct slice tags = ms_http_request_field(d->request, FIELD_IF_NONE_MATCH);
    struct slice since = ms_http_request_field(d->request, FIELD_IF_MODIFIED_SINCE);
    uint64_t since_s;

    if (content->is_live)
        return false;
    if (tags.bytes)
        return ms_http_slice_equal(tags, ms_http_slice_of("*")) ||
               (content->etag[0] && has_tag(tags, ms_http_slice_of(content->etag)));
    return since.bytes && content->modified_s && ms_http_date_parse(since, &since_s) &&
           content->modified_s <= since_s;
}

/* RFC 9110, 13.1.5: a range of another version must not be sent. */
static bool range_is_wanted(const struct draft *d)
{
    const struct ms_http_content *content = &d->reply->content;
    struct slice condition = ms_http_request_field(d->request, FIELD_IF_RANGE);
    char date[DATE_BYTES];

    if (!ms_http_request_field(d->request, FIELD_RANGE).bytes || is_head(d) || content->is_live)
        return false;
    if (!condition.bytes)
        return true;
    if (content->etag[0] && ms_http_slice_equal(condition, ms_http_slice_of(content->etag)))
        return true;
    return content->modified_s &&
           ms_http_slice_equal(condition, date_in(date, content->modified_s));
}

/* Chooses the part of the content to send, and so the status. */
static enum range_result choose_range(struct draft *d, struct byte_range *range)
{
    *range = (struct byte_range){ .start = 0, .len = d->reply->content.bytes };
    if (!range_is_wanted(d))
        return RANGE_NONE;
    return ms_http_range_parse(ms_http_request_field(d->request, FIELD_RANGE),
                               d->reply->content.bytes, range);
}

static void put_content_range(struct draft *d, const struct byte_range *range)
{
    char bytes[RANGE_BYTES];
    struct text text = ms_http_text_in(bytes, sizeof(bytes));

    ms_http_text_put(&text, "bytes ");
    if (range) {
        ms_http_text_put_number(&text, range->start);
        ms_http_text_put(&text, "-");
        ms_http_text_put_number(&text, range->start + range->len - 1);
    } else {
        ms_http_text_put(&text, "*");
    }
    ms_http_text_put(&text, "/");
    ms_http_text_put_number(&text, d->reply->content.bytes);
    put_field(d, "Content-Range", (struct slice){ text.bytes, text.len });
}

/* What is said of a content whether it is sent or not (RFC 9110, 15.4.5). */
static void put_description(struct draft *d)
{
    const struct ms_http_content *content = &d->reply->content;
    char date[DATE_BYTES];

    if (content->modified_s)
        put_field(d, "Last-Modified", date_in(date, content->modified_s));
    if (content->etag[0])
        put_field(d, "ETag", ms_http_slice_of(content->etag));
    if (content->depends_on_encoding)
        put_field(d, "Vary", ms_http_slice_of("Accept-Encoding"));
    if (content->is_live)
        put_field(d, "Cache-Control", ms_http_slice_of("no-store"));
    else
        put_field(d, "Accept-Ranges", ms_http_slice_of("bytes"));
}

static void answer_part(struct draft *d, uint16_t status, const struct byte_range *range)
{
    struct reply *reply = d->reply;

    begin_head(d, status);
    put_description(d);
    put_field(d, "Content-Type", ms_http_slice_of(reply->content.type));
    if (reply->content.is_gzip)
        put_field(d, "Content-Encoding", ms_http_slice_of("gzip"));
    if (status == 206)
        put_content_range(d, range);
    put_number_field(d, "Content-Length", range->len);
    end_head(d);
    reply->content_bytes = range->len;
    reply->at = range->start;
    reply->end = range->start + range->len;
    if (is_head(d))
        ms_http_reply_end(reply);
}

static void answer_content(struct draft *d)
{
    struct byte_range range;
    enum range_result result;

    if (is_unmodified(d)) {
        begin_head(d, 304);
        put_description(d);
        end_head(d);
        ms_http_reply_end(d->reply);
        return;
    }
    result = choose_range(d, &range);
    if (result == RANGE_UNSATISFIABLE) {
        begin_head(d, 416);
        put_content_range(d, NULL);
        finish_status(d);
        ms_http_reply_end(d->reply);
        return;
    }
    answer_part(d, result == RANGE_SATISFIABLE ? 206 : 200, &range);
}

static void answer_redirect(struct draft *d, const char *path)
{
    struct text *head = d->head;
    size_t room, len;

    begin_head(d, 301);
    ms_http_text_put(head, "Location: /");
    room = head->size - head->len;
    len = ms_http_percent_encode(path, head->bytes + head->len, room);
    if (len >= room) {
        head->is_cut = true;
        return;
    }
    head->len += len;
    ms_http_text_put(head, "/\r\n");
    finish_status(d);
}

static void answer_path(struct draft *d, struct ms_http_source *source,
                        const struct ms_http_query *query)
{
    struct reply *reply = d->reply;
    uint16_t status = source->ops->open(source, query, &reply->content);

    reply->has_content = status == 200;
    if (reply->has_content)
        answer_content(d);
    else if (status == 301)
        answer_redirect(d, query->path);
    else
        answer_status(d, status);
}

static void answer_target(struct draft *d, struct ms_http_source *source)
{
    static const uint16_t statuses[] = {
        [PATH_MALFORMED] = 400,
        [PATH_ESCAPES] = 403,
        [PATH_TOO_LONG] = 414,
    };
    struct slice target = d->request->target;
    char path[PATH_SIZE];
    struct ms_http_query query = {
        .path = path,
        .takes_gzip =
            ms_http_accepts_gzip(ms_http_request_field(d->request, FIELD_ACCEPT_ENCODING)),
    };
    enum path_result result;

    /* RFC 9112, 3.2.2: servers must accept the absolute form. */
    if (ms_http_slice_skip_fold(&target, "http://")) {
        while (target.len > 0 && target.bytes[0] != '/' && target.bytes[0] != '?')
            target = (struct slice){ target.bytes + 1, target.len - 1 };
        if (target.len == 0)
            target = ms_http_slice_of("/");
    }
    result = ms_http_path_clean(target.bytes, target.len, path, &query.is_directory);
    if (result == PATH_OK)
        answer_path(d, source, &query);
    else
        answer_status(d, statuses[result]);
}

void ms_http_reply_make(struct reply *reply, struct text *head, const struct request *request,
                        struct ms_http_source *source, uint64_t wall_s)
{
    struct draft d = { .reply = reply, .head = head, .request = request, .wall_s = wall_s };

    *reply = (struct reply){ .ends_connection =
                                 !request || !ms_http_request_keeps_alive(request) };
    if (!request || request->status)
        answer_status(&d, request ? request->status : 408);
    else if (request->parser.method != HTTP_GET && request->parser.method != HTTP_HEAD)
        answer_status(&d, 405);
    else
        answer_target(&d, source);
    if (head->is_cut) { /* only an address that leads elsewhere is that long */
        ms_http_reply_end(reply);
        *head = ms_http_text_in(head->bytes, head->size);
        answer_status(&d, 414);
    }
}

void ms_http_reply_end(struct reply *reply)
{
    if (reply->has_content)
        reply->content.source->ops->close(&reply->content);
    reply->has_content = false;
    reply->at = reply->end = 0;
}
