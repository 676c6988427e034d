/* SPDX-License-Identifier: ISC */
/* What leaves without a connection, and sums of payload. */
#include "tcp/emit.h"

#include "tcp/verbs.h"

/* A piece that begins at an odd place counts with its bytes swapped. */
uint64_t ms_tcp_pieces_sum(const struct ms_stack *stack, const struct ms_frame *frame)
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

void ms_tcp_emit(const struct emission *e, const struct tcp_header *header)
{
    tcp_emit_headed(e, ms_tcp_header_emit(header, e->frame->head));
}

bool ms_tcp_emit_reply(struct packet *p, const struct tcp_header *header)
{
    struct emission e = { .stack = p->stack, .flow = &p->flow, .hop_limit = IP_HOP_LIMIT_DEFAULT };
    struct path path;
    struct ms_netif *pinned = addr_is_link_local(&p->flow.remote) ? p->netif : NULL;

    if (ms_ip_find_path(p->stack, pinned, &p->flow.local, &p->flow.remote, &path) != MS_OK) {
        ms_count_drop(p->stack, MS_DROP_SEND_NO_ROUTE);
        return false;
    }
    if (ms_netif_queue_room(path.netif) == 0) {
        ms_count_drop(p->stack, MS_DROP_SEND_QUEUE_FULL);
        return false;
    }
    e.path = &path;
    e.frame = ms_frame_alloc(p->stack);
    if (!e.frame) {
        ms_count_drop(p->stack, MS_DROP_SEND_NO_FRAME);
        return false;
    }
    ms_tcp_emit(&e, header);
    return true;
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
    if (ms_tcp_emit_reply(s->p, &header))
        s->p->stack->counters.tcp_out_resets++;
}
