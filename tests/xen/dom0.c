/* SPDX-License-Identifier: ISC */
/*
 * What dom0's shell lacks. `dom0 udp HOST PORT COUNT BYTES` sends datagrams to an echo service, a
 * few at a time, and fails unless every one comes back as it was. `dom0 many HOST PORT COUNT` opens
 * so many connections to a web server before it sends the first request, and reads every answer.
 */
#include <arpa/inet.h>
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

enum { AT_ONCE = 16, BYTES_MAX = 60000, CONNECTIONS_MAX = 1000, PATIENCE_MS = 5000 };

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A socket connected to the host, or -1. */
static int open_socket(const char *host, const char *port, int type)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    int fd = socket(AF_INET, type, 0);

    if (fd < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        return -1;
    return fd;
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
    memcpy(bytes, &number, sizeof(number));
    return send(fd, bytes, len, 0) == (ssize_t)len;
}

static bool receive_datagram(int fd, size_t len)
{
    char bytes[BYTES_MAX];
    unsigned number;

    if (!is_readable(fd) || recv(fd, bytes, sizeof(bytes), 0) != (ssize_t)len)
        return false;
    memcpy(&number, bytes, sizeof(number));
    for (size_t i = sizeof(number); i < len; i++)
        if (bytes[i] != (char)number)
            return false;
    return true;
}

static int echo_datagrams(int fd, unsigned count, size_t len)
{
    unsigned sent = 0, back = 0;
    double began = seconds();

    if (fd < 0 || len < sizeof(unsigned) || len > BYTES_MAX)
        return 2;
    while (back < count) {
        for (; sent < count && sent - back < AT_ONCE; sent++)
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

/* Whether an answer comes, up to its end. */
static bool read_answer(int fd)
{
    char bytes[1024];
    size_t len = 0;
    ssize_t n;

    while (len < sizeof(bytes) - 1 && is_readable(fd) &&
           (n = read(fd, bytes + len, sizeof(bytes) - 1 - len)) > 0)
        len += (size_t)n;
    bytes[len] = '\0';
    return strstr(bytes, "\r\n\r\nrequest ") != NULL;
}

static int ask_many(const char *host, const char *port, unsigned count)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: guest\r\n\r\n";
    int fds[CONNECTIONS_MAX];
    unsigned right = 0;

    if (count > CONNECTIONS_MAX)
        return 2;
    for (unsigned i = 0; i < count; i++) {
        fds[i] = open_socket(host, port, SOCK_STREAM);
        if (fds[i] < 0)
            return 1;
    }
    for (unsigned i = 0; i < count; i++)
        if (write(fds[i], request, sizeof(request) - 1) < 0)
            return 1;
    for (unsigned i = 0; i < count; i++)
        right += read_answer(fds[i]);
    printf("%u of %u connections were answered\n", right, count);
    return right == count ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "udp") == 0)
        return echo_datagrams(open_socket(argv[2], argv[3], SOCK_DGRAM), (unsigned)atoi(argv[4]),
                              (size_t)atoi(argv[5]));
    if (argc == 5 && strcmp(argv[1], "many") == 0)
        return ask_many(argv[2], argv[3], (unsigned)atoi(argv[4]));
    fprintf(stderr, "usage: dom0 udp HOST PORT COUNT BYTES | dom0 many HOST PORT COUNT\n");
    return 2;
}
