/* SPDX-License-Identifier: ISC */
/* Socket calls as scripts write them. */
#include "drill/call.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SYMBOL(name) \
    {                \
#name, name  \
    }

static const struct {
    const char *name;
    int64_t value;
} symbols[] = {
    SYMBOL(AF_INET),        SYMBOL(AF_INET6),         SYMBOL(SOCK_STREAM),   SYMBOL(SOCK_NONBLOCK),
    SYMBOL(IPPROTO_TCP),    SYMBOL(IPPROTO_IP),       SYMBOL(IPPROTO_IPV6),  SYMBOL(SOL_SOCKET),
    SYMBOL(SOL_TCP),        SYMBOL(SO_REUSEADDR),     SYMBOL(SO_KEEPALIVE),  SYMBOL(SO_ERROR),
    SYMBOL(SO_LINGER),      SYMBOL(SO_SNDBUF),        SYMBOL(SO_RCVBUF),     SYMBOL(TCP_NODELAY),
    SYMBOL(TCP_CORK),       SYMBOL(TCP_KEEPIDLE),     SYMBOL(TCP_KEEPINTVL), SYMBOL(TCP_KEEPCNT),
    SYMBOL(TCP_CONGESTION), SYMBOL(TCP_USER_TIMEOUT), SYMBOL(IP_TOS),        SYMBOL(IP_TTL),
    SYMBOL(F_GETFL),        SYMBOL(F_SETFL),          SYMBOL(O_RDWR),        SYMBOL(O_NONBLOCK),
    SYMBOL(SHUT_RD),        SYMBOL(SHUT_WR),          SYMBOL(SHUT_RDWR),     SYMBOL(MSG_DONTWAIT),
    SYMBOL(MSG_NOSIGNAL),
};

static const struct {
    const char *name;
    int value;
} errors[] = {
    SYMBOL(EAGAIN),        SYMBOL(EWOULDBLOCK), SYMBOL(EINPROGRESS),  SYMBOL(EALREADY),
    SYMBOL(EISCONN),       SYMBOL(ENOTCONN),    SYMBOL(ECONNREFUSED), SYMBOL(ECONNRESET),
    SYMBOL(ECONNABORTED),  SYMBOL(ETIMEDOUT),   SYMBOL(EPIPE),        SYMBOL(EINVAL),
    SYMBOL(EBADF),         SYMBOL(EADDRINUSE),  SYMBOL(EHOSTUNREACH), SYMBOL(ENETUNREACH),
    SYMBOL(ENETDOWN),      SYMBOL(EMSGSIZE),    SYMBOL(ENOMEM),       SYMBOL(EOPNOTSUPP),
    SYMBOL(EADDRNOTAVAIL), SYMBOL(EPROTO),      SYMBOL(ENOENT),
};

enum {
    SYMBOL_COUNT = sizeof(symbols) / sizeof(symbols[0]),
    ERROR_COUNT = sizeof(errors) / sizeof(errors[0]),
};

const char *call_error_name(int error)
{
    static char number[16];

    for (unsigned i = 0; i < ERROR_COUNT; i++) {
        if (errors[i].value == error)
            return errors[i].name;
    }
    snprintf(number, sizeof(number), "%d", error);
    return number;
}

/* One argument: as far as the next comma outside of brackets and quotation marks. */
static size_t argument_len(const char *at)
{
    unsigned depth = 0;
    bool is_quoted = false;
    size_t len = 0;

    for (; at[len]; len++) {
        char c = at[len];

        if (c == '"')
            is_quoted = !is_quoted;
        if (is_quoted)
            continue;
        if (depth == 0 && (c == ',' || c == ')'))
            break;
        depth += c == '(' || c == '[' || c == '{';
        depth -= depth > 0 && (c == ')' || c == ']' || c == '}');
    }
    return len;
}

static bool parse_arguments(struct call *call, struct scan *scan, struct fault *fault)
{
    size_t used = 0;

    if (scan_word(scan, ")"))
        return true;
    do {
        size_t len;

        (void)scan_end(scan); /* spaces */
        len = argument_len(scan->at);
        if (call->argument_count == CALL_ARGUMENTS_MAX || used + len + 1 > CALL_TEXT_BYTES)
            return fault_is(fault, "%s() with more arguments than it can have", call->name);
        memcpy(call->text + used, scan->at, len);
        scan->at += len;
        call->arguments[call->argument_count++] = call->text + used;
        while (len > 0 && isspace((unsigned char)call->text[used + len - 1]))
            len--;
        call->text[used + len] = '\0';
        used += len + 1;
    } while (scan_word(scan, ","));
    return scan_word(scan, ")") || fault_is(fault, "%s( is not closed by )", call->name);
}

