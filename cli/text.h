/* SPDX-License-Identifier: ISC */
/* A text that grows, and the pieces that go into responses and reports. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Once memory has run out is_broken stays set and nothing more is added. */
struct text {
    char *bytes; /* ended by a zero unless it is NULL */
    size_t len, capacity;
    bool is_broken;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const char *bytes, size_t len);
/* With & < > " ' as entities. */
void text_add_html(struct text *text, const char *string);
/* In quotation marks, with what JSON wants escaped. */
void text_add_json(struct text *text, const char *string);
void text_free(struct text *text);

enum { HTTP_DATE_SIZE = 30 };
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). */
void http_date_format(time_t time, char date[HTTP_DATE_SIZE]);
/* Reads that form, the only one that is sent today; false for any other. */
bool http_date_parse(const char *date, time_t *time);

#endif
