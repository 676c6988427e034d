/* SPDX-License-Identifier: ISC */
/* ICMP errors about our segments: which are believed, and how much. */
#include "support/wire_peer.h"

enum {
    FULL_MTU = 1500,
    LESS_MTU = 1400,
    QUOTED_SEQ = 1, /* what is sent first after the handshake */
};

/* A type and code of one family. */
struct error {
    uint8_t type, code;
};

/* RFC 9293, MUST-56: destination unreachable 0, 1, 5; time exceeded; parameter problem. */
static const struct error soft_ipv4[] = {
    { 3, 0 },  { 3, 1 },  { 3, 5 },  { 3, 6 },  { 3, 7 },  { 3, 8 },
    { 3, 11 }, { 3, 12 }, { 11, 0 }, { 11, 1 }, { 12, 0 },
};
static const struct error soft_ipv6[] = {
    { 1, 0 }, { 1, 2 }, { 1, 3 }, { 3, 0 }, { 3, 1 }, { 4, 0 }, { 4, 2 },
};
/* RFC 9293, SHLD-26: protocol and port unreachable; RFC 1812, 5.2.7.1: and prohibited. */
static const struct error hard_ipv4[] = { { 3, 2 }, { 3, 3 }, { 3, 9 }, { 3, 10 }, { 3, 13 } };
static const struct error hard_ipv6[] = { { 1, 1 }, { 1, 4 }, { 1, 5 }, { 1, 6 }, { 4, 1 } };

struct errors {
    const struct error *each;
    unsigned count;
};

static struct errors soft_errors(const struct peer *w)
{
    return w->is_ipv4 ? (struct errors){ soft_ipv4, MS_ARRAY_LEN(soft_ipv4) }
                      : (struct errors){ soft_ipv6, MS_ARRAY_LEN(soft_ipv6) };
}

static struct errors hard_errors(const struct peer *w)
{
    return w->is_ipv4 ? (struct errors){ hard_ipv4, MS_ARRAY_LEN(hard_ipv4) }
                      : (struct errors){ hard_ipv6, MS_ARRAY_LEN(hard_ipv6) };
}

static void send_error(struct peer *w, struct error error, uint32_t seq)
{
    const struct icmp_error icmp = { .type = error.type, .code = error.code, .seq = seq };

    peer_icmp(w, &icmp);
}

/* An established connection that may fill its path, with three full segments in flight. */
static struct peer *start_with_flight(void **state, bool has_sack)
{
    struct peer *w = PASSIVE(state, .mss = 1460, .sack = has_sack);
    uint32_t mss = w->mss_max;

    assert_int_equal(app_send(w->app, 3 * mss), MS_OK);
    for (uint32_t i = 0; i < 3; i++)
        EXPECT(w, .seq = 1 + i * mss, .len = mss);
    return w;
}

/* They abort nothing, and the application hears of them. */
/* proves: MUST-47, MUST-56, SHLD-25 */
static void soft_errors_end_no_connection(void **state)
{
    struct peer *w = start_with_flight(state, false);
    struct errors soft = soft_errors(w);

    for (unsigned i = 0; i < soft.count; i++) {
        send_error(w, soft.each[i], QUOTED_SEQ);
        assert_int_equal(w->app->soft_errors, i + 1);
        assert_int_equal(w->app->soft_error, MS_ERROR_UNREACHABLE);
    }
    QUIET(w, 0);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
    SEND(w, .ack = ANY);
    assert_int_equal(w->app->released, 1);
}

/* The same while it opens: another router may yet know a way. */
/* proves: MUST-56 */
static void soft_errors_end_no_attempt(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);
    struct errors soft = soft_errors(w);

    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    for (unsigned i = 0; i < soft.count; i++)
        send_error(w, soft.each[i], 0);
    assert_int_equal(app->soft_errors, soft.count);
    assert_int_equal(app_state(app), MS_TCP_SYN_SENT);
    EXPECT_WITHIN(w, 2 * SECOND, .flags = TCP_SYN, .seq = 0);
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    assert_int_equal(app->opened, 1);
}

