/* SPDX-License-Identifier: ISC */
/* A frontend on a backend in memory, with a sink above it or a stack, and a peer behind. */
#include "support/xen_bench.h"

#include "bytes.h"

enum { ROUNDS_MAX = 20, STEP_US = 100, MTU = 1500 };

static void on_change(void *user, struct ms_netfront *nf)
{
    struct xen_bench *bench = user;

    bench->changes++;
    if (bench->netif)
        ms_netif_set_up(bench->netif, ms_netfront_is_up(nf));
}

struct ms_netfront_config xen_bench_config(struct xen_bench *bench)
{
    struct ms_netfront_config config;

    ms_netfront_config_default(&config);
    config.platform = bench->xen.platform;
    config.rx_pages = 64;
    config.tx_pages = 64;
    config.on_change = on_change;
    config.user = bench;
    return config;
}

void xen_bench_open(struct xen_bench *bench)
{
    memset(bench, 0, sizeof *bench);
    xen_open(&bench->xen);
    bench->now_us = 1000000;
}

void xen_bench_start(struct xen_bench *bench, const struct ms_netfront_config *config)
{
    enum ms_netfront_reason reason;
    size_t size;

    bench->config = config ? *config : xen_bench_config(bench);
    size = ms_netfront_size(&bench->config);
    assert_true(size > 0);
    bench->memory = aligned_alloc(PAGE_BYTES, (size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
    assert_non_null(bench->memory);
    memset(bench->memory, 0xa5, size); /* what nobody is to see */
    bench->nf = ms_netfront_open(&bench->config, bench->memory, size, &reason);
    assert_int_equal(reason, MS_NETFRONT_NONE);
    assert_non_null(bench->nf);
    bench->device = ms_netfront_device(bench->nf);
    sink_attach(&bench->up, bench->device);
}

unsigned xen_bench_poll(struct xen_bench *bench, uint64_t us)
{
    bench->now_us += us;
    return ms_device_poll(bench->device, bench->now_us);
}

void xen_bench_settle(struct xen_bench *bench)
{
    for (unsigned i = 0; i < ROUNDS_MAX; i++) {
        (void)xen_bench_poll(bench, STEP_US);
        xen_backend_step(&bench->xen);
    }
}

void xen_bench_connect(struct xen_bench *bench)
{
    xen_bench_open(bench);
    xen_bench_start(bench, NULL);
    xen_bench_settle(bench);
    assert_int_equal(ms_netfront_state(bench->nf), MS_NETFRONT_CONNECTED);
    assert_true(ms_netfront_is_up(bench->nf));
}

struct ms_netfront_stats xen_bench_stats(const struct xen_bench *bench)
{
    struct ms_netfront_stats stats;

    ms_netfront_stats(bench->nf, &stats);
    return stats;
}

void xen_bench_send(struct xen_bench *bench, uint32_t len, unsigned mark)
{
    assert_int_equal(send_frame(bench->device, make_test_frame(&bench->live, len, mark)), 1);
}

bool xen_bench_receives(struct xen_bench *bench, uint32_t len)
{
    static const uint8_t bytes[XEN_FRAME_BYTES];
    const struct xen_offer plain = { .flags = 0 };
    unsigned before = bench->up.count;
    bool is_sent = xen_backend_send(&bench->xen, 0, bytes, len, &plain);

    (void)xen_bench_poll(bench, 10);
    return is_sent && bench->up.count == before + 1;
}

void xen_bench_works(struct xen_bench *bench)
{
    uint64_t packets = bench->xen.packets;

    assert_int_equal(ms_netfront_state(bench->nf), MS_NETFRONT_CONNECTED);
    assert_true(ms_netfront_is_up(bench->nf));
    assert_true(xen_bench_receives(bench, 60));
    assert_true(xen_bench_receives(bench, 1514));
    sink_empty(&bench->up);
    xen_bench_send(bench, 60, 1);
    xen_backend_run(&bench->xen);
    assert_int_equal(bench->xen.packets, packets + 1);
    (void)xen_bench_poll(bench, 10);
}

void xen_bench_comes_back(struct xen_bench *bench)
{
    ms_netfront_reopen(bench->nf);
    xen_bench_settle(bench);
    xen_bench_works(bench);
}

/* --- The peer's end of the wire --- */

static void free_peer_frame(struct ms_frame *frame) { free_test_frame(frame); }

static void keep_for_peer(void *user, const struct xen_packet *packet)
{
    struct xen_bench *bench = user;
    struct ms_frame *frame = make_test_frame(&bench->peer_live, packet->len, 0);

    memcpy(frame->head, packet->bytes, packet->len);
    frame->release = free_peer_frame;
    frame->segment_size = packet->segment_size;
    if (packet->flags & NETTXF_csum_blank)
        frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
    if (bench->to_peer_count == sizeof bench->to_peer / sizeof bench->to_peer[0]) {
        ms_frame_put(frame);
        return;
    }
    bench->to_peer[bench->to_peer_count++] = frame;
}

static void send_to_guest(struct xen_bench *bench, const struct ms_frame *frame)
{
    static uint8_t bytes[XEN_FRAME_BYTES];
    struct xen_offer offer = { .segment_size = frame->segment_size };
    struct headers headers;
    uint32_t len = frame->head_len, queue = 0;

    memcpy(bytes, frame->head, len);
    for (unsigned i = 0; i < frame->slice_count; i++) {
        memcpy(bytes + len, frame->slices[i].data, frame->slices[i].len);
        len += frame->slices[i].len;
    }
    if (frame->flags & MS_FRAME_CHECKSUM_PARTIAL)
        offer.flags = NETRXF_csum_blank | NETRXF_data_validated;
    if (offer.segment_size) {
        assert_true(ms_netfront_headers(bytes, len, &headers));
        offer.segment_type = headers.is_ipv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
    }
    if (bench->xen.queue_count > 1) /* by the guest's port, if there is one */
        queue = bytes[len > 37 ? 37 : 13] % bench->xen.queue_count;
    if (!xen_backend_lets_in(&bench->xen, bytes))
        return;
    if (!xen_backend_send(&bench->xen, queue, bytes, len, &offer))
        bench->lost_to_guest++;
}

static unsigned peer_transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct xen_bench *bench =
        (struct xen_bench *)(void *)((uint8_t *)driver - offsetof(struct xen_bench, peer_driver));

    for (unsigned i = 0; i < n; i++) {
        send_to_guest(bench, frames[i]);
        ms_frame_put(frames[i]);
    }
    return n;
}

static void deliver_to_peer(struct xen_bench *bench)
{
    struct ms_frame *frames[256];
    unsigned n = bench->to_peer_count;

    memcpy(frames, bench->to_peer, n * sizeof *frames);
    bench->to_peer_count = 0;
    ms_netif_input(bench->peer_netif, frames, n, bench->now_us);
}

static struct ms_stack *make_stack(uint8_t seed, void **memory)
{
    struct ms_config config;
    struct ms_stack *stack;
    size_t size;

    ms_config_default(&config);
    config.seed[0] = seed;
    config.tcp_connections = 64;
    size = ms_stack_size(&config);
    *memory = malloc(size);
    stack = ms_stack_init(&config, *memory, size);
    assert_non_null(stack);
    return stack;
}

static struct ms_netif *attach(struct ms_stack *stack, struct ms_driver *driver, uint8_t last)
{
    struct ms_addr v4 = ms_addr_ipv4(10, 0, 0, last), v6;
    struct ms_netif *netif;

    assert_int_equal(ms_addr_parse(&v6, "2001:db8::1"), MS_OK);
    v6.bytes[15] = last;
    assert_int_equal(ms_netif_attach(stack, driver, &netif), MS_OK);
    assert_int_equal(ms_netif_add_addr(netif, &v4, 24, false), MS_OK);
    assert_int_equal(ms_netif_add_addr(netif, &v6, 64, false), MS_OK);
    return netif;
}

void xen_bench_stacks(struct xen_bench *bench)
{
    static const struct ms_driver_ops peer_ops = { .transmit = peer_transmit };
    const struct ms_driver *ours = &bench->device->driver;

    bench->xen.on_packet = keep_for_peer;
    bench->xen.user = bench;
    bench->peer_driver = (struct ms_driver){ .ops = &peer_ops,
                                             .medium = MS_MEDIUM_ETHERNET,
                                             .mac = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff },
                                             .mtu = MTU,
                                             .slices_max = 16,
                                             .checksum_offload = ours->checksum_offload,
                                             .segment_bytes_max = ours->segment_bytes_max };
    bench->stack = make_stack(1, &bench->stack_memory);
    bench->peer = make_stack(2, &bench->peer_memory);
    bench->netif = attach(bench->stack, &bench->device->driver, 1);
    bench->peer_netif = attach(bench->peer, &bench->peer_driver, 2);
    ms_device_attach(bench->device, bench->netif);
    ms_netif_set_up(bench->netif, ms_netfront_is_up(bench->nf));
}

