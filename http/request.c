/* SPDX-License-Identifier: ISC */
/* One HTTP request at a time, taken from a stream. */
#include "request.h"

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_OTHER] = "",
    [FIELD_HOST] = "host",
    [FIELD_RANGE] = "range",
    [FIELD_IF_RANGE] = "if-range",
    [FIELD_IF_NONE_MATCH] = "if-none-match",
    [FIELD_IF_MODIFIED_SINCE] = "if-modified-since",
    [FIELD_ACCEPT_ENCODING] = "accept-encoding",
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

/* The parser hands over a text in as many pieces as it came in, one behind the other here. */
static void extend(struct slice *slice, const char *bytes, size_t len)
{
    if (!slice->bytes)
        slice->bytes = bytes;
    slice->len += len;
}

static int on_target(http_parser *parser, const char *bytes, size_t len)
{
    struct request *request = parser->data;

    if (request->target.len + len > REQUEST_TARGET_MAX)
        return refuse(request, 414);
    extend(&request->target, bytes, len);
    return 0;
}

static int on_field_name(http_parser *parser, const char *bytes, size_t len)
{
    struct request *request = parser->data;

    if (request->is_in_value) {
        request->is_in_value = false;
        request->name = (struct slice){ 0 };
    }
    extend(&request->name, bytes, len);
    return 0;
}

static uint8_t find_field(struct slice name)
{
    uint8_t i = FIELD_COUNT - 1;

    while (i > FIELD_OTHER && !ms_http_slice_equal_fold(name, ms_http_slice_of(field_names[i])))
        i--;
    return i;
}

/* A field comes once. Twice it counts as empty, which asks for nothing special. */
static int begin_value(struct request *request, const char *bytes, size_t len)
{
    struct slice *value;

    request->is_in_value = true;
    /* Behind the head come a body's trailers, which are nobody's. */
    request->field = request->is_head_done ? FIELD_OTHER : find_field(request->name);
    value = &request->fields[request->field];
    if (value->bytes && request->field == FIELD_HOST)
        return refuse(request, 400); /* RFC 9112, 3.2 */
    if (value->bytes) {
        value->len = 0;
        request->field = FIELD_OTHER;
    }
    if (request->field != FIELD_OTHER)
        *value = (struct slice){ bytes, len };
    return 0;
}

static int on_field_value(http_parser *parser, const char *bytes, size_t len)
{
    struct request *request = parser->data;
    struct slice *value = &request->fields[request->field];

    if (!request->is_in_value)
        return begin_value(request, bytes, len);
    if (request->field == FIELD_OTHER)
        return 0;
    if (value->bytes + value->len != bytes)
        return refuse(request, 400); /* folded, which RFC 9112, 5.2 lets us refuse */
    value->len += len;
    return 0;
}

/* Stops before the last byte of the head, so that parse() sees where it is. */
static int on_head_done(http_parser *parser)
{
    struct request *request = parser->data;

    request->is_head_done = true;
    if (parser->http_major != 1)
        return refuse(request, 505);
    if (parser->http_minor >= 1 && !request->fields[FIELD_HOST].bytes)
        return refuse(request, 400);
    http_parser_pause(parser, 1);
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

/* All but the bytes. */
static void begin(struct request *request)
{
    __builtin_memset(request, 0, offsetof(struct request, len));
    request->parsed = 0;
    http_parser_init(&request->parser, HTTP_REQUEST);
    request->parser.data = request;
}

void ms_http_request_init(struct request *request)
{
    begin(request);
    request->len = 0;
}

bool ms_http_request_put(struct request *request, const uint8_t *bytes, uint32_t len)
{
    if (len > REQUEST_BYTES - request->len)
        return false;
    __builtin_memcpy(request->bytes + request->len, bytes, len);
    request->len += len;
    return true;
}

static bool is_finished(const struct request *request)
{
    return request->is_complete || request->status;
}

/* One step of the parser, no further than end, to where it stops or is stopped. */
static uint32_t step(struct request *request, uint32_t end)
{
    size_t taken = http_parser_execute(&request->parser, &settings,
                                       request->bytes + request->parsed, end - request->parsed);
    enum http_errno error = HTTP_PARSER_ERRNO(&request->parser);

    if (error == HPE_PAUSED)
        http_parser_pause(&request->parser, 0);
    else if (error != HPE_OK)
        refuse(request, status_of(error));
    return (uint32_t)taken;
}

/* A giant head is refused at the same byte wherever its segments end. */
static void parse_head(struct request *request)
{
    uint32_t end = request->len < REQUEST_HEAD_MAX ? request->len : REQUEST_HEAD_MAX;

    while (!request->is_head_done && !is_finished(request) && request->parsed < end)
        request->parsed += step(request, end);
    if (!request->is_head_done && request->parsed == REQUEST_HEAD_MAX)
        refuse(request, 431);
}

/* Takes bytes out from behind the head. */
static void drop(struct request *request, uint32_t len)
{
    char *at = request->bytes + request->parsed;

    request->len -= len;
    __builtin_memmove(at, at + len, request->len - request->parsed);
}

uint32_t ms_http_request_parse(struct request *request)
{
    uint32_t dropped = 0;

    parse_head(request);
    while (request->is_head_done && !is_finished(request) && request->len > request->parsed) {
        uint32_t taken = step(request, request->len);

        drop(request, taken);
        dropped += taken;
    }
    return dropped;
}

uint32_t ms_http_request_reset(struct request *request)
{
    uint32_t len = request->parsed;

    request->parsed = 0;
    drop(request, len);
    begin(request);
    return len;
}

bool ms_http_request_keeps_alive(const struct request *request)
{
    return request->is_complete && !request->status && http_should_keep_alive(&request->parser);
}

struct slice ms_http_request_field(const struct request *request, enum request_field field)
{
    return ms_http_slice_trim(request->fields[field]);
}
