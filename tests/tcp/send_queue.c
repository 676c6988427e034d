/* SPDX-License-Identifier: ISC */
/* Tests of tcp/send_queue.c: random use against the stream itself, and the corners by name. */
#include "tcp/send_queue.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "support/random.h"

enum { SLICES = 8, BUFS = 64, OPERATIONS = 100000 };

/* A frame that the test itself made. */
struct test_frame {
    alignas(
        struct ms_frame) uint8_t bytes[sizeof(struct ms_frame) + SLICES * sizeof(struct ms_slice)];
};

/* A lent buffer, and how often it came back. */
struct lent {
    struct ms_buf buf;
    uint8_t *bytes;
    unsigned releases;
    struct send_queue *appends_to; /* what release() appends `next` to, or NULL */
    struct lent *next;
};

static void release(struct ms_buf *buf)
{
    struct lent *lent = MS_CONTAINER_OF(buf, struct lent, buf);

    lent->releases++;
    if (lent->appends_to)
        ms_send_queue_append(lent->appends_to, &lent->next->buf);
}

/* What the byte at a sequence number is: any function that neighbours do not share. */
static uint8_t byte_at(uint32_t seq) { return (uint8_t)(seq * 2654435761u >> 24); }

static struct lent *lend(uint32_t seq, uint32_t len)
{
    struct lent *lent = calloc(1, sizeof(*lent));

    lent->bytes = malloc(len);
    for (uint32_t i = 0; i < len; i++)
        lent->bytes[i] = byte_at(seq + i);
    lent->buf = (struct ms_buf){ .data = lent->bytes, .len = len, .release = release };
    lent->buf.next = &lent->buf; /* private fields come as they are */
    lent->buf.refs = 99;
    return lent;
}

static void forget(struct lent *lent)
{
    free(lent->bytes);
    free(lent);
}

static struct ms_frame *empty_frame(struct test_frame *f)
{
    struct ms_frame *frame = (struct ms_frame *)(void *)f->bytes;

    memset(f, 0, sizeof(*f));
    frame->slice_capacity = SLICES;
    return frame;
}

/* Drops the frame's references, as the device does when it is done. */
static void finish_frame(struct ms_frame *frame)
{
    for (unsigned i = 0; i < frame->slice_count; i++)
        ms_buf_put(frame->slices[i].buf);
    frame->slice_count = 0;
}

static void assert_shows(const struct ms_frame *frame, uint32_t seq, uint32_t len)
{
    uint32_t done = 0;

    for (unsigned i = 0; i < frame->slice_count; i++) {
        assert_true(frame->slices[i].len > 0);
        for (uint32_t j = 0; j < frame->slices[i].len; j++)
            assert_int_equal(frame->slices[i].data[j], byte_at(seq + done + j));
        done += frame->slices[i].len;
    }
    assert_int_equal(done, len);
}

/* Fills a frame with [seq, seq + len), checks it, lets it go; returns how much had room. */
static uint32_t fill(struct send_queue *q, uint32_t seq, uint32_t len, uint32_t slices_max)
{
    struct test_frame f;
    struct ms_frame *frame = empty_frame(&f);
    uint32_t filled = ms_send_queue_fill_one(q, seq, len, frame)
                          ? len
                          : ms_send_queue_fill(q, seq, len, frame, slices_max);

    assert_true(filled <= len);
    assert_true(frame->slice_count <= slices_max);
    if (filled < len)
        assert_int_equal(frame->slice_count, slices_max);
    assert_shows(frame, seq, filled);
    finish_frame(frame);
    return filled;
}

static void is_empty_at_first(void **state)
{
    struct send_queue q;

    (void)state;
    ms_send_queue_init(&q, 77);
    assert_null(q.head);
    assert_int_equal(q.end_seq, 77);
    assert_int_equal(fill(&q, 77, 0, SLICES), 0);
    ms_send_queue_acknowledge(&q, 77);
    ms_send_queue_clear(&q);
}

static void sends_again_from_the_middle_of_what_was_sent(void **state)
{
    static const uint32_t starts[] = { 0, 0xffffffe0, 0x7ffffff0 };

    (void)state;
    for (size_t s = 0; s < MS_ARRAY_LEN(starts); s++) {
        struct lent *lent[4];
        struct send_queue q;

        ms_send_queue_init(&q, starts[s]);
        for (unsigned i = 0; i < 4; i++) {
            lent[i] = lend(starts[s] + 10 * i, 10);
            ms_send_queue_append(&q, &lent[i]->buf);
        }
        assert_int_equal(fill(&q, starts[s], 40, SLICES), 40);
        for (uint32_t from = 0; from < 40; from++) {
            for (uint32_t len = 0; len <= 40 - from; len++)
                assert_int_equal(fill(&q, starts[s] + from, len, SLICES), len);
        }
        ms_send_queue_clear(&q);
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(lent[i]->releases, 1);
            forget(lent[i]);
        }
    }
}

