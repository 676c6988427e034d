/* SPDX-License-Identifier: ISC */
/* Text of segments: data in and out of order, the urgent pointer, FIN (RFC 9293, 3.10.7.4). */
#include "support/wire_peer.h"

/* An ACK late, and at least every second segment. */
/* proves: MUST-40, MUST-58, SHLD-18, SHLD-19 */
static void delays_the_ack_of_every_other_segment(void **state)
{
    struct peer *w = PASSIVE(state);

    for (unsigned i = 0; i < 10; i++) {
        SEND(w, .len = 1000);
        QUIET(w, 0);
        SEND(w, .len = 1000);
        EXPECT(w, .seq = 1, .ack = 2001 + i * 2000);
    }
    SEND(w, .len = 1000);
    EXPECT_AFTER(w, w->config.tcp_delayed_ack_us, .ack = 21001);
    assert_int_equal(COUNT(w, tcp_delayed_acks), 1);
    assert_true(w->config.tcp_delayed_ack_us < SECOND / 2);
    QUIET(w, 10 * SECOND);
    assert_int_equal(w->app->received, 21000);
}

static void delays_acks_as_long_as_it_is_told(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_delayed_ack_us = 400 * MS;
    w = PASSIVE(state);
    SEND(w, .len = 10);
    EXPECT_AFTER(w, 400 * MS, .ack = 11);
}

/* RFC 5681 4.2: what is out of order is queued, and ACKed at once. */
/* proves: SHLD-31, MAY-13 */
static void queues_what_is_out_of_order(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 1001, .len = 1000);
    EXPECT(w, .ack = 1);
    SEND(w, .seq = 3001, .len = 1000);
    EXPECT(w, .ack = 1);
    SEND(w, .seq = 2001, .len = 1000);
    EXPECT(w, .ack = 1);
    assert_int_equal(w->app->received, 0);
    assert_int_equal(app_info(w->app).reordered_bytes, 3000);
    SEND(w, .seq = 1, .len = 1000);
    EXPECT(w, .ack = 4001); /* the hole is filled: at once */
    assert_int_equal(w->app->received, 4000);
    assert_int_equal(COUNT(w, tcp_out_of_order_segments), 3);
    QUIET(w, SECOND);
}

/* RFC 5681 4.2: a segment that fills part of a gap is ACKed at once. */
static void acks_a_partly_filled_gap_at_once(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 2001, .len = 1000);
    EXPECT(w, .ack = 1);
    SEND(w, .seq = 1, .len = 1000);
    EXPECT(w, .ack = 1001);
    SEND(w, .seq = 1001, .len = 1000);
    EXPECT(w, .ack = 3001);
}

/* RFC 2018 4: the newest block first, then those reported last. */
static void reports_blocks_newest_first(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);

    SEND(w, .seq = 1001, .len = 1000);
    EXPECT(w, .ack = 1, .sack = { { 1001, 2001 } });
    SEND(w, .seq = 3001, .len = 1000);
    EXPECT(w, .ack = 1, .sack = { { 3001, 4001 }, { 1001, 2001 } });
    SEND(w, .seq = 5001, .len = 1000);
    EXPECT(w, .ack = 1, .sack = { { 5001, 6001 }, { 3001, 4001 }, { 1001, 2001 } });
    SEND(w, .seq = 4001, .len = 1000);
    EXPECT(w, .ack = 1, .sack = { { 3001, 6001 }, { 1001, 2001 } });
    SEND(w, .seq = 1, .len = 1000);
    EXPECT(w, .ack = 2001, .sack = { { 3001, 6001 } });
    SEND(w, .seq = 2001, .len = 1000);
    EXPECT(w, .ack = 6001);
    assert_int_equal(w->app->received, 6000);
}

/* With timestamps there is room for three blocks only. */
static void reports_three_blocks_beside_a_timestamp(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true, .timestamps = true);

    for (uint32_t i = 0; i < 5; i++)
        SEND(w, .seq = 1001 + i * 2000, .len = 1000);
    for (unsigned i = 0; i < 4; i++)
        w->heard_next++;
    EXPECT(w, .ack = 1, .has_timestamp = true,
           .sack = { { 9001, 10001 }, { 7001, 8001 }, { 5001, 6001 } });
}