static bool parse_error(struct call *call, struct scan *scan, struct fault *fault)
{
    char name[CALL_WORD_BYTES];
    unsigned i = 0;

    if (!scan_name(scan, name, sizeof(name)))
        return true;
    while (i < ERROR_COUNT && strcmp(errors[i].name, name) != 0)
        i++;
    if (i == ERROR_COUNT)
        return fault_is(fault, "the error \"%s\" is not supported", name);
    call->error = errors[i].value;
    return true;
}

/* "= 3", "= -1 EAGAIN (Resource temporarily unavailable)", "= ?" */
static bool parse_result(struct call *call, struct scan *scan, struct fault *fault)
{
    bool is_negative;
    uint64_t number;

    if (!scan_word(scan, "="))
        return fault_is(fault, "%s() without = and its result", call->name);
    if (scan_word(scan, "?")) {
        call->has_any_result = true;
        return scan_end(scan) || fault_is(fault, "what is this: \"%.40s\"", scan->at);
    }
    is_negative = scan_word(scan, "-");
    if (!scan_number(scan, INT32_MAX, &number))
        return fault_is(fault, "the result of %s() is a number", call->name);
    call->result = is_negative ? -(int64_t)number : (int64_t)number;
    if (!parse_error(call, scan, fault))
        return false;
    if (scan_word(scan, "(")) /* a remark */
        return strchr(scan->at, ')') || fault_is(fault, "( is not closed by )");
    return scan_end(scan) || fault_is(fault, "what is this at the end: \"%.40s\"", scan->at);
}

bool call_parse(struct call *call, struct scan *scan, struct fault *fault)
{
    *call = (struct call){ .result = 0 };
    if (!scan_name(scan, call->name, sizeof(call->name)) || !scan_word(scan, "("))
        return fault_is(fault, "here should be a packet, a call or an assertion: \"%.40s\"",
                        scan->at);
    return parse_arguments(call, scan, fault) && parse_result(call, scan, fault);
}

static bool symbol(const char *name, int64_t *value)
{
    for (unsigned i = 0; i < SYMBOL_COUNT; i++) {
        if (strcmp(symbols[i].name, name) == 0) {
            *value = symbols[i].value;
            return true;
        }
    }
    for (unsigned i = 0; i < ERROR_COUNT; i++) {
        if (strcmp(errors[i].name, name) == 0) {
            *value = errors[i].value;
            return true;
        }
    }
    return false;
}

static bool term(struct scan *scan, int64_t *value)
{
    char name[CALL_WORD_BYTES];
    uint64_t number;
    bool is_negative = scan_word(scan, "-");

    if (scan_number(scan, INT64_MAX, &number))
        *value = (int64_t)number;
    else if (!scan_name(scan, name, sizeof(name)) || !symbol(name, value))
        return false;
    *value = is_negative ? -*value : *value;
    return true;
}

bool call_number(const struct call *call, unsigned i, int64_t *number, struct fault *fault)
{
    struct scan scan;
    int64_t more;
    bool is_boxed;

    if (i >= call->argument_count)
        return fault_is(fault, "%s() has no argument %u", call->name, i + 1);
    scan.at = call->arguments[i];
    is_boxed = scan_word(&scan, "[");
    if (!term(&scan, number))
        return fault_is(fault, "\"%s\" as argument %u of %s() is not supported", call->arguments[i],
                        i + 1, call->name);
    while (scan_word(&scan, "|")) {
        const char *at = scan.at;

        if (!term(&scan, &more))
            return fault_is(fault, "\"%.40s\" in argument %u of %s() is not supported", at, i + 1,
                            call->name);
        *number |= more;
    }
    if (is_boxed && !scan_word(&scan, "]"))
        return fault_is(fault, "[ is not closed by ] in argument %u of %s()", i + 1, call->name);
    return scan_end(&scan) || fault_is(fault, "\"%s\" as argument %u of %s() is not supported",
                                       call->arguments[i], i + 1, call->name);
}
