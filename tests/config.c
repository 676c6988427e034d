/* SPDX-License-Identifier: ISC */
/* Configuration: defaults, sense, and one block of memory of exactly the size that was asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/stack.h"
#include "mstack/mstack.h"

static struct ms_config defaults(void)
{
    struct ms_config config;

    ms_config_default(&config);
    return config;
}

static void default_configuration_makes_sense(void **state)
{
    struct ms_config config = defaults();
    size_t size = ms_stack_size(&config);

    (void)state;
    assert_in_range(size, 500000, 4000000);
}

static void builds_at_any_alignment_in_exactly_the_size(void **state)
{
    struct ms_config config = defaults();
    size_t size = ms_stack_size(&config);

    (void)state;
    config.tcp_connections = 8;
    size = ms_stack_size(&config);
    for (size_t past = 0; past < 64; past += 7) {
        uint8_t *memory = malloc(size + past);

        assert_non_null(ms_stack_init(&config, memory + past, size)); /* ASan watches the end */
        free(memory);
    }
}

static void refuses_too_little_memory(void **state)
{
    struct ms_config config = defaults();
    size_t size = ms_stack_size(&config);
    void *memory = malloc(size);

    (void)state;
    assert_null(ms_stack_init(&config, memory, size - 1));
    assert_null(ms_stack_init(&config, memory, 0));
    assert_null(ms_stack_init(&config, NULL, size));
    free(memory);
}

#define REFUSES(field, value)                                         \
    do {                                                              \
        struct ms_config config = defaults();                         \
        config.field = value;                                         \
        assert_int_equal(ms_stack_size(&config), 0);                  \
        assert_null(ms_stack_init(&config, &config, sizeof(config))); \
    } while (0)

/* proves: MUST-40 */
static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    REFUSES(netifs, 0);
    REFUSES(netifs, 256);
    REFUSES(frames, 0);
    REFUSES(neighbors, 0);
    REFUSES(frame_slices, 0);
    REFUSES(frame_slices, 256);
    REFUSES(transmit_queue, 0);
    REFUSES(transmit_queue, 100);
    REFUSES(reassembly_bytes, 65536);
    REFUSES(tcp_recv_window_bytes, 0);
    REFUSES(tcp_recv_window_bytes, (1u << 30) + 1);
    REFUSES(tcp_mss_min_bytes, 0);
    REFUSES(tcp_mss_min_bytes, 65536);
    REFUSES(tcp_delayed_ack_us, 500000); /* RFC 9293, MUST-40 */
    REFUSES(tcp_rto_min_us, 0);
    REFUSES(tcp_rto_max_us, 59999999); /* RFC 6298, 2.5 */
    REFUSES(tcp_cc, NULL);
    REFUSES(tcp_connections, UINT32_MAX);
    REFUSES(tcp_syn_records, UINT32_MAX);
    REFUSES(udp_sockets, UINT32_MAX);
}

static void works_with_the_smallest_tables(void **state)
{
    struct ms_config config = defaults();
    size_t size;
    void *memory;
    struct ms_stack *stack;

    (void)state;
    config.netifs = config.neighbors = config.frames = config.frame_slices = 1;
    config.transmit_queue = 1;
    config.routes = config.groups = config.path_mtus = config.reassemblies = 0;
    config.reassembly_bytes = 0;
    config.udp_sockets = config.tcp_listeners = config.tcp_connections = 0;
    config.tcp_syn_records = config.tcp_time_wait_records = 0;
    config.tcp_sent_ranges = config.tcp_reorder_segments = 0;
    size = ms_stack_size(&config);
    assert_int_not_equal(size, 0);
    memory = malloc(size);
    stack = ms_stack_init(&config, memory, size);
    assert_non_null(stack);
    ms_poll(stack, 1);
    assert_true(ms_next_deadline(stack) == UINT64_MAX);
    free(memory);
}

/* proves: T45 */
static void reseeding_changes_what_is_random(void **state)
{
    struct ms_config config = defaults();
    size_t size = ms_stack_size(&config);
    void *memory[2] = { malloc(size), malloc(size) };
    struct ms_stack *first = ms_stack_init(&config, memory[0], size);
    struct ms_stack *second = ms_stack_init(&config, memory[1], size);
    uint8_t seed[32] = { 1 };

    (void)state;
    assert_true(ms_random_u64(&first->random) == ms_random_u64(&second->random));
    ms_stack_reseed(second, seed); /* row T45: a clone must not go on as its twin */
    assert_false(ms_random_u64(&first->random) == ms_random_u64(&second->random));
    free(memory[0]);
    free(memory[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_configuration_makes_sense),
        cmocka_unit_test(builds_at_any_alignment_in_exactly_the_size),
        cmocka_unit_test(refuses_too_little_memory),
        cmocka_unit_test(refuses_what_makes_no_sense),
        cmocka_unit_test(works_with_the_smallest_tables),
        cmocka_unit_test(reseeding_changes_what_is_random),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
