/* SPDX-License-Identifier: ISC */
/* A segment arrives: what is refused before it may change anything (RFC 9293, 3.10.7). */
#include "support/wire_peer.h"

static const uint8_t timestamp_nop[] = { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0 };

/* RFC 9293 3.10.7.1: no connection: a segment is answered with a RST, a RST is not. */
static void resets_what_belongs_to_nobody(void **state)
{
    struct peer *w = peer_start(state);

    SEND(w, .flags = TCP_SYN, .seq = 0, .len = 7);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 8);
    SEND(w, .flags = TCP_SYN | TCP_FIN, .seq = 0);
    SEND(w, .flags = TCP_RST, .seq = 0);
    SEND(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 9);
    assert_drop(w, MS_DROP_TCP_BAD_FLAGS, 1);
    QUIET(w, SECOND);
    SEND(w, .flags = TCP_ACK, .seq = 3, .ack = 1234, .len = 5);
    EXPECT(w, .flags = TCP_RST, .seq = 1234);
    SEND(w, .flags = TCP_FIN, .seq = 100, .len = 5);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 106);
    SEND(w, .flags = 0, .seq = 200, .len = 5);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 205);
    QUIET(w, SECOND);
    assert_true(peer_drops(w, MS_DROP_TCP_NO_CONNECTION) >= 6);
    assert_int_equal(COUNT(w, tcp_out_resets) >= 4, 1);
}

/* proves: MUST-3 */
static void drops_a_wrong_checksum(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 10, .has_bad_checksum = true);
    QUIET(w, SECOND);
    assert_int_equal(w->app->received, 0);
    assert_drop(w, MS_DROP_TCP_BAD_CHECKSUM, 1);
    SEND(w, .seq = 1, .len = 10);
    assert_int_equal(w->app->received, 10);
}

/* proves: T10, T11 */
static void drops_impossible_lengths(void **state)
{
    struct peer *w = PASSIVE(state);

    for (uint16_t left = 1; left < TCP_HEADER_LEN; left++)
        SEND(w, .truncate = (uint16_t)(TCP_HEADER_LEN - left));
    /* Up to 17 bytes have no whole checksum either. */
    assert_drop(w, MS_DROP_TCP_TRUNCATED, 2);
    assert_drop(w, MS_DROP_TCP_BAD_CHECKSUM, TCP_HEADER_LEN - 3);
    for (uint8_t words = 1; words < 5; words++)
        SEND(w, .data_offset = words, .seq = 1, .len = 8);
    for (uint8_t words = 8; words < 16; words++)
        SEND(w, .data_offset = words, .seq = 1, .len = 8);
    assert_drop(w, MS_DROP_TCP_BAD_HEADER_LENGTH, 12);
    QUIET(w, SECOND);
    assert_int_equal(w->app->received, 0);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
}

/* Bad options neither loop nor kill a connection. */
/* proves: MUST-7, T02, T06, T07, T44 */
static void survives_illegal_options(void **state)
{
    static const uint8_t bad[][4] = {
        { 254, 0, 0, 0 }, { 254, 1, 0, 0 }, { 254, 5, 0, 0 }, { 1, 1, 1, 254 },  { 2, 5, 0, 0 },
        { 8, 10, 0, 0 },  { 5, 2, 0, 0 },   { 5, 3, 0, 0 },   { 1, 1, 5, 0xff }, { 8, 0, 0, 0 },
        { 3, 1, 0, 0 },   { 1, 1, 29, 0 },  { 1, 1, 30, 1 },
    };
    struct peer *w = PASSIVE(state);
    unsigned n = sizeof(bad) / sizeof(bad[0]);

    for (unsigned i = 0; i < n; i++)
        SEND(w, .seq = 1, .len = 10, .options = bad[i], .options_len = 4,
             .flags = TCP_ACK | TCP_URG, .urgent = 5);
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_TCP_BAD_OPTION, n);
    assert_int_equal(w->app->received, 0);
    assert_int_equal(w->app->urgents, 0);
    SEND(w, .seq = 1, .len = 10);
    assert_int_equal(w->app->received, 10);
}

