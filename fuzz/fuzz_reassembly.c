/* SPDX-License-Identifier: ISC */
/*
 * Fragments of any offset, length, overlap and identification, of both families and several
 * sources, into a stack; what becomes whole, its bytes, and every count must be what the model in
 * reassembly_model.c says, after each of them.
 *
 * The input is a row of records, each a fragment of one of a few datagrams (cut out of the real
 * one, or lying), time that passes, or frames that the application gives back. The first says how
 * many buffers there are. Headers and checksums are made here, so mutations need not mind them.
 */
#include "guarded.h"
#include "harness.h"
#include "reassembly_model.h"

#include "core/bytes.h"
#include "core/stack.h"
#include "ip/ip_floor.h"
#include "mstack/mstack.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#include <string.h>

enum { SOURCES = 4, DESTINATIONS = 2, KINDS = 4, LENGTHS = 4, KEPT = 6 };
enum { PACKET_MAX = 4096, HEADER_ROOM = 64, STEPS_MAX = 300, UDP_PORT = 53 };
enum { REAL_MAX = 3000, SECOND_US = 1000000 };

/* The kinds of datagrams. */
enum { KIND_UDP, KIND_BEHIND_OPTIONS, KIND_TCP, KIND_UNKNOWN };

/* Records. */
enum { OP_TIME = 5, OP_PUT, OP_BEFORE_DEADLINE, OP_COUNT }; /* those before are fragments */
enum {
    AT_OP,
    AT_KEY, /* family, source, destination, kind, length */
    AT_FLAGS,
    AT_OFFSET, /* in units of eight bytes */
    AT_OFFSET_HIGH,
    AT_LEN,
    AT_LEN_HIGH,
    AT_HOP_LIMIT,
};
enum {
    FLAG_MORE = 0x01,
    FLAG_TO_THE_END = 0x02, /* the last fragment of the real datagram */
    FLAG_LIE = 0x04,        /* a byte is another one */
    FLAG_SLICED = 0x08,
    FLAG_KEEP = 0x10,
    FLAG_OTHER_PROTOCOL = 0x20, /* but no other datagram in IPv6 */
    FLAG_ECN_SHIFT = 6,
};

static const uint32_t lengths[LENGTHS] = { 24, 61, 1200, REAL_MAX };

struct world {
    struct ms_driver driver;
    struct ms_stack *stack;
    struct ms_netif *netif;
    struct ms_frame *kept[KEPT];
    unsigned kept_count;
    uint64_t now_us, required;
    bool keeps;
    bool is_due; /* a datagram is to be delivered: the one that became whole */
    const uint8_t *expected;
    uint32_t expected_len;
};

static struct model model;

/* --- The real datagrams --- */

static uint32_t address_of(bool is_ours, uint8_t host)
{
    return 0x0a000000u | (is_ours ? 0 : 0x100u) | (host + 1u);
}

static void address6_of(bool is_ours, uint8_t host, uint8_t *to)
{
    static const uint8_t prefix[16] = { 0x20, 0x01, 0x0d, 0xb8 };

    memcpy(to, prefix, sizeof(prefix));
    to[14] = !is_ours;
    to[15] = (uint8_t)(host + 1);
}

static uint32_t plain_sum(uint32_t sum, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
    return sum;
}

/* Of UDP, with its pseudo header; 0xffff if the checksum in it is right. */
static uint32_t udp_sum(const struct model_fragment *f, const uint8_t *udp, uint32_t len)
{
    uint8_t pseudo[32];
    uint32_t n = 8, sum = 17 + len;

    store_be32(pseudo, address_of(false, f->source));
    store_be32(pseudo + 4, address_of(true, f->destination));
    if (f->is_ipv6) {
        address6_of(false, f->source, pseudo);
        address6_of(true, f->destination, pseudo + 16);
        n = 32;
    }
    sum = plain_sum(plain_sum(sum, pseudo, n), udp, len);
    while (sum > 0xffff)
        sum = (sum >> 16) + (sum & 0xffff);
    return sum;
}

static uint8_t kind_of(uint8_t key) { return key >> 4 & 3; }

