/* SPDX-License-Identifier: ISC */
/* Packets as scripts write them, with relative numbers, and as they go over the wire. */
#ifndef CLI_DRILL_PACKET_H
#define CLI_DRILL_PACKET_H

#include "drill/scan.h"
#include "mstack/mstack.h"

enum {
    PACKET_OPTIONS_MAX = 40,
    PACKET_BYTES_MAX = 65535 + 40,
    PACKET_TEXT_BYTES = 320,
    PACKET_SACK_MAX = 4,
};

enum packet_kind { PACKET_TCP, PACKET_ICMP };

enum packet_flag {
    FLAG_FIN = 0x01,
    FLAG_SYN = 0x02,
    FLAG_RST = 0x04,
    FLAG_PSH = 0x08,
    FLAG_ACK = 0x10,
    FLAG_URG = 0x20,
    FLAG_ECE = 0x40,
    FLAG_CWR = 0x80,
};

/* Options in the order of the wire, numbers in it relative where there are such. */
enum option_kind {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_WSCALE = 3,
    OPTION_SACK_OK = 4,
    OPTION_SACK = 5,
    OPTION_TIMESTAMP = 8,
};

struct packet_option {
    uint8_t kind;   /* enum option_kind */
    uint32_t value; /* MSS, scale, timestamp */
    uint32_t echo;  /* of a timestamp */
    uint8_t sack_count;
    uint32_t sack[PACKET_SACK_MAX][2];
};

enum { PACKET_OPTION_COUNT = 24 };

struct packet {
    enum packet_kind kind;
    bool is_outbound;
    uint8_t flags;
    uint32_t seq, len, ack;
    uint32_t window;
    uint16_t urgent;
    uint8_t ecn, icmp_type, icmp_code;
    uint32_t icmp_word; /* its MTU */
    bool has_window, has_urgent, has_ecn, has_any_options;
    unsigned option_count;
    struct packet_option options[PACKET_OPTION_COUNT];
};

/* "> S. 0:0(0) ack 1 <mss 1460>"; is_ipv6 decides what ICMP's words mean. */
bool packet_parse(struct packet *packet, struct scan *scan, bool is_ipv6, struct fault *fault);
/* In the same words. text has room for PACKET_TEXT_BYTES. */
void packet_print(const struct packet *packet, char *text);
/* Where two differ that should be the same, in words; NULL: nowhere. */
const char *packet_difference(const struct packet *is, const struct packet *should);

/* What turns relative numbers into those of the wire, and back. */
struct conversation {
    struct ms_addr local, remote; /* local: the stack's */
    uint16_t local_port, remote_port;
    uint32_t local_base, remote_base; /* wire numbers of 0 */
    bool has_local_base;
};

/* The wire's bytes of an inbound one. Returns how many. */
uint32_t packet_to_wire(const struct packet *packet, const struct conversation *c, uint8_t *bytes);
/* An outbound TCP packet; false: it is something else. Sets the ports. */
bool packet_from_wire(struct packet *packet, const uint8_t *bytes, uint32_t len,
                      struct conversation *ports);
/* Makes the numbers relative. */
void packet_make_relative(struct packet *packet, const struct conversation *c);

#endif
