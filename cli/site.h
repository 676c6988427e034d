/* SPDX-License-Identifier: ISC */
/* A directory as what an HTTP server serves. */
#ifndef CLI_SITE_H
#define CLI_SITE_H

#include "blocks.h"
#include "http/http.h"

struct site {
    struct ms_http_source source; /* first */
    struct ms_http_source listings;
    int root; /* open */
    struct blocks blocks;
};

/* The directory stays the caller's, to close after site_free(). */
void site_init(struct site *site, int root);
/* When everything that was lent is back. */
void site_free(struct site *site);

#endif
