/* SPDX-License-Identifier: ISC */
/* From a seed to a plan. */
#include "plan.h"

#include <string.h>

enum {
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    MILLION = 1000000,
    IPV6_MTU_MIN = 1280,
    IPV4_PATH_MTU_MIN = 576,
    BYTES_MAX = 400000, /* of one stream, nearly */
    PURPOSE_FAULTS = 1,
    PURPOSE_LINKS = 100,
    PURPOSE_HOSTS = 200,
    PURPOSE_CONNECTIONS = 300,
    PURPOSE_TROUBLES = 400,
};

struct dice plan_dice(uint64_t seed, uint64_t purpose)
{
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + purpose * UINT64_C(0xbf58476d1ce4e5b9) + 1;

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return (struct dice){ .state = x ? x : 1 };
}

const char *plan_fault_text(enum fault fault)
{
    static const char *const texts[] = {
#define FAULT_TEXT(name, text) text,
        FAULT_LIST(FAULT_TEXT)
#undef FAULT_TEXT
    };

    return texts[fault];
}

static bool one_in(struct dice *dice, uint32_t n) { return dice_below(dice, n) == 0; }

static uint32_t between(struct dice *dice, uint32_t least, uint32_t most)
{
    return least + dice_below(dice, most - least + 1);
}

/* Small numbers are as likely as large ones. */
static uint32_t by_magnitude(struct dice *dice, uint32_t least, uint32_t most)
{
    unsigned bits = 0;
    uint64_t x;

    while (most >> bits > least)
        bits++;
    x = (uint64_t)least << dice_below(dice, bits + 1);
    x += dice_u64(dice) % (x ? x : 1);
    return (uint32_t)(x > most ? most : x);
}

static uint32_t choose_mtu(const struct plan *plan, struct dice *dice)
{
    uint32_t mtu = one_in(dice, 4) ? IPV6_MTU_MIN : 1500;
    uint32_t other = dice_below(dice, 2);

    if (plan_has(plan, FAULT_SMALL_MTU) && (other || !plan_has(plan, FAULT_LARGE_MTU)))
        mtu = by_magnitude(dice, 68, 1500);
    else if (plan_has(plan, FAULT_LARGE_MTU))
        mtu = by_magnitude(dice, 1500, 65535);
    if (plan->link_count > 1 && mtu < IPV4_PATH_MTU_MIN)
        mtu = IPV4_PATH_MTU_MIN; /* less need not be believed of a path (RFC 1191, 5) */
    return mtu;
}

static void make_link(const struct plan *plan, struct link_plan *link, struct dice dice)
{
    *link = (struct link_plan){ .delay_us = by_magnitude(&dice, 10, 50 * US_PER_MS) };
    link->medium = plan->link_count == 1 && one_in(&dice, 2) ? MS_MEDIUM_ETHERNET : MS_MEDIUM_IP;
    link->mtu = choose_mtu(plan, &dice);
    if (plan_has(plan, FAULT_LONG_DELAY) && link->medium == MS_MEDIUM_IP)
        link->delay_us = by_magnitude(&dice, 50 * US_PER_MS, 2500 * US_PER_MS / plan->link_count);
    else if (plan_has(plan,
                      FAULT_LONG_DELAY)) /* neighbours are asked three times in three seconds */
        link->delay_us = by_magnitude(&dice, 50 * US_PER_MS, 500 * US_PER_MS);
    if (plan_has(plan, FAULT_RATE)) {
        link->bytes_per_s = by_magnitude(&dice, 20 * 1000, 100 * 1000 * 1000);
        link->queue_bytes = 2 * link->mtu + by_magnitude(&dice, 1000, 200 * 1000);
    }
    if (plan_has(plan, FAULT_LOSS))
        link->loss = by_magnitude(&dice, 1000, 600 * 1000);
    if (plan_has(plan, FAULT_BURSTS)) {
        link->burst_begins = by_magnitude(&dice, 1000, 50 * 1000);
        link->burst_ends = by_magnitude(&dice, 50 * 1000, 500 * 1000);
    }
    if (plan_has(plan, FAULT_REORDERING)) {
        link->reordering = by_magnitude(&dice, 1000, 500 * 1000);
        link->jitter_us = by_magnitude(&dice, 100, 4 * link->delay_us + 1000);
    }
    if (plan_has(plan, FAULT_DUPLICATION))
        link->duplication = by_magnitude(&dice, 1000, 300 * 1000);
    if (plan_has(plan, FAULT_CORRUPTION))
        link->corruption = by_magnitude(&dice, 1000, 200 * 1000);
    if (plan_has(plan, FAULT_PIECES))
        link->pieces = by_magnitude(&dice, 1000, 500 * 1000);
    if (plan_has(plan, FAULT_TRUNCATION))
        link->truncation = by_magnitude(&dice, 1000, 200 * 1000);
}

