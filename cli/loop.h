/* SPDX-License-Identifier: ISC */
/* The event loop of a subcommand: the device, the stack, the application's own work, signals. */
#ifndef CLI_LOOP_H
#define CLI_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"

struct loop {
    struct device *device;
    void *user;
    /* Called in every round, before the stack sends. Sets is_done to end the loop. */
    void (*work)(struct loop *loop, uint64_t now_us);
    /* When work() has something to do without a frame or timer of the stack; may be NULL. */
    uint64_t (*next_us)(const struct loop *loop);
    bool is_done;
    bool was_interrupted; /* by SIGINT, SIGTERM or SIGHUP */
};

/* From now on these signals wait for loop_run(). Before the device is opened, so that its interface
 * is removed whenever they come. False: after a line on stderr. */
bool loop_prepare(void);
void loop_run(struct loop *loop);
/* One round without waiting. */
void loop_round(struct loop *loop);

#endif
