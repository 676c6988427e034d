/* SPDX-License-Identifier: ISC */
/*
 * The scoreboard: what was sent and is not yet acknowledged (RFC 6675). Bytes sent at one moment
 * with the same fate are one range, so a burst costs one record and an ACK usually touches one.
 */
#ifndef TCP_FLIGHT_H
#define TCP_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/pool.h"
#include "core/seq.h"

enum sent_flag {
    SENT_SACKED = 1,        /* the peer reported it (RFC 2018) */
    SENT_LOST = 2,          /* believed lost and not yet sent again */
    SENT_AGAIN = 4,         /* sent again in this recovery */
    SENT_RETRANSMITTED = 8, /* ever sent again: no round trip is measured on it (Karn) */
    SENT_PARTLY = 16,       /* only a first part was sent again, and no record is left to say so */
};

struct sent_range {
    struct sent_range *next;
    uint32_t seq, end;
    uint32_t sent_us; /* the low bits of the time it was last sent */
    uint8_t flags;    /* enum sent_flag */
};

struct flight {
    struct sent_range *head, *tail; /* in order, without gaps, from send_unacked to send_next */
    uint32_t sacked_bytes, lost_bytes;
    uint16_t ranges; /* bounded, so that no peer can make the walk long */
    uint16_t sacked_runs;
    uint32_t recovery_end; /* recovery goes on until this is acknowledged (RFC 6582's recover) */
};

enum { FLIGHT_RANGES_MAX = 1024 };

/* What an acknowledgement, cumulative or selective, changed. */
struct flight_change {
    uint32_t acked_bytes;   /* newly left the network: by ACK or by SACK */
    uint32_t sent_us;       /* of the youngest range among them that was never sent again */
    uint32_t again_us;      /* when the last of those sent again left */
    bool has_sample;        /* sent_us is one */
    bool has_retransmitted; /* some had been sent again */
};

/* Bytes believed to be in the network (RFC 6675's pipe). */
static inline uint32_t ms_flight_in_network(const struct flight *f, uint32_t outstanding)
{
    return outstanding - f->sacked_bytes - f->lost_bytes;
}

/* A range of bytes just sent, with no other behind it. There is one left in the pool. */
static inline struct sent_range *flight_range(struct pool *pool, struct seq_range sent,
                                              uint32_t now_us)
{
    struct sent_range *range = ms_pool_get(pool);

    MS_ASSERT(range);
    range->next = NULL;
    range->seq = sent.start;
    range->end = sent.end;
    range->sent_us = now_us;
    range->flags = 0;
    return range;
}

/* Records bytes sent for the first time. The caller has seen that one more range has room. */
static inline void ms_flight_append(struct flight *f, struct pool *pool, struct seq_range sent,
                                    uint32_t now_us)
{
    struct sent_range *last = f->tail, *range;

    if (last && last->sent_us == now_us && last->flags == 0) {
        MS_ASSERT(last->end == sent.start);
        last->end = sent.end;
        return;
    }
    MS_ASSERT(f->ranges < FLIGHT_RANGES_MAX);
    range = flight_range(pool, sent, now_us);
    *(last ? &last->next : &f->head) = range;
    f->tail = range;
    f->ranges++;
}

/* The same when nothing is in flight. */
static inline void ms_flight_begin(struct flight *f, struct pool *pool, struct seq_range sent,
                                   uint32_t now_us)
{
    MS_ASSERT(!f->head);
    f->head = f->tail = flight_range(pool, sent, now_us);
    f->ranges = 1;
}

/* Everything before ack arrived. */
void ms_flight_acknowledge(struct flight *f, struct pool *pool, uint32_t ack,
                           struct flight_change *change);
/*
 * The same for a flight of which nothing is SACKed or lost. Its ranges lie in the order of their
 * sending, so the last one touched is the youngest.
 */
static inline void ms_flight_acknowledge_plain(struct flight *f, struct pool *pool, uint32_t ack,
                                               struct flight_change *change)
{
    struct sent_range *range = f->head;
    uint8_t flags = 0;

    while (range && seq_lt(range->seq, ack)) {
        struct sent_range *next = range->next;

        flags |= range->flags;
        change->sent_us = change->again_us = range->sent_us;
        if (seq_gt(range->end, ack)) {
            range->seq = ack;
            break;
        }
        ms_pool_put(pool, range);
        f->ranges--;
        range = next;
    }
    f->head = range;
    if (!range)
        f->tail = NULL;
    change->has_retransmitted = flags & SENT_RETRANSMITTED;
    change->has_sample = !change->has_retransmitted;
}

/* A SACK block arrived, already checked to lie inside the flight. */
void ms_flight_sack(struct flight *f, struct pool *pool, struct seq_range block,
                    struct flight_change *change);
/*
 * RFC 6675's IsLost() for every range: three SACKed runs, or more than two segments' bytes of them,
 * lie above it. Returns the bytes newly believed lost.
 */
uint32_t ms_flight_detect_losses(struct flight *f, uint32_t segment_bytes);
/* The first bytes, at most len, are lost: without SACK (RFC 6582), or three duplicate ACKs. */
uint32_t ms_flight_lose_first(struct flight *f, struct pool *pool, uint32_t len);
/*
 * The retransmission timer expired: everything not SACKed is lost. If the very first range is
 * SACKed the peer has reneged (RFC 2018, 8): then no SACK is believed. Returns whether it did.
 */
bool ms_flight_lose_all(struct flight *f);
/* The first range to be sent again, or NULL. */
struct sent_range *ms_flight_first_lost(const struct flight *f);
/* The last range, a lost one, goes out with new text behind it, len in all; returns what is new. */
uint32_t ms_flight_lengthen_last(struct flight *f, uint32_t len);
/* The first len bytes of a lost range were sent again. */
void ms_flight_sent_again(struct flight *f, struct pool *pool, struct sent_range *range,
                          uint32_t len, uint32_t now_us);
/* Recovery ended: what is sent again after this counts anew. */
void ms_flight_end_recovery(struct flight *f);
void ms_flight_clear(struct flight *f, struct pool *pool);

#endif
