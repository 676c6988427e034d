/* SPDX-License-Identifier: ISC */
/* /status: what the stack is doing, as a page and as numbers, in front of another source. */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

#include "http.h"
#include "packed.h"

/*
 * Room for every counter and drop at its largest, and for so many connections; and how many clients
 * may be sent the numbers at a time.
 */
enum { STATUS_BYTES = 49152, STATUS_CONNECTIONS = 64, STATUS_NUMBERS = 4 };

/* The numbers of one moment, while they are being sent. */
struct status_numbers {
    unsigned references; /* the open content, and each stretch of it that is lent */
    uint32_t len;
    char bytes[STATUS_BYTES];
};

struct status {
    struct ms_http_source source; /* first */
    struct ms_http_source numbers_source;
    struct ms_http_packed page;
    struct ms_http_source *below; /* asked for everything else */
    const struct ms_stack *stack;
    const struct ms_http_counters *http_counters;
    uint64_t started_us, now_us;
    struct status_numbers numbers[STATUS_NUMBERS];
};

/* Everything but the numbers, which need no preparation. */
void ms_http_status_init(struct status *status, const struct ms_stack *stack,
                         const struct ms_http_counters *http_counters,
                         struct ms_http_source *below);
/* The first time is the one that uptime counts from. */
void ms_http_status_set_time(struct status *status, uint64_t now_us);

#endif
