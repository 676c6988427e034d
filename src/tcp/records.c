/* SPDX-License-Identifier: ISC */
/* Lists of SYN and TIME-WAIT records, linked by number so that a record stays one cache line. */
#include "tcp/verbs.h"

/* What both kinds begin with. */
struct linked_record {
    struct flow_entry entry;
    uint32_t previous, next;
};

_Static_assert(offsetof(struct syn_record, previous) == offsetof(struct linked_record, previous) &&
                   offsetof(struct time_wait_record, next) == offsetof(struct linked_record, next),
               "both kinds of record are linked alike");

static struct linked_record *record_at(struct tcp_floor *floor, uint32_t number)
{
    return (struct linked_record *)(void *)ms_flow_table_at(&floor->table, number);
}

void ms_record_append(struct tcp_floor *floor, struct record_list *list, uint32_t number)
{
    struct linked_record *record = record_at(floor, number);

    record->previous = list->last;
    record->next = FLOW_NONE;
    if (list->last == FLOW_NONE)
        list->first = number;
    else
        record_at(floor, list->last)->next = number;
    list->last = number;
}

void ms_record_remove(struct tcp_floor *floor, struct record_list *list, uint32_t number)
{
    const struct linked_record *record = record_at(floor, number);

    if (record->previous == FLOW_NONE)
        list->first = record->next;
    else
        record_at(floor, record->previous)->next = record->next;
    if (record->next == FLOW_NONE)
        list->last = record->previous;
    else
        record_at(floor, record->next)->previous = record->previous;
}
