/* SPDX-License-Identifier: ISC */
/* The calls of the application, right and wrong ones, in any state. */
#include "support/wire_peer.h"

#include "support/random.h"

enum {
    MSS = PEER_MSS,
    RST_ACK = TCP_RST | TCP_ACK,
    FIN_ACK = TCP_FIN | TCP_ACK,
    SYN_ACK = TCP_SYN | TCP_ACK,
};

static const struct ms_tcp_events silent = { .on_open = NULL };

static struct ms_tcp_connect connect_to(const struct peer *w)
{
    return (struct ms_tcp_connect){
        .remote = { .addr = w->peer_addr, .port = PEER_PORT },
        .events = &silent,
    };
}

static enum ms_error try_connect(struct peer *w, const struct ms_tcp_connect *connect)
{
    struct ms_tcp *tcp = NULL;
    enum ms_error error = ms_tcp_connect(w->stack, connect, &tcp);

    assert_int_equal(tcp != NULL, error == MS_OK);
    return error;
}

static struct ms_addr addr_of(const struct peer *w, const char *ipv4, const char *ipv6)
{
    struct ms_addr addr;

    assert_int_equal(ms_addr_parse(&addr, w->is_ipv4 ? ipv4 : ipv6), MS_OK);
    return addr;
}

/* OPEN to a group or broadcast address is an error; so is one to nobody. */
/* proves: MUST-46 */
static void refuses_to_connect_to_nobody(void **state)
{
    static const char *const ipv4[] = { "0.0.0.0", "224.0.0.1", "239.255.255.250",
                                        "255.255.255.255", "10.0.0.255" };
    static const char *const ipv6[] = { "::", "ff02::1", "ff0e::1", "ff01::2", "ff05::3" };
    struct peer *w = peer_start(state);
    struct ms_tcp_connect connect = connect_to(w);

    for (unsigned i = 0; i < MS_ARRAY_LEN(ipv4); i++) {
        connect.remote.addr = addr_of(w, ipv4[i], ipv6[i]);
        assert_int_equal(try_connect(w, &connect), MS_ERROR_INVALID);
    }
    connect = connect_to(w);
    connect.remote.port = 0;
    assert_int_equal(try_connect(w, &connect), MS_ERROR_INVALID);
    connect = connect_to(w);
    connect.events = NULL;
    assert_int_equal(try_connect(w, &connect), MS_ERROR_INVALID);
    QUIET(w, SECOND);
    assert_int_equal(COUNT(w, tcp_active_opens), 0);
}

/* RFC 9293 3.10.1: an error at once, where it is known at once. */
static void says_when_there_is_no_way_to_connect(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_tcp_connect connect = connect_to(w);

    connect.remote.addr = addr_of(w, "192.0.2.1", "2001:db8:1::1");
    assert_int_equal(try_connect(w, &connect), MS_ERROR_NO_ROUTE);
    connect = connect_to(w);
    connect.local.addr = addr_of(w, "10.0.0.77", "2001:db8::77"); /* not ours */
    assert_int_equal(try_connect(w, &connect), MS_ERROR_NO_ADDRESS);
    connect.local.addr = addr_of(w, "2001:db8::1", "10.0.0.1"); /* of the other family */
    assert_int_equal(try_connect(w, &connect), MS_ERROR_INVALID);
    connect.remote.addr = addr_of(w, "127.0.0.1", "::1");
    assert_int_equal(try_connect(w, &connect), MS_ERROR_INVALID);
    QUIET(w, SECOND);
}

/* The application may name its address; else the IP layer does. */
/* proves: MUST-43, MUST-44 */
static void connects_from_the_address_named(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_addr second = addr_of(w, "10.0.0.5", "2001:db8::5");
    struct ms_tcp_connect connect = connect_to(w);
    uint32_t at = w->is_ipv4 ? 12 : 8, from = w->is_ipv4 ? 12 : 0, len = w->is_ipv4 ? 4 : 16;

    assert_int_equal(ms_netif_add_addr(w->netif, &second, w->is_ipv4 ? 24 : 64, false), MS_OK);
    peer_settle(w);
    w->flow->stack_port = 0;
    connect.local.addr = second;
    connect.local.port = 1234;
    assert_int_equal(try_connect(w, &connect), MS_OK);
    peer_settle(w);
    assert_memory_equal(EXPECT(w, .flags = TCP_SYN, .seq = 0)->bytes + at, second.bytes + from,
                        len);
    assert_int_equal(w->flow->stack_port, 1234);
    peer_flow(w, 4001);
    peer_connect(w);
    assert_memory_equal(EXPECT(w, .flags = TCP_SYN, .seq = 0)->bytes + at,
                        w->stack_addr.bytes + from, len);
}

