/* SPDX-License-Identifier: ISC */
/* Event channels. To Xen all ports stay masked, so that it never calls up; the sleep looks at the
 * bits all the same. */
#include "events.h"

#include <xen/event_channel.h>
#include <xen/sched.h>

#include "hypercall.h"

enum { WORD_BITS = 64 };

void ms_guest_events_init(struct events *events, struct shared_info *shared)
{
    *events = (struct events){ .shared = shared };
    for (unsigned i = 0; i < sizeof(shared->evtchn_mask) / sizeof(shared->evtchn_mask[0]); i++)
        __atomic_store_n(&shared->evtchn_mask[i], ~0ul, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->vcpu_info[0].evtchn_upcall_mask, 1, __ATOMIC_RELEASE);
}

bool ms_guest_events_open(uint16_t domain, uint32_t *port)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = domain };

    if (ms_guest_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
                           argument_of(&alloc), 0, 0) != 0 ||
        alloc.port >= EVENTS_PORTS_MAX)
        return false;
    *port = alloc.port;
    return true;
}

void ms_guest_events_close(struct events *events, uint32_t port)
{
    struct evtchn_close close = { .port = port };

    (void)ms_guest_events_mask(events, port, true);
    (void)ms_guest_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_close, argument_of(&close), 0,
                             0);
    /* Xen may give the number out again, and would leave the bit as it finds it. */
    (void)ms_guest_events_take(events, port);
}

void ms_guest_events_notify(uint32_t port)
{
    struct evtchn_send send = { .port = port };

    (void)ms_guest_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, argument_of(&send), 0,
                             0);
}

bool ms_guest_events_take(struct events *events, uint32_t port)
{
    unsigned long *word = &events->shared->evtchn_pending[port / WORD_BITS];
    unsigned long bit = 1ul << port % WORD_BITS;

    /* Looking first spares the locked write, which nearly always would change nothing. */
    return (__atomic_load_n(word, __ATOMIC_ACQUIRE) & bit) != 0 &&
           (__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

bool ms_guest_events_mask(struct events *events, uint32_t port, bool is_masked)
{
    unsigned i = 0;

    while (i < events->awake_count && events->awake[i] != port)
        i++;
    if (is_masked && i < events->awake_count) {
        events->awake[i] = events->awake[--events->awake_count];
    } else if (!is_masked && i == events->awake_count) {
        if (i == EVENTS_AWAKE_MAX)
            return false;
        events->awake[events->awake_count++] = port;
    }
    return true;
}

static void sleep_on(uint32_t *ports, unsigned count, uint64_t until_ns)
{
    struct sched_poll poll = {
        .nr_ports = count, .timeout = until_ns == UINT64_MAX ? 0 : until_ns, /* 0: none */
    };

    set_xen_guest_handle(poll.ports, ports);
    (void)ms_guest_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, argument_of(&poll), 0, 0);
}

void ms_guest_events_wait(struct events *events, uint64_t until_ns)
{
    if (until_ns > 0)
        sleep_on(events->awake, events->awake_count, until_ns);
}

void ms_guest_events_wait_for(uint32_t port, uint64_t until_ns) { sleep_on(&port, 1, until_ns); }
