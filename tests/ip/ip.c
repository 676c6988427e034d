/* SPDX-License-Identifier: ISC */
/* Ways to destinations, and the headers in front of what goes there. */
#include "ip/ip.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eth/neighbor.h"
#include "ip/loop.h"
#include "support/fixture.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { SECOND_US = 1000000 };

static const uint8_t PEER[6] = { 2, 0, 0, 0, 1, 1 };

static void open_with_addresses(struct fixture *f)
{
    struct ms_config config = fixture_config();
    struct ms_addr any = addr("0.0.0.0");
    struct ms_addr any6 = addr("::");
    struct ms_addr gateway = addr("10.0.0.254");
    struct ms_addr gateway6 = addr("fe80::254");

    fixture_open(f, &config);
    fixture_add_addr(f->netif, "10.0.0.1", 24);
    fixture_add_addr(f->netif, "fe80::1", 64);
    fixture_add_addr(f->netif, "2001:db8::1", 64);
    fixture_add_addr(&f->netifs[1], "192.168.0.1", 16);
    assert_int_equal(ms_route_add(f->stack, &any, 0, &gateway, f->netif), MS_OK);
    assert_int_equal(ms_route_add(f->stack, &any6, 0, &gateway6, f->netif), MS_OK);
    fixture_advance(f, 10 * SECOND_US);
    fixture_discard(f->netif);
    fixture_discard(&f->netifs[1]);
}

static enum ms_error find(struct fixture *f, const char *local, const char *remote,
                          struct ms_addr *source, struct path *path)
{
    struct ms_addr to = addr(remote);

    *source = local ? addr(local) : (struct ms_addr){ .bytes = { 0 } };
    return ms_ip_find_path(f->stack, NULL, source, &to, path);
}

/* What a path says: the interface (9: the loop), the source, and who is asked for. */
struct path_case {
    const char *local, *remote;
    enum ms_error error;
    unsigned netif;
    const char *source, *next_hop; /* next_hop NULL: no neighbour */
};

static const struct path_case path_cases[] = {
    { NULL, "10.0.0.9", MS_OK, 0, "10.0.0.1", "10.0.0.9" },
    { NULL, "8.8.8.8", MS_OK, 0, "10.0.0.1", "10.0.0.254" },
    { "10.0.0.1", "8.8.8.8", MS_OK, 0, "10.0.0.1", "10.0.0.254" },
    { NULL, "192.168.3.4", MS_OK, 1, "192.168.0.1", "192.168.3.4" },
    { "10.0.0.1", "192.168.3.4", MS_OK, 0, "10.0.0.1", "10.0.0.254" },   /* out of its own door */
    { "192.168.0.1", "8.8.8.8", MS_OK, 0, "192.168.0.1", "10.0.0.254" }, /* the only way */
    { "10.0.0.7", "8.8.8.8", MS_ERROR_NO_ADDRESS, 0, NULL, NULL },
    { "127.0.0.1", "8.8.8.8", MS_ERROR_NO_ADDRESS, 0, NULL, NULL },
    { "2001:db8::1", "8.8.8.8", MS_ERROR_INVALID, 0, NULL, NULL }, /* one packet, two families */
    { "10.0.0.1", "2001:db8::9", MS_ERROR_INVALID, 0, NULL, NULL },
    { "2001:db8::1", "224.1.2.3", MS_ERROR_INVALID, 0, NULL, NULL },
    { "2001:db8::1", "127.0.0.1", MS_ERROR_INVALID, 0, NULL, NULL }, /* to ourselves, too */
    { "2001:db8::1", "10.0.0.1", MS_ERROR_INVALID, 0, NULL, NULL },
    { "10.0.0.1", "::1", MS_ERROR_INVALID, 0, NULL, NULL },
    { "::1", "127.0.0.1", MS_ERROR_INVALID, 0, NULL, NULL },
    { NULL, "2001:db8::9", MS_OK, 0, "2001:db8::1", "2001:db8::9" },
    { NULL, "2400::1", MS_OK, 0, "2001:db8::1", "fe80::254" },
    { NULL, "fe80::9", MS_OK, 0, "fe80::1", "fe80::9" },
    { NULL, "ff02::1", MS_OK, 0, "fe80::1", NULL },
    { NULL, "224.1.2.3", MS_OK, 0, "10.0.0.1", NULL },
    { "192.168.0.1", "224.1.2.3", MS_OK, 1, "192.168.0.1", NULL },
    { NULL, "10.0.0.255", MS_OK, 0, "10.0.0.1", NULL },
    { NULL, "192.168.255.255", MS_OK, 1, "192.168.0.1", NULL },
    { NULL, "255.255.255.255", MS_OK, 0, "10.0.0.1", NULL },
    { NULL, "10.0.0.1", MS_OK, 9, "10.0.0.1", NULL },
    { "10.0.0.1", "192.168.0.1", MS_OK, 9, "10.0.0.1", NULL },
    { NULL, "127.1.2.3", MS_OK, 9, "127.1.2.3", NULL },
    { NULL, "::1", MS_OK, 9, "::1", NULL },
    { "10.0.0.7", "127.0.0.1", MS_ERROR_NO_ADDRESS, 0, NULL, NULL },
    { NULL, "0.0.0.0", MS_ERROR_INVALID, 0, NULL, NULL },
    { NULL, "::", MS_ERROR_INVALID, 0, NULL, NULL },
};

