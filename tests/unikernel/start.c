/* SPDX-License-Identifier: ISC */
/* What a guest starts with: its memory, how much it makes of it, its settings, its milestones. */
#include "fake_xen.h"

#include <stdalign.h>

#include "heap.h"
#include "milestones.h"
#include "settings.h"
#include "sizes.h"

enum { PAGES = 64, PORT = 3, KEYS = 4 };

static alignas(PAGE_BYTES) uint8_t memory[PAGES * PAGE_BYTES];
static struct machine machine;
static struct heap heap;

static int setup(void **state)
{
    (void)state;
    fake_xen_reset();
    fake.tables_left = 100;
    memset(memory, 0xff, sizeof(memory));
    machine = (struct machine){
        .free_start = memory,
        .mapped_end = memory + 16 * PAGE_BYTES,
        .free_end = memory + sizeof(memory),
    };
    ms_guest_heap_init(&heap, &machine);
    return 0;
}

static void gives_out_pages_of_zeros(void **state)
{
    uint8_t *a = ms_guest_heap_take(&heap, 1), *b = ms_guest_heap_take(&heap, PAGE_BYTES + 1);

    (void)state;
    assert_ptr_equal(a, memory);
    assert_ptr_equal(b, memory + PAGE_BYTES);
    assert_int_equal(ms_guest_heap_left(&heap), (PAGES - 3) * PAGE_BYTES);
    for (unsigned i = 0; i < 3 * PAGE_BYTES; i++)
        assert_int_equal(memory[i], 0);
    assert_int_equal(memory[3 * PAGE_BYTES], 0xff);
}

static void maps_what_it_gives_out(void **state)
{
    uint8_t *a;

    (void)state;
    a = ms_guest_heap_take(&heap, 12 * PAGE_BYTES);
    assert_ptr_equal(a, memory);
    assert_int_equal(fake.tables_left, 100);
    /* Now there would be less than a table's of each level left. */
    a = ms_guest_heap_take(&heap, PAGE_BYTES);
    assert_ptr_equal(a, memory + 13 * PAGE_BYTES);
    assert_int_equal(fake.tables_left, 99);
    assert_true(heap.mapped >= heap.next + 4 * PAGE_BYTES);
}

static void runs_out_of_memory_and_changes_nothing_then(void **state)
{
    uint64_t total = 0;

    (void)state;
    assert_null(ms_guest_heap_take(&heap, 0));
    assert_null(ms_guest_heap_take(&heap, SIZE_MAX));
    assert_null(ms_guest_heap_take(&heap, sizeof(memory) + 1));
    assert_int_equal(fake.tables_left, 100);
    while (ms_guest_heap_take(&heap, PAGE_BYTES))
        total += PAGE_BYTES;
    assert_int_equal(ms_guest_heap_left(&heap), 0);
    assert_int_equal(total, (PAGES - 3) * PAGE_BYTES);
    assert_ptr_equal(heap.mapped, memory + sizeof(memory));
}

/* The tables take the last pages that the question was about. */
static void counts_the_tables(void **state)
{
    (void)state;
    assert_null(ms_guest_heap_take(&heap, PAGES * PAGE_BYTES));
    assert_true(heap.next <= heap.end);
    assert_non_null(ms_guest_heap_take(&heap, 4 * PAGE_BYTES));
}

static void has_no_memory_that_xen_does_not_map(void **state)
{
    (void)state;
    fake.tables_left = 0;
    assert_null(ms_guest_heap_take(&heap, 20 * PAGE_BYTES));
    assert_non_null(ms_guest_heap_take(&heap, 4 * PAGE_BYTES));
}

static void makes_tables_for_its_memory(void **state)
{
    static const size_t megabytes[] = { 4, 8, 32, 256, 2048 };
    uint32_t before = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        size_t bytes = megabytes[i] << 20;
        struct ms_config config;
        struct ms_netfront_config device;

        ms_config_default(&config);
        ms_guest_sizes_of_stack(&config, bytes);
        assert_in_range(ms_stack_size(&config), 1, bytes / 4);
        assert_true(config.tcp_connections > before);
        before = config.tcp_connections;
        ms_netfront_config_default(&device);
        device.queues = 2;
        ms_guest_sizes_of_device(&device, bytes);
        assert_in_range(ms_netfront_size(&device), 1, bytes / 3 * 2);
    }
    assert_true(before > 8192);
}

