/* SPDX-License-Identifier: ISC */
/* ICMP: echo, errors believed and not, errors sent and not. */
#include "ip/icmp.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ip/ip_floor.h"
#include "support/ip_world.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define PEER "192.0.2.9"
#define OWN "192.0.2.1"

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

/* Every length, odd ones too, and every split: the checksum is updated, never wrong. */
static void answers_an_echo_with_its_own_bytes(void **state)
{
    uint8_t body[64];
    struct sent_message sent;

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof(body); len++) {
        for (size_t split = 28; split <= 28 + len; split++) {
            struct message m = { .body = body, .body_len = len, .split = split };

            assert_int_equal(ping(&m), MS_DROP_NONE);
            assert_true(world_sent(&w, &sent));
            assert_true(is_addr(&sent.from, OWN));
            assert_true(is_addr(&sent.to, PEER));
            assert_int_equal(sent.type, ICMP_ECHO_REPLY);
            assert_int_equal(sent.code, 0);
            assert_int_equal(sent.rest, 0x12340007);
            assert_int_equal(sent.body_len, len);
            assert_memory_equal(sent.body, body, len);
        }
    }
    assert_int_equal(w.frames_in, 0);
}

static void an_echo_of_a_strange_code_is_summed_anew(void **state)
{
    struct message m = { .code = 5, .body = (const uint8_t *)"abc", .body_len = 3 };
    struct sent_message sent;

    (void)state;
    assert_int_equal(ping(&m), MS_DROP_NONE);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.code, 0);
}

/* I25, C12: nobody answers for a group, or by the link's broadcast. */
static void groups_and_broadcasts_are_not_answered(void **state)
{
    static const char *const to[] = { "192.0.2.255", "255.255.255.255", "224.0.0.1" };

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(to); i++)
        assert_int_equal(ping(&(struct message){ .to = to[i] }), MS_DROP_ICMP_GROUP_ECHO);
    assert_int_equal(world_discard(&w), 0);
}

/* C01, C02. */
static void short_messages_are_dropped(void **state)
{
    (void)state;
    for (size_t cut = 1; cut <= 8; cut++)
        assert_int_equal(ping(&(struct message){ .cut = cut }), MS_DROP_ICMP_TRUNCATED);
    for (size_t split = 20; split < 28; split++)
        assert_int_equal(ping(&(struct message){ .split = split }),
                         MS_DROP_FRAME_NOT_CONTIGUOUS);
    assert_int_equal(ping(&(struct message){ .has_bad_sum = true }), MS_DROP_ICMP_BAD_CHECKSUM);
    assert_int_equal(world_discard(&w), 0);
}

/* C09, C10, C11. */
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

/* --- Errors received --- */

/* Puts an error through ms_icmp_input() alone, so that the report can be looked at. */
static enum ms_drop report_of(uint8_t type, uint8_t code, uint32_t rest, const uint8_t *quote,
                              size_t len, struct icmp_report *report)
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
    bytes[0] = type;
    bytes[1] = code;
    store_be32(bytes + 4, rest);
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

