/* SPDX-License-Identifier: ISC */
/* Listeners: who may be heard, who is accepted, and what becomes of a listener closed. */
#include "support/wire_peer.h"

/* The MSS offered is the MTU without fixed headers. */
/* proves: MUST-4, MUST-14, MUST-67, SHLD-5 */
static void opens_passively(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    SEND(w, .flags = TCP_SYN, .seq = 0, .mss = 1000);
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .mss = w->mss_max);
    assert_int_equal(w->app_count, 0);
    SEND(w, .seq = 1, .ack = 1);
    QUIET(w, SECOND);
    assert_int_equal(w->app->accepted, 1);
    assert_int_equal(app_state(w->app), MS_TCP_ESTABLISHED);
    assert_int_equal(COUNT(w, tcp_passive_opens), 1);
    assert_int_equal(COUNT(w, tcp_current_established), 1);
}

/* RFC 9293 3.10.7.2: data may complete the handshake, and is delivered after accept. */
static void accepts_data_with_the_last_ack(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1, .len = 10);
    assert_int_equal(w->app->accepted, 1);
    assert_int_equal(w->app->received, 10);
    EXPECT_WITHIN(w, SECOND / 2, .seq = 1, .ack = 11);
}

/* A listener's refusal is a RST. */
static void resets_what_nobody_accepts(void **state)
{
    struct peer *w = peer_start(state);

    w->accepts_nobody = true;
    peer_listen(w, 0);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1);
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 1);
    QUIET(w, SECOND);
    assert_int_equal(COUNT(w, tcp_current_established), 0);
    /* The block is free again: another one is accepted. */
    w->accepts_nobody = false;
    peer_flow(w, 4001);
    peer_open(w, OFFER());
}

/* RFC 9293 3.10.7.2: a RST to a listener is ignored, an ACK is answered with a RST. */
static void listener_ignores_reset_and_resets_ack(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    w->flow->has_stack_isn = true;
    SEND(w, .flags = TCP_RST, .seq = 0);
    SEND(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 5);
    QUIET(w, SECOND);
    SEND(w, .seq = 1, .ack = 77);
    EXPECT(w, .flags = TCP_RST, .seq = 77);
    SEND(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 78);
    EXPECT(w, .flags = TCP_RST, .seq = 78);
    QUIET(w, SECOND);
}

/* What has neither SYN, ACK nor RST is for no listener. */
static void listener_ignores_segment_without_ack(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    SEND(w, .flags = 0, .seq = 0, .len = 3);
    SEND(w, .flags = TCP_PSH | TCP_URG, .seq = 0, .len = 3);
    QUIET(w, SECOND);
    assert_int_equal(w->app_count, 0);
}

/* Listening goes on while connections of the port live. */
/* proves: MUST-41, MUST-42 */
static void listens_beside_its_connections(void **state)
{
    struct peer *w = PASSIVE(state);
    struct app *first = w->app, *second;

    peer_flow(w, 4001);
    second = peer_open(w, OFFER());
    peer_flow(w, 4002);
    peer_send_syn(w, OFFER()); /* stays half-open */
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    peer_flow(w, 4003);
    peer_open(w, OFFER());
    peer_flow(w, PEER_PORT);
    SEND(w, .len = 5);
    assert_int_equal(first->received, 5);
    assert_int_equal(second->received, 0);
}

/* ms_tcp_unlisten(): half-open connections are forgotten, accepted ones live on. */
static void unlisten_forgets_the_half_open_only(void **state)
{
    struct peer *w = PASSIVE(state);

    peer_flow(w, 4001);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    ms_tcp_unlisten(w->listener);
    peer_settle(w);
    peer_discard(w);
    QUIET(w, 10 * SECOND); /* no SYN-ACK is sent again */
    SEND(w, .seq = 1, .ack = 1);
    EXPECT(w, .flags = TCP_RST, .seq = 1);
    assert_int_equal(w->app_count, 1);
    peer_flow(w, PEER_PORT);
    SEND(w, .len = 5);
    assert_int_equal(w->app->received, 5);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 6);
    peer_flow(w, 4002);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 1);
}

static void listens_again_on_the_same_port(void **state)
{
    struct peer *w = PASSIVE(state);
    const struct ms_tcp_listen again = { .local.port = STACK_PORT,
                                         .accept = (ms_tcp_accept_fn *)(void (*)(void))abort };

    assert_int_equal(ms_tcp_listen(w->stack, &again, NULL), MS_ERROR_IN_USE);
    ms_tcp_unlisten(w->listener);
    peer_listen(w, 0);
    peer_flow(w, 4001);
    peer_open(w, OFFER());
}