void xen_bench_run(struct xen_bench *bench, uint64_t us)
{
    for (uint64_t until_us = bench->now_us + us; bench->now_us < until_us;) {
        (void)xen_bench_poll(bench, STEP_US);
        ms_poll(bench->stack, bench->now_us);
        xen_backend_run(&bench->xen);
        deliver_to_peer(bench);
        ms_poll(bench->peer, bench->now_us);
        xen_backend_step(&bench->xen);
    }
}

void xen_bench_close(struct xen_bench *bench)
{
    if (bench->netif) {
        ms_netif_detach(bench->netif);
        ms_netif_detach(bench->peer_netif);
        ms_poll(bench->stack, bench->now_us);
        ms_poll(bench->peer, bench->now_us);
        bench->netif = NULL;
    }
    while (bench->to_peer_count > 0)
        ms_frame_put(bench->to_peer[--bench->to_peer_count]);
    sink_empty(&bench->up);
    ms_netfront_shut_down(bench->nf);
    xen_bench_settle(bench);
    ms_device_close(bench->device);
    assert_int_equal(ms_netfront_pages_held(bench->nf), 0);
    xen_close(&bench->xen);
    assert_int_equal(bench->peer_live, 0);
    assert_int_equal(bench->live, 0);
    free(bench->stack_memory);
    free(bench->peer_memory);
    free(bench->memory);
}
