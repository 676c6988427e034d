/* SPDX-License-Identifier: ISC */
/* What a guest counts. */
#ifndef TESTS_XEN_REPORT_H
#define TESTS_XEN_REPORT_H

#include "text.h"
#include "unikernel.h"

/* One a line: each counter of the stack that is not 0, the interface's, and what is left of memory
 * and grants. */
void report_put(struct text *text, const struct ms_unikernel *unikernel);

#endif
