/* SPDX-License-Identifier: ISC */
/* SYN records: handshakes that peers began (RFC 9293, 3.10.7.4 for SYN-RECEIVED). */
#include "support/wire_peer.h"

/* The SYN-ACK is the next segment heard. */
#define EXPECT_SYN_ACK(w, ...) \
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, __VA_ARGS__)

/* Starts, listens, and has the peer send a SYN, which is answered. */
static struct peer *half_open(void **state, const struct offer *offer)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    peer_send_syn(w, offer);
    EXPECT_SYN_ACK(w, );
    return w;
}

/* RFC 6298 2.1, 5.5: one second, then twice as long each time. */
/* proves: MUST-22 */
static void sends_the_syn_ack_again_ever_more_seldom(void **state)
{
    struct peer *w = half_open(state, OFFER());

    for (uint64_t s = 1; s <= 32; s *= 2)
        EXPECT_AFTER(w, s * SECOND, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    assert_int_equal(COUNT(w, tcp_retransmitted_segments), 6);
    assert_int_equal(w->app_count, 0);
}

/* RFC 6298 5.5: handshakes of different ages keep their times, whichever of them ends. */
static void handshakes_keep_their_own_times(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    for (uint16_t port = 4001; port <= 4004; port++) {
        peer_flow(w, port);
        peer_send_syn(w, OFFER());
        EXPECT(w, .flags = TCP_SYN | TCP_ACK);
        peer_run(w, 200 * MS);
    }
    peer_flow(w, 4001); /* the first, and one from the middle */
    SEND(w, .flags = TCP_RST, .seq = 1);
    peer_flow(w, 4003);
    SEND(w, .flags = TCP_RST, .seq = 1);
    peer_flow(w, 4002);
    EXPECT_AFTER(w, 400 * MS, .flags = TCP_SYN | TCP_ACK);
    peer_flow(w, 4004);
    EXPECT_AFTER(w, 400 * MS, .flags = TCP_SYN | TCP_ACK);
    peer_flow(w, 4002);
    EXPECT_AFTER(w, 1600 * MS, .flags = TCP_SYN | TCP_ACK);
    peer_flow(w, 4004);
    EXPECT_AFTER(w, 400 * MS, .flags = TCP_SYN | TCP_ACK);
}

/* R2 of a SYN is 3 minutes at least. */
/* proves: MUST-23 */
static void lets_a_handshake_take_three_minutes(void **state)
{
    struct peer *w = half_open(state, OFFER());

    peer_run(w, 180 * SECOND);
    peer_discard(w);
    SEND(w, .seq = 1, .ack = 1, .len = 5);
    assert_int_equal(w->app->accepted, 1);
    assert_int_equal(w->app->received, 5);
}

/* A flood of SYNs in others' names is not multiplied by eight. */
/* proves: R03, R22 */
static void sends_few_again_when_there_are_many(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_syn_records = 8;
    w = peer_start(state);
    peer_listen(w, 0);
    for (uint16_t port = 4001; port <= 4008; port++) {
        peer_flow(w, port);
        peer_send_syn(w, OFFER());
        EXPECT(w, .flags = TCP_SYN | TCP_ACK);
    }
    peer_run(w, 300 * SECOND);
    assert_in_range(COUNT(w, tcp_retransmitted_segments), 8 * 2, 8 * 2 + 4 * 5);
    assert_in_range(COUNT(w, tcp_attempt_fails), 8, 8);
    peer_discard(w);
}

/* RFC 9293 3.8.3: and there is an end to it, of which the user hears nothing. */
static void gives_up_a_handshake_in_the_end(void **state)
{
    struct peer *w = half_open(state, OFFER());

    peer_run(w, 300 * SECOND);
    assert_in_range(peer_discard(w), 5, 8);
    QUIET(w, 1000 * SECOND);
    assert_int_equal(COUNT(w, tcp_attempt_fails), 1);
    SEND(w, .seq = 1, .ack = 1);
    EXPECT(w, .flags = TCP_RST, .seq = 1);
    assert_int_equal(w->app_count, 0);
}

/* RFC 7323 2.2, 3.2; RFC 2018 2: options of the SYN hold when the ACK, which has none, comes. */
static void remembers_the_options_of_the_syn(void **state)
{
    struct peer *w = peer_start(state);
    const struct heard *heard;
    struct ms_tcp_info info;

    peer_listen(w, 0);
    peer_send_syn(w, OFFER(.mss = 700, .wscale = 5, .sack = true, .timestamps = true));
    heard = EXPECT_SYN_ACK(w, .mss = w->mss_max, .sack_permitted = true, .has_timestamp = true);
    assert_true(heard->header.options & TCP_OPTION_WSCALE);
    assert_int_equal(heard->header.ts_echo, w->flow->ts_base + w->now_us / MS);
    SEND(w, .seq = 1, .ack = 1, .window = 100);
    info = app_info(w->app);
    assert_int_equal(info.send_mss_bytes, 700 - TCP_TIMESTAMP_LEN);
    assert_true(info.has_window_scaling && info.has_sack && info.has_timestamps);
    assert_int_equal(info.send_scale, 5);
    assert_int_equal(info.recv_scale, heard->header.wscale);
    assert_int_equal(info.send_window_bytes, 100 << 5); /* this window is scaled */
}

/* The same: what the SYN did not offer is neither answered nor used. */
/* proves: MUST-15 */
static void offers_no_option_that_the_syn_had_not(void **state)
{
    struct peer *w = peer_start(state);
    const struct heard *heard;
    struct ms_tcp_info info;

    peer_listen(w, 0);
    peer_send_syn(w, OFFER(.mss = ANY));
    heard = EXPECT_SYN_ACK(w, .mss = w->mss_max);
    assert_int_equal(heard->header.options, TCP_OPTION_MSS);
    SEND(w, .seq = 1, .ack = 1, .window = 100);
    info = app_info(w->app);
    assert_int_equal(info.send_mss_bytes, w->is_ipv4 ? 536 : 1220); /* MUST-15 */
    assert_false(info.has_window_scaling || info.has_sack || info.has_timestamps);
    assert_int_equal(info.send_window_bytes, 100);
    assert_true(info.recv_window_bytes <= UINT16_MAX);
}

/* RFC 7323 2.3: a shift above 14 counts as 14. */
/* proves: T37 */
static void limits_the_window_scale_of_the_syn(void **state)
{
    static const uint8_t offered[] = { 14, 15, 16, 31, 255 };
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    for (uint16_t i = 0; i < sizeof(offered); i++) {
        struct ms_tcp_info info;

        peer_flow(w, (uint16_t)(4001 + i));
        peer_send_syn(w, OFFER(.wscale = offered[i]));
        EXPECT_SYN_ACK(w, );
        SEND(w, .seq = 1, .ack = 1, .window = 1);
        info = app_info(&w->apps[i]);
        assert_int_equal(info.send_scale, 14);
        assert_int_equal(info.send_window_bytes, 1 << 14);
    }
}

/* RFC 9293 3.4: a segment sent again is the same segment. */
static void repeats_the_options_with_the_syn_ack(void **state)
{
    struct peer *w = peer_start(state);
    const struct heard *first, *again;

    peer_listen(w, 0);
    peer_send_syn(w, OFFER(.wscale = 3, .sack = true, .timestamps = true));
    first = EXPECT_SYN_ACK(w, .mss = w->mss_max);
    again = EXPECT_AFTER(w, SECOND, .flags = TCP_SYN | TCP_ACK, .ack = 1, .mss = w->mss_max,
                         .window = first->header.window, .wscale = first->header.wscale);
    assert_int_equal(again->header.seq, first->header.seq);
    assert_int_equal(again->header.options, first->header.options);
    assert_int_equal(again->header.ts_echo, first->header.ts_echo);
    assert_int_equal(again->header.ts_value - first->header.ts_value, 1000);
}

/* RFC 9293 3.10.7.2: text of a SYN may wait, but is not delivered before the handshake is done,
 * nor acknowledged by who does not keep it. */
/* proves: T34 */
static void takes_no_text_out_of_a_syn(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    SEND(w, .flags = TCP_SYN, .seq = 0, .len = 100, .fill = 0xee, .mss = 1000);
    EXPECT_SYN_ACK(w, );
    assert_int_equal(w->app_count, 0);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->received, 0);
    SEND(w, .seq = 1, .ack = 1, .len = 100);
    assert_int_equal(w->app->received, 100);
}