/* Options anywhere, unknown ones, unaligned ones. */
/* proves: MUST-4, MUST-5, MUST-6, MUST-64 */
static void takes_options_in_any_segment(void **state)
{
    static const uint8_t unknown[] = { 1, 253, 5, 0xaa, 0xbb, 0xcc, 1, 0 };
    static const uint8_t unaligned[] = { 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0 };
    static const uint8_t end_first[] = { 0, 254, 0, 0 };
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 10, .options = unknown, .options_len = sizeof(unknown));
    SEND(w, .len = 10, .options = unaligned, .options_len = sizeof(unaligned));
    SEND(w, .len = 10, .options = timestamp_nop, .options_len = sizeof(timestamp_nop));
    SEND(w, .len = 10, .options = end_first, .options_len = sizeof(end_first));
    assert_int_equal(w->app->received, 40);
    assert_drop(w, MS_DROP_TCP_BAD_OPTION, 0);
}

/* RFC 9293 3.10.7.4, first: out of window: an ACK, and dropped. */
static void acks_what_is_outside_the_window(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t window = app_info(w->app).recv_window_bytes;

    SEND(w, .seq = 1 + window, .len = 10);
    EXPECT(w, .seq = 1, .ack = 1);
    assert_drop(w, MS_DROP_TCP_OUT_OF_WINDOW, 1);
    peer_run(w, SECOND);
    SEND(w, .len = 100, .seq = 1);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 101);
    peer_run(w, SECOND);
    SEND(w, .seq = 1, .len = 100); /* all of it old */
    EXPECT(w, .seq = 1, .ack = 101);
    assert_drop(w, MS_DROP_TCP_DUPLICATE, 1);
    QUIET(w, SECOND);
    assert_int_equal(w->app->received, 100);
}

/* A keepalive probe of other stacks is answered; its byte is not delivered. */
/* proves: T38 */
static void answers_a_keepalive_probe(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 0, .ack = 1);
    EXPECT(w, .seq = 1, .ack = 1);
    peer_run(w, SECOND);
    SEND(w, .seq = 0, .ack = 1, .len = 1, .fill = 0xee);
    EXPECT(w, .seq = 1, .ack = 1);
    QUIET(w, SECOND);
    assert_int_equal(w->app->received, 0);
}

/* RFC 5961 3.2 */
/* proves: MUST-12, T22, F01 */
static void resets_only_on_the_exact_number(void **state)
{
    struct peer *w = PASSIVE(state);
    uint32_t window = app_info(w->app).recv_window_bytes;

    SEND(w, .flags = TCP_RST, .seq = 0);
    SEND(w, .flags = TCP_RST, .seq = 1 + window);
    QUIET(w, SECOND);
    SEND(w, .flags = TCP_RST, .seq = 2);
    EXPECT(w, .seq = 1, .ack = 1);
    peer_run(w, 2 * SECOND);
    SEND(w, .flags = TCP_RST, .seq = window);
    EXPECT(w, .seq = 1, .ack = 1);
    assert_int_equal(w->app->closed, 0);
    assert_true(peer_drops(w, MS_DROP_TCP_BAD_RESET) >= 2);
    assert_int_equal(COUNT(w, tcp_challenge_acks), 2);
    SEND(w, .flags = TCP_RST, .seq = 1);
    QUIET(w, SECOND);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_RESET);
    assert_int_equal(COUNT(w, tcp_established_resets), 1);
    assert_int_equal(COUNT(w, tcp_current_established), 0);
}

/* RFC 5961 4.2 */
/* proves: T23, F02 */
static void challenges_a_syn_whatever_its_number(void **state)
{
    struct peer *w = PASSIVE(state);
    const uint32_t seqs[] = { 0, 1, 2, 0x80000000 };

    for (unsigned i = 0; i < 4; i++) {
        SEND(w, .flags = TCP_SYN, .seq = seqs[i]);
        EXPECT(w, .seq = 1, .ack = 1);
        peer_run(w, 2 * SECOND);
    }
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    EXPECT(w, .seq = 1, .ack = 1);
    assert_drop(w, MS_DROP_TCP_UNEXPECTED_SYN, 5);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
}

