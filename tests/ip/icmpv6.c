/* SPDX-License-Identifier: ISC */
/* ICMPv6: echo, errors believed and not, errors sent and not. */
#include "wire/icmpv6.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ip/icmp.h"
#include "support/ip_world.h"
#include "wire/ipv6.h"

#define PEER       "2001:db8::9"
#define OWN        "2001:db8::1"
#define LINK_LOCAL "fe80::1"

static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_IP);
    world_add_addr(&w, LINK_LOCAL, 64);
    world_add_addr(&w, OWN, 64);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static enum ms_drop ping(const struct message *how)
{
    struct message m = *how;

    m.from = m.from ? m.from : PEER;
    m.to = m.to ? m.to : OWN;
    m.type = ICMPV6_ECHO_REQUEST;
    m.rest = 0x12340007;
    return world_message(&w, &m);
}

/* v6LC 5.1.2 */
static void answers_an_echo_with_its_own_bytes(void **state)
{
    uint8_t body[48];
    struct sent_message sent;

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof(body); len++) {
        for (size_t split = 48; split <= 48 + len; split++) {
            struct message m = { .body = body, .body_len = len, .split = split };

            assert_int_equal(ping(&m), MS_DROP_NONE);
            assert_true(world_sent(&w, &sent));
            assert_true(is_addr(&sent.from, OWN));
            assert_true(is_addr(&sent.to, PEER));
            assert_int_equal(sent.type, ICMPV6_ECHO_REPLY);
            assert_int_equal(sent.rest, 0x12340007);
            assert_int_equal(sent.body_len, len);
            assert_memory_equal(sent.body, body, len);
        }
    }
}

/* v6LC 5.1.2: an echo to a group is answered by one of us, whose address changes the checksum. */
static void a_member_answers_for_a_group_as_itself(void **state)
{
    static const struct {
        const char *from, *to, *answerer;
    } rows[] = {
        { "fe80::9", "ff02::1", LINK_LOCAL },
        { PEER, "ff02::1", OWN },
        { "fe80::9", LINK_LOCAL, LINK_LOCAL },
    };
    struct sent_message sent;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        struct message m = {
            .from = rows[i].from, .to = rows[i].to, .body = (const uint8_t *)"abc", .body_len = 3
        };

        assert_int_equal(ping(&m), MS_DROP_NONE);
        assert_true(world_sent(&w, &sent));
        assert_int_equal(sent.type, ICMPV6_ECHO_REPLY);
        assert_true(is_addr(&sent.from, rows[i].answerer));
        assert_true(is_addr(&sent.to, rows[i].from));
    }
}

/* proves: S11, S12 */
static void short_messages_are_dropped(void **state)
{
    static const uint8_t types[] = { 1,   2,   3,   4,   128, 129, 130, 131,
                                     132, 133, 134, 135, 136, 137, 143 };

    (void)state;
    for (unsigned i = 0; i < sizeof(types); i++) {
        for (size_t cut = 1; cut <= 8; cut++) {
            struct message m = { .from = "fe80::9", .to = OWN, .type = types[i], .cut = cut };

            assert_int_equal(world_message(&w, &m), MS_DROP_ICMP_TRUNCATED);
        }
    }
    for (size_t split = 40; split < 48; split++)
        assert_int_equal(ping(&(struct message){ .split = split }), MS_DROP_FRAME_NOT_CONTIGUOUS);
    assert_int_equal(ping(&(struct message){ .has_bad_sum = true }), MS_DROP_ICMP_BAD_CHECKSUM);
    assert_int_equal(world_discard(&w), 0);
}

/* v6LC 5.1.8 */
static void unknown_informational_messages_are_ignored(void **state)
{
    (void)state;
    for (unsigned type = 138; type < 256; type++) {
        struct message m = { .from = PEER, .to = OWN, .type = (uint8_t)type };

        assert_int_equal(world_message(&w, &m), MS_DROP_ICMP_UNKNOWN_TYPE);
    }
    assert_int_equal(world_discard(&w), 0);
}

static void an_echo_from_nobody_has_no_answer(void **state)
{
    (void)state;
    assert_int_equal(ping(&(struct message){ .from = "::" }), MS_DROP_SEND_NO_ROUTE);
    assert_int_equal(world_discard(&w), 0);
}

/* --- Errors received --- */