/* RFC 9293 3.10.7.4, first: the SYN again: the same answer, and still one handshake. */
static void answers_a_repeated_syn_with_the_same_syn_ack(void **state)
{
    struct peer *w = peer_start(state);
    uint32_t isn;

    peer_config(state)->tcp_syn_cookies = false;
    peer_listen(w, 0);
    peer_send_syn(w, OFFER(.sack = true));
    isn = EXPECT_SYN_ACK(w, )->header.seq;
    for (unsigned i = 0; i < 3; i++) {
        peer_run(w, 200 * MS);
        peer_send_syn(w, OFFER(.sack = true));
        assert_int_equal(EXPECT_SYN_ACK(w, .sack_permitted = true)->header.seq, isn);
    }
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app_count, 1);
    QUIET(w, 10 * SECOND);
    assert_int_equal(COUNT(w, tcp_passive_opens), 1);
}

/* RFC 6298 3: the time from a SYN-ACK sent once to its ACK is a round trip. */
static void measures_the_round_trip_of_the_handshake(void **state)
{
    struct peer *w = half_open(state, OFFER());

    peer_run(w, 300 * MS);
    SEND(w, .seq = 1, .ack = 1);
    assert_in_range(app_info(w->app).srtt_us, 299 * MS, 301 * MS);
}

