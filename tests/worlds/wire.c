/* SPDX-License-Identifier: ISC */
/* Links that lose, delay, double and spoil what they carry, and the router between them. */
#include <stdlib.h>
#include <string.h>

#include "segment.h"
#include "world.h"

enum {
    IPV4_LEN = 20,
    IPV6_LEN = 40,
    ICMP_LEN = 8,
    QUOTE_MAX = 512,
    ROUTER = HOSTS_MAX, /* its place among those that send */
    PIECES_MAX = 3,
    PIECES_PER_LOSS = 8,
    BURST_BITS = 15, /* so few bits in a row never leave a checksum as it was */
    ADDRESSES = 100, /* a host's other address is so many higher */
};

static bool happens(struct dice *dice, uint32_t of_a_million)
{
    return of_a_million > 0 && dice_below(dice, MILLION) < of_a_million;
}

static struct parcel *copy_of(const uint8_t *bytes, uint32_t len)
{
    struct parcel *parcel = malloc(sizeof(*parcel) + len);

    if (!parcel)
        abort();
    *parcel = (struct parcel){ .len = len };
    memcpy(parcel->bytes, bytes, len);
    return parcel;
}

static void corrupt(struct parcel *parcel, struct dice *dice)
{
    uint32_t first = dice_below(dice, 8 * parcel->len);
    uint32_t bits = 1 + dice_below(dice, BURST_BITS);
    uint32_t pattern = 1 | dice_below(dice, UINT32_C(1) << (bits - 1)) << 1;

    parcel->is_corrupt = true;
    for (uint32_t i = 0; i < bits && first + i < 8 * parcel->len; i++) {
        if (pattern >> i & 1)
            parcel->bytes[(first + i) / 8] ^= (uint8_t)(0x80 >> (first + i) % 8);
    }
}

static bool is_lost(struct link_state *state, const struct link_plan *plan)
{
    state->is_in_burst = state->is_in_burst ? !happens(&state->dice, plan->burst_ends)
                                            : happens(&state->dice, plan->burst_begins);
    return state->is_in_burst || happens(&state->dice, plan->loss);
}

/* When the last bit of it is on the wire; 0: the queue before a slow link is full. */
static uint64_t departure_us(struct world *world, const struct parcel *parcel, unsigned from)
{
    const struct link_plan *plan = &world->plan.links[parcel->link];
    struct link_state *state = &world->links[parcel->link];
    uint64_t *busy_us = &state->busy_until_us[from], start_us = world->now_us;

    if (plan->bytes_per_s == 0)
        return start_us + 1;
    start_us = *busy_us > start_us ? *busy_us : start_us;
    if ((start_us - world->now_us) * plan->bytes_per_s / MILLION > plan->queue_bytes)
        return 0;
    *busy_us = start_us + (uint64_t)parcel->len * MILLION / plan->bytes_per_s;
    return *busy_us + 1;
}

static struct parcel *twin_of(const struct parcel *parcel)
{
    struct parcel *twin = copy_of(parcel->bytes, parcel->len);

    twin->to = parcel->to;
    twin->link = parcel->link;
    twin->is_corrupt = parcel->is_corrupt;
    return twin;
}

/* Cuts pieces off the end of a parcel; some are lost, so that others are held alone. */
static void cut_pieces(struct world *world, struct parcel *parcel, uint64_t at_us)
{
    bool is_ethernet = world->plan.links[parcel->link].medium == MS_MEDIUM_ETHERNET;
    struct dice *dice = &world->links[parcel->link].dice;

    for (unsigned i = 0; i < PIECES_MAX; i++) {
        struct parcel *piece = twin_of(parcel);

        if (!pieces_cut(parcel, piece, is_ethernet ? ETHERNET_LEN : 0, dice) ||
            dice_below(dice, PIECES_PER_LOSS) == 0)
            free(piece);
        else
            world_schedule(world, at_us, EVENT_ARRIVAL, 0, piece);
    }
}

/* It comes twice, or in pieces. */
static void multiply(struct world *world, struct parcel *parcel, uint64_t at_us)
{
    const struct link_plan *plan = &world->plan.links[parcel->link];
    struct dice *dice = &world->links[parcel->link].dice;

    if (happens(dice, plan->duplication))
        world_schedule(world, at_us + dice_below(dice, 2 * plan->delay_us + 1), EVENT_ARRIVAL, 0,
                       twin_of(parcel));
    if (happens(dice, plan->pieces))
        cut_pieces(world, parcel, at_us);
}

/* Takes over the parcel. */
static void carry(struct world *world, struct parcel *parcel, unsigned from)
{
    const struct link_plan *plan = &world->plan.links[parcel->link];
    struct link_state *state = &world->links[parcel->link];
    uint64_t at_us = departure_us(world, parcel, from);
    bool is_troubled = world_is_troubled(world);

    if (at_us == 0 || (is_troubled && is_lost(state, plan))) {
        world_tell(world, "  lost on link %u", parcel->link);
        free(parcel);
        return;
    }
    at_us += plan->delay_us;
    if (is_troubled)
        multiply(world, parcel, at_us);
    if (is_troubled && happens(&state->dice, plan->corruption) && !parcel->is_corrupt)
        corrupt(parcel, &state->dice);
    if (is_troubled && happens(&state->dice, plan->truncation))
        parcel->len = dice_below(&state->dice, parcel->len);
    if (is_troubled && happens(&state->dice, plan->reordering))
        at_us += dice_below(&state->dice, plan->jitter_us + 1);
    if (at_us < state->paused_until_us)
        at_us = state->paused_until_us;
    world_schedule(world, at_us, EVENT_ARRIVAL, 0, parcel);
}

/* --- The router --- */

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_sum(uint8_t *field, uint32_t sum) { put16(field, segment_fold(sum) ^ 0xffffu); }