/* RFC 9293 3.10.1: "connection already exists": all four parts are the same. */
static void refuses_to_connect_twice(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_tcp_connect connect = connect_to(w);

    connect.local.port = 1234;
    assert_int_equal(try_connect(w, &connect), MS_OK);
    assert_int_equal(try_connect(w, &connect), MS_ERROR_IN_USE);
    connect.remote.port++;
    assert_int_equal(try_connect(w, &connect), MS_OK);
    connect.local.port++;
    connect.remote.port--;
    assert_int_equal(try_connect(w, &connect), MS_OK);
    peer_settle(w);
    peer_discard(w);
    assert_int_equal(COUNT(w, tcp_active_opens), 3);
}

/* What lingers in TIME-WAIT exists, and for two MSL. */
/* proves: MUST-13, F07 */
static void refuses_to_connect_over_time_wait(void **state)
{
    struct peer *w = PASSIVE(state);
    struct ms_tcp_connect connect = connect_to(w);

    connect.local.port = STACK_PORT;
    assert_int_equal(try_connect(w, &connect), MS_ERROR_IN_USE);
    app_close(w->app);
    SEND(w, .flags = FIN_ACK);
    assert_int_equal(w->app->why, MS_OK);
    assert_int_equal(try_connect(w, &connect), MS_ERROR_IN_USE);
    peer_run(w, 2ull * w->config.tcp_msl_us + SECOND);
    peer_discard(w);
    assert_int_equal(try_connect(w, &connect), MS_OK);
    peer_settle(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0);
}

/* ms_tcp_connect(), ms_tcp_send() and the others send nothing: ms_poll() does, at once. */
static void sends_nothing_before_the_poll(void **state)
{
    struct peer *w = PASSIVE(state);
    struct ms_tcp_connect connect = connect_to(w);

    connect.local.port = 1234;
    assert_true(ms_next_deadline(w->stack) > w->now_us);
    assert_int_equal(try_connect(w, &connect), MS_OK);
    assert_int_equal(app_lend(w->app, 400), MS_OK);
    assert_int_equal(app_lend(w->app, 400), MS_OK);
    ms_tcp_close(w->app->tcp);
    assert_int_equal(w->heard_next, w->heard_count);
    assert_true(ms_next_deadline(w->stack) <= w->now_us);
    ms_poll(w->stack, w->now_us);
    assert_int_equal(w->heard_count - w->heard_next, 2);
    peer_discard(w);
}

/* RFC 9293 3.5: a connection to oneself is a simultaneous open; it harms nobody (T42). */
/* proves: T42 */
static void survives_a_connection_to_itself(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_tcp_connect connect = connect_to(w);
    struct ms_tcp *tcp;
    enum ms_error error;

    connect.remote.addr = connect.local.addr = w->stack_addr;
    connect.local.port = PEER_PORT;
    error = ms_tcp_connect(w->stack, &connect, &tcp);
    peer_run(w, 10 * SECOND);
    if (error == MS_OK)
        ms_tcp_abort(tcp);
    QUIET(w, 10 * SECOND);
    assert_int_equal(COUNT(w, tcp_current_established), 0);
}

/* RFC 9293 3.10.2: SEND: what makes no sense is refused, and nothing is taken. */
static void refuses_what_cannot_be_sent(void **state)
{
    static uint8_t bytes[70000];
    struct peer *w = PASSIVE(state, .window = 0);
    struct ms_buf empty = { .data = bytes,
                            .release = (void (*)(struct ms_buf *))(void (*)(void))abort };
    struct ms_buf huge = empty, more = empty;

    assert_int_equal(ms_tcp_send(w->app->tcp, &empty), MS_ERROR_INVALID);
    huge.len = UINT32_MAX;
    assert_int_equal(ms_tcp_send(w->app->tcp, &huge), MS_ERROR_TOO_LONG);
    assert_int_equal(app_info(w->app).queued_bytes, 0);
    assert_int_equal(app_lend(w->app, 10), MS_OK);
    more.len = UINT32_MAX - 10;
    assert_int_equal(ms_tcp_send(w->app->tcp, &more), MS_ERROR_TOO_LONG);
    assert_int_equal(app_info(w->app).queued_bytes, 10);
    peer_settle(w);
    SEND(w, .ack = 1);
    EXPECT(w, .seq = 1, .len = 10);
    SEND(w, .ack = 11);
    assert_int_equal(w->app->released, 1);
}