/* RFC 6298 3: Karn: no round trip is taken from a segment sent twice. */
static void measures_no_repeated_syn_ack(void **state)
{
    struct peer *w = half_open(state, OFFER());

    peer_run(w, 900 * MS);
    peer_send_syn(w, OFFER()); /* our SYN-ACK was lost, and goes again */
    EXPECT_SYN_ACK(w, );
    peer_run(w, 10 * MS);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(app_info(w->app).srtt_us, 0);
    peer_flow(w, 4001);
    peer_send_syn(w, OFFER());
    EXPECT_SYN_ACK(w, );
    EXPECT_AFTER(w, SECOND, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    peer_run(w, 10 * MS);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(app_info(&w->apps[1]).srtt_us, 0);
}

/* RFC 5681 3.1: after a lost SYN-ACK, one segment. RFC 6298 5.7: and three seconds. */
static void starts_carefully_after_a_lost_syn_ack(void **state)
{
    struct peer *w = half_open(state, OFFER());

    EXPECT_AFTER(w, SECOND, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(app_info(w->app).cwnd_bytes, PEER_MSS);
    assert_int_equal(app_send(w->app, 5 * PEER_MSS), MS_OK);
    EXPECT(w, .seq = 1, .len = PEER_MSS);
    EXPECT_AFTER(w, 3 * SECOND, .seq = 1, .len = PEER_MSS);
}

/* RFC 9293 3.10.7.4, second: back to LISTEN; the user is not informed. */
/* proves: MUST-11 */
static void forgets_a_handshake_that_is_reset(void **state)
{
    struct peer *w = half_open(state, OFFER());

    SEND(w, .flags = TCP_RST, .seq = 1);
    QUIET(w, 10 * SECOND);
    assert_int_equal(w->app_count, 0);
    assert_int_equal(COUNT(w, tcp_attempt_fails), 1);
    SEND(w, .seq = 1, .ack = 1);
    EXPECT(w, .flags = TCP_RST, .seq = 1);
    peer_open(w, OFFER());
}

/* RFC 5961 3.2: only the exact number resets; another one in the window is challenged. */
static void resets_a_handshake_only_on_the_exact_number(void **state)
{
    struct peer *w = half_open(state, OFFER());

    SEND(w, .flags = TCP_RST, .seq = 0);
    SEND(w, .flags = TCP_RST, .seq = 1 + 65535);
    SEND(w, .flags = TCP_RST, .seq = 0x80000000u);
    QUIET(w, SECOND / 2);
    SEND(w, .flags = TCP_RST, .seq = 2);
    EXPECT(w, .seq = 1, .ack = 1);
    SEND(w, .flags = TCP_RST, .seq = 65535);
    EXPECT(w, .seq = 1, .ack = 1);
    assert_drop(w, MS_DROP_TCP_BAD_RESET, 5);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->accepted, 1);
}

/* RFC 9293 3.5, figure 9: a peer that began anew resets what it does not know, and gets through. */
static void lets_a_peer_that_began_anew_get_through(void **state)
{
    static const uint32_t began_anew[] = { 5000, 0x40000000, 0xc0000000 };
    struct peer *w = half_open(state, OFFER());

    for (unsigned i = 0; i < 3; i++) {
        const struct heard *heard;

        SEND(w, .flags = TCP_SYN, .seq = began_anew[i], .mss = 1000);
        heard = EXPECT(w, .seq = 1, .ack = 1);
        w->flow->isn += began_anew[i];
        w->flow->next = 1;
        SEND(w, .flags = TCP_RST, .seq = heard->ack - began_anew[i]);
        peer_run(w, 100 * MS);
        peer_send_syn(w, OFFER());
        EXPECT_SYN_ACK(w, );
        assert_drop(w, MS_DROP_TCP_UNEXPECTED_SYN, i + 1);
    }
    SEND(w, .seq = 1, .ack = 1, .len = 5);
    assert_int_equal(w->app->received, 5);
}

/* RFC 9293 3.10.7.4, fifth: an ACK of what was not sent is reset, and changes nothing. */
static void resets_a_wrong_ack_and_goes_on(void **state)
{
    static const uint32_t wrong[] = { 0, 2, 1000, 0x7fffffff, 0x80000001, UINT32_MAX - 1 };
    struct peer *w = half_open(state, OFFER());
    unsigned n = sizeof(wrong) / sizeof(wrong[0]);

    for (unsigned i = 0; i < n; i++) {
        SEND(w, .seq = 1, .ack = wrong[i], .len = 7);
        EXPECT(w, .flags = TCP_RST, .seq = wrong[i]);
    }
    assert_drop(w, MS_DROP_TCP_BAD_ACK, n);
    assert_int_equal(w->app_count, 0);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->accepted, 1);
}

