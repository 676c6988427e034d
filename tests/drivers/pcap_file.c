/* SPDX-License-Identifier: ISC */
/* Capture files: what is written is read again, every link type known is found, others are named.
 */
#include "support/capture_file.h"

struct raw_file {
    uint8_t bytes[512];
    size_t len;
};

static char message[256];

/* A little-endian file with one record. */
static struct raw_file file_of(uint32_t magic, uint32_t link, const uint8_t *data, uint32_t len)
{
    struct raw_file f = { .len = 24 + 16 };
    uint32_t header[6] = { magic, 2 | 4 << 16, 0, 0, 65535, link };
    uint32_t record[4] = { 10, 20, len, len };

    memcpy(f.bytes, header, sizeof header);
    memcpy(f.bytes + 24, record, sizeof record);
    memcpy(f.bytes + f.len, data, len);
    f.len += len;
    return f;
}

static struct ms_pcap_reader *open_bytes(const struct raw_file *f)
{
    struct ms_pcap_reader *reader;
    FILE *stream = fmemopen((void *)(uintptr_t)f->bytes, f->len, "rb");

    message[0] = 0;
    assert_non_null(stream);
    if (ms_pcap_reader_open_stream(&reader, stream, message, sizeof message) != 0)
        return NULL;
    return reader;
}

/* Where the IP packet was found behind the link header, or -1. */
static int ip_at(uint32_t link, const uint8_t *data, uint32_t len)
{
    struct raw_file f = file_of(0xa1b2c3d4, link, data, len);
    struct ms_pcap_reader *reader = open_bytes(&f);
    struct ms_pcap_record record;
    int at;

    assert_non_null(reader);
    assert_int_equal(ms_pcap_reader_next(reader, &record), 1);
    assert_int_equal(record.len, len);
    at = record.ip ? (int)(record.ip - record.data) : -1;
    if (record.ip)
        assert_int_equal(record.ip_len, len - (uint32_t)at);
    assert_int_equal(ms_pcap_reader_next(reader, &record), 0);
    ms_pcap_reader_close(reader);
    return at;
}

static void finds_ip_behind_every_link_header(void **state)
{
    const uint8_t eth[40] = { [12] = 0x08, 0x00, 0x45 };
    const uint8_t eth6[60] = { [12] = 0x86, 0xdd, 0x60 };
    const uint8_t vlan[60] = { [12] = 0x81, 0x00, 0, 5, 0x08, 0x00, 0x45 };
    const uint8_t two_vlans[60] = { [12] = 0x88, 0xa8, 0, 5, 0x81, 0x00, 0, 6, 0x08, 0x00, 0x45 };
    const uint8_t arp[60] = { [12] = 0x08, 0x06, 0, 1 };
    const uint8_t raw[40] = { 0x45 }, raw6[40] = { 0x60 }, nonsense[40] = { 0x15 };
    const uint8_t sll[60] = { [14] = 0x08, 0x00, 0x45 };
    const uint8_t sll2[60] = { 0x86, 0xdd, [20] = 0x60 };
    const uint8_t null[60] = { 2, 0, 0, 0, 0x45 };

    (void)state;
    assert_int_equal(ip_at(1, eth, sizeof eth), 14);
    assert_int_equal(ip_at(1, eth6, sizeof eth6), 14);
    assert_int_equal(ip_at(1, vlan, sizeof vlan), 18);
    assert_int_equal(ip_at(1, two_vlans, sizeof two_vlans), 22);
    assert_int_equal(ip_at(1, arp, sizeof arp), -1);
    assert_int_equal(ip_at(1, eth, 14), -1);
    assert_int_equal(ip_at(1, eth, 5), -1);
    assert_int_equal(ip_at(101, raw, sizeof raw), 0);
    assert_int_equal(ip_at(101, raw6, sizeof raw6), 0);
    assert_int_equal(ip_at(101, nonsense, sizeof nonsense), -1);
    assert_int_equal(ip_at(113, sll, sizeof sll), 16);
    assert_int_equal(ip_at(276, sll2, sizeof sll2), 20);
    assert_int_equal(ip_at(276, sll2, 10), -1);
    assert_int_equal(ip_at(0, null, sizeof null), 4);
}

static void names_a_link_type_it_does_not_know(void **state)
{
    const uint8_t data[40] = { 0 };
    struct raw_file f = file_of(0xa1b2c3d4, 105, data, sizeof data);

    (void)state;
    assert_null(open_bytes(&f));
    assert_non_null(strstr(message, "IEEE802_11"));
    assert_non_null(strstr(message, "105"));
}

/* proves: P10 */
static void refuses_what_is_no_capture(void **state)
{
    struct raw_file f = file_of(0, 1, (const uint8_t *)"x", 1);
    struct ms_pcap_reader *reader;

    (void)state;
    assert_null(open_bytes(&f));
    assert_true(strlen(message) > 0);
    f.len = 3;
    assert_null(open_bytes(&f));
    assert_int_not_equal(ms_pcap_reader_open(&reader, "/nonexistent/file", message, sizeof message),
                         0);
    assert_non_null(strstr(message, "/nonexistent/file"));
}

