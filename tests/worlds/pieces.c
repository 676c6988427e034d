/* SPDX-License-Identifier: ISC */
/* A segment becomes two that overlap, as from a sender that cuts its text anew. */
#include <string.h>

#include "segment.h"
#include "world.h"

enum { IPV6_LEN = 40, TCP_LEN_MIN = 20, PROTOCOL_TCP = 6 };

/* Where a packet's TCP header and text are. */
struct layout {
    uint32_t tcp, text, end;
    bool is_ipv4;
};

static uint32_t read16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static bool find_layout(struct layout *l, const uint8_t *packet, uint32_t len)
{
    struct segment_seen seen;

    if (segment_read(&seen, packet, len) != SEGMENT_SOUND || seen.text_len < 2)
        return false;
    l->is_ipv4 = packet[0] >> 4 == 4;
    l->end = seen.packet_len;
    l->text = l->end - seen.text_len;
    l->tcp = l->text - seen.options_len - TCP_LEN_MIN;
    return true;
}

/* The same packet with the text from `from` to `to` only; both count from its first byte. */
static uint32_t cut(uint8_t *packet, const struct layout *l, uint32_t from, uint32_t to)
{
    uint32_t seq = read16(packet + l->tcp + 4) << 16 | read16(packet + l->tcp + 6);
    uint32_t end = l->text + to - from, sum;
    uint8_t *tcp = packet + l->tcp;

    memmove(packet + l->text, packet + l->text + from, to - from);
    put16(tcp + 4, (seq + from) >> 16);
    put16(tcp + 6, seq + from);
    if (l->text + to < l->end)
        tcp[13] &= (uint8_t)~SEEN_FIN;
    put16(tcp + 16, 0);
    if (l->is_ipv4) {
        put16(packet + 2, end);
        put16(packet + 10, 0);
        put16(packet + 10, segment_fold(segment_sum(0, packet, l->tcp)) ^ 0xffffu);
        sum = segment_sum(PROTOCOL_TCP + end - l->tcp, packet + 12, 8);
    } else {
        put16(packet + 4, end - IPV6_LEN);
        sum = segment_sum(PROTOCOL_TCP + end - l->tcp, packet + 8, 32);
    }
    put16(tcp + 16, segment_fold(segment_sum(sum, tcp, end - l->tcp)) ^ 0xffffu);
    return end;
}

bool pieces_cut(struct parcel *first, struct parcel *second, uint32_t skip, struct dice *dice)
{
    struct layout l;
    uint32_t text_len, from, to;

    if (first->len <= skip || !find_layout(&l, first->bytes + skip, first->len - skip))
        return false;
    text_len = l.end - l.text;
    to = 1 + dice_below(dice, text_len - 1);
    from = dice_below(dice, to + 1);
    first->len = skip + cut(first->bytes + skip, &l, 0, to);
    second->len = skip + cut(second->bytes + skip, &l, from, text_len);
    return true;
}