/* RFC 9293, MUST-55, MUST-56, SHLD-25, SHLD-26. */
static void errors_are_hard_soft_or_too_big(void **state)
{
    static const struct {
        uint8_t type, code;
        enum icmp_kind kind;
    } rows[] = {
        { 3, 0, ICMP_SOFT },  { 3, 1, ICMP_SOFT },  { 3, 2, ICMP_HARD },   { 3, 3, ICMP_HARD },
        { 3, 4, ICMP_TOO_BIG }, { 3, 5, ICMP_SOFT }, { 3, 6, ICMP_SOFT },  { 3, 9, ICMP_HARD },
        { 3, 10, ICMP_HARD }, { 3, 13, ICMP_HARD }, { 3, 15, ICMP_SOFT },  { 11, 0, ICMP_SOFT },
        { 11, 1, ICMP_SOFT }, { 12, 0, ICMP_SOFT },
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        size_t len = put_quote(quote, IP_PROTOCOL_TCP, 1500);

        assert_int_equal(report_of(rows[i].type, rows[i].code, 1400, quote, len, &report),
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
    assert_int_equal(report_of(3, 16, 0, quote, 28, &report), MS_DROP_ICMP_UNKNOWN_TYPE);
    assert_int_equal(report.kind, ICMP_NOTHING);
}

/* C07. */
static void a_next_hop_mtu_has_bounds(void **state)
{
    static const struct {
        uint16_t packet_len;
        uint32_t rest, mtu; /* 0: not believed */
    } rows[] = {
        { 1500, 1400, 1400 }, { 1500, 576, 576 },  { 1500, 575, 576 },  { 1500, 68, 576 },
        { 1500, 67, 576 },    { 1500, 1, 576 },    { 1500, 1499, 1499 }, { 1500, 1500, 0 },
        { 1500, 65535, 0 },   { 1500, 0, 1492 },   { 1492, 0, 1006 },   { 9000, 0, 8166 },
        { 1006, 0, 576 },     { 577, 0, 576 },     { 576, 0, 0 },       { 300, 68, 0 },
        { 65535, 0, 32000 },  { 1500, 0xffff0578, 1400 },
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        size_t len = put_quote(quote, IP_PROTOCOL_TCP, rows[i].packet_len);
        enum ms_drop drop = report_of(3, 4, rows[i].rest, quote, len, &report);

        assert_int_equal(drop, rows[i].mtu ? MS_DROP_NONE : MS_DROP_ICMP_BAD_QUOTE);
        assert_int_equal(report.kind, rows[i].mtu ? ICMP_TOO_BIG : ICMP_NOTHING);
        if (rows[i].mtu)
            assert_int_equal(report.mtu, rows[i].mtu);
    }
}

/* C03, C04: the quote is ours, begins a datagram, and shows eight bytes of it. */
static void a_quote_that_proves_nothing_is_refused(void **state)
{
    static const struct {
        unsigned at;
        uint8_t value;
    } spoils[] = {
        { 0, 0x4f }, { 0, 0x46 }, { 0, 0x44 }, { 0, 0x65 }, { 0, 0x05 }, /* header length, version */
        { 3, 27 }, { 3, 19 },                       /* total length */
        { 7, 1 }, { 6, 0x1f },                      /* fragment offset */
        { 9, IP_PROTOCOL_IGMP }, { 9, IP_PROTOCOL_ICMPV6 }, { 9, 4 }, { 9, 41 },
        { 9, IP_PROTOCOL_ICMP },                    /* and the type there is none of ours */
        { 15, 2 }, { 12, 10 },                      /* source */
    };
    uint8_t quote[64];
    struct icmp_report report;

    (void)state;
    for (size_t len = 0; len < 28; len++) {
        put_quote(quote, IP_PROTOCOL_TCP, 60);
        assert_int_equal(report_of(3, 3, 0, quote, len, &report), MS_DROP_ICMP_BAD_QUOTE);
        assert_int_equal(report.kind, ICMP_NOTHING);
    }
    for (unsigned i = 0; i < MS_ARRAY_LEN(spoils); i++) {
        put_quote(quote, IP_PROTOCOL_TCP, 60);
        if (spoils[i].at == 3)
            quote[2] = 0;
        quote[spoils[i].at] = spoils[i].value;
        assert_int_equal(report_of(3, 3, 0, quote, 28, &report), MS_DROP_ICMP_BAD_QUOTE);
        assert_int_equal(report.kind, ICMP_NOTHING);
    }
    put_quote(quote, IP_PROTOCOL_UDP, 60);
    quote[6] = 0x20; /* the first fragment of several is fine */
    assert_int_equal(report_of(3, 3, 0, quote, 28, &report), MS_DROP_NONE);
    assert_int_equal(report.kind, ICMP_HARD);
}

/* --- Errors sent --- */

/* A UDP datagram to a port nobody has. */
static enum ms_drop knock(const char *from, const char *to, size_t len, const uint8_t *patch)
{
    static uint8_t bytes[WORLD_FRAME_MAX];
    struct message m = { .from = from, .to = to, .protocol = IP_PROTOCOL_UDP };

    memset(bytes, 0x55, sizeof(bytes));
    world_ip_header(bytes, &m, len);
    store_be16(bytes + 20, 5000);
    store_be16(bytes + 22, 9);
    store_be16(bytes + 24, (uint16_t)len);
    store_be16(bytes + 26, 0);
    if (patch) {
        bytes[patch[0]] = patch[1];
        store_be16(bytes + 10, 0);
        ms_ipv4_header_sum_store(bytes, 20);
    }
    return world_input(&w, bytes, 20 + len, 0);
}

static void an_unreachable_port_is_told_with_a_quote(void **state)
{
    struct sent_message sent;

    (void)state;
    assert_int_equal(knock(PEER, OWN, 40, NULL), MS_DROP_UDP_NO_SOCKET);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_UNREACHABLE);
    assert_int_equal(sent.code, ICMP_UNREACHABLE_PORT);
    assert_true(is_addr(&sent.from, OWN));
    assert_true(is_addr(&sent.to, PEER));
    assert_int_equal(sent.body_len, 60);
    assert_int_equal(load_be16(sent.body + 20), 5000);
    assert_int_equal(w.frames_in, 0);
}

static void a_long_quote_stops_at_576_bytes(void **state)
{
    struct sent_message sent;

    (void)state;
    assert_int_equal(knock(PEER, OWN, 1400, NULL), MS_DROP_UDP_NO_SOCKET);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.packet_len, 576);
    assert_int_equal(sent.body_len, 548);
}

