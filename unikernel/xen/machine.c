/* SPDX-License-Identifier: ISC */
/* Chooses between the two kinds of machine. */
#include "machine.h"

#include "hypercall.h"
#include "machine_kinds.h"

bool ms_guest_map_grants(const struct machine *machine, uint8_t *pages, unsigned count)
{
    return machine->is_pv ? ms_guest_map_grants_pv(pages, count)
                          : ms_guest_map_grants_pvh(pages, count);
}

bool ms_guest_map_more(const struct machine *machine, uint8_t **mapped, uint8_t **spare)
{
    /* In PVH all is mapped from the start. */
    return machine->is_pv && ms_guest_map_more_pv(machine, mapped, spare);
}

uint64_t ms_guest_frame_of(const struct machine *machine, const void *page)
{
    uint64_t number = argument_of(page) >> PAGE_BITS;

    return machine->frames ? machine->frames[number] : number;
}
