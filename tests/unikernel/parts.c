/* SPDX-License-Identifier: ISC */
/* The guest's small parts: events, grants, console, clock, entropy, texts and arguments. */
#include "fake_xen.h"

#include <xen/io/console.h>

#include "arguments.h"
#include "clock.h"
#include "console.h"
#include "entropy.h"
#include "grants.h"
#include "text.h"

static struct events events;
static struct grants grants;
static grant_entry_v1_t entries[GRANT_ENTRIES];
static struct xencons_interface ring;
static char heard[65536];
static size_t heard_len;

static int setup(void **state)
{
    (void)state;
    fake_xen_reset();
    ms_guest_events_init(&events, &fake.shared);
    memset(entries, 0, sizeof(entries));
    ms_guest_grants_init(&grants, entries);
    return 0;
}

static void masks_every_port_to_xen(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(fake.shared.evtchn_mask[i], UINT64_MAX);
}

static void takes_an_event_once(void **state)
{
    (void)state;
    assert_false(ms_guest_events_take(&events, 70));
    fake_xen_ring(70);
    fake_xen_ring(71);
    assert_true(ms_guest_events_take(&events, 70));
    assert_false(ms_guest_events_take(&events, 70));
    assert_true(ms_guest_events_take(&events, 71));
}

static void sleeps_on_ports_that_are_not_masked(void **state)
{
    uint64_t now = fake.shared.vcpu_info[0].time.system_time;

    (void)state;
    fake_xen_ring(5);
    ms_guest_events_wait(&events, now + 10);
    assert_int_equal(fake.shared.vcpu_info[0].time.system_time, now + 10);
    assert_true(ms_guest_events_mask(&events, 5, false));
    assert_true(ms_guest_events_mask(&events, 5, false));
    assert_int_equal(events.awake_count, 1);
    ms_guest_events_wait(&events, now + 20);
    assert_int_equal(fake.shared.vcpu_info[0].time.system_time, now + 10);
    assert_true(ms_guest_events_mask(&events, 5, true));
    ms_guest_events_wait(&events, now + 20);
    assert_int_equal(fake.shared.vcpu_info[0].time.system_time, now + 20);
    assert_true(ms_guest_events_mask(&events, 6, true));
    assert_int_equal(events.awake_count, 0);
}

static void refuses_ports_it_has_no_room_for(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < EVENTS_AWAKE_MAX; i++)
        assert_true(ms_guest_events_mask(&events, 1 + i, false));
    assert_false(ms_guest_events_mask(&events, 500, false));
    assert_true(ms_guest_events_mask(&events, 7, true));
    assert_true(ms_guest_events_mask(&events, 500, false));
}

static void closes_a_port_with_what_it_left(void **state)
{
    uint32_t port = 0;

    (void)state;
    assert_true(ms_guest_events_open(0, &port));
    assert_int_equal(port, 20);
    assert_true(ms_guest_events_mask(&events, port, false));
    fake_xen_ring(port);
    ms_guest_events_close(&events, port);
    assert_int_equal(fake.closed, port);
    assert_int_equal(events.awake_count, 0);
    assert_false(ms_guest_events_take(&events, port));
    fake.next_port = 0;
    assert_false(ms_guest_events_open(0, &port));
}

static void grants_and_revokes(void **state)
{
    uint32_t reference = ms_guest_grants_give(&grants, 3, 0x1234, true);

    (void)state;
    assert_int_equal(reference, GNTTAB_NR_RESERVED_ENTRIES);
    assert_int_equal(entries[reference].domid, 3);
    assert_int_equal(entries[reference].frame, 0x1234);
    assert_int_equal(entries[reference].flags, GTF_permit_access | GTF_readonly);
    assert_true(ms_guest_grants_revoke(&grants, reference));
    assert_int_equal(entries[reference].flags, 0);
    assert_int_equal(ms_guest_grants_give(&grants, 0, 1, false), reference);
    assert_int_equal(entries[reference].flags, GTF_permit_access);
}

static void keeps_a_grant_in_use(void **state)
{
    uint32_t reference = ms_guest_grants_give(&grants, 0, 1, false);
    uint16_t free_count = grants.free_count;

    (void)state;
    entries[reference].flags |= GTF_reading;
    assert_false(ms_guest_grants_revoke(&grants, reference));
    entries[reference].flags ^= GTF_reading | GTF_writing;
    assert_false(ms_guest_grants_revoke(&grants, reference));
    assert_int_equal(entries[reference].flags, GTF_permit_access | GTF_writing);
    assert_int_equal(grants.free_count, free_count);
    entries[reference].flags = GTF_permit_access;
    assert_true(ms_guest_grants_revoke(&grants, reference));
    assert_int_equal(grants.free_count, free_count + 1);
}

