/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/arp.c. */
#include "wire/arp.h"

#include "exact.h"

static const uint8_t request[] = {
    0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
};

static enum ms_drop parse(struct arp_header *header, const void *data, size_t len)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_arp_header_parse(header, &b);

    exact_free(whole);
    return drop;
}

static void reads_a_request(void **state)
{
    struct arp_header header;

    (void)state;
    assert_int_equal(parse(&header, request, sizeof(request)), MS_DROP_NONE);
    assert_int_equal(header.operation, ARP_REQUEST);
    assert_int_equal(header.sender_ip, 0x0a000001);
    assert_int_equal(header.target_ip, 0x0a000002);
    assert_memory_equal(header.sender_mac, request + 8, 6);
    assert_memory_equal(header.target_mac, request + 18, 6);
}

/* proves: E02 */
static void drops_every_truncation(void **state)
{
    struct arp_header header;

    (void)state;
    for (size_t len = 0; len < sizeof(request); len++)
        assert_int_equal(parse(&header, request, len), MS_DROP_ARP_MALFORMED);
}

/* proves: E04 */
static void drops_all_but_ethernet_and_ipv4(void **state)
{
    struct arp_header header;
    uint8_t packet[sizeof(request)];

    (void)state;
    for (size_t at = 0; at < 6; at++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(packet, request, sizeof(packet));
            packet[at] = (uint8_t)value;
            assert_int_equal(parse(&header, packet, sizeof(packet)),
                             value == request[at] ? MS_DROP_NONE : MS_DROP_ARP_MALFORMED);
        }
    }
}

static void emits_what_it_read(void **state)
{
    struct arp_header header;
    uint8_t out[ARP_HEADER_LEN];

    (void)state;
    assert_int_equal(parse(&header, request, sizeof(request)), MS_DROP_NONE);
    assert_int_equal(ms_arp_header_emit(&header, out + sizeof(out)), ARP_HEADER_LEN);
    assert_memory_equal(out, request, sizeof(request));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_request),
        cmocka_unit_test(drops_every_truncation),
        cmocka_unit_test(drops_all_but_ethernet_and_ipv4),
        cmocka_unit_test(emits_what_it_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
