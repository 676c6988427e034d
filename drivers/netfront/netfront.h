/* SPDX-License-Identifier: ISC */
/*
 * The network frontend of a Xen guest.
 *
 * It needs no libc and allocates nothing. A backend that breaks the protocol breaks the device and
 * nothing else: the device stops touching the rings, says why, and may be opened again.
 */
#ifndef MSTACK_DRIVERS_NETFRONT_H
#define MSTACK_DRIVERS_NETFRONT_H

#include "../device.h"
#include "platform.h"

struct ms_netfront;

enum ms_netfront_state {
    MS_NETFRONT_WAITING,    /* for a backend that is ready */
    MS_NETFRONT_CONNECTING, /* told the backend everything; it has still to connect */
    MS_NETFRONT_CONNECTED,
    MS_NETFRONT_CLOSING, /* nothing goes out or in; the backend has still to let go */
    MS_NETFRONT_CLOSED,  /* on purpose or in a quarrel: until the backend offers itself anew, or
                            ms_netfront_reopen() */
};

/* Why the device broke, or did not connect. */
/* clang-format off */
#define MS_NETFRONT_REASON_LIST(X)                                                                 \
    X(NONE, "nothing is wrong")                                                                    \
    X(PRODUCER, "backend answered more than it was asked")                                         \
    X(TX_ID, "backend answered a transmit request that is not pending")                            \
    X(RX_ID, "backend answered a receive request out of its turn")                                 \
    X(PAGES_HELD, "backend does not let go of pages")                                              \
    X(STORE, "xenstore has a value that makes no sense, or lacks one")                             \
    X(FEATURES, "backend lacks what is needed")                                                    \
    X(STORE_BUSY, "xenstore transactions fail again and again")                                    \
    X(NO_MEMORY, "no grant, port or watch is left")                                                \
    X(REFUSED, "hypervisor or xenstore refused")
/* clang-format on */

enum ms_netfront_reason {
#define MS_NETFRONT_REASON_ENUM(name, text) MS_NETFRONT_##name,
    MS_NETFRONT_REASON_LIST(MS_NETFRONT_REASON_ENUM)
#undef MS_NETFRONT_REASON_ENUM
        MS_NETFRONT_REASON_COUNT
};

struct ms_netfront_config {
    struct ms_xen_platform platform;
    const char *path;       /* in the xenstore: "device/vif/0"; lives as long as the device */
    uint16_t queues;        /* at most so many; 1 to 8 */
    uint16_t rx_pages;      /* of each queue, 40 to 4096. Those in frames that the stack or the
                               application hold are missing from the ring: give it as many more than
                               256 as segments may wait out of order. With 18 left, packets of more
                               than 256 bytes are dropped (rx_starved) until some are back */
    uint16_t tx_pages;      /* of each queue, to copy into: 32 to 256 */
    uint32_t tx_timeout_us; /* a backend that answers nothing for so long counts as down */
    bool no_checksum_offload;
    bool no_segmentation_offload;
    bool no_scatter_gather;  /* a frame is one page: no segmentation offload either */
    bool is_backend_trusted; /* believe it that it has verified checksums */
    /* The state, or is_up, or the reason changed. Called by ms_device_poll() only. May be NULL. */
    void (*on_change)(void *user, struct ms_netfront *netfront);
    void *user;
};

/* Counters wrap at 2^64. */
struct ms_netfront_stats {
    uint64_t rx_packets, rx_slots, rx_copied, rx_revoked;
    uint64_t rx_errors;                        /* packets whose slots made no sense */
    uint64_t rx_starved;                       /* packets lost: too much is held above */
    uint64_t tx_packets, tx_slots, tx_granted; /* tx_granted: slots that lent pages by reference */
    uint64_t tx_linearised;                    /* frames copied since they had too many pieces */
    uint64_t tx_errors; /* frames that cannot be sent, or that the backend could not */
    uint64_t tx_stalls; /* times the backend answered nothing for tx_timeout_us */
    uint64_t notifications, events, events_in_vain, times_masked;
    uint64_t connects, breaks;
    uint64_t revokes_failed;
};

/* One queue, 512 pages to receive into, 128 to copy into, 5 s, all offloads. Set the platform. */
void ms_netfront_config_default(struct ms_netfront_config *config);
/* Bytes of memory for ms_netfront_open(); 0: the configuration makes no sense. */
size_t ms_netfront_size(const struct ms_netfront_config *config);
/*
 * Reads the device's address and MTU and begins to connect, which ms_device_poll() goes on with.
 * The memory is page-aligned, known to the platform, and shared with the backend page by page.
 * NULL: *reason says why.
 */
struct ms_netfront *ms_netfront_open(const struct ms_netfront_config *config, void *memory,
                                     size_t size, enum ms_netfront_reason *reason);
/* Its file descriptor is -1: wait for the platform's events instead. It may be attached to a stack
 * at once; it takes frames when it is up. ms_device_close() closes in the rough. */
struct ms_device *ms_netfront_device(struct ms_netfront *netfront);
enum ms_netfront_state ms_netfront_state(const struct ms_netfront *netfront);
/* Whether frames get through: connected, with a carrier, and answering. For ms_netif_set_up(). */
bool ms_netfront_is_up(const struct ms_netfront *netfront);
/* Of the last time it broke or failed to connect; MS_NETFRONT_NONE once it is connected. */
enum ms_netfront_reason ms_netfront_reason(const struct ms_netfront *netfront);
/* "?" for a number that is none. */
const char *ms_netfront_reason_text(enum ms_netfront_reason reason);
/* Says goodbye to the backend; poll until the state is MS_NETFRONT_CLOSED. */
void ms_netfront_shut_down(struct ms_netfront *netfront);
/* From MS_NETFRONT_CLOSED: offers to connect again. Also after the guest was resumed elsewhere. */
void ms_netfront_reopen(struct ms_netfront *netfront);
/* Pages that the backend still has, though it should not. While there are any after
 * ms_device_close(), the memory (and that of lent buffers not released) must not be used. */
unsigned ms_netfront_pages_held(const struct ms_netfront *netfront);
void ms_netfront_stats(const struct ms_netfront *netfront, struct ms_netfront_stats *stats);

#endif