/* RFC 5927 5.2: an attempt to open ends with a hard error. */
/* proves: SHLD-26, C06 */
static void hard_errors_end_an_attempt(void **state)
{
    struct peer *w = peer_start(state);
    struct errors hard = hard_errors(w);

    for (unsigned i = 0; i < hard.count; i++) {
        struct app *app;

        peer_flow(w, (uint16_t)(PEER_PORT + i));
        app = peer_connect(w);
        EXPECT(w, .flags = TCP_SYN, .seq = 0);
        send_error(w, hard.each[i], 0);
        assert_int_equal(app->closed, 1);
        assert_int_equal(app->why, MS_ERROR_UNREACHABLE);
        assert_int_equal(app->soft_errors, 0);
        assert_int_equal(COUNT(w, tcp_attempt_fails), i + 1);
    }
    QUIET(w, 10 * SECOND); /* neither RST nor SYN */
}

/* The same for a simultaneous open, whose SYN-ACK is what is in flight. */
static void hard_errors_end_a_simultaneous_open(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);

    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    SEND(w, .flags = TCP_SYN, .seq = 0);
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    assert_int_equal(app_state(app), MS_TCP_SYN_RECEIVED);
    send_error(w, hard_errors(w).each[0], 0);
    assert_int_equal(app->closed, 1);
    assert_int_equal(app->why, MS_ERROR_UNREACHABLE);
}

/* RFC 5927 5.2: in synchronised states a hard error is no more than a soft one. */
/* proves: C06, F12 */
static void hard_errors_end_no_connection(void **state)
{
    struct peer *w = start_with_flight(state, false);
    struct errors hard = hard_errors(w);

    for (unsigned i = 0; i < hard.count; i++)
        send_error(w, hard.each[i], QUOTED_SEQ);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
    assert_int_equal(w->app->soft_errors, hard.count);
    SEND(w, .ack = ANY);
    app_close(w->app);
    EXPECT(w, .flags = TCP_FIN | TCP_ACK, .seq = ANY);
    send_error(w, hard.each[0], w->flow->heard_end - 1); /* FIN is in flight, too */
    assert_int_equal(w->app->soft_errors, hard.count + 1);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_1);
    SEND(w, .flags = TCP_FIN | TCP_ACK);
    EXPECT(w, .ack = 2);
    assert_int_equal(w->app->why, MS_OK);
}

/* The application may ask not to hear of them. */
/* proves: SHLD-20 */
static void soft_errors_can_be_left_out(void **state)
{
    struct peer *w = start_with_flight(state, false);
    struct error soft = soft_errors(w).each[0];

    app_set(w->app, MS_TCP_SOFT_ERRORS, 0);
    send_error(w, soft, QUOTED_SEQ);
    assert_int_equal(w->app->soft_errors, 0);
    app_set(w->app, MS_TCP_SOFT_ERRORS, 1);
    send_error(w, soft, QUOTED_SEQ);
    assert_int_equal(w->app->soft_errors, 1);
}

/* Source Quench is silently discarded. */
/* proves: MUST-55, C09 */
static void source_quench_is_no_congestion(void **state)
{
    struct peer *w = start_with_flight(state, false);
    uint32_t window = app_info(w->app).cwnd_bytes;

    send_error(w, (struct error){ 4, 0 }, QUOTED_SEQ);
    assert_int_equal(app_info(w->app).cwnd_bytes, window);
    assert_int_equal(w->app->soft_errors, 0);
    QUIET(w, 0);
}

