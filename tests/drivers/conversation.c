/* SPDX-License-Identifier: ISC */
/* The player: what it sends when, translated how; and every capture against a real stack. */
#include "support/capture_file.h"
#include "support/sink.h"

#include "mstack/tcp.h"
#include "pcap/conversation.h"
#include "pcap/part.h"

enum { S = SEGMENT_SYN, A = SEGMENT_ACK, F = SEGMENT_FIN, P = SEGMENT_PSH };
enum { SHIFT = 0x20000000 }; /* the live stack's numbers are so far from the captured ones */

static struct capture_file file;
static struct ms_streams *streams;
static struct ms_conversation *c;
static struct sink sink;

/* SYN options: MSS 1460, SACK permitted, timestamps, window scale 2. */
static const uint8_t SYN_OPTIONS[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
                                         0, 7, 0, 0,   0, 0, 1, 3,  3, 2 };
static const uint8_t TIMESTAMP[12] = { 1, 1, 8, 10, 0, 0, 0, 8, 0, 0, 0, 99 };

static int set_up(void **state)
{
    (void)state;
    capture_file_begin(&file);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sink_empty(&sink);
    if (c)
        ms_conversation_close(c);
    if (streams)
        ms_streams_close(streams);
    c = NULL;
    streams = NULL;
    return 0;
}

static void add(struct captured packet) { capture_file_add(&file, packet); }

static void open_as(enum ms_side stack_side)
{
    struct ms_conversation_config config = { .stack_side = stack_side };

    streams = capture_file_index(&file);
    config.streams = streams;
    c = ms_conversation_open(&config);
    assert_non_null(c);
    sink_attach(&sink, ms_conversation_device(c));
}

static void free_sent(struct ms_frame *frame) { free(frame); }

/* The live stack sends this; its own numbers are shifted. */
static void stack_sends(struct captured packet)
{
    struct ms_frame *frame = malloc(sizeof *frame + 2048);

    packet.seq_shift = SHIFT;
    *frame = (struct ms_frame){ .head = (uint8_t *)frame->slices, .refs = 1, .release = free_sent };
    frame->head_len = captured_packet(frame->head, &packet);
    assert_int_equal(send_frame(ms_conversation_device(c), frame), 1);
}

static void assert_played(unsigned i, uint32_t seq, uint32_t ack, uint8_t flags)
{
    const uint8_t *tcp = sink.frames[i]->head + 20;

    assert_true(i < sink.count);
    assert_int_equal(load_be32(tcp + 4), seq);
    assert_int_equal(load_be32(tcp + 8), ack);
    assert_int_equal(tcp[13], flags);
}

/* A request and its answer, 1 ms apart each. */
static void capture_exchange(void)
{
    add((struct captured){
        .from = 0, .time_us = 1000, .flags = S, .options = SYN_OPTIONS, .options_len = 20 });
    add((struct captured){ .from = 1,
                           .time_us = 2000,
                           .ack = 1,
                           .flags = S | A,
                           .options = SYN_OPTIONS,
                           .options_len = 20 });
    add((struct captured){ .from = 0,
                           .time_us = 3000,
                           .offset = 1,
                           .ack = 1,
                           .flags = A,
                           .options = TIMESTAMP,
                           .options_len = 12 });
    add((struct captured){ .from = 0,
                           .time_us = 3500,
                           .offset = 1,
                           .ack = 1,
                           .flags = A | P,
                           .payload = "question",
                           .options = TIMESTAMP,
                           .options_len = 12 });
    add((struct captured){
        .from = 1, .time_us = 4000, .offset = 1, .ack = 9, .flags = A | P, .payload = "answer" });
    add((struct captured){ .from = 0,
                           .time_us = 5000,
                           .offset = 9,
                           .ack = 7,
                           .flags = A,
                           .options = TIMESTAMP,
                           .options_len = 12 });
}

