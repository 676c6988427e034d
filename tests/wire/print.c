/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/print.c. */
#include "wire/print.h"

#include "wire/ipv4.h"

#include "exact.h"

struct row {
    const char *text;
    size_t len;
    uint8_t frame[120];
};

/* Without Ethernet; the IPv4 checksum is put in by the test. */
static const struct row ip_rows[] = {
    { "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [S], seq 1, win 65535, "
      "options [mss 1460,sackOK,TS val 1 ecr 0,wscale 7], length 0",
      60,
      { 0x45, 0,    0, 60,  0, 0, 0, 0,  64, 6, 0, 0, 10,   0, 0,   1,   10, 0, 0, 2,
        4,    0xd2, 0, 80,  0, 0, 0, 1,  0,  0, 0, 0, 0xa0, 2, 255, 255, 0,  0, 0, 0,
        2,    4,    5, 180, 4, 2, 8, 10, 0,  0, 0, 1, 0,    0, 0,   0,   1,  3, 3, 7 } },
    { "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [P.U], seq 1:4, ack 2, win 5, urg 9, length 3",
      43,
      { 0x45, 0,  0, 43, 0, 0, 0, 0, 64, 6, 0,    0,    10, 0, 0, 1, 10, 0, 0, 2, 4, 0xd2,
        0,    80, 0, 0,  0, 1, 0, 0, 0,  2, 0x50, 0x38, 0,  5, 0, 0, 0,  9, 1, 2, 3 } },
    { "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [.], seq 1, ack 2, win 5, "
      "options [TS val 1 ecr 2,sack 3:4], length 0",
      64,
      { 0x45, 0, 0, 64, 0, 0, 0, 0, 64, 6, 0,    0,    10, 0, 0, 1, 10, 0, 0, 2, 0, 1,
        0,    2, 0, 0,  0, 1, 0, 0, 0,  2, 0xb0, 0x10, 0,  5, 0, 0, 0,  0, 1, 1, 8, 10,
        0,    0, 0, 1,  0, 0, 0, 2, 1,  1, 5,    10,   0,  0, 0, 3, 0,  0, 0, 4 } },
    { "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [none], seq 1, win 5, length 0",
      40,
      { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0,    1, 10, 0,
        0,    2, 0, 1,  0, 2, 0, 0, 0,  1, 0, 0, 0,  2, 0x50, 0, 0,  5 } },
    { "IP 10.0.0.1 > 10.0.0.2: TCP [TCP segment too short]",
      30,
      { 0x45, 0, 0, 30, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 } },
    { "IP 10.0.0.1.7 > 10.0.0.2.9: UDP, length 1", 29, { 0x45, 0, 0,  29, 0, 0, 0,  0, 64, 17,
                                                         0,    0, 10, 0,  0, 1, 10, 0, 0,  2,
                                                         0,    7, 0,  9,  0, 9, 0,  0, 'x' } },
    { "IP 10.0.0.1 > 10.0.0.2: fragment of protocol 17, id 7, offset 1480+, length 8",
      28,
      { 0x45, 0, 0, 28, 0, 7, 0x20, 185, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 } },
    { "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2, length 8", 28, { 0x45, 0,  0,  28, 0,
                                                                                0,    0,  0,  64, 1,
                                                                                0,    0,  10, 0,  0,
                                                                                1,    10, 0,  0,  2,
                                                                                8,    0,  0,  0,  0,
                                                                                1,    0,  2 } },
    { "IP 10.0.0.1 > 10.0.0.2: ICMP unreachable, type 3, code 4, mtu 1400, "
      "about 10.0.0.2 > 10.0.0.1 protocol 6, length 28",
      48,
      { 0x45, 0, 0, 48,  0,    0, 0, 0,  64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 3,  4, 0, 0,
        0,    0, 5, 120, 0x45, 0, 0, 40, 0,  0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1 } },
    { "IP 10.0.0.1 > 10.0.0.2: igmp v2 report 224.0.0.251",
      28,
      { 0x45, 0, 0,  28, 0, 0, 0,    0, 1, 2, 0,   0, 10, 0,
        0,    1, 10, 0,  0, 2, 0x16, 0, 0, 0, 224, 0, 0,  251 } },
    { "IP 10.0.0.1 > 10.0.0.2: protocol 132, length 4",
      24,
      { 0x45, 0, 0, 24, 0, 0, 0, 0, 64, 132, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 } },
    { "IP6 fe80::1 > 2001:db8:0:1:1:1:1:1: fragment of protocol 17, id 9, offset 8, length 0",
      48,
      { 0x60, 0, 0, 0, 0, 8, 44, 64, 0xfe, 0x80, [23] = 1, [24] = 0x20, 1, 0xd, 0xb8, 0, 0, 0,
        1,    0, 1, 0, 1, 0, 1,  0,  1,    17,   0,        0,           8, 0,   0,    0, 9 } },
    { "IP6 ::.7 > ::1.9: UDP, length 0",
      48,
      { 0x60, 0, 0, 0, 0, 8, 17, 64, [39] = 1, 0, 7, 0, 9, 0, 8, 0, 0 } },
    { "IP6 1:: > ::1: ICMP6, neighbor advertisement, target fe80::, flags [SO], "
      "target link-address 02:00:00:00:00:0a, length 32",
      72,
      { 0x60, 0, 0, 0, 0,    32,   58,       255, 0, 1, [39] = 1, 136, 0, 0, 0,
        0x60, 0, 0, 0, 0xfe, 0x80, [64] = 2, 1,   2, 0, 0,        0,   0, 10 } },
    { "IP6 1:: > ::1: ICMP6, router advertisement, hop limit 64, lifetime 1800, mtu 1500, "
      "prefix 2001::/64 L A, length 56",
      96,
      { 0x60, 0, 0,        0, 0, 56, 58, 255, 0, 1,   [39] = 1, 134, 0,  0,    0,           64, 0,
        7,    8, [56] = 5, 1, 0, 0,  0,  0,   5, 220, 3,        4,   64, 0xc0, [80] = 0x20, 1 } },
    { "IP6 1:: > ::1: ICMP6, multicast listener report ff02::1, length 24",
      64,
      { 0x60, 0, 0, 0, 0, 24, 58, 1, 0, 1, [39] = 1, 131, [48] = 0xff, 2, [63] = 1 } },
    { "IP6 1:: > ::1: ICMP6, packet too big, code 0, mtu 1280, "
      "about ::1 > 1:: next header 6, length 48",
      88,
      { 0x60, 0, 0, 0, 0,    48, 58, 1, 0, 1, [39] = 1, 2, 0,        0, 0,
        0,    0, 5, 0, 0x60, 0,  0,  0, 0, 0, 6,        0, [71] = 1, 0, 1 } },
    { "IP6 1:: > ::1: [IPv6 no next header]", 40, { 0x60, 0, 0, 0, 0, 0, 59, 1, 0, 1, [39] = 1 } },
    { "IP 10.0.0.1 > 10.0.0.2: ICMP time exceeded, type 11, code 0, length 9",
      29,
      { 0x45, 0,  0, 29, 0, 0,  0, 0, 64, 1, 0, 0, 10, 0,   0,
        1,    10, 0, 0,  2, 11, 0, 0, 0,  0, 0, 0, 0,  0x45 } },
    { "IP6 1:: > ::1: ICMP6, parameter problem, code 1, pointer 6, length 9",
      49,
      { 0x60, 0, 0, 0, 0, 9, 58, 1, 0, 1, [39] = 1, 4, 1, 0, 0, 0, 0, 0, 6, 0x60 } },
    { "IP [IPv4 packet shorter than it says]", 0, { 0 } },
    { "IP [IP version is not what the link says]", 20, { 0x35 } },
};

