/* SPDX-License-Identifier: ISC */
/*
 * Any frames, at any times, into a stack with listeners, sockets and live connections, each frame
 * in a buffer of exactly its size before a guard page. Afterwards every frame and buffer is back.
 *
 * The input is a series of steps: a byte of enum step_flag, a byte of time, two of length, and so
 * many of frame. The flags let mutations past the checksums and into the windows.
 */
#include "guarded.h"

#include "core/frame.h"
#include "ip/ip.h"
#include "mstack/mstack.h"
#include "tcp/conn.h"
#include "tcp/floor.h"
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum step_flag {
    STEP_CHECKSUM_VALID = 0x01, /* the device vouches for the transport checksum */
    STEP_FIX_IPV4 = 0x02,       /* the IPv4 header's checksum is made right */
    STEP_IN_WINDOW = 0x04,      /* TCP numbers count from a live connection's own */
    STEP_SLICED = 0x08,         /* payload lies in a slice of its own */
    STEP_KEEP = 0x10,           /* the application keeps what it gets for a while */
    STEP_REFUSE = 0x20,         /* the device takes no frames */
    STEP_ACT = 0x40,            /* handlers close or abort */
    STEP_LONG = 0x80,           /* time passes in seconds, not milliseconds */
};

enum { STEP_HEADER = 4, CONNECTIONS = 3, KEPT = 16, LENT = 64, LENT_BYTES = 3000, STEPS_MAX = 200 };

static const uint8_t OUR_MAC[6] = { 2, 0, 0, 0, 0, 1 }, PEER_MAC[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t lent_bytes[LENT_BYTES];
static volatile uint8_t sink; /* reading is the point: the sanitizer watches */

struct lent {
    struct ms_buf buf;
    struct world *world;
    bool is_out;
};

struct world {
    struct ms_driver driver;
    struct ms_stack *stack;
    struct ms_netif *netif;
    struct ms_tcp *live[CONNECTIONS]; /* NULL once closed */
    struct ms_frame *kept[KEPT];
    struct lent lent[LENT];
    uint64_t now_us;
    uint32_t seen_seq; /* of the last TCP segment sent */
    unsigned kept_count, actions;
    uint8_t flags;
};

static void require(bool is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "fuzz_input: %s\n", what);
        abort();
    }
}

/* --- The device --- */

static uint32_t seq_of(const struct ms_frame *frame)
{
    return frame->head_len >= 54 ? load_be32(frame->head + (frame->head[12] == 0x86 ? 58 : 38)) : 0;
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct world *w = MS_CONTAINER_OF(driver, struct world, driver);

    if (w->flags & STEP_REFUSE)
        return 0;
    for (unsigned i = 0; i < n; i++) {
        for (uint32_t at = 0; at < frames[i]->head_len; at++)
            sink ^= frames[i]->head[at];
        for (unsigned s = 0; s < frames[i]->slice_count; s++) {
            for (uint32_t at = 0; at < frames[i]->slices[s].len; at++)
                sink ^= frames[i]->slices[s].data[at];
        }
        w->seen_seq = seq_of(frames[i]);
        ms_frame_put(frames[i]);
    }
    return n;
}

static const struct ms_driver_ops driver_ops = { .transmit = transmit };

static void input(struct world *w, const uint8_t *bytes, uint32_t len)
{
    bool is_sliced = (w->flags & STEP_SLICED) && len > 64;
    struct ms_frame *frame = guarded_frame(bytes, len, is_sliced ? 64 : len);

    if (w->flags & STEP_CHECKSUM_VALID)
        frame->flags |= MS_FRAME_CHECKSUM_VALID;
    ms_netif_input(w->netif, &frame, 1, w->now_us);
    ms_poll(w->stack, w->now_us);
}

/* --- The application --- */

static void on_release(struct ms_buf *buf)
{
    struct lent *lent = MS_CONTAINER_OF(buf, struct lent, buf);

    require(lent->is_out, "a buffer was released twice");
    lent->is_out = false;
}