static void plays_at_the_captured_times_what_the_stack_has_earned(void **state)
{
    const uint32_t me = CAPTURED_ISN[0], it = CAPTURED_ISN[1] + SHIFT;

    (void)state;
    capture_exchange();
    open_as(MS_SIDE_SERVER);
    assert_int_equal(ms_conversation_next_deadline(c), 0);
    assert_int_equal(ms_conversation_step(c, 50000), 1);
    assert_played(0, me, 0, S);
    assert_int_equal(ms_conversation_step(c, 52000), 0); /* due, but there is no SYN-ACK yet */
    stack_sends((struct captured){
        .from = 1, .ack = 1, .flags = S | A, .options = SYN_OPTIONS, .options_len = 20 });
    assert_int_equal(ms_conversation_next_deadline(c), 0);
    assert_int_equal(ms_conversation_step(c, 60000), 1);
    assert_played(1, me + 1, it + 1, A);
    assert_int_equal(ms_conversation_next_deadline(c), 60500); /* the gaps remain */
    assert_int_equal(ms_conversation_step(c, 60500), 1);
    assert_played(2, me + 1, it + 1, A | P);
    assert_memory_equal(sink.frames[2]->head + 20 + 32, "question", 8);
    stack_sends(
        (struct captured){ .from = 1, .offset = 1, .ack = 9, .flags = A, .payload = "ans" });
    assert_int_equal(ms_conversation_step(c, 62000), 0);
    stack_sends(
        (struct captured){ .from = 1, .offset = 4, .ack = 9, .flags = A, .payload = "wer" });
    assert_int_equal(ms_conversation_step(c, 63000), 1);
    assert_played(3, me + 9, it + 7, A);
    (void)ms_conversation_step(c, 63000);
    assert_int_equal(ms_conversation_state(c), MS_CONVERSATION_DONE);
    assert_int_equal(ms_conversation_next_deadline(c), UINT64_MAX);
}

static void translates_timestamps_and_checksums(void **state)
{
    struct sum sum = { .total = 6 + 20 + 12 };
    const uint8_t stamp[12] = { 1, 1, 8, 10, 0xaa, 0xbb, 0xcc, 0xdd, 0, 0, 0, 0 };
    uint8_t options[20];
    uint64_t len;

    (void)state;
    capture_exchange();
    open_as(MS_SIDE_SERVER);
    (void)ms_conversation_step(c, 0);
    memcpy(options, SYN_OPTIONS, 20);
    memcpy(options + 8, stamp + 4, 4);
    stack_sends((struct captured){
        .from = 1, .ack = 1, .flags = S | A, .options = options, .options_len = 20 });
    (void)ms_conversation_step(c, 10000);
    assert_memory_equal(sink.frames[1]->head + 40, TIMESTAMP, 8); /* our own value is kept */
    assert_memory_equal(sink.frames[1]->head + 48, stamp + 4, 4); /* the echo is the stack's */
    sum_bytes(&sum, sink.frames[1]->head + 12, 8);
    sum_bytes(&sum, sink.frames[1]->head + 20, 32);
    assert_int_equal(sum_fold(&sum), 0xffff);
    assert_int_equal(load_be16(sink.frames[1]->head + 2), 52);
    assert_ptr_not_equal(ms_conversation_received(c, &len), NULL);
    assert_int_equal(len, 0);
}

static void blanks_options_that_the_stack_did_not_offer(void **state)
{
    static const uint8_t nops[12] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

    (void)state;
    capture_exchange();
    open_as(MS_SIDE_SERVER);
    (void)ms_conversation_step(c, 0);
    stack_sends((struct captured){ .from = 1, .ack = 1, .flags = S | A });
    (void)ms_conversation_step(c, 10000);
    assert_memory_equal(sink.frames[1]->head + 40, nops, 12);
    /* Without scaling, the window of 8192 in units of 4 is told in bytes. */
    assert_int_equal(load_be16(sink.frames[1]->head + 34), 8192 * 4);
}

