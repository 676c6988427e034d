/* SPDX-License-Identifier: ISC */
/*
 * Tests of tcp/flight.c: random use against a scoreboard of single bytes, RFC 6675's examples, and
 * what happens when no record is left.
 */
#include "tcp/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "support/random.h"

enum { BYTES_MAX = 4000, OPERATIONS = 40000, RANGES = 2000, MSS = 10 };

/* What is known of one byte. */
struct byte {
    uint32_t sent_us;
    uint8_t flags;
};

/* The flight, and the bytes from unacked to next as they ought to be. */
struct model {
    struct flight f;
    struct pool pool;
    void *memory;
    uint32_t unacked, next;
    uint32_t now_us;
    struct byte bytes[BYTES_MAX];
    struct dice dice;
};

static struct model *new_model(uint32_t seq, uint32_t ranges)
{
    struct model *m = calloc(1, sizeof(*m));
    struct arena arena = { .base = m->memory = malloc((ranges + 8) * sizeof(struct sent_range)) };

    ms_pool_init(&m->pool, &arena, sizeof(struct sent_range), ranges);
    m->unacked = m->next = seq;
    m->now_us = 0xfffffff0; /* times wrap too */
    m->dice.state = 1 + seq;
    return m;
}

static void free_model(struct model *m)
{
    ms_flight_clear(&m->f, &m->pool);
    assert_int_equal(m->pool.used, 0);
    assert_null(m->f.head);
    assert_int_equal(m->f.sacked_bytes + m->f.lost_bytes + m->f.ranges + m->f.sacked_runs, 0);
    free(m->memory);
    free(m);
}

static uint32_t outstanding(const struct model *m) { return m->next - m->unacked; }

static void assert_range(const struct model *m, const struct sent_range *range)
{
    for (uint32_t seq = range->seq; seq != range->end; seq++) {
        const struct byte *byte = &m->bytes[seq - m->unacked];

        assert_int_equal(range->flags, byte->flags);
        if (!(range->flags & SENT_SACKED))
            assert_int_equal(range->sent_us, byte->sent_us);
    }
}

/* The ranges cover the bytes without a gap and say the same of each; the sums are right. */
static void assert_agrees(const struct model *m)
{
    uint32_t seq = m->unacked, sacked = 0, lost = 0, ranges = 0, runs = 0;
    const struct sent_range *last = NULL;

    for (const struct sent_range *range = m->f.head; range; last = range, range = range->next) {
        assert_int_equal(range->seq, seq);
        assert_in_range(range->end - range->seq, 1, outstanding(m));
        assert_range(m, range);
        sacked += range->flags & SENT_SACKED ? range->end - range->seq : 0;
        lost += range->flags & SENT_LOST ? range->end - range->seq : 0;
        runs += (range->flags & SENT_SACKED) && !(last && (last->flags & SENT_SACKED));
        ranges++;
        seq = range->end;
    }
    assert_int_equal(seq, m->next);
    assert_ptr_equal(m->f.tail, last);
    assert_int_equal(m->f.sacked_bytes, sacked);
    assert_int_equal(m->f.lost_bytes, lost);
    assert_int_equal(m->f.ranges, ranges);
    assert_int_equal(m->f.sacked_runs, runs);
    assert_int_equal(m->pool.used, ranges);
    assert_int_equal(ms_flight_in_network(&m->f, outstanding(m)), outstanding(m) - sacked - lost);
}

static void append(struct model *m, uint32_t len)
{
    struct seq_range sent = { m->next, m->next + len };

    ms_flight_append(&m->f, &m->pool, sent, m->now_us);
    for (uint32_t i = outstanding(m); i < outstanding(m) + len; i++)
        m->bytes[i] = (struct byte){ .sent_us = m->now_us };
    m->next += len;
}

/* What bytes [from, to) of the model change when they have arrived. */
static void expect_arrival(const struct model *m, uint32_t from, uint32_t to,
                           struct flight_change *change)
{
    for (uint32_t i = from; i < to; i++) {
        const struct byte *byte = &m->bytes[i];

        if (byte->flags & SENT_SACKED)
            continue;
        change->acked_bytes++;
        if (byte->flags & SENT_RETRANSMITTED) {
            change->has_retransmitted = true;
        } else if (!change->has_sample || (int32_t)(byte->sent_us - change->sent_us) > 0) {
            change->has_sample = true;
            change->sent_us = byte->sent_us;
        }
    }
}

static void assert_same_change(const struct flight_change *a, const struct flight_change *b)
{
    assert_int_equal(a->acked_bytes, b->acked_bytes);
    assert_int_equal(a->has_sample, b->has_sample);
    assert_int_equal(a->has_retransmitted, b->has_retransmitted);
    if (a->has_sample)
        assert_int_equal(a->sent_us, b->sent_us);
}

