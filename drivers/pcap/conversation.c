/* SPDX-License-Identifier: ISC */
/* Plays one side of a captured TCP conversation against a live stack. */
#include "conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bytes.h"
#include "live.h"

enum {
    BATCH = 32,
    ACK_WAIT_US = 40000, /* a receiver answers at last, also if the capture does not */
    RESEND_US = 1000000, /* RFC 6298 (2.1) */
    RESEND_MAX_US = 60000000,
    RESET_WAIT_US = 1000000, /* how long an RST waits for what was sent before it */
    GIVE_UP_US = 600000000,
    PIECE_BYTES_MAX = 65000,
    MSS_DEFAULT = 536,
    MTU_DEFAULT = 1500,
    MTU_MIN = 1280,
    SLICES_MAX = 16,
    SHIFT_MAX = 14,
    TEXT_BYTES = 160,
    HOP_LIMIT = 64,
};

/* What a captured segment waits for. */
enum wait { WAIT_NOTHING, WAIT_STACK_SENDS, WAIT_STACK_WINDOW };

struct ms_conversation {
    struct ms_device device;
    const struct ms_streams *streams;
    const struct ms_stream *stream;
    const struct segment *segments; /* of the stream, both sides' */
    size_t count, next;             /* next: the one to play */
    uint32_t part;                  /* bytes of it that were sent already */
    enum ms_side me;
    struct translation translation;
    struct live live;
    enum ms_conversation_state state;
    char text[TEXT_BYTES];
    uint64_t give_up_us;
    bool has_begun;
    uint64_t base_us, late_us; /* live time = base + late + captured time */
    uint64_t now_us, progress_us;
    bool is_waiting;      /* nothing to play until the stack does something */
    uint64_t waiting_us;  /* since when */
    uint64_t answered_us; /* when the last acknowledgement of our own was sent */
    uint64_t resend_from_us, resend_wait_us;
    int64_t granted;      /* the stack's offset that our windows allow */
    uint16_t last_window; /* as captured, scaled */
    struct ms_frame *batch[BATCH];
    unsigned batch_count;
};

static int64_t data_offset(const struct segment *s)
{
    return s->offset + ((s->flags & SEGMENT_SYN) ? 1 : 0);
}

static const struct segment *next_segment(struct ms_conversation *c)
{
    while (c->next < c->count && c->segments[c->next].sender != c->me)
        c->next++;
    return c->next < c->count ? &c->segments[c->next] : NULL;
}

static uint64_t due_us(const struct ms_conversation *c, const struct segment *s)
{
    return c->base_us + c->late_us + (s->time_us - c->stream->first_us);
}

/* The segment's payload from the part that was not sent yet. Bytes that were put in order are
 * taken from there, since the frame itself may have been truncated. */
static const uint8_t *payload_of(const struct ms_conversation *c, const struct segment *s,
                                 uint32_t *len)
{
    const struct ms_stream_side *side = &c->stream->sides[c->me];
    int64_t first = data_offset(s) - 1;

    *len = s->payload_len - c->part;
    if (!s->is_corrupt && first >= 0 && (uint64_t)first + s->payload_len <= side->len)
        return side->data + first + c->part;
    *len = s->payload_stored > c->part ? s->payload_stored - c->part : 0;
    return ms_streams_bytes(c->streams, s->payload_at) + c->part;
}

static void queue(struct ms_conversation *c, const struct outgoing *o)
{
    struct ms_frame *frame = ms_translate(&c->translation, o);
    int64_t end = o->offset + o->payload_len + ((o->flags & SEGMENT_SYN) ? 1 : 0) +
                  ((o->flags & SEGMENT_FIN) ? 1 : 0);
    int64_t window = (int64_t)o->window << c->translation.captured_shift;

    if (!frame)
        return; /* lost; it will be sent again */
    if (o->payload_len > c->live.mss)
        frame->segment_size = c->live.mss;
    c->batch[c->batch_count++] = frame;
    if (o->is_corrupt || (o->flags & SEGMENT_RST))
        return;
    if (end > c->live.my_sent) {
        c->live.my_sent = end;
        c->resend_from_us = c->now_us;
    }
    if (!(o->flags & SEGMENT_ACK))
        return;
    if (o->flags & SEGMENT_SYN)
        window = o->window;
    if (o->ack_offset > c->live.last_ack)
        c->live.last_ack = o->ack_offset;
    if (o->ack_offset + window > c->granted)
        c->granted = o->ack_offset + window;
    if (o->ack_offset >= c->live.next)
        c->live.needs_ack = false;
}

