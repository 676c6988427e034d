/* SPDX-License-Identifier: ISC */
/* Writes text into a buffer that it never overruns, without a libc. For wire/print only. */
#ifndef WIRE_PRINT_TEXT_H
#define WIRE_PRINT_TEXT_H

#include "core/bytes.h"
#include "core/drop.h"

struct text {
    char *data;
    size_t size;
    size_t len;
    bool is_cut;
};

void ms_text_char(struct text *text, char c);
void ms_text_string(struct text *text, const char *string);
void ms_text_number(struct text *text, uint64_t number);
void ms_text_hex(struct text *text, uint64_t number);
void ms_text_named(struct text *text, const char *name, uint64_t number);
/* In brackets, why a parser refused what comes next. */
void ms_text_drop(struct text *text, enum ms_drop drop);
void ms_text_mac(struct text *text, const uint8_t *address);
void ms_text_ipv4(struct text *text, uint32_t address);
/* The shortest form, as RFC 5952 has it. */
void ms_text_ipv6(struct text *text, const uint8_t *address);
/* Terminates, with "..." when something did not fit, and returns the length. */
size_t ms_text_finish(struct text *text);

#endif
