/* SPDX-License-Identifier: ISC */
/*
 * What web.c and hello do, on the sockets of Linux: GET /bytes/N is answered by N bytes of the
 * pattern at port 80, POST by whether they were those, and what comes to port 7 by UDP goes back.
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pattern.h"
#include "unikernel.h"

enum { WEB_PORT = 80, ECHO_PORT = 7, HEAD_BYTES = 1024, ROOM_BYTES = 1 << 18 };

static uint8_t room[ROOM_BYTES];

/* For pattern.c. */
void *ms_unikernel_memory(size_t bytes) { return malloc(bytes); }

static int open_socket(int type, uint16_t port)
{
    struct sockaddr_in6 local = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    int fd = socket(AF_INET6, type, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local) != 0 ||
        (type == SOCK_STREAM && listen(fd, 64) != 0)) {
        perror("socket");
        exit(1);
    }
    return fd;
}

static void echo(int fd)
{
    struct sockaddr_in6 from;
    socklen_t from_len = sizeof from;
    ssize_t n = recvfrom(fd, room, sizeof room, 0, (struct sockaddr *)&from, &from_len);

    if (n >= 0)
        (void)sendto(fd, room, (size_t)n, 0, (struct sockaddr *)&from, from_len);
}

/* Up to the empty line. Returns how many bytes lie behind it in `room`, or -1. */
static ssize_t read_head(int fd, char head[HEAD_BYTES])
{
    size_t len = 0;
    ssize_t n;

    while (len < HEAD_BYTES - 1 && (n = recv(fd, head + len, HEAD_BYTES - 1 - len, 0)) > 0) {
        const char *end;

        len += (size_t)n;
        head[len] = '\0';
        end = strstr(head, "\r\n\r\n");
        if (!end)
            continue;
        len -= (size_t)(end + 4 - head);
        memcpy(room, end + 4, len);
        return (ssize_t)len;
    }
    return -1;
}

static void send_pattern(int fd, uint64_t bytes)
{
    dprintf(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %llu\r\n\r\n",
            (unsigned long long)bytes);
    for (uint64_t at = 0; at < bytes;) {
        uint32_t len;
        const uint8_t *data = pattern_from(at, bytes - at, &len);
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        at += (uint64_t)n;
    }
}

static void compare(int fd, ssize_t n, uint64_t bytes)
{
    bool is_right = true;
    char body[64];
    uint64_t at = 0;

    for (; n >= 0; n = recv(fd, room, sizeof room, 0)) {
        is_right = is_right && pattern_is(at, room, (uint32_t)n);
        at += (uint64_t)n;
        if (at >= bytes || (n == 0 && at > 0))
            break;
    }
    snprintf(body, sizeof body, "%s %llu\n", is_right ? "right" : "wrong", (unsigned long long)at);
    dprintf(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
            strlen(body), body);
}

static void serve(int listener)
{
    int fd = accept(listener, NULL, NULL);
    char head[HEAD_BYTES];
    ssize_t n = fd >= 0 ? read_head(fd, head) : -1;
    const char *length = n >= 0 ? strstr(head, "Content-Length: ") : NULL;

    if (n >= 0 && strncmp(head, "POST ", 5) == 0 && length)
        compare(fd, n, strtoull(length + 16, NULL, 10));
    else if (n >= 0 && strncmp(head, "GET /bytes/", 11) == 0)
        send_pattern(fd, strtoull(head + 11, NULL, 10));
    if (fd >= 0)
        close(fd);
}

int main(void)
{
    struct pollfd ends[] = {
        { .fd = open_socket(SOCK_STREAM, WEB_PORT), .events = POLLIN },
        { .fd = open_socket(SOCK_DGRAM, ECHO_PORT), .events = POLLIN },
    };

    if (!pattern_make())
        return 1;
    puts("network: up");
    fflush(stdout);
    while (poll(ends, 2, -1) > 0) {
        if (ends[0].revents)
            serve(ends[0].fd);
        if (ends[1].revents)
            echo(ends[1].fd);
    }
    return 1;
}
