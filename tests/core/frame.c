/* SPDX-License-Identifier: ISC */
/* Tests of core/frame.c: who refers to what, and what comes back once. */
#include "core/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAMES = 5, SLICES = 4 };

/* As much of a stack as frames need. */
struct fixture {
    struct ms_stack stack;
    void *memory;
    struct ms_frame *held; /* what release_and_call_back() puts, too */
    unsigned releases;
};

static struct fixture *fixture;

static int set_up(void **state)
{
    struct arena measure = { 0 }, arena = { 0 };
    struct pool unused;
    size_t size;

    fixture = calloc(1, sizeof(*fixture));
    fixture->stack.config.frame_slices = SLICES;
    size = ms_sent_frame_size(&fixture->stack.config);
    ms_pool_init(&unused, &measure, size, FRAMES);
    arena.base = fixture->memory = malloc(measure.used);
    ms_pool_init(&fixture->stack.frames, &arena, size, FRAMES);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    bool is_whole = f->stack.frames.used == 0;

    free(f->memory);
    free(f);
    return is_whole ? 0 : -1;
}

static void count_release(struct ms_buf *buf)
{
    (void)buf;
    fixture->releases++;
}

static void release_and_call_back(struct ms_buf *buf)
{
    (void)buf;
    fixture->releases++;
    ms_frame_put(fixture->held);
    fixture->held = ms_frame_alloc(&fixture->stack);
}

static void count_frame_release(struct ms_frame *frame)
{
    (void)frame;
    fixture->releases++;
}

static struct ms_buf buf_of(const uint8_t *data, uint32_t len)
{
    return (struct ms_buf){ .data = data, .len = len, .refs = 1, .release = count_release };
}

static void begins_empty_with_room_for_headers(void **state)
{
    struct fixture *f = *state;
    struct ms_frame *frame = ms_frame_alloc(&f->stack);

    assert_int_equal(frame->refs, 1);
    assert_int_equal(frame->flags, 0);
    assert_int_equal(frame->slice_count, 0);
    assert_int_equal(frame->slice_capacity, SLICES);
    assert_int_equal(frame->segment_size, 0);
    assert_int_equal(ms_frame_len(frame), 0);
    memset(frame->head - FRAME_HEADROOM, 0xff, FRAME_HEADROOM); /* all of it is ours */
    assert_true(frame->head - FRAME_HEADROOM >= (uint8_t *)&frame->slices[SLICES]);
    ms_frame_put(frame);
}

static void begins_empty_again_when_used_before(void **state)
{
    struct fixture *f = *state;
    struct ms_frame *frame = ms_frame_alloc(&f->stack), *again;
    struct ms_buf buf = buf_of((const uint8_t *)"abc", 3);

    ms_frame_add_lent(frame, &buf, 0, 3);
    ms_frame_push(frame, 20);
    frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
    frame->segment_size = 1460;
    ms_frame_put(frame);
    again = ms_frame_alloc(&f->stack);
    assert_ptr_equal(again, frame);
    ms_frame_put(again);
    begins_empty_with_room_for_headers(state);
    assert_int_equal(buf.refs, 1);
}

static void grows_headers_backwards(void **state)
{
    struct fixture *f = *state;
    struct ms_frame *frame = ms_frame_alloc(&f->stack);
    uint8_t *end = frame->head;

    frame->checksum_start = 0;
    ms_frame_push(frame, 20);
    assert_ptr_equal(frame->head, end - 20);
    assert_int_equal(frame->head_len, 20);
    ms_frame_push(frame, 40);
    ms_frame_push(frame, 14);
    assert_ptr_equal(frame->head, end - 74);
    assert_int_equal(ms_frame_len(frame), 74);
    assert_int_equal(frame->checksum_start, 74); /* moves along */
    ms_frame_put(frame);
}

static void gives_none_when_all_are_out_and_recovers(void **state)
{
    struct fixture *f = *state;
    struct ms_frame *frames[FRAMES];

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < FRAMES; i++) {
            frames[i] = ms_frame_alloc(&f->stack);
            assert_non_null(frames[i]);
        }
        assert_null(ms_frame_alloc(&f->stack));
        ms_frame_put(frames[2]);
        frames[2] = ms_frame_alloc(&f->stack);
        assert_non_null(frames[2]);
        assert_null(ms_frame_alloc(&f->stack));
        for (unsigned i = 0; i < FRAMES; i++)
            ms_frame_put(frames[i]);
    }
}

static void returns_when_the_last_reference_goes(void **state)
{
    struct fixture *f = *state;
    struct ms_frame *frame = ms_frame_alloc(&f->stack);

    ms_frame_get(frame);
    ms_frame_get(frame);
    ms_frame_put(frame);
    ms_frame_put(frame);
    assert_int_equal(f->stack.frames.used, 1);
    ms_frame_put(frame);
    assert_int_equal(f->stack.frames.used, 0);
}

