/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/tcp.c. */
#include "wire/tcp.h"

#include "exact.h"

static const uint8_t fixed[] = { 0x04, 0xd2, 0,    80,   0,    0,    0,    1,    0, 0,
                                 0,    2,    0x50, 0x18, 0xff, 0xff, 0xab, 0xcd, 0, 9 };

static enum ms_drop parse(struct tcp_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_tcp_header_parse(header, &b);

    *rest = b.len;
    if (!drop)
        assert_ptr_equal(b.data, whole.data + header->header_len);
    exact_free(whole);
    return drop;
}

/* A header with these options, padded with zeros to a multiple of four. */
static enum ms_drop parse_options(struct tcp_header *header, const uint8_t *options, size_t len)
{
    uint8_t with[TCP_HEADER_LEN_MAX] = { 0 };
    const size_t header_len = TCP_HEADER_LEN + (len + 3) / 4 * 4;
    size_t rest;

    memcpy(with, fixed, TCP_HEADER_LEN);
    memcpy(with + TCP_HEADER_LEN, options, len);
    with[12] = (uint8_t)(header_len << 2);
    return parse(header, with, header_len, &rest);
}

static void reads_a_plain_header(void **state)
{
    struct tcp_header header;
    uint8_t segment[sizeof(fixed) + 3] = { 0 };
    size_t rest;

    (void)state;
    memcpy(segment, fixed, sizeof(fixed));
    assert_int_equal(parse(&header, segment, sizeof(segment), &rest), MS_DROP_NONE);
    assert_int_equal(header.src_port, 1234);
    assert_int_equal(header.dst_port, 80);
    assert_int_equal(header.seq, 1);
    assert_int_equal(header.ack, 2);
    assert_int_equal(header.flags, TCP_ACK | TCP_PSH);
    assert_int_equal(header.window, 65535);
    assert_int_equal(header.urgent, 9);
    assert_int_equal(header.options, 0);
    assert_int_equal(header.header_len, 20);
    assert_int_equal(rest, 3);
}

static void ignores_reserved_bits(void **state)
{
    struct tcp_header header;
    uint8_t segment[sizeof(fixed)];
    size_t rest;

    (void)state;
    memcpy(segment, fixed, sizeof(fixed));
    segment[12] |= 0x0f;
    segment[13] = 0xff;
    assert_int_equal(parse(&header, segment, sizeof(segment), &rest), MS_DROP_NONE);
    assert_int_equal(header.flags, 0xff);
    assert_int_equal(header.header_len, 20);
}

/* proves: T10, T11 */
static void drops_every_truncation_and_offset(void **state)
{
    struct tcp_header header;
    size_t rest;

    (void)state;
    for (size_t len = 0; len < TCP_HEADER_LEN; len++)
        assert_int_equal(parse(&header, fixed, len, &rest), MS_DROP_TCP_TRUNCATED);
    for (size_t offset = 0; offset < 16; offset++) {
        for (size_t len = TCP_HEADER_LEN; len <= TCP_HEADER_LEN_MAX; len++) {
            uint8_t segment[TCP_HEADER_LEN_MAX] = { 0 };
            const bool fits = offset >= 5 && offset * 4 <= len;

            memcpy(segment, fixed, sizeof(fixed));
            segment[12] = (uint8_t)(offset << 4);
            assert_int_equal(parse(&header, segment, len, &rest),
                             fits ? MS_DROP_NONE : MS_DROP_TCP_BAD_HEADER_LENGTH);
            assert_int_equal(rest, fits ? len - offset * 4 : len);
        }
    }
}

/* proves: MUST-4 */
static void reads_every_option(void **state)
{
    static const uint8_t options[] = { 2, 4,  5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 3, 3, 7,
                                       5, 18, 0, 0,   0, 1, 0, 0,  0, 2, 0, 0, 0, 3, 0, 0, 0, 4 };
    struct tcp_header header;

    (void)state;
    assert_int_equal(parse_options(&header, options, sizeof(options)), MS_DROP_NONE);
    assert_int_equal(header.options, TCP_OPTION_MSS | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_SACK |
                                         TCP_OPTION_TIMESTAMP | TCP_OPTION_WSCALE);
    assert_int_equal(header.mss, 1460);
    assert_int_equal(header.ts_value, 1);
    assert_int_equal(header.ts_echo, 2);
    assert_int_equal(header.wscale, 7);
    assert_int_equal(header.sack_count, 2);
    assert_int_equal(header.sack[0].start, 1);
    assert_int_equal(header.sack[0].end, 2);
    assert_int_equal(header.sack[1].start, 3);
    assert_int_equal(header.sack[1].end, 4);
}