/* RFC 5927 4.1: the quoted number must be in flight: SND.UNA =< SEG.SEQ < SND.NXT. */
/* proves: C06, C07, F12, F13 */
static void errors_about_no_byte_in_flight_are_ignored(void **state)
{
    struct peer *w = start_with_flight(state, false);
    uint32_t una = 1 + w->mss_max, nxt = 1 + 3 * w->mss_max;
    const uint32_t outside[] = {
        una - 1,         1, nxt, nxt + 1, una - 0x7fffffff, una + 0x7fffffff, una + 0x80000000u,
        nxt + 0x7fffffff
    };

    SEND(w, .ack = una);
    peer_discard(w);
    for (unsigned i = 0; i < MS_ARRAY_LEN(outside); i++) {
        send_error(w, soft_errors(w).each[0], outside[i]);
        send_error(w, hard_errors(w).each[0], outside[i]);
        peer_too_big(w, LESS_MTU, outside[i]);
    }
    assert_int_equal(w->app->soft_errors, 0);
    assert_int_equal(app_info(w->app).path_mtu_bytes, FULL_MTU);
    assert_int_equal(COUNT(w, icmp_path_mtu_updates), 0);
    QUIET(w, 0);
    send_error(w, soft_errors(w).each[0], una);
    send_error(w, soft_errors(w).each[0], nxt - 1);
    assert_int_equal(w->app->soft_errors, 2);
}

/* The same: an idle connection has nothing that could have met an error. */
static void errors_about_an_idle_connection_are_ignored(void **state)
{
    struct peer *w = PASSIVE(state, .mss = 1460);

    send_error(w, soft_errors(w).each[0], 1);
    send_error(w, soft_errors(w).each[0], 0);
    peer_too_big(w, LESS_MTU, 1);
    peer_too_big(w, LESS_MTU, 0);
    assert_int_equal(w->app->soft_errors, 0);
    assert_int_equal(app_info(w->app).path_mtu_bytes, FULL_MTU);
}

/* The same: a SYN takes one number, and it is no use to guess. */
/* proves: C06 */
static void an_attempt_ends_only_by_an_error_about_its_syn(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);
    struct error hard = hard_errors(w).each[0];

    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    send_error(w, hard, 1);
    send_error(w, hard, UINT32_MAX);
    assert_int_equal(app_state(app), MS_TCP_SYN_SENT);
    send_error(w, hard, 0);
    assert_int_equal(app->closed, 1);
}

