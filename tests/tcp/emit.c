/* SPDX-License-Identifier: ISC */
/* Sums of what is sent, and what is sent without a connection (RFC 9293, 3.1 and 3.10.7.1). */
#include "support/wire_peer.h"

#include "core/bytes.h"
#include "support/random.h"

enum { RST_ACK = TCP_RST | TCP_ACK };

/* The wire sums what it hears (MUST-2), in its own way; here one may look at the frames, too. */

static const struct ms_driver_ops *wire_ops;
static unsigned frames_of_pieces; /* whose payload is in more than one */

/* Of addresses, protocol and length (RFC 9293, 3.1; RFC 8200, 8.1), folded. */
static uint32_t pseudo_sum(const uint8_t *packet, uint32_t ip_len, uint32_t tcp_len)
{
    uint32_t first = ip_len == 20 ? 12 : 8, end = ip_len == 20 ? 20 : 40, sum = 6 + tcp_len;

    for (uint32_t i = first; i < end; i += 2)
        sum += load_be16(packet + i);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* MS_FRAME_CHECKSUM_PARTIAL: the field holds the pseudo header's sum, and the device does the
 * rest, from checksum_start to where checksum_offset says. */
static void check_partial_sum(const struct ms_frame *frame)
{
    const uint8_t *packet = frame->head;
    uint32_t len = ms_frame_len(frame), ip_len = packet[0] >> 4 == 4 ? 20 : 40;

    assert_int_equal(frame->flags & MS_FRAME_CHECKSUM_PARTIAL, MS_FRAME_CHECKSUM_PARTIAL);
    assert_int_equal(frame->checksum_start, ip_len);
    assert_int_equal(frame->checksum_offset, 16);
    assert_int_equal(load_be16(packet + ip_len + 16), pseudo_sum(packet, ip_len, len - ip_len));
}

static unsigned look_and_transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bool is_ipv4 = frames[i]->head[0] >> 4 == 4;

        if (frames[i]->head[is_ipv4 ? 9 : 6] != 6)
            continue;
        frames_of_pieces += frames[i]->slice_count > 1;
        if (driver->checksum_offload)
            check_partial_sum(frames[i]);
        else
            assert_int_equal(frames[i]->flags & MS_FRAME_CHECKSUM_PARTIAL, 0);
    }
    return wire_ops->transmit(driver, frames, n);
}

static void look_at_frames(void **state, bool has_offload)
{
    static const struct ms_driver_ops ops = { .transmit = look_and_transmit };
    struct peer *w = *state;

    wire_ops = w->driver.ops;
    frames_of_pieces = 0;
    w->driver.ops = &ops;
    w->driver.checksum_offload = has_offload;
}

/* Segments of many pieces, of odd and even lengths. */
static void send_in_pieces(struct peer *w)
{
    struct dice dice = { 4711 };

    app_set(w->app, MS_TCP_NO_DELAY, 1);
    for (unsigned round = 0; round < 200; round++) {
        uint32_t pieces = 1 + dice_below(&dice, 12), len = 0, before = w->app->sent;

        for (uint32_t i = 0; i < pieces; i++) {
            uint32_t piece = 1 + dice_below(&dice, round % 3 ? 80 : 3);

            assert_int_equal(app_lend(w->app, piece), MS_OK);
            len += piece;
        }
        peer_settle(w);
        EXPECT(w, .seq = 1 + before, .len = len);
        SEND(w, .ack = ANY);
    }
    assert_true(frames_of_pieces > 150);
}

/* RFC 1071 2 (B): a piece that begins at an odd place counts with its bytes swapped. */
/* proves: MUST-2 */
static void sums_text_in_any_pieces(void **state)
{
    struct peer *w;

    look_at_frames(state, false);
    w = PASSIVE(state);
    send_in_pieces(w);
}

/* The same with options in front. */
/* proves: MUST-2 */
static void sums_text_behind_options(void **state)
{
    struct peer *w;

    look_at_frames(state, false);
    w = PASSIVE(state, .timestamps = true, .sack = true);
    send_in_pieces(w);
}

/* A device that sums gets the pseudo header's sum, whatever the pieces. */
static void leaves_the_sum_to_the_device(void **state)
{
    struct peer *w;

    look_at_frames(state, true);
    w = PASSIVE(state, .timestamps = true);
    send_in_pieces(w);
}

/* The same for all that has no text: SYN, ACK, FIN, and a RST of no connection. */
static void leaves_the_sum_of_every_segment_to_the_device(void **state)
{
    struct peer *w;

    look_at_frames(state, true);
    w = ACTIVE(state, .sack = true);
    SEND(w, .seq = 500, .len = 100);
    EXPECT(w, .seq = 1, .ack = 1, .sack = { { 500, 600 } });
    app_close(w->app);
    EXPECT(w, .flags = TCP_ACK | TCP_FIN, .seq = 1, .sack = { { 500, 600 } });
    peer_flow(w, 4001);
    SEND(w, .seq = 1, .ack = 77);
    EXPECT(w, .flags = TCP_RST, .seq = 77);
}