static void an_unknown_protocol_is_told(void **state)
{
    const uint8_t patch[2] = { 9, 4 }; /* I07, I10: IP in IP is nobody's here */
    struct sent_message sent;

    (void)state;
    assert_int_equal(knock(PEER, OWN, 40, patch), MS_DROP_IP_UNKNOWN_PROTOCOL);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_UNREACHABLE);
    assert_int_equal(sent.code, ICMP_UNREACHABLE_PROTOCOL);
}

/* C12: no error about a group's packet, a fragment, an error. */
static void some_packets_deserve_no_error(void **state)
{
    static const uint8_t icmp_types[] = { 3, 4, 5, 11, 12, 13, 200 };
    struct ms_frame frame = { .refs = 1 };
    uint8_t bytes[64];
    struct packet p = {
        .stack = w.stack,
        .netif = w.netif,
        .frame = &frame,
        .network = bytes,
        .flow = { .local = world_addr(OWN), .remote = world_addr(PEER) },
        .is_ipv4 = true,
    };
    struct message m = { .from = PEER, .to = OWN };

    (void)state;
    knock(PEER, "192.0.2.255", 40, NULL);
    knock(PEER, "224.0.0.1", 40, NULL);
    world_ip_header(bytes, &m, sizeof(bytes) - 20);
    frame.head = bytes;
    frame.head_len = sizeof(bytes);
    for (unsigned i = 0; i < sizeof(icmp_types); i++) {
        bytes[20] = icmp_types[i];
        ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    }
    frame.head_len = 20; /* the type cannot be seen */
    bytes[20] = ICMP_ECHO_REQUEST;
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    frame.head_len = sizeof(bytes);
    bytes[9] = IP_PROTOCOL_UDP;
    bytes[7] = 1; /* not the first fragment */
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    bytes[7] = 0;
    p.flags = PACKET_LINK_GROUP;
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    p.flags = 0;
    p.flow.remote = world_addr("0.0.0.0");
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    p.flow.remote = world_addr("224.1.1.1");
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    p.flow.remote = world_addr("192.0.2.255");
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 0);
    world_advance(&w, 0);
    assert_int_equal(world_discard(&w), 0);
}

static void a_parameter_problem_points_at_the_byte(void **state)
{
    uint8_t bytes[28] = { 0 };
    struct ms_frame frame = { .head = bytes, .head_len = sizeof(bytes), .refs = 2 };
    struct packet p = {
        .stack = w.stack,
        .netif = w.netif,
        .frame = &frame,
        .network = bytes,
        .flow = { .local = world_addr(OWN), .remote = world_addr(PEER) },
        .is_ipv4 = true,
    };
    struct message m = { .from = PEER, .to = OWN };
    struct sent_message sent;

    (void)state;
    world_ip_header(bytes, &m, 8);
    bytes[20] = ICMP_ECHO_REQUEST;
    ms_icmp_send_error(&p, ICMP_ERROR_PARAMETER_HEADER, 9);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_PARAMETER_PROBLEM);
    assert_int_equal(sent.rest, 0x09000000);
    assert_int_equal(frame.refs, 2);
}

