/* SPDX-License-Identifier: ISC */
/* The witness of the wire: what it lets pass, and each rule broken once. */
#include "checker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "segment.h"

enum {
    MSS = 1000,
    WINDOW = 20000,
    MS = 1000,
    PACKET_MAX = 3000,
    HEADERS = 40,
    SYN_OPTIONS = 4,
    ISS = -500, /* both wrap soon */
    IRS = -20,
};

/* A segment; numbers count from the initial ones. */
struct said {
    uint32_t seq, ack, len;
    uint16_t window;
    uint8_t flags; /* beside ACK */
    uint8_t fill;  /* of the text */
    bool has_bad_checksum, is_without_ack;
};

struct talk {
    struct checker *checker;
    uint64_t now_us;
};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

static void put_tcp(uint8_t *tcp, const struct said *s, bool is_ours, uint32_t options)
{
    put16(tcp, is_ours ? 4000 : 80);
    put16(tcp + 2, is_ours ? 80 : 4000);
    put32(tcp + 4, s->seq + (uint32_t)(is_ours ? ISS : IRS));
    put32(tcp + 8, s->is_without_ack ? 0 : s->ack + (uint32_t)(is_ours ? IRS : ISS));
    tcp[12] = (uint8_t)((20 + options) << 2);
    tcp[13] = (uint8_t)(s->flags | (s->is_without_ack ? 0 : SEEN_ACK));
    put16(tcp + 14, s->window ? s->window : WINDOW);
    if (options > 0) {
        put16(tcp + 20, 0x0204);
        put16(tcp + 22, MSS);
    }
    for (uint32_t i = 0; i < s->len; i++)
        tcp[20 + options + i] = s->fill ? s->fill : (uint8_t)(s->seq + i);
}

static void say(struct talk *talk, bool is_ours, struct said s)
{
    uint32_t options = s.flags & SEEN_SYN ? SYN_OPTIONS : 0;
    uint32_t len = HEADERS + options + s.len, sum;
    uint8_t packet[PACKET_MAX] = { 0x45, [8] = 64, [9] = 6, [12] = 10, [16] = 10 };

    put16(packet + 2, len);
    packet[15] = is_ours ? 1 : 2;
    packet[19] = is_ours ? 2 : 1;
    put16(packet + 10, segment_fold(segment_sum(0, packet, 20)) ^ 0xffffu);
    put_tcp(packet + 20, &s, is_ours, options);
    sum = segment_sum(segment_sum(6 + len - 20, packet + 12, 8), packet + 20, len - 20);
    put16(packet + 36, (segment_fold(sum) ^ 0xffffu) + s.has_bad_checksum);
    if (is_ours)
        checker_sent(talk->checker, packet, len, talk->now_us);
    else
        checker_received(talk->checker, packet, len, talk->now_us);
}

#define OURS(...)   say(talk, true, (struct said){ __VA_ARGS__ })
#define THEIRS(...) say(talk, false, (struct said){ __VA_ARGS__ })

static void pass(struct talk *talk, uint64_t us) { talk->now_us += us; }

static struct talk *begin(void **state)
{
    struct talk *talk = *state;

    OURS(.flags = SEEN_SYN, .is_without_ack = true);
    pass(talk, 10 * MS);
    THEIRS(.flags = SEEN_SYN, .ack = 1);
    OURS(.seq = 1, .ack = 1);
    assert_null(checker_fault(talk->checker));
    return talk;
}

static int setup(void **state)
{
    const struct checker_facts facts = { .mtu = 1500, .mss_min_bytes = 536, .is_prompt = true };
    struct talk *talk = calloc(1, sizeof(*talk));

    talk->checker = checker_open(&facts);
    talk->now_us = 1000000;
    *state = talk;
    return 0;
}

static int teardown(void **state)
{
    struct talk *talk = *state;

    checker_close(talk->checker);
    free(talk);
    return 0;
}

static void expect_fault(const struct talk *talk, const char *part)
{
    assert_non_null(checker_fault(talk->checker));
    assert_non_null(strstr(checker_fault(talk->checker), part));
}

static void allows_a_conversation(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = MSS);
    OURS(.seq = 1 + MSS, .ack = 1, .len = 100);
    pass(talk, 10 * MS);
    THEIRS(.seq = 1, .ack = 1101, .len = 500);
    pass(talk, 499 * MS);
    OURS(.seq = 1101, .ack = 501);
    OURS(.seq = 1101, .ack = 501, .flags = SEEN_FIN);
    pass(talk, 10 * MS);
    THEIRS(.seq = 501, .ack = 1102, .flags = SEEN_FIN);
    OURS(.seq = 1102, .ack = 502);
    assert_null(checker_fault(talk->checker));
    assert_int_equal(checker_segments(talk->checker), 10);
}

static void allows_retransmission_in_its_time(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = MSS);
    for (uint64_t gap_us = 200 * MS; gap_us < 100000 * MS; gap_us *= 2) {
        pass(talk, gap_us);
        OURS(.seq = 1, .ack = 1, .len = MSS);
    }
    assert_null(checker_fault(talk->checker));
}

static void sees_text_beyond_the_window(void **state)
{
    struct talk *talk = begin(state);

    THEIRS(.seq = 1, .ack = 1, .window = WINDOW); /* the most there ever was */
    for (uint32_t seq = 1; seq < WINDOW; seq += MSS) {
        OURS(.seq = seq, .ack = 1, .len = MSS);
        THEIRS(.seq = 1, .ack = 1 + MSS, .window = WINDOW - MSS);
    }
    assert_null(checker_fault(talk->checker));
    OURS(.seq = 1 + WINDOW, .ack = 1, .len = 2);
    expect_fault(talk, "beyond every window");
}