static void make_datagram(const struct model_fragment *f, uint8_t kind, uint8_t *bytes,
                          uint32_t len)
{
    uint32_t at = kind == KIND_BEHIND_OPTIONS ? 8 : 0;

    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    memset(bytes, 0, 20);
    if (kind == KIND_TCP)
        bytes[13] = 0x04; /* RST: to no connection, so nobody answers */
    if (kind == KIND_BEHIND_OPTIONS)
        memcpy(bytes, (const uint8_t[8]){ 17, 0, 1, 4 }, 8);
    if (kind == KIND_TCP || kind == KIND_UNKNOWN)
        return;
    store_be16(bytes + at, 1000);
    store_be16(bytes + at + 2, UDP_PORT);
    store_be16(bytes + at + 4, (uint16_t)(len - at));
    store_be16(bytes + at + 6, (uint16_t)~udp_sum(f, bytes + at, len - at));
}

/* Each is made once. */
static const uint8_t *real_datagram(const struct model_fragment *f, uint8_t key, uint32_t len)
{
    static uint8_t datagrams[256][REAL_MAX];
    static bool is_made[256];

    if (!is_made[key])
        make_datagram(f, kind_of(key), datagrams[key], len);
    is_made[key] = true;
    return datagrams[key];
}

/* --- The application --- */

/* The UDP payload of what became whole, if it is a sound datagram for the port that is open. */
static bool find_payload(struct world *w)
{
    const struct model_fragment *f = &model.whole;
    const uint8_t *udp = f->bytes;
    uint32_t len = f->len, udp_len;
    uint8_t protocol = f->protocol;

    if (f->is_ipv6 && protocol == 60) {
        if (len < 8 || udp[1] != 0 || udp[2] != 1 || udp[3] != 4)
            return false;
        protocol = udp[0];
        udp += 8;
        len -= 8;
    }
    if (protocol != 17 || len < 8 || load_be16(udp + 2) != UDP_PORT)
        return false;
    udp_len = load_be16(udp + 4);
    if (udp_len < 8 || udp_len > len)
        return false;
    if (load_be16(udp + 6) == 0 ? f->is_ipv6 : udp_sum(f, udp, udp_len) != 0xffff)
        return false;
    w->expected = udp + 8;
    w->expected_len = udp_len - 8;
    return true;
}

static void on_datagram(struct ms_udp *udp, void *user, const struct ms_datagram *datagram)
{
    struct world *w = user;

    (void)udp;
    require(w->is_due, "a datagram that is not whole was delivered");
    w->is_due = false;
    require(datagram->len == w->expected_len && datagram->first.len == datagram->len,
            "a datagram of another length was delivered");
    require(memcmp(datagram->first.data, w->expected, w->expected_len) == 0,
            "other bytes were delivered");
    require(datagram->hop_limit == model.whole.hop_limit, "the first fragment's hop limit counts");
    require(datagram->traffic_class == model.whole.traffic_class, "the ECN field is another one");
    require(datagram->remote.addr.bytes[15] == model.whole.source + 1, "another source");
    require(datagram->local.addr.bytes[15] == model.whole.destination + 1, "another destination");
    if (!w->keeps || w->kept_count == KEPT)
        return;
    ms_frame_get(datagram->frame);
    w->kept[w->kept_count++] = datagram->frame;
}

static const struct ms_udp_events udp_events = { .on_datagram = on_datagram };

static void put_kept(struct world *w)
{
    while (w->kept_count > 0)
        ms_frame_put(w->kept[--w->kept_count]);
}

/* --- Fragments on their way --- */

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    (void)driver;
    for (unsigned i = 0; i < n; i++)
        ms_frame_put(frames[i]);
    return n;
}

static const struct ms_driver_ops driver_ops = { .transmit = transmit };

static size_t emit_ipv4(const struct model_fragment *f, uint8_t *end)
{
    const struct ipv4_header header = {
        .src = address_of(false, f->source),
        .dst = address_of(true, f->destination),
        .total_len = (uint16_t)(IPV4_HEADER_LEN + f->len),
        .id = (uint16_t)f->id,
        .fragment = (uint16_t)(f->start / 8 | (f->more ? IPV4_MORE_FRAGMENTS : 0)),
        .ttl = f->hop_limit,
        .traffic_class = f->traffic_class,
        .protocol = f->protocol,
    };

    ms_ipv4_header_emit(&header, end);
    ms_ipv4_header_sum_store(end - IPV4_HEADER_LEN, IPV4_HEADER_LEN);
    return IPV4_HEADER_LEN;
}

