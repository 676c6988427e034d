/* SPDX-License-Identifier: ISC */
/* From the first instruction in C to the last: brings the guest up, and keeps it going. */
#include "guest.h"

#include <xen/sched.h>

#include "clock.h"
#include "memory.h"
#include "network.h"
#include "sizes.h"
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

/* In peace, with a word to the network's backend. */
static noreturn void end(struct guest *guest, enum power_wish wish)
{
    ms_guest_network_close(&the_network, guest);
    ms_unikernel_print(wish == POWER_REBOOT ? "rebooting\n" : "powering off\n");
    ms_guest_console_flush(&guest->console);
    ms_guest_power_end(wish == POWER_REBOOT ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

/* It was told something that makes no sense: no crash, but nothing can be served either. */
static noreturn void give_up(struct guest *guest, const char *fault)
{
    ms_unikernel_print("cannot start: ");
    ms_unikernel_print(fault);
    ms_unikernel_print("\n");
    end(guest, POWER_OFF);
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

void *ms_unikernel_memory(size_t bytes) { return ms_guest_heap_take(&the_guest.heap, bytes); }

uint64_t ms_unikernel_now_us(void) { return ms_guest_clock_ns(the_guest.events.shared) / 1000; }

uint64_t ms_unikernel_wall_us(void)
{
    const struct shared_info *shared = the_guest.events.shared;

    return (ms_guest_clock_epoch_ns(shared) + ms_guest_clock_ns(shared)) / 1000;
}

bool ms_unikernel_setting(const char *name, char *value, size_t size)
{
    return ms_guest_setting(&the_guest.settings, name, 0, value, size);
}

uint64_t ms_unikernel_number(const char *name, uint64_t otherwise, uint64_t min, uint64_t max)
{
    if (!ms_guest_setting_number(&the_guest.settings, name, min, max, &otherwise))
        give_up(&the_guest, the_guest.settings.fault);
    return otherwise;
}

static uint64_t now_ns(void) { return ms_guest_clock_ns(the_guest.events.shared); }

static void passed(struct guest *guest, const char *what)
{
    ms_guest_milestone(&guest->milestones, what, now_ns());
}

/* With trace=boot. */
static void tell_milestones(struct guest *guest)
{
    char wanted[8] = "", line[MILESTONE_LINE_BYTES];

    (void)ms_guest_setting(&guest->settings, "trace", 0, wanted, sizeof(wanted));
    if (!ms_guest_text_equal(wanted, "boot"))
        return;
    for (unsigned i = 0; ms_guest_milestone_line(&guest->milestones, i, line); i++)
        ms_unikernel_print(line);
}

/* What the processor says, and what tells this start from others should it say the same. */
static void gather_entropy(struct guest *guest, const char *name)
{
    uint64_t times[2] = { guest->milestones.start_ns, ms_unikernel_wall_us() };

    ms_guest_entropy_mix(&guest->entropy, times, sizeof(times));
    ms_guest_entropy_mix(&guest->entropy, name, ms_guest_text_len(name));
    if (!ms_guest_entropy_gather(&guest->entropy))
        ms_unikernel_panic("the processor has no randomness (RDRAND or RDSEED), which must be");
}

/* What the xenstore says of this domain. */
static void look_around(struct guest *guest)
{
    char name[64] = "", backend[128];
    struct ms_xen_read reads[] = {
        { .path = "vm", .value = name, .size = sizeof(name) },
        { .path = "device/vif/0/backend", .value = backend, .size = sizeof(backend) },
    };

    ms_guest_store_read_all(&guest->store, 0, reads, 2);
    guest->has_network = reads[1].status == MS_XEN_OK;
    ms_guest_settings_init(&guest->settings, guest->machine.arguments, &guest->store);
    gather_entropy(guest, name);
}

static void bring_up(struct guest *guest)
{
    struct machine *machine = &guest->machine;

    ms_guest_events_init(&guest->events, machine->shared);
    guest->milestones.start_ns = now_ns();
    guest->console = (struct console){
        .ring = machine->console_ring,
        .events = &guest->events,
        .port = machine->console_port,
    };
    guest->store.events = &guest->events;
    ms_guest_store_connect(&guest->store, machine->store_ring, machine->store_port);
    (void)ms_guest_events_mask(&guest->events, machine->store_port, false);
    ms_guest_heap_init(&guest->heap, machine);
    guest->memory_bytes = ms_guest_heap_left(&guest->heap);
    if (!ms_guest_map_grants(machine, grant_pages, GRANT_PAGES))
        ms_unikernel_panic("no grant table");
    ms_guest_grants_init(&guest->grants, grant_pages);
    passed(guest, "console, xenstore and grants are there");
    look_around(guest);
    passed(guest, "settings and entropy are there");
}

static struct ms_stack *make_stack(struct guest *guest)
{
    struct ms_config config;
    struct ms_stack *stack;
    void *memory;

    ms_config_default(&config);
    ms_guest_sizes_of_stack(&config, guest->memory_bytes);
    ms_unikernel_configure(&config);
    ms_guest_entropy_take(&guest->entropy, config.seed);
    memory = ms_guest_heap_take(&guest->heap, ms_stack_size(&config));
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
    bool was_up = false;
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
        if (network->is_up && !was_up) {
            was_up = true;
            passed(guest, "the network is up");
            tell_milestones(guest);
        }
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
    const char *fault;

    bring_up(guest);
    unikernel.stack = make_stack(guest);
    passed(guest, "the stack is there");
    fault = ms_guest_network_open(network, guest, unikernel.stack);
    if (fault)
        give_up(guest, fault);
    unikernel.netif = network->netif;
    /* The backend takes its time to connect: it is told before the rest is done. */
    if (network->device)
        (void)ms_device_poll(network->device, ms_unikernel_now_us());
    passed(guest, "the network's backend is told");
    ms_guest_power_init(&guest->power, &guest->store);
    ms_unikernel_start(&unikernel);
    passed(guest, "the application is there");
    end(guest, serve(guest, network, unikernel.stack));
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
