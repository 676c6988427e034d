/* SPDX-License-Identifier: ISC */
/* Linux TUN/TAP, with checksum offload and super-frames of up to 64 KB both ways. */
#ifndef MSTACK_DRIVERS_TAP_H
#define MSTACK_DRIVERS_TAP_H

#include "../device.h"

struct ms_tap;

struct ms_tap_config {
    const char *name;      /* at most 15 bytes; NULL or "": the kernel picks one */
    enum ms_medium medium; /* Ethernet: tap; IP: tun */
    bool no_offload;       /* every frame one packet with its checksum: for lossy wires */
    uint16_t mtu;          /* of our side; 0: 1500 */
    uint32_t frames;       /* receive frames of 64 KB each; 0: 64. The last fourth of them is not
                              given away: what is received then is copied into memory allocated
                              for it, so that frames held by others do not stop the interface */
    uint8_t mac[6];        /* of our side; all zero: made from the name, locally administered */
};

struct ms_tap_stats {
    uint64_t reads, writes;
    uint64_t rx_bad_header; /* frames dropped since the virtio header contradicts the frame */
    uint64_t rx_errors;     /* reads that failed other than for want of frames */
    uint64_t rx_copied;     /* frames copied since few were left */
    uint64_t rx_starved;    /* frames dropped since there was no memory for the copy either */
    uint64_t tx_again;      /* writes the kernel could not take now; tried again later */
    uint64_t tx_errors;     /* frames lost: the kernel refused them, or took only a part */
};

/*
 * Opens (creates) the interface; it goes away on close. Returns 0, or an errno with a line of text
 * in message. The link is not up yet: see ms_host_up().
 */
int ms_tap_open(struct ms_tap **tap, const struct ms_tap_config *config, char *message,
                size_t size);
/* The same on a descriptor that behaves like one (passed by a privileged process), which it owns
 * from now on, if it succeeds. Packets on it have a struct virtio_net_hdr of 10 bytes in front. */
int ms_tap_adopt(struct ms_tap **tap, int fd, const struct ms_tap_config *config, char *message,
                 size_t size);
/* After ms_netif_detach(), and once no received frame is held any more. */
void ms_tap_close(struct ms_tap *tap);
struct ms_device *ms_tap_device(struct ms_tap *tap);
/* The interface's name, as the kernel has it. */
const char *ms_tap_name(const struct ms_tap *tap);
int ms_tap_fd(const struct ms_tap *tap);
/* Reads at most a batch of frames and delivers them in one call. Returns how many. */
unsigned ms_tap_receive(struct ms_tap *tap, uint64_t now_us);
/* Frames delivered and not yet put back. */
uint32_t ms_tap_frames_held(const struct ms_tap *tap);
void ms_tap_stats(const struct ms_tap *tap, struct ms_tap_stats *stats);

#endif
