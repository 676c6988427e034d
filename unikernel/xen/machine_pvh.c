/* SPDX-License-Identifier: ISC */
/* A PVH guest: a machine of its own with page tables of its own, into which Xen moves pages. */
#include "machine.h"

#include <cpuid.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>

#include "guest.h"
#include "hypercall.h"
#include "machine_kinds.h"
#include "memory.h"
#include "text.h"

/* By the page tables of boot.S. */
static const uint64_t MAPPED_BYTES = UINT64_C(1) << 32;

extern uint8_t ms_guest_hypercall_page[];

/* A page whose place the shared info takes. */
static alignas(PAGE_BYTES) uint8_t shared_page[PAGE_BYTES];

/* Asks Xen to fill the hypercall page. Its leaves are the first ones above 0x40000000, or behind
 * those of another hypervisor that it plays. */
static bool fill_hypercalls(void)
{
    uint64_t page = argument_of(ms_guest_hypercall_page);

    for (uint32_t base = XEN_CPUID_FIRST_LEAF; base < XEN_CPUID_FIRST_LEAF + 0x10000;
         base += 0x100) {
        uint32_t a, b, c, d;

        __cpuid(base, a, b, c, d);
        if (b != XEN_CPUID_SIGNATURE_EBX || c != XEN_CPUID_SIGNATURE_ECX ||
            d != XEN_CPUID_SIGNATURE_EDX)
            continue;
        __cpuid(base + 2, a, b, c, d);
        __asm__ volatile("wrmsr"
                         :
                         : "c"(b), "a"((uint32_t)page), "d"((uint32_t)(page >> 32))
                         : "memory");
        return true;
    }
    return false;
}

static bool move_page(const void *at, unsigned space, unsigned index)
{
    struct xen_add_to_physmap move = {
        .domid = DOMID_SELF,
        .space = space,
        .idx = index,
        .gpfn = argument_of(at) >> PAGE_BITS,
    };

    return ms_guest_hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, argument_of(&move), 0,
                              0) == 0;
}

static bool get_parameter(uint32_t index, uint64_t *value)
{
    struct xen_hvm_param parameter = { .domid = DOMID_SELF, .index = index };

    if (ms_guest_hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, argument_of(&parameter), 0, 0) !=
        0)
        return false;
    *value = parameter.value;
    return true;
}

/*
 * Tools ask a guest to shut down by the xenstore only if it seems to have drivers of its own, which
 * they tell by the vector for events. It stays unused: interrupts are never let in.
 */
static void pretend_vector(void)
{
    struct xen_hvm_param parameter = {
        .domid = DOMID_SELF,
        .index = HVM_PARAM_CALLBACK_IRQ,
        .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | 0xf3,
    };

    (void)ms_guest_hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, argument_of(&parameter), 0, 0);
}

static uint64_t later(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Where whatever was put behind the image ends. */
static uint64_t end_of_start(const struct hvm_start_info *start)
{
    const char *arguments = (const char *)start->cmdline_paddr;
    uint64_t end = later(argument_of(ms_guest_image_end), argument_of(start + 1));

    if (arguments)
        end = later(end, start->cmdline_paddr + ms_guest_text_len(arguments) + 1);
    end = later(end, start->modlist_paddr +
                         start->nr_modules * (uint64_t)sizeof(struct hvm_modlist_entry));
    if (start->version >= 1)
        end = later(end, start->memmap_paddr + start->memmap_entries *
                                                   (uint64_t)sizeof(struct hvm_memmap_table_entry));
    return (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/* The memory, and of it what follows the image, up to where the page tables of the start end. */
static void find_memory(struct machine *machine, const struct hvm_start_info *start)
{
    const struct hvm_memmap_table_entry *map = (const void *)start->memmap_paddr;
    uint64_t from = end_of_start(start), to = from;

    for (uint32_t i = 0; start->version >= 1 && i < start->memmap_entries; i++) {
        uint64_t end = map[i].addr + map[i].size;

        if (map[i].type != XEN_HVM_MEMMAP_TYPE_RAM)
            continue;
        machine->memory_bytes += map[i].size;
        if (map[i].addr <= from && from < end)
            to = end < MAPPED_BYTES ? end : MAPPED_BYTES;
    }
    machine->free_start = (uint8_t *)from;
    machine->free_end = (uint8_t *)(to / PAGE_BYTES * PAGE_BYTES);
    machine->mapped_end = machine->free_end;
}

bool ms_guest_machine_pvh(struct machine *machine, const void *start_info)
{
    const struct hvm_start_info *start = start_info;
    uint64_t console_frame, console_port, store_frame, store_port;

    if (start->magic != XEN_HVM_START_MAGIC_VALUE || !fill_hypercalls() ||
        !move_page(shared_page, XENMAPSPACE_shared_info, 0) ||
        !get_parameter(HVM_PARAM_CONSOLE_PFN, &console_frame) ||
        !get_parameter(HVM_PARAM_CONSOLE_EVTCHN, &console_port) ||
        !get_parameter(HVM_PARAM_STORE_PFN, &store_frame) ||
        !get_parameter(HVM_PARAM_STORE_EVTCHN, &store_port))
        return false;
    *machine = (struct machine){
        .arguments = start->cmdline_paddr ? (const char *)start->cmdline_paddr : "",
        .shared = (struct shared_info *)(void *)shared_page,
        .console_ring = (void *)(console_frame << PAGE_BITS),
        .store_ring = (void *)(store_frame << PAGE_BITS),
        .console_port = (uint32_t)console_port,
        .store_port = (uint32_t)store_port,
    };
    find_memory(machine, start);
    pretend_vector();
    return true;
}

bool ms_guest_map_grants_pvh(uint8_t *pages, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!move_page(pages + (size_t)i * PAGE_BYTES, XENMAPSPACE_grant_table, i))
            return false;
    return true;
}