/* RFC 9293 3.10.7.4, first: outside the window: answered with our number and the next one. */
static void answers_what_is_outside_the_window(void **state)
{
    struct peer *w = half_open(state, OFFER());

    SEND(w, .seq = 0x40000000, .ack = 1, .len = 5);
    EXPECT(w, .seq = 1, .ack = 1);
    SEND(w, .seq = 0x80000001, .ack = 1, .len = 5);
    EXPECT(w, .seq = 1, .ack = 1);
    assert_drop(w, MS_DROP_TCP_OUT_OF_WINDOW, 2);
    assert_int_equal(w->app_count, 0);
}

/* RFC 9293 3.10.7.4, fifth: without ACK: drop. */
static void drops_what_has_no_ack(void **state)
{
    struct peer *w = half_open(state, OFFER());

    SEND(w, .flags = 0, .seq = 1, .len = 5);
    SEND(w, .flags = TCP_PSH | TCP_URG, .seq = 1, .len = 5);
    SEND(w, .flags = TCP_FIN, .seq = 1);
    QUIET(w, SECOND / 2);
    assert_drop(w, MS_DROP_TCP_NO_ACK, 3);
    assert_int_equal(w->app_count, 0);
}

/* RFC 7323 5.3, R1: a timestamp older than that of the SYN: answered and dropped. */
static void holds_the_last_ack_to_the_timestamp_of_the_syn(void **state)
{
    struct peer *w = half_open(state, OFFER(.timestamps = true));
    uint32_t ts_syn = w->flow->ts_base + (uint32_t)(w->now_us / MS);

    SEND(w, .seq = 1, .ack = 1, .ts_value = ts_syn - 1);
    EXPECT(w, .seq = 1, .ack = 1, .ts_echo = ts_syn);
    assert_drop(w, MS_DROP_TCP_PAWS, 1);
    assert_int_equal(w->app_count, 0);
    SEND(w, .seq = 1, .ack = 1, .ts_value = ts_syn);
    assert_int_equal(w->app->accepted, 1);
}

/* RFC 9293 3.10.7.4: the segment whose ACK is right goes on as if ESTABLISHED: text and FIN too. */
static void opens_with_text_and_fin(void **state)
{
    struct peer *w = half_open(state, OFFER());

    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1, .len = 300);
    assert_int_equal(w->app->accepted, 1);
    assert_int_equal(w->app->received, 300);
    assert_int_equal(w->app->eofs, 1);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSE_WAIT);
    EXPECT(w, .seq = 1, .ack = 302);
}

/* The same, when the last ACK was lost and text that comes behind it opens. */
static void opens_with_text_out_of_order(void **state)
{
    struct peer *w = half_open(state, OFFER());

    SEND(w, .seq = 101, .ack = 1, .len = 100);
    assert_int_equal(w->app->accepted, 1);
    assert_int_equal(w->app->received, 0);
    EXPECT(w, .seq = 1, .ack = 1);
    SEND(w, .seq = 1, .ack = 1, .len = 100);
    assert_int_equal(w->app->received, 200);
}