static void answers_itself_when_the_capture_never_will(void **state)
{
    struct ms_conversation_stats stats;

    (void)state;
    capture_exchange();
    open_as(MS_SIDE_SERVER);
    (void)ms_conversation_step(c, 0);
    stack_sends((struct captured){ .from = 1, .ack = 1, .flags = S | A });
    (void)ms_conversation_step(c, 2000);
    (void)ms_conversation_step(c, 2500);
    assert_int_equal(sink.count, 3);
    stack_sends((struct captured){ .from = 1,
                                   .offset = 1,
                                   .ack = 9,
                                   .flags = A,
                                   .payload = "an" }); /* and then it waits for us */
    (void)ms_conversation_step(c, 4000);
    assert_int_equal(sink.count, 3);
    assert_in_range(ms_conversation_next_deadline(c), 4001, 100000);
    (void)ms_conversation_step(c, 100000);
    assert_int_equal(sink.count, 4);
    assert_played(3, CAPTURED_ISN[0] + 9, CAPTURED_ISN[1] + SHIFT + 3, A);
    ms_conversation_stats(c, &stats);
    assert_int_equal(stats.acks_added, 1);
    assert_int_equal(stats.bytes_received, 2);
}

static void sends_again_what_the_stack_did_not_take(void **state)
{
    struct ms_conversation_stats stats;

    (void)state;
    capture_exchange();
    open_as(MS_SIDE_SERVER);
    (void)ms_conversation_step(c, 0);
    stack_sends((struct captured){ .from = 1, .ack = 1, .flags = S | A });
    (void)ms_conversation_step(c, 2000);
    (void)ms_conversation_step(c, 2500);
    (void)ms_conversation_step(c, 4500); /* waits for the answer now */
    assert_int_equal(sink.count, 3);
    (void)ms_conversation_step(c, 1200000);
    assert_int_equal(sink.count, 4);
    assert_played(3, CAPTURED_ISN[0] + 1, CAPTURED_ISN[1] + SHIFT + 1, A | P);
    ms_conversation_stats(c, &stats);
    assert_int_equal(stats.resends_added, 1);
}

static void respects_the_stacks_window(void **state)
{
    (void)state;
    capture_exchange();
    open_as(MS_SIDE_SERVER);
    (void)ms_conversation_step(c, 0);
    stack_sends((struct captured){ .from = 1, .ack = 1, .flags = S | A, .window = 1 });
    (void)ms_conversation_step(c, 2000);
    (void)ms_conversation_step(c, 3000);
    assert_int_equal(sink.count, 2); /* no room for the question */
    stack_sends((struct captured){ .from = 1, .offset = 1, .ack = 1, .flags = A, .window = 8 });
    (void)ms_conversation_step(c, 4000);
    assert_int_equal(sink.count, 3);
}

static void gives_up_at_last_and_says_why(void **state)
{
    uint64_t now_us = 0;
    unsigned steps = 0;

    (void)state;
    capture_exchange();
    open_as(MS_SIDE_CLIENT);
    while (ms_conversation_state(c) == MS_CONVERSATION_RUNNING && steps++ < 1000) {
        uint64_t next = ms_conversation_next_deadline(c);

        now_us = next > now_us ? next : now_us;
        (void)ms_conversation_step(c, now_us);
    }
    assert_int_equal(ms_conversation_state(c), MS_CONVERSATION_GAVE_UP);
    assert_in_range(now_us, 600000000, 601000000);
    assert_non_null(strstr(ms_conversation_text(c), "gave up waiting for bytes of the stack"));
}

static void notes_bytes_that_differ_from_the_capture(void **state)
{
    struct ms_conversation_stats stats;

    (void)state;
    capture_exchange();
    open_as(MS_SIDE_SERVER);
    (void)ms_conversation_step(c, 0);
    stack_sends((struct captured){ .from = 1, .ack = 1, .flags = S | A });
    (void)ms_conversation_step(c, 10000);
    stack_sends((struct captured){
        .from = 1, .offset = 1, .ack = 9, .flags = A, .payload = "Answer and more" });
    stack_sends((struct captured){
        .from = 1, .offset = 1, .ack = 9, .flags = A, .payload = "x", .is_bad = true });
    ms_conversation_stats(c, &stats);
    assert_int_equal(stats.mismatches, 1 + strlen(" and more"));
    assert_int_equal(stats.bad_segments, 1);
    stack_sends(
        (struct captured){ .from = 1, .offset = 1, .ack = 9, .flags = A, .payload = "Ans" });
    ms_conversation_stats(c, &stats);
    assert_int_equal(stats.retransmissions, 1);
}