static void has_a_least_size_and_a_largest(void **state)
{
    struct ms_config config;
    struct ms_netfront_config device;

    (void)state;
    ms_config_default(&config);
    ms_guest_sizes_of_stack(&config, 0);
    assert_int_equal(config.tcp_connections, 64);
    assert_true(ms_stack_size(&config) > 0);
    ms_netfront_config_default(&device);
    ms_guest_sizes_of_device(&device, 0);
    assert_int_equal(device.rx_pages, 128);
    ms_config_default(&config);
    ms_guest_sizes_of_stack(&config, SIZE_MAX);
    assert_int_equal(config.tcp_connections, 1 << 20);
    ms_guest_sizes_of_device(&device, SIZE_MAX);
    assert_int_equal(device.rx_pages, 4096);
    assert_true(ms_netfront_size(&device) > 0);
}

/* --- Settings, from a xenstore of a few keys --- */

static struct xenstore_domain_interface ring;
static struct events events;
static struct store store;
static struct settings settings;
static struct {
    const char *path, *value;
} keys[KEYS];
static unsigned key_count;

static void say(uint32_t id, uint32_t type, const char *value)
{
    struct xsd_sockmsg header = { .type = type, .req_id = id, .len = (uint32_t)strlen(value) };
    char bytes[1024];
    size_t len = sizeof(header) + header.len;

    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), value, header.len);
    for (size_t i = 0; i < len; i++)
        ring.rsp[MASK_XENSTORE_IDX(ring.rsp_prod++)] = bytes[i];
}

static void answer_one(void)
{
    struct xsd_sockmsg header;
    char path[128];
    unsigned i = 0;

    for (unsigned b = 0; b < sizeof(header); b++)
        ((char *)&header)[b] = ring.req[MASK_XENSTORE_IDX(ring.req_cons++)];
    for (unsigned b = 0; b < header.len; b++)
        path[b] = ring.req[MASK_XENSTORE_IDX(ring.req_cons++)];
    while (i < key_count && strcmp(keys[i].path, path) != 0)
        i++;
    if (i < key_count)
        say(header.req_id, XS_READ, keys[i].value);
    else
        say(header.req_id, XS_ERROR, "ENOENT");
}

static void run_store(void)
{
    while (ring.req_cons != ring.req_prod)
        answer_one();
    fake_xen_ring(PORT);
}

static void begin(const char *arguments)
{
    fake_xen_reset();
    fake.on_sleep = run_store;
    ms_guest_events_init(&events, &fake.shared);
    memset(&ring, 0, sizeof(ring));
    store = (struct store){ .events = &events };
    ms_guest_store_connect(&store, &ring, PORT);
    ms_guest_settings_init(&settings, arguments, &store);
}

static void has(const char *path, const char *value)
{
    keys[key_count].path = path;
    keys[key_count++].value = value;
}

static int setup_settings(void **state)
{
    (void)state;
    key_count = 0;
    return 0;
}

static void finds_a_setting_in_either_place(void **state)
{
    char value[32] = "";

    (void)state;
    has("data/mstack/ip", "10.0.0.1/24  fd00::1/64 ");
    has("data/mstack/mine", "special");
    has("data/mstack/port", "");
    begin("gateway=10.0.0.9 gateway=fd00::9");
    assert_true(ms_guest_setting(&settings, "ip", 0, value, sizeof(value)));
    assert_string_equal(value, "10.0.0.1/24");
    assert_true(ms_guest_setting(&settings, "ip", 1, value, sizeof(value)));
    assert_string_equal(value, "fd00::1/64");
    assert_false(ms_guest_setting(&settings, "ip", 2, value, sizeof(value)));
    assert_true(ms_guest_setting(&settings, "gateway", 1, value, sizeof(value)));
    assert_string_equal(value, "fd00::9");
    assert_int_equal(fake.slept, 1);
    assert_true(ms_guest_setting(&settings, "mine", 0, value, sizeof(value)));
    assert_string_equal(value, "special");
    assert_true(ms_guest_setting(&settings, "port", 0, value, sizeof(value)));
    assert_string_equal(value, "");
    assert_false(ms_guest_setting(&settings, "port", 1, value, sizeof(value)));
    assert_false(ms_guest_setting(&settings, "queues", 0, value, sizeof(value)));
    assert_false(ms_guest_setting(&settings, "other", 0, value, sizeof(value)));
}

