/* SPDX-License-Identifier: ISC */
/* Picks the checksum on processors for which there is no vector one. */
#include "core/checksum.h"

ms_checksum_fn *ms_checksum_pick(void) { return ms_checksum_scalar; }
