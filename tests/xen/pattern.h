/* SPDX-License-Identifier: ISC */
/* The bytes that guests send, and know again: the same over and over. */
#ifndef TESTS_XEN_PATTERN_H
#define TESTS_XEN_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

/* No power of two, so that nothing can be right by chance at another place. */
enum { PATTERN_BYTES = 1000003 };

/* False: there is no memory. */
bool pattern_make(void);
/* The bytes from there to the pattern's end, or `max` of them; *len says how many. */
const uint8_t *pattern_from(uint64_t at, uint64_t max, uint32_t *len);
/* Whether these bytes are those from there on. */
bool pattern_is(uint64_t at, const uint8_t *data, uint32_t len);

#endif
