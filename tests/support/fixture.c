/* SPDX-License-Identifier: ISC */
/* A stack without transports, its interfaces and clock in the test's hands. */
#include "support/fixture.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eth/eth.h"
#include "eth/neighbor.h"
#include "ip/addr.h"
#include "ip/loop.h"
#include "ip/reassembly.h"

/* Frames stay in the queue, and nobody is told of groups. */
static const struct ms_driver_ops no_ops;

/* A received frame: exactly as many bytes as the test gave. */
struct received {
    struct fixture *fixture;
    uint8_t *first, *second;
    struct ms_frame *frame;
};

struct ms_config fixture_config(void)
{
    return (struct ms_config){
        .seed = { 1, 2, 3 },
        .netifs = FIXTURE_NETIFS,
        .routes = 8,
        .neighbors = 16,
        .groups = 16,
        .path_mtus = 8,
        .reassemblies = 8,
        .reassembly_bytes = 65535,
        .frames = 192,
        .frame_slices = 4,
        .transmit_queue = FIXTURE_QUEUE,
    };
}

static void build(struct ms_stack *stack, struct arena *arena)
{
    ms_pool_init(&stack->frames, arena, ms_sent_frame_size(&stack->config), stack->config.frames);
    ms_eth_init(stack, arena);
    ms_ip_init(stack, arena);
}

void fixture_open(struct fixture *f, const struct ms_config *config)
{
    struct arena arena = { .base = NULL };
    struct ms_stack *stack = calloc(1, sizeof(*stack));

    memset(f, 0, sizeof(*f));
    stack->config = *config;
    stack->checksum = ms_checksum_pick();
    build(stack, &arena);
    memset(stack, 0, sizeof(*stack));
    stack->config = *config;
    stack->checksum = ms_checksum_pick();
    ms_random_init(&stack->random, config->seed);
    f->memory = aligned_alloc(ARENA_ALIGN, arena.used);
    arena = (struct arena){ .base = f->memory };
    stack->netifs = f->netifs;
    stack->netif_count = FIXTURE_NETIFS;
    build(stack, &arena);
    f->stack = stack;
    f->netif = &f->netifs[0];
    for (unsigned i = 0; i < FIXTURE_NETIFS; i++) {
        f->drivers[i] = (struct ms_driver){
            .ops = &no_ops,
            .medium = MS_MEDIUM_ETHERNET,
            .mac = { 2, 0, 0, 0, 0, (uint8_t)(i + 1) },
            .mtu = 1500,
            .slices_max = 4,
        };
        f->netifs[i] = (struct ms_netif){
            .stack = stack,
            .driver = &f->drivers[i],
            .mtu = 1500,
            .is_up = true,
            .hop_limit = 64,
            .number = (uint8_t)i,
            .queue = calloc(FIXTURE_QUEUE, sizeof(struct ms_frame *)),
            .queue_mask = FIXTURE_QUEUE - 1,
        };
    }
    fixture_advance(f, 1000000);
}

void fixture_close(struct fixture *f)
{
    struct ms_frame *frame = NULL;

    for (unsigned i = 0; i < FIXTURE_NETIFS; i++) {
        ms_ip_detach(&f->netifs[i]);
        fixture_discard(&f->netifs[i]);
        free(f->netifs[i].queue);
    }
    while ((frame = ms_ip_loop_take(f->stack)) != NULL)
        ms_frame_put(frame);
    ms_frames_give_back(f->stack);
    assert_int_equal(f->stack->frames.used, 0);
    assert_int_equal(f->frames_in, 0);
    free(f->memory);
    free(f->stack);
}

static void expire(struct timer *timer)
{
    switch (ms_timer_kind(timer)) {
    case TIMER_NEIGHBOR: ms_neighbor_expired(timer); break;
    case TIMER_REASSEMBLY: ms_reassembly_expired(timer); break;
    case TIMER_ADDRESS: ms_addr_expired(timer); break;
    default: break;
    }
}

void fixture_advance(struct fixture *f, uint64_t us)
{
    uint64_t end_us = f->stack->now_us + us;

    while (f->stack->now_us < end_us) {
        struct timer *timer;
        uint64_t next_us = ms_wheel_next_deadline(&f->stack->wheel);

        f->stack->now_us = next_us < end_us ? next_us : end_us;
        while ((timer = ms_wheel_expire(&f->stack->wheel, f->stack->now_us)) != NULL)
            expire(timer);
    }
    ms_frames_give_back(f->stack);
}

static void release_received(struct ms_frame *frame)
{
    struct received *received = *(struct received **)(void *)((uint8_t *)frame - 16);

    received->fixture->frames_in--;
    free(received->first);
    free(received->second);
    free((uint8_t *)frame - 16);
    free(received);
}

static uint8_t *copy(const uint8_t *bytes, size_t len)
{
    uint8_t *to = malloc(len + (len == 0));

    if (len > 0)
        memcpy(to, bytes, len);
    return to;
}

static struct ms_frame *receive(struct fixture *f, const uint8_t *bytes, size_t len, size_t split)
{
    struct received *received = calloc(1, sizeof(*received));
    uint8_t *block = calloc(1, 16 + sizeof(struct ms_frame) + sizeof(struct ms_slice));
    struct ms_frame *frame = (struct ms_frame *)(void *)(block + 16);

    memcpy(block, &received, sizeof(struct received *));
    split = split < len ? split : len;
    received->fixture = f;
    received->first = copy(bytes, split);
    received->second = copy(bytes + split, len - split);
    frame->head = received->first;
    frame->head_len = (uint32_t)split;
    frame->refs = 1;
    frame->release = release_received;
    frame->slice_capacity = 1;
    if (split < len) {
        frame->slice_count = 1;
        frame->slices[0] =
            (struct ms_slice){ .data = received->second, .len = (uint32_t)(len - split) };
    }
    f->frames_in++;
    return frame;
}

