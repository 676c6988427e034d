/* SPDX-License-Identifier: ISC */
/* Tests of core/addr.c: the texts of RFC 4291 and 5952, all that is no address, round trips. */
#include "mstack/addr.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/flow.h"
#include "support/random.h"

/* Parses a copy of the text that ends where its memory ends. */
static enum ms_error parse(struct ms_addr *addr, const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    enum ms_error error;

    strcpy(copy, text);
    error = ms_addr_parse(addr, copy);
    free(copy);
    return error;
}

/* Formats into memory no larger than promised. */
static void assert_text(const struct ms_addr *addr, const char *text)
{
    char *written = malloc(MS_ADDR_TEXT_SIZE);
    size_t len = ms_addr_format(addr, written);

    assert_string_equal(written, text);
    assert_int_equal(len, strlen(text));
    free(written);
}

static void reads_and_writes_texts_of_rfc_5952(void **state)
{
    static const struct {
        const char *read, *written;
    } texts[] = {
        { "::", "::" },
        { "::1", "::1" },
        { "1::", "1::" },
        { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },  /* 1, 4.2.3 */
        { "2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, /* 2.1 */
        { "2001:db8::1:0:0:1", "2001:db8::1:0:0:1" },
        { "2001:db8:0000:0:1::1", "2001:db8::1:0:0:1" },
        { "2001:DB8:0:0:1::1", "2001:db8::1:0:0:1" }, /* 4.3 */
        { "2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1" },
        { "2001:db8:aaaa:bbbb:cccc:dddd:0:1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1" }, /* 4.2.2 */
        { "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },                          /* 4.2.2 */
        { "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" },                                /* 4.2.1 */
        { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" }, /* 4.2.3: the longest */
        { "0:0:1:0:0:0:0:0", "0:0:1::" },
        { "0:1:0:1:0:1:0:1", "0:1:0:1:0:1:0:1" },
        { "0:0:0:0:0:0:0:8", "::8" },
        { "8:0:0:0:0:0:0:0", "8::" },
        { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
        { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
        { "1:0:0:4:5:6:7:8", "1::4:5:6:7:8" },
        { "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
        { "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789" },
        { "ff02::1:ff00:1", "ff02::1:ff00:1" },
        { "::13.1.68.3", "::d01:4403" },
        { "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
        { "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
        { "1:2:3:4:5::1.2.3.4", "1:2:3:4:5:0:102:304" },
        { "0.0.0.0", "0.0.0.0" },
        { "255.255.255.255", "255.255.255.255" },
        { "192.0.2.1", "192.0.2.1" },
        { "10.100.9.99", "10.100.9.99" },
        { "::ffff:192.0.2.1", "192.0.2.1" },
        { "::ffff:c000:0201", "192.0.2.1" },
        { "0:0:0:0:0:FFFF:0:1", "0.0.0.1" },
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(texts); i++) {
        struct ms_addr addr;

        assert_int_equal(parse(&addr, texts[i].read), MS_OK);
        assert_text(&addr, texts[i].written);
    }
}

static const char *const not_addresses[] = {
    "",
    " ",
    "x",
    "1",
    "12345",
    "1.2.3",
    "1.2.3.",
    "1.2.3.4.",
    "1.2.3.4.5",
    ".1.2.3",
    "1..2.3",
    "256.1.1.1",
    "1.2.3.256",
    "1.2.3.999",
    "1.2.3.1000",
    "1.2.3.4294967297",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3.00",
    "0x1.2.3.4",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.-4",
    "1.2.3.+4",
    "1.2.3.4/8",
    "1,2,3,4",
    ":",
    ":::",
    "::::",
    "1:",
    ":1",
    ":1:2:3:4:5:6:7:8",
    "1:::",
    "1:::2",
    "1::2::3",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:",
    "1:2:3:4:5:6:7:8:",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "::12345",
    "00001::",
    "g::",
    "::g",
    "fe80::1%eth0",
    "[::1]",
    "::1/64",
    "::1 ",
    " ::1",
    "1::-2",
    "::1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.256",
    "::01.2.3.4",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1:2:3:4:5:1.2.3.4",
    "::1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:6:7:8:1.2.3.4",
    "::a.2.3.4",
    "::1.2.3.4.",
    "::.1.2.3",
};

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(not_addresses); i++) {
        struct ms_addr addr;

        memset(&addr, 0xaa, sizeof(addr));
        if (parse(&addr, not_addresses[i]) != MS_ERROR_INVALID)
            fail_msg("\"%s\" was taken", not_addresses[i]);
        for (unsigned j = 0; j < 16; j++)
            assert_int_equal(addr.bytes[j], 0xaa); /* left alone */
    }
}

/* Half of the groups zero, so that runs of all lengths and places come up. */
static struct ms_addr random_addr(struct dice *dice)
{
    struct ms_addr addr;

    for (unsigned i = 0; i < 8; i++) {
        uint16_t group = dice_below(dice, 2) ? (uint16_t)dice_u64(dice) : 0;

        store_be16(addr.bytes + 2 * (size_t)i, (uint16_t)(group >> 4 * dice_below(dice, 4)));
    }
    return addr;
}

static void reads_back_what_it_wrote(void **state)
{
    struct dice dice = { 3 };

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        struct ms_addr addr = random_addr(&dice), again;
        char text[MS_ADDR_TEXT_SIZE], other[INET6_ADDRSTRLEN];

        if (i % 4 == 0)
            addr_set_ipv4(&addr, (uint32_t)dice_u64(&dice));
        assert_true(ms_addr_format(&addr, text) < sizeof(text));
        assert_int_equal(parse(&again, text), MS_OK);
        assert_true(ms_addr_equal(&addr, &again));
        if (ms_addr_is_ipv4(&addr)) {
            inet_ntop(AF_INET, addr.bytes + 12, other, sizeof(other));
            assert_string_equal(text, other);
        } else if (memcmp(addr.bytes, (const uint8_t[12]){ 0 }, 12) != 0) {
            inet_ntop(AF_INET6, addr.bytes, other, sizeof(other)); /* same but for ::a.b.c.d */
            assert_string_equal(text, other);
        }
    }
}

/* What the C library thinks of a text; it takes the same ones. */
static bool libc_parse(const char *text, struct ms_addr *addr)
{
    uint8_t octets[4];

    if (inet_pton(AF_INET, text, octets) == 1) {
        *addr = ms_addr_ipv4(octets[0], octets[1], octets[2], octets[3]);
        return true;
    }
    return inet_pton(AF_INET6, text, addr->bytes) == 1;
}

static void agrees_with_the_c_library_on_random_texts(void **state)
{
    static const char alphabet[] = "0123456789abcdefF::::....g% ";
    struct dice dice = { 11 };
    unsigned taken = 0;

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        struct ms_addr addr, other;
        char text[MS_ADDR_TEXT_SIZE + 8];
        size_t len;

        if (i % 2) { /* an address with one to three changes */
            addr = random_addr(&dice);
            len = ms_addr_format(&addr, text);
            for (unsigned j = dice_below(&dice, 3) + 1; j > 0; j--)
                text[dice_below(&dice, (uint32_t)len)] = alphabet[dice_below(&dice, 26)];
        } else {
            len = dice_below(&dice, 20);
            for (size_t j = 0; j < len; j++)
                text[j] = alphabet[dice_below(&dice, sizeof(alphabet) - 1)];
            text[len] = '\0';
        }
        if (parse(&addr, text) == MS_OK) {
            taken++;
            assert_true(libc_parse(text, &other));
            assert_true(ms_addr_equal(&addr, &other));
        } else if (libc_parse(text, &other)) {
            fail_msg("\"%s\" was refused", text);
        }
    }
    assert_true(taken > 1000);
}

static void reads_no_byte_behind_the_text(void **state)
{
    struct dice dice = { 17 };

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        char text[64];
        struct ms_addr addr;
        size_t len = dice_below(&dice, sizeof(text));

        for (size_t j = 0; j < len; j++)
            text[j] = (char)(1 + dice_below(&dice, 255));
        text[len] = '\0';
        (void)!parse(&addr, text);
    }
}

static void tells_families_and_kinds_apart(void **state)
{
    static const struct {
        const char *text;
        bool is_ipv4, is_unspecified, is_multicast, is_link_local;
    } kinds[] = {
        { "::", false, true, false, false },
        { "0.0.0.0", true, true, false, false },
        { "::1", false, false, false, false },
        { "0.0.0.1", true, false, false, false },
        { "1::", false, false, false, false },
        { "223.255.255.255", true, false, false, false },
        { "224.0.0.0", true, false, true, false },
        { "239.255.255.255", true, false, true, false },
        { "240.0.0.0", true, false, false, false },
        { "ff02::1", false, false, true, false },
        { "ff00::", false, false, true, false },
        { "feff::", false, false, false, false },
        { "fe80::1", false, false, false, true },
        { "febf::1", false, false, false, true },
        { "fec0::1", false, false, false, false },
        { "fe7f::1", false, false, false, false },
        { "::fffe:0:0", false, false, false, false },
        { "::1:0:0", false, false, false, false },
        { "::ffff:0:0:1", false, false, false, false },
        { "::224.0.0.1", false, false, false, false },
        { "1::ffff:0:0", false, false, false, false },
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_LEN(kinds); i++) {
        struct ms_addr addr;

        assert_int_equal(parse(&addr, kinds[i].text), MS_OK);
        assert_int_equal(ms_addr_is_ipv4(&addr), kinds[i].is_ipv4);
        assert_int_equal(ms_addr_is_unspecified(&addr), kinds[i].is_unspecified);
        assert_int_equal(ms_addr_is_multicast(&addr), kinds[i].is_multicast);
        assert_int_equal(addr_is_link_local(&addr), kinds[i].is_link_local);
    }
}

static void compares_every_byte(void **state)
{
    struct ms_addr a = ms_addr_ipv4(192, 0, 2, 1), b;

    (void)state;
    assert_true(ms_addr_equal(&a, &a));
    for (unsigned i = 0; i < 16; i++) {
        b = a;
        b.bytes[i] ^= 0x80;
        assert_false(ms_addr_equal(&a, &b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_texts_of_rfc_5952),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(agrees_with_the_c_library_on_random_texts),
        cmocka_unit_test(reads_no_byte_behind_the_text),
        cmocka_unit_test(tells_families_and_kinds_apart),
        cmocka_unit_test(compares_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
