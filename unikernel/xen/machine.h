/* SPDX-License-Identifier: ISC */
/* What differs between the two ways that Xen starts a guest, paravirtual (PV) and PVH. */
#ifndef UNIKERNEL_MACHINE_H
#define UNIKERNEL_MACHINE_H

#include "xen_public.h"

struct xencons_interface;
struct xenstore_domain_interface;

/* Filled at the start by one of the two. */
struct machine {
    bool is_pv;
    const unsigned long *frames; /* PV: the machine's number of each frame of ours; else NULL */
    const char *arguments;       /* the command line */
    uint64_t memory_bytes;       /* that the domain was given */
    uint8_t *free_start;         /* of it, what the image leaves, in one piece */
    uint8_t *free_end;
    uint8_t *mapped_end;         /* of that, what may be used from the start */
    const uint64_t *page_tables; /* PV: those of the start; else NULL */
    struct shared_info *shared;
    struct xencons_interface *console_ring;
    struct xenstore_domain_interface *store_ring;
    uint32_t console_port, store_port;
};

/* False: Xen did not give what every guest has, and there is not even a console to say so. */
bool ms_guest_machine_pv(struct machine *machine, const void *start_info);
bool ms_guest_machine_pvh(struct machine *machine, const void *start_info);

/* Lets Xen's grant table be seen at `pages`, page-aligned and in the image's own memory. */
bool ms_guest_map_grants(const struct machine *machine, uint8_t *pages, unsigned count);

/* Maps some more of the free memory from *mapped on, and moves that up. Page tables are taken from
 * *spare, which moves up too; before *mapped there must be three pages of it. */
bool ms_guest_map_more(const struct machine *machine, uint8_t **mapped, uint8_t **spare);

/* The number by which other domains know the page, once it is granted to them. */
uint64_t ms_guest_frame_of(const struct machine *machine, const void *page);

#endif
