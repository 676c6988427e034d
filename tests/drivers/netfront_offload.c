/* SPDX-License-Identifier: ISC */
/* The Xen frontend: checksums and segments left to others, and bytes lent instead of copied. */
#include "support/xen_bench.h"

#include "bytes.h"

enum {
    REGION_PAGES = 32,
    REGION_BYTES = REGION_PAGES * PAGE_BYTES,
    HEADERS_V4 = 54,
    HEADERS_V6 = 74,
    SLICES = 40,
};

static struct xen_bench bench;
static _Alignas(4096) uint8_t region[REGION_BYTES];
static struct xen_packet last;
static struct ms_buf lent; /* the application's: only marks slices as lent */

static void keep_last(void *user, const struct xen_packet *packet)
{
    (void)user;
    last = *packet;
}

static void open_connected(const char *missing)
{
    xen_bench_open(&bench);
    if (missing)
        xen_backend_write(&bench.xen, missing, NULL);
    xen_bench_start(&bench, NULL);
    xen_bench_settle(&bench);
    assert_true(ms_netfront_is_up(bench.nf));
    bench.xen.on_packet = keep_last;
    for (uint32_t i = 0; i < REGION_BYTES; i++)
        region[i] = (uint8_t)(i * 7 + i / 4096);
}

static void map_region(void)
{
    struct ms_driver *driver = &bench.device->driver;

    assert_int_equal(driver->ops->map(driver, region, REGION_BYTES), MS_OK);
}

/* Ethernet, IP and TCP headers, the checksum holding the pseudo header's sum. */
static uint32_t put_headers(uint8_t *head, bool is_ipv6, uint32_t payload)
{
    uint32_t ip_len = is_ipv6 ? 40 : 20, tcp = 14 + ip_len;
    struct sum sum = { .total = 6 + 20 + payload };

    memset(head, 0, tcp + 20);
    memcpy(head, "\x02\x00\x00\x00\x00\x02\x02\x16\x3e\x00\x00\x01", 12);
    store_be16(head + 12, is_ipv6 ? 0x86dd : 0x0800);
    head[14] = is_ipv6 ? 0x60 : 0x45;
    if (is_ipv6) {
        store_be16(head + 18, (uint16_t)(20 + payload));
        head[20] = 6;
        memset(head + 22, 0x11, 32);
        sum_bytes(&sum, head + 22, 32);
    } else {
        store_be16(head + 16, (uint16_t)(40 + payload));
        head[23] = 6;
        memset(head + 26, 0x22, 8);
        sum_bytes(&sum, head + 26, 8);
    }
    head[tcp + 12] = 0x50;
    store_be16(head + tcp + 16, sum_fold(&sum));
    return tcp + 20;
}

/* Whether the bytes' TCP checksum is right. */
static bool is_summed(const uint8_t *bytes, uint32_t len, bool is_ipv6)
{
    uint32_t tcp = is_ipv6 ? 54 : 34;
    struct sum sum = { .total = 6 + len - tcp };

    sum_bytes(&sum, bytes + (is_ipv6 ? 22 : 26), is_ipv6 ? 32 : 8);
    sum_bytes(&sum, bytes + tcp, len - tcp);
    return sum_fold(&sum) == 0xffff;
}

/* A frame of headers and slices. */
struct tcp_frame {
    uint8_t head[HEADERS_V6];
    bool is_back;
    struct ms_frame *frame;
};

static struct tcp_frame *sent;

static struct tcp_frame *all[64]; /* made and not freed */

static void free_tcp_frame(struct ms_frame *frame)
{
    for (unsigned i = 0; i < 64; i++) {
        if (all[i] && all[i]->frame == frame)
            all[i]->is_back = true;
    }
}

static void make_tcp_frame(bool is_ipv6)
{
    uint32_t len;
    unsigned place = 0;

    while (all[place])
        place++;
    sent = all[place] = calloc(1, sizeof *sent);
    sent->frame = calloc(1, sizeof(struct ms_frame) + SLICES * sizeof(struct ms_slice));
    len = put_headers(sent->head, is_ipv6, 0);
    *sent->frame = (struct ms_frame){ .head = sent->head,
                                      .head_len = len,
                                      .refs = 1,
                                      .flags = MS_FRAME_CHECKSUM_PARTIAL,
                                      .checksum_start = (uint16_t)(len - 20),
                                      .checksum_offset = 16,
                                      .slice_capacity = SLICES,
                                      .release = free_tcp_frame };
}

