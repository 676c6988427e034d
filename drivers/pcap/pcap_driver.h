/* SPDX-License-Identifier: ISC */
/* A driver that replays a capture file into a netif, and writes what the stack sends. */
#ifndef MSTACK_DRIVERS_PCAP_DRIVER_H
#define MSTACK_DRIVERS_PCAP_DRIVER_H

#include "../device.h"

struct ms_pcap;

struct ms_pcap_config {
    const char *in;  /* pcap or pcapng. Ethernet files give an Ethernet device, others an IP one */
    const char *out; /* pcap of what the stack sends; NULL: not written */
    uint8_t mac[6];  /* of our side; all zero: the first unicast destination in the file */
    uint16_t mtu;    /* 0: 1500 */
};

struct ms_pcap_stats {
    uint64_t frames;    /* delivered */
    uint64_t truncated; /* records skipped: the file has only a part of them */
    uint64_t not_ip;    /* records skipped: not IP, on an IP device */
    uint64_t sent;      /* frames from the stack */
};

/* Returns 0, or an errno and a line in message. */
int ms_pcap_open(struct ms_pcap **pcap, const struct ms_pcap_config *config, char *message,
                 size_t size);
void ms_pcap_close(struct ms_pcap *pcap);
struct ms_device *ms_pcap_device(struct ms_pcap *pcap);
/*
 * Delivers the records whose time has come, each with its own time; times are the file's own and
 * never go back. Returns how many. Virtual time is: now_us = the earlier of
 * ms_pcap_next_deadline() and ms_next_deadline().
 */
unsigned ms_pcap_poll(struct ms_pcap *pcap, uint64_t now_us);
/* The next record's time; UINT64_MAX at the end of the file. */
uint64_t ms_pcap_next_deadline(const struct ms_pcap *pcap);
/* NULL, or what was wrong with the file where reading ended. */
const char *ms_pcap_error(const struct ms_pcap *pcap);
void ms_pcap_stats(const struct ms_pcap *pcap, struct ms_pcap_stats *stats);

#endif