/* RFC 1122, 3.2.2.4: the sender of half a datagram learns that it was given up. */
static void half_a_datagram_is_told_when_its_time_is_up(void **state)
{
    const uint8_t patch[2] = { 6, 0x20 };
    struct sent_message sent;

    (void)state;
    assert_int_equal(knock(PEER, OWN, 64, patch), MS_DROP_NONE);
    world_advance(&w, 120000000);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_TIME_EXCEEDED);
    assert_int_equal(sent.code, ICMP_EXCEEDED_REASSEMBLY);
    assert_int_equal(sent.body_len, 84);
}

/* --- Asking --- */

static unsigned heard;
static struct ms_echo last_echo;
static uint8_t last_payload[64];

static void on_echo(void *user, const struct ms_echo *echo)
{
    assert_ptr_equal(user, &w);
    heard++;
    last_echo = *echo;
    if (echo->payload->len > 0)
        memcpy(last_payload, echo->payload->data, echo->payload->len);
}

static unsigned released;

static void on_release(struct ms_buf *buf)
{
    (void)buf;
    released++;
}

static void a_ping_lends_its_bytes_and_hears_the_reply(void **state)
{
    static const uint8_t bytes[] = "odd length";
    struct ms_buf buf = { .data = bytes, .len = sizeof(bytes), .release = on_release };
    struct ms_endpoint remote = { .addr = world_addr(PEER) };
    struct message reply = { .from = PEER, .to = OWN, .type = ICMP_ECHO_REPLY, .rest = 0x00070009,
                             .body = bytes, .body_len = sizeof(bytes) };
    struct sent_message sent;

    (void)state;
    heard = released = 0;
    ms_icmp_on_echo(w.stack, on_echo, &w);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 7, 9, &buf), MS_OK);
    assert_int_equal(released, 0);
    world_advance(&w, 0);
    assert_int_equal(released, 1);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.type, ICMP_ECHO_REQUEST);
    assert_int_equal(sent.rest, 0x00070009);
    assert_memory_equal(sent.body, bytes, sizeof(bytes));

    assert_int_equal(world_message(&w, &reply), MS_DROP_NONE);
    assert_int_equal(heard, 1);
    assert_true(is_addr(&last_echo.from, PEER));
    assert_int_equal(last_echo.identifier, 7);
    assert_int_equal(last_echo.sequence, 9);
    assert_int_equal(last_echo.error, MS_OK);
    assert_int_equal(last_echo.payload_len, sizeof(bytes));
    assert_memory_equal(last_payload, bytes, sizeof(bytes));
    reply.body_len = 0;
    assert_int_equal(world_message(&w, &reply), MS_DROP_NONE);
    assert_int_equal(last_echo.payload_len, 0);
}

static void a_ping_without_bytes_is_one_too(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(PEER) };
    struct ms_buf empty = { .len = 0, .release = on_release };
    struct ms_buf huge = { .len = 65508, .release = on_release };
    struct sent_message sent;

    (void)state;
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL), MS_OK);
    world_advance(&w, 0);
    assert_true(world_sent(&w, &sent));
    assert_int_equal(sent.body_len, 0);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, &empty), MS_ERROR_INVALID);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, &huge), MS_ERROR_TOO_LONG);
    remote.addr = world_addr("198.51.100.1");
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL), MS_ERROR_NO_ROUTE);
}

static void a_ping_into_a_full_stack_is_a_status(void **state)
{
    struct ms_endpoint remote = { .addr = world_addr(PEER) };
    unsigned sent = 0;
    enum ms_error error;

    (void)state;
    while ((error = ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL)) == MS_OK)
        sent++;
    assert_int_equal(sent, 128);
    assert_int_equal(error, MS_ERROR_QUEUE_FULL);
    assert_int_equal(ping(&(struct message){ .hop_limit = 0 }), MS_DROP_SEND_NO_FRAME);
    world_advance(&w, 0);
    assert_int_equal(ms_icmp_send_echo(w.stack, &remote, 1, 2, NULL), MS_OK);
}

