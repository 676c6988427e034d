/* SPDX-License-Identifier: ISC */
/*
 * What the network frontend needs of the guest it runs in. One table, so that the same driver runs
 * in our own unikernel, in other small kernels, and in a test against a backend in memory.
 *
 * None of these calls may call back into the driver. A reference, a port and a transaction are
 * plain numbers that the platform hands out; 0 is none of them unless it says otherwise.
 */
#ifndef MSTACK_DRIVERS_NETFRONT_PLATFORM_H
#define MSTACK_DRIVERS_NETFRONT_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MS_XEN_PAGE_BYTES = 4096 };

enum ms_xen_status {
    MS_XEN_OK,
    MS_XEN_AGAIN,     /* others wrote in the xenstore meanwhile: begin the transaction anew */
    MS_XEN_NOT_FOUND, /* no such path */
    MS_XEN_TOO_LONG,  /* the value does not fit */
    MS_XEN_NO_MEMORY, /* no reference, port or room is left */
    MS_XEN_REFUSED,   /* the hypervisor or the store says no */
};

/* A value to read from the xenstore. */
struct ms_xen_read {
    const char *path;
    char *value; /* is given a NUL behind */
    size_t size;
    enum ms_xen_status status; /* MS_XEN_TOO_LONG: more than size - 1 bytes */
};

/* A value to write there. */
struct ms_xen_write {
    const char *path;
    const char *value; /* NULL: the path is removed, if it is there */
};

struct ms_xen_platform_ops {
    /* Grants. `page` is page-aligned and lies in memory that the platform knows the frame of. */
    enum ms_xen_status (*grant)(void *arg, uint16_t domain, const void *page, bool is_readonly,
                                uint32_t *reference);
    /*
     * Ends access in one atomic step. False: the other domain still has the page mapped; nothing
     * was changed, and the page must not be used again before this succeeded.
     */
    bool (*revoke)(void *arg, uint32_t reference);

    /* Event channels: ports that the other domain may bind. */
    enum ms_xen_status (*open_port)(void *arg, uint16_t domain, uint32_t *port);
    void (*close_port)(void *arg, uint32_t port);
    void (*notify)(void *arg, uint32_t port);
    /* Whether an event came since the last time, which is then forgotten. */
    bool (*take_event)(void *arg, uint32_t port);
    /* A masked port wakes nobody up. Ports are masked when opened. */
    void (*mask)(void *arg, uint32_t port, bool is_masked);

    /*
     * The xenstore. Paths are absolute or relative to the guest's own directory. Each call waits
     * for its answers; a good platform sends all of a call's requests before it waits.
     */
    enum ms_xen_status (*store_begin)(void *arg, uint32_t *transaction);
    /* MS_XEN_AGAIN: nothing was written. */
    enum ms_xen_status (*store_end)(void *arg, uint32_t transaction, bool is_commit);
    /* Outside of transactions. */
    void (*store_read)(void *arg, struct ms_xen_read *reads, unsigned n);
    /* In their order. Transaction 0: none. Returns MS_XEN_OK, or the status of one that failed. */
    enum ms_xen_status (*store_write)(void *arg, uint32_t transaction,
                                      const struct ms_xen_write *writes, unsigned n);
    /* From now on *fired becomes true whenever the path or anything below it changes, and once at
     * the start. The path and *fired must live until unwatch. */
    enum ms_xen_status (*store_watch)(void *arg, const char *path, bool *fired);
    void (*store_unwatch)(void *arg, const char *path, bool *fired);
};

struct ms_xen_platform {
    const struct ms_xen_platform_ops *ops;
    void *arg;
};

#endif
