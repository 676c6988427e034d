/* SPDX-License-Identifier: ISC */
/* Reasons for dropping a frame, as the floors return them. Zero means: go on. */
#ifndef CORE_DROP_H
#define CORE_DROP_H

#include "mstack/drop.h"

#endif