static void assert_path(struct fixture *f, const struct path_case *c, size_t number)
{
    struct ms_addr source;
    struct path path;
    struct ms_addr expected;
    enum ms_error error = find(f, c->local, c->remote, &source, &path);

    if (error != c->error)
        fail_msg("case %zu: %s", number, ms_error_text(error));
    if (error)
        return;
    expected = addr(c->source);
    if (!ms_addr_equal(&source, &expected))
        fail_msg("case %zu: source", number);
    assert_ptr_equal(path.netif, c->netif == 9 ? ms_ip_loop_netif(f->stack) : &f->netifs[c->netif]);
    assert_true(ms_ip_path_is_valid(f->stack, &path));
    if (c->next_hop) {
        expected = addr(c->next_hop);
        assert_ptr_equal(path.neighbor, ms_neighbor_find(path.netif, &expected));
    }
    if ((path.neighbor != NULL) != (c->next_hop != NULL))
        fail_msg("case %zu: neighbour", number);
}

static void finds_interface_source_and_next_hop(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(path_cases); i++)
        assert_path(&f, &path_cases[i], i);
    fixture_close(&f);
}

static void says_when_there_is_no_way_or_no_source(void **state)
{
    struct fixture f;
    struct ms_config config = fixture_config();
    struct ms_addr prefix = addr("10.0.0.0");
    struct ms_addr source;
    struct path path;

    (void)state;
    fixture_open(&f, &config);
    assert_int_equal(find(&f, NULL, "10.0.0.9", &source, &path), MS_ERROR_NO_ROUTE);
    assert_int_equal(find(&f, NULL, "224.0.0.5", &source, &path), MS_ERROR_NO_ROUTE);
    assert_int_equal(ms_route_add(f.stack, &prefix, 8, NULL, f.netif), MS_OK);
    assert_int_equal(find(&f, NULL, "10.0.0.9", &source, &path), MS_ERROR_NO_ADDRESS);
    assert_int_equal(f.stack->counters.ip_out_no_routes, 3);
    fixture_close(&f);
}

static void a_pinned_path_leaves_through_that_interface(void **state)
{
    struct fixture f;
    struct ms_addr remote = addr("224.1.2.3");
    struct ms_addr beyond = addr("8.8.8.8");
    struct ms_addr source = { .bytes = { 0 } };
    struct ms_addr expected = addr("192.168.0.1");
    struct path path;

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(ms_ip_find_path(f.stack, &f.netifs[1], &source, &remote, &path), MS_OK);
    assert_ptr_equal(path.netif, &f.netifs[1]);
    assert_true(ms_addr_equal(&source, &expected));
    memset(&source, 0, sizeof(source));
    assert_int_equal(ms_ip_find_path(f.stack, &f.netifs[1], &source, &beyond, &path),
                     MS_ERROR_NO_ROUTE);
    fixture_close(&f);
}

static void writes_ipv4_headers(void **state)
{
    static struct datagram sent;
    struct ms_addr gateway = addr("10.0.0.254");
    struct fixture f;
    struct ipv4_header header = { 0 };
    struct bytes b;

    (void)state;
    open_with_addresses(&f);
    ms_neighbor_heard(f.netif, &gateway, PEER);
    assert_int_equal(fixture_send(&f, "8.8.8.8", 100), MS_OK);
    assert_true(fixture_sent(f.netif, &sent));
    assert_int_equal(sent.len, 14 + 20 + 100);
    assert_memory_equal(sent.bytes, PEER, 6);
    assert_int_equal(load_be16(sent.bytes + 12), ETHERTYPE_IPV4);
    b = bytes_of(sent.bytes + 14, sent.len - 14);
    assert_int_equal(ms_ipv4_header_parse(&header, &b), MS_DROP_NONE);
    assert_true(ms_ipv4_header_sum_ok(sent.bytes + 14, 20));
    assert_int_equal(header.src, 0x0a000001);
    assert_int_equal(header.dst, 0x08080808);
    assert_int_equal(header.ttl, 64);
    assert_int_equal(header.id, 0);
    assert_int_equal(header.fragment, IPV4_DONT_FRAGMENT);
    assert_int_equal(header.protocol, IP_PROTOCOL_UDP);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(b.data[i], i);
    fixture_close(&f);
}

