/* SPDX-License-Identifier: ISC */
/* Turns captured segments into packets for the live stack; private to this folder. */
#ifndef MSTACK_DRIVERS_TRANSLATE_H
#define MSTACK_DRIVERS_TRANSLATE_H

#include "segment.h"

/* How the captured numbers map to the live ones. Offsets are the same in both. */
struct translation {
    struct ms_addr my_addr, stack_addr; /* on the live wire */
    uint16_t my_port, stack_port;
    uint32_t my_isn;       /* as captured: our own numbers are kept */
    uint32_t captured_isn; /* of the stack's side */
    uint32_t stack_isn;    /* of the live stack */
    int64_t stack_limit;   /* offset behind all that the stack's side ever sent */
    bool has_stack_isn;
    bool stack_timestamps, stack_sack, stack_scale; /* its SYN offers them */
    bool my_timestamps, my_scale;                   /* our captured SYN offers them */
    uint8_t captured_shift;                         /* of the windows in the capture */
    uint8_t live_shift;                             /* of the windows that the live stack reads */
    uint32_t ts_recent; /* the stack's timestamp to echo (RFC 7323, 4.3) */
    uint32_t ts_value;  /* our last one */
};

/* A segment to send. */
struct outgoing {
    uint8_t flags, traffic_class, hop_limit, options_len;
    uint16_t ip_id, window, urgent;
    int64_t offset, ack_offset;
    const uint8_t *options; /* as captured */
    const uint8_t *payload;
    uint32_t payload_len;
    bool is_corrupt;
};

/* The offset behind the last byte that the SACK blocks of these options speak of; 0: none. */
int64_t ms_translate_sack_end(const struct translation *t, const struct outgoing *o);
/* The frame, or NULL: no memory. Its release frees it. */
struct ms_frame *ms_translate(struct translation *t, const struct outgoing *o);

#endif