static void learns_the_port_of_a_stack_that_connects(void **state)
{
    (void)state;
    capture_exchange();
    open_as(MS_SIDE_CLIENT);
    assert_int_equal(ms_conversation_step(c, 0), 0);
    assert_int_equal(ms_conversation_step(c, 1000), 0);
    stack_sends((struct captured){ .from = 0, .flags = S, .port = 51234 });
    assert_int_equal(ms_conversation_step(c, 2000), 1);
    assert_played(0, CAPTURED_ISN[1], CAPTURED_ISN[0] + SHIFT + 1, S | A);
    assert_int_equal(load_be16(sink.frames[0]->head + 22), 51234);
}

static void refuses_streams_it_cannot_play(void **state)
{
    struct ms_conversation_config config = { .stack_side = MS_SIDE_SERVER };

    (void)state;
    add((struct captured){ .from = 0, .offset = 1, .ack = 1, .flags = A, .payload = "x" });
    streams = capture_file_index(&file);
    config.streams = streams;
    assert_null(ms_conversation_open(&config));
    config.stream = 1;
    assert_null(ms_conversation_open(&config));
}

/* From here on: every capture against a real stack. */

struct replay {
    struct ms_stack *stack;
    struct ms_tcp *tcp;
    struct ms_part part;
    const struct ms_stream_side *peer;
    uint64_t now_us, received;
    unsigned lent, differences;
    bool has_opened;
};

struct lent {
    struct ms_buf buf;
    struct replay *replay;
};

static void on_release(struct ms_buf *buf)
{
    struct lent *lent = (struct lent *)(void *)buf;

    lent->replay->lent--;
    free(lent);
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct replay *r = user;

    r->tcp = tcp;
    r->has_opened = true;
    ms_part_opened(&r->part, r->now_us);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct replay *r = user;

    (void)frame;
    if (r->received + slice->len > r->peer->len ||
        memcmp(r->peer->data + r->received, slice->data, slice->len) != 0)
        r->differences++;
    r->received += slice->len;
    ms_part_received(&r->part, slice->len, r->now_us);
    ms_tcp_consumed(tcp, slice->len);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct replay *r = user;

    (void)tcp;
    ms_part_fin_received(&r->part, r->now_us);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    (void)tcp;
    (void)why;
    ((struct replay *)user)->tcp = NULL;
}

static const struct ms_tcp_events EVENTS = {
    .on_open = on_open, .on_data = on_data, .on_eof = on_eof, .on_close = on_close
};

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    *user = listener_user;
    on_open(tcp, listener_user);
    return &EVENTS;
}

static void write_and_end(struct replay *r)
{
    const uint8_t *bytes;
    uint32_t len;

    while (r->tcp && (len = ms_part_write(&r->part, r->now_us, &bytes)) > 0) {
        struct lent *lent = calloc(1, sizeof *lent);

        *lent = (struct lent){ { .data = bytes, .len = len, .release = on_release }, r };
        r->lent++;
        assert_int_equal(ms_tcp_send(r->tcp, &lent->buf), MS_OK);
    }
    if (!r->tcp || !r->has_opened)
        return;
    switch (ms_part_end(&r->part, r->now_us, r->lent == 0)) {
    case MS_STREAM_END_FIN: ms_tcp_close(r->tcp); break;
    case MS_STREAM_END_RST: ms_tcp_abort(r->tcp); break;
    case MS_STREAM_END_NONE: break;
    }
}

static void connect_or_listen(struct replay *r, enum ms_side side, struct ms_netif *netif)
{
    struct ms_endpoint own, peer;
    struct ms_tcp_listen listen = { .accept = on_accept, .user = r };
    struct ms_tcp_connect connect = { .events = &EVENTS, .user = r };
    bool is_ipv4;
    struct ms_addr any = { { 0 } };

    ms_conversation_endpoints(c, &own, &peer);
    is_ipv4 = ms_addr_is_ipv4(&own.addr);
    if (is_ipv4)
        any = ms_addr_ipv4(0, 0, 0, 0);
    assert_int_equal(ms_netif_add_addr(netif, &own.addr, is_ipv4 ? 32 : 128, false), MS_OK);
    assert_int_equal(ms_route_add(r->stack, &any, 0, &(struct ms_addr){ { 0 } }, netif), MS_OK);
    listen.local = own;
    connect.remote = peer;
    if (side == MS_SIDE_SERVER)
        assert_int_equal(ms_tcp_listen(r->stack, &listen, NULL), MS_OK);
    else
        assert_int_equal(ms_tcp_connect(r->stack, &connect, &r->tcp), MS_OK);
}

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void run(struct replay *r)
{
    unsigned rounds = 0;

    while (ms_conversation_state(c) == MS_CONVERSATION_RUNNING) {
        uint64_t next = min_u64(ms_conversation_next_deadline(c), ms_next_deadline(r->stack));

        if (r->tcp)
            next = min_u64(next, ms_part_next_deadline(&r->part));
        assert_true(next != UINT64_MAX && rounds++ < 100000);
        r->now_us = next > r->now_us ? next : r->now_us;
        (void)ms_conversation_step(c, r->now_us);
        write_and_end(r);
        ms_poll(r->stack, r->now_us);
        write_and_end(r);
    }
}

