/* SPDX-License-Identifier: ISC */
/* States by real packets, and their memory: the stack's block and the world around it. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/stack.h"
#include "tcp/floor.h"

enum {
    IPV4_LEN = 20,
    IPV6_LEN = 40,
    TCP_LEN = 32, /* with timestamps */
    PROTOCOL = 6,
    OPEN_PORT = 80,
    SHUT_PORT = 81,
    PEER_PORT = 4000,
    PEER_ISN = (int)0xffffff00, /* the window crosses the wrap */
    PEER_CLOCK = 5000,
    STEP_US = 5000, /* longer than an ACK is delayed, shorter than any retransmission */
    BLOCK = 1 << 20,
};

struct kept {
    struct world world;
    uint8_t *block;
};

static uint8_t block[BLOCK];
static size_t block_len;
static struct kept kept[2][ORACLE_STATES];
static uint8_t packet[IPV6_LEN + TCP_LEN + TEXT_MAX];
static struct ms_frame frame;
static const uint8_t stream[IN_FLIGHT];

static uint8_t byte_at(uint32_t number) { return (uint8_t)(number * 31 + (number >> 8)); }

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t sum(const uint8_t *at, size_t len)
{
    uint32_t total = 0;

    for (size_t i = 0; i + 1 < len; i += 2)
        total += get16(at + i);
    return len % 2 ? total + (uint32_t)(at[len - 1] << 8) : total;
}

static uint16_t folded(uint32_t total)
{
    while (total > 0xffff)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)~total;
}

/* Application */

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct world *world = user;

    (void)tcp;
    world->sight.is_opened = true;
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *from)
{
    struct world *world = user;
    struct sight *sight = &world->sight;

    (void)tcp;
    (void)from;
    for (uint32_t i = 0; i < slice->len; i++)
        sight->is_garbled |= slice->data[i] != byte_at(sight->next + i);
    sight->next += slice->len;
    sight->delivered += slice->len;
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct world *world = user;

    (void)tcp;
    world->sight.is_ended = true;
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct world *world = user;

    (void)tcp;
    world->tcp = NULL;
    world->sight.is_closed = true;
    world->sight.why = why;
}

static const struct ms_tcp_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
};

static const struct ms_tcp_events *accept_it(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct world *world = listener_user;

    world->tcp = tcp;
    world->sight.is_opened = true;
    *user = world;
    return &events;
}

static void on_release(struct ms_buf *buf) { (void)buf; }

/* Driver */

static void see(struct world *world, const struct ms_frame *sent)
{
    unsigned ip_len = sent->head[0] >> 4 == 4 ? IPV4_LEN : IPV6_LEN;
    const uint8_t *tcp = sent->head + ip_len;
    struct sight *sight = &world->sight;
    uint8_t protocol = ip_len == IPV4_LEN ? sent->head[9] : sent->head[6];
    unsigned header_len;

    if (protocol != PROTOCOL) {
        sight->others++;
        return;
    }
    header_len = (tcp[12] >> 4) * 4u;
    sight->replies++;
    sight->seq = get32(tcp + 4);
    sight->ack = get32(tcp + 8);
    sight->flags = tcp[13];
    sight->window = get16(tcp + 14);
    sight->reply_len = ms_frame_len(sent) - ip_len - header_len;
    if (header_len > 20)
        for (const uint8_t *at = tcp + 20; at < tcp + header_len && *at; at += *at == 1 ? 1 : at[1])
            if (*at == 8)
                sight->ts_value = get32(at + 2);
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct world *world = (struct world *)(void *)driver;

    for (unsigned i = 0; i < n; i++) {
        see(world, frames[i]);
        ms_frame_put(frames[i]);
    }
    return n;
}

static void on_frame_back(struct ms_frame *back) { (void)back; }

static const struct ms_driver_ops ops = { .transmit = transmit };

static struct ms_endpoint end_of(const struct world *world, unsigned host, uint16_t port)
{
    struct ms_endpoint end = { .port = port };

    if (world->is_ipv4)
        end.addr = ms_addr_ipv4(10, 0, 0, (uint8_t)host);
    else
        end.addr = (struct ms_addr){ { 0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)host } };
    return end;
}

/* The IP header; returns its length, and the sum of the pseudo header. */
static unsigned write_ip(const struct world *world, uint32_t payload_len, uint32_t *pseudo)
{
    unsigned len = world->is_ipv4 ? IPV4_LEN : IPV6_LEN, addr_len = world->is_ipv4 ? 4 : 16;
    uint8_t *addrs = packet + len - 2 * addr_len;
    struct ms_endpoint peer = end_of(world, 2, 0), stack = end_of(world, 1, 0);

    memset(packet, 0, len);
    memcpy(addrs, peer.addr.bytes + 16 - addr_len, addr_len);
    memcpy(addrs + addr_len, stack.addr.bytes + 16 - addr_len, addr_len);
    *pseudo = sum(addrs, 2 * (size_t)addr_len) + PROTOCOL + payload_len;
    if (world->is_ipv4) {
        packet[0] = 0x45;
        put16(packet + 2, len + payload_len);
        packet[8] = 64;
        packet[9] = PROTOCOL;
        put16(packet + 10, folded(sum(packet, len)));
    } else {
        packet[0] = 0x60;
        put16(packet + 4, payload_len);
        packet[6] = PROTOCOL;
        packet[7] = 64;
    }
    return len;
}

