/* SPDX-License-Identifier: ISC */
/* A Xen in memory: grants, ports, a xenstore, and a network backend that may be as bad as it likes.
 */
#ifndef SUPPORT_XEN_BACKEND_H
#define SUPPORT_XEN_BACKEND_H

#include "netfront/inside.h"

#include <xen/io/xenbus.h>

enum {
    XEN_GRANTS = 4096,
    XEN_PORTS = 64,
    XEN_KEYS = 96,
    XEN_WATCHES = 8,
    XEN_FRAME_BYTES = 65536 + 64,
    XEN_DOMAIN = 0,
    XEN_GROUPS = 64,
};

struct xen_grant {
    const uint8_t *page; /* NULL: unused */
    uint16_t domain;
    bool is_readonly;
    unsigned mapped; /* times; revoke fails while there are any */
};

struct xen_port {
    bool is_open, is_pending, is_masked;
    unsigned notified; /* by the guest */
};

struct xen_key {
    char *path, *value; /* NULL: unused */
    bool is_of_transaction, is_removed;
};

struct xen_watch {
    const char *path;
    bool *fired;
};

/* A packet that the frontend sent, put together. */
struct xen_packet {
    uint32_t len, slots, queue;
    uint16_t flags;        /* NETTXF_*, of the first slot */
    uint16_t segment_size; /* of the GSO extra, or 0 */
    uint8_t segment_type;
    uint8_t bytes[XEN_FRAME_BYTES];
};

/* How the backend says what it sends. */
struct xen_offer {
    uint16_t flags; /* NETRXF_*; more_data is set as needed */
    uint16_t segment_size;
    uint8_t segment_type;
    uint32_t slot_bytes; /* in each slot at most; 0: a page */
    uint16_t offset;     /* in each page */
};

/* The backend's side of a queue. */
struct xen_queue {
    uint8_t *tx, *rx; /* the rings, mapped; NULL: not connected */
    uint32_t tx_reference, rx_reference;
    uint32_t tx_port, rx_port;
    uint32_t tx_consumed, tx_responded, rx_consumed;
};

struct xen {
    struct ms_xen_platform platform;
    struct xen_grant grants[XEN_GRANTS];
    uint32_t next_grant, grants_in_use, grants_left; /* to be had yet; UINT32_MAX */
    struct xen_port ports[XEN_PORTS];
    uint32_t ports_open, ports_left;
    struct xen_key keys[XEN_KEYS];
    struct xen_watch watches[XEN_WATCHES];
    uint32_t watch_count;
    uint32_t transaction;   /* the one that is open, or 0 */
    uint32_t commits_again; /* so many commits are to fail */
    uint32_t wrong_uses;    /* of references and ports that are none */
    uint64_t store_writes, store_calls;

    struct xen_queue queues[QUEUES_MAX];
    uint32_t queue_count;
    bool is_deaf;                  /* answers no frontend state */
    bool is_mute;                  /* answers no transmit request */
    bool is_unkind;                /* keeps everything it ever mapped mapped, TX pages too */
    uint8_t groups[XEN_GROUPS][6]; /* that the frontend listens to */
    uint32_t group_count, groups_room;
    uint64_t group_requests;
    uint32_t tx_status_errors; /* answers so many with NETIF_RSP_ERROR */
    /* Every packet that came through. */
    void (*on_packet)(void *user, const struct xen_packet *packet);
    void *user;
    struct xen_packet packet;
    uint64_t packets, bad_packets;
};

/* A guest with one network device, and a backend in InitWait that offers everything. */
void xen_open(struct xen *xen);
/* Fails the test if a grant, a port, a watch or a transaction is left. */
void xen_close(struct xen *xen);

/* A value in the backend's (or frontend's) directory. NULL as value: removes it. */
void xen_backend_write(struct xen *xen, const char *key, const char *value);
void xen_frontend_write(struct xen *xen, const char *key, const char *value);
/* "" if there is none. */
const char *xen_backend_read(const struct xen *xen, const char *key);
const char *xen_frontend_read(const struct xen *xen, const char *key);
void xen_backend_set_state(struct xen *xen, unsigned state);
unsigned xen_frontend_state(const struct xen *xen);

/* The page behind a reference as the backend's domain sees it; NULL: it may not. */
uint8_t *xen_page(struct xen *xen, uint32_t reference, bool is_to_write);

/* Whether the frontend is to be sent what goes to this address. */
bool xen_backend_lets_in(const struct xen *xen, const uint8_t mac[6]);

/* Answers the frontend's state as netback does. */
void xen_backend_step(struct xen *xen);
/* Takes and answers all transmit requests; packets go to on_packet. */
void xen_backend_run(struct xen *xen);
/* Puts a packet into posted pages; false: there are too few. */
bool xen_backend_send(struct xen *xen, unsigned queue, const uint8_t *bytes, uint32_t len,
                      const struct xen_offer *offer);
/* One raw slot, as the backend wants it. False: nothing is posted. */
bool xen_backend_put(struct xen *xen, unsigned queue, const struct netif_rx_response *response,
                     const uint8_t *bytes, uint32_t len);
/* The page that the next RX slot would go to, or NULL. */
uint8_t *xen_backend_next_page(struct xen *xen, unsigned queue);
/* Shows the responses to the frontend. */
void xen_backend_push_rx(struct xen *xen, unsigned queue);
/* Answers a transmit request with any id and status at all. */
void xen_backend_answer(struct xen *xen, unsigned queue, uint16_t id, int16_t status);
void xen_backend_push_tx(struct xen *xen, unsigned queue);
void xen_event(struct xen *xen, uint32_t port);
struct netif_tx_sring *xen_tx_ring(struct xen *xen, unsigned queue);
struct netif_rx_sring *xen_rx_ring(struct xen *xen, unsigned queue);
/* Lets go of everything the unkind backend held. */
void xen_unmap_all(struct xen *xen);

#endif