/* RFC 4987 3.2: a backlog bounds the half-open ones; the established ones do not count. */
/* proves: R01 */
static void drops_syns_beyond_the_backlog(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_syn_cookies = false;
    w = peer_start(state);
    peer_listen(w, 2);
    for (uint16_t port = 4001; port <= 4003; port++) {
        peer_flow(w, port);
        peer_send_syn(w, OFFER());
        if (port < 4003)
            EXPECT_SYN_ACK(w, );
    }
    QUIET(w, SECOND / 2);
    assert_drop(w, MS_DROP_TCP_LISTEN_OVERFLOW, 1);
    assert_int_equal(COUNT(w, tcp_listen_overflows), 1);
    peer_flow(w, 4001);
    SEND(w, .seq = 1, .ack = 1); /* one place is free */
    peer_flow(w, 4003);
    peer_send_syn(w, OFFER());
    EXPECT_SYN_ACK(w, );
    peer_flow(w, 4002);
    SEND(w, .flags = TCP_RST, .seq = 1); /* and another one */
    peer_flow(w, 4004);
    peer_open(w, OFFER());
    assert_drop(w, MS_DROP_TCP_LISTEN_OVERFLOW, 1);
}

/* All listeners together have so many records, and each comes back. */
/* proves: R01 */
static void drops_syns_when_the_records_run_out(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_syn_cookies = false;
    peer_config(state)->tcp_syn_records = 3;
    w = peer_start(state);
    peer_listen(w, 0);
    for (unsigned round = 0; round < 3; round++) {
        for (uint16_t port = 5001; port <= 5005; port++) {
            peer_flow(w, port);
            peer_send_syn(w, OFFER());
        }
        assert_int_equal(peer_discard(w), 3);
        assert_drop(w, MS_DROP_TCP_LISTEN_OVERFLOW, 2 * (round + 1));
        peer_run(w, 300 * SECOND); /* each is given up */
        peer_discard(w);
    }
    peer_flow(w, 4001);
    peer_open(w, OFFER());
}

/* The last ACK finds no room for a connection: nothing is lost but time. */
/* proves: R04 */
static void waits_for_room_for_the_connection(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_connections = 1;
    w = PASSIVE(state);
    peer_flow(w, 4001);
    peer_send_syn(w, OFFER());
    EXPECT_SYN_ACK(w, );
    SEND(w, .seq = 1, .ack = 1);
    assert_drop(w, MS_DROP_TCP_NO_MEMORY, 1);
    assert_int_equal(w->app_count, 1);
    EXPECT_AFTER(w, SECOND, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    peer_flow(w, PEER_PORT);
    app_abort(w->app);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 1);
    peer_flow(w, 4001);
    SEND(w, .seq = 1, .ack = 1, .len = 5);
    assert_int_equal(w->apps[1].received, 5);
}