static void add_slice(const uint8_t *data, uint32_t len)
{
    struct ms_frame *frame = sent->frame;

    frame->slices[frame->slice_count++] =
        (struct ms_slice){ .data = data, .len = len, .buf = &lent };
    (void)put_headers(sent->head, frame->head_len == HEADERS_V6,
                      ms_frame_len(frame) - frame->head_len);
}

static void send_it(void) { assert_int_equal(send_frame(bench.device, sent->frame), 1); }

static void free_it(void)
{
    assert_true(sent->is_back);
    for (unsigned i = 0; i < 64; i++)
        all[i] = all[i] == sent ? NULL : all[i];
    free(sent->frame);
    free(sent);
}

/* What arrived is the frame, but perhaps for the checksum. */
static void is_same(const struct ms_frame *frame, bool with_checksum)
{
    uint32_t at = frame->head_len, sum_at = at - 20 + 16u;

    assert_int_equal(last.len, ms_frame_len(frame));
    if (!with_checksum)
        memcpy(last.bytes + sum_at, frame->head + sum_at, 2);
    assert_memory_equal(last.bytes, frame->head, at);
    for (unsigned i = 0; i < frame->slice_count; i++) {
        assert_memory_equal(last.bytes + at, frame->slices[i].data, frame->slices[i].len);
        at += frame->slices[i].len;
    }
}

/* --- Out --- */

static void leaves_checksums_to_a_backend_that_makes_them(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        open_connected(NULL);
        make_tcp_frame(v6);
        add_slice(region + 100, 1000);
        send_it();
        xen_backend_run(&bench.xen);
        assert_int_equal(last.flags & (NETTXF_csum_blank | NETTXF_data_validated),
                         NETTXF_csum_blank | NETTXF_data_validated);
        is_same(sent->frame, true);
        assert_int_equal(bench.device->driver.tx_copied, 1000);
        free_it();
        xen_bench_close(&bench);
    }
}

static void makes_checksums_for_a_backend_that_does_not(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        open_connected("feature-ipv6-csum-offload");
        xen_backend_write(&bench.xen, "feature-no-csum-offload", "1");
        ms_netfront_reopen(bench.nf);
        xen_backend_set_state(&bench.xen, XenbusStateInitWait);
        xen_unmap_all(&bench.xen);
        xen_bench_settle(&bench);
        map_region();
        make_tcp_frame(v6);
        add_slice(region + 100, 999);
        add_slice(region + 5000, 3001);
        send_it();
        xen_backend_run(&bench.xen);
        assert_int_equal(last.flags & (NETTXF_csum_blank | NETTXF_data_validated), 0);
        assert_true(is_summed(last.bytes, last.len, v6));
        is_same(sent->frame, false);
        (void)xen_bench_poll(&bench, 10);
        free_it();
        xen_bench_close(&bench);
    }
}

static void leaves_segments_to_a_backend_that_cuts_them(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        open_connected(NULL);
        assert_int_equal(bench.device->driver.segment_bytes_max, 65280);
        map_region();
        make_tcp_frame(v6);
        add_slice(region + 10, 60000);
        sent->frame->segment_size = 1448;
        send_it();
        xen_backend_run(&bench.xen);
        assert_int_equal(last.segment_size, 1448);
        assert_int_equal(last.segment_type,
                         v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4);
        is_same(sent->frame, true);
        (void)xen_bench_poll(&bench, 10);
        free_it();
        /* One segment is no super-frame. */
        make_tcp_frame(v6);
        add_slice(region, 1448);
        sent->frame->segment_size = 1448;
        send_it();
        xen_backend_run(&bench.xen);
        assert_int_equal(last.segment_size, 0);
        assert_int_equal(last.flags & NETTXF_extra_info, 0);
        (void)xen_bench_poll(&bench, 10);
        free_it();
        xen_bench_close(&bench);
    }
}

static void offers_no_segments_to_a_backend_that_cannot(void **state)
{
    static const char *const needed[] = { "feature-gso-tcpv4", "feature-gso-tcpv6", "feature-sg",
                                          "feature-ipv6-csum-offload" };

    (void)state;
    for (unsigned i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        open_connected(needed[i]);
        assert_int_equal(bench.device->driver.segment_bytes_max, 0);
        assert_string_equal(xen_frontend_read(&bench.xen, "feature-gso-tcpv4"), "0");
        make_tcp_frame(false); /* one that was queued before */
        add_slice(region, 3000);
        sent->frame->segment_size = 1448;
        send_it();
        assert_int_equal(xen_bench_stats(&bench).tx_errors, 1);
        free_it();
        xen_bench_close(&bench);
    }
}

