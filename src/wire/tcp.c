/* SPDX-License-Identifier: ISC */
/* TCP options other than a lone timestamp; the usual segment never leaves wire/tcp.h. */
#include "wire/tcp.h"

enum {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMP = 8,
};

/* Lengths on the wire, kind and length included. */
enum {
    MSS_LEN = 4,
    WSCALE_LEN = 3,
    SACK_PERMITTED_LEN = 2,
    TIMESTAMP_LEN = 10,
    SACK_BLOCK_LEN = 8,
    ALIGNED_LEN = 4, /* of window scale or SACK permitted with its NOPs */
    SACK_START_LEN = 4,
};

static enum ms_drop sack_parse(struct tcp_header *header, struct bytes body)
{
    size_t count = body.len / SACK_BLOCK_LEN;

    if (body.len % SACK_BLOCK_LEN != 0 || count == 0 || count > TCP_SACK_MAX)
        return MS_DROP_TCP_BAD_OPTION;
    header->options |= TCP_OPTION_SACK;
    header->sack_count = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        header->sack[i].start = load_be32(body.data + i * SACK_BLOCK_LEN);
        header->sack[i].end = load_be32(body.data + i * SACK_BLOCK_LEN + 4);
    }
    return MS_DROP_NONE;
}

/* body is what follows kind and length. */
static enum ms_drop option_parse(struct tcp_header *header, uint8_t kind, struct bytes body)
{
    const size_t len = body.len + 2;

    switch (kind) {
    case KIND_MSS:
        if (len != MSS_LEN)
            return MS_DROP_TCP_BAD_OPTION;
        header->options |= TCP_OPTION_MSS;
        header->mss = load_be16(body.data);
        return MS_DROP_NONE;
    case KIND_WSCALE:
        if (len != WSCALE_LEN)
            return MS_DROP_TCP_BAD_OPTION;
        header->options |= TCP_OPTION_WSCALE;
        header->wscale = (uint8_t)min_u32(body.data[0], TCP_WSCALE_MAX);
        return MS_DROP_NONE;
    case KIND_SACK_PERMITTED:
        if (len != SACK_PERMITTED_LEN)
            return MS_DROP_TCP_BAD_OPTION;
        header->options |= TCP_OPTION_SACK_PERMITTED;
        return MS_DROP_NONE;
    case KIND_TIMESTAMP:
        if (len != TIMESTAMP_LEN)
            return MS_DROP_TCP_BAD_OPTION;
        header->options |= TCP_OPTION_TIMESTAMP;
        header->ts_value = load_be32(body.data);
        header->ts_echo = load_be32(body.data + 4);
        return MS_DROP_NONE;
    case KIND_SACK: return sack_parse(header, body);
    default: return MS_DROP_NONE;
    }
}

/* Each turn consumes at least one of at most forty bytes. What follows the end is padding. */
static enum ms_drop options_walk(struct tcp_header *header, struct bytes options)
{
    while (options.len > 0 && options.data[0] != KIND_END) {
        struct bytes option = { 0 };
        enum ms_drop drop;
        uint8_t kind = options.data[0];

        if (kind == KIND_NOP) {
            bytes_skip(&options, 1);
            continue;
        }
        if (options.len < 2 || options.data[1] < 2 ||
            !bytes_take(&options, options.data[1], &option))
            return MS_DROP_TCP_BAD_OPTION;
        bytes_skip(&option, 2);
        drop = option_parse(header, kind, option);
        if (drop)
            return drop;
    }
    return MS_DROP_NONE;
}

/* The inline part has read the fixed fields and checked that the header is all there. */
enum ms_drop ms_tcp_options_parse(struct tcp_header *header, struct bytes *b)
{
    struct bytes segment = *b;
    struct bytes options = { 0 };
    enum ms_drop drop;

