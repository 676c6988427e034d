/* SPDX-License-Identifier: ISC */
/* What is read from and written to the xenstore. Every value read is bounded and checked. */
#include "inside.h"

#include <xen/io/xenbus.h>

enum {
    PATH_BYTES = 192,
    NUMBER_BYTES = 16,
    NUMBER_DIGITS_MAX = 10,
    MAC_TEXT_BYTES = 18,
    MAC_BYTES = 6,
    DOMAIN_MAX = 0x7fef, /* above are names for special domains */
    MTU = 1500,
    MTU_MIN = 68,
    ETH_BYTES = 14 + 4, /* with a VLAN tag */
    COMMIT_TRIES = 16,
    PARTS_MAX = 6,
};

/* How reading a number went. */
enum found { FOUND, MISSING, NONSENSE };

/* Puts strings one behind the other; false: they do not fit. */
static bool join(char *to, size_t size, const char *const *parts, unsigned n)
{
    size_t len = 0;

    for (unsigned i = 0; i < n; i++) {
        for (const char *from = parts[i]; *from; from++) {
            if (len + 1 >= size)
                return false;
            to[len++] = *from;
        }
    }
    to[len] = '\0';
    return true;
}

static void format(uint32_t value, char text[NUMBER_BYTES])
{
    char reversed[NUMBER_BYTES];
    unsigned n = 0, i = 0;

    do {
        reversed[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (n > 0)
        text[i++] = reversed[--n];
    text[i] = '\0';
}

static enum found parse(const char *text, uint32_t max, uint32_t *value)
{
    uint64_t result = 0;
    unsigned n = 0;

    for (; text[n]; n++) {
        if (text[n] < '0' || text[n] > '9' || n == NUMBER_DIGITS_MAX)
            return NONSENSE;
        result = result * 10 + (uint64_t)(text[n] - '0');
    }
    if (n == 0 || result > max)
        return NONSENSE;
    *value = (uint32_t)result;
    return FOUND;
}

static enum found read_text(struct ms_netfront *nf, const char *base, const char *key, char *value,
                            size_t size)
{
    const struct ms_xen_platform *platform = &nf->config.platform;
    const char *parts[] = { base, "/", key };
    char path[PATH_BYTES];

    if (!join(path, sizeof path, parts, 3))
        return NONSENSE;
    switch (platform->ops->store_read(platform->arg, 0, path, value, size)) {
    case MS_XEN_OK: return FOUND;
    case MS_XEN_NOT_FOUND: return MISSING;
    default: return NONSENSE;
    }
}

static enum found read_number(struct ms_netfront *nf, const char *base, const char *key,
                              uint32_t max, uint32_t *value)
{
    char text[NUMBER_BYTES];
    enum found found = read_text(nf, base, key, text, sizeof text);

    return found == FOUND ? parse(text, max, value) : found;
}

/* 16: it is none. */
static unsigned hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

static bool read_mac(struct ms_netfront *nf, uint8_t mac[MAC_BYTES])
{
    char text[MAC_TEXT_BYTES];
    uint8_t sum = 0;

    if (read_text(nf, nf->config.path, "mac", text, sizeof text) != FOUND)
        return false;
    for (unsigned i = 0; i < MAC_TEXT_BYTES - 1; i++) {
        unsigned value = hex_digit(text[i]);

        if (i % 3 == 2 && text[i] == ':')
            continue;
        if (i % 3 == 2 || value > 15)
            return false;
        mac[i / 3] = (uint8_t)((unsigned)mac[i / 3] << 4 | value);
        sum |= (uint8_t)value;
    }
    return sum != 0 && (mac[0] & 1) == 0;
}

/* Without scatter-gather a frame is one page. */
static uint16_t mtu_max(bool has_scatter_gather)
{
    return (uint16_t)((has_scatter_gather ? XEN_NETIF_MAX_TX_SIZE : PAGE_BYTES) - ETH_BYTES);
}

enum ms_netfront_reason ms_netfront_store_open(struct ms_netfront *nf)
{
    uint32_t mtu = MTU, max = mtu_max(!nf->config.no_scatter_gather);

    if (!read_mac(nf, nf->device.driver.mac))
        return MS_NETFRONT_STORE;
    if (read_number(nf, nf->config.path, "mtu", UINT16_MAX, &mtu) == NONSENSE || mtu < MTU_MIN)
        return MS_NETFRONT_STORE;
    nf->device.driver.mtu = (uint16_t)(mtu < max ? mtu : max);
    return MS_NETFRONT_NONE;
}

void ms_netfront_store_unwatch(struct ms_netfront *nf)
{
    const struct ms_xen_platform *platform = &nf->config.platform;

    if (nf->watched[0])
        platform->ops->store_unwatch(platform->arg, nf->watched, &nf->fired);
    nf->watched[0] = '\0';
}

enum ms_netfront_reason ms_netfront_store_find_backend(struct ms_netfront *nf)
{
    const struct ms_xen_platform *platform = &nf->config.platform;
    const char *part = nf->backend;
    uint32_t domain;

    ms_netfront_store_unwatch(nf);
    if (read_text(nf, nf->config.path, "backend", nf->backend, sizeof nf->backend) != FOUND ||
        nf->backend[0] == '\0' ||
        read_number(nf, nf->config.path, "backend-id", DOMAIN_MAX, &domain) != FOUND) {
        nf->backend[0] = '\0';
        return MS_NETFRONT_STORE;
    }
    nf->features.domain = (uint16_t)domain;
    (void)join(nf->watched, sizeof nf->watched, &part, 1);
    nf->fired = true;
    if (platform->ops->store_watch(platform->arg, nf->watched, &nf->fired) == MS_XEN_OK)
        return MS_NETFRONT_NONE;
    nf->watched[0] = '\0';
    nf->backend[0] = '\0';
    return MS_NETFRONT_NO_MEMORY;
}

/* A feature that is absent unless the backend names it. False: nonsense. */
static bool read_flag(struct ms_netfront *nf, const char *key, bool *flag)
{
    uint32_t value = 0;

    if (read_number(nf, nf->backend, key, 1, &value) == NONSENSE)
        return false;
    *flag = value == 1;
    return true;
}

static bool read_features(struct ms_netfront *nf, bool *has_rx_copy)
{
    struct features *f = &nf->features;
    bool no_checksum;
    uint32_t queues = 1;

    if (!read_flag(nf, "feature-rx-copy", has_rx_copy) ||
        !read_flag(nf, "feature-split-event-channels", &f->split_event_channels) ||
        !read_flag(nf, "feature-sg", &f->scatter_gather) ||
        !read_flag(nf, "feature-no-csum-offload", &no_checksum) ||
        !read_flag(nf, "feature-ipv6-csum-offload", &f->tx_checksum_v6) ||
        !read_flag(nf, "feature-gso-tcpv4", &f->gso_v4) ||
        !read_flag(nf, "feature-gso-tcpv6", &f->gso_v6))
        return false;
    f->tx_checksum_v4 = !no_checksum;
    if (read_number(nf, nf->backend, "multi-queue-max-queues", UINT32_MAX, &queues) == NONSENSE ||
        queues == 0)
        return false;
    f->queues = (uint16_t)(queues < nf->queue_count ? queues : nf->queue_count);
    return true;
}

enum ms_netfront_reason ms_netfront_store_negotiate(struct ms_netfront *nf)
{
    const struct ms_netfront_config *config = &nf->config;
    struct features *f = &nf->features;
    bool has_rx_copy = false;

    if (!read_features(nf, &has_rx_copy))
        return MS_NETFRONT_STORE;
    if (!has_rx_copy)
        return MS_NETFRONT_FEATURES;
    f->scatter_gather = f->scatter_gather && !config->no_scatter_gather;
    f->tx_checksum_v4 = f->tx_checksum_v4 && !config->no_checksum_offload;
    f->tx_checksum_v6 = f->tx_checksum_v6 && !config->no_checksum_offload;
    /* The stack cuts for both families alike, so that one without the other is no help. */
    f->gso_v4 = f->gso_v4 && f->gso_v6 && f->tx_checksum_v4 && f->tx_checksum_v6 &&
                f->scatter_gather && !config->no_segmentation_offload;
    f->gso_v6 = f->gso_v4;
    if (nf->device.driver.mtu > mtu_max(f->scatter_gather))
        return MS_NETFRONT_FEATURES;
    return MS_NETFRONT_NONE;
}

/* --- Writing, inside of one transaction --- */

/* Writes stop at the first that fails. */
struct writer {
    struct ms_netfront *nf;
    uint32_t transaction;
    enum ms_xen_status status;
    char base[PATH_BYTES]; /* keys go below it */
};

static void write_text(struct writer *w, const char *key, const char *value)
{
    const struct ms_xen_platform *platform = &w->nf->config.platform;
    const char *parts[] = { w->base, "/", key };
    char path[PATH_BYTES];

    if (w->status != MS_XEN_OK)
        return;
    if (!join(path, sizeof path, parts, 3))
        w->status = MS_XEN_TOO_LONG;
    else
        w->status = platform->ops->store_write(platform->arg, w->transaction, path, value);
}

static void write_number(struct writer *w, const char *key, uint32_t value)
{
    char text[NUMBER_BYTES];

    format(value, text);
    write_text(w, key, text);
}

/* What an earlier connection may have left there. */
static void clear(struct writer *w, const char *key)
{
    const struct ms_xen_platform *platform = &w->nf->config.platform;
    const char *parts[] = { w->base, "/", key };
    char path[PATH_BYTES];
    enum ms_xen_status status;

    if (w->status != MS_XEN_OK || !join(path, sizeof path, parts, 3))
        return;
    status = platform->ops->store_remove(platform->arg, w->transaction, path);
    if (status != MS_XEN_OK && status != MS_XEN_NOT_FOUND)
        w->status = status;
}

static void write_queue(struct writer *w, const struct queue *queue)
{
    write_number(w, "tx-ring-ref", queue->ring_pages[0].reference);
    write_number(w, "rx-ring-ref", queue->ring_pages[1].reference);
    if (w->nf->features.split_event_channels) {
        clear(w, "event-channel");
        write_number(w, "event-channel-tx", queue->ports[0].number);
        write_number(w, "event-channel-rx", queue->ports[1].number);
    } else {
        clear(w, "event-channel-tx");
        clear(w, "event-channel-rx");
        write_number(w, "event-channel", queue->ports[0].number);
    }
}

static void write_queues(struct writer *w)
{
    static const char *const single[] = { "tx-ring-ref", "rx-ring-ref", "event-channel",
                                          "event-channel-tx", "event-channel-rx" };
    const struct ms_netfront *nf = w->nf;

    if (nf->features.queues == 1) {
        clear(w, "multi-queue-num-queues");
        write_queue(w, &nf->queues[0]);
        return;
    }
    for (unsigned i = 0; i < sizeof single / sizeof single[0]; i++)
        clear(w, single[i]);
    write_number(w, "multi-queue-num-queues", nf->features.queues);
    for (uint32_t i = 0; i < nf->features.queues; i++) {
        char number[NUMBER_BYTES];
        const char *parts[] = { nf->config.path, "/queue-", number };

        format(i, number);
        if (!join(w->base, sizeof w->base, parts, 3))
            w->status = MS_XEN_TOO_LONG;
        write_queue(w, &nf->queues[i]);
    }
    (void)join(w->base, sizeof w->base, &nf->config.path, 1);
}

static void write_all(struct writer *w)
{
    const struct ms_netfront_config *config = &w->nf->config;
    bool takes_gso = w->nf->device.driver.segment_bytes_max > 0;

    write_queues(w);
    write_number(w, "request-rx-copy", 1);
    write_number(w, "feature-rx-notify", 1);
    write_number(w, "feature-sg", !config->no_scatter_gather);
    write_number(w, "feature-no-csum-offload", config->no_checksum_offload);
    write_number(w, "feature-ipv6-csum-offload", !config->no_checksum_offload);
    write_number(w, "feature-gso-tcpv4", takes_gso);
    write_number(w, "feature-gso-tcpv6", takes_gso);
    write_number(w, "state", XenbusStateConnected);
}

enum ms_netfront_reason ms_netfront_store_publish(struct ms_netfront *nf)
{
    const struct ms_xen_platform *platform = &nf->config.platform;
    struct writer w = { .nf = nf };
    enum ms_xen_status status;

    for (unsigned i = 0; i < COMMIT_TRIES; i++) {
        status = platform->ops->store_begin(platform->arg, &w.transaction);
        if (status != MS_XEN_OK)
            return status == MS_XEN_NO_MEMORY ? MS_NETFRONT_NO_MEMORY : MS_NETFRONT_REFUSED;
        w.status = MS_XEN_OK;
        (void)join(w.base, sizeof w.base, &nf->config.path, 1);
        write_all(&w);
        status = platform->ops->store_end(platform->arg, w.transaction, w.status == MS_XEN_OK);
        if (w.status != MS_XEN_OK && w.status != MS_XEN_AGAIN)
            return MS_NETFRONT_REFUSED;
        if (w.status == MS_XEN_OK && status == MS_XEN_OK)
            return MS_NETFRONT_NONE;
        if (w.status == MS_XEN_OK && status != MS_XEN_AGAIN)
            return MS_NETFRONT_REFUSED;
    }
    return MS_NETFRONT_STORE_BUSY;
}

unsigned ms_netfront_store_backend_state(struct ms_netfront *nf)
{
    uint32_t state = XenbusStateUnknown;

    if (read_number(nf, nf->backend, "state", XenbusStateReconfigured, &state) != FOUND)
        return XenbusStateUnknown;
    return state;
}

bool ms_netfront_store_carrier(struct ms_netfront *nf)
{
    uint32_t carrier = 1;

    (void)read_number(nf, nf->backend, "carrier", 1, &carrier);
    return carrier == 1;
}

void ms_netfront_store_set_state(struct ms_netfront *nf, unsigned state)
{
    struct writer w = { .nf = nf };

    (void)join(w.base, sizeof w.base, &nf->config.path, 1);
    write_number(&w, "state", state);
}
