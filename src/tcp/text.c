/* SPDX-License-Identifier: ISC */
/* URG, text and FIN of an arriving segment: what text.h leaves over. */
#include "tcp/text.h"

#include "tcp/verbs.h"

enum {
    COPY_BREAK_BYTES = 256, /* shorter payloads are copied, so that one byte pins no page */
};

/* A small payload that is kept, with a frame of its own around it. */
struct kept_copy {
    struct pool *pool;
    uint8_t bytes[COPY_BREAK_BYTES];
};

size_t ms_kept_copy_size(void) { return sizeof(struct kept_copy) + sizeof(struct ms_frame); }

static struct kept_copy *copy_of(struct ms_frame *frame)
{
    return (struct kept_copy *)(void *)frame - 1;
}

static void release_copy(struct ms_frame *frame)
{
    ms_pool_put(copy_of(frame)->pool, copy_of(frame));
}

/* Points a held segment at a copy of its bytes; with no room left it keeps the frame itself. */
static struct ms_frame *copy_small(struct tcp_floor *floor, struct held_segment *held)
{
    struct kept_copy *copy = ms_pool_get(&floor->copies);
    struct ms_frame *frame;
    uint32_t done = 0;

    if (!copy)
        return NULL;
    while (done < held->len) {
        struct ms_slice run = ms_frame_run(held->frame, held->offset + done, held->len - done);

        memcpy(copy->bytes + done, run.data, run.len);
        done += run.len;
    }
    copy->pool = &floor->copies;
    frame = (struct ms_frame *)(void *)(copy + 1);
    *frame = (struct ms_frame){
        .head = copy->bytes, .head_len = held->len, .refs = 1, .release = release_copy
    };
    held->frame = frame;
    held->offset = 0;
    return frame;
}

/* It is not this one's turn: keep it, and tell the sender at once (RFC 5681, 4.2; SHLD-31). */
__attribute__((noinline)) static void hold(struct ms_tcp *c, const struct segment *s)
{
    struct tcp_floor *floor = c->stack->tcp;
    struct held_segment held = {
        .frame = s->p->frame, .offset = s->payload_offset, .seq = s->seq, .len = s->payload_len
    };
    struct ms_frame *copy = held.len < COPY_BREAK_BYTES ? copy_small(floor, &held) : NULL;
    enum ms_drop drop = ms_recv_queue_hold(&c->recv, &floor->held, &held);

    if (copy)
        ms_frame_put(copy);
    c->out_of_order = (uint16_t)min_u32(c->out_of_order + 1u, UINT16_MAX);
    c->stack->counters.tcp_out_of_order_segments++;
    if (drop == MS_DROP_TCP_DUPLICATE) {
        c->recv.duplicate = (struct seq_range){ held.seq, held.seq + held.len };
        c->stack->counters.tcp_duplicate_segments++;
    } else if (drop != MS_DROP_NONE) {
        ms_count_drop(c->stack, drop);
    }
    /* The sender counts duplicates, and one of them may be lost: each leaves for itself. */
    if (c->due & DUE_ACK)
        ms_output_ack_now(c);
    ms_conn_pend(c, DUE_ACK);
}

/* Hands the next bytes of the stream to the application, run by run. */
static void deliver(struct ms_tcp *c, struct ms_frame *frame, uint32_t offset, uint32_t len)
{
    count_arrival(c, len);
    while (len > 0 && c->state != MS_TCP_CLOSED) {
        const struct ms_slice run = ms_frame_run(frame, offset, len);

        deliver_run(c, frame, &run);
        offset += run.len;
        len -= run.len;
    }
}

/* Whatever was held and has now its turn. */
static void deliver_held(struct ms_tcp *c)
{
    struct held_segment held;

    while (c->recv.runs &&
           ms_recv_queue_take(&c->recv, &c->stack->tcp->held, c->recv_next, &held)) {
        deliver(c, held.frame, held.offset, held.len);
        ms_frame_put(held.frame);
        if (c->state == MS_TCP_CLOSED)
            return;
    }
}

