/* SPDX-License-Identifier: ISC */
/* A stack on a wire of the test's own, in virtual time, and a peer that says what it is told. */
#include "support/wire_peer.h"

#include <stdalign.h>
#include <stdio.h>

#include "core/bytes.h"
#include "core/stack.h"
#include "wire/print.h"

enum {
    PACKET_MAX = 66000,
    IPV4_LEN = 20,
    IPV6_LEN = 40,
    PROTOCOL_TCP = 6,
    PROTOCOL_ICMP = 1,
    PROTOCOL_ICMPV6 = 58,
    SETTLE_MAX = 1000, /* polls at one instant: more is a busy loop */
};

bool peer_over_ipv4 = true, peer_over_ipv6 = false;

uint8_t peer_byte(uint32_t n) { return (uint8_t)(n ^ (n >> 8) * 37 ^ (n >> 16) * 101); }

/* Text of what went over the wire, shown when an expectation fails. */

static void note(struct peer *peer, char direction, const uint8_t *bytes, size_t len)
{
    char *line = peer->lines[peer->line_count++ % PEER_LINES];
    int used = snprintf(line, PEER_LINE, "%12.6f %c ", (double)peer->now_us / 1e6, direction);

    ms_print_frame(line + used, (size_t)(PEER_LINE - used), bytes, len, false);
}

static void fail_at(struct peer *peer, const char *file, int line, const char *why)
{
    unsigned first = peer->line_count > PEER_LINES ? peer->line_count - PEER_LINES : 0;

    for (unsigned i = first; i < peer->line_count; i++)
        print_error("%s\n", peer->lines[i % PEER_LINES]);
    for (unsigned i = 0; peer->flow && i < 1; i++)
        print_error("(initial sequence numbers: peer %u, stack %u)\n", peer->flow->isn,
                    peer->flow->stack_isn);
    print_error("%12.6f %s\n", (double)peer->now_us / 1e6, why);
    _fail(file, line);
}

/* Checksums, summed here on purpose: the library's own would agree with itself. */

