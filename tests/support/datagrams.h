/* SPDX-License-Identifier: ISC */
/* A UDP socket that remembers what it was told, on a pair of stacks. */
#ifndef SUPPORT_DATAGRAMS_H
#define SUPPORT_DATAGRAMS_H

#include "support/pair.h"

enum { RECEIVER_BYTES = 70000 };

struct receiver {
    struct ms_udp *udp;
    unsigned datagrams, errors;
    uint32_t len;
    uint8_t bytes[RECEIVER_BYTES]; /* of the last datagram */
    struct ms_endpoint remote, local;
    uint8_t hop_limit, traffic_class;
    bool closes_itself;
};

/* A buffer that counts how often it came back. */
struct counted_buf {
    struct ms_buf buf;
    unsigned released;
};

extern const struct ms_udp_events receiver_events;
struct counted_buf counted_buf(const void *data, uint32_t len);
/* Opens the receiver's socket on a host. */
void receiver_open(struct receiver *receiver, struct pair *pair, unsigned host, uint16_t port);

#endif
