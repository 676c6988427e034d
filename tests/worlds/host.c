/* SPDX-License-Identifier: ISC */
/* A host: a stack of ours, a device that is not always willing, and a witness at its wire. */
#include <stdlib.h>
#include <string.h>

#include "core/netif.h"
#include "eth/eth_floor.h"
#include "support/tcp_check.h"
#include "tcp/verbs.h"
#include "world.h"

enum {
    FRAME_MAX = 65535 + ETHERNET_LEN,
    MSS_MIN_BYTES = 536,
    POLLS_MAX = 1000, /* in a row without a moment passing */
    OTHER_ADDRESS = 100,
    SPOILT = 0xa5,
};

static const uint64_t FORGOTTEN_US = UINT64_C(400) * US_PER_S; /* what waits without an owner */

/* The more connections there are, the fewer of the events are looked at. */
static void stay_sound(struct host *host, const char *when)
{
    const char *fault;

    if (host->checks++ % (host->stack->tcp->connections.used + 1))
        return;
    fault = ms_tcp_check(host->stack);
    if (!fault)
        fault = checker_fault(host->checker);
    if (fault)
        world_fail(host->world, "host %u, %s: %s", host->number, when, fault);
}

struct ms_addr host_addr(const struct host *host, bool is_ipv6, bool is_other)
{
    uint8_t last = (uint8_t)(host->number + 1 + (is_other ? OTHER_ADDRESS : 0));

    if (is_ipv6)
        return (struct ms_addr){ { 0x20, 0x01, 0x0d, 0xb8, [15] = last } };
    return ms_addr_ipv4(10, 0, 0, last);
}

/* --- The device --- */

static uint64_t content_of_frame(const struct ms_frame *frame)
{
    uint64_t sum = content_of(1, frame->head, frame->head_len);

    for (unsigned i = 0; i < frame->slice_count; i++)
        sum = content_of(sum, frame->slices[i].data, frame->slices[i].len);
    return sum;
}

static uint16_t load16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t load32(const uint8_t *at) { return (uint32_t)load16(at) << 16 | load16(at + 2); }

static void show_witness(struct host *host, bool is_sent, const uint8_t *bytes, uint32_t len)
{
    uint32_t skip = 0;

    if (host->driver.medium == MS_MEDIUM_ETHERNET) {
        bool is_ours = is_sent || (len >= 6 && memcmp(bytes, host->driver.mac, 6) == 0);
        uint16_t type = len > ETHERNET_LEN ? load16(bytes + 12) : 0;

        if (!is_ours || (type != 0x0800 && type != 0x86dd))
            return;
        skip = ETHERNET_LEN;
    }
    if (is_sent)
        checker_sent(host->checker, bytes + skip, len - skip, host->world->now_us);
    else
        checker_received(host->checker, bytes + skip, len - skip, host->world->now_us);
}

static void tell_frame(struct host *host, const char *verb, const uint8_t *bytes, uint32_t len)
{
    uint32_t skip = host->driver.medium == MS_MEDIUM_ETHERNET ? ETHERNET_LEN : 0;
    uint32_t tcp = len > skip && bytes[skip] >> 4 == 6 ? 40 : 20;
    const uint8_t *at = bytes + skip + tcp;

    if (!host->world->trace)
        return;
    if (len < skip + tcp + 20) {
        world_tell(host->world, "host %u %s %u bytes", host->number, verb, len);
        return;
    }
    world_tell(host->world, "host %u %s %u bytes, %u > %u, flags %02x seq %08x ack %08x win %u",
               host->number, verb, len, load16(at), load16(at + 2), at[13], load32(at + 4),
               load32(at + 8), load16(at + 14));
}

