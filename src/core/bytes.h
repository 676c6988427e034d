/* SPDX-License-Identifier: ISC */
/* Bytes in network order, a cursor that cannot overrun, and the four functions compilers need. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A freestanding compiler may call these four at will; whoever links the library provides them. */
void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#define MS_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define MS_CONTAINER_OF(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline uint32_t min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t max_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }
static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Network order to or from the machine's: turned round on a little-endian one, else untouched. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static inline uint16_t swap_be16(uint16_t v) { return v; }
static inline uint32_t swap_be32(uint32_t v) { return v; }
static inline uint64_t swap_be64(uint64_t v) { return v; }
#else
static inline uint16_t swap_be16(uint16_t v) { return __builtin_bswap16(v); }
static inline uint32_t swap_be32(uint32_t v) { return __builtin_bswap32(v); }
static inline uint64_t swap_be64(uint64_t v) { return __builtin_bswap64(v); }
#endif

/* In the machine's own order, from any address. */
static inline uint32_t load_native32(const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return value;
}

/*
 * Loads are written byte by byte and stores as swap and copy: these are the forms that compilers
 * turn into one move each, also when several fields follow one another.
 */
static inline uint16_t load_be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t load_be64(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
           (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
           (uint64_t)p[6] << 8 | p[7];
}

static inline void store_be16(uint8_t *p, uint16_t value)
{
    value = swap_be16(value);
    memcpy(p, &value, sizeof(value));
}

static inline void store_be32(uint8_t *p, uint32_t value)
{
    value = swap_be32(value);
    memcpy(p, &value, sizeof(value));
}

static inline void store_be64(uint8_t *p, uint64_t value)
{
    value = swap_be64(value);
    memcpy(p, &value, sizeof(value));
}

/* Bytes yet to be read. Only the functions below move it, so that it never leaves its memory. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

static inline struct bytes bytes_of(const uint8_t *data, size_t len)
{
    return (struct bytes){ .data = data, .len = len };
}

/* Moves on by n bytes; false, and no move, when fewer are left. */
static inline bool bytes_skip(struct bytes *b, size_t n)
{
    if (n > b->len)
        return false;
    b->data += n;
    b->len -= n;
    return true;
}

/* Cuts the next n bytes off as a cursor of their own; false, and no change, when fewer are left. */
static inline bool bytes_take(struct bytes *b, size_t n, struct bytes *taken)
{
    if (n > b->len)
        return false;
    *taken = (struct bytes){ .data = b->data, .len = n };
    b->data += n;
    b->len -= n;
    return true;
}

/* Forgets all but the first len bytes; false, and no change, when fewer are left. */
static inline bool bytes_trim(struct bytes *b, size_t len)
{
    if (len > b->len)
        return false;
    b->len = len;
    return true;
}

#endif
