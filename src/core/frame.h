/* SPDX-License-Identifier: ISC */
/* Frames to send, and references to lent buffers. */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "core/assert.h"
#include "core/stack.h"
#include "mstack/frame.h"

enum {
    /* Ethernet 18, IPv6 40 and a fragment header 8, TCP 60, and some; a multiple of 8. */
    FRAME_HEADROOM = 160,
};

/* What lies before each frame of the stack's own; behind it are slices, then room for headers. */
struct sent_frame {
    struct ms_frame *parent; /* whose bytes the slices show: one received, or cut up; or NULL */
    struct ms_stack *stack;
    struct ms_frame *next; /* on a list */
};

static inline struct sent_frame *ms_sent_frame_of(struct ms_frame *frame)
{
    return (struct sent_frame *)(void *)frame - 1;
}

/* At the end of a list of the stack's own frames. */
void ms_frame_list_append(struct frame_list *list, struct ms_frame *frame);
/* The first one, which then is on no list; NULL: there is none. */
struct ms_frame *ms_frame_list_take(struct frame_list *list);

/*
 * Gives up a frame on its way out, with the reference. Its buffers go back only when nobody is in
 * the middle of anything: whoever gets one back may send it again at once.
 */
void ms_frame_discard(struct ms_frame *frame);
/* Gives back all that was discarded before now. May call release(). */
void ms_frames_give_back(struct ms_stack *stack);

/* Shows bytes of a received frame in the next slice; keeps the frame until this one is gone. */
void ms_frame_add_borrowed(struct ms_frame *frame, struct ms_frame *parent, const uint8_t *data,
                           uint32_t len);
/* Its maker waits for a received frame until this one is gone. A fragment of a datagram of our own
 * keeps only that. */
bool ms_frame_keeps_received(const struct ms_frame *frame);
size_t ms_sent_frame_size(const struct ms_config *config);

/* One that was never used, with all that stays the same for ever; NULL: none is left. */
struct sent_frame *ms_sent_frame_make(struct ms_stack *stack);

/*
 * A frame with one reference, no slices, and head at the very end of the headroom: headers are
 * written backwards from there. NULL: none is left.
 */
static inline struct ms_frame *ms_frame_alloc(struct ms_stack *stack)
{
    struct sent_frame *sent = ms_pool_get_used(&stack->frames);
    struct ms_frame *frame;

    if (MS_UNLIKELY(!sent)) {
        sent = ms_sent_frame_make(stack);
        if (!sent)
            return NULL;
    }
    frame = (struct ms_frame *)(void *)(sent + 1);
    sent->parent = NULL;
    frame->head = (uint8_t *)sent + stack->frames.size;
    frame->head_len = 0;
    frame->refs = 1;
    frame->flags = 0;
    frame->slice_count = 0;
    frame->segment_size = 0;
    return frame;
}

static inline void ms_buf_get(struct ms_buf *buf) { buf->refs++; }

static inline void ms_buf_put(struct ms_buf *buf)
{
    MS_ASSERT(buf->refs > 0);
    if (--buf->refs == 0)
        buf->release(buf);
}

/* Shows lent bytes in a slice, with a reference. */
static inline void ms_slice_show(struct ms_slice *slice, struct ms_buf *buf, uint32_t offset,
                                 uint32_t len)
{
    MS_ASSERT(offset + len <= buf->len);
    slice->data = buf->data + offset;
    slice->len = len;
    slice->buf = buf;
    ms_buf_get(buf);
}

/* In the next slice; there is room. */
static inline void ms_frame_add_lent(struct ms_frame *frame, struct ms_buf *buf, uint32_t offset,
                                     uint32_t len)
{
    MS_ASSERT(frame->slice_count < frame->slice_capacity);
    ms_slice_show(&frame->slices[frame->slice_count++], buf, offset, len);
}

/* In the first slice of a frame that has none yet, but room, as every frame has for one. */
static inline void ms_frame_show_lent(struct ms_frame *frame, struct ms_buf *buf, uint32_t offset,
                                      uint32_t len)
{
    MS_ASSERT(frame->slice_count == 0);
    frame->slice_count = 1;
    ms_slice_show(&frame->slices[0], buf, offset, len);
}

/* A header of len bytes was written in front of the head. */
static inline void ms_frame_push(struct ms_frame *frame, size_t len)
{
    frame->head -= len;
    frame->head_len += (uint32_t)len;
    frame->checksum_start = (uint16_t)(frame->checksum_start + len);
}

#endif
