/* SPDX-License-Identifier: ISC */
/* A paravirtual guest: the hypervisor owns the page tables, and maps what it is asked to. */
#include "machine.h"

#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#include "hypercall.h"
#include "machine_kinds.h"
#include "memory.h"

/* Present, writable, accessed, dirty. */
enum { PAGE_FLAGS = 0x63, GRANT_PAGES_MAX = 16 };

/* A page whose place the shared info takes. */
static alignas(PAGE_BYTES) uint8_t shared_page[PAGE_BYTES];

static bool map_frame(const void *at, uint64_t frame)
{
    return ms_guest_hypercall(__HYPERVISOR_update_va_mapping, argument_of(at),
                              frame << PAGE_BITS | PAGE_FLAGS, UVMF_INVLPG, 0) == 0;
}

/* Where a page lies whose machine frame is known: Xen has a table of them, mapped for everybody. */
static void *page_of(uint64_t machine_frame)
{
    const unsigned long *to_ours = (const unsigned long *)MACH2PHYS_VIRT_START;

    return (void *)(to_ours[machine_frame] << PAGE_BITS);
}

bool ms_guest_machine_pv(struct machine *machine, const void *start_info)
{
    const struct start_info *start = start_info;

    *machine = (struct machine){
        .is_pv = true,
        .frames = (const unsigned long *)start->mfn_list,
        .arguments = (const char *)start->cmd_line,
        .memory_bytes = (uint64_t)start->nr_pages << PAGE_BITS,
        .shared = (struct shared_info *)(void *)shared_page,
        .console_ring = page_of(start->console.domU.mfn),
        .store_ring = page_of(start->store_mfn),
        .console_port = start->console.domU.evtchn,
        .store_port = start->store_evtchn,
    };
    return map_frame(shared_page, start->shared_info >> PAGE_BITS);
}

bool ms_guest_map_grants_pv(uint8_t *pages, unsigned count)
{
    xen_pfn_t frames[GRANT_PAGES_MAX];
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = count };

    if (count > GRANT_PAGES_MAX)
        return false;
    set_xen_guest_handle(setup.frame_list, frames);
    if (ms_guest_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, argument_of(&setup),
                           1, 0) != 0 ||
        setup.status != GNTST_okay)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!map_frame(pages + (size_t)i * PAGE_BYTES, frames[i]))
            return false;
    return true;
}
