/* SPDX-License-Identifier: ISC */
/* A UDP socket that remembers what it was told, on a pair of stacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "support/datagrams.h"

static void on_release(struct ms_buf *buf)
{
    MS_CONTAINER_OF(buf, struct counted_buf, buf)->released++;
}

struct counted_buf counted_buf(const void *data, uint32_t len)
{
    return (struct counted_buf){ .buf = { .data = data, .len = len, .release = on_release } };
}

static void take(struct receiver *receiver, const struct ms_slice *slice)
{
    assert_true(receiver->len + slice->len <= RECEIVER_BYTES);
    memcpy(receiver->bytes + receiver->len, slice->data, slice->len);
    receiver->len += slice->len;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    struct receiver *receiver = user;

    receiver->datagrams++;
    receiver->len = 0;
    take(receiver, &datagram->first);
    for (unsigned i = 0; i < datagram->more_count && receiver->len < datagram->len; i++) {
        struct ms_slice piece = datagram->more[i];

        piece.len = min_u32(piece.len, datagram->len - receiver->len);
        take(receiver, &piece);
    }
    assert_int_equal(receiver->len, datagram->len);
    receiver->remote = datagram->remote;
    receiver->local = datagram->local;
    receiver->hop_limit = datagram->hop_limit;
    receiver->traffic_class = datagram->traffic_class;
    if (receiver->closes_itself)
        ms_udp_close(udp);
}

static void on_error(struct ms_udp *udp, void *user, const struct ms_endpoint *remote,
                     enum ms_error error)
{
    struct receiver *receiver = user;

    (void)udp;
    assert_int_equal(error, MS_ERROR_UNREACHABLE);
    receiver->remote = *remote;
    receiver->errors++;
}

const struct ms_udp_events receiver_events = { .on_datagram = on_datagram, .on_error = on_error };

void receiver_open(struct receiver *receiver, struct pair *pair, unsigned host, uint16_t port)
{
    const struct ms_endpoint local = { .port = port };

    memset(receiver, 0, sizeof(*receiver));
    assert_int_equal(
        ms_udp_open(pair->hosts[host].stack, &local, &receiver_events, receiver, &receiver->udp),
        MS_OK);
}