/* RFC 5961 5.2 */
/* proves: MAY-12, T24, T35, F03, R16 */
static void drops_data_with_an_impossible_ack(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 1, .ack = 2, .len = 10); /* not sent yet */
    EXPECT(w, .seq = 1, .ack = 1);
    peer_run(w, 2 * SECOND);
    SEND(w, .seq = 1, .ack = 1 - 0x40000000u, .len = 10);
    EXPECT(w, .seq = 1, .ack = 1);
    peer_run(w, 2 * SECOND);
    SEND(w, .seq = 1, .ack = 1 - 65536u * 2, .len = 10); /* older than any window offered */
    EXPECT(w, .seq = 1, .ack = 1);
    assert_drop(w, MS_DROP_TCP_BAD_ACK, 3);
    assert_int_equal(w->app->received, 0);
    SEND(w, .seq = 1, .ack = 0, .len = 10); /* old, but within the window: data counts */
    assert_int_equal(w->app->received, 10);
}

/* RFC 9293 3.10.7.4, fifth: no ACK, no processing. */
static void drops_what_has_no_ack(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 1, .len = 10, .flags = 0);
    SEND(w, .seq = 1, .len = 10, .flags = TCP_FIN | TCP_PSH | TCP_URG);
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_TCP_NO_ACK, 2);
    assert_int_equal(w->app->received, 0);
    assert_int_equal(w->app->eofs, 0);
}

/* ... also when it begins with text that came before, and for that alone is answered. */
static void answers_old_text_with_a_strange_ack(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 10);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 11);
    SEND(w, .seq = 6, .len = 10, .ack = UINT32_C(1) - 100000);
    EXPECT(w, .seq = 1, .ack = 11, .len = 0);
    assert_drop(w, MS_DROP_TCP_BAD_ACK, 1);
}

/* RFC 5961 7: challenges are few, and those of one connection its own affair. */
/* proves: T25, F04, R14 */
static void limits_the_rate_of_challenges(void **state)
{
    struct peer *w = PASSIVE(state);
    unsigned n;

    peer_flow(w, 4001);
    peer_open(w, OFFER());
    for (unsigned i = 0; i < 500; i++)
        SEND(w, .flags = TCP_RST, .seq = 2 + i);
    n = peer_discard(w);
    assert_true(n >= 1 && n <= 20);
    assert_drop(w, MS_DROP_TCP_BAD_RESET, 500);
    peer_flow(w, PEER_PORT);
    SEND(w, .flags = TCP_RST, .seq = 2);
    EXPECT(w, .seq = 1, .ack = 1);
    peer_run(w, 6 * SECOND);
    peer_flow(w, 4001);
    SEND(w, .flags = TCP_RST, .seq = 2);
    EXPECT(w, .seq = 1, .ack = 1);
}

/* A mad exchange of ACKs with a peer that is out of step must not last. */
static void does_not_answer_old_segments_for_ever(void **state)
{
    struct peer *w = PASSIVE(state);
    unsigned n;

    for (unsigned i = 0; i < 500; i++)
        SEND(w, .seq = 1 - 100000u, .ack = 1);
    n = peer_discard(w);
    assert_true(n >= 1 && n < 500);
}

/* RFC 7323 5.3: PAWS */
static void drops_old_timestamps(void **state)
{
    struct peer *w = PASSIVE(state, .timestamps = true);
    uint32_t now = w->flow->ts_base + (uint32_t)(w->now_us / MS);

    SEND(w, .len = 10, .ts_value = now);
    peer_run(w, SECOND);
    peer_discard(w);
    SEND(w, .len = 10, .ts_value = now - 1);
    EXPECT(w, .seq = 1, .ack = 11, .ts_echo = now);
    assert_drop(w, MS_DROP_TCP_PAWS, 1);
    assert_int_equal(w->app->received, 10);
    SEND(w, .seq = 11, .len = 10, .ts_value = now);
    assert_int_equal(w->app->received, 20);
}

/* RFC 7323 5.3: a RST is not subject to PAWS. */
static void takes_a_reset_without_timestamp(void **state)
{
    struct peer *w = PASSIVE(state, .timestamps = true);

    SEND(w, .flags = TCP_RST, .seq = 1);
    QUIET(w, SECOND);
    assert_int_equal(w->app->why, MS_ERROR_RESET);
}

