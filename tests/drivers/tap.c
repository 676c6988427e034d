/* SPDX-License-Identifier: ISC */
/* The tap driver on a socket that behaves like one, and on a real one where that is allowed. */
#include "support/sink.h"
#include "support/skip.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap/host.h"
#include "tap/tap.h"

static struct ms_tap *tap;
static struct ms_device *device;
static struct sink sink;
static int kernel; /* the other end */
static unsigned live;
static char message[256];

static void open_tap(struct ms_tap_config config)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    kernel = ends[1];
    config.name = "test0";
    assert_int_equal(ms_tap_adopt(&tap, ends[0], &config, message, sizeof message), 0);
    device = ms_tap_device(tap);
    sink_attach(&sink, device);
}

static int tear_down(void **state)
{
    (void)state;
    if (!tap)
        return 0;
    sink_empty(&sink);
    assert_int_equal(ms_tap_frames_held(tap), 0);
    ms_tap_close(tap);
    close(kernel);
    tap = NULL;
    assert_int_equal(live, 0);
    return 0;
}

static struct ms_tap_stats stats(void)
{
    struct ms_tap_stats s;

    ms_tap_stats(tap, &s);
    return s;
}

/* The kernel sends a frame of len bytes. */
static void kernel_sends(struct virtio_net_hdr header, size_t len)
{
    uint8_t packet[2000] = { 0 };

    memcpy(packet, &header, sizeof header);
    memset(packet + sizeof header, 0xab, len);
    assert_int_equal(write(kernel, packet, sizeof header + len), sizeof header + len);
}

static void reads_a_batch_in_one_call(void **state)
{
    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    for (unsigned i = 0; i < 3; i++)
        kernel_sends((struct virtio_net_hdr){ 0 }, 60 + i);
    assert_int_equal(ms_tap_receive(tap, 77), 3);
    assert_int_equal(sink.calls, 1);
    assert_int_equal(sink.times_us[2], 77);
    assert_int_equal(ms_frame_len(sink.frames[2]), 62);
    assert_int_equal(sink.frames[2]->head[61], 0xab);
    assert_int_equal((uintptr_t)(sink.frames[0]->head + 14) % 4, 0); /* the IP header */
    assert_int_equal(ms_tap_frames_held(tap), 3);
    assert_int_equal(ms_tap_receive(tap, 78), 0);
    assert_int_equal(sink.calls, 1);
    assert_int_equal(stats().rx_errors, 0);
}

static void takes_the_kernels_word_on_checksums_and_segments(void **state)
{
    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_IP });
    kernel_sends((struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                          .csum_start = 20,
                                          .csum_offset = 16,
                                          .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
                                          .gso_size = 1400 },
                 100);
    kernel_sends((struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_DATA_VALID }, 100);
    kernel_sends((struct virtio_net_hdr){ 0 }, 100);
    assert_int_equal(ms_tap_receive(tap, 0), 3);
    assert_int_equal(sink.frames[0]->flags, MS_FRAME_CHECKSUM_PARTIAL);
    assert_int_equal(sink.frames[0]->checksum_start, 20);
    assert_int_equal(sink.frames[0]->checksum_offset, 16);
    assert_int_equal(sink.frames[0]->segment_size, 1400);
    assert_int_equal(sink.frames[1]->flags, MS_FRAME_CHECKSUM_VALID);
    assert_int_equal(sink.frames[1]->segment_size, 0);
    assert_int_equal(sink.frames[2]->flags, 0);
    assert_int_equal((uintptr_t)sink.frames[0]->head % 4, 0);
}

/* proves: P05 */
static void drops_frames_whose_virtio_header_lies(void **state)
{
    const struct virtio_net_hdr lies[] = {
        { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 16 },
        { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 20, .csum_offset = 65535 },
        { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 65535 },
        { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 99, .csum_offset = 0 },
        { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 0 },
        { .gso_type = 77, .gso_size = 100 },
        { .gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 100 },
    };
    const unsigned count = sizeof lies / sizeof lies[0];

    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    for (unsigned i = 0; i < count; i++)
        kernel_sends(lies[i], 100);
    kernel_sends((struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                          .csum_start = 82,
                                          .csum_offset = 16 },
                 100); /* just inside */
    assert_int_equal(ms_tap_receive(tap, 0), 1);
    assert_int_equal(stats().rx_bad_header, count);
    assert_int_equal(ms_tap_frames_held(tap), 1);
}

