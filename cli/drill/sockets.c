/* SPDX-License-Identifier: ISC */
/* The calls of sockets, as far as scripts need them, on the stack's own interface. */
#include "drill/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    FIRST_FD = 3, /* behind the standard three */
    SCRIPT_PORT = 8080,
    SETTINGS_MAX = 10, /* of enum ms_tcp_option */
    KEEPALIVE_IDLE_S = 7200,
    MS_PER_S = 1000,
};

struct drill_socket {
    struct sockets *owner;
    struct drill_socket *parent; /* whose backlog it waits in; NULL: in none */
    int fd;                      /* -1: not accepted yet, or closed */
    struct ms_tcp *tcp;          /* NULL: there is none, or it is over */
    struct ms_tcp_listener *listener;
    uint64_t readable_bytes;
    uint32_t settings[SETTINGS_MAX]; /* for the connection to come, with set's bits */
    uint32_t set;
    const struct ms_cc_ops *cc; /* the same; NULL: the stack's own */
    int error;                  /* to be told once */
    bool is_ipv6, is_nonblocking, is_connecting, is_open, has_eof, is_over, is_dropped;
};

/* One call being made. */
struct doing {
    struct sockets *sockets;
    const struct call *call;
    struct drill_socket *socket; /* of the first argument */
    struct outcome *outcome;
    struct fault *fault;
    bool is_first;
};

static int errno_of(enum ms_error error)
{
    switch (error) {
    case MS_OK: return 0;
    case MS_ERROR_REFUSED: return ECONNREFUSED;
    case MS_ERROR_RESET: return ECONNRESET;
    case MS_ERROR_TIMED_OUT: return ETIMEDOUT;
    case MS_ERROR_UNREACHABLE: return EHOSTUNREACH;
    case MS_ERROR_NO_ROUTE: return ENETUNREACH;
    case MS_ERROR_NO_ADDRESS: return EADDRNOTAVAIL;
    case MS_ERROR_IN_USE: return EADDRINUSE;
    case MS_ERROR_NO_MEMORY: return ENOMEM;
    case MS_ERROR_INTERFACE_GONE: return ENETDOWN;
    default: return EINVAL;
    }
}

static enum call_state done(const struct doing *d, int64_t result)
{
    d->outcome->result = result;
    return CALL_DONE;
}

static enum call_state failed(const struct doing *d, int error)
{
    *d->outcome = (struct outcome){ -1, error };
    return CALL_DONE;
}

static enum call_state would_block(const struct doing *d, bool is_nonblocking)
{
    return is_nonblocking ? failed(d, EAGAIN) : CALL_WAITS;
}

static struct drill_socket *find_fd(const struct sockets *sockets, int64_t fd)
{
    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        if (sockets->all[i] && sockets->all[i]->fd == fd)
            return sockets->all[i];
    }
    return NULL;
}

static int lowest_fd(const struct sockets *sockets)
{
    int fd = FIRST_FD;

    while (find_fd(sockets, fd))
        fd++;
    return fd;
}

/* NULL: there are too many. */
static struct drill_socket *make_socket(struct sockets *sockets)
{
    struct drill_socket *s;
    unsigned i = 0;

    while (i < SOCKETS_MAX && sockets->all[i])
        i++;
    s = i < SOCKETS_MAX ? calloc(1, sizeof(*s)) : NULL;
    if (!s)
        return NULL;
    s->owner = sockets;
    s->fd = -1;
    sockets->all[i] = s;
    return s;
}

/* Events of connections. */

static void on_open(struct ms_tcp *tcp, void *user)
{
    (void)tcp;
    ((struct drill_socket *)user)->is_open = true;
}

static void on_data(struct ms_tcp *tcp, void *user, const struct ms_slice *slice,
                    struct ms_frame *frame)
{
    struct drill_socket *s = user;

    (void)frame;
    if (s->is_dropped)
        ms_tcp_abort(tcp); /* RFC 9293, 3.6.1: nobody will ever read it */
    s->readable_bytes += slice->len;
}

static void on_eof(struct ms_tcp *tcp, void *user)
{
    (void)tcp;
    ((struct drill_socket *)user)->has_eof = true;
}

static void on_close(struct ms_tcp *tcp, void *user, enum ms_error why)
{
    struct drill_socket *s = user;

    (void)tcp;
    s->tcp = NULL;
    s->is_over = true;
    s->is_connecting = false;
    s->error = why == MS_ERROR_ABORTED ? 0 : errno_of(why);
    if (s->error == ECONNRESET && s->has_eof)
        s->error = EPIPE;
}

static const struct ms_tcp_events events = {
    .on_open = on_open, .on_data = on_data, .on_eof = on_eof, .on_close = on_close
};

