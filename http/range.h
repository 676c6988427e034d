/* SPDX-License-Identifier: ISC */
/* The Range field of a request (RFC 9110, 14.1), single ranges only. */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include "text.h"

enum range_result {
    RANGE_NONE,          /* not understood, or more than one: the whole content is sent */
    RANGE_SATISFIABLE,   /* 206 */
    RANGE_UNSATISFIABLE, /* 416 */
};
struct byte_range {
    uint64_t start, len;
};

/* Reads "bytes=0-499", "bytes=500-" or "bytes=-500" for a content of size bytes. */
enum range_result ms_http_range_parse(struct slice text, uint64_t size, struct byte_range *range);

#endif