static enum ms_drop climb(struct packet *p)
{
    uint16_t type = p->bytes.data[0] >> 4 == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
    enum ms_drop drop = MS_DROP_NONE;

    if (p->netif->driver->medium == MS_MEDIUM_ETHERNET)
        drop = ms_eth_input(p, &type);
    if (drop)
        return drop;
    switch (type) {
    case ETHERTYPE_ARP: return ms_arp_input(p);
    case ETHERTYPE_IPV4: return ms_ipv4_input(p);
    case ETHERTYPE_IPV6: return ms_ipv6_input(p);
    default: return MS_DROP_ETH_UNKNOWN_TYPE;
    }
}

static enum ms_drop climb_and_put(struct fixture *f, struct ms_netif *netif, struct ms_frame *frame,
                                  uint8_t flags)
{
    enum ms_drop drop;

    f->packet = (struct packet){
        .stack = f->stack,
        .netif = netif,
        .frame = frame,
        .bytes = bytes_of(frame->head, frame->head_len),
        .len = ms_frame_len(frame),
        .flags = flags,
    };
    drop = climb(&f->packet);
    ms_count_drop(f->stack, drop);
    ms_frame_put(f->packet.frame);
    return drop;
}

enum ms_drop fixture_input_split(struct fixture *f, struct ms_netif *netif, const uint8_t *bytes,
                                 size_t len, size_t split)
{
    return climb_and_put(f, netif, receive(f, bytes, len, split), 0);
}

enum ms_drop fixture_input(struct fixture *f, struct ms_netif *netif, const uint8_t *bytes,
                           size_t len)
{
    return fixture_input_split(f, netif, bytes, len, len);
}

enum ms_drop fixture_input_ip(struct fixture *f, struct ms_netif *netif, const uint8_t *bytes,
                              size_t len)
{
    static struct datagram frame;
    const uint8_t from[6] = { 2, 0, 0, 0, 1, 1 };

    memcpy(frame.bytes, netif->driver->mac, 6);
    memcpy(frame.bytes + 6, from, 6);
    store_be16(frame.bytes + 12, len > 0 && bytes[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
    memcpy(frame.bytes + 14, bytes, len);
    return fixture_input(f, netif, frame.bytes, len + 14);
}

enum ms_drop fixture_loop(struct fixture *f)
{
    struct ms_frame *frame = ms_ip_loop_take(f->stack);

    assert_non_null(frame);
    return climb_and_put(f, ms_ip_loop_netif(f->stack), frame, PACKET_LOOPED);
}

bool fixture_sent(struct ms_netif *netif, struct datagram *sent)
{
    struct ms_frame *frame;

    if (netif->queue_head == netif->queue_tail)
        return false;
    frame = netif->queue[netif->queue_tail++ & netif->queue_mask];
    memcpy(sent->bytes, frame->head, frame->head_len);
    sent->len = frame->head_len;
    for (unsigned i = 0; i < frame->slice_count; i++) {
        memcpy(sent->bytes + sent->len, frame->slices[i].data, frame->slices[i].len);
        sent->len += frame->slices[i].len;
    }
    ms_frame_put(frame);
    return true;
}

unsigned fixture_discard(struct ms_netif *netif)
{
    static struct datagram sent;
    unsigned count = 0;

    while (fixture_sent(netif, &sent))
        count++;
    return count;
}

static void release_buf(struct ms_buf *buf)
{
    free((void *)(uintptr_t)buf->data);
    free(buf);
}

/* Eight bytes in the head, as a transport header would be, and the rest lent. */
static struct ms_frame *counting_frame(struct ms_stack *stack, uint32_t len)
{
    struct ms_frame *frame = ms_frame_alloc(stack);
    struct ms_buf *buf = calloc(1, sizeof(*buf));
    uint8_t *data = malloc(len);

    for (uint32_t i = 0; i < len; i++)
        data[i] = (uint8_t)i;
    *buf = (struct ms_buf){ .data = data, .len = len, .release = release_buf };
    memcpy(frame->head - 8, data, 8);
    ms_frame_push(frame, 8);
    ms_buf_get(buf);
    if (len > 8)
        ms_frame_add_lent(frame, buf, 8, len - 8);
    ms_buf_put(buf);
    return frame;
}

enum ms_error fixture_send(struct fixture *f, const char *remote_text, uint32_t len)
{
    struct ms_addr remote = addr(remote_text);
    struct ms_addr local = { .bytes = { 0 } };
    struct path path;
    enum ms_error error = ms_ip_find_path(f->stack, NULL, &local, &remote, &path);
    struct ip_send send = {
        .local = &local,
        .remote = &remote,
        .len = len,
        .protocol = IP_PROTOCOL_UDP,
        .flags = IP_SEND_MAY_FRAGMENT,
    };

    if (error)
        return error;
    ms_ip_output(f->stack, &path, counting_frame(f->stack, len), &send);
    return MS_OK;
}

struct ms_addr addr(const char *text)
{
    struct ms_addr parsed;

    assert_int_equal(ms_addr_parse(&parsed, text), MS_OK);
    return parsed;
}

void fixture_add_addr(struct ms_netif *netif, const char *text, uint8_t prefix_len)
{
    struct ms_addr parsed = addr(text);

    assert_int_equal(ms_netif_add_addr(netif, &parsed, prefix_len, false), MS_OK);
}

uint64_t drops(const struct fixture *f, enum ms_drop drop)
{
    return f->stack->counters.drops[drop];
}
