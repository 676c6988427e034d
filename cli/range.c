/* SPDX-License-Identifier: ISC */
/* The Range field of a request, and the Content-Range field of a response. */
#include "range.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Reads digits at *text and moves it behind them. False: none there, or too many. */
static bool take_number(const char **text, uint64_t *number)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    errno = 0;
    *number = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

static enum range_result suffix_range(const char *text, uint64_t size, struct byte_range *range)
{
    uint64_t len;

    if (!take_number(&text, &len) || *text)
        return RANGE_NONE;
    if (len == 0 || size == 0)
        return RANGE_UNSATISFIABLE;
    range->len = len < size ? len : size;
    range->start = size - range->len;
    return RANGE_SATISFIABLE;
}

enum range_result range_parse(const char *text, uint64_t size, struct byte_range *range)
{
    static const char unit[] = "bytes=";
    uint64_t first, last = UINT64_MAX;

    if (strncasecmp(text, unit, sizeof(unit) - 1) != 0)
        return RANGE_NONE;
    text += sizeof(unit) - 1;
    if (*text == '-')
        return suffix_range(text + 1, size, range);
    if (!take_number(&text, &first) || *text++ != '-')
        return RANGE_NONE;
    if (*text && !take_number(&text, &last))
        return RANGE_NONE;
    if (*text || last < first)
        return RANGE_NONE;
    if (first >= size)
        return RANGE_UNSATISFIABLE;
    range->start = first;
    range->len = (last < size ? last + 1 : size) - first;
    return RANGE_SATISFIABLE;
}

bool content_range_parse(const char *text, struct byte_range *range, uint64_t *size)
{
    static const char unit[] = "bytes ";
    uint64_t first, last, whole = UINT64_MAX;

    if (strncasecmp(text, unit, sizeof(unit) - 1) != 0)
        return false;
    text += sizeof(unit) - 1;
    if (!take_number(&text, &first) || *text++ != '-' || !take_number(&text, &last))
        return false;
    if (*text++ != '/' || last < first || last == UINT64_MAX)
        return false;
    if (strcmp(text, "*") != 0 && (!take_number(&text, &whole) || *text || last >= whole))
        return false;
    *range = (struct byte_range){ .start = first, .len = last - first + 1 };
    *size = whole;
    return true;
}
