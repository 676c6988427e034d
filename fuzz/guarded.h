/* SPDX-License-Identifier: ISC */
/* Buffers of an exact size that end where a page without access begins. */
#ifndef FUZZ_GUARDED_H
#define FUZZ_GUARDED_H

#include <stddef.h>
#include <stdint.h>

/* A copy of len bytes, at most two pages; the byte after the last one cannot be read. */
uint8_t *guarded_copy(const uint8_t *bytes, size_t len);
/* NULL is allowed. */
void guarded_free(const uint8_t *copy);
/* Copies not yet freed. */
unsigned guarded_in_use(void);

#endif
