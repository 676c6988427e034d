/* SPDX-License-Identifier: ISC */
/* What the fuzzers of whole stacks share: oracles that speak, records, and memory used again. */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mstack/stack.h"

/* The input of these fuzzers is a row of records of this size; a rest is left out. */
enum { RECORD = 8 };

/* Ends the program with a sentence if it is not so. */
void require(bool is_so, const char *what);
/* As require(), for what must succeed. */
void must(enum ms_error error);

/*
 * A stack in the place of the one with the same number before it: fresh memory for each input would
 * be the greater part of a run's time. Numbers are 0 and 1.
 */
struct ms_stack *harness_stack(unsigned number, const struct ms_config *config);
/* The least of everything: TCP and IP work, and little is written to begin with. */
struct ms_config harness_config(void);

/*
 * Polls whenever the stack asks for it until that moment, at most so many times, and then once
 * more. ms_tcp_check() looks at the stack each time. *now_us is what the stack is told.
 */
void harness_run(struct ms_stack *stack, uint64_t *now_us, uint64_t until_us);
/* ms_tcp_check() finds nothing. */
void harness_check(const struct ms_stack *stack);
/* Every pool is as it was in the beginning. */
void harness_require_empty(const struct ms_stack *stack);

/*
 * Bytes that tell where in a stream they belong: at n and at n + STREAM_PERIOD stands the same one,
 * which divides 2^32, so that n may be a sequence number.
 */
enum { STREAM_PERIOD = 4096, STREAM_RUN = 4096 };
/* At least STREAM_RUN bytes, from the n-th on. */
const uint8_t *stream_at(uint32_t n);

#endif
