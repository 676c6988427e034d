/* SPDX-License-Identifier: ISC */
/* Frames to send: made here, given back here. */
#include "core/frame.h"

#include <stdalign.h>

#include "core/bytes.h"

_Static_assert(sizeof(struct sent_frame) % alignof(struct ms_frame) == 0, "a frame may follow");

static struct sent_frame *sent_frame_of(struct ms_frame *frame)
{
    return (struct sent_frame *)(void *)frame - 1;
}

void ms_sent_frame_release(struct ms_frame *frame)
{
    struct sent_frame *sent = sent_frame_of(frame);

    for (unsigned i = 0; i < frame->slice_count; i++) {
        if (frame->slices[i].buf)
            ms_buf_put(frame->slices[i].buf);
    }
    if (sent->parent)
        ms_frame_put(sent->parent);
    ms_pool_put(&sent->stack->frames, sent);
}

size_t ms_sent_frame_size(const struct ms_config *config)
{
    return sizeof(struct sent_frame) + sizeof(struct ms_frame) +
           config->frame_slices * sizeof(struct ms_slice) + FRAME_HEADROOM;
}

void ms_frame_add_borrowed(struct ms_frame *frame, struct ms_frame *parent, const uint8_t *data,
                           uint32_t len)
{
    struct sent_frame *sent = sent_frame_of(frame);
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
