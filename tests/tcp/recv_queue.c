/* SPDX-License-Identifier: ISC */
/* Tests of tcp/recv_queue.c: random use against a map of bytes, and the order of reports. */
#include "tcp/recv_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "support/random.h"

enum { WINDOW = 600, SEGMENT_MAX = 80, ITEMS = 2000, OPERATIONS = 60000, BLOCKS = 4 };

static unsigned frames_alive;

static void release(struct ms_frame *frame)
{
    frames_alive--;
    free(frame->head);
    free(frame);
}

/* A frame of len bytes behind a header of two, with one reference. */
static struct ms_frame *new_frame(uint32_t len, uint8_t fill)
{
    struct ms_frame *frame = calloc(1, sizeof(*frame));

    frame->head = malloc(len + 2);
    frame->head_len = len + 2;
    memset(frame->head, fill, len + 2);
    frame->refs = 1;
    frame->release = release;
    frames_alive++;
    return frame;
}

/* The queue, and the bytes from recv_next on as they ought to be. */
struct model {
    struct recv_queue q;
    struct pool pool;
    void *memory;
    uint32_t recv_next;
    uint8_t bytes[WINDOW]; /* what arrived first; 0: nothing yet */
    uint8_t fill;          /* of the next frame: never 0 */
    struct dice dice;
};

static struct model *new_model(uint32_t seq, uint32_t items)
{
    struct model *m = calloc(1, sizeof(*m));
    struct arena arena = { .base = m->memory = malloc(items * sizeof(union held_item) + 64) };

    ms_pool_init(&m->pool, &arena, sizeof(union held_item), items);
    m->recv_next = seq;
    m->dice.state = 1 + seq;
    frames_alive = 0;
    return m;
}

static void free_model(struct model *m)
{
    ms_recv_queue_clear(&m->q, &m->pool);
    assert_int_equal(m->pool.used, 0);
    assert_int_equal(m->q.segments, 0);
    assert_int_equal(frames_alive, 0);
    assert_false(ms_recv_queue_has_report(&m->q));
    free(m->memory);
    free(m);
}

/* Segments of a run follow one another and show the bytes that arrived first. */
static unsigned assert_run(const struct model *m, const struct held_run *run)
{
    const struct held_segment *last = NULL;
    uint32_t seq = run->seq;
    unsigned segments = 0;

    for (const struct held_segment *s = run->first; s; last = s, s = s->next, segments++) {
        assert_int_equal(s->seq, seq);
        assert_true(s->len > 0 && s->frame->refs > 0);
        for (uint32_t i = 0; i < s->len; i++, seq++)
            assert_int_equal(s->frame->head[s->offset + i], m->bytes[seq - m->recv_next]);
    }
    assert_int_equal(seq, run->end);
    assert_ptr_equal(run->last, last);
    return segments;
}

static void assert_agrees(const struct model *m)
{
    const struct held_run *run = m->q.runs;
    unsigned segments = 0, runs = 0;
    uint32_t i = 0;

    while (i < WINDOW) {
        uint32_t start = i;

        while (i < WINDOW && m->bytes[i])
            i++;
        if (i == start) {
            i++;
            continue;
        }
        assert_non_null(run);
        assert_int_equal(run->seq - m->recv_next, start);
        assert_int_equal(run->end - m->recv_next, i);
        segments += assert_run(m, run);
        run = run->next;
        runs++;
    }
    assert_null(run);
    assert_int_equal(m->q.segments, segments);
    assert_int_equal(m->pool.used, segments + runs);
}

/* Keeps a segment of bytes that no other one has; the frame's own reference is dropped. */
static enum ms_drop hold(struct model *m, uint32_t from, uint32_t len)
{
    struct ms_frame *frame;
    struct held_segment segment = { .seq = m->recv_next + from, .len = len, .offset = 2 };
    enum ms_drop drop;

    m->fill = (uint8_t)(m->fill % 255 + 1);
    segment.frame = frame = new_frame(len, m->fill);
    drop = ms_recv_queue_hold(&m->q, &m->pool, &segment);
    ms_frame_put(frame);
    return drop;
}