/* proves: MUST-64 */
static void reads_the_timestamp_wherever_it_stands(void **state)
{
    static const uint8_t usual[] = { 1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9 };
    static const uint8_t odd[] = { 8, 10, 0, 0, 0, 7, 0, 0, 0, 9, 1, 1 };
    struct tcp_header header;

    (void)state;
    assert_int_equal(parse_options(&header, usual, 12), MS_DROP_NONE);
    assert_int_equal(header.options, TCP_OPTION_TIMESTAMP);
    assert_int_equal(header.ts_value, 7);
    assert_int_equal(header.ts_echo, 9);
    header.ts_value = 0;
    assert_int_equal(parse_options(&header, odd, 12), MS_DROP_NONE);
    assert_int_equal(header.options, TCP_OPTION_TIMESTAMP);
    assert_int_equal(header.ts_value, 7);
    assert_int_equal(header.ts_echo, 9);
}

/* proves: MUST-7, T06, T07, T44 */
static void refuses_lengths_that_do_not_advance(void **state)
{
    static const uint8_t kinds[] = { 2, 3, 4, 5, 8, 19, 29, 0xfe };
    struct tcp_header header;

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(kinds); i++) {
        for (uint8_t len = 0; len < 2; len++) {
            const uint8_t option[] = { kinds[i], len, 0, 0 };

            assert_int_equal(parse_options(&header, option, 4), MS_DROP_TCP_BAD_OPTION);
        }
        const uint8_t beyond[] = { kinds[i], 5, 0, 0 };
        const uint8_t last[] = { 1, 1, 1, kinds[i] };

        assert_int_equal(parse_options(&header, beyond, 4), MS_DROP_TCP_BAD_OPTION);
        assert_int_equal(parse_options(&header, last, 4), MS_DROP_TCP_BAD_OPTION);
    }
}

/* proves: MUST-7, T08, T12, T44 */
static void refuses_known_options_of_another_length(void **state)
{
    static const struct {
        uint8_t kind;
        uint64_t good_lengths; /* a bit for each */
    } rows[] = {
        { 2, 1u << 4 },  { 3, 1u << 3 },
        { 4, 1u << 2 },  { 5, 1u << 10 | 1u << 18 | 1u << 26 | UINT64_C(1) << 34 },
        { 8, 1u << 10 }, { 30, ~UINT64_C(3) },
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(rows); i++) {
        for (uint8_t len = 0; len <= TCP_OPTIONS_LEN_MAX; len++) {
            uint8_t options[TCP_OPTIONS_LEN_MAX] = { rows[i].kind, len };
            struct tcp_header header;

            assert_int_equal(parse_options(&header, options, sizeof(options)),
                             rows[i].good_lengths >> len & 1 ? MS_DROP_NONE
                                                             : MS_DROP_TCP_BAD_OPTION);
        }
    }
}

/* proves: MUST-7, T08, T12, T44 */
static void refuses_a_length_of_255(void **state)
{
    struct tcp_header header;

    (void)state;
    for (uint8_t kind = 2; kind != 0; kind++) {
        const uint8_t options[TCP_OPTIONS_LEN_MAX] = { kind, 255 };

        assert_int_equal(parse_options(&header, options, sizeof(options)), MS_DROP_TCP_BAD_OPTION);
    }
}

/* proves: MUST-4 */
static void stops_at_the_end_of_options(void **state)
{
    static const uint8_t options[] = { 2, 4, 5, 180, 0, 8, 0, 0 };
    struct tcp_header header;

    (void)state;
    assert_int_equal(parse_options(&header, options, sizeof(options)), MS_DROP_NONE);
    assert_int_equal(header.options, TCP_OPTION_MSS);
}

/* proves: T37 */
static void takes_a_large_window_scale_for_14(void **state)
{
    struct tcp_header header;

    (void)state;
    for (unsigned scale = 0; scale < 256; scale++) {
        const uint8_t option[] = { 3, 3, (uint8_t)scale, 0 };

        assert_int_equal(parse_options(&header, option, 4), MS_DROP_NONE);
        assert_int_equal(header.wscale, scale < 14 ? scale : 14);
    }
}

static struct tcp_header full_header(uint8_t options, uint8_t sack_count)
{
    struct tcp_header header = {
        .src_port = 1,
        .dst_port = 2,
        .seq = 3,
        .ack = 4,
        .window = 5,
        .urgent = 6,
        .flags = TCP_SYN | TCP_CWR,
        .options = options,
    };

