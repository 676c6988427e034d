/* SPDX-License-Identifier: ISC */
/* Where Xen starts the guest, in either of two ways, and the pages that Xen is told of. */
#include <xen/elfnote.h>

#define PAGE_BYTES 4096
#define STACK_BYTES 65536

/* What the domain builder reads. Addresses are the same virtual and physical. */
.macro note kind, value:vararg
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 2f - 1f, \kind
    .asciz "Xen"
1:  \value
2:  .balign 4
    .popsection
.endm

    note XEN_ELFNOTE_GUEST_OS, .asciz "mstack"
    note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    note XEN_ELFNOTE_LOADER, .asciz "generic"
    note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
    note XEN_ELFNOTE_VIRT_BASE, .quad 0
    note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
    note XEN_ELFNOTE_ENTRY, .quad ms_guest_pv_entry
    note XEN_ELFNOTE_HYPERCALL_PAGE, .quad ms_guest_hypercall_page
    note XEN_ELFNOTE_PHYS32_ENTRY, .long pvh_entry

/* Paravirtual: 64 bits, paging on, the start info in rsi. */
    .text
    .code64
    .globl ms_guest_pv_entry
ms_guest_pv_entry:
    cld
    mov $stack_top, %esp
    mov %rsi, %rdi
    xor %ebp, %ebp
    call ms_guest_start_pv
    ud2

/*
 * uint64_t ms_guest_hypercall(op, a, b, c, d): the number chooses a slot of the page that Xen
 * filled, which takes its arguments one register further on.
 */
    .globl ms_guest_hypercall
    .type ms_guest_hypercall, @function
ms_guest_hypercall:
    mov %edi, %eax
    shl $5, %eax
    add $ms_guest_hypercall_page, %eax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    jmp *%rax
    .size ms_guest_hypercall, . - ms_guest_hypercall

/* PVH: 32 bits, paging off, the start info in ebx. The first 4 GiB are mapped as they are. */
    .code32
pvh_entry:
    cld
    mov $stack_top, %esp

    mov $0x83, %eax                     /* present, writable, 2 MiB */
    xor %ecx, %ecx
1:  mov %eax, page_directories(, %ecx, 8)
    add $0x200000, %eax
    inc %ecx
    cmp $2048, %ecx
    jne 1b

    movl $page_directories + 0 * PAGE_BYTES + 3, page_directory_pointers + 0
    movl $page_directories + 1 * PAGE_BYTES + 3, page_directory_pointers + 8
    movl $page_directories + 2 * PAGE_BYTES + 3, page_directory_pointers + 16
    movl $page_directories + 3 * PAGE_BYTES + 3, page_directory_pointers + 24
    movl $page_directory_pointers + 3, page_map

    mov $page_map, %eax
    mov %eax, %cr3
    mov $0x620, %eax                    /* PAE; SSE and its exceptions */
    mov %eax, %cr4
    mov $0xc0000080, %ecx               /* EFER: long mode */
    rdmsr
    or $0x100, %eax
    wrmsr
    mov $0x80000033, %eax               /* paging, protection, and the x87's three */
    mov %eax, %cr0
    lgdt descriptor_table_at
    ljmp $8, $2f

    .code64
2:  mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov %ebx, %edi
    xor %ebp, %ebp
    call ms_guest_start_pvh
    ud2

    .section .rodata
    .balign 8
descriptor_table:
    .quad 0
    .quad 0x00af9b000000ffff            /* code, 64 bits */
    .quad 0x00cf93000000ffff            /* data */
descriptor_table_at:
    .word . - descriptor_table - 1
    .long descriptor_table

/* Xen fills this one, and on PVH is asked to. */
    .section .text.hypercalls, "ax", @progbits
    .balign PAGE_BYTES
    .globl ms_guest_hypercall_page
ms_guest_hypercall_page:
    .skip PAGE_BYTES, 0xcc

    .bss
    .balign PAGE_BYTES
page_map:
    .skip PAGE_BYTES
page_directory_pointers:
    .skip PAGE_BYTES
page_directories:
    .skip 4 * PAGE_BYTES
stack:
    .skip STACK_BYTES
stack_top:

    .section .note.GNU-stack, "", @progbits
