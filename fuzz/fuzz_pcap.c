/* SPDX-License-Identifier: ISC */
/* Any bytes as a capture file: the reader, the index of streams, and a player without a peer. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "pcap/conversation.h"
#include "pcap/part.h"
#include "pcap/streams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 2000 };

static void check(int truth)
{
    if (!truth)
        abort();
}

/* What the index promises of one side. */
static void check_side(const struct ms_stream_side *side)
{
    uint64_t done = 0;

    check(side->acked <= side->len);
    for (size_t i = 0; i < side->chunk_count; i++) {
        check(side->chunks[i].end > done && side->chunks[i].end <= side->len);
        done = side->chunks[i].end;
    }
    check(done == side->len);
}

static uint64_t later(uint64_t now_us, uint64_t deadline_us)
{
    return deadline_us != UINT64_MAX && deadline_us > now_us ? deadline_us : now_us;
}

/* A part whose peer has sent everything writes everything, in time, and ends. */
static void run_part(const struct ms_stream *stream, enum ms_side side)
{
    const uint8_t *bytes;
    struct ms_part part;
    uint64_t now_us = 0;

    ms_part_init(&part, stream, side);
    ms_part_opened(&part, 0);
    ms_part_received(&part, stream->sides[!side].len, 0);
    ms_part_fin_received(&part, 0);
    for (size_t i = 0; i < stream->sides[side].chunk_count; i++) {
        now_us = later(now_us, ms_part_next_deadline(&part));
        (void)ms_part_write(&part, now_us, &bytes);
    }
    check(part.written == stream->sides[side].len);
    now_us = later(now_us, ms_part_next_deadline(&part));
    check(ms_part_end(&part, now_us, true) == stream->sides[side].end);
}

/* Nobody answers: the player must give up, within a bounded number of steps. */
static void play(const struct ms_streams *streams, size_t i, enum ms_side side)
{
    struct ms_conversation_config config = { .streams = streams, .stream = i, .stack_side = side };
    struct ms_conversation *c = ms_conversation_open(&config);
    uint64_t now_us = 0;

    check(c != NULL);
    for (unsigned step = 0; step < STEPS_MAX; step++) {
        now_us = later(now_us, ms_conversation_next_deadline(c));
        (void)ms_conversation_step(c, now_us);
    }
    check(ms_conversation_state(c) != MS_CONVERSATION_RUNNING);
    ms_conversation_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *stream = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;
    struct ms_streams *streams;
    char message[256];

    if (!stream || ms_streams_open_stream(&streams, stream, message, sizeof message) != 0)
        return 0;
    for (size_t i = 0; i < ms_streams_count(streams) && i < 8; i++) {
        const struct ms_stream *s = ms_streams_get(streams, i);

        if (s->obstacle != MS_STREAM_REPLAYABLE)
            continue;
        for (unsigned side = 0; side < 2; side++) {
            check_side(&s->sides[side]);
            run_part(s, (enum ms_side)side);
            play(streams, i, (enum ms_side)side);
        }
    }
    ms_streams_close(streams);
    return 0;
}
