/* SPDX-License-Identifier: ISC */
/*
 * A driver that plays one side of a captured TCP conversation against a live stack. The played
 * side's segments go out as captured, but each waits until the stack has sent what it
 * acknowledges; addresses, ports, sequence and acknowledgement numbers, SACK blocks, windows and
 * timestamps are translated to what the stack answers. All in virtual time.
 */
#ifndef MSTACK_DRIVERS_CONVERSATION_H
#define MSTACK_DRIVERS_CONVERSATION_H

#include "../device.h"
#include "streams.h"

struct ms_conversation;

struct ms_conversation_config {
    const struct ms_streams *streams; /* must outlive the conversation */
    size_t stream;
    enum ms_side stack_side; /* the part of the stack; the driver plays the other one */
    bool checksum_offload;   /* offered to the stack; default: it makes and checks all sums */
    uint64_t give_up_us;     /* virtual time without progress; 0: ten minutes */
};

enum ms_conversation_state {
    MS_CONVERSATION_RUNNING,
    MS_CONVERSATION_DONE,    /* all segments played, all bytes of the stack's side here */
    MS_CONVERSATION_GAVE_UP, /* see ms_conversation_text() */
};

struct ms_conversation_stats {
    uint64_t segments_played;   /* captured segments of the played side sent to the stack */
    uint64_t segments_received; /* from the stack */
    uint64_t retransmissions;   /* of those, with no byte that had not been sent before */
    uint64_t bytes_received;    /* unique bytes from the stack, in order */
    uint64_t mismatches;        /* bytes from the stack that differ from the captured ones */
    uint64_t bad_segments;      /* from the stack: malformed, wrong checksum, wrong ports */
    uint64_t acks_added;        /* acknowledgements sent beyond the captured ones */
    uint64_t resends_added;     /* segments sent again since the stack did not take them */
};

/* NULL: no such stream, it has an obstacle, or no memory. Medium is IP; the MTU is as captured. */
struct ms_conversation *ms_conversation_open(const struct ms_conversation_config *config);
void ms_conversation_close(struct ms_conversation *conversation);
struct ms_device *ms_conversation_device(struct ms_conversation *conversation);
/*
 * The addresses on the live wire: the captured ones, or documentation addresses for such as a
 * stack must not accept from a wire (loopback, link-local, both the same). Give `stack` to the
 * netif (with a prefix that covers both, or a route). As server, listen on stack; as client,
 * connect to peer, from any port.
 */
void ms_conversation_endpoints(const struct ms_conversation *conversation,
                               struct ms_endpoint *stack, struct ms_endpoint *peer);
/* Plays what is due. Returns frames delivered. */
unsigned ms_conversation_step(struct ms_conversation *conversation, uint64_t now_us);
/* 0: step at once (the stack sent something); UINT64_MAX: it is over. */
uint64_t ms_conversation_next_deadline(const struct ms_conversation *conversation);
enum ms_conversation_state ms_conversation_state(const struct ms_conversation *conversation);
/* "done", or what it was waiting for when it gave up. */
const char *ms_conversation_text(const struct ms_conversation *conversation);
void ms_conversation_stats(const struct ms_conversation *conversation,
                           struct ms_conversation_stats *stats);
/* The bytes received from the stack so far, in order. */
const uint8_t *ms_conversation_received(const struct ms_conversation *conversation, uint64_t *len);

#endif
