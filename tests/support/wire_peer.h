/* SPDX-License-Identifier: ISC */
/*
 * A stack on a wire of the test's own, in virtual time, and a peer that says exactly what it is
 * told.
 *
 * SEND(peer, .seq = 1, .len = 100) puts a segment on the wire, EXPECT(peer, .ack = 101) takes the
 * next one the stack sent. Sequence numbers are relative to the initial ones: a SYN is 0. What is
 * left out is usual: an ACK of all that was heard, a window of 65535, the next bytes of the stream.
 */
#ifndef SUPPORT_WIRE_PEER_H
#define SUPPORT_WIRE_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mstack/mstack.h"
#include "wire/tcp.h"

/* SEND and EXPECT give defaults first and let the test override them. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define ANY UINT32_MAX

enum {
    PEER_PORT = 4000,
    STACK_PORT = 80,
    PEER_MSS = 1000, /* what the peer offers unless told */
    PEER_FLOWS = 600,
    PEER_APPS = 600,
    PEER_FRAMES = 8192,
    PEER_LINES = 40,
    PEER_LINE = 200,
    MS = 1000, /* microseconds */
    SECOND = 1000000,
};

struct peer;

/* A segment to send or to expect. */
struct seg {
    uint32_t seq, ack; /* relative; ANY: the next, or not looked at */
    uint32_t len;      /* bytes of payload, those that belong at seq; ANY: not looked at */
    uint32_t window;   /* as in the header, unscaled */
    uint32_t ts_value, ts_echo;
    uint32_t sack[TCP_SACK_MAX][2]; /* relative */
    const uint8_t *options;         /* instead of those below */
    uint32_t mss, wscale;           /* ANY: without the option */
    uint16_t options_len;
    uint16_t urgent;
    uint16_t truncate; /* bytes left off the end of the TCP part */
    uint8_t flags;
    uint8_t data_offset; /* in words; 0: right */
    uint8_t fill;        /* all bytes of payload are this; 0: those of the stream */
    uint8_t hop_limit, traffic_class;
    bool sack_permitted;
    bool without_timestamp;
    bool has_timestamp; /* expected; sent ones have it when the flow does */
    bool has_bad_checksum, has_bad_ipv4_checksum;
    const struct ms_addr *from, *to;
    uint32_t from_port, to_port; /* ANY: of the flow */
};

/* One conversation, as the peer knows it. */
struct flow {
    uint16_t peer_port, stack_port;
    uint32_t isn, stack_isn; /* stack_isn is learned from the stack's SYN */
    uint32_t next;           /* relative: what the peer sends next */
    uint32_t heard_end;      /* relative: what it has heard of the stack */
    bool has_stack_isn, has_timestamps;
    uint32_t ts_base;   /* the peer's clock: this, plus milliseconds */
    uint32_t ts_recent; /* the stack's last timestamp */
};

/* A frame the stack sent. */
struct heard {
    uint64_t at_us;
    struct flow *flow;
    struct tcp_header header;
    uint32_t seq, ack, len; /* relative */
    uint8_t hop_limit, traffic_class;
    uint16_t segment_size;
    uint8_t *bytes;
    uint32_t bytes_len;
    const uint8_t *payload;
};

/* What an application was told about one connection. */
enum app_event { APP_ACCEPT, APP_OPEN, APP_DATA, APP_EOF, APP_CLOSE, APP_URGENT, APP_SOFT_ERROR };

struct app {
    struct peer *peer;
    struct ms_tcp *tcp; /* NULL when there is none */
    unsigned accepted, opened, eofs, closed, urgents, soft_errors;
    enum ms_error why, soft_error;
    uint32_t received, sent; /* bytes */
    uint32_t urgent_bytes;   /* of the last notice */
    bool keeps_credit;       /* does not call ms_tcp_consumed() */
    bool is_other_content;   /* does not compare what it receives with the stream */
    uint8_t bytes[64];       /* the first ones received */
    unsigned lent, released; /* buffers */
    void (*hook)(struct app *app, enum app_event event);
};