/* Type, code and second word. */
struct error {
    uint8_t type, code;
    uint32_t rest;
};

static enum ms_drop report_of(struct error error, const uint8_t *quote, size_t len,
                              struct icmp_report *report)
{
    static uint8_t *bytes; /* of exactly its size; the report points into it */
    struct ms_frame frame = { .head_len = (uint32_t)len + 8,
                              .refs = 1,
                              .flags = MS_FRAME_CHECKSUM_VALID };
    struct packet p = {
        .stack = w.stack,
        .netif = w.netif,
        .frame = &frame,
        .len = (uint32_t)len + 8,
        .flow = { .local = world_addr(OWN), .remote = world_addr("2001:db8:1::1") },
        .protocol = IP_PROTOCOL_ICMPV6,
    };

    free(bytes);
    bytes = calloc(1, len + 8);
    frame.head = bytes;
    p.bytes = bytes_of(bytes, len + 8);
    bytes[0] = error.type;
    bytes[1] = error.code;
    store_be32(bytes + 4, error.rest);
    if (len > 0)
        memcpy(bytes + 8, quote, len);
    return ms_icmpv6_input(&p, report);
}

static size_t put_quote(uint8_t *quote, uint8_t protocol, uint16_t payload_len)
{
    struct message inner = { .from = OWN, .to = PEER, .protocol = protocol };

    world_ip_header(quote, &inner, payload_len);
    store_be16(quote + 40, 1000);
    store_be16(quote + 42, 80);
    store_be32(quote + 44, 0xdeadbeef);
    return 48;
}

/* v6LC 4.1.3: too big whatever the code. */
/* proves: MUST-56, SHLD-26 */
static void errors_are_hard_soft_or_too_big(void **state)
{
    static const struct {
        uint8_t type, code;
        enum icmp_kind kind;
    } rows[] = {
        { 1, 0, ICMP_SOFT },    { 1, 1, ICMP_HARD }, { 1, 2, ICMP_SOFT },     { 1, 3, ICMP_SOFT },
        { 1, 4, ICMP_HARD },    { 1, 5, ICMP_HARD }, { 1, 6, ICMP_HARD },     { 1, 9, ICMP_SOFT },
        { 2, 0, ICMP_TOO_BIG }, { 3, 0, ICMP_SOFT }, { 2, 99, ICMP_TOO_BIG }, { 3, 1, ICMP_SOFT },
        { 4, 0, ICMP_SOFT },    { 4, 1, ICMP_HARD }, { 4, 2, ICMP_SOFT },     { 100, 0, ICMP_SOFT },
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        size_t len = put_quote(quote, IP_PROTOCOL_UDP, 1460);

        assert_int_equal(
            report_of((struct error){ rows[i].type, rows[i].code, 1400 }, quote, len, &report),
            MS_DROP_NONE);
        assert_int_equal(report.kind, rows[i].kind);
        assert_int_equal(report.protocol, IP_PROTOCOL_UDP);
        assert_int_equal(report.type, rows[i].type);
        assert_int_equal(report.code, rows[i].code);
        assert_true(is_addr(&report.flow.local, OWN));
        assert_true(is_addr(&report.flow.remote, PEER));
        assert_int_equal(report.flow.local_port, 1000);
        assert_int_equal(report.flow.remote_port, 80);
        assert_int_equal(report.quote.len, 8);
    }
}

/* v6LC 4.1.6 */
/* proves: C08 */
static void an_mtu_below_1280_or_not_below_the_packet_is_ignored(void **state)
{
    static const struct {
        uint32_t mtu;
        enum ms_drop drop;
    } rows[] = {
        { 0, MS_DROP_ICMP_UNKNOWN_TYPE },
        { 56, MS_DROP_ICMP_UNKNOWN_TYPE },
        { 1279, MS_DROP_ICMP_UNKNOWN_TYPE },
        { 1280, MS_DROP_NONE },
        { 1499, MS_DROP_NONE },
        { 1500, MS_DROP_ICMP_BAD_QUOTE },
        { UINT32_MAX, MS_DROP_ICMP_BAD_QUOTE },
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        size_t len = put_quote(quote, IP_PROTOCOL_TCP, 1460);

        assert_int_equal(report_of((struct error){ 2, 0, rows[i].mtu }, quote, len, &report),
                         rows[i].drop);
        assert_int_equal(report.kind, rows[i].drop ? ICMP_NOTHING : ICMP_TOO_BIG);
        if (!rows[i].drop)
            assert_int_equal(report.mtu, rows[i].mtu);
    }
}

