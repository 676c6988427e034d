/* SPDX-License-Identifier: ISC */
/* One line of text for a frame, for tests and traces. Not part of the library itself. */
#ifndef WIRE_PRINT_H
#define WIRE_PRINT_H

#include "core/bytes.h"

/*
 * Writes a line like tcpdump's, without a newline and always terminated when size > 0. Returns
 * its length; text too long for size is cut and ends in "...".
 */
size_t ms_print_frame(char *text, size_t size, const uint8_t *frame, size_t len, bool is_ethernet);

#endif