static void runs_out_of_grants(void **state)
{
    unsigned count = 0;

    (void)state;
    assert_int_equal(ms_guest_grants_give(&grants, 0, UINT64_C(1) << 32, false), 0);
    while (ms_guest_grants_give(&grants, 0, 1, false) != 0)
        count++;
    assert_int_equal(count, GRANT_ENTRIES - GNTTAB_NR_RESERVED_ENTRIES);
    assert_true(ms_guest_grants_revoke(&grants, 100));
    assert_int_equal(ms_guest_grants_give(&grants, 0, 1, false), 100);
}

static void hear(void)
{
    while (ring.out_cons != ring.out_prod)
        heard[heard_len++] = ring.out[MASK_XENCONS_IDX(ring.out_cons++, ring.out)];
}

static struct console begin_console(void)
{
    memset(&ring, 0, sizeof(ring));
    ring.out_cons = ring.out_prod = UINT32_MAX - 3;
    heard_len = 0;
    return (struct console){ .ring = &ring, .events = &events, .port = 2 };
}

static void writes_lines(void **state)
{
    struct console console = begin_console();

    (void)state;
    ms_guest_console_write(&console, "one\ntwo\n", 8);
    hear();
    assert_int_equal(heard_len, 10);
    assert_memory_equal(heard, "one\r\ntwo\r\n", 10);
    assert_int_equal(fake.notified, 1);
}

static void waits_for_whoever_reads_the_console(void **state)
{
    struct console console = begin_console();
    static char text[10000];

    (void)state;
    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 25);
    fake.on_sleep = hear;
    ms_guest_console_write(&console, text, sizeof(text));
    ms_guest_console_flush(&console);
    assert_int_equal(heard_len, sizeof(text));
    assert_memory_equal(heard, text, sizeof(text));
    assert_false(console.is_lost);
}

static void does_not_wait_for_ever_for_a_reader(void **state)
{
    struct console console = begin_console();
    static char text[10000];

    (void)state;
    ms_guest_console_write(&console, text, sizeof(text));
    assert_true(console.is_lost);
    fake.slept = 0;
    ms_guest_console_write(&console, text, sizeof(text));
    ms_guest_console_flush(&console);
    assert_int_equal(fake.slept, 0);
}

static void scales_time(void **state)
{
    struct vcpu_time_info *time = &fake.shared.vcpu_info[0].time;
    uint64_t ns;

    (void)state;
    /* A quarter of what the counter says, from the beginning on. */
    *time = (struct vcpu_time_info){ .tsc_to_system_mul = 1u << 31, .tsc_shift = -1 };
    ns = ms_guest_clock_ns(&fake.shared);
    assert_true(ns > 0);
    time->tsc_shift = 1;
    /* Eight seconds' worth of counting may have gone by since at most. */
    assert_true(ms_guest_clock_ns(&fake.shared) / 4 >= ns);
    assert_true(ms_guest_clock_ns(&fake.shared) / 4 - ns < ns);
    fake.shared.wc_sec = 5;
    fake.shared.wc_sec_hi = 1;
    fake.shared.wc_nsec = 7;
    assert_int_equal(ms_guest_clock_epoch_ns(&fake.shared), 4294967301000000007);
}

/* proves: Z08 */
static void mixes_entropy(void **state)
{
    struct entropy a = { { 0 } }, b = { { 0 } };
    uint8_t first[32], second[32], other[32];

    (void)state;
    ms_guest_entropy_mix(&a, "seed", 4);
    ms_guest_entropy_mix(&b, "seed", 4);
    ms_guest_entropy_take(&a, first);
    ms_guest_entropy_take(&b, other);
    assert_memory_equal(first, other, 32);
    ms_guest_entropy_take(&a, second);
    assert_memory_not_equal(first, second, 32);
    /* What is absent and what is zero differ. */
    b = (struct entropy){ { 0 } };
    ms_guest_entropy_mix(&b, "seed\0", 5);
    ms_guest_entropy_take(&b, other);
    assert_memory_not_equal(first, other, 32);
    ms_guest_entropy_mix(&b, "0123456789abcdef0123456789abcdef and more", 41);
    ms_guest_entropy_take(&b, first);
    assert_memory_not_equal(first, other, 32);
}

