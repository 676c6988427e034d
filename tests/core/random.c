/* SPDX-License-Identifier: ISC */
/*
 * Tests of core/random.c. The known answers come from a SipHash written apart from this one, in
 * another language, which with two and four rounds gives the vector of the paper's appendix.
 */
#include "core/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/flow.h"

static const struct siphash_key counting_key = { UINT64_C(0x0706050403020100),
                                                 UINT64_C(0x0f0e0d0c0b0a0908) };
static const struct siphash_key ones_key = { UINT64_MAX, UINT64_MAX };

/* The words of the message 00 01 02 ... */
static uint64_t counting_word(unsigned i)
{
    return UINT64_C(0x0706050403020100) + UINT64_C(0x0808080808080808) * i;
}

/* proves: Z05 */
static void hashes_as_siphash_1_3(void **state)
{
    static const struct {
        size_t count;
        uint64_t hash;
    } vectors[] = {
        { 0, UINT64_C(0xabac0158050fc4dc) }, { 1, UINT64_C(0x369095118d299a8e) },
        { 2, UINT64_C(0xcc4fdd1a7d908b66) }, { 3, UINT64_C(0xf464aeb267349c8c) },
        { 4, UINT64_C(0x81157b6c16a7b60d) }, { 5, UINT64_C(0xc1d2363299e41531) },
        { 8, UINT64_C(0xf17997ec4b4a6065) },
    };
    uint64_t words[8];

    (void)state;
    for (unsigned i = 0; i < MS_ARRAY_LEN(words); i++)
        words[i] = counting_word(i);
    for (size_t i = 0; i < MS_ARRAY_LEN(vectors); i++)
        assert_true(ms_siphash(&counting_key, words, vectors[i].count) == vectors[i].hash);
}

static void hashes_with_all_bits_set(void **state)
{
    static const uint64_t hashes[] = { UINT64_C(0xa47c986ecb3f8f90), UINT64_C(0x5b16b7a8181980c2),
                                       UINT64_C(0xc51ea4f6822a5355) };
    static const uint64_t words[] = { UINT64_MAX, UINT64_MAX };

    (void)state;
    for (size_t count = 0; count < MS_ARRAY_LEN(hashes); count++)
        assert_true(ms_siphash(&ones_key, words, count) == hashes[count]);
}

static struct flow flow_of(struct ms_addr local, uint16_t local_port, struct ms_addr remote,
                           uint16_t remote_port)
{
    return (struct flow){
        .local = local, .remote = remote, .local_port = local_port, .remote_port = remote_port
    };
}

/* As SipHash of the twelve bytes that tell IPv4 flows apart. */
static void hashes_an_ipv4_flow(void **state)
{
    const struct ms_addr a = ms_addr_ipv4(192, 0, 2, 1), b = ms_addr_ipv4(198, 51, 100, 2);
    struct flow there = flow_of(a, 80, b, 54321), back = flow_of(b, 54321, a, 80);
    struct flow edge =
        flow_of(ms_addr_ipv4(0, 0, 0, 0), 0, ms_addr_ipv4(255, 255, 255, 255), 65535);

    (void)state;
    assert_int_equal(ms_flow_hash(&counting_key, &there), 0x46e2127a);
    assert_int_equal(ms_flow_hash(&counting_key, &back), 0x33d6747a);
    assert_int_equal(ms_flow_hash(&counting_key, &edge), 0xc34724ac);
}

