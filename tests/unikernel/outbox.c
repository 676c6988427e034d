/* SPDX-License-Identifier: ISC */
/* An echo with outboxes, against a client that sends and reads as badly as it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/pair.h"
#include "unikernel.h"

enum { PORT = 7, OUTBOXES = 4, MEMORY_BYTES = 1 << 20, STREAM_BYTES = 600000 };

static struct pair pair;
static struct ms_outboxes *outboxes;
static uint8_t memory[MEMORY_BYTES], stream[STREAM_BYTES], back[STREAM_BYTES];
static size_t memory_left, back_len, unread;
static bool is_reading, server_eof, client_eof;
static unsigned closed, refused, datagrams;
static enum ms_error why_closed;

/* Stands in for the guest's. */
void *ms_unikernel_memory(size_t bytes)
{
    if (bytes > memory_left)
        return NULL;
    memory_left = 0;
    memset(memory, 0, bytes);
    return memory;
}

static void echo_data(struct ms_tcp *tcp, void *outbox, const struct ms_slice *slice,
                      struct ms_frame *frame)
{
    (void)tcp, (void)frame;
    ms_outbox_send(outbox, slice);
}

static void echo_eof(struct ms_tcp *tcp, void *outbox)
{
    (void)tcp;
    server_eof = true;
    ms_outbox_finish(outbox);
}

static void echo_close(struct ms_tcp *tcp, void *outbox, enum ms_error why)
{
    (void)tcp, (void)why;
    ms_outbox_close(outbox);
}

static const struct ms_tcp_events *echo_accept(struct ms_tcp *tcp, void *listener, void **outbox)
{
    static const struct ms_tcp_events events = {
        .on_data = echo_data,
        .on_eof = echo_eof,
        .on_close = echo_close,
    };

    (void)listener;
    *outbox = ms_outbox_open(outboxes, tcp);
    return *outbox ? &events : NULL;
}

static void echo_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    (void)user;
    ms_outbox_return(outboxes, udp, datagram);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    (void)user, (void)frame;
    assert_true(back_len + slice->len <= sizeof(back));
    memcpy(back + back_len, slice->data, slice->len);
    back_len += slice->len;
    if (is_reading)
        ms_tcp_consumed(tcp, slice->len);
    else
        unread += slice->len;
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)tcp, (void)user;
    client_eof = true;
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    (void)tcp, (void)user;
    closed++;
    refused += why == MS_ERROR_RESET;
    why_closed = why;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    (void)udp, (void)user;
    datagrams++;
    back_len = 0;
    memcpy(back, datagram->first.data, datagram->first.len);
    back_len += datagram->first.len;
    for (unsigned i = 0; i < datagram->more_count; i++) {
        memcpy(back + back_len, datagram->more[i].data, datagram->more[i].len);
        back_len += datagram->more[i].len;
    }
}

static const struct ms_tcp_events events = {
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
};

static void on_release(struct ms_buf *buf) { buf->data = NULL; }

static int set_up(void **state)
{
    struct ms_tcp_listen listen = { .local = { .port = PORT }, .accept = echo_accept };
    static const struct ms_udp_events udp_events = { .on_datagram = echo_datagram };
    struct ms_config config;
    struct ms_udp *udp;

    (void)state;
    memory_left = sizeof(memory);
    back_len = unread = closed = refused = datagrams = 0;
    is_reading = true;
    server_eof = client_eof = false;
    for (unsigned i = 0; i < STREAM_BYTES; i++)
        stream[i] = (uint8_t)(i * 7 + i / 251);
    ms_config_default(&config);
    pair_open(&pair, &config);
    outboxes = ms_outboxes_make(OUTBOXES);
    assert_non_null(outboxes);
    assert_int_equal(ms_tcp_listen(pair.hosts[0].stack, &listen, NULL), MS_OK);
    assert_int_equal(ms_udp_open(pair.hosts[0].stack, &listen.local, &udp_events, NULL, &udp),
                     MS_OK);
    return 0;
}

static int tear_down(void **state)
{
    struct ms_tcp *tcp;

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        while ((tcp = ms_tcp_next(pair.hosts[i].stack, NULL))) {
            ms_tcp_abort(tcp);
            pair_run(&pair, 1000);
        }
    pair_run(&pair, 10000);
    pair_close(&pair);
    return 0;
}

static struct ms_tcp *connect(void)
{
    struct ms_tcp_connect how = {
        .remote = pair_endpoint(0, true, PORT),
        .events = &events,
    };
    struct ms_tcp *tcp;

    assert_int_equal(ms_tcp_connect(pair.hosts[1].stack, &how, &tcp), MS_OK);
    assert_int_equal(ms_tcp_set(tcp, MS_TCP_NO_DELAY, 1), MS_OK);
    pair_run(&pair, 10000);
    return tcp;
}

static void lend(struct ms_tcp *tcp, struct ms_buf *buf, size_t from, size_t len)
{
    *buf = (struct ms_buf){
        .data = stream + from,
        .len = (uint32_t)len,
        .release = on_release,
    };
    assert_int_equal(ms_tcp_send(tcp, buf), MS_OK);
}