static void puts_text_together(void **state)
{
    char bytes[12];
    struct text text = ms_guest_text_in(bytes, sizeof(bytes));

    (void)state;
    assert_string_equal(bytes, "");
    ms_guest_text_put(&text, "is ");
    ms_guest_text_put_number(&text, 0);
    ms_guest_text_put_number(&text, 1234567);
    assert_string_equal(bytes, "is 01234567");
    assert_false(text.is_cut);
    ms_guest_text_put(&text, "8");
    assert_string_equal(bytes, "is 01234567");
    assert_true(text.is_cut);
}

static void reads_numbers(void **state)
{
    uint64_t number = 7;

    (void)state;
    assert_true(ms_guest_text_number("65535", 65535, &number));
    assert_int_equal(number, 65535);
    assert_true(ms_guest_text_number("18446744073709551615", UINT64_MAX, &number));
    assert_int_equal(number, UINT64_MAX);
    assert_false(ms_guest_text_number("18446744073709551616", UINT64_MAX, &number));
    assert_false(ms_guest_text_number("65536", 65535, &number));
    assert_false(ms_guest_text_number("9", 8, &number));
    assert_false(ms_guest_text_number("", 9, &number));
    assert_false(ms_guest_text_number("1x", 99, &number));
    assert_false(ms_guest_text_number("-1", 99, &number));
    assert_int_equal(number, UINT64_MAX);
}

static void finds_arguments(void **state)
{
    const char *line = "root=/x  ip=10.0.0.1/24 port=80 ip=fd00::1/64 ipx=no port= end";
    char value[16];

    (void)state;
    assert_true(ms_guest_argument(line, "ip", 0, value, sizeof(value)));
    assert_string_equal(value, "10.0.0.1/24");
    assert_true(ms_guest_argument(line, "ip", 1, value, sizeof(value)));
    assert_string_equal(value, "fd00::1/64");
    assert_false(ms_guest_argument(line, "ip", 2, value, sizeof(value)));
    assert_false(ms_guest_argument(line, "end", 0, value, sizeof(value)));
    assert_false(ms_guest_argument("", "ip", 0, value, sizeof(value)));
    assert_true(ms_guest_argument(line, "ip", 0, value, 11));
    assert_string_equal(value, "");
}

static void reads_prefixes(void **state)
{
    static const struct {
        const char *text;
        bool is_right;
        uint8_t len;
    } prefixes[] = {
        { "10.0.0.1/24", true, 24 },  { "10.0.0.1", true, 32 },      { "10.0.0.1/0", true, 0 },
        { "fd00::1/128", true, 128 }, { "fd00::1", true, 128 },      { "10.0.0.1/33", false, 0 },
        { "fd00::1/129", false, 0 },  { "10.0.0.1/", false, 0 },     { "/24", false, 0 },
        { "10.0.0/24", false, 0 },    { "10.0.0.1/24/8", false, 0 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        char text[32];
        struct ms_addr addr;
        uint8_t len = 0;

        strcpy(text, prefixes[i].text);
        assert_int_equal(ms_guest_argument_prefix(text, &addr, &len), prefixes[i].is_right);
        assert_int_equal(len, prefixes[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(masks_every_port_to_xen, setup),
        cmocka_unit_test_setup(takes_an_event_once, setup),
        cmocka_unit_test_setup(sleeps_on_ports_that_are_not_masked, setup),
        cmocka_unit_test_setup(refuses_ports_it_has_no_room_for, setup),
        cmocka_unit_test_setup(closes_a_port_with_what_it_left, setup),
        cmocka_unit_test_setup(grants_and_revokes, setup),
        cmocka_unit_test_setup(keeps_a_grant_in_use, setup),
        cmocka_unit_test_setup(runs_out_of_grants, setup),
        cmocka_unit_test_setup(writes_lines, setup),
        cmocka_unit_test_setup(waits_for_whoever_reads_the_console, setup),
        cmocka_unit_test_setup(does_not_wait_for_ever_for_a_reader, setup),
        cmocka_unit_test_setup(scales_time, setup),
        cmocka_unit_test_setup(mixes_entropy, setup),
        cmocka_unit_test_setup(puts_text_together, setup),
        cmocka_unit_test_setup(reads_numbers, setup),
        cmocka_unit_test_setup(finds_arguments, setup),
        cmocka_unit_test_setup(reads_prefixes, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
