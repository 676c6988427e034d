/* SPDX-License-Identifier: ISC */
/* A backend that breaks the rules: the device breaks, says why, and connects again; nothing leaks.
 */
#include "support/random.h"
#include "support/xen_bench.h"

static struct xen_bench bench;
static const struct xen_offer plain = { .flags = 0 };

static void is_broken(enum ms_netfront_reason reason)
{
    struct ms_frame *frame = make_test_frame(&bench.live, 60, 1);
    uint64_t breaks = xen_bench_stats(&bench).breaks;

    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(ms_netfront_reason(bench.nf), reason);
    assert_int_equal(xen_bench_stats(&bench).breaks, breaks + 1);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSING);
    assert_int_equal(xen_frontend_state(&bench.xen), XenbusStateClosing);
    assert_false(ms_netfront_is_up(bench.nf));
    assert_int_equal(send_frame(bench.device, frame), 0);
    ms_frame_put(frame);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSED);
    assert_int_equal(ms_netfront_reason(bench.nf), reason);
    assert_int_equal(bench.xen.ports_open, 0);
}

static void breaks_and_comes_back(enum ms_netfront_reason reason)
{
    is_broken(reason);
    xen_bench_comes_back(&bench);
}

/* --- X01 --- */

/* proves: X01 */
static void fields_that_change_while_they_are_read_harm_nobody(void **state)
{
    struct dice dice = { .state = 1 };

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < 2000; i++) {
        uint32_t *words = (uint32_t *)(void *)bench.xen.queues[0].rx;

        xen_bench_send(&bench, 60, i);
        for (unsigned j = 0; words && j < 8; j++)
            words[dice_below(&dice, 16) + (j % 2 ? 16 : 0)] ^= 1u << dice_below(&dice, 32);
        (void)xen_bench_poll(&bench, 10);
        if (ms_netfront_state(bench.nf) != MS_NETFRONT_CONNECTED) {
            xen_bench_settle(&bench);
            xen_bench_comes_back(&bench);
        }
        sink_empty(&bench.up);
        xen_backend_run(&bench.xen);
        (void)xen_bench_poll(&bench, 10);
    }
    assert_true(xen_bench_stats(&bench).breaks > 10);
    xen_bench_close(&bench);
}

/* --- X02 --- */

/* proves: X02 */
static void a_producer_beyond_what_was_asked_breaks(void **state)
{
    static const uint32_t beyond[] = { 1, 257, UINT32_C(1) << 31, UINT32_MAX };

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        xen_bench_send(&bench, 60, 1);
        xen_tx_ring(&bench.xen, 0)->rsp_prod =
            bench.xen.queues[0].tx_responded + beyond[i] + (beyond[i] == 1);
        breaks_and_comes_back(MS_NETFRONT_PRODUCER);
    }
    for (unsigned i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        uint32_t posted = beyond[i] == 1 ? bench.config.rx_pages : 0;

        xen_rx_ring(&bench.xen, 0)->rsp_prod = bench.xen.queues[0].rx_consumed + posted + beyond[i];
        breaks_and_comes_back(MS_NETFRONT_PRODUCER);
    }
    xen_bench_close(&bench);
}

/* --- X03, X04 --- */

static void answer(uint16_t id, int16_t status)
{
    xen_backend_answer(&bench.xen, 0, id, status);
    xen_backend_push_tx(&bench.xen, 0);
}

static uint16_t id_of_request(unsigned index)
{
    const struct netif_tx_sring *ring = xen_tx_ring(&bench.xen, 0);

    return ((const union netif_tx_sring_entry *)(const void *)ring->ring)[index % RING_SLOTS]
        .req.id;
}

/* proves: X03 */
static void an_id_that_is_none_or_not_pending_breaks(void **state)
{
    static const uint16_t wrong[] = { 256, 65535, 0x7fff };

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        xen_bench_send(&bench, 60, 1);
        answer(wrong[i], NETIF_RSP_OKAY);
        breaks_and_comes_back(MS_NETFRONT_TX_ID);
    }
    xen_bench_send(&bench, 60, 1);
    answer((uint16_t)(id_of_request(1) ^ 1), NETIF_RSP_OKAY); /* one that is free */
    breaks_and_comes_back(MS_NETFRONT_TX_ID);
    xen_bench_send(&bench, 60, 1);
    answer(0xdead, NETIF_RSP_NULL); /* there was no extra */
    breaks_and_comes_back(MS_NETFRONT_TX_ID);
    xen_bench_close(&bench);
}

