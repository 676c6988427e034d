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

/* The sum of a packet whose payload goes on in slices. */
static uint64_t sum_pieces(const struct packet *p, uint32_t here)
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

uint16_t ms_packet_sum(const struct packet *p)
{
    uint32_t here = min_u32((uint32_t)p->bytes.len, p->len);

    return ms_checksum_fold(here == p->len ? p->stack->checksum(p->bytes.data, here)
                                           : sum_pieces(p, here));
}

bool ms_packet_checksum_is_right(const struct packet *p)
{
    uint64_t sum = ms_ip_pseudo_sum(&p->flow.local, &p->flow.remote, p->protocol, p->len);

    return ms_checksum_fold(sum + ms_packet_sum(p)) == 0xffff;
}