/* proves: P05, P11 */
static void drops_what_is_shorter_than_the_header(void **state)
{
    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    assert_int_equal(write(kernel, "1234567890", 10), 10);
    assert_int_equal(write(kernel, "123", 3), 3);
    assert_int_equal(ms_tap_receive(tap, 0), 0);
    assert_int_equal(stats().rx_bad_header, 2);
}

static void goes_on_reading_however_many_frames_are_held(void **state)
{
    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET, .frames = 4 });
    for (unsigned i = 0; i < 40; i++) {
        kernel_sends((struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_DATA_VALID }, 60 + i);
        assert_int_equal(ms_device_events(device), POLLIN);
        assert_int_equal(ms_tap_receive(tap, 0), 1);
        assert_int_equal(ms_frame_len(sink.frames[i]), 60 + i);
        assert_int_equal(sink.frames[i]->flags, MS_FRAME_CHECKSUM_VALID);
        assert_int_equal(sink.frames[i]->head[59 + i], 0xab);
        assert_int_equal((uintptr_t)(sink.frames[i]->head + 14) % 4, 0);
    }
    assert_int_equal(ms_tap_frames_held(tap), 40);
    assert_int_equal(stats().rx_copied, 40 - 3);
    assert_int_equal(stats().rx_starved, 0);
}

static void copies_nothing_while_enough_frames_are_left(void **state)
{
    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    for (unsigned i = 0; i < 48; i++)
        kernel_sends((struct virtio_net_hdr){ 0 }, 60);
    assert_int_equal(ms_tap_receive(tap, 0), 32);
    sink_empty(&sink);
    assert_int_equal(ms_tap_receive(tap, 0), 16);
    assert_int_equal(stats().rx_copied, 0);
}

/* proves: P11 */
static void counts_a_read_error_and_goes_on(void **state)
{
    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    close(kernel);
    assert_int_equal(ms_tap_receive(tap, 0), 0);
    assert_int_equal(stats().rx_errors, 1);
}

/* A frame of a head and two slices, as the stack makes them. */
static struct ms_frame *super_frame(uint8_t first, uint32_t payload)
{
    static uint8_t bytes[40000];
    static uint8_t head[54];
    struct ms_frame *frame = malloc(sizeof *frame + 2 * sizeof(struct ms_slice));

    memset(head, 0, sizeof head);
    head[12] = 0x08;
    head[14] = first;
    head[14 + 20 + 12] = 8 << 4; /* options follow */
    *frame = (struct ms_frame){ .head = head,
                                .head_len = sizeof head,
                                .refs = 2, /* one is the test's */
                                .flags = MS_FRAME_CHECKSUM_PARTIAL,
                                .checksum_start = 34,
                                .checksum_offset = 16,
                                .segment_size = 1448,
                                .slice_count = 2 };
    frame->slices[0] = (struct ms_slice){ bytes, payload, NULL };
    frame->slices[1] = (struct ms_slice){ bytes, payload, NULL };
    return frame;
}

