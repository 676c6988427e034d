/* SPDX-License-Identifier: ISC */
/* TCP echo on 192.0.2.2 port 7 by tap echo0 (as root; give echo0 192.0.2.1/24 and set it up). */
#include "mstack/tcp.h"
#include "tap/tap.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void on_release(struct ms_buf *buf) { free(buf); }
static void on_eof(struct ms_tcp *tcp, void *u) { (void)u, ms_tcp_close(tcp); }
static void on_data(struct ms_tcp *tcp, void *u, const struct ms_slice *in, struct ms_frame *frame)
{
    struct ms_buf *buf = malloc(sizeof(*buf) + in->len); /* a copy: the tap wants its frame back */
    *buf = (struct ms_buf){ memcpy(buf + 1, in->data, in->len), in->len, 0, on_release, NULL };
    if ((void)u, (void)frame, ms_tcp_consumed(tcp, in->len), ms_tcp_send(tcp, buf) != MS_OK)
        free(buf);
}
static const struct ms_tcp_events *begin(struct ms_tcp *t, void *e, void **u) { return *u = t, e; }

int main(void)
{
    struct ms_tcp_events events = { .on_data = on_data, .on_eof = on_eof };
    struct ms_tcp_listen listen = { { ms_addr_ipv4(192, 0, 2, 2), 7, 0 }, 0, begin, &events };
    struct ms_tap *tap;
    struct ms_config config;
    ms_config_default(&config); /* in earnest: fill config.seed, check malloc, print the errors */
    struct ms_stack *stack = ms_stack_init(&config, malloc(16 << 20), 16 << 20);
    if (ms_tap_open(&tap, &(struct ms_tap_config){ .name = "echo0" }, (char[99]){ 0 }, 99) ||
        ms_netif_attach(stack, &ms_tap_device(tap)->driver, &listen.local.netif) ||
        ms_netif_add_addr(listen.local.netif, &listen.local.addr, 24, false) ||
        ms_tcp_listen(stack, &listen, NULL))
        return 1;
    ms_device_attach(ms_tap_device(tap), listen.local.netif);
    for (struct timespec t; timespec_get(&t, TIME_UTC);) {
        uint64_t now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
        ms_tap_receive(tap, now), ms_poll(stack, now);
        poll(&(struct pollfd){ ms_tap_fd(tap), POLLIN, 0 }, 1, 1);
    }
}
