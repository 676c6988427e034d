/* SPDX-License-Identifier: ISC */
/*
 * Header prediction changes what a segment costs, and nothing else: two stacks hear the same, the
 * one in frames that are predicted, the other in frames that have to climb floor by floor.
 */
#include "core/bytes.h"
#include "support/random.h"
#include "support/wire_peer.h"

enum { WORLDS = 150, STEPS = 300, MSS = 1460 };

struct twins {
    struct peer *plain, *padded;
    void *states[2]; /* cmocka's, of each */
};

static struct twins make_twins(bool is_ipv4, uint8_t seed)
{
    struct twins t;

    for (unsigned i = 0; i < 2; i++) {
        t.states[i] = &is_ipv4;
        peer_setup(&t.states[i]);
        peer_config(&t.states[i])->seed[1] = seed;
    }
    t.plain = t.states[0];
    t.padded = t.states[1];
    t.padded->pads = true;
    return t;
}

static void part_twins(struct twins *t)
{
    peer_teardown(&t->states[0]);
    peer_teardown(&t->states[1]);
}

/* What an application would see, and what the peer heard. */
static void assert_same(const struct twins *t)
{
    const struct peer *a = t->plain, *b = t->padded;

    assert_int_equal(a->heard_count, b->heard_count);
    for (unsigned i = a->heard_next; i < a->heard_count; i++) {
        assert_int_equal(a->heard[i].bytes_len, b->heard[i].bytes_len);
        assert_memory_equal(a->heard[i].bytes, b->heard[i].bytes, a->heard[i].bytes_len);
    }
    assert_memory_equal(ms_stack_counters(a->stack), ms_stack_counters(b->stack),
                        sizeof(struct ms_counters));
    assert_int_equal(ms_next_deadline(a->stack), ms_next_deadline(b->stack));
    assert_int_equal(a->app->received, b->app->received);
    assert_int_equal(a->app->closed, b->app->closed);
    assert_int_equal(!a->app->tcp, !b->app->tcp);
    if (a->app->tcp) {
        struct ms_tcp_info info[2];

        memset(info, 0, sizeof(info));
        ms_tcp_info(a->app->tcp, &info[0]);
        ms_tcp_info(b->app->tcp, &info[1]);
        assert_memory_equal(&info[0], &info[1], sizeof(info[0]));
    }
}

/* Mostly the very number, now and then one that is off. */
static uint32_t near(struct dice *dice, uint32_t number, uint32_t how_far)
{
    if (dice_below(dice, 5) > 0)
        return number;
    return number + dice_below(dice, how_far) - how_far / 2;
}

static struct seg any_segment(struct dice *dice, const struct flow *flow)
{
    static const uint8_t seldom[] = { TCP_ACK | TCP_FIN, TCP_ACK | TCP_URG,
                                      TCP_SYN,           0,
                                      TCP_ACK | TCP_ECE, TCP_RST };
    struct seg seg = { .flags = TCP_ACK,
                       .mss = ANY,
                       .wscale = ANY,
                       .ts_value = ANY,
                       .ts_echo = ANY,
                       .from_port = ANY,
                       .to_port = ANY };

    seg.seq = near(dice, flow->next, 4000);
    seg.ack = near(dice, flow->heard_end, 4000);
    seg.len = dice_below(dice, 3) ? dice_below(dice, MSS) : 0;
    seg.window = near(dice, 60000, 11000);
    if (dice_below(dice, 3) == 0)
        seg.flags |= TCP_PSH;
    if (dice_below(dice, 40) == 0)
        seg.flags = seldom[dice_below(dice, sizeof(seldom))];
    if (dice_below(dice, 30) == 0)
        seg.window = 0;
    seg.without_timestamp = dice_below(dice, 30) == 0;
    if (dice_below(dice, 30) == 0)
        seg.ts_value = flow->ts_base;
    if (dice_below(dice, 4) == 0) {
        seg.sack[0][0] = seg.ack + 1 + dice_below(dice, 400);
        seg.sack[0][1] = seg.sack[0][0] + 1 + dice_below(dice, 400);
    }
    seg.has_bad_checksum = dice_below(dice, 30) == 0;
    seg.has_bad_ipv4_checksum = dice_below(dice, 30) == 0;
    seg.truncate = (uint16_t)(dice_below(dice, 60) == 0 && seg.len > 0);
    return seg;
}

/* The second lends in two buffers what the first lends in one. */
static void lend(struct twins *t, uint32_t len)
{
    if (!t->plain->app->tcp || app_lend(t->plain->app, len) != MS_OK)
        return;
    assert_int_equal(app_lend(t->padded->app, len / 2), MS_OK);
    assert_int_equal(app_lend(t->padded->app, len - len / 2), MS_OK);
}

