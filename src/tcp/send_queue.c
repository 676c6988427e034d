/* SPDX-License-Identifier: ISC */
/* Bytes lent by the application: which lent buffer holds which sequence number. */
#include "tcp/send_queue.h"

#include "core/bytes.h"
#include "core/seq.h"

void ms_send_queue_init(struct send_queue *q, uint32_t seq)
{
    q->head = q->tail = q->cursor = NULL;
    q->head_seq = q->cursor_seq = q->end_seq = seq;
}

uint32_t ms_send_queue_fill(struct send_queue *q, uint32_t seq, uint32_t len,
                            struct ms_frame *frame, uint32_t slices_max)
{
    bool from_cursor = q->cursor && seq_le(q->cursor_seq, seq);
    struct ms_buf *buf = from_cursor ? q->cursor : q->head;
    uint32_t buf_seq = from_cursor ? q->cursor_seq : q->head_seq;
    uint32_t left = len;

    while (left > 0 && frame->slice_count < slices_max) {
        uint32_t offset = seq - buf_seq;

        MS_ASSERT(buf);
        if (offset < buf->len) {
            uint32_t n = min_u32(left, buf->len - offset);

            ms_frame_add_lent(frame, buf, offset, n);
            seq += n;
            left -= n;
        }
        if (seq - buf_seq >= buf->len) {
            buf_seq += buf->len;
            buf = buf->next;
        }
    }
    if (seq_gt(buf_seq, q->cursor_seq)) {
        q->cursor = buf;
        q->cursor_seq = buf_seq;
    }
    return len - left;
}

void ms_send_queue_clear(struct send_queue *q) { ms_send_queue_acknowledge(q, q->end_seq); }
