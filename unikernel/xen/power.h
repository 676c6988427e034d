/* SPDX-License-Identifier: ISC */
/* Ending: at the wish of `xl shutdown` and `xl reboot`, of the application, or in a panic. */
#ifndef UNIKERNEL_POWER_H
#define UNIKERNEL_POWER_H

#include <stdnoreturn.h>

#include "store.h"

enum power_wish {
    POWER_ON,
    POWER_OFF,
    POWER_REBOOT,
};

struct power {
    bool fired;
};

/* Says what wishes are understood, and watches for them. */
void ms_guest_power_init(struct power *power, struct store *store);
/* What is wished now. Says that it was understood. */
enum power_wish ms_guest_power_poll(struct power *power, struct store *store);

/* At once, with one of Xen's reasons, SHUTDOWN_*. */
noreturn void ms_guest_power_end(unsigned reason);

#endif
