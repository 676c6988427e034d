/* SPDX-License-Identifier: ISC */
/* Turns captured segments into packets for the live stack. */
#include "translate.h"

#include <stdlib.h>
#include <string.h>

#include "../bytes.h"

enum {
    PROTOCOL_TCP = 6,
    IPV4_DONT_FRAGMENT = 0x4000,
    IPV4_CHECKSUM_AT = 10,
    TCP_CHECKSUM_AT = 16,
    NOP = 1,
    OPTION_TIMESTAMP = 8,
    TIMESTAMP_BYTES = 10,
    TIMESTAMP_PADDED_BYTES = 12,
    SACK_BLOCK_BYTES = 8,
    SCALE_BYTES = 3,
    SACK_PERMITTED_BYTES = 2,
    WINDOW_MAX = 65535,
};

static void blank(uint8_t *options, unsigned at, unsigned len) { memset(options + at, NOP, len); }

/* A SACK edge of the capture as an offset, near the acknowledgement in the same segment. */
static int64_t edge_offset(const struct translation *t, const struct outgoing *o,
                           const uint8_t *edge)
{
    return o->ack_offset + (int32_t)(load_be32(edge) - (t->captured_isn + (uint32_t)o->ack_offset));
}

int64_t ms_translate_sack_end(const struct translation *t, const struct outgoing *o)
{
    struct segment_options at;
    int64_t last = 0;

    ms_segment_options(&at, o->options, o->options_len);
    if (at.sack_at == OPTION_ABSENT)
        return 0;
    for (unsigned i = 0; i < at.sack_blocks; i++) {
        const uint8_t *block = o->options + at.sack_at + 2 + i * SACK_BLOCK_BYTES;
        int64_t end = edge_offset(t, o, block + 4);

        if (end > last)
            last = end;
    }
    return last;
}

/* Both edges of each block; blocks beyond what the stack will ever send blank them all. */
static void translate_sack(const struct translation *t, const struct outgoing *o, uint8_t *options,
                           const struct segment_options *at)
{
    if (at->sack_at == OPTION_ABSENT)
        return;
    if (!t->stack_sack || ms_translate_sack_end(t, o) > t->stack_limit) {
        blank(options, at->sack_at, 2u + at->sack_blocks * SACK_BLOCK_BYTES);
        return;
    }
    for (unsigned i = 0; i < at->sack_blocks * 2u; i++) {
        uint8_t *edge = options + at->sack_at + 2 + i * 4;

        store_be32(edge, load_be32(edge) - t->captured_isn + t->stack_isn);
    }
}

/* An answer may only offer what the stack's SYN offered. */
static void trim_offers(const struct translation *t, uint8_t *options,
                        const struct segment_options *at)
{
    if (at->scale_at != OPTION_ABSENT && !t->stack_scale)
        blank(options, at->scale_at, SCALE_BYTES);
    if (at->sack_permitted_at != OPTION_ABSENT && !t->stack_sack)
        blank(options, at->sack_permitted_at, SACK_PERMITTED_BYTES);
}

/* RFC 7323, 3.2: once agreed on, every segment but RST has timestamps. Returns the new length. */
static unsigned add_timestamp(const struct translation *t, uint8_t *options, unsigned len)
{
    if (len + TIMESTAMP_PADDED_BYTES > TCP_OPTIONS_MAX)
        len = 0;
    options[len] = NOP;
    options[len + 1] = NOP;
    options[len + 2] = OPTION_TIMESTAMP;
    options[len + 3] = TIMESTAMP_BYTES;
    store_be32(options + len + 4, t->ts_value);
    store_be32(options + len + 8, t->ts_recent);
    return len + TIMESTAMP_PADDED_BYTES;
}

static unsigned translate_timestamp(struct translation *t, const struct outgoing *o,
                                    uint8_t *options, uint8_t timestamp_at)
{
    bool is_first_syn = (o->flags & (SEGMENT_SYN | SEGMENT_ACK)) == SEGMENT_SYN;
    bool is_agreed = t->my_timestamps && t->stack_timestamps;

    if (timestamp_at == OPTION_ABSENT) {
        if (is_agreed && !(o->flags & (SEGMENT_SYN | SEGMENT_RST)))
            return add_timestamp(t, options, o->options_len);
    } else if (is_agreed || is_first_syn) {
        t->ts_value = load_be32(options + timestamp_at + 2);
        if (!is_first_syn)
            store_be32(options + timestamp_at + 6, (o->flags & SEGMENT_ACK) ? t->ts_recent : 0);
    } else {
        blank(options, timestamp_at, TIMESTAMP_BYTES);
    }
    return o->options_len;
}

/* Writes the options as the live stack must see them. Returns their length. */
static unsigned translate_options(struct translation *t, const struct outgoing *o,
                                  uint8_t options[TCP_OPTIONS_MAX])
{
    struct segment_options at;

    if (o->options_len > 0)
        memcpy(options, o->options, o->options_len);
    ms_segment_options(&at, options, o->options_len);
    translate_sack(t, o, options, &at);
    if ((o->flags & SEGMENT_SYN) && (o->flags & SEGMENT_ACK))
        trim_offers(t, options, &at);
    return translate_timestamp(t, o, options, at.timestamp_at);
}

