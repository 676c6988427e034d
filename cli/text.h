/* SPDX-License-Identifier: ISC */
/* A text that grows, and the pieces that go into responses and reports. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