static void put_on_wire(struct host *host, const struct ms_frame *frame)
{
    static uint8_t bytes[FRAME_MAX];
    uint32_t len = frame->head_len;

    memcpy(bytes, frame->head, len);
    for (unsigned i = 0; i < frame->slice_count; i++) {
        memcpy(bytes + len, frame->slices[i].data, frame->slices[i].len);
        len += frame->slices[i].len;
    }
    world_record(host->world, host->number, content_of(len, bytes, len));
    tell_frame(host, "sends", bytes, len);
    show_witness(host, true, bytes, len);
    wire_send(host->world, host->number, bytes, len);
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct host *host = MS_CONTAINER_OF(driver, struct host, driver);
    bool is_troubled = world_is_troubled(host->world);
    unsigned i;

    for (i = 0; i < n && host->ring_count < host->plan->ring_frames; i++) {
        if (is_troubled && host->plan->refusal > 0 &&
            dice_below(&host->dice, MILLION) < host->plan->refusal)
            break;
        put_on_wire(host, frames[i]);
        if (host->plan->completion_us == 0) {
            ms_frame_put(frames[i]);
            continue;
        }
        host->ring[host->ring_count++] =
            (struct in_device){ frames[i], content_of_frame(frames[i]) };
        world_schedule(host->world,
                       host->world->now_us + 1 + dice_below(&host->dice, host->plan->completion_us),
                       EVENT_COMPLETION, host->number, NULL);
    }
    return i;
}

void host_complete(struct host *host)
{
    struct in_device done;

    if (host->ring_count == 0)
        return;
    done = host->ring[0];
    memmove(host->ring, host->ring + 1, --host->ring_count * sizeof(done));
    if (content_of_frame(done.frame) != done.content)
        world_fail(host->world, "host %u: a frame was written to while the device had it",
                   host->number);
    ms_frame_put(done.frame);
    host_wake(host);
}

static const struct ms_driver_ops driver_ops = { .transmit = transmit };

/* --- The stack --- */

static void on_frame_release(struct ms_frame *frame)
{
    struct host *host;

    memcpy(&host, frame + 1, sizeof(host));
    host->frames_lent--;
    memset(frame->head, SPOILT, frame->head_len);
    free(frame);
}

void host_receive(struct host *host, const struct parcel *parcel)
{
    struct ms_frame *frame = malloc(sizeof(*frame) + sizeof(host) + parcel->len);

    if (!frame)
        abort();
    *frame = (struct ms_frame){
        .head = (uint8_t *)(frame + 1) + sizeof(host),
        .head_len = parcel->len,
        .refs = 1,
        .release = on_frame_release,
    };
    memcpy(frame + 1, &host, sizeof(host));
    memcpy(frame->head, parcel->bytes, parcel->len);
    host->frames_lent++;
    world_record(host->world, host->number | 0x100, parcel->len);
    tell_frame(host, "receives", parcel->bytes, parcel->len);
    if (!host->is_down)
        show_witness(host, false, parcel->bytes, parcel->len);
    ms_netif_input(host->netif, &frame, 1, host_now(host));
    stay_sound(host, "after a frame");
    host_wake(host);
}

void host_wake(struct host *host)
{
    if (host->poll_at_us > host->world->now_us)
        host->poll_at_us = host->world->now_us;
}

/* Frames to send are queued, with a neighbour, given up, or in the device. */
static void count_frames(struct host *host)
{
    const struct ms_stack *stack = host->stack;
    const struct ms_frame *frame = stack->discarded.first;
    uint32_t count = host->netif->queue_head - host->netif->queue_tail + host->ring_count +
                     stack->eth->waiting_count;

    for (; frame; frame = ((const struct sent_frame *)(const void *)frame - 1)->next)
        count++;
    if (count != stack->frames.used)
        world_fail(host->world, "host %u: %u frames are taken, %u are found", host->number,
                   stack->frames.used, count);
}

void host_poll(struct host *host)
{
    uint64_t deadline_us;
    unsigned polls = 0;

    do {
        ms_poll(host->stack, host_now(host));
        deadline_us = ms_next_deadline(host->stack);
    } while (deadline_us <= host_now(host) && ++polls < POLLS_MAX);
    if (polls == POLLS_MAX)
        world_fail(host->world, "host %u: never done", host->number);
    if (host->stack->tcp->is_blocked)
        checker_be_patient(host->checker);
    stay_sound(host, "after a poll");
    count_frames(host);
    host->poll_at_us = deadline_us == UINT64_MAX ? UINT64_MAX : deadline_us - host->epoch_us;
}

