/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/icmpv6.c. */
#include "wire/icmpv6.h"

#include "exact.h"

static const uint8_t echo[] = { ICMPV6_ECHO_REQUEST, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 'x' };

static enum ms_drop parse(struct icmpv6_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_icmpv6_header_parse(header, &b);

    *rest = b.len;
    exact_free(whole);
    return drop;
}

static void reads_and_emits_an_echo(void **state)
{
    struct icmpv6_header header;
    uint8_t out[ICMPV6_HEADER_LEN];
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, echo, sizeof(echo), &rest), MS_DROP_NONE);
    assert_int_equal(rest, 1);
    assert_int_equal(header.type, ICMPV6_ECHO_REQUEST);
    assert_int_equal(header.code, 0);
    assert_int_equal(icmpv6_echo_id(&header), 0x1234);
    assert_int_equal(icmpv6_echo_number(&header), 0x5678);
    assert_int_equal(ms_icmpv6_header_emit(&header, out + sizeof(out)), sizeof(out));
    assert_memory_equal(out, echo, sizeof(out));
}

/* proves: S12 */
static void drops_every_truncation(void **state)
{
    struct icmpv6_header header;
    size_t rest;

    (void)state;
    for (size_t len = 0; len < ICMPV6_HEADER_LEN; len++)
        assert_int_equal(parse(&header, echo, len, &rest), MS_DROP_ICMP_TRUNCATED);
}

/* proves: S13 */
static void leaves_an_error_its_quote_however_short(void **state)
{
    const uint8_t error[ICMPV6_HEADER_LEN + 48] = { ICMPV6_UNREACHABLE, 3 };
    struct icmpv6_header header;
    size_t rest;

    (void)state;
    for (size_t quote = 0; quote <= 48; quote++) {
        assert_int_equal(parse(&header, error, ICMPV6_HEADER_LEN + quote, &rest), MS_DROP_NONE);
        assert_int_equal(rest, quote);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_emits_an_echo),
        cmocka_unit_test(drops_every_truncation),
        cmocka_unit_test(leaves_an_error_its_quote_however_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