/* An error goes to the connection that it is about, and to no other. */
/* proves: MUST-54 */
static void errors_find_the_connection_quoted(void **state)
{
    struct peer *w = start_with_flight(state, false);
    struct icmp_error stray = { .type = soft_errors(w).each[0].type, .seq = 1 };
    struct app *second;

    peer_flow(w, 4001);
    second = peer_open(w, OFFER());
    assert_int_equal(app_send(second, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    send_error(w, soft_errors(w).each[0], 1);
    assert_int_equal(second->soft_errors, 1);
    assert_int_equal(w->app->soft_errors, 0);
    stray.is_other_tuple = true;
    peer_icmp(w, &stray);
    assert_int_equal(second->soft_errors, 1);
    assert_int_equal(w->app->soft_errors, 0);
    QUIET(w, 0);
}

/* Half-open and TIME-WAIT connections are records: no error moves them. */
static void errors_do_no_harm_to_records(void **state)
{
    struct peer *w = PASSIVE(state);
    struct errors soft = soft_errors(w), hard = hard_errors(w);
    struct app *second;

    app_close(w->app);
    EXPECT(w, .flags = TCP_FIN | TCP_ACK, .seq = 1, .ack = 1);
    SEND(w, .flags = TCP_FIN | TCP_ACK, .seq = 1, .ack = 2);
    EXPECT(w, .seq = 2, .ack = 2);
    send_error(w, soft.each[0], 1);
    send_error(w, hard.each[0], 1);
    peer_too_big(w, LESS_MTU, 1);
    SEND(w, .flags = TCP_FIN | TCP_ACK, .seq = 1, .ack = 2);
    EXPECT(w, .seq = 2, .ack = 2); /* it is still there */
    peer_flow(w, 4001);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    send_error(w, soft.each[0], 0);
    send_error(w, hard.each[0], 0);
    peer_too_big(w, LESS_MTU, 0);
    SEND(w, .seq = 1, .ack = 1);
    second = &w->apps[1];
    assert_int_equal(second->accepted, 1);
    assert_int_equal(app_state(second), MS_TCP_ESTABLISHED);
}

/* RFC 1191 6.1, RFC 8201 5.4: what was too big goes again at once, in segments that fit. */
static void too_big_sends_smaller_segments_at_once(void **state)
{
    struct peer *w = start_with_flight(state, false);
    uint32_t headers = FULL_MTU - w->mss_max, less = LESS_MTU - headers, end = 1 + 3 * w->mss_max;
    struct ms_tcp_info before = app_info(w->app), after;

    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    EXPECT(w, .seq = 1, .len = less);
    EXPECT(w, .seq = 1 + less, .len = less);
    EXPECT(w, .seq = 1 + 2 * less, .len = less);
    after = app_info(w->app);
    assert_int_equal(after.path_mtu_bytes, LESS_MTU);
    assert_int_equal(after.send_mss_bytes, less);
    assert_int_equal(COUNT(w, icmp_path_mtu_updates), 1);
    /* RFC 1191 6.4: no congestion, so the window is left as it is, and so is the timer. */
    assert_int_equal(after.cwnd_bytes, before.cwnd_bytes);
    assert_int_equal(after.ssthresh_bytes, before.ssthresh_bytes);
    assert_int_equal(after.backoffs, 0);
    assert_int_equal(after.timeouts, 0);
    for (unsigned i = 0; i < 5 && w->app->released == 0; i++) {
        SEND(w, .ack = ANY);
        peer_discard(w);
    }
    assert_int_equal(w->flow->heard_end, end);
    assert_int_equal(w->app->released, 1);
    assert_int_equal(app_send(w->app, 2 * less), MS_OK);
    EXPECT(w, .seq = end, .len = less);
    EXPECT(w, .seq = end + less, .len = less);
}

/* RFC 2018 8: what the peer has is not sent again. */
static void too_big_leaves_out_what_was_sacked(void **state)
{
    struct peer *w = start_with_flight(state, true);
    uint32_t mss = w->mss_max, less = LESS_MTU - (FULL_MTU - mss), heard = 0;

    SEND(w, .ack = 1, .sack = { { 1 + mss, 1 + 2 * mss } });
    peer_discard(w);
    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    while (w->heard_next < w->heard_count) {
        const struct heard *next = EXPECT(w, .seq = ANY, .len = ANY);

        assert_in_range(next->len, 1, less);
        assert_true(next->seq + next->len <= 1 + mss || next->seq >= 1 + 2 * mss);
        heard += next->len;
    }
    assert_int_equal(heard, 2 * mss);
    SEND(w, .ack = 1 + 3 * mss);
    assert_int_equal(w->app->released, 1);
}

/* Without SACK, duplicates told only that something had arrived. All of it goes again. */
static void too_big_after_duplicates_sends_all_again(void **state)
{
    struct peer *w = start_with_flight(state, false);
    uint32_t less = LESS_MTU - (FULL_MTU - w->mss_max);

    SEND(w, .ack = 1);
    SEND(w, .ack = 1);
    QUIET(w, 0);
    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    for (uint32_t i = 0; i < 3; i++)
        EXPECT(w, .seq = 1 + i * less, .len = less);
    EXPECT(w, .seq = 1 + 3 * less, .len = 3 * (w->mss_max - less));
    assert_int_equal(app_info(w->app).sacked_bytes, 0);
}

/* RFC 1191 3: 68 is an attack; RFC 8200 5: no link of IPv6 has less than 1280. */
/* proves: C07, C08, F13 */
static void too_big_goes_no_lower_than_any_path(void **state)
{
    struct peer *w = start_with_flight(state, false);
    uint32_t least = w->is_ipv4 ? 576 : 1280;

    peer_too_big(w, 68, QUOTED_SEQ);
    peer_discard(w);
    assert_true(app_info(w->app).path_mtu_bytes >= least);
    peer_too_big(w, 0, QUOTED_SEQ);
    peer_discard(w);
    assert_true(app_info(w->app).path_mtu_bytes >= least);
    assert_true(app_info(w->app).send_mss_bytes >= least - 60);
}

/* RFC 1191 3: no report raises it. One that says nothing new sends nothing again. */
/* proves: C07, F13 */
static void too_big_never_raises_the_mtu(void **state)
{
    struct peer *w = start_with_flight(state, false);

    peer_too_big(w, FULL_MTU, QUOTED_SEQ);
    peer_too_big(w, 9000, QUOTED_SEQ);
    QUIET(w, 0);
    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    assert_true(peer_discard(w) > 0);
    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    peer_too_big(w, LESS_MTU + 10, QUOTED_SEQ);
    QUIET(w, 0);
    assert_int_equal(app_info(w->app).path_mtu_bytes, LESS_MTU);
    assert_int_equal(COUNT(w, icmp_path_mtu_updates), 1);
    assert_int_equal(w->app->soft_errors, 0);
}

/* RFC 1191 3, RFC 8201 4: the path is the destination's: the next connection knows at once. */
static void too_big_holds_for_the_next_connection(void **state)
{
    struct peer *w = start_with_flight(state, false);
    uint32_t less = LESS_MTU - (FULL_MTU - w->mss_max);
    struct app *second;

    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    peer_discard(w);
    peer_flow(w, 4001);
    second = peer_open(w, OFFER(.mss = 1460));
    assert_int_equal(app_send(second, 2 * less), MS_OK);
    EXPECT(w, .seq = 1, .len = less);
    EXPECT(w, .seq = 1 + less, .len = less);
}

/* The same for one that exists: it learns when it next asks for its path. */
static void too_big_holds_for_the_connection_beside(void **state)
{
    struct peer *w = start_with_flight(state, false);
    uint32_t less = LESS_MTU - (FULL_MTU - w->mss_max);
    struct app *second;

    peer_flow(w, 4001);
    second = peer_open(w, OFFER(.mss = 1460));
    peer_flow(w, PEER_PORT);
    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    peer_discard(w);
    peer_flow(w, 4001);
    assert_int_equal(app_send(second, 2 * less), MS_OK);
    EXPECT(w, .seq = 1, .len = less);
    EXPECT(w, .seq = 1 + less, .len = less);
}

/* While it opens: SYN fits any path, and what follows is cut to fit. */
static void too_big_about_a_syn_counts_for_the_data(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);
    uint32_t less = LESS_MTU - (FULL_MTU - w->mss_max);

    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    peer_too_big(w, LESS_MTU, 0);
    assert_in_range(peer_discard(w), 0, 1);
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .mss = 1460);
    EXPECT(w, .seq = 1, .ack = 1);
    assert_int_equal(app->opened, 1);
    assert_int_equal(app_send(app, 2 * less), MS_OK);
    EXPECT(w, .seq = 1, .len = less);
    SEND(w, .ack = 1 + less);
    EXPECT(w, .seq = 1 + less, .len = less);
}

