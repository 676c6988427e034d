/* SPDX-License-Identifier: ISC */
/* What the stack's application does in a replay: the captured side's writes and its end. */
#ifndef MSTACK_DRIVERS_PART_H
#define MSTACK_DRIVERS_PART_H

#include "streams.h"

/*
 * The part of one side. The application reports what it received, asks what to write, and closes
 * when told. Calls nothing; allocates nothing; copy it as you like.
 */
struct ms_part {
    const struct ms_stream_side *side;
    uint64_t received;    /* bytes of the other side so far */
    uint64_t received_us; /* when what the next step waits for came */
    uint64_t written;     /* bytes handed out by ms_part_write() */
    size_t chunk;         /* the next one to write */
    uint64_t wrote_us;    /* when the last chunk was handed out */
    bool is_open, has_fin, has_ended;
    bool awaits_acks; /* all that the end still waits for */
};

void ms_part_init(struct ms_part *part, const struct ms_stream *stream, enum ms_side side);
/* The connection is established. */
void ms_part_opened(struct ms_part *part, uint64_t now_us);
/* n more bytes of the other side arrived, or its FIN. */
void ms_part_received(struct ms_part *part, uint64_t n, uint64_t now_us);
void ms_part_fin_received(struct ms_part *part, uint64_t now_us);
/* The bytes to write now: their number, at *data, which live as long as the streams. 0: none. */
uint32_t ms_part_write(struct ms_part *part, uint64_t now_us, const uint8_t **data);
/*
 * How to end now: FIN: ms_tcp_close(); RST: ms_tcp_abort(); NONE: not yet. Told once. For RST,
 * is_all_acked says whether every buffer lent has come back, since abort drops the others.
 */
enum ms_stream_end ms_part_end(struct ms_part *part, uint64_t now_us, bool is_all_acked);
/* When ms_part_write() or ms_part_end() has something new without a further event (data, FIN, or
 * a buffer that comes back). */
uint64_t ms_part_next_deadline(const struct ms_part *part);

#endif
