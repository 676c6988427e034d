/* SPDX-License-Identifier: ISC */
/* What the fuzzers of whole stacks share: oracles that speak, records, and memory used again. */
#include "harness.h"

#include "core/stack.h"
#include "support/tcp_check.h"
#include "tcp/floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLLS_MAX = 3000, STACKS = 2 };

void require(bool is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

void must(enum ms_error error) { require(error == MS_OK, ms_error_text(error)); }

struct ms_stack *harness_stack(unsigned number, const struct ms_config *config)
{
    static void *memory[STACKS];
    static size_t sizes[STACKS];
    size_t size = ms_stack_size(config);
    struct ms_stack *stack;

    if (size > sizes[number]) {
        free(memory[number]);
        memory[number] = malloc(size);
        sizes[number] = size;
    }
    stack = ms_stack_init(config, memory[number], size);
    require(stack != NULL, "no stack");
    return stack;
}

struct ms_config harness_config(void)
{
    struct ms_config config;

    ms_config_default(&config);
    config.netifs = 1;
    config.routes = 4;
    config.neighbors = 4;
    config.groups = 4;
    config.path_mtus = 4;
    config.reassemblies = 1;
    config.reassembly_bytes = 2000;
    config.frames = 24;
    config.frame_slices = 8;
    config.transmit_queue = 16;
    config.udp_sockets = 2;
    config.tcp_listeners = 2;
    config.tcp_connections = 6;
    config.tcp_syn_records = 2;
    config.tcp_time_wait_records = 3;
    config.tcp_sent_ranges = 24;
    config.tcp_reorder_segments = 12;
    config.tcp_recv_window_bytes = 20000;
    return config;
}

void harness_check(const struct ms_stack *stack)
{
    const char *fault = ms_tcp_check(stack);

    require(fault == NULL, fault);
}

void harness_run(struct ms_stack *stack, uint64_t *now_us, uint64_t until_us)
{
    for (unsigned i = 0; i < POLLS_MAX; i++) {
        uint64_t deadline_us = ms_next_deadline(stack);

        require(deadline_us == 0 || deadline_us > stack->now_us, "a deadline in the past");
        if (deadline_us > until_us)
            break;
        *now_us = deadline_us > *now_us ? deadline_us : *now_us;
        ms_poll(stack, *now_us);
        harness_check(stack);
    }
    *now_us = until_us;
    ms_poll(stack, *now_us);
    harness_check(stack);
}

void harness_require_empty(const struct ms_stack *stack)
{
    require(stack->tcp->connections.used == 0, "a connection is left");
    require(stack->tcp->ranges.used == 0, "a sent range is left");
    require(stack->tcp->held.used == 0, "a held segment is left");
    require(stack->tcp->copies.used == 0, "a copy is left");
    require(stack->tcp->syns.used == 0, "a SYN record is left");
    require(stack->tcp->time_waits.used == 0, "a TIME-WAIT record is left");
    require(stack->tcp->pending_first == NULL, "a connection is pending");
    require(stack->frames.used == 0, "a frame is left");
}

const uint8_t *stream_at(uint32_t n)
{
    static uint8_t bytes[STREAM_PERIOD + STREAM_RUN];

    /* Neighbours differ, and so do places a power of two apart. */
    if (bytes[1] == 0) {
        for (uint32_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)(((i % STREAM_PERIOD) * UINT32_C(2654435761)) >> 21 | 1);
    }
    return bytes + n % STREAM_PERIOD;
}
