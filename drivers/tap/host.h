/* SPDX-License-Identifier: ISC */
/* The kernel's side of a TUN/TAP interface: addresses, MTU, up and down. */
#ifndef MSTACK_DRIVERS_HOST_H
#define MSTACK_DRIVERS_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "mstack/addr.h"

struct ms_host_addr {
    struct ms_addr addr;
    uint8_t prefix_len; /* of the address's own family */
};

struct ms_host_config {
    const char *name;                 /* of the interface */
    uint32_t mtu;                     /* 0: as it is */
    const struct ms_host_addr *addrs; /* v6 ones are usable at once (no duplicate detection) */
    unsigned addr_count;
};

/* Sets MTU and addresses and brings the link up. Returns 0, or an errno and a line in message. */
int ms_host_up(const struct ms_host_config *config, char *message, size_t size);
/* Takes the addresses away and the link down; what is gone already is no error. */
int ms_host_down(const struct ms_host_config *config, char *message, size_t size);

#endif
