/* SPDX-License-Identifier: ISC */
/* The path MTU cache. */
#include "ip/path_mtu.h"

#include "core/flow.h"
#include "ip/ip.h"
#include "ip/ip_floor.h"

enum { SET_ENTRIES = 4 };
enum { LIFETIME_US = 600000000 }; /* RFC 8201, 4; RFC 1191, 6.3 */

struct path_mtu {
    struct ms_addr remote;
    uint64_t until_us; /* in the past: free */
    uint32_t mtu;
};

void ms_path_mtus_init(struct ms_stack *stack, struct arena *arena)
{
    uint32_t sets = 1;
    struct path_mtu *entries;

    while (sets * SET_ENTRIES < stack->config.path_mtus)
        sets *= 2;
    entries = ms_arena_take(arena, (size_t)sets * SET_ENTRIES * sizeof(*entries));
    if (!entries)
        return;
    stack->ip->path_mtus.entries = entries;
    stack->ip->path_mtus.set_mask = sets - 1;
    stack->ip->path_mtus.key = ms_random_key(&stack->random);
}

static struct path_mtu *set_of(const struct path_mtus *table, const struct ms_addr *remote)
{
    const uint64_t words[2] = { load_raw64(remote->bytes), load_raw64(remote->bytes + 8) };

    return &table->entries[(ms_siphash(&table->key, words, 2) & table->set_mask) * SET_ENTRIES];
}

/* Entries that ran out are made free on the way. */
static struct path_mtu *find(struct ms_stack *stack, const struct ms_addr *remote)
{
    struct path_mtus *table = &stack->ip->path_mtus;
    struct path_mtu *set = set_of(table, remote);
    struct path_mtu *found = NULL;

    for (unsigned i = 0; i < SET_ENTRIES; i++) {
        if (set[i].until_us == 0)
            continue;
        if (set[i].until_us <= stack->now_us) {
            set[i].until_us = 0;
            table->used--;
        } else if (addr_equal(&set[i].remote, remote)) {
            found = &set[i];
        }
    }
    return found;
}

uint32_t ms_path_mtu_get(struct ms_stack *stack, const struct ms_addr *remote, uint32_t link_mtu)
{
    const struct path_mtu *entry;

    if (MS_LIKELY(stack->ip->path_mtus.used == 0))
        return link_mtu;
    entry = find(stack, remote);
    return entry ? min_u32(entry->mtu, link_mtu) : link_mtu;
}

/* A free entry of the destination's set, else any of it: whose place is lost tells nobody what
 * else the set holds. */
static struct path_mtu *make(struct ms_stack *stack, const struct ms_addr *remote)
{
    struct path_mtus *table = &stack->ip->path_mtus;
    struct path_mtu *set = set_of(table, remote);
    struct path_mtu *entry = &set[ms_random_below(&stack->random, SET_ENTRIES)];

    for (unsigned i = 0; i < SET_ENTRIES; i++) {
        if (set[i].until_us == 0)
            entry = &set[i];
    }
    if (entry->until_us == 0)
        table->used++;
    entry->remote = *remote;
    return entry;
}

void ms_ip_lower_mtu(struct ms_stack *stack, const struct ms_addr *remote, uint32_t mtu)
{
    struct path_mtu *entry = find(stack, remote);

    MS_ASSERT(mtu >= (addr_is_ipv4(remote) ? (uint32_t)IPV4_MTU_MIN : (uint32_t)IPV6_MTU_MIN));
    if (entry && entry->mtu <= mtu)
        return;
    if (!entry)
        entry = make(stack, remote);
    entry->mtu = mtu;
    entry->until_us = stack->now_us + LIFETIME_US;
    stack->counters.icmp_path_mtu_updates++;
    ms_paths_changed(stack);
}
