/* SPDX-License-Identifier: ISC */
/* Two whole stacks, joined by a wire of the test's own, in virtual time. */
#ifndef SUPPORT_PAIR_H
#define SUPPORT_PAIR_H

#include <sha2.h>
#include <stdbool.h>
#include <stdint.h>

#include "mstack/mstack.h"

enum { PAIR_WIRE_FRAMES = 512 };

struct pair;

struct pair_host {
    struct ms_driver driver; /* first */
    struct pair *pair;
    struct ms_stack *stack;
    struct ms_netif *netif;
    void *memory;
    struct ms_frame *wire[PAIR_WIRE_FRAMES]; /* sent, on their way to the other host */
    unsigned wire_count;
    unsigned refuse_after; /* frames accepted in one call; UINT32_MAX: all */
    uint64_t frames_sent;
};

struct pair {
    struct pair_host hosts[2];
    uint64_t now_us;
    uint64_t delay_us;   /* one way, of every frame; steps of it */
    unsigned drop_every; /* the n-th frame of each host is lost; 0: none */
    bool is_hashed;      /* sha2 covers every byte sent, and when */
    SHA2_CTX sha2;
};

/* IPv4 10.0.0.1 and 10.0.0.2, IPv6 2001:db8::1 and ::2, medium IP, MTU 1500. */
void pair_open(struct pair *pair, const struct ms_config *config);
/* Fails the test if a frame is missing. */
void pair_close(struct pair *pair);
/* Lets both hosts run until the time is over. */
void pair_run(struct pair *pair, uint64_t us);
struct ms_endpoint pair_endpoint(unsigned host, bool is_ipv4, uint16_t port);

#endif
