/* SPDX-License-Identifier: ISC */
/* Fragments become datagrams: each in a buffer of its own, which is the datagram in the end. */
#include "ip/reassembly.h"

#include "core/frame.h"
#include "ip/icmp.h"
#include "ip/ip_floor.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"
#include "wire/udp.h"

enum {
    PIECES_MAX = 64,            /* fragments of one datagram; a hostile sender makes them small */
    IPV4_TIMEOUT_US = 30000000, /* RFC 1122, 3.3.2 says 60 to 120 s; there are few buffers */
    IPV6_TIMEOUT_US = 60000000, /* RFC 8200, 4.5 */
    DATAGRAM_LEN_MAX = UINT16_MAX,
    HEADER_ROOM = IPV6_HEADER_LEN,
    SHARE_OF_SOURCE = 4, /* one source has at most a quarter of the buffers */
};

enum reassembly_state {
    REASSEMBLY_COLLECTING,
    REASSEMBLY_DISCARDED, /* remembered, so that what else comes is dropped as well */
    REASSEMBLY_DELIVERED, /* no longer in the list: a frame, until its last reference is put */
};

/* Bytes held, from start up to, not including, end. */
struct piece {
    uint16_t start, end;
};

/* The frame and the buffer follow the struct. */
struct reassembly {
    struct timer timer; /* TIMER_REASSEMBLY */
    struct reassembly *older, *newer;
    struct ms_stack *stack;
    struct ms_netif *netif;
    struct ms_addr local, remote;
    uint32_t id;
    uint32_t total; /* payload bytes in all; 0: the last fragment is not here yet */
    uint32_t held;
    uint16_t piece_count;
    uint8_t protocol;                 /* of the first fragment that came; IPv4: part of the key */
    uint8_t state;                    /* enum reassembly_state */
    uint8_t ecn_seen;                 /* a bit for each of the four codepoints (RFC 3168, 5.3) */
    uint8_t hop_limit, traffic_class; /* of the fragment at offset 0 */
    uint8_t flags;                    /* enum packet_flag, of all fragments */
    struct piece pieces[PIECES_MAX];  /* sorted, without overlap */
};

enum { FRAME_AT = (sizeof(struct reassembly) + 15) / 16 * 16 };
enum { HEADER_AT = FRAME_AT + (sizeof(struct ms_frame) + 15) / 16 * 16 };
enum { PAYLOAD_AT = HEADER_AT + HEADER_ROOM };

static struct reassembly_table *table_of(const struct reassembly *r)
{
    return &r->stack->ip->reassemblies;
}

static struct ms_frame *frame_of(struct reassembly *r)
{
    return (struct ms_frame *)(void *)((uint8_t *)r + FRAME_AT);
}

static bool is_ipv4(const struct reassembly *r) { return addr_is_ipv4(&r->remote); }

static uint8_t *payload_of(struct reassembly *r) { return (uint8_t *)r + PAYLOAD_AT; }

void ms_reassembly_init(struct ms_stack *stack, struct arena *arena)
{
    const struct ms_config *config = &stack->config;
    struct pool pool;

    ms_pool_init(&pool, arena, (size_t)PAYLOAD_AT + config->reassembly_bytes, config->reassemblies);
    if (pool.base)
        stack->ip->reassemblies.pool = pool;
}

/* --- The list, oldest first --- */

static void list_add(struct reassembly_table *table, struct reassembly *r)
{
    r->newer = NULL;
    r->older = table->newest;
    if (r->older)
        r->older->newer = r;
    else
        table->oldest = r;
    table->newest = r;
}

static void list_remove(struct reassembly_table *table, struct reassembly *r)
{
    if (r->older)
        r->older->newer = r->newer;
    else
        table->oldest = r->newer;
    if (r->newer)
        r->newer->older = r->older;
    else
        table->newest = r->older;
}

/* The family is part of the key, since an IPv4 address never equals an IPv6 one. */
static struct reassembly *find(const struct packet *p, const struct fragment *fragment)
{
    struct reassembly *r = p->stack->ip->reassemblies.newest;

    while (r) {
        if (r->id == fragment->id && r->netif == p->netif &&
            (!is_ipv4(r) || r->protocol == fragment->protocol) &&
            addr_equal(&r->remote, &p->flow.remote) && addr_equal(&r->local, &p->flow.local))
            return r;
        r = r->older;
    }
    return NULL;
}

