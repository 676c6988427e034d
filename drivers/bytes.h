/* SPDX-License-Identifier: ISC */
/* Big-endian loads and stores and the Internet checksum, for drivers (they do not see src/). */
#ifndef MSTACK_DRIVERS_BYTES_H
#define MSTACK_DRIVERS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mstack/frame.h"

static inline uint16_t load_be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_be16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void store_be32(uint8_t *p, uint32_t value)
{
    store_be16(p, (uint16_t)(value >> 16));
    store_be16(p + 2, (uint16_t)value);
}

/* A running RFC 1071 sum over pieces, each of which may be odd. */
struct sum {
    uint64_t total;
    bool is_odd; /* the next byte is the low half of a word */
};

static inline void sum_bytes(struct sum *sum, const uint8_t *data, size_t len)
{
    size_t i = 0;

    if (sum->is_odd && len > 0)
        sum->total += data[i++];
    for (; i + 1 < len; i += 2)
        sum->total += load_be16(data + i);
    if (i < len)
        sum->total += (uint64_t)data[i] << 8;
    if (len % 2 != 0)
        sum->is_odd = !sum->is_odd;
}

static inline uint16_t sum_fold(const struct sum *sum)
{
    uint64_t total = sum->total;

    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)total;
}

/* Whether the sum that a partial checksum asks for can be made inside the frame. */
static inline bool checksum_fits(const struct ms_frame *frame)
{
    return (uint32_t)frame->checksum_start + frame->checksum_offset + 2 <= frame->head_len;
}

/* The finished checksum of a frame with MS_FRAME_CHECKSUM_PARTIAL that fits. */
static inline uint16_t frame_checksum(const struct ms_frame *frame)
{
    struct sum sum = { 0 };
    uint16_t result;

    sum_bytes(&sum, frame->head + frame->checksum_start, frame->head_len - frame->checksum_start);
    for (unsigned i = 0; i < frame->slice_count; i++)
        sum_bytes(&sum, frame->slices[i].data, frame->slices[i].len);
    result = (uint16_t)~sum_fold(&sum);
    /* RFC 768: zero means "none" in UDP; for TCP both forms are the same number. */
    return result == 0 ? 0xffff : result;
}

#endif
