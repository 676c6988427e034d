/* SPDX-License-Identifier: ISC */
/* ICMP received: which messages, which errors, and what they mean to a transport. */
#include "ip/icmp.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/ip_world.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define PEER "192.0.2.9"
#define OWN  "192.0.2.1"

static struct ip_world w;

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_IP);
    world_add_addr(&w, OWN, 24);
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
    m.type = ICMP_ECHO_REQUEST;
    m.rest = 0x12340007;
    return world_message(&w, &m);
}

/* proves: C01, C02, I03 */
static void short_messages_are_dropped(void **state)
{
    (void)state;
    for (size_t cut = 1; cut <= 8; cut++)
        assert_int_equal(ping(&(struct message){ .cut = cut }), MS_DROP_ICMP_TRUNCATED);
    for (size_t split = 20; split < 28; split++)
        assert_int_equal(ping(&(struct message){ .split = split }), MS_DROP_FRAME_NOT_CONTIGUOUS);
    assert_int_equal(ping(&(struct message){ .has_bad_sum = true }), MS_DROP_ICMP_BAD_CHECKSUM);
    assert_int_equal(world_discard(&w), 0);
}

/* proves: C09, C10, C11, F15 */
static void quench_redirect_and_configuration_are_ignored(void **state)
{
    static const uint8_t types[] = { 1, 2, 4, 5, 6, 7, 9, 10, 13, 14, 15, 16, 17, 18, 30, 255 };
    uint8_t quote[28];
    struct message inner = { .from = OWN, .to = PEER, .protocol = IP_PROTOCOL_TCP };

    (void)state;
    memset(quote, 1, sizeof(quote));
    world_ip_header(quote, &inner, 8);
    for (unsigned i = 0; i < sizeof(types); i++) {
        struct message m = {
            .from = PEER, .to = OWN, .type = types[i], .body = quote, .body_len = sizeof(quote)
        };

        assert_int_equal(world_message(&w, &m), MS_DROP_ICMP_UNKNOWN_TYPE);
    }
    assert_int_equal(world_discard(&w), 0);
}

/* Type, code and second word. */
struct error {
    uint8_t type, code;
    uint32_t rest;
};

/* Puts an error through ms_icmp_input() alone, so that the report can be looked at. */
static enum ms_drop report_of(struct error error, const uint8_t *quote, size_t len,
                              struct icmp_report *report)
{
    static uint8_t *bytes; /* of exactly its size; the report points into it */
    struct ms_frame frame = { .head_len = (uint32_t)len + 8, .refs = 1 };
    struct packet p = {
        .stack = w.stack,
        .netif = w.netif,
        .frame = &frame,
        .len = (uint32_t)len + 8,
        .flow = { .local = world_addr(OWN), .remote = world_addr("198.51.100.1") },
        .is_ipv4 = true,
        .protocol = IP_PROTOCOL_ICMP,
    };
    uint16_t sum;

    free(bytes);
    bytes = calloc(1, len + 8);
    frame.head = bytes;
    p.bytes = bytes_of(bytes, len + 8);
    bytes[0] = error.type;
    bytes[1] = error.code;
    store_be32(bytes + 4, error.rest);
    memcpy(bytes + 8, quote, len);
    sum = ms_checksum_finish(ms_checksum_scalar(bytes, len + 8));
    memcpy(bytes + 2, &sum, 2);
    return ms_icmp_input(&p, report);
}

/* A quoted packet of ours: ports 1000 to 80, and as long as total_len says. */
static size_t put_quote(uint8_t *quote, uint8_t protocol, uint16_t total_len)
{
    struct message inner = { .from = OWN, .to = PEER, .protocol = protocol };

    world_ip_header(quote, &inner, (size_t)total_len - 20);
    store_be16(quote + 20, 1000);
    store_be16(quote + 22, 80);
    store_be32(quote + 24, 0xdeadbeef);
    return 28;
}