static void the_command_line_hides_the_xenstore(void **state)
{
    char value[32] = "";

    (void)state;
    has("data/mstack/ip", "10.0.0.1/24 10.0.0.2/24 10.0.0.3/24");
    begin("ip=10.9.9.9/8 other=1");
    assert_true(ms_guest_setting(&settings, "ip", 0, value, sizeof(value)));
    assert_string_equal(value, "10.9.9.9/8");
    assert_false(ms_guest_setting(&settings, "ip", 1, value, sizeof(value)));
}

static void a_setting_too_long_is_empty(void **state)
{
    static char value[400];
    char small[8] = "else";

    (void)state;
    memset(value, 'x', sizeof(value) - 1);
    has("data/mstack/ip", value);
    has("data/mstack/mine", value);
    has("data/mstack/gateway", "10.0.0.100");
    begin("");
    assert_true(ms_guest_setting(&settings, "ip", 0, small, sizeof(small)));
    assert_string_equal(small, "");
    assert_true(ms_guest_setting(&settings, "gateway", 0, small, sizeof(small)));
    assert_string_equal(small, "");
    memcpy(small, "else", 5);
    assert_true(ms_guest_setting(&settings, "mine", 0, small, sizeof(small)));
    assert_string_equal(small, "");
}

static void says_what_is_wrong_and_where(void **state)
{
    uint64_t number = 7;

    (void)state;
    has("data/mstack/port", "65536");
    begin("queues=0 trace=18446744073709551616");
    assert_true(ms_guest_setting_number(&settings, "absent", 1, 8, &number));
    assert_int_equal(number, 7);
    assert_false(ms_guest_setting_number(&settings, "port", 1, 65535, &number));
    assert_string_equal(settings.fault,
                        "port=65536 (in the xenstore) is no number from 1 to 65535");
    assert_false(ms_guest_setting_number(&settings, "queues", 1, 8, &number));
    assert_string_equal(settings.fault, "queues=0 (on the command line) is no number from 1 to 8");
    assert_false(ms_guest_setting_number(&settings, "trace", 0, UINT64_MAX, &number));
    assert_int_equal(number, 7);
    assert_true(ms_guest_setting_number(&settings, "port", 1, 65536, &number));
    assert_int_equal(number, 65536);
}

static void remembers_its_milestones(void **state)
{
    struct milestones milestones = { .start_ns = 5000000 };
    char line[MILESTONE_LINE_BYTES];

    (void)state;
    ms_guest_milestone(&milestones, "first", 5000000);
    ms_guest_milestone(&milestones, "second", 6234567);
    assert_true(ms_guest_milestone_line(&milestones, 0, line));
    assert_string_equal(line, "boot: 0 us, first\n");
    assert_true(ms_guest_milestone_line(&milestones, 1, line));
    assert_string_equal(line, "boot: 1234 us, second\n");
    assert_false(ms_guest_milestone_line(&milestones, 2, line));
    for (unsigned i = 0; i < 2 * MILESTONES_MAX; i++)
        ms_guest_milestone(&milestones, "more", 7000000);
    assert_int_equal(milestones.count, MILESTONES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(gives_out_pages_of_zeros, setup),
        cmocka_unit_test_setup(maps_what_it_gives_out, setup),
        cmocka_unit_test_setup(runs_out_of_memory_and_changes_nothing_then, setup),
        cmocka_unit_test_setup(counts_the_tables, setup),
        cmocka_unit_test_setup(has_no_memory_that_xen_does_not_map, setup),
        cmocka_unit_test(makes_tables_for_its_memory),
        cmocka_unit_test(has_a_least_size_and_a_largest),
        cmocka_unit_test_setup(finds_a_setting_in_either_place, setup_settings),
        cmocka_unit_test_setup(the_command_line_hides_the_xenstore, setup_settings),
        cmocka_unit_test_setup(a_setting_too_long_is_empty, setup_settings),
        cmocka_unit_test_setup(says_what_is_wrong_and_where, setup_settings),
        cmocka_unit_test(remembers_its_milestones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
