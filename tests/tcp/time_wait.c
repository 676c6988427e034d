/* SPDX-License-Identifier: ISC */
/* TIME-WAIT: what a connection leaves behind for two MSL (RFC 9293, 3.6.1; RFC 1337; RFC 6191). */
#include "support/wire_peer.h"

enum {
    TWO_MSL = 60 * SECOND,
    SENT = 9000, /* bytes, before the end */
};

/* Both sides say all they have and close, we first. The peer's next number is 102, ours SENT + 2.
 */
static void converse(struct peer *w)
{
    struct app *app = &w->apps[w->app_count - 1];

    SEND(w, .seq = 1, .len = 100);
    assert_int_equal(app_send(app, SENT), MS_OK);
    SEND(w, .ack = 1 + SENT);
    app_close(app);
    peer_discard(w);
    SEND(w, .ack = SENT + 2);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
    assert_int_equal(app->closed, 1);
    assert_int_equal(app->why, MS_OK);
}

static struct peer *time_wait(void **state, bool has_timestamps)
{
    struct peer *w = PASSIVE(state, .timestamps = has_timestamps);

    converse(w);
    assert_int_equal(COUNT(w, tcp_time_waits), 1);
    return w;
}

/* A new conversation on the same ports: its SYN takes this number of the old one. */
static void begin_anew(struct peer *w, uint32_t seq)
{
    w->flow->isn += seq;
    w->flow->next = 0;
    w->flow->heard_end = 0;
}

/* RFC 9293 3.10.7.4, fifth: the peer's FIN again: our ACK was lost. */
static void answers_the_fin_again(void **state)
{
    struct peer *w = time_wait(state, false);

    for (unsigned i = 0; i < 3; i++) {
        peer_run(w, SECOND);
        SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
        EXPECT(w, .seq = SENT + 2, .ack = 102);
    }
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 51, .ack = SENT + 2, .len = 50);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_TCP_TIME_WAIT, 4);
}

/* RFC 7323 3.2: with timestamps too: ours goes on, the peer's last is echoed. */
static void answers_with_a_timestamp(void **state)
{
    struct peer *w = time_wait(state, true);
    uint32_t ts_value = w->flow->ts_recent;
    uint32_t ts_fin = w->flow->ts_base + (uint32_t)(w->now_us / MS);

    peer_run(w, 5 * SECOND);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
    EXPECT(w, .seq = SENT + 2, .ack = 102, .ts_value = ts_value + 5000, .ts_echo = ts_fin);
}

/* Two MSL, and then nobody remembers. */
/* proves: MUST-13 */
static void lasts_two_msl(void **state)
{
    struct peer *w = time_wait(state, false);

    peer_run(w, TWO_MSL - 100 * MS);
    SEND(w, .seq = 101, .ack = SENT + 2, .len = 1);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
    peer_run(w, 200 * MS);
    SEND(w, .seq = 101, .ack = SENT + 2, .len = 1);
    EXPECT(w, .flags = TCP_RST, .seq = SENT + 2);
    QUIET(w, 100 * SECOND);
}

/* RFC 9293 3.10.7.4, eighth: the FIN again starts the two MSL anew. */
static void the_fin_starts_two_msl_again(void **state)
{
    struct peer *w = time_wait(state, false);

    for (unsigned i = 0; i < 3; i++) {
        peer_run(w, TWO_MSL - SECOND);
        SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
        EXPECT(w, .seq = SENT + 2, .ack = 102);
    }
    peer_run(w, TWO_MSL + SECOND);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
    EXPECT(w, .flags = TCP_RST, .seq = SENT + 2);
}

/* The same, first: what lies outside the window is answered and does nothing else, FIN or not. */
static void nothing_else_starts_two_msl_again(void **state)
{
    struct peer *w = time_wait(state, false);

    peer_run(w, TWO_MSL - SECOND);
    SEND(w, .seq = 101, .ack = SENT + 2, .len = 1);
    SEND(w, .flags = TCP_SYN, .seq = 0);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 0x40000000, .ack = SENT + 2);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = SENT + 2);
    SEND(w, .flags = TCP_RST, .seq = 102);
    peer_run(w, 2 * SECOND);
    assert_int_equal(peer_discard(w), 4);
    SEND(w, .seq = 101, .ack = SENT + 2, .len = 1);
    EXPECT(w, .flags = TCP_RST, .seq = SENT + 2);
}

