/* SPDX-License-Identifier: ISC */
/* The index of captured conversations: bytes in order, who did what, and what cannot be replayed.
 */
#include "support/capture_file.h"

enum { S = SEGMENT_SYN, A = SEGMENT_ACK, F = SEGMENT_FIN, R = SEGMENT_RST, P = SEGMENT_PSH };

static struct capture_file file;
static struct ms_streams *streams;

static int set_up(void **state)
{
    (void)state;
    capture_file_begin(&file);
    streams = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (streams)
        ms_streams_close(streams);
    return 0;
}

static void add(struct captured c) { capture_file_add(&file, c); }

static void client(uint64_t time_us, uint32_t offset, uint32_t ack, int flags, const char *payload)
{
    add((struct captured){ .from = MS_SIDE_CLIENT, time_us, offset, ack, (uint8_t)flags, payload });
}

static void server(uint64_t time_us, uint32_t offset, uint32_t ack, int flags, const char *payload)
{
    add((struct captured){ .from = MS_SIDE_SERVER, time_us, offset, ack, (uint8_t)flags, payload });
}

static void handshake(void)
{
    client(1000, 0, 0, S, NULL);
    server(2000, 0, 1, S | A, NULL);
    client(3000, 1, 1, A, NULL);
}

static const struct ms_stream *only_stream(void)
{
    streams = capture_file_index(&file);
    assert_int_equal(ms_streams_count(streams), 1);
    return ms_streams_get(streams, 0);
}

static void assert_data(const struct ms_stream_side *side, const char *text)
{
    assert_int_equal(side->len, strlen(text));
    assert_memory_equal(side->data, text, strlen(text));
}

static void assert_obstacle(enum ms_stream_obstacle obstacle)
{
    assert_int_equal(only_stream()->obstacle, obstacle);
}

static void puts_both_sides_bytes_in_order(void **state)
{
    const struct ms_stream *s;

    (void)state;
    handshake(); /* the client's numbers wrap in its first bytes */
    client(4000, 1, 1, A | P, "GET /a and more words");
    server(5000, 1, 22, A, "abc");
    server(5100, 7, 22, A, "ghi");
    server(5200, 4, 22, A, "def");
    client(6000, 22, 10, A, NULL);
    server(6500, 10, 22, A | F, NULL);
    client(7000, 22, 11, A | F, NULL);
    server(8000, 11, 23, A, NULL);
    s = only_stream();
    assert_int_equal(s->obstacle, MS_STREAM_REPLAYABLE);
    assert_data(&s->sides[MS_SIDE_CLIENT], "GET /a and more words");
    assert_data(&s->sides[MS_SIDE_SERVER], "abcdefghi");
    assert_int_equal(s->sides[MS_SIDE_SERVER].acked, 9);
    assert_int_equal(s->sides[MS_SIDE_SERVER].out_of_order, 1);
    assert_int_equal(s->sides[MS_SIDE_SERVER].retransmissions, 0);
    assert_int_equal(s->sides[MS_SIDE_CLIENT].port, 40000);
    assert_int_equal(s->sides[MS_SIDE_SERVER].port, 80);
    assert_int_equal(s->closed_first, MS_SIDE_SERVER);
    assert_int_equal(s->sides[MS_SIDE_CLIENT].end, MS_STREAM_END_FIN);
    assert_true(s->sides[MS_SIDE_CLIENT].end_after_fin);
    assert_false(s->sides[MS_SIDE_SERVER].end_after_fin);
    assert_int_equal(s->sides[MS_SIDE_SERVER].end_after, 21);
}

static void keeps_request_and_response_order_with_its_delays(void **state)
{
    const struct ms_stream_side *side;

    (void)state;
    handshake();
    client(10000, 1, 1, A, "one");
    server(15000, 1, 4, A, "ONE");
    client(17000, 4, 4, A, "two");
    server(30000, 4, 7, A, "TWO");
    side = &only_stream()->sides[MS_SIDE_SERVER];
    assert_int_equal(side->chunk_count, 2);
    assert_int_equal(side->chunks[0].end, 3);
    assert_int_equal(side->chunks[0].after, 3);
    assert_int_equal(side->chunks[0].delay_us, 5000);
    assert_int_equal(side->chunks[1].end, 6);
    assert_int_equal(side->chunks[1].after, 6);
    assert_int_equal(side->chunks[1].delay_us, 13000);
    side = &ms_streams_get(streams, 0)->sides[MS_SIDE_CLIENT];
    assert_int_equal(side->chunks[0].after, 0);
    assert_int_equal(side->chunks[0].delay_us, 7000); /* since the connection is open */
    assert_int_equal(side->chunks[1].after, 3);
    assert_int_equal(side->chunks[1].delay_us, 2000);
    assert_int_equal(side->end, MS_STREAM_END_NONE);
}

