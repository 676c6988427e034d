/* SPDX-License-Identifier: ISC */
/* The TCP header and its options (RFC 9293, 7323, 2018). */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include "core/assert.h"
#include "core/bytes.h"
#include "core/drop.h"
#include "core/seq.h"

enum {
    TCP_HEADER_LEN = 20,
    TCP_HEADER_LEN_MAX = 60,
    TCP_OPTIONS_LEN_MAX = 40,
    TCP_TIMESTAMP_LEN = 12, /* with the two NOPs that align it */
    TCP_SACK_MAX = 4,
    TCP_WSCALE_MAX = 14, /* RFC 7323, 2.3: what is larger counts as 14 */
};

/* Where its fields lie. */
enum {
    TCP_SEQ_OFFSET = 4,
    TCP_ACK_OFFSET = 8,
    TCP_OFFSET_OFFSET = 12, /* data offset and flags */
    TCP_WINDOW_OFFSET = 14,
    TCP_CHECKSUM_OFFSET = 16,
};

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
    TCP_ECE = 0x40,
    TCP_CWR = 0x80,
};

/* Bits of tcp_header.options. Without its bit, an option's field means nothing. */
enum tcp_option {
    TCP_OPTION_MSS = 0x01,
    TCP_OPTION_WSCALE = 0x02,
    TCP_OPTION_SACK_PERMITTED = 0x04,
    TCP_OPTION_SACK = 0x08,
    TCP_OPTION_TIMESTAMP = 0x10,
};

/* NOP, NOP, timestamp, length 10: what nearly every segment with options has, and only that. */
#define TCP_TIMESTAMP_WORD 0x0101080au

struct tcp_header {
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint16_t window;
    uint16_t urgent;
    uint8_t flags;      /* enum tcp_flag */
    uint8_t options;    /* enum tcp_option: which of the following are there */
    uint8_t header_len; /* parsed; emitting does not look at it */
    uint8_t wscale;
    uint16_t mss;
    uint8_t sack_count;
    uint32_t ts_value, ts_echo;
    struct seq_range sack[TCP_SACK_MAX];
};

/* The parts of parsing and emitting that only unusual options need. */
enum ms_drop ms_tcp_options_parse(struct tcp_header *header, struct bytes *b);
size_t ms_tcp_options_emit(const struct tcp_header *header, uint8_t *end);
size_t ms_tcp_unusual_options_len(const struct tcp_header *header);

/* The bytes that header->options take when emitted: a multiple of 4, at most 40. */
static inline size_t ms_tcp_options_len(const struct tcp_header *header)
{
    if (header->options == 0)
        return 0;
    if (header->options == TCP_OPTION_TIMESTAMP)
        return TCP_TIMESTAMP_LEN;
    return ms_tcp_unusual_options_len(header);
}

/*
 * Leaves b at the payload. Meaning (which options a SYN alone may carry, ports, flags) is the
 * caller's; a malformed option refuses the segment.
 */
static inline enum ms_drop ms_tcp_header_parse(struct tcp_header *header, struct bytes *b)
{
    const uint8_t *p = b->data;
    size_t header_len;

    if (b->len < TCP_HEADER_LEN)
        return MS_DROP_TCP_TRUNCATED;
    header_len = (size_t)(p[12] >> 4) * 4;
    if (header_len < TCP_HEADER_LEN || header_len > b->len)
        return MS_DROP_TCP_BAD_HEADER_LENGTH;
    header->src_port = load_be16(p);
    header->dst_port = load_be16(p + 2);
    header->seq = load_be32(p + 4);
    header->ack = load_be32(p + 8);
    header->flags = p[13];
    header->window = load_be16(p + 14);
    header->urgent = load_be16(p + 18);
    header->header_len = (uint8_t)header_len;
    header->options = 0;
    if (header_len == TCP_HEADER_LEN + TCP_TIMESTAMP_LEN &&
        load_be32(p + 20) == TCP_TIMESTAMP_WORD) {
        header->options = TCP_OPTION_TIMESTAMP;
        header->ts_value = load_be32(p + 24);
        header->ts_echo = load_be32(p + 28);
    } else if (header_len != TCP_HEADER_LEN) {
        return ms_tcp_options_parse(header, b);
    }
    b->data = p + header_len;
    b->len -= header_len;
    return MS_DROP_NONE;
}

/* Writes the twenty bytes every header has, with a checksum of zero. */
static inline void tcp_fixed_part_store(const struct tcp_header *header, uint8_t *p,
                                        uint32_t header_len)
{
    store_be32(p, (uint32_t)header->src_port << 16 | header->dst_port);
    store_be32(p + 4, header->seq);
    store_be32(p + 8, header->ack);
    store_be32(p + 12, header_len << 26 | (uint32_t)header->flags << 16 | header->window);
    store_be32(p + 16, header->urgent);
}

/*
 * Writes a header with a timestamp or without options before end, with a checksum of zero, and
 * returns its length. What a header without them has no use for need not be set.
 */
static MS_INLINE uint32_t ms_tcp_plain_header_emit(const struct tcp_header *header, uint8_t *end)
{
    uint32_t header_len = TCP_HEADER_LEN;

    if (header->options) {
        header_len += TCP_TIMESTAMP_LEN;
        store_be32(end - 12, TCP_TIMESTAMP_WORD);
        store_be32(end - 8, header->ts_value);
        store_be32(end - 4, header->ts_echo);
    }
    tcp_fixed_part_store(header, end - header_len, header_len);
    return header_len;
}

/* Writes any header before end with a checksum of zero and returns its length. */
static inline uint32_t ms_tcp_header_emit(const struct tcp_header *header, uint8_t *end)
{
    uint32_t header_len;

    if (!(header->options & ~TCP_OPTION_TIMESTAMP))
        return ms_tcp_plain_header_emit(header, end);
    header_len = TCP_HEADER_LEN + (uint32_t)ms_tcp_options_emit(header, end);
    tcp_fixed_part_store(header, end - header_len, header_len);
    return header_len;
}

#endif