static unsigned released_whole;

static void count_release(struct ms_buf *buf)
{
    (void)buf;
    released_whole++;
}

/* Sequence numbers compare within half of their space: no more than that is ever queued. */
static void queues_no_more_than_numbers_can_tell_apart(void **state)
{
    static uint8_t bytes[70000];
    struct ms_buf bufs[8];
    struct peer *w = PASSIVE(state, .window = 0);
    unsigned taken = 0;

    released_whole = 0;
    for (unsigned i = 0; i < MS_ARRAY_LEN(bufs); i++) {
        bufs[i] = (struct ms_buf){ .data = bytes, .len = 1u << 29, .release = count_release };
        if (ms_tcp_send(w->app->tcp, &bufs[i]) == MS_OK)
            taken++;
    }
    assert_in_range(taken, 1, 3); /* less than 2^31 in all */
    assert_int_equal(app_info(w->app).queued_bytes, taken << 29);
    assert_int_equal(released_whole, 0);
    app_abort(w->app);
    assert_int_equal(released_whole, taken);
    peer_discard(w);
}

/* RFC 9293 3.10.2: SEND after CLOSE: "connection closing"; the peer's FIN hinders nobody. */
static void sends_until_it_closes_itself(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .flags = FIN_ACK);
    EXPECT_WITHIN(w, SECOND, .ack = 2);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSE_WAIT);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    EXPECT(w, .seq = 1, .len = 100, .ack = 2);
    SEND(w, .ack = 101);
    app_close(w->app);
    EXPECT(w, .flags = FIN_ACK, .seq = 101, .ack = 2);
    assert_int_equal(app_send(w->app, 100), MS_ERROR_STATE);
    assert_int_equal(ms_tcp_mark_urgent(w->app->tcp), MS_ERROR_STATE);
    QUIET(w, 0);
    SEND(w, .ack = 102);
    assert_int_equal(w->app->why, MS_OK);
}

/* The same before it is established: CLOSE waits for what is queued, and no more is. */
static void sends_no_more_once_it_will_close(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);

    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    assert_int_equal(app_send(app, 100), MS_OK);
    app_close(app);
    assert_int_equal(app_send(app, 100), MS_ERROR_STATE);
    SEND(w, .flags = TCP_SYN, .seq = 0); /* SYN-RECEIVED */
    EXPECT(w, .flags = SYN_ACK, .seq = 0, .ack = 1);
    assert_int_equal(app_send(app, 100), MS_ERROR_STATE);
    SEND(w, .ack = 1);
    EXPECT(w, .flags = FIN_ACK, .seq = 1, .len = 100);
}

/* RFC 9293 3.10.4, 3.6: CLOSE says "I have no more to send": receiving goes on. */
static void receives_after_it_closed(void **state)
{
    struct peer *w = PASSIVE(state);

    app_close(w->app);
    EXPECT(w, .flags = FIN_ACK, .seq = 1, .ack = 1);
    SEND(w, .ack = 1, .len = 500); /* FIN-WAIT-1 */
    SEND(w, .ack = 2, .len = 500); /* FIN-WAIT-2 */
    EXPECT(w, .seq = 2, .ack = 1001);
    assert_int_equal(w->app->received, 1000);
    assert_int_equal(app_state(w->app), MS_TCP_FIN_WAIT_2);
    peer_run(w, 30 * SECOND);
    SEND(w, .len = 500, .flags = FIN_ACK);
    EXPECT(w, .seq = 2, .ack = 1502);
    assert_int_equal(w->app->received, 1500);
    assert_int_equal(w->app->eofs, 1);
    assert_int_equal(w->app->why, MS_OK);
}

/* RFC 9293 3.10.4: CLOSE again, in any state: there is one FIN. */
static void closes_only_once(void **state)
{
    struct peer *w = PASSIVE(state);

    app_close(w->app);
    app_close(w->app);
    EXPECT(w, .flags = FIN_ACK, .seq = 1);
    SEND(w, .ack = 2);
    app_close(w->app);
    QUIET(w, SECOND);
    SEND(w, .flags = FIN_ACK);
    EXPECT(w, .seq = 2, .ack = 2);
    assert_int_equal(w->app->closed, 1);
    peer_flow(w, 4001);
    peer_open(w, OFFER());
    SEND(w, .flags = FIN_ACK);
    EXPECT(w, .seq = 1, .ack = 2);
    app_close(&w->apps[1]); /* CLOSE-WAIT */
    app_close(&w->apps[1]); /* LAST-ACK */
    EXPECT(w, .flags = FIN_ACK, .seq = 1, .ack = 2);
    QUIET(w, 100 * MS);
}

