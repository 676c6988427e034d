/* SPDX-License-Identifier: ISC */
/* Which families of addresses are built in: what a build leaves out, its compiler sees as such. */
#ifndef CORE_FAMILY_H
#define CORE_FAMILY_H

#include <stdbool.h>

#ifdef MS_WITHOUT_IPV6
#define MS_HAS_IPV6 false
#else
#define MS_HAS_IPV6 true
#endif

#endif
