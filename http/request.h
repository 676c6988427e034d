/* SPDX-License-Identifier: ISC */
/*
 * One HTTP request at a time, taken from a stream. What came in stays where it was put, and the
 * request points into it.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <http_parser.h>

#include "text.h"

/* A head that is too long is known as such while there is still room for more. */
enum { REQUEST_BYTES = 10240, REQUEST_HEAD_MAX = 8192, REQUEST_TARGET_MAX = 4096 };

enum request_field {
    FIELD_OTHER,
    FIELD_HOST,
    FIELD_RANGE,
    FIELD_IF_RANGE,
    FIELD_IF_NONE_MATCH,
    FIELD_IF_MODIFIED_SINCE,
    FIELD_ACCEPT_ENCODING,
    FIELD_COUNT
};

struct request {
    http_parser parser;
    struct slice target;
    struct slice fields[FIELD_COUNT];
    struct slice name; /* of the field being read */
    uint8_t field;     /* enum request_field: whose value is being read */
    bool is_in_value, is_begun, is_head_done, is_complete;
    uint16_t status; /* what to answer instead of the content: 400, 414, 431, 501, 505; or 0 */
    uint32_t len;    /* bytes held: of this request, and of what follows it */
    uint32_t parsed; /* of them parsed: the head of this request */
    char bytes[REQUEST_BYTES];
};

/* Before the first use; nothing is held. */
void ms_http_request_init(struct request *request);
/* Holds more bytes of the stream. False: there is no room for all of them. */
bool ms_http_request_put(struct request *request, const uint8_t *bytes, uint32_t len);
/*
 * Parses what is held, up to the end of one request. Afterwards either is_complete is set, or a
 * status that ends the connection, or more bytes are needed. Returns how many bytes are held no
 * more: those of a body, which nobody reads.
 */
uint32_t ms_http_request_parse(struct request *request);
/* Ready for the next one. Returns how many bytes are held no more. */
uint32_t ms_http_request_reset(struct request *request);
bool ms_http_request_keeps_alive(const struct request *request);
/* The value of a field; bytes are NULL if it is not there, and empty if it comes twice. */
struct slice ms_http_request_field(const struct request *request, enum request_field field);

#endif
