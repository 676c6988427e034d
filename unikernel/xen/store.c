/* SPDX-License-Identifier: ISC */
/*
 * The xenstore's two rings of bytes. A message is a header and its strings; an answer bears the
 * number of its request, and news of watches come in between.
 */
#include "store.h"

#include "clock.h"
#include "memory.h"
#include "text.h"

enum { PIECES_MAX = 2, NUMBER_BYTES = 16 };
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

/* The answers to requests of consecutive numbers, which are all sent before the first is awaited.
 * The requests are all to read, or all to write, or else there is one. */
struct store_answers {
    struct ms_xen_read *reads;         /* where values go */
    const struct ms_xen_write *writes; /* what was written */
    uint32_t first_id;
    unsigned asked, answered;
    enum ms_xen_status status; /* MS_XEN_OK, or of the first that failed */
};

void ms_guest_store_connect(struct store *store, struct xenstore_domain_interface *ring,
                            uint32_t port)
{
    store->ring = ring;
    store->port = port;
    store->produced = __atomic_load_n(&ring->req_prod, __ATOMIC_RELAXED);
    store->consumed = __atomic_load_n(&ring->rsp_cons, __ATOMIC_RELAXED);
    store->is_broken = false;
}

/* Bytes of answers that wait. */
static uint32_t readable(const struct store *store)
{
    return __atomic_load_n(&store->ring->rsp_prod, __ATOMIC_ACQUIRE) - store->consumed;
}

/* Bytes of requests that there is room for. */
static uint32_t writable(const struct store *store)
{
    uint32_t consumed = __atomic_load_n(&store->ring->req_cons, __ATOMIC_ACQUIRE);

    return XENSTORE_RING_SIZE - (store->produced - consumed);
}

static void notify_of_requests(struct store *store)
{
    if (store->is_unsaid)
        ms_guest_events_notify(store->port);
    store->is_unsaid = false;
}

/* Sleeps until one of the two can go on. False: the other end sleeps, or says what cannot be. */
static bool wait_for_store(struct store *store, bool is_to_write)
{
    uint64_t until_ns = 0;

    while (!store->is_broken) {
        uint64_t now_ns;
        uint32_t bytes, room;

        /* Forgotten before the look, so that no event between look and sleep is. */
        (void)ms_guest_events_take(store->events, store->port);
        bytes = readable(store);
        room = writable(store);
        store->is_broken = bytes > XENSTORE_RING_SIZE || room > XENSTORE_RING_SIZE;
        if (bytes > 0 || (is_to_write && room > 0))
            break;
        notify_of_requests(store);
        now_ns = ms_guest_clock_ns(store->events->shared);
        if (until_ns == 0)
            until_ns = now_ns + PATIENCE_NS;
        store->is_broken = store->is_broken || now_ns >= until_ns;
        if (!store->is_broken)
            ms_guest_events_wait_for(store->port, until_ns);
    }
    return !store->is_broken;
}

/* As much of the ring as lies in one piece. */
static size_t span(uint32_t at, uint32_t available, size_t wanted)
{
    size_t n = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(at);

    n = n < available ? n : available;
    return n < wanted ? n : wanted;
}

