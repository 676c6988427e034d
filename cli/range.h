/* SPDX-License-Identifier: ISC */
/* The Range field of a request (RFC 9110, 14.1), single ranges only. */
#ifndef CLI_RANGE_H
#define CLI_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range_result {
    RANGE_NONE,          /* not understood, or more than one: the whole file is sent */
    RANGE_SATISFIABLE,   /* 206 */
    RANGE_UNSATISFIABLE, /* 416 */
};
struct byte_range {
    uint64_t start, len;
};

/* Reads "bytes=0-499", "bytes=500-" or "bytes=-500" for a file of size bytes. */
enum range_result range_parse(const char *text, uint64_t size, struct byte_range *range);
/* Reads a response's "bytes 0-499/1234"; an unknown size ("*") gives UINT64_MAX. */
bool content_range_parse(const char *text, struct byte_range *range, uint64_t *size);

#endif
