/* SPDX-License-Identifier: ISC */
/* A stream to or from a web server, and how fast it is. */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "pattern.h"
#include "tools.h"
#include "unikernel.h"

enum { STREAM_PIECE = 1 << 16, PATIENCE_MS = 20000 };

/* For pattern.c. */
void *ms_unikernel_memory(size_t bytes) { return malloc(bytes); }

static bool is_readable(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    return poll(&wait, 1, PATIENCE_MS) == 1;
}

static bool put_all(int fd, uint64_t bytes)
{
    while (bytes > 0) {
        uint32_t len;
        const uint8_t *data = pattern_from(0, bytes < STREAM_PIECE ? bytes : STREAM_PIECE, &len);
        ssize_t n = send(fd, data, len, 0);

        if (n <= 0)
            return false;
        bytes -= (uint64_t)n;
    }
    return true;
}

/* Until the other side has said all. */
static uint64_t take_all(int fd)
{
    static char bytes[1 << 18];
    uint64_t taken = 0;
    ssize_t n;

    while (is_readable(fd) && (n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        taken += (uint64_t)n;
    return taken;
}

int stream(int argc, char **argv)
{
    int fd = argc == 4 ? open_socket(argv[0], argv[1], SOCK_STREAM) : -1;
    bool is_put = argc == 4 && strcmp(argv[2], "put") == 0;
    uint64_t bytes = argc == 4 ? strtoull(argv[3], NULL, 10) : 0, taken;
    double began = seconds();

    if (fd < 0 || !pattern_make())
        return BAD_USAGE;
    if (is_put)
        dprintf(fd, "POST / HTTP/1.1\r\nContent-Length: %llu\r\n\r\n", (unsigned long long)bytes);
    else
        dprintf(fd, "GET /bytes/%llu HTTP/1.1\r\n\r\n", (unsigned long long)bytes);
    if (is_put && !put_all(fd, bytes))
        return 1;
    taken = take_all(fd);
    printf("%.0f\n", (double)bytes / 1000 / (seconds() - began));
    return is_put ? taken == 0 : taken < bytes;
}
