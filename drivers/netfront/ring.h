/* SPDX-License-Identifier: ISC */
/*
 * The one accessor of memory that the backend may write at any time. Whatever is read through it is
 * read exactly once, into memory of ours, and only that copy is looked at.
 */
#ifndef MSTACK_DRIVERS_NETFRONT_RING_H
#define MSTACK_DRIVERS_NETFRONT_RING_H

#include <stddef.h>
#include <stdint.h>

#include <xen/io/netif.h>

enum {
    RING_BYTES = 4096,
    RING_SLOTS = 256, /* both of one page */
};

_Static_assert(__CONST_RING_SIZE(netif_tx, RING_BYTES) == RING_SLOTS, "a page of TX slots");
_Static_assert(__CONST_RING_SIZE(netif_rx, RING_BYTES) == RING_SLOTS, "a page of RX slots");
_Static_assert(sizeof(union netif_tx_sring_entry) == 12, "as the protocol says");
_Static_assert(sizeof(union netif_rx_sring_entry) == 8, "as the protocol says");

/* Our side of a ring. All indices are ours and count up for ever; the shared ones are written, or
 * read once and checked. */
struct ring {
    uint8_t *shared;     /* the page */
    uint32_t slot_bytes; /* of an entry */
    uint32_t produced;   /* requests written */
    uint32_t published;  /* requests that the backend may see */
    uint32_t consumed;   /* responses taken */
};

/* The same memory is read as words of several sizes. */
typedef uint32_t __attribute__((may_alias)) shared_u32;
typedef uint64_t __attribute__((may_alias)) shared_u64;

static inline uint32_t shared_load_u32(const void *shared)
{
    return __atomic_load_n((const shared_u32 *)shared, __ATOMIC_ACQUIRE);
}

static inline void shared_store_u32(void *shared, uint32_t value)
{
    __atomic_store_n((shared_u32 *)shared, value, __ATOMIC_RELEASE);
}

/* Writes seen before this are seen before what is read after it: for the notification checks. */
static inline void shared_barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* Words of a slot: shared and aligned to four. */
static inline void shared_load(void *ours, const void *shared, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        uint32_t word = __atomic_load_n((const shared_u32 *)shared + i, __ATOMIC_RELAXED);

        __builtin_memcpy((uint8_t *)ours + i * sizeof word, &word, sizeof word);
    }
}

static inline void shared_store(void *shared, const void *ours, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        uint32_t word;

        __builtin_memcpy(&word, (const uint8_t *)ours + i * sizeof word, sizeof word);
        __atomic_store_n((shared_u32 *)shared + i, word, __ATOMIC_RELAXED);
    }
}

/* Payload of any alignment. */
static inline void shared_load_bytes(uint8_t *ours, const uint8_t *shared, size_t len)
{
    size_t i = 0;

    for (; i < len && (uintptr_t)(shared + i) % sizeof(uint64_t) != 0; i++)
        ours[i] = __atomic_load_n(shared + i, __ATOMIC_RELAXED);
    for (; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t)) {
        uint64_t word =
            __atomic_load_n((const shared_u64 *)(const void *)(shared + i), __ATOMIC_RELAXED);

        __builtin_memcpy(ours + i, &word, sizeof word);
    }
    for (; i < len; i++)
        ours[i] = __atomic_load_n(shared + i, __ATOMIC_RELAXED);
}

/* The fields of a page's head lie at the same places in both rings. */
#define RING_FIELD(ring, field) ((ring)->shared + offsetof(struct netif_tx_sring, field))

_Static_assert(offsetof(struct netif_tx_sring, rsp_event) ==
                   offsetof(struct netif_rx_sring, rsp_event),
               "one head for both");

/* A new ring: empty, and both sides want to hear of the first entry. The page is all zero. */
static inline void ring_init(struct ring *ring, uint8_t *page, uint32_t slot_bytes)
{
    *ring = (struct ring){ .shared = page, .slot_bytes = slot_bytes };
    shared_store_u32(RING_FIELD(ring, req_event), 1);
    shared_store_u32(RING_FIELD(ring, rsp_event), 1);
}

static inline void *ring_slot(const struct ring *ring, uint32_t index)
{
    return ring->shared + offsetof(struct netif_tx_sring, ring) +
           (size_t)(index % RING_SLOTS) * ring->slot_bytes;
}

_Static_assert(offsetof(struct netif_tx_sring, ring) == offsetof(struct netif_rx_sring, ring),
               "slots begin at the same place");

/* Entries that the backend has, or has answered without our having looked. */
static inline uint32_t ring_in_flight(const struct ring *ring)
{
    return ring->produced - ring->consumed;
}

static inline uint32_t ring_room(const struct ring *ring)
{
    return RING_SLOTS - ring_in_flight(ring);
}

/* Responses waiting, or UINT32_MAX: more than there are requests, which no honest backend says. */
static inline uint32_t ring_responses(const struct ring *ring)
{
    uint32_t waiting = shared_load_u32(RING_FIELD(ring, rsp_prod)) - ring->consumed;

    return waiting <= ring->published - ring->consumed ? waiting : UINT32_MAX;
}

/* Shows the backend what was written. Returns whether it wants to be told. */
static inline int ring_publish(struct ring *ring)
{
    uint32_t old = ring->published, now = ring->produced;

    if (old == now)
        return 0;
    shared_store_u32(RING_FIELD(ring, req_prod), now);
    ring->published = now;
    shared_barrier();
    return now - shared_load_u32(RING_FIELD(ring, req_event)) < now - old;
}

/* Asks for an event after `more` further responses. Returns the responses that came meanwhile, as
 * ring_responses(). */
static inline uint32_t ring_want_event(struct ring *ring, uint32_t more)
{
    shared_store_u32(RING_FIELD(ring, rsp_event), ring->consumed + more);
    shared_barrier();
    return ring_responses(ring);
}

#endif
