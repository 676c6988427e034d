/* SPDX-License-Identifier: ISC */
/*
 * Flow to entry, in O(1): one keyed hash table for connections (large entries) and for SYN and
 * TIME-WAIT records (small ones), so that one look-up tells which of the three a segment meets.
 * It grows by linear hashing inside memory reserved at start: a bucket at a time, no pause.
 */
#ifndef CORE_FLOW_TABLE_H
#define CORE_FLOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/flow.h"

#define FLOW_NONE UINT32_MAX /* no enumerator: those are of type int */

/* What each entry begins with. */
struct flow_entry {
    uint32_t hash_next; /* number of the next entry of the bucket, or FLOW_NONE */
    struct flow flow;
};

struct flow_table {
    uint32_t *buckets;
    uint32_t mask;         /* buckets before the split point have twice this and one */
    uint32_t split;        /* the next bucket to be split */
    uint32_t bucket_count; /* mask + 1 + split */
    uint32_t bucket_max;
    uint32_t count;
    uint32_t last; /* the entry found or made last, or FLOW_NONE: packets come in trains */
    struct siphash_key key;
    struct flow
        hashed; /* the flow hashed last, and its hash: one has to be hashed often in a row */
    uint32_t hash;
    uint8_t *large, *small; /* entries 0 to large_count - 1, and those after */
    uint32_t large_size, small_size, large_count;
};

/* Room for `entries` entries. large/small and their sizes are set by the owner afterwards. */
void ms_flow_table_init(struct flow_table *table, struct arena *arena, uint32_t entries,
                        struct siphash_key key);
/* The flow's hash; *table remembers the last one. */
uint32_t ms_flow_table_hash(struct flow_table *table, const struct flow *flow);
/* The entry's number for large entry i is i; for small entry i it is large_count + i. */
void ms_flow_table_insert(struct flow_table *table, uint32_t number, uint32_t hash);
void ms_flow_table_remove(struct flow_table *table, uint32_t number);
/* Takes the place of entry `old`, whose flow is the same, in one step. */
void ms_flow_table_replace(struct flow_table *table, uint32_t old, uint32_t number);

static inline struct flow_entry *ms_flow_table_at(const struct flow_table *table, uint32_t number)
{
    uint8_t *at = number < table->large_count
                      ? table->large + (size_t)number * table->large_size
                      : table->small + (size_t)(number - table->large_count) * table->small_size;
    return (struct flow_entry *)(void *)at;
}

static inline uint32_t ms_flow_table_bucket(const struct flow_table *table, uint32_t hash)
{
    uint32_t bucket = hash & table->mask;

    return bucket < table->split ? hash & (2 * table->mask + 1) : bucket;
}

/* The number of the flow's entry, or FLOW_NONE. */
static inline uint32_t ms_flow_table_find(const struct flow_table *table, const struct flow *flow,
                                          uint32_t hash)
{
    uint32_t number = table->buckets[ms_flow_table_bucket(table, hash)];

    while (number != FLOW_NONE) {
        const struct flow_entry *entry = ms_flow_table_at(table, number);

        if (flow_equal(&entry->flow, flow))
            break;
        number = entry->hash_next;
    }
    return number;
}

/* The same for whoever has not hashed the flow: mostly it need not be. */
uint32_t ms_flow_table_search(struct flow_table *table, const struct flow *flow);
static inline uint32_t ms_flow_table_look_up(struct flow_table *table, const struct flow *flow)
{
    uint32_t last = table->last;

    if (last != FLOW_NONE && flow_equal(&ms_flow_table_at(table, last)->flow, flow))
        return last;
    return ms_flow_table_search(table, flow);
}

#endif
