/* SPDX-License-Identifier: ISC */
/* Where mstack differs from the oracle on purpose: docs/differences.md, "Than the oracle". */
#ifndef GRID_ARGUED_H
#define GRID_ARGUED_H

#include "oracle.h"

/* True: *verdict is what is to happen instead. */
bool argued_verdict(const struct oracle_connection *connection,
                    const struct oracle_segment *segment, struct oracle_verdict *verdict);

#endif