    if (options & TCP_OPTION_MSS)
        header.mss = 1460;
    if (options & TCP_OPTION_WSCALE)
        header.wscale = 7;
    if (options & TCP_OPTION_TIMESTAMP) {
        header.ts_value = 0x01020304;
        header.ts_echo = 0x05060708;
    }
    if (options & TCP_OPTION_SACK)
        header.sack_count = sack_count;
    for (uint32_t i = 0; i < header.sack_count; i++)
        header.sack[i] = (struct seq_range){ .start = 2 * i, .end = 2 * i + 1 };
    return header;
}

/* proves: MUST-69 */
static void emits_the_layouts_linux_uses(void **state)
{
    static const struct {
        uint8_t options;
        uint8_t sack_count;
        uint8_t len;
        uint8_t bytes[TCP_OPTIONS_LEN_MAX];
    } rows[] = {
        { 0, 0, 0, { 0 } },
        { TCP_OPTION_MSS, 0, 4, { 2, 4, 5, 180 } },
        { TCP_OPTION_MSS | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_TIMESTAMP | TCP_OPTION_WSCALE,
          0,
          20,
          { 2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7 } },
        { TCP_OPTION_MSS | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_WSCALE,
          0,
          12,
          { 2, 4, 5, 180, 1, 1, 4, 2, 1, 3, 3, 7 } },
        { TCP_OPTION_TIMESTAMP, 0, 12, { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 } },
        { TCP_OPTION_TIMESTAMP | TCP_OPTION_SACK, 1, 24, { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8,
                                                           1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 1 } },
        { TCP_OPTION_SACK, 1, 12, { 1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 1 } },
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(rows); i++) {
        const struct tcp_header header = full_header(rows[i].options, rows[i].sack_count);
        uint8_t out[64];
        uint8_t *end = out + sizeof(out);

        assert_int_equal(ms_tcp_options_len(&header), rows[i].len);
        assert_int_equal(ms_tcp_header_emit(&header, end), 20 + rows[i].len);
        assert_memory_equal(end - rows[i].len, rows[i].bytes, rows[i].len);
        assert_int_equal(load_be16(end - rows[i].len - 4), 0);
    }
}

static void emits_no_more_sack_blocks_than_fit(void **state)
{
    struct tcp_header header = full_header(TCP_OPTION_TIMESTAMP | TCP_OPTION_SACK, 4);
    struct tcp_header parsed;
    uint8_t out[64];
    size_t rest;

    (void)state;
    assert_int_equal(ms_tcp_options_len(&header), 40);
    assert_int_equal(ms_tcp_header_emit(&header, out + 64), 60);
    assert_int_equal(parse(&parsed, out + 4, 60, &rest), MS_DROP_NONE);
    assert_int_equal(parsed.sack_count, 3);
    header = full_header(TCP_OPTION_SACK, 4);
    assert_int_equal(ms_tcp_options_len(&header), 36);
}

/* proves: MUST-68 */
static void reads_back_any_set_of_options(void **state)
{
    (void)state;
    for (uint8_t options = 0; options < 32; options++) {
        struct tcp_header header = full_header(options, 2);
        struct tcp_header parsed = { 0 };
        uint8_t out[64];
        size_t rest;
        const size_t len = ms_tcp_header_emit(&header, out + sizeof(out));

        assert_int_equal(len, TCP_HEADER_LEN + ms_tcp_options_len(&header));
        assert_int_equal(parse(&parsed, out + sizeof(out) - len, len, &rest), MS_DROP_NONE);
        assert_int_equal(parsed.header_len, len);
        parsed.header_len = 0;
        assert_memory_equal(&parsed, &header, sizeof(header));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_plain_header),
        cmocka_unit_test(ignores_reserved_bits),
        cmocka_unit_test(drops_every_truncation_and_offset),
        cmocka_unit_test(reads_every_option),
        cmocka_unit_test(reads_the_timestamp_wherever_it_stands),
        cmocka_unit_test(refuses_lengths_that_do_not_advance),
        cmocka_unit_test(refuses_known_options_of_another_length),
        cmocka_unit_test(refuses_a_length_of_255),
        cmocka_unit_test(stops_at_the_end_of_options),
        cmocka_unit_test(takes_a_large_window_scale_for_14),
        cmocka_unit_test(emits_the_layouts_linux_uses),
        cmocka_unit_test(emits_no_more_sack_blocks_than_fit),
        cmocka_unit_test(reads_back_any_set_of_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