/* As the configuration says. */
/* proves: MUST-13 */
static void lasts_as_long_as_configured(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_msl_us = 2 * SECOND;
    w = time_wait(state, false);
    peer_run(w, 3900 * MS);
    SEND(w, .seq = 101, .ack = SENT + 2, .len = 1);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
    peer_run(w, 200 * MS);
    SEND(w, .seq = 101, .ack = SENT + 2, .len = 1);
    EXPECT(w, .flags = TCP_RST, .seq = SENT + 2);
}

/* RFC 1337 3, F1: no RST ends it, exact or not. */
/* proves: T29, F16 */
static void no_reset_ends_it(void **state)
{
    static const uint32_t seqs[] = { 102, 101, 103, 0, 1, 0x80000000 };
    struct peer *w = time_wait(state, false);

    for (unsigned i = 0; i < 6; i++) {
        SEND(w, .flags = TCP_RST, .seq = seqs[i]);
        SEND(w, .flags = TCP_RST | TCP_ACK, .seq = seqs[i], .ack = SENT + 2);
    }
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_TCP_TIME_WAIT, 12);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
}

/* RFC 1337 2: old duplicates are answered with where we are, and change nothing. */
/* proves: T29, F16 */
static void answers_old_duplicates_and_drops_them(void **state)
{
    static const uint32_t seqs[] = { 1, 51, 101, 102, 200, 0x40000000, 0x90000000 };
    struct peer *w = time_wait(state, false);

    for (unsigned i = 0; i < 7; i++) {
        SEND(w, .seq = seqs[i], .ack = 1, .len = 50);
        EXPECT(w, .seq = SENT + 2, .ack = 102);
    }
    assert_drop(w, MS_DROP_TCP_TIME_WAIT, 7);
    assert_int_equal(w->app->received, 100);
    assert_int_equal(w->app_count, 1);
}

/* RFC 9293 3.4: a bare ACK that fits is not answered, or two ends would answer for ever. */
static void is_silent_to_a_bare_ack(void **state)
{
    struct peer *w = time_wait(state, false);

    SEND(w, .seq = 102, .ack = SENT + 2);
    SEND(w, .seq = 102, .ack = SENT + 1);
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_TCP_TIME_WAIT, 2);
}

/* RFC 9293 3.10.7.4, fifth */
static void drops_what_has_no_ack(void **state)
{
    struct peer *w = time_wait(state, false);

    SEND(w, .flags = 0, .seq = 102, .len = 5);
    SEND(w, .flags = TCP_FIN, .seq = 101);
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_TCP_NO_ACK, 2);
}

/* RFC 6191 2: without timestamps, a SYN beyond the last number begins anew. */
/* proves: MAY-2 */
static void a_larger_number_begins_anew(void **state)
{
    struct peer *w = time_wait(state, false);

    peer_run(w, SECOND);
    begin_anew(w, 103);
    assert_int_equal(peer_open(w, OFFER())->accepted, 1);
    assert_int_equal(COUNT(w, tcp_time_wait_reused), 1);
    SEND(w, .len = 5);
    assert_int_equal(w->apps[1].received, 5);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 6);
    QUIET(w, 2 * TWO_MSL); /* nothing of the old one is left */
    assert_int_equal(app_state(&w->apps[1]), MS_TCP_ESTABLISHED);
}

/* RFC 9293 3.10.7.4, fourth; RFC 5961 4.2: any other SYN is challenged, and ends nothing. */
/* proves: T29 */
static void a_smaller_number_does_not(void **state)
{
    static const uint32_t seqs[] = { 102, 101, 1, 0, 0x90000000 };
    struct peer *w = time_wait(state, false);

    peer_run(w, SECOND);
    for (unsigned i = 0; i < 5; i++) {
        SEND(w, .flags = TCP_SYN, .seq = seqs[i], .mss = 1000);
        EXPECT(w, .seq = SENT + 2, .ack = 102);
    }
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0x1000, .ack = SENT + 2);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_TCP_TIME_WAIT, 6);
    assert_int_equal(COUNT(w, tcp_time_wait_reused), 0);
    assert_int_equal(w->app_count, 1);
}