static void write_tcp(const struct world *world, const struct oracle_segment *segment, uint8_t *tcp,
                      uint32_t pseudo)
{
    memset(tcp, 0, TCP_LEN);
    put16(tcp, PEER_PORT);
    put16(tcp + 2, world->stack_port);
    put32(tcp + 4, segment->seq);
    put32(tcp + 8, segment->flags & ACK ? segment->ack : 0);
    tcp[12] = TCP_LEN / 4 << 4;
    tcp[13] = segment->flags;
    put16(tcp + 14, PEER_WINDOW);
    put16(tcp + 18, segment->flags & URG ? 1 : 0);
    memcpy(tcp + 20, (const uint8_t[]){ 1, 1, 8, 10 }, 4);
    put32(tcp + 24, segment->ts_value);
    put32(tcp + 28, segment->flags & ACK ? world->ts_echo : 0);
    for (uint32_t i = 0; i < segment->len; i++)
        tcp[TCP_LEN + i] = byte_at(segment->seq + !!(segment->flags & SYN) + i);
    put16(tcp + 16, folded(pseudo + sum(tcp, TCP_LEN + (size_t)segment->len)));
}

/* What is due at once, and then what is due within a step. */
static void settle(struct world *world)
{
    uint64_t until_us = world->now_us + STEP_US;

    ms_poll(world->stack, world->now_us);
    while (ms_next_deadline(world->stack) <= until_us) {
        uint64_t next_us = ms_next_deadline(world->stack);

        world->now_us = next_us > world->now_us ? next_us : world->now_us + 1;
        ms_poll(world->stack, world->now_us);
    }
    world->now_us = until_us;
}

void world_send(struct world *world, const struct oracle_segment *segment)
{
    struct ms_frame *frames[1] = { &frame };
    uint32_t pseudo;
    unsigned ip_len = write_ip(world, TCP_LEN + segment->len, &pseudo);

    world->sight = (struct sight){ .next = world->connection.state <= SYN_SENT
                                               ? segment->seq + !!(segment->flags & SYN)
                                               : world->connection.rcv_nxt };
    write_tcp(world, segment, packet + ip_len, pseudo);
    frame = (struct ms_frame){ .head = packet,
                               .head_len = ip_len + TCP_LEN + segment->len,
                               .refs = 1,
                               .release = on_frame_back };
    ms_netif_input(world->netif, frames, 1, world->now_us);
    settle(world);
}

enum oracle_state world_state(const struct world *world)
{
    struct ms_tcp_info info;

    if (world->tcp) {
        ms_tcp_info(world->tcp, &info);
        return (enum oracle_state)info.state;
    }
    if (world->stack->tcp->time_waits.used)
        return TIME_WAIT;
    return world->stack->tcp->syns.used ? SYN_RECEIVED : CLOSED;
}

static struct ms_config configuration(void)
{
    struct ms_config config;

    ms_config_default(&config);
    memset(config.seed, 7, sizeof(config.seed));
    config.netifs = 1;
    config.routes = config.neighbors = config.groups = config.path_mtus = 4;
    config.reassemblies = 1;
    config.reassembly_bytes = 2000;
    config.frames = 16;
    config.transmit_queue = 16;
    config.udp_sockets = config.tcp_listeners = 1;
    config.tcp_connections = config.tcp_syn_records = config.tcp_time_wait_records = 2;
    config.tcp_sent_ranges = config.tcp_reorder_segments = 16;
    config.tcp_recv_window_bytes = WINDOW;
    config.tcp_delayed_ack_us = 1000;
    config.tcp_rto_min_us = 1000000;
    config.tcp_timestamps = true;
    return config;
}

static void must(bool is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "grid: %s\n", what);
        exit(1);
    }
}

