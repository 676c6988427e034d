/* SPDX-License-Identifier: ISC */
/* UDP sockets (RFC 768, 8085). */
#ifndef MSTACK_UDP_H
#define MSTACK_UDP_H

#include "mstack/addr.h"
#include "mstack/frame.h"
#include "mstack/stack.h"

struct ms_udp;

/* A datagram received. Valid while the handler runs; to keep the bytes, ms_frame_get(frame). */
struct ms_datagram {
    struct ms_endpoint remote, local; /* local: where it was sent to, a group perhaps */
    struct ms_slice first;            /* the first piece of payload */
    const struct ms_slice *more;      /* the others */
    unsigned more_count;
    uint32_t len; /* of all pieces */
    struct ms_frame *frame;
    uint8_t hop_limit, traffic_class;
};

struct ms_udp_events {
    void (*on_datagram)(struct ms_udp *udp, void *user, const struct ms_datagram *datagram);
    /* ICMP says that what was sent to remote did not arrive. Optional. */
    void (*on_error)(struct ms_udp *udp, void *user, const struct ms_endpoint *remote,
                     enum ms_error error);
};

/*
 * Opens a socket on local: address unspecified takes datagrams to every address of ours, and both
 * families; port 0 picks a free one (RFC 6056).
 */
enum ms_error ms_udp_open(struct ms_stack *stack, const struct ms_endpoint *local,
                          const struct ms_udp_events *events, void *user,
                          struct ms_udp **udp) MS_MUST_CHECK;
/* May be called in its own handlers. Datagrams already sent go out all the same. */
void ms_udp_close(struct ms_udp *udp);
/* Where it is bound. */
void ms_udp_local(const struct ms_udp *udp, struct ms_endpoint *local);
/*
 * Lends payload until its release() is called. Sent at the next ms_poll(), in fragments if it is
 * larger than the path's MTU, which a build without fragments refuses as MS_ERROR_TOO_LONG. On an
 * error nothing was taken.
 */
enum ms_error ms_udp_send(struct ms_udp *udp, const struct ms_endpoint *remote,
                          struct ms_buf *payload) MS_MUST_CHECK;

enum ms_udp_option {
    MS_UDP_HOP_LIMIT,       /* TTL of unicast, 1 to 255; 64 */
    MS_UDP_GROUP_HOP_LIMIT, /* of multicast, 1 to 255; 1 */
    MS_UDP_TRAFFIC_CLASS,   /* DSCP and ECN bits; 0 */
    MS_UDP_CHECKSUM_IPV4,   /* 0: send none over IPv4; 1 */
};
enum ms_error ms_udp_set(struct ms_udp *udp, enum ms_udp_option option,
                         uint32_t value) MS_MUST_CHECK;

#endif
