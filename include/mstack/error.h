/* SPDX-License-Identifier: ISC */
/* What a call can answer, and why a connection ended. */
#ifndef MSTACK_ERROR_H
#define MSTACK_ERROR_H

#define MS_MUST_CHECK __attribute__((warn_unused_result))

enum ms_error {
    MS_OK,
    MS_ERROR_INVALID,        /* an argument makes no sense */
    MS_ERROR_NO_MEMORY,      /* a table or pool of the configuration is full; try again later */
    MS_ERROR_QUEUE_FULL,     /* the transmit queue is full; try again after ms_poll() */
    MS_ERROR_STATE,          /* the connection or interface is not in a state for this */
    MS_ERROR_NO_ROUTE,       /* no interface leads there */
    MS_ERROR_NO_ADDRESS,     /* no address of ours fits as source, or it is not ours */
    MS_ERROR_IN_USE,         /* address and port are taken, or no port is free */
    MS_ERROR_TOO_LONG,       /* larger than any packet may be */
    MS_ERROR_REFUSED,        /* the peer answered SYN with RST */
    MS_ERROR_RESET,          /* the peer sent RST */
    MS_ERROR_TIMED_OUT,      /* R2, the user timeout or keepalive ran out */
    MS_ERROR_UNREACHABLE,    /* ICMP says that the destination cannot be reached */
    MS_ERROR_ABORTED,        /* we aborted */
    MS_ERROR_INTERFACE_GONE, /* the interface was detached or its address removed */
    MS_ERROR_COUNT
};

/* A sentence for each error; "unknown error" for a number that is none. */
const char *ms_error_text(enum ms_error error);

#endif