/* proves: X03 */
static void a_receive_id_out_of_its_slot_breaks(void **state)
{
    static const uint16_t wrong[] = { 1, 255, 256, 65535 };

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct netif_rx_response response = {
            .id = (uint16_t)(bench.xen.queues[0].rx_consumed % RING_SLOTS + wrong[i]),
            .status = 60,
        };

        assert_true(xen_backend_put(&bench.xen, 0, &response, NULL, 0));
        xen_backend_push_rx(&bench.xen, 0);
        breaks_and_comes_back(MS_NETFRONT_RX_ID);
    }
    xen_bench_close(&bench);
}

/* proves: X04 */
static void an_id_answered_twice_breaks_and_frees_once(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    xen_bench_send(&bench, 60, 1);
    xen_bench_send(&bench, 60, 2);
    answer(id_of_request(0), NETIF_RSP_OKAY);
    answer(id_of_request(0), NETIF_RSP_OKAY);
    breaks_and_comes_back(MS_NETFRONT_TX_ID);
    xen_bench_close(&bench);
}

/* proves: X04 */
static void ids_answered_in_any_order_are_fine(void **state)
{
    uint16_t ids[5];

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < 5; i++) {
        xen_bench_send(&bench, 60, i);
        ids[i] = id_of_request(i);
    }
    for (unsigned i = 0; i < 5; i++)
        answer(ids[4 - i], NETIF_RSP_OKAY);
    bench.xen.queues[0].tx_consumed += 5;
    (void)xen_bench_poll(&bench, 10);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* --- X05, X06 --- */

/* proves: X05, R20 */
static void a_storm_of_events_in_vain_is_ignored_for_a_while(void **state)
{
    const struct xen_port *port;
    uint64_t polls = 0;

    (void)state;
    xen_bench_connect(&bench);
    port = &bench.xen.ports[bench.xen.queues[0].rx_port];
    /* A loop that wakes for what is not masked, and for deadlines, for a tenth of a second. */
    for (uint64_t until_us = bench.now_us + 100000; bench.now_us < until_us;) {
        uint64_t deadline_us = ms_device_next_deadline(bench.device);

        bench.now_us++;
        xen_event(&bench.xen, bench.xen.queues[0].rx_port); /* a million a second */
        if (port->is_masked && bench.now_us < deadline_us)
            continue;
        (void)xen_bench_poll(&bench, 0);
        polls++;
    }
    assert_in_range(polls, 64, 100000 / 50);
    assert_true(xen_bench_stats(&bench).times_masked > 2);
    bench.now_us = ms_device_next_deadline(bench.device);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* proves: X06 */
static void events_for_closed_ports_go_nowhere(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < 100; i++) {
        for (uint32_t port = 0; port < XEN_PORTS; port++)
            xen_event(&bench.xen, port);
        if (i % 10 == 0)
            ms_netfront_shut_down(bench.nf);
        if (i % 10 == 5)
            ms_netfront_reopen(bench.nf);
        xen_bench_settle(&bench);
    }
    xen_bench_works(&bench);
    xen_bench_close(&bench); /* checks that no port was misused */
}

/* --- X11, X13, X14 --- */

struct slot {
    int status;
    uint16_t flags;
    uint16_t offset;
};

static void put_slots(const struct slot *slots, unsigned count)
{
    static uint8_t bytes[PAGE_BYTES];

    for (unsigned i = 0; i < count; i++) {
        struct netif_rx_response response = {
            .id = (uint16_t)(bench.xen.queues[0].rx_consumed % RING_SLOTS),
            .offset = slots[i].offset,
            .flags = slots[i].flags,
            .status = (int16_t)slots[i].status,
        };
        uint32_t len = slots[i].status > 0 ? (uint32_t)slots[i].status : 0;

        memset(bytes, (int)i + 1, sizeof bytes);
        assert_true(xen_backend_put(&bench.xen, 0, &response, bytes, len));
    }
    xen_backend_push_rx(&bench.xen, 0);
}

static void put_extra(uint8_t type, uint8_t flags, uint16_t size, uint8_t gso)
{
    struct netif_extra_info extra = { .type = type, .flags = flags };
    struct netif_rx_response response;

    extra.u.gso.size = size;
    extra.u.gso.type = gso;
    memcpy(&response, &extra, sizeof response);
    assert_true(xen_backend_put(&bench.xen, 0, &response, NULL, 0));
    xen_backend_push_rx(&bench.xen, 0);
}

