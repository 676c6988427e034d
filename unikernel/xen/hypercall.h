/* SPDX-License-Identifier: ISC */
/* The one way into Xen. */
#ifndef UNIKERNEL_HYPERCALL_H
#define UNIKERNEL_HYPERCALL_H

#include <stdint.h>

/* Calls __HYPERVISOR_op with up to four arguments, of which unused ones are 0. Negative: an error
 * of <xen/errno.h>. */
int64_t ms_guest_hypercall(unsigned op, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

static inline uint64_t argument_of(const void *pointer) { return (uint64_t)(uintptr_t)pointer; }

#endif
