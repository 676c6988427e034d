/* SPDX-License-Identifier: ISC */
/* Tests of tcp/state.c: the whole table as text, beside RFC 9293, 3.3.2. */
#include "tcp/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/bytes.h"

/* Each state with its arrows: the event, and where it leads. */
static const char table[] =
    "CLOSED: active-open SYN-SENT, passive-open ESTABLISHED\n"
    "LISTEN: end CLOSED\n"
    "SYN-SENT: SYN SYN-RECEIVED, SYN-ACK ESTABLISHED, end CLOSED\n"
    "SYN-RECEIVED: SYN-ACK ESTABLISHED, CLOSE FIN-WAIT-1, FIN CLOSE-WAIT, end CLOSED\n"
    "ESTABLISHED: CLOSE FIN-WAIT-1, FIN CLOSE-WAIT, end CLOSED\n"
    "FIN-WAIT-1: FIN CLOSING, FIN-ACKED FIN-WAIT-2, end CLOSED\n"
    "FIN-WAIT-2: FIN TIME-WAIT, end CLOSED\n"
    "CLOSE-WAIT: CLOSE LAST-ACK, end CLOSED\n"
    "CLOSING: FIN-ACKED TIME-WAIT, end CLOSED\n"
    "LAST-ACK: FIN-ACKED CLOSED, end CLOSED\n"
    "TIME-WAIT: end CLOSED\n";

static const char *const event_texts[TCP_EVENT_COUNT] = {
    [TCP_EVENT_ACTIVE_OPEN] = "active-open",
    [TCP_EVENT_PASSIVE_OPEN] = "passive-open",
    [TCP_EVENT_SYN] = "SYN",
    [TCP_EVENT_SYN_ACK] = "SYN-ACK",
    [TCP_EVENT_CLOSE] = "CLOSE",
    [TCP_EVENT_FIN] = "FIN",
    [TCP_EVENT_FIN_ACKED] = "FIN-ACKED",
    [TCP_EVENT_END] = "end",
};

static void has_the_arrows_of_rfc_9293(void **state)
{
    char text[4096];
    size_t len = 0;

    (void)state;
    for (unsigned s = 0; s < MS_TCP_STATE_COUNT; s++) {
        enum ms_tcp_state from = (enum ms_tcp_state)s;
        const char *before = ":";

        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", ms_tcp_state_text(from));
        for (unsigned e = 0; e < TCP_EVENT_COUNT; e++) {
            enum ms_tcp_state to = ms_tcp_state_next(from, (enum tcp_event)e);

            if (to == from)
                continue;
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s %s", before,
                                    event_texts[e], ms_tcp_state_text(to));
            before = ",";
        }
        len += (size_t)snprintf(text + len, sizeof(text) - len, "\n");
    }
    assert_string_equal(text, table);
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
