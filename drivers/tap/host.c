/* SPDX-License-Identifier: ISC */
/* The kernel's side of a TUN/TAP interface: addresses, MTU, up and down. */
#define _DEFAULT_SOURCE 1 /* the C library shows Linux's calls only if asked */

#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IPV4_AT = 12, IPV4_BYTES = 4, IPV6_BYTES = 16, LOCAL_TRIES = 500 };

/* A request about one address; two attributes of at most 16 bytes, and the flags. */
struct addr_request {
    struct nlmsghdr header;
    struct ifaddrmsg message;
    uint8_t attributes[3 * (sizeof(struct rtattr) + IPV6_BYTES)];
};

static void add_attribute(struct addr_request *request, unsigned short type, const void *data,
                          size_t len)
{
    size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
    struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = type };
    uint8_t *end = (uint8_t *)request + at;

    memcpy(end, &attribute, sizeof attribute);
    memcpy(end + RTA_LENGTH(0), data, len);
    request->header.nlmsg_len = (uint32_t)(at + RTA_ALIGN(attribute.rta_len));
}

static void build_request(struct addr_request *request, uint16_t type, unsigned index,
                          const struct ms_host_addr *addr)
{
    bool is_ipv4 = ms_addr_is_ipv4(&addr->addr);
    const uint8_t *bytes = addr->addr.bytes + (is_ipv4 ? IPV4_AT : 0);
    size_t len = is_ipv4 ? IPV4_BYTES : IPV6_BYTES;
    uint32_t flags = IFA_F_NODAD;

    memset(request, 0, sizeof *request);
    request->header.nlmsg_len = NLMSG_LENGTH(sizeof request->message);
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    if (type == RTM_NEWADDR)
        request->header.nlmsg_flags |= NLM_F_CREATE | NLM_F_REPLACE;
    request->message.ifa_family = is_ipv4 ? AF_INET : AF_INET6;
    request->message.ifa_prefixlen = addr->prefix_len;
    request->message.ifa_index = index;
    add_attribute(request, IFA_LOCAL, bytes, len);
    add_attribute(request, IFA_ADDRESS, bytes, len);
    if (!is_ipv4 && type == RTM_NEWADDR)
        add_attribute(request, IFA_FLAGS, &flags, sizeof flags);
}

/* Sends a request and waits for the kernel's answer, which comes at once. Its length, or -1. */
static ssize_t ask(const struct nlmsghdr *request, void *answer, size_t size)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    ssize_t n = -1;
    int error;

    if (fd < 0)
        return -1;
    if (sendto(fd, request, request->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) >= 0)
        n = recv(fd, answer, size, 0);
    error = errno;
    close(fd);
    errno = error;
    return n;
}

static int exchange(const struct addr_request *request)
{
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        uint8_t rest[256];
    } answer;
    ssize_t n = ask(&request->header, &answer, sizeof answer);

    if (n < 0)
        return errno;
    if ((size_t)n < NLMSG_LENGTH(sizeof answer.error) || answer.header.nlmsg_type != NLMSG_ERROR)
        return EPROTO;
    return -answer.error.error;
}

/* Whether the kernel takes what is sent to an IPv6 address as its own. */
static bool is_local(const struct ms_addr *addr)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg message;
        struct rtattr attribute;
        uint8_t bytes[IPV6_BYTES];
    } request = {
        .header = { .nlmsg_len = sizeof request,
                    .nlmsg_type = RTM_GETROUTE,
                    .nlmsg_flags = NLM_F_REQUEST },
        .message = { .rtm_family = AF_INET6, .rtm_dst_len = 8 * IPV6_BYTES },
        .attribute = { .rta_len = RTA_LENGTH(IPV6_BYTES), .rta_type = RTA_DST },
    };
    struct {
        struct nlmsghdr header;
        struct rtmsg message;
        uint8_t rest[1024];
    } answer;

    memcpy(request.bytes, addr->bytes, IPV6_BYTES);
    return ask(&request.header, &answer, sizeof answer) >=
               (ssize_t)NLMSG_LENGTH(sizeof answer.message) &&
           answer.header.nlmsg_type == RTM_NEWROUTE && answer.message.rtm_type == RTN_LOCAL;
}