static void sends_one_page_at_most_without_scatter_gather(void **state)
{
    (void)state;
    open_connected("feature-sg");
    map_region();
    make_tcp_frame(false);
    add_slice(region, 1000);
    add_slice(region + 8192, 1000);
    add_slice(region + 4096, 4096 - HEADERS_V4 - 2000);
    send_it();
    xen_backend_run(&bench.xen);
    assert_int_equal(last.slots, 1);
    is_same(sent->frame, true);
    free_it();
    make_tcp_frame(false);
    add_slice(region, 4096 - HEADERS_V4 + 1);
    send_it();
    assert_int_equal(xen_bench_stats(&bench).tx_errors, 1);
    free_it();
    xen_bench_close(&bench);
}

static unsigned region_grants(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < XEN_GRANTS; i++) {
        const struct xen_grant *g = &bench.xen.grants[i];

        if (g->page < region || g->page >= region + REGION_BYTES)
            continue;
        assert_true(g->is_readonly);
        count++;
    }
    return count;
}

static void lends_mapped_pages_until_the_backend_has_answered(void **state)
{
    (void)state;
    open_connected(NULL);
    map_region();
    make_tcp_frame(false);
    add_slice(region + 4000, 8000); /* the end of a page, one, and the start of another */
    add_slice(region + 100, 100);   /* too short to be worth it */
    add_slice(region + 20480, 600);
    send_it();
    assert_int_equal(region_grants(), 4);
    assert_false(sent->is_back);
    assert_int_equal(bench.device->driver.tx_copied, 100);
    assert_int_equal(xen_bench_stats(&bench).tx_granted, 4);
    xen_backend_run(&bench.xen);
    assert_int_equal(last.slots, 6);
    is_same(sent->frame, true);
    assert_false(sent->is_back);
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(region_grants(), 0);
    free_it();
    xen_bench_close(&bench);
}

static void copies_what_is_not_wholly_mapped(void **state)
{
    struct ms_driver *driver;

    (void)state;
    open_connected(NULL);
    driver = &bench.device->driver;
    assert_int_equal(driver->ops->map(driver, region + 1, PAGE_BYTES), MS_ERROR_INVALID);
    assert_int_equal(driver->ops->map(driver, region, 100), MS_ERROR_INVALID);
    assert_int_equal(driver->ops->map(driver, region + 4096, 4096), MS_OK);
    make_tcp_frame(false);
    add_slice(region + 3000, 2000);
    add_slice(region + 8000, 1000);
    add_slice(region, 1000);
    send_it();
    assert_int_equal(region_grants(), 0);
    assert_int_equal(driver->tx_copied, 4000);
    free_it();
    driver->ops->unmap(driver, region + 4096, 4096);
    make_tcp_frame(false);
    add_slice(region + 5000, 1000);
    send_it();
    assert_int_equal(region_grants(), 0);
    free_it();
    for (unsigned i = 0; i < REGIONS_MAX; i++)
        assert_int_equal(driver->ops->map(driver, region, 4096), MS_OK);
    assert_int_equal(driver->ops->map(driver, region, 4096), MS_ERROR_NO_MEMORY);
    xen_backend_run(&bench.xen);
    (void)xen_bench_poll(&bench, 10);
    xen_bench_close(&bench);
}

/* proves: X20 */
static void a_frame_of_too_many_pieces_is_copied(void **state)
{
    (void)state;
    open_connected(NULL);
    map_region();
    make_tcp_frame(false);
    for (unsigned i = 0; i < SLICES; i++)
        add_slice(region + i * 700, 1500);
    send_it();
    free_it();
    assert_int_equal(xen_bench_stats(&bench).tx_linearised, 1);
    assert_int_equal(region_grants(), 0);
    xen_backend_run(&bench.xen);
    assert_int_equal(last.slots, (60000 + HEADERS_V4 + 4095) / 4096);
    assert_int_equal(last.len, 60000 + HEADERS_V4);
    (void)xen_bench_poll(&bench, 10);
    /* Eighteen are not too many: headers, and seventeen. */
    make_tcp_frame(false);
    for (unsigned i = 0; i < 17; i++)
        add_slice(region + i * 4096, 600);
    send_it();
    assert_int_equal(xen_bench_stats(&bench).tx_linearised, 1);
    xen_backend_run(&bench.xen);
    assert_int_equal(last.slots, 18);
    is_same(sent->frame, true);
    (void)xen_bench_poll(&bench, 10);
    free_it();
    xen_bench_close(&bench);
}

