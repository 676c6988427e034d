/* SPDX-License-Identifier: ISC */
/* One TCP segment out of a capture, or from the stack; private to this folder. */
#ifndef MSTACK_DRIVERS_SEGMENT_H
#define MSTACK_DRIVERS_SEGMENT_H

#include "pcap_file.h"
#include "streams.h"

enum segment_flag {
    SEGMENT_FIN = 1,
    SEGMENT_SYN = 2,
    SEGMENT_RST = 4,
    SEGMENT_PSH = 8,
    SEGMENT_ACK = 16,
    SEGMENT_URG = 32,
};

enum {
    TCP_HEADER_BYTES = 20,
    TCP_OPTIONS_MAX = 40,
    IPV4_HEADER_BYTES = 20,
    IPV6_HEADER_BYTES = 40,
    SACK_BLOCKS_MAX = 4,
};

/* A segment as it stands in the packet. Offsets count from the IP header. */
struct segment {
    struct ms_addr source, destination;
    uint16_t source_port, destination_port;
    uint64_t time_us;
    size_t order; /* in the file */
    uint32_t seq, ack;
    int64_t offset;                /* seq counted from the sender's SYN (0), never wrapping */
    int64_t ack_offset;            /* the same of ack, from the other's SYN */
    int64_t other_sent;            /* what the other side had sent by then: offset of its end */
    uint32_t payload_len;          /* on the wire */
    uint32_t payload_stored;       /* in the file */
    size_t payload_at, options_at; /* where they are kept */
    uint16_t window, urgent, ip_id;
    uint8_t flags, options_len;
    uint8_t traffic_class, hop_limit;
    bool is_corrupt; /* its checksum is wrong, and not just left to the hardware */
    enum ms_side sender;
};

enum segment_verdict { SEGMENT_OK, SEGMENT_NOT_TCP, SEGMENT_FRAGMENT, SEGMENT_MALFORMED };

/* Takes the packet of len bytes (of which wire_len were sent) apart. */
enum segment_verdict ms_segment_parse(struct segment *segment, const uint8_t *ip, uint32_t len,
                                      uint32_t wire_len);

/* Where the options of interest stand; each offset counts from the first option, 0xff: absent. */
struct segment_options {
    uint8_t mss_at, scale_at, sack_permitted_at, timestamp_at, sack_at;
    uint8_t sack_blocks;
};
enum { OPTION_ABSENT = 0xff };

void ms_segment_options(struct segment_options *options, const uint8_t *bytes, unsigned len);

/* The pseudo header's sum of TCP between two addresses of one family. */
struct sum;
void ms_segment_pseudo_sum(struct sum *sum, const struct ms_addr *source,
                           const struct ms_addr *destination, uint32_t tcp_len);

/* The segments of one stream, in the file's order, and the bytes their offsets refer to. */
const struct segment *ms_streams_segments(const struct ms_streams *streams, size_t stream,
                                          size_t *count);
const uint8_t *ms_streams_bytes(const struct ms_streams *streams, size_t at);

/* A stream under construction: what was found of it in the file. */
struct stream_build {
    struct ms_stream stream;
    struct segment *segments; /* a run of the file's */
    size_t count;
    bool has_isn[2];
    uint32_t isn[2];
    bool has_syn[2]; /* a SYN without ACK */
};

/* Puts each side's bytes in order and finds out the rest. False: no memory. */
bool ms_stream_analyse(struct stream_build *build, const uint8_t *bytes);
void ms_stream_release(struct stream_build *build);

#endif