static void give_up(struct reassembly *r)
{
    struct reassembly_table *table = table_of(r);

    if (r->state == REASSEMBLY_COLLECTING)
        r->stack->counters.ip_reassembly_fails++;
    ms_wheel_disarm(&r->stack->wheel, &r->timer);
    list_remove(table, r);
    ms_pool_put(&table->pool, r);
}

static enum ms_drop discard(struct reassembly *r, enum ms_drop why)
{
    if (r->state == REASSEMBLY_COLLECTING)
        r->stack->counters.ip_reassembly_fails++;
    r->state = REASSEMBLY_DISCARDED;
    r->piece_count = 0;
    return why;
}

/* Buffers that one source may have: a quarter, but two of a few, and one of one. */
static uint32_t share_of_source(const struct reassembly_table *table)
{
    uint32_t count = table->pool.count;

    if (count >= 2 * SHARE_OF_SOURCE)
        return count / SHARE_OF_SOURCE;
    return max_u32(count / 2, 1);
}

/* A source with its full share loses its oldest; otherwise, when all is taken, the oldest goes. */
static bool make_room(struct reassembly_table *table, const struct ms_addr *remote)
{
    struct reassembly *oldest_of_source = NULL;
    uint32_t count = 0;

    for (struct reassembly *r = table->newest; r; r = r->older) {
        if (addr_equal(&r->remote, remote)) {
            oldest_of_source = r;
            count++;
        }
    }
    if (count >= share_of_source(table))
        give_up(oldest_of_source);
    else if (ms_pool_is_empty(&table->pool) && table->oldest)
        give_up(table->oldest);
    return !ms_pool_is_empty(&table->pool);
}

static struct reassembly *begin(const struct packet *p, const struct fragment *fragment)
{
    struct ms_stack *stack = p->stack;
    struct reassembly_table *table = &stack->ip->reassemblies;
    struct reassembly *r;

    if (!make_room(table, &p->flow.remote))
        return NULL;
    r = ms_pool_get(&table->pool);
    memset(&r->timer, 0, sizeof(r->timer));
    r->stack = stack;
    r->netif = p->netif;
    r->local = p->flow.local;
    r->remote = p->flow.remote;
    r->id = fragment->id;
    r->total = 0;
    r->held = 0;
    r->piece_count = 0;
    r->protocol = fragment->protocol;
    r->state = REASSEMBLY_COLLECTING;
    r->ecn_seen = 0;
    r->flags = 0;
    list_add(table, r);
    ms_wheel_arm(&stack->wheel, &r->timer, TIMER_REASSEMBLY,
                 stack->now_us + (packet_is_ipv4(p) ? IPV4_TIMEOUT_US : IPV6_TIMEOUT_US));
    return r;
}

/* --- One fragment --- */

/* The shortest header that the first fragment must hold whole (RFC 1858, 3128, 7112). */
static uint32_t transport_header_len(uint8_t protocol)
{
    switch (protocol) {
    case IP_PROTOCOL_TCP: return TCP_HEADER_LEN;
    case IP_PROTOCOL_UDP: return UDP_HEADER_LEN;
    case IP_PROTOCOL_ICMP:
    case IP_PROTOCOL_ICMPV6: return ICMP_HEADER_LEN;
    default: return 0;
    }
}

/* Would the headers be found, all of them, in the first fragment alone? */
static bool is_header_chain_whole(const struct packet *p, uint8_t protocol)
{
    struct ipv6_extensions extensions = {
        .has_fragment = true,
        .header_count = 1,
        .fragment = { .next_header = protocol },
    };
    struct bytes b = p->bytes;

    if (packet_is_ipv4(p))
        return p->len >= transport_header_len(protocol);
    if (ms_ipv6_extensions_resume(&extensions, &b) == MS_DROP_IPV6_TRUNCATED)
        return false;
    return p->len - (p->bytes.len - b.len) >= transport_header_len(extensions.next_header);
}

/* What can be said of a fragment without looking at the others. */
static enum ms_drop check_alone(const struct packet *p, const struct fragment *fragment)
{
    uint32_t header_len = packet_is_ipv4(p) ? IPV4_HEADER_LEN : 0; /* IPv6 does not count its own */

    if (p->len == 0 || (fragment->more && p->len % 8 != 0) ||
        fragment->offset_bytes + p->len > DATAGRAM_LEN_MAX - header_len)
        return MS_DROP_FRAGMENT_MALFORMED;
    if (fragment->offset_bytes == 0)
        return is_header_chain_whole(p, fragment->protocol) ? MS_DROP_NONE
                                                            : MS_DROP_FRAGMENT_HEADER_SPLIT;
    if (fragment->offset_bytes < transport_header_len(fragment->protocol))
        return MS_DROP_FRAGMENT_HEADER_SPLIT;
    return MS_DROP_NONE;
}

