/* SPDX-License-Identifier: ISC */
/* Interfaces of dom0: what they do to packets, and what packets go through them. */
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tools.h"

/* --- Disturbing: the netem queueing discipline --- */

enum { QUEUE_PACKETS = 1000, MESSAGE_BYTES = 512 };

struct message {
    struct nlmsghdr header;
    struct tcmsg tc;
    char attributes[MESSAGE_BYTES];
};

/* What is behind the message's end grows by it. */
static void append(struct message *m, const void *bytes, size_t len)
{
    memcpy((char *)m + m->header.nlmsg_len, bytes, len);
    m->header.nlmsg_len += (uint32_t)NLMSG_ALIGN(len);
}

static void append_attribute(struct message *m, uint16_t type, const void *bytes, size_t len)
{
    struct rtattr attribute = { .rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(len) };

    append(m, &attribute, sizeof attribute);
    append(m, bytes, len);
}

/* The kernel counts chances of 2^32. */
static uint32_t chance(const char *percent) { return (uint32_t)(atof(percent) / 100 * UINT32_MAX); }

static void append_disturbance(struct message *m, char **values)
{
    struct tc_netem_qopt options = {
        .limit = QUEUE_PACKETS,
        .loss = chance(values[0]),
        .duplicate = chance(values[1]),
        .gap = 1,
    };
    struct tc_netem_reorder reorder = { .probability = chance(values[2]) };
    int64_t delay_ns = atoll(values[3]) * 1000;
    struct tc_netem_rate rate = { .rate = (uint32_t)atoll(values[4]) };
    uint32_t at = m->header.nlmsg_len;
    struct rtattr whole = { .rta_type = TCA_OPTIONS };

    append(m, &whole, sizeof whole);
    append(m, &options, sizeof options);
    append_attribute(m, TCA_NETEM_LATENCY64, &delay_ns, sizeof delay_ns);
    if (reorder.probability > 0)
        append_attribute(m, TCA_NETEM_REORDER, &reorder, sizeof reorder);
    append_attribute(m, TCA_NETEM_RATE, &rate, sizeof rate);
    whole.rta_len = (uint16_t)(m->header.nlmsg_len - at);
    memcpy((char *)m + at, &whole, sizeof whole);
}

/* The kernel's answer, 0 or -errno. */
static int send_message(struct message *m)
{
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        struct message request;
    } answer = { .error.error = -1 };
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    if (fd < 0 || send(fd, m, m->header.nlmsg_len, 0) < 0 ||
        recv(fd, &answer, sizeof answer, 0) < 0)
        return -1;
    close(fd);
    return answer.error.error;
}

/* Some packets that leave by the link are lost, doubled, or go ahead of those that are late; and
 * there are no more than so many bytes a second, unless that is 0. */
int disturb(int argc, char **argv)
{
    struct message m = {
        .header = {
            .nlmsg_len = offsetof(struct message, attributes),
            .nlmsg_type = RTM_NEWQDISC,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
        },
        .tc = { .tcm_parent = TC_H_ROOT },
    };
    int error;

    if (argc != 6)
        return BAD_USAGE;
    m.tc.tcm_ifindex = (int)if_nametoindex(argv[0]);
    append_attribute(&m, TCA_KIND, "netem", sizeof "netem");
    append_disturbance(&m, argv + 1);
    error = send_message(&m);
    if (error)
        fprintf(stderr, "%s: cannot be disturbed: %s\n", argv[0], strerror(-error));
    return error ? 1 : 0;
}

/* --- Offloads --- */

enum { FEATURES_MAX = 128, FEATURE_BLOCKS = FEATURES_MAX / 32 };

static int ask_driver(const char *link, void *question)
{
    struct ifreq request = { .ifr_data = question };
    int fd = socket(AF_INET, SOCK_DGRAM, 0), answer;

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", link);
    answer = ioctl(fd, SIOCETHTOOL, &request);
    close(fd);
    return answer;
}

/* The number of a feature, and how many blocks of 32 all of them are; -1: there is none of that
 * name. */
