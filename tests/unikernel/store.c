/* SPDX-License-Identifier: ISC */
/* The xenstore client against a store that answers what it is told, in pieces of any size. */
#include "fake_xen.h"

#include "store.h"

enum { PORT = 3, REPLIES_MAX = 8, BYTES_MAX = 98304 };

/* What the store says next: to a request, or unasked before its answer. */
struct reply {
    uint32_t type;
    const char *payload;
    size_t len;      /* 0: the payload is a string, taken without its NUL */
    bool is_stale;   /* the answer to another request */
    uint32_t claims; /* says that it has so many bytes; 0: what it has */
    bool is_unasked; /* the next reply follows at once */
};

static struct xenstore_domain_interface ring;
static struct events events;
static struct store store;
static struct reply replies[REPLIES_MAX];
static unsigned reply_count, reply_next, chunk;
static bool repeats;     /* the last reply is for all that follows */
static bool is_stubborn; /* takes no request while an answer of its waits */
static char in[BYTES_MAX], out[BYTES_MAX];
static size_t in_len, out_len, out_at;
static struct xsd_sockmsg asked; /* the last request */
static char asked_payload[BYTES_MAX];

static void say(const struct reply *reply)
{
    size_t len = reply->len ? reply->len : strlen(reply->payload);
    struct xsd_sockmsg header = {
        .type = reply->type,
        .req_id = asked.req_id + (reply->is_stale ? 1000 : 0),
        .len = reply->claims ? reply->claims : (uint32_t)len,
    };

    assert_true(out_len + sizeof(header) + len <= sizeof(out));
    memcpy(out + out_len, &header, sizeof(header));
    memcpy(out + out_len + sizeof(header), reply->payload, len);
    out_len += sizeof(header) + len;
}

static void answer(void)
{
    const struct reply *reply;

    do {
        if (reply_next == reply_count && !repeats)
            return;
        reply = &replies[reply_next < reply_count ? reply_next++ : reply_count - 1];
        say(reply);
    } while (reply->is_unasked);
}

/* Every whole request is answered. */
static void read_requests(void)
{
    size_t len;

    for (; in_len >= sizeof(asked); in_len -= len) {
        memcpy(&asked, in, sizeof(asked));
        len = sizeof(asked) + asked.len;
        if (in_len < len)
            return;
        memcpy(asked_payload, in + sizeof(asked), asked.len);
        asked_payload[asked.len] = '\0';
        memmove(in, in + len, in_len - len);
        answer();
    }
}

/* The store's turn: takes and gives one chunk. */
static void run_store(void)
{
    bool is_ready = !is_stubborn || out_at == out_len;

    for (unsigned i = 0; i < chunk && is_ready && ring.req_cons != ring.req_prod; i++)
        in[in_len++] = ring.req[MASK_XENSTORE_IDX(ring.req_cons++)];
    read_requests();
    for (unsigned i = 0;
         i < chunk && out_at < out_len && ring.rsp_prod - ring.rsp_cons < XENSTORE_RING_SIZE; i++)
        ring.rsp[MASK_XENSTORE_IDX(ring.rsp_prod++)] = out[out_at++];
    fake_xen_ring(PORT);
}

static int setup(void **state)
{
    (void)state;
    fake_xen_reset();
    fake.on_sleep = run_store;
    ms_guest_events_init(&events, &fake.shared);
    memset(&ring, 0, sizeof(ring));
    /* Close to where the numbers wrap, and in the middle of the ring. */
    ring.req_cons = ring.req_prod = UINT32_MAX - 100;
    ring.rsp_cons = ring.rsp_prod = UINT32_MAX - 700;
    store = (struct store){ .events = &events };
    ms_guest_store_connect(&store, &ring, PORT);
    reply_count = reply_next = 0;
    in_len = out_len = out_at = 0;
    chunk = 4096;
    repeats = is_stubborn = false;
    return 0;
}

static enum ms_xen_status write_value(const char *path, const char *value)
{
    struct ms_xen_write write = { .path = path, .value = value };

