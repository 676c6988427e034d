/* SPDX-License-Identifier: ISC */
/* Text: pieces of a request that stay where they are, and replies in room of a fixed size. */
#ifndef HTTP_TEXT_H
#define HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Somebody else's bytes, without a final zero. bytes NULL: not there. */
struct slice {
    const char *bytes;
    size_t len;
};

struct slice ms_http_slice_of(const char *string);
bool ms_http_slice_equal(struct slice a, struct slice b);
/* Whatever the case of the letters. */
bool ms_http_slice_equal_fold(struct slice a, struct slice b);
/* Takes the prefix off, whatever the case of its letters. False: it begins otherwise. */
bool ms_http_slice_skip_fold(struct slice *slice, const char *prefix);
/* Takes a decimal number off. False: there is none, or it is beyond 2^64 - 1. */
bool ms_http_slice_take_number(struct slice *slice, uint64_t *number);
/* Takes off what stands before the byte (all, if it is not there) and the byte too. */
struct slice ms_http_slice_take_until(struct slice *slice, char byte);
/* Without spaces and tabs at both ends. */
struct slice ms_http_slice_trim(struct slice slice);

/* What does not fit is left out as a whole, and so is all that would follow. */
struct text {
    char *bytes;
    size_t len, size;
    bool is_cut;
};

struct text ms_http_text_in(char *bytes, size_t size);
void ms_http_text_put(struct text *text, const char *string);
void ms_http_text_put_slice(struct text *text, struct slice slice);
void ms_http_text_put_number(struct text *text, uint64_t number);
void ms_http_text_put_hex(struct text *text, uint64_t number);
/* In quotation marks, with what JSON wants escaped. */
void ms_http_text_put_json(struct text *text, const char *string);

#endif
