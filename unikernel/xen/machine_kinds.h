/* SPDX-License-Identifier: ISC */
/* What machine.c chooses from. */
#ifndef UNIKERNEL_MACHINE_KINDS_H
#define UNIKERNEL_MACHINE_KINDS_H

#include <stdbool.h>
#include <stdint.h>

bool ms_guest_map_grants_pv(uint8_t *pages, unsigned count);
bool ms_guest_map_grants_pvh(uint8_t *pages, unsigned count);

#endif
