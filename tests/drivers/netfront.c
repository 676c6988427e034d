/* SPDX-License-Identifier: ISC */
/* The Xen frontend and an honest backend: connecting, frames both ways, closing, coming back. */
#include "support/xen_bench.h"

#include "mstack/mstack.h"

static struct xen_bench bench;
static struct xen_packet last;

static void keep_last(void *user, const struct xen_packet *packet)
{
    (void)user;
    last = *packet;
}

static void open_connected(void)
{
    xen_bench_connect(&bench);
    bench.xen.on_packet = keep_last;
}

static void receive(uint32_t len, uint8_t value, struct xen_offer offer)
{
    static uint8_t bytes[XEN_FRAME_BYTES];

    memset(bytes, value, len);
    assert_true(xen_backend_send(&bench.xen, 0, bytes, len, &offer));
    (void)xen_bench_poll(&bench, 10);
}

static void tells_the_backend_what_it_needs_and_connects(void **state)
{
    static const uint8_t mac[6] = { 0x02, 0x16, 0x3e, 0, 0, 1 };

    (void)state;
    open_connected();
    assert_memory_equal(bench.device->driver.mac, mac, 6);
    assert_int_equal(bench.device->driver.mtu, 1500);
    assert_string_equal(xen_frontend_read(&bench.xen, "state"), "4");
    assert_string_equal(xen_frontend_read(&bench.xen, "request-rx-copy"), "1");
    assert_string_equal(xen_frontend_read(&bench.xen, "feature-rx-notify"), "1");
    assert_string_equal(xen_frontend_read(&bench.xen, "feature-sg"), "1");
    assert_string_equal(xen_frontend_read(&bench.xen, "event-channel"), "");
    assert_string_not_equal(xen_frontend_read(&bench.xen, "event-channel-tx"), "");
    assert_string_not_equal(xen_frontend_read(&bench.xen, "event-channel-rx"),
                            xen_frontend_read(&bench.xen, "event-channel-tx"));
    assert_int_equal(xen_bench_stats(&bench).connects, 1);
    assert_true(bench.changes > 0);
    /* Every page to receive into is posted. */
    assert_int_equal(xen_rx_ring(&bench.xen, 0)->req_prod, bench.config.rx_pages);
    xen_bench_close(&bench);
}

static void takes_one_event_channel_if_the_backend_cannot_split(void **state)
{
    (void)state;
    xen_bench_open(&bench);
    xen_backend_write(&bench.xen, "feature-split-event-channels", NULL);
    xen_frontend_write(&bench.xen, "event-channel-tx", "9"); /* of somebody before us */
    xen_bench_start(&bench, NULL);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CONNECTED);
    assert_string_not_equal(xen_frontend_read(&bench.xen, "event-channel"), "");
    assert_string_equal(xen_frontend_read(&bench.xen, "event-channel-tx"), "");
    assert_int_equal(bench.xen.ports_open, 1);
    receive(100, 7, (struct xen_offer){ .flags = 0 });
    assert_int_equal(bench.up.count, 1);
    xen_bench_close(&bench);
}

static void writes_again_when_others_were_writing(void **state)
{
    (void)state;
    xen_bench_open(&bench);
    bench.xen.commits_again = 3;
    xen_bench_start(&bench, NULL);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CONNECTED);
    xen_bench_close(&bench);
}

static void says_when_the_store_stays_busy_and_connects_later(void **state)
{
    (void)state;
    xen_bench_open(&bench);
    bench.xen.commits_again = 100;
    xen_bench_start(&bench, NULL);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_WAITING);
    assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_STORE_BUSY);
    assert_int_equal(bench.xen.grants_in_use, 0);
    assert_in_range(ms_device_next_deadline(bench.device), bench.now_us + 1, bench.now_us + 10000);
    for (unsigned i = 0; i < 10; i++) {
        (void)xen_bench_poll(&bench, 10000);
        xen_bench_settle(&bench);
    }
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CONNECTED);
    assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_NONE);
    xen_bench_close(&bench);
}

