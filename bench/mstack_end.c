/* SPDX-License-Identifier: ISC */
/* One end of a conversation on mstack: what its application does in each row. */
#include "mstack_end.h"

enum {
    BUFFERS = 4 * WL_BATCH,
    /* An answer on one of many connections stays lent until its delayed ACK. */
    MANY_BUFFERS = 1 << 16,
    PREFIX_LEN = 24,
};

/* Bytes on loan. */
struct lent {
    struct ms_buf buf; /* first: release() is given its address */
    struct mstack_side *side;
    struct ms_frame *frame; /* udp_echo: holds the bytes */
};

static const uint8_t payload[44 * 1460];

_Noreturn void mstack_end_fail(const char *what)
{
    fprintf(stderr, "mstack_bench: %s\n", what);
    exit(1);
}

static void check(enum ms_error error, const char *what)
{
    if (error == MS_OK)
        return;
    fprintf(stderr, "mstack_bench: %s: %s\n", what, ms_error_text(error));
    exit(1);
}

static struct ms_addr addr_of(uint32_t ipv4)
{
    return ms_addr_ipv4((uint8_t)(ipv4 >> 24), (uint8_t)(ipv4 >> 16), (uint8_t)(ipv4 >> 8),
                        (uint8_t)ipv4);
}

/* Buffers. */

static void put_back(struct ms_buf *buf)
{
    struct lent *lent = (struct lent *)(void *)buf;
    struct mstack_side *side = lent->side;

    if (lent->frame) {
        ms_frame_put(lent->frame);
        lent->frame = NULL;
    }
    buf->next = side->free ? &side->free->buf : NULL;
    side->free = lent;
}

/* Bulk: what comes back goes out again, so that there is always more than the windows let out. */
static void send_again(struct ms_buf *buf)
{
    check(ms_tcp_send(((struct lent *)(void *)buf)->side->connection, buf), "ms_tcp_send");
}

static void make_buffers(struct mstack_side *side, uint32_t n)
{
    struct lent *lent = calloc(n, sizeof *lent);

    if (!lent)
        mstack_end_fail("no memory");
    for (uint32_t i = 0; i < n; i++) {
        lent[i].buf.release = put_back;
        lent[i].side = side;
        put_back(&lent[i].buf);
    }
}

static struct ms_buf *lend(struct mstack_side *side, const uint8_t *data, uint32_t len)
{
    struct lent *lent = side->free;

    if (!lent)
        mstack_end_fail("no buffer is left to lend");
    side->free = (struct lent *)(void *)lent->buf.next;
    lent->buf.data = data;
    lent->buf.len = len;
    return &lent->buf;
}

static void send_tcp(struct mstack_side *side, struct ms_tcp *tcp, uint32_t len)
{
    check(ms_tcp_send(tcp, lend(side, payload, len)), "ms_tcp_send");
}

static void send_random(struct mstack_side *side)
{
    uint32_t i = wl_random(&side->random_state, side->row.connections);

    send_tcp(side, side->many[i], side->row.op_bytes);
}

/* TCP. */

static void on_bulk_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                         struct ms_frame *frame)
{
    struct mstack_side *side = user;

    (void)frame;
    ms_tcp_consumed(tcp, slice->len);
    side->bytes += slice->len;
    if (side->bytes >= (side->ops + 1) * side->row.op_bytes)
        side->ops = side->bytes / side->row.op_bytes;
}

static void on_request(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                       struct ms_frame *frame)
{
    struct mstack_side *side = user;

    (void)frame;
    ms_tcp_consumed(tcp, slice->len);
    send_tcp(side, tcp, side->row.kind == WL_CRR ? WL_CRR_RESPONSE : side->row.op_bytes);
}

static void on_answer(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                      struct ms_frame *frame)
{
    struct mstack_side *side = user;

    (void)frame;
    ms_tcp_consumed(tcp, slice->len);
    side->ops++;
    if (side->many)
        send_random(side);
    else
        send_tcp(side, tcp, side->row.op_bytes);
}

