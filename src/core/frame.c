/* SPDX-License-Identifier: ISC */
/* Frames to send: made here, given back here. */
#include "core/frame.h"

#include <stdalign.h>
#include <stddef.h>

#include "core/bytes.h"

_Static_assert(sizeof(struct sent_frame) % alignof(struct ms_frame) == 0, "a frame may follow");
_Static_assert(sizeof(struct pool_item) <= offsetof(struct sent_frame, stack),
               "what stays the same outlives the time in the pool");

/* Of several slices, or borrowed ones. */
__attribute__((noinline)) static void release_pieces(struct ms_frame *frame)
{
    struct sent_frame *sent = ms_sent_frame_of(frame);

    for (unsigned i = 0; i < frame->slice_count; i++) {
        if (frame->slices[i].buf)
            ms_buf_put(frame->slices[i].buf);
    }
    if (sent->parent)
        ms_frame_put(sent->parent);
    ms_pool_put(&sent->stack->frames, sent);
}

/* Shared by all frames of the stack's own. The buffer comes last: nothing is left to be done then.
 */
static void release(struct ms_frame *frame)
{
    struct sent_frame *sent = ms_sent_frame_of(frame);
    struct ms_buf *buf;

    if (MS_UNLIKELY(sent->parent || frame->slice_count > 1)) {
        release_pieces(frame);
        return;
    }
    buf = frame->slice_count > 0 ? frame->slices[0].buf : NULL;
    ms_pool_put(&sent->stack->frames, sent);
    if (buf)
        ms_buf_put(buf);
}

MS_COLD struct sent_frame *ms_sent_frame_make(struct ms_stack *stack)
{
    struct sent_frame *sent = ms_pool_get(&stack->frames);
    struct ms_frame *frame;

    if (!sent)
        return NULL;
    sent->stack = stack;
    frame = (struct ms_frame *)(void *)(sent + 1);
    frame->slice_capacity = (uint16_t)stack->config.frame_slices;
    frame->release = release;
    return sent;
}

size_t ms_sent_frame_size(const struct ms_config *config)
{
    return sizeof(struct sent_frame) + sizeof(struct ms_frame) +
           config->frame_slices * sizeof(struct ms_slice) + FRAME_HEADROOM;
}

void ms_frame_add_borrowed(struct ms_frame *frame, struct ms_frame *parent, const uint8_t *data,
                           uint32_t len)
{
    struct sent_frame *sent = ms_sent_frame_of(frame);
    struct ms_slice *slice = &frame->slices[frame->slice_count++];

    MS_ASSERT(frame->slice_count <= frame->slice_capacity);
    MS_ASSERT(!sent->parent || sent->parent == parent);
    slice->data = data;
    slice->len = len;
    slice->buf = NULL;
    if (!sent->parent) {
        sent->parent = parent;
        ms_frame_get(parent);
    }
}

bool ms_frame_keeps_received(const struct ms_frame *frame)
{
    while (frame && frame->release == release)
        frame = ((const struct sent_frame *)(const void *)frame - 1)->parent;
    return frame != NULL;
}

void ms_frame_list_append(struct frame_list *list, struct ms_frame *frame)
{
    ms_sent_frame_of(frame)->next = NULL;
    if (list->first)
        ms_sent_frame_of(list->last)->next = frame;
    else
        list->first = frame;
    list->last = frame;
}

struct ms_frame *ms_frame_list_take(struct frame_list *list)
{
    struct ms_frame *frame = list->first;

    if (frame)
        list->first = ms_sent_frame_of(frame)->next;
    return frame;
}

void ms_frame_discard(struct ms_frame *frame)
{
    ms_frame_list_append(&ms_sent_frame_of(frame)->stack->discarded, frame);
}

void ms_frames_give_back(struct ms_stack *stack)
{
    struct frame_list list = stack->discarded;
    struct ms_frame *frame;

    stack->discarded.first = NULL; /* what is discarded meanwhile waits for the next time */
    while ((frame = ms_frame_list_take(&list)))
        ms_frame_put(frame);
}
