/* SPDX-License-Identifier: ISC */
/* Two halves: what is on its way, and what has come since. */
#include "memory.h"
#include "unikernel.h"

/* What a connection is offered at the start, which no window scale can enlarge yet; also the
 * largest datagram. */
enum { ROOM_BYTES = 65535 };

struct half {
    struct ms_buf buf; /* first: release finds the half by it. Its length is what lies here */
    struct ms_outbox *outbox;
    uint8_t bytes[ROOM_BYTES];
};

struct ms_outbox {
    struct ms_tcp *tcp; /* NULL: gone, or a datagram's */
    bool is_open;
    unsigned lent;    /* halves */
    unsigned filling; /* the half that takes what comes */
    struct half halves[2];
};

struct ms_outboxes {
    unsigned count;
    struct ms_outbox all[];
};

static void lend_next(struct ms_outbox *outbox)
{
    struct half *half = &outbox->halves[outbox->filling];

    if (half->buf.len == 0 || ms_tcp_send(outbox->tcp, &half->buf) != MS_OK)
        return;
    outbox->lent++;
    outbox->filling ^= 1;
}

static void on_release(struct ms_buf *buf)
{
    struct ms_outbox *outbox = ((struct half *)(void *)buf)->outbox;

    outbox->lent--;
    if (outbox->tcp) {
        ms_tcp_consumed(outbox->tcp, buf->len);
        if (outbox->lent == 0)
            lend_next(outbox);
    }
    buf->len = 0;
}

static void empty(struct half *half, struct ms_outbox *outbox)
{
    half->buf = (struct ms_buf){ .data = half->bytes, .release = on_release };
    half->outbox = outbox;
}

struct ms_outboxes *ms_outboxes_make(unsigned count)
{
    struct ms_outboxes *outboxes = NULL;

    for (; count > 0 && !outboxes; count = outboxes ? count : count / 2)
        outboxes = ms_unikernel_memory(sizeof(*outboxes) + count * sizeof(struct ms_outbox));
    if (outboxes)
        outboxes->count = count;
    return outboxes;
}

static struct ms_outbox *take(struct ms_outboxes *outboxes)
{
    for (unsigned i = 0; i < outboxes->count; i++) {
        struct ms_outbox *outbox = &outboxes->all[i];

        if (outbox->is_open || outbox->lent > 0)
            continue;
        outbox->filling = 0;
        empty(&outbox->halves[0], outbox);
        empty(&outbox->halves[1], outbox);
        return outbox;
    }
    return NULL;
}

struct ms_outbox *ms_outbox_open(struct ms_outboxes *outboxes, struct ms_tcp *tcp)
{
    struct ms_outbox *outbox = take(outboxes);

    if (!outbox || ms_tcp_set(tcp, MS_TCP_RECV_WINDOW_BYTES, ROOM_BYTES) != MS_OK)
        return NULL;
    outbox->tcp = tcp;
    outbox->is_open = true;
    return outbox;
}

static void put(struct half *half, const struct ms_slice *slice)
{
    memcpy(half->bytes + half->buf.len, slice->data, slice->len);
    half->buf.len += slice->len;
}

void ms_outbox_send(struct ms_outbox *outbox, const struct ms_slice *slice)
{
    struct half *half = &outbox->halves[outbox->filling];

    /* More than was ever offered: not of this connection. */
    if (slice->len > ROOM_BYTES - half->buf.len) {
        ms_tcp_abort(outbox->tcp);
        return;
    }
    put(half, slice);
    if (outbox->lent == 0)
        lend_next(outbox);
}

void ms_outbox_finish(struct ms_outbox *outbox)
{
    lend_next(outbox);
    ms_tcp_close(outbox->tcp);
}

void ms_outbox_close(struct ms_outbox *outbox)
{
    outbox->tcp = NULL;
    outbox->is_open = false;
}

void ms_outbox_return(struct ms_outboxes *outboxes, struct ms_udp *udp,
                      const struct ms_datagram *datagram)
{
    struct ms_outbox *outbox = take(outboxes);

    if (!outbox || datagram->len > ROOM_BYTES)
        return;
    put(&outbox->halves[0], &datagram->first);
    for (unsigned i = 0; i < datagram->more_count; i++)
        put(&outbox->halves[0], &datagram->more[i]);
    if (ms_udp_send(udp, &datagram->remote, &outbox->halves[0].buf) == MS_OK)
        outbox->lent++;
}