/* The same, with memory enough, and the model told. */
static enum ms_drop hold_all(struct model *m, uint32_t from, uint32_t len)
{
    enum ms_drop drop = hold(m, from, len), expected = MS_DROP_TCP_DUPLICATE;

    for (uint32_t i = from; i < from + len; i++) {
        if (!m->bytes[i]) {
            m->bytes[i] = m->fill;
            expected = MS_DROP_NONE;
        }
    }
    assert_int_equal(drop, expected);
    return drop;
}

static void forget_bytes(struct model *m, uint32_t n)
{
    memmove(m->bytes, m->bytes + n, WINDOW - n);
    memset(m->bytes + WINDOW - n, 0, n);
    m->recv_next += n;
}

/* Bytes arrive in order, perhaps over some that are held; then all whose turn has come are taken.
 */
static void advance(struct model *m, uint32_t n)
{
    struct held_segment taken;

    forget_bytes(m, n);
    while (ms_recv_queue_take(&m->q, &m->pool, m->recv_next, &taken)) {
        assert_int_equal(taken.seq, m->recv_next);
        assert_in_range(taken.len, 1, SEGMENT_MAX);
        for (uint32_t i = 0; i < taken.len; i++)
            assert_int_equal(taken.frame->head[taken.offset + i], m->bytes[i]);
        forget_bytes(m, taken.len);
        ms_frame_put(taken.frame);
    }
    assert_int_equal(m->bytes[0], 0);
}

static void agrees_with_a_map_of_bytes_in_random_use(void **state)
{
    static const uint32_t starts[] = { 0, 0xffff0000, 0x7fff0000 };

    (void)state;
    for (size_t s = 0; s < MS_ARRAY_LEN(starts); s++) {
        struct model *m = new_model(starts[s], ITEMS);

        for (unsigned i = 0; i < OPERATIONS; i++) {
            uint32_t len = 1 + dice_below(&m->dice, dice_below(&m->dice, 2) ? SEGMENT_MAX : 5);

            if (dice_below(&m->dice, 20) == 0)
                advance(m, dice_below(&m->dice, 150));
            else
                hold_all(m, 1 + dice_below(&m->dice, WINDOW - len - 1), len);
            assert_agrees(m);
        }
        free_model(m);
    }
}

/* proves: T39 */
static void keeps_the_byte_received_first(void **state)
{
    struct model *m = new_model(0xfffffff8, ITEMS);

    (void)state;
    hold_all(m, 10, 5); /* 1 */
    hold_all(m, 20, 5); /* 2 */
    hold_all(m, 5, 30); /* 3: before, between and behind */
    assert_agrees(m);
    assert_memory_equal(m->bytes + 5, "\3\3\3\3\3\1\1\1\1\1\3\3\3\3\3\2\2\2\2\2\3", 21);
    assert_null(m->q.runs->next);
    assert_int_equal(m->q.segments, 5);
    free_model(m);
}

static void says_what_was_held_before(void **state)
{
    struct model *m = new_model(1, ITEMS);

    (void)state;
    assert_int_equal(hold_all(m, 10, 10), MS_DROP_NONE);
    assert_int_equal(hold_all(m, 10, 10), MS_DROP_TCP_DUPLICATE);
    assert_int_equal(hold_all(m, 12, 3), MS_DROP_TCP_DUPLICATE);
    assert_int_equal(hold_all(m, 19, 2), MS_DROP_NONE);
    assert_int_equal(hold_all(m, 9, 12), MS_DROP_NONE);
    free_model(m);
}

static void cuts_off_what_was_delivered_already(void **state)
{
    struct model *m = new_model(0xfffffffe, ITEMS);
    struct held_segment taken;

    (void)state;
    hold_all(m, 5, 10);
    hold_all(m, 15, 10);
    assert_false(ms_recv_queue_take(&m->q, &m->pool, m->recv_next + 4, &taken));
    assert_true(ms_recv_queue_take(&m->q, &m->pool, m->recv_next + 18, &taken));
    assert_int_equal(taken.seq, m->recv_next + 18);
    assert_int_equal(taken.len, 7);
    assert_int_equal(taken.offset, 2 + 3);
    ms_frame_put(taken.frame);
    assert_false(ms_recv_queue_take(&m->q, &m->pool, m->recv_next + 25, &taken));
    free_model(m);
}

