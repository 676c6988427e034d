/* SPDX-License-Identifier: ISC */
/* Fragments sent: what is put together is what was sent, by all MTUs, in both families. */
#include "ip/fragment.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eth/eth_floor.h"
#include "eth/neighbor.h"
#include "support/fixture.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static const uint8_t PEER[6] = { 2, 0, 0, 0, 1, 1 };

static void open_with_addresses(struct fixture *f, uint32_t frames, uint32_t mtu)
{
    struct ms_config config = fixture_config();
    struct ms_addr peer = addr("10.0.0.9");
    struct ms_addr peer6 = addr("2001:db8::9");

    config.frames = frames;
    fixture_open(f, &config);
    fixture_add_addr(f->netif, "10.0.0.1", 24);
    fixture_add_addr(f->netif, "2001:db8::1", 64);
    f->netif->mtu = mtu;
    ms_neighbor_heard(f->netif, &peer, PEER);
    ms_neighbor_heard(f->netif, &peer6, PEER);
    fixture_advance(f, 10000000);
    fixture_discard(f->netif);
}

/* Puts what was sent back together by offset; checks each fragment on the way. */
static uint32_t collect_ipv4(struct fixture *f, uint8_t *whole, uint16_t *id)
{
    static struct datagram sent;
    uint32_t end = 0;

    while (fixture_sent(f->netif, &sent)) {
        struct bytes b = bytes_of(sent.bytes + 14, sent.len - 14);
        struct ipv4_header header = { 0 };

        assert_int_equal(ms_ipv4_header_parse(&header, &b), MS_DROP_NONE);
        assert_true(ms_ipv4_header_sum_ok(sent.bytes + 14, 20));
        assert_in_range(header.total_len, 21, f->netif->mtu);
        assert_int_equal(ipv4_fragment_offset_bytes(&header), end);
        assert_int_equal(header.fragment & IPV4_DONT_FRAGMENT, 0);
        if (end > 0)
            assert_int_equal(header.id, *id);
        *id = header.id;
        memcpy(whole + end, b.data, b.len);
        end += (uint32_t)b.len;
        if (!(header.fragment & IPV4_MORE_FRAGMENTS))
            return end;
        assert_int_equal(b.len % 8, 0);
    }
    return 0;
}

static uint32_t collect_ipv6(struct fixture *f, uint8_t *whole)
{
    static struct datagram sent;
    uint32_t end = 0;

    while (fixture_sent(f->netif, &sent)) {
        struct bytes b = bytes_of(sent.bytes + 14, sent.len - 14);
        struct ipv6_header header = { .next_header = 0 };
        struct ipv6_extensions extensions;

        assert_in_range(sent.len - 14, 49, f->netif->mtu);
        assert_int_equal(ms_ipv6_header_parse(&header, &b), MS_DROP_NONE);
        assert_int_equal(ms_ipv6_extensions_walk(&extensions, header.next_header, &b),
                         MS_DROP_NONE);
        assert_true(extensions.needs_reassembly);
        assert_int_equal(extensions.fragment.offset_bytes, end);
        assert_int_equal(extensions.fragment.next_header, IP_PROTOCOL_UDP);
        memcpy(whole + end, b.data, b.len);
        end += (uint32_t)b.len;
        if (!extensions.fragment.more)
            return end;
    }
    return 0;
}

static void assert_counts_up(const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], (uint8_t)i);
}

/* proves: I28 */
static void what_arrives_is_what_was_sent(void **state)
{
    static const uint32_t mtus[] = { 68, 576, 1280, 1499, 1500, 9000 };
    static const uint32_t lens[] = { 1481, 1500, 2960, 2961, 9001, 65507 };
    static uint8_t whole[70000];

    (void)state;
    for (size_t m = 0; m < MS_ARRAY_LEN(mtus); m++) {
        for (size_t i = 0; i < MS_ARRAY_LEN(lens); i++) {
            struct fixture f;
            uint16_t id;

            if (lens[i] / (mtus[m] - 27) >= FIXTURE_QUEUE || lens[i] + 20 <= mtus[m])
                continue;
            open_with_addresses(&f, 300, mtus[m]);
            assert_int_equal(fixture_send(&f, "10.0.0.9", lens[i]), MS_OK);
            assert_int_equal(collect_ipv4(&f, whole, &id), lens[i]);
            assert_counts_up(whole, lens[i]);
            if (mtus[m] >= IPV6_MTU_MIN) {
                assert_int_equal(fixture_send(&f, "2001:db8::9", lens[i]), MS_OK);
                assert_int_equal(collect_ipv6(&f, whole), lens[i]);
                assert_counts_up(whole, lens[i]);
            }
            fixture_close(&f);
        }
    }
}