static void writes_a_super_frame_with_one_call(void **state)
{
    static uint8_t packet[70000];
    struct ms_frame *frame = super_frame(0x45, 30000);
    struct virtio_net_hdr header;

    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    assert_int_equal(send_frame(device, frame), 1);
    assert_int_equal(frame->refs, 1); /* put back inside */
    assert_int_equal(stats().writes, 1);
    assert_int_equal(read(kernel, packet, sizeof packet), sizeof header + 54 + 60000);
    memcpy(&header, packet, sizeof header);
    assert_int_equal(header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    assert_int_equal(header.csum_start, 34);
    assert_int_equal(header.csum_offset, 16);
    assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
    assert_int_equal(header.gso_size, 1448);
    assert_int_equal(header.hdr_len, 34 + 32);
    frame->head[14] = 0x60;
    frame->refs = 2;
    assert_int_equal(send_frame(device, frame), 1);
    assert_true(read(kernel, packet, sizeof packet) > 0);
    memcpy(&header, packet, sizeof header);
    assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
    free(frame);
}

static void writes_a_plain_frame_without_any_claim(void **state)
{
    static const struct virtio_net_hdr none;
    uint8_t packet[200];

    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    assert_int_equal(send_frame(device, make_test_frame(&live, 60, 9)), 1);
    assert_int_equal(live, 0);
    assert_int_equal(read(kernel, packet, sizeof packet), sizeof none + 60);
    assert_memory_equal(packet, &none, sizeof none);
}

/* proves: P11 */
static void gives_back_what_the_kernel_cannot_take_now(void **state)
{
    struct ms_frame *frames[4];
    uint8_t packet[70000];
    unsigned accepted = 0, n;

    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    do {
        for (unsigned i = 0; i < 4; i++)
            frames[i] = make_test_frame(&live, 30000, i);
        n = device->driver.ops->transmit(&device->driver, frames, 4);
        accepted += n;
    } while (n == 4 && accepted < 10000);
    assert_true(n < 4);
    assert_int_equal(live, 4 - n); /* the others are still the stack's */
    assert_int_equal(stats().tx_again, 1);
    assert_int_equal(stats().tx_errors, 0);
    assert_int_equal(stats().writes, accepted);
    assert_int_equal(ms_device_events(device), POLLIN | POLLOUT);
    while (read(kernel, packet, sizeof packet) > 0)
        continue;
    assert_int_equal(device->driver.ops->transmit(&device->driver, frames + n, 4 - n), 4 - n);
    assert_int_equal(ms_device_events(device), POLLIN);
}

/* proves: P11 */
static void loses_and_counts_what_the_kernel_refuses(void **state)
{
    struct ms_frame *frame = make_test_frame(&live, 60, 1);

    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    close(kernel);
    assert_int_equal(send_frame(device, frame), 1);
    assert_int_equal(live, 0);
    assert_int_equal(stats().tx_errors, 1);
    assert_int_equal(stats().writes, 0);
}

static void has_a_station_address_of_its_own(void **state)
{
    uint8_t first[6];

    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    memcpy(first, device->driver.mac, 6);
    assert_int_equal(first[0] & 3, 2); /* unicast, locally administered */
    (void)tear_down(state);
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET });
    assert_memory_equal(first, device->driver.mac, 6); /* the same for the same name */
    (void)tear_down(state);
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_ETHERNET, .mac = { 2, 1, 1, 1, 1, 1 } });
    assert_int_equal(device->driver.mac[5], 1);
}

static void offers_nothing_without_offloads(void **state)
{
    (void)state;
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_IP, .no_offload = true, .mtu = 1280 });
    assert_false(device->driver.checksum_offload);
    assert_int_equal(device->driver.segment_bytes_max, 0);
    assert_int_equal(device->driver.mtu, 1280);
    (void)tear_down(state);
    open_tap((struct ms_tap_config){ .medium = MS_MEDIUM_IP });
    assert_true(device->driver.checksum_offload);
    assert_true(device->driver.segment_bytes_max > 60000);
    assert_int_equal(device->driver.mtu, 1500);
}

static void refuses_names_and_sizes_that_cannot_be(void **state)
{
    struct ms_tap_config config = { .name = "a-name-far-too-long" };
    struct ms_tap *none;

    (void)state;
    assert_int_equal(ms_tap_open(&none, &config, message, sizeof message), EINVAL);
    assert_true(strlen(message) > 0);
    config = (struct ms_tap_config){ .name = "x", .mtu = 67 };
    assert_int_equal(ms_tap_open(&none, &config, message, sizeof message), EINVAL);
}

static void says_why_it_cannot_open(void **state)
{
    struct ms_tap_config config = { .name = "mstest9" };
    pid_t root = (pid_t)geteuid();
    struct ms_tap *none;
    int error;

    (void)state;
    if (root == 0 && seteuid(65534) != 0)
        skip_because("root cannot become nobody");
    error = ms_tap_open(&none, &config, message, sizeof message);
    if (root == 0)
        assert_int_equal(seteuid(0), 0);
    if (error == 0) {
        ms_tap_close(none); /* a machine that lets everybody */
        return;
    }
    assert_non_null(strstr(message, "mstest9"));
    assert_non_null(strstr(message, strerror(error)));
}

