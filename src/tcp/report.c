/* SPDX-License-Identifier: ISC */
/* ICMP errors about our segments (RFC 9293, 3.9.2.2; RFC 5927): checked, then believed a little. */
#include "tcp/tcp.h"

#include "tcp/verbs.h"

enum { IPV4_TCP_MTU_MIN = 576 };

/* RFC 1191, 6.1 and RFC 8201: smaller segments from now on, and what was too big goes again. */
static void lower_mtu(struct ms_tcp *c, const struct icmp_report *report)
{
    uint32_t least = addr_is_ipv4(&report->flow.remote) ? IPV4_TCP_MTU_MIN : IPV6_MTU_MIN;
    uint32_t mtu = max_u32(report->mtu, least);

    if (mtu >= c->path.mtu)
        return;
    ms_ip_lower_mtu(c->stack, &c->entry.flow.remote, mtu);
    c->path.mtu = (uint16_t)mtu;
    ms_conn_set_mss(c);
    if (conn_outstanding(c) > 0 && !(c->flags & CONN_SACK))
        c->flight.sacked_bytes = 0;
    (void)ms_flight_lose_all(&c->flight); /* no congestion: the window stays as it is */
    ms_conn_pend(c, DUE_OUTPUT | DUE_RETRANSMIT);
}

static void tell_softly(struct ms_tcp *c)
{
    if (!(c->flags & CONN_NO_SOFT_ERRORS) && c->events && c->events->on_soft_error)
        c->events->on_soft_error(c, c->user, MS_ERROR_UNREACHABLE);
}

void ms_tcp_report(struct ms_stack *stack, const struct icmp_report *report)
{
    uint32_t seq, number = ms_flow_table_look_up(&stack->tcp->table, &report->flow);
    bool is_opening;
    struct ms_tcp *c;

    if (!number_is_connection(stack->tcp, number) || report->quote.len < 8)
        return;
    c = conn_at(stack->tcp, number);
    seq = load_be32(report->quote.data + 4);
    /* RFC 5927, 4.1: only about what is in flight now. */
    if (c->state == MS_TCP_CLOSED || !seq_ge(seq, c->send_unacked) || !seq_lt(seq, c->send_next))
        return;
    is_opening = c->state == MS_TCP_SYN_SENT || c->state == MS_TCP_SYN_RECEIVED;
    if (report->kind == ICMP_TOO_BIG)
        lower_mtu(c, report);
    else if (report->kind == ICMP_HARD && is_opening) /* RFC 5927, 5.2: hard only while opening */
        ms_conn_end(c, MS_ERROR_UNREACHABLE);
    else
        tell_softly(c);
}