/*
 * The kernel begins to listen on an IPv6 address some time after it has confirmed it; what comes
 * earlier is lost. Best effort: if it takes very long, the address is usable later.
 */
static void wait_until_local(const struct ms_addr *addr)
{
    const struct timespec pause = { .tv_nsec = 1000000 };

    for (unsigned i = 0; i < LOCAL_TRIES && !is_local(addr); i++)
        nanosleep(&pause, NULL);
}

static bool is_prefix_sensible(const struct ms_host_addr *addr)
{
    return addr->prefix_len <= (ms_addr_is_ipv4(&addr->addr) ? 32 : 128);
}

static int change_addr(const char *name, uint16_t type, const struct ms_host_addr *addr)
{
    struct addr_request request;
    unsigned index = if_nametoindex(name);

    if (index == 0)
        return errno ? errno : ENODEV;
    if (!is_prefix_sensible(addr))
        return EINVAL;
    build_request(&request, type, index, addr);
    return exchange(&request);
}

/* Best effort: a kernel without IPv6 has no such files, and needs none. */
static void write_setting(const char *name, const char *setting, const char *value)
{
    char path[128];
    int fd;

    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, setting);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, value, strlen(value)) < 0)
        errno = 0; /* the addresses below will tell */
    close(fd);
}

static int set_mtu(int fd, const char *name, uint32_t mtu)
{
    struct ifreq request = { 0 };

    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_mtu = (int)mtu;
    return ioctl(fd, SIOCSIFMTU, &request) < 0 ? errno : 0;
}

static int set_up(int fd, const char *name, bool is_up)
{
    struct ifreq request = { 0 };

    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
        return errno;
    if (is_up)
        request.ifr_flags |= IFF_UP;
    else
        request.ifr_flags = (short)(request.ifr_flags & ~IFF_UP);
    return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? errno : 0;
}

static int fail(int error, const char *what, const char *name, char *message, size_t size)
{
    snprintf(message, size, "cannot %s %s: %s", what, name, strerror(error));
    return error;
}

/* MTU and link state go through any socket. */
static int bring_up(const struct ms_host_config *config, char *message, size_t size)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return fail(errno, "open a socket for", config->name, message, size);
    error = config->mtu ? set_mtu(fd, config->name, config->mtu) : 0;
    if (error) {
        (void)fail(error, "set the MTU of", config->name, message, size);
    } else {
        error = set_up(fd, config->name, true);
        if (error)
            (void)fail(error, "bring up", config->name, message, size);
    }
    close(fd);
    return error;
}

int ms_host_up(const struct ms_host_config *config, char *message, size_t size)
{
    int error;

    write_setting(config->name, "disable_ipv6", "0");
    write_setting(config->name, "accept_dad", "0"); /* or its link-local address takes a second */
    error = bring_up(config, message, size);
    for (unsigned i = 0; !error && i < config->addr_count; i++) {
        char text[MS_ADDR_TEXT_SIZE];
        char what[MS_ADDR_TEXT_SIZE + 32];

        error = change_addr(config->name, RTM_NEWADDR, &config->addrs[i]);
        if (!error)
            continue;
        (void)ms_addr_format(&config->addrs[i].addr, text);
        snprintf(what, sizeof what, "give %s/%u to", text, config->addrs[i].prefix_len);
        (void)fail(error, what, config->name, message, size);
    }
    for (unsigned i = 0; !error && i < config->addr_count; i++) {
        if (!ms_addr_is_ipv4(&config->addrs[i].addr))
            wait_until_local(&config->addrs[i].addr);
    }
    return error;
}

int ms_host_down(const struct ms_host_config *config, char *message, size_t size)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return fail(errno, "open a socket for", config->name, message, size);
    for (unsigned i = 0; i < config->addr_count; i++)
        (void)change_addr(config->name, RTM_DELADDR, &config->addrs[i]);
    error = set_up(fd, config->name, false);
    close(fd);
    if (error && error != ENODEV)
        return fail(error, "take down", config->name, message, size);
    return 0;
}
