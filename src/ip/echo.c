/* SPDX-License-Identifier: ISC */
/* Echo requests and replies. */
#include "ip/echo.h"

#include "ip/fragment.h"
#include "ip/icmp_message.h"
#include "ip/ip_floor.h"
#include "wire/icmpv6.h"

static const uint64_t ERROR_WAIT_US = 60000000; /* an error that comes later is about nothing */

enum {
    IP_LEN_MAX = 65535,
    IPV4_HEADER_BYTES = 20,
    IPV6_HEADER_BYTES = 40,
    TRAFFIC_CLASS_DSCP = 0xfc
};

/* The place of a type in memory, as a word for the checksum. */
static uint16_t type_word(uint8_t type)
{
    const uint8_t bytes[2] = { type, 0 };
    uint16_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/*
 * The request's checksum, with the type changed (RFC 1624). Of IPv6's pseudo header only the sum
 * of the addresses counts; it changes if a group's member answers by an address of his own.
 */
static uint16_t reply_checksum(const struct packet *p, uint8_t before, uint8_t after,
                               const struct ms_addr *local)
{
    const uint8_t *header = p->bytes.data - ICMP_HEADER_LEN;
    uint16_t checksum;

    memcpy(&checksum, header + ICMP_CHECKSUM_OFFSET, sizeof(checksum));
    checksum = ms_checksum_update16(checksum, type_word(before), type_word(after));
    if (packet_is_ipv4(p) || addr_equal(local, &p->flow.local))
        return checksum;
    for (unsigned i = 0; i < sizeof(local->bytes); i += 4)
        checksum = ms_checksum_update32(checksum, load_raw32(p->flow.local.bytes + i),
                                        load_raw32(local->bytes + i));
    return checksum;
}

static void send_reply(const struct packet *p, const struct icmp_header *request,
                       struct ms_frame *frame, const struct ms_addr *local, const struct path *path)
{
    const struct icmp_header header = {
        .type = packet_is_ipv4(p) ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY,
        .rest = request->rest,
    };
    const struct ip_send send = {
        .local = local,
        .remote = &p->flow.remote,
        .len = p->len + ICMP_HEADER_LEN,
        .protocol = p->protocol,
        .traffic_class = p->traffic_class & TRAFFIC_CLASS_DSCP,
        .flags = IP_SEND_MAY_FRAGMENT,
    };
    uint16_t checksum = reply_checksum(p, request->type, header.type, local);
    /* A sum that no device has finished, or a code that the reply does not repeat. */
    bool is_sum_usable = !(p->frame->flags & MS_FRAME_CHECKSUM_PARTIAL) && request->code == 0;

    ms_icmp_push(p->stack, frame, &header, &send, is_sum_usable ? &checksum : NULL);
    p->stack->counters.icmp_out_echo_replies++;
    ms_ip_output(p->stack, path, frame, &send);
}

/* IPv4 groups and broadcasts are not answered (RFC 1122, 3.2.2.6), IPv6 groups are (RFC 4443). */
static bool is_answered(const struct packet *p)
{
    if (p->flags & PACKET_IP_GROUP)
        return !packet_is_ipv4(p);
    return !(p->flags & PACKET_LINK_GROUP);
}

enum ms_drop ms_echo_requested(const struct packet *p, const struct icmp_header *header)
{
    struct ms_stack *stack = p->stack;
    struct ms_frame *frame;
    struct ms_addr local;
    struct path path;
    uint32_t offset = (uint32_t)(p->bytes.data - p->frame->head);

    stack->counters.icmp_in_echos++;
    if (!is_answered(p))
        return MS_DROP_ICMP_GROUP_ECHO;
    if (ms_icmp_find_answer_path(p, &local, &path) != MS_OK)
        return MS_DROP_SEND_NO_ROUTE;
    frame = ms_frame_alloc(stack);
    if (!frame)
        return MS_DROP_SEND_NO_FRAME;
    if (ms_icmp_borrow(frame, &path, p->frame, offset, p->len) < p->len) {
        ms_frame_discard(frame);
        return MS_DROP_SEND_NO_FRAME;
    }
    send_reply(p, header, frame, &local, &path);
    return MS_DROP_NONE;
}

enum ms_drop ms_echo_replied(const struct packet *p, const struct icmp_header *header)
{
    const struct ip_floor *floor = p->stack->ip;
    uint32_t offset = (uint32_t)(p->bytes.data - p->frame->head);
    struct ms_slice payload = { .data = p->bytes.data };
    const struct ms_echo echo = {
        .from = p->flow.remote,
        .identifier = icmp_echo_id(header),
        .sequence = icmp_echo_number(header),
        .hop_limit = p->hop_limit,
        .payload = &payload,
        .payload_len = p->len,
        .icmp_type = header->type,
        .icmp_code = header->code,
    };

    p->stack->counters.icmp_in_echo_replies++;
    if (!floor->on_echo || (p->flags & (PACKET_IP_GROUP | PACKET_LINK_GROUP)))
        return MS_DROP_ICMP_ECHO_REPLY_UNKNOWN;
    if (p->len > 0)
        payload = ms_frame_run(p->frame, offset, p->len);
    floor->on_echo(floor->on_echo_user, &echo);
    return MS_DROP_NONE;
}

static void remember(struct ms_stack *stack, const struct ms_addr *remote, uint32_t name)
{
    struct echo_memory *memory = &stack->ip->echoes;

    memory->sent[memory->next++ % ECHOES_REMEMBERED] = (struct echo_sent){
        .remote = *remote,
        .until_us = stack->now_us + ERROR_WAIT_US,
        .name = name,
    };
}

static bool was_sent(const struct ms_stack *stack, const struct ms_addr *remote, uint32_t name)
{
    const struct echo_memory *memory = &stack->ip->echoes;

    for (unsigned i = 0; i < ECHOES_REMEMBERED; i++) {
        const struct echo_sent *sent = &memory->sent[i];

        if (sent->until_us > stack->now_us && sent->name == name &&
            addr_equal(&sent->remote, remote))
            return true;
    }
    return false;
}

static enum ms_error error_of(enum icmp_kind kind)
{
    return kind == ICMP_TOO_BIG ? MS_ERROR_TOO_LONG : MS_ERROR_UNREACHABLE;
}

enum ms_drop ms_echo_failed(const struct packet *p, const struct icmp_report *report,
                            enum icmp_kind kind)
{
    const struct ip_floor *floor = p->stack->ip;
    const uint8_t *quote = report->quote.data;
    bool is_request = quote[0] == (packet_is_ipv4(p) ? ICMP_ECHO_REQUEST : ICMPV6_ECHO_REQUEST);
    const struct ms_slice none = { .data = quote };
    const struct ms_echo echo = {
        .from = p->flow.remote,
        .identifier = load_be16(quote + 4),
        .sequence = load_be16(quote + 6),
        .hop_limit = p->hop_limit,
        .payload = &none,
        .error = error_of(kind),
        .icmp_type = report->type,
        .icmp_code = report->code,
    };

    if (!is_request || !was_sent(p->stack, &report->flow.remote, load_be32(quote + 4)))
        return MS_DROP_ICMP_BAD_QUOTE;
    if (kind == ICMP_TOO_BIG)
        ms_ip_lower_mtu(p->stack, &report->flow.remote, report->mtu);
    if (floor->on_echo)
        floor->on_echo(floor->on_echo_user, &echo);
    return MS_DROP_NONE;
}

void ms_icmp_on_echo(struct ms_stack *stack, ms_echo_fn *on_echo, void *user)
{
    stack->ip->on_echo = on_echo;
    stack->ip->on_echo_user = user;
}

static enum ms_error check_payload(const struct ms_buf *payload, bool is_ipv4)
{
    uint32_t max = IP_LEN_MAX - ICMP_HEADER_LEN - (is_ipv4 ? (uint32_t)IPV4_HEADER_BYTES : 0);

    if (!payload)
        return MS_OK;
    if (payload->len == 0)
        return MS_ERROR_INVALID;
    return payload->len <= max ? MS_OK : MS_ERROR_TOO_LONG;
}

/* Larger than the path, and there are no fragments. */
static bool is_too_large(const struct path *path, const struct ip_send *send)
{
    uint32_t header_len = addr_is_ipv4(send->remote) ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;

    return send->len + header_len > path->mtu && !ms_fragment_is_possible();
}

enum ms_error ms_icmp_send_echo(struct ms_stack *stack, const struct ms_endpoint *remote,
                                uint16_t identifier, uint16_t sequence, struct ms_buf *payload)
{
    bool is_ipv4 = addr_is_ipv4(&remote->addr);
    const struct icmp_header header = {
        .type = is_ipv4 ? ICMP_ECHO_REQUEST : ICMPV6_ECHO_REQUEST,
        .rest = (uint32_t)identifier << 16 | sequence,
    };
    struct ms_addr local = { { 0 } };
    const struct ip_send send = {
        .local = &local,
        .remote = &remote->addr,
        .len = ICMP_HEADER_LEN + (payload ? payload->len : 0),
        .protocol = is_ipv4 ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6,
        .flags = IP_SEND_MAY_FRAGMENT,
    };
    struct ms_frame *frame;
    struct path path;
    enum ms_error error = check_payload(payload, is_ipv4);

    if (!error)
        error = ms_ip_find_path(stack, remote->netif, &local, &remote->addr, &path);
    if (error)
        return error;
    if (is_too_large(&path, &send))
        return MS_ERROR_TOO_LONG;
    if (ms_netif_queue_room(path.netif) == 0)
        return MS_ERROR_QUEUE_FULL;
    frame = ms_frame_alloc(stack);
    if (!frame)
        return MS_ERROR_NO_MEMORY;
    if (payload) {
        payload->refs = 0;
        ms_frame_add_lent(frame, payload, 0, payload->len);
    }
    remember(stack, &remote->addr, header.rest);
    ms_icmp_push(stack, frame, &header, &send, NULL);
    ms_ip_output(stack, &path, frame, &send);
    return MS_OK;
}