/* Answers now and then, from inside the handler. */
static void answer(struct app *app, enum app_event event)
{
    if (event != APP_DATA || app->received % 4 > 0)
        return;
    assert_int_equal(app_lend(app, 1), MS_OK);
    assert_int_equal(app_lend(app, 1), MS_OK);
}

static void step(struct twins *t, struct dice *dice)
{
    uint32_t number = dice_below(dice, 2000);
    struct seg seg = any_segment(dice, t->plain->flow);

    switch (dice_below(dice, 8)) {
    case 0: lend(t, 2 + number); break;
    case 1:
        number *= dice_below(dice, 5) ? 100 : 10000; /* a fifth of a second, or 20 */
        peer_run(t->plain, number);
        peer_run(t->padded, number);
        break;
    default: peer_send(t->plain, &seg); peer_send(t->padded, &seg);
    }
    peer_settle(t->plain);
    peer_settle(t->padded);
}

static void live(bool is_ipv4, uint8_t seed)
{
    struct dice dice = { .state = 0x9e3779b97f4a7c15 + seed };
    struct twins t = make_twins(is_ipv4, seed);
    const struct offer offer = { .mss = MSS,
                                 .wscale = dice_below(&dice, 2) ? 7 : ANY,
                                 .window = 60000,
                                 .sack = dice_below(&dice, 2),
                                 .timestamps = dice_below(&dice, 2) };
    bool has_no_delay = dice_below(&dice, 2), answers = dice_below(&dice, 2);

    for (unsigned i = 0; i < 2; i++) {
        struct offer mine = offer;
        struct peer *peer;

        mine.state = &t.states[i];
        peer = peer_passive(&mine);
        app_set(peer->app, MS_TCP_NO_DELAY, has_no_delay);
        peer->app->is_other_content = true;
        peer->app->hook = answers ? answer : NULL;
    }
    for (unsigned i = 0; i < STEPS; i++) {
        step(&t, &dice);
        assert_same(&t);
        peer_discard(t.plain);
        peer_discard(t.padded);
    }
    part_twins(&t);
}

static void changes_nothing_over_ipv4(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < WORLDS; seed++)
        live(true, (uint8_t)seed);
}

static void changes_nothing_over_ipv6(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < WORLDS; seed++)
        live(false, (uint8_t)seed);
}

/* An address of one family that looks, where it counts, like one of the other. */
static struct ms_addr disguised(const struct ms_addr *addr, bool is_ipv4)
{
    const uint8_t *end = addr->bytes + 12;

    return is_ipv4 ? ms_addr_ipv4(end[0], end[1], end[2], end[3]) : *addr;
}

/* RFC 4291, 2.5.5.2: an IPv4-mapped address is none that IPv6 packets may have. */
static void takes_nothing_of_the_other_family(void **state)
{
    struct peer *w = PASSIVE(state);
    struct ms_addr from = disguised(&w->peer_addr, !w->is_ipv4);
    struct ms_addr to = disguised(&w->stack_addr, !w->is_ipv4);

    SEND(w, .len = 10);
    assert_int_equal(w->app->received, 10);
    w->is_ipv4 = !w->is_ipv4;
    SEND(w, .len = 10, .from = &from, .to = &to);
    w->is_ipv4 = !w->is_ipv4;
    assert_int_equal(w->app->received, 10);
    SEND(w, .seq = 11, .len = 10);
    assert_int_equal(w->app->received, 20);
}

/* Text that is expected says that its sender lives: the count of probes begins anew. */
static void text_ends_a_row_of_keepalive_probes(void **state)
{
    struct peer *w = PASSIVE(state);

    app_set(w->app, MS_TCP_KEEPALIVE_S, 10);
    app_set(w->app, MS_TCP_KEEPALIVE_INTERVAL_S, 10);
    app_set(w->app, MS_TCP_KEEPALIVE_PROBES, 2);
    peer_run(w, 25 * SECOND);
    assert_int_equal(peer_discard(w), 2);
    SEND(w, .len = 10);
    peer_run(w, 25 * SECOND);
    assert_int_equal(w->app->closed, 0);
    assert_int_equal(peer_discard(w), 3); /* the ACK, and two probes */
    peer_run(w, 10 * SECOND);
    assert_int_equal(w->app->closed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_nothing_over_ipv4),
        cmocka_unit_test(changes_nothing_over_ipv6),
        OVER_BOTH(takes_nothing_of_the_other_family),
        OVER_BOTH(text_ends_a_row_of_keepalive_probes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
