/* SPDX-License-Identifier: ISC */
/* What machine.c chooses from. */
#ifndef UNIKERNEL_MACHINE_KINDS_H
#define UNIKERNEL_MACHINE_KINDS_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

bool ms_guest_map_grants_pv(uint8_t *pages, unsigned count);
bool ms_guest_map_grants_pvh(uint8_t *pages, unsigned count);
bool ms_guest_map_more_pv(const struct machine *machine, uint8_t **mapped, uint8_t **spare);

#endif
