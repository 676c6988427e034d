/* SPDX-License-Identifier: ISC */
/* ICMP and ICMPv6 (RFC 792, 4443): echo, errors in both directions. */
#ifndef IP_ICMP_H
#define IP_ICMP_H

#include "ip/ip.h"

/* What an ICMP error means to the transport whose packet it quotes. */
enum icmp_kind {
    ICMP_NOTHING, /* no error for a transport */
    ICMP_SOFT,    /* it may pass: network or host unreachable, time exceeded */
    ICMP_HARD,    /* protocol or port unreachable, administratively prohibited */
    ICMP_TOO_BIG, /* fragmentation needed, packet too big */
};

/* IPv6 with a fragment header, or IPv4 with all options; and the largest TCP header. */
enum { ICMP_QUOTE_ROOM = 60 + 60 };

/* An ICMP error about a packet of ours. */
struct icmp_report {
    enum icmp_kind kind;
    struct flow flow;       /* local is ours; ports read from the quote */
    struct ms_netif *netif; /* that has the local address */
    uint8_t protocol;       /* of the quoted packet */
    uint8_t type, code;
    uint32_t mtu;       /* with ICMP_TOO_BIG: the next hop's, already bounded from below */
    struct bytes quote; /* the quoted transport header, at least 8 bytes */
    uint8_t room[ICMP_QUOTE_ROOM]; /* the quote's headers, if they lay in several pieces */
};

enum icmp_error {
    ICMP_ERROR_PORT_UNREACHABLE,
    ICMP_ERROR_PROTOCOL_UNREACHABLE, /* v6: parameter problem 1, unrecognised next header */
    ICMP_ERROR_REASSEMBLY_TIMEOUT,
    ICMP_ERROR_PARAMETER_HEADER, /* pointer says where (RFC 4443, 3.4) */
    ICMP_ERROR_PARAMETER_OPTION, /* the caller has seen to it whether a group's packet counts */
};

/* Answers echo requests; a report of kind other than ICMP_NOTHING goes to the transport. */
enum ms_drop ms_icmp_input(struct packet *p, struct icmp_report *report);
/* The same for ICMPv6; hands neighbour discovery and MLD to their files. */
enum ms_drop ms_icmpv6_input(struct packet *p, struct icmp_report *report);
/*
 * Sends an error about p, if one may be sent at all (RFC 1122, 3.2.2; RFC 4443, 2.4) and the rate
 * limit allows. pointer: offset of the offending byte from the IP header; with an unreachable
 * protocol, 0 stands for where the last header is named.
 */
void ms_icmp_send_error(struct packet *p, enum icmp_error error, uint32_t pointer);

/*
 * A packet of ours found nobody at its next hop's address: its sender is told as a router would
 * tell him, by an error sent to ourselves (RFC 4861, 7.2.2).
 */
void ms_icmp_send_unresolved(struct ms_netif *netif, struct ms_frame *frame);

#endif