/* proves: S13, C03, C05 */
static void a_quote_that_proves_nothing_is_refused(void **state)
{
    static const struct {
        unsigned at;
        uint8_t value;
    } spoils[] = {
        { 0, 0x45 },
        { 5, 7 },
        { 6, IP_PROTOCOL_ICMP },
        { 6, IP_PROTOCOL_ROUTING },
        { 6, 59 },
        { 6, IP_PROTOCOL_HOP_BY_HOP },
        { 6, IP_PROTOCOL_DESTINATION_OPTIONS },
        { 6, 41 },
        { 6, IP_PROTOCOL_ICMPV6 },
        { 23, 2 },
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (size_t len = 0; len < 48; len++) {
        put_quote(quote, IP_PROTOCOL_TCP, 60);
        assert_int_equal(report_of((struct error){ 1, 4, 0 }, quote, len, &report),
                         MS_DROP_ICMP_BAD_QUOTE);
        assert_int_equal(report.kind, ICMP_NOTHING);
    }
    for (unsigned i = 0; i < MS_ARRAY_LEN(spoils); i++) {
        put_quote(quote, IP_PROTOCOL_TCP, 60);
        quote[spoils[i].at] = spoils[i].value;
        assert_int_equal(report_of((struct error){ 1, 4, 0 }, quote, 48, &report),
                         MS_DROP_ICMP_BAD_QUOTE);
        assert_int_equal(report.kind, ICMP_NOTHING);
    }
}

/* Nor one to an IPv4 destination, whose echo or path MTU it would seem to be about. */
static void a_quote_to_an_ipv4_destination_is_refused(void **state)
{
    struct ms_addr mapped = world_addr("192.0.2.9");
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    put_quote(quote, IP_PROTOCOL_UDP, 1460);
    memcpy(quote + 24, mapped.bytes, 16);
    assert_int_equal(report_of((struct error){ 2, 0, 1300 }, quote, 48, &report),
                     MS_DROP_ICMP_BAD_QUOTE);
    assert_int_equal(report.kind, ICMP_NOTHING);
}

/* What we sent in fragments is quoted with a fragment header; only the first has ports. */
/* proves: C04, C05 */
static void a_quoted_first_fragment_is_believed(void **state)
{
    uint8_t quote[64] = { 0 };
    struct icmp_report report;

    (void)state;
    put_quote(quote, IP_PROTOCOL_FRAGMENT, 1460);
    memcpy(quote + 40, "\x11\0\0\1\0\0\0\7\x03\xe8\0\x50\0\0\0\0", 16);
    assert_int_equal(report_of((struct error){ 1, 4, 0 }, quote, 56, &report), MS_DROP_NONE);
    assert_int_equal(report.protocol, IP_PROTOCOL_UDP);
    assert_int_equal(report.flow.local_port, 1000);
    quote[42] = 1; /* an offset */
    assert_int_equal(report_of((struct error){ 1, 4, 0 }, quote, 56, &report),
                     MS_DROP_ICMP_BAD_QUOTE);
    for (size_t len = 40; len < 56; len++) {
        quote[42] = 0;
        assert_int_equal(report_of((struct error){ 1, 4, 0 }, quote, len, &report),
                         MS_DROP_ICMP_BAD_QUOTE);
    }
}

static void no_release(struct ms_buf *buf) { (void)buf; }

/* v6LC 4.1.1, 4.1.4: later ones come in fragments. Only our own requests prove anything. */
static void a_ping_too_big_for_the_path_is_cut_the_next_time(void **state)
{
    static const uint8_t body[1400];
    static uint8_t quote[1232];
    struct ms_endpoint remote = { .addr = world_addr(PEER) };
    struct ms_buf buf = { .data = body, .len = sizeof(body), .release = no_release };
    struct message m = { .from = "2001:db8::254",
                         .to = OWN,
                         .type = ICMPV6_PACKET_TOO_BIG,
                         .rest = 1280,
                         .body = quote,
                         .body_len = sizeof(quote) };
    struct sent_message sent;

    (void)state;
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 7, 9, &buf), MS_OK);
    assert_int_equal(ping(&(struct message){ .body = body, .body_len = 1400 }), MS_DROP_NONE);
    assert_true(world_sent_type(&w, ICMPV6_ECHO_REPLY, &sent));
    assert_int_equal(sent.packet_len, 1448);
    put_quote(quote, IP_PROTOCOL_ICMPV6, 1408);
    quote[40] = ICMPV6_ECHO_REPLY;
    store_be32(quote + 44, 0x12340007);
    assert_int_equal(world_message(&w, &m), MS_DROP_ICMP_BAD_QUOTE);
    quote[40] = ICMPV6_ECHO_REQUEST;
    store_be32(quote + 44, 0x70008);
    assert_int_equal(world_message(&w, &m), MS_DROP_ICMP_BAD_QUOTE);
    store_be32(quote + 44, 0x70009);
    assert_int_equal(world_message(&w, &m), MS_DROP_NONE);
    assert_int_equal(ping(&(struct message){ .body = body, .body_len = 1400 }), MS_DROP_NONE);
    assert_int_equal(w.sent_count - w.sent_taken, 2);
    assert_true(world_sent(&w, &sent));
    assert_true(sent.packet_len <= 1280);
    assert_int_equal(sent.protocol, IP_PROTOCOL_FRAGMENT);
    world_discard(&w);
    assert_int_equal(w.frames_in, 0);
}

