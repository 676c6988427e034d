/* SPDX-License-Identifier: ISC */
/* What the tests of wire/ share: cmocka, and bytes in memory of exactly their size. */
#ifndef TESTS_WIRE_EXACT_H
#define TESTS_WIRE_EXACT_H

#include "core/bytes.h"
#include "core/drop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A copy that a sanitizer sees the end of. Give it back with exact_free(). */
static inline struct bytes exact(const void *data, size_t len)
{
    uint8_t *copy = malloc(len);

    if (len > 0)
        memcpy(copy, data, len);
    return bytes_of(copy, len);
}

static inline void exact_free(struct bytes b) { free((void *)(uintptr_t)b.data); }

#endif
