/* SPDX-License-Identifier: ISC */
/* What a driver must provide: one function, and a few facts. It calls ms_netif_input(). */
#ifndef MSTACK_DRIVER_H
#define MSTACK_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mstack/error.h"
#include "mstack/frame.h"

struct ms_driver;

enum ms_medium {
    MS_MEDIUM_ETHERNET, /* frames begin with an Ethernet header, have no FCS */
    MS_MEDIUM_IP,       /* frames begin with an IPv4 or IPv6 header */
};

struct ms_driver_ops {
    /*
     * Offers n frames to the device. Returns how many it accepted, in order; the driver owns one
     * reference to each of those until the device is done with it, then calls ms_frame_put().
     * The stack keeps the others and offers them again at the next ms_poll(). Must not block. May
     * call ms_frame_put() and nothing else of the stack.
     */
    unsigned (*transmit)(struct ms_driver *driver, struct ms_frame **frames, unsigned n);
    /*
     * Announces memory before a device may touch it (grants, DMA). Buffers lent from inside a
     * mapped region go out by reference; others are copied by the driver, which counts them in
     * tx_copied. Both may be NULL: any memory will do.
     */
    enum ms_error (*map)(struct ms_driver *driver, void *memory, size_t len);
    void (*unmap)(struct ms_driver *driver, void *memory, size_t len);
    /*
     * The device is to take in frames to a group's address, or no longer. From ms_netif_attach() to
     * ms_netif_detach() the stack tells of each group it listens to, also while the interface is
     * down: what a device forgets, its driver tells it again. Groups may share an address: it is
     * left as often as it was joined. Must not block or call the stack. May be NULL: the device
     * takes all groups in.
     */
    void (*set_group)(struct ms_driver *driver, const uint8_t mac[6], bool is_joined);
};

/* Embedded in the driver's own struct. The facts do not change while it is attached, but for
 * segment_bytes_max, which may while the interface is down (ms_netif_set_up()). */
struct ms_driver {
    const struct ms_driver_ops *ops;
    enum ms_medium medium;
    uint8_t mac[6];             /* with MS_MEDIUM_ETHERNET */
    uint16_t mtu;               /* largest IP packet on the wire, 68 to 65535 */
    uint16_t slices_max;        /* pieces of payload a frame to send may have; at least 1 */
    bool checksum_offload;      /* takes MS_FRAME_CHECKSUM_PARTIAL */
    uint32_t segment_bytes_max; /* payload of a frame with segment_size (TSO), or 0: none */
    uint32_t frames;            /* receive frames in all; those held by the application are
                                   missing from its ring. 0: no fixed number */
    uint64_t tx_copied;         /* bytes copied since they lay outside mapped memory */
};

#endif
