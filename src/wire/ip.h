/* SPDX-License-Identifier: ISC */
/* Protocol numbers that IPv4 and IPv6 share. */
#ifndef WIRE_IP_H
#define WIRE_IP_H

enum ip_protocol {
    IP_PROTOCOL_HOP_BY_HOP = 0,
    IP_PROTOCOL_ICMP = 1,
    IP_PROTOCOL_IGMP = 2,
    IP_PROTOCOL_TCP = 6,
    IP_PROTOCOL_UDP = 17,
    IP_PROTOCOL_ROUTING = 43,
    IP_PROTOCOL_FRAGMENT = 44,
    IP_PROTOCOL_ICMPV6 = 58,
    IP_PROTOCOL_NO_NEXT_HEADER = 59,
    IP_PROTOCOL_DESTINATION_OPTIONS = 60,
};

#endif