static void sends_frames_of_any_length(void **state)
{
    static const uint32_t lens[] = { 14, 60, 1514, 4096, 4097, 9014, 40000, 65535 };

    (void)state;
    open_connected();
    for (unsigned i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        xen_bench_send(&bench, lens[i], 0x1200 + i);
        assert_int_equal(bench.live, 0); /* it was copied */
        xen_backend_run(&bench.xen);
        assert_int_equal(last.len, lens[i]);
        assert_int_equal(last.slots, (lens[i] + PAGE_BYTES - 1) / PAGE_BYTES);
        assert_int_equal(last.bytes[0], 0x12);
        assert_int_equal(last.bytes[1], i);
        assert_int_equal(last.bytes[lens[i] - 1], 0x5a);
        (void)xen_bench_poll(&bench, 10);
    }
    assert_int_equal(bench.xen.bad_packets, 0);
    assert_int_equal(xen_bench_stats(&bench).tx_packets, sizeof lens / sizeof lens[0]);
    xen_bench_close(&bench);
}

static void refuses_what_no_request_can_carry(void **state)
{
    (void)state;
    open_connected();
    xen_bench_send(&bench, 13, 0);
    xen_bench_send(&bench, 65536, 0);
    assert_int_equal(bench.live, 0);
    assert_int_equal(xen_bench_stats(&bench).tx_errors, 2);
    assert_int_equal(xen_tx_ring(&bench.xen, 0)->req_prod, 0);
    xen_bench_close(&bench);
}

static void stops_accepting_when_the_pages_are_out_and_goes_on_later(void **state)
{
    unsigned sent = 0;

    (void)state;
    open_connected();
    for (; sent < 1000; sent++) {
        struct ms_frame *frame = make_test_frame(&bench.live, 60, sent);

        if (send_frame(bench.device, frame) == 0) {
            ms_frame_put(frame);
            break;
        }
    }
    assert_int_equal(sent, bench.config.tx_pages);
    xen_backend_run(&bench.xen);
    assert_int_equal(bench.xen.packets, sent);
    (void)xen_bench_poll(&bench, 10);
    xen_bench_send(&bench, 60, 0);
    xen_backend_run(&bench.xen);
    assert_int_equal(bench.xen.packets, sent + 1);
    xen_bench_close(&bench);
}

static void notifies_only_a_backend_that_asked(void **state)
{
    const struct xen_port *port;

    (void)state;
    open_connected();
    port = &bench.xen.ports[bench.xen.queues[0].tx_port];
    xen_bench_send(&bench, 60, 1);
    assert_int_equal(port->notified, 1);
    xen_bench_send(&bench, 60, 2); /* it was told already and has not asked again */
    assert_int_equal(port->notified, 1);
    xen_backend_run(&bench.xen); /* asks for the next */
    xen_bench_send(&bench, 60, 3);
    assert_int_equal(port->notified, 2);
    xen_bench_close(&bench);
}

static void asks_for_an_event_only_when_it_has_seen_all(void **state)
{
    const struct xen_port *port;
    struct ms_frame *frame;

    (void)state;
    open_connected();
    port = &bench.xen.ports[bench.xen.queues[0].rx_port];
    assert_false(port->is_masked);
    receive(100, 1, (struct xen_offer){ .flags = 0 });
    assert_false(port->is_pending); /* taken */
    assert_int_equal(xen_rx_ring(&bench.xen, 0)->rsp_event, 2);
    /* Of eight in flight, the event comes with the fifth answer. */
    for (unsigned i = 0; i < 8; i++) {
        frame = make_test_frame(&bench.live, 60, i);
        assert_int_equal(send_frame(bench.device, frame), 1);
    }
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(xen_tx_ring(&bench.xen, 0)->rsp_event, 5);
    xen_bench_close(&bench);
}

