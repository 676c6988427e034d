/* SPDX-License-Identifier: ISC */
/* Two stacks in one process: a wire with a rate, a delay and a queue. */
#ifndef MSTACK_DRIVERS_LINK_H
#define MSTACK_DRIVERS_LINK_H

#include "../device.h"

struct ms_link;

struct ms_link_config {
    enum ms_medium medium;
    uint8_t mac[2][6]; /* of each end */
    uint16_t mtu;
    uint16_t slices_max;
    bool checksum_offload;      /* checksums are neither made nor checked */
    uint32_t segment_bytes_max; /* super-frames go through whole, up to this payload; 0: none */
    uint64_t rate_bits_per_s;   /* of each direction; 0: infinite */
    uint64_t delay_us;          /* one way */
    uint32_t queue_frames; /* waiting for the rate, beyond which frames are lost; 0: no limit */
    uint64_t queue_bytes;  /* the same in bytes; 0: no limit */
    uint32_t ring_frames;  /* under way in all; transmit refuses more; a power of two */
    uint32_t batch_frames; /* handed to a stack in one call; at most ring_frames */
};

struct ms_link_stats {
    uint64_t frames, bytes; /* sent into this end */
    uint64_t dropped;       /* of those, lost since the queue was full */
    uint64_t refused;       /* times transmit took fewer than offered */
};

/* Ethernet, MTU 1500, no rate, no delay, no offloads, a ring of 1024 and batches of 32. */
void ms_link_config_default(struct ms_link_config *config);
/* NULL: the configuration makes no sense, or no memory. */
struct ms_link *ms_link_open(const struct ms_link_config *config);
/* Frames under way are put back. Detach both ends first. */
void ms_link_close(struct ms_link *link);
/* End 0 or 1. Closing the device of either end does nothing; close the link. */
struct ms_device *ms_link_end(struct ms_link *link, unsigned end);
/*
 * Frames sent since the last call enter the wire at now_us; those that are due reach the other
 * end. Returns how many. Frames that the stacks send meanwhile wait for the next call.
 */
unsigned ms_link_deliver(struct ms_link *link, uint64_t now_us);
/* 0: call ms_link_deliver() at once; UINT64_MAX: nothing is under way. */
uint64_t ms_link_next_deadline(const struct ms_link *link);
void ms_link_stats(const struct ms_link *link, unsigned end, struct ms_link_stats *stats);

#endif