/* A super frame in flight is one run of bytes, and is cut anew like any other. */
static void too_big_cuts_a_super_frame_anew(void **state)
{
    struct peer *w;
    uint32_t less, heard = 1;

    ((struct peer *)*state)->driver.segment_bytes_max = 65000;
    ((struct peer *)*state)->driver.checksum_offload = true;
    w = PASSIVE(state, .mss = 1460);
    less = LESS_MTU - (FULL_MTU - w->mss_max);
    assert_int_equal(app_send(w->app, 3 * w->mss_max), MS_OK);
    peer_discard(w);
    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    for (unsigned i = 0; i < 20 && heard < 1 + 3 * w->mss_max; i++) {
        while (w->heard_next < w->heard_count) {
            const struct heard *next = EXPECT(w, .seq = heard, .len = ANY);

            assert_true(next->segment_size ? next->segment_size <= less : next->len <= less);
            heard += next->len;
        }
        SEND(w, .ack = heard);
    }
    assert_int_equal(w->app->released, 1);
}

static void abort_on_error(struct app *app, enum app_event event)
{
    if (event == APP_SOFT_ERROR)
        ms_tcp_abort(app->tcp);
}

static void close_on_error(struct app *app, enum app_event event)
{
    if (event == APP_SOFT_ERROR)
        ms_tcp_close(app->tcp);
}

