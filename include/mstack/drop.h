/* SPDX-License-Identifier: ISC */
/* Why frames are dropped: one counter for each reason, readable with ms_stack_counters(). */
#ifndef MSTACK_DROP_H
#define MSTACK_DROP_H

/* clang-format off */
#define MS_DROP_LIST(X)                                                                            \
    X(NONE, "accepted")                                                                            \
    X(FRAME_NOT_CONTIGUOUS, "headers are not in the frame's first piece")                          \
    X(INTERFACE_DOWN, "interface is down")                                                         \
    X(ETH_RUNT, "Ethernet frame shorter than its header")                                          \
    X(ETH_NOT_FOR_US, "Ethernet destination is another station")                                   \
    X(ETH_BAD_SOURCE, "Ethernet source is a group address")                                        \
    X(ETH_UNKNOWN_TYPE, "Ethernet type not implemented")                                           \
    X(ETH_NESTED_VLAN, "more than one VLAN tag, or another VLAN")                                  \
    X(ARP_MALFORMED, "ARP packet short or not Ethernet/IPv4")                                      \
    X(ARP_BAD_SENDER, "ARP sender address impossible")                                             \
    X(ARP_NOT_FOR_US, "ARP about other hosts")                                                     \
    X(ARP_UNSOLICITED, "ARP reply nobody asked for")                                               \
    X(ARP_CONFLICT, "ARP sender claims one of our addresses")                                      \
    X(NEIGHBOR_UNRESOLVED, "address resolution failed or its queue is full")                       \
    X(IP_BAD_VERSION, "IP version is not what the link says")                                      \
    X(IP_BAD_SOURCE, "IP source address impossible")                                               \
    X(IP_NOT_FOR_US, "IP destination is another host")                                             \
    X(IP_OWN_ADDRESS, "IP source is our own address")                                              \
    X(IP_UNKNOWN_PROTOCOL, "no such protocol above IP")                                            \
    X(IPV4_TRUNCATED, "IPv4 packet shorter than it says")                                          \
    X(IPV4_BAD_HEADER_LENGTH, "IPv4 header length impossible")                                     \
    X(IPV4_BAD_CHECKSUM, "IPv4 header checksum wrong")                                             \
    X(IPV4_BAD_OPTION, "IPv4 option malformed")                                                    \
    X(IPV4_SOURCE_ROUTE, "IPv4 source route refused")                                              \
    X(IPV6_TRUNCATED, "IPv6 packet shorter than it says")                                          \
    X(IPV6_BAD_OPTION, "IPv6 option not understood or malformed")                                  \
    X(IPV6_BAD_EXTENSION, "IPv6 extension header malformed, repeated or out of place")             \
    X(IPV6_TOO_MANY_HEADERS, "IPv6 extension headers or options beyond the bound")                 \
    X(IPV6_ROUTING_HEADER, "IPv6 routing header with segments left")                               \
    X(IPV6_NO_NEXT_HEADER, "IPv6 no next header")                                                  \
    X(FRAGMENT_MALFORMED, "fragment with an impossible offset or length")                          \
    X(FRAGMENT_OVERLAP, "fragments overlap; their datagram is discarded")                          \
    X(FRAGMENT_NO_MEMORY, "reassembly is full")                                                    \
    X(FRAGMENT_DUPLICATE, "fragment already held")                                                 \
    X(FRAGMENT_DISCARDED, "fragment of a discarded datagram")                                      \
    X(FRAGMENT_TIMEOUT, "reassembly ran out of time")                                              \
    X(FRAGMENT_ECN_MIXED, "fragments with and without ECN, some marked as congested")              \
    X(FRAGMENT_HEADER_SPLIT, "first fragment without the whole header chain")                      \
    X(ICMP_TRUNCATED, "ICMP message too short")                                                    \
    X(ICMP_BAD_CHECKSUM, "ICMP checksum wrong")                                                    \
    X(ICMP_UNKNOWN_TYPE, "ICMP type not implemented or ignored")                                   \
    X(ICMP_GROUP_ECHO, "ICMP echo to a group or broadcast address")                                \
    X(ICMP_BAD_QUOTE, "ICMP error quotes too little or what we never sent")                        \
    X(ICMP_RATE_LIMITED, "ICMP answer withheld by the rate limit")                                 \
    X(ICMP_ECHO_REPLY_UNKNOWN, "ICMP echo reply nobody waits for")                                 \
    X(ND_BAD_HOP_LIMIT, "neighbour discovery with a hop limit below 255")                          \
    X(ND_MALFORMED, "neighbour discovery message or option malformed")                             \
    X(ND_FRAGMENTED, "neighbour discovery in a fragment")                                          \
    X(ND_BAD_ADDRESS, "neighbour discovery with an impossible address")                            \
    X(ND_UNSOLICITED, "neighbour advertisement nobody asked for")                                  \
    X(ND_NOT_FOR_US, "neighbour discovery about other hosts")                                      \
    X(ND_NOT_ROUTER, "router advertisement or redirect not from a router")                         \
    X(GROUP_MALFORMED, "IGMP or MLD message malformed")                                            \
    X(GROUP_NOT_JOINED, "IGMP or MLD about groups not joined")                                     \
    X(UDP_TRUNCATED, "UDP datagram too short")                                                     \
    X(UDP_BAD_LENGTH, "UDP length impossible")                                                     \
    X(UDP_BAD_CHECKSUM, "UDP checksum wrong")                                                      \
    X(UDP_BAD_PORT, "UDP port zero")                                                               \
    X(UDP_LINK_GROUP, "UDP to one host in a frame to many")                                        \
    X(UDP_NO_SOCKET, "no UDP socket there")                                                        \
    X(TCP_TRUNCATED, "TCP segment too short")                                                      \
    X(TCP_BAD_HEADER_LENGTH, "TCP data offset impossible")                                         \
    X(TCP_BAD_OPTION, "TCP option malformed")                                                      \
    X(TCP_BAD_CHECKSUM, "TCP checksum wrong")                                                      \
    X(TCP_BAD_PORT, "TCP port zero")                                                               \
    X(TCP_BAD_ADDRESS, "TCP to or from a group or broadcast address")                              \
    X(TCP_BAD_FLAGS, "TCP flags that no segment may have")                                         \
    X(TCP_NO_CONNECTION, "no TCP connection or listener there")                                    \
    X(TCP_PAWS, "TCP timestamp older than the last (PAWS)")                                        \
    X(TCP_OUT_OF_WINDOW, "TCP segment outside the receive window")                                 \
    X(TCP_DUPLICATE, "TCP segment wholly received before")                                         \
    X(TCP_BAD_ACK, "TCP acknowledgement of what was not sent, or too old")                         \
    X(TCP_NO_ACK, "TCP segment without ACK where one is due")                                      \
    X(TCP_BAD_RESET, "TCP reset that is not exact (RFC 5961)")                                     \
    X(TCP_UNEXPECTED_SYN, "TCP SYN in a synchronised state (RFC 5961)")                            \
    X(TCP_LISTEN_OVERFLOW, "TCP backlog and SYN queue full")                                       \
    X(TCP_BAD_COOKIE, "TCP SYN cookie wrong or expired")                                           \
    X(TCP_NO_MEMORY, "no TCP connection block left")                                               \
    X(TCP_REORDER_FULL, "TCP out-of-order queue full")                                             \
    X(TCP_TIME_WAIT, "TCP segment for a connection in TIME-WAIT")                                  \
    X(SEND_NO_FRAME, "no frame left to send with")                                                 \
    X(SEND_QUEUE_FULL, "transmit queue full")                                                      \
    X(SEND_NO_ROUTE, "no route or no source address")
/* clang-format on */

enum ms_drop {
#define MS_DROP_ENUM(name, text) MS_DROP_##name,
    MS_DROP_LIST(MS_DROP_ENUM)
#undef MS_DROP_ENUM
        MS_DROP_COUNT
};

/* A sentence for each reason; "?" for a number that is none. */
const char *ms_drop_text(enum ms_drop drop);

#endif
