/* SPDX-License-Identifier: ISC */
/* Frames, slices and lent buffers: who owns which bytes. */
#ifndef MSTACK_FRAME_H
#define MSTACK_FRAME_H

#include <stdint.h>

/*
 * Bytes lent to the stack for sending. The lender allocates this struct, sets data, len and
 * release, and must touch neither struct nor bytes until release() is called: once, when no send
 * queue and no device refers to them any more. release() may run inside ms_netif_input(),
 * ms_poll(), ms_netif_detach() or the driver's completion, never inside a call that sends. It may
 * only record: it may call ms_tcp_send(), ms_udp_send(), ms_tcp_consumed() and ms_frame_put(),
 * which only record too. It may send the buffer that it has got back.
 */
struct ms_buf {
    const uint8_t *data;
    uint32_t len;
    uint32_t refs; /* private: the queue, plus one per slice in flight */
    void (*release)(struct ms_buf *buf);
    struct ms_buf *next; /* private: the queue; yours again once released */
};

/* A run of bytes of one frame. buf is set when the bytes were lent by an application. */
struct ms_slice {
    const uint8_t *data;
    uint32_t len;
    struct ms_buf *buf;
};

enum ms_frame_flag {
    /* Received: the device has verified the transport checksum. */
    MS_FRAME_CHECKSUM_VALID = 1,
    /*
     * The transport checksum field holds only the folded sum of the pseudo header. To send: the
     * device sums from checksum_start and stores at checksum_start + checksum_offset. Received
     * (from a stack on the same machine): the bytes never crossed a wire and count as valid.
     */
    MS_FRAME_CHECKSUM_PARTIAL = 2,
};

/*
 * One frame on its way in or out: all headers in one piece (head), payload in what is left of head
 * and in slices. Whoever holds a reference may read it; nobody writes once it is shared. The last
 * ms_frame_put() gives it back to its maker.
 */
struct ms_frame {
    uint8_t *head;     /* first byte of the outermost header */
    uint32_t head_len; /* bytes at head: headers, and perhaps payload behind them */
    uint16_t refs;
    uint8_t flags;            /* enum ms_frame_flag */
    uint8_t slice_count;      /* slices in use */
    uint16_t segment_size;    /* payload is to be cut (was joined) in pieces of this size; or 0 */
    uint16_t checksum_start;  /* from head; with MS_FRAME_CHECKSUM_PARTIAL */
    uint16_t checksum_offset; /* from checksum_start */
    uint16_t slice_capacity;  /* slices there is room for */
    void (*release)(struct ms_frame *frame);
    struct ms_slice slices[];
};

static inline void ms_frame_get(struct ms_frame *frame) { frame->refs++; }

static inline void ms_frame_put(struct ms_frame *frame)
{
    if (--frame->refs == 0)
        frame->release(frame);
}

/* Bytes of the whole frame. */
static inline uint32_t ms_frame_len(const struct ms_frame *frame)
{
    uint32_t len = frame->head_len;

    if (frame->slice_count == 0)
        return len;
    len += frame->slices[0].len;
    for (unsigned i = 1; i < frame->slice_count; i++)
        len += frame->slices[i].len;
    return len;
}

#endif