/* The captured segment without its payload. */
static struct outgoing outgoing_of(const struct ms_conversation *c, const struct segment *s)
{
    int64_t ack = s->ack_offset;

    if (ack > c->translation.stack_limit)
        ack = c->translation.stack_limit;
    return (struct outgoing){
        .flags = s->flags,
        .traffic_class = s->traffic_class,
        .hop_limit = s->hop_limit,
        .options_len = s->options_len,
        .ip_id = s->ip_id,
        .window = s->window,
        .urgent = s->urgent,
        .offset = s->offset,
        .ack_offset = ack,
        .options = ms_streams_bytes(c->streams, s->options_at),
        .is_corrupt = s->is_corrupt,
    };
}

/* How many bytes of payload the stack's window takes now. */
static int64_t room_for(const struct ms_conversation *c, const struct segment *s)
{
    if (s->flags & (SEGMENT_SYN | SEGMENT_RST))
        return PIECE_BYTES_MAX;
    return c->live.edge - data_offset(s) - c->part;
}

/* Up to which of its offsets the stack must have sent, before the segment makes sense. */
static int64_t needs_sent(const struct ms_conversation *c, const struct segment *s)
{
    struct outgoing o = outgoing_of(c, s);
    int64_t sack_end;

    if (s->flags & SEGMENT_RST)
        return s->other_sent;
    if (!(s->flags & SEGMENT_ACK))
        return 0;
    sack_end = ms_translate_sack_end(&c->translation, &o);
    if (sack_end > o.ack_offset && sack_end <= c->translation.stack_limit)
        return sack_end;
    return o.ack_offset;
}

static enum wait waits_for(const struct ms_conversation *c, const struct segment *s)
{
    int64_t room = room_for(c, s);
    uint32_t len;

    if ((s->flags & SEGMENT_RST) && c->is_waiting && c->now_us - c->waiting_us >= RESET_WAIT_US)
        return WAIT_NOTHING;
    if ((s->flags & SEGMENT_ACK) && !c->translation.has_stack_isn)
        return WAIT_STACK_SENDS;
    if (needs_sent(c, s) > c->live.next)
        return WAIT_STACK_SENDS;
    (void)payload_of(c, s, &len);
    if (len > 0 && room < len && room < c->live.mss)
        return WAIT_STACK_WINDOW;
    return WAIT_NOTHING;
}

/* Sends the segment, or as much of it as the window and a packet take. */
static void play(struct ms_conversation *c, const struct segment *s)
{
    struct outgoing o = outgoing_of(c, s);
    int64_t room = room_for(c, s);
    uint32_t rest;

    o.payload = payload_of(c, s, &rest);
    if (room > PIECE_BYTES_MAX)
        room = PIECE_BYTES_MAX;
    o.payload_len = rest;
    o.offset += c->part;
    if (rest > 0 && room < rest) {
        o.payload_len = (uint32_t)room;
        o.flags &= (uint8_t) ~(SEGMENT_FIN | SEGMENT_PSH);
    }
    queue(c, &o);
    c->last_window = s->window;
    if (s->flags & SEGMENT_SYN)
        c->last_window = (uint16_t)(s->window >> c->translation.captured_shift);
    c->progress_us = c->now_us;
    if (c->is_waiting) {
        /* From here on all is so much later, the gaps between segments remain. */
        c->late_us += c->now_us - due_us(c, s);
        c->is_waiting = false;
    }
    if (o.payload_len < rest) {
        c->part += o.payload_len;
        return;
    }
    c->part = 0;
    c->next++;
    c->live.stats.segments_played++;
}

