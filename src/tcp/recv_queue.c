/* SPDX-License-Identifier: ISC */
/* Segments that arrived before their turn, and the SACK blocks to report. */
#include "tcp/recv_queue.h"

#include "core/bytes.h"

/* A copy of `segment` cut to the part that begins at seq and is len long, with its reference. */
static struct held_segment *new_segment(struct recv_queue *q, struct pool *pool,
                                        const struct held_segment *segment, struct seq_range part)
{
    union held_item *item = q->segments < RECV_QUEUE_SEGMENTS_MAX ? ms_pool_get(pool) : NULL;

    if (!item)
        return NULL;
    item->segment = (struct held_segment){
        .frame = segment->frame,
        .offset = segment->offset + (part.start - segment->seq),
        .seq = part.start,
        .len = part.end - part.start,
    };
    ms_frame_get(segment->frame);
    q->segments++;
    return &item->segment;
}

static void append_segment(struct recv_queue *q, struct held_run *run, struct held_segment *added)
{
    run->last->next = added;
    run->last = added;
    run->end = added->seq + added->len;
    run->stamp = ++q->stamp;
}

/* Joins a run with the next one if no hole is left between them. */
static void join_next(struct recv_queue *q, struct pool *pool, struct held_run *run)
{
    struct held_run *next = run->next;

    if (!next || run->end != next->seq)
        return;
    run->last->next = next->first;
    run->last = next->last;
    run->end = next->end;
    run->next = next->next;
    run->stamp = ++q->stamp;
    ms_pool_put(pool, next);
    q->run_count--;
}

/* Puts a new run of one segment behind *link. */
static bool insert_run(struct recv_queue *q, struct pool *pool, struct held_run **link,
                       struct held_segment *only)
{
    union held_item *item = q->run_count < RECV_QUEUE_RUNS_MAX ? ms_pool_get(pool) : NULL;

    if (!item)
        return false;
    q->run_count++;
    item->run = (struct held_run){
        .next = *link,
        .first = only,
        .last = only,
        .seq = only->seq,
        .end = only->seq + only->len,
        .stamp = ++q->stamp,
    };
    *link = &item->run;
    return true;
}

static void drop_segment(struct recv_queue *q, struct pool *pool, struct held_segment *segment)
{
    struct ms_frame *frame = segment->frame;

    q->segments--;
    ms_pool_put(pool, segment);
    ms_frame_put(frame);
}

/* Fills the hole between two runs, or a part of it. `before` may be NULL. */
static bool fill_hole(struct recv_queue *q, struct pool *pool, struct held_run *before,
                      const struct held_segment *segment, struct seq_range part)
{
    struct held_segment *added = new_segment(q, pool, segment, part);
    struct held_run **link = before ? &before->next : &q->runs;

    if (!added)
        return false;
    if (before && before->end == part.start) {
        append_segment(q, before, added);
    } else {
        if (!insert_run(q, pool, link, added)) {
            drop_segment(q, pool, added);
            return false;
        }
        before = *link;
    }
    join_next(q, pool, before);
    return true;
}

enum ms_drop ms_recv_queue_hold(struct recv_queue *q, struct pool *pool,
                                const struct held_segment *segment)
{
    uint32_t seq = segment->seq, end = segment->seq + segment->len;
    struct held_run *before = NULL, *run = q->runs;
    bool is_new = false;

    while (seq_lt(seq, end)) {
        uint32_t stop;

        while (run && seq_le(run->end, seq)) { /* runs that lie before what is left */
            before = run;
            run = run->next;
        }
        if (run && seq_le(run->seq, seq)) { /* held already: go on behind it */
            seq = seq_min(run->end, end);
            run->stamp = ++q->stamp;
            continue;
        }
        stop = run ? seq_min(run->seq, end) : end;
        if (!fill_hole(q, pool, before, segment, (struct seq_range){ seq, stop }))
            return is_new ? MS_DROP_NONE : MS_DROP_TCP_REORDER_FULL;
        is_new = true;
        seq = stop;
        run = before ? before : q->runs; /* runs may have been joined: look again from here */
    }
    return is_new ? MS_DROP_NONE : MS_DROP_TCP_DUPLICATE;
}

/* Takes the first segment of the first run out; a run without segments goes too. */
static struct held_segment detach_first(struct recv_queue *q, struct pool *pool)
{
    struct held_run *run = q->runs;
    struct held_segment *first = run->first, copy = *first;

    run->first = first->next;
    run->seq = first->seq + first->len;
    q->segments--;
    ms_pool_put(pool, first);
    if (!run->first) {
        q->runs = run->next;
        q->run_count--;
        ms_pool_put(pool, run);
    }
    return copy;
}

bool ms_recv_queue_take(struct recv_queue *q, struct pool *pool, uint32_t recv_next,
                        struct held_segment *taken)
{
    while (q->runs && seq_le(q->runs->seq, recv_next)) {
        struct held_segment first = detach_first(q, pool);
        uint32_t past = recv_next - first.seq;

        if (past < first.len) {
            *taken = first;
            taken->seq += past;
            taken->offset += past;
            taken->len -= past;
            return true;
        }
        ms_frame_put(first.frame);
    }
    return false;
}

/* The newest run that changed before `stamp`. */
static const struct held_run *newest_before(const struct recv_queue *q, uint32_t stamp)
{
    const struct held_run *best = NULL;

    for (const struct held_run *run = q->runs; run; run = run->next) {
        if (seq_lt(run->stamp, stamp) && (!best || seq_gt(run->stamp, best->stamp)))
            best = run;
    }
    return best;
}

unsigned ms_recv_queue_blocks(struct recv_queue *q, struct seq_range *blocks, unsigned max)
{
    uint32_t stamp = q->stamp + 1;
    unsigned count = 0;

    if (max > 0 && q->duplicate.start != q->duplicate.end) {
        blocks[count++] = q->duplicate;
        q->duplicate.end = q->duplicate.start;
    }
    while (count < max) {
        const struct held_run *run = newest_before(q, stamp);

        if (!run)
            break;
        blocks[count++] = (struct seq_range){ run->seq, run->end };
        stamp = run->stamp;
    }
    return count;
}

void ms_recv_queue_clear(struct recv_queue *q, struct pool *pool)
{
    while (q->runs) {
        struct held_segment first = detach_first(q, pool);

        ms_frame_put(first.frame);
    }
    q->duplicate = (struct seq_range){ 0, 0 };
}