    return ms_guest_store_write_all(&store, 0, &write, 1);
}

static void will_say(struct reply reply)
{
    assert_true(reply_count < REPLIES_MAX);
    replies[reply_count++] = reply;
}

static void reads_a_value(void **state)
{
    char value[8];

    (void)state;
    will_say((struct reply){ .type = XS_READ, .payload = "four" });
    assert_int_equal(ms_guest_store_read(&store, "a/path", value, sizeof(value)), MS_XEN_OK);
    assert_string_equal(value, "four");
    assert_int_equal(asked.type, XS_READ);
    assert_int_equal(asked.tx_id, 0);
    assert_int_equal(asked.len, sizeof("a/path"));
    assert_string_equal(asked_payload, "a/path");
}

static void reads_byte_by_byte(void **state)
{
    char value[8];

    (void)state;
    chunk = 1;
    will_say((struct reply){ .type = XS_READ, .payload = "four" });
    assert_int_equal(ms_guest_store_read(&store, "a/path", value, sizeof(value)), MS_XEN_OK);
    assert_string_equal(value, "four");
}

static void leaves_a_value_that_is_too_long(void **state)
{
    char value[5] = "else";

    (void)state;
    will_say((struct reply){ .type = XS_READ, .payload = "fives" });
    will_say((struct reply){ .type = XS_READ, .payload = "four" });
    assert_int_equal(ms_guest_store_read(&store, "p", value, sizeof(value)), MS_XEN_TOO_LONG);
    assert_string_equal(value, "else");
    assert_int_equal(ms_guest_store_read(&store, "p", value, sizeof(value)), MS_XEN_OK);
    assert_string_equal(value, "four");
}

static void reads_several_values_in_one_go(void **state)
{
    char one[8] = "", two[8] = "", three[3] = "";
    struct ms_xen_read reads[] = {
        { .path = "a/path", .value = one, .size = sizeof(one) },
        { .path = "nowhere", .value = two, .size = sizeof(two) },
        { .path = "long", .value = three, .size = sizeof(three) },
    };

    (void)state;
    will_say((struct reply){ .type = XS_READ, .payload = "four" });
    will_say((struct reply){ .type = XS_ERROR, .payload = "ENOENT", .len = 7 });
    will_say((struct reply){ .type = XS_READ, .payload = "four" });
    ms_guest_store_read_all(&store, 7, reads, 3);
    assert_int_equal(fake.slept, 1);
    assert_int_equal(fake.notified, 1);
    assert_int_equal(reads[0].status, MS_XEN_OK);
    assert_string_equal(one, "four");
    assert_int_equal(reads[1].status, MS_XEN_NOT_FOUND);
    assert_int_equal(reads[2].status, MS_XEN_TOO_LONG);
    assert_string_equal(three, "");
    assert_int_equal(asked.tx_id, 7);
    assert_string_equal(asked_payload, "long");
}

static void writes_and_removes_in_one_go(void **state)
{
    static const struct ms_xen_write writes[] = { { "one", "1" }, { "two", NULL }, { "six", "6" } };

    (void)state;
    will_say((struct reply){ .type = XS_WRITE, .payload = "OK", .len = 3 });
    will_say((struct reply){ .type = XS_ERROR, .payload = "ENOENT", .len = 7 });
    will_say((struct reply){ .type = XS_WRITE, .payload = "OK", .len = 3 });
    assert_int_equal(ms_guest_store_write_all(&store, 5, writes, 3), MS_XEN_OK);
    assert_int_equal(fake.slept, 1);
    assert_int_equal(asked.type, XS_WRITE);
    assert_int_equal(asked.tx_id, 5);
    assert_memory_equal(asked_payload, "six\0006", 5);
    /* A path that is written to must have been there for a reason. */
    will_say((struct reply){ .type = XS_ERROR, .payload = "ENOENT", .len = 7 });
    will_say((struct reply){ .type = XS_ERROR, .payload = "EACCES", .len = 7 });
    will_say((struct reply){ .type = XS_WRITE, .payload = "OK", .len = 3 });
    assert_int_equal(ms_guest_store_write_all(&store, 5, writes, 3), MS_XEN_NOT_FOUND);
}