/* --- Its life --- */

/* The clock starts so that the first initial sequence number lies just before the wrap. */
static void aim_at_wrap(struct host *host)
{
    const struct plan *plan = &host->world->plan;
    struct flow flow = { 0 };
    uint32_t isn, ts_offset;

    for (unsigned i = 0; i < 2 * plan->connection_count; i++) {
        const struct connection_plan *connection = &plan->connections[i / 2];
        const struct host *other = &host->world->hosts[connection->host[!(i & 1)]];

        if (connection->host[i & 1] != host->number)
            continue;
        flow.local = host_addr(host, connection->is_ipv6, false);
        flow.remote = host_addr(other, connection->is_ipv6, false);
        flow.local_port = (uint16_t)((i & 1 ? PORT_SERVER : PORT_CLIENT) + i / 2);
        flow.remote_port = (uint16_t)((i & 1 ? PORT_CLIENT : PORT_SERVER) + i / 2);
        isn = ms_tcp_isn(host->stack, &flow, &ts_offset);
        isn += 1 + dice_below(&host->dice, connection->side[i & 1].bytes + 1);
        host->epoch_us = (UINT64_C(0x100000000) - isn) * 4;
        if (host->epoch_us > connection->starts_us)
            host->epoch_us -= connection->starts_us;
        return;
    }
}

static void configure(const struct host *host, struct ms_config *config)
{
    const struct host_plan *plan = host->plan;

    ms_config_default(config);
    store_be64(config->seed, host->dice.state);
    config->netifs = 1;
    config->routes = config->groups = 4;
    config->neighbors = 32;
    config->path_mtus = 16;
    config->reassemblies = 1;
    config->reassembly_bytes = 1500;
    config->frames = plan->frames;
    config->frame_slices = plan->slices;
    config->transmit_queue = plan->transmit_queue;
    config->udp_sockets = 1;
    config->tcp_listeners = CONNECTIONS_MAX;
    config->tcp_connections = plan->connections;
    config->tcp_syn_records = plan->syn_records;
    config->tcp_time_wait_records = plan->time_wait_records;
    config->tcp_sent_ranges = plan->sent_ranges;
    config->tcp_reorder_segments = plan->reorder_segments;
    config->tcp_recv_window_bytes = plan->window_bytes;
    config->tcp_mss_min_bytes = MSS_MIN_BYTES;
    config->tcp_delayed_ack_us = plan->delayed_ack_us;
    config->tcp_msl_us = plan->msl_us;
    config->tcp_timestamps = plan->has_timestamps;
    config->tcp_sack = plan->has_sack;
}

static void add_addresses(struct host *host, bool is_other)
{
    struct ms_addr v4 = host_addr(host, false, is_other), v6 = host_addr(host, true, is_other);

    if (ms_netif_add_addr(host->netif, &v4, 16, false) != MS_OK)
        world_fail(host->world, "host %u: no IPv4 address", host->number);
    if (host->driver.mtu >= 1280 && ms_netif_add_addr(host->netif, &v6, 64, false) != MS_OK)
        world_fail(host->world, "host %u: no IPv6 address", host->number);
}

static void open_witness(struct host *host)
{
    const struct plan *plan = &host->world->plan;
    /* After a pause more may have to leave at once than a queue holds. */
    const uint32_t delaying = UINT32_C(1) << FAULT_SCARCITY | UINT32_C(1) << FAULT_REFUSALS |
                              UINT32_C(1) << FAULT_LATE_COMPLETIONS | UINT32_C(1) << FAULT_PAUSES |
                              UINT32_C(1) << FAULT_FREEZES;
    bool is_delayed = plan->faults & delaying;
    const struct checker_facts facts = {
        .mtu = host->driver.mtu,
        .mss_min_bytes = MSS_MIN_BYTES,
        .is_prompt = !is_delayed && host->driver.medium == MS_MEDIUM_IP,
    };

    host->checker = checker_open(&facts);
}

