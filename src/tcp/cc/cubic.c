/* SPDX-License-Identifier: ISC */
/*
 * CUBIC congestion control (RFC 9438). After a loss the window returns to where it was along a
 * cubic curve of time, lingers there and then looks for more, but never grows slower than Reno
 * would. Windows are bytes and times milliseconds, all in integers.
 */
#include "core/bytes.h"
#include "tcp/cc/slow_start.h"

enum {
    LOSS_WINDOW_SEGMENTS = 1,
    /* RFC 9438, 4.6: beta_cubic is 0.7. */
    BETA_TENTHS = 7,
    /* RFC 9438, 4.3: alpha_cubic, 3 * (1 - 0.7) / (1 + 0.7). */
    ALPHA_NUMERATOR = 9,
    ALPHA_DENOMINATOR = 17,
    FRACTION_BITS = 16,
    US_PER_MS = 1000,
    DISTANCE_MAX_MS = 1 << 20, /* further from the plateau than any window needs */
};

struct __attribute__((may_alias)) cubic {
    uint64_t reno_fraction; /* W_est, with FRACTION_BITS behind the point */
    uint32_t plateau_bytes; /* W_max; 0: nothing was lost yet, or a timeout said to forget it */
    uint32_t before_bytes;  /* cwnd_prior: of the window when something was lost */
    uint32_t plateau_ms;    /* K: when the curve is at its plateau, after the epoch began */
    uint32_t epoch_ms;      /* when this epoch of congestion avoidance began */
    uint32_t told_ms;       /* when the last ACK came */
    struct slow_start slow_start;
    bool was_idle;
};

_Static_assert(sizeof(struct cubic) <= MS_CC_STATE_BYTES, "a connection has room for it");

static struct cubic *cubic_of(struct ms_cc *cc) { return (struct cubic *)(void *)cc->state; }

static void init(struct ms_cc *cc)
{
    struct cubic *c = cubic_of(cc);

    *c = (struct cubic){ 0 };
    ms_slow_start_begin(cc, &c->slow_start);
}

/* The largest number whose cube is not above x. */
static uint32_t cube_root(uint64_t x)
{
    uint64_t root = 0;

    for (unsigned bit = 22; bit-- > 0;) {
        uint64_t next = root | 1u << bit;

        if (next * next * next <= x)
            root = next;
    }
    return (uint32_t)root;
}

/* C * t^3 in bytes, with C of 0.4 segments a cubic second (RFC 9438, 4.2 and 5.1). */
static uint64_t climb_bytes(uint64_t ms, uint32_t segment_bytes)
{
    uint64_t cubed;

    ms = min_u64(ms, DISTANCE_MAX_MS);
    cubed = ms * ms * ms; /* below 2^60; a tenth of 10^-9 of it is a cubic second's */
    return cubed / 1000000 * segment_bytes / 1000 * 4 / 10;
}

/* RFC 9438, 4.2: W_cubic(t). */
static uint32_t curve_at(const struct cubic *c, uint32_t segment_bytes, uint32_t ms)
{
    uint64_t climb;

    if (ms >= c->plateau_ms) {
        climb = climb_bytes(ms - c->plateau_ms, segment_bytes);
        return (uint32_t)min_u64(c->plateau_bytes + climb, CC_WINDOW_MAX_BYTES);
    }
    climb = climb_bytes(c->plateau_ms - ms, segment_bytes);
    return climb < c->plateau_bytes ? c->plateau_bytes - (uint32_t)climb : 0;
}

/* RFC 9438, 4.2: K is the cube root of (W_max - cwnd_epoch) / C, in milliseconds. */
static void begin_epoch(struct ms_cc *cc, struct cubic *c, uint32_t now_ms)
{
    cc->hears_all = true; /* of what stops the curve's clock */
    c->epoch_ms = now_ms;
    c->told_ms = now_ms;
    c->plateau_ms = 0;
    c->reno_fraction = (uint64_t)cc->window_bytes << FRACTION_BITS;
    if (c->plateau_bytes <= cc->window_bytes)
        c->plateau_bytes = cc->window_bytes;
    else
        c->plateau_ms = cube_root((uint64_t)(c->plateau_bytes - cc->window_bytes) * 2500000000u /
                                  cc->segment_bytes);
}

/* RFC 9438, 4.3: W_est, the window that Reno would have. It returns to alpha 1 once it is back. */
static uint32_t reno_window(const struct ms_cc *cc, struct cubic *c, uint32_t acked_bytes)
{
    uint64_t growth =
        ((uint64_t)acked_bytes * cc->segment_bytes << FRACTION_BITS) / cc->window_bytes;

    if (c->reno_fraction >> FRACTION_BITS < c->before_bytes)
        growth = growth * ALPHA_NUMERATOR / ALPHA_DENOMINATOR;
    c->reno_fraction =
        min_u64(c->reno_fraction + growth, (uint64_t)CC_WINDOW_MAX_BYTES << FRACTION_BITS);
    return (uint32_t)(c->reno_fraction >> FRACTION_BITS);
}