static void replay_stream(const char *name, size_t i, enum ms_side side)
{
    const struct ms_stream *stream = ms_streams_get(streams, i);
    struct ms_conversation_config config = { .streams = streams, .stream = i, .stack_side = side };
    struct replay r = { .peer = &stream->sides[!side] };
    struct ms_conversation_stats stats;
    struct ms_config stack_config;
    struct ms_netif *netif;
    uint64_t received;
    void *memory;

    ms_config_default(&stack_config);
    stack_config.tcp_connections = 8;
    memory = malloc(ms_stack_size(&stack_config));
    r.stack = ms_stack_init(&stack_config, memory, ms_stack_size(&stack_config));
    assert_non_null(r.stack);
    ms_part_init(&r.part, stream, side);
    c = ms_conversation_open(&config);
    assert_non_null(c);
    assert_int_equal(ms_netif_attach(r.stack, &ms_conversation_device(c)->driver, &netif), MS_OK);
    ms_device_attach(ms_conversation_device(c), netif);
    connect_or_listen(&r, side, netif);
    run(&r);
    ms_conversation_stats(c, &stats);
    (void)ms_conversation_received(c, &received);
    if (ms_conversation_state(c) != MS_CONVERSATION_DONE || r.differences || stats.mismatches ||
        stats.bad_segments || r.received < r.peer->acked || received < stream->sides[side].acked)
        fail_msg("%s, stream %zu, stack as %s: %s; %llu of %llu received, %llu of %llu sent", name,
                 i, side == MS_SIDE_SERVER ? "server" : "client", ms_conversation_text(c),
                 (unsigned long long)r.received, (unsigned long long)r.peer->len,
                 (unsigned long long)received, (unsigned long long)stream->sides[side].len);
    ms_netif_detach(netif);
    ms_poll(r.stack, r.now_us);
    assert_int_equal(r.lent, 0);
    ms_conversation_close(c);
    c = NULL;
    free(memory);
}

/* Captures with a conversation to play. */
static const char *const CAPTURES[] = {
    "duplicated-v4.pcap",
    "ftp-active.pcap",
    "ftp-passive.pcap",
    "half-close.pcap",
    "http-404-client-side.pcap",
    "http-cooked-sll.pcap",
    "http-cooked-sll2.pcap",
    "http-cooked-sll2.pcapng",
    "http-ecn.pcap",
    "http-get-v4.pcap",
    "http-get-v4.pcapng",
    "http-get-v6.pcap",
    "http-loopback-v4.pcap",
    "http-loopback-v6.pcap",
    "http-mss-1460.pcap",
    "http-no-options.pcap",
    "http-parallel.pcap",
    "http-server-refuses-options.pcap",
    "http-super-frames.pcap",
    "interactive.pcap",
    "iperf3-upload.pcap",
    "keepalive.pcap",
    "lossy-20-server-side.pcap",
    "lossy-5-client-side.pcap",
    "lossy-5-server-side.pcap",
    "lossy-reordered-v6.pcap",
    "lossy-reordered-v6.pcapng",
    "lossy-upload.pcap",
    "netcat-both-ways.pcap",
    "nginx-idle-close-v6.pcap",
    "nginx-keep-alive.pcap",
    "nginx-pipelined.pcap",
    "nginx-range-head.pcap",
    "nginx-tls12-v6.pcap",
    "nginx-tls13.pcap",
    "nginx-tls13.pcapng",
    "raw-ip-lossy-v6.pcap",
    "raw-ip-lossy-v6.pcapng",
    "raw-ip-tun-v4.pcap",
    "redis-commands.pcap",
    "redis-pipe.pcap",
    "reset-by-client.pcap",
    "reset-by-server.pcap",
    "rsync-daemon.pcap",
    "server-speaks-first.pcap",
    "simultaneous.pcap",
    "smtp-message.pcap",
    "ssh-command.pcap",
    "urgent.pcap",
    "wget-recursive.pcap",
    "zero-window.pcap",
};

