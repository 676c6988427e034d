/* SPDX-License-Identifier: ISC */
/* Replays one captured conversation against a fresh stack, in virtual time. */
#ifndef CLI_STREAM_REPLAY_H
#define CLI_STREAM_REPLAY_H

#include "mstack/mstack.h"
#include "pcap/conversation.h"
#include "pcap/pcap_file.h"
#include "pcap/streams.h"

enum { SHA256_TEXT_SIZE = 65 };

/* One direction: what the capture carries, and what came through. */
struct replay_direction {
    uint64_t captured_bytes, delivered_bytes;
    char captured_sha256[SHA256_TEXT_SIZE], delivered_sha256[SHA256_TEXT_SIZE];
    uint64_t segments; /* seen by the receiver in the replay */
    uint64_t retransmissions;
    uint64_t duplicates, out_of_order;
};

struct replay_result {
    enum ms_side stack_side;
    struct replay_direction to_stack, from_stack;
    struct ms_counters counters;
    bool is_delivered; /* both directions byte for byte */
    char message[160]; /* why not, or "" */
};

struct replay_job {
    const struct ms_streams *streams;
    size_t stream;
    enum ms_side stack_side;
    struct ms_pcap_writer *writer; /* or NULL */
    const uint8_t *seed;           /* 32 bytes */
};

/* False: it cannot even begin; message says why. */
bool stream_replay(const struct replay_job *job, struct replay_result *result);

#endif