static uint32_t sum_bytes(uint32_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    if (len % 2)
        sum += (uint32_t)(p[len - 1] << 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint16_t transport_sum(const uint8_t *packet, size_t header_len, uint8_t protocol,
                              size_t len)
{
    bool is_ipv4 = packet[0] >> 4 == 4;
    uint32_t sum = is_ipv4 ? sum_bytes(0, packet + 12, 8) : sum_bytes(0, packet + 8, 32);

    sum += protocol + (uint32_t)len;
    return (uint16_t)sum_bytes(sum, packet + header_len, len);
}

/* Writes the IP header for len bytes behind it; returns its own length. */
static size_t write_ip(const struct peer *peer, uint8_t *p, const struct seg *seg, uint8_t protocol,
                       size_t len)
{
    const struct ms_addr *from = seg->from ? seg->from : &peer->peer_addr;
    const struct ms_addr *to = seg->to ? seg->to : &peer->stack_addr;
    uint8_t hop_limit = seg->hop_limit ? seg->hop_limit : 64;

    memset(p, 0, peer->is_ipv4 ? IPV4_LEN : IPV6_LEN);
    if (!peer->is_ipv4) {
        p[0] = 0x60;
        store_be16(p + 4, (uint16_t)len);
        p[6] = protocol;
        p[7] = hop_limit;
        memcpy(p + 8, from->bytes, 16);
        memcpy(p + 24, to->bytes, 16);
        return IPV6_LEN;
    }
    p[0] = 0x45;
    store_be16(p + 2, (uint16_t)(IPV4_LEN + len));
    p[6] = 0x40;
    p[8] = hop_limit;
    p[9] = protocol;
    memcpy(p + 12, from->bytes + 12, 4);
    memcpy(p + 16, to->bytes + 12, 4);
    store_be16(p + 10, (uint16_t)~sum_bytes(0, p, IPV4_LEN));
    return IPV4_LEN;
}

/* The driver. */

static struct flow *flow_of(struct peer *peer, uint16_t peer_port, uint16_t stack_port)
{
    for (unsigned i = 0; i < peer->flow_count; i++) {
        struct flow *flow = &peer->flows[i];

        if (flow->peer_port == peer_port &&
            (flow->stack_port == stack_port || flow->stack_port == 0))
            return flow;
    }
    return NULL;
}

static void learn(struct flow *flow, struct heard *heard)
{
    const struct tcp_header *h = &heard->header;
    uint32_t end;

    flow->stack_port = h->src_port;
    if (h->flags & TCP_SYN) {
        if (flow->has_stack_isn && flow->stack_isn != h->seq)
            flow->heard_end = 0;
        flow->stack_isn = h->seq;
        flow->has_stack_isn = true;
    }
    if (h->options & TCP_OPTION_TIMESTAMP)
        flow->ts_recent = h->ts_value;
    heard->seq = h->seq - flow->stack_isn;
    heard->ack = h->ack - flow->isn;
    end = heard->seq + heard->len + !!(h->flags & TCP_SYN) + !!(h->flags & TCP_FIN);
    if (!(h->flags & TCP_RST) && (int32_t)(end - flow->heard_end) > 0)
        flow->heard_end = end;
}

static void hear_tcp(struct peer *peer, struct heard *heard, size_t ip_len, bool is_partial)
{
    struct bytes b = bytes_of(heard->bytes + ip_len, heard->bytes_len - ip_len);
    size_t tcp_len = b.len;

    if (!is_partial)
        assert_int_equal(transport_sum(heard->bytes, ip_len, PROTOCOL_TCP, tcp_len), 0xffff);
    assert_int_equal(ms_tcp_header_parse(&heard->header, &b), MS_DROP_NONE);
    heard->payload = b.data;
    heard->len = (uint32_t)b.len;
    heard->flow = flow_of(peer, heard->header.dst_port, heard->header.src_port);
    if (heard->flow)
        learn(heard->flow, heard);
    peer->heard_count++;
}

static void hear(struct peer *peer, const struct ms_frame *frame)
{
    struct heard *heard = &peer->heard[peer->heard_count];
    uint32_t len = frame->head_len;
    bool is_ipv4 = frame->head[0] >> 4 == 4;
    size_t ip_len = is_ipv4 ? IPV4_LEN : IPV6_LEN;
    uint8_t protocol;

    assert_true(peer->heard_count < PEER_FRAMES);
    *heard = (struct heard){ .at_us = peer->now_us, .segment_size = frame->segment_size };
    heard->bytes_len = ms_frame_len(frame);
    heard->bytes = malloc(heard->bytes_len);
    memcpy(heard->bytes, frame->head, len);
    for (unsigned i = 0; i < frame->slice_count; i++) {
        memcpy(heard->bytes + len, frame->slices[i].data, frame->slices[i].len);
        len += frame->slices[i].len;
    }
    note(peer, '>', heard->bytes, len);
    protocol = is_ipv4 ? heard->bytes[9] : heard->bytes[6];
    heard->hop_limit = is_ipv4 ? heard->bytes[8] : heard->bytes[7];
    heard->traffic_class =
        (uint8_t)(is_ipv4 ? heard->bytes[1] : heard->bytes[0] << 4 | heard->bytes[1] >> 4);
    if (protocol == PROTOCOL_TCP) {
        hear_tcp(peer, heard, ip_len, frame->flags & MS_FRAME_CHECKSUM_PARTIAL);
        return;
    }
    peer->other_frames++;
    if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6)
        memcpy(peer->last_icmp, heard->bytes + ip_len, 2);
    free(heard->bytes);
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct peer *peer = MS_CONTAINER_OF(driver, struct peer, driver);

    if (peer->refuses)
        return 0;
    for (unsigned i = 0; i < n; i++) {
        hear(peer, frames[i]);
        if (peer->holds_frames) {
            assert_true(peer->held_count < PEER_FRAMES);
            peer->held[peer->held_count++] = frames[i];
        } else {
            ms_frame_put(frames[i]);
        }
    }
    return n;
}

static const struct ms_driver_ops driver_ops = { .transmit = transmit };

void peer_release(struct peer *peer)
{
    unsigned n = peer->held_count;

    peer->held_count = 0;
    for (unsigned i = 0; i < n; i++)
        ms_frame_put(peer->held[i]);
}

/* Frames in: exactly as many bytes as are sent, so that a sanitizer sees each one too many. */

/* In front of each frame, as its maker cannot add a field behind. */
struct received {
    alignas(max_align_t) struct peer *peer;
};

static void release_received(struct ms_frame *frame)
{
    struct received *received = (struct received *)(void *)frame - 1;

    received->peer->frames_out--;
    free(frame->head);
    free(received);
}

/* Such as no device makes, but as is allowed: all floors have to look twice. */
static void add_padding(struct ms_frame *frame)
{
    static const uint8_t padding[2];

    for (unsigned i = 0; i < 2; i++)
        frame->slices[i] = (struct ms_slice){ .data = &padding[i], .len = 1 };
    frame->slice_count = 2;
}

static void put_on_wire(struct peer *peer, const uint8_t *bytes, size_t len)
{
    struct received *received =
        calloc(1, sizeof(*received) + sizeof(struct ms_frame) + 2 * sizeof(struct ms_slice));
    struct ms_frame *frame = (struct ms_frame *)(void *)(received + 1);

    note(peer, '<', bytes, len);
    received->peer = peer;
    frame->head = malloc(len);
    memcpy(frame->head, bytes, len);
    frame->head_len = (uint32_t)len;
    frame->refs = 1;
    frame->release = release_received;
    if (peer->pads)
        add_padding(frame);
    peer->frames_out++;
    assert_true(peer->batch_count < PEER_FRAMES);
    peer->batch[peer->batch_count++] = frame;
    if (!peer->is_batching)
        peer_deliver(peer);
}

void peer_deliver(struct peer *peer)
{
    unsigned n = peer->batch_count;

    peer->is_batching = false;
    peer->batch_count = 0;
    ms_netif_input(peer->netif, peer->batch, n, peer->now_us);
    peer_settle(peer);
}

/* Time. */

void peer_settle(struct peer *peer)
{
    for (unsigned i = 0; ms_next_deadline(peer->stack) <= peer->now_us; i++) {
        if (i == SETTLE_MAX)
            fail_at(peer, __FILE__, __LINE__, "the stack never settles");
        if (peer->refuses && i > 0)
            return;
        ms_poll(peer->stack, peer->now_us);
    }
}

void peer_run(struct peer *peer, uint64_t us)
{
    uint64_t until_us = peer->now_us + us, next_us;

    peer_settle(peer);
    while ((next_us = ms_next_deadline(peer->stack)) <= until_us && !peer->refuses) {
        peer->now_us = max_u64(next_us, peer->now_us);
        peer_settle(peer);
    }
    peer->now_us = until_us;
    ms_poll(peer->stack, peer->now_us);
    peer_settle(peer);
}

/* Segments out of the peer. */

static size_t write_timestamp(const struct peer *peer, const struct seg *seg, uint8_t *p)
{
    const struct flow *flow = peer->flow;

    store_be32(p, TCP_TIMESTAMP_WORD);
    store_be32(p + 4, seg->ts_value != ANY ? seg->ts_value
                                           : flow->ts_base + (uint32_t)(peer->now_us / MS));
    store_be32(p + 8, seg->ts_echo != ANY ? seg->ts_echo : flow->ts_recent);
    return TCP_TIMESTAMP_LEN;
}

static size_t write_sack(const struct peer *peer, const struct seg *seg, uint8_t *p)
{
    size_t len = 4;

    for (unsigned i = 0; i < TCP_SACK_MAX && seg->sack[i][1] != 0; i++, len += 8) {
        store_be32(p + len, seg->sack[i][0] + peer->flow->stack_isn);
        store_be32(p + len + 4, seg->sack[i][1] + peer->flow->stack_isn);
    }
    if (len == 4)
        return 0;
    store_be32(p, 0x01010500 | (uint32_t)(len - 2));
    return len;
}

static size_t write_options(const struct peer *peer, const struct seg *seg, uint8_t *p)
{
    size_t len = 0;

    if (seg->options) {
        memcpy(p, seg->options, seg->options_len);
        return seg->options_len;
    }
    if (seg->mss != ANY) {
        store_be32(p, 0x02040000 | seg->mss);
        len += 4;
    }
    if (seg->wscale != ANY) {
        store_be32(p + len, 0x01030300 | seg->wscale);
        len += 4;
    }
    if (seg->sack_permitted) {
        store_be32(p + len, 0x01010402);
        len += 4;
    }
    if ((peer->flow->has_timestamps && !seg->without_timestamp && !(seg->flags & TCP_RST)) ||
        seg->has_timestamp)
        len += write_timestamp(peer, seg, p + len);
    return len + write_sack(peer, seg, p + len);
}

static size_t write_tcp(const struct peer *peer, const struct seg *seg, uint8_t *p)
{
    struct flow *flow = peer->flow;
    uint32_t seq = seg->seq != ANY ? seg->seq : flow->next;
    uint32_t ack = seg->ack != ANY ? seg->ack : flow->heard_end;
    size_t header_len = TCP_HEADER_LEN + write_options(peer, seg, p + TCP_HEADER_LEN);
    uint32_t first = seq + !!(seg->flags & TCP_SYN);

    header_len = (header_len + 3) / 4 * 4;
    store_be16(p, (uint16_t)(seg->from_port != ANY ? seg->from_port : flow->peer_port));
    store_be16(p + 2, (uint16_t)(seg->to_port != ANY ? seg->to_port : flow->stack_port));
    store_be32(p + 4, seq + flow->isn);
    store_be32(p + 8, seg->flags & TCP_ACK ? ack + flow->stack_isn : 0);
    p[12] = (uint8_t)((seg->data_offset ? seg->data_offset : header_len / 4) << 4);
    p[13] = seg->flags;
    store_be16(p + 14, (uint16_t)seg->window);
    store_be32(p + 16, seg->urgent);
    for (uint32_t i = 0; i < seg->len; i++)
        p[header_len + i] = seg->fill ? seg->fill : peer_byte(first + i);
    seq = first + seg->len + !!(seg->flags & TCP_FIN);
    if (!(seg->flags & TCP_RST) && (int32_t)(seq - flow->next) > 0)
        flow->next = seq;
    return header_len + seg->len;
}

void peer_send(struct peer *peer, const struct seg *seg)
{
    uint8_t *packet = calloc(1, PACKET_MAX);
    size_t ip_len = peer->is_ipv4 ? IPV4_LEN : IPV6_LEN;
    size_t len = write_tcp(peer, seg, packet + ip_len) - seg->truncate;

    write_ip(peer, packet, seg, PROTOCOL_TCP, len);
    if (seg->traffic_class && !peer->is_ipv4)
        store_be16(packet, (uint16_t)(0x6000 | seg->traffic_class << 4));
    store_be16(packet + ip_len + TCP_CHECKSUM_OFFSET,
               (uint16_t)~transport_sum(packet, ip_len, PROTOCOL_TCP, len));
    if (seg->has_bad_checksum)
        packet[ip_len + TCP_CHECKSUM_OFFSET] ^= 1;
    if (seg->has_bad_ipv4_checksum && peer->is_ipv4)
        packet[10] ^= 1;
    put_on_wire(peer, packet, ip_len + len);
    free(packet);
}

void peer_icmp(struct peer *peer, const struct icmp_error *error)
{
    uint8_t packet[256] = { 0 };
    size_t ip_len = peer->is_ipv4 ? IPV4_LEN : IPV6_LEN, len = 8 + ip_len + TCP_HEADER_LEN;
    uint8_t protocol = peer->is_ipv4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
    uint8_t *icmp = packet + ip_len, *tcp = icmp + 8 + ip_len;
    const struct seg outer = { .seq = 0 };
    const struct seg quoted = { .from = &peer->stack_addr, .to = &peer->peer_addr };

    write_ip(peer, packet, &outer, protocol, len);
    icmp[0] = error->type;
    icmp[1] = error->code;
    store_be32(icmp + 4, error->word);
    write_ip(peer, icmp + 8, &quoted, PROTOCOL_TCP, 1400);
    store_be16(tcp, (uint16_t)(peer->flow->stack_port + error->is_other_tuple));
    store_be16(tcp + 2, peer->flow->peer_port);
    store_be32(tcp + 4, error->seq + peer->flow->stack_isn);
    tcp[12] = 0x50;
    tcp[13] = TCP_ACK;
    store_be16(icmp + 2, peer->is_ipv4 ? (uint16_t)~sum_bytes(0, icmp, len)
                                       : (uint16_t)~transport_sum(packet, ip_len, protocol, len));
    put_on_wire(peer, packet, ip_len + len);
}

void peer_too_big(struct peer *peer, uint32_t mtu, uint32_t seq)
{
    const struct icmp_error v4 = { .type = 3, .code = 4, .word = mtu, .seq = seq };
    const struct icmp_error v6 = { .type = 2, .word = mtu, .seq = seq };

    peer_icmp(peer, peer->is_ipv4 ? &v4 : &v6);
}

/* Expectations. */

static void differ(struct peer *peer, const char *what, uint32_t is, uint32_t should)
{
    char *line = peer->lines[peer->line_count++ % PEER_LINES];

    snprintf(line, PEER_LINE, "             ! %s is %u (0x%x), expected %u (0x%x)", what, is, is,
             should, should);
}

static bool same(struct peer *peer, const char *what, uint32_t is, uint32_t should)
{
    if (should == ANY || is == should)
        return true;
    differ(peer, what, is, should);
    return false;
}

static bool same_sack(struct peer *peer, const struct heard *heard, const struct seg *seg)
{
    unsigned n = heard->header.options & TCP_OPTION_SACK ? heard->header.sack_count : 0;
    unsigned expected = 0;
    bool is_same = true;

    while (expected < TCP_SACK_MAX && seg->sack[expected][1] != 0)
        expected++;
    if (!same(peer, "number of SACK blocks", n, expected))
        return false;
    for (unsigned i = 0; i < n; i++) {
        is_same &= same(peer, "SACK start", heard->header.sack[i].start - heard->flow->isn,
                        seg->sack[i][0]);
        is_same &=
            same(peer, "SACK end", heard->header.sack[i].end - heard->flow->isn, seg->sack[i][1]);
    }
    return is_same;
}

static bool same_options(struct peer *peer, const struct heard *heard, const struct seg *seg)
{
    const struct tcp_header *h = &heard->header;
    bool is_same = same_sack(peer, heard, seg);

    if (seg->mss != ANY)
        is_same &= same(peer, "MSS", h->options & TCP_OPTION_MSS ? h->mss : 0, seg->mss);
    if (seg->wscale != ANY)
        is_same &= same(peer, "window scale", h->options & TCP_OPTION_WSCALE ? h->wscale : 99,
                        seg->wscale);
    if (seg->sack_permitted)
        is_same &= same(peer, "SACK permitted", !!(h->options & TCP_OPTION_SACK_PERMITTED), 1);
    if (seg->has_timestamp || seg->ts_value != ANY || seg->ts_echo != ANY)
        is_same &= same(peer, "has a timestamp", !!(h->options & TCP_OPTION_TIMESTAMP), 1);
    if (seg->without_timestamp)
        is_same &= same(peer, "has a timestamp", !!(h->options & TCP_OPTION_TIMESTAMP), 0);
    is_same &= same(peer, "timestamp", h->ts_value, seg->ts_value);
    return is_same & same(peer, "timestamp echo", h->ts_echo, seg->ts_echo);
}

static bool same_payload(struct peer *peer, const struct heard *heard)
{
    uint32_t first = heard->seq + !!(heard->header.flags & TCP_SYN);

    for (uint32_t i = 0; i < heard->len; i++)
        if (!same(peer, "byte of payload", heard->payload[i], peer_byte(first + i)))
            return false;
    return true;
}

const struct heard *peer_expect(struct peer *peer, const struct seg *seg, const char *file,
                                int line)
{
    struct heard *heard = &peer->heard[peer->heard_next];
    uint8_t ignored = seg->flags & TCP_PSH ? 0 : TCP_PSH;
    bool is_same = true;

    if (peer->heard_next == peer->heard_count)
        fail_at(peer, file, line, "expected a segment, and nothing was sent");
    peer->heard_next++;
    if (heard->flow != peer->flow)
        fail_at(peer, file, line, "a segment of another conversation was sent");
    is_same &= same(peer, "flags", heard->header.flags & (uint8_t)~ignored, seg->flags);
    is_same &= same(peer, "seq", heard->seq, seg->seq);
    if (heard->header.flags & TCP_ACK)
        is_same &= same(peer, "ack", heard->ack, seg->ack);
    is_same &= same(peer, "length", heard->len, seg->len);
    is_same &= same(peer, "window", heard->header.window, seg->window);
    if (seg->flags & TCP_URG)
        is_same &= same(peer, "urgent pointer", heard->header.urgent, seg->urgent);
    is_same &= same_options(peer, heard, seg);
    is_same &= same_payload(peer, heard);
    if (!is_same)
        fail_at(peer, file, line, "this segment is not the one expected");
    return heard;
}

const struct heard *peer_expect_within(struct peer *peer, uint64_t us, const struct seg *seg,
                                       const char *file, int line)
{
    uint64_t until_us = peer->now_us + us, next_us;

    peer_settle(peer);
    while (peer->heard_next == peer->heard_count &&
           (next_us = ms_next_deadline(peer->stack)) <= until_us) {
        peer->now_us = max_u64(next_us, peer->now_us);
        peer_settle(peer);
    }
    return peer_expect(peer, seg, file, line);
}

const struct heard *peer_expect_after(struct peer *peer, uint64_t us, const struct seg *seg,
                                      const char *file, int line)
{
    uint64_t slack_us = max_u64(us / 50, MS), due_us = peer->now_us + us;
    const struct heard *heard;

    peer_settle(peer);
    if (peer->heard_next < peer->heard_count)
        fail_at(peer, file, line, "a segment was sent before its time");
    heard = peer_expect_within(peer, us + slack_us, seg, file, line);
    if (heard->at_us + slack_us < due_us)
        fail_at(peer, file, line, "this segment was sent too early");
    return heard;
}

void peer_quiet(struct peer *peer, uint64_t us, const char *file, int line)
{
    if (peer->heard_next == peer->heard_count)
        peer_run(peer, us);
    if (peer->heard_next < peer->heard_count)
        fail_at(peer, file, line, "expected nothing more to be sent");
}

unsigned peer_discard(struct peer *peer)
{
    unsigned n = peer->heard_count - peer->heard_next;

    peer->heard_next = peer->heard_count;
    return n;
}

uint64_t peer_drops(const struct peer *peer, enum ms_drop drop)
{
    return ms_stack_counters(peer->stack)->drops[drop];
}

/* The world. */

struct flow *peer_flow(struct peer *peer, uint16_t peer_port)
{
    for (unsigned i = 0; i < peer->flow_count; i++)
        if (peer->flows[i].peer_port == peer_port)
            return peer->flow = &peer->flows[i];
    assert_true(peer->flow_count < PEER_FLOWS);
    peer->flow = &peer->flows[peer->flow_count++];
    *peer->flow = (struct flow){ .peer_port = peer_port,
                                 .stack_port = STACK_PORT,
                                 .isn = 0x10000000u + peer_port * 1000u,
                                 .ts_base = 500000 };
    return peer->flow;
}

int peer_setup(void **state)
{
    bool is_ipv4 = *(const bool *)*state;
    struct peer *peer = calloc(1, sizeof(*peer));

    peer->is_ipv4 = is_ipv4;
    peer->now_us = 1000000000;
    peer->mss_max = is_ipv4 ? 1460 : 1440;
    ms_config_default(&peer->config);
    peer->config.seed[0] = 42;
    peer->stack_addr = ms_addr_ipv4(10, 0, 0, 1);
    peer->peer_addr = ms_addr_ipv4(10, 0, 0, 2);
    if (!is_ipv4) {
        assert_int_equal(ms_addr_parse(&peer->stack_addr, "2001:db8::1"), MS_OK);
        assert_int_equal(ms_addr_parse(&peer->peer_addr, "2001:db8::2"), MS_OK);
    }
    peer->app = &peer->apps[0];
    peer->driver = (struct ms_driver){
        .ops = &driver_ops, .medium = MS_MEDIUM_IP, .mtu = 1500, .slices_max = 16
    };
    *state = peer;
    return 0;
}

struct ms_config *peer_config(void **state) { return &((struct peer *)*state)->config; }

struct peer *peer_start(void **state)
{
    struct peer *peer = *state;
    size_t size = ms_stack_size(&peer->config);

    assert_true(size > 0);
    peer->memory = malloc(size);
    peer->stack = ms_stack_init(&peer->config, peer->memory, size);
    assert_non_null(peer->stack);
    assert_int_equal(ms_netif_attach(peer->stack, &peer->driver, &peer->netif), MS_OK);
    assert_int_equal(
        ms_netif_add_addr(peer->netif, &peer->stack_addr, peer->is_ipv4 ? 24 : 64, false), MS_OK);
    peer_flow(peer, PEER_PORT);
    peer_run(peer, 10 * SECOND);
    assert_int_equal(peer_discard(peer), 0);
    return peer;
}

/* Whatever the test did, all that was lent comes back once the interface is gone. */
static void check_nothing_is_lost(struct peer *peer)
{
    ms_netif_detach(peer->netif);
    for (unsigned i = 0; i < 3; i++)
        ms_poll(peer->stack, ++peer->now_us);
    peer_release(peer);
    for (unsigned i = 0; i < peer->app_count; i++) {
        assert_int_equal(peer->apps[i].lent, peer->apps[i].released);
        assert_int_equal(peer->apps[i].closed, peer->apps[i].accepted + peer->apps[i].opened > 0
                                                   ? 1
                                                   : peer->apps[i].closed);
    }
    assert_int_equal(peer->frames_out, 0);
    assert_int_equal(peer->stack->frames.used, 0);
}

int peer_teardown(void **state)
{
    struct peer *peer = *state;

    if (peer->stack)
        check_nothing_is_lost(peer);
    for (unsigned i = 0; i < peer->heard_count; i++)
        free(peer->heard[i].bytes);
    free(peer->memory);
    free(peer);
    return 0;
}
