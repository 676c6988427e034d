/* SPDX-License-Identifier: ISC */
/* Reads the values of options: pure functions from text to numbers and addresses. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "mstack/addr.h"

struct prefixed_addr {
    struct ms_addr addr;
    uint8_t prefix_len; /* of the address's own family */
};

/* Each returns false, and leaves the result alone, if text is not what its name says. */
bool value_percent(const char *text, double *percent); /* 0 to 100, fractions allowed */
bool value_seconds(const char *text, double *seconds); /* 0 to a million, fractions allowed */
bool value_number(const char *text, uint64_t max, uint64_t *number);      /* decimal, 0 to max */
bool value_prefixed_addr(const char *text, struct prefixed_addr *result); /* "192.0.2.1/24" */

#endif
