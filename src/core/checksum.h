/* SPDX-License-Identifier: ISC */
/* The Internet checksum (RFC 1071) over pieces, and its change when a field changes (RFC 1624). */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"

/*
 * All sums here are of 16-bit words as they lie in memory: one's complement addition does not mind
 * the byte order, so a result is stored as it is, with memcpy(). Partial sums are added up in a
 * uint64_t. A sum is 0 only if every byte was.
 */

/*
 * Sums len bytes, less than 2^34, as if a zero byte followed an odd number of them. Reads nothing
 * outside. The result has 32 bits.
 */
typedef uint32_t ms_checksum_fn(const uint8_t *data, size_t len);

/* The fastest for this processor. */
ms_checksum_fn *ms_checksum_pick(void);
/* For every processor. */
uint32_t ms_checksum_scalar(const uint8_t *data, size_t len);

/* Folded to 16 bits, not inverted. Over data that holds its checksum, 0xffff means it is right. */
static inline uint16_t ms_checksum_fold(uint64_t sum)
{
    uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

    return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/*
 * Whether a sum that is not 0 folds to 0xffff, which is to say: whether it is a multiple of it.
 * Multiplied by the inverse of 0xffff modulo 2^64 the multiples, and nothing else, become small.
 */
static inline bool ms_checksum_is_whole(uint64_t sum)
{
    const uint64_t most = UINT64_MAX / 0xffff; /* -most is the inverse: 0xffff * most is -1 */

    return sum * -most <= most;
}

/* What belongs in the checksum field, which was zero when it was summed. */
static inline uint16_t ms_checksum_finish(uint64_t sum) { return (uint16_t)~ms_checksum_fold(sum); }

/* The sum of a piece, as it counts when the piece begins at an odd place of the whole. */
static inline uint32_t ms_checksum_at_odd(uint32_t sum) { return sum << 8 | sum >> 24; }

/* The checksum after a 16-bit word of what it covers changed: RFC 1624, equation 3. */
static inline uint16_t ms_checksum_update16(uint16_t checksum, uint16_t before, uint16_t after)
{
    return ms_checksum_finish((uint64_t)(uint16_t)~checksum + (uint16_t)~before + after);
}

/* The same for a 32-bit word, an address say; all three as they lie in memory. */
static inline uint16_t ms_checksum_update32(uint16_t checksum, uint32_t before, uint32_t after)
{
    return ms_checksum_finish((uint64_t)(uint16_t)~checksum + ~before + after);
}

static inline uint64_t checksum_word(const uint8_t *p)
{
    uint32_t word;

    __builtin_memcpy(&word, p, sizeof(word));
    return word;
}

/* Sums a header of len bytes, at least 20 and a multiple of 4, in place. Less than 2^40. */
static inline uint64_t ms_checksum_header(const uint8_t *p, uint32_t len)
{
    uint64_t sum = checksum_word(p) + checksum_word(p + 4) + checksum_word(p + 8) +
                   checksum_word(p + 12) + checksum_word(p + 16);

    for (uint32_t i = 20; i < len; i += 4)
        sum += checksum_word(p + i);
    return sum;
}

/* Protocol and length of a pseudo header: words in network order, whose place is a factor 256. */
static inline uint64_t checksum_pseudo_tail(uint8_t protocol, uint32_t len)
{
    uint64_t sum = (uint64_t)protocol + len;

    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? sum << 8 : sum;
}

/* RFC 9293, 3.1. Less than 2^42, as the next. */
static inline uint64_t ms_checksum_pseudo_ipv4(const uint8_t src[4], const uint8_t dst[4],
                                               uint8_t protocol, uint32_t len)
{
    return checksum_word(src) + checksum_word(dst) + checksum_pseudo_tail(protocol, len);
}

/* RFC 8200, 8.1. */
static inline uint64_t ms_checksum_pseudo_ipv6(const uint8_t src[16], const uint8_t dst[16],
                                               uint8_t protocol, uint32_t len)
{
    uint64_t sum = checksum_word(src) + checksum_word(src + 4) + checksum_word(src + 8) +
                   checksum_word(src + 12);

    sum += checksum_word(dst) + checksum_word(dst + 4) + checksum_word(dst + 8) +
           checksum_word(dst + 12);
    return sum + checksum_pseudo_tail(protocol, len);
}

#endif
