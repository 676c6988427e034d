/* SPDX-License-Identifier: ISC */
/* Lists of records: the order they came in is that of their ends, whichever is taken out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/random.h"
#include "tcp/verbs.h"

enum {
    RECORDS = 8,
    CONNECTIONS = 5, /* their numbers come first */
};

/* A list, and what it should be. */
struct world {
    struct tcp_floor floor;
    union {
        struct syn_record syn;
        struct time_wait_record time_wait;
    } records[RECORDS];
    struct record_list list;
    unsigned order[RECORDS], count;
};

static void start(struct world *w)
{
    memset(w, 0xa5, sizeof(*w));
    w->floor.table.small = (uint8_t *)w->records;
    w->floor.table.small_size = sizeof(w->records[0]);
    w->floor.table.large_count = CONNECTIONS;
    w->list = (struct record_list){ FLOW_NONE, FLOW_NONE };
    w->count = 0;
}

static void check(const struct world *w)
{
    uint32_t number = w->list.first, previous = FLOW_NONE;

    for (unsigned i = 0; i < w->count; i++) {
        const struct syn_record *record = &w->records[w->order[i]].syn;

        assert_int_equal(number, CONNECTIONS + w->order[i]);
        assert_int_equal(record->previous, previous);
        previous = number;
        number = record->next;
    }
    assert_int_equal(number, FLOW_NONE);
    assert_int_equal(w->list.last, previous);
}

static void append(struct world *w, unsigned i)
{
    ms_record_append(&w->floor, &w->list, CONNECTIONS + i);
    w->order[w->count++] = i;
    check(w);
}

static void take_out(struct world *w, unsigned place)
{
    ms_record_remove(&w->floor, &w->list, CONNECTIONS + w->order[place]);
    w->count--;
    memmove(&w->order[place], &w->order[place + 1], (w->count - place) * sizeof(w->order[0]));
    check(w);
}

static void an_empty_list_has_no_ends(void **state)
{
    struct world w;

    (void)state;
    start(&w);
    check(&w);
    append(&w, 3);
    take_out(&w, 0);
    append(&w, 5);
}

static void keeps_the_order_when_an_end_or_the_middle_goes(void **state)
{
    struct world w;

    (void)state;
    start(&w);
    for (unsigned i = 0; i < 5; i++)
        append(&w, i);
    take_out(&w, 0);
    take_out(&w, 3);
    take_out(&w, 1);
    append(&w, 0); /* to the end: its time starts again, as in RFC 9293, 3.6.1 */
    assert_int_equal(w.list.last, CONNECTIONS);
    while (w.count > 0)
        take_out(&w, 0);
    append(&w, 2);
}

/* What is behind the links of either kind of record stays as it is. */
static void touches_nothing_but_the_links(void **state)
{
    struct world w, before;

    (void)state;
    start(&w);
    before = w;
    for (unsigned i = 0; i < RECORDS; i++)
        append(&w, i);
    while (w.count > 0)
        take_out(&w, w.count / 2);
    for (unsigned i = 0; i < RECORDS; i++) {
        w.records[i].time_wait.previous = before.records[i].time_wait.previous;
        w.records[i].time_wait.next = before.records[i].time_wait.next;
    }
    assert_memory_equal(w.records, before.records, sizeof(w.records));
}

static void agrees_with_an_array_whatever_is_done(void **state)
{
    struct dice dice = { 17 };
    bool is_in[RECORDS] = { false };
    struct world w;

    (void)state;
    start(&w);
    for (unsigned i = 0; i < 10000; i++) {
        unsigned n = dice_below(&dice, RECORDS), place = 0;

        if (!is_in[n]) {
            append(&w, n);
        } else {
            while (w.order[place] != n)
                place++;
            take_out(&w, place);
        }
        is_in[n] = !is_in[n];
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_has_no_ends),
        cmocka_unit_test(keeps_the_order_when_an_end_or_the_middle_goes),
        cmocka_unit_test(touches_nothing_but_the_links),
        cmocka_unit_test(agrees_with_an_array_whatever_is_done),
    };

    return cmocka_run_group_tests_name("tcp/records", tests, NULL, NULL);
}