/* Timestamps not negotiated mean nothing, old or new. */
static void ignores_timestamps_not_agreed_on(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 10, .has_timestamp = true, .ts_value = 1000);
    SEND(w, .len = 10, .has_timestamp = true, .ts_value = 1);
    assert_int_equal(w->app->received, 20);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 21, .without_timestamp = true);
}

/* RFC 7323 5.5: after 24 days idle the last timestamp is outdated. */
static void forgets_a_timestamp_after_24_days(void **state)
{
    struct peer *w = PASSIVE(state, .timestamps = true);
    uint32_t now = w->flow->ts_base + (uint32_t)(w->now_us / MS);

    SEND(w, .len = 10, .ts_value = now);
    peer_run(w, SECOND);
    peer_discard(w);
    peer_run(w, 25ull * 24 * 3600 * SECOND);
    SEND(w, .len = 10, .ts_value = now - 5);
    assert_int_equal(w->app->received, 20);
}

/* RFC 7323 4.3 (Last.ACK.sent): what is out of order does not move TS.Recent. */
/* proves: T28, F09 */
static void echoes_the_timestamp_of_what_was_acked_last(void **state)
{
    struct peer *w = PASSIVE(state, .timestamps = true, .sack = true);
    uint32_t now = w->flow->ts_base + (uint32_t)(w->now_us / MS);

    /* A delayed ACK echoes the first segment it covers. */
    SEND(w, .len = 10, .ts_value = now + 1);
    SEND(w, .len = 10, .ts_value = now + 2);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 21, .ts_echo = now + 1);
    SEND(w, .seq = 31, .len = 10, .ts_value = now + 9);
    EXPECT(w, .ack = 21, .ts_echo = now + 1, .sack = { { 31, 41 } });
    /* Far out of the window: not even looked at. */
    SEND(w, .seq = 0x40000000, .len = 10, .ts_value = now + 0x40000000);
    EXPECT(w, .ack = 21, .ts_echo = now + 1, .sack = { { 31, 41 } });
    SEND(w, .seq = 21, .len = 10, .ts_value = now + 10);
    EXPECT(w, .ack = 41, .ts_echo = now + 10);
    assert_int_equal(w->app->received, 40);
}

/* No set of flags crashes, or closes what it should not. */
/* proves: T33 */
static void survives_all_sets_of_flags(void **state)
{
    struct peer *w = PASSIVE(state);

    for (unsigned flags = 0; flags < 256; flags++) {
        if ((flags & (TCP_RST | TCP_SYN | TCP_FIN | TCP_ACK)) == TCP_RST || (flags & TCP_RST) ||
            ((flags & TCP_FIN) && (flags & TCP_ACK) && !(flags & TCP_SYN)))
            continue;
        SEND(w, .seq = 1, .ack = 1, .flags = (uint8_t)flags, .len = 3);
        assert_int_equal(w->app->closed, 0);
        peer_run(w, SECOND);
    }
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
    assert_int_equal(w->app->received, 3);
    peer_discard(w);
}

/* RST, URG and ACK count even when the window is closed. */
/* proves: MUST-66 */
static void looks_at_segments_when_the_window_is_closed(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_recv_window_bytes = 1000;
    w = PASSIVE(state);
    w->app->keeps_credit = true;
    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    SEND(w, .len = 1000, .ack = 1);
    EXPECT_WITHIN(w, SECOND / 2, .seq = 11, .ack = 1001, .window = 0);
    SEND(w, .seq = 1001, .ack = 11);
    assert_int_equal(w->app->released, 1);
    SEND(w, .seq = 1001, .ack = 11, .flags = TCP_ACK | TCP_URG, .urgent = 5);
    assert_int_equal(w->app->urgents, 1);
    SEND(w, .flags = TCP_RST, .seq = 1001);
    assert_int_equal(w->app->why, MS_ERROR_RESET);
}

/* RFC 9293 3.10.7.4: an ACK with out-of-window data still acknowledges? No: it is dropped. */
static void drops_the_ack_of_an_unacceptable_segment(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(app_send(w->app, 10), MS_OK);
    EXPECT(w, .seq = 1, .len = 10);
    SEND(w, .seq = 0x40000000, .ack = 11, .len = 5);
    EXPECT(w, .seq = 11, .ack = 1);
    assert_int_equal(w->app->released, 0);
}