static void tells_retransmissions_from_duplicates(void **state)
{
    const struct ms_stream_side *side;

    (void)state;
    handshake();
    client(4000, 1, 1, A, "abc");
    client(4001, 1, 1, A, "abc");                                             /* the network's */
    add((struct captured){ .from = 0, 300000, 1, 1, A, "abc", .window = 9 }); /* sent again */
    client(300001, 4, 1, A, "def");
    side = &only_stream()->sides[MS_SIDE_CLIENT];
    assert_int_equal(side->duplicates, 1);
    assert_int_equal(side->retransmissions, 1);
    assert_data(side, "abcdef");
}

static void finds_no_stream_without_its_syn(void **state)
{
    (void)state;
    client(4000, 1, 1, A, "abc");
    server(5000, 1, 4, A, "def");
    assert_obstacle(MS_STREAM_NO_SYN);
}

static void finds_no_stream_without_the_answer_to_the_syn(void **state)
{
    (void)state;
    client(1000, 0, 0, S, NULL);
    client(3000, 1, 1, A, "abc");
    server(5000, 1, 4, A, "def");
    assert_obstacle(MS_STREAM_NO_SYN);
}

static void knows_a_refused_connection(void **state)
{
    (void)state;
    client(1000, 0, 0, S, NULL);
    server(2000, 0, 1, R | A, NULL);
    assert_obstacle(MS_STREAM_NOT_OPENED);
}

static void knows_a_connection_that_was_answered_in_vain(void **state)
{
    (void)state;
    client(1000, 0, 0, S, NULL);
    server(2000, 0, 1, S | A, NULL);
    assert_obstacle(MS_STREAM_NOT_OPENED);
}

static void knows_simultaneous_open(void **state)
{
    (void)state;
    client(1000, 0, 0, S, NULL);
    server(1001, 0, 0, S, NULL);
    client(2000, 0, 1, S | A, NULL);
    server(2001, 0, 1, S | A, NULL);
    assert_obstacle(MS_STREAM_SIMULTANEOUS_OPEN);
}

static void misses_what_was_acknowledged_and_not_captured(void **state)
{
    (void)state;
    handshake();
    server(5000, 1, 1, A, "abc");
    server(5100, 7, 1, A, "ghi");
    client(6000, 1, 10, A, NULL);
    assert_obstacle(MS_STREAM_GAP);
}

static void forgives_a_hole_that_nobody_acknowledged(void **state)
{
    const struct ms_stream *s;

    (void)state;
    handshake();
    server(5000, 1, 1, A, "abc");
    server(5100, 7, 1, A, "ghi");
    client(6000, 1, 4, A, NULL);
    s = only_stream();
    assert_int_equal(s->obstacle, MS_STREAM_REPLAYABLE);
    assert_data(&s->sides[MS_SIDE_SERVER], "abc");
}

static void says_when_payload_was_cut_off(void **state)
{
    (void)state;
    handshake();
    add((struct captured){ .from = 1, 5000, 1, 1, A, "abcdef", .cut = 2 });
    client(6000, 1, 7, A, NULL);
    assert_obstacle(MS_STREAM_TRUNCATED);
}

static void does_not_mind_a_cut_that_a_retransmission_fills(void **state)
{
    const struct ms_stream *s;

    (void)state;
    handshake();
    add((struct captured){ .from = 1, 5000, 1, 1, A, "abcdef", .cut = 2 });
    server(5500, 1, 1, A, "abcdef");
    client(6000, 1, 7, A, NULL);
    s = only_stream();
    assert_int_equal(s->obstacle, MS_STREAM_REPLAYABLE);
    assert_data(&s->sides[MS_SIDE_SERVER], "abcdef");
}

static void leaves_out_a_corrupted_segment(void **state)
{
    const struct ms_stream *s;

    (void)state;
    handshake();
    add((struct captured){ .from = 1, 5000, 1, 1, A, "xyz", .is_bad = true });
    server(5500, 1, 1, A, "abc");
    client(6000, 1, 4, A, NULL);
    s = only_stream();
    assert_data(&s->sides[MS_SIDE_SERVER], "abc");
    assert_int_equal(s->sides[MS_SIDE_SERVER].corrupt, 1);
}

