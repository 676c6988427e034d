/* SPDX-License-Identifier: ISC */
/* Takes IP packets with TCP apart, trusting nothing. */
#include "segment.h"

#include <string.h>

#include "../bytes.h"

enum {
    PROTOCOL_TCP = 6,
    IPV6_HOP_BY_HOP = 0,
    IPV6_ROUTING = 43,
    IPV6_FRAGMENT = 44,
    IPV6_DESTINATION = 60,
    IPV6_EXTENSIONS_MAX = 8,
    TCP_CHECKSUM_AT = 16,
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_SCALE = 3,
    OPTION_SACK_PERMITTED = 4,
    OPTION_SACK = 5,
    OPTION_TIMESTAMP = 8,
    SACK_BLOCK_BYTES = 8,
};

/* A packet being taken apart: what is left of it, in the file and on the wire. */
struct packet {
    const uint8_t *ip;
    uint32_t at;       /* of the next header */
    uint32_t len;      /* bytes in the file */
    uint32_t wire_len; /* bytes there were, by the IP header */
};

static void map_ipv4(struct ms_addr *addr, const uint8_t *bytes)
{
    *addr = (struct ms_addr){ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };
    memcpy(addr->bytes + 12, bytes, 4);
}

static enum segment_verdict parse_ipv4(struct segment *s, struct packet *p)
{
    uint32_t header, total;

    if (p->len < IPV4_HEADER_BYTES)
        return SEGMENT_MALFORMED;
    header = (p->ip[0] & 0xfu) * 4;
    total = load_be16(p->ip + 2);
    if (total == 0) /* a super-frame of more than 64 KB */
        total = p->wire_len;
    if (header < IPV4_HEADER_BYTES || header > p->len || total < header || total > p->wire_len)
        return SEGMENT_MALFORMED;
    if (p->ip[9] != PROTOCOL_TCP)
        return SEGMENT_NOT_TCP;
    if (load_be16(p->ip + 6) & 0x3fff)
        return SEGMENT_FRAGMENT;
    map_ipv4(&s->source, p->ip + 12);
    map_ipv4(&s->destination, p->ip + 16);
    s->traffic_class = p->ip[1];
    s->ip_id = load_be16(p->ip + 4);
    s->hop_limit = p->ip[8];
    p->at = header;
    p->wire_len = total;
    return SEGMENT_OK;
}

/* Skips the extension headers up to TCP. */
static enum segment_verdict skip_extensions(struct packet *p)
{
    uint8_t next = p->ip[6];

    p->at = IPV6_HEADER_BYTES;
    for (unsigned i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
        if (next == PROTOCOL_TCP)
            return SEGMENT_OK;
        if (next == IPV6_FRAGMENT)
            return SEGMENT_FRAGMENT;
        if (next != IPV6_HOP_BY_HOP && next != IPV6_ROUTING && next != IPV6_DESTINATION)
            return SEGMENT_NOT_TCP;
        if (p->at + 2 > p->len)
            return SEGMENT_MALFORMED;
        next = p->ip[p->at];
        p->at += (p->ip[p->at + 1] + 1u) * 8;
    }
    return SEGMENT_MALFORMED;
}

static enum segment_verdict parse_ipv6(struct segment *s, struct packet *p)
{
    uint32_t payload;

    if (p->len < IPV6_HEADER_BYTES)
        return SEGMENT_MALFORMED;
    payload = load_be16(p->ip + 4);
    if (payload == 0)
        payload = p->wire_len - IPV6_HEADER_BYTES;
    if (payload > p->wire_len - IPV6_HEADER_BYTES)
        return SEGMENT_MALFORMED;
    memcpy(s->source.bytes, p->ip + 8, 16);
    memcpy(s->destination.bytes, p->ip + 24, 16);
    s->traffic_class = (uint8_t)((p->ip[0] & 0xf) << 4 | p->ip[1] >> 4);
    s->hop_limit = p->ip[7];
    p->wire_len = IPV6_HEADER_BYTES + payload;
    return skip_extensions(p);
}

void ms_segment_pseudo_sum(struct sum *sum, const struct ms_addr *source,
                           const struct ms_addr *destination, uint32_t tcp_len)
{
    /* The v4-mapped prefix counts the same for both families only if left out. */
    size_t skip = ms_addr_is_ipv4(source) ? 12 : 0;

    sum_bytes(sum, source->bytes + skip, 16 - skip);
    sum_bytes(sum, destination->bytes + skip, 16 - skip);
    sum->total += PROTOCOL_TCP + (uint64_t)tcp_len;
}