static void refers_to_a_lent_buffer_once_a_slice(void **state)
{
    struct fixture *f = *state;
    const uint8_t bytes[10] = "012345678";
    struct ms_buf buf = buf_of(bytes, sizeof(bytes));
    struct ms_frame *a = ms_frame_alloc(&f->stack), *b = ms_frame_alloc(&f->stack);

    ms_frame_add_lent(a, &buf, 0, 4);
    ms_frame_add_lent(a, &buf, 4, 6);
    ms_frame_add_lent(b, &buf, 9, 1);
    assert_int_equal(buf.refs, 4);
    assert_int_equal(ms_frame_len(a), 10);
    assert_ptr_equal(b->slices[0].data, bytes + 9);
    ms_frame_put(a);
    assert_int_equal(buf.refs, 2);
    ms_buf_put(&buf); /* the lender's queue lets go first */
    assert_int_equal(f->releases, 0);
    ms_frame_put(b);
    assert_int_equal(f->releases, 1);
    assert_int_equal(buf.refs, 0);
}

static void keeps_the_received_frame_whose_bytes_it_shows(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[30];
    struct ms_frame parent = {
        .head = bytes, .head_len = 30, .refs = 1, .release = count_frame_release
    };
    struct ms_frame *a = ms_frame_alloc(&f->stack), *b = ms_frame_alloc(&f->stack);

    ms_frame_add_borrowed(a, &parent, bytes, 10);
    ms_frame_add_borrowed(a, &parent, bytes + 20, 10);
    assert_int_equal(parent.refs, 2); /* once a frame, not a slice */
    assert_null(a->slices[1].buf);
    assert_ptr_equal(a->slices[1].data, bytes + 20);
    ms_frame_add_borrowed(b, &parent, bytes + 10, 5);
    ms_frame_put(&parent);
    ms_frame_put(a);
    assert_int_equal(f->releases, 0);
    ms_frame_put(b);
    assert_int_equal(f->releases, 1);
}

/* Through any number of frames of our own. */
static void knows_whether_a_received_frame_is_kept(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[4] = { 0 };
    struct ms_frame parent = { .head = bytes, .refs = 1, .release = count_frame_release };
    struct ms_frame *whole = ms_frame_alloc(&f->stack), *piece = ms_frame_alloc(&f->stack);

    ms_frame_add_borrowed(piece, whole, bytes, 2);
    assert_false(ms_frame_keeps_received(whole));
    assert_false(ms_frame_keeps_received(piece));
    ms_frame_add_borrowed(whole, &parent, bytes, 4);
    assert_true(ms_frame_keeps_received(whole));
    assert_true(ms_frame_keeps_received(piece));
    ms_frame_put(whole);
    ms_frame_put(piece);
    assert_int_equal(parent.refs, 1);
}

static void forgets_the_received_frame_when_used_again(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[4] = { 0 };
    struct ms_frame parent = { .head = bytes, .refs = 1, .release = count_frame_release };
    struct ms_frame *frame = ms_frame_alloc(&f->stack);

    ms_frame_add_borrowed(frame, &parent, bytes, 4);
    ms_frame_put(frame);
    ms_frame_put(ms_frame_alloc(&f->stack));
    assert_int_equal(parent.refs, 1);
    assert_int_equal(f->releases, 0);
}

static void lets_release_put_and_take_frames(void **state)
{
    struct fixture *f = *state;
    struct ms_buf buf = buf_of((const uint8_t *)"x", 1);
    struct ms_frame *frame = ms_frame_alloc(&f->stack);

    buf.release = release_and_call_back;
    f->held = ms_frame_alloc(&f->stack);
    ms_frame_add_lent(frame, &buf, 0, 1);
    ms_buf_put(&buf);
    ms_frame_put(frame);
    assert_int_equal(f->releases, 1);
    assert_non_null(f->held);
    assert_ptr_not_equal(f->held, frame); /* which was not back yet */
    assert_int_equal(f->stack.frames.used, 1);
    ms_frame_put(f->held);
}

static void discard_another(struct ms_buf *buf)
{
    (void)buf;
    fixture->releases++;
    ms_frame_discard(fixture->held);
}

/* In order, and not before they are asked for: what is discarded meanwhile waits for its turn. */
static void gives_back_what_was_discarded(void **state)
{
    struct fixture *f = *state;
    struct ms_buf buf = buf_of((const uint8_t *)"xy", 2), other = buf;
    struct ms_frame *frame = ms_frame_alloc(&f->stack);

    buf.release = discard_another;
    f->held = ms_frame_alloc(&f->stack);
    ms_frame_add_lent(frame, &buf, 0, 1);
    ms_buf_put(&buf);
    ms_frame_add_lent(f->held, &other, 1, 1);
    ms_buf_put(&other);
    ms_frame_discard(frame);
    assert_int_equal(f->releases, 0);
    ms_frames_give_back(&f->stack);
    assert_int_equal(f->releases, 1);
    assert_int_equal(f->stack.frames.used, 1);
    ms_frames_give_back(&f->stack);
    assert_int_equal(f->releases, 2);
    ms_frames_give_back(&f->stack);
    assert_int_equal(f->stack.frames.used, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(begins_empty_with_room_for_headers),
        TEST(begins_empty_again_when_used_before),
        TEST(grows_headers_backwards),
        TEST(gives_none_when_all_are_out_and_recovers),
        TEST(returns_when_the_last_reference_goes),
        TEST(refers_to_a_lent_buffer_once_a_slice),
        TEST(keeps_the_received_frame_whose_bytes_it_shows),
        TEST(knows_whether_a_received_frame_is_kept),
        TEST(forgets_the_received_frame_when_used_again),
        TEST(lets_release_put_and_take_frames),
        TEST(gives_back_what_was_discarded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