/* proves: P10 */
static void tells_where_a_file_breaks_off(void **state)
{
    const uint8_t data[40] = { 0x45 };
    struct raw_file f = file_of(0xa1b2c3d4, 101, data, sizeof data);
    struct ms_pcap_reader *reader;
    struct ms_pcap_record record;

    (void)state;
    f.len -= 10;
    reader = open_bytes(&f);
    assert_non_null(reader);
    assert_null(ms_pcap_reader_error(reader));
    assert_int_equal(ms_pcap_reader_next(reader, &record), -1);
    assert_non_null(ms_pcap_reader_error(reader));
    ms_pcap_reader_close(reader);
}

static void reads_nanoseconds_as_microseconds(void **state)
{
    const uint8_t data[40] = { 0x45 };
    struct raw_file f = file_of(0xa1b23c4d, 101, data, sizeof data);
    struct ms_pcap_reader *reader;
    struct ms_pcap_record record;

    (void)state;
    f.bytes[28] = 0xe8; /* 123 * 1000 + 0 ns: fractions are in nanoseconds */
    f.bytes[29] = 0x03;
    reader = open_bytes(&f);
    assert_non_null(reader);
    assert_int_equal(ms_pcap_reader_next(reader, &record), 1);
    assert_int_equal(record.time_us, 10000001);
    ms_pcap_reader_close(reader);
}

static void reads_what_it_wrote(void **state)
{
    static const uint8_t head[] = { 0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0,  1, 2,
                                    3,    4, 5, 6,  7, 8, 1, 2, 3,  4,  0, 10, 0, 0 };
    struct ms_frame *frame = malloc(sizeof *frame + 2 * sizeof(struct ms_slice));
    struct capture_file f;
    struct ms_pcap_reader *reader;
    struct ms_pcap_record r;

    (void)state;
    *frame = (struct ms_frame){ .head = (uint8_t *)(uintptr_t)head,
                                .head_len = sizeof head,
                                .flags = MS_FRAME_CHECKSUM_PARTIAL,
                                .checksum_start = 20,
                                .checksum_offset = 6,
                                .slice_count = 2 };
    frame->slices[0] = (struct ms_slice){ (const uint8_t *)"h", 1, NULL };
    frame->slices[1] = (struct ms_slice){ (const uint8_t *)"i", 1, NULL };
    capture_file_begin(&f);
    ms_pcap_writer_frame(f.writer, 5000007, frame);
    ms_pcap_writer_bytes(f.writer, 4000000, head, sizeof head); /* time went back */
    assert_int_equal(ms_pcap_writer_close(f.writer), 0);
    assert_int_equal(ms_pcap_reader_open(&reader, f.path, message, sizeof message), 0);
    assert_int_equal(ms_pcap_reader_link(reader), MS_PCAP_RAW);
    assert_int_equal(ms_pcap_reader_next(reader, &r), 1);
    assert_int_equal(r.time_us, 5000007);
    assert_int_equal(r.len, 30);
    assert_memory_equal(r.data, head, 26);
    /* ~(0x0102 + 0x0304 + 0x000a + 0x6869): the partial sum is part of what is summed. */
    assert_int_equal(load_be16(r.data + 26), 0xffff & ~(0x0102 + 0x0304 + 0x000a + 0x6869));
    assert_memory_equal(r.data + 28, "hi", 2);
    assert_int_equal(ms_pcap_reader_next(reader, &r), 1);
    assert_int_equal(r.time_us, 5000007); /* the reader's time does not */
    ms_pcap_reader_close(reader);
    unlink(f.path);
    free(frame);
}

static void reports_a_full_disk(void **state)
{
    struct ms_pcap_writer *writer;
    uint8_t data[4096] = { 0x45 };

    (void)state;
    assert_int_equal(
        ms_pcap_writer_open(&writer, "/dev/full", MS_MEDIUM_IP, message, sizeof message), 0);
    for (unsigned i = 0; i < 10; i++)
        ms_pcap_writer_bytes(writer, 0, data, sizeof data);
    assert_int_not_equal(ms_pcap_writer_close(writer), 0);
}

static void says_why_it_cannot_write(void **state)
{
    struct ms_pcap_writer *writer;

    (void)state;
    assert_int_not_equal(
        ms_pcap_writer_open(&writer, "/nonexistent/x", MS_MEDIUM_IP, message, sizeof message), 0);
    assert_non_null(strstr(message, "/nonexistent/x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_ip_behind_every_link_header),
        cmocka_unit_test(names_a_link_type_it_does_not_know),
        cmocka_unit_test(refuses_what_is_no_capture),
        cmocka_unit_test(tells_where_a_file_breaks_off),
        cmocka_unit_test(reads_nanoseconds_as_microseconds),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(reports_a_full_disk),
        cmocka_unit_test(says_why_it_cannot_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