struct peer {
    struct ms_driver driver; /* first */
    struct ms_config config;
    struct ms_stack *stack;
    struct ms_netif *netif;
    struct ms_tcp_listener *listener;
    void *memory;
    uint64_t now_us;
    bool is_ipv4;
    bool accepts_nobody; /* accept returns NULL */
    bool holds_frames;   /* the device is not done with what it got */
    bool refuses;        /* the device takes nothing */
    bool is_batching;    /* SEND waits for peer_deliver() */
    bool pads;           /* what it sends has padding in pieces of its own behind */
    uint32_t mss_max;    /* what the stack must offer on this wire */
    struct ms_addr stack_addr, peer_addr;

    struct flow *flow; /* the current one */
    struct flow flows[PEER_FLOWS];
    unsigned flow_count;
    struct app *app; /* the first */
    struct app apps[PEER_APPS];
    unsigned app_count;

    struct heard heard[PEER_FRAMES];
    unsigned heard_count, heard_next;
    unsigned other_frames; /* sent by the stack, not TCP */
    uint8_t last_icmp[2];  /* type and code of the last ICMP message sent */
    struct ms_frame *held[PEER_FRAMES];
    unsigned held_count;
    struct ms_frame *batch[PEER_FRAMES];
    unsigned batch_count;
    unsigned frames_out; /* received frames not yet given back */
    char lines[PEER_LINES][PEER_LINE];
    unsigned line_count;
};

/* cmocka's setup and teardown; the initial state says which family. */
int peer_setup(void **state);
int peer_teardown(void **state);
extern bool peer_over_ipv4, peer_over_ipv6;
#define OVER_IPV4(f)                                                   \
    {                                                                  \
#f " over IPv4", f, peer_setup, peer_teardown, &peer_over_ipv4 \
    }
#define OVER_IPV6(f)                                                   \
    {                                                                  \
#f " over IPv6", f, peer_setup, peer_teardown, &peer_over_ipv6 \
    }
#define OVER_BOTH(f) OVER_IPV4(f), OVER_IPV6(f)

/* What a test may change before peer_start(). */
struct ms_config *peer_config(void **state);
/* Builds the stack, with its addresses, and nothing else. */
struct peer *peer_start(void **state);

/* What the two sides offer in their SYNs. */
struct offer {
    void **state;         /* cmocka's, for PASSIVE and ACTIVE */
    uint32_t mss, wscale; /* ANY: none */
    uint32_t window;
    bool sack, timestamps;
};
#define OFFERED    .mss = PEER_MSS, .wscale = ANY, .window = 65535
#define OFFER(...) (&(struct offer){ OFFERED, __VA_ARGS__ })
/* Starts, listens on STACK_PORT, and has the peer open a connection: peer->app has it. */
struct peer *peer_passive(const struct offer *offer);
/* Starts, and opens a connection to the peer. */
struct peer *peer_active(const struct offer *offer);
/* PASSIVE(state, .sack = true) */
#define PASSIVE(...) peer_passive(&(struct offer){ OFFERED, .state = __VA_ARGS__ })
#define ACTIVE(...)  peer_active(&(struct offer){ OFFERED, .state = __VA_ARGS__ })

void peer_listen(struct peer *peer, uint32_t backlog);
/* ms_tcp_connect() to the peer's port of the current flow, whose stack port becomes known. */
struct app *peer_connect(struct peer *peer);
/* The peer's side of a handshake on the current flow. Returns the accepted application. */
struct app *peer_open(struct peer *peer, const struct offer *offer);
void peer_send_syn(struct peer *peer, const struct offer *offer);
/* Makes the conversation from this port of the peer the current one. */
struct flow *peer_flow(struct peer *peer, uint16_t peer_port);

