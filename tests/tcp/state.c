/* SPDX-License-Identifier: ISC */
/* Tests of tcp/state.c: the whole table as text, beside RFC 9293, 3.3.2. */
#include "tcp/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"

/* One line a state, one column an event; "-": no arrow. Events are those of enum tcp_event. */
static const char table[] =
    /* clang-format off */
    "             active-open passive-open SYN          SYN-ACK     CLOSE      FIN        FIN-ACKED  END\n"
    "CLOSED       SYN-SENT    ESTABLISHED  -            -           -          -          -          -\n"
    "LISTEN       -           -            -            -           -          -          -          CLOSED\n"
    "SYN-SENT     -           -            SYN-RECEIVED ESTABLISHED -          -          -          CLOSED\n"
    "SYN-RECEIVED -           -            -            ESTABLISHED FIN-WAIT-1 CLOSE-WAIT -          CLOSED\n"
    "ESTABLISHED  -           -            -            -           FIN-WAIT-1 CLOSE-WAIT -          CLOSED\n"
    "FIN-WAIT-1   -           -            -            -           -          CLOSING    FIN-WAIT-2 CLOSED\n"
    "FIN-WAIT-2   -           -            -            -           -          TIME-WAIT  -          CLOSED\n"
    "CLOSE-WAIT   -           -            -            -           LAST-ACK   -          -          CLOSED\n"
    "CLOSING      -           -            -            -           -          -          TIME-WAIT  CLOSED\n"
    "LAST-ACK     -           -            -            -           -          -          CLOSED     CLOSED\n"
    "TIME-WAIT    -           -            -            -           -          -          -          CLOSED\n";
/* clang-format on */

static const int widths[TCP_EVENT_COUNT] = { 12, 13, 13, 12, 11, 11, 11, 0 };

static void has_the_arrows_of_rfc_9293(void **state)
{
    char text[4096];
    size_t len = 0;

    (void)state;
    for (unsigned s = 0; s < MS_TCP_STATE_COUNT; s++) {
        enum ms_tcp_state from = (enum ms_tcp_state)s;

        len += (size_t)snprintf(text + len, sizeof(text) - len, "%-13s", ms_tcp_state_text(from));
        for (unsigned e = 0; e < TCP_EVENT_COUNT; e++) {
            enum ms_tcp_state to = ms_tcp_state_next(from, (enum tcp_event)e);

            len += (size_t)snprintf(text + len, sizeof(text) - len, "%-*s", widths[e],
                                    to == from ? "-" : ms_tcp_state_text(to));
        }
        len += (size_t)snprintf(text + len, sizeof(text) - len, "\n");
    }
    assert_string_equal(text, strchr(table, '\n') + 1);
}

/* Every way from CLOSED back to it, as RFC 9293, figure 5 draws them. */
static void walks_the_usual_ways(void **state)
{
    static const struct {
        enum tcp_event events[6];
        unsigned count;
        enum ms_tcp_state end;
    } ways[] = {
        { { TCP_EVENT_ACTIVE_OPEN, TCP_EVENT_SYN_ACK, TCP_EVENT_CLOSE, TCP_EVENT_FIN_ACKED,
            TCP_EVENT_FIN, TCP_EVENT_END },
          6,
          MS_TCP_CLOSED },
        { { TCP_EVENT_ACTIVE_OPEN, TCP_EVENT_SYN, TCP_EVENT_SYN_ACK, TCP_EVENT_CLOSE, TCP_EVENT_FIN,
            TCP_EVENT_FIN_ACKED },
          6,
          MS_TCP_TIME_WAIT },
        { { TCP_EVENT_PASSIVE_OPEN, TCP_EVENT_FIN, TCP_EVENT_CLOSE, TCP_EVENT_FIN_ACKED },
          4,
          MS_TCP_CLOSED },
        { { TCP_EVENT_ACTIVE_OPEN, TCP_EVENT_SYN, TCP_EVENT_CLOSE, TCP_EVENT_FIN_ACKED,
            TCP_EVENT_FIN },
          5,
          MS_TCP_TIME_WAIT },
    };

    (void)state;
    for (size_t w = 0; w < MS_ARRAY_LEN(ways); w++) {
        enum ms_tcp_state s = MS_TCP_CLOSED;

        for (unsigned i = 0; i < ways[w].count; i++) {
            enum ms_tcp_state before = s;

            s = ms_tcp_state_next(s, ways[w].events[i]);
            assert_int_not_equal(s, before); /* each is an arrow */
        }
        assert_int_equal(s, ways[w].end);
    }
}

static void has_no_text_for_what_is_no_state(void **state)
{
    (void)state;
    assert_string_equal(ms_tcp_state_text(MS_TCP_STATE_COUNT), "?");
    assert_string_equal(ms_tcp_state_text((enum ms_tcp_state)0x7fffffff), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_arrows_of_rfc_9293),
        cmocka_unit_test(walks_the_usual_ways),
        cmocka_unit_test(has_no_text_for_what_is_no_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
