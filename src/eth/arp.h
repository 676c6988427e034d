/* SPDX-License-Identifier: ISC */
/* ARP: asking for addresses, and keeping ours to ourselves (RFC 826, 5227). */
#ifndef ETH_ARP_H
#define ETH_ARP_H

#include "core/netif.h"

/* Asks who has an address: mac NULL by broadcast, else that station alone. source 0: the fitting
 * address of the interface. Nothing is sent if it has none. */
void ms_arp_request(struct ms_netif *netif, uint32_t target, const uint8_t *mac, uint32_t source);
/* Begins the life of an IPv4 address: probes it when it is tentative, else announces it. */
void ms_arp_address_start(struct netif_addr *entry);
/* Its timer fired: the next probe or announcement. */
void ms_arp_address_expired(struct netif_addr *entry);

#endif