/* The packet is dropped, the device lives, and every page is posted. */
static void is_dropped(uint64_t errors)
{
    assert_int_equal(bench.up.count, 0);
    assert_int_equal(xen_bench_stats(&bench).rx_errors, errors);
    assert_int_equal(xen_rx_ring(&bench.xen, 0)->req_prod - bench.xen.queues[0].rx_consumed,
                     bench.config.rx_pages);
    assert_int_equal(xen_bench_stats(&bench).breaks, 0);
}

/* proves: X11 */
static void an_error_in_the_middle_of_a_packet_loses_no_page(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < 5000; i++) {
        struct slot slots[4] = { { 1000, NETRXF_more_data, 0 },
                                 { 1000, NETRXF_more_data, 0 },
                                 { 1000, NETRXF_more_data, 0 },
                                 { 1000, 0, 0 } };

        slots[i % 4].status = -(int)(i % 3) - 1;
        put_slots(slots, 4);
        (void)xen_bench_poll(&bench, 10);
        is_dropped(i + 1);
    }
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* proves: X13 */
static void impossible_lengths_are_dropped(void **state)
{
    static const struct slot slots[] = {
        { .status = -1 },
        { .status = -2 },
        { .status = -32768 },
        { .status = 0 },
        { .status = 13 },
        { .status = 4097 },
        { .status = 32767 },
        { .status = (int16_t)65535 },
        { .status = 60, .offset = 4037 },
        { .status = 4096, .offset = 1 },
        { .status = 2, .offset = 4095 },
        { .status = 60, .offset = 65535 },
        { .status = 32767, .offset = 65535 },
        { .status = 60, .flags = NETRXF_gso_prefix },
    };

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        put_slots(&slots[i], 1);
        (void)xen_bench_poll(&bench, 10);
        is_dropped(i + 1);
    }
    put_slots((const struct slot[]){ { .status = 1000, .flags = NETRXF_more_data },
                                     { .status = 0, .flags = NETRXF_more_data },
                                     { .status = 1000 } },
              3);
    (void)xen_bench_poll(&bench, 10);
    is_dropped(sizeof slots / sizeof slots[0] + 1);
    /* The largest that are possible. */
    put_slots(&(struct slot){ .status = 4096 }, 1);
    put_slots(&(struct slot){ .status = 14, .offset = 4082 }, 1);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.count, 2);
    sink_empty(&bench.up);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* proves: X14 */
static void a_packet_of_more_slots_than_allowed_is_dropped_however_long(void **state)
{
    struct slot slots[40];

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < 40; i++)
        slots[i] = (struct slot){ .status = 100, .flags = NETRXF_more_data };
    for (unsigned i = 0; i < 100; i++) { /* a packet of 4001 slots */
        put_slots(slots, 40);
        (void)xen_bench_poll(&bench, 10);
        assert_int_equal(bench.up.count, 0);
    }
    slots[0].flags = 0;
    put_slots(slots, 1);
    (void)xen_bench_poll(&bench, 10);
    is_dropped(1);
    slots[0].flags = NETRXF_more_data;
    slots[SLOTS_MAX].flags = 0;
    put_slots(slots, SLOTS_MAX + 1);
    (void)xen_bench_poll(&bench, 10);
    is_dropped(2);
    slots[SLOTS_MAX - 1].flags = 0; /* as many as allowed */
    put_slots(slots, SLOTS_MAX);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.count, 1);
    sink_empty(&bench.up);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* The first slot of a TCP packet that promises an extra. */
static void put_tcp_slot(void)
{
    uint8_t *page = xen_backend_next_page(&bench.xen, 0);

    put_slots(&(struct slot){ .status = 1000, .flags = NETRXF_extra_info }, 1);
    memcpy(page + 12, "\x08\x00\x45\x00\x03\xda\x00\x00\x00\x00\x40\x06", 12);
}

