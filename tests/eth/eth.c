/* SPDX-License-Identifier: ISC */
/* Ethernet frames: which are for us, and what is in front of what we send. */
#include "eth/eth.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/fixture.h"

enum { FRAME_LEN = 64 };

struct frame_case {
    uint8_t dst[6], src[6];
    uint8_t rest[6]; /* from the type on */
    enum ms_drop drop;
    uint8_t flags;
    unsigned stripped;
};

static const uint8_t US[6] = { 2, 0, 0, 0, 0, 1 };

#define OURS             \
    {                    \
        2, 0, 0, 0, 0, 1 \
    }
#define OTHER            \
    {                    \
        2, 0, 0, 0, 0, 9 \
    }
#define EVERYBODY                    \
    {                                \
        255, 255, 255, 255, 255, 255 \
    }

static const struct frame_case frame_cases[] = {
    { OURS, OTHER, { 8, 0 }, MS_DROP_NONE, 0, 14 },
    { OURS, OTHER, { 0x86, 0xdd }, MS_DROP_NONE, 0, 14 },
    { OTHER, OTHER, { 8, 0 }, MS_DROP_ETH_NOT_FOR_US, 0, 0 },
    { { 2, 0, 0, 0, 1, 1 }, OTHER, { 8, 0 }, MS_DROP_ETH_NOT_FOR_US, 0, 0 },
    { { 4, 0, 0, 0, 0, 1 }, OTHER, { 8, 0 }, MS_DROP_ETH_NOT_FOR_US, 0, 0 },
    { EVERYBODY, OTHER, { 8, 6 }, MS_DROP_NONE, PACKET_LINK_GROUP, 14 },
    { { 0x33, 0x33, 0, 0, 0, 1 }, OTHER, { 0x86, 0xdd }, MS_DROP_NONE, PACKET_LINK_GROUP, 14 },
    { { 1, 0, 0x5e, 0, 0, 1 }, OTHER, { 8, 0 }, MS_DROP_NONE, PACKET_LINK_GROUP, 14 },
    { OURS, EVERYBODY, { 8, 0 }, MS_DROP_ETH_BAD_SOURCE, 0, 0 },
    { OURS, { 1, 0, 0x5e, 0, 0, 1 }, { 8, 0 }, MS_DROP_ETH_BAD_SOURCE, 0, 0 },
    { OURS, OTHER, { 0, 0 }, MS_DROP_ETH_UNKNOWN_TYPE, 0, 0 },
    { OURS, OTHER, { 5, 0xff }, MS_DROP_ETH_UNKNOWN_TYPE, 0, 0 },
    { OURS, OTHER, { 0x81, 0, 0xe0, 0, 8, 0 }, MS_DROP_NONE, 0, 18 }, /* priority, VLAN 0 */
    { OURS, OTHER, { 0x81, 0, 0, 7, 8, 0 }, MS_DROP_ETH_NESTED_VLAN, 0, 0 },
    { OURS, OTHER, { 0x81, 0, 0, 0, 0x81, 0 }, MS_DROP_ETH_NESTED_VLAN, 0, 0 },
    { OURS, OTHER, { 0x81, 0, 0, 0, 0x88, 0xa8 }, MS_DROP_ETH_NESTED_VLAN, 0, 0 },
    { OURS, OTHER, { 0x81, 0, 0, 0, 0, 40 }, MS_DROP_ETH_UNKNOWN_TYPE, 0, 0 },
};

/* The packet of `len` bytes of which the first piece holds `split`. */
static struct packet packet_of(struct fixture *f, const uint8_t *bytes, size_t len, size_t split)
{
    return (struct packet){
        .stack = f->stack,
        .netif = f->netif,
        .bytes = bytes_of(bytes, split),
        .len = (uint32_t)len,
    };
}

/* proves: E12 */
static void tells_whose_frame_it_is_and_what_is_in_it(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    fixture_open(&f, &config);
    for (size_t i = 0; i < MS_ARRAY_LEN(frame_cases); i++) {
        const struct frame_case *c = &frame_cases[i];
        uint8_t bytes[FRAME_LEN] = { 0 };
        struct packet p = packet_of(&f, bytes, sizeof(bytes), sizeof(bytes));
        uint16_t type = 0;

        memcpy(bytes, c->dst, 6);
        memcpy(bytes + 6, c->src, 6);
        memcpy(bytes + 12, c->rest, 6);
        assert_int_equal(ms_eth_input(&p, &type), c->drop);
        if (c->drop)
            continue;
        assert_int_equal(p.flags, c->flags);
        assert_int_equal(type, load_be16(bytes + c->stripped - 2));
        assert_int_equal(p.len, sizeof(bytes) - c->stripped);
        assert_ptr_equal(p.bytes.data, bytes + c->stripped);
    }
    fixture_close(&f);
}

