/* SPDX-License-Identifier: ISC */
/* A Xen in memory: grants, ports, a xenstore, and a network backend that may be as bad as it likes.
 */
#include "support/xen_backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATH_BYTES = 256, FIRST_GRANT = 8 };

static const char guest[] = "/local/domain/1/";
static const char frontend[] = "/local/domain/1/device/vif/0/";
static const char backend[] = "/local/domain/0/backend/vif/1/0/";

/* --- Grants --- */

static enum ms_xen_status grant(void *arg, uint16_t domain, const void *page, bool is_readonly,
                                uint32_t *reference)
{
    struct xen *xen = arg;
    uint32_t at = xen->next_grant;

    assert_int_equal((uintptr_t)page % PAGE_BYTES, 0);
    if (xen->grants_left == 0 || xen->grants_in_use == XEN_GRANTS - FIRST_GRANT)
        return MS_XEN_NO_MEMORY;
    xen->grants_left -= xen->grants_left != UINT32_MAX;
    do
        at = at + 1 < XEN_GRANTS ? at + 1 : FIRST_GRANT;
    while (xen->grants[at].page);
    xen->next_grant = at;
    xen->grants[at] =
        (struct xen_grant){ .page = page, .domain = domain, .is_readonly = is_readonly };
    xen->grants_in_use++;
    *reference = at;
    return MS_XEN_OK;
}

static bool revoke(void *arg, uint32_t reference)
{
    struct xen *xen = arg;

    if (reference >= XEN_GRANTS || !xen->grants[reference].page) {
        xen->wrong_uses++;
        return true;
    }
    if (xen->grants[reference].mapped > 0)
        return false;
    xen->grants[reference].page = NULL;
    xen->grants_in_use--;
    return true;
}

uint8_t *xen_page(struct xen *xen, uint32_t reference, bool is_to_write)
{
    struct xen_grant *g = reference < XEN_GRANTS ? &xen->grants[reference] : NULL;

    if (!g || !g->page || g->domain != XEN_DOMAIN || (is_to_write && g->is_readonly))
        return NULL;
    return (uint8_t *)(uintptr_t)g->page;
}

void xen_unmap_all(struct xen *xen)
{
    for (unsigned i = 0; i < XEN_GRANTS; i++)
        xen->grants[i].mapped = 0;
}

/* --- Ports --- */

static struct xen_port *port_of(struct xen *xen, uint32_t port)
{
    if (port < XEN_PORTS && xen->ports[port].is_open)
        return &xen->ports[port];
    xen->wrong_uses++;
    return NULL;
}

static enum ms_xen_status open_port(void *arg, uint16_t domain, uint32_t *port)
{
    struct xen *xen = arg;
    uint32_t at = 1;

    (void)domain;
    while (at < XEN_PORTS && xen->ports[at].is_open)
        at++;
    if (at == XEN_PORTS || xen->ports_left == 0)
        return MS_XEN_NO_MEMORY;
    xen->ports_left -= xen->ports_left != UINT32_MAX;
    xen->ports[at] = (struct xen_port){ .is_open = true, .is_masked = true };
    xen->ports_open++;
    *port = at;
    return MS_XEN_OK;
}

static void close_port(void *arg, uint32_t port)
{
    struct xen *xen = arg;
    struct xen_port *p = port_of(xen, port);

    if (!p)
        return;
    p->is_open = false;
    xen->ports_open--;
}

static void notify(void *arg, uint32_t port)
{
    struct xen_port *p = port_of(arg, port);

    if (p)
        p->notified++;
}

static bool take_event(void *arg, uint32_t port)
{
    struct xen_port *p = port_of(arg, port);
    bool was_pending = p && p->is_pending;

    if (p)
        p->is_pending = false;
    return was_pending;
}

static void mask(void *arg, uint32_t port, bool is_masked)
{
    struct xen_port *p = port_of(arg, port);

    if (p)
        p->is_masked = is_masked;
}

void xen_event(struct xen *xen, uint32_t port)
{
    if (port < XEN_PORTS && xen->ports[port].is_open)
        xen->ports[port].is_pending = true;
}