/* RFC 9293 3.10.7.1: with ACK: <SEQ=SEG.ACK><CTL=RST>; what else it had does not matter. */
static void resets_what_has_an_ack_by_its_ack(void **state)
{
    static const uint32_t acks[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe };
    static const uint8_t flags[] = { 0, TCP_SYN, TCP_FIN, TCP_URG, TCP_PSH };
    struct peer *w = peer_start(state);

    for (unsigned i = 0; i < sizeof(acks) / sizeof(acks[0]); i++) {
        for (unsigned j = 0; j < sizeof(flags); j++) {
            const struct heard *heard;

            SEND(w, .flags = flags[j] | TCP_ACK, .seq = 5 * i, .ack = acks[i], .len = 7 * j);
            heard = EXPECT(w, .flags = TCP_RST, .seq = acks[i], .window = 0);
            assert_int_equal(heard->header.ack, 0);
            assert_int_equal(heard->header.header_len, TCP_HEADER_LEN);
        }
    }
    assert_int_equal(COUNT(w, tcp_out_resets), 25);
    QUIET(w, 100 * SECOND);
}

/* The same: without: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>; SYN and FIN count, and it wraps. */
static void resets_what_has_no_ack_by_its_end(void **state)
{
    static const uint32_t isns[] = { 0, 1000, 0x7ffffffe, 0xfffffffe };
    struct peer *w = peer_start(state);

    for (unsigned i = 0; i < 4; i++) {
        w->flow->isn = isns[i];
        for (uint32_t len = 0; len < 1300; len = 3 * len + 1) {
            SEND(w, .flags = TCP_SYN, .seq = 0, .len = len);
            EXPECT(w, .flags = RST_ACK, .seq = 0, .ack = 1 + len, .window = 0);
            SEND(w, .flags = TCP_FIN, .seq = 0, .len = len);
            EXPECT(w, .flags = RST_ACK, .seq = 0, .ack = 1 + len);
            SEND(w, .flags = TCP_PSH | TCP_URG, .seq = 0, .len = len);
            EXPECT(w, .flags = RST_ACK, .seq = 0, .ack = len);
        }
    }
    QUIET(w, 100 * SECOND);
}

/* RFC 9293 3.10.7.1: an incoming segment containing a RST is discarded. */
/* proves: R14 */
static void never_answers_a_reset(void **state)
{
    struct peer *w = peer_start(state);

    for (unsigned others = 0; others < 256; others++)
        SEND(w, .flags = (uint8_t)(others | TCP_RST), .seq = others, .ack = others, .len = others);
    QUIET(w, 100 * SECOND);
    assert_int_equal(COUNT(w, tcp_out_resets), 0);
    assert_int_equal(COUNT(w, tcp_out_segments), 0);
}

/* RFC 9293 3.5.2: back to where it came from, from the address it was sent to. */
static void answers_from_where_it_was_sent_to(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_addr ours = w->stack_addr, theirs = w->peer_addr;
    size_t len = w->is_ipv4 ? 4 : 16, first = w->is_ipv4 ? 12 : 8;
    const struct heard *heard;

    ours.bytes[15] = 0x17;
    theirs.bytes[15] = 0x18;
    assert_int_equal(ms_netif_add_addr(w->netif, &ours, w->is_ipv4 ? 24 : 64, false), MS_OK);
    peer_run(w, 10 * SECOND);
    SEND(w, .seq = 1, .ack = 1, .from = &theirs, .to = &ours, .hop_limit = 3,
         .traffic_class = 0x28);
    heard = EXPECT(w, .flags = TCP_RST, .seq = 1);
    assert_memory_equal(heard->bytes + first, ours.bytes + 16 - len, len);
    assert_memory_equal(heard->bytes + first + len, theirs.bytes + 16 - len, len);
    assert_int_equal(heard->header.src_port, STACK_PORT);
    assert_int_equal(heard->header.dst_port, PEER_PORT);
    assert_int_equal(heard->hop_limit, 64); /* MUST-49 */
}

/* No room in the transmit queue: the answer is left out, and that is counted. */
static void counts_answers_the_queue_has_no_room_for(void **state)
{
    struct peer *w;

    peer_config(state)->transmit_queue = 4;
    w = peer_start(state);
    w->refuses = true;
    for (uint32_t i = 0; i < 10; i++)
        SEND(w, .seq = 1, .ack = 100 + i);
    assert_drop(w, MS_DROP_SEND_QUEUE_FULL, 6);
    assert_drop(w, MS_DROP_TCP_NO_CONNECTION, 10);
    w->refuses = false;
    peer_run(w, SECOND);
    for (uint32_t i = 0; i < 4; i++)
        EXPECT(w, .flags = TCP_RST, .seq = 100 + i);
    SEND(w, .seq = 1, .ack = 99);
    EXPECT(w, .flags = TCP_RST, .seq = 99);
}