static void make_scarce(struct host_plan *host, struct dice *dice)
{
    host->frames = between(dice, 4, 24);
    host->connections = between(dice, 1, 8);
    host->syn_records = between(dice, 1, 3);
    host->msl_us = by_magnitude(dice, 10 * US_PER_MS, 30 * US_PER_S);
    host->time_wait_records = between(dice, 0, 3);
    host->sent_ranges = between(dice, 2, 24);
    host->reorder_segments = between(dice, 1, 12);
    host->transmit_queue = 1u << between(dice, 1, 4);
}

static void make_host(const struct plan *plan, struct host_plan *host, struct dice dice)
{
    *host = (struct host_plan){
        .link = (uint8_t)dice_below(&dice, plan->link_count),
        .window_bytes = 64 * 1024,
        .frames = 128,
        .transmit_queue = 64,
        .connections = 2 * CONNECTIONS_MAX,
        .syn_records = 2 * CONNECTIONS_MAX,
        .time_wait_records = 2 * CONNECTIONS_MAX,
        .sent_ranges = 512,
        .reorder_segments = 512,
        .slices = between(&dice, 1, 8),
        .has_timestamps = !one_in(&dice, 3),
        .has_sack = !one_in(&dice, 3),
        .delayed_ack_us = by_magnitude(&dice, 1000, 499 * US_PER_MS),
        .msl_us = between(&dice, 20, 60) * US_PER_S,
        .ring_frames = 64,
    };
    if (plan_has(plan, FAULT_SMALL_WINDOWS) && !one_in(&dice, 3))
        host->window_bytes = by_magnitude(&dice, 1, 4096);
    else if (plan_has(plan, FAULT_LARGE_WINDOWS))
        host->window_bytes = by_magnitude(&dice, 64 * 1024, UINT32_C(1) << 30);
    if (plan_has(plan, FAULT_SCARCITY))
        make_scarce(host, &dice);
    if (plan_has(plan, FAULT_REFUSALS))
        host->refusal = by_magnitude(&dice, 1000, 500 * 1000);
    if (plan_has(plan, FAULT_LATE_COMPLETIONS)) {
        host->completion_us = by_magnitude(&dice, 10, 100 * US_PER_MS);
        host->ring_frames = between(&dice, 1, 32);
    }
}

/* What takes one segment for a byte is kept short. */
static uint32_t choose_bytes(struct dice *dice, uint32_t piece_bytes)
{
    uint32_t pieces = one_in(dice, 8) ? by_magnitude(dice, 1, 200) : by_magnitude(dice, 1, 20);
    uint32_t most = BYTES_MAX / piece_bytes + 1;

    if (one_in(dice, 6))
        return 0;
    return between(dice, 1, (pieces < most ? pieces : most) * piece_bytes);
}

static void make_reader(const struct plan *plan, struct side_plan *side, struct dice *dice,
                        uint32_t peer_bytes)
{
    side->keeps_frames = one_in(dice, 4);
    if (plan_has(plan, FAULT_SLOW_READERS) && one_in(dice, 2)) {
        side->read_bytes = peer_bytes / between(dice, 1, 40) + 1;
        side->read_gap_us = by_magnitude(dice, 100, 2 * US_PER_S);
    }
    if (plan_has(plan, FAULT_STOPPED_READERS) && one_in(dice, 2))
        side->reads_from_us = by_magnitude(dice, US_PER_MS, 200 * US_PER_S);
}

static void make_connection(const struct plan *plan, struct connection_plan *connection,
                            struct dice dice)
{
    unsigned client = dice_below(&dice, plan->host_count);
    unsigned server = (client + 1 + dice_below(&dice, plan->host_count - 1)) % plan->host_count;
    uint32_t mtu = plan->links[plan->hosts[client].link].mtu;
    bool first_waits = one_in(&dice, 2);
    uint32_t other_mtu = plan->links[plan->hosts[server].link].mtu;