/* --- The xenstore --- */

static void absolute(const char *path, char *to)
{
    snprintf(to, PATH_BYTES, "%s%s", path[0] == '/' ? "" : guest, path);
}

static struct xen_key *find(const struct xen *xen, const char *path, bool is_of_transaction)
{
    for (unsigned i = 0; i < XEN_KEYS; i++) {
        const struct xen_key *key = &xen->keys[i];

        if (key->path && key->is_of_transaction == is_of_transaction &&
            strcmp(key->path, path) == 0)
            return (struct xen_key *)(uintptr_t)key;
    }
    return NULL;
}

static void forget(struct xen_key *key)
{
    free(key->path);
    free(key->value);
    *key = (struct xen_key){ .path = NULL };
}

static struct xen_key *make(struct xen *xen, const char *path, bool is_of_transaction)
{
    struct xen_key *key = find(xen, path, is_of_transaction);

    for (unsigned i = 0; i < XEN_KEYS && !key; i++) {
        if (!xen->keys[i].path)
            key = &xen->keys[i];
    }
    assert_non_null(key);
    forget(key);
    key->path = strdup(path);
    key->is_of_transaction = is_of_transaction;
    return key;
}

static void fire(struct xen *xen, const char *path)
{
    for (unsigned i = 0; i < xen->watch_count; i++) {
        size_t len = strlen(xen->watches[i].path);

        if (strncmp(path, xen->watches[i].path, len) == 0)
            *xen->watches[i].fired = true;
    }
}

static void set(struct xen *xen, const char *path, const char *value)
{
    struct xen_key *key = make(xen, path, false);

    key->value = value ? strdup(value) : NULL;
    if (!value)
        forget(key);
    fire(xen, path);
}

static const char *get(const struct xen *xen, const char *path)
{
    const struct xen_key *key = find(xen, path, false);

    return key ? key->value : NULL;
}

static enum ms_xen_status store_begin(void *arg, uint32_t *transaction)
{
    struct xen *xen = arg;

    xen->store_calls++;
    assert_int_equal(xen->transaction, 0);
    *transaction = xen->transaction = 77;
    return MS_XEN_OK;
}

static enum ms_xen_status store_end(void *arg, uint32_t transaction, bool is_commit)
{
    struct xen *xen = arg;
    bool is_again = is_commit && xen->commits_again > 0;

    xen->store_calls++;
    assert_int_equal(transaction, xen->transaction);
    xen->transaction = 0;
    xen->commits_again -= is_again;
    for (unsigned i = 0; i < XEN_KEYS; i++) {
        struct xen_key key = xen->keys[i];

        if (!key.path || !key.is_of_transaction)
            continue;
        xen->keys[i] = (struct xen_key){ .path = NULL };
        if (is_commit && !is_again)
            set(xen, key.path, key.is_removed ? NULL : key.value);
        forget(&key);
    }
    return is_again ? MS_XEN_AGAIN : MS_XEN_OK;
}

static void store_read(void *arg, struct ms_xen_read *reads, unsigned n)
{
    struct xen *xen = arg;

    xen->store_calls++;
    for (unsigned i = 0; i < n; i++) {
        char whole[PATH_BYTES];
        const char *found;

        absolute(reads[i].path, whole);
        found = get(xen, whole);
        if (!found)
            reads[i].status = MS_XEN_NOT_FOUND;
        else if (strlen(found) >= reads[i].size)
            reads[i].status = MS_XEN_TOO_LONG;
        else
            reads[i].status = MS_XEN_OK;
        if (reads[i].status == MS_XEN_OK)
            memcpy(reads[i].value, found, strlen(found) + 1);
    }
}

static void change(struct xen *xen, uint32_t transaction, const char *path, const char *value)
{
    struct xen_key *key;

    xen->store_writes++;
    if (transaction == 0) {
        set(xen, path, value);
        return;
    }
    key = make(xen, path, true);
    key->is_removed = value == NULL;
    key->value = value ? strdup(value) : NULL;
}

