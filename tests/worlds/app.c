/* SPDX-License-Identifier: ISC */
/* What an application does with its end of a connection, and whether it gets what was sent. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum {
    PATTERN_BYTES = 65521, /* a prime: no power of two apart are bytes the same */
    LENT_BYTES_MAX = 64 * 1024,
    KEEPALIVE_S = 30,
    RETRY_US = 200 * US_PER_MS,
    KEPT_FOR_US = 20 * US_PER_MS,
    SPOILT = 0x5a,
    WHAT_OPEN = 0x200,
    WHAT_EOF = 0x300,
    WHAT_END = 0x400,
};

/* Lent to a stack: bytes of its own, spoilt once they are back. */
struct lent {
    struct ms_buf buf;
    struct side *side;
    uint8_t bytes[];
};

/* --- Every byte is known by its place --- */

static const uint8_t *pattern(void)
{
    static uint8_t bytes[PATTERN_BYTES];
    struct dice dice = plan_dice(1, 1);

    for (uint32_t i = 0; bytes[0] == 0 && i < PATTERN_BYTES; i++)
        bytes[PATTERN_BYTES - 1 - i] = (uint8_t)(1 + dice_below(&dice, 255));
    return bytes;
}

/* The next run of the stream that a side sends, from offset on; *len is shortened to it. */
static const uint8_t *stream_at(unsigned number, uint32_t offset, uint32_t *len)
{
    uint32_t at = (uint32_t)(((uint64_t)offset + number * 4099) % PATTERN_BYTES);

    if (*len > PATTERN_BYTES - at)
        *len = PATTERN_BYTES - at;
    return pattern() + at;
}

static void write_stream(unsigned number, uint32_t offset, uint8_t *bytes, uint32_t len)
{
    uint32_t run;

    for (; len > 0; len -= run, bytes += run, offset += run) {
        const uint8_t *from;

        run = len;
        from = stream_at(number, offset, &run);
        memcpy(bytes, from, run);
    }
}

static bool is_stream(unsigned number, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    uint32_t run;

    for (; len > 0; len -= run, bytes += run, offset += run) {
        const uint8_t *from;

        run = len;
        from = stream_at(number, offset, &run);
        if (memcmp(bytes, from, run) != 0)
            return false;
    }
    return true;
}

static void work_at(struct side *side, uint64_t at_us)
{
    if (at_us < side->world->now_us)
        at_us = side->world->now_us;
    if (side->timer_at_us > side->world->now_us && side->timer_at_us <= at_us)
        return;
    side->timer_at_us = at_us;
    world_schedule(side->world, at_us, EVENT_APP, side->number, NULL);
}

/* --- Sending --- */

static void on_release(struct ms_buf *buf)
{
    struct lent *lent = (struct lent *)(void *)buf;
    struct side *side = lent->side;

    side->lent_buffers--;
    side->lent_bytes -= buf->len;
    memset(lent->bytes, SPOILT, buf->len);
    free(lent);
    if (!side->has_ended && side->written < side->plan->bytes)
        work_at(side, side->next_write_us);
}

static bool write_one(struct side *side)
{
    uint32_t left = side->plan->bytes - side->written;
    uint32_t len = 1 + dice_below(&side->dice, side->plan->chunk_bytes);
    struct lent *lent;
    enum ms_error error;

    len = len < left ? len : left;
    lent = malloc(sizeof(*lent) + len);
    if (!lent)
        abort();
    lent->buf = (struct ms_buf){ .data = lent->bytes, .len = len, .release = on_release };
    lent->side = side;
    write_stream(side->number, side->written, lent->bytes, len);
    error = ms_tcp_send(side->tcp, &lent->buf);
    if (error != MS_OK) {
        if (error != MS_ERROR_STATE) /* it has ended, and on_close is to come */
            world_fail(side->world, "side %u: cannot send: %s", side->number, ms_error_text(error));
        free(lent);
        return false;
    }
    side->lent_buffers++;
    side->lent_bytes += len;
    side->written += len;
    return true;
}

static void write_some(struct side *side)
{
    while (side->written < side->plan->bytes && side->lent_bytes < LENT_BYTES_MAX &&
           side->world->now_us >= side->next_write_us && write_one(side)) {
        if (side->plan->write_gap_us > 0)
            side->next_write_us =
                side->world->now_us + 1 + dice_below(&side->dice, side->plan->write_gap_us);
    }
    if (side->written < side->plan->bytes && side->lent_bytes < LENT_BYTES_MAX &&
        side->next_write_us > side->world->now_us)
        work_at(side, side->next_write_us);
}