/* RFC 9293 3.10.5: ABORT: <SEQ=SND.NXT><CTL=RST>, what is queued is flushed. At the poll. */
/* proves: MUST-12 */
static void aborts_with_a_reset(void **state)
{
    struct peer *w = PASSIVE(state, .window = 3 * MSS);

    assert_int_equal(app_send(w->app, 5 * MSS), MS_OK);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    assert_int_equal(peer_discard(w), 3);
    ms_tcp_abort(w->app->tcp);
    assert_int_equal(w->app->closed, 0);
    assert_int_equal(app_state(w->app), MS_TCP_CLOSED);
    ms_tcp_abort(w->app->tcp); /* again, or close: nothing more */
    ms_tcp_close(w->app->tcp);
    peer_settle(w);
    EXPECT(w, .flags = RST_ACK, .seq = 1 + 3 * MSS, .ack = 1);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_ABORTED);
    assert_int_equal(w->app->released, 2);
    QUIET(w, 100 * SECOND);
    assert_int_equal(COUNT(w, tcp_out_resets), 1);
    assert_int_equal(COUNT(w, tcp_established_resets), 1);
    SEND(w, .ack = 1 + MSS); /* the connection is no more */
    EXPECT(w, .flags = TCP_RST, .seq = 1 + MSS);
}

/* RFC 5961 3.2: SND.NXT is behind the probe then, and the peer would not believe it. */
static void aborts_behind_a_closed_window_where_the_peer_is(void **state)
{
    struct peer *w = PASSIVE(state);

    SEND(w, .seq = 1, .ack = 1, .window = 0);
    assert_int_equal(app_send(w->app, 100), MS_OK);
    peer_run(w, 10 * SECOND);
    assert_true(peer_discard(w) > 1);
    app_abort(w->app);
    EXPECT(w, .flags = RST_ACK, .seq = 1, .ack = 1);
}

/* The same in the other states for which 3.10.5 asks for a RST. */
static void aborts_with_a_reset_in_any_state(void **state)
{
    struct peer *w = peer_start(state);
    struct app *app = peer_connect(w);

    peer_listen(w, 0);
    SEND(w, .flags = TCP_SYN, .seq = 0); /* SYN-RECEIVED */
    peer_discard(w);
    app_abort(app);
    EXPECT(w, .flags = RST_ACK, .seq = 1, .ack = 1);
    peer_flow(w, 4001);
    app = peer_open(w, OFFER());
    SEND(w, .flags = FIN_ACK); /* CLOSE-WAIT */
    EXPECT(w, .seq = 1, .ack = 2);
    app_abort(app);
    EXPECT(w, .flags = RST_ACK, .seq = 1, .ack = 2);
    peer_flow(w, 4002);
    app = peer_open(w, OFFER());
    app_close(app); /* FIN-WAIT-1 */
    EXPECT(w, .flags = FIN_ACK, .seq = 1, .ack = 1);
    app_abort(app);
    EXPECT(w, .flags = RST_ACK, .seq = 2, .ack = 1);
    peer_flow(w, 4003);
    app = peer_open(w, OFFER());
    app_close(app);
    EXPECT(w, .flags = FIN_ACK, .seq = 1, .ack = 1);
    SEND(w, .ack = 2); /* FIN-WAIT-2 */
    app_abort(app);
    EXPECT(w, .flags = RST_ACK, .seq = 2, .ack = 1);
    QUIET(w, 100 * SECOND);
    for (unsigned i = 0; i < w->app_count; i++)
        assert_int_equal(w->apps[i].why, MS_ERROR_ABORTED);
}

/* RFC 9293 3.8.5: nothing urgent without text. */
static void marks_nothing_urgent_without_text(void **state)
{
    struct peer *w = PASSIVE(state);

    assert_int_equal(ms_tcp_mark_urgent(w->app->tcp), MS_ERROR_STATE);
    assert_int_equal(app_send(w->app, 10), MS_OK);
    SEND(w, .ack = 11);
    assert_int_equal(ms_tcp_mark_urgent(w->app->tcp), MS_ERROR_STATE);
    peer_discard(w);
    assert_int_equal(app_lend(w->app, 10), MS_OK);
    assert_int_equal(ms_tcp_mark_urgent(w->app->tcp), MS_OK);
    peer_settle(w);
    EXPECT(w, .flags = TCP_ACK | TCP_URG, .seq = 11, .len = 10, .urgent = 10);
}