/* A real interface: the kernel's side answers to its addresses, and sends to ours. */
static bool open_real(void)
{
    const struct ms_tap_config config = { .name = "mstest%d", .medium = MS_MEDIUM_IP };

    if (ms_tap_open(&tap, &config, message, sizeof message) != 0)
        return false;
    kernel = -1;
    device = ms_tap_device(tap);
    sink_attach(&sink, device);
    return true;
}

static void brings_the_kernels_side_up(void **state)
{
    struct ms_host_addr addrs[] = {
        { .addr = ms_addr_ipv4(192, 0, 2, 130), .prefix_len = 25 },
        { .addr = { { 0x20, 0x01, 0x0d, 0xb8, [6] = 0x99, [15] = 1 } }, .prefix_len = 64 },
    };
    struct ms_host_config host = { .mtu = 1400, .addrs = addrs, .addr_count = 2 };
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 9 };
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = 9 };
    bool saw_v4 = false, saw_v6 = false;
    int v4, v6;

    (void)state;
    if (!open_real())
        skip_because("no interface can be made here: %s", message);
    host.name = ms_tap_name(tap);
    assert_int_equal(ms_host_up(&host, message, sizeof message), 0);
    assert_int_equal(ms_host_up(&host, message, sizeof message), 0); /* twice does no harm */
    v4 = socket(AF_INET, SOCK_DGRAM, 0);
    v6 = socket(AF_INET6, SOCK_DGRAM, 0);
    to.sin_addr.s_addr = htonl(0xc0000283u);
    memcpy(&to6.sin6_addr, addrs[1].addr.bytes, 16);
    to6.sin6_addr.s6_addr[15] = 2;
    assert_int_equal(sendto(v4, "hello", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    assert_int_equal(sendto(v6, "hello", 5, 0, (struct sockaddr *)&to6, sizeof to6), 5);
    (void)ms_tap_receive(tap, 1);
    for (unsigned i = 0; i < sink.count; i++) {
        const struct ms_frame *f = sink.frames[i];

        saw_v4 = saw_v4 || (f->head[0] == 0x45 && f->head[9] == 17 && f->head_len == 33);
        saw_v6 = saw_v6 || (f->head[0] == 0x60 && f->head[6] == 17 && f->head_len == 53);
    }
    assert_true(saw_v4);
    assert_true(saw_v6);
    close(v4);
    close(v6);
    assert_int_equal(ms_host_down(&host, message, sizeof message), 0);
}

static void says_what_the_kernel_did_not_like(void **state)
{
    struct ms_host_addr addr = { .addr = ms_addr_ipv4(192, 0, 2, 130), .prefix_len = 33 };
    struct ms_host_config host = { .addrs = &addr, .addr_count = 1 };

    (void)state;
    host.name = "mstest-none";
    assert_int_equal(ms_host_up(&host, message, sizeof message), ENODEV);
    assert_non_null(strstr(message, "mstest-none"));
    assert_int_equal(ms_host_down(&host, message, sizeof message), 0); /* gone already */
    if (!open_real())
        skip_because("no interface can be made here: %s", message);
    host.name = ms_tap_name(tap);
    assert_int_equal(ms_host_up(&host, message, sizeof message), EINVAL);
    assert_non_null(strstr(message, "192.0.2.130/33"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(reads_a_batch_in_one_call),
        TEST(takes_the_kernels_word_on_checksums_and_segments),
        TEST(drops_frames_whose_virtio_header_lies),
        TEST(drops_what_is_shorter_than_the_header),
        TEST(goes_on_reading_however_many_frames_are_held),
        TEST(copies_nothing_while_enough_frames_are_left),
        TEST(counts_a_read_error_and_goes_on),
        TEST(writes_a_super_frame_with_one_call),
        TEST(writes_a_plain_frame_without_any_claim),
        TEST(gives_back_what_the_kernel_cannot_take_now),
        TEST(loses_and_counts_what_the_kernel_refuses),
        TEST(has_a_station_address_of_its_own),
        TEST(offers_nothing_without_offloads),
        TEST(refuses_names_and_sizes_that_cannot_be),
        TEST(says_why_it_cannot_open),
        TEST(brings_the_kernels_side_up),
        TEST(says_what_the_kernel_did_not_like),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