static enum ms_xen_status store_write(void *arg, uint32_t transaction,
                                      const struct ms_xen_write *writes, unsigned n)
{
    struct xen *xen = arg;

    assert_int_equal(transaction, xen->transaction);
    xen->store_calls++;
    for (unsigned i = 0; i < n; i++) {
        char whole[PATH_BYTES];

        absolute(writes[i].path, whole);
        if (writes[i].value || get(xen, whole))
            change(xen, transaction, whole, writes[i].value);
    }
    return MS_XEN_OK;
}

static enum ms_xen_status store_watch(void *arg, const char *path, bool *fired)
{
    struct xen *xen = arg;

    xen->store_calls++;
    if (xen->watch_count == XEN_WATCHES)
        return MS_XEN_NO_MEMORY;
    xen->watches[xen->watch_count++] = (struct xen_watch){ .path = path, .fired = fired };
    *fired = true;
    return MS_XEN_OK;
}

static void store_unwatch(void *arg, const char *path, bool *fired)
{
    struct xen *xen = arg;

    for (unsigned i = 0; i < xen->watch_count; i++) {
        if (xen->watches[i].path == path && xen->watches[i].fired == fired) {
            xen->watches[i] = xen->watches[--xen->watch_count];
            return;
        }
    }
    xen->wrong_uses++;
}

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

static void write_below(struct xen *xen, const char *base, const char *key, const char *value)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s%s", base, key);
    set(xen, path, value);
}

static const char *read_below(const struct xen *xen, const char *base, const char *key)
{
    char path[PATH_BYTES];
    const char *value;

    snprintf(path, sizeof path, "%s%s", base, key);
    value = get(xen, path);
    return value ? value : "";
}

void xen_backend_write(struct xen *xen, const char *key, const char *value)
{
    write_below(xen, backend, key, value);
}

void xen_frontend_write(struct xen *xen, const char *key, const char *value)
{
    write_below(xen, frontend, key, value);
}

const char *xen_backend_read(const struct xen *xen, const char *key)
{
    return read_below(xen, backend, key);
}

const char *xen_frontend_read(const struct xen *xen, const char *key)
{
    return read_below(xen, frontend, key);
}

void xen_backend_set_state(struct xen *xen, unsigned state)
{
    char text[16];

    snprintf(text, sizeof text, "%u", state);
    xen_backend_write(xen, "state", text);
}

unsigned xen_frontend_state(const struct xen *xen)
{
    return (unsigned)strtoul(xen_frontend_read(xen, "state"), NULL, 10);
}

void xen_open(struct xen *xen)
{
    static const char *const features[] = {
        "feature-rx-copy",
        "feature-split-event-channels",
        "feature-sg",
        "feature-gso-tcpv4",
        "feature-gso-tcpv6",
        "feature-ipv6-csum-offload",
        "feature-multicast-control",
        "feature-dynamic-multicast-control",
    };

    memset(xen, 0, sizeof *xen);
    xen->platform = (struct ms_xen_platform){ .ops = &ops, .arg = xen };
    xen->next_grant = FIRST_GRANT;
    xen->groups_room = XEN_GROUPS;
    xen->grants_left = xen->ports_left = UINT32_MAX;
    for (unsigned i = 0; i < sizeof features / sizeof features[0]; i++)
        xen_backend_write(xen, features[i], "1");
    xen_frontend_write(xen, "mac", "02:16:3e:00:00:01");
    xen_frontend_write(xen, "backend", "/local/domain/0/backend/vif/1/0");
    xen_frontend_write(xen, "backend-id", "0");
    xen_backend_set_state(xen, XenbusStateInitWait);
}

void xen_close(struct xen *xen)
{
    for (unsigned i = 0; i < XEN_KEYS; i++)
        forget(&xen->keys[i]);
    assert_int_equal(xen->grants_in_use, 0);
    assert_int_equal(xen->ports_open, 0);
    assert_int_equal(xen->watch_count, 0);
    assert_int_equal(xen->transaction, 0);
    assert_int_equal(xen->wrong_uses, 0);
}