/* RFC 6191 2: with timestamps a later one is enough, whatever the number. */
/* proves: SHLD-4 */
static void a_later_timestamp_begins_anew(void **state)
{
    struct peer *w = time_wait(state, true);

    peer_run(w, SECOND);
    begin_anew(w, 0x90000000);
    assert_int_equal(peer_open(w, OFFER(.timestamps = true))->accepted, 1);
    assert_int_equal(COUNT(w, tcp_time_wait_reused), 1);
}

/* RFC 7323 B.2: then the old one's segments fail PAWS, though our number, a clock, is behind. */
static void a_later_timestamp_begins_anew_after_a_fast_transfer(void **state)
{
    struct peer *w = time_wait(state, true);
    uint32_t ts_last = w->flow->ts_base + (uint32_t)(w->now_us / MS);
    const struct heard *heard;

    SEND(w, .flags = TCP_SYN, .seq = 0x1000, .mss = 1000, .ts_value = ts_last + 1, .ts_echo = 0);
    heard = EXPECT(w, .flags = TCP_SYN | TCP_ACK, .ack = 0x1001);
    assert_true((int32_t)(heard->header.seq - w->flow->stack_isn - SENT) <= 0);
    assert_int_equal(COUNT(w, tcp_time_wait_reused), 1);
}

/* The same: an equal one needs a larger number; an earlier one is never enough. */
/* proves: SHLD-4 */
static void an_earlier_timestamp_does_not(void **state)
{
    struct peer *w = time_wait(state, true);
    uint32_t ts_last = w->flow->ts_base + (uint32_t)(w->now_us / MS);

    peer_run(w, SECOND);
    SEND(w, .flags = TCP_SYN, .seq = 0x1000, .mss = 1000, .ts_value = ts_last - 1, .ts_echo = 0);
    EXPECT(w, .seq = SENT + 2, .ack = 102, .ts_echo = ts_last);
    SEND(w, .flags = TCP_SYN, .seq = 102, .mss = 1000, .ts_value = ts_last, .ts_echo = 0);
    EXPECT(w, .seq = SENT + 2, .ack = 102, .ts_echo = ts_last);
    assert_int_equal(COUNT(w, tcp_time_wait_reused), 0);
    SEND(w, .flags = TCP_SYN, .seq = 103, .mss = 1000, .ts_value = ts_last, .ts_echo = 0);
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .ack = 104);
    assert_int_equal(COUNT(w, tcp_time_wait_reused), 1);
}

/* The same: a peer that gave timestamps up needs a larger number. */
static void without_the_timestamp_the_number_counts(void **state)
{
    struct peer *w = time_wait(state, true);

    peer_run(w, SECOND);
    SEND(w, .flags = TCP_SYN, .seq = 102, .mss = 1000, .without_timestamp = true);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
    SEND(w, .flags = TCP_SYN, .seq = 103, .mss = 1000, .without_timestamp = true);
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .ack = 104);
}

/* RFC 9293 3.6.1 (1): only with a number of ours beyond all that the old connection used. */
/* proves: MAY-2, F07 */
static void our_own_number_is_larger_too(void **state)
{
    struct peer *w = time_wait(state, false);
    uint32_t used = w->flow->stack_isn + SENT + 2;
    const struct heard *heard = NULL;

    begin_anew(w, 1000);
    for (unsigned i = 0; i < 100 && COUNT(w, tcp_time_wait_reused) == 0; i++) {
        peer_send_syn(w, OFFER());
        heard = &w->heard[w->heard_count - 1];
        peer_run(w, MS);
    }
    assert_int_equal(COUNT(w, tcp_time_wait_reused), 1);
    assert_int_equal(heard->header.flags, TCP_SYN | TCP_ACK);
    assert_true((int32_t)(heard->header.seq - used) > 0);
}

/* RFC 9293 3.10.7.4: where nobody listens any more there is nothing to begin. */
static void nothing_begins_without_a_listener(void **state)
{
    struct peer *w = time_wait(state, true);

    ms_tcp_unlisten(w->listener);
    peer_run(w, SECOND);
    SEND(w, .flags = TCP_SYN, .seq = 0x1000, .mss = 1000);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
    EXPECT(w, .seq = SENT + 2, .ack = 102);
}

