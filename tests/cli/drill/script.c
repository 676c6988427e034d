/* SPDX-License-Identifier: ISC */
/* Scripts: times, remarks, calls, and what is wrong with them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "drill/script.h"
#include "support/random.h"

static bool parse(struct script *script, const char *text, struct fault *fault)
{
    return script_parse(script, text, strlen(text), false, fault);
}

static void reads_times(void **state)
{
    static const struct {
        const char *text;
        bool is_any, is_relative;
        int64_t at_us, latest_us, end_us;
    } rows[] = {
        { "0 close(3) = 0", false, false, 0, 0, -1 },
        { "1.25 close(3) = 0", false, false, 1250000, 1250000, -1 },
        { "+.1 close(3) = 0", false, true, 100000, 100000, -1 },
        { "+0.000001 close(3) = 0", false, true, 1, 1, -1 },
        { "* close(3) = 0", true, false, 0, 0, -1 },
        { "+.1~+.3 close(3) = 0", false, true, 100000, 300000, -1 },
        { ".1~.3 close(3) = 0", false, false, 100000, 300000, -1 },
        { "+0...0.2 close(3) = 0", false, true, 0, 0, 200000 },
        { "1...1.5 close(3) = 0", false, false, 1000000, 1000000, 1500000 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct script script;
        struct fault fault;

        if (!parse(&script, rows[i].text, &fault))
            fail_msg("%s: %s", rows[i].text, fault.text);
        assert_int_equal(script.event_count, 1);
        assert_int_equal(script.events[0].is_any_time, rows[i].is_any);
        assert_int_equal(script.events[0].is_relative, rows[i].is_relative);
        assert_int_equal(script.events[0].at_us, rows[i].at_us);
        assert_int_equal(script.events[0].latest_us, rows[i].latest_us);
        assert_int_equal(script.events[0].end_us, rows[i].end_us);
        assert_string_equal(script.events[0].text, "close(3) = 0");
        script_free(&script);
    }
}

static void leaves_remarks_out_and_counts_lines(void **state)
{
    static const char text[] = "// one\n# two\n/* three\n four */ 0 close(3) = 0 // five\n\n"
                               "--tolerance_usecs=10000\n"
                               "+0 %{ assert tcpi_state == 1\n assert tcpi_lost == 0 }%\n"
                               "+0 > . 1:1(0) ack 1\n";
    struct script script;
    struct fault fault;

    (void)state;
    if (!parse(&script, text, &fault))
        fail_msg("%s", fault.text);
    assert_int_equal(script.event_count, 3);
    assert_int_equal(script.tolerance_us, 10000);
    assert_int_equal(script.events[0].line, 4);
    assert_int_equal(script.events[1].line, 7);
    assert_int_equal(script.events[1].kind, EVENT_CLAIM);
    assert_int_equal(script.events[2].line, 9);
    assert_int_equal(script.events[2].kind, EVENT_PACKET);
    script_free(&script);
}

static void reads_calls(void **state)
{
    static const char text[] =
        "0 setsockopt( 3 , SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n"
        "0 read(4, ..., 1000) = -1 EAGAIN (Resource temporarily unavailable)\n"
        "0 sendto(4, {a, b}, \"x,y)\", 0x10|MSG_DONTWAIT) = ?\n";
    struct script script;
    struct fault fault;
    const struct call *call;
    int64_t number;

    (void)state;
    if (!parse(&script, text, &fault))
        fail_msg("%s", fault.text);
    call = &script.events[0].what.call;
    assert_string_equal(call->name, "setsockopt");
    assert_int_equal(call->argument_count, 5);
    assert_string_equal(call->arguments[0], "3");
    assert_true(call_number(call, 1, &number, &fault));
    assert_int_equal(number, SOL_SOCKET);
    assert_true(call_number(call, 3, &number, &fault));
    assert_int_equal(number, 1);
    call = &script.events[1].what.call;
    assert_int_equal(call->result, -1);
    assert_int_equal(call->error, EAGAIN);
    assert_false(call_number(call, 1, &number, &fault));
    assert_string_equal(fault.text, "\"...\" as argument 2 of read() is not supported");
    assert_false(call_number(call, 3, &number, &fault));
    assert_string_equal(fault.text, "read() has no argument 4");
    call = &script.events[2].what.call;
    assert_string_equal(call->arguments[1], "{a, b}");
    assert_string_equal(call->arguments[2], "\"x,y)\"");
    assert_true(call_number(call, 3, &number, &fault));
    assert_int_equal(number, 0x10 | MSG_DONTWAIT);
    assert_true(call->has_any_result);
    script_free(&script);
}