/* The first piece that does not end before start: where a new one belongs, or what it meets. */
static unsigned piece_search(const struct reassembly *r, uint32_t start)
{
    unsigned low = 0, high = r->piece_count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (r->pieces[middle].end <= start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The packet's bytes, run by run: compared with, or copied to, a place in the buffer. */
static bool payload_equal(const struct packet *p, const uint8_t *with)
{
    uint32_t at = (uint32_t)(p->bytes.data - p->frame->head);

    for (uint32_t done = 0; done < p->len;) {
        struct ms_slice run = ms_frame_run(p->frame, at + done, p->len - done);

        if (memcmp(with + done, run.data, run.len) != 0)
            return false;
        done += run.len;
    }
    return true;
}

static void payload_copy(const struct packet *p, uint8_t *to)
{
    uint32_t at = (uint32_t)(p->bytes.data - p->frame->head);

    for (uint32_t done = 0; done < p->len;) {
        struct ms_slice run = ms_frame_run(p->frame, at + done, p->len - done);

        memcpy(to + done, run.data, run.len);
        done += run.len;
    }
}

/* The same place, end and bytes as the piece: whoever sent it twice meant no harm. */
static bool is_duplicate(struct reassembly *r, const struct packet *p,
                         const struct fragment *fragment, const struct piece *piece)
{
    return piece->start == fragment->offset_bytes && piece->end == piece->start + p->len &&
           (r->total == piece->end) == !fragment->more &&
           payload_equal(p, payload_of(r) + piece->start);
}

/* The end that the last fragment sets, and all others must respect. */
static bool is_end_consistent(struct reassembly *r, const struct fragment *fragment, uint32_t end)
{
    uint32_t held_end = r->piece_count > 0 ? r->pieces[r->piece_count - 1].end : 0;

    if (fragment->more)
        return r->total == 0 || end <= r->total;
    if ((r->total != 0 && r->total != end) || held_end > end)
        return false;
    r->total = end;
    return true;
}

static void remember_first(struct reassembly *r, const struct packet *p,
                           const struct fragment *fragment)
{
    r->hop_limit = p->hop_limit;
    r->traffic_class = p->traffic_class;
    r->protocol = fragment->protocol;
}

static enum ms_drop keep(struct reassembly *r, const struct packet *p,
                         const struct fragment *fragment)
{
    uint32_t start = fragment->offset_bytes;
    uint32_t end = start + p->len;
    unsigned at = piece_search(r, start);
    struct piece *place = &r->pieces[at];

    if (end > r->stack->config.reassembly_bytes || r->piece_count == PIECES_MAX)
        return discard(r, MS_DROP_FRAGMENT_NO_MEMORY);
    if (at < r->piece_count && place->start < end)
        return is_duplicate(r, p, fragment, place) ? MS_DROP_FRAGMENT_DUPLICATE
                                                   : discard(r, MS_DROP_FRAGMENT_OVERLAP);
    if (!is_end_consistent(r, fragment, end))
        return discard(r, MS_DROP_FRAGMENT_OVERLAP);
    memmove(place + 1, place, (r->piece_count - at) * sizeof(*place));
    *place = (struct piece){ .start = (uint16_t)start, .end = (uint16_t)end };
    r->piece_count++;
    r->held += p->len;
    r->ecn_seen |= (uint8_t)(1 << (p->traffic_class & 3));
    r->flags |= p->flags;
    payload_copy(p, payload_of(r) + start);
    if (start == 0)
        remember_first(r, p, fragment);
    return MS_DROP_NONE;
}

/* --- A whole datagram --- */

static void release(struct ms_frame *frame)
{
    struct reassembly *r = (struct reassembly *)(void *)((uint8_t *)frame - FRAME_AT);

    ms_pool_put(&table_of(r)->pool, r);
}

/* Congestion that one fragment met counts for all, but no sender without ECN can have met it. */
static bool ecn_join(struct reassembly *r)
{
    enum { NOT_ECT = 0, CE = 3 };

    if (!(r->ecn_seen & 1 << CE))
        return true;
    r->traffic_class |= CE;
    return !(r->ecn_seen & 1 << NOT_ECT);
}

static size_t emit_header(struct reassembly *r, uint32_t len)
{
    uint8_t *end = payload_of(r);
    const struct ipv4_header ipv4 = {
        .src = addr_ipv4(&r->remote),
        .dst = addr_ipv4(&r->local),
        .total_len = (uint16_t)(IPV4_HEADER_LEN + len),
        .id = (uint16_t)r->id,
        .traffic_class = r->traffic_class,
        .ttl = r->hop_limit,
        .protocol = r->protocol,
    };
    struct ipv6_header ipv6 = {
        .payload_len = (uint16_t)len,
        .traffic_class = r->traffic_class,
        .next_header = r->protocol,
        .hop_limit = r->hop_limit,
    };

    if (!is_ipv4(r)) {
        memcpy(ipv6.src, r->remote.bytes, sizeof(ipv6.src));
        memcpy(ipv6.dst, r->local.bytes, sizeof(ipv6.dst));
        return ms_ipv6_header_emit(&ipv6, end);
    }
    ms_ipv4_header_emit(&ipv4, end);
    ms_ipv4_header_sum_store(end - IPV4_HEADER_LEN, IPV4_HEADER_LEN);
    return IPV4_HEADER_LEN;
}

/* Leaves the list and becomes a frame with one reference that shows len bytes of payload. */
static void become_packet(struct reassembly *r, struct packet *p, uint32_t len)
{
    struct ms_frame *frame = frame_of(r);
    size_t header_len = emit_header(r, len);

    ms_wheel_disarm(&r->stack->wheel, &r->timer);
    list_remove(table_of(r), r);
    r->state = REASSEMBLY_DELIVERED;
    *frame = (struct ms_frame){
        .head = payload_of(r) - header_len,
        .head_len = (uint32_t)header_len + len,
        .refs = 1,
        .release = release,
    };
    p->frame = frame;
    p->network = frame->head;
    p->bytes = bytes_of(payload_of(r), len);
    p->len = len;
    p->is_ipv4 = is_ipv4(r);
    p->protocol = r->protocol;
    p->hop_limit = r->hop_limit;
    p->traffic_class = r->traffic_class;
    p->flags = r->flags;
}

enum ms_drop ms_reassembly_input(struct packet *p, const struct fragment *fragment)
{
    struct reassembly *r = find(p, fragment);
    struct ms_frame *last = p->frame;
    enum ms_drop drop;

    p->stack->counters.ip_reassembly_required++;
    p->protocol = IP_PROTOCOL_NONE;
    if (r && r->state == REASSEMBLY_DISCARDED)
        return MS_DROP_FRAGMENT_DISCARDED;
    drop = check_alone(p, fragment);
    if (drop)
        return r ? discard(r, drop) : drop;
    if (!r)
        r = begin(p, fragment);
    if (!r)
        return MS_DROP_FRAGMENT_NO_MEMORY;
    drop = keep(r, p, fragment);
    if (drop || r->held != r->total)
        return drop;
    if (!ecn_join(r))
        return discard(r, MS_DROP_FRAGMENT_ECN_MIXED);
    become_packet(r, p, r->total);
    ms_frame_put(last);
    p->stack->counters.ip_reassembly_ok++;
    return MS_DROP_NONE;
}

/* RFC 1122, 3.3.2; RFC 8200, 4.5: the sender hears of it if we can quote his transport header. */
static void report_timeout(struct reassembly *r)
{
    struct packet p = {
        .stack = r->stack,
        .netif = r->netif,
        .flow = { .local = r->local, .remote = r->remote },
    };

    become_packet(r, &p, r->pieces[0].end);
    ms_icmp_send_error(&p, ICMP_ERROR_REASSEMBLY_TIMEOUT, 0);
    ms_frame_put(p.frame);
}

void ms_reassembly_expired(struct timer *timer)
{
    struct reassembly *r = MS_CONTAINER_OF(timer, struct reassembly, timer);

    if (r->state == REASSEMBLY_COLLECTING) {
        ms_count_drop(r->stack, MS_DROP_FRAGMENT_TIMEOUT);
        if (r->piece_count > 0 && r->pieces[0].start == 0) {
            r->stack->counters.ip_reassembly_fails++;
            report_timeout(r);
            return;
        }
    }
    give_up(r);
}

void ms_reassembly_flush(struct ms_netif *netif)
{
    struct reassembly *next;

    for (struct reassembly *r = netif->stack->ip->reassemblies.oldest; r; r = next) {
        next = r->newer;
        if (r->netif == netif)
            give_up(r);
    }
}