/* proves: E01, E12 */
static void refuses_frames_shorter_than_their_header(void **state)
{
    const uint8_t plain[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0 };
    const uint8_t tagged[18] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x81, 0, 0, 0, 8, 0 };
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    fixture_open(&f, &config);
    for (size_t len = 0; len < sizeof(plain); len++)
        assert_int_equal(fixture_input(&f, f.netif, plain, len), MS_DROP_ETH_RUNT);
    for (size_t len = 14; len < sizeof(tagged); len++)
        assert_int_equal(fixture_input(&f, f.netif, tagged, len), MS_DROP_ETH_RUNT);
    assert_int_equal(fixture_input(&f, f.netif, plain, sizeof(plain)), MS_DROP_IPV4_TRUNCATED);
    fixture_close(&f);
}

static void refuses_headers_that_lie_in_two_pieces(void **state)
{
    const uint8_t tagged[40] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x81, 0, 0, 0, 8, 0 };
    struct fixture f;
    struct ms_config config = fixture_config();
    uint16_t type;

    (void)state;
    fixture_open(&f, &config);
    for (size_t split = 0; split < 18; split++) {
        struct packet p = packet_of(&f, tagged, sizeof(tagged), split);

        assert_int_equal(ms_eth_input(&p, &type), MS_DROP_FRAME_NOT_CONTIGUOUS);
    }
    fixture_close(&f);
}

/* proves: E08 */
static void refuses_types_nobody_here_speaks(void **state)
{
    const uint8_t reverse_arp[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x80, 0x35, 0, 1 };
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(fixture_input(&f, f.netif, reverse_arp, sizeof(reverse_arp)),
                     MS_DROP_ETH_UNKNOWN_TYPE);
    fixture_close(&f);
}

static void writes_a_header_in_front(void **state)
{
    static struct datagram sent;
    const uint8_t to[6] = { 2, 1, 2, 3, 4, 5 };
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_frame *frame;

    (void)state;
    fixture_open(&f, &config);
    frame = ms_frame_alloc(f.stack);
    memset(frame->head - 4, 0xaa, 4);
    ms_frame_push(frame, 4);
    ms_eth_output(f.netif, frame, to, 0x1234);
    assert_true(fixture_sent(f.netif, &sent));
    assert_int_equal(sent.len, 18);
    assert_memory_equal(sent.bytes, to, 6);
    assert_memory_equal(sent.bytes + 6, US, 6);
    assert_int_equal(load_be16(sent.bytes + 12), 0x1234);
    fixture_close(&f);
}

static void drops_and_counts_what_the_queue_has_no_room_for(void **state)
{
    const uint8_t to[6] = { 2, 1, 2, 3, 4, 5 };
    struct fixture f;
    struct ms_config config = fixture_config();

    (void)state;
    config.frames = FIXTURE_QUEUE + 10;
    fixture_open(&f, &config);
    for (unsigned i = 0; i < FIXTURE_QUEUE + 3; i++)
        ms_eth_output(f.netif, ms_frame_alloc(f.stack), to, ETHERTYPE_IPV4);
    assert_int_equal(drops(&f, MS_DROP_SEND_QUEUE_FULL), 3);
    assert_int_equal(fixture_discard(f.netif), FIXTURE_QUEUE);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_whose_frame_it_is_and_what_is_in_it),
        cmocka_unit_test(refuses_frames_shorter_than_their_header),
        cmocka_unit_test(refuses_headers_that_lie_in_two_pieces),
        cmocka_unit_test(refuses_types_nobody_here_speaks),
        cmocka_unit_test(writes_a_header_in_front),
        cmocka_unit_test(drops_and_counts_what_the_queue_has_no_room_for),
    };

    return cmocka_run_group_tests_name("eth/eth", tests, NULL, NULL);
}