/* --- Errors sent --- */

/* A packet with any payload after its header; next: what the header says follows. */
static enum ms_drop knock(const char *from, const char *to, uint8_t next, const char *payload,
                          size_t len)
{
    static uint8_t bytes[WORLD_FRAME_MAX];
    struct message m = { .from = from, .to = to, .protocol = next };

    memset(bytes, 0, sizeof(bytes));
    world_ip_header(bytes, &m, len);
    memcpy(bytes + 40, payload, len);
    return world_input(&w, bytes, 40 + len, 0);
}

static void expect_error(uint8_t type, uint8_t code, uint32_t pointer)
{
    struct sent_message sent;

    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, type);
    assert_int_equal(sent.code, code);
    assert_int_equal(sent.rest, pointer);
    assert_true(is_addr(&sent.to, PEER));
    assert_int_equal(world_discard(&w), 0);
    world_advance(&w, 10000000); /* the rate limit forgets */
    world_discard(&w);
}

/* v6LC 1.1.7, 1.2.3, 5.1.7: it points at the byte that named the header. */
static void an_unknown_next_header_is_told_where_it_is_named(void **state)
{
    (void)state;
    assert_int_equal(knock(PEER, OWN, 143, "12345678", 8), MS_DROP_IP_UNKNOWN_PROTOCOL);
    expect_error(ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_NEXT_HEADER, 6);
    assert_int_equal(knock(PEER, OWN, 60,
                           "\x8f\0\1\4\0\0\0\0"
                           "12345678",
                           16),
                     MS_DROP_IP_UNKNOWN_PROTOCOL);
    expect_error(ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_NEXT_HEADER, 40);
    assert_int_equal(knock(PEER, OWN, 60,
                           "\x3c\0\1\4\0\0\0\0"
                           "\x8f\0\1\4\0\0\0\0",
                           16),
                     MS_DROP_IP_UNKNOWN_PROTOCOL);
    expect_error(ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_NEXT_HEADER, 48);
}

/* v6LC 1.2.8, 5.1.10: options not understood, by the upper bits of their type. */
static void an_option_not_understood_is_told_if_it_says_so(void **state)
{
    (void)state;
    assert_int_equal(knock(PEER, OWN, 60, "\x3b\0\x87\4\0\0\0\0", 8), MS_DROP_IPV6_BAD_OPTION);
    expect_error(ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_OPTION, 42);
    assert_int_equal(knock(PEER, OWN, 60, "\x3b\0\xc7\4\0\0\0\0", 8), MS_DROP_IPV6_BAD_OPTION);
    expect_error(ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_OPTION, 42);
    assert_int_equal(knock(PEER, "ff02::1", 60, "\x3b\0\x87\4\0\0\0\0", 8),
                     MS_DROP_IPV6_BAD_OPTION);
    expect_error(ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_OPTION, 42);
    knock(PEER, "ff02::1", 60, "\x3b\0\xc7\4\0\0\0\0", 8);
    knock(PEER, OWN, 60, "\x3b\0\x47\4\0\0\0\0", 8);
    assert_int_equal(world_discard(&w), 0);
}

