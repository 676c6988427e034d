/* SPDX-License-Identifier: ISC */
/* The scoreboard: what was sent and is not yet acknowledged (RFC 6675). */
#include "tcp/flight.h"

#include "core/bytes.h"

enum { DUP_THRESH = 3 }; /* RFC 5681, 3.2 */

static uint32_t range_len(const struct sent_range *range) { return range->end - range->seq; }

/* Whether a SACKed range is the last of its run. */
static bool ends_run(const struct sent_range *range)
{
    return !range->next || !(range->next->flags & SENT_SACKED);
}

/*
 * Cuts a range in two at seq, which lies inside. False: too few records, or too many of them here.
 * Cutting never takes the last quarter of the pool, lest one peer that reports every second byte
 * leave nothing to other connections.
 */
static bool split(struct flight *f, struct pool *pool, struct sent_range *range, uint32_t seq)
{
    struct sent_range *rest;

    MS_ASSERT(seq_lt(range->seq, seq) && seq_lt(seq, range->end));
    if (f->ranges >= FLIGHT_RANGES_MAX || pool->used >= pool->count - pool->count / 4)
        return false;
    rest = ms_pool_get(pool);
    if (!rest)
        return false;
    *rest = *range;
    rest->seq = seq;
    range->end = seq;
    range->next = rest;
    if (f->tail == range)
        f->tail = rest;
    f->ranges++;
    return true;
}

/* Bytes of a range have left the network; takes them out of the sums. */
static void account_arrival(struct flight *f, const struct sent_range *range, uint32_t len,
                            struct flight_change *change)
{
    if (range->flags & SENT_SACKED) {
        f->sacked_bytes -= len;
        return;
    }
    if (range->flags & SENT_LOST)
        f->lost_bytes -= len;
    change->acked_bytes += len;
    if (range->flags & SENT_RETRANSMITTED) {
        change->has_retransmitted = true;
        change->again_us = range->sent_us;
    } else if (!change->has_sample || seq_gt(range->sent_us, change->sent_us)) {
        change->has_sample = true;
        change->sent_us = range->sent_us;
    }
}

void ms_flight_acknowledge(struct flight *f, struct pool *pool, uint32_t ack,
                           struct flight_change *change)
{
    struct sent_range *range = f->head;

    while (range && seq_le(range->end, ack)) {
        struct sent_range *next = range->next;

        account_arrival(f, range, range_len(range), change);
        if (range->flags & SENT_SACKED)
            f->sacked_runs = (uint16_t)(f->sacked_runs - ends_run(range));
        ms_pool_put(pool, range);
        f->ranges--;
        range = next;
    }
    f->head = range;
    if (!range) {
        f->tail = NULL;
    } else if (seq_lt(range->seq, ack)) {
        account_arrival(f, range, ack - range->seq, change);
        range->seq = ack;
        if (range->flags & SENT_PARTLY) { /* what arrived was that part: now the next */
            range->flags = SENT_LOST | SENT_RETRANSMITTED;
            f->lost_bytes += range_len(range);
        }
    }
}

/* Runs of SACKed ranges, counted anew after marks have moved. */
static uint16_t count_sacked_runs(const struct flight *f)
{
    uint16_t runs = 0;
    bool was_sacked = false;

    for (const struct sent_range *range = f->head; range; range = range->next) {
        bool is_sacked = range->flags & SENT_SACKED;

        runs = (uint16_t)(runs + (is_sacked && !was_sacked));
        was_sacked = is_sacked;
    }
    return runs;
}

/* Makes the bounds of `block` bounds of ranges; gives up where no record is left. */
static bool cut_out(struct flight *f, struct pool *pool, struct sent_range **range,
                    struct seq_range block)
{
    if (seq_lt((*range)->seq, block.start)) {
        if (!split(f, pool, *range, block.start))
            return false;
        *range = (*range)->next;
    }
    return seq_le((*range)->end, block.end) || split(f, pool, *range, block.end);
}

void ms_flight_sack(struct flight *f, struct pool *pool, struct seq_range block,
                    struct flight_change *change)
{
    bool is_changed = false;

