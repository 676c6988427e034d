/* SPDX-License-Identifier: ISC */
/* The state diagram of RFC 9293, 3.3.2, as a table. */
#ifndef TCP_STATE_H
#define TCP_STATE_H

#include "mstack/tcp.h"

enum tcp_event {
    TCP_EVENT_ACTIVE_OPEN,  /* OPEN: SYN is sent */
    TCP_EVENT_PASSIVE_OPEN, /* SYN was answered, and its ACK came */
    TCP_EVENT_SYN,          /* SYN in SYN-SENT, without ACK */
    TCP_EVENT_SYN_ACK,      /* SYN in SYN-SENT with an acceptable ACK; ACK of our SYN */
    TCP_EVENT_CLOSE,        /* CLOSE: FIN follows the last byte */
    TCP_EVENT_FIN,          /* the peer's FIN, all before it received */
    TCP_EVENT_FIN_ACKED,
    TCP_EVENT_END, /* reset, abort, timeout, or nothing left to wait for */
    TCP_EVENT_COUNT
};

/* The state after an event; the same state if the diagram has no arrow. */
enum ms_tcp_state ms_tcp_state_next(enum ms_tcp_state state, enum tcp_event event);

#endif
