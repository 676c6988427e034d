/* SPDX-License-Identifier: ISC */
/* The connection. Only verbs and phases look inside; nouns never do. */
#ifndef TCP_CONN_H
#define TCP_CONN_H

#include <stdalign.h>
#include <stddef.h>

#include "core/flow_table.h"
#include "ip/ip.h"
#include "mstack/tcp.h"
#include "tcp/flight.h"
#include "tcp/recv_queue.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"

/* What a connection has to send; output.c alone sends it. */
enum due {
    DUE_ACK = 1,    /* an acknowledgement, at once */
    DUE_OUTPUT = 2, /* SYN, data, FIN: whatever windows allow */
    DUE_PROBE = 4,  /* one byte into a closed window (RFC 9293, 3.8.6.1) */
    DUE_RESET = 8,  /* RST, then nothing more */
    DUE_KEEPALIVE = 16,
    DUE_RETRANSMIT = 32, /* one lost segment goes whatever the congestion window says */
};

enum conn_flag {
    CONN_TIMESTAMPS = 1 << 0,     /* both sides sent the option (RFC 7323) */
    CONN_SACK = 1 << 1,           /* the peer takes SACK blocks (RFC 2018) */
    CONN_NO_DELAY = 1 << 2,       /* Nagle's algorithm is off */
    CONN_CORK = 1 << 3,           /* full segments only */
    CONN_CLOSING = 1 << 4,        /* FIN follows the last byte queued */
    CONN_RECOVERY = 1 << 5,       /* fast recovery, until flight.recovery_end */
    CONN_LOSS = 1 << 6,           /* after a timeout, until flight.recovery_end */
    CONN_WINDOW_LIMITED = 1 << 7, /* the congestion window held data back */
    CONN_FIN_KNOWN = 1 << 8,      /* the peer's FIN is at fin_seq */
    CONN_URGENT_IN = 1 << 9,      /* recv_urgent lies ahead of recv_next */
    CONN_URGENT_OUT = 1 << 10,    /* send_urgent lies ahead of send_unacked */
    CONN_NO_SOFT_ERRORS = 1 << 11,
    CONN_PENDING = 1 << 12,     /* on the list of those with something due */
    CONN_WSCALE = 1 << 13,      /* both sides scale their windows */
    CONN_R1_REPORTED = 1 << 14, /* the application knows of this trouble */
    CONN_EOF_DELIVERED = 1 << 15,
};

enum conn_timer {
    CONN_TIMER_RETRANSMIT = 1, /* or probe a closed window, when nothing is in flight */
    CONN_TIMER_ACK = 2,
    CONN_TIMER_KEEPALIVE = 4,
};

/*
 * One connection, ordered by how often a data segment touches a field, one cache line a paragraph.
 * Sequence numbers are RFC 9293's: SND.UNA is send_unacked, and so on.
 */
struct ms_tcp {
    /* Looked at by every segment. */
    alignas(64) struct flow_entry entry;
    uint8_t state; /* enum ms_tcp_state; state.c writes it */
    uint8_t due;   /* enum due */
    uint8_t send_scale, recv_scale;
    uint32_t recv_next, recv_window_end;
    uint32_t send_unacked, send_next;
    uint16_t flags;    /* enum conn_flag */
    uint16_t send_mss; /* payload of a full segment, options taken off */

    /* An ACK moves these. */
    alignas(64) uint32_t send_window_end;
    uint32_t send_wl1; /* SEG.SEQ of the last window update; WL2 is implied by SND.UNA */
    uint32_t send_window_max;
    uint32_t ts_recent;
    uint32_t last_ack_sent;
    struct rtt rtt;
    struct flight flight;

    /* Deciding what to send. */
    alignas(64) struct send_queue send;
    struct ms_stack *stack;
    uint32_t pending_next;          /* number of the next connection with something due */
    uint32_t retransmit_us, ack_us; /* deadlines, the low bits */
    uint8_t duplicate_acks;
    uint8_t segments_to_ack;
    uint8_t backoffs; /* timeouts in a row */
    uint8_t timers;   /* enum conn_timer: the deadlines that count */

    alignas(64) struct ms_cc cc;
    struct path path;
    uint32_t ts_offset; /* our timestamps are milliseconds plus this, so that they tell no uptime */
    uint32_t unconsumed_bytes; /* delivered and not yet credited back */
    uint32_t recv_limit_bytes;
    uint32_t retransmitted_segments;

    /* Delivering. */
    alignas(64) const struct ms_tcp_events *events;
    void *user;
    struct recv_queue recv;
    struct timer timer; /* not later than the first deadline that counts */

    /* Seldom: opening, closing, trouble, idling. */
    alignas(64) uint64_t bytes_acked;
    uint64_t bytes_received;
    uint32_t segments_sent, segments_received;
    uint32_t fin_seq;
    uint32_t recv_urgent, send_urgent;
    uint32_t progress_ms; /* when unacknowledged data last moved, or became outstanding */
    uint32_t received_ms; /* when the peer last sent anything acceptable */
    uint16_t user_timeout_s;
    uint16_t keepalive_idle_s, keepalive_interval_s;
    uint8_t keepalive_probes_max, keepalive_probes;
    uint8_t hop_limit, traffic_class;
    uint8_t why; /* enum ms_error: what on_close will say */
    uint8_t timeouts;
    uint16_t peer_mss;
    uint16_t duplicates, out_of_order;
    uint16_t challenged; /* when the last challenge ACK left, in units of 16 ms */
};

_Static_assert(sizeof(struct ms_tcp) == 384 + MS_CC_STATE_BYTES,
               "a connection is six cache lines, and the controller's own one");
_Static_assert(offsetof(struct ms_tcp, send_window_end) == 64, "demultiplexing fits one line");
_Static_assert(offsetof(struct ms_tcp, send) == 128, "an ACK touches two lines");
_Static_assert(offsetof(struct ms_tcp, cc) == 192, "choosing a segment adds one");

/* Bytes and flags sent and not yet acknowledged. */
static inline uint32_t conn_outstanding(const struct ms_tcp *c)
{
    return c->send_next - c->send_unacked;
}

/* Whether FIN has been sent: it takes the sequence number after the last byte queued. */
static inline bool conn_fin_is_sent(const struct ms_tcp *c)
{
    return seq_gt(c->send_next, c->send.end_seq);
}

/* What the peer's window leaves, from SND.UNA on. */
static inline uint32_t conn_send_window(const struct ms_tcp *c)
{
    return seq_gt(c->send_window_end, c->send_unacked) ? c->send_window_end - c->send_unacked : 0;
}

/* Nothing is lost, reported or sent again: an ACK that moves SND.UNA does no more than that. */
static inline bool conn_is_sure(const struct ms_tcp *c)
{
    return ((c->flags & (CONN_RECOVERY | CONN_LOSS)) | c->flight.sacked_bytes |
            c->flight.lost_bytes) == 0;
}

static inline uint32_t conn_ts_now(const struct ms_tcp *c, uint32_t now_ms)
{
    return now_ms + c->ts_offset;
}

#endif