static void open_capture(const char *name)
{
    char path[256], message[256] = "";

    snprintf(path, sizeof path, "tests/captures/%s", name);
    if (ms_streams_open(&streams, path, message, sizeof message) != 0)
        fail_msg("%s", message);
    assert_null(ms_streams_error(streams));
}

static void delivers_every_capture_in_both_parts(void **state)
{
    (void)state;
    unlink(file.path);
    (void)ms_pcap_writer_close(file.writer);
    for (size_t n = 0; n < sizeof CAPTURES / sizeof CAPTURES[0]; n++) {
        unsigned played = 0;

        open_capture(CAPTURES[n]);
        for (size_t i = 0; i < ms_streams_count(streams); i++) {
            if (ms_streams_get(streams, i)->obstacle != MS_STREAM_REPLAYABLE)
                continue; /* the end of an older connection, in one of them */
            replay_stream(CAPTURES[n], i, MS_SIDE_SERVER);
            replay_stream(CAPTURES[n], i, MS_SIDE_CLIENT);
            played++;
        }
        ms_streams_close(streams);
        streams = NULL;
        assert_true(played > 0);
    }
}

static void says_why_the_other_captures_cannot_be_played(void **state)
{
    static const struct {
        const char *name;
        enum ms_stream_obstacle obstacle;
    } others[] = {
        { "no-syn.pcap", MS_STREAM_NO_SYN },
        { "packets-missing.pcap", MS_STREAM_GAP },
        { "refused.pcap", MS_STREAM_NOT_OPENED },
        { "truncated-snaplen.pcap", MS_STREAM_TRUNCATED },
    };

    (void)state;
    unlink(file.path);
    (void)ms_pcap_writer_close(file.writer);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        open_capture(others[i].name);
        assert_int_equal(ms_streams_get(streams, 0)->obstacle, others[i].obstacle);
        ms_streams_close(streams);
        streams = NULL;
    }
}

static void gives_loopback_captures_addresses_for_a_wire(void **state)
{
    struct ms_conversation_config config = { .stack_side = MS_SIDE_SERVER };
    struct ms_endpoint own, peer;
    char text[MS_ADDR_TEXT_SIZE];

    (void)state;
    unlink(file.path);
    (void)ms_pcap_writer_close(file.writer);
    open_capture("http-loopback-v4.pcap");
    config.streams = streams;
    c = ms_conversation_open(&config);
    ms_conversation_endpoints(c, &own, &peer);
    (void)ms_addr_format(&own.addr, text);
    assert_string_equal(text, "192.0.2.1");
    (void)ms_addr_format(&peer.addr, text);
    assert_string_equal(text, "192.0.2.2");
    assert_int_equal(own.port, 8000);
    assert_int_equal(ms_conversation_device(c)->driver.mtu, 65535);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(plays_at_the_captured_times_what_the_stack_has_earned),
        TEST(translates_timestamps_and_checksums),
        TEST(blanks_options_that_the_stack_did_not_offer),
        TEST(answers_itself_when_the_capture_never_will),
        TEST(sends_again_what_the_stack_did_not_take),
        TEST(respects_the_stacks_window),
        TEST(gives_up_at_last_and_says_why),
        TEST(notes_bytes_that_differ_from_the_capture),
        TEST(learns_the_port_of_a_stack_that_connects),
        TEST(refuses_streams_it_cannot_play),
        TEST(delivers_every_capture_in_both_parts),
        TEST(says_why_the_other_captures_cannot_be_played),
        TEST(gives_loopback_captures_addresses_for_a_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
