/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/eth.h. */
#include "wire/eth.h"

#include "exact.h"

static const uint8_t plain[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 'x' };
static const uint8_t tagged[] = { 2, 0, 0,    0,    0,    1,    2,    0,    0,  0,
                                  0, 2, 0x81, 0x00, 0x60, 0x05, 0x86, 0xdd, 'x' };

static enum ms_drop parse(struct eth_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_eth_header_parse(header, &b);

    *rest = b.len;
    exact_free(whole);
    return drop;
}

static void reads_a_plain_header(void **state)
{
    struct eth_header header;
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, plain, sizeof(plain), &rest), MS_DROP_NONE);
    assert_int_equal(header.type, ETHERTYPE_IPV4);
    assert_memory_equal(header.dst, plain, 6);
    assert_memory_equal(header.src, plain + 6, 6);
    assert_false(header.has_vlan);
    assert_int_equal(rest, 1);
}

static void reads_one_vlan_tag(void **state)
{
    struct eth_header header;
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, tagged, sizeof(tagged), &rest), MS_DROP_NONE);
    assert_true(header.has_vlan);
    assert_int_equal(header.vlan_id, 5);
    assert_int_equal(header.vlan_priority, 3);
    assert_int_equal(header.type, ETHERTYPE_IPV6);
    assert_int_equal(rest, 1);
}

/* proves: E01, E12 */
static void drops_runts_of_any_length(void **state)
{
    struct eth_header header;
    size_t rest;

    (void)state;
    for (size_t len = 0; len < ETH_HEADER_LEN; len++)
        assert_int_equal(parse(&header, plain, len, &rest), MS_DROP_ETH_RUNT);
    for (size_t len = 0; len < ETH_HEADER_LEN_MAX; len++)
        assert_int_equal(parse(&header, tagged, len, &rest), MS_DROP_ETH_RUNT);
}

static void accepts_a_frame_without_payload(void **state) /* the next layer drops it */
{
    struct eth_header header;
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, plain, ETH_HEADER_LEN, &rest), MS_DROP_NONE);
    assert_int_equal(rest, 0);
}

/* proves: E12 */
static void drops_lengths_in_place_of_a_type(void **state)
{
    struct eth_header header;
    uint8_t frame[sizeof(tagged)];
    size_t rest;

    (void)state;
    for (uint16_t type = 0; type < ETHERTYPE_LENGTHS_END; type++) {
        memcpy(frame, plain, sizeof(plain));
        store_be16(frame + 12, type);
        assert_int_equal(parse(&header, frame, sizeof(plain), &rest), MS_DROP_ETH_UNKNOWN_TYPE);
        memcpy(frame, tagged, sizeof(tagged));
        store_be16(frame + 16, type);
        assert_int_equal(parse(&header, frame, sizeof(tagged), &rest), MS_DROP_ETH_UNKNOWN_TYPE);
    }
}

/* proves: E12 */
static void drops_nested_vlan_tags(void **state)
{
    static const uint16_t types[] = { ETHERTYPE_VLAN, ETHERTYPE_SERVICE_VLAN };
    struct eth_header header;
    uint8_t frame[sizeof(tagged)];
    size_t rest;

    (void)state;
    memcpy(frame, tagged, sizeof(tagged));
    for (size_t i = 0; i < MS_ARRAY_LEN(types); i++) {
        store_be16(frame + 16, types[i]);
        assert_int_equal(parse(&header, frame, sizeof(frame), &rest), MS_DROP_ETH_NESTED_VLAN);
    }
}

static void emits_what_it_read(void **state)
{
    struct eth_header header;
    uint8_t out[32];
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, plain, sizeof(plain), &rest), MS_DROP_NONE);
    assert_int_equal(ms_eth_header_emit(&header, out + 32), ETH_HEADER_LEN);
    assert_memory_equal(out + 32 - ETH_HEADER_LEN, plain, ETH_HEADER_LEN);
    assert_int_equal(parse(&header, tagged, sizeof(tagged), &rest), MS_DROP_NONE);
    assert_int_equal(ms_eth_header_emit(&header, out + 32), ETH_HEADER_LEN_MAX);
    assert_memory_equal(out + 32 - ETH_HEADER_LEN_MAX, tagged, ETH_HEADER_LEN_MAX);
}

static void tells_groups_from_stations(void **state)
{
    (void)state;
    assert_true(eth_is_group((const uint8_t[]){ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }));
    assert_true(eth_is_group((const uint8_t[]){ 0x01, 0, 0x5e, 0, 0, 1 }));
    assert_false(eth_is_group(plain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_plain_header),
        cmocka_unit_test(reads_one_vlan_tag),
        cmocka_unit_test(drops_runts_of_any_length),
        cmocka_unit_test(accepts_a_frame_without_payload),
        cmocka_unit_test(drops_lengths_in_place_of_a_type),
        cmocka_unit_test(drops_nested_vlan_tags),
        cmocka_unit_test(emits_what_it_read),
        cmocka_unit_test(tells_groups_from_stations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
