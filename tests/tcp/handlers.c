/* SPDX-License-Identifier: ISC */
/* What the handlers of a connection may do, each of them. */
#include "support/wire_peer.h"

enum {
    RST_ACK = TCP_RST | TCP_ACK,
    FIN_ACK = TCP_FIN | TCP_ACK,
    SYN_ACK = TCP_SYN | TCP_ACK,
};

/* What each handler of one application does when its event comes. */

static enum app_event act_at;
static void (*act)(struct app *app);
static unsigned acts, told_after;

static void act_once(struct app *app, enum app_event event)
{
    told_after += acts > 0 && event != APP_CLOSE;
    if (event != act_at || acts > 0)
        return;
    acts++;
    act(app);
}

/* A conversation in which everything happens that can happen to one. */
static void converse(struct peer *w, bool is_batching)
{
    struct app *app = &w->apps[w->app_count];
    const struct icmp_error soft = { .type = w->is_ipv4 ? 3 : 1, .seq = 1 };

    app->hook = act_once;
    if (act_at == APP_OPEN) {
        peer_connect(w);
        SEND(w, .flags = SYN_ACK, .seq = 0, .ack = 1, .len = 10);
    } else {
        peer_send_syn(w, OFFER());
        SEND(w, .seq = 1, .ack = 1, .len = 10);
    }
    if (app->tcp)
        (void)app_send(app, 100);
    w->is_batching = is_batching;
    peer_icmp(w, &soft);
    SEND(w, .ack = 1, .len = 10, .flags = TCP_ACK | TCP_URG, .urgent = 5);
    SEND(w, .ack = 1, .seq = 31, .len = 10);
    SEND(w, .ack = 1, .seq = 21, .len = 10);
    SEND(w, .ack = 1, .flags = FIN_ACK);
    peer_deliver(w);
    if (app->tcp)
        app_close(app);
    for (unsigned i = 0; i < 3; i++) {
        SEND(w, .ack = ANY);
        peer_run(w, SECOND);
    }
    peer_discard(w);
    assert_int_equal(acts, 1);
    assert_int_equal(app->closed, 1);
}

/* One action in each handler, segment by segment and all of them at once. */
static void in_each_handler(void **state, void (*action)(struct app *), enum ms_error why)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    act = action;
    for (unsigned i = 0; i < 2 * (APP_SOFT_ERROR + 1); i++) {
        act_at = (enum app_event)(i / 2);
        acts = told_after = 0;
        peer_flow(w, (uint16_t)(PEER_PORT + i));
        converse(w, i % 2);
        if (act_at != APP_CLOSE)
            assert_int_equal(w->apps[w->app_count - 1].why, why);
        if (act_at != APP_CLOSE && why != MS_OK)
            assert_int_equal(told_after, 0);
    }
}

static void act_abort(struct app *app) { ms_tcp_abort(app->tcp); }

static void act_close(struct app *app) { ms_tcp_close(app->tcp); }

static void act_close_and_abort(struct app *app)
{
    ms_tcp_close(app->tcp);
    ms_tcp_abort(app->tcp);
    ms_tcp_close(app->tcp);
}

static void act_send(struct app *app)
{
    enum ms_error error = app_lend(app, 3000);

    assert_int_equal(error, act_at == APP_CLOSE ? MS_ERROR_STATE : MS_OK);
}

static void act_send_and_close(struct app *app)
{
    act_send(app);
    ms_tcp_close(app->tcp);
}

/* RFC 9293 3.10.5, from inside: nothing is told after it but the end. */
/* proves: T47 */
static void each_handler_may_abort(void **state)
{
    in_each_handler(state, act_abort, MS_ERROR_ABORTED);
}

/* proves: T47 */
static void each_handler_may_close(void **state) { in_each_handler(state, act_close, MS_OK); }

/* proves: T47 */
static void each_handler_may_close_and_abort(void **state)
{
    in_each_handler(state, act_close_and_abort, MS_ERROR_ABORTED);
}

/* proves: T47 */
static void each_handler_may_send(void **state) { in_each_handler(state, act_send, MS_OK); }

/* proves: T47 */
static void each_handler_may_send_and_close(void **state)
{
    in_each_handler(state, act_send_and_close, MS_OK);
}

static void act_remove_addr(struct app *app)
{
    assert_int_equal(ms_netif_remove_addr(app->peer->netif, &app->peer->stack_addr), MS_OK);
}