/* RFC 2883 4: a duplicate is the first block, once. */
static void reports_duplicates(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);

    SEND(w, .len = 1000);
    SEND(w, .len = 1000);
    EXPECT(w, .ack = 2001);
    SEND(w, .seq = 1, .len = 1000);
    EXPECT(w, .ack = 2001, .sack = { { 1, 1001 } });
    SEND(w, .seq = 3001, .len = 1000);
    EXPECT(w, .ack = 2001, .sack = { { 3001, 4001 } });
    SEND(w, .seq = 3001, .len = 1000); /* out of order, and a duplicate */
    EXPECT(w, .ack = 2001, .sack = { { 3001, 4001 }, { 3001, 4001 } });
    SEND(w, .seq = 1501, .len = 1000); /* half of it is new */
    EXPECT(w, .ack = 2501, .sack = { { 1501, 2001 }, { 3001, 4001 } });
    assert_int_equal(COUNT(w, tcp_dsacks_sent), 3);
}

/* Without SACK agreed on, none is sent. */
static void reports_no_blocks_unless_asked(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 1001, .len = 1000);
    EXPECT(w, .ack = 1);
    SEND(w, .seq = 1001, .len = 1000);
    EXPECT(w, .ack = 1);
}

/* The byte that came first is the byte delivered. */
/* proves: T39, F24 */
static void keeps_the_first_of_conflicting_bytes(void **state)
{
    struct peer *w = PASSIVE(state);

    w->app->is_other_content = true;
    SEND(w, .seq = 5, .len = 4, .fill = 'b');  /* 5 to 8 */
    SEND(w, .seq = 3, .len = 8, .fill = 'c');  /* 3, 4 and 9, 10 are new */
    SEND(w, .seq = 1, .len = 12, .fill = 'd'); /* 1, 2 and 11, 12 */
    SEND(w, .seq = 1, .len = 12, .fill = 'e');
    assert_int_equal(w->app->received, 12);
    assert_memory_equal(w->app->bytes, "ddccbbbbccdd", 12);
    peer_discard(w);
    SEND(w, .seq = 8, .len = 6, .fill = 'f'); /* old and new in one */
    assert_int_equal(w->app->received, 13);
    assert_int_equal(w->app->bytes[12], 'f');
}

/* Every relation of three chunks of a stream of six bytes, in every order: byte-exact. */
/* proves: T39, F24 */
static void reassembles_all_overlaps(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true);
    uint32_t base = 1;

    for (unsigned first = 0; first < 36; first++) {
        for (unsigned second = 0; second < 36; second++) {
            const unsigned starts[2] = { first % 6, second % 6 };
            const unsigned lens[2] = { first / 6 + 1, second / 6 + 1 };

            for (unsigned i = 0; i < 2; i++)
                SEND(w, .seq = base + starts[i], .len = lens[i]);
            SEND(w, .seq = base, .len = 12);
            base += 12;
            assert_int_equal(w->app->received, base - 1);
            assert_int_equal(app_info(w->app).reordered_bytes, 0);
            peer_discard(w);
            for (unsigned i = 0; i < w->heard_count; i++)
                free(w->heard[i].bytes);
            w->heard_count = w->heard_next = 0;
        }
    }
}

/* Sequence numbers wrap in the middle of in-order and out-of-order data. */
/* proves: T18, Z04 */
static void crosses_the_end_of_the_numbers(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    w->flow->isn = UINT32_MAX - 2500;
    peer_open(w, OFFER(.sack = true));
    SEND(w, .seq = 1, .len = 1000);
    SEND(w, .seq = 2001, .len = 1000);
    SEND(w, .seq = 3001, .len = 1000);
    EXPECT(w, .ack = 1001, .sack = { { 2001, 3001 } });
    EXPECT(w, .ack = 1001, .sack = { { 2001, 4001 } });
    SEND(w, .seq = 1001, .len = 1000);
    EXPECT(w, .ack = 4001);
    SEND(w, .seq = 4001, .len = 10, .flags = TCP_ACK | TCP_FIN);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 4012);
    assert_int_equal(w->app->received, 4010);
    assert_int_equal(w->app->eofs, 1);
}

/* RFC 9293 3.10.7.4, eighth: FIN is EOF, after all data, once. */
/* proves: T40 */
static void delivers_fin_after_the_data(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 11, .len = 10, .flags = TCP_ACK | TCP_FIN);
    EXPECT(w, .ack = 1);
    assert_int_equal(w->app->eofs, 0);
    SEND(w, .seq = 1, .len = 10);
    EXPECT(w, .ack = 22);
    assert_int_equal(w->app->received, 20);
    assert_int_equal(w->app->eofs, 1);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSE_WAIT);
    SEND(w, .seq = 11, .len = 10, .flags = TCP_ACK | TCP_FIN);
    EXPECT(w, .ack = 22);
    assert_int_equal(w->app->eofs, 1);
}

