/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/udp.h. */
#include "wire/udp.h"

#include "exact.h"

static const uint8_t datagram[] = { 0, 7, 0, 9, 0, 11, 0xab, 0xcd, 'a', 'b', 'c' };

static enum ms_drop parse(struct udp_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_udp_header_parse(header, &b);

    *rest = b.len;
    exact_free(whole);
    return drop;
}

static void reads_and_emits_a_header(void **state)
{
    struct udp_header header;
    uint8_t out[UDP_HEADER_LEN];
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, datagram, sizeof(datagram), &rest), MS_DROP_NONE);
    assert_int_equal(header.src_port, 7);
    assert_int_equal(header.dst_port, 9);
    assert_int_equal(header.len, 11);
    assert_int_equal(header.checksum, 0xabcd);
    assert_int_equal(rest, 3);
    assert_int_equal(ms_udp_header_emit(&header, out + sizeof(out)), sizeof(out));
    assert_memory_equal(out, datagram, sizeof(out));
}

static void drops_every_truncation(void **state)
{
    struct udp_header header;
    size_t rest;

    (void)state;
    for (size_t len = 0; len < sizeof(datagram); len++)
        assert_int_equal(parse(&header, datagram, len, &rest),
                         len < UDP_HEADER_LEN ? MS_DROP_UDP_TRUNCATED : MS_DROP_UDP_BAD_LENGTH);
}

static void checks_the_length_and_cuts_to_it(void **state)
{
    struct udp_header header;
    uint8_t packet[sizeof(datagram)];
    size_t rest;

    (void)state;
    memcpy(packet, datagram, sizeof(packet));
    for (unsigned len = 0; len <= 65535; len++) {
        const bool fits = len >= UDP_HEADER_LEN && len <= sizeof(packet);

        store_be16(packet + 4, (uint16_t)len);
        assert_int_equal(parse(&header, packet, sizeof(packet), &rest),
                         fits ? MS_DROP_NONE : MS_DROP_UDP_BAD_LENGTH);
        assert_int_equal(rest, fits ? len - UDP_HEADER_LEN : sizeof(packet));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_emits_a_header),
        cmocka_unit_test(drops_every_truncation),
        cmocka_unit_test(checks_the_length_and_cuts_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
