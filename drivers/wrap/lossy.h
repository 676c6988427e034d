/* SPDX-License-Identifier: ISC */
/* A driver around a driver that drops, duplicates, reorders, corrupts and delays, by a seed. */
#ifndef MSTACK_DRIVERS_LOSSY_H
#define MSTACK_DRIVERS_LOSSY_H

#include "../device.h"

struct ms_lossy;

enum ms_lossy_direction {
    MS_LOSSY_TRANSMIT, /* from the stack to the device */
    MS_LOSSY_RECEIVE,  /* from the device to the stack */
};

/* What happens to a frame, each by its own throw of the dice; in percent, 0 to 100. */
struct ms_lossy_rates {
    double drop, duplicate, reorder, corrupt;
    uint64_t delay_us;   /* of every frame */
    uint64_t reorder_us; /* how much longer a reordered frame takes; 0: 5 ms */
};

struct ms_lossy_config {
    uint64_t seed;
    struct ms_lossy_rates rates[2]; /* by enum ms_lossy_direction */
    uint32_t queue_frames;          /* delayed at a time, each way; more are dropped; 0: 1024 */
};

struct ms_lossy_stats {
    uint64_t frames, dropped, duplicated, reordered, corrupted;
    uint64_t overflowed; /* dropped since too many frames were delayed */
};

/*
 * Stands between inner and the stack; owns inner from now on. Attach the wrapper's device. It
 * takes no super-frames, and no partial checksums if it corrupts, so open inner without offloads
 * (a super-frame received all the same shares one fate). NULL: makes no sense, or no memory.
 */
struct ms_lossy *ms_lossy_open(struct ms_device *inner, const struct ms_lossy_config *config);
/* Closes inner too. Frames delayed are put back. */
void ms_lossy_close(struct ms_lossy *lossy);
struct ms_device *ms_lossy_device(struct ms_lossy *lossy);
/* Polls inner and passes on what is due, both ways. Returns frames delivered. */
unsigned ms_lossy_poll(struct ms_lossy *lossy, uint64_t now_us);
uint64_t ms_lossy_next_deadline(const struct ms_lossy *lossy);
void ms_lossy_stats(const struct ms_lossy *lossy, enum ms_lossy_direction direction,
                    struct ms_lossy_stats *stats);

#endif
