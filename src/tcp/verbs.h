/* SPDX-License-Identifier: ISC */
/* What the verbs and phases of TCP call of each other. */
#ifndef TCP_VERBS_H
#define TCP_VERBS_H

#include "tcp/conn.h"
#include "tcp/floor.h"
#include "tcp/state.h"
#include "wire/tcp.h"

/* A segment being received, trimmed as it goes through the steps. */
struct segment {
    struct packet *p;
    uint32_t seq;            /* of the first byte left */
    uint32_t payload_offset; /* of it, from the frame's head */
    uint32_t payload_len;
    uint8_t flags; /* enum tcp_flag; trimming takes SYN and FIN away */
    struct tcp_header header;
};

/* SEG.LEN: SYN and FIN count (RFC 9293, 3.4). */
static inline uint32_t segment_len(const struct segment *s)
{
    return s->payload_len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}

/* conn.c: a connection's life. */
struct ms_tcp *ms_conn_new(struct ms_stack *stack, const struct flow *flow);
/* Something is due: ms_tcp_flush() will look at it. */
void ms_conn_pend(struct ms_tcp *c, enum due due);
void ms_conn_move(struct ms_tcp *c, enum tcp_event event);
/* Nothing more is received; on_close says why when ms_tcp_flush() comes by. */
void ms_conn_end(struct ms_tcp *c, enum ms_error why);
/* The same when the table knows the connection no more: a record has taken its place. */
void ms_conn_end_forgotten(struct ms_tcp *c, enum ms_error why);
/* The last step of ms_tcp_flush(): tells the application and gives everything back. */
void ms_conn_bury(struct ms_tcp *c);
void ms_conn_arm_wheel(struct ms_tcp *c, uint64_t deadline_us);
bool ms_conn_find_new_path(struct ms_tcp *c);
/* The segment size for the path's MTU and the peer's MSS option (RFC 9293, MUST-16). */
void ms_conn_set_mss(struct ms_tcp *c);
/* The window scale that lets the whole limit be offered (RFC 7323, 2.2). */
uint8_t ms_recv_scale(uint32_t limit_bytes);
/* The options of both SYNs are known: from now on they hold. */
void ms_conn_agree(struct ms_tcp *c, const struct tcp_header *syn);

/* demux.c */
struct ms_tcp_listener *ms_tcp_find_listener(const struct tcp_floor *floor, const struct flow *flow,
                                             const struct ms_netif *netif);
/* Picks an ephemeral port (RFC 6056) that makes flow unique. False: none is free. */
bool ms_tcp_pick_port(struct ms_stack *stack, struct flow *flow);
/* RFC 6528: a clock plus a keyed hash of the flow. The hash's other half offsets timestamps. */
uint32_t ms_tcp_isn(const struct ms_stack *stack, const struct flow *flow, uint32_t *ts_offset);
/* Microseconds since the moment `isn` was made for this flow. */
uint64_t ms_tcp_isn_age_us(const struct ms_stack *stack, const struct flow *flow, uint32_t isn);

/* listen.c */
enum ms_drop ms_listen_input(struct ms_tcp_listener *listener, struct segment *s);
/* A connection of its own is made and in the table: the application says whether it wants it, and
 * the segment that made it goes on into it. */
enum ms_drop ms_listen_hand_over(struct ms_tcp_listener *listener, struct ms_tcp *c,
                                 struct segment *s);
/* syn.c: segments that meet a SYN record. */
enum ms_drop ms_syn_input(struct tcp_floor *floor, struct syn_record *record, struct segment *s);
enum ms_drop ms_syn_add(struct ms_tcp_listener *listener, struct segment *s);
/* All of a listener's; NULL: of all listeners. */
void ms_syn_forget(struct ms_stack *stack, const struct ms_tcp_listener *listener);
/* Listeners or addresses are others than before, and so is whose backlog a record counts in. */
void ms_syn_recount(struct ms_stack *stack);
/* Makes the connection and asks the application. NULL: it refused, or there is no room (*drop). */
struct ms_tcp *ms_syn_accept(struct ms_tcp_listener *listener, const struct syn_record *record,
                             struct segment *s, enum ms_drop *drop);
void ms_syn_emit(struct ms_stack *stack, const struct syn_record *record,
                 const struct ms_netif *netif);
/* cookie.c */
enum ms_drop ms_cookie_send(struct ms_tcp_listener *listener, struct segment *s);
enum ms_drop ms_cookie_input(struct ms_tcp_listener *listener, struct segment *s);

/* time_wait.c */
void ms_time_wait_enter(struct ms_tcp *c);
enum ms_drop ms_time_wait_input(struct tcp_floor *floor, struct time_wait_record *record,
                                struct segment *s);
