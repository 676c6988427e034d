/* SPDX-License-Identifier: ISC */
/* SYN cookies (RFC 4987, 3.6): handshakes that leave nothing behind while the SYN queue is full. */
#include "support/wire_peer.h"

#include "support/random.h"

enum {
    FLOOD_PORT = 9000,        /* whose SYN fills the queue */
    LIFE_LEAST = 64 * SECOND, /* catalogue R02: of a cookie */
    LIFE_MOST = 128 * SECOND,
};

/* The SYN queue has room for one, and somebody who never answers has taken it. */
static void overflow(struct peer *w)
{
    uint16_t port = w->flow->peer_port;

    peer_flow(w, FLOOD_PORT);
    peer_send_syn(w, OFFER());
    peer_flow(w, port);
    peer_discard(w);
}

static struct peer *flooded(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_syn_records = 1;
    w = peer_start(state);
    peer_listen(w, 0);
    overflow(w);
    return w;
}

/* The peer's SYN on the current flow is answered with a cookie. */
static const struct heard *take_cookie(struct peer *w, const struct offer *offer)
{
    uint64_t before = COUNT(w, tcp_syn_cookies_sent);
    const struct heard *heard;

    peer_send_syn(w, offer);
    heard = EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .mss = w->mss_max);
    assert_int_equal(COUNT(w, tcp_syn_cookies_sent), before + 1);
    return heard;
}

/* An ACK that must not open: it is counted, and answered with a RST (RFC 9293, 3.10.7.2). */
static void expect_bad_cookie(struct peer *w)
{
    uint64_t failed = COUNT(w, tcp_syn_cookies_failed);

    assert_drop(w, MS_DROP_TCP_BAD_COOKIE, failed);
    assert_true(failed > 0);
    assert_int_equal(w->heard[w->heard_count - 1].header.flags, TCP_RST);
    assert_int_equal(w->app_count, 0);
}

/* RFC 4987 3.6: with no record left, the answer is a SYN-ACK all the same, and its ACK opens. */
/* proves: R01 */
static void opens_with_a_cookie_when_the_queue_is_full(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER());
    peer_run(w, 100 * MS);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->accepted, 1);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
    assert_int_equal(COUNT(w, tcp_syn_cookies_accepted), 1);
    assert_int_equal(COUNT(w, tcp_passive_opens), 1);
    SEND(w, .len = 500);
    assert_int_equal(w->app->received, 500);
    EXPECT_WITHIN(w, SECOND / 2, .seq = 1, .ack = 501);
    assert_int_equal(app_send(w->app, 500), MS_OK);
    EXPECT(w, .seq = 1, .len = 500);
}

/* The backlog of one listener being full is enough. */
static void opens_with_a_cookie_when_the_backlog_is_full(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 1);
    overflow(w);
    take_cookie(w, OFFER());
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->accepted, 1);
}

/* A cookie is sent once for each SYN and never of itself. */
/* proves: R03, R22 */
static void sends_no_cookie_again(void **state)
{
    struct peer *w = flooded(state);

    for (uint16_t port = 4001; port < 4101; port++) {
        peer_flow(w, port);
        take_cookie(w, OFFER());
    }
    peer_run(w, 200 * SECOND);
    while (w->heard_next < w->heard_count)
        assert_int_equal(w->heard[w->heard_next++].flow->peer_port, FLOOD_PORT);
    assert_drop(w, MS_DROP_TCP_LISTEN_OVERFLOW, 0);
}

/* While there is room there are records, which lose no option and send again. */
static void sends_cookies_only_while_the_queue_is_full(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER());
    peer_flow(w, FLOOD_PORT);
    SEND(w, .flags = TCP_RST, .seq = 1);
    peer_flow(w, 4001);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    EXPECT_AFTER(w, SECOND, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    assert_int_equal(COUNT(w, tcp_syn_cookies_sent), 1);
}

