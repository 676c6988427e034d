/* SPDX-License-Identifier: ISC */
/* TCP's state in a stack: tables, pools, keys. And the entries of the flow table. */
#ifndef TCP_FLOOR_H
#define TCP_FLOOR_H

#include "core/flow_table.h"
#include "core/stack.h"
#include "mstack/tcp.h"

enum {
    SYN_RETRIES = 8, /* SYN-ACKs after the first: 191 s in all (RFC 9293, MUST-23) */
    LISTENER_BUCKETS = 64,
};

struct ms_tcp_listener {
    struct ms_tcp_listener *next;
    struct ms_stack *stack;
    struct ms_endpoint local;
    uint32_t backlog, half_open;
    ms_tcp_accept_fn *accept;
    void *user;
};

/* A doubly linked list of records by number; ordered by the time they expire. */
struct record_list {
    uint32_t first, last;
};

/*
 * A passive connection whose handshake is not done (RFC 4987's SYN cache). It needs no time of its
 * own: its initial sequence number is a clock (RFC 6528), and taking the keyed part off tells when
 * the SYN came.
 */
struct syn_record {
    struct flow_entry entry;
    uint32_t previous, next; /* of those with as many retransmissions */
    uint32_t isn, peer_isn;
    uint32_t ts_recent;
    uint16_t peer_mss;
    uint8_t options; /* enum syn_option, and the window scale in the lower four bits */
    uint8_t retransmissions;
};

enum syn_option {
    SYN_WSCALE_MASK = 0x0f,
    SYN_WSCALE = 0x10,
    SYN_TIMESTAMP = 0x20,
    SYN_SACK = 0x40,
    SYN_REPEATED = 0x80, /* the SYN-ACK was sent more than once */
};

/* A connection in TIME-WAIT: what is needed to answer, and to accept a successor (RFC 6191). */
struct time_wait_record {
    struct flow_entry entry;
    uint32_t previous, next;
    uint32_t expires_ms;
    uint32_t recv_next, send_next;
    uint32_t ts_recent; /* 0: no timestamps */
};

_Static_assert(sizeof(struct syn_record) == 64, "a SYN record is one cache line");
_Static_assert(sizeof(struct time_wait_record) == 64, "a TIME-WAIT record is one cache line");

struct tcp_floor {
    /* Numbers: connections first, then SYN records, then TIME-WAIT records. */
    struct flow_table table;
    struct pool connections, syns, time_waits;
    struct pool ranges; /* struct sent_range */
    struct pool held;   /* union held_item */
    struct pool copies; /* small payloads kept (struct kept_copy) */
    struct pool listeners;

    struct ms_tcp *pending_first, *pending_last; /* those with something due */
    bool is_blocked;                             /* what is pending waits for room in a device */
    bool lacks_records;                          /* ... or for a sent_range */
    struct siphash_key isn_key, cookie_key;
    struct flow isn_flow; /* whose keyed part was asked for last, and that part */
    uint64_t isn_keyed;
    uint64_t cookies_until_us; /* cookies are believed only while, and just after, they are sent */
    struct ms_tcp_listener *listener_buckets[LISTENER_BUCKETS];
    struct record_list syn_lists[SYN_RETRIES];
    struct timer syn_timers[SYN_RETRIES];
    struct record_list time_wait_list;
    struct timer time_wait_timer;
};

static inline bool number_is_connection(const struct tcp_floor *floor, uint32_t number)
{
    return number < floor->table.large_count;
}

static inline bool number_is_syn(const struct tcp_floor *floor, uint32_t number)
{
    return number - floor->table.large_count < floor->syns.count;
}

#endif
