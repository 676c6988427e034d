/* SPDX-License-Identifier: ISC */
/* Sequence numbers of TCP: arithmetic modulo 2^32 (RFC 9293, 3.4). */
#ifndef CORE_SEQ_H
#define CORE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* Sequence numbers from start up to, not including, end. */
struct seq_range {
    uint32_t start, end;
};

/*
 * Comparing differences, not values, survives the wrap. Two numbers exactly 2^31 apart have no
 * order: a is then not less than b, and b is not less than a.
 */
static inline bool seq_lt(uint32_t a, uint32_t b) { return b - a - 1 < 0x7fffffffu; }
static inline bool seq_gt(uint32_t a, uint32_t b) { return seq_lt(b, a); }
static inline bool seq_le(uint32_t a, uint32_t b) { return b - a < 0x80000000u; }
static inline bool seq_ge(uint32_t a, uint32_t b) { return seq_le(b, a); }

static inline uint32_t seq_max(uint32_t a, uint32_t b) { return seq_lt(a, b) ? b : a; }
static inline uint32_t seq_min(uint32_t a, uint32_t b) { return seq_lt(b, a) ? b : a; }

/* True when first <= seq < end, for any window end - first. */
static inline bool seq_between(uint32_t seq, uint32_t first, uint32_t end)
{
    return seq - first < end - first;
}

#endif