static const struct row eth_rows[] = {
    { "ARP, Request who-has 10.0.0.2 tell 10.0.0.1",
      42,
      { 255, 255, 255, 255, 255, 255, 2, 0,  0, 0, 0, 1, 8, 6, 0, 1, 8, 0,  6, 4, 0,
        1,   2,   0,   0,   0,   0,   1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 } },
    { "ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01",
      42,
      { 255, 255, 255, 255, 255, 255, 2, 0,  0, 0, 0, 1, 8, 6, 0, 1, 8, 0,  6, 4, 0,
        2,   2,   0,   0,   0,   0,   1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 } },
    { "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ethertype 0x88cc, length 1",
      15,
      { 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xcc, 1 } },
    { "vlan 5, ARP [ARP packet short or not Ethernet/IPv4]",
      18,
      { 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 5, 8, 6 } },
    { "Ethernet [Ethernet frame shorter than its header]", 3, { 1, 2, 3 } },
};

static void prints(const struct row *row, bool is_ethernet)
{
    uint8_t frame[120];
    char text[256];
    struct bytes b;

    memcpy(frame, row->frame, sizeof(frame));
    if (!is_ethernet && row->len >= IPV4_HEADER_LEN && frame[0] == 0x45)
        ms_ipv4_header_sum_store(frame, IPV4_HEADER_LEN);
    b = exact(frame, row->len);
    assert_int_equal(ms_print_frame(text, sizeof(text), b.data, b.len, is_ethernet),
                     strlen(row->text));
    assert_string_equal(text, row->text);
    exact_free(b);
}