/* RFC 9293 3.10.7.4: the segment that opens goes on: text and FIN too. */
static void opens_with_text_and_fin(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER());
    SEND(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 1, .len = 300);
    assert_int_equal(w->app->received, 300);
    assert_int_equal(w->app->eofs, 1);
    EXPECT(w, .seq = 1, .ack = 302);
}

/* Never larger than the peer's MSS; and not much smaller. */
/* proves: MUST-16 */
static void remembers_the_mss(void **state)
{
    static const uint16_t offered[] = { 536,  537,  1000, 1219, 1220, 1239, 1300, 1359, 1360,
                                        1380, 1400, 1412, 1420, 1440, 1452, 1460, 8960, 65535 };
    struct peer *w;

    peer_config(state)->tcp_mss_min_bytes = 100;
    w = flooded(state);
    for (uint16_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
        uint32_t mss = offered[i] < w->mss_max ? offered[i] : w->mss_max;

        peer_flow(w, (uint16_t)(4001 + i));
        take_cookie(w, OFFER(.mss = offered[i]));
        SEND(w, .seq = 1, .ack = 1);
        assert_in_range(app_info(&w->apps[i]).send_mss_bytes, mss > 1220 ? mss * 8 / 10 : 536, mss);
    }
}

static void keeps_to_a_small_mss(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_mss_min_bytes = 100;
    w = flooded(state);
    for (uint16_t mss = 100; mss < 536; mss = (uint16_t)(mss + 109)) {
        peer_flow(w, (uint16_t)(4001 + mss));
        take_cookie(w, OFFER(.mss = mss));
        SEND(w, .seq = 1, .ack = 1);
        assert_in_range(app_info(&w->apps[w->app_count - 1]).send_mss_bytes, 100, mss);
    }
}

/* proves: MUST-15 */
static void assumes_the_default_mss_without_the_option(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER(.mss = ANY));
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(app_info(w->app).send_mss_bytes, w->is_ipv4 ? 536 : 1220);
}

/* RFC 7323 2.2, 5.4: with timestamps to carry them, window scale and SACK hold. */
static void carries_the_options_in_the_timestamp(void **state)
{
    struct peer *w = flooded(state);

    for (uint16_t i = 0; i <= 15; i++) {
        const struct heard *heard;
        struct ms_tcp_info info;
        bool has_sack = i & 1;

        peer_flow(w, (uint16_t)(4001 + i));
        heard = take_cookie(w, OFFER(.wscale = i, .sack = has_sack, .timestamps = true));
        assert_true(heard->header.options & TCP_OPTION_WSCALE);
        assert_int_equal(!!(heard->header.options & TCP_OPTION_SACK_PERMITTED), has_sack);
        assert_int_equal(heard->header.ts_echo, w->flow->ts_base + w->now_us / MS);
        peer_run(w, 7 * MS);
        SEND(w, .seq = 1, .ack = 1, .window = 100);
        info = app_info(&w->apps[i]);
        assert_true(info.has_timestamps && info.has_window_scaling);
        assert_int_equal(info.has_sack, has_sack);
        assert_int_equal(info.send_scale, i < 14 ? i : 14);
        assert_int_equal(info.recv_scale, heard->header.wscale);
        assert_int_equal(info.send_window_bytes, 100 << info.send_scale);
        assert_int_equal(info.send_mss_bytes % 100, (536 - TCP_TIMESTAMP_LEN) % 100);
    }
}

/* The same: a SYN without window scale has none in its cookie. */
static void carries_no_window_scale_that_was_not_offered(void **state)
{
    struct peer *w = flooded(state);
    const struct heard *heard = take_cookie(w, OFFER(.timestamps = true));

    assert_false(heard->header.options & (TCP_OPTION_WSCALE | TCP_OPTION_SACK_PERMITTED));
    SEND(w, .seq = 1, .ack = 1, .window = 100);
    assert_false(app_info(w->app).has_window_scaling);
    assert_false(app_info(w->app).has_sack);
    assert_int_equal(app_info(w->app).send_window_bytes, 100);
}