/* And of all 36 bytes of IPv6 flows. */
static void hashes_an_ipv6_flow(void **state)
{
    const struct ms_addr a = { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
    const struct ms_addr b = { { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc,
                                 0xde, 0xf0 } };
    struct flow there = flow_of(a, 443, b, 1024), back = flow_of(b, 1024, a, 443);

    (void)state;
    assert_int_equal(ms_flow_hash(&counting_key, &there), 0xc0760b25);
    assert_int_equal(ms_flow_hash(&counting_key, &back), 0xb9a6493b);
}

static void hashes_each_bit_of_a_flow_and_key(void **state)
{
    static const struct ms_addr addrs[][2] = {
        { { { [10] = 0xff, [11] = 0xff } }, { { [10] = 0xff, [11] = 0xff } } },
        { { { 0x20, 1 } }, { { 0x20, 2 } } },
    };

    (void)state;
    for (size_t f = 0; f < MS_ARRAY_LEN(addrs); f++) {
        struct flow flow = flow_of(addrs[f][0], 1, addrs[f][1], 2);
        uint32_t hash = ms_flow_hash(&counting_key, &flow);

        for (unsigned bit = 0; bit < 8 * sizeof(flow); bit++) {
            bool counts = f == 1 || bit >= 256 || bit % 128 >= 96;

            ((uint8_t *)&flow)[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (counts)
                assert_int_not_equal(ms_flow_hash(&counting_key, &flow), hash);
            ((uint8_t *)&flow)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_not_equal(ms_flow_hash(&ones_key, &flow), hash);
    }
}

static void counting_seed(uint8_t seed[32])
{
    for (unsigned i = 0; i < 32; i++)
        seed[i] = (uint8_t)i;
}

static void gives_the_same_numbers_for_the_same_seed(void **state)
{
    struct random random;
    uint8_t seed[32];

    (void)state;
    counting_seed(seed);
    ms_random_init(&random, seed);
    assert_true(ms_random_u64(&random) == UINT64_C(0x8ab9af93c38b751b));
    assert_true(ms_random_u64(&random) == UINT64_C(0xd70e1a2773623490));
    assert_true(ms_random_u64(&random) == UINT64_C(0xb55333cb1b3cfac9));
}

static void gives_other_numbers_for_each_bit_of_the_seed(void **state)
{
    struct random random;
    uint8_t seed[32];
    uint64_t first;

    (void)state;
    counting_seed(seed);
    ms_random_init(&random, seed);
    first = ms_random_u64(&random);
    for (unsigned bit = 0; bit < 256; bit++) {
        seed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ms_random_init(&random, seed);
        assert_true(ms_random_u64(&random) != first);
        seed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void mixes_old_and_new_when_reseeded(void **state)
{
    struct random a, b, c;
    uint8_t seed[32] = { 1 }, other[32] = { 2 };

    (void)state;
    ms_random_init(&a, seed);
    ms_random_init(&b, other);
    c = a;
    ms_random_reseed(&a, seed);
    ms_random_reseed(&b, seed);
    assert_true(a.key.k0 != b.key.k0 && a.key.k1 != b.key.k1); /* the old counts */
    assert_true(a.key.k0 != c.key.k0 && a.key.k1 != c.key.k1);
    ms_random_reseed(&c, other);
    assert_true(a.key.k0 != c.key.k0 && a.key.k1 != c.key.k1); /* and the new */
    assert_true(a.key.k0 != a.key.k1);
}

static void stays_below_the_bound_and_reaches_all(void **state)
{
    static const uint32_t bounds[] = { 1, 2, 3, 10, 64 };
    struct random random;
    uint8_t seed[32] = { 7 };

    (void)state;
    ms_random_init(&random, seed);
    for (size_t b = 0; b < MS_ARRAY_LEN(bounds); b++) {
        unsigned counts[64] = { 0 };

        for (unsigned i = 0; i < 1000 * bounds[b]; i++) {
            uint32_t number = ms_random_below(&random, bounds[b]);

            assert_true(number < bounds[b]);
            counts[number]++;
        }
        for (unsigned i = 0; i < bounds[b]; i++)
            assert_in_range(counts[i], 800, 1200);
    }
    for (unsigned i = 0; i < 1000; i++)
        assert_true(ms_random_below(&random, UINT32_MAX) < UINT32_MAX);
}

static void gives_each_key_once(void **state)
{
    struct random random;
    uint8_t seed[32] = { 9 };
    struct siphash_key a, b;

    (void)state;
    ms_random_init(&random, seed);
    a = ms_random_key(&random);
    b = ms_random_key(&random);
    assert_true(a.k0 != a.k1 && a.k0 != b.k0 && a.k1 != b.k1 && a.k1 != b.k0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_as_siphash_1_3),
        cmocka_unit_test(hashes_with_all_bits_set),
        cmocka_unit_test(hashes_an_ipv4_flow),
        cmocka_unit_test(hashes_an_ipv6_flow),
        cmocka_unit_test(hashes_each_bit_of_a_flow_and_key),
        cmocka_unit_test(gives_the_same_numbers_for_the_same_seed),
        cmocka_unit_test(gives_other_numbers_for_each_bit_of_the_seed),
        cmocka_unit_test(mixes_old_and_new_when_reseeded),
        cmocka_unit_test(stays_below_the_bound_and_reaches_all),
        cmocka_unit_test(gives_each_key_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
