/* SPDX-License-Identifier: ISC */
/* What RFC 9293 says of one segment that arrives at one connection. Shares no code with src/. */
#ifndef GRID_ORACLE_H
#define GRID_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

enum oracle_state {
    CLOSED,
    LISTEN,
    SYN_SENT,
    SYN_RECEIVED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSE_WAIT,
    CLOSING,
    LAST_ACK,
    TIME_WAIT,
    ORACLE_STATES
};

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

/* The connection before the segment: section 3.3.1's variables, and RFC 7323's and 5961's. */
struct oracle_connection {
    enum oracle_state state;
    uint32_t snd_una, snd_nxt, max_snd_wnd; /* with our FIN, snd_nxt is the number after it */
    uint32_t rcv_nxt, rcv_wnd;
    uint32_t ts_recent;
};

struct oracle_segment {
    uint32_t seq, ack, len; /* len: bytes of text */
    uint32_t ts_value;
    uint8_t flags;
};

enum oracle_reply { SILENCE, AN_ACK, A_RST, A_RST_ACK, A_SYN_ACK };

struct oracle_verdict {
    enum oracle_reply reply;
    uint32_t seq, ack;       /* of the reply; the seq of a new connection's SYN is its own matter */
    bool is_new_connection;  /* the SYN,ACK answers with a sequence number of its choice */
    enum oracle_state state; /* after it */
    uint32_t delivered;      /* bytes of text */
    bool is_opened, is_ended, is_reset; /* the user is told: open, the peer's end, reset */
};

/* The connection was opened passively, unless it is in SYN-SENT. */
struct oracle_verdict oracle_arrives(const struct oracle_connection *connection,
                                     const struct oracle_segment *segment);

#endif