/* Two handlers, one after the other: what ms_tcp_set_user() says holds for the next event. */
static unsigned counted_bytes;

static void count_bytes(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                        struct ms_frame *frame)
{
    (void)frame;
    assert_ptr_equal(user, &counted_bytes);
    assert_ptr_equal(ms_tcp_user(tcp), user);
    counted_bytes += slice->len;
    ms_tcp_consumed(tcp, slice->len);
}

static void count_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct app *app = &((struct peer *)user)->apps[0];

    assert_ptr_equal(app->tcp, tcp);
    app->closed++;
    app->why = why;
}

static void change_hands(struct app *app, enum app_event event)
{
    static const struct ms_tcp_events counting = { .on_data = count_bytes };

    assert_ptr_equal(ms_tcp_user(app->tcp), app);
    if (event == APP_DATA)
        ms_tcp_set_user(app->tcp, &counting, &counted_bytes);
}

static void may_change_hands(void **state)
{
    static const struct ms_tcp_events closing = { .on_close = count_close };
    struct peer *w = PASSIVE(state);

    counted_bytes = 0;
    w->app->hook = change_hands;
    SEND(w, .len = 100);
    SEND(w, .len = 200);
    assert_int_equal(w->app->received, 100);
    assert_int_equal(counted_bytes, 200);
    ms_tcp_set_user(w->app->tcp, &closing, w);
    app_abort(w->app);
    assert_int_equal(w->app->closed, 1);
    assert_int_equal(w->app->why, MS_ERROR_ABORTED);
    peer_discard(w);
}

/* Every handler is optional: who says nothing of data has it consumed. */
static void does_without_any_handlers(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_tcp_connect connect = connect_to(w);
    const struct icmp_error soft = { .type = w->is_ipv4 ? 3 : 1, .seq = 0 };
    struct ms_tcp_info info;
    struct ms_tcp *tcp;

    w->flow->stack_port = 0;
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp), MS_OK);
    peer_settle(w);
    peer_icmp(w, &soft);
    SEND(w, .flags = SYN_ACK, .seq = 0, .ack = 1);
    for (unsigned i = 0; i < 200; i++)
        SEND(w, .flags = TCP_ACK | TCP_URG, .urgent = 10, .len = 1000);
    ms_tcp_info(tcp, &info);
    assert_int_equal(info.bytes_received, 200000);
    assert_true(info.recv_window_bytes >= 32768);
    SEND(w, .flags = FIN_ACK);
    ms_tcp_close(tcp);
    peer_settle(w);
    SEND(w, .ack = ANY);
    peer_discard(w);
    assert_int_equal(COUNT(w, tcp_current_established), 0);
}

/* Memory running out is a status of a call, or a drop: nobody is told of a connection that cannot
 * be, and there is one for the next who asks once another has ended. */
/* proves: Z01 */
static void running_out_of_connections_is_a_status(void **state)
{
    struct peer *w;
    struct ms_tcp_connect connect;
    struct app *first;

    peer_config(state)->tcp_connections = 1;
    w = peer_start(state);
    peer_listen(w, 0);
    first = peer_connect(w);
    EXPECT(w, .flags = TCP_SYN, .seq = 0);
    connect = connect_to(w);
    assert_int_equal(try_connect(w, &connect), MS_ERROR_NO_MEMORY);
    peer_flow(w, 4001);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = SYN_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1, .len = 100);
    assert_int_equal(w->app_count, 1);
    assert_drop(w, MS_DROP_TCP_NO_MEMORY, 1);
    QUIET(w, 100 * MS); /* not acknowledged: the peer sends it again */
    app_abort(first);
    assert_int_equal(first->closed, 1);
    SEND(w, .seq = 1, .ack = 1, .len = 100);
    assert_int_equal(w->app_count, 2);
    assert_int_equal(w->apps[1].received, 100);
    assert_int_equal(try_connect(w, &connect), MS_ERROR_NO_MEMORY);
    EXPECT_WITHIN(w, SECOND, .seq = 1, .ack = 101);
}

/* Anything, in any order. */

