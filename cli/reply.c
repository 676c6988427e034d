/* SPDX-License-Identifier: ISC */
/* What a request is answered with. */
#include "reply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mime.h"
#include "path.h"
#include "range.h"
#include "site.h"

enum { ETAG_SIZE = 64, EXTRA_SIZE = 3 * PATH_SIZE + 64 };

/* A reply while it is made. */
struct draft {
    struct reply *reply;
    const struct request *request; /* NULL: none was read */
    time_t now;
    bool has_content_length;
    const char *content_type; /* NULL: no such field */
    char extra[EXTRA_SIZE];   /* more fields, each ended by CR LF */
};

static bool is_head(const struct draft *d)
{
    return d->request && d->request->parser.method == HTTP_HEAD;
}

static void add_extra(struct draft *d, const char *name, const char *value)
{
    size_t used = strlen(d->extra);

    snprintf(d->extra + used, sizeof(d->extra) - used, "%s: %s\r\n", name, value);
}

static void write_head(struct draft *d)
{
    struct reply *reply = d->reply;
    struct text *head = &reply->head;
    bool is_http_1_0 =
        d->request && d->request->parser.http_major == 1 && d->request->parser.http_minor == 0;
    char date[HTTP_DATE_SIZE];

    http_date_format(d->now, date);
    text_add(head, "HTTP/1.1 %u %s\r\nServer: mstack\r\nDate: %s\r\n", reply->status,
             http_status_str((enum http_status)reply->status), date);
    if (d->content_type)
        text_add(head, "Content-Type: %s\r\n", d->content_type);
    if (d->has_content_length)
        text_add(head, "Content-Length: %" PRIu64 "\r\n", reply->content_length);
    text_add(head, "%s", d->extra);
    if (reply->ends_connection)
        text_add(head, "Connection: close\r\n");
    else if (is_http_1_0)
        text_add(head, "Connection: keep-alive\r\n");
    text_add(head, "\r\n");
}

/* Ends the draft with a page that is already in reply->body. */
static void finish_page(struct draft *d, uint16_t status, const char *type)
{
    struct reply *reply = d->reply;

    reply->status = status;
    reply->content_length = reply->body.len;
    d->content_type = type;
    d->has_content_length = true;
    write_head(d);
    if (is_head(d))
        text_free(&reply->body);
}

static void finish_status(struct draft *d, uint16_t status)
{
    text_add(&d->reply->body, "%u %s\n", status, http_status_str((enum http_status)status));
    finish_page(d, status, "text/plain; charset=utf-8");
}

static uint16_t status_of_errno(int why)
{
    switch (why) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: return 404;
    case EXDEV: /* a symbolic link that leads outside */
    case ELOOP:
    case EACCES:
    case EPERM: return 403;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM: return 503;
    default: return 500;
    }
}

/* RFC 9110, 13.2.2: If-None-Match counts, and only without it If-Modified-Since. */
static bool is_unmodified(const struct request *request, const char *etag, time_t modified)
{
    const char *tags = request_field(request, FIELD_IF_NONE_MATCH);
    const char *since_text = request_field(request, FIELD_IF_MODIFIED_SINCE);
    time_t since;

    if (tags)
        return strcmp(tags, "*") == 0 || strstr(tags, etag);
    return since_text && http_date_parse(since_text, &since) && modified <= since;
}

/* RFC 9110, 13.1.5: a range of another version must not be sent. */
static bool range_is_wanted(const struct request *request, const char *etag, const char *modified)
{
    const char *condition = request_field(request, FIELD_IF_RANGE);

    if (!request_field(request, FIELD_RANGE) || request->parser.method != HTTP_GET)
        return false;
    return !condition || strcmp(condition, etag) == 0 || strcmp(condition, modified) == 0;
}

/* Chooses the part of the file to send. False: there is no such part, and the answer is ready. */
static bool choose_range(struct draft *d, const char *etag, const char *modified)
{
    struct reply *reply = d->reply;
    struct byte_range range = { .start = 0, .len = reply->id.size };
    enum range_result result = RANGE_NONE;
    char text[80];

    if (range_is_wanted(d->request, etag, modified))
        result = range_parse(request_field(d->request, FIELD_RANGE), reply->id.size, &range);
    if (result == RANGE_UNSATISFIABLE) {
        snprintf(text, sizeof(text), "bytes */%" PRIu64, reply->id.size);
        add_extra(d, "Content-Range", text);
        finish_status(d, 416);
        return false;
    }
    reply->status = 200;
    if (result == RANGE_SATISFIABLE) {
        snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.start,
                 range.start + range.len - 1, reply->id.size);
        add_extra(d, "Content-Range", text);
        reply->status = 206;
    }
    reply->at = range.start;
    reply->end = range.start + range.len;
    reply->content_length = range.len;
    return true;
}

static void send_nothing_of_the_file(struct reply *reply)
{
    close(reply->fd);
    reply->fd = -1;
    reply->at = reply->end = 0;
}