static struct ms_buf *lend(struct world *w, uint32_t len)
{
    for (unsigned i = 0; i < LENT; i++) {
        struct lent *lent = &w->lent[i];

        if (lent->is_out)
            continue;
        lent->is_out = true;
        lent->buf = (struct ms_buf){ .data = lent_bytes, .len = len, .release = on_release };
        return &lent->buf;
    }
    return NULL;
}

static void send_some(struct world *w, struct ms_tcp *tcp, uint32_t len)
{
    struct ms_buf *buf = lend(w, len);

    if (buf && ms_tcp_send(tcp, buf) != MS_OK)
        on_release(buf);
}

/* Handlers may do anything: a cycle of deeds, so that inputs stay reproducible. */
static void act(struct world *w, struct ms_tcp *tcp)
{
    struct ms_tcp *other = w->live[w->actions % CONNECTIONS];

    if (!(w->flags & STEP_ACT))
        return;
    switch (w->actions++ % 5) {
    case 0: ms_tcp_close(tcp); break;
    case 1: send_some(w, tcp, 1 + w->actions % LENT_BYTES); break;
    case 2:
        if (other)
            ms_tcp_abort(other);
        break;
    case 3: ms_tcp_abort(tcp); break;
    default:
        if (other)
            ms_tcp_close(other);
        break;
    }
}

static void keep(struct world *w, struct ms_frame *frame)
{
    if (!(w->flags & STEP_KEEP) || w->kept_count == KEPT)
        return;
    ms_frame_get(frame);
    w->kept[w->kept_count++] = frame;
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct world *w = user;

    for (uint32_t i = 0; i < slice->len; i++)
        sink ^= slice->data[i];
    keep(w, frame);
    if (slice->len % 3)
        ms_tcp_consumed(tcp, slice->len);
    if (slice->len % 2)
        send_some(w, tcp, 1 + slice->len % LENT_BYTES);
    act(w, tcp);
}

static void on_event(struct ms_tcp *tcp, void *user) { act(user, tcp); }

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct world *w = user;

    (void)why;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        if (w->live[i] == tcp)
            w->live[i] = NULL;
    }
}

static void on_urgent(struct ms_tcp *tcp, void *user, uint32_t urgent_bytes)
{
    (void)urgent_bytes;
    act(user, tcp);
}

static void on_soft_error(struct ms_tcp *tcp, void *user, enum ms_error error)
{
    (void)error;
    act(user, tcp);
}

static const struct ms_tcp_events tcp_events = {
    .on_open = on_event,
    .on_data = on_data,
    .on_eof = on_event,
    .on_close = on_close,
    .on_urgent = on_urgent,
    .on_soft_error = on_soft_error,
};

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct world *w = listener_user;

    *user = w;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        if (!w->live[i]) {
            w->live[i] = tcp;
            break;
        }
    }
    return &tcp_events;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    struct world *w = user;
    struct ms_buf *buf = lend(w, datagram->len % LENT_BYTES);

    keep(w, datagram->frame);
    if (buf && ms_udp_send(udp, &datagram->remote, buf) != MS_OK)
        on_release(buf);
}

static const struct ms_udp_events udp_events = { .on_datagram = on_datagram };

/* --- The world --- */

static void pass_time(struct world *w, uint64_t us)
{
    uint64_t until_us = w->now_us + us;

    for (unsigned i = 0; i < 1000; i++) {
        uint64_t deadline_us = ms_next_deadline(w->stack);

        require(deadline_us == 0 || deadline_us > w->stack->now_us, "a deadline in the past");
        if (deadline_us > until_us)
            break;
        w->now_us = deadline_us > w->now_us ? deadline_us : w->now_us;
        ms_poll(w->stack, w->now_us);
    }
    w->now_us = until_us;
    ms_poll(w->stack, w->now_us);
}

static void must(enum ms_error error) { require(error == MS_OK, ms_error_text(error)); }

