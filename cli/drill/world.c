/* SPDX-License-Identifier: ISC */
/* A stack on a wire of the script's own, in virtual time. */
#include "drill/world.h"

#include <stdlib.h>
#include <string.h>

enum {
    START_US = 1000000000,
    MTU_IPV4 = 1500,
    MTU_IPV6 = 1520, /* so that scripts have the same MSS */
    SLICES = 16,
    RECV_WINDOW = 15 << 20, /* as much as Linux lets grow: a scale of 8 */
    SETTLE_MAX = 1000,
};

static void write_capture(struct world *world, const uint8_t *bytes, uint32_t len)
{
    if (world->writer)
        ms_pcap_writer_bytes(world->writer, world->now_us - START_US, bytes, len);
}

static void keep(struct world *world, const struct ms_frame *frame)
{
    uint32_t len = ms_frame_len(frame), at = frame->head_len;
    struct sent *sent = malloc(sizeof(*sent) + len);

    if (!sent) {
        world->is_out_of_memory = true;
        return;
    }
    *sent = (struct sent){ .at_us = world->now_us, .len = len };
    memcpy(sent->bytes, frame->head, frame->head_len);
    for (unsigned i = 0; i < frame->slice_count; at += frame->slices[i++].len)
        memcpy(sent->bytes + at, frame->slices[i].data, frame->slices[i].len);
    write_capture(world, sent->bytes, len);
    *(world->last ? &world->last->next : &world->first) = sent;
    world->last = sent;
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct world *world = (struct world *)(void *)driver;

    for (unsigned i = 0; i < n; i++) {
        keep(world, frames[i]);
        ms_frame_put(frames[i]);
    }
    return n;
}

static const struct ms_driver_ops driver_ops = { .transmit = transmit };

/* Addresses and prefixes as they are usual in such scripts. */
static bool set_addresses(struct world *world, bool is_ipv6)
{
    const char *local = is_ipv6 ? "fd3d:a0b:17d6::1" : "192.168.0.1";
    const char *remote = is_ipv6 ? "fd3d:fa7b:d17d::1" : "192.0.2.1";
    const struct ms_addr none = { { 0 } };
    struct ms_addr any = none;

    if (!is_ipv6)
        any = ms_addr_ipv4(0, 0, 0, 0);
    return ms_addr_parse(&world->local, local) == MS_OK &&
           ms_addr_parse(&world->remote, remote) == MS_OK &&
           ms_netif_add_addr(world->netif, &world->local, is_ipv6 ? 64 : 16, false) == MS_OK &&
           ms_route_add(world->stack, &any, 0, &any, world->netif) == MS_OK;
}

bool world_open(struct world *world, bool is_ipv6)
{
    struct ms_config config;
    size_t size;

    ms_config_default(&config);
    config.seed[0] = 1; /* the same in each run */
    config.tcp_recv_window_bytes = RECV_WINDOW;
    size = ms_stack_size(&config);
    world->memory = malloc(size);
    if (!world->memory)
        return false;
    world->now_us = START_US;
    world->driver = (struct ms_driver){
        .ops = &driver_ops,
        .medium = MS_MEDIUM_IP,
        .mtu = is_ipv6 ? MTU_IPV6 : MTU_IPV4,
        .slices_max = SLICES,
    };
    world->stack = ms_stack_init(&config, world->memory, size);
    if (!world->stack || ms_netif_attach(world->stack, &world->driver, &world->netif) != MS_OK ||
        !set_addresses(world, is_ipv6)) {
        free(world->memory);
        return false;
    }
    world_run_until(world, START_US + 10000000);
    while (world->first)
        world_forget(world);
    return true;
}

void world_close(struct world *world)
{
    ms_netif_detach(world->netif);
    ms_poll(world->stack, world->now_us); /* tells the connections */
    while (world->first)
        world_forget(world);
    free(world->memory);
}

void world_settle(struct world *world)
{
    for (unsigned i = 0; i < SETTLE_MAX; i++) {
        ms_poll(world->stack, world->now_us);
        if (world->on_progress)
            world->on_progress(world->arg);
        if (ms_next_deadline(world->stack) > world->now_us)
            return;
    }
}

/* The next moment at which the stack has something to do, but not after until_us. */
static void step(struct world *world, uint64_t until_us)
{
    uint64_t next_us = ms_next_deadline(world->stack);

    if (next_us > until_us)
        next_us = until_us;
    if (next_us > world->now_us)
        world->now_us = next_us;
    world_settle(world);
}

void world_run_until(struct world *world, uint64_t until_us)
{
    do
        step(world, until_us);
    while (world->now_us < until_us);
}

const struct sent *world_await(struct world *world, uint64_t until_us)
{
    world_settle(world);
    while (!world->first && world->now_us < until_us)
        step(world, until_us);
    return world->first;
}

void world_forget(struct world *world)
{
    struct sent *sent = world->first;

    world->first = sent->next;
    if (!world->first)
        world->last = NULL;
    free(sent);
}

static void release(struct ms_frame *frame) { free(frame); }

void world_receive(struct world *world, const uint8_t *bytes, uint32_t len)
{
    struct ms_frame *frame = malloc(sizeof(*frame) + len);

    if (!frame) {
        world->is_out_of_memory = true;
        return;
    }
    write_capture(world, bytes, len);
    *frame = (struct ms_frame){
        .head = (uint8_t *)(frame + 1), .head_len = len, .refs = 1, .release = release
    };
    memcpy(frame->head, bytes, len);
    ms_netif_input(world->netif, &frame, 1, world->now_us);
    world_settle(world);
}