/* Takes over fd. */
static void finish_file(struct draft *d, int fd, const struct stat *stat, const char *name)
{
    struct reply *reply = d->reply;
    char etag[ETAG_SIZE], modified[HTTP_DATE_SIZE];

    reply->fd = fd;
    reply->id = file_id(stat);
    snprintf(etag, sizeof(etag), "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"", reply->id.inode,
             (uint64_t)reply->id.modified_s * 1000000000u + (uint64_t)reply->id.modified_ns,
             reply->id.size);
    http_date_format(stat->st_mtime, modified);
    add_extra(d, "Last-Modified", modified);
    add_extra(d, "ETag", etag);
    add_extra(d, "Accept-Ranges", "bytes");

    if (is_unmodified(d->request, etag, stat->st_mtime)) {
        reply->status = 304;
        write_head(d);
        send_nothing_of_the_file(reply);
        return;
    }
    if (!choose_range(d, etag, modified)) {
        send_nothing_of_the_file(reply);
        return;
    }
    d->content_type = mime_type(name);
    d->has_content_length = true;
    write_head(d);
    if (is_head(d))
        send_nothing_of_the_file(reply);
}

static void finish_redirect(struct draft *d, const char *path)
{
    char encoded[3 * PATH_SIZE + 4] = "/";

    percent_encode(path, encoded + 1, sizeof(encoded) - 2);
    strcat(encoded, "/");
    add_extra(d, "Location", encoded);
    finish_status(d, 301);
}

/* Takes over fd, an open directory. */
static void finish_directory(struct draft *d, int root, int fd, const char *path)
{
    char shown[PATH_SIZE + 2] = "/", index_path[PATH_SIZE + 16];
    struct stat stat;
    int index_fd;

    /* From the root, not from fd: a symbolic link may lead anywhere below the root. */
    snprintf(index_path, sizeof(index_path), "%s/index.html", path);
    index_fd = site_open(root, index_path, &stat);

    if (index_fd >= 0 && S_ISREG(stat.st_mode)) {
        close(fd);
        finish_file(d, index_fd, &stat, "index.html");
        return;
    }
    if (index_fd >= 0)
        close(index_fd);
    if (strcmp(path, ".") != 0)
        snprintf(shown, sizeof(shown), "/%s/", path);
    if (site_list(fd, shown, &d->reply->body)) {
        finish_page(d, 200, "text/html; charset=utf-8");
        return;
    }
    text_free(&d->reply->body);
    finish_status(d, 500);
}

static void finish_path(struct draft *d, int root, const char *path, bool is_directory)
{
    struct stat stat;
    int fd = site_open(root, path, &stat);

    if (fd < 0) {
        finish_status(d, status_of_errno(errno));
    } else if (S_ISREG(stat.st_mode) && is_directory) {
        close(fd);
        finish_status(d, 404);
    } else if (S_ISREG(stat.st_mode)) {
        finish_file(d, fd, &stat, path);
    } else if (!is_directory) {
        close(fd);
        finish_redirect(d, path);
    } else {
        finish_directory(d, root, fd, path);
    }
}

static void finish_target(struct draft *d, int root)
{
    static const uint16_t statuses[] = {
        [PATH_MALFORMED] = 400,
        [PATH_ESCAPES] = 403,
        [PATH_TOO_LONG] = 414,
    };
    const struct text *target = &d->request->target;
    char path[PATH_SIZE];
    bool is_directory = false;
    size_t skipped = 0;
    enum path_result result;

    /* RFC 9112, 3.2.2: servers must accept the absolute form. */
    if (target->len > 7 && strncasecmp(target->bytes, "http://", 7) == 0)
        skipped = 7 + strcspn(target->bytes + 7, "/?");
    if (skipped && skipped == target->len)
        result = path_clean("/", 1, path, &is_directory);
    else
        result = path_clean(target->bytes ? target->bytes + skipped : "", target->len - skipped,
                            path, &is_directory);
    if (result == PATH_OK)
        finish_path(d, root, path, is_directory);
    else
        finish_status(d, statuses[result]);
}

void reply_make(struct reply *reply, const struct request *request, int root, time_t now)
{
    struct draft d = { .reply = reply, .request = request, .now = now };

    *reply = (struct reply){ .fd = -1, .ends_connection = !request_keeps_alive(request) };
    if (request->status || request->target.is_broken) {
        finish_status(&d, request->status ? request->status : 503);
    } else if (request->parser.method != HTTP_GET && request->parser.method != HTTP_HEAD) {
        add_extra(&d, "Allow", "GET, HEAD");
        finish_status(&d, 405);
    } else {
        finish_target(&d, root);
    }
}

void reply_make_error(struct reply *reply, uint16_t status, time_t now)
{
    struct draft d = { .reply = reply, .now = now };

    *reply = (struct reply){ .fd = -1, .ends_connection = true };
    finish_status(&d, status);
}

void reply_free(struct reply *reply)
{
    text_free(&reply->head);
    text_free(&reply->body);
    if (reply->fd >= 0)
        close(reply->fd);
    reply->fd = -1;
}