void host_open(struct world *world, unsigned number)
{
    struct host *host = &world->hosts[number];
    const struct plan *plan = &world->plan;
    struct ms_config config;
    size_t size;

    host->world = world;
    host->number = number;
    host->plan = &plan->hosts[number];
    host->dice = plan_dice(plan->seed, 2000 + number);
    host->poll_at_us = UINT64_MAX;
    configure(host, &config);
    size = ms_stack_size(&config);
    host->memory = malloc(size);
    host->stack = ms_stack_init(&config, host->memory, size);
    if (!host->stack)
        abort();
    if (plan_has(plan, FAULT_WRAPS))
        aim_at_wrap(host);
    else
        host->epoch_us = dice_u64(&host->dice) >> 24;
    host->driver = (struct ms_driver){
        .ops = &driver_ops,
        .medium = plan->links[host->plan->link].medium,
        .mac = { 2, 0, 0, 0, 0, (uint8_t)(number + 1) },
        .mtu = (uint16_t)plan->links[host->plan->link].mtu,
        .slices_max = (uint16_t)host->plan->slices,
    };
    if (ms_netif_attach(host->stack, &host->driver, &host->netif) != MS_OK)
        abort();
    open_witness(host);
    ms_poll(host->stack, host_now(host));
    add_addresses(host, false);
    host_wake(host);
}

void host_set_down(struct host *host, bool is_down)
{
    host->is_down = is_down;
    ms_netif_set_up(host->netif, !is_down);
    checker_disturb(host->checker, true);
    host_wake(host);
}

void host_change_address(struct host *host, bool uses_other)
{
    for (unsigned i = 0; i < 2; i++) {
        struct ms_addr addr = host_addr(host, i, host->uses_other_address);

        if (i == 1 && host->driver.mtu < 1280)
            continue;
        if (ms_netif_remove_addr(host->netif, &addr) != MS_OK)
            world_fail(host->world, "host %u: an address is gone already", host->number);
    }
    host->uses_other_address = uses_other;
    add_addresses(host, uses_other);
    checker_disturb(host->checker, true);
    host_wake(host);
}

const char *host_leftover(const struct host *host)
{
    const struct tcp_floor *floor = host->stack->tcp;

    if (floor->connections.used > 0)
        return "a connection";
    if (floor->syns.used > 0)
        return "a SYN record";
    if (floor->time_waits.used > 0)
        return "a TIME-WAIT record";
    if (floor->ranges.used + floor->held.used + floor->copies.used > 0)
        return "a record of sent or held segments";
    if (floor->table.count > 0)
        return "an entry of the flow table";
    if (host->stack->frames.used > 0)
        return "a frame to send";
    if (host->frames_lent > 0)
        return "a received frame";
    return NULL;
}

/* What is left when the interface has gone too: nothing at all. */
static void check_end(struct host *host)
{
    const struct ms_stack *stack = host->stack;

    if (host_leftover(host))
        world_fail(host->world, "host %u keeps %s at the end", host->number, host_leftover(host));
    if (stack->tcp->listeners.used > 0 || stack->eth->pool.used > 0)
        world_fail(host->world, "host %u keeps a listener or neighbour", host->number);
    if (ms_next_deadline(stack) != UINT64_MAX)
        world_fail(host->world, "host %u keeps a timer", host->number);
}

void host_close(struct host *host)
{
    for (unsigned i = 0; i < 2 * host->world->plan.connection_count; i++) {
        struct side *side = &host->world->sides[i];

        if (side->host == host && side->listener)
            ms_tcp_unlisten(side->listener);
    }
    ms_netif_detach(host->netif);
    while (host->ring_count > 0)
        ms_frame_put(host->ring[--host->ring_count].frame);
    for (uint64_t i = 0; i < 4; i++)
        ms_poll(host->stack, host_now(host) + i * FORGOTTEN_US);
    check_end(host);
    checker_close(host->checker);
    free(host->memory);
}
