/* SPDX-License-Identifier: ISC */
/* The first unikernel to read: whatever comes to port 7, by TCP or UDP, goes back. */
#include "unikernel.h"

enum { PORT = 7, OUTBOXES = 64 };

/* The frames that bytes come in belong to the device: they are copied, and sent from here. */
static struct ms_outboxes *outboxes;

static void on_data(struct ms_tcp *tcp, void *outbox, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    (void)tcp, (void)frame;
    ms_outbox_send(outbox, slice);
}

static void on_eof(struct ms_tcp *tcp, void *outbox)
{
    (void)tcp;
    ms_outbox_finish(outbox);
}

static void on_close(struct ms_tcp *tcp, void *outbox, enum ms_error why)
{
    (void)tcp, (void)why;
    ms_outbox_close(outbox);
}

/* Without an outbox there is no connection. */
static const struct ms_tcp_events *accept(struct ms_tcp *tcp, void *listener, void **outbox)
{
    static const struct ms_tcp_events events = { .on_data = on_data,
                                                 .on_eof = on_eof,
                                                 .on_close = on_close };

    (void)listener;
    *outbox = ms_outbox_open(outboxes, tcp);
    return *outbox ? &events : NULL;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    (void)user;
    ms_outbox_return(outboxes, udp, datagram);
}

void ms_unikernel_start(const struct ms_unikernel *unikernel)
{
    static const struct ms_udp_events events = { .on_datagram = on_datagram };
    struct ms_endpoint local = { .port = (uint16_t)ms_unikernel_number("port", PORT, 1, 65535) };
    struct ms_tcp_listen listen = { .local = local, .accept = accept };
    struct ms_udp *udp;

    outboxes = ms_outboxes_make(OUTBOXES);
    if (!outboxes || ms_tcp_listen(unikernel->stack, &listen, NULL) != MS_OK ||
        ms_udp_open(unikernel->stack, &local, &events, NULL, &udp) != MS_OK)
        ms_unikernel_panic("cannot listen");
    ms_unikernel_print("hello: whatever comes comes back\n");
}
