/* SPDX-License-Identifier: ISC */
/* Text put together piece by piece, in room of a fixed size: what does not fit is left out. */
#ifndef UNIKERNEL_TEXT_H
#define UNIKERNEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ended by a NUL at all times. */
struct text {
    char *bytes;
    size_t len, size;
    bool is_cut; /* something was left out */
};

/* size is at least 1. */
struct text ms_guest_text_in(char *bytes, size_t size);
void ms_guest_text_put(struct text *text, const char *string);
void ms_guest_text_put_bytes(struct text *text, const char *bytes, size_t len);
void ms_guest_text_put_number(struct text *text, uint64_t number);

size_t ms_guest_text_len(const char *string);
bool ms_guest_text_equal(const char *a, const char *b);
/* Reads a decimal number of at most `max`, which ends where the text does. */
bool ms_guest_text_number(const char *string, uint64_t max, uint64_t *number);

#endif
