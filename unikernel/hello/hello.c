/* SPDX-License-Identifier: ISC */
/* The first unikernel to read: whatever comes to port 7, by TCP or UDP, goes back. */
#include "unikernel.h"

enum { PORT = 7, ECHOES = 256, ECHO_BYTES = 16384 };

/* What goes back, in memory of our own: the device wants that of the frame again. */
struct echo {
    struct ms_buf buf; /* first: release finds the echo by it */
    struct echo *next;
    uint8_t bytes[ECHO_BYTES];
};

static struct echo *unused;

static void give_back(struct ms_buf *buf)
{
    struct echo *echo = (struct echo *)(void *)buf;

    echo->next = unused;
    unused = echo;
}

/* NULL: too much is on its way already, or it is too long. */
static struct ms_buf *copy(const struct ms_slice *slice)
{
    struct echo *echo = unused;

    if (!echo || slice->len > ECHO_BYTES)
        return NULL;
    unused = echo->next;
    __builtin_memcpy(echo->bytes, slice->data, slice->len);
    echo->buf = (struct ms_buf){ .data = echo->bytes, .len = slice->len, .release = give_back };
    return &echo->buf;
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct ms_buf *buf = copy(slice);

    (void)user, (void)frame;
    if (!buf) {
        ms_tcp_abort(tcp);
        return;
    }
    ms_tcp_consumed(tcp, slice->len);
    if (ms_tcp_send(tcp, buf) != MS_OK)
        give_back(buf);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)user;
    ms_tcp_close(tcp);
}

static const struct ms_tcp_events *accept(struct ms_tcp *tcp, void *listener, void **user)
{
    static const struct ms_tcp_events events = { .on_data = on_data, .on_eof = on_eof };

    (void)tcp, (void)listener, (void)user;
    return &events;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    struct ms_buf *buf = datagram->more_count == 0 ? copy(&datagram->first) : NULL;

    (void)user;
    if (buf && ms_udp_send(udp, &datagram->remote, buf) != MS_OK)
        give_back(buf);
}

void ms_unikernel_start(const struct ms_unikernel *unikernel)
{
    static const struct ms_udp_events events = { .on_datagram = on_datagram };
    struct ms_tcp_listen listen = { .local = { .port = PORT }, .accept = accept };
    struct echo *echoes = ms_unikernel_memory(ECHOES * sizeof(*echoes));
    struct ms_udp *udp;

    for (unsigned i = 0; echoes && i < ECHOES; i++)
        give_back(&echoes[i].buf);
    if (!echoes || ms_tcp_listen(unikernel->stack, &listen, NULL) != MS_OK ||
        ms_udp_open(unikernel->stack, &listen.local, &events, NULL, &udp) != MS_OK)
        ms_unikernel_panic("cannot listen");
    ms_unikernel_print("hello: whatever comes to port 7 goes back\n");
}
