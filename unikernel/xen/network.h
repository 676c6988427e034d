/* SPDX-License-Identifier: ISC */
/* The guest's network device, and its addresses. */
#ifndef UNIKERNEL_NETWORK_H
#define UNIKERNEL_NETWORK_H

#include "guest.h"
#include "mstack/mstack.h"
#include "netfront/netfront.h"

struct network {
    struct ms_netfront *netfront; /* NULL: the domain has none */
    struct ms_device *device;
    struct ms_netif *netif;
    /* As far as the console was told. */
    bool is_up;
    enum ms_netfront_reason reason;
    uint64_t start_ms;
};

/*
 * Opens the first device and attaches it. Each `ip=ADDRESS/PREFIX` of the settings is given to it,
 * each `gateway=ADDRESS` is a default route; `queues=N` asks for more than one queue. NULL: all is
 * well; else what is wrong.
 */
const char *ms_guest_network_open(struct network *network, struct guest *guest,
                                  struct ms_stack *stack);
/* Says goodbye to the backend, but waits no longer than two seconds. */
void ms_guest_network_close(struct network *network, struct guest *guest);

#endif
