/* SPDX-License-Identifier: ISC */
/*
 * Interfaces that come and go, links that fail, neighbours that are silent and devices that take
 * their time, while everybody sends: by dice that fall the same in each run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/pool.h"
#include "eth/eth_floor.h"
#include "mstack/mstack.h"
#include "support/random.h"
#include "wire/arp.h"
#include "wire/ipv4.h"

enum {
    NETIFS = 3, /* two of Ethernet, one without */
    SOCKETS = 4,
    STATIONS = 40, /* in each network, ours among them */
    HELD_MAX = 32,
    PORT = 1000, /* of the first socket */
    PACKET_MAX = 1300,
    WORLDS = 80,
    STEPS = 1500,
    BORROWED_MAX = 8, /* received frames that may wait for neighbours */
};

static struct world {
    struct dice dice;
    struct ms_config config;
    struct ms_stack *stack;
    void *memory;
    uint64_t now_us;
    struct ms_driver drivers[NETIFS];
    struct ms_netif *netifs[NETIFS]; /* NULL: not attached */
    struct ms_udp *sockets[SOCKETS];
    struct ms_frame *held[HELD_MAX]; /* by the devices */
    unsigned held_count;
    unsigned lent, received; /* not back yet */
    unsigned returns;        /* of buffers, in one step */
    uint64_t sum;            /* of whatever may be read */
    bool is_restless;        /* what comes back is always sent again, if it can be */
    bool is_sending, is_closing;
} w;

static uint32_t below(uint32_t bound) { return dice_below(&w.dice, bound); }
static bool one_in(uint32_t n) { return below(n) == 0; }

/* --- What is sent, and comes back --- */

static struct ms_addr any_addr(void)
{
    uint8_t net = (uint8_t)below(NETIFS);
    struct ms_addr v6 = { { 0x20, 0x01, 0x0d, 0xb8, 0, net } };

    switch (below(10)) {
    case 0: return ms_addr_ipv4(255, 255, 255, 255);
    case 1: return ms_addr_ipv4(224, 0, 0, 9);
    case 2: return ms_addr_ipv4(127, 0, 0, 1);
    case 3: return ms_addr_ipv4(10, net, 0, 1);
    case 4:
    case 5: v6.bytes[15] = (uint8_t)(1 + below(STATIONS)); return v6;
    default: return ms_addr_ipv4(10, net, 0, (uint8_t)(1 + below(STATIONS)));
    }
}

static bool send_buf(struct ms_buf *buf)
{
    struct ms_udp *udp = w.sockets[below(SOCKETS)];
    struct ms_endpoint to = { .addr = any_addr(), .port = (uint16_t)(PORT + below(SOCKETS)) };
    enum ms_error error;

    if (!udp)
        return false;
    w.is_sending = true;
    error = ms_udp_send(udp, &to, buf);
    w.is_sending = false;
    return error == MS_OK;
}

/* mstack/frame.h: never inside a call that sends; and it may send the buffer again. */
static void on_release(struct ms_buf *buf)
{
    assert_false(w.is_sending);
    assert_true(w.returns++ < 20 * w.config.frames); /* else a step does not end */
    if (!w.is_closing && (w.is_restless || one_in(2)) && send_buf(buf))
        return;
    w.lent--;
    free(buf);
}

static void send_new(void)
{
    uint32_t len = one_in(6) ? 1 + below(20000) : 1 + below(1400);
    struct ms_buf *buf = calloc(1, sizeof(*buf) + len);

    *buf = (struct ms_buf){ .data = (uint8_t *)(buf + 1), .len = len, .release = on_release };
    w.lent++;
    if (send_buf(buf))
        return;
    w.lent--;
    free(buf);
}

/* --- Devices --- */

static void read_all(const struct ms_frame *frame)
{
    w.sum += ms_checksum_scalar(frame->head, frame->head_len);
    for (unsigned i = 0; i < frame->slice_count; i++)
        w.sum += ms_checksum_scalar(frame->slices[i].data, frame->slices[i].len);
}

/* Takes some or all, is done with some at once and holds others. */
static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    unsigned taken = one_in(4) ? below(n + 1) : n;

    (void)driver;
    for (unsigned i = 0; i < taken; i++) {
        read_all(frames[i]);
        if (w.held_count < HELD_MAX && one_in(2))
            w.held[w.held_count++] = frames[i];
        else
            ms_frame_put(frames[i]);
    }
    return taken;
}

static const struct ms_driver_ops ops = { .transmit = transmit };

static void on_frame_release(struct ms_frame *frame)
{
    w.received--;
    free(frame);
}

