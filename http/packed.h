/* SPDX-License-Identifier: ISC */
/* A source of files that are in memory already: tools/pack_site.py makes them part of an image. */
#ifndef HTTP_PACKED_H
#define HTTP_PACKED_H

#include "http.h"

struct ms_http_file {
    const char *path; /* relative, with slashes */
    const char *tag;  /* another one whenever the bytes are others */
    const uint8_t *bytes;
    const uint8_t *gzip; /* the same, compressed; NULL: it would be no smaller */
    uint64_t len, gzip_len;
};

/* Sorted by path, as bytes. */
struct ms_http_files {
    const struct ms_http_file *files;
    uint64_t count;
};

struct ms_http_packed {
    struct ms_http_source source; /* first */
    const struct ms_http_files *files;
};

/* Serves the files where they lie. A directory is its index.html. */
void ms_http_packed_init(struct ms_http_packed *packed, const struct ms_http_files *files);

#endif
