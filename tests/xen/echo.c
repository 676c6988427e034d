/* SPDX-License-Identifier: ISC */
/* Streams to an echo service, from which nothing is read until it takes no more. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools.h"

enum {
    STREAMS_MAX = 256,
    CHUNK = 16384,
    SOCKET_BYTES = 65536,
    STALL_MS = 2000,
    PATIENCE_MS = 20000
};

struct stream {
    int fd; /* -1: it is over */
    unsigned number;
    size_t sent, back;
    bool is_right;
};

struct streams {
    struct stream all[STREAMS_MAX];
    unsigned count;
    size_t len; /* of each */
};

static char byte_at(const struct stream *stream, size_t at)
{
    return (char)(at * 7 + at / 251 + stream->number);
}

static bool open_stream(struct stream *stream, const char *host, const char *port)
{
    int bytes = SOCKET_BYTES;

    stream->fd = open_socket(host, port, SOCK_STREAM);
    /* What lies in the kernel's buffers is none of the guest's business. */
    return stream->fd >= 0 &&
           setsockopt(stream->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0 &&
           setsockopt(stream->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) == 0;
}

static void end_stream(struct stream *stream, bool is_right)
{
    stream->is_right = is_right;
    close(stream->fd);
    stream->fd = -1;
}

/* What the socket takes of the rest; the end behind it. */
static void push(struct stream *stream, size_t len)
{
    char bytes[CHUNK];
    size_t n = len - stream->sent < CHUNK ? len - stream->sent : CHUNK;
    ssize_t taken;

    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(stream, stream->sent + i);
    taken = send(stream->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN)
        end_stream(stream, false);
    if (taken <= 0)
        return;
    stream->sent += (size_t)taken;
    if (stream->sent == len)
        (void)shutdown(stream->fd, SHUT_WR);
}

/* What has come back, which ends where what was sent does. */
static void pull(struct stream *stream, size_t len)
{
    char bytes[CHUNK];
    ssize_t n = recv(stream->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] != byte_at(stream, stream->back + (size_t)i)) {
            end_stream(stream, false);
            return;
        }
    if (n > 0)
        stream->back += (size_t)n;
    else if (n == 0 || errno != EAGAIN)
        end_stream(stream, n == 0 && stream->back == len);
}

/* Waits for what there is to do with any of them, and does it. False: there was nothing. */
static bool go_on(struct streams *streams, bool is_reading, int timeout_ms)
{
    struct pollfd waits[STREAMS_MAX];

    for (unsigned i = 0; i < streams->count; i++) {
        struct stream *stream = &streams->all[i];
        int events = (is_reading ? POLLIN : 0) | (stream->sent < streams->len ? POLLOUT : 0);

        waits[i] = (struct pollfd){ .fd = stream->fd, .events = (short)events };
    }
    if (poll(waits, streams->count, timeout_ms) <= 0)
        return false;
    for (unsigned i = 0; i < streams->count; i++) {
        if (waits[i].revents & (POLLIN | POLLERR | POLLHUP))
            pull(&streams->all[i], streams->len);
        else if (waits[i].revents & POLLOUT)
            push(&streams->all[i], streams->len);
    }
    return true;
}

static unsigned count_right(const struct streams *streams)
{
    unsigned right = 0;

    for (unsigned i = 0; i < streams->count; i++)
        right += streams->all[i].is_right;
    return right;
}

static bool are_over(const struct streams *streams)
{
    for (unsigned i = 0; i < streams->count; i++)
        if (streams->all[i].fd >= 0)
            return false;
    return true;
}

/* Fails unless every stream comes back as it was, and none could be sent as a whole before it was
 * read from. */
int echo_streams(int argc, char **argv)
{
    static struct streams streams;
    unsigned held_back = 0;

    if (argc != 4 || atoi(argv[2]) < 1 || atoi(argv[2]) > STREAMS_MAX)
        return BAD_USAGE;
    streams.count = (unsigned)atoi(argv[2]);
    streams.len = (size_t)atol(argv[3]);
    for (unsigned i = 0; i < streams.count; i++) {
        streams.all[i].number = i;
        if (!open_stream(&streams.all[i], argv[0], argv[1]))
            return 1;
    }
    while (go_on(&streams, false, STALL_MS))
        ;
    for (unsigned i = 0; i < streams.count; i++)
        held_back += streams.all[i].fd >= 0 && streams.all[i].sent < streams.len;
    while (!are_over(&streams) && go_on(&streams, true, PATIENCE_MS))
        ;
    printf("%u of %u streams of %zu bytes came back, %u were held back\n", count_right(&streams),
           streams.count, streams.len, held_back);
    return count_right(&streams) == streams.count && held_back == streams.count ? 0 : 1;
}