static void assert_blocks(struct model *m, unsigned max, const uint32_t (*expected)[2],
                          unsigned count)
{
    struct seq_range blocks[BLOCKS];

    assert_int_equal(ms_recv_queue_blocks(&m->q, blocks, max), count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(blocks[i].start - m->recv_next, expected[i][0]);
        assert_int_equal(blocks[i].end - m->recv_next, expected[i][1]);
    }
}

/* RFC 2018, 4: the block of the segment that came last is first, then those reported before it. */
static void reports_the_newest_runs_first(void **state)
{
    struct model *m = new_model(0xffffffff, ITEMS);

    (void)state;
    assert_blocks(m, BLOCKS, NULL, 0);
    hold_all(m, 10, 10);
    hold_all(m, 50, 10);
    hold_all(m, 30, 10);
    assert_blocks(m, 4, (const uint32_t[][2]){ { 30, 40 }, { 50, 60 }, { 10, 20 } }, 3);
    hold_all(m, 60, 5); /* grows the second */
    assert_blocks(m, 4, (const uint32_t[][2]){ { 50, 65 }, { 30, 40 }, { 10, 20 } }, 3);
    hold_all(m, 12, 5); /* a duplicate is what triggered this ACK */
    assert_blocks(m, 4, (const uint32_t[][2]){ { 10, 20 }, { 50, 65 }, { 30, 40 } }, 3);
    hold_all(m, 25, 5); /* grows the one behind it */
    assert_blocks(m, 4, (const uint32_t[][2]){ { 25, 40 }, { 10, 20 }, { 50, 65 } }, 3);
    hold_all(m, 40, 10); /* joins two */
    assert_blocks(m, 4, (const uint32_t[][2]){ { 25, 65 }, { 10, 20 } }, 2);
    hold_all(m, 80, 1);
    hold_all(m, 82, 1);
    hold_all(m, 84, 1);
    assert_blocks(m, 3, (const uint32_t[][2]){ { 84, 85 }, { 82, 83 }, { 80, 81 } }, 3);
    assert_blocks(m, 1, (const uint32_t[][2]){ { 84, 85 } }, 1);
    assert_blocks(m, 0, NULL, 0);
    free_model(m);
}

static void reports_a_duplicate_first_and_once(void **state)
{
    struct model *m = new_model(0xfffffff0, ITEMS);

    (void)state;
    hold_all(m, 10, 10);
    hold_all(m, 30, 10);
    m->q.duplicate = (struct seq_range){ m->recv_next + 12, m->recv_next + 15 };
    assert_true(ms_recv_queue_has_report(&m->q));
    assert_blocks(m, 0, NULL, 0); /* no room: kept for the next one */
    assert_blocks(m, 2, (const uint32_t[][2]){ { 12, 15 }, { 30, 40 } }, 2);
    assert_blocks(m, 4, (const uint32_t[][2]){ { 30, 40 }, { 10, 20 } }, 2);
    advance(m, 50);
    assert_false(ms_recv_queue_has_report(&m->q));
    m->q.duplicate = (struct seq_range){ m->recv_next - 5, m->recv_next };
    assert_true(ms_recv_queue_has_report(&m->q));
    assert_blocks(m, 4, (const uint32_t[][2]){ { (uint32_t)-5, 0 } }, 1);
    assert_false(ms_recv_queue_has_report(&m->q));
    free_model(m);
}

static void orders_reports_across_the_wrap_of_stamps(void **state)
{
    struct model *m = new_model(3, ITEMS);

    (void)state;
    m->q.stamp = UINT32_MAX - 1;
    hold_all(m, 10, 10);
    hold_all(m, 30, 10);
    hold_all(m, 50, 10);
    assert_blocks(m, 4, (const uint32_t[][2]){ { 50, 60 }, { 30, 40 }, { 10, 20 } }, 3);
    free_model(m);
}