    for (struct sent_range *range = f->head; range && seq_lt(range->seq, block.end);
         range = range->next) {
        if (seq_le(range->end, block.start) || (range->flags & SENT_SACKED))
            continue;
        if (!cut_out(f, pool, &range, block))
            break;
        account_arrival(f, range, range_len(range), change);
        range->flags = (uint8_t)((range->flags & SENT_RETRANSMITTED) | SENT_SACKED);
        f->sacked_bytes += range_len(range);
        is_changed = true;
    }
    if (is_changed)
        f->sacked_runs = count_sacked_runs(f);
}

uint32_t ms_flight_detect_losses(struct flight *f, uint32_t segment_bytes)
{
    uint32_t bytes_above = f->sacked_bytes, newly_lost = 0;
    unsigned runs_above = f->sacked_runs;

    for (struct sent_range *range = f->head; range; range = range->next) {
        if (bytes_above <= (DUP_THRESH - 1) * segment_bytes && runs_above < DUP_THRESH)
            break;
        if (range->flags & SENT_SACKED) {
            bytes_above -= range_len(range);
            runs_above -= ends_run(range);
        } else if (!(range->flags & (SENT_LOST | SENT_AGAIN))) {
            range->flags |= SENT_LOST;
            newly_lost += range_len(range);
        }
    }
    f->lost_bytes += newly_lost;
    return newly_lost;
}

uint32_t ms_flight_lose_first(struct flight *f, struct pool *pool, uint32_t len)
{
    struct sent_range *range = f->head;

    if (!range || (range->flags & (SENT_SACKED | SENT_LOST | SENT_AGAIN)))
        return 0;
    if (range_len(range) > len && !split(f, pool, range, range->seq + len))
        return 0;
    range->flags |= SENT_LOST;
    f->lost_bytes += range_len(range);
    return range_len(range);
}

bool ms_flight_lose_all(struct flight *f)
{
    bool has_reneged = f->head && (f->head->flags & SENT_SACKED);

    f->lost_bytes = 0;
    for (struct sent_range *range = f->head; range; range = range->next) {
        if (has_reneged)
            range->flags &= (uint8_t)~SENT_SACKED;
        if (range->flags & SENT_SACKED)
            continue;
        range->flags = (uint8_t)((range->flags & SENT_RETRANSMITTED) | SENT_LOST);
        f->lost_bytes += range_len(range);
    }
    if (has_reneged)
        f->sacked_bytes = f->sacked_runs = 0;
    return has_reneged;
}

struct sent_range *ms_flight_first_lost(const struct flight *f)
{
    struct sent_range *range = f->lost_bytes > 0 ? f->head : NULL;

    while (range && !(range->flags & SENT_LOST))
        range = range->next;
    return range;
}

uint32_t ms_flight_lengthen_last(struct flight *f, uint32_t len)
{
    uint32_t more = len - range_len(f->tail);

    f->tail->end += more;
    f->lost_bytes += more;
    return more;
}

void ms_flight_sent_again(struct flight *f, struct pool *pool, struct sent_range *range,
                          uint32_t len, uint32_t now_us)
{
    uint8_t flags = SENT_AGAIN | SENT_RETRANSMITTED;

    MS_ASSERT(range->flags & SENT_LOST);
    MS_ASSERT(len <= range_len(range));
    if (len < range_len(range) && !split(f, pool, range, range->seq + len))
        flags |= SENT_PARTLY;
    range->flags = flags;
    range->sent_us = now_us;
    f->lost_bytes -= range_len(range);
}

void ms_flight_end_recovery(struct flight *f)
{
    for (struct sent_range *range = f->head; range; range = range->next)
        range->flags &= (uint8_t) ~(SENT_AGAIN | SENT_PARTLY);
}

void ms_flight_clear(struct flight *f, struct pool *pool)
{
    while (f->head) {
        struct sent_range *range = f->head;

        f->head = range->next;
        ms_pool_put(pool, range);
    }
    *f = (struct flight){ 0 };
}
