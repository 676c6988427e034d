/* SPDX-License-Identifier: ISC */
/* Time, from the page that Xen shares. */
#ifndef UNIKERNEL_CLOCK_H
#define UNIKERNEL_CLOCK_H

#include "xen_public.h"

/* Nanoseconds since Xen started. Never goes back on one processor. */
uint64_t ms_guest_clock_ns(const struct shared_info *shared);
/* Nanoseconds since 1970 (UTC), at the moment when the other clock said 0. */
uint64_t ms_guest_clock_epoch_ns(const struct shared_info *shared);

#endif