static void close_if_done(struct side *side)
{
    bool is_done = side->written == side->plan->bytes;
    enum closing closing = side->plan->closing;

    if (closing == CLOSE_BY_ABORT) {
        if (side->world->now_us >= side->plan->aborts_at_us)
            ms_tcp_abort(side->tcp);
        else
            work_at(side, side->plan->aborts_at_us);
        return;
    }
    if (side->has_closed || !is_done || (closing == CLOSE_AT_EOF && !side->has_eof))
        return;
    side->has_closed = true;
    ms_tcp_close(side->tcp);
}

/* --- Receiving --- */

static void release_kept(struct side *side)
{
    for (unsigned i = 0; i < side->kept_count; i++) {
        const struct kept *kept = &side->kept[i];

        if (!is_stream(side->number ^ 1, kept->offset, kept->data, kept->len))
            world_fail(side->world, "side %u: a kept frame has changed", side->number);
        ms_frame_put(kept->frame);
    }
    side->kept_count = 0;
}

static void read_some(struct side *side)
{
    uint32_t most = side->plan->read_bytes;
    uint32_t len = most > 0 && most < side->unread ? most : side->unread;

    if (side->unread == 0)
        return;
    if (side->world->now_us < side->next_read_us) {
        work_at(side, side->next_read_us);
        return;
    }
    ms_tcp_consumed(side->tcp, len);
    side->unread -= len;
    side->next_read_us = side->world->now_us + side->plan->read_gap_us;
    if (side->unread > 0)
        work_at(side, side->next_read_us);
}

static void keep(struct side *side, const struct ms_slice *slice, struct ms_frame *frame)
{
    if (!side->plan->keeps_frames || side->kept_count == KEPT_MAX)
        return;
    ms_frame_get(frame);
    side->kept[side->kept_count++] =
        (struct kept){ frame, slice->data, slice->len, side->received };
    work_at(side, side->world->now_us + KEPT_FOR_US);
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct side *side = user;

    (void)tcp;
    if (side->has_eof || side->has_ended)
        world_fail(side->world, "side %u: data after the end", side->number);
    if (slice->len > side_peer(side)->written - side->received ||
        !is_stream(side->number ^ 1, side->received, slice->data, slice->len))
        world_fail(side->world, "side %u: wrong bytes from %u on", side->number, side->received);
    keep(side, slice, frame);
    side->received += slice->len;
    side->unread += slice->len;
    read_some(side);
}

/* --- Its life --- */

static void on_open(struct ms_tcp *tcp, void *user)
{
    struct side *side = user;

    (void)tcp;
    side->is_open = true;
    world_record(side->world, WHAT_OPEN, side->number);
    world_tell(side->world, "side %u is open", side->number);
    work_at(side, side->world->now_us);
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    struct side *side = user;

    (void)tcp;
    if (side->has_eof || side->received != side_peer(side)->written)
        world_fail(side->world, "side %u: an end after %u of %u bytes", side->number,
                   side->received, side_peer(side)->written);
    side->has_eof = true;
    world_record(side->world, WHAT_EOF, side->number);
    world_tell(side->world, "side %u has the end of the stream", side->number);
    work_at(side, side->world->now_us);
}

static void check_close(struct side *side)
{
    const struct side *peer = side_peer(side);

    if (side->why != MS_OK)
        return;
    if (!side->has_eof || !side->has_closed)
        world_fail(side->world, "side %u: closed well before both ends were", side->number);
    if (peer->received != side->written)
        world_fail(side->world, "side %u: closed well, and the peer has %u of %u bytes",
                   side->number, peer->received, side->written);
}

static void end(struct side *side, enum ms_error why)
{
    side->has_ended = true;
    side->why = why;
    side->tcp = NULL;
    world_record(side->world, WHAT_END + side->number, why);
    world_tell(side->world, "side %u ends: %s", side->number, ms_error_text(why));
    check_close(side);
    work_at(side, side->world->now_us + KEPT_FOR_US);
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct side *side = user;

    if (side->has_ended || side->tcp != tcp)
        world_fail(side->world, "side %u: closed twice", side->number);
    end(side, why);
}

static const struct ms_tcp_events side_events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_eof = on_eof,
    .on_close = on_close,
};

