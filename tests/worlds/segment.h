/* SPDX-License-Identifier: ISC */
/* A TCP segment in an IP packet, read by the RFCs alone. */
#ifndef WORLDS_SEGMENT_H
#define WORLDS_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_FIN = 1, SEEN_SYN = 2, SEEN_RST = 4, SEEN_ACK = 16, SEEN_SACKS_MAX = 4 };

struct seen_sack {
    uint32_t begin, end;
};

struct segment_seen {
    uint8_t src[16], dst[16]; /* IPv4 in the last four */
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t window;
    bool has_mss, has_scale;
    uint16_t mss;
    uint8_t scale;
    uint8_t sack_count;
    struct seen_sack sack[SEEN_SACKS_MAX];
    uint32_t options_len, text_len, packet_len;
    const uint8_t *text;
};

enum segment_kind {
    SEGMENT_SOUND,
    SEGMENT_BROKEN, /* a length or checksum is wrong */
    SEGMENT_OTHER,  /* another protocol, or a fragment */
};

enum segment_kind segment_read(struct segment_seen *seen, const uint8_t *packet, size_t len);
/* The ones' complement sum of RFC 1071 over bytes, on top of another. */
uint32_t segment_sum(uint32_t sum, const uint8_t *bytes, size_t len);
/* The checksum field for a sum: 0xffff is what a sound packet's own sum folds to. */
uint16_t segment_fold(uint32_t sum);

#endif