static void receive(struct ms_netif *netif, const uint8_t *bytes, uint32_t len)
{
    struct ms_frame *frame = calloc(1, sizeof(*frame) + len);

    *frame = (struct ms_frame){
        .head = (uint8_t *)(frame + 1),
        .head_len = len,
        .refs = 1,
        .release = on_frame_release,
    };
    memcpy(frame->head, bytes, len);
    w.received++;
    ms_netif_input(netif, &frame, 1, w.now_us);
}

static void attach(unsigned i)
{
    struct ms_addr v4 = ms_addr_ipv4(10, (uint8_t)i, 0, 1);
    struct ms_addr v6 = { { 0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)i, [15] = 1 } };

    w.drivers[i] = (struct ms_driver){
        .ops = &ops,
        .medium = i < 2 ? MS_MEDIUM_ETHERNET : MS_MEDIUM_IP,
        .mac = { 2, 0, 0, 0, 0, (uint8_t)(i + 1) },
        .mtu = (uint16_t)(one_in(4) ? 576 : 1500),
        .slices_max = (uint16_t)(1 + below(4)),
    };
    assert_int_equal(ms_netif_attach(w.stack, &w.drivers[i], &w.netifs[i]), MS_OK);
    assert_int_equal(ms_netif_add_addr(w.netifs[i], &v4, 24, one_in(4)), MS_OK);
    if (w.drivers[i].mtu >= 1280)
        assert_int_equal(ms_netif_add_addr(w.netifs[i], &v6, 64, one_in(4)), MS_OK);
}

static void detach(unsigned i)
{
    ms_netif_detach(w.netifs[i]);
    w.netifs[i] = NULL;
}

/* --- What comes in --- */

static void on_datagram(struct ms_udp *udp, void *place, const struct ms_datagram *datagram)
{
    struct ms_udp **socket = place;
    unsigned i = below(NETIFS);

    read_all(datagram->frame);
    if (one_in(3))
        send_new();
    if (one_in(16) && w.netifs[i])
        detach(i);
    if (one_in(8)) {
        ms_udp_close(udp);
        *socket = NULL;
    }
}

static const struct ms_udp_events events = { .on_datagram = on_datagram };

/* Of somebody in the interface's network, to us. */
static void put_ipv4(uint8_t *at, unsigned net, uint8_t protocol, uint32_t len)
{
    const struct ipv4_header header = {
        .src = 0x0a000000 + (net << 16) + 2 + below(STATIONS - 1),
        .dst = 0x0a000001 + (net << 16),
        .total_len = (uint16_t)(IPV4_HEADER_LEN + len),
        .ttl = 64,
        .protocol = protocol,
    };

    ms_ipv4_header_emit(&header, at + IPV4_HEADER_LEN);
    ms_ipv4_header_sum_store(at, IPV4_HEADER_LEN);
}

static uint32_t put_ping(uint8_t *at, unsigned net)
{
    uint32_t len = 8 + below(1200);
    uint16_t checksum;

    put_ipv4(at, net, IP_PROTOCOL_ICMP, len);
    at += IPV4_HEADER_LEN;
    memset(at, 0, len);
    at[0] = 8;
    checksum = ms_checksum_finish(ms_checksum_scalar(at, len));
    memcpy(at + 2, &checksum, sizeof(checksum));
    return IPV4_HEADER_LEN + len;
}

/* To a socket, or to a port that has none. */
static uint32_t put_datagram(uint8_t *at, unsigned net)
{
    uint32_t len = 8 + below(1200);

    put_ipv4(at, net, IP_PROTOCOL_UDP, len);
    at += IPV4_HEADER_LEN;
    memset(at, 0, len);
    store_be16(at, 7);
    store_be16(at + 2, (uint16_t)(PORT + below(SOCKETS + 1)));
    store_be16(at + 4, (uint16_t)len);
    return IPV4_HEADER_LEN + len;
}

static uint32_t put_arp(uint8_t *at, unsigned net)
{
    const struct arp_header header = {
        .operation = (uint16_t)(one_in(3) ? ARP_REQUEST : ARP_REPLY),
        .sender_mac = { 2, 0, 0, 0, 1, 1 },
        .sender_ip = 0x0a000000 + (net << 16) + 2 + below(STATIONS - 1),
        .target_ip = 0x0a000001 + (net << 16),
    };

    return (uint32_t)ms_arp_header_emit(&header, at + ARP_HEADER_LEN);
}

