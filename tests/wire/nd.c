/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/nd.c. */
#include "wire/nd.h"

#include "exact.h"

enum { RS = 133, RA = 134, NS = 135, NA = 136, REDIRECT = 137 };

static enum ms_drop parse(struct nd_message *message, const void *data, size_t len)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    struct icmpv6_header icmpv6;
    enum ms_drop drop = ms_icmpv6_header_parse(&icmpv6, &b);

    if (!drop)
        drop = ms_nd_message_parse(message, &icmpv6, &b);
    exact_free(whole);
    return drop;
}

/* A neighbour solicitation with these options. */
static enum ms_drop parse_options(struct nd_message *message, const uint8_t *options, size_t len)
{
    uint8_t data[512] = { NS };

    memcpy(data + 24, options, len);
    return parse(message, data, 24 + len);
}

static struct nd_message full_message(uint8_t type)
{
    struct nd_message message = { .type = type };

    message.options.present = ND_OPTION_SOURCE_LINK | ND_OPTION_TARGET_LINK | ND_OPTION_MTU;
    message.options.mtu = 1480;
    memset(message.options.source_link, 0x12, 6);
    memset(message.options.target_link, 0x34, 6);
    message.options.prefix_count = 2;
    message.options.prefix[0] = (struct nd_prefix){ .prefix = { 0x20, 1 },
                                                    .prefix_len = 64,
                                                    .valid_s = UINT32_MAX,
                                                    .preferred_s = 7,
                                                    .flags = ND_PREFIX_ON_LINK };
    message.options.prefix[1] =
        (struct nd_prefix){ .prefix_len = 128, .flags = ND_PREFIX_AUTONOMOUS };
    if (type == RA) {
        message.flags = ND_ROUTER_MANAGED;
        message.hop_limit = 64;
        message.router_lifetime_s = 1800;
        message.reachable_ms = 30000;
        message.retransmit_ms = 1000;
    }
    if (type == NA)
        message.flags = ND_NEIGHBOR_SOLICITED | ND_NEIGHBOR_OVERRIDE;
    if (type == NS || type == NA)
        memset(message.target, 0x56, 16);
    return message;
}

static void reads_back_what_it_emits(void **state)
{
    (void)state;
    for (uint8_t type = RS; type <= NA; type++) {
        const struct nd_message message = full_message(type);
        struct nd_message parsed = { 0 };
        uint8_t out[ND_EMIT_LEN_MAX];
        const size_t len = ms_nd_message_emit(&message, out + sizeof(out));

        assert_int_equal(len, (type == RS ? 8 : type == RA ? 16 : 24) + 16 + 8 + 64);
        assert_int_equal(parse(&parsed, out + sizeof(out) - len, len), MS_DROP_NONE);
        assert_memory_equal(&parsed, &message, sizeof(message));
        for (size_t cut = 0; cut < len; cut++) {
            const enum ms_drop drop = parse(&parsed, out + sizeof(out) - len, cut);

            assert_true(drop != MS_DROP_NONE || cut % 8 == 0);
        }
    }
}

static void reads_a_redirect_and_emits_none(void **state)
{
    uint8_t data[40 + 8 + 16] = { REDIRECT };
    struct nd_message message;

    (void)state;
    memset(data + 8, 0x11, 16);
    memset(data + 24, 0x22, 16);
    memcpy(data + 40, (const uint8_t[]){ 2, 1, 1, 2, 3, 4, 5, 6 }, 8);
    memcpy(data + 48, (const uint8_t[]){ 4, 2, 0, 0, 0, 0, 0, 0, 'q' }, 9);
    assert_int_equal(parse(&message, data, sizeof(data)), MS_DROP_NONE);
    assert_memory_equal(message.target, data + 8, 16);
    assert_memory_equal(message.destination, data + 24, 16);
    assert_int_equal(message.options.present, ND_OPTION_TARGET_LINK | ND_OPTION_REDIRECTED);
    assert_int_equal(message.options.redirected.len, 8);
    assert_int_equal(ms_nd_message_emit(&message, data + sizeof(data)), 0);
    for (size_t len = 0; len < 40; len++)
        assert_int_not_equal(parse(&message, data, len), MS_DROP_NONE);
}

/* proves: S29 */
static void refuses_a_code(void **state)
{
    struct nd_message message;

    (void)state;
    for (uint8_t type = RS; type <= REDIRECT; type++) {
        const uint8_t data[40] = { type, 1 };

        assert_int_equal(parse(&message, data, sizeof(data)), MS_DROP_ND_MALFORMED);
    }
}

