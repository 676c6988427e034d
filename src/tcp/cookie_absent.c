/* SPDX-License-Identifier: ISC */
/* In the place of SYN cookies: a SYN that finds no record is dropped, and its sender tries again.
 */
#include "tcp/verbs.h"

enum ms_drop ms_cookie_send(struct ms_tcp_listener *listener, struct segment *s)
{
    (void)s;
    listener->stack->counters.tcp_listen_overflows++;
    return MS_DROP_TCP_LISTEN_OVERFLOW;
}

enum ms_drop ms_cookie_input(struct ms_tcp_listener *listener, struct segment *s)
{
    (void)listener;
    (void)s;
    return MS_DROP_TCP_NO_CONNECTION;
}
