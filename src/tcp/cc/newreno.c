/* SPDX-License-Identifier: ISC */
/* NewReno congestion control (RFC 5681, 6582) with appropriate byte counting (RFC 3465). */
#include "core/bytes.h"
#include "mstack/cc.h"

enum {
    ABC_LIMIT = 2,         /* RFC 3465, 2.3: L, segments counted per ACK in slow start */
    INITIAL_SEGMENTS = 10, /* RFC 6928 */
    INITIAL_BYTES = 14600,
    LOSS_WINDOW_SEGMENTS = 1,
    WINDOW_MAX_BYTES = 1 << 30, /* RFC 7323, 2.3: no peer's window is larger */
};

/* Which byte of the state tells that slow start follows a timeout; those before it count. */
enum { AFTER_TIMEOUT = sizeof(uint32_t) };

/* Bytes acknowledged in congestion avoidance since the window last grew. */
static uint32_t load_counted(const struct ms_cc *cc)
{
    uint32_t counted;

    memcpy(&counted, cc->state, sizeof(counted));
    return counted;
}

static void store_counted(struct ms_cc *cc, uint32_t counted)
{
    memcpy(cc->state, &counted, sizeof(counted));
}

/* RFC 6928: min(10 * MSS, max(2 * MSS, 14600)). */
static uint32_t initial_window(uint32_t segment_bytes)
{
    return min_u32(INITIAL_SEGMENTS * segment_bytes, max_u32(2 * segment_bytes, INITIAL_BYTES));
}

static void init(struct ms_cc *cc)
{
    cc->window_bytes = initial_window(cc->segment_bytes);
    cc->threshold_bytes = UINT32_MAX;
    cc->state[AFTER_TIMEOUT] = false;
    store_counted(cc, 0);
}

/* RFC 3465, 2.3: after a timeout an ACK may cover much that left the network long before. */
static uint32_t slow_start_limit(const struct ms_cc *cc)
{
    return (cc->state[AFTER_TIMEOUT] ? 1u : ABC_LIMIT) * cc->segment_bytes;
}

static void on_ack(struct ms_cc *cc, const struct ms_cc_ack *ack)
{
    uint32_t counted;

    /* RFC 5681 grows a window that was in use; RFC 7661, 4: one that was not says nothing. */
    if (ack->is_in_recovery || (!ack->is_window_limited && ack->in_flight_bytes < cc->window_bytes))
        return;
    if (cc->window_bytes < cc->threshold_bytes) {
        cc->window_bytes += min_u32(ack->acked_bytes, slow_start_limit(cc));
    } else {
        cc->state[AFTER_TIMEOUT] = false;
        counted = load_counted(cc) + ack->acked_bytes;
        if (counted >= cc->window_bytes) {
            counted -= cc->window_bytes;
            cc->window_bytes += cc->segment_bytes;
        }
        store_counted(cc, counted);
    }
    cc->window_bytes = min_u32(cc->window_bytes, WINDOW_MAX_BYTES);
}

/* RFC 5681, equation 4. */
static uint32_t halved(const struct ms_cc *cc, uint32_t in_flight_bytes)
{
    return max_u32(in_flight_bytes / 2, 2u * cc->segment_bytes);
}

static void on_loss(struct ms_cc *cc, uint64_t now_us, uint32_t in_flight_bytes)
{
    (void)now_us;
    cc->threshold_bytes = halved(cc, in_flight_bytes);
    cc->window_bytes = cc->threshold_bytes;
    store_counted(cc, 0);
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
    (void)now_us;
    if (is_first)
        cc->threshold_bytes = halved(cc, in_flight_bytes);
    cc->window_bytes = LOSS_WINDOW_SEGMENTS * (uint32_t)cc->segment_bytes;
    cc->state[AFTER_TIMEOUT] = true;
    store_counted(cc, 0);
}

static void on_idle(struct ms_cc *cc)
{
    cc->window_bytes = min_u32(cc->window_bytes, initial_window(cc->segment_bytes));
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