/* The peer tells its address, so that answers need not wait for ARP. */
static void introduce_peer(struct world *w)
{
    uint8_t bytes[ETH_HEADER_LEN + ARP_HEADER_LEN], *end = bytes + sizeof(bytes);
    struct arp_header arp = { .operation = ARP_REQUEST,
                              .sender_ip = 0x0a000002,
                              .target_ip = 0x0a000001 };
    struct eth_header eth = { .type = ETHERTYPE_ARP };

    memcpy(arp.sender_mac, PEER_MAC, 6);
    memcpy(eth.dst, OUR_MAC, 6);
    memcpy(eth.src, PEER_MAC, 6);
    end -= ms_arp_header_emit(&arp, end);
    ms_eth_header_emit(&eth, end);
    input(w, bytes, sizeof(bytes));
}

static void input_tcp(struct world *w, const struct tcp_header *tcp)
{
    uint8_t bytes[128], *end = bytes + sizeof(bytes), *at = end;
    struct ipv4_header ip = {
        .src = 0x0a000002, .dst = 0x0a000001, .ttl = 64, .protocol = IP_PROTOCOL_TCP
    };
    struct eth_header eth = { .type = ETHERTYPE_IPV4 };

    memcpy(eth.dst, OUR_MAC, 6);
    memcpy(eth.src, PEER_MAC, 6);
    at -= ms_tcp_header_emit(tcp, at);
    ip.total_len = (uint16_t)(IPV4_HEADER_LEN + (end - at));
    at -= ms_ipv4_header_emit(&ip, at);
    ms_ipv4_header_sum_store(at, IPV4_HEADER_LEN);
    at -= ms_eth_header_emit(&eth, at);
    w->flags = STEP_CHECKSUM_VALID;
    input(w, at, (uint32_t)(end - at));
}

/* A handshake from outside; the options of the i-th differ. */
static void establish(struct world *w, unsigned i)
{
    struct tcp_header syn = { .src_port = (uint16_t)(1000 + i),
                              .dst_port = 80,
                              .seq = UINT32_C(0xfffff000),
                              .flags = TCP_SYN,
                              .window = 60000,
                              .mss = 1460,
                              .wscale = 7,
                              .options = TCP_OPTION_MSS };

    if (i > 0)
        syn.options |= TCP_OPTION_SACK_PERMITTED | TCP_OPTION_WSCALE;
    if (i > 1)
        syn.options |= TCP_OPTION_TIMESTAMP;
    input_tcp(w, &syn);
    syn.seq++;
    syn.flags = TCP_ACK;
    syn.ack = w->seen_seq + 1;
    syn.options &= TCP_OPTION_TIMESTAMP;
    input_tcp(w, &syn);
    require(w->live[i] != NULL, "the handshake of the set-up failed");
    send_some(w, w->live[i], 1000);
    ms_poll(w->stack, w->now_us);
}

static struct ms_config small_config(void)
{
    struct ms_config config;

    ms_config_default(&config);
    config.netifs = 1;
    config.neighbors = 4;
    config.groups = 4;
    config.path_mtus = 4;
    config.reassemblies = 2;
    config.reassembly_bytes = 4000;
    config.frames = 40;
    config.transmit_queue = 16;
    config.tcp_connections = 6;
    config.tcp_syn_records = 2;
    config.tcp_time_wait_records = 3;
    config.tcp_sent_ranges = 24;
    config.tcp_reorder_segments = 12;
    config.tcp_recv_window_bytes = 20000;
    return config;
}

/* One block for all runs: fresh memory for each would be the greater part of a run's time. */
static void *memory_of(size_t size)
{
    static void *memory;

    if (!memory)
        memory = malloc(size);
    return memory;
}

