/* SPDX-License-Identifier: ISC */
/*
 * Header prediction: nearly every segment is the next one of an established connection, with
 * nothing to it but text and an ACK. Such a one is known by one look at all its headers, and needs
 * few of the steps of RFC 9293, 3.10.7.4: the others would find nothing to do. Any other frame is
 * left as it is, to climb floor by floor.
 */
#include "tcp/tcp.h"

#include "tcp/ack.h"
#include "tcp/text.h"
#include "tcp/verbs.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum {
    PLAIN_HEADER = 0x5000 | TCP_ACK, /* data offset and flags: no options */
    TIMED_HEADER = 0x8000 | TCP_ACK, /* room for a timestamp */
};

/* A segment, as far as it has been believed. */
struct guess {
    const uint8_t *ip, *tcp;
    uint32_t ip_len, header_len; /* of the packet; of TCP */
    const uint8_t *text;
    uint32_t text_len;
    uint32_t frame_len;
    uint32_t seq, ack;
};

/* The link header says IP, and to us; the first piece has room for the shortest headers. */
static MS_INLINE bool find_ip(const struct ms_netif *netif, const struct ms_frame *frame,
                              struct guess *g)
{
    const uint8_t *at = frame->head;
    uint16_t type;

    g->ip = at;
    if (netif->driver->medium == MS_MEDIUM_IP)
        return frame->head_len >= IPV4_HEADER_LEN + TCP_HEADER_LEN;
    g->ip = at + ETH_HEADER_LEN;
    if (frame->head_len < ETH_HEADER_LEN + IPV4_HEADER_LEN + TCP_HEADER_LEN ||
        !eth_is_address(at, netif->driver->mac) || eth_is_group(at + ETH_ADDRESS_LEN))
        return false;
    type = load_be16(at + ETH_TYPE_OFFSET);
    return type == (*g->ip >> 4 == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
}

/* An IPv4 header without options, of no fragment, with TCP behind it. */
static MS_INLINE bool is_ipv4_plain(struct guess *g)
{
    const uint32_t mask = (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET) << 16 | UINT8_MAX;
    uint32_t first = load_be32(g->ip), second = load_be32(g->ip + IPV4_FRAGMENT_FIELD_OFFSET);

    g->ip_len = first & UINT16_MAX;
    g->tcp = g->ip + IPV4_HEADER_LEN;
    return first >> 24 == 0x45 && (second & mask) == IP_PROTOCOL_TCP;
}

/* An IPv6 header with TCP right behind it. */
static MS_INLINE bool is_ipv6_plain(const struct ms_frame *frame, struct guess *g)
{
    g->ip_len = IPV6_HEADER_LEN + load_be16(g->ip + IPV6_PAYLOAD_LEN_OFFSET);
    g->tcp = g->ip + IPV6_HEADER_LEN;
    return *g->ip >> 4 == 6 && g->ip[IPV6_NEXT_HEADER_OFFSET] == IP_PROTOCOL_TCP &&
           (uint32_t)(g->tcp - frame->head) + TCP_HEADER_LEN <= frame->head_len;
}

/* ACK and perhaps PSH are all flags; the text lies in one piece, behind the header or apart. */
static MS_INLINE bool find_text(const struct ms_frame *frame, struct guess *g)
{
    uint32_t kind = load_be16(g->tcp + TCP_OFFSET_OFFSET) & ~(uint32_t)TCP_PSH;
    uint32_t before, headers;

    if (kind != PLAIN_HEADER && kind != TIMED_HEADER)
        return false;
    g->header_len = kind >> 12 << 2;
    headers = (uint32_t)(g->tcp - g->ip) + g->header_len;
    before = (uint32_t)(g->ip - frame->head) + headers;
    if (g->ip_len < headers)
        return false;
    g->text = g->tcp + g->header_len;
    g->text_len = g->ip_len - headers;
    g->frame_len = frame->head_len;
    if (frame->slice_count == 0)
        return before + g->text_len <= frame->head_len; /* what follows is padding */
    g->text = frame->slices[0].data;
    g->frame_len += g->text_len;
    return frame->slice_count == 1 && before == frame->head_len &&
           g->text_len == frame->slices[0].len;
}

static MS_INLINE bool is_between(const struct flow *flow, const uint8_t *ip, bool is_ipv4)
{
    struct ms_addr local, remote;

    if (is_ipv4)
        return load_raw32(ip + IPV4_SRC_OFFSET) == load_raw32(flow->remote.bytes + 12) &&
               load_raw32(ip + IPV4_DST_OFFSET) == load_raw32(flow->local.bytes + 12) &&
               addr_is_ipv4(&flow->remote);
    memcpy(remote.bytes, ip + IPV6_SRC_OFFSET, sizeof(remote.bytes));
    memcpy(local.bytes, ip + IPV6_DST_OFFSET, sizeof(local.bytes));
    return addr_equal(&remote, &flow->remote) && addr_equal(&local, &flow->local) &&
           !addr_is_ipv4(&flow->remote);
}

/* It came the way that the connection's own segments go, so that its addresses are in order. */
static MS_INLINE bool is_of(const struct ms_tcp *c, const struct ms_netif *netif,
                            const struct guess *g, bool is_ipv4)
{
    uint32_t ports = (uint32_t)c->entry.flow.remote_port << 16 | c->entry.flow.local_port;

    return load_be32(g->tcp) == ports && c->path.netif == netif &&
           is_between(&c->entry.flow, g->ip, is_ipv4) && ms_ip_path_is_valid(c->stack, &c->path);
}

/* The number of what the table has for it, or FLOW_NONE. */
__attribute__((noinline)) static uint32_t look_up(struct tcp_floor *floor, const uint8_t *ip,
                                                  const uint8_t *tcp)
{
    struct flow flow;

    if (tcp - ip == IPV4_HEADER_LEN) {
        addr_set_ipv4(&flow.remote, load_be32(ip + IPV4_SRC_OFFSET));
        addr_set_ipv4(&flow.local, load_be32(ip + IPV4_DST_OFFSET));
    } else {
        memcpy(flow.remote.bytes, ip + IPV6_SRC_OFFSET, sizeof(flow.remote.bytes));
        memcpy(flow.local.bytes, ip + IPV6_DST_OFFSET, sizeof(flow.local.bytes));
    }
    flow.remote_port = load_be16(tcp);
    flow.local_port = load_be16(tcp + 2);
    return ms_flow_table_look_up(&floor->table, &flow);
}

/* Mostly the one that was heard last. NULL: none, or none that came this way. */
static MS_INLINE struct ms_tcp *find_connection(struct tcp_floor *floor,
                                                const struct ms_netif *netif, const struct guess *g,
                                                bool is_ipv4)
{
    uint32_t number = floor->table.last;

    if (MS_LIKELY(number_is_connection(floor, number)) &&
        is_of(conn_at(floor, number), netif, g, is_ipv4))
        return conn_at(floor, number);
    number = look_up(floor, g->ip, g->tcp);
    if (!number_is_connection(floor, number) || !is_of(conn_at(floor, number), netif, g, is_ipv4))
        return NULL;
    return conn_at(floor, number);
}

/* A timestamp where there has to be one, and no old one (RFC 7323, 5.3). */
static MS_INLINE bool is_timely(const struct ms_tcp *c, const struct guess *g)
{
    const uint8_t *options = g->tcp + TCP_HEADER_LEN;

    if (!(c->flags & CONN_TIMESTAMPS))
        return g->header_len == TCP_HEADER_LEN;
    return g->header_len != TCP_HEADER_LEN && load_be32(options) == TCP_TIMESTAMP_WORD &&
           seq_ge(load_be32(options + 4), c->ts_recent);
}

/* The next text in order, all inside the window, and an ACK of something sent, or none of news. */
static MS_INLINE bool is_expected(const struct ms_tcp *c, struct guess *g)
{
    g->seq = load_be32(g->tcp + TCP_SEQ_OFFSET);
    g->ack = load_be32(g->tcp + TCP_ACK_OFFSET);
    return g->seq == c->recv_next && c->state == MS_TCP_ESTABLISHED &&
           g->text_len <= c->recv_window_end - c->recv_next && !c->recv.runs &&
           g->ack - c->send_unacked <= conn_outstanding(c) &&
           (g->ack != c->send_unacked || g->text_len > 0) && conn_is_sure(c) &&
           !(c->flags & CONN_FIN_KNOWN);
}

static MS_INLINE bool are_checksums_right(const struct ms_stack *stack,
                                          const struct ms_frame *frame, const struct guess *g,
                                          bool is_ipv4)
{
    const uint8_t *ip = g->ip;
    uint32_t len = g->header_len + g->text_len;
    uint64_t sum;

    if (is_ipv4 && !ms_ipv4_header_sum_ok(ip, IPV4_HEADER_LEN))
        return false;
    if (frame->flags & (MS_FRAME_CHECKSUM_VALID | MS_FRAME_CHECKSUM_PARTIAL))
        return true;
    sum = is_ipv4 ? ms_checksum_pseudo_ipv4(ip + IPV4_SRC_OFFSET, ip + IPV4_DST_OFFSET,
                                            IP_PROTOCOL_TCP, len)
                  : ms_checksum_pseudo_ipv6(ip + IPV6_SRC_OFFSET, ip + IPV6_DST_OFFSET,
                                            IP_PROTOCOL_TCP, len);
    sum += ms_checksum_header(g->tcp, g->header_len);
    if (g->text_len > 0)
        sum += stack->checksum(g->text, g->text_len);
    return ms_checksum_is_whole(sum);
}

static MS_INLINE void count_frame(struct ms_netif *netif, uint32_t len)
{
    struct ms_counters *counters = &netif->stack->counters;

    netif->stats.rx_bytes += len;
    counters->ip_in_receives++;
    counters->ip_in_delivers++;
    counters->tcp_in_segments++;
}

static MS_INLINE struct told told_by_guess(const struct ms_tcp *c, const struct guess *g)
{
    return (struct told){
        .seq = g->seq,
        .ack = g->ack,
        .window = (uint32_t)load_be16(g->tcp + TCP_WINDOW_OFFSET) << c->send_scale,
        .ts_echo = c->flags & CONN_TIMESTAMPS ? load_be32(g->tcp + TCP_HEADER_LEN + 8) : 0,
    };
}

/* The steps that are left, in their order. */
static MS_INLINE void arrive(struct ms_tcp *c, struct ms_frame *frame, const struct guess *g)
{
    const struct told told = told_by_guess(c, g);

    c->received_ms = c->stack->now_ms;
    c->keepalive_probes = 0;
    c->segments_received++;
    if ((c->flags & CONN_TIMESTAMPS) && seq_le(told.seq, c->last_ack_sent))
        c->ts_recent = load_be32(g->tcp + TCP_HEADER_LEN + 4);
    if (told.ack == c->send_unacked) {
        ack_update_window(c, &told);
    } else {
        ack_plainly_arrives(c, &told);
        ms_send_queue_acknowledge(&c->send, c->send_unacked);
    }
    if (g->text_len > 0) {
        const struct ms_slice run = { .data = g->text, .len = g->text_len };

        text_plainly_arrives(c, frame, &run);
    }
    if (c->due)
        conn_pend(c, 0);
}

/* All that comes behind a plain IP header. */
static MS_INLINE bool take(struct ms_netif *netif, struct ms_frame *frame, struct guess *g,
                           bool is_ipv4)
{
    struct ms_stack *stack = netif->stack;
    struct ms_tcp *c;

    if (!find_text(frame, g))
        return false;
    c = find_connection(stack->tcp, netif, g, is_ipv4);
    if (!c || !is_expected(c, g) || !is_timely(c, g) ||
        !are_checksums_right(stack, frame, g, is_ipv4))
        return false;
    count_frame(netif, g->frame_len);
    arrive(c, frame, g);
    ms_frame_put(frame);
    return true;
}

/* Apart, so that each family has code of its own that asks no more which one it is. */
__attribute__((noinline)) static bool predicted_ipv6(struct ms_netif *netif, struct ms_frame *frame,
                                                     const uint8_t *ip)
{
    struct guess g = { .ip = ip };

    return is_ipv6_plain(frame, &g) && take(netif, frame, &g, false);
}

MS_FLATTEN bool ms_tcp_predicted_input(struct ms_netif *netif, struct ms_frame *frame)
{
    struct guess g;

    if (MS_IS_SMALL || !netif->is_up || !find_ip(netif, frame, &g))
        return false;
    if (is_ipv4_plain(&g))
        return take(netif, frame, &g, true);
    return MS_HAS_IPV6 && predicted_ipv6(netif, frame, g.ip);
}