/* RFC 1191, 4. */
static uint32_t too_big_ipv4(uint8_t *answer, const struct parcel *parcel, uint32_t mtu)
{
    uint32_t quoted = parcel->len < IPV4_LEN + 8 ? parcel->len : IPV4_LEN + 8;
    uint32_t len = IPV4_LEN + ICMP_LEN + quoted;
    uint8_t *icmp = answer + IPV4_LEN;

    memset(answer, 0, IPV4_LEN + ICMP_LEN);
    answer[0] = 0x45;
    put16(answer + 2, len);
    answer[8] = 64;
    answer[9] = 1;
    memcpy(answer + 12, (const uint8_t[]){ 10, 0, 255, 254 }, 4);
    memcpy(answer + 16, parcel->bytes + 12, 4);
    put_sum(answer + 10, segment_sum(0, answer, IPV4_LEN));
    icmp[0] = 3;
    icmp[1] = 4;
    put16(icmp + 6, mtu);
    memcpy(icmp + ICMP_LEN, parcel->bytes, quoted);
    put_sum(icmp + 2, segment_sum(0, icmp, ICMP_LEN + quoted));
    return len;
}

/* RFC 4443, 3.2. */
static uint32_t too_big_ipv6(uint8_t *answer, const struct parcel *parcel, uint32_t mtu)
{
    uint32_t quoted = parcel->len < QUOTE_MAX ? parcel->len : QUOTE_MAX;
    uint32_t len = ICMP_LEN + quoted;
    uint8_t *icmp = answer + IPV6_LEN;

    memset(answer, 0, IPV6_LEN + ICMP_LEN);
    answer[0] = 0x60;
    put16(answer + 4, len);
    answer[6] = 58;
    answer[7] = 64;
    memcpy(answer + 8, (const uint8_t[]){ 0x20, 1, 0x0d, 0xb8, [15] = 254 }, 16);
    memcpy(answer + 24, parcel->bytes + 8, 16);
    icmp[0] = 2;
    put16(icmp + 6, mtu);
    memcpy(icmp + ICMP_LEN, parcel->bytes, quoted);
    put_sum(icmp + 2, segment_sum(segment_sum(58 + len, answer + 8, 32), icmp, len));
    return IPV6_LEN + len;
}

static bool is_ipv4(const uint8_t *packet) { return packet[0] >> 4 == 4; }

/* The host that an address belongs to, or HOSTS_MAX. */
static unsigned host_of_address(const struct world *world, const uint8_t *packet, uint32_t len,
                                bool is_source)
{
    uint32_t at = is_ipv4(packet) ? (is_source ? 15 : 19) : (is_source ? 23 : 39);
    unsigned number;

    if (len <= at || packet[at] == 0)
        return HOSTS_MAX;
    number = (packet[at] - 1u) % ADDRESSES;
    return number < world->plan.host_count ? number : HOSTS_MAX;
}

static void say_too_big(struct world *world, const struct parcel *parcel, unsigned via)
{
    uint8_t answer[IPV6_LEN + ICMP_LEN + QUOTE_MAX];
    unsigned to = host_of_address(world, parcel->bytes, parcel->len, true);
    uint32_t mtu = world->links[via].mtu, len;
    struct parcel *reply;

    if (to == HOSTS_MAX || parcel->len < IPV4_LEN)
        return;
    world_tell(world, "  too big for link %u: %u bytes, MTU %u", via, parcel->len, mtu);
    len = is_ipv4(parcel->bytes) ? too_big_ipv4(answer, parcel, mtu)
                                 : too_big_ipv6(answer, parcel, mtu);
    reply = copy_of(answer, len);
    reply->to = (uint8_t)to;
    reply->link = world->plan.hosts[to].link;
    carry(world, reply, ROUTER);
}

/* Onto a link, if it fits. Takes over the parcel. */
static void forward(struct world *world, struct parcel *parcel, unsigned link, unsigned from)
{
    bool is_ip = world->plan.links[link].medium == MS_MEDIUM_IP;

    if (is_ip && parcel->len > world->links[link].mtu) {
        say_too_big(world, parcel, link);
        free(parcel);
        return;
    }
    parcel->link = (uint8_t)link;
    carry(world, parcel, from);
}

static void send_frame(struct world *world, unsigned from, const uint8_t *bytes, uint32_t len)
{
    bool is_for_all = bytes[0] & 1;

    for (unsigned i = 0; i < world->plan.host_count; i++) {
        struct parcel *parcel;

        if (i == from || (!is_for_all && bytes[5] != i + 1))
            continue;
        parcel = copy_of(bytes, len);
        parcel->to = (uint8_t)i;
        forward(world, parcel, world->plan.hosts[from].link, from);
    }
}

void wire_send(struct world *world, unsigned from, const uint8_t *bytes, uint32_t len)
{
    unsigned link = world->plan.hosts[from].link, to;
    struct parcel *parcel;

    world->frame_total++;
    if (world->plan.links[link].medium == MS_MEDIUM_ETHERNET) {
        send_frame(world, from, bytes, len);
        return;
    }
    to = host_of_address(world, bytes, len, false);
    if (to == HOSTS_MAX || to == from)
        return;
    parcel = copy_of(bytes, len);
    parcel->to = (uint8_t)to;
    forward(world, parcel, link, from);
}

void wire_arrive(struct world *world, struct parcel *parcel)
{
    unsigned last = world->plan.hosts[parcel->to].link;

    if (parcel->link != last) {
        if (parcel->len > 0)
            forward(world, parcel, last, ROUTER);
        else
            free(parcel);
        return;
    }
    host_receive(&world->hosts[parcel->to], parcel);
    free(parcel);
}
