/* SPDX-License-Identifier: ISC */
/* The TCP conversations of a capture file: what each side sent, put in order. */
#ifndef MSTACK_DRIVERS_STREAMS_H
#define MSTACK_DRIVERS_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mstack/addr.h"

struct ms_streams;

enum ms_side { MS_SIDE_CLIENT, MS_SIDE_SERVER };

/* Why a stream cannot be replayed. */
enum ms_stream_obstacle {
    MS_STREAM_REPLAYABLE,
    MS_STREAM_NO_SYN,            /* the capture began too late */
    MS_STREAM_NOT_OPENED,        /* the SYN was refused or never answered */
    MS_STREAM_SIMULTANEOUS_OPEN, /* both sides sent a SYN: there is no server */
    MS_STREAM_TRUNCATED,         /* frames were cut when captured, and payload is missing */
    MS_STREAM_GAP,               /* packets are missing from the capture */
    MS_STREAM_OBSTACLE_COUNT
};
/* A sentence for each. */
const char *ms_stream_obstacle_text(enum ms_stream_obstacle obstacle);

enum ms_stream_end {
    MS_STREAM_END_NONE, /* the capture stops before this side closed */
    MS_STREAM_END_FIN,
    MS_STREAM_END_RST,
};

/*
 * Bytes that one side wrote in one go: it may write up to `end` (an offset in its stream) once it
 * has received `after` bytes of the other side, `delay_us` later.
 */
struct ms_stream_chunk {
    uint64_t end, after;
    uint64_t delay_us; /* since it had received that, and written what comes before */
    uint64_t time_us;  /* in the capture, since the stream's first segment */
};

/* What one side sent. */
struct ms_stream_side {
    struct ms_addr addr;
    uint16_t port;
    const uint8_t *data; /* unique bytes, in order */
    uint64_t len;
    /* Of those, the other side acknowledged so many. A reset may destroy the rest, so after one a
     * replay is right if it delivers at least this much, and nothing but a prefix of data. */
    uint64_t acked;
    const struct ms_stream_chunk *chunks; /* all bytes, in order of time */
    size_t chunk_count;
    enum ms_stream_end end;
    /* It ended once it had received so many bytes, and perhaps the other's FIN; so much later
     * (and after all its bytes were written). */
    uint64_t end_after, end_delay_us;
    bool end_after_fin;
    uint64_t segments, data_segments, retransmissions, duplicates, out_of_order, corrupt;
};

struct ms_stream {
    struct ms_stream_side sides[2]; /* by enum ms_side */
    enum ms_stream_obstacle obstacle;
    uint64_t first_us, last_us; /* the file's times */
    /* Who closed (FIN or RST) first; meaningless when neither did. */
    enum ms_side closed_first;
};

struct ms_streams_summary {
    uint64_t records;   /* in the file */
    uint64_t not_tcp;   /* other packets */
    uint64_t fragments; /* IP fragments, which are not put together here */
    uint64_t malformed; /* TCP packets with impossible headers */
};

/*
 * Reads the whole file; memory is of the order of its size. Return 0, or an errno and a line.
 * A file that breaks off is read up to there: see ms_streams_error().
 */
int ms_streams_open(struct ms_streams **streams, const char *path, char *message, size_t size);
int ms_streams_open_stream(struct ms_streams **streams, FILE *stream, char *message, size_t size);
void ms_streams_close(struct ms_streams *streams);
size_t ms_streams_count(const struct ms_streams *streams);
const struct ms_stream *ms_streams_get(const struct ms_streams *streams, size_t i);
void ms_streams_summary(const struct ms_streams *streams, struct ms_streams_summary *summary);
/* NULL, or what was wrong with the file where reading ended. */
const char *ms_streams_error(const struct ms_streams *streams);

#endif