/* The FIN ends the stream: data past it do not exist. */
/* proves: T40 */
static void ignores_data_past_the_fin(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 21, .len = 10);                            /* past the end to be */
    SEND(w, .seq = 11, .len = 5, .flags = TCP_ACK | TCP_FIN); /* the end: 16 */
    SEND(w, .seq = 11, .len = 2, .flags = TCP_ACK | TCP_FIN); /* another end: 13 */
    SEND(w, .seq = 1, .len = 10);
    assert_int_equal(w->app->received, 15);
    assert_int_equal(w->app->eofs, 1);
    SEND(w, .seq = 17, .len = 10);
    assert_int_equal(w->app->received, 15);
    peer_discard(w);
    QUIET(w, SECOND);
}

/* A FIN without data out of order counts too. */
/* proves: T40 */
static void remembers_an_empty_fin_out_of_order(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 11, .flags = TCP_ACK | TCP_FIN);
    EXPECT(w, .ack = 1);
    SEND(w, .seq = 1, .len = 10);
    EXPECT(w, .ack = 12);
    assert_int_equal(w->app->eofs, 1);
}

/* Notices of urgent data; the bytes stay in line. */
/* proves: MUST-30, MUST-31, MUST-32, MUST-33, MUST-62 */
static void tells_of_urgent_data(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 4);
    assert_int_equal(w->app->urgents, 1);
    assert_int_equal(w->app->urgent_bytes, 4);
    assert_int_equal(w->app->received, 10);
    SEND(w, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 1000);
    assert_int_equal(w->app->urgents, 2);
    assert_int_equal(w->app->urgent_bytes, 1000);
    SEND(w, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 990); /* the same end: no news */
    assert_int_equal(w->app->urgents, 2);
    SEND(w, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 60000); /* it moved on */
    assert_int_equal(w->app->urgents, 3);
    assert_int_equal(w->app->received, 40);
}

/* Pointers to nowhere. */
/* proves: T01, T04, T05 */
static void survives_odd_urgent_pointers(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .len = 1, .flags = TCP_ACK | TCP_URG, .urgent = 0);
    SEND(w, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 0xffff);
    SEND(w, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 10);
    SEND(w, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 11);
    SEND(w, .seq = 1, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 5);
    SEND(w, .flags = TCP_ACK | TCP_URG, .urgent = 0);
    SEND(w, .flags = TCP_ACK | TCP_FIN | TCP_URG, .urgent = 0xffff);
    assert_int_equal(w->app->received, 31);
    assert_int_equal(w->app->eofs, 1);
}

/* Out of order, the urgent pointer is news all the same: it is meant to overtake. */
/* proves: MUST-32 */
static void tells_of_urgent_data_ahead(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 101, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 10);
    assert_int_equal(w->app->urgents, 1);
    assert_int_equal(w->app->urgent_bytes, 110);
    assert_int_equal(w->app->received, 0);
}

/* RFC 9293 3.10.7.4: URG and data after the FIN are not looked at. */
static void ignores_urgent_after_fin(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .flags = TCP_ACK | TCP_FIN);
    SEND(w, .seq = 2, .flags = TCP_ACK | TCP_URG, .urgent = 10);
    assert_int_equal(w->app->urgents, 0);
}

/* Received bytes are the driver's own memory, kept by reference as long as somebody wants them. */
static struct ms_frame *kept;
static void keep_frame(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                       struct ms_frame *frame)
{
    (void)user;
    assert_true(slice->data >= frame->head && slice->data < frame->head + frame->head_len);
    ms_frame_get(frame);
    kept = frame;
    ms_tcp_consumed(tcp, slice->len);
}

static void lets_the_application_keep_a_frame(void **state)
{
    struct peer *w = PASSIVE(state);
    static const struct ms_tcp_events events = { .on_data = keep_frame };

    ms_tcp_set_user(w->app->tcp, &events, NULL);
    w->app->closed = 1; /* hears no more */
    SEND(w, .len = 500);
    assert_non_null(kept);
    assert_int_equal(w->frames_out, 1);
    ms_frame_put(kept);
    assert_int_equal(w->frames_out, 0);
}

