/* SPDX-License-Identifier: ISC */
/* The grant table: which pages of ours other domains may use. */
#ifndef UNIKERNEL_GRANTS_H
#define UNIKERNEL_GRANTS_H

#include "xen_public.h"

#include <xen/grant_table.h>

/* Of 512 entries each. A queue of a network device needs one page at least. */
enum { GRANT_PAGES = 8, GRANT_ENTRIES = GRANT_PAGES * PAGE_BYTES / 8 };

struct grants {
    grant_entry_v1_t *entries; /* shared with Xen */
    uint16_t next[GRANT_ENTRIES];
    uint16_t first_free; /* 0: none */
    uint16_t free_count;
};

void ms_guest_grants_init(struct grants *grants, void *entries);
/* 0: no reference is left. Else the domain may use the frame until it is revoked. */
uint32_t ms_guest_grants_give(struct grants *grants, uint16_t domain, uint64_t frame,
                              bool is_readonly);
/* False: the domain still has it mapped, and nothing was changed. */
bool ms_guest_grants_revoke(struct grants *grants, uint32_t reference);

#endif
