/* SPDX-License-Identifier: ISC */
/* Tests of core/packet.c: packets in pieces read and sum like the same packets in one. */
#include "core/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/random.h"

enum { SLICES = 6, LEN_MAX = 300, ROUNDS = 20000 };

/* The same bytes in one piece and in several, each piece in memory of its very size. */
struct pieces {
    uint8_t whole[LEN_MAX];
    uint32_t len;
    struct ms_frame *frame;
    void *memory[SLICES + 1];
};

static uint8_t *copy_of(struct pieces *p, unsigned piece, const uint8_t *bytes, uint32_t len)
{
    p->memory[piece] = malloc(len ? len : 1);
    memcpy(p->memory[piece], bytes, len);
    return p->memory[piece];
}

static void cut(struct pieces *p, struct dice *dice)
{
    uint32_t done;

    memset(p, 0, sizeof(*p));
    p->frame = calloc(1, sizeof(*p->frame) + SLICES * sizeof(struct ms_slice));
    p->len = 1 + dice_below(dice, LEN_MAX);
    for (uint32_t i = 0; i < p->len; i++)
        p->whole[i] = (uint8_t)(dice_u64(dice) >> 9);
    done = 1 + dice_below(dice, p->len);
    p->frame->head = copy_of(p, SLICES, p->whole, done);
    p->frame->head_len = done;
    for (unsigned i = 0; i < SLICES; i++) {
        uint32_t len = dice_below(dice, 3) ? dice_below(dice, p->len - done + 1) : 0;

        len = i == SLICES - 1 ? p->len - done : len;
        p->frame->slices[i].data = copy_of(p, i, p->whole + done, len);
        p->frame->slices[i].len = len;
        done += len;
    }
    p->frame->slice_count = SLICES;
}

static void free_pieces(struct pieces *p)
{
    for (unsigned i = 0; i <= SLICES; i++)
        free(p->memory[i]);
    free(p->frame);
}

static void reads_pieces_as_a_series_of_runs(void **state)
{
    struct dice dice = { 21 };
    struct pieces p;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t at, end;

        cut(&p, &dice);
        at = dice_below(&dice, p.len);
        end = at + dice_below(&dice, p.len - at) + 1;
        while (at < end) {
            struct ms_slice run = ms_frame_run(p.frame, at, end - at);

            assert_in_range(run.len, 1, end - at);
            assert_memory_equal(run.data, p.whole + at, run.len);
            at += run.len;
        }
        assert_int_equal(at, end);
        free_pieces(&p);
    }
}

static void reads_no_more_than_asked_or_there_is(void **state)
{
    const uint8_t bytes[] = "abcdef";
    struct ms_frame frame = { .head = (uint8_t *)(uintptr_t)bytes, .head_len = 6 };

    (void)state;
    assert_int_equal(ms_frame_run(&frame, 2, 3).len, 3);
    assert_int_equal(ms_frame_run(&frame, 2, 100).len, 4);
    assert_ptr_equal(ms_frame_run(&frame, 2, 3).data, bytes + 2);
    assert_int_equal(ms_frame_run(&frame, 5, 0).len, 0);
}

/* RFC 1071 by the letter, over one piece; as it lies in memory. */
static uint16_t plain_sum(const uint8_t *bytes, uint32_t len)
{
    uint32_t sum = 0;
    uint8_t lies[2];
    uint16_t result;

    for (uint32_t i = 0; i < len; i++)
        sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    store_be16(lies, (uint16_t)sum);
    memcpy(&result, lies, 2);
    return result;
}

/* A packet of all but the first `strip` bytes and the last `trim`. */
static struct packet packet_of(struct ms_stack *stack, const struct pieces *p, uint32_t strip,
                               uint32_t trim)
{
    struct packet packet = { .stack = stack, .frame = p->frame, .len = p->len };

    packet.bytes = bytes_of(p->frame->head, p->frame->head_len);
    packet_strip(&packet, strip);
    packet.len -= trim;
    packet.bytes.len = min_u32((uint32_t)packet.bytes.len, packet.len); /* as IP cuts padding off */
    return packet;
}

static void sums_pieces_as_if_they_were_one(void **state)
{
    struct ms_stack stack = { .checksum = ms_checksum_scalar };
    struct dice dice = { 33 };
    struct pieces p;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t strip, trim;
        struct packet packet;

        cut(&p, &dice);
        strip = dice_below(&dice, p.frame->head_len + 1);
        trim = dice_below(&dice, 2) ? dice_below(&dice, p.len - strip + 1) : 0; /* padding */
        packet = packet_of(&stack, &p, strip, trim);
        assert_int_equal(ms_packet_sum(&packet), plain_sum(p.whole + strip, packet.len));
        free_pieces(&p);
    }
}

/* Puts into the piece a checksum at `at` that makes the sum with the pseudo header right. */
static void set_checksum(struct packet *packet, uint32_t at)
{
    uint8_t *field = packet->frame->head + at;
    uint16_t checksum;

    memset(field, 0, 2);
    checksum = ms_checksum_finish(
        ms_ip_pseudo_sum(&packet->flow.local, &packet->flow.remote, packet->protocol, packet->len) +
        ms_packet_sum(packet));
    memcpy(field, &checksum, 2);
}

/* proves: P08 */
static void accepts_a_right_checksum_and_no_other(void **state)
{
    const struct ms_addr ends[][2] = {
        { ms_addr_ipv4(192, 0, 2, 1), ms_addr_ipv4(198, 51, 100, 7) },
        { { { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, { { 0xfe, 0x80, [15] = 9 } } },
    };
    struct ms_stack stack = { .checksum = ms_checksum_scalar };
    struct dice dice = { 5 };
    struct pieces p;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct packet packet;

        cut(&p, &dice);
        packet = packet_of(&stack, &p, 0, 0);
        packet.flow.local = ends[round % 2][0];
        packet.flow.remote = ends[round % 2][1];
        packet.protocol = 6;
        if (p.frame->head_len >= 2) {
            set_checksum(&packet, (p.frame->head_len - 2) & ~1u);
            assert_true(ms_packet_checksum_ok(&packet));
            p.frame->head[dice_below(&dice, p.frame->head_len)] ^=
                (uint8_t)(1u << dice_below(&dice, 8));
            assert_false(ms_packet_checksum_ok(&packet));
        }
        free_pieces(&p);
    }
}

/* proves: P08 */
static void trusts_the_device_that_checked(void **state)
{
    struct ms_stack stack = { .checksum = ms_checksum_scalar };
    uint8_t bytes[4] = { 1, 2, 3, 4 };
    struct ms_frame frame = { .head = bytes, .head_len = 4 };
    struct packet packet = { .stack = &stack, .frame = &frame, .len = 4, .protocol = 17 };

    (void)state;
    packet.bytes = bytes_of(bytes, 4);
    assert_false(ms_packet_checksum_ok(&packet));
    frame.flags = MS_FRAME_CHECKSUM_VALID;
    assert_true(ms_packet_checksum_ok(&packet));
    frame.flags = MS_FRAME_CHECKSUM_PARTIAL;
    assert_true(ms_packet_checksum_ok(&packet));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_pieces_as_a_series_of_runs),
        cmocka_unit_test(reads_no_more_than_asked_or_there_is),
        cmocka_unit_test(sums_pieces_as_if_they_were_one),
        cmocka_unit_test(accepts_a_right_checksum_and_no_other),
        cmocka_unit_test(trusts_the_device_that_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