/* Configured bound of segments out of order: full, counted, and better again. */
/* proves: T21, R05 */
static void drops_when_the_reorder_pool_is_full(void **state)
{
    struct peer *w;

    peer_config(state)->tcp_reorder_segments = 4;
    w = PASSIVE(state, .sack = true);
    for (uint32_t i = 0; i < 20; i++)
        SEND(w, .seq = 101 + 200 * i, .len = 100);
    assert_true(peer_drops(w, MS_DROP_TCP_REORDER_FULL) > 0);
    assert_true(app_info(w->app).reordered_bytes <= 400);
    peer_discard(w);
    for (uint32_t i = 0; i < 42; i++)
        SEND(w, .seq = 1 + 100 * i, .len = 100);
    assert_int_equal(w->app->received, 4200);
    assert_int_equal(app_info(w->app).reordered_bytes, 0);
    assert_int_equal(w->frames_out, 0);
}

/* The next segment due always has room, even when others wait. */
/* proves: T21 */
static void reorder_pool_is_shared_and_recovers(void **state)
{
    struct peer *w;
    struct app *second;

    peer_config(state)->tcp_reorder_segments = 4;
    w = PASSIVE(state);
    for (uint32_t i = 0; i < 8; i++)
        SEND(w, .seq = 1001 + 2000 * i, .len = 1000);
    peer_discard(w);
    peer_flow(w, 4001);
    second = peer_open(w, OFFER());
    SEND(w, .seq = 1001, .len = 1000);
    SEND(w, .seq = 1, .len = 1000);
    assert_true(second->received >= 1000);
    peer_discard(w);
    app_abort(w->app); /* gives its held segments back */
    peer_discard(w);
    SEND(w, .seq = 4001, .len = 1000);
    assert_true(app_info(second).reordered_bytes > 0);
}

/* Thousands of holes cost bounded memory, and end well. */
/* proves: T20, R05 */
static void survives_a_thousand_holes(void **state)
{
    struct peer *w = PASSIVE(state, .sack = true, .wscale = 2);

    for (uint32_t i = 0; i < 5000; i++)
        SEND(w, .seq = 2 + 2 * ((i * 7919) % 5000), .len = 1);
    peer_discard(w);
    SEND(w, .seq = 1, .len = 1400);
    for (uint32_t seq = 1401; seq < 10002; seq += 1400)
        SEND(w, .seq = seq, .len = 1400);
    assert_true(w->app->received >= 10001);
    assert_int_equal(app_info(w->app).reordered_bytes, 0);
    assert_int_equal(w->frames_out, 0);
    peer_discard(w);
}

/* RFC 9293 3.10.7.4: in CLOSING, LAST-ACK and TIME-WAIT there can be no data. */
static void data_after_both_fins_is_not_delivered(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .flags = TCP_ACK | TCP_FIN);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 2);
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
    SEND(w, .seq = 2, .ack = 1, .len = 10);
    assert_int_equal(w->app->received, 0);
    assert_int_equal(app_state(w->app), MS_TCP_LAST_ACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(delays_the_ack_of_every_other_segment),
        OVER_IPV4(delays_acks_as_long_as_it_is_told),
        OVER_BOTH(queues_what_is_out_of_order),
        OVER_BOTH(acks_a_partly_filled_gap_at_once),
        OVER_BOTH(reports_blocks_newest_first),
        OVER_BOTH(reports_three_blocks_beside_a_timestamp),
        OVER_BOTH(reports_duplicates),
        OVER_BOTH(reports_no_blocks_unless_asked),
        OVER_BOTH(keeps_the_first_of_conflicting_bytes),
        OVER_IPV4(reassembles_all_overlaps),
        OVER_BOTH(crosses_the_end_of_the_numbers),
        OVER_BOTH(delivers_fin_after_the_data),
        OVER_BOTH(ignores_data_past_the_fin),
        OVER_BOTH(remembers_an_empty_fin_out_of_order),
        OVER_BOTH(tells_of_urgent_data),
        OVER_BOTH(survives_odd_urgent_pointers),
        OVER_BOTH(tells_of_urgent_data_ahead),
        OVER_BOTH(ignores_urgent_after_fin),
        OVER_BOTH(lets_the_application_keep_a_frame),
        OVER_BOTH(drops_when_the_reorder_pool_is_full),
        OVER_BOTH(reorder_pool_is_shared_and_recovers),
        OVER_IPV4(survives_a_thousand_holes),
        OVER_BOTH(data_after_both_fins_is_not_delivered),
    };

    return cmocka_run_group_tests_name("tcp/text", tests, NULL, NULL);
}