/* What the stack still has to send: for the next segment, or at the end. */
static int64_t wanted(struct ms_conversation *c)
{
    const struct segment *s = next_segment(c);

    return s ? needs_sent(c, s) : c->translation.stack_limit;
}

/* A receiver's answer that the capture does not have: the stack cut its bytes otherwise, or sends
 * with a smaller window than the captured peer did. */
static bool wants_answer(struct ms_conversation *c)
{
    if (!c->translation.has_stack_isn || c->live.my_sent < 1)
        return false;
    return c->live.next > c->live.last_ack || c->live.needs_ack || wanted(c) > c->granted;
}

static void answer(struct ms_conversation *c)
{
    uint8_t shift = c->translation.captured_shift;
    int64_t need = (wanted(c) - c->live.next + ((1 << shift) - 1)) >> shift;
    struct outgoing o = {
        .flags = SEGMENT_ACK,
        .hop_limit = HOP_LIMIT,
        .window = c->last_window,
        .offset = c->live.my_sent,
        .ack_offset = c->live.next,
    };

    if (need > o.window)
        o.window = (uint16_t)(need < UINT16_MAX ? need : UINT16_MAX);
    queue(c, &o);
    c->live.stats.acks_added++;
    c->answered_us = c->now_us;
}

static const struct segment *syn_of(const struct ms_conversation *c, enum ms_side side)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->segments[i].sender == side && (c->segments[i].flags & SEGMENT_SYN) &&
            !c->segments[i].is_corrupt)
            return &c->segments[i];
    return NULL;
}

/* Sends again what the stack did not take (it may drop what it has no room for). */
static void resend(struct ms_conversation *c)
{
    const struct ms_stream_side *side = &c->stream->sides[c->me];
    int64_t data_end =
        c->live.my_sent <= (int64_t)side->len + 1 ? c->live.my_sent : (int64_t)side->len + 1;
    struct outgoing o = {
        .flags = SEGMENT_ACK | SEGMENT_PSH,
        .hop_limit = HOP_LIMIT,
        .window = c->last_window,
        .offset = c->live.acked,
        .ack_offset = c->live.next,
    };

    if (c->live.acked == 0) {
        o = outgoing_of(c, syn_of(c, c->me));
    } else if (c->live.acked >= data_end) {
        o.flags = SEGMENT_ACK | SEGMENT_FIN;
    } else {
        o.payload = side->data + c->live.acked - 1;
        o.payload_len = (uint32_t)(data_end - c->live.acked);
        if (o.payload_len > c->live.mss)
            o.payload_len = c->live.mss;
    }
    queue(c, &o);
    c->live.stats.resends_added++;
    c->resend_from_us = c->now_us;
    if (c->resend_wait_us < RESEND_MAX_US)
        c->resend_wait_us *= 2;
}

static uint64_t answer_time(const struct ms_conversation *c)
{
    uint64_t since = c->waiting_us > c->answered_us ? c->waiting_us : c->answered_us;

    return since + ACK_WAIT_US;
}

static uint64_t resend_time(const struct ms_conversation *c)
{
    uint64_t since = c->waiting_us > c->resend_from_us ? c->waiting_us : c->resend_from_us;

    return since + c->resend_wait_us;
}

static void finish(struct ms_conversation *c, enum ms_conversation_state state)
{
    c->state = state;
    if (state == MS_CONVERSATION_DONE)
        snprintf(c->text, sizeof c->text, "done");
}

/* Whether the stack's side is all here, and the stack has all of ours. */
static bool is_complete(const struct ms_conversation *c)
{
    int64_t mine = c->live.my_sent;

    return c->live.next >= c->translation.stack_limit && c->live.acked >= mine &&
           c->live.last_ack >= c->live.next;
}