static void on_crr_response(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                            struct ms_frame *frame)
{
    struct mstack_side *side = user;

    (void)frame;
    ms_tcp_consumed(tcp, slice->len);
    side->bytes += slice->len;
    if (side->bytes == WL_CRR_RESPONSE)
        ms_tcp_close(tcp);
}

static void set_up(const struct mstack_side *side, struct ms_tcp *tcp)
{
    if (side->row.kind == WL_RR || side->row.kind == WL_MANY)
        check(ms_tcp_set(tcp, MS_TCP_NO_DELAY, 1), "ms_tcp_set");
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct mstack_side *side = user;

    side->established++;
    if (side->row.kind == WL_CRR)
        send_tcp(side, tcp, WL_CRR_REQUEST);
}

/* Only crr closes, the client first. */
static void on_eof(struct ms_tcp *tcp, void *user)
{
    const struct mstack_side *side = user;

    if (!side->is_client)
        ms_tcp_close(tcp);
}

/* The client's comes when it is in TIME-WAIT. */
static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct mstack_side *side = user;

    (void)tcp;
    check(why, "connection");
    if (side->row.kind != WL_CRR)
        mstack_end_fail("a connection was closed");
    if (!side->is_client)
        return;
    side->ops++;
    side->is_idle = true;
}

static const struct ms_tcp_events bulk_events = {
    .on_open = on_open, .on_data = on_bulk_data, .on_eof = on_eof, .on_close = on_close
};
static const struct ms_tcp_events request_events = {
    .on_open = on_open, .on_data = on_request, .on_eof = on_eof, .on_close = on_close
};
static const struct ms_tcp_events answer_events = {
    .on_open = on_open, .on_data = on_answer, .on_eof = on_eof, .on_close = on_close
};
static const struct ms_tcp_events crr_events = {
    .on_open = on_open, .on_data = on_crr_response, .on_eof = on_eof, .on_close = on_close
};

static const struct ms_tcp_events *events_of(const struct mstack_side *side)
{
    if (side->row.kind == WL_BULK)
        return &bulk_events;
    if (!side->is_client)
        return &request_events;
    return side->row.kind == WL_CRR ? &crr_events : &answer_events;
}

static const struct ms_tcp_events *accept_tcp(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct mstack_side *side = listener_user;

    *user = side;
    side->established++;
    set_up(side, tcp);
    return events_of(side);
}

static void listen_tcp(struct mstack_side *side, uint16_t port)
{
    const struct ms_tcp_listen listen = { .local = { .port = port },
                                          .accept = accept_tcp,
                                          .user = side };

    check(ms_tcp_listen(side->stack, &listen, NULL), "ms_tcp_listen");
}

static struct ms_tcp *connect_tcp(struct mstack_side *side, uint16_t local_port,
                                  uint16_t remote_port)
{
    const struct ms_tcp_connect connect = {
        .remote = { .addr = side->server.addr, .port = remote_port },
        .local = { .port = local_port },
        .events = events_of(side),
        .user = side,
    };
    struct ms_tcp *tcp;

    check(ms_tcp_connect(side->stack, &connect, &tcp), "ms_tcp_connect");
    set_up(side, tcp);
    return tcp;
}

/* UDP. */

static void send_datagram(struct mstack_side *side)
{
    check(ms_udp_send(side->socket, &side->server, lend(side, payload, side->row.op_bytes)),
          "ms_udp_send");
}

/* What came goes back, out of the frame in which it came. */
static void echo(struct mstack_side *side, const struct ms_datagram *datagram)
{
    struct ms_buf *buf = lend(side, datagram->first.data, datagram->first.len);

    ((struct lent *)(void *)buf)->frame = datagram->frame;
    ms_frame_get(datagram->frame);
    check(ms_udp_send(side->socket, &datagram->remote, buf), "ms_udp_send");
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    struct mstack_side *side = user;

    (void)udp;
    if (side->row.kind == WL_UDP_ONEWAY) {
        side->ops++;
    } else if (side->is_client) {
        side->ops++;
        send_datagram(side);
    } else {
        echo(side, datagram);
    }
}

