/* SPDX-License-Identifier: ISC */
/* The Content-Range field of a response (RFC 9110, 14.4). */
#ifndef CLI_CONTENT_RANGE_H
#define CLI_CONTENT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct byte_range {
    uint64_t start, len;
};

/* Reads "bytes 0-499/1234"; an unknown size ("*") gives UINT64_MAX. */
bool content_range_parse(const char *text, struct byte_range *range, uint64_t *size);

#endif
