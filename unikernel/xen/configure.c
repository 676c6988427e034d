/* SPDX-License-Identifier: ISC */
/* What stands in for an application's own ms_unikernel_configure() if it has none. */
#include "unikernel.h"

void ms_unikernel_configure(struct ms_config *config) { (void)config; }