static void fills_no_more_slices_than_allowed(void **state)
{
    struct lent *lent[SLICES];
    struct send_queue q;

    (void)state;
    ms_send_queue_init(&q, 0);
    for (unsigned i = 0; i < SLICES; i++) {
        lent[i] = lend(3 * i, 3);
        ms_send_queue_append(&q, &lent[i]->buf);
    }
    for (uint32_t max = 1; max <= SLICES; max++)
        assert_int_equal(fill(&q, 1, 3 * SLICES - 1, max), 3 * max - 1);
    ms_send_queue_clear(&q);
    for (unsigned i = 0; i < SLICES; i++)
        forget(lent[i]);
}

/* New data costs no walk, however much is in flight before it. */
static void goes_on_where_the_last_fill_ended(void **state)
{
    struct lent *lent[4];
    struct send_queue q;

    (void)state;
    ms_send_queue_init(&q, 0xfffffff0);
    for (unsigned i = 0; i < 3; i++) {
        lent[i] = lend(0xfffffff0 + 10 * i, 10);
        ms_send_queue_append(&q, &lent[i]->buf);
    }
    assert_ptr_equal(q.cursor, &lent[0]->buf);
    fill(&q, 0xfffffff0, 15, SLICES);
    assert_ptr_equal(q.cursor, &lent[1]->buf);
    assert_int_equal(q.cursor_seq, 0xfffffffa);
    fill(&q, 0xfffffff0, 5, SLICES); /* again: the cursor stays */
    assert_ptr_equal(q.cursor, &lent[1]->buf);
    fill(&q, 0xffffffff, 15, SLICES);
    assert_null(q.cursor);
    lent[3] = lend(14, 10);
    ms_send_queue_append(&q, &lent[3]->buf);
    assert_ptr_equal(q.cursor, &lent[3]->buf);
    assert_int_equal(q.cursor_seq, 14);
    ms_send_queue_acknowledge(&q, 24);
    assert_null(q.cursor);
    assert_int_equal(q.cursor_seq, 24);
    for (unsigned i = 0; i < 4; i++)
        forget(lent[i]);
}

static void keeps_a_buffer_until_the_last_slice_is_gone(void **state)
{
    struct test_frame memory[2];
    struct ms_frame *f = empty_frame(&memory[0]), *g = empty_frame(&memory[1]);
    struct send_queue q;
    struct lent *lent = lend(100, 8);

    (void)state;
    ms_send_queue_init(&q, 100);
    ms_send_queue_append(&q, &lent->buf);
    ms_send_queue_fill(&q, 100, 8, f, SLICES);
    ms_send_queue_fill(&q, 104, 4, g, SLICES);
    ms_send_queue_acknowledge(&q, 107);
    assert_int_equal(lent->releases, 0);
    assert_ptr_equal(q.head, &lent->buf);
    ms_send_queue_acknowledge(&q, 108);
    assert_null(q.head);
    assert_int_equal(lent->releases, 0);
    finish_frame(g);
    assert_int_equal(lent->releases, 0);
    finish_frame(f);
    assert_int_equal(lent->releases, 1);
    forget(lent);
}

static void lets_release_append_the_next_buffer(void **state)
{
    struct lent *first = lend(0xfffffffa, 10), *second = lend(4, 5);
    struct send_queue q;

    (void)state;
    ms_send_queue_init(&q, 0xfffffffa);
    first->appends_to = &q;
    first->next = second;
    ms_send_queue_append(&q, &first->buf);
    assert_int_equal(fill(&q, 0xfffffffa, 10, SLICES), 10);
    ms_send_queue_acknowledge(&q, 4);
    assert_int_equal(first->releases, 1);
    assert_int_equal(second->releases, 0);
    assert_ptr_equal(q.head, &second->buf);
    assert_int_equal(q.end_seq, 9);
    assert_int_equal(fill(&q, 4, 5, SLICES), 5);
    ms_send_queue_clear(&q);
    assert_int_equal(second->releases, 1);
    forget(first);
    forget(second);
}