static bool apply_settings(struct drill_socket *s)
{
    for (unsigned i = 0; i < SETTINGS_MAX; i++) {
        if (s->set & 1u << i && ms_tcp_set(s->tcp, (enum ms_tcp_option)i, s->settings[i]) != MS_OK)
            return false;
    }
    if (s->cc)
        ms_tcp_set_cc(s->tcp, s->cc);
    return true;
}

static const struct ms_tcp_events *on_accept(struct ms_tcp *tcp, void *listener_user, void **user)
{
    struct drill_socket *parent = listener_user, *s = make_socket(parent->owner);

    if (!s)
        return NULL;
    s->tcp = tcp;
    s->parent = parent;
    s->is_open = true;
    memcpy(s->settings, parent->settings, sizeof(s->settings));
    s->set = parent->set;
    s->cc = parent->cc;
    *user = s;
    return apply_settings(s) ? &events : NULL;
}

/* Calls. */

static enum call_state call_socket(struct doing *d)
{
    struct drill_socket *s;
    int64_t domain, type;

    if (!call_number(d->call, 0, &domain, d->fault) && strcmp(d->call->arguments[0], "...") != 0)
        return CALL_UNSUPPORTED;
    if (!call_number(d->call, 1, &type, d->fault))
        return CALL_UNSUPPORTED;
    if ((type & ~(int64_t)SOCK_NONBLOCK) != SOCK_STREAM) {
        fault_is(d->fault, "only sockets of type SOCK_STREAM are supported");
        return CALL_UNSUPPORTED;
    }
    s = make_socket(d->sockets);
    if (!s)
        return failed(d, ENOMEM);
    s->is_nonblocking = type & SOCK_NONBLOCK;
    s->fd = lowest_fd(d->sockets);
    return done(d, s->fd);
}

static enum call_state call_bind(struct doing *d) { return done(d, 0); }

static enum call_state call_listen(struct doing *d)
{
    const struct ms_tcp_listen listen = { .local = { .port = SCRIPT_PORT },
                                          .accept = on_accept,
                                          .user = d->socket };
    enum ms_error error = ms_tcp_listen(d->sockets->world->stack, &listen, &d->socket->listener);

    return error ? failed(d, errno_of(error)) : done(d, 0);
}

static enum call_state call_accept(struct doing *d)
{
    if (!d->socket->listener)
        return failed(d, EINVAL);
    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        struct drill_socket *s = d->sockets->all[i];

        if (!s || s->parent != d->socket)
            continue;
        s->parent = NULL;
        s->fd = lowest_fd(d->sockets);
        d->sockets->used = s;
        return done(d, s->fd);
    }
    return would_block(d, d->socket->is_nonblocking);
}

static enum call_state call_connect(struct doing *d)
{
    struct drill_socket *s = d->socket;
    const struct ms_tcp_connect connect = {
        .remote = { .addr = d->sockets->world->remote, .port = SCRIPT_PORT },
        .events = &events,
        .user = s,
    };
    enum ms_error error;

    if (!d->is_first || s->is_connecting || s->is_open || s->is_over) {
        if (s->is_over)
            return failed(d, s->error);
        if (s->is_open)
            return d->is_first ? failed(d, EISCONN) : done(d, 0);
        return d->is_first ? failed(d, EALREADY) : CALL_WAITS;
    }
    error = ms_tcp_connect(d->sockets->world->stack, &connect, &s->tcp);
    if (error)
        return failed(d, errno_of(error));
    if (!apply_settings(s))
        return failed(d, EINVAL);
    s->is_connecting = true;
    return s->is_nonblocking ? failed(d, EINPROGRESS) : CALL_WAITS;
}

static bool is_nonblocking(const struct doing *d, unsigned flags_argument)
{
    int64_t flags;
    struct fault ignored;

    return d->socket->is_nonblocking ||
           (d->call->argument_count > flags_argument &&
            call_number(d->call, flags_argument, &flags, &ignored) && (flags & MSG_DONTWAIT));
}

static enum call_state call_read(struct doing *d)
{
    struct drill_socket *s = d->socket;
    int64_t wanted;

    if (!call_number(d->call, 2, &wanted, d->fault))
        return CALL_UNSUPPORTED;
    if (s->readable_bytes > 0) {
        uint64_t n = (uint64_t)wanted < s->readable_bytes ? (uint64_t)wanted : s->readable_bytes;

        s->readable_bytes -= n;
        if (s->tcp)
            ms_tcp_consumed(s->tcp, (uint32_t)n);
        return done(d, (int64_t)n);
    }
    if (s->error) {
        int error = s->error;

        s->error = 0;
        return failed(d, error);
    }
    if (s->has_eof || s->is_over)
        return done(d, 0);
    if (!s->tcp)
        return failed(d, ENOTCONN);
    return would_block(d, is_nonblocking(d, 3));
}

