/* SPDX-License-Identifier: ISC */
/* Buffers of an exact size that end where a page without access begins, and frames made of them. */
#ifndef FUZZ_GUARDED_H
#define FUZZ_GUARDED_H

#include <stddef.h>
#include <stdint.h>

struct ms_frame;

/* A copy of len bytes, at most two pages; the byte after the last one cannot be read. */
uint8_t *guarded_copy(const uint8_t *bytes, size_t len);
/* NULL is allowed. From now on the sanitizer refuses to have the bytes read. */
void guarded_free(const uint8_t *copy);
/* Copies not yet freed. */
unsigned guarded_in_use(void);

/* A frame with one reference: head_len bytes in its head and the rest, if any, in a slice. */
struct ms_frame *guarded_frame(const uint8_t *bytes, uint32_t len, uint32_t head_len);

#endif