/* Sixth: the urgent pointer is delivered as a notice; the data stay in line (RFC 6093). */
static void urgent_arrives(struct ms_tcp *c, const struct segment *s)
{
    uint32_t end = s->header.seq + s->header.urgent; /* MUST-62: past the last urgent octet */

    if (seq_le(end, c->recv_next))
        return;
    if ((c->flags & CONN_URGENT_IN) && seq_gt(c->recv_urgent, c->recv_next) &&
        seq_le(end, c->recv_urgent))
        return; /* the application knows */
    c->recv_urgent = end;
    c->flags |= CONN_URGENT_IN;
    if (c->events->on_urgent)
        c->events->on_urgent(c, c->user, end - c->recv_next);
}

/* The bytes held came first and win: this segment's fill the holes before and between them. */
static void fill_holes(struct ms_tcp *c, const struct segment *s)
{
    uint32_t end = s->seq + s->payload_len;
    const struct held_run *first = c->recv.runs;

    if (first && seq_lt(first->seq, end)) /* RFC 2883, 4: what came twice is reported */
        c->recv.duplicate = (struct seq_range){ first->seq, seq_min(first->end, end) };
    while (c->state != MS_TCP_CLOSED && seq_lt(c->recv_next, end)) {
        uint32_t stop = c->recv.runs ? seq_min(c->recv.runs->seq, end) : end;

        deliver(c, s->p->frame, s->payload_offset + (c->recv_next - s->seq), stop - c->recv_next);
        if (c->state != MS_TCP_CLOSED)
            deliver_held(c);
    }
}

void ms_text_pieces_arrive(struct ms_tcp *c, const struct segment *s)
{
    if (s->seq != c->recv_next) {
        hold(c, s);
        return;
    }
    if (c->recv.runs) {
        c->due |= DUE_ACK; /* RFC 5681, 4.2: a segment that fills a hole is acknowledged at once */
        fill_holes(c, s);
    } else {
        deliver(c, s->p->frame, s->payload_offset, s->payload_len);
    }
    if (c->state != MS_TCP_CLOSED)
        schedule_ack(c, s->p->frame, s->payload_len);
}

/* Eighth: FIN's turn has come, every byte before it is here. */
static void fin_arrives(struct ms_tcp *c)
{
    c->recv_next++;
    c->flags |= CONN_EOF_DELIVERED;
    c->due |= DUE_ACK;
    ms_conn_move(c, TCP_EVENT_FIN);
    if (c->events->on_eof)
        c->events->on_eof(c, c->user);
    if (c->state == MS_TCP_TIME_WAIT)
        ms_time_wait_enter(c);
}

void ms_text_unusual_arrives(struct ms_tcp *c, struct segment *s)
{
    if (s->flags & TCP_URG) {
        urgent_arrives(c, s);
        if (c->state == MS_TCP_CLOSED)
            return; /* aborted by the handler: the text is nobody's */
    }
    if ((s->flags & TCP_FIN) && !(c->flags & CONN_FIN_KNOWN)) {
        c->flags |= CONN_FIN_KNOWN;
        c->fin_seq = s->seq + s->payload_len;
    }
    /* Nothing comes after FIN, whatever a later segment says. */
    if ((c->flags & CONN_FIN_KNOWN) && seq_gt(s->seq + s->payload_len, c->fin_seq))
        s->payload_len = seq_lt(s->seq, c->fin_seq) ? c->fin_seq - s->seq : 0;
    if (s->payload_len > 0)
        payload_arrives(c, s);
    else if (s->flags & TCP_FIN)
        ms_conn_pend(c, DUE_ACK);
    if ((c->flags & CONN_FIN_KNOWN) && may_receive(c) && c->recv_next == c->fin_seq)
        fin_arrives(c);
}
