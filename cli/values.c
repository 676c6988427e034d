/* SPDX-License-Identifier: ISC */
/* Reads the values of options. */
#include "values.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool decimal(const char *text, double max, double *result)
{
    char *end;
    double value;

    /* strtod() takes blanks, signs, hexadecimal, "inf" and "nan": none is meant here. */
    if (text[0] == 0 || strspn(text, "0123456789.") != strlen(text))
        return false;
    value = strtod(text, &end);
    if (*end || end == text || !isfinite(value) || value > max)
        return false;
    *result = value;
    return true;
}

bool value_percent(const char *text, double *percent) { return decimal(text, 100, percent); }

bool value_seconds(const char *text, double *seconds) { return decimal(text, 1e6, seconds); }

bool value_number(const char *text, uint64_t max, uint64_t *number)
{
    char *end;
    unsigned long long value;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (*end || errno || value > max)
        return false;
    *number = value;
    return true;
}

bool value_prefixed_addr(const char *text, struct prefixed_addr *result)
{
    char addr_text[MS_ADDR_TEXT_SIZE];
    const char *slash = strchr(text, '/');
    struct ms_addr addr;
    uint64_t prefix_len;

    if (!slash || (size_t)(slash - text) >= sizeof(addr_text))
        return false;
    memcpy(addr_text, text, (size_t)(slash - text));
    addr_text[slash - text] = 0;
    if (ms_addr_parse(&addr, addr_text) != MS_OK)
        return false;
    if (!value_number(slash + 1, ms_addr_is_ipv4(&addr) ? 32 : 128, &prefix_len))
        return false;
    result->addr = addr;
    result->prefix_len = (uint8_t)prefix_len;
    return true;
}