/* Nothing is left to play, or the stack reset the connection: is it over? */
static bool ends(struct ms_conversation *c, const struct segment *s)
{
    const struct ms_stream_side *mine = &c->stream->sides[c->me];
    const struct ms_stream_side *stacks = &c->stream->sides[!c->me];

    if (c->live.has_reset) {
        bool is_right =
            stacks->end == MS_STREAM_END_RST || mine->end == MS_STREAM_END_RST ||
            (c->live.next >= c->translation.stack_limit && c->live.acked >= (int64_t)mine->len + 1);

        if (!is_right)
            snprintf(c->text, sizeof c->text, "the stack reset the connection");
        finish(c, is_right ? MS_CONVERSATION_DONE : MS_CONVERSATION_GAVE_UP);
        return true;
    }
    if (s)
        return false;
    if (mine->end == MS_STREAM_END_RST || (stacks->end != MS_STREAM_END_RST && is_complete(c))) {
        finish(c, MS_CONVERSATION_DONE);
        return true;
    }
    return false;
}

static void give_up(struct ms_conversation *c, const struct segment *s)
{
    const char *what = "the stack to take all, send all and close";

    if (s)
        what = waits_for(c, s) == WAIT_STACK_WINDOW ? "the stack's window to open"
                                                    : "bytes of the stack";
    snprintf(c->text, sizeof c->text,
             "gave up waiting for %s (%lld of %lld from the stack, which has %lld of ours)", what,
             (long long)c->live.next,
             (long long)(s ? needs_sent(c, s) : c->translation.stack_limit),
             (long long)c->live.acked);
    finish(c, MS_CONVERSATION_GAVE_UP);
}

/* Nothing can be played: what would the captured peer's TCP do? */
static void wait_for_stack(struct ms_conversation *c, const struct segment *s)
{
    if (!c->is_waiting) {
        c->is_waiting = true;
        c->waiting_us = c->now_us;
    }
    if (ends(c, s))
        return;
    if (c->now_us - c->progress_us >= c->give_up_us) {
        give_up(c, s);
        return;
    }
    if (wants_answer(c) && c->now_us >= answer_time(c))
        answer(c);
    if (c->live.acked < c->live.my_sent && c->now_us >= resend_time(c))
        resend(c);
}

static void begin(struct ms_conversation *c, uint64_t now_us)
{
    c->has_begun = true;
    c->base_us = now_us;
    c->progress_us = now_us;
}

/* Takes note of what came from the stack since the last step. */
static void take_notice(struct ms_conversation *c)
{
    struct translation *t = &c->translation;

    if (c->live.has_progressed) {
        c->progress_us = c->now_us;
        c->resend_from_us = c->now_us;
        c->resend_wait_us = RESEND_US;
    }
    c->live.has_progressed = false;
    c->live.is_touched = false;
    if (t->has_stack_isn && !t->stack_scale)
        t->live_shift = 0;
}

unsigned ms_conversation_step(struct ms_conversation *c, uint64_t now_us)
{
    const struct segment *s = NULL;
    unsigned n;

    if (!c->has_begun)
        begin(c, now_us);
    c->now_us = now_us;
    take_notice(c);
    while (c->state == MS_CONVERSATION_RUNNING && c->batch_count < BATCH - 2) {
        s = next_segment(c);
        if (s && !c->live.has_reset && due_us(c, s) > now_us)
            break;
        if (!s || c->live.has_reset || waits_for(c, s) != WAIT_NOTHING) {
            wait_for_stack(c, s);
            break;
        }
        play(c, s);
    }
    n = c->batch_count;
    c->batch_count = 0;
    if (n > 0)
        ms_device_deliver(&c->device, c->batch, n, now_us);
    return n;
}

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

uint64_t ms_conversation_next_deadline(const struct ms_conversation *conversation)
{
    /* Only the cursor over the other side's segments moves. */
    struct ms_conversation *c = (struct ms_conversation *)(uintptr_t)conversation;
    const struct segment *s = next_segment(c);
    uint64_t deadline;

    if (c->state != MS_CONVERSATION_RUNNING)
        return UINT64_MAX;
    if (!c->has_begun || c->live.is_touched)
        return 0;
    if (!c->is_waiting)
        return s ? due_us(c, s) : 0;
    deadline = c->progress_us + c->give_up_us;
    if (wants_answer(c))
        deadline = min_u64(deadline, answer_time(c));
    if (c->live.acked < c->live.my_sent)
        deadline = min_u64(deadline, resend_time(c));
    if (s && (s->flags & SEGMENT_RST))
        deadline = min_u64(deadline, c->waiting_us + RESET_WAIT_US);
    return deadline;
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct ms_conversation *c = (struct ms_conversation *)driver;

    for (unsigned i = 0; i < n; i++) {
        if (c->state == MS_CONVERSATION_RUNNING)
            ms_live_receive(&c->live, &c->translation, frames[i]);
        ms_frame_put(frames[i]);
    }
    return n;
}

