/* SPDX-License-Identifier: ISC */
/* A paravirtual guest: the hypervisor owns the page tables, and maps what it is asked to. */
#include "machine.h"

#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#include "hypercall.h"
#include "machine_kinds.h"
#include "memory.h"

enum {
    PAGE_PRESENT = 1,
    PAGE_FLAGS = 0x63,  /* present, writable, accessed, dirty */
    TABLE_FLAGS = 0x67, /* the same, and for the user, as which a 64-bit guest runs */
    READ_ONLY_FLAGS = 0x61,
    ENTRIES = PAGE_BYTES / sizeof(uint64_t),
    ENTRY_BITS = 9,
    GRANT_PAGES_MAX = 16,
};

/* How far one table of the lowest level reaches. */
static const uint64_t TABLE_SPAN = (uint64_t)ENTRIES * PAGE_BYTES;
static const uint64_t FRAME_MASK = (UINT64_C(1) << 40) - 1;

/* A page whose place the shared info takes. */
static alignas(PAGE_BYTES) uint8_t shared_page[PAGE_BYTES];

static bool map_frame_as(const void *at, uint64_t frame, unsigned flags)
{
    return ms_guest_hypercall(__HYPERVISOR_update_va_mapping, argument_of(at),
                              frame << PAGE_BITS | flags, UVMF_INVLPG, 0) == 0;
}

static bool map_frame(const void *at, uint64_t frame)
{
    return map_frame_as(at, frame, PAGE_FLAGS);
}

/* Where a page lies whose machine frame is known: Xen has a table of them, mapped for everybody. */
static void *page_of(uint64_t machine_frame)
{
    const unsigned long *to_ours = (const unsigned long *)MACH2PHYS_VIRT_START;

    return (void *)(to_ours[machine_frame] << PAGE_BITS);
}

/* The start of the next table's span. */
static uint8_t *span_end(uint64_t address)
{
    return (uint8_t *)((address + TABLE_SPAN - 1) / TABLE_SPAN * TABLE_SPAN);
}

/* Nothing that Xen put there lies behind its page tables but the stack it started us with. From
 * there on half a megabyte at least is mapped, up to a multiple of four. */
bool ms_guest_machine_pv(struct machine *machine, const void *start_info)
{
    const struct start_info *start = start_info;
    uint64_t stack = start->pt_base + start->nr_pt_frames * PAGE_BYTES;

    *machine = (struct machine){
        .is_pv = true,
        .frames = (const unsigned long *)start->mfn_list,
        .arguments = (const char *)start->cmd_line,
        .memory_bytes = (uint64_t)start->nr_pages << PAGE_BITS,
        .free_start = (uint8_t *)(stack + PAGE_BYTES),
        .free_end = (uint8_t *)((uint64_t)start->nr_pages << PAGE_BITS),
        .mapped_end = span_end(stack + PAGE_BYTES),
        .page_tables = (const uint64_t *)start->pt_base,
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

/* Makes a page a table, which Xen allows only of pages that nobody may write, and puts it into the
 * entry of another. */
static bool hang_table(const struct machine *machine, const uint64_t *entry, const uint8_t *page)
{
    uint64_t frame = ms_guest_frame_of(machine, page);
    struct mmu_update update = {
        .ptr = (ms_guest_frame_of(machine, entry) << PAGE_BITS) | (argument_of(entry) % PAGE_BYTES),
        .val = frame << PAGE_BITS | TABLE_FLAGS,
    };

    return map_frame_as(page, frame, READ_ONLY_FLAGS) &&
           ms_guest_hypercall(__HYPERVISOR_mmu_update, argument_of(&update), 1, 0, DOMID_SELF) == 0;
}

/* The entry for that address, one level down; NULL: it cannot be had. */
static const uint64_t *descend(const struct machine *machine, const uint64_t *entry, unsigned shift,
                               uint64_t address, uint8_t **spare)
{
    if (!(*entry & PAGE_PRESENT)) {
        uint8_t *page = *spare;

        *spare += PAGE_BYTES;
        memset(page, 0, PAGE_BYTES);
        if (!hang_table(machine, entry, page))
            return NULL;
    }
    return (const uint64_t *)page_of(*entry >> PAGE_BITS & FRAME_MASK) +
           (address >> shift) % ENTRIES;
}

/* A table of the lowest level, for as many of its pages as there are. */
static uint8_t *make_lowest(const struct machine *machine, const uint8_t *from, uint8_t **spare)
{
    uint8_t *page = *spare;
    uint64_t *entries = (uint64_t *)(void *)page;

    *spare += PAGE_BYTES;
    for (unsigned i = 0; i < ENTRIES; i++, from += PAGE_BYTES)
        entries[i] = from < machine->free_end
                         ? ms_guest_frame_of(machine, from) << PAGE_BITS | PAGE_FLAGS
                         : 0;
    return page;
}

bool ms_guest_map_more_pv(const struct machine *machine, uint8_t **mapped, uint8_t **spare)
{
    uint64_t at = argument_of(*mapped);
    unsigned shift = PAGE_BITS + 3 * ENTRY_BITS;
    const uint64_t *entry = machine->page_tables + (at >> shift) % ENTRIES;

    for (shift -= ENTRY_BITS; entry && shift > PAGE_BITS; shift -= ENTRY_BITS)
        entry = descend(machine, entry, shift, at, spare);
    if (!entry)
        return false;
    /* The first ones may be there from the start. */
    if (!(*entry & PAGE_PRESENT) &&
        !hang_table(machine, entry, make_lowest(machine, *mapped, spare)))
        return false;
    *mapped = machine->free_end - *mapped > (ptrdiff_t)TABLE_SPAN ? *mapped + TABLE_SPAN
                                                                  : machine->free_end;
    return true;
}
