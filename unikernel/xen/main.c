/* SPDX-License-Identifier: ISC */
/* From the first instruction in C to the last: brings the guest up, and keeps it going. */
#include "guest.h"

#include <xen/sched.h>

#include "arguments.h"
#include "clock.h"
#include "memory.h"
#include "network.h"
#include "text.h"
#include "unikernel.h"

noreturn void ms_guest_start_pv(const void *start_info);
noreturn void ms_guest_start_pvh(const void *start_info);

static struct guest the_guest;
static struct network the_network;
static alignas(PAGE_BYTES) uint8_t grant_pages[GRANT_PAGES * PAGE_BYTES];

struct guest *ms_guest_the(void) { return &the_guest; }

void ms_unikernel_print(const char *text)
{
    ms_guest_console_write(&the_guest.console, text, ms_guest_text_len(text));
}

noreturn void ms_unikernel_panic(const char *why)
{
    ms_unikernel_print("panic: ");
    ms_unikernel_print(why);
    ms_unikernel_print("\n");
    ms_guest_console_flush(&the_guest.console);
    ms_guest_power_end(SHUTDOWN_crash);
}

void ms_unikernel_set_work(ms_unikernel_work_fn *work) { the_guest.work = work; }

void ms_unikernel_stop(bool is_reboot) { the_guest.wish = is_reboot ? POWER_REBOOT : POWER_OFF; }

void *ms_guest_memory(struct guest *guest, size_t bytes)
{
    void *memory = guest->heap;

    bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (bytes == 0 || bytes > guest->heap_bytes)
        return NULL;
    guest->heap += bytes;
    guest->heap_bytes -= bytes;
    return memory;
}

void *ms_unikernel_memory(size_t bytes) { return ms_guest_memory(&the_guest, bytes); }

uint64_t ms_unikernel_now_us(void) { return ms_guest_clock_ns(the_guest.events.shared) / 1000; }

uint64_t ms_unikernel_wall_us(void)
{
    const struct shared_info *shared = the_guest.events.shared;

    return (ms_guest_clock_epoch_ns(shared) + ms_guest_clock_ns(shared)) / 1000;
}

bool ms_unikernel_argument(const char *name, char *value, size_t size)
{
    return ms_guest_argument(the_guest.machine.arguments, name, 0, value, size);
}

/* What the processor says, and what tells this start from others should it say the same. */
static void gather_entropy(struct guest *guest)
{
    uint64_t times[2] = { guest->start_ns, ms_unikernel_wall_us() };
    char path[64];

    ms_guest_entropy_mix(&guest->entropy, times, sizeof(times));
    if (ms_guest_store_read(&guest->store, "vm", path, sizeof(path)) == MS_XEN_OK)
        ms_guest_entropy_mix(&guest->entropy, path, sizeof(path));
    if (!ms_guest_entropy_gather(&guest->entropy))
        ms_unikernel_panic("the processor has no randomness (RDRAND or RDSEED), which must be");
}

static void bring_up(struct guest *guest)
{
    struct machine *machine = &guest->machine;

    ms_guest_events_init(&guest->events, machine->shared);
    guest->start_ns = ms_guest_clock_ns(machine->shared);
    guest->console = (struct console){
        .ring = machine->console_ring,
        .events = &guest->events,
        .port = machine->console_port,
    };
    guest->store.events = &guest->events;
    ms_guest_store_connect(&guest->store, machine->store_ring, machine->store_port);
    (void)ms_guest_events_mask(&guest->events, machine->store_port, false);
    guest->heap = ms_guest_heap;
    guest->heap_bytes = (size_t)(ms_guest_heap_end - ms_guest_heap);
    if (!ms_guest_map_grants(machine, grant_pages, GRANT_PAGES))
        ms_unikernel_panic("no grant table");
    ms_guest_grants_init(&guest->grants, grant_pages);
    ms_guest_power_init(&guest->power, &guest->store);
    gather_entropy(guest);
}

static struct ms_stack *make_stack(struct guest *guest)
{
    struct ms_config config;
    struct ms_stack *stack;
    void *memory;

    ms_config_default(&config);
    ms_unikernel_configure(&config);
    ms_guest_entropy_take(&guest->entropy, config.seed);
    memory = ms_guest_memory(guest, ms_stack_size(&config));
    stack = memory ? ms_stack_init(&config, memory, ms_stack_size(&config)) : NULL;
    if (!stack)
        ms_unikernel_panic("no memory for the stack");
    memset(&config, 0, sizeof(config));
    return stack;
}

static enum power_wish wish_of(struct guest *guest)
{
    enum power_wish wish = ms_guest_power_poll(&guest->power, &guest->store);

    return wish != POWER_ON ? wish : guest->wish;
}

/* The application's. Returns when there is more of it. */
static uint64_t work(const struct guest *guest, uint64_t now_us)
{
    return guest->work ? guest->work(now_us) : UINT64_MAX;
}

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* When something is to be done even if nothing happens. */
static uint64_t next_deadline(const struct network *network, const struct ms_stack *stack)
{
    uint64_t deadline_us = ms_next_deadline(stack);

    if (network->device)
        deadline_us = earlier(deadline_us, ms_device_next_deadline(network->device));
    return deadline_us;
}

/* Until somebody wishes it to end. */
static enum power_wish serve(struct guest *guest, struct network *network, struct ms_stack *stack)
{
    enum power_wish wish;

    for (;;) {
        uint64_t now_us, until_us;
        uint32_t news;

        ms_guest_store_poll(&guest->store);
        news = guest->store.news;
        wish = wish_of(guest);
        if (wish != POWER_ON)
            return wish;
        now_us = ms_unikernel_now_us();
        if (network->device)
            (void)ms_device_poll(network->device, now_us);
        (void)work(guest, now_us);
        ms_poll(stack, now_us);
        until_us = work(guest, now_us);
        until_us = earlier(until_us, next_deadline(network, stack));
        /* News that came with an answer meanwhile rings no bell any more. */
        if (until_us > now_us && news == guest->store.news && guest->wish == POWER_ON)
            ms_guest_events_wait(&guest->events,
                                 until_us < UINT64_MAX / 1000 ? until_us * 1000 : UINT64_MAX);
    }
}

static noreturn void run(struct guest *guest)
{
    struct network *network = &the_network;
    struct ms_unikernel unikernel = { .arguments = guest->machine.arguments };
    enum power_wish wish;
    const char *fault;

    bring_up(guest);
    unikernel.stack = make_stack(guest);
    fault = ms_guest_network_open(network, guest, unikernel.stack);
    if (fault)
        ms_unikernel_panic(fault);
    unikernel.netif = network->netif;
    ms_unikernel_start(&unikernel);
    wish = serve(guest, network, unikernel.stack);
    ms_guest_network_close(network, guest);
    ms_unikernel_print(wish == POWER_REBOOT ? "rebooting\n" : "powering off\n");
    ms_guest_console_flush(&guest->console);
    ms_guest_power_end(wish == POWER_REBOOT ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

/* From boot.S. Without so much as a console, all that can be done is to crash. */
noreturn void ms_guest_start_pv(const void *start_info)
{
    if (!ms_guest_machine_pv(&the_guest.machine, start_info))
        __builtin_trap();
    run(&the_guest);
}

noreturn void ms_guest_start_pvh(const void *start_info)
{
    if (!ms_guest_machine_pvh(&the_guest.machine, start_info))
        __builtin_trap();
    run(&the_guest);
}