/* The store stops taking requests while its answers are not taken. */
static void takes_answers_while_it_asks(void **state)
{
    static char value[XENSTORE_PAYLOAD_MAX];
    char values[20][8];
    struct ms_xen_read reads[20];

    (void)state;
    memset(value, 'v', sizeof(value) - 1);
    will_say((struct reply){ .type = XS_READ, .payload = value, .len = XENSTORE_PAYLOAD_MAX - 1 });
    for (unsigned i = 0; i < 20; i++) {
        reads[i] = (struct ms_xen_read){ .path = value + 3900, .value = values[i], .size = 8 };
        reads[i].status = MS_XEN_AGAIN;
    }
    is_stubborn = true;
    repeats = true;
    ms_guest_store_read_all(&store, 0, reads, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(reads[i].status, MS_XEN_TOO_LONG);
}

static void writes_more_than_the_ring_holds(void **state)
{
    static char value[3001];

    (void)state;
    for (unsigned i = 0; i < sizeof(value) - 1; i++)
        value[i] = (char)('a' + i % 25);
    chunk = 100;
    will_say((struct reply){ .type = XS_WRITE, .payload = "OK", .len = 3 });
    assert_int_equal(write_value("p", value), MS_XEN_OK);
    assert_int_equal(asked.len, 2 + sizeof(value) - 1);
    assert_string_equal(asked_payload, "p");
    assert_string_equal(asked_payload + 2, value);
}

static void refuses_to_ask_more_than_may_be(void **state)
{
    static char value[XENSTORE_PAYLOAD_MAX];

    (void)state;
    memset(value, 'v', sizeof(value) - 1);
    assert_int_equal(write_value("p", value), MS_XEN_TOO_LONG);
    assert_int_equal(ring.req_prod, ring.req_cons);
}

static void knows_what_errors_mean(void **state)
{
    static const struct {
        const char *name;
        enum ms_xen_status status;
    } errors[] = {
        { "EAGAIN", MS_XEN_AGAIN },     { "ENOENT", MS_XEN_NOT_FOUND },
        { "E2BIG", MS_XEN_TOO_LONG },   { "ENOMEM", MS_XEN_NO_MEMORY },
        { "ENOSPC", MS_XEN_NO_MEMORY }, { "EACCES", MS_XEN_REFUSED },
        { "", MS_XEN_REFUSED },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        will_say((struct reply){
            .type = XS_ERROR, .payload = errors[i].name, .len = strlen(errors[i].name) + 1 });
        assert_int_equal(write_value("p", ""), errors[i].status);
    }
}

static void carries_out_a_transaction(void **state)
{
    uint32_t transaction = 0;

    (void)state;
    will_say((struct reply){ .type = XS_TRANSACTION_START, .payload = "4294967295", .len = 11 });
    will_say((struct reply){ .type = XS_TRANSACTION_END, .payload = "OK", .len = 3 });
    will_say((struct reply){ .type = XS_TRANSACTION_END, .payload = "OK", .len = 3 });
    will_say((struct reply){ .type = XS_TRANSACTION_START, .payload = "42949672960", .len = 12 });
    assert_int_equal(ms_guest_store_begin(&store, &transaction), MS_XEN_OK);
    assert_int_equal(transaction, UINT32_MAX);
    assert_int_equal(ms_guest_store_end(&store, transaction, true), MS_XEN_OK);
    assert_int_equal(asked.tx_id, UINT32_MAX);
    assert_string_equal(asked_payload, "T");
    assert_int_equal(ms_guest_store_end(&store, transaction, false), MS_XEN_OK);
    assert_string_equal(asked_payload, "F");
    assert_int_equal(ms_guest_store_begin(&store, &transaction), MS_XEN_REFUSED);
}

static void hears_news_before_an_answer(void **state)
{
    bool fired = false, other = false;
    char value[8];

    (void)state;
    will_say((struct reply){ .type = XS_WATCH, .payload = "OK", .len = 3 });
    will_say((struct reply){ .type = XS_WATCH, .payload = "OK", .len = 3 });
    assert_int_equal(ms_guest_store_watch(&store, "one", &other), MS_XEN_OK);
    assert_memory_equal(asked_payload, "one\0a", 6);
    assert_int_equal(ms_guest_store_watch(&store, "two", &fired), MS_XEN_OK);
    assert_memory_equal(asked_payload, "two\0b", 6);
    will_say((struct reply){
        .type = XS_WATCH_EVENT, .payload = "two/x\0b", .len = 8, .is_unasked = true });
    will_say((struct reply){ .type = XS_READ, .payload = "four" });
    assert_int_equal(ms_guest_store_read(&store, "p", value, sizeof(value)), MS_XEN_OK);
    assert_string_equal(value, "four");
    assert_true(fired);
    assert_false(other);
    assert_int_equal(store.news, 1);
}

static void hears_news_that_nobody_asked_for(void **state)
{
    bool fired = false;

    (void)state;
    will_say((struct reply){ .type = XS_WATCH, .payload = "OK", .len = 3 });
    assert_int_equal(ms_guest_store_watch(&store, "one", &fired), MS_XEN_OK);
    say(&(struct reply){ .type = XS_WATCH_EVENT, .payload = "one\0a", .len = 6 });
    run_store();
    ms_guest_store_poll(&store);
    assert_true(fired);
    assert_int_equal(fake.shared.evtchn_pending[0], 0);
}

static void passes_over_news_of_no_watch(void **state)
{
    bool fired = false;

    (void)state;
    will_say((struct reply){ .type = XS_WATCH, .payload = "OK", .len = 3 });
    assert_int_equal(ms_guest_store_watch(&store, "one", &fired), MS_XEN_OK);
    say(&(struct reply){ .type = XS_WATCH_EVENT, .payload = "one\0a", .len = 6 });
    run_store();
    ms_guest_store_poll(&store);
    fired = false;
    /* Without a token, though one of before lies where it would be. */
    say(&(struct reply){ .type = XS_WATCH_EVENT, .payload = "one\0a", .len = 3 });
    say(&(struct reply){ .type = XS_WATCH_EVENT, .payload = "one\0b", .len = 6 });
    say(&(struct reply){ .type = XS_WATCH_EVENT, .payload = "one\0~", .len = 6 });
    say(&(struct reply){ .type = XS_WATCH_EVENT, .payload = "one\0a", .len = 4 });
    run_store();
    ms_guest_store_poll(&store);
    assert_int_equal(store.news, 5);
    assert_false(store.is_broken);
    assert_false(fired);
}

static void unwatches(void **state)
{
    bool fired = false;

    (void)state;
    will_say((struct reply){ .type = XS_WATCH, .payload = "OK", .len = 3 });
    will_say((struct reply){ .type = XS_UNWATCH, .payload = "OK", .len = 3 });
    assert_int_equal(ms_guest_store_watch(&store, "one", &fired), MS_XEN_OK);
    ms_guest_store_unwatch(&store, "one", &fired);
    assert_int_equal(asked.type, XS_UNWATCH);
    assert_memory_equal(asked_payload, "one\0a", 6);
    say(&(struct reply){ .type = XS_WATCH_EVENT, .payload = "one\0a", .len = 6 });
    run_store();
    ms_guest_store_poll(&store);
    assert_false(fired);
}

static void has_room_for_so_many_watches(void **state)
{
    bool fired[STORE_WATCHES_MAX + 1];

    (void)state;
    for (unsigned i = 0; i < STORE_WATCHES_MAX; i++) {
        reply_count = reply_next = 0;
        will_say((struct reply){ .type = XS_WATCH, .payload = "OK", .len = 3 });
        assert_int_equal(ms_guest_store_watch(&store, "p", &fired[i]), MS_XEN_OK);
    }
    assert_int_equal(ms_guest_store_watch(&store, "p", &fired[STORE_WATCHES_MAX]),
                     MS_XEN_NO_MEMORY);
    will_say((struct reply){ .type = XS_UNWATCH, .payload = "OK", .len = 3 });
    ms_guest_store_unwatch(&store, "p", &fired[5]);
    will_say((struct reply){ .type = XS_ERROR, .payload = "EINVAL", .len = 7 });
    assert_int_equal(ms_guest_store_watch(&store, "p", &fired[5]), MS_XEN_REFUSED);
    will_say((struct reply){ .type = XS_WATCH, .payload = "OK", .len = 3 });
    assert_int_equal(ms_guest_store_watch(&store, "p", &fired[5]), MS_XEN_OK);
    assert_memory_equal(asked_payload, "p\0f", 4);
}

static void passes_over_an_answer_that_comes_late(void **state)
{
    char value[8];

    (void)state;
    will_say(
        (struct reply){ .type = XS_READ, .payload = "late", .is_stale = true, .is_unasked = true });
    will_say((struct reply){ .type = XS_READ, .payload = "four" });
    assert_int_equal(ms_guest_store_read(&store, "p", value, sizeof(value)), MS_XEN_OK);
    assert_string_equal(value, "four");
}

static void gives_up_a_silent_store(void **state)
{
    uint64_t began = fake.shared.vcpu_info[0].time.system_time;
    char value[8];

    (void)state;
    fake.on_sleep = NULL;
    assert_int_equal(ms_guest_store_read(&store, "p", value, sizeof(value)), MS_XEN_REFUSED);
    assert_true(fake.shared.vcpu_info[0].time.system_time >= began + 5000000000);
    fake.slept = 0;
    assert_int_equal(ms_guest_store_read(&store, "p", value, sizeof(value)), MS_XEN_REFUSED);
    assert_int_equal(fake.slept, 0);
}

static void believes_no_impossible_length(void **state)
{
    char value[8];

    (void)state;
    will_say((struct reply){ .type = XS_READ, .payload = "x", .claims = XENSTORE_PAYLOAD_MAX + 1 });
    assert_int_equal(ms_guest_store_read(&store, "p", value, sizeof(value)), MS_XEN_REFUSED);
    assert_true(store.is_broken);
}

static void believes_no_impossible_ring(void **state)
{
    char value[8];

    (void)state;
    ring.rsp_prod = ring.rsp_cons + XENSTORE_RING_SIZE + 1;
    assert_int_equal(ms_guest_store_read(&store, "p", value, sizeof(value)), MS_XEN_REFUSED);
    assert_true(store.is_broken);
    ms_guest_store_poll(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_a_value, setup),
        cmocka_unit_test_setup(reads_byte_by_byte, setup),
        cmocka_unit_test_setup(leaves_a_value_that_is_too_long, setup),
        cmocka_unit_test_setup(reads_several_values_in_one_go, setup),
        cmocka_unit_test_setup(writes_and_removes_in_one_go, setup),
        cmocka_unit_test_setup(takes_answers_while_it_asks, setup),
        cmocka_unit_test_setup(writes_more_than_the_ring_holds, setup),
        cmocka_unit_test_setup(refuses_to_ask_more_than_may_be, setup),
        cmocka_unit_test_setup(knows_what_errors_mean, setup),
        cmocka_unit_test_setup(carries_out_a_transaction, setup),
        cmocka_unit_test_setup(hears_news_before_an_answer, setup),
        cmocka_unit_test_setup(hears_news_that_nobody_asked_for, setup),
        cmocka_unit_test_setup(passes_over_news_of_no_watch, setup),
        cmocka_unit_test_setup(unwatches, setup),
        cmocka_unit_test_setup(has_room_for_so_many_watches, setup),
        cmocka_unit_test_setup(passes_over_an_answer_that_comes_late, setup),
        cmocka_unit_test_setup(gives_up_a_silent_store, setup),
        cmocka_unit_test_setup(believes_no_impossible_length, setup),
        cmocka_unit_test_setup(believes_no_impossible_ring, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