static void writes_ipv6_headers(void **state)
{
    static struct datagram sent;
    struct ms_addr gateway = addr("fe80::254");
    struct fixture f;
    struct ipv6_header header = { .next_header = 0 };
    struct bytes b;

    (void)state;
    open_with_addresses(&f);
    f.netif->hop_limit = 33;
    ms_neighbor_heard(f.netif, &gateway, PEER);
    assert_int_equal(fixture_send(&f, "2400::1", 100), MS_OK);
    assert_true(fixture_sent(f.netif, &sent));
    assert_int_equal(load_be16(sent.bytes + 12), ETHERTYPE_IPV6);
    b = bytes_of(sent.bytes + 14, sent.len - 14);
    assert_int_equal(ms_ipv6_header_parse(&header, &b), MS_DROP_NONE);
    assert_int_equal(header.payload_len, 100);
    assert_int_equal(header.hop_limit, 33);
    assert_int_equal(header.next_header, IP_PROTOCOL_UDP);
    assert_memory_equal(header.src, addr("2001:db8::1").bytes, 16);
    assert_memory_equal(header.dst, addr("2400::1").bytes, 16);
    fixture_close(&f);
}

struct group_case {
    const char *group;
    uint8_t mac[6];
};

static const struct group_case group_cases[] = {
    { "224.0.0.1", { 1, 0, 0x5e, 0, 0, 1 } },
    { "239.255.2.3", { 1, 0, 0x5e, 0x7f, 2, 3 } },
    { "10.0.0.255", { 255, 255, 255, 255, 255, 255 } },
    { "255.255.255.255", { 255, 255, 255, 255, 255, 255 } },
    { "ff02::1:ff03:405", { 0x33, 0x33, 0xff, 3, 4, 5 } },
};

static void groups_have_link_addresses_of_their_own(void **state)
{
    static struct datagram sent;
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(group_cases); i++) {
        assert_int_equal(fixture_send(&f, group_cases[i].group, 20), MS_OK);
        assert_true(fixture_sent(f.netif, &sent));
        assert_memory_equal(sent.bytes, group_cases[i].mac, 6);
    }
    fixture_close(&f);
}

static void moves_the_place_of_a_partial_checksum_along(void **state)
{
    struct ms_addr remote = addr("10.0.0.9");
    struct ms_addr local = { .bytes = { 0 } };
    struct fixture f;
    struct path path;
    struct ip_send send = { .local = &local, .remote = &remote, .len = 8 };
    struct ms_frame *frame;

    (void)state;
    open_with_addresses(&f);
    ms_neighbor_heard(f.netif, &remote, PEER);
    assert_int_equal(ms_ip_find_path(f.stack, NULL, &local, &remote, &path), MS_OK);
    frame = ms_frame_alloc(f.stack);
    ms_frame_push(frame, 8);
    frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
    frame->checksum_start = 0;
    ms_frame_get(frame);
    ms_ip_output(f.stack, &path, frame, &send);
    assert_int_equal(frame->checksum_start, 34);
    ms_frame_put(frame);
    fixture_close(&f);
}

/* proves: C15, F14 */
static void drops_what_is_too_large_and_may_not_be_cut(void **state)
{
    struct ms_addr remote = addr("10.0.0.9");
    struct ms_addr local = { .bytes = { 0 } };
    struct fixture f;
    struct path path;
    struct ip_send send = { .local = &local, .remote = &remote, .len = 1481 };
    struct ms_frame *super;

    (void)state;
    open_with_addresses(&f);
    ms_neighbor_heard(f.netif, &remote, PEER);
    assert_int_equal(ms_ip_find_path(f.stack, NULL, &local, &remote, &path), MS_OK);
    assert_int_equal(path.mtu, 1500);
    ms_ip_output(f.stack, &path, ms_frame_alloc(f.stack), &send);
    assert_int_equal(fixture_discard(f.netif), 0);
    assert_int_equal(f.stack->counters.ip_out_discards, 1);
    send.len = 1480;
    ms_ip_output(f.stack, &path, ms_frame_alloc(f.stack), &send);
    assert_int_equal(fixture_discard(f.netif), 1);
    send.len = 60000; /* the device cuts it */
    super = ms_frame_alloc(f.stack);
    super->segment_size = 1460;
    ms_ip_output(f.stack, &path, super, &send);
    assert_int_equal(fixture_discard(f.netif), 1);
    fixture_close(&f);
}

