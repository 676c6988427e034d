/* SPDX-License-Identifier: ISC */
/* The guest as drivers see it: netfront/platform.h's table. */
#include "guest.h"

static enum ms_xen_status grant(void *arg, uint16_t domain, const void *page, bool is_readonly,
                                uint32_t *reference)
{
    struct guest *guest = arg;

    *reference = ms_guest_grants_give(&guest->grants, domain,
                                      ms_guest_frame_of(&guest->machine, page), is_readonly);
    return *reference ? MS_XEN_OK : MS_XEN_NO_MEMORY;
}

static bool revoke(void *arg, uint32_t reference)
{
    struct guest *guest = arg;

    return ms_guest_grants_revoke(&guest->grants, reference);
}

static enum ms_xen_status open_port(void *arg, uint16_t domain, uint32_t *port)
{
    (void)arg;
    return ms_guest_events_open(domain, port) ? MS_XEN_OK : MS_XEN_NO_MEMORY;
}

static void close_port(void *arg, uint32_t port)
{
    struct guest *guest = arg;

    ms_guest_events_close(&guest->events, port);
}

static void notify(void *arg, uint32_t port)
{
    (void)arg;
    ms_guest_events_notify(port);
}

static bool take_event(void *arg, uint32_t port)
{
    struct guest *guest = arg;

    return ms_guest_events_take(&guest->events, port);
}

static void mask(void *arg, uint32_t port, bool is_masked)
{
    struct guest *guest = arg;

    /* There is room for more ports than a device of 16 queues has. */
    (void)ms_guest_events_mask(&guest->events, port, is_masked);
}

static enum ms_xen_status store_begin(void *arg, uint32_t *transaction)
{
    struct guest *guest = arg;

    return ms_guest_store_begin(&guest->store, transaction);
}

static enum ms_xen_status store_end(void *arg, uint32_t transaction, bool is_commit)
{
    struct guest *guest = arg;

    return ms_guest_store_end(&guest->store, transaction, is_commit);
}

static void store_read(void *arg, struct ms_xen_read *reads, unsigned n)
{
    struct guest *guest = arg;

    ms_guest_store_read_all(&guest->store, 0, reads, n);
}

static enum ms_xen_status store_write(void *arg, uint32_t transaction,
                                      const struct ms_xen_write *writes, unsigned n)
{
    struct guest *guest = arg;

    return ms_guest_store_write_all(&guest->store, transaction, writes, n);
}

static enum ms_xen_status store_watch(void *arg, const char *path, bool *fired)
{
    struct guest *guest = arg;

    return ms_guest_store_watch(&guest->store, path, fired);
}

static void store_unwatch(void *arg, const char *path, bool *fired)
{
    struct guest *guest = arg;

    ms_guest_store_unwatch(&guest->store, path, fired);
}

struct ms_xen_platform ms_guest_platform(struct guest *guest)
{
    static const struct ms_xen_platform_ops ops = {
        .grant = grant,
        .revoke = revoke,
        .open_port = open_port,
        .close_port = close_port,
        .notify = notify,
        .take_event = take_event,
        .mask = mask,
        .store_begin = store_begin,
        .store_end = store_end,
        .store_read = store_read,
        .store_write = store_write,
        .store_watch = store_watch,
        .store_unwatch = store_unwatch,
    };

    return (struct ms_xen_platform){ .ops = &ops, .arg = guest };
}
