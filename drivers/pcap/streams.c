/* SPDX-License-Identifier: ISC */
/* Reads a capture file and sorts its TCP segments into conversations. */
#include "streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "segment.h"

enum { TEXT_BYTES = 320, FIRST_SEGMENTS = 256, FIRST_BYTES = 65536, FIRST_STREAMS = 16 };

struct ms_streams {
    struct segment *segments; /* by 4-tuple, then in the file's order */
    size_t segment_count, segment_room;
    uint8_t *bytes; /* options and payload of all segments */
    size_t byte_count, byte_room;
    struct stream_build *streams;
    size_t stream_count, stream_room;
    struct ms_streams_summary summary;
    char error[TEXT_BYTES];
};

const char *ms_stream_obstacle_text(enum ms_stream_obstacle obstacle)
{
    switch (obstacle) {
    case MS_STREAM_REPLAYABLE: return "replayable";
    case MS_STREAM_NO_SYN: return "no SYN captured";
    case MS_STREAM_NOT_OPENED: return "the connection was never established";
    case MS_STREAM_SIMULTANEOUS_OPEN: return "simultaneous open: there is no server";
    case MS_STREAM_TRUNCATED: return "frames truncated when captured";
    case MS_STREAM_GAP: return "packets missing from the capture";
    case MS_STREAM_OBSTACLE_COUNT: break;
    }
    return "unknown";
}

/* Makes room for `more` items behind `count`. */
static bool reserve(void **items, size_t *room, size_t count, size_t more, size_t item_bytes)
{
    size_t want = *room;
    void *grown;

    if (count + more <= *room)
        return true;
    while (want < count + more)
        want *= 2;
    grown = realloc(*items, want * item_bytes);
    if (!grown)
        return false;
    *items = grown;
    *room = want;
    return true;
}

/* Which end of the pair comes first: decides the same for both directions. */
static bool is_swapped(const struct segment *s)
{
    int order = memcmp(s->source.bytes, s->destination.bytes, sizeof s->source.bytes);

    return order != 0 ? order > 0 : s->source_port > s->destination_port;
}

/* The pair of ends as one key. */
static void tuple(const struct segment *s, uint8_t key[36])
{
    bool swapped = is_swapped(s);
    const struct ms_addr *a = swapped ? &s->destination : &s->source;
    const struct ms_addr *b = swapped ? &s->source : &s->destination;
    uint16_t a_port = swapped ? s->destination_port : s->source_port;
    uint16_t b_port = swapped ? s->source_port : s->destination_port;

    memcpy(key, a->bytes, 16);
    memcpy(key + 16, b->bytes, 16);
    memcpy(key + 32, &a_port, 2);
    memcpy(key + 34, &b_port, 2);
}