static unsigned device_poll(struct ms_device *device, uint64_t now_us)
{
    return ms_conversation_step((struct ms_conversation *)device, now_us);
}

static uint64_t device_next_deadline(const struct ms_device *device)
{
    return ms_conversation_next_deadline((const struct ms_conversation *)device);
}

static short device_events(const struct ms_device *device)
{
    (void)device;
    return 0;
}

static void device_close(struct ms_device *device)
{
    ms_conversation_close((struct ms_conversation *)device);
}

static const struct ms_driver_ops driver_ops = { .transmit = transmit };
static const struct ms_device_ops device_ops = {
    .poll = device_poll,
    .next_deadline = device_next_deadline,
    .events = device_events,
    .close = device_close,
};

/* Whether the address can stand on a wire between two hosts. */
static bool is_usable(const struct ms_addr *addr)
{
    const uint8_t *b = addr->bytes;

    if (ms_addr_is_unspecified(addr) || ms_addr_is_multicast(addr))
        return false;
    if (ms_addr_is_ipv4(addr)) /* this network, loopback, link-local, reserved and broadcast */
        return b[12] != 0 && b[12] != 127 && !(b[12] == 169 && b[13] == 254) && b[12] < 240;
    return (b[0] & 0xe0) == 0x20 || (b[0] & 0xfe) == 0xfc; /* global, or unique local */
}

/* RFC 5737 and 3849: addresses for examples. */
static struct ms_addr example(bool is_ipv4, uint8_t last)
{
    if (is_ipv4)
        return ms_addr_ipv4(192, 0, 2, last);
    return (struct ms_addr){ { 0x20, 0x01, 0x0d, 0xb8, [15] = last } };
}

static void choose_addresses(struct ms_conversation *c)
{
    const struct ms_addr *mine = &c->stream->sides[c->me].addr;
    const struct ms_addr *stacks = &c->stream->sides[!c->me].addr;
    bool is_ipv4 = ms_addr_is_ipv4(stacks);

    c->translation.my_addr = *mine;
    c->translation.stack_addr = *stacks;
    if (is_usable(mine) && is_usable(stacks) && !ms_addr_equal(mine, stacks) &&
        ms_addr_is_ipv4(mine) == is_ipv4)
        return;
    c->translation.stack_addr = example(is_ipv4, 1);
    c->translation.my_addr = example(is_ipv4, 2);
}

static uint8_t shift_of(const struct ms_conversation *c, const struct segment *syn,
                        const struct segment_options *at)
{
    uint8_t shift;

    if (at->scale_at == OPTION_ABSENT)
        return 0;
    shift = ms_streams_bytes(c->streams, syn->options_at)[at->scale_at + 2];
    return shift < SHIFT_MAX ? shift : SHIFT_MAX;
}

