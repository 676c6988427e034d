/* SPDX-License-Identifier: ISC */
/* Linear hashing: one bucket is split for each entry beyond as many as there are buckets. */
#include "core/flow_table.h"

#include "core/assert.h"

enum { BUCKETS_MIN = 16 };

static uint32_t power_of_two_above(uint32_t n)
{
    uint32_t power = BUCKETS_MIN;

    while (power < n && power < UINT32_C(1) << 31)
        power *= 2;
    return power;
}

void ms_flow_table_init(struct flow_table *table, struct arena *arena, uint32_t entries,
                        struct siphash_key key)
{
    uint32_t bucket_max = power_of_two_above(entries);

    table->buckets = ms_arena_take(arena, bucket_max * sizeof(table->buckets[0]));
    table->mask = BUCKETS_MIN - 1;
    table->split = 0;
    table->bucket_count = BUCKETS_MIN;
    table->bucket_max = bucket_max;
    table->count = 0;
    table->last = FLOW_NONE;
    table->key = key;
    memset(&table->hashed, 0, sizeof(table->hashed));
    table->hash = ms_flow_hash(&key, &table->hashed);
    if (!table->buckets)
        return;
    for (uint32_t i = 0; i < BUCKETS_MIN; i++)
        table->buckets[i] = FLOW_NONE;
}

static void push(struct flow_table *table, uint32_t bucket, uint32_t number)
{
    ms_flow_table_at(table, number)->hash_next = table->buckets[bucket];
    table->buckets[bucket] = number;
}

/* Spreads the entries of the bucket at the split point over itself and a new one at the end. */
static void split_bucket(struct flow_table *table)
{
    uint32_t number = table->buckets[table->split];

    table->buckets[table->split] = FLOW_NONE;
    table->buckets[table->bucket_count++] = FLOW_NONE;
    if (table->split++ == table->mask) {
        table->mask = 2 * table->mask + 1;
        table->split = 0;
    }
    while (number != FLOW_NONE) {
        struct flow_entry *entry = ms_flow_table_at(table, number);
        uint32_t next = entry->hash_next;

        push(table, ms_flow_table_bucket(table, ms_flow_hash(&table->key, &entry->flow)), number);
        number = next;
    }
}

uint32_t ms_flow_table_hash(struct flow_table *table, const struct flow *flow)
{
    if (!flow_equal(&table->hashed, flow)) {
        table->hashed = *flow;
        table->hash = ms_flow_hash(&table->key, flow);
    }
    return table->hash;
}

void ms_flow_table_insert(struct flow_table *table, uint32_t number, uint32_t hash)
{
    push(table, ms_flow_table_bucket(table, hash), number);
    table->last = number;
    if (++table->count > table->bucket_count && table->bucket_count < table->bucket_max)
        split_bucket(table);
}

/* What points at the entry: a bucket, or the entry before it. */
static uint32_t *find_link(struct flow_table *table, uint32_t number)
{
    const struct flow *flow = &ms_flow_table_at(table, number)->flow;
    uint32_t *link = &table->buckets[ms_flow_table_bucket(table, ms_flow_table_hash(table, flow))];

    while (*link != number) {
        MS_ASSERT(*link != FLOW_NONE);
        link = &ms_flow_table_at(table, *link)->hash_next;
    }
    return link;
}

uint32_t ms_flow_table_search(struct flow_table *table, const struct flow *flow)
{
    table->last = ms_flow_table_find(table, flow, ms_flow_table_hash(table, flow));
    return table->last;
}

void ms_flow_table_remove(struct flow_table *table, uint32_t number)
{
    if (table->last == number)
        table->last = FLOW_NONE; /* its memory may soon hold something else */
    *find_link(table, number) = ms_flow_table_at(table, number)->hash_next;
    table->count--;
}

void ms_flow_table_replace(struct flow_table *table, uint32_t old, uint32_t number)
{
    *find_link(table, old) = number;
    table->last = number;
    ms_flow_table_at(table, number)->hash_next = ms_flow_table_at(table, old)->hash_next;
}