/* proves: X14 */
static void extras_that_make_no_sense_drop_the_packet(void **state)
{
    static const struct {
        uint8_t type;
        uint16_t size;
        uint8_t gso;
    } bad[] = {
        { XEN_NETIF_EXTRA_TYPE_NONE, 1000, 1 }, { XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 1000, 1 },
        { XEN_NETIF_EXTRA_TYPE_HASH, 1000, 1 }, { 255, 1000, 1 },
        { XEN_NETIF_EXTRA_TYPE_GSO, 0, 1 },     { XEN_NETIF_EXTRA_TYPE_GSO, 1000, 0 },
        { XEN_NETIF_EXTRA_TYPE_GSO, 1000, 3 },  { XEN_NETIF_EXTRA_TYPE_GSO, 1000, 2 }, /* IPv4 */
    };

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_tcp_slot();
        put_extra(bad[i].type, 0, bad[i].size, bad[i].gso);
        (void)xen_bench_poll(&bench, 10);
        (void)xen_bench_poll(&bench, 10);
        is_dropped(i + 1);
    }
    /* No TCP at all, and one that is right. */
    put_slots(&(struct slot){ .status = 1000, .flags = NETRXF_extra_info }, 1);
    put_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 1000, XEN_NETIF_GSO_TYPE_TCPV4);
    (void)xen_bench_poll(&bench, 10);
    (void)xen_bench_poll(&bench, 10);
    is_dropped(sizeof bad / sizeof bad[0] + 1);
    put_tcp_slot();
    put_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 1000, XEN_NETIF_GSO_TYPE_TCPV4);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.count, 1);
    assert_int_equal(bench.up.frames[0]->segment_size, 1000);
    sink_empty(&bench.up);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* proves: X14 */
static void extras_without_end_and_packets_cut_short_wait(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    put_tcp_slot();
    for (unsigned i = 0; i < 1000; i++) {
        put_extra(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE, 1000, 1);
        (void)xen_bench_poll(&bench, 10);
        assert_int_equal(bench.up.count, 0);
    }
    put_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 1000, 1);
    (void)xen_bench_poll(&bench, 10);
    is_dropped(1);
    /* A packet whose second half comes later is no mistake. */
    put_slots(&(struct slot){ .status = 1000, .flags = NETRXF_more_data }, 1);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.count, 0);
    put_slots(&(struct slot){ .status = 1000 }, 1);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.count, 1);
    assert_int_equal(ms_frame_len(bench.up.frames[0]), 2000);
    sink_empty(&bench.up);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* --- X15, X16 --- */

/* Moves all indices of a connected device; a multiple of the ring's slots changes nothing else. */
static void move_indices(uint32_t by)
{
    struct queue *ours = &bench.nf->queues[0];
    struct xen_queue *theirs = &bench.xen.queues[0];
    struct netif_tx_sring *tx = xen_tx_ring(&bench.xen, 0);
    struct netif_rx_sring *rx = xen_rx_ring(&bench.xen, 0);
    struct ring *rings[] = { &ours->tx, &ours->rx };

    for (unsigned i = 0; i < 2; i++) {
        rings[i]->produced += by;
        rings[i]->published += by;
        rings[i]->consumed += by;
    }
    tx->req_prod += by;
    tx->rsp_prod += by;
    tx->req_event += by;
    tx->rsp_event += by;
    rx->req_prod += by;
    rx->rsp_prod += by;
    rx->req_event += by;
    rx->rsp_event += by;
    theirs->tx_consumed += by;
    theirs->tx_responded += by;
    theirs->rx_consumed += by;
}

/* proves: X15 */
static void indices_wrap(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    move_indices(UINT32_C(0xfffffe00));
    for (unsigned i = 0; i < 2000; i++)
        xen_bench_works(&bench);
    assert_in_range(xen_tx_ring(&bench.xen, 0)->req_prod, 1000, 4000);
    assert_int_equal(xen_bench_stats(&bench).breaks, 0);
    xen_bench_close(&bench);
}

/* A backend that posts whatever it can whenever it can: while packets are handed up. */
static void post_more(void *arg, struct ms_frame **frames, unsigned n, uint64_t now_us)
{
    static const uint8_t bytes[60];

    (void)arg;
    (void)now_us;
    bench.up.calls++;
    bench.up.count += n;
    for (unsigned i = 0; i < n; i++)
        ms_frame_put(frames[i]);
    while (xen_backend_send(&bench.xen, 0, bytes, sizeof bytes, &plain))
        continue;
}