static bool get(struct store *store, void *to, size_t len)
{
    struct xenstore_domain_interface *ring = store->ring;
    char *bytes = to;

    while (len > 0) {
        uint32_t before = store->consumed;
        size_t n;

        if (!wait_for_store(store, false))
            return false;
        n = span(before, readable(store), len);
        memcpy(bytes, ring->rsp + MASK_XENSTORE_IDX(before), n);
        store->consumed += (uint32_t)n;
        __atomic_store_n(&ring->rsp_cons, store->consumed, __ATOMIC_SEQ_CST);
        /* The other end sleeps only if it found the ring full. */
        if (__atomic_load_n(&ring->rsp_prod, __ATOMIC_SEQ_CST) - before >= XENSTORE_RING_SIZE)
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

/* An answer's place is told by its number. Others are not awaited any more. */
static void note_answer(struct store *store, uint32_t id, enum ms_xen_status status)
{
    struct store_answers *answers = store->answers;
    uint32_t i = answers ? id - answers->first_id : 0;

    if (!answers || i >= answers->asked)
        return;
    answers->answered++;
    if (answers->reads && status == MS_XEN_OK) {
        struct ms_xen_read *read = &answers->reads[i];

        status = store->answer_len < read->size ? MS_XEN_OK : MS_XEN_TOO_LONG;
        if (status == MS_XEN_OK)
            memcpy(read->value, store->answer, store->answer_len + 1);
    }
    if (answers->reads)
        answers->reads[i].status = status;
    /* What was to be removed need not be there. */
    if (answers->writes && !answers->writes[i].value && status == MS_XEN_NOT_FOUND)
        status = MS_XEN_OK;
    if (answers->status == MS_XEN_OK)
        answers->status = status;
}

/* Takes the next message. */
static bool receive(struct store *store)
{
    struct xsd_sockmsg header;

    if (!get(store, &header, sizeof(header)))
        return false;
    if (header.len > XENSTORE_PAYLOAD_MAX) {
        store->is_broken = true;
        return false;
    }
    if (!get(store, store->answer, header.len))
        return false;
    store->answer[header.len] = '\0';
    store->answer_len = header.len;
    if (header.type == XS_WATCH_EVENT)
        note_news(store);
    else
        note_answer(store, header.req_id, status_of(store, &header));
    return true;
}

/* Answers are taken while there is no room: the other end may wait for that. */
static bool put(struct store *store, const void *from, size_t len)
{
    struct xenstore_domain_interface *ring = store->ring;
    const char *bytes = from;

    while (len > 0) {
        size_t n;

        if (!wait_for_store(store, true))
            return false;
        n = span(store->produced, writable(store), len);
        if (n == 0) {
            if (!receive(store))
                return false;
            continue;
        }
        memcpy(ring->req + MASK_XENSTORE_IDX(store->produced), bytes, n);
        store->produced += (uint32_t)n;
        __atomic_store_n(&ring->req_prod, store->produced, __ATOMIC_RELEASE);
        store->is_unsaid = true;
        bytes += n;
        len -= n;
    }
    return true;
}

static void begin_asking(struct store *store, struct store_answers *answers)
{
    answers->first_id = store->request_id + 1;
    store->answers = answers;
}

/* Sends the next request of those that `store->answers` is about. */
static void post(struct store *store, const struct request *request)
{
    struct xsd_sockmsg header = {
        .type = request->type,
        .req_id = ++store->request_id,
        .tx_id = request->transaction,
        .len = (uint32_t)(request->pieces[0].len + request->pieces[1].len),
    };

    store->answers->asked++;
    if (header.len > XENSTORE_PAYLOAD_MAX) {
        note_answer(store, header.req_id, MS_XEN_TOO_LONG);
        return;
    }
    if (put(store, &header, sizeof(header)) &&
        put(store, request->pieces[0].bytes, request->pieces[0].len))
        (void)put(store, request->pieces[1].bytes, request->pieces[1].len);
}

/* Waits until all answers are there. The first bad status, or that all is well. */
static enum ms_xen_status await_answers(struct store *store)
{
    struct store_answers *answers = store->answers;

    while (answers->answered < answers->asked && receive(store))
        ;
    store->answers = NULL;
    if (answers->answered < answers->asked && answers->status == MS_XEN_OK)
        answers->status = MS_XEN_REFUSED;
    return answers->status;
}

/* Sends one request and waits for its answer. */
static enum ms_xen_status ask(struct store *store, const struct request *request)
{
    struct store_answers answers = { 0 };

    begin_asking(store, &answers);
    post(store, request);
    return await_answers(store);
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
    char text[NUMBER_BYTES];
    struct ms_xen_read read = { .value = text, .size = sizeof(text) };
    struct store_answers answers = { .reads = &read };
    enum ms_xen_status status;
    uint64_t number;

    begin_asking(store, &answers);
    post(store, &request);
    status = await_answers(store);
    if (status != MS_XEN_OK)
        return status;
    if (!ms_guest_text_number(text, UINT32_MAX, &number))
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

void ms_guest_store_read_all(struct store *store, uint32_t transaction, struct ms_xen_read *reads,
                             unsigned n)
{
    struct store_answers answers = { .reads = reads };

    begin_asking(store, &answers);
    for (unsigned i = 0; i < n; i++) {
        struct request request = {
            .type = XS_READ,
            .transaction = transaction,
            .pieces = { ended(reads[i].path) },
        };

        reads[i].status = MS_XEN_REFUSED;
        post(store, &request);
    }
    (void)await_answers(store);
}

enum ms_xen_status ms_guest_store_read(struct store *store, const char *path, char *value,
                                       size_t size)
{
    struct ms_xen_read read = { .path = path, .value = value, .size = size };

    ms_guest_store_read_all(store, 0, &read, 1);
    return read.status;
}

enum ms_xen_status ms_guest_store_write_all(struct store *store, uint32_t transaction,
                                            const struct ms_xen_write *writes, unsigned n)
{
    struct store_answers answers = { .writes = writes };

    begin_asking(store, &answers);
    for (unsigned i = 0; i < n; i++) {
        struct request request = {
            .type = writes[i].value ? XS_WRITE : XS_RM,
            .transaction = transaction,
            .pieces = { ended(writes[i].path) },
        };

        if (writes[i].value)
            request.pieces[1] = unended(writes[i].value);
        post(store, &request);
    }
    return await_answers(store);
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
    (void)ms_guest_events_take(store->events, store->port);
    while (!store->is_broken && readable(store) > 0)
        if (!receive(store))
            return;
}
