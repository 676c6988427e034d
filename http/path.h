/* SPDX-License-Identifier: ISC */
/* Paths of requests: percent-decoding, and a clean path relative to the root. */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

enum { PATH_SIZE = 4096 }; /* longest decoded path, with its final zero */

/* Decodes %XX (RFC 3986, 2.1) and ends with a zero; out may be text. False: malformed, a zero byte,
 * or no room. */
bool ms_http_percent_decode(const char *text, size_t len, char *out, size_t size);
/* Encodes all but unreserved characters and '/'. Returns the length that it has (or would have had,
 * if size is too small; then out is cut), like snprintf(). */
size_t ms_http_percent_encode(const char *text, char *out, size_t size);

enum path_result {
    PATH_OK,
    PATH_MALFORMED, /* 400 */
    PATH_ESCAPES,   /* ".." above the root: 403 */
    PATH_TOO_LONG,  /* 414 */
};
/*
 * Turns a request's target ("/a/%62/../c?query") into a path relative to the root ("a/c"), without
 * empty, "." or ".." parts; the root itself is "". A final '/' is kept as *is_directory.
 */
enum path_result ms_http_path_clean(const char *target, size_t len, char path[PATH_SIZE],
                            bool *is_directory);

#endif
