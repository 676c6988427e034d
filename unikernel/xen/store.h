/* SPDX-License-Identifier: ISC */
/* A client of the xenstore, the small tree of names by which domains and tools find each other. */
#ifndef UNIKERNEL_STORE_H
#define UNIKERNEL_STORE_H

#include "events.h"
#include "netfront/platform.h"
#include "xen_public.h"

#include <xen/io/xs_wire.h>

enum { STORE_WATCHES_MAX = 16 };

struct store_watch {
    const char *path; /* NULL: this one is free */
    bool *fired;
};

struct store_answers;

struct store {
    struct xenstore_domain_interface *ring;
    struct events *events;
    uint32_t port;
    uint32_t produced, consumed; /* our two of the ring's numbers: what it shows is never read */
    uint32_t request_id;
    uint32_t news;  /* how often any watch fired */
    bool is_unsaid; /* requests were written that the other end was not told of */
    bool is_broken; /* it answered nonsense, or not at all: nothing is asked any more */
    struct store_answers *answers; /* what is awaited; NULL: nothing */
    struct store_watch watches[STORE_WATCHES_MAX];
    char answer[XENSTORE_PAYLOAD_MAX + 1]; /* the last message's; ended by a NUL */
    uint32_t answer_len;
};

/* Takes up a ring, at the start or after it was replaced. */
void ms_guest_store_connect(struct store *store, struct xenstore_domain_interface *ring,
                            uint32_t port);

/* Requests are as platform.h says. Each call waits for its answers, but not for ever; all requests
 * of one call are sent first, so that they cost little more than one. Transaction 0: none. */
enum ms_xen_status ms_guest_store_begin(struct store *store, uint32_t *transaction);
enum ms_xen_status ms_guest_store_end(struct store *store, uint32_t transaction, bool is_commit);
void ms_guest_store_read_all(struct store *store, uint32_t transaction, struct ms_xen_read *reads,
                             unsigned n);
enum ms_xen_status ms_guest_store_write_all(struct store *store, uint32_t transaction,
                                            const struct ms_xen_write *writes, unsigned n);
/* One value, outside of transactions. */
enum ms_xen_status ms_guest_store_read(struct store *store, const char *path, char *value,
                                       size_t size);
enum ms_xen_status ms_guest_store_watch(struct store *store, const char *path, bool *fired);
void ms_guest_store_unwatch(struct store *store, const char *path, bool *fired);

/* Takes note of the watches that fired meanwhile. */
void ms_guest_store_poll(struct store *store);

#endif