/* ms_tcp_events: the handler may abort its own connection, opening or open. */
static void may_be_aborted_by_the_handler(void **state)
{
    struct peer *w = start_with_flight(state, false);
    struct app *second;

    w->app->hook = abort_on_error;
    send_error(w, soft_errors(w).each[0], QUOTED_SEQ);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = ANY);
    assert_int_equal(w->app->why, MS_ERROR_ABORTED);
    assert_int_equal(w->app->released, 1);
    peer_flow(w, 4001);
    second = peer_connect(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    second->hook = abort_on_error;
    send_error(w, soft_errors(w).each[0], 0);
    assert_int_equal(second->why, MS_ERROR_ABORTED);
    assert_int_equal(second->closed, 1);
    QUIET(w, 0);
}

/* The same: or close it. */
static void may_be_closed_by_the_handler(void **state)
{
    struct peer *w = start_with_flight(state, false);
    struct app *second;

    w->app->hook = close_on_error;
    send_error(w, soft_errors(w).each[0], QUOTED_SEQ);
    EXPECT(w, .flags = TCP_FIN | TCP_ACK, .seq = 1 + 3 * w->mss_max);
    send_error(w, soft_errors(w).each[0], QUOTED_SEQ);
    assert_int_equal(w->app->soft_errors, 2);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_1);
    peer_flow(w, 4001);
    second = peer_connect(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    second->hook = close_on_error;
    send_error(w, soft_errors(w).each[0], 0);
    assert_int_equal(second->why, MS_ERROR_ABORTED);
    assert_int_equal(second->closed, 1);
}

/* What ended while it was received is not told of an error that came with it. */
static void errors_after_the_end_are_nobodys(void **state)
{
    struct peer *w = start_with_flight(state, false);

    w->is_batching = true;
    SEND(w, .flags = TCP_RST, .seq = 1);
    send_error(w, soft_errors(w).each[0], QUOTED_SEQ);
    peer_too_big(w, LESS_MTU, QUOTED_SEQ);
    peer_deliver(w);
    assert_int_equal(w->app->why, MS_ERROR_RESET);
    assert_int_equal(w->app->soft_errors, 0);
    QUIET(w, SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(soft_errors_end_no_connection),
        OVER_BOTH(soft_errors_end_no_attempt),
        OVER_BOTH(hard_errors_end_an_attempt),
        OVER_BOTH(hard_errors_end_a_simultaneous_open),
        OVER_BOTH(hard_errors_end_no_connection),
        OVER_BOTH(soft_errors_can_be_left_out),
        OVER_IPV4(source_quench_is_no_congestion),
        OVER_BOTH(errors_about_no_byte_in_flight_are_ignored),
        OVER_BOTH(errors_about_an_idle_connection_are_ignored),
        OVER_BOTH(an_attempt_ends_only_by_an_error_about_its_syn),
        OVER_BOTH(errors_find_the_connection_quoted),
        OVER_BOTH(errors_do_no_harm_to_records),
        OVER_BOTH(too_big_sends_smaller_segments_at_once),
        OVER_BOTH(too_big_leaves_out_what_was_sacked),
        OVER_BOTH(too_big_after_duplicates_sends_all_again),
        OVER_BOTH(too_big_goes_no_lower_than_any_path),
        OVER_BOTH(too_big_never_raises_the_mtu),
        OVER_BOTH(too_big_holds_for_the_next_connection),
        OVER_BOTH(too_big_holds_for_the_connection_beside),
        OVER_BOTH(too_big_about_a_syn_counts_for_the_data),
        OVER_BOTH(too_big_cuts_a_super_frame_anew),
        OVER_BOTH(may_be_aborted_by_the_handler),
        OVER_BOTH(may_be_closed_by_the_handler),
        OVER_BOTH(errors_after_the_end_are_nobodys),
    };

    return cmocka_run_group_tests_name("tcp/report", tests, NULL, NULL);
}
