/* SPDX-License-Identifier: ISC */
/* What the live stack has sent so far; private to this folder. */
#ifndef MSTACK_DRIVERS_LIVE_H
#define MSTACK_DRIVERS_LIVE_H

#include "conversation.h"
#include "translate.h"

/* Offsets count from the SYN of the side they speak of, as in struct segment. */
struct live {
    int64_t next;     /* the stack's offset up to which all is here */
    int64_t acked;    /* our offset up to which the stack has it */
    int64_t edge;     /* our offset up to which the stack's window reaches */
    int64_t my_sent;  /* behind all that we sent */
    int64_t last_ack; /* the highest acknowledgement we sent */
    uint8_t shift;    /* of the stack's windows */
    uint16_t mss;
    bool has_reset;
    bool is_touched;         /* something came since the last step */
    bool has_progressed;     /* and it was new */
    bool needs_ack;          /* something came that a receiver must answer */
    uint8_t *data;           /* the stack's bytes */
    const uint8_t *expected; /* as many as there may be */
    uint64_t capacity;
    struct ms_conversation_stats stats;
};

/* A frame from the stack. Learns the stack's numbers (and port, when my_port is known to be its
 * destination) into the translation. */
void ms_live_receive(struct live *live, struct translation *t, const struct ms_frame *frame);

#endif
