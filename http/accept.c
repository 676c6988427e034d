/* SPDX-License-Identifier: ISC */
/* The Accept-Encoding field of a request. */
#include "accept.h"

/* "q=0", "q=0.", "q=0.0" and so on: not acceptable. */
static bool is_refusal(struct slice weight)
{
    if (!ms_http_slice_skip_fold(&weight, "q="))
        return false;
    for (size_t i = 0; i < weight.len; i++) {
        if (weight.bytes[i] != '0' && weight.bytes[i] != '.')
            return false;
    }
    return true;
}

bool ms_http_accepts_gzip(struct slice field)
{
    while (field.len > 0) {
        struct slice weight = ms_http_slice_take_until(&field, ',');
        struct slice name = ms_http_slice_trim(ms_http_slice_take_until(&weight, ';'));

        if (ms_http_slice_equal_fold(name, ms_http_slice_of("gzip")))
            return !is_refusal(ms_http_slice_trim(weight));
    }
    return false;
}