/* RFC 7323 2.2; RFC 2018 2: without timestamps nothing is agreed that would be forgotten. */
static void offers_nothing_it_would_forget(void **state)
{
    struct peer *w = flooded(state);
    const struct heard *heard = take_cookie(w, OFFER(.wscale = 7, .sack = true));
    struct ms_tcp_info info;

    assert_int_equal(heard->header.options, TCP_OPTION_MSS);
    SEND(w, .seq = 1, .ack = 1, .window = 100);
    info = app_info(w->app);
    assert_false(info.has_timestamps || info.has_window_scaling || info.has_sack);
    assert_int_equal(info.send_window_bytes, 100);
}

/* RFC 7323 5.3: or else the peer drops what follows. Whatever the options, whenever it is. */
static void timestamps_of_a_cookie_are_not_in_the_future(void **state)
{
    struct peer *w = flooded(state);

    for (uint16_t i = 0; i < 100; i++) {
        struct app *app = &w->apps[i];
        uint32_t ts_value;

        peer_flow(w, (uint16_t)(4001 + i));
        ts_value = take_cookie(w, OFFER(.wscale = i % 15, .sack = i & 1, .timestamps = true))
                       ->header.ts_value;
        SEND(w, .seq = 1, .ack = 1);
        assert_int_equal(app_send(app, 10), MS_OK);
        assert_in_range(EXPECT(w, .seq = 1, .len = 10)->header.ts_value - ts_value, 0, 200);
        app_abort(app);
        peer_run(w, 11 * MS);
        peer_discard(w);
    }
}

/* RFC 4987 3.6: each bit of it counts, and whose it is: all but the exact number is refused. */
/* proves: T43, R02 */
static void refuses_an_ack_with_any_bit_wrong(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER());
    for (unsigned bit = 0; bit < 32; bit++) {
        SEND(w, .seq = 1, .ack = 1 + (1u << bit));
        expect_bad_cookie(w);
        SEND(w, .seq = 1 + (1u << bit), .ack = 1);
        expect_bad_cookie(w);
    }
    assert_drop(w, MS_DROP_TCP_BAD_COOKIE, 64);
    assert_int_equal(peer_discard(w), 64);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->accepted, 1);
}

/* The same: a cookie sent by another port, to another port or from another host is not theirs. */
/* proves: T43 */
static void refuses_the_cookie_of_another(void **state)
{
    struct peer *w = flooded(state);
    struct ms_addr other = w->peer_addr;
    const struct ms_tcp_listen beside = { .local.port = STACK_PORT + 1,
                                          .accept = (ms_tcp_accept_fn *)(void (*)(void))abort };

    assert_int_equal(ms_tcp_listen(w->stack, &beside, NULL), MS_OK);
    other.bytes[15] ^= 0x10;
    take_cookie(w, OFFER());
    SEND(w, .seq = 1, .ack = 1, .from_port = PEER_PORT + 1);
    expect_bad_cookie(w);
    SEND(w, .seq = 1, .ack = 1, .to_port = STACK_PORT + 1);
    expect_bad_cookie(w);
    SEND(w, .seq = 1, .ack = 1, .from = &other);
    expect_bad_cookie(w);
    assert_drop(w, MS_DROP_TCP_BAD_COOKIE, 3);
}

/* A cookie replayed while its connection lives is an old ACK of that connection. */
static void opens_one_connection_with_a_cookie(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER());
    SEND(w, .seq = 1, .ack = 1, .len = 10);
    SEND(w, .seq = 1, .ack = 1, .len = 10);
    SEND(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app_count, 1);
    assert_int_equal(w->app->received, 10);
    assert_int_equal(COUNT(w, tcp_syn_cookies_accepted), 1);
}

