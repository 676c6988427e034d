/* SPDX-License-Identifier: ISC */
/* A path between two stacks in virtual time, each direction of which can be spoiled in many ways.
 */
#ifndef BENCH_RECOVERY_PATH_H
#define BENCH_RECOVERY_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "mstack/mstack.h"

enum path_direction { PATH_DATA, PATH_ACKS, PATH_DIRECTIONS }; /* end 0 sends, end 1 answers */

enum { PATH_LINK_BYTES = 14 }; /* an Ethernet header, which the rate pays for */

/* One direction. Zero is a wire without a rate, a delay or a fault. */
struct path_config {
    uint64_t rate_bits_per_s; /* 0: infinite */
    uint64_t delay_us;
    uint64_t queue_bytes;       /* before the rate, dropped at its tail; 0: no limit */
    uint32_t loss_ppm;          /* of packets, before the queue */
    uint32_t loss_run;          /* so many in a row are lost each time; 0: one */
    uint32_t reorder_ppm;       /* so many take longer ... */
    uint64_t reorder_us;        /* ... by this, and are overtaken */
    uint64_t police_bits_per_s; /* what comes faster is dropped, not queued; 0: no policer */
    uint64_t police_burst_bytes;
    uint32_t packet_bytes_max; /* larger ones vanish without a word; 0: no limit */
};

struct path_stats {
    uint64_t packets, lost, queue_drops, policed, vanished;
    uint64_t queue_us_sum, queue_us_max; /* time that packets stood in the queue */
    uint64_t lost_us;                    /* when the last one was lost */
};

struct path;

struct path *path_open(const struct path_config config[PATH_DIRECTIONS], uint16_t mtu,
                       uint64_t seed);
/* Packets under way are put back. */
void path_close(struct path *path);
struct ms_driver *path_driver(struct path *path, enum path_direction from);
void path_attach(struct path *path, enum path_direction to, struct ms_netif *netif);
/* Changes a direction for what is sent from now on. */
void path_set(struct path *path, enum path_direction direction, const struct path_config *config);
/* The n-th packet from now is lost, and the `run` - 1 behind it. */
void path_lose(struct path *path, enum path_direction direction, uint32_t nth, uint32_t run);
/* Hands over all that has arrived. */
void path_deliver(struct path *path, uint64_t now_us);
uint64_t path_next_deadline(const struct path *path);
const struct path_stats *path_stats_of(const struct path *path, enum path_direction direction);

#endif
