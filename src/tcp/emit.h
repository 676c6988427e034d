/* SPDX-License-Identifier: ISC */
/* Everything that leaves as a TCP segment. In line, so that a header is written from registers. */
#ifndef TCP_EMIT_H
#define TCP_EMIT_H

#include "core/frame.h"
#include "ip/ip.h"
#include "ip/output.h"
#include "wire/tcp.h"

struct emission {
    struct ms_stack *stack;
    const struct path *path;
    const struct flow *flow;
    struct ms_frame *frame; /* holds the payload already */
    uint32_t payload_len;
    uint8_t hop_limit, traffic_class;
};

/* Any segment. Takes over the frame. */
void ms_tcp_emit(const struct emission *e, const struct tcp_header *header);
/* The sum of a payload in any number of slices, and of one that mostly lies in one. */
uint64_t ms_tcp_pieces_sum(const struct ms_stack *stack, const struct ms_frame *frame);
static inline uint64_t tcp_payload_sum(const struct ms_stack *stack, const struct ms_frame *frame)
{
    if (MS_LIKELY(frame->slice_count == 1))
        return stack->checksum(frame->slices[0].data, frame->slices[0].len);
    return frame->slice_count ? ms_tcp_pieces_sum(stack, frame) : 0;
}

static MS_INLINE void tcp_put_checksum(const struct emission *e, const struct ip_send *send,
                                       uint8_t *head, uint32_t header_len)
{
    struct ms_frame *frame = e->frame;
    uint64_t sum = ip_path_pseudo_sum(e->path, send);
    uint16_t checksum;

    if (e->path->netif->driver->checksum_offload) {
        frame->flags |= MS_FRAME_CHECKSUM_PARTIAL;
        frame->checksum_start = 0; /* each header in front moves it on */
        frame->checksum_offset = TCP_CHECKSUM_OFFSET;
        checksum = ms_checksum_fold(sum);
    } else {
        sum += ms_checksum_header(head, header_len);
        sum += tcp_payload_sum(e->stack, frame);
        checksum = ms_checksum_finish(sum);
    }
    memcpy(head + TCP_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

/* The header is written before the frame's head; the rest of the way is the same for all. */
static MS_INLINE void tcp_emit_headed(const struct emission *e, uint32_t header_len)
{
    const struct ip_send send = {
        .local = &e->flow->local,
        .remote = &e->flow->remote,
        .len = header_len + e->payload_len,
        .protocol = IP_PROTOCOL_TCP,
        .hop_limit = e->hop_limit,
        .traffic_class = e->traffic_class,
    };

    uint8_t *head = e->frame->head - header_len;

    e->frame->head = head;
    e->frame->head_len = header_len;
    tcp_put_checksum(e, &send, head, header_len);
    e->stack->counters.tcp_out_segments++;
    ip_output(e->stack, e->path, e->frame, &send);
}

/* Writes a header with a timestamp or without options, for tcp_emit_headed(). */
static MS_INLINE uint32_t tcp_plain_header(struct ms_frame *frame, const struct tcp_header *header)
{
    if (MS_IS_SMALL)
        return (uint32_t)ms_tcp_header_emit(header, frame->head);
    return ms_tcp_plain_header_emit(header, frame->head);
}

#endif
