/* SPDX-License-Identifier: ISC */
/* Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include "text.h"

/* Seconds since 1970. What lies beyond the year 9999 is written as its last second. */
void ms_http_date_put(struct text *text, uint64_t time_s);
/* Reads that form, the only one that is sent today, from 1970 on; false for any other. */
bool ms_http_date_parse(struct slice date, uint64_t *time_s);

#endif
