/* SPDX-License-Identifier: ISC */
/* The replaying driver: records arrive at their times, what is sent is written. */
#include "support/capture_file.h"
#include "support/sink.h"

#include <errno.h>

#include "pcap/pcap_driver.h"

static struct capture_file file;
static struct ms_pcap *pcap;
static struct sink sink;
static unsigned live;
static char message[256];

static int set_up(void **state)
{
    (void)state;
    capture_file_begin(&file);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sink_empty(&sink);
    if (pcap)
        ms_device_close(ms_pcap_device(pcap));
    pcap = NULL;
    unlink(file.path);
    return 0;
}

static void open_file(const char *out)
{
    struct ms_pcap_config config = { .in = file.path, .out = out };

    assert_int_equal(ms_pcap_writer_close(file.writer), 0);
    assert_int_equal(ms_pcap_open(&pcap, &config, message, sizeof message), 0);
    sink_attach(&sink, ms_pcap_device(pcap));
}

static void delivers_each_record_at_its_time(void **state)
{
    struct captured syn = { .from = MS_SIDE_CLIENT, .flags = SEGMENT_SYN };
    struct ms_pcap_stats stats;

    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        syn.time_us = i * 1000;
        syn.offset = i;
        capture_file_add(&file, syn);
    }
    syn.cut = 5; /* a record that is not all there is skipped */
    syn.time_us = 3500;
    capture_file_add(&file, syn);
    open_file(NULL);
    assert_int_equal(ms_pcap_device(pcap)->driver.medium, MS_MEDIUM_IP);
    assert_int_equal(ms_pcap_next_deadline(pcap), 1000);
    assert_int_equal(ms_pcap_poll(pcap, 999), 0);
    assert_int_equal(ms_pcap_poll(pcap, 2500), 2);
    assert_int_equal(sink.times_us[0], 1000);
    assert_int_equal(sink.times_us[1], 2000);
    assert_int_equal(load_be32(sink.frames[1]->head + 24), CAPTURED_ISN[0] + 2);
    assert_int_equal(ms_frame_len(sink.frames[1]), 40);
    assert_int_equal(ms_pcap_poll(pcap, 9000), 1);
    assert_int_equal(ms_pcap_next_deadline(pcap), UINT64_MAX);
    assert_null(ms_pcap_error(pcap));
    ms_pcap_stats(pcap, &stats);
    assert_int_equal(stats.frames, 3);
    assert_int_equal(stats.truncated, 1);
}

static void writes_what_the_stack_sends(void **state)
{
    struct captured syn = { .from = MS_SIDE_CLIENT, .flags = SEGMENT_SYN, .time_us = 1000 };
    struct ms_pcap_reader *reader;
    struct ms_pcap_record record;
    char out[] = "/tmp/mstack-test-XXXXXX";
    int fd = mkstemp(out);

    (void)state;
    close(fd);
    capture_file_add(&file, syn);
    open_file(out);
    assert_int_equal(ms_pcap_poll(pcap, 5000), 1);
    assert_int_equal(send_frame(ms_pcap_device(pcap), make_test_frame(&live, 40, 0x4507)), 1);
    assert_int_equal(live, 0);
    sink_empty(&sink);
    ms_pcap_close(pcap);
    pcap = NULL;
    assert_int_equal(ms_pcap_reader_open(&reader, out, message, sizeof message), 0);
    assert_int_equal(ms_pcap_reader_next(reader, &record), 1);
    assert_int_equal(record.time_us, 5000);
    assert_int_equal(record.data[1], 7);
    ms_pcap_reader_close(reader);
    unlink(out);
}

static void takes_the_station_address_from_the_file(void **state)
{
    struct ms_pcap_config config = { .in = "tests/captures/http-get-v4.pcap" };
    const uint8_t server[6] = { 2, 0, 0, 0, 0, 2 };

    (void)state;
    assert_int_equal(ms_pcap_writer_close(file.writer), 0);
    assert_int_equal(ms_pcap_open(&pcap, &config, message, sizeof message), 0);
    assert_int_equal(ms_pcap_device(pcap)->driver.medium, MS_MEDIUM_ETHERNET);
    assert_memory_equal(ms_pcap_device(pcap)->driver.mac, server, 6);
}

static void says_what_is_wrong(void **state)
{
    struct ms_pcap_config config = { .in = "/nonexistent/x" };

    (void)state;
    assert_int_equal(ms_pcap_writer_close(file.writer), 0);
    assert_int_equal(ms_pcap_open(&pcap, &config, message, sizeof message), ENOENT);
    assert_non_null(strstr(message, "/nonexistent/x"));
    config = (struct ms_pcap_config){ .in = file.path, .out = "/nonexistent/y" };
    assert_int_equal(ms_pcap_open(&pcap, &config, message, sizeof message), ENOENT);
    assert_non_null(strstr(message, "/nonexistent/y"));
    config = (struct ms_pcap_config){ .in = file.path, .mtu = 60 };
    assert_int_equal(ms_pcap_open(&pcap, &config, message, sizeof message), EINVAL);
    pcap = NULL;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(delivers_each_record_at_its_time),
        TEST(writes_what_the_stack_sends),
        TEST(takes_the_station_address_from_the_file),
        TEST(says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