static void prints_packets(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(ip_rows); i++)
        prints(&ip_rows[i], false);
}

static void prints_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(eth_rows); i++)
        prints(&eth_rows[i], true);
}

static void says_that_a_checksum_is_wrong(void **state)
{
    uint8_t packet[24] = { 0x45, 0, 0, 24, 0, 0, 0, 0, 64, 132, 1, 1 };
    char text[128];

    (void)state;
    ms_print_frame(text, sizeof(text), packet, sizeof(packet), false);
    assert_string_equal(
        text, "IP [IPv4 header checksum wrong] 0.0.0.0 > 0.0.0.0: protocol 132, length 4");
}

static void cuts_text_that_does_not_fit(void **state)
{
    const struct row *row = &ip_rows[0];
    const size_t whole = strlen(row->text);
    uint8_t packet[120];

    (void)state;
    memcpy(packet, row->frame, sizeof(packet));
    ms_ipv4_header_sum_store(packet, IPV4_HEADER_LEN);
    for (size_t size = 0; size <= whole + 2; size++) {
        char *text = malloc(size);
        const size_t len = ms_print_frame(text, size, packet, row->len, false);

        assert_int_equal(len, size == 0 ? 0 : size - 1 < whole ? size - 1 : whole);
        if (size > 0)
            assert_int_equal(strlen(text), len);
        if (size > 3 && size <= whole) {
            assert_memory_equal(text, row->text, len - 3);
            assert_string_equal(text + len - 3, "...");
        }
        free(text);
    }
}

static void never_overreads_a_truncation(void **state)
{
    char text[256];

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(ip_rows) + MS_ARRAY_LEN(eth_rows); i++) {
        const bool is_ethernet = i >= MS_ARRAY_LEN(ip_rows);
        const struct row *row = is_ethernet ? &eth_rows[i - MS_ARRAY_LEN(ip_rows)] : &ip_rows[i];

        for (size_t len = 0; len < row->len; len++) {
            struct bytes b = exact(row->frame, len);
            const size_t text_len = ms_print_frame(text, sizeof(text), b.data, b.len, is_ethernet);

            assert_int_equal(text_len, strlen(text));
            exact_free(b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_packets),
        cmocka_unit_test(prints_frames),
        cmocka_unit_test(says_that_a_checksum_is_wrong),
        cmocka_unit_test(cuts_text_that_does_not_fit),
        cmocka_unit_test(never_overreads_a_truncation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