static void acknowledge(struct model *m, uint32_t len)
{
    struct flight_change expected = { 0 }, change = { 0 };

    expect_arrival(m, 0, len, &expected);
    memmove(m->bytes, m->bytes + len, (outstanding(m) - len) * sizeof(m->bytes[0]));
    m->unacked += len;
    ms_flight_acknowledge(&m->f, &m->pool, m->unacked, &change);
    assert_same_change(&change, &expected);
}

static void sack(struct model *m, uint32_t from, uint32_t to)
{
    struct flight_change expected = { 0 }, change = { 0 };
    struct seq_range block = { m->unacked + from, m->unacked + to };

    expect_arrival(m, from, to, &expected);
    ms_flight_sack(&m->f, &m->pool, block, &change);
    assert_same_change(&change, &expected);
    for (uint32_t i = from; i < to; i++) {
        if (!(m->bytes[i].flags & SENT_SACKED))
            m->bytes[i].flags = (uint8_t)((m->bytes[i].flags & SENT_RETRANSMITTED) | SENT_SACKED);
    }
}

/* RFC 6675, 4, IsLost(), by the letter, for the byte at i. */
static bool is_lost(const struct model *m, uint32_t i)
{
    uint32_t bytes = 0, runs = 0;

    for (uint32_t j = i + 1; j < outstanding(m); j++) {
        bool is_sacked = m->bytes[j].flags & SENT_SACKED;

        bytes += is_sacked;
        runs += is_sacked && !(m->bytes[j - 1].flags & SENT_SACKED);
    }
    return bytes > 2 * MSS || runs >= 3;
}

static void detect_losses(struct model *m)
{
    uint32_t expected = 0;

    for (uint32_t i = 0; i < outstanding(m); i++) {
        struct byte *byte = &m->bytes[i];

        if (byte->flags & (SENT_SACKED | SENT_LOST | SENT_AGAIN))
            continue;
        if (!is_lost(m, i))
            break; /* nor will any after it be */
        byte->flags |= SENT_LOST;
        expected++;
    }
    assert_int_equal(ms_flight_detect_losses(&m->f, MSS), expected);
}

static void lose_first(struct model *m, uint32_t len)
{
    uint32_t lost = ms_flight_lose_first(&m->f, &m->pool, len);

    assert_true(lost <= len);
    if (outstanding(m) && !(m->bytes[0].flags & ~SENT_RETRANSMITTED))
        assert_true(lost > 0);
    for (uint32_t i = 0; i < lost; i++) {
        assert_int_equal(m->bytes[i].flags & ~SENT_RETRANSMITTED, 0);
        m->bytes[i].flags |= SENT_LOST;
    }
}

static void lose_all(struct model *m)
{
    bool has_reneged = outstanding(m) && (m->bytes[0].flags & SENT_SACKED);

    assert_int_equal(ms_flight_lose_all(&m->f), has_reneged);
    for (uint32_t i = 0; i < outstanding(m); i++) {
        uint8_t *flags = &m->bytes[i].flags;

        if (has_reneged || !(*flags & SENT_SACKED))
            *flags = (uint8_t)((*flags & SENT_RETRANSMITTED) | SENT_LOST);
    }
}

static bool send_again(struct model *m, uint32_t len_max)
{
    struct sent_range *range = ms_flight_first_lost(&m->f);
    uint32_t first = 0, from, len;

    while (first < outstanding(m) && !(m->bytes[first].flags & SENT_LOST))
        first++;
    if (!range) {
        assert_int_equal(first, outstanding(m));
        return false;
    }
    from = range->seq - m->unacked;
    assert_int_equal(from, first);
    len = min_u32(len_max, range->end - range->seq);
    ms_flight_sent_again(&m->f, &m->pool, range, len, m->now_us);
    for (uint32_t i = from; i < from + len; i++)
        m->bytes[i] = (struct byte){ m->now_us, SENT_AGAIN | SENT_RETRANSMITTED };
    return true;
}

static void end_recovery(struct model *m)
{
    ms_flight_end_recovery(&m->f);
    for (uint32_t i = 0; i < outstanding(m); i++)
        m->bytes[i].flags &= (uint8_t)~SENT_AGAIN;
}

static void random_sack(struct model *m)
{
    uint32_t n = outstanding(m), from, to;

    if (n < 2)
        return;
    from = dice_below(&m->dice, n);
    to = from + 1 + dice_below(&m->dice, min_u32(n - from, 60));
    sack(m, from, min_u32(to, n));
}

