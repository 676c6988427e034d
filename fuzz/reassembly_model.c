/* SPDX-License-Identifier: ISC */
/* Reassembly as the RFCs say it, in the plainest way. */
#include "reassembly_model.h"

#include <string.h>

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_OPTIONS = 60,
    IPV4_WAIT_S = 30,
    IPV6_WAIT_S = 60,
    SECOND_US = 1000000,
    CE = 3,
};

void model_open(struct model *model, uint32_t places)
{
    model->places = places;
    model->kept = 0;
    model->count = 0;
    model->ok = 0;
    model->fails = 0;
    memset(model->is_taken, 0, sizeof(model->is_taken));
}

static void forget(struct model *model, uint32_t at)
{
    struct model_datagram *d = model->datagrams[at];

    model->is_taken[d - model->rooms] = false;
    model->count--;
    memmove(model->datagrams + at, model->datagrams + at + 1,
            (model->count - at) * sizeof(model->datagrams[0]));
}

/* One that was not yet discarded counts as a failure now. */
static void give_up(struct model *model, uint32_t at)
{
    model->fails += !model->datagrams[at]->is_discarded;
    forget(model, at);
}

static void discard(struct model *model, struct model_datagram *d)
{
    model->fails += !d->is_discarded;
    d->is_discarded = true;
}

static uint64_t deadline_us(const struct model_datagram *d)
{
    return d->begun_us + (uint64_t)SECOND_US * (d->first.is_ipv6 ? IPV6_WAIT_S : IPV4_WAIT_S);
}

uint64_t model_deadline_us(const struct model *model)
{
    uint64_t first_us = UINT64_MAX;

    for (uint32_t i = 0; i < model->count; i++) {
        if (deadline_us(model->datagrams[i]) < first_us)
            first_us = deadline_us(model->datagrams[i]);
    }
    return first_us;
}

void model_time(struct model *model, uint64_t now_us)
{
    for (uint32_t i = model->count; i-- > 0;) {
        if (deadline_us(model->datagrams[i]) <= now_us)
            give_up(model, i);
    }
}

static bool is_same_datagram(const struct model_fragment *a, const struct model_fragment *b)
{
    return a->is_ipv6 == b->is_ipv6 && a->source == b->source && a->destination == b->destination &&
           a->id == b->id && (a->is_ipv6 || a->protocol == b->protocol);
}

static struct model_datagram *find(const struct model *model, const struct model_fragment *f)
{
    for (uint32_t i = 0; i < model->count; i++) {
        if (is_same_datagram(&model->datagrams[i]->first, f))
            return model->datagrams[i];
    }
    return NULL;
}

/* A source has a quarter of the places; of few, a half; and one in any case. */
static uint32_t share(const struct model *model)
{
    if (model->places >= 8)
        return model->places / 4;
    return model->places >= 2 ? model->places / 2 : 1;
}

static void make_room(struct model *model, const struct model_fragment *f)
{
    uint32_t oldest = UINT32_MAX, of_source = 0;

    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_fragment *first = &model->datagrams[i]->first;

        if (first->is_ipv6 != f->is_ipv6 || first->source != f->source)
            continue;
        oldest = of_source++ == 0 ? i : oldest;
    }
    if (of_source >= share(model))
        give_up(model, oldest);
    else if (model->count > 0 && model->count + model->kept == model->places)
        give_up(model, 0);
}

static struct model_datagram *begin(struct model *model, const struct model_fragment *f,
                                    uint64_t now_us)
{
    struct model_datagram *d;
    uint32_t room = 0;

    make_room(model, f);
    if (model->count + model->kept >= model->places)
        return NULL;
    while (model->is_taken[room])
        room++;
    model->is_taken[room] = true;
    d = &model->rooms[room];
    d->first = *f;
    d->begun_us = now_us;
    d->is_discarded = false;
    d->cut_count = 0;
    d->ecn_seen = 0;
    model->datagrams[model->count++] = d;
    return d;
}

/* --- Rules --- */

static uint32_t transport_len(uint8_t protocol)
{
    switch (protocol) {
    case PROTOCOL_TCP: return 20;
    case PROTOCOL_UDP:
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6: return 8;
    default: return 0;
    }
}