/* Good for a minute at least, */
/* proves: R02 */
static void a_cookie_lives_a_minute(void **state)
{
    struct peer *w = flooded(state);

    for (uint16_t i = 0; i < 8; i++) { /* whenever in the life of a counter it was made */
        peer_flow(w, (uint16_t)(4001 + i));
        take_cookie(w, OFFER());
        peer_run(w, LIFE_LEAST - SECOND);
        peer_discard(w);
        SEND(w, .seq = 1, .ack = 1);
        assert_int_equal(w->app_count, i + 1);
        peer_run(w, 9 * SECOND);
        overflow(w);
    }
}

/* ... and not for much more than two, though others are sent all the time. Nor ever again. */
/* proves: R02 */
static void a_cookie_expires(void **state)
{
    struct peer *w = flooded(state);
    struct flow *flow = w->flow;

    take_cookie(w, OFFER());
    for (unsigned minutes = 0; minutes < 150; minutes++) {
        peer_run(w, 64 * SECOND);
        overflow(w);
        peer_flow(w, (uint16_t)(5000 + minutes % 2));
        take_cookie(w, OFFER());
        w->flow = flow;
        if (minutes >= 1) {
            SEND(w, .seq = 1, .ack = 1);
            expect_bad_cookie(w);
            peer_discard(w);
        }
    }
    assert_drop(w, MS_DROP_TCP_BAD_COOKIE, 149);
}

/* Who sends none believes none: there is nothing to guess. */
/* proves: T43, R02 */
static void believes_cookies_only_after_an_overflow(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER());
    peer_run(w, LIFE_MOST + SECOND);
    peer_discard(w);
    SEND(w, .seq = 1, .ack = 1);
    EXPECT(w, .flags = TCP_RST, .seq = 1);
    SEND(w, .seq = 1, .ack = 2);
    EXPECT(w, .flags = TCP_RST, .seq = 2);
    assert_drop(w, MS_DROP_TCP_NO_CONNECTION, 2);
    assert_drop(w, MS_DROP_TCP_BAD_COOKIE, 0);
    assert_int_equal(w->app_count, 0);
}

static void sends_and_believes_none_when_told(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_syn_cookies = false;
    w = flooded(state);
    peer_send_syn(w, OFFER());
    QUIET(w, SECOND / 2);
    assert_drop(w, MS_DROP_TCP_LISTEN_OVERFLOW, 1);
    assert_int_equal(COUNT(w, tcp_syn_cookies_sent), 0);
    w->flow->has_stack_isn = true;
    SEND(w, .seq = 1, .ack = 77);
    EXPECT(w, .flags = TCP_RST, .seq = 77);
    assert_drop(w, MS_DROP_TCP_BAD_COOKIE, 0);
}

/* RFC 4987 3.6: the secret is the stack's own; another one has another, and a reseeded one too. */
/* proves: T45 */
static void secrets_differ(void **state)
{
    static const uint8_t seed[32] = { 9 };
    struct peer *w = flooded(state), *second;
    void *other = w->is_ipv4 ? &peer_over_ipv4 : &peer_over_ipv6;

    peer_setup(&other);
    peer_config(&other)->seed[0] ^= 1;
    second = flooded(&other);
    take_cookie(w, OFFER());
    take_cookie(second, OFFER());
    second->flow->stack_isn = w->flow->stack_isn;
    SEND(second, .seq = 1, .ack = 1);
    expect_bad_cookie(second);
    peer_teardown(&other);
    ms_stack_reseed(w->stack, seed);
    SEND(w, .seq = 1, .ack = 1);
    expect_bad_cookie(w);
}

/* proves: T43, R02 */
static void withstands_guesses(void **state)
{
    struct peer *w = flooded(state);
    struct dice dice = { 43 };

    take_cookie(w, OFFER());
    for (unsigned i = 0; i < 5000; i++)
        SEND(w, .seq = 1, .ack = dice_below(&dice, UINT32_MAX - 2) + 2);
    expect_bad_cookie(w);
    assert_drop(w, MS_DROP_TCP_BAD_COOKIE, 5000);
    assert_int_equal(COUNT(w, tcp_out_resets), 5000);
}

