/* SPDX-License-Identifier: ISC */
/* The application's part: it writes in the captured order and time, and ends as captured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pcap/part.h"

static const struct ms_stream_chunk CHUNKS[] = {
    { .end = 3, .after = 0, .delay_us = 100 },
    { .end = 6, .after = 10, .delay_us = 50 },
    { .end = 9, .after = 10, .delay_us = 0 },
};

static struct ms_stream stream;
static struct ms_part part;
static const uint8_t *bytes;

static int set_up(void **state)
{
    (void)state;
    stream.sides[MS_SIDE_SERVER] = (struct ms_stream_side){
        .data = (const uint8_t *)"abcdefghi",
        .len = 9,
        .chunks = CHUNKS,
        .chunk_count = 3,
        .end = MS_STREAM_END_FIN,
        .end_after = 12,
        .end_delay_us = 7,
        .end_after_fin = true,
    };
    ms_part_init(&part, &stream, MS_SIDE_SERVER);
    return 0;
}

static void assert_writes(uint64_t now_us, const char *text)
{
    assert_int_equal(ms_part_write(&part, now_us, &bytes), strlen(text));
    assert_memory_equal(bytes, text, strlen(text));
}

static void writes_nothing_before_the_connection_is_open(void **state)
{
    (void)state;
    assert_writes(1000000, "");
    assert_int_equal(ms_part_next_deadline(&part), UINT64_MAX);
}

static void counts_the_delay_from_what_allowed_the_write(void **state)
{
    (void)state;
    ms_part_opened(&part, 1000);
    assert_int_equal(ms_part_next_deadline(&part), 1100);
    assert_writes(1099, "");
    assert_writes(1100, "abc");
    assert_int_equal(ms_part_next_deadline(&part), UINT64_MAX);
    ms_part_received(&part, 9, 2000);
    assert_writes(9000, "");
    ms_part_received(&part, 1, 9000);
    ms_part_received(&part, 1, 9020); /* more does not push it back */
    assert_int_equal(ms_part_next_deadline(&part), 9050);
    assert_writes(9050, "defghi"); /* the third follows at once */
}

static void ends_after_its_bytes_and_the_peers_fin(void **state)
{
    (void)state;
    ms_part_opened(&part, 0);
    ms_part_received(&part, 12, 0);
    ms_part_fin_received(&part, 10);
    assert_int_equal(ms_part_end(&part, 1000, true), MS_STREAM_END_NONE); /* bytes are left */
    assert_writes(100, "abc");
    assert_writes(150, "defghi");
    assert_int_equal(ms_part_end(&part, 156, true), MS_STREAM_END_NONE);
    assert_int_equal(ms_part_next_deadline(&part), 157);
    assert_int_equal(ms_part_end(&part, 157, false), MS_STREAM_END_FIN);
    assert_int_equal(ms_part_end(&part, 158, false), MS_STREAM_END_NONE); /* told once */
    assert_int_equal(ms_part_next_deadline(&part), UINT64_MAX);
}

static void waits_for_the_peers_fin(void **state)
{
    (void)state;
    ms_part_opened(&part, 0);
    ms_part_received(&part, 12, 0);
    assert_writes(100, "abc");
    assert_writes(150, "defghi");
    assert_int_equal(ms_part_end(&part, 100000, true), MS_STREAM_END_NONE);
    assert_int_equal(ms_part_next_deadline(&part), UINT64_MAX);
    ms_part_fin_received(&part, 200000);
    assert_int_equal(ms_part_next_deadline(&part), 200007);
    assert_int_equal(ms_part_end(&part, 200007, true), MS_STREAM_END_FIN);
}

static void resets_only_when_all_it_wrote_is_acknowledged(void **state)
{
    (void)state;
    stream.sides[MS_SIDE_SERVER].end = MS_STREAM_END_RST;
    stream.sides[MS_SIDE_SERVER].end_after_fin = false;
    ms_part_opened(&part, 0);
    ms_part_received(&part, 12, 0);
    assert_writes(100, "abc");
    assert_writes(150, "defghi");
    assert_int_equal(ms_part_end(&part, 157, false), MS_STREAM_END_NONE);
    assert_int_equal(ms_part_next_deadline(&part), UINT64_MAX); /* a buffer's return will tell */
    assert_int_equal(ms_part_end(&part, 157, true), MS_STREAM_END_RST);
}

static void never_ends_when_the_capture_does_not(void **state)
{
    (void)state;
    stream.sides[MS_SIDE_SERVER].end = MS_STREAM_END_NONE;
    ms_part_opened(&part, 0);
    ms_part_received(&part, 100, 0);
    ms_part_fin_received(&part, 0);
    assert_writes(100, "abc");
    assert_writes(1000, "defghi");
    assert_int_equal(ms_part_end(&part, 1000000, true), MS_STREAM_END_NONE);
    assert_int_equal(ms_part_next_deadline(&part), UINT64_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(writes_nothing_before_the_connection_is_open),
        TEST(counts_the_delay_from_what_allowed_the_write),
        TEST(ends_after_its_bytes_and_the_peers_fin),
        TEST(waits_for_the_peers_fin),
        TEST(resets_only_when_all_it_wrote_is_acknowledged),
        TEST(never_ends_when_the_capture_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