/* RFC 9438, 4.4 and 4.5: towards where the curve will be a round trip from now. */
static uint32_t cubic_window(const struct ms_cc *cc, const struct cubic *c,
                             const struct ms_cc_ack *ack, uint32_t ms)
{
    uint32_t window = cc->window_bytes;
    uint32_t target = curve_at(c, cc->segment_bytes, ms + ack->srtt_us / US_PER_MS);

    target = min_u32(max_u32(target, window), window + window / 2);
    return window + (uint32_t)((uint64_t)(target - window) * ack->acked_bytes / window);
}

static void avoid_congestion(struct ms_cc *cc, struct cubic *c, const struct ms_cc_ack *ack)
{
    uint32_t now_ms = (uint32_t)(ack->now_us / US_PER_MS), ms, reno;

    slow_start_is_over(&c->slow_start);
    if (!cc->hears_all)
        begin_epoch(cc, c, now_ms);
    ms = now_ms - c->epoch_ms;
    reno = reno_window(cc, c, ack->acked_bytes);
    if (curve_at(c, cc->segment_bytes, ms) < reno)
        cc->window_bytes = max_u32(cc->window_bytes, reno);
    else
        cc->window_bytes = cubic_window(cc, c, ack, ms);
    cc->window_bytes = min_u32(cc->window_bytes, CC_WINDOW_MAX_BYTES);
}

/* RFC 9438, 5.8: the curve's clock stands still while the application has too little to send. */
static void keep_time(struct cubic *c, const struct ms_cc_ack *ack)
{
    uint32_t now_ms = (uint32_t)(ack->now_us / US_PER_MS);

    if (!ack->is_window_limited || c->was_idle)
        c->epoch_ms += now_ms - c->told_ms;
    c->was_idle = false;
    c->told_ms = now_ms;
}

static void on_ack(struct ms_cc *cc, const struct ms_cc_ack *ack)
{
    struct cubic *c = cubic_of(cc);

    if (cc->hears_all)
        keep_time(c, ack);
    if (ack->is_in_recovery || !ack->is_window_limited)
        return;
    if (cc->window_bytes < cc->threshold_bytes)
        ms_slow_start_ack(cc, &c->slow_start, ack);
    else
        avoid_congestion(cc, c, ack);
}

/* RFC 9438, 4.6 and 4.7. */
static void give_way(struct ms_cc *cc, struct cubic *c, uint32_t in_flight_bytes)
{
    uint32_t window = cc->window_bytes;

    c->before_bytes = window;
    /* Fast convergence: a window that did not get back to where it was leaves room to others. */
    c->plateau_bytes =
        window < c->plateau_bytes ? (uint32_t)((uint64_t)window * (10 + BETA_TENTHS) / 20) : window;
    cc->hears_all = false; /* the epoch is over */
    cc->threshold_bytes =
        max_u32((uint32_t)((uint64_t)in_flight_bytes * BETA_TENTHS / 10), 2u * cc->segment_bytes);
}

static void on_loss(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes)
{
    struct cubic *c = cubic_of(cc);

    (void)now_us;
    give_way(cc, c, in_flight_bytes);
    cc->window_bytes = cc->threshold_bytes;
    ms_slow_start_lost(&c->slow_start, false);
}

static void on_recovered(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes)
{
    (void)now_us;
    /* RFC 6582, 3.2, step 3 (1): no burst when little is left in flight. */
    cc->window_bytes = min_u32(cc->threshold_bytes,
                               max_u32(in_flight_bytes, cc->segment_bytes) + cc->segment_bytes);
}

/* RFC 9438, 4.8: the epoch that follows has its plateau where it begins. */
static void on_timeout(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes, bool is_first)
{
    struct cubic *c = cubic_of(cc);

    (void)now_us;
    if (is_first)
        give_way(cc, c, in_flight_bytes);
    c->plateau_bytes = 0;
    cc->hears_all = false;
    cc->window_bytes = LOSS_WINDOW_SEGMENTS * (uint32_t)cc->segment_bytes;
    ms_slow_start_lost(&c->slow_start, true);
}

static void on_idle(struct ms_cc *cc)
{
    cubic_of(cc)->was_idle = true;
    cc->window_bytes = min_u32(cc->window_bytes, ms_initial_window(cc->segment_bytes));
}

const struct ms_cc_ops ms_cc_cubic = {
    .name = "cubic",
    .init = init,
    .on_ack = on_ack,
    .on_loss = on_loss,
    .on_recovered = on_recovered,
    .on_timeout = on_timeout,
    .on_idle = on_idle,
};
