/* SPDX-License-Identifier: ISC */
/* A hypervisor of a few lines. */
#include "fake_xen.h"

#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "hypercall.h"
#include "machine.h"

struct fake_xen fake;

void fake_xen_reset(void)
{
    fake = (struct fake_xen){ .next_port = 20 };
    fake.shared.vcpu_info[0].time.system_time = 1000000000;
}

void fake_xen_ring(uint32_t port) { fake.shared.evtchn_pending[port / 64] |= 1ul << port % 64; }

static bool is_pending(const struct sched_poll *poll)
{
    for (unsigned i = 0; i < poll->nr_ports; i++) {
        uint32_t port = poll->ports.p[i];

        if (fake.shared.evtchn_pending[port / 64] & 1ul << port % 64)
            return true;
    }
    return false;
}

static int64_t sleep_until(const struct sched_poll *poll)
{
    fake.slept++;
    if (!is_pending(poll) && fake.on_sleep)
        fake.on_sleep();
    if (!is_pending(poll) && poll->timeout > fake.shared.vcpu_info[0].time.system_time)
        fake.shared.vcpu_info[0].time.system_time = poll->timeout;
    return 0;
}

static int64_t event_operation(uint64_t operation, void *argument)
{
    struct evtchn_alloc_unbound *alloc = argument;
    struct evtchn_close *close = argument;

    switch (operation) {
    case EVTCHNOP_send: fake.notified++; return 0;
    case EVTCHNOP_alloc_unbound:
        alloc->port = fake.next_port;
        return fake.next_port ? (int64_t)(fake.next_port++, 0) : -XEN_ENOSPC;
    case EVTCHNOP_close: fake.closed = close->port; return 0;
    default: return -XEN_ENOSYS;
    }
}

/* A page for a table, and 16 more that can be used. */
bool ms_guest_map_more(const struct machine *machine, uint8_t **mapped, uint8_t **spare)
{
    size_t left = (size_t)(machine->free_end - *mapped);

    if (fake.tables_left == 0)
        return false;
    fake.tables_left--;
    memset(*spare, 0xee, PAGE_BYTES);
    *spare += PAGE_BYTES;
    *mapped += left < 16 * PAGE_BYTES ? left : 16 * PAGE_BYTES;
    return true;
}

int64_t ms_guest_hypercall(unsigned op, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    void *argument = (void *)(uintptr_t)b;

    (void)c, (void)d;
    if (op == __HYPERVISOR_sched_op && a == SCHEDOP_poll)
        return sleep_until(argument);
    if (op == __HYPERVISOR_event_channel_op)
        return event_operation(a, argument);
    return -XEN_ENOSYS;
}
