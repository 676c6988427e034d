/* SPDX-License-Identifier: ISC */
/* The state diagram of RFC 9293, 3.3.2, as a table. */
#include "tcp/state.h"

#include "core/bytes.h"

/* What is zero, CLOSED, has no arrow: every arrow that ends there is TCP_EVENT_END. */
static const uint8_t arrows[MS_TCP_STATE_COUNT][TCP_EVENT_COUNT] = {
    [MS_TCP_CLOSED] = {
        [TCP_EVENT_ACTIVE_OPEN] = MS_TCP_SYN_SENT,
        [TCP_EVENT_PASSIVE_OPEN] = MS_TCP_ESTABLISHED,
    },
    [MS_TCP_SYN_SENT] = {
        [TCP_EVENT_SYN] = MS_TCP_SYN_RECEIVED,
        [TCP_EVENT_SYN_ACK] = MS_TCP_ESTABLISHED,
    },
    [MS_TCP_SYN_RECEIVED] = {
        [TCP_EVENT_SYN_ACK] = MS_TCP_ESTABLISHED,
        [TCP_EVENT_CLOSE] = MS_TCP_FIN_WAIT_1,
        [TCP_EVENT_FIN] = MS_TCP_CLOSE_WAIT,
    },
    [MS_TCP_ESTABLISHED] = {
        [TCP_EVENT_CLOSE] = MS_TCP_FIN_WAIT_1,
        [TCP_EVENT_FIN] = MS_TCP_CLOSE_WAIT,
    },
    [MS_TCP_FIN_WAIT_1] = {
        [TCP_EVENT_FIN] = MS_TCP_CLOSING,
        [TCP_EVENT_FIN_ACKED] = MS_TCP_FIN_WAIT_2,
    },
    [MS_TCP_FIN_WAIT_2] = { [TCP_EVENT_FIN] = MS_TCP_TIME_WAIT },
    [MS_TCP_CLOSE_WAIT] = { [TCP_EVENT_CLOSE] = MS_TCP_LAST_ACK },
    [MS_TCP_CLOSING] = { [TCP_EVENT_FIN_ACKED] = MS_TCP_TIME_WAIT },
};

static const char *const texts[] = {
    [MS_TCP_CLOSED] = "CLOSED",           [MS_TCP_LISTEN] = "LISTEN",
    [MS_TCP_SYN_SENT] = "SYN-SENT",       [MS_TCP_SYN_RECEIVED] = "SYN-RECEIVED",
    [MS_TCP_ESTABLISHED] = "ESTABLISHED", [MS_TCP_FIN_WAIT_1] = "FIN-WAIT-1",
    [MS_TCP_FIN_WAIT_2] = "FIN-WAIT-2",   [MS_TCP_CLOSE_WAIT] = "CLOSE-WAIT",
    [MS_TCP_CLOSING] = "CLOSING",         [MS_TCP_LAST_ACK] = "LAST-ACK",
    [MS_TCP_TIME_WAIT] = "TIME-WAIT",
};

_Static_assert(MS_ARRAY_LEN(texts) == MS_TCP_STATE_COUNT, "a text for each state");

enum ms_tcp_state ms_tcp_state_next(enum ms_tcp_state state, enum tcp_event event)
{
    if (event == TCP_EVENT_END || (state == MS_TCP_LAST_ACK && event == TCP_EVENT_FIN_ACKED))
        return MS_TCP_CLOSED;
    return arrows[state][event] ? (enum ms_tcp_state)arrows[state][event] : state;
}

const char *ms_tcp_state_text(enum ms_tcp_state state)
{
    return (unsigned)state < MS_TCP_STATE_COUNT ? texts[state] : "?";
}