static void replies_nobody_waits_for_are_dropped(void **state)
{
    struct message reply = { .from = PEER, .to = OWN, .type = ICMP_ECHO_REPLY };

    (void)state;
    assert_int_equal(world_message(&w, &reply), MS_DROP_ICMP_ECHO_REPLY_UNKNOWN);
    heard = 0;
    ms_icmp_on_echo(w.stack, on_echo, &w);
    reply.to = "192.0.2.255";
    assert_int_equal(world_message(&w, &reply), MS_DROP_ICMP_ECHO_REPLY_UNKNOWN);
    assert_int_equal(heard, 0);
}

static void an_error_about_a_ping_reaches_who_asked(void **state)
{
    uint8_t quote[28];
    struct message m = { .from = "198.51.100.1", .to = OWN, .type = ICMP_UNREACHABLE,
                         .code = ICMP_UNREACHABLE_HOST, .body = quote, .body_len = 28 };

    (void)state;
    heard = 0;
    ms_icmp_on_echo(w.stack, on_echo, &w);
    put_quote(quote, IP_PROTOCOL_ICMP, 60);
    quote[20] = ICMP_ECHO_REQUEST;
    store_be16(quote + 24, 3);
    store_be16(quote + 26, 4);
    assert_int_equal(world_message(&w, &m), MS_DROP_NONE);
    assert_int_equal(heard, 1);
    assert_int_equal(last_echo.error, MS_ERROR_UNREACHABLE);
    assert_int_equal(last_echo.identifier, 3);
    assert_int_equal(last_echo.sequence, 4);
    assert_int_equal(last_echo.icmp_type, ICMP_UNREACHABLE);
    assert_int_equal(last_echo.icmp_code, ICMP_UNREACHABLE_HOST);
    assert_true(is_addr(&last_echo.from, "198.51.100.1"));

    put_quote(quote, IP_PROTOCOL_ICMP, 1500);
    quote[20] = ICMP_ECHO_REQUEST;
    m.code = ICMP_UNREACHABLE_FRAGMENTATION;
    m.rest = 1000;
    assert_int_equal(world_message(&w, &m), MS_DROP_NONE);
    assert_int_equal(last_echo.error, MS_ERROR_TOO_LONG);
    assert_int_equal(ms_stack_counters(w.stack)->icmp_path_mtu_updates, 1);
    quote[20] = ICMP_TIME_EXCEEDED; /* C03: an error about an error */
    assert_int_equal(world_message(&w, &m), MS_DROP_ICMP_BAD_QUOTE);
    assert_int_equal(heard, 2);
}

static void an_answer_without_a_way_back_is_dropped(void **state)
{
    (void)state;
    assert_int_equal(ping(&(struct message){ .from = "198.51.100.7" }), MS_DROP_SEND_NO_ROUTE);
}

/* R14: a flood from one source is answered a few times. */
static void errors_are_rate_limited(void **state)
{
    unsigned answered;

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        knock(PEER, OWN, 40, NULL);
    answered = world_discard(&w);
    assert_in_range(answered, ICMP_LIMIT_BURST_MIN, ICMP_LIMIT_BURST_MAX);
    assert_int_equal(world_drops(&w, MS_DROP_ICMP_RATE_LIMITED), 1000 - answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(answers_an_echo_with_its_own_bytes),
        T(an_echo_of_a_strange_code_is_summed_anew),
        T(groups_and_broadcasts_are_not_answered),
        T(short_messages_are_dropped),
        T(quench_redirect_and_configuration_are_ignored),
        T(errors_are_hard_soft_or_too_big),
        T(a_next_hop_mtu_has_bounds),
        T(a_quote_that_proves_nothing_is_refused),
        T(an_unreachable_port_is_told_with_a_quote),
        T(a_long_quote_stops_at_576_bytes),
        T(an_unknown_protocol_is_told),
        T(some_packets_deserve_no_error),
        T(a_parameter_problem_points_at_the_byte),
        T(half_a_datagram_is_told_when_its_time_is_up),
        T(a_ping_lends_its_bytes_and_hears_the_reply),
        T(a_ping_without_bytes_is_one_too),
        T(a_ping_into_a_full_stack_is_a_status),
        T(replies_nobody_waits_for_are_dropped),
        T(an_error_about_a_ping_reaches_who_asked),
        T(an_answer_without_a_way_back_is_dropped),
        T(errors_are_rate_limited),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