static void open_world(struct world *w)
{
    struct ms_config config = small_config();
    size_t size = ms_stack_size(&config);
    struct ms_addr v4 = ms_addr_ipv4(10, 0, 0, 1), v6;
    struct ms_tcp_listen listen = { .local.port = 80, .accept = on_accept, .user = w };
    struct ms_endpoint any = { .port = 53 };
    struct ms_udp *udp;

    w->driver = (struct ms_driver){
        .ops = &driver_ops, .medium = MS_MEDIUM_ETHERNET, .mtu = 1500, .slices_max = 16
    };
    memcpy(w->driver.mac, OUR_MAC, 6);
    w->now_us = 1000000;
    w->stack = ms_stack_init(&config, memory_of(size), size);
    require(w->stack != NULL, "no stack");
    must(ms_netif_attach(w->stack, &w->driver, &w->netif));
    must(ms_netif_add_addr(w->netif, &v4, 24, false));
    must(ms_addr_parse(&v6, "2001:db8::1"));
    must(ms_netif_add_addr(w->netif, &v6, 64, false));
    must(ms_tcp_listen(w->stack, &listen, NULL));
    must(ms_udp_open(w->stack, &any, &udp_events, w, &udp));
    introduce_peer(w);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        establish(w, i);
}

static void put_kept(struct world *w)
{
    while (w->kept_count > 0)
        ms_frame_put(w->kept[--w->kept_count]);
}

/* Everything ends, and everything comes back. */
static void close_world(struct world *w)
{
    w->flags = 0;
    put_kept(w);
    for (uint32_t i = 0; i < w->stack->tcp->connections.fresh; i++)
        ms_tcp_abort(ms_pool_at(&w->stack->tcp->connections, i));
    ms_poll(w->stack, w->now_us);
    pass_time(w, UINT64_C(300000000));
    ms_netif_detach(w->netif);
    ms_poll(w->stack, w->now_us);
    require(w->stack->tcp->connections.used == 0, "a connection is left");
    require(w->stack->tcp->ranges.used == 0, "a sent range is left");
    require(w->stack->tcp->held.used == 0, "a held segment is left");
    require(w->stack->tcp->copies.used == 0, "a copy is left");
    require(w->stack->tcp->syns.used == 0, "a SYN record is left");
    require(w->stack->frames.used == 0, "a frame is left");
    for (unsigned i = 0; i < LENT; i++)
        require(!w->lent[i].is_out, "a lent buffer is left");
    require(guarded_in_use() == 0, "a received frame is left");
}

/* Makes an IPv4 header's checksum right, and TCP numbers relative to a live connection's. */
static void repair(struct world *w, uint8_t *frame, uint32_t len)
{
    const struct ms_tcp *live = w->live[w->flags >> 6 & 1];
    uint32_t ip = ETH_HEADER_LEN, tcp = ip + IPV4_HEADER_LEN;

    if (len < tcp || load_be16(frame + 12) != ETHERTYPE_IPV4)
        return;
    if ((w->flags & STEP_IN_WINDOW) && live && frame[ip] == 0x45 &&
        frame[ip + 9] == IP_PROTOCOL_TCP && len >= tcp + TCP_HEADER_LEN) {
        store_be16(frame + tcp, live->entry.flow.remote_port);
        store_be16(frame + tcp + 2, 80);
        store_be32(frame + tcp + 4, load_be32(frame + tcp + 4) + live->recv_next);
        store_be32(frame + tcp + 8, load_be32(frame + tcp + 8) + live->send_next);
    }
    if ((w->flags & STEP_FIX_IPV4) && frame[ip] == 0x45) {
        store_be16(frame + ip + 10, 0);
        ms_ipv4_header_sum_store(frame + ip, IPV4_HEADER_LEN);
    }
}

static void step(struct world *w, const uint8_t *bytes, uint32_t len, uint8_t time)
{
    uint8_t frame[4096];

    pass_time(w, time * (w->flags & STEP_LONG ? UINT64_C(1000000) : UINT64_C(1000)));
    if (!(w->flags & STEP_KEEP))
        put_kept(w);
    len = min_u32(len, sizeof(frame));
    memcpy(frame, bytes, len);
    repair(w, frame, len);
    input(w, frame, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = { .stack = NULL };

    open_world(&w);
    for (unsigned i = 0; i < STEPS_MAX && size > STEP_HEADER; i++) {
        uint32_t len = min_u32(load_be16(data + 2), (uint32_t)(size - STEP_HEADER));

        w.flags = data[0];
        step(&w, data + STEP_HEADER, len, data[1]);
        data += STEP_HEADER + len;
        size -= STEP_HEADER + len;
    }
    close_world(&w);
    return 0;
}