static enum ms_error random_call(struct app *app, struct dice *dice)
{
    uint32_t value = dice_below(dice, 4) ? dice_below(dice, 300) : (uint32_t)dice_u64(dice);
    enum ms_tcp_option option = (enum ms_tcp_option)dice_below(dice, MS_TCP_SOFT_ERRORS + 2);

    switch (dice_below(dice, 12)) {
    case 0: ms_tcp_close(app->tcp); return MS_OK;
    case 1:
        if (dice_below(dice, 4) == 0)
            ms_tcp_abort(app->tcp);
        return MS_OK;
    case 2: return ms_tcp_mark_urgent(app->tcp);
    case 3: return ms_tcp_set(app->tcp, option, value);
    case 4: ms_tcp_set_cc(app->tcp, &ms_cc_newreno); return MS_OK;
    default: return app_lend(app, 1 + dice_below(dice, 3000));
    }
}

static void random_segment(struct peer *w, struct dice *dice)
{
    uint32_t near = dice_below(dice, 4) ? 0 : dice_below(dice, 4000) - 2000;

    SEND(w, .flags = (uint8_t)(dice_below(dice, 5) ? TCP_ACK : dice_below(dice, 64)),
         .seq = w->flow->next + near, .ack = w->flow->heard_end - dice_below(dice, 3000),
         .len = dice_below(dice, 1200), .window = dice_below(dice, 65536),
         .urgent = (uint16_t)dice_below(dice, 65536));
}

static void random_open(struct peer *w, struct dice *dice)
{
    peer_flow(w, (uint16_t)(PEER_PORT + w->flow_count));
    if (dice_below(dice, 2)) {
        peer_send_syn(w, OFFER(.sack = true, .timestamps = true));
        SEND(w, .ack = 1);
    } else {
        peer_connect(w);
        if (dice_below(dice, 2))
            SEND(w, .flags = SYN_ACK, .seq = 0, .ack = 1);
    }
}

/* Random calls, segments and times: a status, never a fault. */
/* proves: T46 */
static void bears_random_calls_in_any_state(void **state)
{
    struct peer *w = peer_start(state);
    struct dice dice = { 4711 };

    peer_listen(w, 0);
    for (unsigned i = 0; i < 20000 && w->heard_count < PEER_FRAMES / 2; i++) {
        struct app *app = w->app_count ? &w->apps[w->app_count - 1] : NULL;

        peer_discard(w);
        if (!app || !app->tcp) {
            if (w->app_count == PEER_APPS - 1 || w->flow_count == PEER_FLOWS - 1)
                break;
            random_open(w, &dice);
            if (w->app_count)
                w->apps[w->app_count - 1].is_other_content = true;
            continue;
        }
        for (uint32_t calls = dice_below(&dice, 4); calls > 0; calls--)
            assert_in_range(random_call(app, &dice), MS_OK, MS_ERROR_COUNT - 1);
        if (dice_below(&dice, 3))
            random_segment(w, &dice);
        else
            peer_run(w, dice_below(&dice, 1 + (1u << dice_below(&dice, 22))));
    }
    peer_discard(w);
    assert_true(w->app_count > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(refuses_to_connect_to_nobody),
        OVER_BOTH(says_when_there_is_no_way_to_connect),
        OVER_BOTH(connects_from_the_address_named),
        OVER_BOTH(refuses_to_connect_twice),
        OVER_BOTH(refuses_to_connect_over_time_wait),
        OVER_BOTH(sends_nothing_before_the_poll),
        OVER_BOTH(survives_a_connection_to_itself),
        OVER_BOTH(refuses_what_cannot_be_sent),
        OVER_BOTH(queues_no_more_than_numbers_can_tell_apart),
        OVER_BOTH(sends_until_it_closes_itself),
        OVER_BOTH(sends_no_more_once_it_will_close),
        OVER_BOTH(receives_after_it_closed),
        OVER_BOTH(closes_only_once),
        OVER_BOTH(aborts_with_a_reset),
        OVER_BOTH(aborts_behind_a_closed_window_where_the_peer_is),
        OVER_BOTH(aborts_with_a_reset_in_any_state),
        OVER_BOTH(marks_nothing_urgent_without_text),
        OVER_BOTH(may_change_hands),
        OVER_BOTH(does_without_any_handlers),
        OVER_BOTH(running_out_of_connections_is_a_status),
        OVER_BOTH(bears_random_calls_in_any_state),
    };

    return cmocka_run_group_tests_name("tcp/tcp", tests, NULL, NULL);
}