static void step(struct model *m)
{
    uint32_t n = outstanding(m);

    m->now_us += dice_below(&m->dice, 2);
    switch (dice_below(&m->dice, 16)) {
    case 0: acknowledge(m, dice_below(&m->dice, n + 1) / (1 + dice_below(&m->dice, 8))); break;
    case 1:
    case 2:
    case 3: random_sack(m); break;
    case 4:
    case 5: detect_losses(m); break;
    case 6: lose_first(m, MSS); break;
    case 7:
        if (dice_below(&m->dice, 10) == 0)
            lose_all(m);
        break;
    case 8:
    case 9: (void)send_again(m, 1 + dice_below(&m->dice, 2 * MSS)); break;
    case 10:
        if (dice_below(&m->dice, 4) == 0)
            end_recovery(m);
        break;
    default:
        if (n + 40 < BYTES_MAX / 4)
            append(m, 1 + dice_below(&m->dice, 40));
    }
}

static void agrees_with_single_bytes_in_random_use(void **state)
{
    static const uint32_t starts[] = { 0, 0xffff0000, 0x7fff0000 };

    (void)state;
    for (size_t s = 0; s < MS_ARRAY_LEN(starts); s++) {
        struct model *m = new_model(starts[s], RANGES);

        for (unsigned i = 0; i < OPERATIONS; i++) {
            step(m);
            assert_agrees(m);
        }
        free_model(m);
    }
}

/* Ten segments of MSS bytes, sent one after another. */
static struct model *ten_segments(uint32_t ranges)
{
    struct model *m = new_model(0xffffffd0, ranges);

    for (unsigned i = 0; i < 10; i++) {
        append(m, MSS);
        m->now_us += 100;
    }
    return m;
}

static void records_a_burst_as_one_range(void **state)
{
    struct model *m = new_model(5, RANGES);

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        append(m, MSS);
    assert_int_equal(m->f.ranges, 1);
    m->now_us++;
    append(m, MSS);
    assert_int_equal(m->f.ranges, 2);
    assert_agrees(m);
    free_model(m);
}

/* RFC 6675, 4, IsLost(): what a list of SACKed segments makes lost. */
static void finds_losses_as_rfc_6675_does(void **state)
{
    static const struct {
        const char *sacked; /* a letter a segment */
        const char *lost;
    } cases[] = {
        { "..........", ".........." }, { ".s........", ".........." },
        { ".ss.......", ".........." }, /* 2 * MSS are not more than 2 * MSS */
        { ".sss......", "L........." }, /* but 3 are */
        { ".s.s......", ".........." }, { ".s.s.s....", "L........." },
        { ".s.s.s.s..", "L.L......." }, { "..sss.....", "LL........" },
        { "...sss.sss", "LLL...L..." }, { ".........s", ".........." },
        { ".......sss", "LLLLLLL..." }, { ".ssssss.ss", "L........." },
        { "s.sss.....", ".L........" }, { "sss.......", ".........." },
    };

    (void)state;
    for (size_t c = 0; c < MS_ARRAY_LEN(cases); c++) {
        struct model *m = ten_segments(RANGES);

        for (uint32_t i = 0; i < 10; i++) {
            if (cases[c].sacked[i] == 's')
                sack(m, MSS * i, MSS * (i + 1));
        }
        detect_losses(m);
        assert_agrees(m);
        for (uint32_t i = 0; i < 10; i++)
            assert_int_equal(!!(m->bytes[MSS * i].flags & SENT_LOST), cases[c].lost[i] == 'L');
        free_model(m);
    }
}

static void believes_lost_once_what_was_sent_again(void **state)
{
    struct model *m = ten_segments(RANGES);

    (void)state;
    sack(m, 10, 50);
    assert_int_equal(ms_flight_detect_losses(&m->f, MSS), 10);
    for (uint32_t i = 0; i < 10; i++)
        m->bytes[i].flags = SENT_LOST;
    assert_true(send_again(m, MSS));
    assert_int_equal(ms_flight_detect_losses(&m->f, MSS), 0);
    assert_int_equal(ms_flight_lose_first(&m->f, &m->pool, MSS), 0);
    end_recovery(m);
    assert_int_equal(ms_flight_lose_first(&m->f, &m->pool, MSS), 10);
    free_model(m);
}

static void measures_no_round_trip_on_what_was_sent_again(void **state)
{
    struct flight_change change = { 0 };
    struct model *m = ten_segments(RANGES);

    (void)state;
    lose_first(m, MSS);
    assert_true(send_again(m, MSS));
    ms_flight_acknowledge(&m->f, &m->pool, m->unacked + MSS, &change);
    assert_true(change.has_retransmitted);
    assert_false(change.has_sample);
    assert_int_equal(change.acked_bytes, MSS);
    ms_flight_acknowledge(&m->f, &m->pool, m->unacked + 3 * MSS, &change);
    assert_true(change.has_sample); /* of the youngest */
    assert_int_equal(change.sent_us, 0xfffffff0 + 200);
    assert_int_equal(change.acked_bytes, 3 * MSS);
    free_model(m);
}

