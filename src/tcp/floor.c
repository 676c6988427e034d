/* SPDX-License-Identifier: ISC */
/* TCP's state in a stack: sized, built, told the time. */
#include "tcp/floor.h"

#include "tcp/tcp.h"
#include "tcp/verbs.h"

static void init_pools(struct tcp_floor *floor, struct arena *arena, const struct ms_config *config)
{
    ms_pool_init(&floor->connections, arena, sizeof(struct ms_tcp), config->tcp_connections);
    ms_pool_init(&floor->syns, arena, sizeof(struct syn_record), config->tcp_syn_records);
    ms_pool_init(&floor->time_waits, arena, sizeof(struct time_wait_record),
                 config->tcp_time_wait_records);
    ms_pool_init(&floor->ranges, arena, sizeof(struct sent_range), config->tcp_sent_ranges);
    ms_pool_init(&floor->held, arena, sizeof(union held_item), 2 * config->tcp_reorder_segments);
    ms_pool_init(&floor->copies, arena, ms_kept_copy_size(), config->tcp_reorder_segments / 4);
    ms_pool_init(&floor->listeners, arena, sizeof(struct ms_tcp_listener), config->tcp_listeners);
}

static void init_lists(struct tcp_floor *floor)
{
    const struct record_list empty = { FLOW_NONE, FLOW_NONE };

    floor->pending_first = floor->pending_last = NULL;
    floor->time_wait_list = empty;
    for (unsigned i = 0; i < SYN_RETRIES; i++)
        floor->syn_lists[i] = empty;
}

void ms_tcp_init(struct ms_stack *stack, struct arena *arena)
{
    const struct ms_config *config = &stack->config;
    struct tcp_floor *floor = ms_arena_take(arena, sizeof(*floor));
    struct tcp_floor measured;
    uint32_t entries =
        config->tcp_connections + config->tcp_syn_records + config->tcp_time_wait_records;

    stack->tcp = floor;
    if (!floor)
        floor = &measured;
    init_pools(floor, arena, config);
    ms_flow_table_init(&floor->table, arena, entries, ms_random_key(&stack->random));
    /* The two kinds of records lie one behind the other, so one size finds both. */
    floor->table.large = floor->connections.base;
    floor->table.large_size = sizeof(struct ms_tcp);
    floor->table.large_count = config->tcp_connections;
    floor->table.small = floor->syns.base;
    floor->table.small_size = sizeof(struct syn_record);
    init_lists(floor);
    if (stack->tcp)
        ms_tcp_rekey(stack);
}

void ms_tcp_rekey(struct ms_stack *stack)
{
    struct tcp_floor *floor = stack->tcp;

    ms_syn_forget(stack, NULL); /* they tell their age, and our timestamps, by the old key */
    floor->isn_key = ms_random_key(&stack->random);
    memset(&floor->isn_flow, 0, sizeof(floor->isn_flow));
    floor->isn_keyed = ms_flow_hash64(&floor->isn_key, &floor->isn_flow);
    floor->cookie_key = ms_random_key(&stack->random);
}

void ms_tcp_check_addresses(struct ms_stack *stack)
{
    struct tcp_floor *floor = stack->tcp;

    for (uint32_t i = 0; i < floor->connections.fresh; i++) {
        struct ms_tcp *c = conn_at(floor, i);

        if (c->state != MS_TCP_CLOSED && !ms_ip_is_own(stack, &c->entry.flow.local))
            ms_conn_end(c, MS_ERROR_INTERFACE_GONE);
    }
    ms_syn_recount(stack);
}