static void separates_connections_of_the_same_ports(void **state)
{
    (void)state;
    handshake();
    client(4000, 1, 1, A | F, NULL);
    server(4100, 1, 2, A | F, NULL);
    client(4200, 2, 2, A, NULL);
    client(9000, 5000, 0, S, NULL); /* other numbers: a new connection */
    server(9100, 0, 5001, S | A, NULL);
    client(9200, 5001, 1, A, "new");
    streams = capture_file_index(&file);
    assert_int_equal(ms_streams_count(streams), 2);
    assert_data(&ms_streams_get(streams, 1)->sides[MS_SIDE_CLIENT], "new");
    assert_null(ms_streams_get(streams, 2));
}

static void sorts_interleaved_connections_by_their_beginning(void **state)
{
    (void)state;
    for (uint16_t port = 50003; port > 50000; port--)
        add((struct captured){ .from = 0, 1000, 0, 0, S, .port = port });
    for (uint16_t port = 50001; port <= 50003; port++) {
        add((struct captured){ .from = 1, 2000, 0, 1, S | A, .port = port });
        add((struct captured){ .from = 0, 3000, 1, 1, A, "hi", .port = port });
    }
    streams = capture_file_index(&file);
    assert_int_equal(ms_streams_count(streams), 3);
    for (unsigned i = 0; i < 3; i++) {
        const struct ms_stream *s = ms_streams_get(streams, i);

        assert_int_equal(s->sides[MS_SIDE_CLIENT].port, 50003 - i);
        assert_int_equal(s->obstacle, MS_STREAM_REPLAYABLE);
        assert_data(&s->sides[MS_SIDE_CLIENT], "hi");
    }
}

static void notes_who_reset(void **state)
{
    const struct ms_stream *s;

    (void)state;
    handshake();
    client(4000, 1, 1, A, "abc");
    server(5000, 1, 4, R | A, NULL);
    s = only_stream();
    assert_int_equal(s->sides[MS_SIDE_SERVER].end, MS_STREAM_END_RST);
    assert_int_equal(s->sides[MS_SIDE_SERVER].end_after, 3);
    assert_int_equal(s->sides[MS_SIDE_CLIENT].end, MS_STREAM_END_NONE);
    assert_int_equal(s->closed_first, MS_SIDE_SERVER);
}

static void counts_what_is_not_tcp(void **state)
{
    uint8_t udp[28] = { 0x45, 0, 0, 28, [8] = 64, [9] = 17 };
    uint8_t fragment[40] = { 0x45, 0, 0, 40, [6] = 0x20, [8] = 64, [9] = 6 };
    uint8_t runt[24] = { 0x45, 0, 0, 24, [8] = 64, [9] = 6 };
    struct ms_streams_summary summary;

    (void)state;
    ms_pcap_writer_bytes(file.writer, 1, udp, sizeof udp);
    ms_pcap_writer_bytes(file.writer, 2, fragment, sizeof fragment);
    ms_pcap_writer_bytes(file.writer, 3, runt, sizeof runt);
    streams = capture_file_index(&file);
    ms_streams_summary(streams, &summary);
    assert_int_equal(summary.records, 3);
    assert_int_equal(summary.not_tcp, 1);
    assert_int_equal(summary.fragments, 1);
    assert_int_equal(summary.malformed, 1);
    assert_int_equal(ms_streams_count(streams), 0);
}

static void has_a_sentence_for_each_obstacle(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MS_STREAM_OBSTACLE_COUNT; i++)
        assert_string_not_equal(ms_stream_obstacle_text((enum ms_stream_obstacle)i), "unknown");
    streams = capture_file_index(&file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(puts_both_sides_bytes_in_order),
        TEST(keeps_request_and_response_order_with_its_delays),
        TEST(tells_retransmissions_from_duplicates),
        TEST(finds_no_stream_without_its_syn),
        TEST(finds_no_stream_without_the_answer_to_the_syn),
        TEST(knows_a_refused_connection),
        TEST(knows_a_connection_that_was_answered_in_vain),
        TEST(knows_simultaneous_open),
        TEST(misses_what_was_acknowledged_and_not_captured),
        TEST(forgives_a_hole_that_nobody_acknowledged),
        TEST(says_when_payload_was_cut_off),
        TEST(does_not_mind_a_cut_that_a_retransmission_fills),
        TEST(leaves_out_a_corrupted_segment),
        TEST(separates_connections_of_the_same_ports),
        TEST(sorts_interleaved_connections_by_their_beginning),
        TEST(notes_who_reset),
        TEST(counts_what_is_not_tcp),
        TEST(has_a_sentence_for_each_obstacle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
