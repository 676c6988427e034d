/* SPDX-License-Identifier: ISC */
/* The command line: words like `ip=10.99.0.2/24`, with spaces between. */
#ifndef UNIKERNEL_ARGUMENTS_H
#define UNIKERNEL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mstack/addr.h"

/*
 * The value of the `which`-th word of that name, from 0 on. False: there is none; a value too long
 * counts as empty.
 */
bool ms_guest_argument(const char *arguments, const char *name, unsigned which, char *value,
                       size_t size);
/* Reads "10.0.0.1/24" or "fd00::1/64"; without the slash the prefix is the whole address. */
bool ms_guest_argument_prefix(char *text, struct ms_addr *addr, uint8_t *prefix_len);

#endif
