/* SPDX-License-Identifier: ISC */
/*
 * SYN cookies (RFC 4987, 3.6): when no SYN record is left, the sequence number itself remembers.
 * From the top: 5 bits of a 64-second counter, 3 bits of MSS, 24 bits of keyed hash. With
 * timestamps, the low bits of ours carry window scale and SACK, so that nothing is lost.
 */
#include "tcp/verbs.h"

enum {
    COUNTER_US = 64000000,
    COUNTER_BITS_MASK = 0x1f,
    AGE_MAX = 1, /* counters: a cookie lives 64 to 128 seconds */
    HASH_MASK = 0xffffff,
    TS_OPTION_BITS = 6, /* window scale 4, "has window scale" 1, SACK 1 */
    TS_OPTION_MASK = (1 << TS_OPTION_BITS) - 1,
    TS_WSCALE = 0x10,
    TS_SACK = 0x20,
};

/* The MSS values that three bits can name: defaults and commonest. 0: the least there may be. */
static const uint16_t mss_values[] = { 0, 536, 1220, 1360, 1400, 1440, 1460, 8940 };

/* The counter is hashed whole: a cookie that is 2048 s old has the same five bits again. */
static uint32_t hash_of(const struct ms_stack *stack, const struct segment *s, uint32_t peer_isn,
                        uint64_t top)
{
    const struct flow *flow = &s->p->flow;
    uint64_t words[7] = {
        load_be64(flow->local.bytes),
        load_be64(flow->local.bytes + 8),
        load_be64(flow->remote.bytes),
        load_be64(flow->remote.bytes + 8),
        (uint64_t)flow->local_port << 16 | flow->remote_port,
        peer_isn,
        top,
    };

    return (uint32_t)ms_siphash(&stack->tcp->cookie_key, words, MS_ARRAY_LEN(words)) & HASH_MASK;
}

static uint64_t counter_now(const struct ms_stack *stack) { return stack->now_us / COUNTER_US; }

static unsigned mss_index(uint16_t mss)
{
    unsigned i = MS_ARRAY_LEN(mss_values) - 1;

    while (i > 0 && mss_values[i] > mss)
        i--;
    return i;
}

/* Our timestamp with the options in its low bits, not later than now. */
static uint32_t timestamp_with(uint32_t ts_now, uint32_t bits)
{
    uint32_t value = (ts_now & ~(uint32_t)TS_OPTION_MASK) | bits;

    return value > ts_now ? value - (TS_OPTION_MASK + 1) : value;
}

enum ms_drop ms_cookie_send(struct ms_tcp_listener *listener, struct segment *s)
{
    struct ms_stack *stack = listener->stack;
    const struct tcp_header *syn = &s->header;
    uint16_t mss = syn->options & TCP_OPTION_MSS ? syn->mss : packet_is_ipv4(s->p) ? 536 : 1220;
    uint64_t top = counter_now(stack) << 3 | mss_index(mss);
    uint32_t bits = 0, ts_offset;
    uint32_t headers = TCP_HEADER_LEN + (packet_is_ipv4(s->p) ? 20 : 40);
    struct tcp_header answer = {
        .src_port = s->p->flow.local_port,
        .dst_port = s->p->flow.remote_port,
        .seq = (uint32_t)top << 24 | hash_of(stack, s, syn->seq, top),
        .ack = syn->seq + 1,
        .flags = TCP_SYN | TCP_ACK,
        .window = (uint16_t)min_u32(stack->config.tcp_recv_window_bytes, UINT16_MAX),
        .options = TCP_OPTION_MSS,
        .mss = (uint16_t)(s->p->netif->mtu - headers),
        .wscale = ms_recv_scale(stack->config.tcp_recv_window_bytes),
        .ts_echo = syn->ts_value,
    };

    if ((syn->options & TCP_OPTION_TIMESTAMP) && stack->config.tcp_timestamps) {
        answer.options |= TCP_OPTION_TIMESTAMP;
        if (syn->options & TCP_OPTION_WSCALE) {
            answer.options |= TCP_OPTION_WSCALE;
            bits |= TS_WSCALE | min_u32(syn->wscale, TCP_WSCALE_MAX);
        }
        if ((syn->options & TCP_OPTION_SACK_PERMITTED) && stack->config.tcp_sack) {
            answer.options |= TCP_OPTION_SACK_PERMITTED;
            bits |= TS_SACK;
        }
        (void)ms_tcp_isn(stack, &s->p->flow, &ts_offset);
        answer.ts_value = timestamp_with(stack->now_ms + ts_offset, bits);
    }
    stack->tcp->cookies_until_us = stack->now_us + (AGE_MAX + 1) * (uint64_t)COUNTER_US;
    stack->counters.tcp_syn_cookies_sent++;
    ms_tcp_emit_reply(s->p, &answer);
    return MS_DROP_NONE;
}

/* What a SYN record would have remembered. */
static struct syn_record record_from(const struct segment *s, uint32_t cookie)
{
    uint32_t bits = s->header.ts_echo & TS_OPTION_MASK;
    struct syn_record record = {
        .entry.flow = s->p->flow,
        .isn = cookie,
        .peer_isn = s->seq - 1,
        .peer_mss = mss_values[cookie >> 24 & 7],
    };

    if ((s->header.options & TCP_OPTION_TIMESTAMP) && s->p->stack->config.tcp_timestamps) {
        record.options = SYN_TIMESTAMP;
        record.ts_recent = s->header.ts_value;
        if (bits & TS_WSCALE)
            record.options |= (uint8_t)(SYN_WSCALE | (bits & SYN_WSCALE_MASK));
        if (bits & TS_SACK)
            record.options |= SYN_SACK;
    }
    return record;
}

static bool is_ours(const struct ms_stack *stack, const struct segment *s, uint32_t cookie)
{
    uint64_t now = counter_now(stack), age = (now - (cookie >> 27)) & COUNTER_BITS_MASK;
    uint64_t top = (now - age) << 3 | (cookie >> 24 & 7);

    return age <= AGE_MAX && (cookie & HASH_MASK) == hash_of(stack, s, s->seq - 1, top);
}

enum ms_drop ms_cookie_input(struct ms_tcp_listener *listener, struct segment *s)
{
    struct ms_stack *stack = listener->stack;
    struct tcp_floor *floor = stack->tcp;
    uint32_t cookie = s->header.ack - 1;
    struct syn_record record;
    struct ms_tcp *c;
    enum ms_drop drop;

    if (stack->now_us >= floor->cookies_until_us || (s->flags & TCP_SYN))
        return MS_DROP_TCP_NO_CONNECTION;
    if (!is_ours(stack, s, cookie)) {
        stack->counters.tcp_syn_cookies_failed++;
        return MS_DROP_TCP_BAD_COOKIE;
    }
    record = record_from(s, cookie);
    c = ms_syn_accept(listener, &record, s, &drop);
    if (!c)
        return drop;
    stack->counters.tcp_syn_cookies_accepted++;
    ms_flow_table_insert(&floor->table, conn_number(floor, c),
                         ms_flow_table_hash(&floor->table, &s->p->flow));
    return ms_listen_hand_over(listener, c, s);
}
