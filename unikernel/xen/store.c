/* SPDX-License-Identifier: ISC */
/*
 * The xenstore's two rings of bytes. A message is a header and its strings; an answer bears the
 * number of its request, and news of watches come in between.
 */
#include "store.h"

#include "clock.h"
#include "memory.h"
#include "text.h"

enum { PIECES_MAX = 2 };
static const uint64_t PATIENCE_NS = 5000000000;

/* Some bytes of a message. */
struct piece {
    const char *bytes;
    size_t len;
};

struct request {
    uint32_t type, transaction;
    struct piece pieces[PIECES_MAX];
};

static uint32_t readable(const struct store *store)
{
    return __atomic_load_n(&store->ring->rsp_prod, __ATOMIC_ACQUIRE) - store->ring->rsp_cons;
}

static uint32_t writable(const struct store *store)
{
    uint32_t consumed = __atomic_load_n(&store->ring->req_cons, __ATOMIC_ACQUIRE);

    return XENSTORE_RING_SIZE - (store->ring->req_prod - consumed);
}

/* The amount, once there is any. 0: the other end sleeps, or says what cannot be. */
static uint32_t wait_for(struct store *store, uint32_t (*amount)(const struct store *store))
{
    uint64_t until_ns = 0;
    uint32_t n;

    for (;;) {
        uint64_t now_ns;

        /* Forgotten before the look, so that no event between look and sleep is. */
        (void)ms_guest_events_take(store->events, store->port);
        n = amount(store);
        if (n != 0)
            break;
        now_ns = ms_guest_clock_ns(store->events->shared);
        if (until_ns == 0)
            until_ns = now_ns + PATIENCE_NS;
        if (now_ns >= until_ns)
            break;
        ms_guest_events_wait_for(store->port, until_ns);
    }
    if (n == 0 || n > XENSTORE_RING_SIZE)
        store->is_broken = true;
    return store->is_broken ? 0 : n;
}

/* As much of the ring as lies in one piece. */
static size_t span(uint32_t at, uint32_t available, size_t wanted)
{
    size_t n = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(at);

    n = n < available ? n : available;
    return n < wanted ? n : wanted;
}

static bool put(struct store *store, const void *from, size_t len)
{
    struct xenstore_domain_interface *ring = store->ring;
    const char *bytes = from;

    while (len > 0) {
        size_t n = span(ring->req_prod, wait_for(store, writable), len);

        if (n == 0)
            return false;
        memcpy(ring->req + MASK_XENSTORE_IDX(ring->req_prod), bytes, n);
        __atomic_store_n(&ring->req_prod, ring->req_prod + (uint32_t)n, __ATOMIC_RELEASE);
        ms_guest_events_notify(store->port);
        bytes += n;
        len -= n;
    }
    return true;
}

static bool get(struct store *store, void *to, size_t len)
{
    struct xenstore_domain_interface *ring = store->ring;
    char *bytes = to;

    while (len > 0) {
        size_t n = span(ring->rsp_cons, wait_for(store, readable), len);

        if (n == 0)
            return false;
        memcpy(bytes, ring->rsp + MASK_XENSTORE_IDX(ring->rsp_cons), n);
        __atomic_store_n(&ring->rsp_cons, ring->rsp_cons + (uint32_t)n, __ATOMIC_RELEASE);
        ms_guest_events_notify(store->port);
        bytes += n;
        len -= n;
    }
    return true;
}

/* A watch's token: its number as a letter. */
static void token_of(unsigned number, char token[2])
{
    token[0] = (char)('a' + number);
    token[1] = '\0';
}

/* The answer holds a path and a token. */
static void note_news(struct store *store)
{
    size_t path_len = ms_guest_text_len(store->answer);
    unsigned number;

    store->news++;
    if (path_len + 1 >= store->answer_len)
        return;
    number = (unsigned)store->answer[path_len + 1] - 'a';
    if (number < STORE_WATCHES_MAX && store->watches[number].path)
        *store->watches[number].fired = true;
}

/* Takes the next message; what is news of a watch is dealt with. */
static bool receive(struct store *store, struct xsd_sockmsg *header)
{
    if (!get(store, header, sizeof(*header)))
        return false;
    if (header->len > XENSTORE_PAYLOAD_MAX) {
        store->is_broken = true;
        return false;
    }
    if (!get(store, store->answer, header->len))
        return false;
    store->answer[header->len] = '\0';
    store->answer_len = header->len;
    if (header->type == XS_WATCH_EVENT)
        note_news(store);
    return true;
}

static enum ms_xen_status status_of(const struct store *store, const struct xsd_sockmsg *header)
{
    static const struct {
        const char *name;
        enum ms_xen_status status;
    } errors[] = {
        { "EAGAIN", MS_XEN_AGAIN },     { "ENOENT", MS_XEN_NOT_FOUND },
        { "E2BIG", MS_XEN_TOO_LONG },   { "ENOMEM", MS_XEN_NO_MEMORY },
        { "ENOSPC", MS_XEN_NO_MEMORY },
    };

