/* SPDX-License-Identifier: ISC */
/* The hypervisor and the xenstore of a fuzzed Xen frontend: what is used wrongly is a fault. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netfront_world.h"

enum { BAD_VALUES = 8 };

static const char *const feature_keys[] = {
    "feature-split-event-channels", "feature-sg",        "feature-no-csum-offload",
    "feature-ipv6-csum-offload",    "feature-gso-tcpv4", "feature-gso-tcpv6",
};

void world_require(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static enum ms_xen_status grant(void *arg, uint16_t domain, const void *page, bool is_readonly,
                                uint32_t *reference)
{
    struct world *w = arg;

    (void)domain;
    world_meddle(w);
    if (w->grants_left == 0 || w->grant_count == WORLD_GRANTS - 1)
        return MS_XEN_NO_MEMORY;
    w->grants_left--;
    do
        w->next_grant = w->next_grant % (WORLD_GRANTS - 1) + 1;
    while (w->grants[w->next_grant].page);
    w->grants[w->next_grant] =
        (struct grant){ .page = (uint8_t *)(uintptr_t)page, .is_readonly = is_readonly };
    w->grant_count++;
    *reference = w->next_grant;
    return MS_XEN_OK;
}

static bool revoke(void *arg, uint32_t reference)
{
    struct world *w = arg;

    world_require(reference < WORLD_GRANTS && w->grants[reference].page,
                  "a grant that is none was revoked");
    world_meddle(w);
    if (w->grants[reference].is_mapped)
        return false;
    w->grants[reference].page = NULL;
    w->grant_count--;
    return true;
}

static enum ms_xen_status open_port(void *arg, uint16_t domain, uint32_t *port)
{
    struct world *w = arg;

    (void)domain;
    for (uint32_t i = 1; i < WORLD_PORTS; i++) {
        if (w->ports[i])
            continue;
        w->ports[i] = true;
        w->port_count++;
        *port = i;
        return MS_XEN_OK;
    }
    return MS_XEN_NO_MEMORY;
}

static void check_port(const struct world *w, uint32_t port)
{
    world_require(port < WORLD_PORTS && w->ports[port], "a port that is not open was used");
}

static void close_port(void *arg, uint32_t port)
{
    struct world *w = arg;

    check_port(w, port);
    w->ports[port] = false;
    w->port_count--;
}

static void notify(void *arg, uint32_t port)
{
    check_port(arg, port);
    world_meddle(arg);
}

static bool take_event(void *arg, uint32_t port)
{
    struct world *w = arg;
    bool was = port < WORLD_PORTS && w->events[port];

    check_port(w, port);
    w->events[port] = false;
    world_meddle(w);
    return was;
}

static void mask(void *arg, uint32_t port, bool is_masked)
{
    (void)is_masked;
    check_port(arg, port);
}

static enum ms_xen_status store_begin(void *arg, uint32_t *transaction)
{
    struct world *w = arg;

    world_require(!w->is_in_transaction, "two transactions at once");
    w->is_in_transaction = true;
    *transaction = 5;
    return MS_XEN_OK;
}

static enum ms_xen_status store_end(void *arg, uint32_t transaction, bool is_commit)
{
    struct world *w = arg;

    (void)is_commit;
    world_require(transaction == 5 && w->is_in_transaction, "no transaction");
    w->is_in_transaction = false;
    return w->is_again ? MS_XEN_AGAIN : MS_XEN_OK;
}

static enum ms_xen_status answer(char *value, size_t size, const char *text)
{
    if (strlen(text) >= size)
        return MS_XEN_TOO_LONG;
    strcpy(value, text);
    return MS_XEN_OK;
}

static bool ends_with(const char *path, const char *key)
{
    size_t len = strlen(path), key_len = strlen(key);

    return len > key_len && strcmp(path + len - key_len, key) == 0 &&
           path[len - key_len - 1] == '/';
}

static enum ms_xen_status read_one(const struct world *w, const char *path, char *value,
                                   size_t size)
{
    static const char *const bad[BAD_VALUES] = { "",  "-1", "4294967296", "99999999999999999999",
                                                 "x", "2",  "1 ",         "00000000000000001" };
    char state[8];

    if (w->nonsense && strlen(path) % 16 == w->nonsense % 16)
        return answer(value, size, bad[w->nonsense / 16 % BAD_VALUES]);
    if (ends_with(path, "mac"))
        return answer(value, size, "02:16:3e:00:00:01");
    if (ends_with(path, "backend"))
        return answer(value, size, "/b");
    if (ends_with(path, "backend-id"))
        return answer(value, size, "0");
    if (ends_with(path, "feature-rx-copy"))
        return answer(value, size, "1");
    if (ends_with(path, "state")) {
        snprintf(state, sizeof state, "%u", w->backend_state);
        return answer(value, size, state);
    }
    if (ends_with(path, "multi-queue-max-queues")) {
        snprintf(state, sizeof state, "%u", w->queues);
        return answer(value, size, state);
    }
    for (unsigned i = 0; i < sizeof feature_keys / sizeof feature_keys[0]; i++) {
        if (ends_with(path, feature_keys[i]))
            return answer(value, size, w->features >> i & 1 ? "1" : "0");
    }
    return MS_XEN_NOT_FOUND;
}

static void store_read(void *arg, struct ms_xen_read *reads, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        reads[i].status = read_one(arg, reads[i].path, reads[i].value, reads[i].size);
}

static enum ms_xen_status store_write(void *arg, uint32_t transaction,
                                      const struct ms_xen_write *writes, unsigned n)
{
    (void)arg;
    (void)transaction;
    for (unsigned i = 0; i < n; i++)
        world_require(strlen(writes[i].path) < 100 &&
                          (!writes[i].value || strlen(writes[i].value) < 16),
                      "nonsense was written");
    return MS_XEN_OK;
}

static enum ms_xen_status store_watch(void *arg, const char *path, bool *fired)
{
    struct world *w = arg;

    (void)path;
    world_require(!w->fired, "two watches");
    w->fired = fired;
    return MS_XEN_OK;
}

static void store_unwatch(void *arg, const char *path, bool *fired)
{
    struct world *w = arg;

    (void)path;
    world_require(w->fired == fired, "another watch");
    w->fired = NULL;
}

const struct ms_xen_platform_ops world_platform_ops = {
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