/* Wrong, and neither of the two sums that wait for the hardware (with and without length). */
static bool has_bad_checksum(const struct segment *s, const struct packet *p)
{
    const uint8_t *tcp = p->ip + p->at;
    uint32_t tcp_len = p->wire_len - p->at;
    struct sum pseudo = { 0 }, pseudo_no_len = { 0 }, all;
    uint16_t found = load_be16(tcp + TCP_CHECKSUM_AT);

    if (p->len < p->wire_len)
        return false; /* who knows */
    ms_segment_pseudo_sum(&pseudo, &s->source, &s->destination, tcp_len);
    ms_segment_pseudo_sum(&pseudo_no_len, &s->source, &s->destination, 0);
    all = pseudo;
    sum_bytes(&all, tcp, tcp_len);
    return sum_fold(&all) != 0xffff && found != sum_fold(&pseudo) &&
           found != sum_fold(&pseudo_no_len) && found != 0;
}

static enum segment_verdict parse_tcp(struct segment *s, const struct packet *p)
{
    const uint8_t *tcp;
    uint32_t header;

    if (p->at + TCP_HEADER_BYTES > p->len)
        return SEGMENT_MALFORMED;
    tcp = p->ip + p->at;
    header = (tcp[12] >> 4) * 4u;
    if (header < TCP_HEADER_BYTES || p->at + header > p->len)
        return SEGMENT_MALFORMED;
    s->source_port = load_be16(tcp);
    s->destination_port = load_be16(tcp + 2);
    s->seq = load_be32(tcp + 4);
    s->ack = load_be32(tcp + 8);
    s->flags = tcp[13];
    s->window = load_be16(tcp + 14);
    s->urgent = load_be16(tcp + 18);
    s->options_at = p->at + TCP_HEADER_BYTES;
    s->options_len = (uint8_t)(header - TCP_HEADER_BYTES);
    s->payload_at = p->at + header;
    s->payload_len = p->wire_len - p->at - header;
    s->payload_stored = s->payload_len;
    if (p->len < p->wire_len)
        s->payload_stored = p->len - p->at - header;
    s->is_corrupt = has_bad_checksum(s, p);
    return SEGMENT_OK;
}

enum segment_verdict ms_segment_parse(struct segment *segment, const uint8_t *ip, uint32_t len,
                                      uint32_t wire_len)
{
    struct packet p = { .ip = ip, .len = len, .wire_len = wire_len };
    enum segment_verdict verdict;

    *segment = (struct segment){ 0 };
    if (len == 0)
        return SEGMENT_MALFORMED;
    verdict = ip[0] >> 4 == 4 ? parse_ipv4(segment, &p) : parse_ipv6(segment, &p);
    if (verdict != SEGMENT_OK)
        return verdict;
    if (p.len > p.wire_len)
        p.len = p.wire_len; /* padding */
    return parse_tcp(segment, &p);
}

static void note_option(struct segment_options *o, uint8_t kind, uint8_t at, uint8_t len)
{
    switch (kind) {
    case OPTION_MSS:
        if (len == 4)
            o->mss_at = at;
        break;
    case OPTION_SCALE:
        if (len == 3)
            o->scale_at = at;
        break;
    case OPTION_SACK_PERMITTED:
        if (len == 2)
            o->sack_permitted_at = at;
        break;
    case OPTION_TIMESTAMP:
        if (len == 10)
            o->timestamp_at = at;
        break;
    case OPTION_SACK:
        if ((len - 2) % SACK_BLOCK_BYTES != 0)
            break;
        o->sack_at = at;
        o->sack_blocks = (uint8_t)((len - 2) / SACK_BLOCK_BYTES);
        break;
    default: break;
    }
}

void ms_segment_options(struct segment_options *options, const uint8_t *bytes, unsigned len)
{
    unsigned at = 0;

    *options = (struct segment_options){
        OPTION_ABSENT, OPTION_ABSENT, OPTION_ABSENT, OPTION_ABSENT, OPTION_ABSENT, 0,
    };
    while (at < len && bytes[at] != OPTION_END) {
        if (bytes[at] == OPTION_NOP) {
            at++;
            continue;
        }
        if (at + 2 > len || bytes[at + 1] < 2 || at + bytes[at + 1] > len)
            return;
        note_option(options, bytes[at], (uint8_t)at, bytes[at + 1]);
        at += bytes[at + 1];
    }
}
