/* SPDX-License-Identifier: ISC */
/* Fragments of our own datagrams: a copy of the headers each, the payload shared. */
#include "ip/fragment.h"

#include "core/frame.h"
#include "ip/output.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* A datagram on its way into pieces. */
struct cut {
    const struct path *path;
    const struct ip_send *send;
    struct ms_frame *whole;
    uint32_t id;
};

/* One piece: which bytes of the datagram, and whether more follow. */
struct piece {
    uint32_t offset, len;
    bool more;
};

bool ms_fragment_is_possible(void) { return true; }

/* Bytes in the head are copied to the new head; all others are shown where they are. */
static void add_bytes(struct ms_frame *frame, struct ms_frame *whole, struct piece piece)
{
    uint32_t end = piece.offset + piece.len;

    if (piece.offset < whole->head_len) {
        uint32_t len = min_u32(piece.len, whole->head_len - piece.offset);

        memcpy(frame->head - len, whole->head + piece.offset, len);
        ms_frame_push(frame, len);
        piece.offset += len;
    }
    while (piece.offset < end) {
        struct ms_slice run = ms_frame_run(whole, piece.offset, end - piece.offset);

        ms_frame_add_borrowed(frame, whole, run.data, run.len);
        piece.offset += run.len;
    }
}

static void emit_ipv4(struct ms_frame *frame, const struct cut *cut, struct piece piece)
{
    const struct ip_send *send = cut->send;
    const struct ipv4_header header = {
        .src = addr_ipv4(send->local),
        .dst = addr_ipv4(send->remote),
        .total_len = (uint16_t)(IPV4_HEADER_LEN + piece.len),
        .id = (uint16_t)cut->id,
        .fragment = (uint16_t)(piece.offset / 8 | (piece.more ? IPV4_MORE_FRAGMENTS : 0)),
        .traffic_class = send->traffic_class,
        .ttl = ip_hop_limit(cut->path, send),
        .protocol = send->protocol,
    };

    ms_ipv4_plain_header_store(&header, frame->head - IPV4_HEADER_LEN);
    ms_frame_push(frame, IPV4_HEADER_LEN);
}

static void emit_ipv6(struct ms_frame *frame, const struct cut *cut, struct piece piece)
{
    const struct ip_send *send = cut->send;
    const struct ipv6_fragment fragment = {
        .id = cut->id,
        .offset_bytes = (uint16_t)piece.offset,
        .more = piece.more,
        .next_header = send->protocol,
    };
    struct ipv6_header header = {
        .payload_len = (uint16_t)(IPV6_FRAGMENT_HEADER_LEN + piece.len),
        .traffic_class = send->traffic_class,
        .next_header = IP_PROTOCOL_FRAGMENT,
        .hop_limit = ip_hop_limit(cut->path, send),
    };

    memcpy(header.src, send->local->bytes, sizeof(header.src));
    memcpy(header.dst, send->remote->bytes, sizeof(header.dst));
    ms_frame_push(frame, ms_ipv6_fragment_emit(&fragment, frame->head));
    ms_frame_push(frame, ms_ipv6_header_emit(&header, frame->head));
}

/* Frames for all pieces are there, so that no datagram goes out in part. */
static bool has_room(struct ms_stack *stack, const struct path *path, uint32_t count)
{
    if (stack->frames.count - stack->frames.used < count) {
        ms_count_drop(stack, MS_DROP_SEND_NO_FRAME);
        return false;
    }
    if (ms_netif_queue_room(path->netif) < count) {
        ms_count_drop(stack, MS_DROP_SEND_QUEUE_FULL);
        return false;
    }
    return true;
}

static void output_piece(struct ms_stack *stack, const struct cut *cut, struct piece piece)
{
    struct ms_frame *frame = ms_frame_alloc(stack);

    if (!frame) { /* asking for the neighbour took the last one */
        ms_count_drop(stack, MS_DROP_SEND_NO_FRAME);
        return;
    }
    add_bytes(frame, cut->whole, piece);
    if (addr_is_ipv4(cut->send->remote))
        emit_ipv4(frame, cut, piece);
    else
        emit_ipv6(frame, cut, piece);
    stack->counters.ip_fragments_created++;
    ip_link_output(cut->path, frame, cut->send->remote);
}

void ms_fragment_output(struct ms_stack *stack, const struct path *path, struct ms_frame *frame,
                        const struct ip_send *send)
{
    const struct cut cut = {
        .path = path,
        .send = send,
        .whole = frame,
        .id = (uint32_t)ms_random_u64(&stack->random), /* RFC 7739: not to be guessed */
    };
    uint32_t headers =
        addr_is_ipv4(send->remote) ? IPV4_HEADER_LEN : IPV6_HEADER_LEN + IPV6_FRAGMENT_HEADER_LEN;
    uint32_t step = (path->mtu - headers) & ~7u;

    MS_ASSERT(path->mtu >= headers + 8);
    MS_ASSERT(!(frame->flags & MS_FRAME_CHECKSUM_PARTIAL));
    if (!has_room(stack, path, (send->len + step - 1) / step)) {
        stack->counters.ip_out_discards++;
        ms_frame_discard(frame);
        return;
    }
    for (uint32_t at = 0; at < send->len; at += step) {
        uint32_t len = min_u32(step, send->len - at);

        output_piece(stack, &cut,
                     (struct piece){ .offset = at, .len = len, .more = at + len < send->len });
    }
    stack->counters.ip_fragments_ok++;
    ms_frame_discard(frame);
}
