/* SPDX-License-Identifier: ISC */
/* Bytes lent by the application: which lent buffer holds which sequence number. */
#ifndef TCP_SEND_QUEUE_H
#define TCP_SEND_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/frame.h"
#include "core/seq.h"

struct send_queue {
    struct ms_buf *head; /* the oldest not wholly acknowledged */
    struct ms_buf *tail;
    struct ms_buf *cursor; /* where the last fill ended: new data goes on from here */
    uint32_t head_seq;     /* of head's first byte */
    uint32_t cursor_seq;   /* of cursor's first byte */
    uint32_t end_seq;      /* after the last byte queued */
};

void ms_send_queue_init(struct send_queue *q, uint32_t seq);
/* Takes a reference. */
static inline void ms_send_queue_append(struct send_queue *q, struct ms_buf *buf)
{
    buf->next = NULL;
    buf->refs = 1;
    if (q->head) {
        q->tail->next = buf;
    } else {
        q->head = buf;
        q->head_seq = q->end_seq;
    }
    if (!q->cursor) {
        q->cursor = buf;
        q->cursor_seq = q->end_seq;
    }
    q->tail = buf;
    q->end_seq += buf->len;
}

/* Shows the bytes from seq, at most len, in the frame's slices. Returns how many had room. */
uint32_t ms_send_queue_fill(struct send_queue *q, uint32_t seq, uint32_t len,
                            struct ms_frame *frame, uint32_t slices_max);
/*
 * The same for a frame without slices, if the bytes lie in the buffer where the last fill ended:
 * one slice, as nearly always. False: nothing was done.
 */
static inline bool ms_send_queue_fill_one(struct send_queue *q, uint32_t seq, uint32_t len,
                                          struct ms_frame *frame)
{
    struct ms_buf *buf = q->cursor;
    uint32_t offset = seq - q->cursor_seq;

    if (!buf || offset >= buf->len || len > buf->len - offset || len == 0)
        return false;
    ms_frame_show_lent(frame, buf, offset, len);
    if (offset + len == buf->len) {
        q->cursor = buf->next;
        q->cursor_seq = seq + len;
    }
    return true;
}

/* Drops all references. May call release(). */
void ms_send_queue_clear(struct send_queue *q);

/* Drops the queue's reference to what lies wholly before ack. May call release(). */
static inline void ms_send_queue_acknowledge(struct send_queue *q, uint32_t ack)
{
    while (q->head && seq_le(q->head_seq + q->head->len, ack)) {
        struct ms_buf *done = q->head;

        q->head_seq += done->len;
        q->head = done->next;
        if (q->cursor == done) {
            q->cursor = q->head;
            q->cursor_seq = q->head_seq;
        }
        if (!q->head)
            q->tail = NULL;
        ms_buf_put(done); /* may call release(), which may append */
    }
}

#endif
