/* SPDX-License-Identifier: ISC */
/* TCP connections (RFC 9293) and their events. */
#ifndef MSTACK_TCP_H
#define MSTACK_TCP_H

#include "mstack/addr.h"
#include "mstack/cc.h"
#include "mstack/frame.h"
#include "mstack/stack.h"

struct ms_tcp;
struct ms_tcp_listener;

/* RFC 9293, 3.3.2. LISTEN is a listener's; TIME-WAIT is a record without a connection. */
enum ms_tcp_state {
    MS_TCP_CLOSED,
    MS_TCP_LISTEN,
    MS_TCP_SYN_SENT,
    MS_TCP_SYN_RECEIVED,
    MS_TCP_ESTABLISHED,
    MS_TCP_FIN_WAIT_1,
    MS_TCP_FIN_WAIT_2,
    MS_TCP_CLOSE_WAIT,
    MS_TCP_CLOSING,
    MS_TCP_LAST_ACK,
    MS_TCP_TIME_WAIT,
    MS_TCP_STATE_COUNT
};
/* "ESTABLISHED" and so on. */
const char *ms_tcp_state_text(enum ms_tcp_state state);

/*
 * What happens to a connection. Every handler is optional and runs inside ms_netif_input() or
 * ms_poll(), never inside another call that the application made. It may call any function of this
 * API but these two: close or abort any connection, its own too.
 */
struct ms_tcp_events {
    /* What ms_tcp_connect() began is established. (For an accepted one, accept said so.) */
    void (*on_open)(struct ms_tcp *tcp, void *user);
    /*
     * The next bytes of the stream, in order, in the driver's own memory. They stay valid until
     * the handler returns; to keep them longer, take a reference with ms_frame_get(frame) and drop
     * it with ms_frame_put(). Bytes are credited to the peer only by ms_tcp_consumed().
     */
    void (*on_data)(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame);
    /* The peer has sent its last byte (FIN). We may go on sending. */
    void (*on_eof)(struct ms_tcp *tcp, void *user);
    /*
     * The last event: tcp is gone when the handler returns. MS_OK: both sides closed and all we
     * sent is acknowledged. A buffer that the device still holds may be released later.
     */
    void (*on_close)(struct ms_tcp *tcp, void *user, enum ms_error why);
    /* Urgent data is announced: urgent_bytes of the stream still to come are urgent, in line. */
    void (*on_urgent)(struct ms_tcp *tcp, void *user, uint32_t urgent_bytes);
    /* A passing trouble (RFC 9293, 3.9.2.2): ICMP's soft errors, or R1 retransmissions. */
    void (*on_soft_error)(struct ms_tcp *tcp, void *user, enum ms_error error);
};

/*
 * A connection was opened by a peer (its three-way handshake is done). Returns the events for it
 * and sets *user, or NULL to reset it.
 */
typedef const struct ms_tcp_events *ms_tcp_accept_fn(struct ms_tcp *tcp, void *listener_user,
                                                     void **user);

struct ms_tcp_listen {
    struct ms_endpoint local; /* address unspecified: every address of ours, both families */
    uint32_t backlog;         /* half-open connections before cookies; 0: as many as there are */
    ms_tcp_accept_fn *accept;
    void *user;
};
/* *listener may be NULL if it is never to be closed. */
enum ms_error ms_tcp_listen(struct ms_stack *stack, const struct ms_tcp_listen *listen,
                            struct ms_tcp_listener **listener) MS_MUST_CHECK;
/* Half-open connections of it are forgotten; accepted ones live on. */
void ms_tcp_unlisten(struct ms_tcp_listener *listener);

struct ms_tcp_connect {
    struct ms_endpoint remote;
    struct ms_endpoint local; /* unspecified address and port 0: chosen by the stack */
    const struct ms_tcp_events *events;
    void *user;
};
/* The SYN is sent at the next ms_poll(); on_open or on_close tells the outcome. */
enum ms_error ms_tcp_connect(struct ms_stack *stack, const struct ms_tcp_connect *connect,
                             struct ms_tcp **tcp) MS_MUST_CHECK;

/* Lends buf until its release() is called. Sent at the next ms_poll(). An empty one is refused.
 * After an error nothing was taken. */
