/* SPDX-License-Identifier: ISC */
/* The applications of wire_peer.h: they record what they are told, and lend the stream's bytes. */
#include "core/bytes.h"
#include "support/wire_peer.h"

static void tell(struct app *app, enum app_event event)
{
    if (app->hook)
        app->hook(app, event);
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct app *app = user;

    assert_ptr_equal(app->tcp, tcp);
    app->opened++;
    tell(app, APP_OPEN);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct app *app = user;

    assert_ptr_equal(app->tcp, tcp);
    assert_true(frame->refs > 0);
    assert_true(slice->len > 0);
    assert_int_equal(app->eofs, 0);
    for (uint32_t i = 0; i < slice->len; i++) {
        if (!app->is_other_content)
            assert_int_equal(slice->data[i], peer_byte(1 + app->received + i));
        if (app->received + i < sizeof(app->bytes))
            app->bytes[app->received + i] = slice->data[i];
    }
    app->received += slice->len;
    if (!app->keeps_credit)
        ms_tcp_consumed(tcp, slice->len);
    tell(app, APP_DATA);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct app *app = user;

    assert_ptr_equal(app->tcp, tcp);
    assert_int_equal(app->eofs++, 0);
    tell(app, APP_EOF);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct app *app = user;

    assert_ptr_equal(app->tcp, tcp);
    assert_int_equal(app->closed++, 0);
    app->why = why;
    tell(app, APP_CLOSE);
    app->tcp = NULL;
}

static void on_urgent(struct ms_tcp *tcp, void *user, uint32_t urgent_bytes)
{
    struct app *app = user;

    assert_ptr_equal(app->tcp, tcp);
    app->urgents++;
    app->urgent_bytes = urgent_bytes;
    tell(app, APP_URGENT);
}

static void on_soft_error(struct ms_tcp *tcp, void *user, enum ms_error error)
{
    struct app *app = user;

    assert_ptr_equal(app->tcp, tcp);
    app->soft_errors++;
    app->soft_error = error;
    tell(app, APP_SOFT_ERROR);
}

static const struct ms_tcp_events app_events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
    .on_urgent = on_urgent,
    .on_soft_error = on_soft_error,
};

static struct app *next_app(struct peer *peer)
{
    struct app *app = &peer->apps[peer->app_count++];

    assert_true(peer->app_count <= PEER_APPS);
    app->peer = peer;
    return app;
}

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct peer *peer = listener_user;
    struct app *app;

    if (peer->accepts_nobody)
        return NULL;
    app = next_app(peer);
    app->tcp = tcp;
    app->accepted++;
    *user = app;
    tell(app, APP_ACCEPT);
    return &app_events;
}

void peer_listen(struct peer *peer, uint32_t backlog)
{
    const struct ms_tcp_listen listen = {
        .local.port = STACK_PORT, .backlog = backlog, .accept = on_accept, .user = peer
    };

    assert_int_equal(ms_tcp_listen(peer->stack, &listen, &peer->listener), MS_OK);
}

struct app *peer_connect(struct peer *peer)
{
    struct app *app = next_app(peer);
    struct ms_endpoint local, remote;
    const struct ms_tcp_connect connect = {
        .remote = { .addr = peer->peer_addr, .port = peer->flow->peer_port },
        .events = &app_events,
        .user = app,
    };

    assert_int_equal(ms_tcp_connect(peer->stack, &connect, &app->tcp), MS_OK);
    ms_tcp_endpoints(app->tcp, &local, &remote);
    peer->flow->stack_port = local.port;
    peer_settle(peer);
    return app;
}

void peer_send_syn(struct peer *peer, const struct offer *offer)
{
    peer->flow->has_timestamps = offer->timestamps;
    SEND(peer, .flags = TCP_SYN, .seq = 0, .mss = offer->mss, .wscale = offer->wscale,
         .window = offer->window, .sack_permitted = offer->sack,
         .ts_echo = offer->timestamps ? 0 : ANY);
}

struct app *peer_open(struct peer *peer, const struct offer *offer)
{
    unsigned before = peer->app_count;

    peer_send_syn(peer, offer);
    EXPECT(peer, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
    SEND(peer, .seq = 1, .ack = 1, .window = offer->window);
    assert_int_equal(peer->app_count, before + 1);
    assert_int_equal(peer->apps[before].accepted, 1);
    return &peer->apps[before];
}

struct peer *peer_passive(const struct offer *offer)
{
    struct peer *peer = peer_start(offer->state);

    peer_listen(peer, 0);
    peer_open(peer, offer);
    QUIET(peer, 0);
    return peer;
}

struct peer *peer_active(const struct offer *offer)
{
    struct peer *peer = peer_start(offer->state);
    struct app *app = peer_connect(peer);

    EXPECT(peer, .flags = TCP_SYN, .seq = 0);
    peer->flow->has_timestamps = offer->timestamps;
    SEND(peer, .flags = TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .mss = offer->mss,
         .wscale = offer->wscale, .window = offer->window, .sack_permitted = offer->sack);
    EXPECT(peer, .seq = 1, .ack = 1);
    assert_int_equal(app->opened, 1);
    QUIET(peer, 0);
    return peer;
}

/* A lent buffer, whose bytes go with it. */
struct lent {
    struct ms_buf buf;
    struct app *app;
    uint8_t bytes[];
};

static void on_release(struct ms_buf *buf)
{
    struct lent *lent = MS_CONTAINER_OF(buf, struct lent, buf);

    lent->app->released++;
    free(lent);
}

enum ms_error app_lend(struct app *app, uint32_t len)
{
    struct lent *lent = malloc(sizeof(*lent) + len);
    enum ms_error error;

    lent->app = app;
    lent->buf = (struct ms_buf){ .data = lent->bytes, .len = len, .release = on_release };
    for (uint32_t i = 0; i < len; i++)
        lent->bytes[i] = peer_byte(1 + app->sent + i);
    app->lent++;
    error = ms_tcp_send(app->tcp, &lent->buf);
    if (error) {
        app->lent--;
        free(lent);
        return error;
    }
    app->sent += len;
    return MS_OK;
}

enum ms_error app_send(struct app *app, uint32_t len)
{
    enum ms_error error = app_lend(app, len);

    peer_settle(app->peer);
    return error;
}

void app_close(struct app *app)
{
    ms_tcp_close(app->tcp);
    peer_settle(app->peer);
}

void app_abort(struct app *app)
{
    ms_tcp_abort(app->tcp);
    peer_settle(app->peer);
}

void app_consume(struct app *app, uint32_t n)
{
    ms_tcp_consumed(app->tcp, n);
    peer_settle(app->peer);
}

void app_set(struct app *app, enum ms_tcp_option option, uint32_t value)
{
    assert_int_equal(ms_tcp_set(app->tcp, option, value), MS_OK);
    peer_settle(app->peer);
}

struct ms_tcp_info app_info(const struct app *app)
{
    struct ms_tcp_info info;

    assert_non_null(app->tcp);
    ms_tcp_info(app->tcp, &info);
    return info;
}

enum ms_tcp_state app_state(const struct app *app) { return app_info(app).state; }
