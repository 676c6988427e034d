/* SPDX-License-Identifier: ISC */
/*
 * A witness beside one host, who sees every IP packet that leaves and enters, and knows of TCP
 * nothing but its RFCs: not a line is shared with the stack that it watches.
 */
#ifndef WORLDS_CHECKER_H
#define WORLDS_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct checker;

/* What the witness is told of its host. */
struct checker_facts {
    uint32_t mtu;
    uint32_t mss_min_bytes; /* the host takes a smaller MSS option for this */
    bool is_prompt;         /* what it sends leaves at once: no device refuses, no table is full */
};

struct checker *checker_open(const struct checker_facts *facts);
void checker_close(struct checker *checker);
/* An IP packet, from its first header on. */
void checker_sent(struct checker *checker, const uint8_t *packet, size_t len, uint64_t now_us);
void checker_received(struct checker *checker, const uint8_t *packet, size_t len, uint64_t now_us);
/* The host stood still: intervals seen now say nothing of its timers. loses_frames: its interface
 * was down, and what it sent then was not seen. */
void checker_disturb(struct checker *checker, bool loses_frames);
/* The device's queue was full: from now on what is sent may be late. */
void checker_be_patient(struct checker *checker);
/* The first rule broken, a sentence with the RFC; NULL: none so far. */
const char *checker_fault(const struct checker *checker);
/* TCP segments that were looked at. */
uint64_t checker_segments(const struct checker *checker);

#endif
