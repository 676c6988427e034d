/* SPDX-License-Identifier: ISC */
/* The Content-Range field of a response. */
#include "content_range.h"

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
