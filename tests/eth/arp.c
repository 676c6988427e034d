/* SPDX-License-Identifier: ISC */
/* ARP: who is asked, who is answered, who is believed (RFC 826, 5227). */
#include "eth/arp.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eth/neighbor.h"
#include "support/fixture.h"
#include "wire/arp.h"

enum { SECOND_US = 1000000 };

static const uint8_t PEER[6] = { 2, 0, 0, 0, 1, 1 };
static const uint8_t THIEF[6] = { 2, 0, 0, 0, 6, 6 };
static const uint8_t EVERYBODY[6] = { 255, 255, 255, 255, 255, 255 };

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static const uint32_t OURS = IP(10, 0, 0, 1);
static const uint32_t PEERS = IP(10, 0, 0, 2);

static void open_with_address(struct fixture *f)
{
    struct ms_config config = fixture_config();

    fixture_open(f, &config);
    fixture_add_addr(f->netif, "10.0.0.1", 24);
    fixture_advance(f, 10 * SECOND_US);
    fixture_discard(f->netif);
}

/* An ARP packet in a frame from src, whose bytes stand in for a whole wire. */
static enum ms_drop arp_from(struct fixture *f, const uint8_t *src, uint16_t operation,
                             uint32_t sender_ip, uint32_t target_ip)
{
    uint8_t frame[60] = { 0 };
    struct arp_header header = {
        .operation = operation,
        .sender_ip = sender_ip,
        .target_ip = target_ip,
    };

    memcpy(header.sender_mac, src, 6);
    memcpy(frame, EVERYBODY, 6);
    memcpy(frame + 6, src, 6);
    store_be16(frame + 12, ETHERTYPE_ARP);
    ms_arp_header_emit(&header, frame + 42);
    return fixture_input(f, f->netif, frame, sizeof(frame));
}

/* Takes one frame, which must be ARP. */
static bool arp_sent(struct fixture *f, struct datagram *sent, struct arp_header *header)
{
    struct bytes b;

    if (!fixture_sent(f->netif, sent))
        return false;
    assert_int_equal(sent->len, 42);
    assert_int_equal(load_be16(sent->bytes + 12), ETHERTYPE_ARP);
    b = bytes_of(sent->bytes + 14, 28);
    assert_int_equal(ms_arp_header_parse(header, &b), MS_DROP_NONE);
    return true;
}

static struct neighbor *known(struct fixture *f, const char *text)
{
    struct ms_addr wanted = addr(text);

    return ms_neighbor_find(f->netif, &wanted);
}

static void answers_a_question_and_remembers_who_asked(void **state)
{
    static struct datagram sent;
    struct arp_header header;
    struct fixture f;

    (void)state;
    open_with_address(&f);
    assert_int_equal(arp_from(&f, PEER, ARP_REQUEST, PEERS, OURS), MS_DROP_NONE);
    assert_true(arp_sent(&f, &sent, &header));
    assert_memory_equal(sent.bytes, PEER, 6);
    assert_int_equal(header.operation, ARP_REPLY);
    assert_int_equal(header.sender_ip, OURS);
    assert_int_equal(header.target_ip, PEERS);
    assert_memory_equal(header.target_mac, PEER, 6);
    assert_memory_equal(ms_neighbor_mac(known(&f, "10.0.0.2")), PEER, 6);
    assert_int_equal(f.stack->counters.arp_in_requests, 1);
    assert_int_equal(f.stack->counters.arp_out_replies, 1);
    fixture_close(&f);
}