#define SEND(peer, ...)                              \
    peer_send(peer, &(struct seg){ .flags = TCP_ACK, \
                                   .seq = ANY,       \
                                   .ack = ANY,       \
                                   .window = 65535,  \
                                   .mss = ANY,       \
                                   .wscale = ANY,    \
                                   .ts_value = ANY,  \
                                   .ts_echo = ANY,   \
                                   .from_port = ANY, \
                                   .to_port = ANY,   \
                                   __VA_ARGS__ })
void peer_send(struct peer *peer, const struct seg *seg);
/* Gives the stack all that was sent while is_batching, in one call. */
void peer_deliver(struct peer *peer);

/* The next segment the stack sent must be this one. PSH is looked at only if .flags says so. */
#define EXPECT(peer, ...) \
    peer_expect(peer, &(struct seg){ EXPECTED, __VA_ARGS__ }, __FILE__, __LINE__)
/* ... and must be sent so long from now, give or take a millisecond or 2 percent. */
#define EXPECT_AFTER(peer, us, ...) \
    peer_expect_after(peer, us, &(struct seg){ EXPECTED, __VA_ARGS__ }, __FILE__, __LINE__)
/* ... within so long from now. */
#define EXPECT_WITHIN(peer, us, ...) \
    peer_expect_within(peer, us, &(struct seg){ EXPECTED, __VA_ARGS__ }, __FILE__, __LINE__)
#define EXPECTED                                                                                  \
    .flags = TCP_ACK, .seq = ANY, .ack = ANY, .len = 0, .window = ANY, .mss = ANY, .wscale = ANY, \
    .ts_value = ANY, .ts_echo = ANY
const struct heard *peer_expect(struct peer *peer, const struct seg *seg, const char *file,
                                int line);
const struct heard *peer_expect_after(struct peer *peer, uint64_t us, const struct seg *seg,
                                      const char *file, int line);
const struct heard *peer_expect_within(struct peer *peer, uint64_t us, const struct seg *seg,
                                       const char *file, int line);
/* Nothing is waiting to be expected, and nothing is sent for so long. */
#define QUIET(peer, us) peer_quiet(peer, us, __FILE__, __LINE__)
void peer_quiet(struct peer *peer, uint64_t us, const char *file, int line);
/* Time passes; what the stack sends meanwhile waits to be expected. */
void peer_run(struct peer *peer, uint64_t us);
/* Polls as long as the stack has something to do at once. */
void peer_settle(struct peer *peer);
/* Forgets what was sent and not expected. Returns how many segments. */
unsigned peer_discard(struct peer *peer);
/* The device is done with all it holds. */
void peer_release(struct peer *peer);

/* An ICMP error of the peer's family about a segment of the current flow, seq relative. */
struct icmp_error {
    uint8_t type, code;
    uint32_t word; /* the second one: MTU, pointer */
    uint32_t seq;
    bool is_other_tuple; /* about a connection there is none of */
};
void peer_icmp(struct peer *peer, const struct icmp_error *error);
/* Destination unreachable with the code that means so: both families. */
void peer_too_big(struct peer *peer, uint32_t mtu, uint32_t seq);

/* Lends len bytes of the stream, and lets the stack send. */
enum ms_error app_send(struct app *app, uint32_t len);
/* As app_send(), without the poll. */
enum ms_error app_lend(struct app *app, uint32_t len);
void app_close(struct app *app);
void app_abort(struct app *app);
void app_consume(struct app *app, uint32_t n);
void app_set(struct app *app, enum ms_tcp_option option, uint32_t value);
struct ms_tcp_info app_info(const struct app *app);
enum ms_tcp_state app_state(const struct app *app);

uint64_t peer_drops(const struct peer *peer, enum ms_drop drop);
#define COUNT(peer, name)          (ms_stack_counters((peer)->stack)->name)
#define assert_drop(peer, drop, n) assert_int_equal(peer_drops(peer, drop), n)

/* Byte n of either stream. */
uint8_t peer_byte(uint32_t n);

#endif
