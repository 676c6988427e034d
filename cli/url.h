/* SPDX-License-Identifier: ISC */
/* URLs with a literal address: http://192.0.2.1:8080/path or http://[2001:db8::1]/path. */
#ifndef CLI_URL_H
#define CLI_URL_H

#include <stddef.h>
#include <stdint.h>

#include "mstack/addr.h"

enum { URL_AUTHORITY_SIZE = 64, URL_LENGTH_MAX = 8000 };

struct url {
    struct ms_addr addr;
    uint16_t port;
    char authority[URL_AUTHORITY_SIZE]; /* for the Host field: as written, without user or blanks */
    const char *target;                 /* inside the text given: "/path?query", or "" for "/" */
    size_t target_len;                  /* without the fragment */
};

/* NULL, or what is wrong with text. */
const char *url_parse(const char *text, struct url *url);
/* The last part of the path, decoded, fit for a file name; false if there is none. */
bool url_file_name(const struct url *url, char *name, size_t size);

#endif
