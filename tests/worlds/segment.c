/* SPDX-License-Identifier: ISC */
/* RFC 791, 8200 and 9293, section 3.1, read without the stack's own readers. */
#include "segment.h"

#include <string.h>

enum {
    PROTOCOL_TCP = 6,
    IPV6_LEN = 40,
    TCP_LEN = 20,
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_SCALE = 3,
    KIND_SACK = 5,
};

static uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t read32(const uint8_t *at) { return (uint32_t)read16(at) << 16 | read16(at + 2); }

uint32_t segment_sum(uint32_t sum, const uint8_t *bytes, size_t len)
{
    uint64_t total = sum;
    size_t i = 0;

    for (; i + 8 <= len; i += 8)
        total += (uint64_t)read32(bytes + i) + read32(bytes + i + 4);
    for (; i + 2 <= len; i += 2)
        total += read16(bytes + i);
    if (i < len)
        total += (uint32_t)bytes[i] << 8;
    while (total >> 32)
        total = (total & UINT32_MAX) + (total >> 32);
    return (uint32_t)((total & 0xffff) + (total >> 16));
}

uint16_t segment_fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void read_option(struct segment_seen *seen, const uint8_t *option)
{
    uint8_t kind = option[0], len = option[1];

    if (kind == KIND_MSS && len == 4) {
        seen->has_mss = true;
        seen->mss = read16(option + 2);
    } else if (kind == KIND_SCALE && len == 3) {
        seen->has_scale = true;
        seen->scale = option[2];
    } else if (kind == KIND_SACK) {
        for (unsigned i = 0; 2 + 8 * (i + 1) <= len && i < SEEN_SACKS_MAX; i++)
            seen->sack[seen->sack_count++] =
                (struct seen_sack){ read32(option + 2 + 8 * i), read32(option + 6 + 8 * i) };
    }
}

static void read_options(struct segment_seen *seen, const uint8_t *options, uint32_t len)
{
    uint32_t at = 0;

    while (at < len && options[at] != KIND_END) {
        if (options[at] == KIND_NOP) {
            at++;
            continue;
        }
        if (at + 2 > len || options[at + 1] < 2 || at + options[at + 1] > len)
            return;
        read_option(seen, options + at);
        at += options[at + 1];
    }
}

static enum segment_kind read_tcp(struct segment_seen *seen, const uint8_t *tcp, uint32_t len)
{
    uint32_t header_len;

    if (len < TCP_LEN)
        return SEGMENT_BROKEN;
    header_len = (uint32_t)(tcp[12] >> 4) * 4;
    if (header_len < TCP_LEN || header_len > len)
        return SEGMENT_BROKEN;
    seen->src_port = read16(tcp);
    seen->dst_port = read16(tcp + 2);
    seen->seq = read32(tcp + 4);
    seen->ack = read32(tcp + 8);
    seen->flags = tcp[13];
    seen->window = read16(tcp + 14);
    seen->options_len = header_len - TCP_LEN;
    seen->text = tcp + header_len;
    seen->text_len = len - header_len;
    read_options(seen, tcp + TCP_LEN, seen->options_len);
    return SEGMENT_SOUND;
}

static enum segment_kind read_ipv4(struct segment_seen *seen, const uint8_t *packet, size_t len)
{
    uint32_t header_len, total, sum;

    if (len < 20 || (header_len = (uint32_t)(packet[0] & 15) * 4) < 20 || header_len > len)
        return SEGMENT_BROKEN;
    total = read16(packet + 2);
    if (total < header_len || total > len ||
        segment_fold(segment_sum(0, packet, header_len)) != 0xffff)
        return SEGMENT_BROKEN;
    if (packet[9] != PROTOCOL_TCP || (read16(packet + 6) & 0x3fff))
        return SEGMENT_OTHER;
    memcpy(seen->src + 12, packet + 12, 4);
    memcpy(seen->dst + 12, packet + 16, 4);
    seen->packet_len = total;
    sum = segment_sum(PROTOCOL_TCP + total - header_len, packet + 12, 8);
    sum = segment_sum(sum, packet + header_len, total - header_len);
    if (segment_fold(sum) != 0xffff)
        return SEGMENT_BROKEN;
    return read_tcp(seen, packet + header_len, total - header_len);
}

static enum segment_kind read_ipv6(struct segment_seen *seen, const uint8_t *packet, size_t len)
{
    uint32_t text_len, sum;

    if (len < IPV6_LEN)
        return SEGMENT_BROKEN;
    text_len = read16(packet + 4);
    if (packet[6] != PROTOCOL_TCP)
        return SEGMENT_OTHER;
    if (text_len > len - IPV6_LEN)
        return SEGMENT_BROKEN;
    memcpy(seen->src, packet + 8, 16);
    memcpy(seen->dst, packet + 24, 16);
    seen->packet_len = IPV6_LEN + text_len;
    sum = segment_sum(PROTOCOL_TCP + text_len, packet + 8, 32);
    sum = segment_sum(sum, packet + IPV6_LEN, text_len);
    if (segment_fold(sum) != 0xffff)
        return SEGMENT_BROKEN;
    return read_tcp(seen, packet + IPV6_LEN, text_len);
}

enum segment_kind segment_read(struct segment_seen *seen, const uint8_t *packet, size_t len)
{
    memset(seen, 0, sizeof(*seen));
    if (len == 0)
        return SEGMENT_OTHER;
    if (packet[0] >> 4 == 4)
        return read_ipv4(seen, packet, len);
    if (packet[0] >> 4 == 6)
        return read_ipv6(seen, packet, len);
    return SEGMENT_OTHER;
}
