/* SPDX-License-Identifier: ISC */
/* A client that was there before the server. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools.h"

enum { AT_ONCE = 32, PAUSE_MS = 20, PATIENCE_MS = 5000 };

static int begin(const char *host, const char *port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd >= 0 && inet_pton(AF_INET, host, &to.sin_addr) == 1)
        (void)connect(fd, (struct sockaddr *)&to, sizeof(to));
    return fd;
}

static bool ask(int fd)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: guest\r\n\r\n";
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    char byte;

    return send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == sizeof(request) - 1 &&
           poll(&wait, 1, PATIENCE_MS) == 1 && recv(fd, &byte, 1, 0) == 1;
}

/* The first that stands, or -1. Those that failed are closed. */
static int find_standing(struct pollfd *waits, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (waits[i].revents & (POLLERR | POLLHUP)) {
            close(waits[i].fd);
            waits[i].fd = -1;
        } else if (waits[i].revents & POLLOUT) {
            return waits[i].fd;
        }
    }
    return -1;
}

/* Begins a new connection every few milliseconds until one stands, asks for a page, and fails
 * unless an answer comes in time. */
int wait_for_server(int argc, char **argv)
{
    struct pollfd waits[AT_ONCE];
    unsigned next = 0;
    double until;
    int fd = -1;

    if (argc != 3)
        return BAD_USAGE;
    for (unsigned i = 0; i < AT_ONCE; i++)
        waits[i] = (struct pollfd){ .fd = -1, .events = POLLOUT };
    until = seconds() + atof(argv[2]);
    while (fd < 0 && seconds() < until) {
        close(waits[next].fd);
        waits[next].fd = begin(argv[0], argv[1]);
        next = (next + 1) % AT_ONCE;
        (void)poll(NULL, 0, PAUSE_MS);
        if (poll(waits, AT_ONCE, 0) > 0)
            fd = find_standing(waits, AT_ONCE);
    }
    return fd >= 0 && ask(fd) ? 0 : 1;
}