static void receives_frames_of_any_length(void **state)
{
    static const uint32_t lens[] = { 14, 60, 256, 257, 1514, 4096, 4097, 9014, 65535 };

    (void)state;
    open_connected();
    for (unsigned i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const struct ms_frame *frame;

        receive(lens[i], (uint8_t)(i + 1), (struct xen_offer){ .flags = 0 });
        assert_int_equal(bench.up.count, 1);
        frame = bench.up.frames[0];
        assert_int_equal(ms_frame_len(frame), lens[i]);
        assert_int_equal(frame->head[0], i + 1);
        assert_int_equal(frame->head[frame->head_len - 1], i + 1);
        for (unsigned j = 0; j < frame->slice_count; j++)
            assert_int_equal(frame->slices[j].data[frame->slices[j].len - 1], i + 1);
        sink_empty(&bench.up);
    }
    assert_int_equal(xen_bench_stats(&bench).rx_errors, 0);
    assert_int_equal(xen_bench_stats(&bench).rx_packets, sizeof lens / sizeof lens[0]);
    xen_bench_close(&bench);
}

static void copies_small_packets_and_keeps_their_page_posted(void **state)
{
    uint32_t grants;

    (void)state;
    open_connected();
    grants = bench.xen.grants_in_use;
    for (unsigned i = 0; i < 40; i++)
        receive(COPY_BREAK_BYTES, 1, (struct xen_offer){ .flags = 0 });
    assert_int_equal(bench.up.count, 40);
    assert_int_equal(bench.xen.grants_in_use, grants);
    assert_int_equal(xen_bench_stats(&bench).rx_revoked, 0);
    assert_int_equal(xen_rx_ring(&bench.xen, 0)->req_prod, bench.config.rx_pages + 40);
    xen_bench_close(&bench);
}

static void takes_the_page_of_a_large_packet_away_from_the_backend(void **state)
{
    const uint8_t *page;

    (void)state;
    open_connected();
    page = xen_backend_next_page(&bench.xen, 0);
    receive(1514, 1, (struct xen_offer){ .offset = 64 });
    assert_ptr_equal(bench.up.frames[0]->head, page + 64);
    for (unsigned i = 0; i < XEN_GRANTS; i++)
        assert_ptr_not_equal(bench.xen.grants[i].page, page);
    assert_int_equal(xen_bench_stats(&bench).rx_revoked, 1);
    xen_bench_close(&bench);
}

static void posts_pages_again_when_their_frames_come_back(void **state)
{
    unsigned before;

    (void)state;
    open_connected();
    before = xen_rx_ring(&bench.xen, 0)->req_prod;
    for (unsigned i = 0; i < 40; i++)
        receive(1514, 1, (struct xen_offer){ .flags = 0 });
    assert_int_equal(bench.up.count, 40);
    assert_int_equal(xen_rx_ring(&bench.xen, 0)->req_prod, before);
    sink_empty(&bench.up);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(xen_rx_ring(&bench.xen, 0)->req_prod, before + 40);
    xen_bench_close(&bench);
}

static void goes_down_with_the_carrier_and_comes_back_with_it(void **state)
{
    (void)state;
    open_connected();
    xen_backend_write(&bench.xen, "carrier", "0");
    (void)xen_bench_poll(&bench, 10);
    assert_false(ms_netfront_is_up(bench.nf));
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CONNECTED);
    xen_backend_write(&bench.xen, "carrier", "1");
    (void)xen_bench_poll(&bench, 10);
    assert_true(ms_netfront_is_up(bench.nf));
    xen_bench_close(&bench);
}