static void lets_release_append_the_same_buffer(void **state)
{
    struct lent *lent = lend(50, 6);
    struct send_queue q;

    (void)state;
    ms_send_queue_init(&q, 50);
    lent->appends_to = &q;
    lent->next = lent;
    ms_send_queue_append(&q, &lent->buf);
    assert_int_equal(fill(&q, 50, 6, SLICES), 6);
    ms_send_queue_acknowledge(&q, 56);
    assert_int_equal(lent->releases, 1);
    assert_ptr_equal(q.head, &lent->buf);
    assert_int_equal(lent->buf.refs, 1);
    assert_int_equal(q.end_seq, 62);
    lent->appends_to = NULL;
    ms_send_queue_clear(&q);
    assert_int_equal(lent->releases, 2);
    forget(lent);
}

/* The stream as it ought to be: which bytes are queued, and in which buffers. */
struct model {
    struct send_queue q;
    struct lent *lent[BUFS]; /* a ring */
    uint32_t ends[BUFS];
    unsigned head, tail; /* of the ring, free-running */
    uint32_t unacked, next;
    struct dice dice;
};

static void append_one(struct model *m)
{
    uint32_t len = 1 + dice_below(&m->dice, dice_below(&m->dice, 4) ? 40 : 4);
    struct lent *lent;

    if (m->tail - m->head == BUFS)
        return;
    lent = lend(m->q.end_seq, len);
    ms_send_queue_append(&m->q, &lent->buf);
    m->lent[m->tail % BUFS] = lent;
    m->ends[m->tail++ % BUFS] = m->q.end_seq;
}

/* New bytes, or some of the old ones anew. */
static void fill_one(struct model *m)
{
    bool is_new = dice_below(&m->dice, 2);
    uint32_t from =
        is_new ? m->next - m->unacked : dice_below(&m->dice, m->q.end_seq - m->unacked + 1);
    uint32_t len = dice_below(&m->dice, m->q.end_seq - m->unacked - from + 1);
    uint32_t filled;

    from = from > m->next - m->unacked ? m->next - m->unacked : from; /* none is left out */
    filled = fill(&m->q, m->unacked + from, len, 1 + dice_below(&m->dice, SLICES));
    if ((int32_t)(m->unacked + from + filled - m->next) > 0)
        m->next = m->unacked + from + filled;
}

static void acknowledge_one(struct model *m)
{
    m->unacked += dice_below(&m->dice, m->next - m->unacked + 1);
    ms_send_queue_acknowledge(&m->q, m->unacked);
    while (m->head != m->tail && (int32_t)(m->ends[m->head % BUFS] - m->unacked) <= 0) {
        assert_int_equal(m->lent[m->head % BUFS]->releases, 1);
        forget(m->lent[m->head++ % BUFS]);
    }
    for (unsigned i = m->head; i != m->tail; i++)
        assert_int_equal(m->lent[i % BUFS]->releases, 0);
    assert_ptr_equal(m->q.head, m->head == m->tail ? NULL : &m->lent[m->head % BUFS]->buf);
}

static void clear_all(struct model *m)
{
    ms_send_queue_clear(&m->q);
    while (m->head != m->tail) {
        assert_int_equal(m->lent[m->head % BUFS]->releases, 1);
        forget(m->lent[m->head++ % BUFS]);
    }
    assert_null(m->q.head);
    m->unacked = m->next = m->q.end_seq;
}

static void agrees_with_the_stream_in_random_use(void **state)
{
    static const uint32_t starts[] = { 0, 0xffff8000, 0x7fff8000 };

    (void)state;
    for (size_t s = 0; s < MS_ARRAY_LEN(starts); s++) {
        struct model m = { .unacked = starts[s], .next = starts[s], .dice = { 1 + s } };

        ms_send_queue_init(&m.q, starts[s]);
        for (unsigned i = 0; i < OPERATIONS; i++) {
            switch (dice_below(&m.dice, 8)) {
            case 0:
            case 1:
            case 2: append_one(&m); break;
            case 3: acknowledge_one(&m); break;
            default: fill_one(&m); break;
            }
            if (dice_below(&m.dice, 5000) == 0)
                clear_all(&m);
        }
        clear_all(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_at_first),
        cmocka_unit_test(sends_again_from_the_middle_of_what_was_sent),
        cmocka_unit_test(fills_no_more_slices_than_allowed),
        cmocka_unit_test(goes_on_where_the_last_fill_ended),
        cmocka_unit_test(keeps_a_buffer_until_the_last_slice_is_gone),
        cmocka_unit_test(lets_release_append_the_next_buffer),
        cmocka_unit_test(lets_release_append_the_same_buffer),
        cmocka_unit_test(agrees_with_the_stream_in_random_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
