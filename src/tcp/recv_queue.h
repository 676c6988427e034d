/* SPDX-License-Identifier: ISC */
/*
 * Segments that arrived before their turn: frames kept in runs without holes, and the SACK blocks
 * to report (RFC 2018, 2883). The byte received first wins over a later, different one.
 */
#ifndef TCP_RECV_QUEUE_H
#define TCP_RECV_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/drop.h"
#include "core/pool.h"
#include "core/seq.h"
#include "mstack/frame.h"

/* Bytes of one frame, kept with a reference to it. */
struct held_segment {
    struct held_segment *next;
    struct ms_frame *frame;
    uint32_t offset; /* of the first byte, from the frame's head */
    uint32_t seq, len;
};

/* Segments that follow one another. */
struct held_run {
    struct held_run *next;
    struct held_segment *first, *last;
    uint32_t seq, end;
    uint32_t stamp; /* larger: changed later (RFC 2018, 4: newest block first) */
};

struct recv_queue {
    struct held_run *runs;      /* in order of sequence numbers, holes between them */
    struct seq_range duplicate; /* received twice, to be reported once (RFC 2883); empty: none */
    uint32_t stamp;
    uint16_t segments, run_count;
};

union held_item {
    struct held_segment segment;
    struct held_run run;
};

/* Few enough runs that a walk over them costs no more than a segment does. */
enum { RECV_QUEUE_SEGMENTS_MAX = 4096, RECV_QUEUE_RUNS_MAX = 128 };

/* Keeps the bytes of `segment` that are not there yet; it takes its own references to the frame. */
enum ms_drop ms_recv_queue_hold(struct recv_queue *q, struct pool *pool,
                                const struct held_segment *segment);
/*
 * Takes the first segment if its turn has come: what of it lies before recv_next is cut off. The
 * caller drops the reference to its frame.
 */
bool ms_recv_queue_take(struct recv_queue *q, struct pool *pool, uint32_t recv_next,
                        struct held_segment *taken);
/* The blocks to report: a duplicate first and once, then the runs, newest first. */
unsigned ms_recv_queue_blocks(struct recv_queue *q, struct seq_range *blocks, unsigned max);
void ms_recv_queue_clear(struct recv_queue *q, struct pool *pool);

static inline bool ms_recv_queue_has_report(const struct recv_queue *q)
{
    return q->runs || q->duplicate.start != q->duplicate.end;
}

#endif