/* One ACK for all that came in one batch. */
/* proves: MUST-59 */
static void acks_a_batch_once(void **state)
{
    struct peer *w = PASSIVE(state);

    w->is_batching = true;
    for (unsigned i = 0; i < 10; i++)
        SEND(w, .len = 1000);
    peer_deliver(w);
    EXPECT(w, .ack = 10001);
    QUIET(w, SECOND);
}

/* RFC 5961, 3.2 (1): the number of the RST itself counts; its text brings it into no window. */
static void drops_a_reset_before_the_window_whose_text_reaches_it(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 2001);
    SEND(w, .flags = TCP_RST, .seq = 1501, .len = 1000);
    QUIET(w, SECOND);
    assert_int_equal(w->app->closed, 0);
}

/* An old RST with text is answered by nothing, and holds up no later challenge. */
static void challenges_after_an_old_reset_with_text(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 2001);
    SEND(w, .flags = TCP_RST, .seq = 1, .len = 500);
    QUIET(w, SECOND);
    SEND(w, .flags = TCP_SYN, .seq = 5000);
    EXPECT(w, .ack = 2001);
}

/* RFC 7323 with RFC 5961: a guess whose ACK is not believed moves no timestamp. */
/* proves: T28, F09 */
static void takes_no_timestamp_from_a_blind_guess(void **state)
{
    struct peer *w = PASSIVE(state, .timestamps = true);

    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 2001, .has_timestamp = true);
    SEND(w, .seq = 1501, .len = 1000, .ack = 0x50000000, .ts_value = w->flow->ts_base + 0x70000000);
    peer_discard(w);
    SEND(w, .seq = 2001, .len = 1000);
    peer_run(w, SECOND);
    peer_discard(w);
    assert_int_equal(w->app->received, 3000);
}

/* RFC 7323 5.5: after 24 days of silence the peer's clock starts afresh. */
static void takes_new_timestamps_after_24_days(void **state)
{
    struct peer *w = PASSIVE(state, .timestamps = true);

    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 2001, .has_timestamp = true);
    peer_run(w, 30ull * 24 * 3600 * SECOND);
    peer_discard(w);
    for (unsigned i = 0; i < 3; i++)
        SEND(w, .len = 1000);
    peer_discard(w);
    assert_int_equal(w->app->received, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(resets_what_belongs_to_nobody),
        OVER_BOTH(drops_a_wrong_checksum),
        OVER_BOTH(drops_impossible_lengths),
        OVER_BOTH(survives_illegal_options),
        OVER_BOTH(takes_options_in_any_segment),
        OVER_BOTH(acks_what_is_outside_the_window),
        OVER_BOTH(answers_a_keepalive_probe),
        OVER_BOTH(resets_only_on_the_exact_number),
        OVER_BOTH(challenges_a_syn_whatever_its_number),
        OVER_BOTH(drops_data_with_an_impossible_ack),
        OVER_BOTH(drops_what_has_no_ack),
        OVER_BOTH(answers_old_text_with_a_strange_ack),
        OVER_BOTH(limits_the_rate_of_challenges),
        OVER_IPV4(does_not_answer_old_segments_for_ever),
        OVER_BOTH(drops_old_timestamps),
        OVER_BOTH(takes_a_reset_without_timestamp),
        OVER_BOTH(ignores_timestamps_not_agreed_on),
        OVER_IPV4(forgets_a_timestamp_after_24_days),
        OVER_BOTH(echoes_the_timestamp_of_what_was_acked_last),
        OVER_BOTH(survives_all_sets_of_flags),
        OVER_BOTH(looks_at_segments_when_the_window_is_closed),
        OVER_BOTH(drops_the_ack_of_an_unacceptable_segment),
        OVER_BOTH(acks_a_batch_once),
        OVER_BOTH(drops_a_reset_before_the_window_whose_text_reaches_it),
        OVER_BOTH(challenges_after_an_old_reset_with_text),
        OVER_BOTH(takes_no_timestamp_from_a_blind_guess),
        OVER_BOTH(takes_new_timestamps_after_24_days),
    };

    return cmocka_run_group_tests_name("tcp/input", tests, NULL, NULL);
}