static size_t emit_ipv6(const struct model_fragment *f, uint8_t *end)
{
    const struct ipv6_fragment fragment = {
        .id = f->id,
        .offset_bytes = (uint16_t)f->start,
        .more = f->more,
        .next_header = f->protocol,
    };
    struct ipv6_header header = {
        .payload_len = (uint16_t)(IPV6_FRAGMENT_HEADER_LEN + f->len),
        .next_header = IP_PROTOCOL_FRAGMENT,
        .hop_limit = f->hop_limit,
        .traffic_class = f->traffic_class,
    };

    address6_of(false, f->source, header.src);
    address6_of(true, f->destination, header.dst);
    ms_ipv6_fragment_emit(&fragment, end);
    return IPV6_FRAGMENT_HEADER_LEN + ms_ipv6_header_emit(&header, end - IPV6_FRAGMENT_HEADER_LEN);
}

/* One that stands for itself is no matter of reassembly (RFC 6946), nor a fragment in IPv4. */
static bool is_atomic(const struct model_fragment *f) { return f->start == 0 && !f->more; }

static bool is_to_be_delivered(struct world *w, const struct model_fragment *f)
{
    if (is_atomic(f)) {
        model.whole = *f;
        return find_payload(w);
    }
    w->required++;
    return model_input(&model, f, w->now_us) && find_payload(w);
}

static void input(struct world *w, const struct model_fragment *f, bool is_sliced)
{
    uint8_t packet[PACKET_MAX];
    uint8_t *payload = packet + HEADER_ROOM;
    size_t header_len = f->is_ipv6 ? emit_ipv6(f, payload) : emit_ipv4(f, payload);
    uint32_t len = (uint32_t)header_len + f->len;
    unsigned kept_before = w->kept_count;
    struct ms_frame *frame;

    memcpy(payload, f->bytes, f->len);
    is_sliced = is_sliced && f->len > 40 && !is_atomic(f); /* headers must be in the first piece */
    frame = guarded_frame(payload - header_len, len, is_sliced ? len - 4 : len);
    w->is_due = is_to_be_delivered(w, f);
    ms_netif_input(w->netif, &frame, 1, w->now_us);
    require(!w->is_due, "a datagram that is whole was not delivered");
    if (!is_atomic(f))
        model.kept += w->kept_count - kept_before;
}

static uint8_t protocol_of(const struct model_fragment *f, uint8_t kind)
{
    switch (kind) {
    case KIND_UDP: return IP_PROTOCOL_UDP;
    case KIND_BEHIND_OPTIONS: return f->is_ipv6 ? IP_PROTOCOL_DESTINATION_OPTIONS : 253;
    case KIND_TCP: return IP_PROTOCOL_TCP;
    default: return 253;
    }
}

static void step_fragment(struct world *w, const uint8_t *record)
{
    uint8_t key = record[AT_KEY], flags = record[AT_FLAGS], lying[2048];
    uint32_t real_len = lengths[key >> 6];
    struct model_fragment f = {
        .is_ipv6 = key & 1,
        .source = key >> 1 & 3,
        .destination = key >> 3 & 1,
        .id = (key >> 6) + (key & 1 ? 0x12340000u : 0),
        .start = (record[AT_OFFSET] | (record[AT_OFFSET_HIGH] & 0x1fu) << 8) * 8,
        .len = record[AT_LEN] | (record[AT_LEN_HIGH] & 7u) << 8,
        .more = (flags & (FLAG_MORE | FLAG_TO_THE_END)) == FLAG_MORE,
        .hop_limit = record[AT_HOP_LIMIT],
        .traffic_class = flags >> FLAG_ECN_SHIFT,
    };

    f.protocol = protocol_of(&f, kind_of(key));
    f.bytes = stream_at(f.start);
    if (f.start < real_len) {
        f.bytes = real_datagram(&f, key, real_len) + f.start;
        f.len = min_u32(flags & FLAG_TO_THE_END ? sizeof(lying) : f.len, real_len - f.start);
    }
    if ((flags & FLAG_LIE) && f.len > 8) { /* not about destination options: others are legal */
        memcpy(lying, f.bytes, f.len);
        lying[8 + record[AT_HOP_LIMIT] % (f.len - 8)] ^= (uint8_t)(1 + record[AT_OP]);
        f.bytes = lying;
    }
    if (flags & FLAG_OTHER_PROTOCOL)
        f.protocol = protocol_of(&f, (uint8_t)((kind_of(key) + 1) % KINDS));
    w->keeps = flags & FLAG_KEEP;
    input(w, &f, flags & FLAG_SLICED);
}