/* The model takes over what the queue holds, so that only its own sense is checked. */
static void adopt(struct model *m)
{
    memset(m->bytes, 0, WINDOW);
    for (const struct held_run *run = m->q.runs; run; run = run->next) {
        for (const struct held_segment *s = run->first; s; s = s->next)
            memcpy(m->bytes + (s->seq - m->recv_next), s->frame->head + s->offset, s->len);
    }
}

/* proves: Z01 */
static void survives_without_memory(void **state)
{
    (void)state;
    for (uint32_t items = 0; items < 40; items++) {
        struct model *m = new_model(0xffffff00, items);
        unsigned full = 0;

        for (unsigned i = 0; i < 500; i++) {
            uint32_t len = 1 + dice_below(&m->dice, 50);
            uint8_t before[WINDOW];
            enum ms_drop drop;

            memcpy(before, m->bytes, WINDOW);
            drop = hold(m, 1 + dice_below(&m->dice, WINDOW - len - 1), len);
            full += drop == MS_DROP_TCP_REORDER_FULL;
            adopt(m);
            for (unsigned j = 0; j < WINDOW; j++)
                assert_true(!before[j] || m->bytes[j] == before[j]);
            assert_int_equal(drop == MS_DROP_NONE, memcmp(before, m->bytes, WINDOW) != 0);
            assert_agrees(m);
            if (i % 40 == 39)
                advance(m, dice_below(&m->dice, WINDOW / 2));
        }
        assert_true(full > 0 || items > 30);
        free_model(m);
    }
}

/* proves: T21, R05 */
static void drops_what_one_connection_may_not_hold(void **state)
{
    struct model *m = new_model(0, 2 * RECV_QUEUE_SEGMENTS_MAX + 8);
    struct held_segment taken;

    (void)state;
    for (uint32_t i = 0; i < RECV_QUEUE_SEGMENTS_MAX; i++)
        assert_int_equal(hold(m, 10 + RECV_QUEUE_SEGMENTS_MAX - i, 1), MS_DROP_NONE);
    assert_int_equal(hold(m, 1, 1), MS_DROP_TCP_REORDER_FULL);
    assert_int_equal(hold(m, 12, 1), MS_DROP_TCP_DUPLICATE);
    assert_true(ms_recv_queue_take(&m->q, &m->pool, 12, &taken));
    ms_frame_put(taken.frame);
    assert_int_equal(hold(m, 1, 1), MS_DROP_NONE);
    free_model(m);
}

/* SegmentSmack (CVE-2018-5390): holes beyond a bound are refused, so that a walk stays short. */
/* proves: T20, R05 */
static void bounds_the_runs_a_peer_can_make(void **state)
{
    struct model *m = new_model(77, 2000);
    unsigned refused = 0;

    (void)state;
    for (uint32_t i = 0; i < RECV_QUEUE_RUNS_MAX + 10; i++)
        refused += hold(m, 1 + 2 * i, 1) == MS_DROP_TCP_REORDER_FULL;
    assert_int_equal(refused, 10);
    assert_int_equal(m->q.run_count, RECV_QUEUE_RUNS_MAX);
    ms_recv_queue_clear(&m->q, &m->pool);
    assert_int_equal(m->q.run_count, 0);
    assert_int_equal(m->pool.used, 0);
    free_model(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_map_of_bytes_in_random_use),
        cmocka_unit_test(keeps_the_byte_received_first),
        cmocka_unit_test(says_what_was_held_before),
        cmocka_unit_test(cuts_off_what_was_delivered_already),
        cmocka_unit_test(reports_the_newest_runs_first),
        cmocka_unit_test(reports_a_duplicate_first_and_once),
        cmocka_unit_test(orders_reports_across_the_wrap_of_stamps),
        cmocka_unit_test(survives_without_memory),
        cmocka_unit_test(drops_what_one_connection_may_not_hold),
        cmocka_unit_test(bounds_the_runs_a_peer_can_make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
