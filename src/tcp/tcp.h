/* SPDX-License-Identifier: ISC */
/* What the stack may call of TCP. */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include "core/packet.h"
#include "ip/icmp.h"

/* Sizes and builds the floor's state. Called once to measure, once to build. */
void ms_tcp_init(struct ms_stack *stack, struct arena *arena);
/* A whole frame: takes it over if it is what header prediction expects; else nothing was done. */
bool ms_tcp_predicted_input(struct ms_netif *netif, struct ms_frame *frame);
/* A segment arrives: p is at its header. */
enum ms_drop ms_tcp_input(struct packet *p);
/* An ICMP error about a segment of ours, or of nobody's. */
void ms_tcp_report(struct ms_stack *stack, const struct icmp_report *report);
/* Timers of the three kinds. */
void ms_tcp_expired(struct timer *timer);
void ms_tcp_syn_expired(struct ms_stack *stack, struct timer *timer);
void ms_tcp_time_wait_expired(struct ms_stack *stack, struct timer *timer);
/* Sends all that is due, and buries the dead. */
void ms_tcp_flush(struct ms_stack *stack);
/* What still waits to be sent after a flush. */
enum tcp_pending {
    TCP_PENDING_NONE,    /* or only what an ACK or a timer will set free */
    TCP_PENDING_BLOCKED, /* for room in a device */
    TCP_PENDING_READY,
};
enum tcp_pending ms_tcp_pending(const struct ms_stack *stack);
/* Addresses of ours have gone: their connections end. */
void ms_tcp_check_addresses(struct ms_stack *stack);
/* New keys for what is opened from now on. */
void ms_tcp_rekey(struct ms_stack *stack);

#endif
