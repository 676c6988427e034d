/* SPDX-License-Identifier: ISC */
/* Two stacks in one process, joined by a wire that loses frames: 1 MB goes across. Needs no root.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/link.h"
#include "mstack/mstack.h"
#include "wrap/lossy.h"

enum {
    TRANSFER_BYTES = 1000000,
    PORT = 5001,
    DELAY_US = 5000,
    RATE_BITS_PER_S = 100000000,
    GIVE_UP_US = 600000000,
};

/* One host: a stack behind one end of the wire. */
struct host {
    struct ms_device *device;
    struct ms_lossy *lossy; /* or NULL */
    struct ms_stack *stack;
    struct ms_netif *netif;
    void *memory;
};

struct demo {
    struct ms_link *link;
    struct host sender, receiver;
    struct ms_buf buf; /* all bytes, lent at once */
    uint8_t *bytes;
    uint32_t received;
    bool is_released, is_wrong, is_closed;
};

static void on_release(struct ms_buf *buf)
{
    struct demo *demo = (struct demo *)((char *)buf - offsetof(struct demo, buf));

    demo->is_released = true;
}

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct demo *demo = user;

    demo->buf =
        (struct ms_buf){ .data = demo->bytes, .len = TRANSFER_BYTES, .release = on_release };
    if (ms_tcp_send(tcp, &demo->buf) != MS_OK)
        demo->is_wrong = true;
    ms_tcp_close(tcp);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct demo *demo = user;

    (void)frame;
    if (slice->len > TRANSFER_BYTES - demo->received ||
        memcmp(slice->data, demo->bytes + demo->received, slice->len) != 0)
        demo->is_wrong = true;
    demo->received += slice->len;
    ms_tcp_consumed(tcp, slice->len);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)user;
    ms_tcp_close(tcp);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct demo *demo = user;

    (void)tcp;
    demo->is_wrong |= why != MS_OK;
    demo->is_closed = true;
}

static const struct ms_tcp_events sender_events = { .on_open = on_open };
static const struct ms_tcp_events receiver_events = {
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
};

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    (void)tcp;
    *user = listener_user;
    return &receiver_events;
}

static bool open_host(struct host *host, struct ms_addr addr, uint8_t seed)
{
    struct ms_config config;
    size_t size;

    ms_config_default(&config);
    config.seed[0] = seed; /* a program that meets strangers fills it with random bytes */
    size = ms_stack_size(&config);
    host->memory = malloc(size);
    if (!host->memory)
        return false;
    host->stack = ms_stack_init(&config, host->memory, size);
    if (!host->stack || ms_netif_attach(host->stack, &host->device->driver, &host->netif) != MS_OK)
        return false;
    ms_device_attach(host->device, host->netif);
    return ms_netif_add_addr(host->netif, &addr, 24, false) == MS_OK;
}

static bool open_demo(struct demo *demo, double loss_percent)
{
    struct ms_link_config link;
    struct ms_lossy_rates rates = { .drop = loss_percent, .reorder = 1, .duplicate = 1 };
    struct ms_lossy_config lossy = { .seed = 1, .rates = { rates, rates } };

    ms_link_config_default(&link);
    link.delay_us = DELAY_US;
    link.rate_bits_per_s = RATE_BITS_PER_S;
    demo->link = ms_link_open(&link);
    if (!demo->link)
        return false;
    demo->receiver.device = ms_link_end(demo->link, 1);
    demo->sender.lossy = ms_lossy_open(ms_link_end(demo->link, 0), &lossy);
    if (!demo->sender.lossy)
        return false;
    demo->sender.device = ms_lossy_device(demo->sender.lossy);
    return open_host(&demo->sender, ms_addr_ipv4(192, 0, 2, 1), 1) &&
           open_host(&demo->receiver, ms_addr_ipv4(192, 0, 2, 2), 2);
}

static bool connect_hosts(struct demo *demo)
{
    struct ms_endpoint remote = { .addr = ms_addr_ipv4(192, 0, 2, 2), .port = PORT };
    struct ms_tcp_listen listen = { .local.port = PORT, .accept = on_accept, .user = demo };
    struct ms_tcp_connect connect = { .remote = remote, .events = &sender_events, .user = demo };
    struct ms_tcp *tcp;

    return ms_tcp_listen(demo->receiver.stack, &listen, NULL) == MS_OK &&
           ms_tcp_connect(demo->sender.stack, &connect, &tcp) == MS_OK;
}

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Virtual time: it jumps to whatever happens next. Returns when it was over. */
static uint64_t run(struct demo *demo)
{
    uint64_t now = 0, next = 0;

    while (!demo->is_closed && !demo->is_wrong && next < GIVE_UP_US) {
        now = next > now ? next : now;
        ms_lossy_poll(demo->sender.lossy, now);
        ms_link_deliver(demo->link, now);
        ms_poll(demo->sender.stack, now);
        ms_poll(demo->receiver.stack, now);
        next =
            min_u64(ms_lossy_next_deadline(demo->sender.lossy), ms_link_next_deadline(demo->link));
        next = min_u64(next, ms_next_deadline(demo->sender.stack));
        next = min_u64(next, ms_next_deadline(demo->receiver.stack));
    }
    return now;
}

static void print_counters(const char *name, const struct host *host)
{
    const struct ms_counters *counters = ms_stack_counters(host->stack);

    printf("%s\n", name);
#define PRINT_COUNTER(field, text) \
    if (counters->field)           \
        printf("%10" PRIu64 "  %s\n", counters->field, text);
    MS_COUNTER_LIST(PRINT_COUNTER)
#undef PRINT_COUNTER
    for (int i = 0; i < MS_DROP_COUNT; i++) {
        if (counters->drops[i])
            printf("%10" PRIu64 "  dropped: %s\n", counters->drops[i],
                   ms_drop_text((enum ms_drop)i));
    }
}

static void close_demo(struct demo *demo)
{
    if (demo->sender.netif)
        ms_netif_detach(demo->sender.netif);
    if (demo->receiver.netif)
        ms_netif_detach(demo->receiver.netif);
    if (demo->sender.lossy)
        ms_lossy_close(demo->sender.lossy);
    if (demo->link)
        ms_link_close(demo->link);
    free(demo->sender.memory);
    free(demo->receiver.memory);
    free(demo->bytes);
}

int main(int argc, char **argv)
{
    struct demo demo = { .bytes = malloc(TRANSFER_BYTES) };
    double loss_percent = argc > 1 ? atof(argv[1]) : 5;
    bool is_fine = demo.bytes && open_demo(&demo, loss_percent) && connect_hosts(&demo);

    if (!is_fine) {
        fprintf(stderr, "%s: cannot start (usage: %s [LOSS_PERCENT])\n", argv[0], argv[0]);
    } else {
        for (uint32_t i = 0; i < TRANSFER_BYTES; i++)
            demo.bytes[i] = (uint8_t)(i * 2654435761u >> 24);
        double seconds = (double)run(&demo) / 1e6;
        is_fine = !demo.is_wrong && demo.received == TRANSFER_BYTES;
        printf("%" PRIu32 " of %d bytes arrived %s in %.3f s of virtual time, at %g %% loss\n\n",
               demo.received, TRANSFER_BYTES, is_fine ? "unharmed" : "DAMAGED", seconds,
               loss_percent);
        print_counters("sender", &demo.sender);
        print_counters("receiver", &demo.receiver);
    }
    close_demo(&demo);
    return is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
