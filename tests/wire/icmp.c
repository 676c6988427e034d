/* SPDX-License-Identifier: ISC */
/* Tests of src/wire/icmp.c. */
#include "wire/icmp.h"

#include "exact.h"

static const uint8_t echo[] = { ICMP_ECHO_REQUEST, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 'x' };

static enum ms_drop parse(struct icmp_header *header, const void *data, size_t len, size_t *rest)
{
    struct bytes whole = exact(data, len);
    struct bytes b = whole;
    enum ms_drop drop = ms_icmp_header_parse(header, &b);

    *rest = b.len;
    exact_free(whole);
    return drop;
}

static void reads_and_emits_an_echo(void **state)
{
    struct icmp_header header;
    uint8_t out[ICMP_HEADER_LEN];
    size_t rest;

    (void)state;
    assert_int_equal(parse(&header, echo, sizeof(echo), &rest), MS_DROP_NONE);
    assert_int_equal(rest, 1);
    assert_int_equal(header.type, ICMP_ECHO_REQUEST);
    assert_int_equal(header.code, 0);
    assert_int_equal(icmp_echo_id(&header), 0x1234);
    assert_int_equal(icmp_echo_number(&header), 0x5678);
    assert_int_equal(ms_icmp_header_emit(&header, out + sizeof(out)), sizeof(out));
    assert_memory_equal(out, echo, sizeof(out));
}

/* proves: C01 */
static void drops_every_truncation(void **state)
{
    struct icmp_header header;
    size_t rest;

    (void)state;
    for (size_t len = 0; len < ICMP_HEADER_LEN; len++)
        assert_int_equal(parse(&header, echo, len, &rest), MS_DROP_ICMP_TRUNCATED);
}

/* proves: C03 */
static void leaves_an_error_its_quote_however_short(void **state)
{
    const uint8_t error[ICMP_HEADER_LEN + 48] = { ICMP_UNREACHABLE, 3 };
    struct icmp_header header;
    size_t rest;

    (void)state;
    for (size_t quote = 0; quote <= 48; quote++) {
        assert_int_equal(parse(&header, error, ICMP_HEADER_LEN + quote, &rest), MS_DROP_NONE);
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