/* proves: E07 */
static void answers_probes_and_strangers_without_remembering_them(void **state)
{
    struct fixture f;

    (void)state;
    open_with_address(&f);
    assert_int_equal(arp_from(&f, PEER, ARP_REQUEST, 0, OURS), MS_DROP_NONE);
    assert_int_equal(arp_from(&f, PEER, ARP_REQUEST, IP(192, 168, 1, 1), OURS), MS_DROP_NONE);
    assert_int_equal(fixture_discard(f.netif), 2);
    fixture_add_addr(f.netif, "10.0.0.3", 0); /* every address is on its link, but nobody's */
    assert_int_equal(arp_from(&f, PEER, ARP_REQUEST, 0, OURS), MS_DROP_NONE);
    assert_null(known(&f, "0.0.0.0"));
    assert_null(known(&f, "192.168.1.1"));
    fixture_close(&f);
}

static void ignores_questions_about_others(void **state)
{
    struct fixture f;

    (void)state;
    open_with_address(&f);
    assert_int_equal(arp_from(&f, PEER, ARP_REQUEST, PEERS, IP(10, 0, 0, 9)),
                     MS_DROP_ARP_NOT_FOR_US);
    assert_null(known(&f, "10.0.0.2"));
    assert_int_equal(fixture_discard(f.netif), 0);
    fixture_close(&f);
}

/* proves: E05, F20, F21 */
static void believes_no_reply_that_it_did_not_ask_for(void **state)
{
    struct fixture f;

    (void)state;
    open_with_address(&f);
    assert_int_equal(arp_from(&f, THIEF, ARP_REPLY, PEERS, OURS), MS_DROP_ARP_UNSOLICITED);
    assert_null(known(&f, "10.0.0.2"));
    assert_int_equal(fixture_send(&f, "10.0.0.2", 20), MS_OK);
    assert_int_equal(arp_from(&f, PEER, ARP_REPLY, PEERS, OURS), MS_DROP_NONE);
    arp_from(&f, THIEF, ARP_REPLY, PEERS, OURS);
    arp_from(&f, THIEF, ARP_REQUEST, PEERS, OURS);
    arp_from(&f, THIEF, ARP_REQUEST, PEERS, PEERS);
    assert_memory_equal(ms_neighbor_mac(known(&f, "10.0.0.2")), PEER, 6);
    fixture_close(&f);
}

/* proves: F21 */
static void a_gratuitous_request_updates_only_stale_entries(void **state)
{
    struct fixture f;

    (void)state;
    open_with_address(&f);
    assert_int_equal(arp_from(&f, PEER, ARP_REQUEST, PEERS, PEERS), MS_DROP_ARP_NOT_FOR_US);
    assert_null(known(&f, "10.0.0.2"));
    arp_from(&f, PEER, ARP_REQUEST, PEERS, OURS);
    arp_from(&f, THIEF, ARP_REQUEST, PEERS, PEERS);
    assert_memory_equal(ms_neighbor_mac(known(&f, "10.0.0.2")), THIEF, 6);
    fixture_close(&f);
}

/* proves: E06, E07 */
static void refuses_impossible_senders(void **state)
{
    static const uint8_t macs[][6] = {
        { 255, 255, 255, 255, 255, 255 },
        { 1, 0, 0x5e, 0, 0, 1 },
        { 0 },
        { 2, 0, 0, 0, 0, 1 },
    };
    static const uint32_t ips[] = {
        IP(255, 255, 255, 255), IP(127, 0, 0, 1), IP(224, 0, 0, 1),
        IP(240, 0, 0, 1),       IP(0, 0, 0, 5),
    };
    struct fixture f;

    (void)state;
    open_with_address(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(macs); i++) {
        enum ms_drop drop = arp_from(&f, macs[i], ARP_REQUEST, PEERS, OURS);

        assert_true(drop == MS_DROP_ARP_BAD_SENDER || drop == MS_DROP_ETH_BAD_SOURCE);
    }
    assert_int_equal(drops(&f, MS_DROP_ARP_BAD_SENDER), 2);
    for (size_t i = 0; i < MS_ARRAY_LEN(ips); i++)
        assert_int_equal(arp_from(&f, PEER, ARP_REQUEST, ips[i], OURS), MS_DROP_ARP_BAD_SENDER);
    assert_int_equal(arp_from(&f, PEER, ARP_REPLY, 0, OURS), MS_DROP_ARP_BAD_SENDER);
    assert_int_equal(fixture_discard(f.netif), 0);
    fixture_close(&f);
}

