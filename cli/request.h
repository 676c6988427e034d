/* SPDX-License-Identifier: ISC */
/* One HTTP request at a time, taken from a stream. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum { REQUEST_TARGET_MAX = 8000, REQUEST_HEAD_MAX = 32768, REQUEST_NAME_SIZE = 24 };

enum request_field {
    FIELD_OTHER,
    FIELD_HOST,
    FIELD_RANGE,
    FIELD_IF_RANGE,
    FIELD_IF_NONE_MATCH,
    FIELD_IF_MODIFIED_SINCE,
    FIELD_COUNT
};

struct request {
    http_parser parser;
    struct text target;
    struct text fields[FIELD_COUNT]; /* bytes is NULL: not there */
    char name[REQUEST_NAME_SIZE];    /* of the field being read; cut if it is none of ours */
    uint8_t name_len;
    uint8_t field; /* enum request_field: whose value is being read */
    bool is_in_value, is_begun, is_head_done, is_complete;
    uint16_t status; /* what to answer instead of the file: 400, 414, 431, 501, 505; or 0 */
    uint32_t head_bytes;
};

void request_init(struct request *request);
/*
 * Takes bytes of the stream up to the end of one request. Returns how many were taken; the others
 * belong to the next. Afterwards either is_complete is set, or a status that ends the connection,
 * or more bytes are needed.
 */
size_t request_feed(struct request *request, const uint8_t *bytes, size_t len);
/* Ready for the next one on the same connection. */
void request_reset(struct request *request);
bool request_keeps_alive(const struct request *request);
/* The value of a field, or NULL. */
const char *request_field(const struct request *request, enum request_field field);

#endif
