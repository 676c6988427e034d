/* SPDX-License-Identifier: ISC */
/* Configuration: its defaults, its sense, and the one block of memory built from it. */
#include "core/bytes.h"
#include "core/checksum.h"
#include "core/frame.h"
#include "core/netif.h"
#include "core/stack.h"
#include "eth/eth.h"
#include "ip/ip.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

enum {
    DATAGRAM_MAX = 65535,
    WINDOW_MAX = 1 << 30,
    COUNT_MAX = 1 << 28,           /* of anything: sizes then fit in 64 bits, numbers in 32 */
    DELAYED_ACK_LIMIT_US = 500000, /* RFC 9293, MUST-40 */
    RTO_MAX_LEAST_US = 60000000,   /* RFC 6298, 2.5 */
    RTO_MAX_MOST_US = 600000000,
};

void ms_config_default(struct ms_config *config)
{
    *config = (struct ms_config){
        .netifs = 4,
        .routes = 16,
        .neighbors = 128,
        .groups = 16,
        .path_mtus = 64,
        .reassemblies = 4,
        .reassembly_bytes = DATAGRAM_MAX,
        .frames = 512,
        .frame_slices = 16,
        .transmit_queue = 256,
        .udp_sockets = 64,
        .tcp_listeners = 16,
        .tcp_connections = 1024,
        .tcp_syn_records = 512,
        .tcp_time_wait_records = 4096,
        .tcp_sent_ranges = 4096,
        .tcp_reorder_segments = 2048,
        .tcp_recv_window_bytes = 256 * 1024,
        .tcp_mss_min_bytes = 536,
        .tcp_delayed_ack_us = 40000,
        .tcp_rto_min_us = 200000,
        .tcp_rto_max_us = 120000000,
        .tcp_msl_us = 30000000,
        .tcp_user_timeout_us = 300000000,
        .tcp_fin_wait_2_us = 60000000,
        .tcp_cc = &ms_cc_cubic,
        .tcp_timestamps = true,
        .tcp_sack = true,
        .tcp_syn_cookies = true,
    };
}

static bool counts_make_sense(const struct ms_config *c)
{
    const uint32_t counts[] = {
        c->routes,          c->neighbors,
        c->groups,          c->path_mtus,
        c->reassemblies,    c->frames,
        c->udp_sockets,     c->tcp_listeners,
        c->tcp_connections, c->transmit_queue,
        c->tcp_syn_records, c->tcp_time_wait_records,
        c->tcp_sent_ranges, c->tcp_reorder_segments,
    };

    for (unsigned i = 0; i < MS_ARRAY_LEN(counts); i++) {
        if (counts[i] > COUNT_MAX)
            return false;
    }
    return c->netifs >= 1 && c->netifs <= UINT8_MAX && c->frames >= 1 && c->neighbors >= 1;
}

static bool makes_sense(const struct ms_config *c)
{
    bool is_queue_sane =
        c->transmit_queue > 0 && (c->transmit_queue & (c->transmit_queue - 1)) == 0;
    bool is_frame_sane = c->frame_slices >= 1 && c->frame_slices <= UINT8_MAX;
    bool is_tcp_sane = c->tcp_recv_window_bytes >= 1 && c->tcp_recv_window_bytes <= WINDOW_MAX &&
                       c->tcp_mss_min_bytes >= 1 && c->tcp_mss_min_bytes <= UINT16_MAX &&
                       c->tcp_delayed_ack_us < DELAYED_ACK_LIMIT_US && c->tcp_cc;
    bool is_rto_sane = c->tcp_rto_min_us >= 1 && c->tcp_rto_min_us <= c->tcp_rto_max_us &&
                       c->tcp_rto_max_us >= RTO_MAX_LEAST_US &&
                       c->tcp_rto_max_us <= RTO_MAX_MOST_US;

    return counts_make_sense(c) && is_queue_sane && is_frame_sane && is_tcp_sane && is_rto_sane &&
           c->reassembly_bytes <= DATAGRAM_MAX;
}

static void build_netifs(struct ms_stack *stack, struct arena *arena)
{
    const struct ms_config *config = &stack->config;

    stack->netif_count = config->netifs;
    stack->netifs = ms_arena_take(arena, config->netifs * sizeof(struct ms_netif));
    for (uint32_t i = 0; i < config->netifs; i++) {
        void *queue = ms_arena_take(arena, config->transmit_queue * sizeof(struct ms_frame *));

        if (!stack->netifs)
            continue;
        stack->netifs[i].stack = stack;
        stack->netifs[i].number = (uint8_t)i;
        stack->netifs[i].queue = queue;
        stack->netifs[i].queue_mask = config->transmit_queue - 1;
    }
}

/* Takes all memory there is to take: with an arena that only measures, or one that gives. */
static void build(struct ms_stack *stack, struct arena *arena)
{
    const struct ms_config *config = &stack->config;

    ms_random_init(&stack->random, config->seed);
    stack->path_generation = 1;
    build_netifs(stack, arena);
    ms_pool_init(&stack->frames, arena, ms_sent_frame_size(config), config->frames);
    ms_tcp_init(stack, arena);
    ms_udp_init(stack, arena);
    ms_eth_init(stack, arena);
    ms_ip_init(stack, arena);
}

size_t ms_stack_size(const struct ms_config *config)
{
    struct arena arena = { .base = NULL, .used = 0 };
    struct ms_stack measured;

    if (!makes_sense(config))
        return 0;
    memset(&measured, 0, sizeof(measured));
    measured.config = *config;
    (void)ms_arena_take(&arena, sizeof(measured));
    build(&measured, &arena);
    return arena.used + ARENA_ALIGN - 1; /* whatever the alignment of the memory given */
}

struct ms_stack *ms_stack_init(const struct ms_config *config, void *memory, size_t size)
{
    size_t needed = ms_stack_size(config);
    size_t past = (size_t)((uintptr_t)memory % ARENA_ALIGN);
    struct arena arena = { .used = 0 };
    struct ms_stack *stack;

    if (!memory || needed == 0 || size < needed)
        return NULL;
    arena.base = (uint8_t *)memory + (past ? ARENA_ALIGN - past : 0);
    stack = ms_arena_take(&arena, sizeof(*stack));
    stack->config = *config;
    stack->checksum = ms_checksum_pick();
    build(stack, &arena);
    return stack;
}

void ms_stack_reseed(struct ms_stack *stack, const uint8_t seed[32])
{
    ms_random_reseed(&stack->random, seed);
    ms_tcp_rekey(stack);
}

const struct ms_counters *ms_stack_counters(const struct ms_stack *stack)
{
    return &stack->counters;
}