/* records.c: the lists of both kinds of record. */
void ms_record_append(struct tcp_floor *floor, struct record_list *list, uint32_t number);
void ms_record_remove(struct tcp_floor *floor, struct record_list *list, uint32_t number);

/* input.c: the steps of RFC 9293, 3.10.7.4, for a connection past SYN-SENT. */
enum ms_drop ms_segment_arrives(struct ms_tcp *c, struct segment *s);
/* Cuts off what lies beyond the window. */
void ms_segment_trim_right(const struct ms_tcp *c, struct segment *s);
/* text.c */
size_t ms_kept_copy_size(void);
/* timer.c: (re)starts or stops watching a silent peer, as the connection is set. */
void ms_conn_start_keepalive(struct ms_tcp *c);
/* syn_sent.c: RFC 9293, 3.10.7.3. */
void ms_conn_opened(struct ms_tcp *c);
enum ms_drop ms_syn_sent_input(struct ms_tcp *c, struct segment *s);

/* emit.c, and emit.h */
/* An answer without a connection, to where p came from. False: dropped, for want of room. */
bool ms_tcp_emit_reply(struct packet *p, const struct tcp_header *header);
/* RST for a segment that belongs nowhere (RFC 9293, 3.10.7.1). */
void ms_tcp_emit_reset(const struct segment *s);

/* output.c */
/* An ACK at once, while receiving: each of several duplicates must leave (RFC 5681, 4.2). */
void ms_output_ack_now(struct ms_tcp *c);
void ms_conn_challenge(struct ms_tcp *c);
/* The window to offer, the right edge never moving left; 0 if nothing worth it (RFC
 * 9293, 3.8.6.2.2) was added. */
uint32_t ms_recv_window_edge(const struct ms_tcp *c);

static inline struct ms_tcp *conn_at(const struct tcp_floor *floor, uint32_t number)
{
    return ms_pool_at(&floor->connections, number);
}

static inline uint32_t conn_number(const struct tcp_floor *floor, const struct ms_tcp *c)
{
    return ms_pool_index(&floor->connections, c);
}

/* At the end of the list of those with something due. */
static inline void conn_append_pending(struct ms_tcp *c)
{
    struct tcp_floor *floor = c->stack->tcp;

    MS_ASSERT(!(c->flags & CONN_PENDING));
    c->flags |= CONN_PENDING;
    c->pending_next = FLOW_NONE;
    if (!floor->pending_first)
        floor->pending_first = c;
    else
        floor->pending_last->pending_next = conn_number(floor, c);
    floor->pending_last = c;
}

/* Puts it on the list of those with something due. */
static inline void conn_pend(struct ms_tcp *c, enum due due)
{
    c->due |= (uint8_t)due;
    c->stack->tcp->lacks_records = false; /* for what is due now it is not known yet */
    if (!(c->flags & CONN_PENDING))
        conn_append_pending(c);
}

/*
 * One timer on the wheel serves all deadlines: it fires no later than the first, and when it fires
 * early it is armed again. So a deadline that moves away, as each ACK moves it, costs one store.
 */
static inline void ms_conn_arm(struct ms_tcp *c, enum conn_timer timer, uint64_t deadline_us)
{
    if (timer == CONN_TIMER_RETRANSMIT)
        c->retransmit_us = (uint32_t)deadline_us;
    else if (timer == CONN_TIMER_ACK)
        c->ack_us = (uint32_t)deadline_us;
    c->timers |= (uint8_t)timer;
    if (MS_UNLIKELY(!ms_timer_is_armed(&c->timer) || deadline_us < ms_timer_deadline_us(&c->timer)))
        ms_conn_arm_wheel(c, deadline_us);
}

/* (Re)starts the retransmission timer from now. */
static inline void ms_conn_arm_retransmit(struct ms_tcp *c)
{
    ms_conn_arm(c, CONN_TIMER_RETRANSMIT, c->stack->now_us + c->rtt.timeout_us);
}

static inline void ms_conn_disarm(struct ms_tcp *c, enum conn_timer timer)
{
    c->timers &= (uint8_t)~timer;
}

/* Finds the path anew if need be, and with it the segment size. False: there is none now. */
static inline bool ms_conn_find_path(struct ms_tcp *c)
{
    return MS_LIKELY(ms_ip_path_is_valid(c->stack, &c->path)) || ms_conn_find_new_path(c);
}

static inline struct rto_bounds ms_conn_rto_bounds(const struct ms_tcp *c)
{
    const struct ms_config *config = &c->stack->config;

    return (struct rto_bounds){ config->tcp_rto_min_us, config->tcp_rto_max_us };
}

#endif