/* proves: E06 */
static void refuses_a_sender_that_is_not_who_sent_the_frame(void **state)
{
    uint8_t frame[42] = { 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 1, 1, 8, 6 };
    struct arp_header header = {
        .operation = ARP_REQUEST,
        .sender_mac = { 2, 0, 0, 0, 6, 6 },
        .sender_ip = PEERS,
        .target_ip = OURS,
    };
    struct fixture f;

    (void)state;
    open_with_address(&f);
    ms_arp_header_emit(&header, frame + 42);
    assert_int_equal(fixture_input(&f, f.netif, frame, 42), MS_DROP_ARP_BAD_SENDER);
    memcpy(frame + 6, header.sender_mac, 6);
    assert_int_equal(fixture_input(&f, f.netif, frame, 42), MS_DROP_NONE);
    fixture_close(&f);
}

/* proves: E02, E03 */
static void refuses_malformed_packets_at_every_length(void **state)
{
    uint8_t frame[42] = { 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 1, 1, 8, 6 };
    struct arp_header header = {
        .operation = 9,
        .sender_mac = { 2, 0, 0, 0, 1, 1 },
        .sender_ip = PEERS,
        .target_ip = OURS,
    };
    struct fixture f;

    (void)state;
    open_with_address(&f);
    ms_arp_header_emit(&header, frame + 42);
    for (size_t len = 14; len <= 42; len++)
        assert_int_equal(fixture_input(&f, f.netif, frame, len), MS_DROP_ARP_MALFORMED);
    for (size_t split = 14; split < 42; split++)
        assert_int_equal(fixture_input_split(&f, f.netif, frame, 42, split),
                         MS_DROP_FRAME_NOT_CONTIGUOUS);
    assert_int_equal(fixture_discard(f.netif), 0);
    fixture_close(&f);
}

static enum ms_addr_state state_of_first(const struct fixture *f)
{
    struct ms_netif_addr entry;

    assert_true(ms_netif_addr(f->netif, 0, &entry));
    return entry.state;
}

static void probes_three_times_then_announces_twice(void **state)
{
    static struct datagram sent;
    struct ms_addr ours = addr("10.0.0.1");
    struct arp_header header;
    struct ms_config config = fixture_config();
    struct fixture f;

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(ms_netif_add_addr(f.netif, &ours, 24, true), MS_OK);
    for (unsigned i = 0; i < 3; i++) {
        while (!arp_sent(&f, &sent, &header))
            fixture_advance(&f, SECOND_US / 100);
        assert_int_equal(header.sender_ip, 0);
        assert_int_equal(header.target_ip, OURS);
        assert_memory_equal(sent.bytes, EVERYBODY, 6);
    }
    assert_in_range(f.stack->now_us, 3 * SECOND_US, 6 * SECOND_US + SECOND_US / 10);
    fixture_advance(&f, 2 * SECOND_US - SECOND_US / 50);
    assert_int_equal(state_of_first(&f), MS_ADDR_TENTATIVE);
    assert_false(ms_ip_is_own(f.stack, &ours));
    fixture_advance(&f, SECOND_US / 50);
    assert_int_equal(state_of_first(&f), MS_ADDR_PREFERRED);
    assert_true(ms_ip_is_own(f.stack, &ours));
    fixture_advance(&f, 10 * SECOND_US);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(arp_sent(&f, &sent, &header));
        assert_int_equal(header.sender_ip, OURS);
        assert_int_equal(header.target_ip, OURS);
    }
    assert_false(arp_sent(&f, &sent, &header));
    fixture_close(&f);
}

