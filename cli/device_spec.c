/* SPDX-License-Identifier: ISC */
/* What --dev says. */
#include "device_spec.h"

#include <string.h>

#include "values.h"

enum { OPTION_SIZE = 64 };

static const char *parse_option(const char *text, size_t len, struct device_spec *spec)
{
    static const char host[] = "host=";
    char option[OPTION_SIZE];
    struct prefixed_addr addr;

    if (len >= sizeof(option) || strncmp(text, host, sizeof(host) - 1) != 0)
        return "what follows the name must be ,host=ADDR/LEN";
    memcpy(option, text, len);
    option[len] = 0;
    if (spec->host_addr_count == DEVICE_HOST_ADDRS_MAX)
        return "it has too many host addresses";
    if (!value_prefixed_addr(option + sizeof(host) - 1, &addr))
        return "host= wants an address with a prefix length, as 192.0.2.1/24";
    if (ms_addr_is_unspecified(&addr.addr) || ms_addr_is_multicast(&addr.addr))
        return "host= wants an address that a host can have";
    spec->host_addrs[spec->host_addr_count++] =
        (struct ms_host_addr){ .addr = addr.addr, .prefix_len = addr.prefix_len };
    return NULL;
}

const char *device_spec_parse(const char *text, struct device_spec *spec)
{
    const char *name = text + 4;
    const char *wrong = NULL;
    size_t len;

    *spec = (struct device_spec){ .medium = MS_MEDIUM_ETHERNET };
    if (strncmp(text, "tun:", 4) == 0)
        spec->medium = MS_MEDIUM_IP;
    else if (strncmp(text, "tap:", 4) != 0)
        return "it must begin with tap: or tun:";

    len = strcspn(name, ",");
    if (len == 0 || len >= sizeof(spec->name))
        return "an interface's name has 1 to 15 characters";
    if (memchr(name, '/', len) || memchr(name, ' ', len) || memchr(name, '%', len))
        return "an interface's name has no '/', '%' or blank";
    memcpy(spec->name, name, len);
    for (text = name + len; *text == ',' && !wrong; text += len) {
        text++;
        len = strcspn(text, ",");
        wrong = parse_option(text, len, spec);
    }
    return wrong;
}
