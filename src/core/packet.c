/* SPDX-License-Identifier: ISC */
/* Reading a received packet whose payload may lie in several pieces. */
#include "core/packet.h"

#include "core/assert.h"
#include "core/checksum.h"

struct bytes ms_packet_gather(const struct packet *p, uint8_t *room, uint32_t max)
{
    uint32_t offset = (uint32_t)(p->bytes.data - p->frame->head), done = 0;
    uint32_t len = min_u32(p->len, max);

    if (p->bytes.len >= len)
        return p->bytes;
    while (done < len) {
        struct ms_slice run = ms_frame_run(p->frame, offset + done, len - done);

        memcpy(room + done, run.data, run.len);
        done += run.len;
    }
    return bytes_of(room, len);
}

enum { HEADER_MIN = 20, HEADER_MAX = 60 };

/* Any number of pieces, the first of which ends after `here` bytes. */
__attribute__((noinline)) static uint64_t sum_pieces(const struct packet *p, uint32_t here)
{
    uint64_t sum = p->stack->checksum(p->bytes.data, here);
    uint32_t left = p->len - here;

    for (unsigned i = 0; left > 0; i++) {
        const struct ms_slice *slice = &p->frame->slices[i];
        uint32_t len = min_u32(slice->len, left);
        uint32_t part = p->stack->checksum(slice->data, len);

        sum += (p->len - left) & 1 ? ms_checksum_at_odd(part) : part;
        left -= len;
    }
    return sum;
}

/* Of 20 to 60 bytes, and a multiple of 4. */
static inline bool is_header_len(uint32_t len)
{
    uint32_t more = len - HEADER_MIN;

    return (more >> 2 | more << 30) <= (HEADER_MAX - HEADER_MIN) / 4;
}

/*
 * `sum` and that of all bytes. The first piece is mostly a transport's header, and one slice has
 * all the rest.
 */
static inline uint64_t add_all(const struct packet *p, uint64_t sum)
{
    const struct ms_slice *slice = p->frame->slices;
    uint32_t here = (uint32_t)p->bytes.len, rest = p->len - here;

    MS_ASSERT(here <= p->len);
    if (MS_UNLIKELY(!is_header_len(here)))
        return sum + sum_pieces(p, here);
    if (rest == 0)
        return sum + ms_checksum_header(p->bytes.data, here);
    if (MS_UNLIKELY(slice->len < rest))
        return sum + sum_pieces(p, here);
    sum += ms_checksum_header(p->bytes.data, here);
    return sum + p->stack->checksum(slice->data, rest);
}

uint16_t ms_packet_sum(const struct packet *p) { return ms_checksum_fold(add_all(p, 0)); }

bool ms_packet_checksum_is_right(const struct packet *p)
{
    const struct flow *flow = &p->flow;
    uint64_t sum =
        p->is_ipv4
            ? ms_checksum_pseudo_ipv4(flow->local.bytes + 12, flow->remote.bytes + 12, p->protocol,
                                      p->len)
            : ms_checksum_pseudo_ipv6(flow->local.bytes, flow->remote.bytes, p->protocol, p->len);

    return ms_checksum_is_whole(add_all(p, sum));
}
