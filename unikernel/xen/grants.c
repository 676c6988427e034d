/* SPDX-License-Identifier: ISC */
/* The grant table, its first version: eight bytes an entry, and the flags are what counts. */
#include "grants.h"

_Static_assert(sizeof(grant_entry_v1_t) == 8, "as many entries as GRANT_ENTRIES says");

void ms_guest_grants_init(struct grants *grants, void *entries)
{
    *grants = (struct grants){ .entries = entries };
    /* Lowest first. Those of the console and the xenstore are not ours to give. */
    for (uint16_t i = GRANT_ENTRIES - 1; i >= GNTTAB_NR_RESERVED_ENTRIES; i--) {
        grants->next[i] = grants->first_free;
        grants->first_free = i;
        grants->free_count++;
    }
}

uint32_t ms_guest_grants_give(struct grants *grants, uint16_t domain, uint64_t frame,
                              bool is_readonly)
{
    uint16_t reference = grants->first_free;
    grant_entry_v1_t *entry = &grants->entries[reference];

    if (reference == 0 || frame > UINT32_MAX)
        return 0;
    grants->first_free = grants->next[reference];
    grants->free_count--;
    entry->domid = domain;
    entry->frame = (uint32_t)frame;
    /* The flags make it valid, so they come last. */
    __atomic_store_n(&entry->flags, GTF_permit_access | (is_readonly ? GTF_readonly : 0),
                     __ATOMIC_RELEASE);
    return reference;
}

bool ms_guest_grants_revoke(struct grants *grants, uint32_t reference)
{
    uint16_t *flags = &grants->entries[reference].flags;
    uint16_t seen = __atomic_load_n(flags, __ATOMIC_RELAXED);

    /* Xen sets the two bits of use in one step with looking at the rest; so must we clear it. */
    do {
        if (seen & (GTF_reading | GTF_writing))
            return false;
    } while (
        !__atomic_compare_exchange_n(flags, &seen, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    grants->next[reference] = grants->first_free;
    grants->first_free = (uint16_t)reference;
    grants->free_count++;
    return true;
}