    if (header->type != XS_ERROR)
        return MS_XEN_OK;
    for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (ms_guest_text_equal(store->answer, errors[i].name))
            return errors[i].status;
    return MS_XEN_REFUSED;
}

/* Sends a request and waits for its answer. */
static enum ms_xen_status ask(struct store *store, const struct request *request)
{
    struct xsd_sockmsg header = {
        .type = request->type,
        .req_id = ++store->request_id,
        .tx_id = request->transaction,
        .len = (uint32_t)(request->pieces[0].len + request->pieces[1].len),
    };
    uint32_t id = header.req_id;

    if (store->is_broken)
        return MS_XEN_REFUSED;
    if (header.len > XENSTORE_PAYLOAD_MAX)
        return MS_XEN_TOO_LONG;
    if (!put(store, &header, sizeof(header)))
        return MS_XEN_REFUSED;
    for (unsigned i = 0; i < PIECES_MAX; i++)
        if (!put(store, request->pieces[i].bytes, request->pieces[i].len))
            return MS_XEN_REFUSED;
    do {
        if (!receive(store, &header))
            return MS_XEN_REFUSED;
    } while (header.type == XS_WATCH_EVENT || header.req_id != id);
    return status_of(store, &header);
}

/* A string with the NUL that ends it, or without. */
static struct piece ended(const char *string)
{
    return (struct piece){ .bytes = string, .len = ms_guest_text_len(string) + 1 };
}

static struct piece unended(const char *string)
{
    return (struct piece){ .bytes = string, .len = ms_guest_text_len(string) };
}

enum ms_xen_status ms_guest_store_begin(struct store *store, uint32_t *transaction)
{
    struct request request = { .type = XS_TRANSACTION_START, .pieces = { ended("") } };
    enum ms_xen_status status = ask(store, &request);
    uint64_t number;

    if (status != MS_XEN_OK)
        return status;
    if (!ms_guest_text_number(store->answer, UINT32_MAX, &number))
        return MS_XEN_REFUSED;
    *transaction = (uint32_t)number;
    return MS_XEN_OK;
}

enum ms_xen_status ms_guest_store_end(struct store *store, uint32_t transaction, bool is_commit)
{
    struct request request = {
        .type = XS_TRANSACTION_END,
        .transaction = transaction,
        .pieces = { ended(is_commit ? "T" : "F") },
    };

    return ask(store, &request);
}

enum ms_xen_status ms_guest_store_read(struct store *store, uint32_t transaction, const char *path,
                                       char *value, size_t size)
{
    struct request request = {
        .type = XS_READ,
        .transaction = transaction,
        .pieces = { ended(path) },
    };
    enum ms_xen_status status = ask(store, &request);

    if (status != MS_XEN_OK)
        return status;
    if (store->answer_len >= size)
        return MS_XEN_TOO_LONG;
    memcpy(value, store->answer, store->answer_len + 1);
    return MS_XEN_OK;
}

enum ms_xen_status ms_guest_store_write(struct store *store, uint32_t transaction, const char *path,
                                        const char *value)
{
    struct request request = {
        .type = XS_WRITE,
        .transaction = transaction,
        .pieces = { ended(path), unended(value) },
    };

    return ask(store, &request);
}

enum ms_xen_status ms_guest_store_remove(struct store *store, uint32_t transaction,
                                         const char *path)
{
    struct request request = {
        .type = XS_RM,
        .transaction = transaction,
        .pieces = { ended(path) },
    };

    return ask(store, &request);
}

enum ms_xen_status ms_guest_store_watch(struct store *store, const char *path, bool *fired)
{
    struct request request = { .type = XS_WATCH };
    enum ms_xen_status status;
    char token[2];
    unsigned number = 0;

    while (number < STORE_WATCHES_MAX && store->watches[number].path)
        number++;
    if (number == STORE_WATCHES_MAX)
        return MS_XEN_NO_MEMORY;
    /* Before the question, since the first news may come with the answer. */
    store->watches[number] = (struct store_watch){ .path = path, .fired = fired };
    token_of(number, token);
    request.pieces[0] = ended(path);
    request.pieces[1] = ended(token);
    status = ask(store, &request);
    if (status != MS_XEN_OK)
        store->watches[number].path = NULL;
    return status;
}

void ms_guest_store_unwatch(struct store *store, const char *path, bool *fired)
{
    for (unsigned i = 0; i < STORE_WATCHES_MAX; i++) {
        struct store_watch *watch = &store->watches[i];
        struct request request = { .type = XS_UNWATCH, .pieces = { ended(path) } };
        char token[2];

        if (!watch->path || watch->fired != fired || !ms_guest_text_equal(watch->path, path))
            continue;
        token_of(i, token);
        request.pieces[1] = ended(token);
        (void)ask(store, &request);
        watch->path = NULL;
        return;
    }
}

void ms_guest_store_poll(struct store *store)
{
    struct xsd_sockmsg header;

    (void)ms_guest_events_take(store->events, store->port);
    while (!store->is_broken && readable(store) > 0)
        if (!receive(store, &header))
            return;
}
