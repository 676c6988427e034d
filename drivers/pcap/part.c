/* SPDX-License-Identifier: ISC */
/* What the stack's application does in a replay: the captured side's writes and its end. */
#include "part.h"

/* Where the next thing to do stands: a chunk, or the end. */
struct step {
    uint64_t after, delay_us;
    bool after_fin;
};

static bool next_step(const struct ms_part *part, struct step *step)
{
    const struct ms_stream_side *side = part->side;

    if (part->chunk < side->chunk_count) {
        const struct ms_stream_chunk *chunk = &side->chunks[part->chunk];

        *step = (struct step){ chunk->after, chunk->delay_us, false };
        return true;
    }
    *step = (struct step){ side->end_after, side->end_delay_us, side->end_after_fin };
    return side->end != MS_STREAM_END_NONE && !part->has_ended;
}

/* What the step waits for from the other side has come. */
static bool is_allowed(const struct ms_part *part, const struct step *step)
{
    return part->is_open && part->received >= step->after && (part->has_fin || !step->after_fin);
}

static uint64_t step_time(const struct ms_part *part, const struct step *step)
{
    uint64_t since = part->received_us > part->wrote_us ? part->received_us : part->wrote_us;

    return since + step->delay_us;
}

void ms_part_init(struct ms_part *part, const struct ms_stream *stream, enum ms_side side)
{
    *part = (struct ms_part){ .side = &stream->sides[side] };
}

/* An event; if the next step waited for it, its delay counts from now. */
static void note(struct ms_part *part, struct ms_part before, uint64_t now_us)
{
    struct step step;

    if (next_step(part, &step) && is_allowed(part, &step) && !is_allowed(&before, &step))
        part->received_us = now_us;
}

void ms_part_opened(struct ms_part *part, uint64_t now_us)
{
    struct ms_part before = *part;

    part->is_open = true;
    note(part, before, now_us);
}

void ms_part_received(struct ms_part *part, uint64_t n, uint64_t now_us)
{
    struct ms_part before = *part;

    part->received += n;
    note(part, before, now_us);
}

void ms_part_fin_received(struct ms_part *part, uint64_t now_us)
{
    struct ms_part before = *part;

    part->has_fin = true;
    note(part, before, now_us);
}

uint32_t ms_part_write(struct ms_part *part, uint64_t now_us, const uint8_t **data)
{
    const struct ms_stream_side *side = part->side;
    uint64_t start = part->written;
    struct step step;

    while (part->chunk < side->chunk_count && next_step(part, &step) && is_allowed(part, &step) &&
           step_time(part, &step) <= now_us) {
        uint64_t end = side->chunks[part->chunk].end;

        if (end - start > UINT32_MAX)
            break;
        part->written = end;
        part->chunk++;
        part->wrote_us = now_us;
    }
    *data = side->data + start;
    return (uint32_t)(part->written - start);
}

enum ms_stream_end ms_part_end(struct ms_part *part, uint64_t now_us, bool is_all_acked)
{
    struct step step;

    if (part->chunk < part->side->chunk_count || !next_step(part, &step) ||
        !is_allowed(part, &step) || step_time(part, &step) > now_us)
        return MS_STREAM_END_NONE;
    part->awaits_acks = part->side->end == MS_STREAM_END_RST && !is_all_acked;
    if (part->awaits_acks)
        return MS_STREAM_END_NONE;
    part->has_ended = true;
    return part->side->end;
}

uint64_t ms_part_next_deadline(const struct ms_part *part)
{
    struct step step;

    if (part->awaits_acks || !next_step(part, &step) || !is_allowed(part, &step))
        return UINT64_MAX;
    return step_time(part, &step);
}