/* proves: X16, R20 */
static void a_poll_ends_however_much_comes(void **state)
{
    struct ms_netfront_config config;
    unsigned most = 0;

    (void)state;
    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    config.rx_pages = 200;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    bench.device->sink.input = post_more;
    post_more(NULL, NULL, 0, 0);
    for (unsigned i = 0; i < 1000; i++) {
        unsigned n = xen_bench_poll(&bench, 10);

        most = n > most ? n : most;
        assert_int_equal(ms_device_next_deadline(bench.device), 0);
    }
    assert_int_equal(most, 64);
    assert_true(bench.up.count > 1000 * 32);
    bench.up.count = 0;
    xen_bench_close(&bench);
}

/* --- X19 --- */

/* proves: X19 */
static void headers_lie_in_one_piece_wherever_they_were_cut(void **state)
{
    static const int cuts[] = { 1, 13, 14, 15, 33, 34, 53, 54, 255, 256 };

    (void)state;
    xen_bench_connect(&bench);
    for (unsigned i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct slot slots[3] = { { cuts[i], NETRXF_more_data, 7 },
                                 { cuts[i], NETRXF_more_data, 0 },
                                 { 1000, 0, 0 } };
        const struct ms_frame *frame;
        uint32_t at = 0;

        put_slots(slots, 3);
        (void)xen_bench_poll(&bench, 10);
        assert_int_equal(bench.up.count, 1);
        frame = bench.up.frames[0];
        assert_int_equal(ms_frame_len(frame), 2 * cuts[i] + 1000);
        assert_true(frame->head_len >= COPY_BREAK_BYTES);
        for (; at < frame->head_len; at++)
            assert_int_equal(frame->head[at],
                             at / (unsigned)cuts[i] < 2 ? at / (unsigned)cuts[i] + 1 : 3);
        assert_int_equal(frame->slices[frame->slice_count - 1].data[0], 3);
        sink_empty(&bench.up);
    }
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

/* --- X21 --- */

/* proves: X21 */
static void a_backend_that_never_answers_is_a_link_that_is_down(void **state)
{
    unsigned accepted = 0, changes;

    (void)state;
    xen_bench_connect(&bench);
    bench.xen.is_mute = true;
    for (unsigned i = 0; i < 1000; i++) {
        struct ms_frame *frame = make_test_frame(&bench.live, 60, i);
        unsigned n = send_frame(bench.device, frame);

        accepted += n;
        if (n == 0)
            ms_frame_put(frame);
    }
    assert_int_equal(accepted, bench.config.tx_pages);
    assert_int_equal(bench.live, 0);
    changes = bench.changes;
    assert_int_equal(ms_device_next_deadline(bench.device),
                     bench.now_us + bench.config.tx_timeout_us);
    (void)xen_bench_poll(&bench, bench.config.tx_timeout_us - 1);
    assert_true(ms_netfront_is_up(bench.nf));
    (void)xen_bench_poll(&bench, 1);
    assert_false(ms_netfront_is_up(bench.nf));
    assert_int_equal(bench.changes, changes + 1);
    assert_int_equal(xen_bench_stats(&bench).tx_stalls, 1);
    assert_true(xen_bench_receives(&bench, 60)); /* the other direction is as it was */
    bench.xen.is_mute = false;
    xen_backend_run(&bench.xen);
    (void)xen_bench_poll(&bench, 10);
    xen_bench_works(&bench);
    xen_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_that_change_while_they_are_read_harm_nobody),
        cmocka_unit_test(a_producer_beyond_what_was_asked_breaks),
        cmocka_unit_test(an_id_that_is_none_or_not_pending_breaks),
        cmocka_unit_test(a_receive_id_out_of_its_slot_breaks),
        cmocka_unit_test(an_id_answered_twice_breaks_and_frees_once),
        cmocka_unit_test(ids_answered_in_any_order_are_fine),
        cmocka_unit_test(a_storm_of_events_in_vain_is_ignored_for_a_while),
        cmocka_unit_test(events_for_closed_ports_go_nowhere),
        cmocka_unit_test(an_error_in_the_middle_of_a_packet_loses_no_page),
        cmocka_unit_test(impossible_lengths_are_dropped),
        cmocka_unit_test(a_packet_of_more_slots_than_allowed_is_dropped_however_long),
        cmocka_unit_test(extras_that_make_no_sense_drop_the_packet),
        cmocka_unit_test(extras_without_end_and_packets_cut_short_wait),
        cmocka_unit_test(indices_wrap),
        cmocka_unit_test(a_poll_ends_however_much_comes),
        cmocka_unit_test(headers_lie_in_one_piece_wherever_they_were_cut),
        cmocka_unit_test(a_backend_that_never_answers_is_a_link_that_is_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
