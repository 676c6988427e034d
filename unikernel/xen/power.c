/* SPDX-License-Identifier: ISC */
/* Ending. The tools write their wish to control/shutdown, and wait until it is empty again. */
#include "power.h"

#include <xen/sched.h>

#include "hypercall.h"
#include "text.h"
#include "unikernel.h"

static const char PATH[] = "control/shutdown";

void ms_guest_power_init(struct power *power, struct store *store)
{
    static const struct ms_xen_write understood[] = {
        { "control/feature-poweroff", "1" },
        { "control/feature-reboot", "1" },
    };

    *power = (struct power){ 0 };
    /* Old tools provide no place for these, and do without. */
    (void)ms_guest_store_write_all(store, 0, understood, 2);
    (void)ms_guest_store_watch(store, PATH, &power->fired);
}

enum power_wish ms_guest_power_poll(struct power *power, struct store *store)
{
    static const struct ms_xen_write understood = { PATH, "" };
    char wish[16];

    if (!power->fired)
        return POWER_ON;
    power->fired = false;
    if (ms_guest_store_read(store, PATH, wish, sizeof(wish)) != MS_XEN_OK || wish[0] == '\0')
        return POWER_ON;
    (void)ms_guest_store_write_all(store, 0, &understood, 1);
    if (ms_guest_text_equal(wish, "reboot"))
        return POWER_REBOOT;
    if (ms_guest_text_equal(wish, "poweroff") || ms_guest_text_equal(wish, "halt"))
        return POWER_OFF;
    /* To suspend, say: nothing here could be taken up elsewhere. */
    ms_unikernel_print("cannot: ");
    ms_unikernel_print(wish);
    ms_unikernel_print("\n");
    return POWER_ON;
}

noreturn void ms_guest_power_end(unsigned reason)
{
    struct sched_shutdown shutdown = { .reason = reason };

    for (;;)
        (void)ms_guest_hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, argument_of(&shutdown), 0,
                                 0);
}
