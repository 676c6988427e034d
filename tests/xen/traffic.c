/* SPDX-License-Identifier: ISC */
/* Datagrams to an echo service, and many requests to a web server. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools.h"

enum {
    DATAGRAMS_AT_ONCE = 16,
    BYTES_AT_ONCE = 65536, /* a socket has room for more */
    BYTES_MAX = 60000,
    ASKING_MAX = 1000,
    PATIENCE_MS = 20000,
};

double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int open_socket(const char *host, const char *port, int type)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
    char mapped[64];
    int fd;

    snprintf(mapped, sizeof mapped, "%s%s", strchr(host, ':') ? "" : "::ffff:", host);
    if (inet_pton(AF_INET6, mapped, &to.sin6_addr) != 1)
        return -1;
    fd = socket(AF_INET6, type, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool is_readable(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    return poll(&wait, 1, PATIENCE_MS) == 1;
}

static bool send_datagram(int fd, unsigned number, size_t len)
{
    char bytes[BYTES_MAX];

    memset(bytes, (int)number, len);
    memcpy(bytes, &number, sizeof number);
    return send(fd, bytes, len, 0) == (ssize_t)len;
}

static bool receive_datagram(int fd, size_t len)
{
    char bytes[BYTES_MAX];
    unsigned number;

    if (!is_readable(fd) || recv(fd, bytes, sizeof bytes, 0) != (ssize_t)len)
        return false;
    memcpy(&number, bytes, sizeof number);
    for (size_t i = sizeof number; i < len; i++)
        if (bytes[i] != (char)number)
            return false;
    return true;
}

/* A few at a time; fails unless every one comes back as it was. */
int echo_datagrams(int argc, char **argv)
{
    int fd = argc == 4 ? open_socket(argv[0], argv[1], SOCK_DGRAM) : -1;
    unsigned count = argc == 4 ? (unsigned)atoi(argv[2]) : 0, sent = 0, back = 0;
    size_t len = argc == 4 ? (size_t)atoi(argv[3]) : 0, at_once;
    double began = seconds();

    if (fd < 0 || len < sizeof(unsigned) || len > BYTES_MAX)
        return BAD_USAGE;
    at_once = BYTES_AT_ONCE / len < DATAGRAMS_AT_ONCE ? BYTES_AT_ONCE / len : DATAGRAMS_AT_ONCE;
    while (back < count) {
        for (; sent < count && sent - back < at_once; sent++)
            if (!send_datagram(fd, sent, len))
                return 1;
        if (!receive_datagram(fd, len))
            break;
        back++;
    }
    printf("%u of %u datagrams of %zu bytes came back, %.0f a second\n", back, sent, len,
           back / (seconds() - began));
    return back == count ? 0 : 1;
}

/* --- Requests --- */

/* Those that are to be right. */
struct asking {
    const char *host, *port, *path;
    unsigned count, begun, right, wrong;
    double began, slowest;
};

/* One of them, and its answer. */
struct ask {
    int fd; /* -1: none */
    double began;
    size_t len;       /* of the whole answer */
    char first[1024]; /* bytes of it, and what is never one */
};

/* Whether all came that the answer's head promises. */
static bool is_whole(const struct ask *ask)
{
    const char *end = strstr(ask->first, "\r\n\r\n");
    const char *length = strstr(ask->first, "Content-Length: ");

    return strncmp(ask->first, "HTTP/1.1 200 ", 13) == 0 && length && length < end &&
           ask->len == (size_t)(end + 4 - ask->first) + (size_t)atol(length + 16);
}

static void end_ask(struct asking *all, struct ask *ask)
{
    double took = seconds() - ask->began;

    if (is_whole(ask))
        all->right++;
    else if (all->wrong++ == 0)
        printf("first wrong answer: %zu bytes, errno %d, after %.2f s, %u right before\n", ask->len,
               errno, took, all->right);
    all->slowest = took > all->slowest ? took : all->slowest;
    close(ask->fd);
    ask->fd = -1;
}

/* Connects, unless all are begun. */
static void begin_ask(struct asking *all, struct ask *ask)
{
    *ask = (struct ask){ .fd = -1, .began = seconds() };
    if (all->begun == all->count)
        return;
    all->begun++;
    ask->fd = open_socket(all->host, all->port, SOCK_STREAM);
    if (ask->fd < 0)
        end_ask(all, ask);
}

static void put_question(struct asking *all, struct ask *ask)
{
    if (ask->fd >= 0 &&
        dprintf(ask->fd, "GET %s HTTP/1.1\r\nHost: guest\r\nConnection: close\r\n\r\n", all->path) <
            0)
        end_ask(all, ask);
}

static void keep_first(struct ask *ask, const char *bytes, size_t len)
{
    size_t room = sizeof ask->first - 1;

    if (ask->len >= room)
        return;
    room -= ask->len;
    memcpy(ask->first + ask->len, bytes, len < room ? len : room);
}

/* Some bytes, or the end of the answer, or the end of all patience. */
static void read_answer(struct asking *all, struct ask *ask)
{
    char bytes[65536];
    ssize_t n = recv(ask->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n > 0) {
        keep_first(ask, bytes, (size_t)n);
        ask->len += (size_t)n;
        return;
    }
    if (n < 0 && errno == EAGAIN && seconds() - ask->began < PATIENCE_MS / 1000.0)
        return;
    end_ask(all, ask);
    begin_ask(all, ask);
    put_question(all, ask);
}

static void ask_all(struct asking *all, struct ask *asks, unsigned at_once)
{
    struct pollfd waits[ASKING_MAX];

    for (unsigned i = 0; i < at_once; i++)
        begin_ask(all, &asks[i]);
    for (unsigned i = 0; i < at_once; i++)
        put_question(all, &asks[i]);
    while (all->right + all->wrong < all->count) {
        for (unsigned i = 0; i < at_once; i++)
            waits[i] = (struct pollfd){ .fd = asks[i].fd, .events = POLLIN };
        (void)poll(waits, at_once, 100);
        for (unsigned i = 0; i < at_once; i++)
            if (asks[i].fd >= 0)
                read_answer(all, &asks[i]);
    }
}

/* Opens so many connections to a web server before it asks by the first of them, and one more
 * whenever one was answered. Fails unless each gets its whole answer. */
int ask_many(int argc, char **argv)
{
    static struct ask asks[ASKING_MAX];
    struct asking all = { .began = seconds() };
    unsigned at_once = argc == 5 ? (unsigned)atoi(argv[4]) : 0;

    if (at_once == 0 || at_once > ASKING_MAX)
        return BAD_USAGE;
    all.host = argv[0], all.port = argv[1], all.path = argv[2];
    all.count = (unsigned)atoi(argv[3]);
    ask_all(&all, asks, at_once);
    printf("%u of %u requests were answered, %u at once, %.0f a second, the slowest in %.2f s\n",
           all.right, all.count, at_once, all.count / (seconds() - all.began), all.slowest);
    return all.right == all.count ? 0 : 1;
}