/* A local address may be named; no group. */
/* proves: MUST-43 */
static void checks_the_local_address(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_tcp_listen listen = { .local.port = STACK_PORT,
                                    .accept = (ms_tcp_accept_fn *)(void (*)(void))abort };
    struct ms_addr group = ms_addr_ipv4(224, 0, 0, 1);

    if (!w->is_ipv4)
        assert_int_equal(ms_addr_parse(&group, "ff02::1"), MS_OK);
    listen.local.addr = group;
    assert_int_not_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_OK);
    listen.local.addr = w->stack_addr;
    listen.local.port = 0;
    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_ERROR_INVALID);
    listen.local.port = STACK_PORT;
    listen.accept = NULL;
    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_ERROR_INVALID);
}

/* A listener on one address does not hear of the others. */
/* proves: MUST-43 */
static void listens_on_one_address_only(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_tcp_listen listen = { .local = { .addr = w->peer_addr, .port = STACK_PORT },
                                    .accept = (ms_tcp_accept_fn *)(void (*)(void))abort };

    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_OK);
    peer_send_syn(w, OFFER());
    EXPECT(w, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 1);
    peer_listen(w, 0); /* the unspecified one beside it */
    peer_flow(w, 4001);
    peer_open(w, OFFER());
}

static void says_when_the_listeners_run_out(void **state)
{
    struct peer *w;
    struct ms_tcp_listen listen = { .local.port = 1000,
                                    .accept = (ms_tcp_accept_fn *)(void (*)(void))abort };
    struct ms_tcp_listener *last = NULL;

    peer_config(state)->tcp_listeners = 2;
    w = peer_start(state);
    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_OK);
    listen.local.port++;
    assert_int_equal(ms_tcp_listen(w->stack, &listen, &last), MS_OK);
    listen.local.port++;
    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_ERROR_NO_MEMORY);
    ms_tcp_unlisten(last);
    assert_int_equal(ms_tcp_listen(w->stack, &listen, NULL), MS_OK);
}

/* RFC 9293 3.10.7.2: text and FIN of a SYN are not processed before the handshake is done. */
/* proves: T34 */
static void queues_nothing_of_a_syn_with_data(void **state)
{
    struct peer *w = peer_start(state);

    peer_listen(w, 0);
    SEND(w, .flags = TCP_SYN, .seq = 0, .len = 10, .mss = 1000);
    EXPECT(w, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    SEND(w, .seq = 1, .ack = 1, .len = 10);
    assert_int_equal(w->app->received, 10);
    EXPECT_WITHIN(w, SECOND / 2, .ack = 11);
}

/* No answer to groups, nor to impossible sources. */
/* proves: MUST-57, MUST-63, T41 */
static void ignores_syns_to_groups_and_from_nobody(void **state)
{
    struct peer *w = peer_start(state);
    struct ms_addr group = ms_addr_ipv4(224, 0, 0, 1), all = ms_addr_ipv4(255, 255, 255, 255);
    struct ms_addr subnet = ms_addr_ipv4(10, 0, 0, 255), none = ms_addr_ipv4(0, 0, 0, 0);

    peer_listen(w, 0);
    if (!w->is_ipv4) {
        assert_int_equal(ms_addr_parse(&group, "ff02::1"), MS_OK);
        assert_int_equal(ms_addr_parse(&none, "::"), MS_OK);
        all = subnet = group;
    }
    SEND(w, .flags = TCP_SYN, .seq = 0, .to = &group);
    SEND(w, .flags = TCP_SYN, .seq = 0, .to = &all);
    SEND(w, .flags = TCP_SYN, .seq = 0, .to = &subnet);
    SEND(w, .flags = TCP_SYN, .seq = 0, .from = &group);
    SEND(w, .flags = TCP_SYN, .seq = 0, .from = &all);
    SEND(w, .flags = TCP_SYN, .seq = 0, .from = &subnet);
    SEND(w, .flags = TCP_SYN, .seq = 0, .from = &none);
    SEND(w, .flags = TCP_SYN, .seq = 0, .from = &w->stack_addr);
    QUIET(w, 5 * SECOND);
    assert_true(peer_drops(w, MS_DROP_TCP_BAD_ADDRESS) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(opens_passively),
        OVER_BOTH(accepts_data_with_the_last_ack),
        OVER_BOTH(resets_what_nobody_accepts),
        OVER_BOTH(listener_ignores_reset_and_resets_ack),
        OVER_BOTH(listener_ignores_segment_without_ack),
        OVER_BOTH(listens_beside_its_connections),
        OVER_BOTH(unlisten_forgets_the_half_open_only),
        OVER_BOTH(listens_again_on_the_same_port),
        OVER_BOTH(checks_the_local_address),
        OVER_BOTH(listens_on_one_address_only),
        OVER_IPV4(says_when_the_listeners_run_out),
        OVER_BOTH(queues_nothing_of_a_syn_with_data),
        OVER_BOTH(ignores_syns_to_groups_and_from_nobody),
    };

    return cmocka_run_group_tests_name("tcp/listen", tests, NULL, NULL);
}
