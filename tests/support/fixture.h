/* SPDX-License-Identifier: ISC */
/* A stack without transports, its interfaces and clock in the test's hands: for eth and ip. */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include "core/frame.h"
#include "core/netif.h"
#include "core/packet.h"
#include "ip/ip.h"
#include "wire/eth.h"

enum { FIXTURE_NETIFS = 2, FIXTURE_QUEUE = 256 };

/* Bytes of one frame, with room for the largest super-frame. */
struct datagram {
    size_t len;
    uint8_t bytes[66000];
};

struct fixture {
    struct ms_stack *stack;
    struct ms_netif *netif; /* the first of netifs */
    struct ms_netif netifs[FIXTURE_NETIFS];
    struct ms_driver drivers[FIXTURE_NETIFS];
    struct packet packet; /* the last one that climbed, as far as it got */
    unsigned frames_in;   /* received frames that are not put yet */
    void *memory;
};

/* Small tables, so that tests fill them soon; change before opening. */
struct ms_config fixture_config(void);
/* Two Ethernet interfaces of MTU 1500, up, without addresses; MACs 02:00:00:00:00:01 and 02. */
void fixture_open(struct fixture *f, const struct ms_config *config);
/* Fails the test if a frame was not given back. */
void fixture_close(struct fixture *f);

/* Lets time pass, timers firing on the way. */
void fixture_advance(struct fixture *f, uint64_t us);

/*
 * Lets a frame in, in a buffer of exactly its size, and tells the verdict of the highest floor it
 * reached (no transport). The frame is put afterwards. split: bytes in its first piece.
 */
enum ms_drop fixture_input(struct fixture *f, struct ms_netif *netif, const uint8_t *bytes,
                           size_t len);
enum ms_drop fixture_input_split(struct fixture *f, struct ms_netif *netif, const uint8_t *bytes,
                                 size_t len, size_t split);
/* The same, of an IP packet, in an Ethernet frame from 02:00:00:00:01:01. */
enum ms_drop fixture_input_ip(struct fixture *f, struct ms_netif *netif, const uint8_t *bytes,
                              size_t len);
/* Lets the next packet in that the stack sent to itself. */
enum ms_drop fixture_loop(struct fixture *f);
/* Takes one frame off the interface's queue; false: nothing was sent. */
bool fixture_sent(struct ms_netif *netif, struct datagram *sent);
/* Throws away what was sent, and says how many frames it was. */
unsigned fixture_discard(struct ms_netif *netif);

/* Sends a UDP-like packet: `len` bytes that count up. */
enum ms_error fixture_send(struct fixture *f, const char *remote, uint32_t len);
/* An address from its text, which the test has right. */
struct ms_addr addr(const char *text);
void fixture_add_addr(struct ms_netif *netif, const char *text, uint8_t prefix_len);
/* What the counter of a reason says. */
uint64_t drops(const struct fixture *f, enum ms_drop drop);

#endif
