/* SPDX-License-Identifier: ISC */
/* Reading a received packet whose payload may lie in several pieces. */
#include "core/packet.h"

#include "core/checksum.h"

struct bytes ms_packet_gather(const struct packet *p, uint8_t *room, uint32_t max)
{
    uint32_t offset = (uint32_t)(p->bytes.data - p->frame->head), done = 0;
    uint32_t len = min_u32(p->len, max);

    if (p->bytes.len >= len)
        return bytes_of(p->bytes.data, min_u32((uint32_t)p->bytes.len, p->len));
    while (done < len) {
        struct ms_slice run = ms_frame_run(p->frame, offset + done, len - done);

        memcpy(room + done, run.data, run.len);
        done += run.len;
    }
    return bytes_of(room, len);
}

enum { HEADER_MIN = 20, HEADER_MAX = 60 };

/* What is in one piece ends after `here` bytes; the packet goes on in several slices, or oddly. */
static uint64_t sum_slices(const struct packet *p, uint32_t here)
{
    uint32_t left = p->len - here;
    uint64_t sum = 0;

    for (unsigned i = 0; left > 0; i++) {
        const struct ms_slice *slice = &p->frame->slices[i];
        uint32_t len = min_u32(slice->len, left);
        uint32_t part = p->stack->checksum(slice->data, len);

        sum += (p->len - left) & 1 ? ms_checksum_at_odd(part) : part;
        left -= len;
    }
    return sum;
}

/* The first piece is mostly a transport's header, and one slice has all the rest. */
static inline uint64_t sum_all(const struct packet *p)
{
    const struct ms_slice *slice = p->frame->slices;
    uint32_t here = min_u32((uint32_t)p->bytes.len, p->len);
    uint64_t sum;

    if (here == p->len)
        return p->stack->checksum(p->bytes.data, here);
    if (here % 4 != 0 || here < HEADER_MIN || here > HEADER_MAX)
        return p->stack->checksum(p->bytes.data, here) + sum_slices(p, here);
    sum = ms_checksum_header(p->bytes.data, here);
    if (p->len - here > slice->len)
        return sum + sum_slices(p, here);
    return sum + p->stack->checksum(slice->data, p->len - here);
}

uint16_t ms_packet_sum(const struct packet *p) { return ms_checksum_fold(sum_all(p)); }

bool ms_packet_checksum_is_right(const struct packet *p)
{
    const struct flow *flow = &p->flow;
    uint64_t sum =
        p->is_ipv4
            ? ms_checksum_pseudo_ipv4(flow->local.bytes + 12, flow->remote.bytes + 12, p->protocol,
                                      p->len)
            : ms_checksum_pseudo_ipv6(flow->local.bytes, flow->remote.bytes, p->protocol, p->len);

    return ms_checksum_fold(sum + sum_all(p)) == 0xffff;
}