static void allows_a_probe_of_one_byte(void **state)
{
    struct talk *talk = begin(state);

    for (uint32_t seq = 1; seq < WINDOW; seq += MSS) {
        OURS(.seq = seq, .ack = 1, .len = MSS);
        THEIRS(.seq = 1, .ack = seq + MSS, .window = (uint16_t)(WINDOW + 1 - seq - MSS));
    }
    OURS(.seq = 1 + WINDOW, .ack = 1, .len = 1);
    assert_null(checker_fault(talk->checker));
}

static void sees_an_ack_of_what_was_not_received(void **state)
{
    struct talk *talk = begin(state);

    THEIRS(.seq = 1, .ack = 1, .len = 100);
    THEIRS(.seq = 201, .ack = 1, .len = 100);
    OURS(.seq = 1, .ack = 101);
    assert_null(checker_fault(talk->checker));
    OURS(.seq = 1, .ack = 301);
    expect_fault(talk, "not received");
}

static void knows_what_filled_a_hole(void **state)
{
    struct talk *talk = begin(state);

    THEIRS(.seq = 201, .ack = 1, .len = 100);
    THEIRS(.seq = 101, .ack = 1, .len = 150);
    THEIRS(.seq = 1, .ack = 1, .len = 100);
    OURS(.seq = 1, .ack = 301);
    assert_null(checker_fault(talk->checker));
}

static void sees_an_ack_taken_back(void **state)
{
    struct talk *talk = begin(state);

    THEIRS(.seq = 1, .ack = 1, .len = 100);
    OURS(.seq = 1, .ack = 101);
    OURS(.seq = 1, .ack = 100);
    expect_fault(talk, "takes back");
}

static void sees_a_late_ack(void **state)
{
    struct talk *talk = begin(state);

    THEIRS(.seq = 1, .ack = 1, .len = 100);
    pass(talk, 510 * MS);
    OURS(.seq = 1, .ack = 101);
    expect_fault(talk, "half a second");
}

static void sees_other_bytes_sent_again(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = 100);
    pass(talk, 200 * MS);
    OURS(.seq = 1, .ack = 1, .len = 100, .fill = 7);
    expect_fault(talk, "differ");
}

static void sees_a_hole(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = 100);
    OURS(.seq = 102, .ack = 1, .len = 100);
    expect_fault(talk, "a hole");
}

static void sees_acknowledged_bytes_sent_again(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = 100);
    THEIRS(.seq = 1, .ack = 101);
    OURS(.seq = 1, .ack = 1, .len = 100);
    expect_fault(talk, "acknowledged is sent again");
}

static void sees_text_behind_fin(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = 100, .flags = SEEN_FIN);
    OURS(.seq = 102, .ack = 1, .len = 100);
    expect_fault(talk, "behind FIN");
}

static void sees_a_timer_that_does_not_back_off(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = 100);
    for (unsigned i = 0; i < 3; i++) {
        pass(talk, 300 * MS);
        OURS(.seq = 1, .ack = 1, .len = 100);
    }
    expect_fault(talk, "not backed off");
}

static void sees_a_burst_after_a_timeout(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = MSS);
    OURS(.seq = 1 + MSS, .ack = 1, .len = MSS);
    pass(talk, 300 * MS);
    OURS(.seq = 1, .ack = 1, .len = MSS);
    assert_null(checker_fault(talk->checker));
    OURS(.seq = 1 + MSS, .ack = 1, .len = MSS);
    expect_fault(talk, "after a timeout");
}

static void sees_more_than_any_congestion_window(void **state)
{
    struct talk *talk = begin(state);

    for (uint32_t i = 0; i < 14; i++)
        OURS(.seq = 1 + i * MSS, .ack = 1, .len = MSS);
    expect_fault(talk, "congestion window");
}

static void sees_a_segment_too_large(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = MSS + 1);
    expect_fault(talk, "MSS");
}

static void sees_a_packet_too_large(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = 1461);
    expect_fault(talk, "MTU");
}

static void sees_a_wrong_checksum(void **state)
{
    struct talk *talk = begin(state);

    OURS(.seq = 1, .ack = 1, .len = 10, .has_bad_checksum = true);
    expect_fault(talk, "checksum");
}

static void does_not_believe_a_broken_segment(void **state)
{
    struct talk *talk = begin(state);

    THEIRS(.seq = 1, .ack = 1, .len = 100, .has_bad_checksum = true);
    OURS(.seq = 1, .ack = 101);
    expect_fault(talk, "not received");
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(allows_a_conversation),
        RULE(allows_retransmission_in_its_time),
        RULE(sees_text_beyond_the_window),
        RULE(allows_a_probe_of_one_byte),
        RULE(sees_an_ack_of_what_was_not_received),
        RULE(knows_what_filled_a_hole),
        RULE(sees_an_ack_taken_back),
        RULE(sees_a_late_ack),
        RULE(sees_other_bytes_sent_again),
        RULE(sees_a_hole),
        RULE(sees_acknowledged_bytes_sent_again),
        RULE(sees_text_behind_fin),
        RULE(sees_a_timer_that_does_not_back_off),
        RULE(sees_a_burst_after_a_timeout),
        RULE(sees_more_than_any_congestion_window),
        RULE(sees_a_segment_too_large),
        RULE(sees_a_packet_too_large),
        RULE(sees_a_wrong_checksum),
        RULE(does_not_believe_a_broken_segment),
    };

    return cmocka_run_group_tests_name("worlds/checker", tests, NULL, NULL);
}