/* v6LC 5.1.3 */
static void an_unreachable_port_is_told_with_a_quote(void **state)
{
    static const char datagram[1400] = "\x13\x88\0\x09\5\x78\x12\x34";
    uint8_t bytes[sizeof(datagram) + 40] = { 0 };
    struct message m = { .from = PEER, .to = OWN, .protocol = IP_PROTOCOL_UDP };
    struct ms_addr from = world_addr(PEER), to = world_addr(OWN);
    struct sent_message sent;
    uint16_t sum;

    (void)state;
    world_ip_header(bytes, &m, sizeof(datagram));
    memcpy(bytes + 40, datagram, sizeof(datagram));
    store_be16(bytes + 46, 0);
    sum = ms_checksum_finish(ms_checksum_scalar(bytes + 40, sizeof(datagram)) +
                             ms_ip_pseudo_sum(&from, &to, IP_PROTOCOL_UDP, sizeof(datagram)));
    memcpy(bytes + 46, &sum, 2);
    assert_int_equal(world_input(&w, bytes, sizeof(bytes), 0), MS_DROP_UDP_NO_SOCKET);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_UNREACHABLE);
    assert_int_equal(sent.code, ICMPV6_UNREACHABLE_PORT);
    assert_int_equal(sent.packet_len, 1280); /* as much as fits, and no more */
    assert_memory_equal(sent.body, bytes, 1232);
}

/* v6LC 5.1.9, 5.1.10, 5.1.11 and C12 */
/* proves: C12 */
static void some_packets_deserve_no_error(void **state)
{
    static const char option[] = "\x3a\0\x87\4\0\0\0\0"
                                 "\1\4\0\0\0\0\0\0";
    char message[sizeof(option)];

    (void)state;
    for (unsigned type = 0; type < 128; type++) { /* errors, behind a bad option */
        memcpy(message, option, sizeof(option));
        message[8] = (char)type;
        assert_int_equal(knock(PEER, OWN, 60, message, 16), MS_DROP_IPV6_BAD_OPTION);
    }
    message[8] = (char)ICMPV6_REDIRECT;
    knock(PEER, OWN, 60, message, 16);
    knock(PEER, OWN, 60, message, 8);                /* it cannot be seen what it is */
    knock("::", OWN, 60, "\x3b\0\x87\4\0\0\0\0", 8); /* nobody to tell */
    knock("ff02::5", OWN, 60, "\x3b\0\x87\4\0\0\0\0", 8);
    knock(PEER, "ff02::1", 143, "12345678", 8); /* to a group */
    assert_int_equal(world_discard(&w), 0);
    message[8] = (char)ICMPV6_ECHO_REQUEST;
    knock(PEER, OWN, 60, message, 16);
    expect_error(ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_OPTION, 42);
}

/* Headers up to the packet's last byte, more of them than are looked at: no type is there. */
/* proves: S08 */
static void nothing_is_read_behind_a_packet_of_nothing_but_headers(void **state)
{
    enum { HEADERS_MAX = 12 };
    char headers[8 * HEADERS_MAX];

    (void)state;
    for (unsigned count = 1; count <= HEADERS_MAX; count++) {
        for (unsigned i = 0; i < count; i++) {
            memcpy(headers + 8 * (size_t)i, "\x3c\0\1\4\0\0\0\0", 8);
            headers[8 * i] = i + 1 < count ? 60 : IP_PROTOCOL_ICMPV6;
        }
        headers[2] = (char)0x87; /* the error that would be due */
        assert_int_equal(knock(PEER, OWN, 60, headers, 8 * (size_t)count), MS_DROP_IPV6_BAD_OPTION);
        world_advance(&w, 10000000);
        assert_int_equal(world_discard(&w), count > 9);
    }
}

/* A later fragment's ICMPv6 type is out of sight, another protocol's packet is not an error. */
static void a_later_fragment_may_be_an_error(void **state)
{
    (void)state;
    knock(PEER, OWN, 44,
          "\x3a\0\xff\xf8\0\0\0\1"
          "\x80\0\0\0\0\0\0\0"
          "12345678",
          24);
    assert_int_equal(world_discard(&w), 0);
    knock(PEER, OWN, 44,
          "\x11\0\xff\xf8\0\0\0\1"
          "12345678"
          "12345678",
          24);
    expect_error(ICMPV6_PARAMETER_PROBLEM, IPV6_PROBLEM_FIELD, 42);
}