static void copies_when_grants_run_out(void **state)
{
    (void)state;
    open_connected(NULL);
    map_region();
    bench.xen.grants_left = 2;
    make_tcp_frame(false);
    add_slice(region + 4000, 16000);
    send_it();
    assert_int_equal(region_grants(), 2);
    xen_backend_run(&bench.xen);
    is_same(sent->frame, true);
    (void)xen_bench_poll(&bench, 10);
    free_it();
    bench.xen.grants_left = UINT32_MAX;
    xen_bench_close(&bench);
}

/* proves: X07 */
static void a_lent_page_that_stays_mapped_is_not_given_back(void **state)
{
    (void)state;
    open_connected(NULL);
    map_region();
    make_tcp_frame(false);
    add_slice(region, 8192);
    send_it();
    bench.xen.is_unkind = true;
    xen_backend_run(&bench.xen);
    (void)xen_bench_poll(&bench, 10);
    assert_false(sent->is_back);
    assert_int_equal(ms_netfront_pages_held(bench.nf), 2);
    bench.xen.is_unkind = false;
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    assert_int_equal(ms_netfront_state(bench.nf), MS_NETFRONT_CLOSED);
    assert_false(sent->is_back); /* not even then */
    xen_unmap_all(&bench.xen);
    bench.now_us = ms_device_next_deadline(bench.device);
    (void)xen_bench_poll(&bench, 0);
    free_it();
    xen_bench_comes_back(&bench);
    xen_bench_close(&bench);
}

/* proves: X07 */
static void too_many_lent_pages_held_break(void **state)
{
    struct tcp_frame *frames[40];
    unsigned count = 0;

    (void)state;
    open_connected(NULL);
    map_region();
    bench.xen.is_unkind = true;
    for (; count < 40 && ms_netfront_is_up(bench.nf); count++) {
        make_tcp_frame(false);
        add_slice(region, 3 * 4096);
        send_it();
        frames[count] = sent;
        xen_backend_run(&bench.xen);
        (void)xen_bench_poll(&bench, 10);
    }
    assert_int_equal(count, PAGES_HELD_MAX / 3 + 1);
    assert_int_equal(ms_netfront_reason(bench.nf), MS_NETFRONT_PAGES_HELD);
    xen_bench_settle(&bench);
    bench.xen.is_unkind = false;
    xen_unmap_all(&bench.xen);
    xen_bench_comes_back(&bench);
    for (unsigned i = 0; i < count; i++) {
        sent = frames[i];
        free_it();
    }
    xen_bench_close(&bench);
}

static void gives_lent_pages_back_when_the_connection_ends(void **state)
{
    (void)state;
    open_connected(NULL);
    map_region();
    make_tcp_frame(false);
    add_slice(region, 8192);
    send_it();
    ms_netfront_shut_down(bench.nf);
    xen_bench_settle(&bench);
    free_it();
    assert_int_equal(bench.xen.grants_in_use, 0);
    xen_bench_comes_back(&bench);
    xen_bench_close(&bench);
}

/* --- In --- */

static const struct ms_frame *receive(bool is_ipv6, uint32_t payload, struct xen_offer offer)
{
    static uint8_t bytes[XEN_FRAME_BYTES];
    uint32_t len = put_headers(bytes, is_ipv6, payload);

    sink_empty(&bench.up);
    memcpy(bytes + len, region, payload);
    assert_true(xen_backend_send(&bench.xen, 0, bytes, len + payload, &offer));
    (void)xen_bench_poll(&bench, 10);
    return bench.up.count ? bench.up.frames[0] : NULL;
}

static void takes_blank_checksums_where_its_own_parse_finds_them(void **state)
{
    const struct ms_frame *frame;

    (void)state;
    open_connected(NULL);
    for (unsigned v6 = 0; v6 < 2; v6++) {
        static const uint32_t payloads[] = { 10, 1000, 5000 };

        for (unsigned i = 0; i < 3; i++) {
            frame = receive(v6, payloads[i], (struct xen_offer){ .flags = NETRXF_csum_blank });
            assert_int_equal(frame->flags, MS_FRAME_CHECKSUM_PARTIAL);
            assert_int_equal(frame->checksum_start, v6 ? 54 : 34);
            assert_int_equal(frame->checksum_offset, 16);
        }
    }
    xen_bench_close(&bench);
}