/* RFC 9293 3.10.7.2: a RST to a listener is ignored, and no SYN makes a cookie good. */
static void takes_no_cookie_out_of_a_syn_or_reset(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER());
    SEND(w, .flags = TCP_RST | TCP_ACK, .seq = 1, .ack = 1);
    QUIET(w, SECOND / 2);
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 1, .ack = 1);
    EXPECT(w, .flags = TCP_RST, .seq = 1);
    assert_int_equal(w->app_count, 0);
}

/* No room for the connection: the peer's text, sent again, finds it when there is some. */
/* proves: R04 */
static void waits_for_room_for_the_connection(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_connections = 1;
    w = flooded(state);
    take_cookie(w, OFFER());
    peer_flow(w, 4001);
    take_cookie(w, OFFER());
    SEND(w, .seq = 1, .ack = 1);
    peer_flow(w, PEER_PORT);
    SEND(w, .seq = 1, .ack = 1, .len = 10);
    assert_drop(w, MS_DROP_TCP_NO_MEMORY, 1);
    QUIET(w, SECOND / 2);
    peer_flow(w, 4001);
    app_abort(w->app);
    peer_discard(w);
    peer_flow(w, PEER_PORT);
    SEND(w, .seq = 1, .ack = 1, .len = 10);
    assert_int_equal(w->apps[1].received, 10);
}

static void resets_what_nobody_accepts(void **state)
{
    struct peer *w = flooded(state);

    w->accepts_nobody = true;
    take_cookie(w, OFFER());
    SEND(w, .seq = 1, .ack = 1);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 1);
    assert_int_equal(COUNT(w, tcp_current_established), 0);
}

/* The ACK with the cookie was lost, and the text behind it came: no reason to reset a good peer. */
static void waits_for_the_first_byte_when_the_ack_was_lost(void **state)
{
    struct peer *w = flooded(state);

    take_cookie(w, OFFER());
    SEND(w, .seq = 1001, .ack = 1, .len = 100);
    QUIET(w, SECOND / 10);
    assert_drop(w, MS_DROP_TCP_BAD_COOKIE, 1);
    SEND(w, .seq = 1, .ack = 1, .len = 100);
    assert_int_equal(w->app_count, 1);
    assert_int_equal(w->app->received, 100);
    peer_run(w, SECOND);
    peer_discard(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(opens_with_a_cookie_when_the_queue_is_full),
        OVER_BOTH(opens_with_a_cookie_when_the_backlog_is_full),
        OVER_BOTH(sends_no_cookie_again),
        OVER_BOTH(sends_cookies_only_while_the_queue_is_full),
        OVER_BOTH(opens_with_text_and_fin),
        OVER_BOTH(remembers_the_mss),
        OVER_BOTH(keeps_to_a_small_mss),
        OVER_BOTH(assumes_the_default_mss_without_the_option),
        OVER_BOTH(carries_the_options_in_the_timestamp),
        OVER_BOTH(carries_no_window_scale_that_was_not_offered),
        OVER_BOTH(offers_nothing_it_would_forget),
        OVER_BOTH(timestamps_of_a_cookie_are_not_in_the_future),
        OVER_BOTH(refuses_an_ack_with_any_bit_wrong),
        OVER_BOTH(refuses_the_cookie_of_another),
        OVER_BOTH(opens_one_connection_with_a_cookie),
        OVER_BOTH(a_cookie_lives_a_minute),
        OVER_BOTH(a_cookie_expires),
        OVER_BOTH(believes_cookies_only_after_an_overflow),
        OVER_BOTH(sends_and_believes_none_when_told),
        OVER_BOTH(secrets_differ),
        OVER_BOTH(withstands_guesses),
        OVER_BOTH(takes_no_cookie_out_of_a_syn_or_reset),
        OVER_BOTH(waits_for_room_for_the_connection),
        OVER_BOTH(resets_what_nobody_accepts),
        OVER_BOTH(waits_for_the_first_byte_when_the_ack_was_lost),
    };

    return cmocka_run_group_tests_name("tcp/cookie", tests, NULL, NULL);
}