/* --- The world --- */

static void check(const struct world *w)
{
    const struct ms_counters *counters = ms_stack_counters(w->stack);

    require(counters->ip_reassembly_required == w->required, "a fragment was not counted");
    require(counters->ip_reassembly_ok == model.ok, "another number of datagrams became whole");
    require(counters->ip_reassembly_fails == model.fails, "another number of datagrams failed");
}

static void pass_time(struct world *w, uint64_t us)
{
    w->now_us += us;
    model_time(&model, w->now_us);
    ms_poll(w->stack, w->now_us);
}

static void step(struct world *w, const uint8_t *record)
{
    uint64_t deadline_us = model_deadline_us(&model);

    switch (record[AT_OP] % OP_COUNT) {
    case OP_TIME:
        pass_time(w, load_be16(record + 1) * UINT64_C(1000) * (record[3] & 1 ? 1 : 1000));
        break;
    case OP_PUT:
        put_kept(w);
        model.kept = 0;
        break;
    case OP_BEFORE_DEADLINE:
        if (deadline_us != UINT64_MAX)
            pass_time(w, deadline_us - w->now_us - (record[1] & 1));
        break;
    default: step_fragment(w, record); break;
    }
    ms_poll(w->stack, w->now_us); /* answers leave, and with them what they quote */
    check(w);
}

static void open_world(struct world *w, uint32_t places)
{
    struct ms_config config = harness_config();
    struct ms_endpoint any = { .port = UDP_PORT };
    struct ms_udp *udp;

    config.reassemblies = places;
    config.reassembly_bytes = MODEL_BYTES;
    w->driver = (struct ms_driver){
        .ops = &driver_ops, .medium = MS_MEDIUM_IP, .mtu = 1500, .slices_max = 16
    };
    w->now_us = SECOND_US;
    w->stack = harness_stack(0, &config);
    must(ms_netif_attach(w->stack, &w->driver, &w->netif));
    for (uint8_t i = 0; i < DESTINATIONS; i++) {
        struct ms_addr v4 = ms_addr_ipv4(10, 0, 0, (uint8_t)(i + 1)), v6;

        address6_of(true, i, v6.bytes);
        must(ms_netif_add_addr(w->netif, &v4, 8, false));
        must(ms_netif_add_addr(w->netif, &v6, 64, false));
    }
    must(ms_udp_open(w->stack, &any, &udp_events, w, &udp));
    ms_poll(w->stack, w->now_us);
    model_open(&model, places);
}

static void close_world(struct world *w)
{
    put_kept(w);
    model.kept = 0;
    pass_time(w, UINT64_C(61) * SECOND_US);
    check(w);
    require(model.count == 0, "the model waits for ever");
    ms_netif_detach(w->netif);
    ms_poll(w->stack, w->now_us);
    require(w->stack->ip->reassemblies.pool.used == 0, "a buffer of reassembly is left");
    harness_require_empty(w->stack);
    require(guarded_in_use() == 0, "a received frame is left");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t places[] = { 1, 2, 3, 4, 5, 8, 9, 12 };
    struct world w = { .stack = NULL };

    if (size < RECORD)
        return 0;
    open_world(&w, places[data[0] % sizeof(places)]);
    for (unsigned i = 1; i < STEPS_MAX && (i + 1) * RECORD <= size; i++)
        step(&w, data + i * RECORD);
    close_world(&w);
    return 0;
}