/* proves: X18 */
static void claims_are_not_believed_beyond_the_packet(void **state)
{
    struct ms_netfront_config config;
    struct xen_offer blank = { .flags = NETRXF_csum_blank };
    struct xen_offer valid = { .flags = NETRXF_data_validated };
    uint8_t bytes[60] = { 0 };

    (void)state;
    open_connected(NULL);
    assert_int_equal(receive(false, 100, valid)->flags, 0); /* the stack sums it itself */
    sink_empty(&bench.up);
    assert_true(xen_backend_send(&bench.xen, 0, bytes, sizeof bytes, &blank)); /* no TCP */
    (void)put_headers(bytes, false, 0);
    assert_true(xen_backend_send(&bench.xen, 0, bytes, 53, &blank)); /* no whole header */
    bytes[14] = 0x4f;                                                /* options beyond the packet */
    assert_true(xen_backend_send(&bench.xen, 0, bytes, 54, &blank));
    bytes[14] = 0x45;
    bytes[20] = 0x20; /* a fragment */
    assert_true(xen_backend_send(&bench.xen, 0, bytes, 54, &blank));
    bytes[20] = 0;
    bytes[23] = 1; /* ICMP */
    assert_true(xen_backend_send(&bench.xen, 0, bytes, 54, &blank));
    (void)xen_bench_poll(&bench, 10);
    assert_int_equal(bench.up.count, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(bench.up.frames[i]->flags, 0);
    xen_bench_close(&bench);
    /* Not even the flag, where it was not agreed on. */
    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    config.no_checksum_offload = true;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    assert_string_equal(xen_frontend_read(&bench.xen, "feature-no-csum-offload"), "1");
    assert_int_equal(receive(false, 100, blank)->flags, 0);
    xen_bench_close(&bench);
}

static void believes_a_backend_it_is_told_to_trust(void **state)
{
    struct ms_netfront_config config;

    (void)state;
    xen_bench_open(&bench);
    config = xen_bench_config(&bench);
    config.is_backend_trusted = true;
    xen_bench_start(&bench, &config);
    xen_bench_settle(&bench);
    assert_int_equal(
        receive(false, 100, (struct xen_offer){ .flags = NETRXF_data_validated })->flags,
        MS_FRAME_CHECKSUM_VALID);
    xen_bench_close(&bench);
}

static void takes_joined_segments_of_its_family_only(void **state)
{
    (void)state;
    open_connected(NULL);
    for (uint8_t v6 = 0; v6 < 2; v6++) {
        struct xen_offer offer = { .flags = NETRXF_csum_blank,
                                   .segment_size = 1448,
                                   .segment_type = (uint8_t)(XEN_NETIF_GSO_TYPE_TCPV4 + v6) };
        const struct ms_frame *frame = receive(v6, 60000, offer);

        assert_int_equal(frame->segment_size, 1448);
        assert_int_equal(ms_frame_len(frame), 60000 + (v6 ? HEADERS_V6 : HEADERS_V4));
        assert_null(receive(!v6, 10000, offer));
        assert_int_equal(xen_bench_stats(&bench).rx_errors, v6 + 1);
        (void)xen_bench_poll(&bench, 10);
    }
    xen_bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_checksums_to_a_backend_that_makes_them),
        cmocka_unit_test(makes_checksums_for_a_backend_that_does_not),
        cmocka_unit_test(leaves_segments_to_a_backend_that_cuts_them),
        cmocka_unit_test(offers_no_segments_to_a_backend_that_cannot),
        cmocka_unit_test(sends_one_page_at_most_without_scatter_gather),
        cmocka_unit_test(lends_mapped_pages_until_the_backend_has_answered),
        cmocka_unit_test(copies_what_is_not_wholly_mapped),
        cmocka_unit_test(a_frame_of_too_many_pieces_is_copied),
        cmocka_unit_test(copies_when_grants_run_out),
        cmocka_unit_test(a_lent_page_that_stays_mapped_is_not_given_back),
        cmocka_unit_test(too_many_lent_pages_held_break),
        cmocka_unit_test(gives_lent_pages_back_when_the_connection_ends),
        cmocka_unit_test(takes_blank_checksums_where_its_own_parse_finds_them),
        cmocka_unit_test(claims_are_not_believed_beyond_the_packet),
        cmocka_unit_test(believes_a_backend_it_is_told_to_trust),
        cmocka_unit_test(takes_joined_segments_of_its_family_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
