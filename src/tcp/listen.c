/* SPDX-License-Identifier: ISC */
/* Listeners: made, closed, and what a segment meets there (RFC 9293, 3.10.7.2). */
#include "tcp/verbs.h"

static bool is_taken(const struct tcp_floor *floor, const struct ms_endpoint *local)
{
    const struct ms_tcp_listener *other = floor->listener_buckets[local->port % LISTENER_BUCKETS];

    while (other && !(other->local.port == local->port && other->local.netif == local->netif &&
                      addr_equal(&other->local.addr, &local->addr)))
        other = other->next;
    return other != NULL;
}

enum ms_error ms_tcp_listen(struct ms_stack *stack, const struct ms_tcp_listen *listen,
                            struct ms_tcp_listener **listener)
{
    struct tcp_floor *floor = stack->tcp;
    struct ms_tcp_listener **bucket =
        &floor->listener_buckets[listen->local.port % LISTENER_BUCKETS];
    struct ms_tcp_listener *made;

    if (listen->local.port == 0 || !listen->accept || addr_is_multicast(&listen->local.addr))
        return MS_ERROR_INVALID;
    if (is_taken(floor, &listen->local))
        return MS_ERROR_IN_USE;
    made = ms_pool_get(&floor->listeners);
    if (!made)
        return MS_ERROR_NO_MEMORY;
    *made = (struct ms_tcp_listener){
        .next = *bucket,
        .stack = stack,
        .local = listen->local,
        .backlog = listen->backlog ? listen->backlog : UINT32_MAX,
        .accept = listen->accept,
        .user = listen->user,
    };
    *bucket = made;
    ms_syn_recount(stack);
    if (listener)
        *listener = made;
    return MS_OK;
}

void ms_tcp_unlisten(struct ms_tcp_listener *listener)
{
    struct tcp_floor *floor = listener->stack->tcp;
    struct ms_tcp_listener **link =
        &floor->listener_buckets[listener->local.port % LISTENER_BUCKETS];

    ms_syn_forget(listener->stack, listener);
    while (*link != listener)
        link = &(*link)->next;
    *link = listener->next;
    ms_pool_put(&floor->listeners, listener);
}

enum ms_drop ms_listen_hand_over(struct ms_tcp_listener *listener, struct ms_tcp *c,
                                 struct segment *s)
{
    c->events = listener->accept(c, listener->user, &c->user);
    if (!c->events) {
        ms_tcp_abort(c);
        return MS_DROP_NONE;
    }
    return c->state == MS_TCP_CLOSED ? MS_DROP_NONE : ms_segment_arrives(c, s);
}

enum ms_drop ms_listen_input(struct ms_tcp_listener *listener, struct segment *s)
{
    struct ms_stack *stack = listener->stack;

    if (s->flags & TCP_RST) /* first */
        return MS_DROP_TCP_NO_CONNECTION;
    if (s->flags & TCP_ACK) { /* second: nothing was sent from here, but perhaps a cookie */
        enum ms_drop drop = ms_cookie_input(listener, s);

        /* Text whose ACK with the cookie was lost: its sender begins again from the first byte. */
        if (drop == MS_DROP_TCP_NO_CONNECTION ||
            (drop == MS_DROP_TCP_BAD_COOKIE && s->payload_len == 0))
            ms_tcp_emit_reset(s);
        return drop;
    }
    if (!(s->flags & TCP_SYN)) /* fourth */
        return MS_DROP_TCP_BAD_FLAGS;
    if (listener->half_open < listener->backlog && !ms_pool_is_empty(&stack->tcp->syns))
        return ms_syn_add(listener, s);
    if (stack->config.tcp_syn_cookies)
        return ms_cookie_send(listener, s);
    stack->counters.tcp_listen_overflows++;
    return MS_DROP_TCP_LISTEN_OVERFLOW;
}