/* A pair of ports in TIME-WAIT is not ours to connect from. */
/* proves: F07 */
static void its_ports_are_in_use(void **state)
{
    struct peer *w = ACTIVE(state);
    static const struct ms_tcp_events none = { 0 };
    struct ms_tcp_connect again = {
        .local = { .addr = w->stack_addr, .port = w->flow->stack_port },
        .remote = { .addr = w->peer_addr, .port = w->flow->peer_port },
        .events = &none,
    };
    struct ms_tcp *tcp;

    converse(w);
    assert_int_equal(ms_tcp_connect(w->stack, &again, &tcp), MS_ERROR_IN_USE);
    peer_run(w, TWO_MSL + SECOND);
    assert_int_equal(ms_tcp_connect(w->stack, &again, &tcp), MS_OK);
    ms_tcp_abort(tcp);
}

/* RFC 9293 3.5, figure 13: both close at once: both wait, and neither answers the other for ever.
 */
static void waits_after_a_simultaneous_close(void **state)
{
    struct peer *w = PASSIVE(state);

    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
    EXPECT(w, .seq = 2, .ack = 2);
    SEND(w, .seq = 2, .ack = 2);
    assert_int_equal(COUNT(w, tcp_time_waits), 1);
    SEND(w, .seq = 2, .ack = 2);
    QUIET(w, SECOND);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
    EXPECT(w, .seq = 2, .ack = 2);
}

/* The block of the connection is free at once: TIME-WAIT costs a record only. */
/* proves: R08 */
static void holds_no_connection(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_connections = 1;
    w = PASSIVE(state);
    for (uint16_t i = 1; i <= 5; i++) {
        converse(w);
        peer_flow(w, (uint16_t)(PEER_PORT + i));
        peer_open(w, OFFER());
    }
    assert_int_equal(COUNT(w, tcp_time_waits), 5);
}

/* When there is no room the oldest goes. The others stay for their time. */
/* proves: R08 */
static void the_oldest_gives_way_when_the_table_is_full(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_time_wait_records = 3;
    w = peer_start(state);
    peer_listen(w, 0);
    for (uint16_t port = 4001; port <= 4005; port++) {
        peer_flow(w, port);
        peer_open(w, OFFER());
        converse(w);
        peer_run(w, SECOND);
        if (port == 4003) { /* the first one is young again */
            peer_flow(w, 4001);
            SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
            EXPECT(w, .seq = SENT + 2, .ack = 102);
        }
    }
    assert_int_equal(COUNT(w, tcp_time_wait_evicted), 2);
    for (uint16_t port = 4001; port <= 4005; port++) {
        bool is_gone = port == 4002 || port == 4003;

        peer_flow(w, port);
        SEND(w, .seq = 101, .ack = SENT + 2, .len = 1);
        EXPECT(w, .flags = is_gone ? TCP_RST : TCP_ACK, .seq = SENT + 2);
    }
}

/* A stack configured without records keeps none, and is told of no trouble. */
static void does_without_records(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_time_wait_records = 0;
    w = PASSIVE(state);
    converse(w);
    assert_int_equal(COUNT(w, tcp_time_waits), 0);
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 101, .ack = SENT + 2);
    EXPECT(w, .flags = TCP_RST, .seq = SENT + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(answers_the_fin_again),
        OVER_BOTH(answers_with_a_timestamp),
        OVER_BOTH(lasts_two_msl),
        OVER_BOTH(the_fin_starts_two_msl_again),
        OVER_BOTH(nothing_else_starts_two_msl_again),
        OVER_BOTH(lasts_as_long_as_configured),
        OVER_BOTH(no_reset_ends_it),
        OVER_BOTH(answers_old_duplicates_and_drops_them),
        OVER_BOTH(is_silent_to_a_bare_ack),
        OVER_BOTH(drops_what_has_no_ack),
        OVER_BOTH(a_larger_number_begins_anew),
        OVER_BOTH(a_smaller_number_does_not),
        OVER_BOTH(a_later_timestamp_begins_anew),
        OVER_BOTH(a_later_timestamp_begins_anew_after_a_fast_transfer),
        OVER_BOTH(an_earlier_timestamp_does_not),
        OVER_BOTH(without_the_timestamp_the_number_counts),
        OVER_BOTH(our_own_number_is_larger_too),
        OVER_BOTH(nothing_begins_without_a_listener),
        OVER_BOTH(its_ports_are_in_use),
        OVER_BOTH(waits_after_a_simultaneous_close),
        OVER_BOTH(holds_no_connection),
        OVER_BOTH(the_oldest_gives_way_when_the_table_is_full),
        OVER_BOTH(does_without_records),
    };

    return cmocka_run_group_tests_name("tcp/time_wait", tests, NULL, NULL);
}