/* Lent zeros, which go with their buffer. */
static void release(struct ms_buf *buf) { free(buf); }

static enum call_state call_write(struct doing *d)
{
    struct drill_socket *s = d->socket;
    struct ms_buf *buf;
    int64_t n;
    enum ms_error error;

    if (!call_number(d->call, 2, &n, d->fault))
        return CALL_UNSUPPORTED;
    if (!s->tcp) {
        int why = s->error ? s->error : s->is_over ? EPIPE : ENOTCONN;

        s->error = 0;
        return failed(d, why);
    }
    if (s->is_connecting && !s->is_open)
        return would_block(d, is_nonblocking(d, 3));
    if (n <= 0 || n > 1 << 30)
        return n == 0 ? done(d, 0) : failed(d, EINVAL);
    buf = calloc(1, sizeof(*buf) + (size_t)n);
    if (!buf)
        return failed(d, ENOMEM);
    *buf = (struct ms_buf){ .data = (const uint8_t *)(buf + 1),
                            .len = (uint32_t)n,
                            .release = release };
    error = ms_tcp_send(s->tcp, buf);
    if (error) {
        free(buf);
        return failed(d, error == MS_ERROR_STATE ? EPIPE : errno_of(error));
    }
    return done(d, n);
}

/* Bytes that nobody read are lost, and the peer has to know (RFC 2525, 2.17). */
static enum call_state call_close(struct doing *d)
{
    struct drill_socket *s = d->socket;

    s->fd = -1;
    s->is_dropped = true;
    if (s->listener)
        ms_tcp_unlisten(s->listener);
    s->listener = NULL;
    if (s->tcp && s->readable_bytes > 0)
        ms_tcp_abort(s->tcp);
    else if (s->tcp)
        ms_tcp_close(s->tcp);
    return done(d, 0);
}

static enum call_state call_shutdown(struct doing *d)
{
    int64_t how;

    if (!call_number(d->call, 1, &how, d->fault))
        return CALL_UNSUPPORTED;
    if (how == SHUT_RD) {
        fault_is(d->fault, "shutdown() with SHUT_RD is not supported");
        return CALL_UNSUPPORTED;
    }
    if (!d->socket->tcp)
        return failed(d, ENOTCONN);
    ms_tcp_close(d->socket->tcp);
    return done(d, 0);
}

static enum call_state call_fcntl(struct doing *d)
{
    int64_t command, flags;

    if (!call_number(d->call, 1, &command, d->fault))
        return CALL_UNSUPPORTED;
    if (command == F_GETFL)
        return done(d, O_RDWR | (d->socket->is_nonblocking ? O_NONBLOCK : 0));
    if (command != F_SETFL) {
        fault_is(d->fault, "only F_GETFL and F_SETFL of fcntl() are supported");
        return CALL_UNSUPPORTED;
    }
    if (!call_number(d->call, 2, &flags, d->fault))
        return CALL_UNSUPPORTED;
    d->socket->is_nonblocking = flags & O_NONBLOCK;
    return done(d, 0);
}

/* Which of the stack's options it is, and the value in its unit. -1: none; -2: any value will do.
 */
static int option_of(int64_t level, int64_t name, int64_t *value)
{
    if (level == SOL_SOCKET) {
        if (name == SO_REUSEADDR || name == SO_SNDBUF)
            return -2;
        *value = *value ? KEEPALIVE_IDLE_S : 0;
        return name == SO_KEEPALIVE ? (int)MS_TCP_KEEPALIVE_S : -1;
    }
    if (level == IPPROTO_IP)
        return name == IP_TOS   ? (int)MS_TCP_TRAFFIC_CLASS
               : name == IP_TTL ? (int)MS_TCP_HOP_LIMIT
                                : -1;
    if (level != SOL_TCP)
        return -1;
    switch (name) {
    case TCP_NODELAY: return MS_TCP_NO_DELAY;
    case TCP_CORK: return MS_TCP_CORK;
    case TCP_KEEPIDLE: return MS_TCP_KEEPALIVE_S;
    case TCP_KEEPINTVL: return MS_TCP_KEEPALIVE_INTERVAL_S;
    case TCP_KEEPCNT: return MS_TCP_KEEPALIVE_PROBES;
    case TCP_USER_TIMEOUT:
        *value = (*value + MS_PER_S - 1) / MS_PER_S;
        return MS_TCP_USER_TIMEOUT_S;
    default: return -1;
    }
}

