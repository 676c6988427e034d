/* SPDX-License-Identifier: ISC */
/* Everything that leaves as a TCP segment: header, checksum, and on to IP. */
#include "tcp/verbs.h"

/* The payload's sum; a piece that begins at an odd place counts with its bytes swapped. */
static uint64_t payload_sum(const struct ms_stack *stack, const struct ms_frame *frame)
{
    uint64_t sum = 0;
    uint32_t before = 0;

    for (unsigned i = 0; i < frame->slice_count; i++) {
        const struct ms_slice *slice = &frame->slices[i];
        uint32_t part = stack->checksum(slice->data, slice->len);

        sum += before & 1 ? ms_checksum_at_odd(part) : part;
        before += slice->len;
    }
    return sum;
}

static void put_checksum(const struct emission *e, uint32_t header_len)
{
    struct ms_frame *frame = e->frame;
    uint64_t sum = ms_ip_pseudo_sum(&e->flow->local, &e->flow->remote, IP_PROTOCOL_TCP,
                                    header_len + e->payload_len);
    uint16_t checksum;

    if (e->path->netif->driver->checksum_offload) {
        frame->flags |= MS_FRAME_CHECKSUM_PARTIAL;
        frame->checksum_start = 0; /* each header in front moves it on */
        frame->checksum_offset = TCP_CHECKSUM_OFFSET;
        checksum = ms_checksum_fold(sum);
    } else {
        sum += ms_checksum_header(frame->head, header_len) + payload_sum(e->stack, frame);
        checksum = ms_checksum_finish(sum);
    }
    memcpy(frame->head + TCP_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

void ms_tcp_emit(const struct emission *e, const struct tcp_header *header)
{
    uint32_t header_len = (uint32_t)ms_tcp_header_emit(header, e->frame->head);
    const struct ip_send send = {
        .local = &e->flow->local,
        .remote = &e->flow->remote,
        .len = header_len + e->payload_len,
        .protocol = IP_PROTOCOL_TCP,
        .hop_limit = e->hop_limit,
        .traffic_class = e->traffic_class,
    };

    e->frame->head -= header_len;
    e->frame->head_len = header_len;
    put_checksum(e, header_len);
    e->stack->counters.tcp_out_segments++;
    ms_ip_output(e->stack, e->path, e->frame, &send);
}

void ms_tcp_emit_reply(struct packet *p, const struct tcp_header *header)
{
    struct emission e = {
        .stack = p->stack, .flow = &p->flow, .hop_limit = IP_HOP_LIMIT_DEFAULT
    };
    struct path path;
    struct ms_netif *pinned = addr_is_link_local(&p->flow.remote) ? p->netif : NULL;

    if (ms_ip_find_path(p->stack, pinned, &p->flow.local, &p->flow.remote, &path) != MS_OK) {
        ms_count_drop(p->stack, MS_DROP_SEND_NO_ROUTE);
        return;
    }
    if (ms_netif_queue_room(path.netif) == 0) {
        ms_count_drop(p->stack, MS_DROP_SEND_QUEUE_FULL);
        return;
    }
    e.path = &path;
    e.frame = ms_frame_alloc(p->stack);
    if (!e.frame) {
        ms_count_drop(p->stack, MS_DROP_SEND_NO_FRAME);
        return;
    }
    ms_tcp_emit(&e, header);
}

void ms_tcp_emit_reset(const struct segment *s)
{
    struct tcp_header header = {
        .src_port = s->header.dst_port,
        .dst_port = s->header.src_port,
        .flags = TCP_RST,
    };

    if (s->header.flags & TCP_RST)
        return;
    if (s->header.flags & TCP_ACK) {
        header.seq = s->header.ack;
    } else {
        header.flags |= TCP_ACK;
        header.ack = s->header.seq + segment_len(s);
    }
    s->p->stack->counters.tcp_out_resets++;
    ms_tcp_emit_reply(s->p, &header);
}
