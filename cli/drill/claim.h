/* SPDX-License-Identifier: ISC */
/* What a script claims of a connection: %{ assert tcpi_unacked == 1 }% */
#ifndef CLI_DRILL_CLAIM_H
#define CLI_DRILL_CLAIM_H

#include "drill/scan.h"
#include "mstack/mstack.h"

/* tcp NULL: there is no connection. False: it is not so, or not understood. */
bool claim_holds(const char *text, const struct ms_tcp *tcp, struct fault *fault);

#endif
