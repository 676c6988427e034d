/* SPDX-License-Identifier: ISC */
/* Reads the text of a script word by word. */
#include "drill/scan.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { US_PER_S = 1000000, SECONDS_MAX = 1000000 };

bool fault_is(struct fault *fault, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(fault->text, sizeof(fault->text), format, args);
    va_end(args);
    return false;
}

static void skip_space(struct scan *scan)
{
    while (isspace((unsigned char)*scan->at))
        scan->at++;
}

bool scan_end(struct scan *scan)
{
    skip_space(scan);
    return *scan->at == '\0';
}

bool scan_word(struct scan *scan, const char *word)
{
    size_t len = strlen(word);

    skip_space(scan);
    if (strncmp(scan->at, word, len) != 0)
        return false;
    scan->at += len;
    return true;
}

bool scan_number(struct scan *scan, uint64_t max, uint64_t *number)
{
    bool is_hex;
    unsigned long long value;
    char *end;

    skip_space(scan);
    is_hex = scan->at[0] == '0' && (scan->at[1] == 'x' || scan->at[1] == 'X');
    if (!isdigit((unsigned char)*scan->at) || strlen(scan->at) == 0)
        return false;
    value = strtoull(scan->at, &end, is_hex ? 16 : 10);
    if (value > max || end - scan->at > 20)
        return false;
    *number = value;
    scan->at = end;
    return true;
}

bool scan_number32(struct scan *scan, uint32_t *number)
{
    uint64_t value;

    if (!scan_number(scan, UINT32_MAX, &value))
        return false;
    *number = (uint32_t)value;
    return true;
}

bool scan_seconds(struct scan *scan, int64_t *us)
{
    const char *at;
    uint64_t whole = 0, part = 0, unit = US_PER_S;

    skip_space(scan);
    at = scan->at;
    while (isdigit((unsigned char)*at) && whole <= SECONDS_MAX)
        whole = whole * 10 + (uint64_t)(*at++ - '0');
    if (at[0] == '.' && isdigit((unsigned char)at[1])) {
        for (at++; isdigit((unsigned char)*at); at++) {
            unit /= 10;
            part += (uint64_t)(*at - '0') * unit;
        }
    }
    if (at == scan->at || whole > SECONDS_MAX)
        return false;
    scan->at = at;
    *us = (int64_t)(whole * US_PER_S + part);
    return true;
}

bool scan_name(struct scan *scan, char *name, size_t size)
{
    size_t len = 0;

    skip_space(scan);
    if (!isalpha((unsigned char)*scan->at) && *scan->at != '_')
        return false;
    for (; isalnum((unsigned char)*scan->at) || *scan->at == '_'; scan->at++) {
        if (len + 1 < size)
            name[len++] = *scan->at;
    }
    name[len] = '\0';
    return true;
}