static int find_feature(const char *link, const char *name, uint32_t *blocks)
{
    static uint32_t room[FEATURES_MAX * ETH_GSTRING_LEN];
    struct ethtool_gstrings *all = (void *)room;

    *all = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES };
    if (ask_driver(link, all) < 0)
        return -1;
    *blocks = (all->len + 31) / 32;
    for (uint32_t i = 0; i < all->len; i++)
        if (strncmp((char *)all->data + i * ETH_GSTRING_LEN, name, ETH_GSTRING_LEN) == 0)
            return (int)i;
    return -1;
}

/* Sets one, by the name that ethtool has for it. Fails if it stays as it was. */
int set_feature(int argc, char **argv)
{
    static uint32_t room[FEATURES_MAX];
    struct ethtool_sfeatures *set = (void *)room;
    uint32_t blocks = 0, bit;
    int number = argc == 3 ? find_feature(argv[0], argv[1], &blocks) : -1;

    if (number < 0 || blocks > FEATURE_BLOCKS)
        return BAD_USAGE;
    *set = (struct ethtool_sfeatures){ .cmd = ETHTOOL_SFEATURES, .size = blocks };
    bit = 1u << number % 32;
    set->features[number / 32].valid = bit;
    set->features[number / 32].requested = strcmp(argv[2], "on") == 0 ? bit : 0;
    if (ask_driver(argv[0], set) == 0)
        return 0;
    fprintf(stderr, "%s: %s cannot be %s\n", argv[0], argv[1], argv[2]);
    return 1;
}

/* --- Watching --- */

enum { DIRECTIONS = 2, FAMILIES = 2 };

/* Of the packets of one family in one direction. */
struct seen {
    unsigned long packets, longest, blank;
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

/* What the kernel says beside a packet. */
static struct tpacket_auxdata auxiliary_of(struct msghdr *message)
{
    struct tpacket_auxdata data = { 0 };

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
            memcpy(&data, CMSG_DATA(c), sizeof data);
    return data;
}

static void look_at_packet(int fd, struct seen seen[DIRECTIONS][FAMILIES])
{
    struct sockaddr_ll from;
    char bytes[64], control[256];
    struct iovec piece = { bytes, sizeof bytes };
    struct msghdr message = {
        .msg_name = &from,
        .msg_namelen = sizeof from,
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    struct tpacket_auxdata data;
    struct seen *s;

    if (recvmsg(fd, &message, MSG_TRUNC) < 0)
        return;
    if (from.sll_protocol != htons(ETH_P_IP) && from.sll_protocol != htons(ETH_P_IPV6))
        return;
    data = auxiliary_of(&message);
    s = &seen[from.sll_pkttype == PACKET_OUTGOING][from.sll_protocol == htons(ETH_P_IPV6)];
    s->packets++;
    s->longest = data.tp_len > s->longest ? data.tp_len : s->longest;
    s->blank += (data.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
}

/* A socket that sees all that goes through the link, or -1. */
static int open_watch(const char *link)
{
    struct sockaddr_ll on = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
    struct timeval patience = { .tv_usec = 50000 };
    int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

    on.sll_ifindex = (int)if_nametoindex(link);
    if (on.sll_ifindex == 0 || setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof one) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        bind(fd, (struct sockaddr *)&on, sizeof on) != 0)
        return -1;
    return fd;
}

/* Until it is told to end; then says what went in and out by the link. */
int watch(int argc, char **argv)
{
    static const char *const directions[] = { "in", "out" };
    struct seen seen[DIRECTIONS][FAMILIES] = { 0 };
    int fd;

    if (argc != 1 || (fd = open_watch(argv[0])) < 0)
        return BAD_USAGE;
    signal(SIGTERM, on_signal);
    while (!is_over)
        look_at_packet(fd, seen);
    for (unsigned d = 0; d < DIRECTIONS; d++)
        for (unsigned f = 0; f < FAMILIES; f++)
            printf("%s%u packets %lu longest %lu blank %lu\n", directions[d], f ? 6u : 4u,
                   seen[d][f].packets, seen[d][f].longest, seen[d][f].blank);
    return 0;
}