static void act_detach(struct app *app) { ms_netif_detach(app->peer->netif); }

/* The address or the interface goes, and the rest of the frames are still to come.
 * The connection ends, whatever had been told of it. */
static void expect_to_end_in(void **state, enum app_event event, void (*action)(struct app *))
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    act = action;
    act_at = event;
    acts = told_after = 0;
    converse(w, true);
    if (event != APP_CLOSE)
        assert_int_equal(w->app->why, MS_ERROR_INTERFACE_GONE);
    if (action == act_detach)
        assert_int_equal(ms_netif_attach(w->stack, &w->driver, &w->netif), MS_OK);
}

/* The same world cannot do it twice, so each event has a test. */
/* proves: T47, Z11 */
static void the_address_may_go_on_accept(void **state)
{
    expect_to_end_in(state, APP_ACCEPT, act_remove_addr);
}

/* proves: T47, Z11 */
static void the_address_may_go_on_open(void **state)
{
    expect_to_end_in(state, APP_OPEN, act_remove_addr);
}

/* proves: T47, Z11 */
static void the_address_may_go_on_data(void **state)
{
    expect_to_end_in(state, APP_DATA, act_remove_addr);
}

/* proves: T47, Z11 */
static void the_interface_may_go_on_data(void **state)
{
    expect_to_end_in(state, APP_DATA, act_detach);
}

/* proves: T47, Z11 */
static void the_interface_may_go_on_accept(void **state)
{
    expect_to_end_in(state, APP_ACCEPT, act_detach);
}

/* proves: T47, Z11 */
static void the_interface_may_go_on_eof(void **state)
{
    expect_to_end_in(state, APP_EOF, act_detach);
}

static void unlisten_on_accept(struct app *app, enum app_event event)
{
    if (event == APP_ACCEPT)
        ms_tcp_unlisten(app->peer->listener);
}

/* Accepting one and no more: the listener goes, the connection lives. */
/* proves: T47 */
static void accept_may_close_its_listener(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    w->app->hook = unlisten_on_accept;
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = SYN_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1, .len = 100);
    assert_int_equal(w->app->received, 100);
    peer_flow(w, 4001);
    peer_discard(w);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = RST_ACK, .seq = 0, .ack = 1);
}

static void open_others_on_data(struct app *app, enum app_event event)
{
    static const struct ms_tcp_events silent = { .on_open = NULL };
    struct peer *w = app->peer;
    const struct ms_tcp_connect connect = {
        .remote = { .addr = w->peer_addr, .port = PEER_PORT },
        .local.port = 1234,
        .events = &silent,
    };
    struct ms_tcp *tcp;

    if (event != APP_DATA)
        return;
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp), MS_OK);
    assert_int_equal(ms_tcp_set(tcp, MS_TCP_NO_DELAY, 1), MS_OK);
    assert_int_equal(ms_tcp_connect(w->stack, &connect, &tcp), MS_ERROR_IN_USE);
    ms_tcp_unlisten(w->listener);
    peer_listen(w, 0);
}

/* Any other call may be made from a handler, too: about other connections, and listeners. */
/* proves: T47 */
static void handlers_may_open_others(void **state)
{
    struct peer *w = PASSIVE(state);

    w->app->hook = open_others_on_data;
    SEND(w, .len = 100);
    assert_int_equal(COUNT(w, tcp_active_opens), 1);
    peer_discard(w);
    peer_flow(w, 4001);
    peer_open(w, OFFER());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(each_handler_may_abort),           OVER_BOTH(each_handler_may_close),
        OVER_BOTH(each_handler_may_close_and_abort), OVER_BOTH(each_handler_may_send),
        OVER_BOTH(each_handler_may_send_and_close),  OVER_BOTH(the_address_may_go_on_accept),
        OVER_BOTH(the_address_may_go_on_open),       OVER_BOTH(the_address_may_go_on_data),
        OVER_BOTH(the_interface_may_go_on_data),     OVER_BOTH(the_interface_may_go_on_accept),
        OVER_BOTH(the_interface_may_go_on_eof),      OVER_BOTH(accept_may_close_its_listener),
        OVER_BOTH(handlers_may_open_others),
    };

    return cmocka_run_group_tests_name("tcp/handlers", tests, NULL, NULL);
}