/* Nothing of what is sent to one host tells about another. */
/* proves: I29, C15, F10 */
static void whole_packets_have_no_identification(void **state)
{
    static struct datagram sent;
    struct ms_addr gateway = addr("10.0.0.254");
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    ms_neighbor_heard(f.netif, &gateway, PEER);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(fixture_send(&f, "8.8.8.8", 20), MS_OK);
        assert_true(fixture_sent(f.netif, &sent));
        assert_int_equal(load_be16(sent.bytes + 18), 0);
    }
    fixture_close(&f);
}

static void knows_our_addresses_and_broadcasts(void **state)
{
    struct fixture f;
    struct ms_addr a;

    (void)state;
    open_with_addresses(&f);
    a = addr("10.0.0.1");
    assert_ptr_equal(ms_ip_netif_of(f.stack, &a), f.netif);
    a = addr("192.168.0.1");
    assert_ptr_equal(ms_ip_netif_of(f.stack, &a), &f.netifs[1]);
    a = addr("10.0.0.2");
    assert_null(ms_ip_netif_of(f.stack, &a));
    assert_false(ms_ip_is_broadcast(f.stack, &a));
    a = addr("127.9.9.9");
    assert_true(ms_ip_is_own(f.stack, &a));
    a = addr("255.255.255.255");
    assert_true(ms_ip_is_broadcast(f.stack, &a));
    a = addr("192.168.255.255");
    assert_true(ms_ip_is_broadcast(f.stack, &a));
    a = addr("2001:db8::ff");
    assert_false(ms_ip_is_broadcast(f.stack, &a));
    fixture_close(&f);
}

static void a_detached_interface_leaves_nothing_behind(void **state)
{
    struct fixture f;
    struct ms_addr ours = addr("10.0.0.1");
    struct ms_addr source;
    struct path path;

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(fixture_send(&f, "10.0.0.9", 20), MS_OK);
    assert_int_equal(find(&f, NULL, "10.0.0.9", &source, &path), MS_OK);
    ms_ip_detach(f.netif);
    assert_false(ms_ip_path_is_valid(f.stack, &path));
    assert_false(ms_ip_is_own(f.stack, &ours));
    assert_int_equal(find(&f, NULL, "10.0.0.9", &source, &path), MS_ERROR_NO_ROUTE);
    assert_int_equal(find(&f, NULL, "192.168.0.9", &source, &path), MS_OK);
    fixture_close(&f);
}

static void confirms_only_while_the_path_is_valid(void **state)
{
    struct fixture f;
    struct ms_addr remote = addr("10.0.0.9");
    struct ms_addr source;
    struct path path;

    (void)state;
    open_with_addresses(&f);
    ms_neighbor_heard(f.netif, &remote, PEER);
    assert_int_equal(find(&f, NULL, "10.0.0.9", &source, &path), MS_OK);
    ms_ip_confirm(&path);
    ms_neighbor_remove(path.neighbor);
    ms_ip_confirm(&path);
    assert_null(ms_neighbor_find(f.netif, &remote));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_interface_source_and_next_hop),
        cmocka_unit_test(says_when_there_is_no_way_or_no_source),
        cmocka_unit_test(a_pinned_path_leaves_through_that_interface),
        cmocka_unit_test(writes_ipv4_headers),
        cmocka_unit_test(writes_ipv6_headers),
        cmocka_unit_test(groups_have_link_addresses_of_their_own),
        cmocka_unit_test(moves_the_place_of_a_partial_checksum_along),
        cmocka_unit_test(drops_what_is_too_large_and_may_not_be_cut),
        cmocka_unit_test(whole_packets_have_no_identification),
        cmocka_unit_test(knows_our_addresses_and_broadcasts),
        cmocka_unit_test(a_detached_interface_leaves_nothing_behind),
        cmocka_unit_test(confirms_only_while_the_path_is_valid),
    };

    return cmocka_run_group_tests_name("ip/ip", tests, NULL, NULL);
}
