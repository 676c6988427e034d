/* SPDX-License-Identifier: ISC */
/* The capture wrapper: every frame, both ways, once, with its time. */
#include "support/capture_file.h"
#include "support/sink.h"

#include "wrap/capture.h"

static struct bench_device bench;
static struct sink up;
static struct ms_capture *capture;
static char path[] = "/tmp/mstack-test-XXXXXX";
static unsigned live;

static void open_capture(void)
{
    const struct ms_capture_config config = { .path = path, .epoch_us = 1000000 };
    char message[128];
    int fd;

    strcpy(path + strlen(path) - 6, "XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    bench_open(&bench);
    assert_int_equal(ms_capture_open(&capture, &bench.device, &config, message, sizeof message), 0);
    sink_attach(&up, ms_capture_device(capture));
}

static void writes_both_ways_and_what_is_refused_only_once(void **state)
{
    struct ms_frame *frames[3];
    struct ms_pcap_reader *reader;
    struct ms_pcap_record record;
    struct ms_device *device;
    unsigned marks[] = { 0x4500, 0x4501, 0x4509, 0x4502 };
    char message[128];

    (void)state;
    open_capture();
    device = ms_capture_device(capture);
    for (unsigned i = 0; i < 3; i++)
        frames[i] = make_test_frame(&live, 40, 0x4500 + i);
    (void)ms_device_poll(device, 5);
    bench.room = 2;
    assert_int_equal(device->driver.ops->transmit(&device->driver, frames, 3), 2);
    assert_int_equal(frames[2]->refs, 1);
    bench_receive(&bench, make_test_frame(&live, 40, 0x4509), 7);
    assert_int_equal(up.count, 1);
    assert_int_equal(up.times_us[0], 7);
    bench.room = 2;
    assert_int_equal(device->driver.ops->transmit(&device->driver, frames + 2, 1), 1);
    assert_int_equal(ms_capture_frames(capture), 4);
    sink_empty(&bench.sent);
    sink_empty(&up);
    assert_int_equal(live, 0);
    assert_int_equal(ms_capture_flush(capture), 0);
    ms_device_close(device);
    assert_true(bench.is_closed);

    assert_int_equal(ms_pcap_reader_open(&reader, path, message, sizeof message), 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(ms_pcap_reader_next(reader, &record), 1);
        assert_int_equal(record.data[0] << 8 | record.data[1], marks[i]);
        assert_int_equal(record.time_us, i < 2 ? 1000005 : 1000007);
    }
    assert_int_equal(ms_pcap_reader_next(reader, &record), 0);
    ms_pcap_reader_close(reader);
    unlink(path);
}

static void offers_what_the_inner_device_does(void **state)
{
    struct ms_device *device;

    (void)state;
    open_capture();
    device = ms_capture_device(capture);
    assert_int_equal(device->driver.segment_bytes_max, 65280);
    assert_true(device->driver.checksum_offload);
    assert_int_equal(device->fd, 7);
    assert_int_equal(ms_device_events(device), 1);
    assert_int_equal(ms_device_next_deadline(device), UINT64_MAX);
    ms_device_close(device);
    unlink(path);
}

static void leaves_the_device_alone_if_the_file_cannot_be(void **state)
{
    const struct ms_capture_config config = { .path = "/nonexistent/x" };
    char message[128];

    (void)state;
    bench_open(&bench);
    assert_int_not_equal(ms_capture_open(&capture, &bench.device, &config, message, sizeof message),
                         0);
    assert_null(bench.device.sink.input);
    assert_false(bench.is_closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_both_ways_and_what_is_refused_only_once),
        cmocka_unit_test(offers_what_the_inner_device_does),
        cmocka_unit_test(leaves_the_device_alone_if_the_file_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
