/* SPDX-License-Identifier: ISC */
/* Frames to send, and references to lent buffers. */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "core/assert.h"
#include "core/stack.h"
#include "mstack/frame.h"

enum {
    FRAME_HEADROOM = 160, /* Ethernet 18, IPv6 40 and a fragment header 8, TCP 60, and some */
};

/* What lies before each frame of the stack's own; behind it are slices, then room for headers. */
struct sent_frame {
    struct ms_stack *stack;
    struct ms_frame *parent; /* a received frame whose bytes the slices show, or NULL */
};

/* Shows bytes of a received frame in the next slice; keeps the frame until this one is gone. */
void ms_frame_add_borrowed(struct ms_frame *frame, struct ms_frame *parent, const uint8_t *data,
                           uint32_t len);
size_t ms_sent_frame_size(const struct ms_config *config);

void ms_sent_frame_release(struct ms_frame *frame);

/*
 * A frame with one reference, no slices, and head at the very end of the headroom: headers are
 * written backwards from there. NULL: none is left.
 */
static inline struct ms_frame *ms_frame_alloc(struct ms_stack *stack)
{
    struct sent_frame *sent = ms_pool_get(&stack->frames);
    struct ms_frame *frame;

    if (MS_UNLIKELY(!sent))
        return NULL;
    frame = (struct ms_frame *)(void *)(sent + 1);
    sent->stack = stack;
    sent->parent = NULL;
    frame->slice_capacity = (uint16_t)stack->config.frame_slices;
    frame->head = (uint8_t *)&frame->slices[frame->slice_capacity] + FRAME_HEADROOM;
    frame->head_len = 0;
    frame->refs = 1;
    frame->flags = 0;
    frame->slice_count = 0;
    frame->segment_size = 0;
    frame->release = ms_sent_frame_release;
    return frame;
}

static inline void ms_buf_get(struct ms_buf *buf) { buf->refs++; }

static inline void ms_buf_put(struct ms_buf *buf)
{
    MS_ASSERT(buf->refs > 0);
    if (--buf->refs == 0)
        buf->release(buf);
}

/* Shows lent bytes in the next slice, with a reference; there is room. */
static inline void ms_frame_add_lent(struct ms_frame *frame, struct ms_buf *buf, uint32_t offset,
                                     uint32_t len)
{
    struct ms_slice *slice = &frame->slices[frame->slice_count++];

    MS_ASSERT(frame->slice_count <= frame->slice_capacity);
    MS_ASSERT(offset + len <= buf->len);
    slice->data = buf->data + offset;
    slice->len = len;
    slice->buf = buf;
    ms_buf_get(buf);
}

/* A header of len bytes was written in front of the head. */
static inline void ms_frame_push(struct ms_frame *frame, size_t len)
{
    frame->head -= len;
    frame->head_len += (uint32_t)len;
    frame->checksum_start = (uint16_t)(frame->checksum_start + len);
}

#endif