static void receive_any(unsigned i)
{
    uint8_t bytes[PACKET_MAX];
    uint32_t at = 0, kind = below(i < 2 ? 3 : 2);

    if (!w.netifs[i])
        return;
    if (i < 2) {
        memcpy(bytes, w.drivers[i].mac, 6);
        memcpy(bytes + 6, "\2\0\0\0\1\1", 6);
        store_be16(bytes + 12, kind == 2 ? ETHERTYPE_ARP : ETHERTYPE_IPV4);
        at = ETH_HEADER_LEN;
    }
    if (kind == 0)
        at += put_ping(bytes + at, i);
    else if (kind == 1)
        at += put_datagram(bytes + at, i);
    else
        at += put_arp(bytes + at, i);
    receive(w.netifs[i], bytes, at);
}

/* --- The world --- */

static void open_or_close_socket(unsigned i)
{
    struct ms_endpoint local = { .port = (uint16_t)(PORT + i) };

    if (!w.sockets[i]) {
        assert_int_equal(ms_udp_open(w.stack, &local, &events, &w.sockets[i], &w.sockets[i]),
                         MS_OK);
    } else if (one_in(4)) {
        ms_udp_close(w.sockets[i]);
        w.sockets[i] = NULL;
    }
}

static void come_or_go(unsigned i)
{
    if (!w.netifs[i])
        attach(i);
    else if (one_in(6))
        detach(i);
    else
        ms_netif_set_up(w.netifs[i], !one_in(3));
}

static void poll(void)
{
    w.now_us += one_in(3) ? below(2000000) : below(2000);
    ms_poll(w.stack, w.now_us);
}

static void step(void)
{
    w.returns = 0;
    switch (below(10)) {
    case 0: come_or_go(below(NETIFS)); break;
    case 1: open_or_close_socket(below(SOCKETS)); break;
    case 2:
    case 3:
    case 4: send_new(); break;
    case 5:
    case 6: receive_any(below(NETIFS)); break;
    case 7:
        if (w.held_count > 0)
            ms_frame_put(w.held[--w.held_count]);
        break;
    default: poll(); break;
    }
    assert_in_range(w.stack->eth->waiting_count, 0, w.config.frames / 2);
    assert_in_range(w.stack->eth->borrowed_count, 0, BORROWED_MAX);
    if (w.stack->discarded.first)
        assert_int_equal(ms_next_deadline(w.stack), 0);
}

static void open_world(uint32_t number)
{
    w = (struct world){ .dice = { .state = number + 1 }, .is_restless = number & 1 };
    ms_config_default(&w.config);
    w.config.seed[0] = (uint8_t)number;
    w.config.netifs = NETIFS;
    w.config.neighbors = 4 + below(100);
    w.config.frames = 4 + below(200);
    w.config.frame_slices = 1 + below(4);
    w.config.transmit_queue = UINT32_C(1) << below(8);
    w.config.udp_sockets = SOCKETS;
    w.config.tcp_connections = w.config.tcp_syn_records = w.config.tcp_time_wait_records = 1;
    w.memory = malloc(ms_stack_size(&w.config));
    w.stack = ms_stack_init(&w.config, w.memory, ms_stack_size(&w.config));
    assert_non_null(w.stack);
}

/* Nothing is left, wherever it was: in queues, with neighbours, with devices, on its way to us. */
static void close_world(void)
{
    w.is_closing = true;
    w.returns = 0;
    for (unsigned i = 0; i < SOCKETS; i++) {
        if (w.sockets[i])
            ms_udp_close(w.sockets[i]);
    }
    for (unsigned i = 0; i < NETIFS; i++) {
        if (w.netifs[i])
            detach(i);
    }
    while (w.held_count > 0)
        ms_frame_put(w.held[--w.held_count]);
    for (unsigned i = 0; i < 20; i++)
        ms_poll(w.stack, w.now_us += 10000000);
    assert_int_equal(w.lent, 0);
    assert_int_equal(w.received, 0);
    assert_int_equal(w.stack->frames.used, 0);
    assert_int_equal(w.stack->eth->pool.used, 0);
    assert_int_equal(w.stack->eth->waiting_count, 0);
    assert_int_equal(w.stack->eth->borrowed_count, 0);
    assert_int_equal(ms_next_deadline(w.stack), UINT64_MAX);
    free(w.memory);
}

/* proves: Z01, Z11 */
static void all_that_was_lent_comes_back(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < WORLDS; number++) {
        open_world(number);
        for (unsigned i = 0; i < STEPS; i++)
            step();
        close_world();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_was_lent_comes_back),
    };

    return cmocka_run_group_tests_name("turmoil", tests, NULL, NULL);
}