static void closes_with_the_backend_and_opens_again(void **state)
{
    (void)state;
    open_connected();
    xen_backend_set_state(&bench.xen, XenbusStateClosing);
    bench.xen.is_deaf = true;
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSED);
    assert_int_equal(xen_frontend_state(&bench.xen), XenbusStateClosed);
    assert_int_equal(bench.xen.ports_open, 0);
    bench.xen.is_deaf = false;
    xen_bench_settle(&bench); /* unmaps, is closed as well, and finds us waiting */
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CONNECTED);
    receive(1000, 1, (struct xen_offer){ .flags = 0 });
    assert_int_equal(bench.up.count, 1);
    assert_int_equal(xen_bench_stats(&bench).connects, 2);
    xen_bench_close(&bench);
}

/* --- With stacks --- */

static unsigned replies;

static void on_echo(void *user, const struct ms_echo *echo)
{
    (void)user;
    replies += echo->error == MS_OK;
}

static void release_nothing(struct ms_buf *buf) { (void)buf; }

static void ping_from(struct ms_stack *stack, const char *address, unsigned count)
{
    static uint8_t payload[1000];
    struct ms_endpoint remote = { .port = 0 };

    assert_int_equal(ms_addr_parse(&remote.addr, address), MS_OK);
    ms_icmp_on_echo(stack, on_echo, NULL);
    replies = 0;
    for (unsigned i = 0; i < count; i++) {
        struct ms_buf buf = { .data = payload, .len = sizeof payload, .release = release_nothing };

        assert_int_equal(ms_icmp_send_echo(stack, &remote, 1, (uint16_t)i, &buf), MS_OK);
        xen_bench_run(&bench, 50000);
    }
    assert_int_equal(replies, count);
}

static void answers_arp_and_ping_through_the_rings(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    xen_bench_stacks(&bench);
    xen_bench_run(&bench, 100000);
    ping_from(bench.peer, "10.0.0.1", 10);
    ping_from(bench.peer, "2001:db8::1", 10);
    ping_from(bench.stack, "10.0.0.2", 10);
    assert_int_equal(bench.xen.bad_packets, 0);
    /* Neighbour discovery went through the backend's filter. */
    assert_string_equal(xen_frontend_read(&bench.xen, "request-multicast-control"), "1");
    xen_bench_close(&bench);
}

static void pings_again_after_the_backend_was_restarted(void **state)
{
    (void)state;
    xen_bench_connect(&bench);
    xen_bench_stacks(&bench);
    ping_from(bench.peer, "10.0.0.1", 1);
    /* A new backend knows nothing of the old one's mappings. */
    xen_unmap_all(&bench.xen);
    bench.xen.queue_count = 0;
    xen_backend_set_state(&bench.xen, XenbusStateInitWait);
    xen_bench_run(&bench, 100000);
    assert_int_equal(xen_bench_stats(&bench).connects, 2);
    ping_from(bench.peer, "10.0.0.1", 10);
    xen_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_backend_what_it_needs_and_connects),
        cmocka_unit_test(takes_one_event_channel_if_the_backend_cannot_split),
        cmocka_unit_test(writes_again_when_others_were_writing),
        cmocka_unit_test(says_when_the_store_stays_busy_and_connects_later),
        cmocka_unit_test(sends_frames_of_any_length),
        cmocka_unit_test(refuses_what_no_request_can_carry),
        cmocka_unit_test(stops_accepting_when_the_pages_are_out_and_goes_on_later),
        cmocka_unit_test(notifies_only_a_backend_that_asked),
        cmocka_unit_test(asks_for_an_event_only_when_it_has_seen_all),
        cmocka_unit_test(receives_frames_of_any_length),
        cmocka_unit_test(copies_small_packets_and_keeps_their_page_posted),
        cmocka_unit_test(takes_the_page_of_a_large_packet_away_from_the_backend),
        cmocka_unit_test(posts_pages_again_when_their_frames_come_back),
        cmocka_unit_test(goes_down_with_the_carrier_and_comes_back_with_it),
        cmocka_unit_test(closes_with_the_backend_and_opens_again),
        cmocka_unit_test(answers_arp_and_ping_through_the_rings),
        cmocka_unit_test(pings_again_after_the_backend_was_restarted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
