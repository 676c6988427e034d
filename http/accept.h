/* SPDX-License-Identifier: ISC */
/* The Accept-Encoding field of a request (RFC 9110, 12.5.3). */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "text.h"

/* Whether gzip is named, and not with a weight of zero. */
bool ms_http_accepts_gzip(struct slice field);

#endif
