/* SPDX-License-Identifier: ISC */
/* Building ICMP messages out of received bytes, and judging the quotes in others'. */
#include "ip/icmp_message.h"

#include "ip/echo.h"
#include "ip/ip_floor.h"

enum { QUOTE_LEN_MIN = 8 };

enum ms_error ms_icmp_find_answer_path(const struct packet *p, struct ms_addr *local,
                                       struct path *path)
{
    static const struct ms_addr unspecified;
    bool is_group = p->flags & PACKET_IP_GROUP;
    bool is_pinned = is_group || addr_is_link_local(&p->flow.remote);

    *local = is_group ? unspecified : p->flow.local;
    return ms_ip_find_path(p->stack, is_pinned ? p->netif : NULL, local, &p->flow.remote, path);
}

uint32_t ms_icmp_borrow(struct ms_frame *frame, const struct path *path, struct ms_frame *parent,
                        uint32_t offset, uint32_t len)
{
    unsigned slices_max = frame->slice_capacity;
    uint32_t done = 0;

    if (slices_max > path->netif->driver->slices_max)
        slices_max = path->netif->driver->slices_max;
    while (done < len && frame->slice_count < slices_max) {
        struct ms_slice run = ms_frame_run(parent, offset + done, len - done);

        ms_frame_add_borrowed(frame, parent, run.data, run.len);
        done += run.len;
    }
    return done;
}

static uint64_t sum_slices(const struct ms_stack *stack, const struct ms_frame *frame)
{
    uint64_t sum = 0;
    uint32_t at = 0;

    for (unsigned i = 0; i < frame->slice_count; i++) {
        uint32_t part = stack->checksum(frame->slices[i].data, frame->slices[i].len);

        sum += at & 1 ? ms_checksum_at_odd(part) : part;
        at += frame->slices[i].len;
    }
    return sum;
}

void ms_icmp_push(struct ms_stack *stack, struct ms_frame *frame, const struct icmp_header *header,
                  const struct ip_send *send, const uint16_t *checksum)
{
    uint64_t sum;
    uint16_t value;

    ms_frame_push(frame, ms_icmp_header_emit(header, frame->head));
    stack->counters.icmp_out_messages++;
    if (checksum) {
        value = *checksum;
    } else {
        sum = sum_slices(stack, frame) + stack->checksum(frame->head, ICMP_HEADER_LEN);
        if (send->protocol == IP_PROTOCOL_ICMPV6)
            sum += ms_ip_pseudo_sum(send->local, send->remote, send->protocol, send->len);
        value = ms_checksum_finish(sum);
    }
    memcpy(frame->head + ICMP_CHECKSUM_OFFSET, &value, sizeof(value));
}

/* An error about a packet of ours comes to the address that sent it, and to nobody else. */
static bool is_about_us(const struct packet *p, const struct icmp_report *report)
{
    return !(p->flags & (PACKET_IP_GROUP | PACKET_LINK_GROUP)) &&
           addr_equal(&report->flow.local, &p->flow.local);
}

/* What climbs from the loop is about an address of any interface. */
static struct ms_netif *netif_of(const struct packet *p)
{
    return p->flags & PACKET_LOOPED ? ms_ip_netif_of(p->stack, &p->flow.local) : p->netif;
}

enum ms_drop ms_icmp_quoted(const struct packet *p, struct icmp_report *report)
{
    enum icmp_kind kind = report->kind;

    report->kind = ICMP_NOTHING;
    if (!is_about_us(p, report) || report->quote.len < QUOTE_LEN_MIN)
        return MS_DROP_ICMP_BAD_QUOTE;
    switch (report->protocol) {
    case IP_PROTOCOL_TCP:
    case IP_PROTOCOL_UDP:
        report->flow.local_port = load_be16(report->quote.data);
        report->flow.remote_port = load_be16(report->quote.data + 2);
        report->netif = netif_of(p);
        report->kind = kind;
        return MS_DROP_NONE;
    case IP_PROTOCOL_ICMP:
    case IP_PROTOCOL_ICMPV6: return ms_echo_failed(p, report, kind);
    default: return MS_DROP_ICMP_BAD_QUOTE;
    }
}
