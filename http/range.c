/* SPDX-License-Identifier: ISC */
/* The Range field of a request. */
#include "range.h"

static enum range_result suffix_range(struct slice text, uint64_t size, struct byte_range *range)
{
    uint64_t len;

    if (!ms_http_slice_take_number(&text, &len) || text.len > 0)
        return RANGE_NONE;
    if (len == 0 || size == 0)
        return RANGE_UNSATISFIABLE;
    range->len = len < size ? len : size;
    range->start = size - range->len;
    return RANGE_SATISFIABLE;
}

enum range_result ms_http_range_parse(struct slice text, uint64_t size, struct byte_range *range)
{
    uint64_t first, last = UINT64_MAX;

    if (!ms_http_slice_skip_fold(&text, "bytes="))
        return RANGE_NONE;
    if (ms_http_slice_skip_fold(&text, "-"))
        return suffix_range(text, size, range);
    if (!ms_http_slice_take_number(&text, &first) || !ms_http_slice_skip_fold(&text, "-"))
        return RANGE_NONE;
    if (text.len > 0 && !ms_http_slice_take_number(&text, &last))
        return RANGE_NONE;
    if (text.len > 0 || last < first)
        return RANGE_NONE;
    if (first >= size)
        return RANGE_UNSATISFIABLE;
    range->start = first;
    range->len = (last < size ? last + 1 : size) - first;
    return RANGE_SATISFIABLE;
}
