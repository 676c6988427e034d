/* SPDX-License-Identifier: ISC */
/* NewReno congestion control (RFC 5681, 6582) with appropriate byte counting (RFC 3465). */
#include "core/bytes.h"
#include "tcp/cc/slow_start.h"

enum { LOSS_WINDOW_SEGMENTS = 1 };

struct __attribute__((may_alias)) newreno {
    uint32_t acked_bytes; /* in congestion avoidance since the window last grew */
    struct slow_start slow_start;
};

_Static_assert(sizeof(struct newreno) <= MS_CC_STATE_BYTES, "a connection has room for it");

static struct newreno *newreno_of(struct ms_cc *cc) { return (struct newreno *)(void *)cc->state; }

static void init(struct ms_cc *cc)
{
    struct newreno *n = newreno_of(cc);

    n->acked_bytes = 0;
    ms_slow_start_begin(cc, &n->slow_start);
}

static void on_ack(struct ms_cc *cc, const struct ms_cc_ack *ack)
{
    struct newreno *n = newreno_of(cc);

    if (ack->is_in_recovery)
        return;
    if (cc->window_bytes < cc->threshold_bytes) {
        ms_slow_start_ack(cc, &n->slow_start, ack);
        return;
    }
    slow_start_is_over(&n->slow_start);
    n->acked_bytes += ack->acked_bytes;
    if (n->acked_bytes < cc->window_bytes)
        return;
    n->acked_bytes -= cc->window_bytes;
    cc->window_bytes = min_u32(cc->window_bytes + cc->segment_bytes, CC_WINDOW_MAX_BYTES);
}

/* RFC 5681, equation 4. */
static uint32_t halved(const struct ms_cc *cc, uint32_t in_flight_bytes)
{
    return max_u32(in_flight_bytes / 2, 2u * cc->segment_bytes);
}

static void on_loss(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes)
{
    struct newreno *n = newreno_of(cc);

    (void)now_us;
    cc->threshold_bytes = halved(cc, in_flight_bytes);
    cc->window_bytes = cc->threshold_bytes;
    n->acked_bytes = 0;
    ms_slow_start_lost(&n->slow_start, false);
}

static void on_recovered(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes)
{
    (void)now_us;
    /* RFC 6582, 3.2, step 3 (1): no burst when little is left in flight. */
    cc->window_bytes = min_u32(cc->threshold_bytes,
                               max_u32(in_flight_bytes, cc->segment_bytes) + cc->segment_bytes);
}

static void on_timeout(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes, bool is_first)
{
    struct newreno *n = newreno_of(cc);

    (void)now_us;
    if (is_first)
        cc->threshold_bytes = halved(cc, in_flight_bytes);
    cc->window_bytes = LOSS_WINDOW_SEGMENTS * (uint32_t)cc->segment_bytes;
    n->acked_bytes = 0;
    ms_slow_start_lost(&n->slow_start, true);
}

static void on_idle(struct ms_cc *cc)
{
    cc->window_bytes = min_u32(cc->window_bytes, ms_initial_window(cc->segment_bytes));
}

const struct ms_cc_ops ms_cc_newreno = {
    .name = "newreno",
    .init = init,
    .on_ack = on_ack,
    .on_loss = on_loss,
    .on_recovered = on_recovered,
    .on_timeout = on_timeout,
    .on_idle = on_idle,
};
