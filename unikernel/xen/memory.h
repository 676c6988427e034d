/* SPDX-License-Identifier: ISC */
/* The four functions that the compiler and the library need, which no libc provides here. */
#ifndef UNIKERNEL_MEMORY_H
#define UNIKERNEL_MEMORY_H

#include <stdalign.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif
