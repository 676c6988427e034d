/* SPDX-License-Identifier: ISC */
/* Tests of core/flow_table.c: random use against a plain array, growth, and chosen flows. */
#include "core/flow_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/random.h"

enum { LARGE = 300, SMALL = 700, ENTRIES = LARGE + SMALL, OPERATIONS = 100000 };

static const struct siphash_key key = { 0x1234, 0x5678 };

struct large_entry {
    struct flow_entry entry;
    uint8_t more[100];
};

struct small_entry {
    struct flow_entry entry;
    uint8_t more[4];
};

/* A table with the memory it asked for. */
struct fixture {
    struct flow_table table;
    void *memory;
};

static struct fixture make_table(uint32_t large, uint32_t small)
{
    struct arena measure = { 0 }, arena = { 0 };
    struct fixture f;

    ms_flow_table_init(&f.table, &measure, large + small, key);
    assert_null(f.table.buckets);
    f.memory = malloc(measure.used);
    arena.base = f.memory;
    ms_flow_table_init(&f.table, &arena, large + small, key);
    assert_int_equal(arena.used, measure.used);
    f.table.large = calloc(large, sizeof(struct large_entry));
    f.table.small = calloc(small, sizeof(struct small_entry));
    f.table.large_size = sizeof(struct large_entry);
    f.table.small_size = sizeof(struct small_entry);
    f.table.large_count = large;
    return f;
}

static void free_table(struct fixture *f)
{
    free(f->table.large);
    free(f->table.small);
    free(f->memory);
}

/* The n-th flow; every second one is IPv6. */
static struct flow flow_number(uint32_t n)
{
    struct flow flow = { .local_port = 80, .remote_port = (uint16_t)n };

    if (n & 1) {
        flow.local = (struct ms_addr){ { 0x20, 1, [15] = 1 } };
        flow.remote = (struct ms_addr){ { 0x20, 1, [14] = (uint8_t)(n >> 8), [15] = (uint8_t)n } };
    } else {
        flow.local = ms_addr_ipv4(192, 0, 2, 1);
        flow.remote = ms_addr_ipv4(10, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8));
    }
    return flow;
}

/* By each of the ways there are: all find the same. */
static uint32_t find(struct flow_table *table, const struct flow *flow)
{
    uint32_t number = ms_flow_table_find(table, flow, ms_flow_hash(&table->key, flow));

    assert_int_equal(ms_flow_table_look_up(table, flow), number);
    assert_int_equal(ms_flow_table_look_up(table, flow), number);
    assert_int_equal(ms_flow_table_search(table, flow), number);
    return number;
}

static void insert(struct flow_table *table, uint32_t number, const struct flow *flow)
{
    ms_flow_table_at(table, number)->flow = *flow;
    ms_flow_table_insert(table, number, ms_flow_hash(&table->key, flow));
}

/* The longest chain; checks on the way that all entries are where they belong. */
static unsigned longest_chain(const struct flow_table *table)
{
    unsigned longest = 0;
    uint32_t total = 0;

    assert_int_equal(table->bucket_count, table->mask + 1 + table->split);
    assert_true(table->bucket_count <= table->bucket_max);
    for (uint32_t b = 0; b < table->bucket_count; b++) {
        unsigned len = 0;

        for (uint32_t n = table->buckets[b]; n != FLOW_NONE;
             n = ms_flow_table_at(table, n)->hash_next, len++) {
            const struct flow *flow = &ms_flow_table_at(table, n)->flow;

            assert_int_equal(ms_flow_table_bucket(table, ms_flow_hash(&table->key, flow)), b);
        }
        total += len;
        longest = len > longest ? len : longest;
    }
    assert_int_equal(total, table->count);
    return longest;
}

static void finds_nothing_at_first(void **state)
{
    struct fixture f = make_table(4, 4);
    struct flow flow = flow_number(1);

    (void)state;
    assert_int_equal(find(&f.table, &flow), FLOW_NONE);
    assert_int_equal(longest_chain(&f.table), 0);
    free_table(&f);
}

static void finds_large_and_small_entries_by_number(void **state)
{
    struct fixture f = make_table(LARGE, SMALL);

    (void)state;
    for (uint32_t n = 0; n < ENTRIES; n++) {
        struct flow flow = flow_number(n);

        insert(&f.table, n, &flow);
        assert_int_equal(find(&f.table, &flow), n);
    }
    for (uint32_t n = 0; n < ENTRIES; n++) {
        struct flow flow = flow_number(n);

        assert_int_equal(find(&f.table, &flow), n);
        assert_ptr_equal(ms_flow_table_at(&f.table, n),
                         n < LARGE ? f.table.large + n * sizeof(struct large_entry)
                                   : f.table.small + (n - LARGE) * sizeof(struct small_entry));
    }
    free_table(&f);
}

static void tells_flows_apart_by_each_part(void **state)
{
    struct fixture f = make_table(8, 8);
    struct flow flow = flow_number(5), other;

    (void)state;
    insert(&f.table, 0, &flow);
    for (unsigned i = 0; i < sizeof(flow); i++) {
        other = flow;
        ((uint8_t *)&other)[i] ^= 1;
        assert_int_equal(ms_flow_table_find(&f.table, &other, ms_flow_hash(&key, &flow)),
                         FLOW_NONE); /* in the same bucket, and not the same */
    }
    free_table(&f);
}

static void grows_a_bucket_at_a_time_up_to_its_room(void **state)
{
    struct fixture f = make_table(64, 0);

    (void)state;
    for (uint32_t n = 0; n < 64; n++) {
        uint32_t before = f.table.bucket_count;
        struct flow flow = flow_number(n);

        insert(&f.table, n, &flow);
        assert_true(f.table.bucket_count - before <= 1);
        assert_int_equal(f.table.bucket_count, n < 16 ? 16 : n + 1);
        longest_chain(&f.table);
    }
    assert_int_equal(f.table.bucket_count, f.table.bucket_max);
    free_table(&f);
}

/* Which entry each flow has, or FLOW_NONE; and the entries that are free. */
struct model {
    struct fixture f;
    uint32_t number_of[ENTRIES];
    uint32_t free[ENTRIES], free_count;
    uint32_t count;
    struct dice dice;
};

static uint32_t take_free(struct model *m)
{
    uint32_t i = dice_below(&m->dice, m->free_count), number = m->free[i];

    m->free[i] = m->free[--m->free_count];
    return number;
}

static void step(struct model *m, uint32_t fill_percent)
{
    uint32_t n = dice_below(&m->dice, ENTRIES), old = m->number_of[n];
    struct flow flow = flow_number(n);

    assert_int_equal(find(&m->f.table, &flow), old);
    if (old == FLOW_NONE) {
        if (dice_below(&m->dice, 100) >= fill_percent)
            return;
        m->number_of[n] = take_free(m);
        insert(&m->f.table, m->number_of[n], &flow);
        m->count++;
    } else if (dice_below(&m->dice, 2) && m->free_count > 0) {
        m->number_of[n] = take_free(m);
        ms_flow_table_at(&m->f.table, m->number_of[n])->flow = flow;
        ms_flow_table_replace(&m->f.table, old, m->number_of[n]);
        m->free[m->free_count++] = old;
    } else {
        ms_flow_table_remove(&m->f.table, old);
        m->free[m->free_count++] = old;
        m->number_of[n] = FLOW_NONE;
        m->count--;
    }
    assert_int_equal(find(&m->f.table, &flow), m->number_of[n]);
    assert_int_equal(m->f.table.count, m->count);
}

static void agrees_with_an_array_in_random_use(void **state)
{
    static struct model m;

    (void)state;
    m.f = make_table(LARGE, SMALL);
    m.dice.state = 99;
    for (uint32_t n = 0; n < ENTRIES; n++) {
        m.number_of[n] = FLOW_NONE;
        m.free[m.free_count++] = n;
    }
    for (unsigned i = 0; i < OPERATIONS; i++) {
        step(&m, i / 10000 % 2 ? 10 : 100);
        if (i % 1000 == 0)
            longest_chain(&m.f.table);
    }
    for (uint32_t n = 0; n < ENTRIES; n++) {
        struct flow flow = flow_number(n);

        assert_int_equal(find(&m.f.table, &flow), m.number_of[n]);
    }
    free_table(&m.f);
}

static void forgets_the_entry_found_last_when_it_goes(void **state)
{
    struct fixture f = make_table(4, 4);
    struct flow flow = flow_number(1), other = flow_number(2);

    (void)state;
    insert(&f.table, 0, &flow);
    assert_int_equal(ms_flow_table_look_up(&f.table, &flow), 0);
    ms_flow_table_at(&f.table, 5)->flow = flow;
    ms_flow_table_replace(&f.table, 0, 5);
    assert_int_equal(ms_flow_table_look_up(&f.table, &flow), 5);
    ms_flow_table_remove(&f.table, 5);
    assert_int_equal(ms_flow_table_look_up(&f.table, &flow), FLOW_NONE);
    insert(&f.table, 5, &other); /* the same place, another flow */
    assert_int_equal(ms_flow_table_look_up(&f.table, &flow), FLOW_NONE);
    assert_int_equal(ms_flow_table_look_up(&f.table, &other), 5);
    free_table(&f);
}

/* Flows whose words add and xor to the same: only a keyed hash spreads them. */
/* proves: Z05, R11 */
static void keeps_chains_short_against_chosen_flows(void **state)
{
    enum { FLOWS = 100000 };
    struct fixture f = make_table(0, FLOWS);

    (void)state;
    for (uint32_t n = 0; n < FLOWS; n++) {
        struct flow flow = { .local = ms_addr_ipv4(192, 0, 2, 1), .local_port = 80 };

        flow.remote = ms_addr_ipv4(10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n);
        flow.local_port = (uint16_t)(80 ^ n);
        flow.remote_port = (uint16_t)(n >> 16);
        insert(&f.table, n, &flow);
        assert_int_equal(find(&f.table, &flow), n);
    }
    assert_true(longest_chain(&f.table) <= 16);
    for (uint32_t n = 0; n < FLOWS; n += 97) {
        struct flow flow = ms_flow_table_at(&f.table, n)->flow;

        assert_int_equal(find(&f.table, &flow), n);
        ms_flow_table_remove(&f.table, n);
        assert_int_equal(find(&f.table, &flow), FLOW_NONE);
    }
    free_table(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_nothing_at_first),
        cmocka_unit_test(finds_large_and_small_entries_by_number),
        cmocka_unit_test(tells_flows_apart_by_each_part),
        cmocka_unit_test(grows_a_bucket_at_a_time_up_to_its_room),
        cmocka_unit_test(agrees_with_an_array_in_random_use),
        cmocka_unit_test(forgets_the_entry_found_last_when_it_goes),
        cmocka_unit_test(keeps_chains_short_against_chosen_flows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
