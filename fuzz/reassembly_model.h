/* SPDX-License-Identifier: ISC */
/*
 * Reassembly as RFC 791, 8200 and 5722 say it, in the plainest way: lists of what came, searched
 * from one end to the other. It shares nothing with src/, whose promises it knows: how many buffers
 * a source may have, how long they wait, how many pieces there may be.
 */
#ifndef FUZZ_REASSEMBLY_MODEL_H
#define FUZZ_REASSEMBLY_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { MODEL_DATAGRAMS = 16, MODEL_CUTS = 64, MODEL_BYTES = 2500 };

struct model_fragment {
    bool is_ipv6;
    uint8_t source, destination; /* numbers of hosts */
    uint8_t protocol;
    uint32_t id;
    uint32_t start, len;
    bool more;
    uint8_t hop_limit, traffic_class;
    const uint8_t *bytes;
};

struct model_cut {
    uint32_t start, end;
    bool is_last;
};

struct model_datagram {
    struct model_fragment first; /* what it is known by, and later the fragment at offset 0 */
    uint64_t begun_us;
    bool is_discarded;
    unsigned cut_count;
    struct model_cut cuts[MODEL_CUTS];
    uint8_t ecn_seen;
    uint8_t bytes[MODEL_BYTES];
};

struct model {
    uint32_t places; /* buffers there are */
    uint32_t kept;   /* of them, with the application */
    uint32_t count;
    struct model_datagram *datagrams[MODEL_DATAGRAMS]; /* oldest first */
    struct model_datagram rooms[MODEL_DATAGRAMS];
    bool is_taken[MODEL_DATAGRAMS];
    uint64_t ok, fails; /* as the counters */

    /* The datagram that became whole last. */
    struct model_fragment whole;
    uint8_t bytes[MODEL_BYTES];
};

void model_open(struct model *model, uint32_t places);
/* What has waited too long is given up. */
void model_time(struct model *model, uint64_t now_us);
/* True: a datagram became whole; whole and bytes show it. */
bool model_input(struct model *model, const struct model_fragment *fragment, uint64_t now_us);
/* When the oldest gives up; UINT64_MAX: there is none. */
uint64_t model_deadline_us(const struct model *model);

#endif
