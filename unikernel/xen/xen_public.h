/* SPDX-License-Identifier: ISC */
/* Xen's own public headers, of the interface that these files were written for. */
#ifndef UNIKERNEL_XEN_PUBLIC_H
#define UNIKERNEL_XEN_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ 0x00040d00
#endif

#include <xen/xen.h>

enum { PAGE_BYTES = 4096, PAGE_BITS = 12 };

#endif
