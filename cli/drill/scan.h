/* SPDX-License-Identifier: ISC */
/* Reads the text of a script word by word, and says what is wrong with it. */
#ifndef CLI_DRILL_SCAN_H
#define CLI_DRILL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAULT_BYTES = 512 };

/* What is wrong, in words. */
struct fault {
    char text[FAULT_BYTES];
};

/* Always false, so that a parser can end with it. */
bool fault_is(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A place in a text that ends in a zero. All but scan_rest() skip spaces first. */
struct scan {
    const char *at;
};

bool scan_end(struct scan *scan);
/* Each is false, and has not moved, where the text goes on in another way. */
bool scan_word(struct scan *scan, const char *word);                 /* these characters */
bool scan_number(struct scan *scan, uint64_t max, uint64_t *number); /* decimal, or 0x... */
bool scan_number32(struct scan *scan, uint32_t *number);
bool scan_seconds(struct scan *scan, int64_t *us); /* "1", "0.25", ".1" */
/* Letters, digits and '_'; what does not fit is left out. */
bool scan_name(struct scan *scan, char *name, size_t size);

#endif