/* proves: S30 */
static void refuses_options_that_do_not_fit(void **state)
{
    struct nd_message message;

    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        const uint8_t zero[8] = { (uint8_t)type, 0 };
        const uint8_t beyond[8] = { (uint8_t)type, 2 };
        const uint8_t second[16] = { 99, 1, 0, 0, 0, 0, 0, 0, (uint8_t)type, 255 };

        assert_int_equal(parse_options(&message, zero, 8), MS_DROP_ND_MALFORMED);
        assert_int_equal(parse_options(&message, beyond, 8), MS_DROP_ND_MALFORMED);
        assert_int_equal(parse_options(&message, second, 16), MS_DROP_ND_MALFORMED);
        for (size_t len = 1; len < 8; len++)
            assert_int_equal(parse_options(&message, beyond, len), MS_DROP_ND_MALFORMED);
    }
}

/* proves: E04 */
static void refuses_link_addresses_that_are_not_ethernets(void **state)
{
    struct nd_message message;

    (void)state;
    for (uint8_t type = 1; type <= 2; type++) {
        for (uint8_t units = 1; units <= 8; units++) {
            const uint8_t option[64] = { type, units };

            assert_int_equal(parse_options(&message, option, (size_t)units * 8),
                             units == 1 ? MS_DROP_NONE : MS_DROP_ND_MALFORMED);
        }
    }
}

/* proves: S15, S16 */
static void skips_rdnss_and_dnssl_of_any_length(void **state)
{
    struct nd_message message;

    (void)state;
    for (uint8_t units = 1; units <= 8; units++) {
        /* What a reader of half options would take for a source link-layer address. */
        uint8_t options[64 + 8] = { 25, units };

        for (size_t at = 8; at < (size_t)units * 8; at += 8)
            options[at] = options[at + 1] = 1;
        memcpy(options + units * 8, (const uint8_t[]){ 5, 1, 0, 0, 0, 0, 5, 0 }, 8);
        assert_int_equal(parse_options(&message, options, (size_t)units * 8 + 8), MS_DROP_NONE);
        assert_int_equal(message.options.present, ND_OPTION_MTU);
        assert_int_equal(message.options.mtu, 1280);
        options[0] = 31;
        assert_int_equal(parse_options(&message, options, (size_t)units * 8 + 8), MS_DROP_NONE);
        assert_int_equal(message.options.present, ND_OPTION_MTU);
    }
}

/* proves: S35 */
static void ignores_prefixes_that_cannot_be(void **state)
{
    struct nd_message message;

    (void)state;
    for (unsigned prefix_len = 0; prefix_len < 256; prefix_len++) {
        const uint8_t option[32] = { 3, 4, (uint8_t)prefix_len };

        assert_int_equal(parse_options(&message, option, 32), MS_DROP_NONE);
        assert_int_equal(message.options.prefix_count, prefix_len <= 128);
    }
    for (uint8_t units = 1; units <= 8; units++) {
        const uint8_t option[64] = { 3, units, 64 };

        assert_int_equal(parse_options(&message, option, (size_t)units * 8), MS_DROP_NONE);
        assert_int_equal(message.options.prefix_count, units == 4);
    }
}

/* proves: S37 */
static void keeps_no_more_prefixes_than_there_is_room_for(void **state)
{
    uint8_t options[32 * 15];
    struct nd_message message;

    (void)state;
    for (size_t i = 0; i < 15; i++)
        memcpy(options + 32 * i, (const uint8_t[32]){ 3, 4, (uint8_t)i }, 32);
    assert_int_equal(parse_options(&message, options, sizeof(options)), MS_DROP_NONE);
    assert_int_equal(message.options.prefix_count, ND_PREFIXES_MAX);
    assert_int_equal(message.options.prefix[7].prefix_len, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_emits),
        cmocka_unit_test(reads_a_redirect_and_emits_none),
        cmocka_unit_test(refuses_a_code),
        cmocka_unit_test(refuses_options_that_do_not_fit),
        cmocka_unit_test(refuses_link_addresses_that_are_not_ethernets),
        cmocka_unit_test(skips_rdnss_and_dnssl_of_any_length),
        cmocka_unit_test(ignores_prefixes_that_cannot_be),
        cmocka_unit_test(keeps_no_more_prefixes_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