/* TCP_CONGESTION, by Linux's names. */
static enum call_state choose_congestion(struct doing *d)
{
    static const struct {
        const char *name;
        const struct ms_cc_ops *ops;
    } known[] = { { "\"cubic\"", &ms_cc_cubic }, { "\"reno\"", &ms_cc_newreno } };
    struct drill_socket *s = d->socket;

    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(d->call->arguments[3], known[i].name) != 0)
            continue;
        s->cc = known[i].ops;
        return s->tcp && !apply_settings(s) ? failed(d, EINVAL) : done(d, 0);
    }
    return failed(d, ENOENT);
}

static enum call_state call_setsockopt(struct doing *d)
{
    struct drill_socket *s = d->socket;
    int64_t level, name, value;
    int option;

    if (!call_number(d->call, 1, &level, d->fault) || !call_number(d->call, 2, &name, d->fault))
        return CALL_UNSUPPORTED;
    if (level == SOL_TCP && name == TCP_CONGESTION)
        return choose_congestion(d);
    if (!call_number(d->call, 3, &value, d->fault))
        return CALL_UNSUPPORTED;
    option = option_of(level, name, &value);
    if (option == -1) {
        fault_is(d->fault, "the option %s of setsockopt() is not supported", d->call->arguments[2]);
        return CALL_UNSUPPORTED;
    }
    if (option == -2)
        return done(d, 0);
    if (value < 0 || value > UINT32_MAX)
        return failed(d, EINVAL);
    s->settings[option] = (uint32_t)value;
    s->set |= 1u << option;
    return s->tcp && !apply_settings(s) ? failed(d, EINVAL) : done(d, 0);
}

/* SO_ERROR alone, whose value the script knows. */
static enum call_state call_getsockopt(struct doing *d)
{
    int64_t level, name, value;
    int error = d->socket->error;

    if (!call_number(d->call, 1, &level, d->fault) || !call_number(d->call, 2, &name, d->fault) ||
        !call_number(d->call, 3, &value, d->fault))
        return CALL_UNSUPPORTED;
    if (level != SOL_SOCKET || name != SO_ERROR) {
        fault_is(d->fault, "the option %s of getsockopt() is not supported", d->call->arguments[2]);
        return CALL_UNSUPPORTED;
    }
    d->socket->error = 0;
    if (value != error) {
        fault_is(d->fault, "SO_ERROR is %s", error ? call_error_name(error) : "0");
        return CALL_UNSUPPORTED;
    }
    return done(d, 0);
}

static const struct {
    const char *name;
    enum call_state (*make)(struct doing *d);
    unsigned arguments_min;
    bool is_without_socket;
} calls[] = {
    { "socket", call_socket, 3, true },
    { "bind", call_bind, 3, false },
    { "listen", call_listen, 2, false },
    { "accept", call_accept, 3, false },
    { "connect", call_connect, 3, false },
    { "read", call_read, 3, false },
    { "recv", call_read, 4, false },
    { "write", call_write, 3, false },
    { "send", call_write, 4, false },
    { "close", call_close, 1, false },
    { "shutdown", call_shutdown, 2, false },
    { "fcntl", call_fcntl, 2, false },
    { "setsockopt", call_setsockopt, 5, false },
    { "getsockopt", call_getsockopt, 5, false },
};

enum { CALL_COUNT = sizeof(calls) / sizeof(calls[0]) };

enum call_state sockets_call(struct sockets *sockets, const struct call *call, bool is_first,
                             struct outcome *outcome, struct fault *fault)
{
    struct doing d = { sockets, call, NULL, outcome, fault, is_first };
    unsigned i = 0;
    int64_t fd;

    *outcome = (struct outcome){ 0, 0 };
    while (i < CALL_COUNT && strcmp(calls[i].name, call->name) != 0)
        i++;
    if (i == CALL_COUNT) {
        fault_is(fault, "the call %s() is not supported", call->name);
        return CALL_UNSUPPORTED;
    }
    if (call->argument_count < calls[i].arguments_min) {
        fault_is(fault, "%s() has at least %u arguments", call->name, calls[i].arguments_min);
        return CALL_UNSUPPORTED;
    }
    if (!calls[i].is_without_socket) {
        if (!call_number(call, 0, &fd, fault))
            return CALL_UNSUPPORTED;
        d.socket = find_fd(sockets, fd);
        if (!d.socket)
            return failed(&d, EBADF);
        sockets->used = d.socket;
    }
    return calls[i].make(&d);
}

const struct ms_tcp *sockets_connection(const struct sockets *sockets)
{
    return sockets->used ? sockets->used->tcp : NULL;
}

void sockets_free(struct sockets *sockets)
{
    for (unsigned i = 0; i < SOCKETS_MAX; i++)
        free(sockets->all[i]);
}