enum ms_error ms_tcp_send(struct ms_tcp *tcp, struct ms_buf *buf) MS_MUST_CHECK;
/* Marks the bytes queued so far as urgent (RFC 9293, 3.8.5). New applications do without. */
enum ms_error ms_tcp_mark_urgent(struct ms_tcp *tcp) MS_MUST_CHECK;
/* Gives the peer credit for n more bytes. Independent of who still holds the frames. */
void ms_tcp_consumed(struct ms_tcp *tcp, uint32_t n);
/* Sends FIN after everything queued; receiving goes on until the peer's FIN. */
void ms_tcp_close(struct ms_tcp *tcp);
/* Sends RST and drops everything queued. on_close says MS_ERROR_ABORTED at the next ms_poll(). */
void ms_tcp_abort(struct ms_tcp *tcp);

enum ms_tcp_option {
    MS_TCP_NO_DELAY,             /* 1: Nagle's algorithm off (MUST-17); 0 */
    MS_TCP_CORK,                 /* 1: only full segments until uncorked; 0 */
    MS_TCP_RECV_WINDOW_BYTES,    /* grows at any time; shrinks as the peer uses it up */
    MS_TCP_KEEPALIVE_S,          /* idle seconds before the first probe; 0: off, the default */
    MS_TCP_KEEPALIVE_INTERVAL_S, /* between probes, not 0; 75 */
    MS_TCP_KEEPALIVE_PROBES,     /* unanswered before the connection ends; 9 */
    MS_TCP_USER_TIMEOUT_S,       /* R2 of this connection, in seconds; 0: never */
    MS_TCP_TRAFFIC_CLASS,        /* DSCP in the upper six bits (MUST-48, SHLD-21); ECN stays 0 */
    MS_TCP_HOP_LIMIT,            /* TTL (MUST-49), not 0; 64 */
    MS_TCP_SOFT_ERRORS,          /* 0: do not report them (SHLD-20); 1 */
};
enum ms_error ms_tcp_set(struct ms_tcp *tcp, enum ms_tcp_option option,
                         uint32_t value) MS_MUST_CHECK;
/* Another congestion controller, from its initial window on. */
void ms_tcp_set_cc(struct ms_tcp *tcp, const struct ms_cc_ops *ops);

void *ms_tcp_user(const struct ms_tcp *tcp);
void ms_tcp_set_user(struct ms_tcp *tcp, const struct ms_tcp_events *events, void *user);
void ms_tcp_endpoints(const struct ms_tcp *tcp, struct ms_endpoint *local,
                      struct ms_endpoint *remote);

/* All there is to know of a connection. */
struct ms_tcp_info {
    enum ms_tcp_state state;
    bool has_timestamps, has_sack, has_window_scaling;
    uint8_t send_scale, recv_scale;
    uint8_t backoffs; /* retransmission timeouts in a row */
    bool is_in_recovery;
    uint32_t send_mss_bytes, recv_mss_bytes, path_mtu_bytes;
    uint32_t srtt_us, rttvar_us, rto_us;
    uint32_t cwnd_bytes, ssthresh_bytes, in_flight_bytes, lost_bytes, sacked_bytes;
    uint32_t send_window_bytes, recv_window_bytes;
    uint32_t send_unacked, send_next, recv_next; /* sequence numbers */
    uint32_t queued_bytes;                       /* lent and not yet acknowledged */
    uint64_t bytes_acked, bytes_received;
    uint32_t segments_sent, segments_received;
    uint32_t retransmitted_segments;                     /* all of them */
    uint32_t timeouts;                                   /* retransmission timer */
    uint32_t duplicates_received, out_of_order_received; /* counted up to 65535 */
    uint32_t reordered_bytes;                            /* held out of order now */
};
void ms_tcp_info(const struct ms_tcp *tcp, struct ms_tcp_info *info);
/*
 * The connections one by one, in no order: NULL asks for the first, and NULL is the end. One that
 * has ended is left out, though its on_close may be to come. previous must still be there, so a
 * walk lasts no longer than the handler that it is made in, or than until the next
 * ms_netif_input() or ms_poll().
 */
struct ms_tcp *ms_tcp_next(const struct ms_stack *stack, const struct ms_tcp *previous);

#endif