static const struct ms_udp_events udp_events = { .on_datagram = on_datagram };

static bool is_udp(const struct mstack_side *side)
{
    return side->row.kind == WL_UDP_ONEWAY || side->row.kind == WL_UDP_ECHO;
}

/* The row. */

void mstack_end_open(struct mstack_side *side, const struct ms_config *config,
                     struct ms_driver *driver)
{
    const struct ms_addr addr = addr_of(side->is_client ? WL_CLIENT_ADDR : WL_SERVER_ADDR);
    const size_t size = ms_stack_size(config);
    void *memory = size > 0 ? malloc(size) : NULL; /* only what is used is touched */

    side->stack = ms_stack_init(config, memory, size);
    if (!side->stack)
        mstack_end_fail("no memory for the stack");
    check(ms_netif_attach(side->stack, driver, &side->netif), "ms_netif_attach");
    check(ms_netif_add_addr(side->netif, &addr, PREFIX_LEN, false), "ms_netif_add_addr");
    side->server = (struct ms_endpoint){ .addr = addr_of(WL_SERVER_ADDR), .port = WL_PORT };
    side->random_state = WL_RANDOM_SEED;
}

static void start_udp(struct mstack_side *side)
{
    const struct ms_endpoint local = { .port = side->is_client ? WL_UDP_CLIENT_PORT : WL_PORT };

    check(ms_udp_open(side->stack, &local, &udp_events, side, &side->socket), "ms_udp_open");
}

static void start_server(struct mstack_side *side)
{
    uint32_t listeners = wl_many_listeners(side->row.connections);

    for (uint32_t i = 0; i < listeners; i++)
        listen_tcp(side, (uint16_t)(WL_PORT + i));
}

void mstack_end_start(struct mstack_side *side)
{
    make_buffers(side, side->row.kind == WL_MANY ? MANY_BUFFERS : BUFFERS);
    if (is_udp(side)) {
        start_udp(side);
    } else if (!side->is_client) {
        start_server(side);
    } else if (side->row.kind == WL_MANY) {
        side->many = malloc(side->row.connections * sizeof side->many[0]);
        if (!side->many)
            mstack_end_fail("no memory");
        memset(side->many, 0xff, side->row.connections * sizeof side->many[0]); /* touch it now */
    } else if (side->row.kind != WL_CRR) {
        side->connection = connect_tcp(side, wl_many_client_port(0), WL_PORT);
    }
}

void mstack_end_connect_many(struct mstack_side *side, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        side->many[i] = connect_tcp(side, wl_many_client_port(i), wl_many_server_port(i));
}

static void begin_bulk(struct mstack_side *side)
{
    uint32_t n = 2 * (side->row.window_bytes / side->row.op_bytes + 1);

    for (uint32_t i = 0; i < n; i++) {
        struct ms_buf *buf = lend(side, payload, side->row.op_bytes);

        buf->release = send_again;
        check(ms_tcp_send(side->connection, buf), "ms_tcp_send");
    }
}

void mstack_end_begin(struct mstack_side *side)
{
    switch (side->row.kind) {
    case WL_BULK: begin_bulk(side); break;
    case WL_RR: send_tcp(side, side->connection, side->row.op_bytes); break;
    case WL_CRR: side->is_idle = true; break;
    case WL_UDP_ONEWAY: break;
    case WL_UDP_ECHO: send_datagram(side); break;
    case WL_MANY: send_random(side); break;
    }
}

bool mstack_end_pump(struct mstack_side *side)
{
    if (side->row.kind == WL_UDP_ONEWAY) {
        for (int i = 0; i < WL_BATCH; i++)
            send_datagram(side);
        return true;
    }
    if (!side->is_idle)
        return false;
    side->is_idle = false;
    side->bytes = 0;
    connect_tcp(side, 0, WL_PORT);
    return true;
}
