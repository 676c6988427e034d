/* SPDX-License-Identifier: ISC */
/* Neighbour discovery messages for tests: written by mstack's own emitters, let into a world. */
#ifndef SUPPORT_ND_MESSAGE_H
#define SUPPORT_ND_MESSAGE_H

#include "support/ip_world.h"
#include "wire/nd.h"

#define ROUTER  "fe80::ff01"
#define ROUTER2 "fe80::ff02"

/* A solicitation for target; mac_last 0: without a source link address. */
enum ms_drop world_solicits(struct ip_world *w, const char *from, const char *to,
                            const char *target, uint8_t mac_last);
/* An advertisement of target, to us or all nodes; mac_last 0: without a target link address. */
enum ms_drop world_advertises(struct ip_world *w, const char *to, const char *target, uint8_t flags,
                              uint8_t mac_last);
/* A router's advertisement as it stands in message. */
enum ms_drop world_router(struct ip_world *w, const char *from, const struct nd_message *message);
/* Any of them, as the bytes of an ICMPv6 message. */
enum ms_drop world_nd(struct ip_world *w, const struct message *how,
                      const struct nd_message *message);
struct nd_prefix world_prefix(const char *text, uint8_t len, uint8_t flags, uint32_t valid_s,
                              uint32_t preferred_s);
/* The state of the address of ours with this prefix, or -1. */
int world_addr_state(const struct ip_world *w, const char *prefix, struct ms_netif_addr *found);

#endif