    mtu = mtu < other_mtu ? mtu : other_mtu;
    *connection = (struct connection_plan){
        .host = { (uint8_t)client, (uint8_t)server },
        .is_ipv6 = mtu >= IPV6_MTU_MIN && one_in(&dice, 2),
        .starts_us = dice_below(&dice, 3 * US_PER_S),
    };
    for (unsigned i = 0; i < 2; i++) {
        struct side_plan *side = &connection->side[i];
        uint32_t window = plan->hosts[connection->host[!i]].window_bytes;
        uint32_t piece = mtu > 80 ? mtu - 60 : 16;

        side->bytes = choose_bytes(&dice, window < piece ? window : piece);
        side->chunk_bytes = by_magnitude(&dice, 1, 8192);
        if (side->chunk_bytes < side->bytes / 100)
            side->chunk_bytes = side->bytes / 100;
        side->write_gap_us = one_in(&dice, 2) ? 0 : by_magnitude(&dice, 10, 200 * US_PER_MS);
        side->closing = CLOSE_WHEN_SENT;
        if ((i == 0) == first_waits && one_in(&dice, 2))
            side->closing = CLOSE_AT_EOF;
        side->is_prompt = one_in(&dice, 2);
        side->is_watched = one_in(&dice, 3);
        if (plan_has(plan, FAULT_ABORTS) && one_in(&dice, 4))
            side->closing = CLOSE_BY_ABORT;
        side->aborts_at_us = connection->starts_us + by_magnitude(&dice, 1, 20 * US_PER_S);
    }
    for (unsigned i = 0; i < 2; i++)
        make_reader(plan, &connection->side[i], &dice, connection->side[!i].bytes);
}

static void add_trouble(struct plan *plan, enum trouble_kind kind, struct dice *dice)
{
    struct trouble *trouble = &plan->troubles[plan->trouble_count++];

    *trouble = (struct trouble){
        .kind = kind,
        .begins_us = by_magnitude(dice, US_PER_MS, 10 * US_PER_S),
        .lasts_us = by_magnitude(dice, US_PER_MS, 120 * US_PER_S),
    };
    if (kind == TROUBLE_FREEZE || kind == TROUBLE_DOWN || kind == TROUBLE_ADDRESS)
        trouble->who = (uint8_t)dice_below(dice, plan->host_count);
    else
        trouble->who = (uint8_t)dice_below(dice, plan->link_count);
    if (kind == TROUBLE_MTU)
        trouble->mtu = between(dice, IPV6_MTU_MIN, 1500);
}

static void make_troubles(struct plan *plan, struct dice dice)
{
    static const struct {
        enum fault fault;
        enum trouble_kind kind;
    } kinds[] = {
        { FAULT_PAUSES, TROUBLE_PAUSE },
        { FAULT_FREEZES, TROUBLE_FREEZE },
        { FAULT_INTERFACES_DOWN, TROUBLE_DOWN },
        { FAULT_MTU_CHANGES, TROUBLE_MTU },
        { FAULT_ADDRESS_CHANGES, TROUBLE_ADDRESS },
    };

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct dice own = plan_dice(dice.state, i);

        if (plan_has(plan, kinds[i].fault))
            add_trouble(plan, kinds[i].kind, &own);
    }
}

static void shorten(struct plan *plan, const struct smaller *smaller)
{
    for (unsigned i = 0; i < plan->connection_count; i++) {
        struct connection_plan *connection = &plan->connections[i];

        connection->is_dropped = smaller->without_connections >> i & 1;
        connection->side[0].bytes >>= smaller->shift;
        connection->side[1].bytes >>= smaller->shift;
    }
}

void plan_make(struct plan *plan, uint64_t seed, const struct smaller *smaller)
{
    struct dice dice = plan_dice(seed, PURPOSE_FAULTS);
    uint32_t density = 2 + dice_below(&dice, 8);

    memset(plan, 0, sizeof(*plan));
    plan->seed = seed;
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        plan->faults |= (uint32_t)one_in(&dice, density) << i;
    plan->faults &= ~smaller->without_faults;
    plan->host_count = one_in(&dice, 8) ? between(&dice, 3, HOSTS_MAX) : 2;
    plan->link_count = one_in(&dice, 3) ? between(&dice, 2, LINKS_MAX) : 1;
    plan->connection_count = by_magnitude(&dice, 1, plan->host_count > 2 ? CONNECTIONS_MAX : 4);
    plan->faults_end_us = (uint64_t)by_magnitude(&dice, US_PER_S, 300 * US_PER_S);
    for (unsigned i = 0; i < plan->link_count; i++)
        make_link(plan, &plan->links[i], plan_dice(seed, PURPOSE_LINKS + i));
    for (unsigned i = 0; i < plan->host_count; i++)
        make_host(plan, &plan->hosts[i], plan_dice(seed, PURPOSE_HOSTS + i));
    for (unsigned i = 0; i < plan->connection_count; i++)
        make_connection(plan, &plan->connections[i], plan_dice(seed, PURPOSE_CONNECTIONS + i));
    make_troubles(plan, plan_dice(seed, PURPOSE_TROUBLES));
    shorten(plan, smaller);
}
