/* SPDX-License-Identifier: ISC */
/*
 * Scripts that must fail: where, why, and what was sent instead. Those that must pass are in
 * tests/script/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drill/run.h"

#define LISTEN                                      \
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n" \
    "+0 bind(3, ..., ...) = 0\n"                    \
    "+0 listen(3, 1) = 0\n"                         \
    "+0 < S 0:0(0) win 32792 <mss 1000>\n"          \
    "+0 > S. 0:0(0) ack 1 <mss 1460>\n"
#define OPEN LISTEN "+.1 < . 1:1(0) ack 1 win 1000\n+0 accept(3, ..., ...) = 4\n"

/* Plays it; the script stays until the next one, since the failure points into it. */
static bool play(const char *text, struct failure *failure)
{
    static struct script script;
    struct fault fault;

    script_free(&script);
    if (!script_parse(&script, text, strlen(text), false, &fault))
        fail_msg("%s", fault.text);
    return run_script(&script, NULL, failure);
}

static void passes_what_is_as_it_should_be(void **state)
{
    struct failure failure;

    (void)state;
    if (!play(OPEN "+0 write(4, ..., 500) = 500\n+0 > P. 1:501(500) ack 1\n", &failure))
        fail_msg("%s", failure.fault.text);
}

static void fails_where_and_why(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *fault;
    } rows[] = {
        { LISTEN "+.5 > S. 0:0(0) ack 1 <mss 1460>\n", 6, "nothing was sent until 0.562500" },
        { OPEN "+0 write(4, ..., 5) = 5\n+.2 > P. 1:6(5) ack 1\n", 9,
          "it was sent at 0.100000, and should at 0.300000" },
        { OPEN "+0 > . 1:1(0) ack 1\n", 8, "nothing was sent until 0.104000" },
        { OPEN "+0 write(4, ..., 5) = 5\n+0 > . 1:6(5) ack 1\n", 9, "the flags: not as expected" },
        { OPEN "+0 write(4, ..., 5) = 6\n", 8, "write() returned 5, and should 6" },
        { OPEN "+0 read(4, ..., 5) = 0\n", 8,
          "read() waits; when it ends is written +0...0.1, or it needs O_NONBLOCK" },
        { OPEN "+0 recv(4, ..., 5, MSG_DONTWAIT) = -1 EPIPE (x)\n", 8,
          "recv() returned -1 EAGAIN, and should -1 EPIPE" },
        { OPEN "+0...0.1 read(4, ..., 5) = 5\n", 8, "read() still waits" },
        { OPEN "+0...0.1 read(4, ..., 5) = 5\n+.5 < P. 1:6(5) ack 1 win 1000\n+0 close(4) = 0\n", 8,
          "the call ended at 0.600000, and should at 0.200000" },
        { OPEN "+0 read(9, ..., 5) = 0\n", 8, "read() returned -1 EBADF, and should 0" },
        { OPEN "+0 splice(4, 5) = 0\n", 8, "the call splice() is not supported" },
        { OPEN "+0 read(4) = 0\n", 8, "read() has at least 3 arguments" },
        { OPEN "+0 setsockopt(4, SOL_TCP, TCP_KEEPCNT, [1|x], 4) = 0\n", 8,
          "\"x]\" in argument 4 of setsockopt() is not supported" },
        { OPEN "+0 setsockopt(4, SOL_SOCKET, SO_LINGER, [1], 4) = 0\n", 8,
          "the option SO_LINGER of setsockopt() is not supported" },
        { OPEN "+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [EPIPE], [4]) = 0\n", 8, "SO_ERROR is 0" },
        { "0 socket(..., SOCK_DGRAM, 0) = 3\n", 1,
          "\"SOCK_DGRAM\" as argument 2 of socket() is not supported" },
        { OPEN "+0 %{ assert tcpi_state == 2 }%\n", 8,
          "tcpi_state == 2: on the left is 1, on the right 2" },
        { OPEN "+0 %{ assert tcpi_state == 1 and tcpi_lost > 0 }%\n", 8,
          "tcpi_lost > 0: on the left is 0, on the right 0" },
        { OPEN "+0 %{ assert tcpi_mood == 1 }%\n", 8, "the field \"tcpi_mood\" is not supported" },
        { OPEN "+0 %{ print(1) }%\n", 8, "only assertions are supported, not \"print(1) }%\"" },
        { OPEN "+0 %{ assert 1 }%\n", 8, "here should be ==, !=, <, <=, > or >=: \"}%\"" },
        { OPEN "+0 %{ assert 1 == 1 or 2 == 2 }%\n", 8, "this is not supported: \"or 2 == 2 }%\"" },
        { "0 %{ assert 1 == 1 }%\n", 1, "there is no connection" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failure failure;

        if (play(rows[i].text, &failure))
            fail_msg("%s: should fail", rows[i].text);
        assert_string_equal(failure.fault.text, rows[i].fault);
        assert_non_null(failure.event);
        assert_int_equal(failure.event->line, rows[i].line);
    }
}

static void shows_what_came_instead(void **state)
{
    struct failure failure;

    (void)state;
    assert_false(play(OPEN "+0 write(4, ..., 5) = 5\n+0 > P. 1:7(6) ack 1\n", &failure));
    assert_string_equal(failure.expected, "> P. 1:7(6) ack 1");
    assert_string_equal(failure.got, "> P. 1:6(5) ack 1 win 65535");
}

static void holds_claims_that_are_true(void **state)
{
    struct failure failure;

    (void)state;
    if (!play(OPEN "+0 %{ assert tcpi_state == 1, tcpi_state; assert 2 >= tcpi_state and "
                   "tcpi_snd_mss != 7\n assert tcpi_unacked < 1 and 1 <= 1 }%\n",
              &failure))
        fail_msg("%s", failure.fault.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_what_is_as_it_should_be),
        cmocka_unit_test(fails_where_and_why),
        cmocka_unit_test(shows_what_came_instead),
        cmocka_unit_test(holds_claims_that_are_true),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
