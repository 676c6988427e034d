/* SPDX-License-Identifier: ISC */
/* Prints the counters that are not zero. */
#ifndef CLI_STATS_H
#define CLI_STATS_H

#include <stdio.h>

#include "device.h"

/* The stack's counters, drops, and what the lossy wrapper did: a line each, number and name first.
 */
void stats_print(FILE *out, const struct device *device);
/* The name of a drop as in MS_DROP_LIST: "TCP_DUPLICATE". */
const char *drop_name(unsigned drop);

#endif
