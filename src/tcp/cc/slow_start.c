/* SPDX-License-Identifier: ISC */
/* How a window begins: RFC 6928, slow start (RFC 5681, 3465), HyStart++ (RFC 9406). */
#include "tcp/cc/slow_start.h"

#include "core/bytes.h"
#include "core/seq.h"

enum {
    INITIAL_SEGMENTS = 10, /* RFC 6928 */
    INITIAL_BYTES = 14600,
    /* L: segments that one ACK counts for at most. */
    LIMIT_FIRST = 8,         /* RFC 9406, 4.3, where sending is not paced */
    LIMIT_STANDARD = 2,      /* RFC 3465, 2.3 */
    LIMIT_AFTER_TIMEOUT = 1, /* the same */
    /* RFC 9406, 4.3. */
    MIN_RTT_THRESH_US = 4000,
    MAX_RTT_THRESH_US = 16000,
    MIN_RTT_DIVISOR = 8,
    N_RTT_SAMPLE = 8,
    CSS_GROWTH_DIVISOR = 4,
    CSS_ROUNDS = 5,
};

uint32_t ms_initial_window(uint32_t segment_bytes)
{
    return min_u32(INITIAL_SEGMENTS * segment_bytes, max_u32(2 * segment_bytes, INITIAL_BYTES));
}

void ms_slow_start_begin(struct ms_cc *cc, struct slow_start *s)
{
    cc->window_bytes = ms_initial_window(cc->segment_bytes);
    cc->threshold_bytes = UINT32_MAX;
    cc->hears_all = false;
    *s = (struct slow_start){ .previous_min_us = UINT32_MAX, .min_us = UINT32_MAX };
}

void ms_slow_start_lost(struct slow_start *s, bool is_timeout)
{
    s->phase = is_timeout ? SLOW_START_AFTER_TIMEOUT : SLOW_START_STANDARD;
}

static void begin_round(struct slow_start *s, uint32_t send_next)
{
    s->is_round_known = true;
    s->round_end = send_next;
    s->previous_min_us = s->min_us;
    s->min_us = UINT32_MAX;
    s->samples = 0;
}

/* RFC 9406, 4.2: an eighth of a round trip longer than the round before, in 4 to 16 ms. */
static bool has_grown(const struct slow_start *s)
{
    uint32_t thresh_us = min_u32(max_u32(s->previous_min_us / MIN_RTT_DIVISOR, MIN_RTT_THRESH_US),
                                 MAX_RTT_THRESH_US);

    return s->previous_min_us != UINT32_MAX && s->min_us >= s->previous_min_us + thresh_us;
}

/* Whether slow start is over. */
static bool watch_round_trips(struct slow_start *s, const struct ms_cc_ack *ack)
{
    if (!s->is_round_known || seq_ge(ack->send_unacked, s->round_end)) {
        if (s->phase == SLOW_START_CONSERVATIVE && ++s->conservative_rounds >= CSS_ROUNDS)
            return true;
        begin_round(s, ack->send_next);
    }
    if (ack->rtt_us == 0)
        return false;
    s->min_us = min_u32(s->min_us, ack->rtt_us);
    if (s->samples < N_RTT_SAMPLE)
        s->samples++;
    if (s->samples < N_RTT_SAMPLE)
        return false;
    if (s->phase == SLOW_START_FIRST && has_grown(s)) {
        s->phase = SLOW_START_CONSERVATIVE;
        s->baseline_min_us = s->min_us;
        s->conservative_rounds = 0;
    } else if (s->phase == SLOW_START_CONSERVATIVE && s->min_us < s->baseline_min_us) {
        s->phase = SLOW_START_FIRST; /* it had grown by chance */
    }
    return false;
}

static uint32_t limit_segments(const struct slow_start *s)
{
    switch ((enum slow_start_phase)s->phase) {
    case SLOW_START_FIRST:
    case SLOW_START_CONSERVATIVE: return LIMIT_FIRST;
    case SLOW_START_AFTER_TIMEOUT: return LIMIT_AFTER_TIMEOUT;
    case SLOW_START_STANDARD: break;
    }
    return LIMIT_STANDARD;
}

void ms_slow_start_ack(struct ms_cc *cc, struct slow_start *s, const struct ms_cc_ack *ack)
{
    bool is_first = s->phase == SLOW_START_FIRST || s->phase == SLOW_START_CONSERVATIVE;
    uint32_t growth;

    if (is_first && watch_round_trips(s, ack)) {
        cc->threshold_bytes = cc->window_bytes;
        slow_start_is_over(s);
        return;
    }
    growth = min_u32(ack->acked_bytes, limit_segments(s) * cc->segment_bytes);
    if (s->phase == SLOW_START_CONSERVATIVE)
        growth /= CSS_GROWTH_DIVISOR;
    cc->window_bytes = min_u32(cc->window_bytes + growth, CC_WINDOW_MAX_BYTES);
}