/* The MTU that makes the stack offer the captured MSS. */
static uint16_t mtu_of(const struct ms_conversation *c, const struct segment *syn,
                       const struct segment_options *at)
{
    uint32_t headers =
        TCP_HEADER_BYTES +
        (ms_addr_is_ipv4(&c->translation.my_addr) ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
    uint32_t mtu = MTU_DEFAULT;

    if (at->mss_at != OPTION_ABSENT)
        mtu = headers + load_be16(ms_streams_bytes(c->streams, syn->options_at) + at->mss_at + 2);
    if (mtu < MTU_MIN)
        mtu = MTU_MIN;
    return (uint16_t)(mtu < UINT16_MAX ? mtu : UINT16_MAX);
}

/* What both captured SYNs say. */
static void read_syns(struct ms_conversation *c)
{
    struct translation *t = &c->translation;
    const struct segment *mine = syn_of(c, c->me);
    const struct segment *stacks = syn_of(c, (enum ms_side) !c->me);
    struct segment_options my_at, stack_at;

    ms_segment_options(&my_at, ms_streams_bytes(c->streams, mine->options_at), mine->options_len);
    ms_segment_options(&stack_at, ms_streams_bytes(c->streams, stacks->options_at),
                       stacks->options_len);
    t->my_isn = mine->seq;
    t->captured_isn = stacks->seq;
    t->my_timestamps = my_at.timestamp_at != OPTION_ABSENT;
    t->my_scale = my_at.scale_at != OPTION_ABSENT;
    t->live_shift = shift_of(c, mine, &my_at);
    t->captured_shift = stack_at.scale_at != OPTION_ABSENT ? t->live_shift : 0;
    c->device.driver.mtu = mtu_of(c, stacks, &stack_at);
}

static void set_up(struct ms_conversation *c, const struct ms_conversation_config *config)
{
    const struct ms_stream_side *stacks = &c->stream->sides[config->stack_side];

    c->me = (enum ms_side) !config->stack_side;
    c->give_up_us = config->give_up_us ? config->give_up_us : GIVE_UP_US;
    c->resend_wait_us = RESEND_US;
    c->live.mss = MSS_DEFAULT;
    c->live.capacity = stacks->len;
    c->live.expected = stacks->data;
    c->translation.my_port = c->stream->sides[c->me].port;
    c->translation.stack_port = stacks->port;
    c->translation.stack_limit = (int64_t)stacks->len + (stacks->end == MS_STREAM_END_FIN ? 2 : 1);
    snprintf(c->text, sizeof c->text, "running");
    choose_addresses(c);
    read_syns(c);
}

struct ms_conversation *ms_conversation_open(const struct ms_conversation_config *config)
{
    const struct ms_stream *stream = ms_streams_get(config->streams, config->stream);
    struct ms_conversation *c;

    if (!stream || stream->obstacle != MS_STREAM_REPLAYABLE)
        return NULL;
    c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->live.data = malloc((size_t)stream->sides[config->stack_side].len + 1);
    if (!c->live.data) {
        free(c);
        return NULL;
    }
    c->streams = config->streams;
    c->stream = stream;
    c->segments = ms_streams_segments(config->streams, config->stream, &c->count);
    c->device = (struct ms_device){
        .driver = { .ops = &driver_ops,
                    .medium = MS_MEDIUM_IP,
                    .slices_max = SLICES_MAX,
                    .checksum_offload = config->checksum_offload },
        .ops = &device_ops,
        .fd = -1,
    };
    set_up(c, config);
    return c;
}

void ms_conversation_close(struct ms_conversation *conversation)
{
    free(conversation->live.data);
    free(conversation);
}

struct ms_device *ms_conversation_device(struct ms_conversation *conversation)
{
    return &conversation->device;
}

void ms_conversation_endpoints(const struct ms_conversation *conversation,
                               struct ms_endpoint *stack, struct ms_endpoint *peer)
{
    const struct translation *t = &conversation->translation;

    *stack = (struct ms_endpoint){ .addr = t->stack_addr, .port = t->stack_port };
    *peer = (struct ms_endpoint){ .addr = t->my_addr, .port = t->my_port };
}

enum ms_conversation_state ms_conversation_state(const struct ms_conversation *conversation)
{
    return conversation->state;
}

const char *ms_conversation_text(const struct ms_conversation *conversation)
{
    return conversation->text;
}

void ms_conversation_stats(const struct ms_conversation *conversation,
                           struct ms_conversation_stats *stats)
{
    *stats = conversation->live.stats;
}

const uint8_t *ms_conversation_received(const struct ms_conversation *conversation, uint64_t *len)
{
    *len = conversation->live.stats.bytes_received;
    if (*len > conversation->live.capacity)
        *len = conversation->live.capacity;
    return conversation->live.data;
}