static void believes_no_sack_of_a_peer_that_reneged(void **state)
{
    struct model *m = ten_segments(RANGES);

    (void)state;
    sack(m, 20, 40);
    lose_all(m); /* the hole before it is still there: believed */
    assert_agrees(m);
    assert_int_equal(m->f.sacked_bytes, 20);
    acknowledge(m, 20);
    lose_all(m); /* the peer should have acknowledged these */
    assert_agrees(m);
    assert_int_equal(m->f.sacked_bytes, 0);
    assert_int_equal(m->f.lost_bytes, 80);
    free_model(m);
}

static void changes_nothing_for_a_block_seen_before(void **state)
{
    struct flight_change change = { 0 };
    struct model *m = ten_segments(RANGES);

    (void)state;
    sack(m, 15, 65);
    ms_flight_sack(&m->f, &m->pool, (struct seq_range){ m->unacked + 15, m->unacked + 65 },
                   &change);
    ms_flight_sack(&m->f, &m->pool, (struct seq_range){ m->unacked + 20, m->unacked + 60 },
                   &change);
    assert_int_equal(change.acked_bytes, 0);
    assert_false(change.has_sample);
    assert_agrees(m);
    free_model(m);
}

/* What the flight holds now, byte by byte, becomes what the model holds. */
static void adopt_flags(struct model *m)
{
    for (const struct sent_range *range = m->f.head; range; range = range->next) {
        for (uint32_t seq = range->seq; seq != range->end; seq++)
            m->bytes[seq - m->unacked] = (struct byte){ range->sent_us, range->flags };
    }
}

/* With k records to spare, every operation that needs one more gives up and leaves sense behind. */
/* proves: Z01 */
static void survives_without_records(void **state)
{
    (void)state;
    for (uint32_t spare = 0; spare < 24; spare++) {
        struct model *m = ten_segments(10 + spare);

        for (unsigned i = 0; i < 300; i++) {
            uint32_t from = dice_below(&m->dice, 90), to = from + 1 + dice_below(&m->dice, 10);
            struct seq_range block = { m->unacked + from, m->unacked + to };
            struct flight_change change = { 0 };
            uint32_t before = m->f.sacked_bytes;

            switch (dice_below(&m->dice, 4)) {
            case 0:
                ms_flight_sack(&m->f, &m->pool, block, &change);
                assert_int_equal(m->f.sacked_bytes - before, change.acked_bytes);
                assert_true(change.acked_bytes <= to - from);
                break;
            case 1: (void)ms_flight_lose_first(&m->f, &m->pool, 1 + dice_below(&m->dice, 9)); break;
            case 2:
                adopt_flags(m);
                (void)send_again(m, 1 + dice_below(&m->dice, 9));
                break;
            default: (void)ms_flight_detect_losses(&m->f, MSS); break;
            }
            adopt_flags(m);
            assert_agrees(m);
            if (i % 50 == 49)
                lose_all(m);
        }
        free_model(m);
    }
}

/* CVE-2019-11478: a peer that SACKs every second byte. */
/* proves: T13, T14, T16, T19, R17 */
static void bounds_the_ranges_a_peer_can_make(void **state)
{
    struct model *m = new_model(0xfffffff0, 2 * FLIGHT_RANGES_MAX);
    struct flight_change change = { 0 };

    (void)state;
    append(m, BYTES_MAX);
    for (uint32_t i = 1; i + 1 < BYTES_MAX; i += 2)
        ms_flight_sack(&m->f, &m->pool, (struct seq_range){ m->unacked + i, m->unacked + i + 1 },
                       &change);
    assert_int_equal(m->f.ranges, FLIGHT_RANGES_MAX);
    adopt_flags(m);
    assert_agrees(m);
    m->now_us++;
    acknowledge(m, BYTES_MAX);
    append(m, 1);
    assert_agrees(m);
    free_model(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_single_bytes_in_random_use),
        cmocka_unit_test(records_a_burst_as_one_range),
        cmocka_unit_test(finds_losses_as_rfc_6675_does),
        cmocka_unit_test(believes_lost_once_what_was_sent_again),
        cmocka_unit_test(measures_no_round_trip_on_what_was_sent_again),
        cmocka_unit_test(believes_no_sack_of_a_peer_that_reneged),
        cmocka_unit_test(changes_nothing_for_a_block_seen_before),
        cmocka_unit_test(survives_without_records),
        cmocka_unit_test(bounds_the_ranges_a_peer_can_make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