    bytes_skip(&segment, TCP_HEADER_LEN);
    if (!bytes_take(&segment, header->header_len - (size_t)TCP_HEADER_LEN, &options))
        return MS_DROP_TCP_BAD_HEADER_LENGTH;
    header->options = 0;
    drop = options_walk(header, options);
    if (drop)
        return drop;
    *b = segment;
    return MS_DROP_NONE;
}

static size_t without_sack_len(uint8_t options)
{
    size_t len = 0;

    if (options & TCP_OPTION_MSS)
        len += MSS_LEN;
    if (options & TCP_OPTION_TIMESTAMP)
        len += TCP_TIMESTAMP_LEN; /* SACK permitted takes the place of its NOPs */
    else if (options & TCP_OPTION_SACK_PERMITTED)
        len += ALIGNED_LEN;
    if (options & TCP_OPTION_WSCALE)
        len += ALIGNED_LEN;
    return len;
}

/* As many blocks as there are, or as fit beside the other options. */
static size_t sack_blocks_that_fit(const struct tcp_header *header, size_t len)
{
    const size_t room = (TCP_OPTIONS_LEN_MAX - SACK_START_LEN - len) / SACK_BLOCK_LEN;

    if (!(header->options & TCP_OPTION_SACK))
        return 0;
    return header->sack_count < room ? header->sack_count : room;
}

size_t ms_tcp_unusual_options_len(const struct tcp_header *header)
{
    const size_t len = without_sack_len(header->options);
    const size_t blocks = sack_blocks_that_fit(header, len);

    return blocks == 0 ? len : len + SACK_START_LEN + blocks * SACK_BLOCK_LEN;
}

/* NOPs pad each option to four bytes, in the order Linux uses, so that peers meet no surprise. */
static uint8_t *timestamp_emit(const struct tcp_header *header, uint8_t *p)
{
    const bool sack_permitted = header->options & TCP_OPTION_SACK_PERMITTED;

    p[0] = sack_permitted ? KIND_SACK_PERMITTED : KIND_NOP;
    p[1] = sack_permitted ? SACK_PERMITTED_LEN : KIND_NOP;
    p[2] = KIND_TIMESTAMP;
    p[3] = TIMESTAMP_LEN;
    store_be32(p + 4, header->ts_value);
    store_be32(p + 8, header->ts_echo);
    return p + TCP_TIMESTAMP_LEN;
}

static void sack_emit(const struct tcp_header *header, size_t blocks, uint8_t *p)
{
    p[0] = KIND_NOP;
    p[1] = KIND_NOP;
    p[2] = KIND_SACK;
    p[3] = (uint8_t)(2 + blocks * SACK_BLOCK_LEN);
    p += SACK_START_LEN;
    for (size_t i = 0; i < blocks; i++) {
        store_be32(p, header->sack[i].start);
        store_be32(p + 4, header->sack[i].end);
        p += SACK_BLOCK_LEN;
    }
}

size_t ms_tcp_options_emit(const struct tcp_header *header, uint8_t *end)
{
    const size_t len = ms_tcp_unusual_options_len(header);
    const size_t blocks = sack_blocks_that_fit(header, without_sack_len(header->options));
    uint8_t *p = end - len;

    if (header->options & TCP_OPTION_MSS) {
        store_be32(p, (uint32_t)KIND_MSS << 24 | MSS_LEN << 16 | header->mss);
        p += MSS_LEN;
    }
    if (header->options & TCP_OPTION_TIMESTAMP) {
        p = timestamp_emit(header, p);
    } else if (header->options & TCP_OPTION_SACK_PERMITTED) {
        store_be32(p,
                   KIND_NOP << 24 | KIND_NOP << 16 | KIND_SACK_PERMITTED << 8 | SACK_PERMITTED_LEN);
        p += ALIGNED_LEN;
    }
    if (header->options & TCP_OPTION_WSCALE) {
        store_be32(p, KIND_NOP << 24 | KIND_WSCALE << 16 | WSCALE_LEN << 8 | header->wscale);
        p += ALIGNED_LEN;
    }
    if (blocks > 0)
        sack_emit(header, blocks, p);
    return len;
}
