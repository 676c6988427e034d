/* SPDX-License-Identifier: ISC */
/* What ICMP and ICMPv6 share: messages that show received bytes, and quotes. */
#ifndef IP_ICMP_MESSAGE_H
#define IP_ICMP_MESSAGE_H

#include "core/frame.h"
#include "core/packet.h"
#include "ip/icmp.h"
#include "ip/ip.h"
#include "wire/icmp.h"

enum { ICMP_CHECKSUM_OFFSET = 2 };

/*
 * The way back to whom p came from. *local: the address he sent to, or one of the interface's if
 * that was a group.
 */
enum ms_error ms_icmp_find_answer_path(const struct packet *p, struct ms_addr *local,
                                       struct path *path);
/*
 * Shows len bytes of a received frame from an offset on, as far as there are slices for them, and
 * tells how many are shown.
 */
uint32_t ms_icmp_borrow(struct ms_frame *frame, const struct path *path, struct ms_frame *parent,
                        uint32_t offset, uint32_t len);
/*
 * Puts an ICMP header in front of the slices, of either family: both lie alike. checksum: that of
 * the message, or NULL to sum it.
 */
void ms_icmp_push(struct ms_stack *stack, struct ms_frame *frame, const struct icmp_header *header,
                  const struct ip_send *send, const uint16_t *checksum);
/*
 * The last steps of receiving an error, common to both families: report is complete but for the
 * ports. What is not for a transport leaves as ICMP_NOTHING.
 */
enum ms_drop ms_icmp_quoted(const struct packet *p, struct icmp_report *report);

#endif