static void comes_back(size_t len)
{
    assert_int_equal(back_len, len);
    assert_memory_equal(back, stream, len);
}

static void echoes_a_stream(void **state)
{
    struct ms_tcp *tcp = connect();
    struct ms_buf buf;

    (void)state;
    lend(tcp, &buf, 0, STREAM_BYTES);
    pair_run(&pair, 5000000);
    comes_back(STREAM_BYTES);
}

/* Each in a segment of its own, none of which is acknowledged before the last is there. */
static void echoes_a_thousand_bytes_at_once(void **state)
{
    static struct ms_buf bufs[1000];
    struct ms_tcp *tcp = connect();

    (void)state;
    pair.delay_us = 50000;
    for (unsigned i = 0; i < 1000; i++) {
        lend(tcp, &bufs[i], i, 1);
        pair_run(&pair, 1000);
    }
    pair_run(&pair, 3000000);
    comes_back(1000);
    assert_int_equal(closed, 0);
}

static void resets_nobody_who_does_not_read(void **state)
{
    struct ms_tcp *tcp = connect();
    struct ms_buf buf;

    (void)state;
    is_reading = false;
    lend(tcp, &buf, 0, STREAM_BYTES);
    pair_run(&pair, 20000000);
    assert_int_equal(closed, 0);
    assert_true(back_len < STREAM_BYTES);
    assert_non_null(buf.data);
    is_reading = true;
    ms_tcp_consumed(tcp, (uint32_t)unread);
    pair_run(&pair, 200000000);
    comes_back(STREAM_BYTES);
}

static void closes_behind_the_last_byte(void **state)
{
    struct ms_tcp *tcp = connect();
    struct ms_buf bufs[2];

    (void)state;
    /* The second half waits for the first when the end comes. */
    pair.delay_us = 50000;
    lend(tcp, &bufs[0], 0, 5000);
    pair_run(&pair, 1000);
    lend(tcp, &bufs[1], 5000, 5000);
    ms_tcp_close(tcp);
    pair_run(&pair, 3000000);
    comes_back(10000);
    assert_true(server_eof && client_eof);
    pair_run(&pair, 100000000);
    assert_int_equal(closed, 1);
    assert_int_equal(why_closed, MS_OK);
}

static void takes_no_connection_without_an_outbox(void **state)
{
    struct ms_tcp *tcps[OUTBOXES + 1];

    (void)state;
    for (unsigned i = 0; i <= OUTBOXES; i++)
        tcps[i] = connect();
    pair_run(&pair, 100000);
    assert_int_equal(refused, 1);
    ms_tcp_abort(tcps[0]);
    pair_run(&pair, 100000);
    (void)connect();
    pair_run(&pair, 100000);
    assert_int_equal(refused, 1);
}

static struct ms_udp *open_client(void)
{
    static const struct ms_udp_events udp_events = { .on_datagram = on_datagram };
    struct ms_endpoint any = { .port = 0 };
    struct ms_udp *udp;

    assert_int_equal(ms_udp_open(pair.hosts[1].stack, &any, &udp_events, NULL, &udp), MS_OK);
    return udp;
}

static void send_datagram(struct ms_udp *udp, struct ms_buf *buf, uint32_t len)
{
    struct ms_endpoint to = pair_endpoint(0, true, PORT);

    *buf = (struct ms_buf){ .data = stream, .len = len, .release = on_release };
    assert_int_equal(ms_udp_send(udp, &to, buf), MS_OK);
    pair_run(&pair, 100);
}

static void returns_datagrams_and_fragments(void **state)
{
    static const uint32_t lengths[] = { 0, 1, 1400, 1473, 20000, 65507 };
    struct ms_udp *udp = open_client();

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct ms_buf buf;

        send_datagram(udp, &buf, lengths[i]);
        pair_run(&pair, 1000000);
        assert_int_equal(datagrams, i + 1);
        comes_back(lengths[i]);
    }
}

static void returns_many_datagrams(void **state)
{
    static struct ms_buf bufs[1000];
    struct ms_udp *udp = open_client();

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        send_datagram(udp, &bufs[i], 100);
    pair_run(&pair, 1000000);
    assert_int_equal(datagrams, 1000);
}

static void does_with_the_memory_there_is(void **state)
{
    (void)state;
    memory_left = sizeof(memory);
    assert_non_null(ms_outboxes_make(1000));
    memory_left = 100;
    assert_null(ms_outboxes_make(1000));
    assert_null(ms_outboxes_make(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echoes_a_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(echoes_a_thousand_bytes_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(resets_nobody_who_does_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closes_behind_the_last_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_no_connection_without_an_outbox, set_up, tear_down),
        cmocka_unit_test_setup_teardown(returns_datagrams_and_fragments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(returns_many_datagrams, set_up, tear_down),
        cmocka_unit_test(does_with_the_memory_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
