/* SPDX-License-Identifier: ISC */
/* What --dev says: "tap:NAME[,host=ADDR/LEN]..." or "tun:...". */
#ifndef CLI_DEVICE_SPEC_H
#define CLI_DEVICE_SPEC_H

#include "mstack/driver.h"
#include "tap/host.h"

enum { DEVICE_NAME_SIZE = 16, DEVICE_HOST_ADDRS_MAX = 8 };

struct device_spec {
    enum ms_medium medium;
    char name[DEVICE_NAME_SIZE];
    struct ms_host_addr host_addrs[DEVICE_HOST_ADDRS_MAX];
    unsigned host_addr_count;
};

/* NULL, or what is wrong with text. */
const char *device_spec_parse(const char *text, struct device_spec *spec);

#endif