static int by_tuple_then_order(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    uint8_t x_key[36], y_key[36];
    int order;

    tuple(x, x_key);
    tuple(y, y_key);
    order = memcmp(x_key, y_key, sizeof x_key);
    if (order != 0)
        return order;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_first_segment(const void *a, const void *b)
{
    const struct stream_build *x = a, *y = b;

    return x->segments[0].order < y->segments[0].order ? -1 : 1;
}

/* Keeps options and payload behind what is kept already. */
static bool keep(struct ms_streams *t, struct segment *s, const uint8_t *ip)
{
    size_t need = s->options_len + (size_t)s->payload_stored;
    void *bytes = t->bytes, *segments = t->segments;
    bool has_room = reserve(&bytes, &t->byte_room, t->byte_count, need, 1);

    t->bytes = bytes;
    has_room = has_room && reserve(&segments, &t->segment_room, t->segment_count, 1, sizeof *s);
    t->segments = segments;
    if (!has_room)
        return false;
    memcpy(t->bytes + t->byte_count, ip + s->options_at, s->options_len);
    s->options_at = t->byte_count;
    t->byte_count += s->options_len;
    memcpy(t->bytes + t->byte_count, ip + s->payload_at, s->payload_stored);
    s->payload_at = t->byte_count;
    t->byte_count += s->payload_stored;
    t->segments[t->segment_count++] = *s;
    return true;
}

/* False: no memory. */
static bool take_record(struct ms_streams *t, const struct ms_pcap_record *record)
{
    uint32_t before = record->len - record->ip_len;
    struct segment s;

    t->summary.records++;
    if (!record->ip) {
        t->summary.not_tcp++;
        return true;
    }
    switch (ms_segment_parse(&s, record->ip, record->ip_len, record->wire_len - before)) {
    case SEGMENT_NOT_TCP: t->summary.not_tcp++; return true;
    case SEGMENT_FRAGMENT: t->summary.fragments++; return true;
    case SEGMENT_MALFORMED: t->summary.malformed++; return true;
    case SEGMENT_OK: break;
    }
    s.order = (size_t)t->summary.records;
    s.time_us = record->time_us;
    return keep(t, &s, record->ip);
}

static int read_all(struct ms_streams *t, struct ms_pcap_reader *reader)
{
    struct ms_pcap_record record;
    int got;

    while ((got = ms_pcap_reader_next(reader, &record)) == 1)
        if (!take_record(t, &record))
            return ENOMEM;
    if (got < 0)
        snprintf(t->error, sizeof t->error, "%s", ms_pcap_reader_error(reader));
    return 0;
}

static bool is_from(const struct segment *s, const struct ms_stream_side *side)
{
    return s->source_port == side->port && ms_addr_equal(&s->source, &side->addr);
}

/* Begins a stream with this segment. Without a SYN, the lower port is taken for the server's. */
static struct stream_build *begin(struct ms_streams *t, struct segment *s)
{
    void *streams = t->streams;
    bool has_room =
        reserve(&streams, &t->stream_room, t->stream_count, 1, sizeof(struct stream_build));
    bool is_server = (s->flags & SEGMENT_SYN) ? (s->flags & SEGMENT_ACK) != 0
                                              : s->source_port < s->destination_port;
    struct stream_build *b;

    t->streams = streams;
    if (!has_room)
        return NULL;
    b = &t->streams[t->stream_count++];
    *b = (struct stream_build){ .segments = s };
    b->stream.sides[is_server].addr = s->source;
    b->stream.sides[is_server].port = s->source_port;
    b->stream.sides[!is_server].addr = s->destination;
    b->stream.sides[!is_server].port = s->destination_port;
    return b;
}

/* Whether a SYN belongs to another connection than the one before on the same ports. */
static bool is_new_syn(const struct stream_build *b, const struct segment *s, unsigned sender)
{
    if (!b->has_isn[0] && !b->has_isn[1])
        return true;
    if (!b->has_isn[sender])
        return false;
    if (b->isn[sender] == s->seq)
        return false;
    /* A SYN cookie may change with each answer, until the first is accepted. */
    return !(s->flags & SEGMENT_ACK) || b->count > 4;
}

/* Adds the segment to the stream it belongs to, b or a new one. NULL: no memory. */
static struct stream_build *sort_in(struct ms_streams *t, struct stream_build *b, struct segment *s)
{
    unsigned sender = b && is_from(s, &b->stream.sides[1]);

    if (!b || ((s->flags & SEGMENT_SYN) && is_new_syn(b, s, sender))) {
        b = begin(t, s);
        if (!b)
            return NULL;
        sender = is_from(s, &b->stream.sides[1]);
    }
    s->sender = (enum ms_side)sender;
    b->count++;
    if (!(s->flags & SEGMENT_SYN) || s->is_corrupt)
        return b;
    b->has_isn[sender] = true;
    b->isn[sender] = s->seq;
    if (!(s->flags & SEGMENT_ACK))
        b->has_syn[sender] = true;
    return b;
}

static bool split_streams(struct ms_streams *t)
{
    struct stream_build *b = NULL;
    uint8_t last_key[36];

    qsort(t->segments, t->segment_count, sizeof *t->segments, by_tuple_then_order);
    for (size_t i = 0; i < t->segment_count; i++) {
        struct segment *s = &t->segments[i];
        uint8_t key[36];

        tuple(s, key);
        if (i == 0 || memcmp(key, last_key, sizeof key) != 0)
            b = NULL;
        memcpy(last_key, key, sizeof key);
        b = sort_in(t, b, s);
        if (!b)
            return false;
    }
    qsort(t->streams, t->stream_count, sizeof *t->streams, by_first_segment);
    return true;
}

static bool analyse_all(struct ms_streams *t)
{
    for (size_t i = 0; i < t->stream_count; i++)
        if (!ms_stream_analyse(&t->streams[i], t->bytes))
            return false;
    return true;
}

static struct ms_streams *make_streams(void)
{
    struct ms_streams *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->segment_room = FIRST_SEGMENTS;
    t->byte_room = FIRST_BYTES;
    t->stream_room = FIRST_STREAMS;
    t->segments = calloc(t->segment_room, sizeof *t->segments);
    t->bytes = malloc(t->byte_room);
    t->streams = calloc(t->stream_room, sizeof *t->streams);
    if (t->segments && t->bytes && t->streams)
        return t;
    ms_streams_close(t);
    return NULL;
}

/* Closes the reader. */
static int load(struct ms_streams **streams, struct ms_pcap_reader *reader, char *message,
                size_t size)
{
    struct ms_streams *t = make_streams();
    int error = t ? read_all(t, reader) : ENOMEM;

    ms_pcap_reader_close(reader);
    if (!error && (!split_streams(t) || !analyse_all(t)))
        error = ENOMEM;
    if (error) {
        snprintf(message, size, "not enough memory for this capture file");
        if (t)
            ms_streams_close(t);
        return error;
    }
    *streams = t;
    return 0;
}

int ms_streams_open(struct ms_streams **streams, const char *path, char *message, size_t size)
{
    struct ms_pcap_reader *reader;
    int error = ms_pcap_reader_open(&reader, path, message, size);

    return error ? error : load(streams, reader, message, size);
}

int ms_streams_open_stream(struct ms_streams **streams, FILE *stream, char *message, size_t size)
{
    struct ms_pcap_reader *reader;
    int error = ms_pcap_reader_open_stream(&reader, stream, message, size);

    return error ? error : load(streams, reader, message, size);
}

void ms_streams_close(struct ms_streams *streams)
{
    for (size_t i = 0; i < streams->stream_count; i++)
        ms_stream_release(&streams->streams[i]);
    free(streams->streams);
    free(streams->bytes);
    free(streams->segments);
    free(streams);
}

size_t ms_streams_count(const struct ms_streams *streams) { return streams->stream_count; }

const struct ms_stream *ms_streams_get(const struct ms_streams *streams, size_t i)
{
    return i < streams->stream_count ? &streams->streams[i].stream : NULL;
}

void ms_streams_summary(const struct ms_streams *streams, struct ms_streams_summary *summary)
{
    *summary = streams->summary;
}

const char *ms_streams_error(const struct ms_streams *streams)
{
    return streams->error[0] ? streams->error : NULL;
}

const struct segment *ms_streams_segments(const struct ms_streams *streams, size_t stream,
                                          size_t *count)
{
    *count = streams->streams[stream].count;
    return streams->streams[stream].segments;
}

const uint8_t *ms_streams_bytes(const struct ms_streams *streams, size_t at)
{
    return streams->bytes + at;
}