static void says_what_is_wrong_and_where(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *fault;
    } rows[] = {
        { "", 0, "there is nothing in it" },
        { "// nothing\n", 0, "there is nothing in it" },
        { "/* for ever", 0, "/* is not closed by */" },
        { "0 close(3) = 0\nclose(3) = 0\n", 2,
          "here should be a time, as in 0.1 or +0.1: \"close(3) = 0\n\"" },
        { "+.3~+.1 close(3) = 0", 1, "a range of time ends where it began, or later" },
        { ".3....1 close(3) = 0", 1, "a call ends when it began, or later" },
        { "0 close(3)", 1, "close() without = and its result" },
        { "0 close(3", 1, "close( is not closed by )" },
        { "0 close(3) = zero", 1, "the result of close() is a number" },
        { "0 close(3) = -1 EODD", 1, "the error \"EODD\" is not supported" },
        { "0 close(3) = 0 0", 1, "what is this at the end: \"0\"" },
        { "0 close(1,2,3,4,5,6,7,8,9) = 0", 1, "close() with more arguments than it can have" },
        { "0 17", 1, "here should be a packet, a call or an assertion: \"17\"" },
        { "0 %{ assert 1 == 1", 1, "%{ is not closed by }%" },
        { "0 `ls`", 1, "commands of a shell are not supported" },
        { "`ls`", 1, "commands of a shell are not supported" },
        { "--mss=1000\n0 close(3) = 0", 1, "the option \"--mss=1000\" is not supported" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct script script;
        struct fault fault;

        if (parse(&script, rows[i].text, &fault))
            fail_msg("%s: should not be understood", rows[i].text);
        assert_string_equal(fault.text, rows[i].fault);
        assert_int_equal(script.line, rows[i].line);
    }
    {
        struct script script;
        struct fault fault;

        assert_false(script_parse(&script, "0 close(3)\0 = 0", 15, false, &fault));
        assert_string_equal(fault.text, "this is not a text");
        assert_false(script_read(&script, "/nowhere/at.all", false, &fault));
        assert_string_equal(fault.text, "No such file or directory");
        assert_false(script_read(&script, "/", false, &fault));
        assert_string_equal(fault.text, "Is a directory");
    }
}

/* Whatever stands there, it is a script or a fault. */
static void bears_any_text(void **state)
{
    static const char sample[] =
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n/* x */ +0 < S 0:0(0) win 5 <mss 1000,"
        "sackOK,TS val 1 ecr 0,nop,wscale 7>\n+.1~+.2 > S. 0:0(0) ack 1 <...>\n"
        "+0...1 accept(3, ..., ...) = 4 // y\n* %{ assert tcpi_state == 1, x }%\n"
        "+0 < icmp unreachable frag_needed mtu 1200 [1:11(10)]\n";
    struct dice dice = { .state = 7 };

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        char text[sizeof(sample)];
        struct script script;
        struct fault fault;

        memcpy(text, sample, sizeof(sample));
        for (unsigned j = 0; j <= dice_below(&dice, 6); j++)
            text[dice_below(&dice, sizeof(sample) - 1)] = (char)(1 + dice_below(&dice, 127));
        if (parse(&script, text + dice_below(&dice, 8), &fault))
            script_free(&script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_times),    cmocka_unit_test(leaves_remarks_out_and_counts_lines),
        cmocka_unit_test(reads_calls),    cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(bears_any_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
