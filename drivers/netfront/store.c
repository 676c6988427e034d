/* SPDX-License-Identifier: ISC */
/* What is read from and written to the xenstore. Every value read is bounded and checked. */
#include "inside.h"

#include <xen/io/xenbus.h>

enum {
    PATH_BYTES = 192,
    NUMBER_BYTES = 16,
    NUMBER_DIGITS_MAX = 10,
    MAC_TEXT_BYTES = 18,
    DOMAIN_MAX = 0x7fef, /* above are names for special domains */
    MTU = 1500,
    MTU_MIN = 68,
    ETH_BYTES = 14 + 4, /* with a VLAN tag */
    COMMIT_TRIES = 16,
    READS_MAX = 10,
    WRITES_MAX = 24,
    WRITTEN_BYTES = 1536,
};

static const char filter_key[] = "request-multicast-control";

/* How reading a number went. */
enum found { FOUND, MISSING, NONSENSE };

static size_t length(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

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
    if (len >= size)
        return false;
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

/* --- Reading, of several values at once --- */

struct reader {
    const char *base; /* keys are below it */
    unsigned count;
    struct ms_xen_read reads[READS_MAX];
    char paths[READS_MAX][PATH_BYTES];
    char numbers[READS_MAX][NUMBER_BYTES];
};

static void want_text(struct reader *r, const char *key, char *value, size_t size)
{
    const char *parts[] = { r->base, "/", key };
    char *path = r->paths[r->count];

    /* A path too long for us names nothing. */
    if (!join(path, PATH_BYTES, parts, 3))
        path[0] = '\0';
    r->reads[r->count++] = (struct ms_xen_read){ .path = path, .value = value, .size = size };
}

static void want_number(struct reader *r, const char *key)
{
    want_text(r, key, r->numbers[r->count], NUMBER_BYTES);
}

static void read_all(struct ms_netfront *nf, struct reader *r)
{
    const struct ms_xen_platform *platform = &nf->config.platform;

    platform->ops->store_read(platform->arg, r->reads, r->count);
}

/* How the i-th went. */
static enum found found(const struct reader *r, unsigned i)
{
    switch (r->reads[i].status) {
    case MS_XEN_OK: return FOUND;
    case MS_XEN_NOT_FOUND: return MISSING;
    default: return NONSENSE;
    }
}

static enum found found_number(const struct reader *r, unsigned i, uint32_t max, uint32_t *value)
{
    return found(r, i) == FOUND ? parse(r->reads[i].value, max, value) : found(r, i);
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

static bool parse_mac(const char text[MAC_TEXT_BYTES], uint8_t mac[MAC_BYTES])
{
    uint8_t sum = 0;

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
    struct reader r = { .base = nf->config.path };
    char mac[MAC_TEXT_BYTES];

    want_text(&r, "mac", mac, sizeof mac);
    want_number(&r, "mtu");
    read_all(nf, &r);
    if (found(&r, 0) != FOUND || !parse_mac(mac, nf->device.driver.mac) ||
        found_number(&r, 1, UINT16_MAX, &mtu) == NONSENSE || mtu < MTU_MIN)
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
    struct reader r = { .base = nf->config.path };
    uint32_t domain;

    ms_netfront_store_unwatch(nf);
    want_text(&r, "backend", nf->backend, sizeof nf->backend);
    want_number(&r, "backend-id");
    read_all(nf, &r);
    if (found(&r, 0) != FOUND || nf->backend[0] == '\0' ||
        found_number(&r, 1, DOMAIN_MAX, &domain) != FOUND) {
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

static bool read_features(struct ms_netfront *nf, bool *has_rx_copy)
{
    struct features *f = &nf->features;
    bool no_checksum, can_filter, can_change_filter;
    /* Each is absent unless the backend names it. */
    const struct {
        const char *key;
        bool *flag;
    } flags[] = {
        { "feature-rx-copy", has_rx_copy },
        { "feature-split-event-channels", &f->split_event_channels },
        { "feature-sg", &f->scatter_gather },
        { "feature-no-csum-offload", &no_checksum },
        { "feature-ipv6-csum-offload", &f->tx_checksum_v6 },
        { "feature-gso-tcpv4", &f->gso_v4 },
        { "feature-gso-tcpv6", &f->gso_v6 },
        { "feature-multicast-control", &can_filter },
        { "feature-dynamic-multicast-control", &can_change_filter },
    };
    enum { FLAGS = sizeof flags / sizeof flags[0] };
    struct reader r = { .base = nf->backend };
    uint32_t queues = 1;

    for (unsigned i = 0; i < FLAGS; i++)
        want_number(&r, flags[i].key);
    want_number(&r, "multi-queue-max-queues");
    read_all(nf, &r);
    for (unsigned i = 0; i < FLAGS; i++) {
        uint32_t value = 0;

        if (found_number(&r, i, 1, &value) == NONSENSE)
            return false;
        *flags[i].flag = value == 1;
    }
    f->tx_checksum_v4 = !no_checksum;
    /* One that filters from the start, and for good, would miss groups it has no room for. */
    f->multicast_control = can_filter && can_change_filter;
    if (found_number(&r, FLAGS, UINT32_MAX, &queues) == NONSENSE || queues == 0)
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

/* --- Writing, of as many values at once as there is room for --- */

/* What comes after a failure is left out. */
struct writer {
    struct ms_netfront *nf;
    uint32_t transaction;
    enum ms_xen_status status;
    unsigned count;
    size_t used;
    struct ms_xen_write writes[WRITES_MAX];
    char base[PATH_BYTES]; /* keys go below it */
    char texts[WRITTEN_BYTES];
};

static void flush(struct writer *w)
{
    const struct ms_xen_platform *platform = &w->nf->config.platform;

    if (w->status == MS_XEN_OK && w->count > 0)
        w->status = platform->ops->store_write(platform->arg, w->transaction, w->writes, w->count);
    w->count = 0;
    w->used = 0;
}

/* Puts strings one behind the other, to stay until the next flush. NULL: there is no room. */
static const char *keep(struct writer *w, const char *const *parts, unsigned n)
{
    char *kept = w->texts + w->used;

    if (!join(kept, sizeof w->texts - w->used, parts, n))
        return NULL;
    w->used += length(kept) + 1;
    return kept;
}

static bool add(struct writer *w, const char *key, const char *value)
{
    const char *parts[] = { w->base, "/", key };
    struct ms_xen_write write = { .path = keep(w, parts, 3), .value = NULL };

    if (value)
        write.value = keep(w, &value, 1);
    if (w->count == WRITES_MAX || !write.path || (value && !write.value))
        return false;
    w->writes[w->count++] = write;
    return true;
}

/* NULL: what an earlier connection may have left there is removed. */
static void write_text(struct writer *w, const char *key, const char *value)
{
    if (add(w, key, value))
        return;
    flush(w);
    if (!add(w, key, value))
        w->status = MS_XEN_TOO_LONG;
}

static void write_number(struct writer *w, const char *key, uint32_t value)
{
    char text[NUMBER_BYTES];

    format(value, text);
    write_text(w, key, text);
}

static void write_queue(struct writer *w, const struct queue *queue)
{
    write_number(w, "tx-ring-ref", queue->ring_pages[0].reference);
    write_number(w, "rx-ring-ref", queue->ring_pages[1].reference);
    if (w->nf->features.split_event_channels) {
        write_text(w, "event-channel", NULL);
        write_number(w, "event-channel-tx", queue->ports[0].number);
        write_number(w, "event-channel-rx", queue->ports[1].number);
    } else {
        write_text(w, "event-channel-tx", NULL);
        write_text(w, "event-channel-rx", NULL);
        write_number(w, "event-channel", queue->ports[0].number);
    }
}

static void write_queues(struct writer *w)
{
    static const char *const single[] = { "tx-ring-ref", "rx-ring-ref", "event-channel",
                                          "event-channel-tx", "event-channel-rx" };
    const struct ms_netfront *nf = w->nf;

    if (nf->features.queues == 1) {
        write_text(w, "multi-queue-num-queues", NULL);
        write_queue(w, &nf->queues[0]);
        return;
    }
    for (unsigned i = 0; i < sizeof single / sizeof single[0]; i++)
        write_text(w, single[i], NULL);
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
    write_text(w, filter_key, NULL);
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
        flush(&w);
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

unsigned ms_netfront_store_look(struct ms_netfront *nf)
{
    struct reader r = { .base = nf->backend };
    uint32_t state = XenbusStateUnknown, carrier = 1;

    if (nf->backend[0] == '\0')
        return XenbusStateUnknown;
    want_number(&r, "state");
    want_number(&r, "carrier");
    read_all(nf, &r);
    (void)found_number(&r, 1, 1, &carrier);
    nf->has_carrier = carrier == 1;
    return found_number(&r, 0, XenbusStateReconfigured, &state) == FOUND ? state
                                                                         : XenbusStateUnknown;
}

/* Outside of transactions. */
static enum ms_xen_status write_alone(struct ms_netfront *nf, const char *key, uint32_t value)
{
    struct writer w = { .nf = nf };

    (void)join(w.base, sizeof w.base, &nf->config.path, 1);
    write_number(&w, key, value);
    flush(&w);
    return w.status;
}

void ms_netfront_store_set_state(struct ms_netfront *nf, unsigned state)
{
    (void)write_alone(nf, "state", state);
}

bool ms_netfront_store_set_filter(struct ms_netfront *nf, bool is_on)
{
    return write_alone(nf, filter_key, is_on) == MS_XEN_OK;
}