/* RFC 7112: the first fragment has all headers, also those behind destination options. */
static bool has_headers(const struct model_fragment *f)
{
    uint8_t protocol = f->protocol;
    uint32_t at = 0;

    while (f->is_ipv6 && protocol == PROTOCOL_OPTIONS) {
        if (f->len < at + 8 || f->len < at + 8 + f->bytes[at + 1] * 8u)
            return false;
        protocol = f->bytes[at];
        at += 8 + f->bytes[at + 1] * 8u;
    }
    return f->len - at >= transport_len(protocol);
}

static bool is_possible(const struct model_fragment *f)
{
    if (f->len == 0 || (f->more && f->len % 8 != 0))
        return false;
    if (f->start + f->len + (f->is_ipv6 ? 0 : 20) > 65535)
        return false;
    return f->start == 0 ? has_headers(f) : f->start >= transport_len(f->protocol);
}

static bool is_duplicate(const struct model_datagram *d, const struct model_fragment *f)
{
    for (unsigned i = 0; i < d->cut_count; i++) {
        const struct model_cut *cut = &d->cuts[i];

        if (cut->start == f->start && cut->end == f->start + f->len && cut->is_last == !f->more)
            return memcmp(d->bytes + f->start, f->bytes, f->len) == 0;
    }
    return false;
}

/* RFC 5722; and a last fragment is one only if it is the last, and the only one. */
static bool is_contradiction(const struct model_datagram *d, const struct model_fragment *f)
{
    uint32_t end = f->start + f->len;

    for (unsigned i = 0; i < d->cut_count; i++) {
        const struct model_cut *cut = &d->cuts[i];

        if (f->start < cut->end && cut->start < end)
            return true;
        if ((cut->is_last && end > cut->end) || (!f->more && cut->end > end))
            return true;
        if (cut->is_last && !f->more)
            return true;
    }
    return false;
}

static bool is_whole(const struct model_datagram *d, uint32_t *len)
{
    uint32_t sum = 0;

    *len = 0;
    for (unsigned i = 0; i < d->cut_count; i++) {
        sum += d->cuts[i].end - d->cuts[i].start;
        if (d->cuts[i].is_last)
            *len = d->cuts[i].end;
    }
    return *len != 0 && sum == *len; /* none overlaps another one, and none is beyond the last */
}

/* RFC 3168, 5.3: a mark on one fragment is a mark on the datagram, if that may carry one. */
static bool join_marks(struct model_datagram *d)
{
    if (!(d->ecn_seen & 1 << CE))
        return true;
    d->first.traffic_class |= CE;
    return !(d->ecn_seen & 1 << 0);
}

static void keep(struct model_datagram *d, const struct model_fragment *f)
{
    d->cuts[d->cut_count++] =
        (struct model_cut){ .start = f->start, .end = f->start + f->len, .is_last = !f->more };
    memcpy(d->bytes + f->start, f->bytes, f->len);
    d->ecn_seen |= (uint8_t)(1 << (f->traffic_class & 3));
    if (f->start == 0)
        d->first = *f;
}

static bool finish(struct model *model, struct model_datagram *d, uint32_t len)
{
    uint32_t at = 0;

    if (!join_marks(d)) {
        discard(model, d);
        return false;
    }
    model->whole = d->first;
    model->whole.len = len;
    model->whole.bytes = model->bytes;
    memcpy(model->bytes, d->bytes, len);
    model->ok++;
    while (model->datagrams[at] != d)
        at++;
    forget(model, at);
    return true;
}

bool model_input(struct model *model, const struct model_fragment *fragment, uint64_t now_us)
{
    struct model_datagram *d = find(model, fragment);
    uint32_t len;

    if (d && d->is_discarded)
        return false;
    if (!is_possible(fragment)) {
        if (d)
            discard(model, d);
        return false;
    }
    d = d ? d : begin(model, fragment, now_us);
    if (!d)
        return false;
    if (fragment->start + fragment->len > MODEL_BYTES || d->cut_count == MODEL_CUTS) {
        discard(model, d);
        return false;
    }
    if (is_duplicate(d, fragment))
        return false;
    if (is_contradiction(d, fragment)) {
        discard(model, d);
        return false;
    }
    keep(d, fragment);
    return is_whole(d, &len) && finish(model, d, len);
}