static void start(struct world *world, bool is_ipv4)
{
    struct ms_config config = configuration();
    struct ms_tcp_listen listen = { .accept = accept_it, .user = world };
    struct ms_endpoint here;

    *world = (struct world){ .is_ipv4 = is_ipv4, .now_us = 1000000, .stack_port = OPEN_PORT };
    world->driver =
        (struct ms_driver){ .ops = &ops, .medium = MS_MEDIUM_IP, .mtu = 1500, .slices_max = 4 };
    block_len = ms_stack_size(&config);
    must(block_len <= sizeof(block), "the stack is too large");
    world->stack = ms_stack_init(&config, block, sizeof(block));
    must(world->stack, "no stack");
    must(ms_netif_attach(world->stack, &world->driver, &world->netif) == MS_OK, "no interface");
    here = end_of(world, 1, OPEN_PORT);
    must(ms_netif_add_addr(world->netif, &here.addr, is_ipv4 ? 24 : 64, false) == MS_OK,
         "no address");
    listen.local = here;
    must(ms_tcp_listen(world->stack, &listen, NULL) == MS_OK, "no listener");
    for (unsigned i = 0; i < 2000; i++) /* announcements */
        settle(world);
    world->connection = (struct oracle_connection){ .snd_una = 1000000,
                                                    .snd_nxt = 1000000 + IN_FLIGHT,
                                                    .max_snd_wnd = PEER_WINDOW,
                                                    .rcv_nxt = (uint32_t)PEER_ISN,
                                                    .rcv_wnd = WINDOW,
                                                    .ts_recent = PEER_CLOCK };
}

/* What the stack has sent tells its numbers. */
static void learn(struct world *world)
{
    const struct sight *sight = &world->sight;
    struct oracle_connection *connection = &world->connection;
    uint8_t numbered = sight->flags & (SYN | FIN);

    must(sight->replies == 1, "a state is not reached as planned");
    if (sight->flags & SYN)
        connection->snd_una = sight->seq;
    connection->snd_nxt = sight->seq + sight->reply_len + (numbered ? 1 : 0);
    world->ts_echo = sight->ts_value;
    if (sight->flags & ACK)
        connection->rcv_wnd = sight->ack + sight->window - connection->rcv_nxt;
}

/* The peer's next segment, with the numbers that it ought to have. */
static void say(struct world *world, uint8_t flags, uint32_t ack)
{
    struct oracle_connection *connection = &world->connection;
    struct oracle_segment segment = {
        .seq = connection->rcv_nxt, .ack = ack, .flags = flags, .ts_value = ++connection->ts_recent
    };

    world_send(world, &segment);
    if (flags & (SYN | FIN)) {
        connection->rcv_nxt++;
        connection->rcv_wnd--;
        learn(world);
    }
    if (flags & ACK)
        connection->snd_una = ack;
}

static void act(struct world *world, bool is_close)
{
    world->sight = (struct sight){ 0 };
    if (is_close) {
        ms_tcp_close(world->tcp);
    } else {
        world->buf = (struct ms_buf){ .data = stream, .len = IN_FLIGHT, .release = on_release };
        must(ms_tcp_send(world->tcp, &world->buf) == MS_OK, "nothing is lent");
    }
    settle(world);
    learn(world);
}

static void connect_to_peer(struct world *world)
{
    struct ms_tcp_connect connect = { .remote = end_of(world, 2, PEER_PORT),
                                      .local = end_of(world, 1, SHUT_PORT),
                                      .events = &events,
                                      .user = world };

    world->stack_port = SHUT_PORT;
    world->sight = (struct sight){ 0 };
    must(ms_tcp_connect(world->stack, &connect, &world->tcp) == MS_OK, "no connection");
    settle(world);
    learn(world);
}

/* From LISTEN on, by what leads to the state in figure 5. */
static void lead_to(struct world *world, enum oracle_state state)
{
    struct oracle_connection *connection = &world->connection;

    say(world, SYN, 0);
    if (state == SYN_RECEIVED)
        return;
    say(world, ACK, connection->snd_nxt);
    act(world, false);
    if (state == CLOSE_WAIT || state == LAST_ACK)
        say(world, FIN | ACK, connection->snd_una);
    if (state != ESTABLISHED && state != CLOSE_WAIT)
        act(world, true);
    if (state == FIN_WAIT_2 || state == TIME_WAIT)
        say(world, ACK, connection->snd_nxt);
    if (state == CLOSING || state == TIME_WAIT)
        say(world, FIN | ACK, connection->snd_una);
}

static void build(struct world *world, bool is_ipv4, enum oracle_state state)
{
    start(world, is_ipv4);
    if (state == SYN_SENT)
        connect_to_peer(world);
    else if (state > LISTEN)
        lead_to(world, state);
    else if (state == CLOSED)
        world->stack_port = SHUT_PORT;
    world->connection.state = state;
    must(world_state(world) == (state == LISTEN ? CLOSED : state), "another state is reached");
}

void world_enter(struct world *world, bool is_ipv4, enum oracle_state state)
{
    struct kept *memory = &kept[is_ipv4][state];

    if (!memory->block) {
        build(world, is_ipv4, state);
        memory->world = *world;
        memory->block = malloc(block_len);
        must(memory->block, "no memory");
        memcpy(memory->block, block, block_len);
    }
    *world = memory->world;
    memcpy(block, memory->block, block_len);
}