/* RFC 8200, 4.5 */
/* RFC 3168, 5.3: its sender has done nothing wrong that an error could tell him. */
static void fragments_that_disagree_about_ecn_are_dropped_in_silence(void **state)
{
    const struct message m = { .from = PEER, .to = OWN, .protocol = 44 };
    uint8_t packet[40 + 24];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        world_ip_header(packet, &m, 24);
        memcpy(packet + 40, i ? "\x11\0\0\x10\0\0\0\5" : "\x11\0\0\1\0\0\0\5", 8);
        memset(packet + 48, 0, 16);
        packet[1] |= i ? 0x30 : 0;
        assert_int_equal(world_input(&w, packet, sizeof(packet), 0),
                         i ? MS_DROP_FRAGMENT_ECN_MIXED : MS_DROP_NONE);
    }
    world_advance(&w, 1000);
    assert_int_equal(world_discard(&w), 0);
}

static void half_a_datagram_is_told_when_its_time_is_up(void **state)
{
    (void)state;
    knock(PEER, OWN, 44,
          "\x11\0\0\1\0\0\0\1"
          "12345678",
          16);
    assert_int_equal(world_discard(&w), 0);
    world_advance(&w, 70000000);
    expect_error(ICMPV6_TIME_EXCEEDED, ICMPV6_EXCEEDED_REASSEMBLY, 0);
}

/* --- Asking --- */

static unsigned heard;
static struct ms_echo last_echo;

static void on_echo(void *user, const struct ms_echo *echo)
{
    (void)user;
    heard++;
    last_echo = *echo;
}

/* v6LC 5.1.1 */
static void a_ping_hears_the_reply(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr("fe80::9"), .netif = w.netif };
    struct message reply = {
        .from = "fe80::9", .to = LINK_LOCAL, .type = ICMPV6_ECHO_REPLY, .rest = 0x00070009
    };
    struct sent_message sent;

    (void)state;
    heard = 0;
    ms_icmp_on_echo(w.stack, on_echo, NULL);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 7, 9, NULL), MS_OK);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMPV6_ECHO_REQUEST);
    assert_true(is_addr(&sent.from, LINK_LOCAL));
    assert_int_equal(world_message(&w, &reply), MS_DROP_NONE);
    assert_int_equal(heard, 1);
    assert_int_equal(last_echo.identifier, 7);
    assert_int_equal(last_echo.sequence, 9);
    ms_icmp_on_echo(w.stack, NULL, NULL);
    assert_int_equal(world_message(&w, &reply), MS_DROP_ICMP_ECHO_REPLY_UNKNOWN);
}

/* Down to ourselves and up again. */
static void a_ping_to_ourselves_is_answered(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(OWN) };

    (void)state;
    heard = 0;
    ms_icmp_on_echo(w.stack, on_echo, NULL);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 7, 9, NULL), MS_OK);
    world_advance(&w, 1000);
    assert_int_equal(heard, 1);
    assert_true(is_addr(&last_echo.from, OWN));
    assert_int_equal(world_discard(&w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(answers_an_echo_with_its_own_bytes),
        T(a_member_answers_for_a_group_as_itself),
        T(short_messages_are_dropped),
        T(unknown_informational_messages_are_ignored),
        T(an_echo_from_nobody_has_no_answer),
        T(errors_are_hard_soft_or_too_big),
        T(an_mtu_below_1280_or_not_below_the_packet_is_ignored),
        T(a_quote_that_proves_nothing_is_refused),
        T(a_quote_to_an_ipv4_destination_is_refused),
        T(a_quoted_first_fragment_is_believed),
        T(a_ping_too_big_for_the_path_is_cut_the_next_time),
        T(an_unknown_next_header_is_told_where_it_is_named),
        T(an_option_not_understood_is_told_if_it_says_so),
        T(an_unreachable_port_is_told_with_a_quote),
        T(some_packets_deserve_no_error),
        T(nothing_is_read_behind_a_packet_of_nothing_but_headers),
        T(a_later_fragment_may_be_an_error),
        T(fragments_that_disagree_about_ecn_are_dropped_in_silence),
        T(half_a_datagram_is_told_when_its_time_is_up),
        T(a_ping_hears_the_reply),
        T(a_ping_to_ourselves_is_answered),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