static void gives_a_probed_address_up_when_somebody_has_it(void **state)
{
    struct ms_addr ours = addr("10.0.0.1");
    struct ms_config config = fixture_config();
    struct fixture f;

    (void)state;
    for (uint32_t sender = 0; sender <= OURS; sender += OURS) { /* a probe; a reply */
        fixture_open(&f, &config);
        assert_int_equal(ms_netif_add_addr(f.netif, &ours, 24, true), MS_OK);
        fixture_advance(&f, SECOND_US);
        assert_int_equal(arp_from(&f, PEER, sender ? ARP_REPLY : ARP_REQUEST, sender, OURS),
                         MS_DROP_ARP_CONFLICT);
        assert_int_equal(state_of_first(&f), MS_ADDR_DUPLICATE);
        assert_int_equal(f.stack->counters.address_conflicts, 1);
        fixture_discard(f.netif);
        fixture_advance(&f, 20 * SECOND_US);
        assert_int_equal(fixture_discard(f.netif), 0);
        fixture_close(&f);
    }
}

/* proves: E07 */
static void defends_its_address_once_in_ten_seconds(void **state)
{
    static struct datagram sent;
    struct arp_header header;
    struct fixture f;

    (void)state;
    open_with_address(&f);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(arp_from(&f, THIEF, ARP_REQUEST, OURS, PEERS), MS_DROP_ARP_CONFLICT);
        assert_true(arp_sent(&f, &sent, &header));
        assert_int_equal(header.sender_ip, OURS);
        assert_int_equal(state_of_first(&f), MS_ADDR_PREFERRED);
        fixture_advance(&f, 11 * SECOND_US);
    }
    arp_from(&f, THIEF, ARP_REQUEST, OURS, PEERS);
    fixture_advance(&f, 9 * SECOND_US);
    arp_from(&f, THIEF, ARP_REQUEST, OURS, PEERS);
    assert_int_equal(state_of_first(&f), MS_ADDR_DUPLICATE);
    assert_int_equal(f.stack->counters.address_conflicts, 4);
    assert_int_equal(fixture_discard(f.netif), 1);
    fixture_close(&f);
}

static void sends_nothing_when_no_frame_is_left(void **state)
{
    struct ms_frame *frame;
    struct ms_config config = fixture_config();
    struct ms_frame *held[4];
    struct fixture f;

    (void)state;
    config.frames = 4;
    fixture_open(&f, &config);
    fixture_add_addr(f.netif, "10.0.0.1", 24);
    fixture_advance(&f, 10 * SECOND_US);
    fixture_discard(f.netif);
    for (unsigned i = 0; i < 4; i++)
        held[i] = ms_frame_alloc(f.stack);
    frame = ms_frame_alloc(f.stack);
    assert_null(frame);
    arp_from(&f, PEER, ARP_REQUEST, PEERS, OURS);
    assert_int_equal(drops(&f, MS_DROP_SEND_NO_FRAME), 1);
    for (unsigned i = 0; i < 4; i++)
        ms_frame_put(held[i]);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_question_and_remembers_who_asked),
        cmocka_unit_test(answers_probes_and_strangers_without_remembering_them),
        cmocka_unit_test(ignores_questions_about_others),
        cmocka_unit_test(believes_no_reply_that_it_did_not_ask_for),
        cmocka_unit_test(a_gratuitous_request_updates_only_stale_entries),
        cmocka_unit_test(refuses_impossible_senders),
        cmocka_unit_test(refuses_a_sender_that_is_not_who_sent_the_frame),
        cmocka_unit_test(refuses_malformed_packets_at_every_length),
        cmocka_unit_test(probes_three_times_then_announces_twice),
        cmocka_unit_test(gives_a_probed_address_up_when_somebody_has_it),
        cmocka_unit_test(defends_its_address_once_in_ten_seconds),
        cmocka_unit_test(sends_nothing_when_no_frame_is_left),
    };

    return cmocka_run_group_tests_name("eth/arp", tests, NULL, NULL);
}