/* A listener of one interface is found again when the SYN-ACK is due, and gets its place back. */
static void keeps_the_handshakes_of_an_interface(void **state)
{
    struct peer *w;
    struct ms_tcp_listen listen = { .backlog = 1 };

    peer_config(state)->tcp_syn_cookies = false;
    w = peer_start(state);
    listen.local = (struct ms_endpoint){ .port = STACK_PORT, .netif = w->netif };
    listen.accept = (ms_tcp_accept_fn *)(void (*)(void))abort;
    assert_int_equal(ms_tcp_listen(w->stack, &listen, &w->listener), MS_OK);
    peer_send_syn(w, OFFER());
    EXPECT_SYN_ACK(w, );
    EXPECT_AFTER(w, SECOND, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    SEND(w, .flags = TCP_RST, .seq = 1);
    peer_flow(w, 4001);
    peer_send_syn(w, OFFER());
    EXPECT_SYN_ACK(w, );
    ms_tcp_unlisten(w->listener);
    QUIET(w, 10 * SECOND);
}

/* A listener that fits better takes the handshakes over, and the place they had is free. */
static void gives_its_handshakes_to_a_listener_that_fits_better(void **state)
{
    struct peer *w;
    struct ms_tcp_listen listen = { .backlog = 1 };

    peer_config(state)->tcp_syn_cookies = false;
    w = peer_start(state);
    peer_listen(w, 1);
    peer_send_syn(w, OFFER());
    EXPECT_SYN_ACK(w, );
    listen.local = (struct ms_endpoint){ .addr = w->stack_addr, .port = STACK_PORT };
    listen.accept = (ms_tcp_accept_fn *)(void (*)(void))abort;
    assert_int_equal(ms_tcp_listen(w->stack, &listen, &w->listener), MS_OK);
    peer_flow(w, 4001);
    peer_send_syn(w, OFFER());
    assert_drop(w, MS_DROP_TCP_LISTEN_OVERFLOW, 1); /* it has taken its place there */
    ms_tcp_unlisten(w->listener);
    QUIET(w, 5 * SECOND);
    peer_flow(w, 4002);
    peer_open(w, OFFER());
}

/* An address that is gone completes no handshake. */
static void forgets_the_handshakes_of_an_address_that_is_gone(void **state)
{
    struct peer *w = half_open(state, OFFER());

    assert_int_equal(ms_netif_remove_addr(w->netif, &w->stack_addr), MS_OK);
    QUIET(w, 300 * SECOND);
    assert_int_equal(COUNT(w, tcp_attempt_fails), 1);
}

/* New keys make other numbers and other timestamps (RFC 6528, RFC 7323 5.4), so a handshake begun
 * with the old ones starts again. */
/* proves: T45 */
static void forgets_the_handshakes_begun_with_other_keys(void **state)
{
    static const uint8_t seed[32] = { 1, 2, 3 };
    struct peer *w;
    uint32_t ts_value;

    peer_config(state)->tcp_syn_cookies = false;
    w = half_open(state, OFFER(.timestamps = true));
    ms_stack_reseed(w->stack, seed);
    QUIET(w, 900 * MS);
    peer_send_syn(w, OFFER(.timestamps = true));
    ts_value = EXPECT_SYN_ACK(w, )->header.ts_value;
    peer_run(w, 100 * MS);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->accepted, 1);
    assert_in_range(app_info(w->app).srtt_us, 99 * MS, 101 * MS);
    peer_run(w, 10 * MS);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100, .ts_value = ts_value + 110);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(sends_the_syn_ack_again_ever_more_seldom),
        OVER_BOTH(handshakes_keep_their_own_times),
        OVER_BOTH(lets_a_handshake_take_three_minutes),
        OVER_BOTH(sends_few_again_when_there_are_many),
        OVER_BOTH(gives_up_a_handshake_in_the_end),
        OVER_BOTH(remembers_the_options_of_the_syn),
        OVER_BOTH(offers_no_option_that_the_syn_had_not),
        OVER_BOTH(limits_the_window_scale_of_the_syn),
        OVER_BOTH(repeats_the_options_with_the_syn_ack),
        OVER_BOTH(takes_no_text_out_of_a_syn),
        OVER_BOTH(answers_a_repeated_syn_with_the_same_syn_ack),
        OVER_BOTH(measures_the_round_trip_of_the_handshake),
        OVER_BOTH(measures_no_repeated_syn_ack),
        OVER_BOTH(starts_carefully_after_a_lost_syn_ack),
        OVER_BOTH(forgets_a_handshake_that_is_reset),
        OVER_BOTH(resets_a_handshake_only_on_the_exact_number),
        OVER_BOTH(lets_a_peer_that_began_anew_get_through),
        OVER_BOTH(resets_a_wrong_ack_and_goes_on),
        OVER_BOTH(answers_what_is_outside_the_window),
        OVER_BOTH(drops_what_has_no_ack),
        OVER_BOTH(holds_the_last_ack_to_the_timestamp_of_the_syn),
        OVER_BOTH(opens_with_text_and_fin),
        OVER_BOTH(opens_with_text_out_of_order),
        OVER_BOTH(drops_syns_beyond_the_backlog),
        OVER_BOTH(drops_syns_when_the_records_run_out),
        OVER_BOTH(waits_for_room_for_the_connection),
        OVER_BOTH(keeps_the_handshakes_of_an_interface),
        OVER_BOTH(gives_its_handshakes_to_a_listener_that_fits_better),
        OVER_BOTH(forgets_the_handshakes_of_an_address_that_is_gone),
        OVER_BOTH(forgets_the_handshakes_begun_with_other_keys),
    };

    return cmocka_run_group_tests_name("tcp/syn", tests, NULL, NULL);
}
