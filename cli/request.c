/* SPDX-License-Identifier: ISC */
/* One HTTP request at a time, taken from a stream. */
#include "request.h"

#include <string.h>
#include <strings.h>

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_HOST] = "host",
    [FIELD_RANGE] = "range",
    [FIELD_IF_RANGE] = "if-range",
    [FIELD_IF_NONE_MATCH] = "if-none-match",
    [FIELD_IF_MODIFIED_SINCE] = "if-modified-since",
};

static int refuse(struct request *request, uint16_t status)
{
    if (request->status == 0)
        request->status = status;
    return -1;
}

static int on_begin(http_parser *parser)
{
    struct request *request = parser->data;

    request->is_begun = true;
    return 0;
}

static int on_target(http_parser *parser, const char *bytes, size_t len)
{
    struct request *request = parser->data;

    if (request->target.len + len > REQUEST_TARGET_MAX)
        return refuse(request, 414);
    text_add_bytes(&request->target, bytes, len);
    return 0;
}

static int on_field_name(http_parser *parser, const char *bytes, size_t len)
{
    struct request *request = parser->data;
    size_t room;

    if (request->is_in_value) {
        request->is_in_value = false;
        request->name_len = 0;
    }
    room = REQUEST_NAME_SIZE - 1 - (size_t)request->name_len;
    if (len > room)
        len = room; /* longer than any name we know, so it matches none */
    memcpy(request->name + request->name_len, bytes, len);
    request->name_len = (uint8_t)(request->name_len + len);
    return 0;
}

static enum request_field find_field(const char *name)
{
    for (unsigned i = FIELD_OTHER + 1; i < FIELD_COUNT; i++) {
        if (strcasecmp(name, field_names[i]) == 0)
            return (enum request_field)i;
    }
    return FIELD_OTHER;
}

static int on_field_value(http_parser *parser, const char *bytes, size_t len)
{
    struct request *request = parser->data;

    if (!request->is_in_value) {
        request->is_in_value = true;
        request->name[request->name_len] = 0;
        request->field = request->is_head_done ? FIELD_OTHER : (uint8_t)find_field(request->name);
        if (request->field == FIELD_HOST && request->fields[FIELD_HOST].bytes)
            return refuse(request, 400); /* RFC 9112, 3.2 */
        if (request->field && request->fields[request->field].bytes)
            text_add_bytes(&request->fields[request->field], ", ", 2);
    }
    if (request->field)
        text_add_bytes(&request->fields[request->field], bytes, len);
    return 0;
}

static int on_head_done(http_parser *parser)
{
    struct request *request = parser->data;

    request->is_head_done = true;
    if (parser->http_major != 1)
        return refuse(request, 505);
    if (parser->http_minor >= 1 && !request->fields[FIELD_HOST].bytes)
        return refuse(request, 400);
    return 0;
}

static int on_complete(http_parser *parser)
{
    struct request *request = parser->data;

    request->is_complete = true;
    http_parser_pause(parser, 1); /* the rest belongs to the next request */
    return 0;
}

static const http_parser_settings settings = {
    .on_message_begin = on_begin,
    .on_url = on_target,
    .on_header_field = on_field_name,
    .on_header_value = on_field_value,
    .on_headers_complete = on_head_done,
    .on_message_complete = on_complete,
};

static uint16_t status_of(enum http_errno error)
{
    switch (error) {
    case HPE_INVALID_METHOD: return 501;
    case HPE_HEADER_OVERFLOW: return 431;
    case HPE_INVALID_VERSION: return 505;
    default: return 400;
    }
}

void request_init(struct request *request)
{
    *request = (struct request){ 0 };
    http_parser_init(&request->parser, HTTP_REQUEST);
    request->parser.data = request;
}

size_t request_feed(struct request *request, const uint8_t *bytes, size_t len)
{
    enum http_errno error;
    size_t taken;

    if (request->is_complete || request->status)
        return 0;
    /* Cut at the limit, so that a giant head is refused wherever its segments end. */
    if (!request->is_head_done && len > REQUEST_HEAD_MAX - request->head_bytes)
        len = REQUEST_HEAD_MAX - request->head_bytes;
    taken = http_parser_execute(&request->parser, &settings, (const char *)bytes, len);
    error = HTTP_PARSER_ERRNO(&request->parser);
    if (error == HPE_PAUSED)
        http_parser_pause(&request->parser, 0);
    else if (error != HPE_OK)
        refuse(request, status_of(error));

    if (!request->is_head_done) {
        request->head_bytes += (uint32_t)len;
        if (request->head_bytes >= REQUEST_HEAD_MAX)
            refuse(request, 431);
    }
    return taken;
}

void request_reset(struct request *request)
{
    text_free(&request->target);
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        text_free(&request->fields[i]);
    request_init(request);
}

bool request_keeps_alive(const struct request *request)
{
    return request->is_complete && !request->status && http_should_keep_alive(&request->parser);
}

const char *request_field(const struct request *request, enum request_field field)
{
    return request->fields[field].bytes;
}
