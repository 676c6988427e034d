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

struct store {
    struct xenstore_domain_interface *ring;
    struct events *events;
    uint32_t port;
    uint32_t request_id;
    uint32_t news;  /* how often any watch fired */
    bool is_broken; /* it answered nonsense, or not at all: nothing is asked any more */
    struct store_watch watches[STORE_WATCHES_MAX];
    char answer[XENSTORE_PAYLOAD_MAX + 1]; /* of the last call; ended by a NUL */
    uint32_t answer_len;
};

/* Requests are as platform.h says. Each waits for its answer, but not for ever. */
enum ms_xen_status ms_guest_store_begin(struct store *store, uint32_t *transaction);
enum ms_xen_status ms_guest_store_end(struct store *store, uint32_t transaction, bool is_commit);
enum ms_xen_status ms_guest_store_read(struct store *store, uint32_t transaction, const char *path,
                                       char *value, size_t size);
enum ms_xen_status ms_guest_store_write(struct store *store, uint32_t transaction, const char *path,
                                        const char *value);
enum ms_xen_status ms_guest_store_remove(struct store *store, uint32_t transaction,
                                         const char *path);
enum ms_xen_status ms_guest_store_watch(struct store *store, const char *path, bool *fired);
void ms_guest_store_unwatch(struct store *store, const char *path, bool *fired);

/* Takes note of the watches that fired meanwhile. */
void ms_guest_store_poll(struct store *store);

#endif
