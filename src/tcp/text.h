/* SPDX-License-Identifier: ISC */
/*
 * URG, text and FIN of an arriving segment: RFC 9293, 3.10.7.4, steps six to eight. In line is what
 * nearly every segment with text needs; the rest is in text.c.
 */
#ifndef TCP_TEXT_H
#define TCP_TEXT_H

#include "tcp/verbs.h"

enum { ACK_EVERY_SEGMENTS = 2 }; /* RFC 9293, SHLD-19 */

/* Seventh, where it is not the next bytes in one piece. */
void ms_text_pieces_arrive(struct ms_tcp *c, const struct segment *s);
/* With URG or FIN, or after FIN was seen. */
void ms_text_unusual_arrives(struct ms_tcp *c, struct segment *s);

static inline void count_arrival(struct ms_tcp *c, uint32_t len)
{
    c->recv_next += len;
    c->unconsumed_bytes += len;
    c->bytes_received += len;
}

/* Bytes that lie in one piece go to the application. */
static inline void deliver_run(struct ms_tcp *c, struct ms_frame *frame, const struct ms_slice *run)
{
    if (MS_LIKELY(c->events->on_data != NULL))
        c->events->on_data(c, c->user, run, frame);
    else
        ms_tcp_consumed(c, run->len);
}

/* RFC 9293, 4.2 of RFC 5681: every second segment at once, a single one a little later. */
static inline void schedule_ack(struct ms_tcp *c, const struct ms_frame *frame, uint32_t len)
{
    uint32_t segment_size = frame->segment_size;
    bool is_second = c->segments_to_ack + 1 >= ACK_EVERY_SEGMENTS;

    c->segments_to_ack = 1;
    if (is_second || (segment_size && len > segment_size))
        c->due |= DUE_ACK;
    else if (!(c->timers & CONN_TIMER_ACK))
        ms_conn_arm(c, CONN_TIMER_ACK, c->stack->now_us + c->stack->config.tcp_delayed_ack_us);
}

/* Seventh, where it is the next bytes in one piece, and nothing is held. */
static inline void text_plainly_arrives(struct ms_tcp *c, struct ms_frame *frame,
                                        const struct ms_slice *run)
{
    count_arrival(c, run->len);
    deliver_run(c, frame, run);
    if (MS_LIKELY(c->state != MS_TCP_CLOSED))
        schedule_ack(c, frame, run->len);
}

/* Seventh. */
static inline void payload_arrives(struct ms_tcp *c, const struct segment *s)
{
    struct ms_frame *frame = s->p->frame;
    const struct ms_slice run = ms_frame_run(frame, s->payload_offset, s->payload_len);

    if (s->seq != c->recv_next || c->recv.runs || run.len != s->payload_len)
        ms_text_pieces_arrive(c, s);
    else
        text_plainly_arrives(c, frame, &run);
}

static inline bool may_receive(const struct ms_tcp *c)
{
    return (1u << c->state) &
           (1u << MS_TCP_ESTABLISHED | 1u << MS_TCP_FIN_WAIT_1 | 1u << MS_TCP_FIN_WAIT_2);
}

/* It has text, URG or FIN. */
static inline void text_arrives(struct ms_tcp *c, struct segment *s)
{
    if (!may_receive(c))
        return;
    if (MS_UNLIKELY((s->flags & (TCP_URG | TCP_FIN)) || (c->flags & CONN_FIN_KNOWN)))
        ms_text_unusual_arrives(c, s);
    else if (s->payload_len > 0)
        payload_arrives(c, s);
}

#endif
