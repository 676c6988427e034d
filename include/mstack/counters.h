/* SPDX-License-Identifier: ISC */
/* Counters of a stack, after the MIBs of RFC 4293, 4113 and 4022. They wrap at 2^64. */
#ifndef MSTACK_COUNTERS_H
#define MSTACK_COUNTERS_H

#include <stdint.h>

#include "mstack/drop.h"

/* clang-format off */
#define MS_COUNTER_LIST(X)                                                                         \
    X(ip_in_receives, "IP packets received")                                                       \
    X(ip_in_delivers, "IP packets handed to a protocol above")                                     \
    X(ip_in_header_errors, "IP packets with an impossible header")                                 \
    X(ip_in_address_errors, "IP packets to or from an impossible address")                         \
    X(ip_in_unknown_protocols, "IP packets for no protocol here")                                  \
    X(ip_out_requests, "IP packets sent")                                                          \
    X(ip_out_no_routes, "IP packets without a route")                                              \
    X(ip_out_discards, "IP packets not sent for want of room")                                     \
    X(ip_reassembly_required, "fragments received")                                                \
    X(ip_reassembly_ok, "datagrams reassembled")                                                   \
    X(ip_reassembly_fails, "datagrams given up in reassembly")                                     \
    X(ip_fragments_ok, "datagrams fragmented")                                                     \
    X(ip_fragments_created, "fragments sent")                                                      \
    X(icmp_in_messages, "ICMP messages received")                                                  \
    X(icmp_in_errors, "ICMP errors received")                                                      \
    X(icmp_in_echos, "echo requests received")                                                     \
    X(icmp_in_echo_replies, "echo replies received")                                               \
    X(icmp_out_messages, "ICMP messages sent")                                                     \
    X(icmp_out_errors, "ICMP errors sent")                                                         \
    X(icmp_out_echo_replies, "echo replies sent")                                                  \
    X(icmp_path_mtu_updates, "path MTUs lowered by a validated error")                             \
    X(arp_in_requests, "ARP requests received")                                                    \
    X(arp_in_replies, "ARP replies received")                                                      \
    X(arp_out_requests, "ARP requests sent")                                                       \
    X(arp_out_replies, "ARP replies sent")                                                         \
    X(nd_in_messages, "neighbour discovery messages received")                                     \
    X(nd_out_messages, "neighbour discovery messages sent")                                        \
    X(address_conflicts, "addresses of ours that another station uses")                            \
    X(udp_in_datagrams, "datagrams delivered")                                                     \
    X(udp_no_ports, "datagrams to a port nobody has")                                              \
    X(udp_in_errors, "datagrams malformed")                                                        \
    X(udp_out_datagrams, "datagrams sent")                                                         \
    X(tcp_active_opens, "connections opened by us")                                                \
    X(tcp_passive_opens, "connections opened by peers")                                            \
    X(tcp_attempt_fails, "handshakes that failed")                                                 \
    X(tcp_established_resets, "established connections reset")                                     \
    X(tcp_current_established, "connections established now")                                      \
    X(tcp_in_segments, "segments received")                                                        \
    X(tcp_out_segments, "segments sent")                                                           \
    X(tcp_retransmitted_segments, "segments sent again")                                           \
    X(tcp_in_errors, "segments malformed")                                                         \
    X(tcp_out_resets, "RSTs sent")                                                                 \
    X(tcp_timeouts, "retransmission timeouts")                                                     \
    X(tcp_fast_retransmits, "fast retransmissions entered")                                        \
    X(tcp_limited_transmits, "segments sent by limited transmit")                                  \
    X(tcp_dsacks_sent, "duplicate SACK blocks sent")                                               \
    X(tcp_dsacks_received, "duplicate SACK blocks received")                                       \
    X(tcp_out_of_order_segments, "segments received out of order")                                 \
    X(tcp_duplicate_segments, "segments received twice")                                           \
    X(tcp_delayed_acks, "delayed acknowledgements sent by the timer")                              \
    X(tcp_zero_window_probes, "zero-window probes sent")                                           \
    X(tcp_keepalives, "keepalive probes sent")                                                     \
    X(tcp_challenge_acks, "challenge ACKs sent (RFC 5961)")                                        \
    X(tcp_syn_cookies_sent, "SYN cookies sent")                                                    \
    X(tcp_syn_cookies_accepted, "SYN cookies that came back right")                                \
    X(tcp_syn_cookies_failed, "SYN cookies that came back wrong")                                  \
    X(tcp_listen_overflows, "SYNs dropped since the backlog was full")                             \
    X(tcp_time_waits, "connections that went to TIME-WAIT")                                        \
    X(tcp_time_wait_reused, "TIME-WAIT records given to a new connection (RFC 6191)")              \
    X(tcp_time_wait_evicted, "TIME-WAIT records given up early for want of room")                  \
    X(tcp_reneged, "connections whose peer took back a SACK")
/* clang-format on */

struct ms_counters {
#define MS_COUNTER_FIELD(name, text) uint64_t name;
    MS_COUNTER_LIST(MS_COUNTER_FIELD)
#undef MS_COUNTER_FIELD
    uint64_t drops[MS_DROP_COUNT]; /* by enum ms_drop; drops[MS_DROP_NONE] stays 0 */
};

#endif