/* proves: MUST-56, SHLD-26 */
static void errors_are_hard_soft_or_too_big(void **state)
{
    static const struct {
        uint8_t type, code;
        enum icmp_kind kind;
    } rows[] = {
        { 3, 0, ICMP_SOFT },    { 3, 1, ICMP_SOFT },  { 3, 2, ICMP_HARD },  { 3, 3, ICMP_HARD },
        { 3, 4, ICMP_TOO_BIG }, { 3, 5, ICMP_SOFT },  { 3, 6, ICMP_SOFT },  { 3, 9, ICMP_HARD },
        { 3, 10, ICMP_HARD },   { 3, 13, ICMP_HARD }, { 3, 15, ICMP_SOFT }, { 11, 0, ICMP_SOFT },
        { 11, 1, ICMP_SOFT },   { 12, 0, ICMP_SOFT },
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        size_t len = put_quote(quote, IP_PROTOCOL_TCP, 1500);

        assert_int_equal(
            report_of((struct error){ rows[i].type, rows[i].code, 1400 }, quote, len, &report),
            MS_DROP_NONE);
        assert_int_equal(report.kind, rows[i].kind);
        assert_int_equal(report.protocol, IP_PROTOCOL_TCP);
        assert_int_equal(report.type, rows[i].type);
        assert_int_equal(report.code, rows[i].code);
        assert_true(is_addr(&report.flow.local, OWN));
        assert_true(is_addr(&report.flow.remote, PEER));
        assert_int_equal(report.flow.local_port, 1000);
        assert_int_equal(report.flow.remote_port, 80);
        assert_int_equal(report.quote.len, 8);
        assert_int_equal(load_be32(report.quote.data + 4), 0xdeadbeef);
    }
    put_quote(quote, IP_PROTOCOL_TCP, 1500);
    assert_int_equal(report_of((struct error){ 3, 16, 0 }, quote, 28, &report),
                     MS_DROP_ICMP_UNKNOWN_TYPE);
    assert_int_equal(report.kind, ICMP_NOTHING);
}

/* proves: C07 */
static void a_next_hop_mtu_has_bounds(void **state)
{
    static const struct {
        uint16_t packet_len;
        uint32_t rest, mtu; /* 0: not believed */
    } rows[] = {
        { 1500, 1400, 1400 }, { 1500, 576, 576 },  { 1500, 575, 576 },
        { 1500, 68, 576 },    { 1500, 67, 576 },   { 1500, 1, 576 },
        { 1500, 1499, 1499 }, { 1500, 1500, 0 },   { 1500, 65535, 0 },
        { 1500, 0, 1492 },    { 1492, 0, 1006 },   { 9000, 0, 8166 },
        { 1006, 0, 576 },     { 577, 0, 576 },     { 576, 0, 0 },
        { 300, 68, 0 },       { 65535, 0, 32000 }, { 1500, 0xffff0578, 1400 },
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        size_t len = put_quote(quote, IP_PROTOCOL_TCP, rows[i].packet_len);
        enum ms_drop drop = report_of((struct error){ 3, 4, rows[i].rest }, quote, len, &report);

        assert_int_equal(drop, rows[i].mtu ? MS_DROP_NONE : MS_DROP_ICMP_BAD_QUOTE);
        assert_int_equal(report.kind, rows[i].mtu ? ICMP_TOO_BIG : ICMP_NOTHING);
        if (rows[i].mtu)
            assert_int_equal(report.mtu, rows[i].mtu);
    }
}

/* The quote is ours, begins a datagram, and shows eight bytes of it. */
/* proves: C03, C04 */
static void a_quote_that_proves_nothing_is_refused(void **state)
{
    static const struct {
        unsigned at;
        uint8_t value;
    } spoils[] = {
        { 0, 0x4f },
        { 0, 0x46 },
        { 0, 0x44 },
        { 0, 0x65 },
        { 0, 0x05 }, /* header length, version */
        { 3, 27 },
        { 3, 19 }, /* total length */
        { 7, 1 },
        { 6, 0x1f }, /* fragment offset */
        { 9, IP_PROTOCOL_IGMP },
        { 9, IP_PROTOCOL_ICMPV6 },
        { 9, 4 },
        { 9, 41 },
        { 9, IP_PROTOCOL_ICMP }, /* and the type there is none of ours */
        { 15, 2 },
        { 12, 10 }, /* source */
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (size_t len = 0; len < 28; len++) {
        put_quote(quote, IP_PROTOCOL_TCP, 60);
        assert_int_equal(report_of((struct error){ 3, 3, 0 }, quote, len, &report),
                         MS_DROP_ICMP_BAD_QUOTE);
        assert_int_equal(report.kind, ICMP_NOTHING);
    }
    for (unsigned i = 0; i < MS_ARRAY_LEN(spoils); i++) {
        put_quote(quote, IP_PROTOCOL_TCP, 60);
        if (spoils[i].at == 3)
            quote[2] = 0;
        quote[spoils[i].at] = spoils[i].value;
        assert_int_equal(report_of((struct error){ 3, 3, 0 }, quote, 28, &report),
                         MS_DROP_ICMP_BAD_QUOTE);
        assert_int_equal(report.kind, ICMP_NOTHING);
    }
    put_quote(quote, IP_PROTOCOL_UDP, 60);
    quote[6] = 0x20; /* the first fragment of several is fine */
    assert_int_equal(report_of((struct error){ 3, 3, 0 }, quote, 28, &report), MS_DROP_NONE);
    assert_int_equal(report.kind, ICMP_HARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(short_messages_are_dropped),
        T(quench_redirect_and_configuration_are_ignored),
        T(errors_are_hard_soft_or_too_big),
        T(a_next_hop_mtu_has_bounds),
        T(a_quote_that_proves_nothing_is_refused),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