/* proves: I29, F10 */
static void identifications_cannot_be_guessed(void **state)
{
    static uint8_t whole[4000];
    uint16_t ids[8];
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 64, 1500);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(fixture_send(&f, "10.0.0.9", 3000), MS_OK);
        assert_int_equal(collect_ipv4(&f, whole, &ids[i]), 3000);
        if (i > 0)
            assert_int_not_equal((uint16_t)(ids[i] - ids[i - 1]), 1);
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(ids[i], ids[j]);
    }
    fixture_close(&f);
}

static void sends_all_fragments_or_none(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 4, 1500);
    assert_int_equal(fixture_send(&f, "10.0.0.9", 5000), MS_OK); /* needs four, three are left */
    assert_int_equal(fixture_discard(f.netif), 0);
    assert_int_equal(drops(&f, MS_DROP_SEND_NO_FRAME), 1);
    assert_int_equal(f.stack->counters.ip_out_discards, 1);
    ms_frames_give_back(f.stack);
    assert_int_equal(fixture_send(&f, "10.0.0.9", 4000), MS_OK);
    ms_frames_give_back(f.stack);
    assert_int_equal(fixture_discard(f.netif), 3);
    f.netif->queue_mask = 1;
    assert_int_equal(fixture_send(&f, "10.0.0.9", 4000), MS_OK);
    assert_int_equal(drops(&f, MS_DROP_SEND_QUEUE_FULL), 1);
    f.netif->queue_mask = FIXTURE_QUEUE - 1;
    assert_int_equal(f.stack->counters.ip_fragments_ok, 1);
    assert_int_equal(f.stack->counters.ip_fragments_created, 3);
    fixture_close(&f);
}

/* RFC 1122, 2.3.2.2: nothing is lost to address resolution, and nothing received is kept. */
static void all_fragments_wait_for_the_neighbor(void **state)
{
    static const char *const peers[] = { "10.0.0.8", "2001:db8::8" };
    static uint8_t whole[70000];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct ms_addr peer = addr(peers[i]);
        struct fixture f;
        uint32_t len;
        uint16_t id;

        open_with_addresses(&f, 200, 1500);
        assert_int_equal(fixture_send(&f, peers[i], 65507), MS_OK);
        fixture_discard(f.netif);
        assert_int_equal(f.stack->eth->borrowed_count, 0);
        ms_neighbor_heard(f.netif, &peer, PEER);
        len = i == 0 ? collect_ipv4(&f, whole, &id) : collect_ipv6(&f, whole);
        assert_int_equal(len, 65507);
        assert_counts_up(whole, len);
        assert_int_equal(drops(&f, MS_DROP_NEIGHBOR_UNRESOLVED), 0);
        fixture_close(&f);
    }
}

static void survives_when_the_question_takes_the_last_frame(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 4, 1500);
    assert_int_equal(fixture_send(&f, "10.0.0.8", 4000), MS_OK); /* three, and an ARP request */
    assert_int_equal(drops(&f, MS_DROP_SEND_NO_FRAME), 1);
    fixture_close(&f);
}

static void a_datagram_that_fits_is_not_cut(void **state)
{
    static struct datagram sent;
    struct fixture f;

    (void)state;
    open_with_addresses(&f, 64, 1500);
    assert_int_equal(fixture_send(&f, "10.0.0.9", 1480), MS_OK);
    assert_true(fixture_sent(f.netif, &sent));
    assert_int_equal(sent.len, 1514);
    assert_int_equal(fixture_send(&f, "2001:db8::9", 1460), MS_OK);
    assert_true(fixture_sent(f.netif, &sent));
    assert_int_equal(sent.len, 1514);
    assert_int_equal(f.stack->counters.ip_fragments_created, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_arrives_is_what_was_sent),
        cmocka_unit_test(identifications_cannot_be_guessed),
        cmocka_unit_test(sends_all_fragments_or_none),
        cmocka_unit_test(all_fragments_wait_for_the_neighbor),
        cmocka_unit_test(survives_when_the_question_takes_the_last_frame),
        cmocka_unit_test(a_datagram_that_fits_is_not_cut),
    };

    return cmocka_run_group_tests_name("ip/fragment", tests, NULL, NULL);
}