static void set_options(struct side *side)
{
    enum ms_error error = MS_OK;

    if (side->plan->is_prompt)
        error = ms_tcp_set(side->tcp, MS_TCP_NO_DELAY, 1);
    if (error == MS_OK && side->plan->is_watched)
        error = ms_tcp_set(side->tcp, MS_TCP_KEEPALIVE_S, KEEPALIVE_S);
    if (error != MS_OK)
        world_fail(side->world, "side %u: cannot set: %s", side->number, ms_error_text(error));
}

static const struct ms_tcp_events *accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct side *side = listener_user;

    if (side->is_begun)
        return NULL; /* of an old duplicate: there was one already */
    side->is_begun = side->is_open = true;
    side->tcp = tcp;
    *user = side;
    set_options(side);
    world_record(side->world, WHAT_OPEN, side->number);
    world_tell(side->world, "side %u is accepted", side->number);
    work_at(side, side->world->now_us);
    return &side_events;
}

void side_prepare(struct world *world, unsigned number)
{
    const struct connection_plan *connection = &world->plan.connections[number / 2];
    struct side *side = &world->sides[number];

    side->world = world;
    side->number = number;
    side->host = &world->hosts[connection->host[number & 1]];
    side->plan = &connection->side[number & 1];
    side->dice = plan_dice(world->plan.seed, 3000 + number);
    side->next_read_us = side->plan->reads_from_us;
    side->has_ended = connection->is_dropped;
}

void side_listen(struct side *side)
{
    const struct ms_tcp_listen listen = {
        .local.port = (uint16_t)(PORT_SERVER + side->number / 2),
        .accept = accept,
        .user = side,
    };

    if (ms_tcp_listen(side->host->stack, &listen, &side->listener) != MS_OK)
        world_fail(side->world, "side %u: cannot listen", side->number);
}

static void begin(struct side *side)
{
    bool is_ipv6 = side->world->plan.connections[side->number / 2].is_ipv6;
    const struct host *server = side_peer(side)->host;
    const struct ms_tcp_connect connect = {
        .remote.addr = host_addr(server, is_ipv6, server->uses_other_address),
        .remote.port = (uint16_t)(PORT_SERVER + side->number / 2),
        .local.port = (uint16_t)(PORT_CLIENT + side->number / 2),
        .events = &side_events,
        .user = side,
    };
    enum ms_error error = ms_tcp_connect(side->host->stack, &connect, &side->tcp);

    if (error == MS_ERROR_NO_MEMORY || error == MS_ERROR_NO_ROUTE || error == MS_ERROR_NO_ADDRESS) {
        if (world_is_troubled(side->world))
            work_at(side, side->world->now_us + RETRY_US);
        else
            end(side, error);
        return;
    }
    side->is_begun = true;
    if (error != MS_OK)
        world_fail(side->world, "side %u: cannot connect: %s", side->number, ms_error_text(error));
    else
        set_options(side);
}

void side_work(struct side *side)
{
    side->timer_at_us = UINT64_MAX;
    release_kept(side);
    if (side->has_ended)
        return;
    if (!side->is_begun && !(side->number & 1))
        begin(side);
    if (side->tcp && side->is_open) {
        read_some(side);
        write_some(side);
        close_if_done(side);
    }
    host_wake(side->host);
}

/* A server that nobody ever reached has nothing to end. */
bool side_is_over(const struct side *side)
{
    const struct side *client = &side->world->sides[side->number & ~1u];

    if (side->lent_buffers > 0 || side->kept_count > 0)
        return false;
    return side->has_ended || (!side->is_begun && (side->number & 1) && client->has_ended);
}

/*
 * Its peer has gone without a word that arrived, or never came to be (a SYN cookie, and then no
 * room), and it has nothing to say: it may wait for ever, and its application need not.
 */
void side_give_up(struct side *side)
{
    const struct side *peer = side_peer(side);
    struct ms_tcp_info info;

    if (!side->tcp || side->world->has_failed)
        return;
    ms_tcp_info(side->tcp, &info);
    if ((!side_is_over(peer) && peer->is_begun) || info.queued_bytes > 0 || side->has_closed) {
        world_fail(side->world, "side %u hangs: %s, wrote %u of %u, received %u, queued %u",
                   side->number, ms_tcp_state_text(info.state), side->written, side->plan->bytes,
                   side->received, info.queued_bytes);
        return;
    }
    ms_tcp_abort(side->tcp);
    host_wake(side->host);
}
