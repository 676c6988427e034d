/* SPDX-License-Identifier: ISC */
/* Packets as they go over the wire: built from a script's words, and taken apart. */
#include <string.h>

#include "drill/packet.h"

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    ICMP_HEADER = 8,
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_ICMPV6 = 58,
    HOP_LIMIT = 64,
};

static void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value);
}

static uint32_t get16(const uint8_t *p) { return (uint32_t)(p[0] << 8 | p[1]); }

static uint32_t get32(const uint8_t *p) { return get16(p) << 16 | get16(p + 2); }

static uint32_t sum_of(uint32_t sum, const uint8_t *p, uint32_t len)
{
    for (uint32_t i = 0; i + 1 < len; i += 2)
        sum += get16(p + i);
    if (len % 2)
        sum += (uint32_t)p[len - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* The other way than usual: from the peer to the stack, or, quoted in an error, back. */
struct direction {
    const struct ms_addr *from, *to;
    uint16_t from_port, to_port;
};

static bool is_ipv4(const struct conversation *c) { return ms_addr_is_ipv4(&c->local); }

static uint32_t put_ip(uint8_t *p, const struct direction *d, uint8_t protocol, uint32_t len,
                       uint8_t ecn)
{
    if (!ms_addr_is_ipv4(d->from)) {
        put32(p, UINT32_C(6) << 28 | (uint32_t)ecn << 20);
        put16(p + 4, len);
        p[6] = protocol;
        p[7] = HOP_LIMIT;
        memcpy(p + 8, d->from->bytes, 16);
        memcpy(p + 24, d->to->bytes, 16);
        return IPV6_HEADER;
    }
    memset(p, 0, IPV4_HEADER);
    p[0] = 0x45;
    p[1] = ecn;
    put16(p + 2, IPV4_HEADER + len);
    p[6] = 0x40; /* do not fragment */
    p[8] = HOP_LIMIT;
    p[9] = protocol;
    memcpy(p + 12, d->from->bytes + 12, 4);
    memcpy(p + 16, d->to->bytes + 12, 4);
    put16(p + 10, ~sum_of(0, p, IPV4_HEADER));
    return IPV4_HEADER;
}

/* Of a transport's len bytes at p, behind the IP header. */
static uint32_t transport_sum(const struct direction *d, uint8_t protocol, const uint8_t *p,
                              uint32_t len)
{
    uint32_t at = ms_addr_is_ipv4(d->from) ? 12 : 0;
    uint32_t sum = sum_of(protocol + len, d->from->bytes + at, 16 - at);

    return sum_of(sum_of(sum, d->to->bytes + at, 16 - at), p, len);
}

static uint32_t put_option(uint8_t *p, const struct packet_option *option, uint32_t local_base)
{
    p[0] = option->kind;
    switch (option->kind) {
    case OPTION_END:
    case OPTION_NOP: return 1;
    case OPTION_MSS:
        p[1] = 4;
        put16(p + 2, option->value);
        return 4;
    case OPTION_WSCALE:
        p[1] = 3;
        p[2] = (uint8_t)option->value;
        return 3;
    case OPTION_SACK_OK: p[1] = 2; return 2;
    case OPTION_TIMESTAMP:
        p[1] = 10;
        put32(p + 2, option->value);
        put32(p + 6, option->echo);
        return 10;
    default: break;
    }
    p[1] = (uint8_t)(2 + 8 * option->sack_count);
    for (unsigned i = 0; i < option->sack_count; i++) {
        put32(p + 2 + 8 * i, option->sack[i][0] + local_base);
        put32(p + 6 + 8 * i, option->sack[i][1] + local_base);
    }
    return p[1];
}

/* Padded with zeros; what is more than a header has room for is left out. */
static uint32_t put_options(uint8_t *p, const struct packet *packet, uint32_t local_base)
{
    uint8_t room[PACKET_OPTION_COUNT * 40];
    uint32_t len = 0;

    memset(room, 0, sizeof(room));
    for (unsigned i = 0; i < packet->option_count; i++)
        len += put_option(room + len, &packet->options[i], local_base);
    len = (len + 3) / 4 * 4;
    len = len < PACKET_OPTIONS_MAX ? len : PACKET_OPTIONS_MAX;
    memcpy(p, room, len);
    return len;
}

static uint32_t tcp_to_wire(const struct packet *packet, const struct conversation *c,
                            uint8_t *bytes)
{
    const struct direction d = { &c->remote, &c->local, c->remote_port, c->local_port };
    uint8_t *tcp = bytes + (is_ipv4(c) ? IPV4_HEADER : IPV6_HEADER);
    uint32_t header = TCP_HEADER + put_options(tcp + TCP_HEADER, packet, c->local_base);
    uint32_t len = header + packet->len;

    put16(tcp, d.from_port);
    put16(tcp + 2, d.to_port);
    put32(tcp + 4, packet->seq + c->remote_base);
    put32(tcp + 8, packet->flags & FLAG_ACK ? packet->ack + c->local_base : 0);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = packet->flags;
    put16(tcp + 14, packet->window);
    put32(tcp + 16, packet->urgent);
    for (uint32_t i = 0; i < packet->len; i++)
        tcp[header + i] = (uint8_t)(packet->seq + i);
    put16(tcp + 16, ~transport_sum(&d, PROTOCOL_TCP, tcp, len));
    return put_ip(bytes, &d, PROTOCOL_TCP, len, packet->ecn) + len;
}

/* With as much of what it is about as fits: its IP header and the first of TCP's. */
static uint32_t icmp_to_wire(const struct packet *packet, const struct conversation *c,
                             uint8_t *bytes)
{
    const struct direction d = { &c->remote, &c->local, 0, 0 };
    const struct direction back = { &c->local, &c->remote, c->local_port, c->remote_port };
    uint8_t protocol = is_ipv4(c) ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
    uint8_t *icmp = bytes + (is_ipv4(c) ? IPV4_HEADER : IPV6_HEADER), *tcp;
    uint32_t len;

    memset(icmp, 0, ICMP_HEADER + IPV6_HEADER + TCP_HEADER);
    icmp[0] = packet->icmp_type;
    icmp[1] = packet->icmp_code;
    put32(icmp + 4, packet->icmp_word);
    tcp = icmp + ICMP_HEADER;
    tcp += put_ip(tcp, &back, PROTOCOL_TCP, TCP_HEADER + packet->len, 0);
    put16(tcp, back.from_port);
    put16(tcp + 2, back.to_port);
    put32(tcp + 4, packet->seq + c->local_base);
    tcp[12] = TCP_HEADER / 4 << 4;
    tcp[13] = FLAG_ACK;
    len = (uint32_t)(tcp + TCP_HEADER - icmp);
    put16(icmp + 2, is_ipv4(c) ? ~sum_of(0, icmp, len) : ~transport_sum(&d, protocol, icmp, len));
    return put_ip(bytes, &d, protocol, len, 0) + len;
}

uint32_t packet_to_wire(const struct packet *packet, const struct conversation *c, uint8_t *bytes)
{
    return packet->kind == PACKET_ICMP ? icmp_to_wire(packet, c, bytes)
                                       : tcp_to_wire(packet, c, bytes);
}

static void take_option(struct packet_option *option, const uint8_t *p, uint32_t len)
{
    *option = (struct packet_option){ .kind = p[0] };
    if (p[0] == OPTION_MSS && len == 4) {
        option->value = get16(p + 2);
    } else if (p[0] == OPTION_WSCALE && len == 3) {
        option->value = p[2];
    } else if (p[0] == OPTION_TIMESTAMP && len == 10) {
        option->value = get32(p + 2);
        option->echo = get32(p + 6);
    } else if (p[0] == OPTION_SACK) {
        for (; option->sack_count < PACKET_SACK_MAX && 2u + 8 * option->sack_count + 8 <= len;
             option->sack_count++) {
            option->sack[option->sack_count][0] = get32(p + 2 + 8 * option->sack_count);
            option->sack[option->sack_count][1] = get32(p + 6 + 8 * option->sack_count);
        }
    }
}

static void take_options(struct packet *packet, const uint8_t *p, uint32_t len)
{
    uint32_t at = 0;

    while (at < len && packet->option_count < PACKET_OPTION_COUNT) {
        uint32_t option_len = p[at] <= OPTION_NOP || at + 1 >= len ? 1 : p[at + 1];

        if (option_len == 0 || option_len > len - at)
            return;
        take_option(&packet->options[packet->option_count++], p + at, option_len);
        at += option_len;
    }
}

bool packet_from_wire(struct packet *packet, const uint8_t *bytes, uint32_t len,
                      struct conversation *ports)
{
    bool is_v4 = len > 0 && bytes[0] >> 4 == 4;
    uint32_t ip = is_v4 ? IPV4_HEADER : IPV6_HEADER, header;
    const uint8_t *tcp = bytes + ip;

    *packet = (struct packet){ .is_outbound = true, .has_window = true };
    if (len < ip + TCP_HEADER || bytes[is_v4 ? 9 : 6] != PROTOCOL_TCP)
        return false;
    header = (uint32_t)(tcp[12] >> 4) * 4;
    if (header < TCP_HEADER || ip + header > len)
        return false;
    ports->local_port = (uint16_t)get16(tcp);
    ports->remote_port = (uint16_t)get16(tcp + 2);
    packet->seq = get32(tcp + 4);
    packet->ack = get32(tcp + 8);
    packet->flags = tcp[13];
    packet->window = get16(tcp + 14);
    packet->urgent = (uint16_t)get16(tcp + 18);
    packet->has_urgent = packet->flags & FLAG_URG;
    packet->ecn = is_v4 ? bytes[1] & 3 : bytes[1] >> 4 & 3;
    packet->len = len - ip - header;
    take_options(packet, tcp + TCP_HEADER, header - TCP_HEADER);
    return true;
}

void packet_make_relative(struct packet *packet, const struct conversation *c)
{
    packet->seq -= c->local_base;
    packet->ack -= packet->flags & FLAG_ACK ? c->remote_base : packet->ack;
    for (unsigned i = 0; i < packet->option_count; i++) {
        struct packet_option *option = &packet->options[i];

        for (unsigned j = 0; j < option->sack_count; j++) {
            option->sack[j][0] -= c->remote_base;
            option->sack[j][1] -= c->remote_base;
        }
    }
}