static uint16_t translate_window(const struct translation *t, const struct outgoing *o)
{
    uint32_t window = o->window;

    if (o->flags & SEGMENT_SYN)
        return o->window;
    window = window << t->captured_shift >> t->live_shift;
    return (uint16_t)(window < WINDOW_MAX ? window : WINDOW_MAX);
}

static uint8_t *put_ipv4(const struct translation *t, const struct outgoing *o, uint8_t *ip,
                         uint32_t tcp_len)
{
    struct sum sum = { 0 };

    memset(ip, 0, IPV4_HEADER_BYTES);
    ip[0] = 0x45;
    ip[1] = o->traffic_class;
    store_be16(ip + 2, (uint16_t)(IPV4_HEADER_BYTES + tcp_len));
    store_be16(ip + 4, o->ip_id);
    store_be16(ip + 6, IPV4_DONT_FRAGMENT);
    ip[8] = o->hop_limit;
    ip[9] = PROTOCOL_TCP;
    memcpy(ip + 12, t->my_addr.bytes + 12, 4);
    memcpy(ip + 16, t->stack_addr.bytes + 12, 4);
    sum_bytes(&sum, ip, IPV4_HEADER_BYTES);
    store_be16(ip + IPV4_CHECKSUM_AT, (uint16_t)~sum_fold(&sum));
    return ip + IPV4_HEADER_BYTES;
}

static uint8_t *put_ipv6(const struct translation *t, const struct outgoing *o, uint8_t *ip,
                         uint32_t tcp_len)
{
    store_be32(ip, 0x60000000u | (uint32_t)o->traffic_class << 20);
    store_be16(ip + 4, (uint16_t)tcp_len);
    ip[6] = PROTOCOL_TCP;
    ip[7] = o->hop_limit;
    memcpy(ip + 8, t->my_addr.bytes, 16);
    memcpy(ip + 24, t->stack_addr.bytes, 16);
    return ip + IPV6_HEADER_BYTES;
}

static void put_tcp(const struct translation *t, const struct outgoing *o, uint8_t *tcp,
                    unsigned options_len)
{
    bool has_ack = (o->flags & SEGMENT_ACK) != 0;

    store_be16(tcp, t->my_port);
    store_be16(tcp + 2, t->stack_port);
    store_be32(tcp + 4, t->my_isn + (uint32_t)o->offset);
    store_be32(tcp + 8, has_ack ? t->stack_isn + (uint32_t)o->ack_offset : 0);
    tcp[12] = (uint8_t)((TCP_HEADER_BYTES + options_len) / 4 << 4);
    tcp[13] = o->flags;
    store_be16(tcp + 14, translate_window(t, o));
    store_be16(tcp + TCP_CHECKSUM_AT, 0);
    store_be16(tcp + 18, o->urgent);
}

static void put_checksum(const struct translation *t, const struct outgoing *o, uint8_t *tcp,
                         uint32_t tcp_len)
{
    struct sum sum = { 0 };
    uint16_t checksum;

    ms_segment_pseudo_sum(&sum, &t->my_addr, &t->stack_addr, tcp_len);
    sum_bytes(&sum, tcp, tcp_len);
    checksum = (uint16_t)~sum_fold(&sum);
    if (o->is_corrupt) /* as it was on the wire */
        checksum ^= 0x5555;
    store_be16(tcp + TCP_CHECKSUM_AT, checksum);
}

static void free_frame(struct ms_frame *frame) { free(frame); }

struct ms_frame *ms_translate(struct translation *t, const struct outgoing *o)
{
    bool is_ipv4 = ms_addr_is_ipv4(&t->my_addr);
    uint8_t options[TCP_OPTIONS_MAX];
    unsigned options_len = translate_options(t, o, options);
    uint32_t tcp_len = TCP_HEADER_BYTES + options_len + o->payload_len;
    uint32_t len = tcp_len + (is_ipv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
    struct ms_frame *frame = malloc(sizeof *frame + len);
    uint8_t *ip, *tcp;

    if (!frame)
        return NULL;
    ip = (uint8_t *)frame->slices;
    *frame = (struct ms_frame){ .head = ip, .head_len = len, .refs = 1, .release = free_frame };
    tcp = is_ipv4 ? put_ipv4(t, o, ip, tcp_len) : put_ipv6(t, o, ip, tcp_len);
    put_tcp(t, o, tcp, options_len);
    if (options_len > 0)
        memcpy(tcp + TCP_HEADER_BYTES, options, options_len);
    if (o->payload_len > 0)
        memcpy(tcp + TCP_HEADER_BYTES + options_len, o->payload, o->payload_len);
    put_checksum(t, o, tcp, tcp_len);
    return frame;
}