/* The device has all frames and is not done with them. */
static void counts_answers_there_is_no_frame_for(void **state)
{
    struct peer *w;

    peer_config(state)->frames = 4;
    w = peer_start(state);
    w->holds_frames = true;
    for (uint32_t i = 0; i < 10; i++)
        SEND(w, .seq = 1, .ack = 100 + i);
    for (uint32_t i = 0; i < 4; i++)
        EXPECT(w, .flags = TCP_RST, .seq = 100 + i);
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_SEND_NO_FRAME, 6);
    peer_release(w);
    SEND(w, .seq = 1, .ack = 99);
    EXPECT(w, .flags = TCP_RST, .seq = 99);
    peer_release(w);
}

/* Nobody knows the way back. */
static void counts_answers_without_a_route(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_addr far = ms_addr_ipv4(192, 0, 2, 1);

    if (!w->is_ipv4)
        assert_int_equal(ms_addr_parse(&far, "2001:db8:1::1"), MS_OK);
    SEND(w, .seq = 1, .ack = 1, .from = &far);
    QUIET(w, SECOND);
    assert_drop(w, MS_DROP_SEND_NO_ROUTE, 1);
    assert_drop(w, MS_DROP_TCP_NO_CONNECTION, 1);
    assert_int_equal(COUNT(w, tcp_out_segments), 0);
}

/* An interface beside the wire, which counts the frames of TCP it gets. */
static unsigned frames_beside;

static unsigned count_and_swallow(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    (void)driver;
    for (unsigned i = 0; i < n; i++) {
        frames_beside += frames[i]->head[6] == 6;
        ms_frame_put(frames[i]);
    }
    return n;
}

/* RFC 4007 6: a link-local peer is answered on the link it is on, though another has the same
 * addresses. */
static void answers_a_link_local_peer_on_its_link(void **state)
{
    static const struct ms_driver_ops ops = { .transmit = count_and_swallow };
    static struct ms_driver driver = {
        .ops = &ops, .medium = MS_MEDIUM_IP, .mtu = 1500, .slices_max = 1
    };
    struct peer *w = peer_start(state);
    struct ms_netif *wire = w->netif, *beside;
    struct ms_addr ours, theirs;

    frames_beside = 0;
    assert_int_equal(ms_addr_parse(&ours, "fe80::7"), MS_OK);
    assert_int_equal(ms_addr_parse(&theirs, "fe80::2"), MS_OK);
    assert_int_equal(ms_netif_attach(w->stack, &driver, &beside), MS_OK);
    assert_int_equal(ms_netif_add_addr(beside, &ours, 64, false), MS_OK);
    assert_int_equal(ms_netif_add_addr(wire, &ours, 64, false), MS_OK);
    peer_run(w, 10 * SECOND);
    w->netif = beside;
    SEND(w, .seq = 1, .ack = 1, .from = &theirs, .to = &ours);
    w->netif = wire;
    QUIET(w, SECOND);
    assert_int_equal(frames_beside, 1);
    SEND(w, .seq = 1, .ack = 1, .from = &theirs, .to = &ours);
    EXPECT(w, .flags = TCP_RST, .seq = 1);
    assert_int_equal(frames_beside, 1);
    ms_netif_detach(beside);
}

/* Failing tests for tests/tcp/emit.c. */
/* RFC 4022, tcpOutRsts: segments sent with RST. output_last() counts so; ms_tcp_emit_reset() counts
 * first. */
static void counts_only_resets_that_were_sent(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_addr far = ms_addr_ipv4(192, 0, 2, 1);

    if (!w->is_ipv4)
        assert_int_equal(ms_addr_parse(&far, "2001:db8:1::1"), MS_OK);
    SEND(w, .seq = 1, .ack = 1, .from = &far);
    QUIET(w, SECOND);
    assert_int_equal(COUNT(w, tcp_out_resets), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(sums_text_in_any_pieces),
        OVER_BOTH(sums_text_behind_options),
        OVER_BOTH(leaves_the_sum_to_the_device),
        OVER_BOTH(leaves_the_sum_of_every_segment_to_the_device),
        OVER_BOTH(resets_what_has_an_ack_by_its_ack),
        OVER_BOTH(resets_what_has_no_ack_by_its_end),
        OVER_BOTH(never_answers_a_reset),
        OVER_BOTH(answers_from_where_it_was_sent_to),
        OVER_BOTH(counts_answers_the_queue_has_no_room_for),
        OVER_BOTH(counts_answers_there_is_no_frame_for),
        OVER_BOTH(counts_answers_without_a_route),
        OVER_IPV6(answers_a_link_local_peer_on_its_link),
        OVER_BOTH(counts_only_resets_that_were_sent),
    };

    return cmocka_run_group_tests_name("tcp/emit", tests, NULL, NULL);
}
