/* SPDX-License-Identifier: ISC */
/* Messages made of received bytes: borrowed piece by piece, summed as one; and who may complain. */
#include "ip/icmp_message.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/ip_world.h"

#define PEER "192.0.2.9"
#define OWN  "192.0.2.1"

static struct ip_world w;
static uint8_t bytes[64];

static int open_world(void **state)
{
    (void)state;
    world_open(&w, MS_MEDIUM_IP);
    world_add_addr(&w, OWN, 24);
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 41 + 7);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static void no_release(struct ms_frame *frame) { (void)frame; }

/* A received frame in four pieces of odd lengths, to be freed. */
static struct ms_frame *in_pieces(void)
{
    struct ms_frame *frame = calloc(1, sizeof(*frame) + 3 * sizeof(struct ms_slice));

    *frame = (struct ms_frame){
        .head = bytes, .head_len = 5, .refs = 1, .slice_count = 3, .release = no_release
    };
    frame->slices[0] = (struct ms_slice){ .data = bytes + 5, .len = 7 };
    frame->slices[1] = (struct ms_slice){ .data = bytes + 12, .len = 1 };
    frame->slices[2] = (struct ms_slice){ .data = bytes + 13, .len = 51 };
    return frame;
}

static void bytes_are_borrowed_from_any_place_and_summed_as_one(void **state)
{
    static const struct {
        uint32_t offset, len;
        unsigned slices;
    } rows[] = { { 0, 64, 4 }, { 0, 5, 1 },  { 1, 5, 2 },  { 5, 7, 1 }, { 6, 58, 3 },
                 { 4, 9, 3 },  { 12, 1, 1 }, { 63, 1, 1 }, { 20, 0, 0 } };
    struct path path = { .netif = w.netif };
    const struct ip_send send = { .protocol = IP_PROTOCOL_ICMP };
    const struct icmp_header header = { .type = ICMP_ECHO_REPLY, .rest = 0x12345678 };

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        struct ms_frame *parent = in_pieces();
        struct ms_frame *frame = ms_frame_alloc(w.stack);
        uint8_t whole[8 + sizeof(bytes)];

        assert_int_equal(ms_icmp_borrow(frame, &path, parent, rows[i].offset, rows[i].len),
                         rows[i].len);
        assert_int_equal(frame->slice_count, rows[i].slices);
        assert_int_equal(parent->refs, rows[i].slices ? 2 : 1);
        ms_icmp_push(w.stack, frame, &header, &send, NULL);
        memcpy(whole, frame->head, 8);
        memcpy(whole + 8, bytes + rows[i].offset, rows[i].len);
        assert_int_equal(ms_checksum_fold(ms_checksum_scalar(whole, 8 + rows[i].len)), 0xffff);
        ms_frame_put(frame);
        assert_int_equal(parent->refs, 1);
        free(parent);
    }
}

static void what_does_not_fit_the_slices_is_left_out(void **state)
{
    struct path path = { .netif = w.netif };
    struct ms_frame *frame = ms_frame_alloc(w.stack);
    struct ms_frame *parent = in_pieces();

    (void)state;
    w.driver.slices_max = 2;
    assert_int_equal(ms_icmp_borrow(frame, &path, parent, 0, 64), 12);
    ms_frame_put(frame);
    free(parent);
}

/* An error comes to the one address that sent the packet, by a frame for us alone. */
static void only_who_sent_the_packet_hears_an_error(void **state)
{
    static const struct {
        const char *quoted_source;
        uint8_t flags, protocol;
        uint32_t quote_len;
        enum ms_drop drop;
    } rows[] = {
        { OWN, 0, IP_PROTOCOL_TCP, 8, MS_DROP_NONE },
        { OWN, 0, IP_PROTOCOL_UDP, 8, MS_DROP_NONE },
        { OWN, 0, IP_PROTOCOL_TCP, 7, MS_DROP_ICMP_BAD_QUOTE },
        { OWN, 0, IP_PROTOCOL_IGMP, 8, MS_DROP_ICMP_BAD_QUOTE },
        { PEER, 0, IP_PROTOCOL_TCP, 8, MS_DROP_ICMP_BAD_QUOTE },
        { OWN, PACKET_IP_GROUP, IP_PROTOCOL_TCP, 8, MS_DROP_ICMP_BAD_QUOTE },
        { OWN, PACKET_LINK_GROUP, IP_PROTOCOL_TCP, 8, MS_DROP_ICMP_BAD_QUOTE },
        { OWN, PACKET_FRAGMENTED, IP_PROTOCOL_TCP, 8, MS_DROP_NONE },
    };

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(rows); i++) {
        struct packet p = {
            .stack = w.stack,
            .netif = w.netif,
            .flow = { .local = world_addr(OWN), .remote = world_addr(PEER) },
            .flags = rows[i].flags,
            .is_ipv4 = true,
        };
        struct icmp_report report = {
            .kind = ICMP_HARD,
            .flow = { .local = world_addr(rows[i].quoted_source), .remote = world_addr(PEER) },
            .protocol = rows[i].protocol,
            .quote = bytes_of(bytes, rows[i].quote_len),
        };

        assert_int_equal(ms_icmp_quoted(&p, &report), rows[i].drop);
        assert_int_equal(report.kind, rows[i].drop ? ICMP_NOTHING : ICMP_HARD);
        if (rows[i].drop)
            continue;
        assert_int_equal(report.flow.remote_port, load_be16(bytes + 2));
        assert_ptr_equal(report.netif, w.netif);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
        T(bytes_are_borrowed_from_any_place_and_summed_as_one),
        T(what_does_not_fit_the_slices_is_left_out),
        T(only_who_sent_the_packet_hears_an_error),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
