/* SPDX-License-Identifier: ISC */
/*
 * What a small device does: echoes TCP and UDP, and connects. It is linked to be weighed by
 * size.py, never run: its device takes every frame and forgets it.
 */
#include "mstack/mstack.h"

enum { PORT = 7, STACK_BYTES = 48 * 1024, ECHO_BYTES = 1024 };

static uint8_t memory[STACK_BYTES];
static uint8_t echoed[ECHO_BYTES];
static struct ms_buf echo;
static volatile uint64_t clock_us;

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    (void)driver;
    for (unsigned i = 0; i < n; i++)
        ms_frame_put(frames[i]);
    return n;
}

static const struct ms_driver_ops ops = { .transmit = transmit };
static struct ms_driver driver = { .ops = &ops, .mac = { 2 }, .mtu = 1500, .slices_max = 2 };

/* One buffer for all: the copy stays ours until release(). */
static void on_release(struct ms_buf *buf) { buf->len = 0; }

static bool fill(const struct ms_slice *slice)
{
    if (echo.len || slice->len > ECHO_BYTES)
        return false;
    for (uint32_t i = 0; i < slice->len; i++)
        echoed[i] = slice->data[i];
    echo = (struct ms_buf){ .data = echoed, .len = slice->len, .release = on_release };
    return true;
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    (void)user;
    (void)frame;
    ms_tcp_consumed(tcp, slice->len);
    if (!fill(slice) || ms_tcp_send(tcp, &echo) != MS_OK)
        ms_tcp_abort(tcp);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)user;
    ms_tcp_close(tcp);
}

static const struct ms_tcp_events tcp_events = { .on_data = on_data, .on_eof = on_eof };

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    (void)tcp;
    *user = listener_user;
    return &tcp_events;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    (void)user;
    if (fill(&datagram->first) && ms_udp_send(udp, &datagram->remote, &echo) != MS_OK)
        echo.len = 0;
}

static const struct ms_udp_events udp_events = { .on_datagram = on_datagram };

static enum ms_error begin(struct ms_stack *stack, struct ms_netif **netif)
{
    const struct ms_addr own = { { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } };
    const struct ms_addr peer = { { [10] = 0xff, [11] = 0xff, 198, 51, 100, 1 } };
    const struct ms_addr gateway = { { [10] = 0xff, [11] = 0xff, 192, 0, 2, 254 } };
    const struct ms_addr any_ipv4 = { { [10] = 0xff, [11] = 0xff } };
    const struct ms_endpoint any = { .port = PORT };
    const struct ms_tcp_listen listen = { .local = any, .accept = on_accept };
    const struct ms_tcp_connect connect = {
        .remote = { .addr = peer, .port = PORT },
        .events = &tcp_events,
    };
    struct ms_tcp *tcp;
    struct ms_udp *udp;
    enum ms_error error = ms_netif_attach(stack, &driver, netif);

    if (!error)
        error = ms_netif_add_addr(*netif, &own, 24, false);
    if (!error)
        error = ms_route_add(stack, &any_ipv4, 0, &gateway, *netif);
    if (!error)
        error = ms_tcp_listen(stack, &listen, NULL);
    if (!error)
        error = ms_tcp_connect(stack, &connect, &tcp);
    if (!error)
        error = ms_udp_open(stack, &any, &udp_events, NULL, &udp);
    return error;
}

int main(void)
{
    static uint8_t bytes[1514];
    static struct ms_frame frame = { .head = bytes };
    struct ms_frame *received = &frame;
    struct ms_config config;
    struct ms_stack *stack;
    struct ms_netif *netif;

    ms_config_default(&config);
    config.tcp_connections = 8;
    stack = ms_stack_init(&config, memory, sizeof(memory));
    if (!stack || begin(stack, &netif) != MS_OK)
        return 1;
    while (ms_next_deadline(stack) != UINT64_MAX) {
        frame.head_len = sizeof(bytes);
        frame.refs = 2;
        ms_netif_input(netif, &received, 1, clock_us);
        ms_poll(stack, clock_us);
    }
    return 0;
}
