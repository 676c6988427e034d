/* SPDX-License-Identifier: ISC */
/* Packets to ourselves: they come back, without a device, and strangers cannot send the like. */
#include "ip/loop.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/fixture.h"

static void open_with_addresses(struct fixture *f)
{
    struct ms_config config = fixture_config();

    fixture_open(f, &config);
    fixture_add_addr(f->netif, "10.0.0.1", 24);
    fixture_add_addr(f->netif, "2001:db8::1", 64);
    fixture_advance(f, 10000000);
    fixture_discard(f->netif);
}

static void what_is_sent_to_ourselves_climbs_again(void **state)
{
    static const char *const own[] = { "10.0.0.1", "127.0.0.1", "2001:db8::1", "::1" };
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (size_t i = 0; i < MS_ARRAY_LEN(own); i++) {
        struct ms_addr expected = addr(own[i]);

        assert_true(ms_ip_loop_is_empty(f.stack));
        assert_int_equal(fixture_send(&f, own[i], 100), MS_OK);
        assert_false(ms_ip_loop_is_empty(f.stack));
        assert_int_equal(fixture_loop(&f), MS_DROP_NONE);
        assert_int_equal(f.packet.protocol, IP_PROTOCOL_UDP);
        assert_int_equal(f.packet.len, 100);
        assert_int_equal(f.packet.bytes.len, 8);
        assert_true(ms_addr_equal(&f.packet.flow.local, &expected));
        assert_true(ms_addr_equal(&f.packet.flow.remote, &expected));
        assert_true(f.packet.flags & PACKET_LOOPED);
    }
    assert_null(ms_ip_loop_take(f.stack));
    assert_int_equal(fixture_discard(f.netif), 0);
    fixture_close(&f);
}

static void large_datagrams_come_back_in_fragments(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(fixture_send(&f, "127.0.0.1", 65000), MS_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(fixture_loop(&f), MS_DROP_NONE);
        assert_int_equal(f.packet.protocol, IP_PROTOCOL_NONE);
    }
    assert_int_equal(fixture_loop(&f), MS_DROP_NONE);
    assert_int_equal(f.packet.protocol, IP_PROTOCOL_UDP);
    assert_int_equal(f.packet.len, 65000);
    assert_true(f.packet.flags & PACKET_LOOPED);
    fixture_close(&f);
}

static void holds_only_so_many(void **state)
{
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    for (unsigned i = 0; i < LOOP_QUEUE + 5; i++)
        assert_int_equal(fixture_send(&f, "127.0.0.1", 20), MS_OK);
    assert_int_equal(drops(&f, MS_DROP_SEND_QUEUE_FULL), 5);
    fixture_close(&f);
}

static void an_address_removed_meanwhile_is_no_longer_ours(void **state)
{
    struct ms_addr ours = addr("10.0.0.1");
    struct fixture f;

    (void)state;
    open_with_addresses(&f);
    assert_int_equal(fixture_send(&f, "10.0.0.1", 20), MS_OK);
    assert_int_equal(ms_netif_remove_addr(f.netif, &ours), MS_OK);
    assert_int_equal(fixture_loop(&f), MS_DROP_IP_NOT_FOR_US);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_to_ourselves_climbs_again),
        cmocka_unit_test(large_datagrams_come_back_in_fragments),
        cmocka_unit_test(holds_only_so_many),
        cmocka_unit_test(an_address_removed_meanwhile_is_no_longer_ours),
    };

    return cmocka_run_group_tests_name("ip/loop", tests, NULL, NULL);
}
