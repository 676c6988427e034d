/* SPDX-License-Identifier: ISC */
/* Whether a stack's TCP agrees with itself: every record, list, count and timer. */
#ifndef SUPPORT_TCP_CHECK_H
#define SUPPORT_TCP_CHECK_H

#include "mstack/stack.h"

/* Between calls into the stack, not from its handlers. A sentence, or NULL: all is well. */
const char *ms_tcp_check(const struct ms_stack *stack);

#endif
