/* SPDX-License-Identifier: ISC */
/* What --dev says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device_spec.h"

static void reads_a_name_alone(void **state)
{
    struct device_spec spec;

    (void)state;
    assert_null(device_spec_parse("tap:mstack0", &spec));
    assert_int_equal(spec.medium, MS_MEDIUM_ETHERNET);
    assert_string_equal(spec.name, "mstack0");
    assert_int_equal(spec.host_addr_count, 0);
    assert_null(device_spec_parse("tun:x", &spec));
    assert_int_equal(spec.medium, MS_MEDIUM_IP);
}

static void reads_the_hosts_addresses(void **state)
{
    struct ms_addr four = ms_addr_ipv4(192, 0, 2, 1);
    struct device_spec spec;

    (void)state;
    assert_null(device_spec_parse("tap:a,host=192.0.2.1/24,host=2001:db8::1/64", &spec));
    assert_string_equal(spec.name, "a");
    assert_int_equal(spec.host_addr_count, 2);
    assert_true(ms_addr_equal(&spec.host_addrs[0].addr, &four));
    assert_int_equal(spec.host_addrs[0].prefix_len, 24);
    assert_int_equal(spec.host_addrs[1].prefix_len, 64);
}

static void refuses_the_rest(void **state)
{
    static const char *const wrong[] = {
        "",
        "tap",
        "tap:",
        "tap:,host=192.0.2.1/24",
        "eth:a",
        "tap:sixteencharacter",
        "tap:a/b",
        "tap:a%d",
        "tap:a b",
        "tap:a,",
        "tap:a,host",
        "tap:a,host=",
        "tap:a,host=192.0.2.1",
        "tap:a,host=192.0.2.1/24,",
        "tap:a,mtu=5",
        "tap:a,host=0.0.0.0/0",
        "tap:a,host=::/64",
        "tap:a,host=224.0.0.1/4",
        "tap:a,host=ff02::1/64",
    };
    struct device_spec spec;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (!device_spec_parse(wrong[i], &spec))
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

static void bounds_the_hosts_addresses(void **state)
{
    char text[200] = "tap:a";
    struct device_spec spec;

    (void)state;
    for (int i = 0; i < DEVICE_HOST_ADDRS_MAX; i++)
        strcat(text, ",host=::1/64");
    assert_null(device_spec_parse(text, &spec));
    assert_int_equal(spec.host_addr_count, DEVICE_HOST_ADDRS_MAX);
    strcat(text, ",host=::1/64");
    assert_non_null(device_spec_parse(text, &spec));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_name_alone),
        cmocka_unit_test(reads_the_hosts_addresses),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(bounds_the_hosts_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
