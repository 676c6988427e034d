/* SPDX-License-Identifier: ISC */
/* mstack ping: sends ICMP echo requests and times the replies. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "loop.h"
#include "options.h"
#include "stats.h"

enum { REMEMBERED = 4096, SIZE_MAX_BYTES = 65000 };
_Static_assert(65536 % REMEMBERED == 0, "a sequence number that wraps keeps its place");

struct ping {
    struct options common;
    const char *target_text;
    struct ms_endpoint target;
    uint64_t count; /* 0: until interrupted */
    uint64_t interval_us, timeout_us;
    uint32_t size;

    struct device device;
    struct loop loop;
    uint16_t identifier;
    uint64_t start_us, now_us, next_send_us, end_us;
    uint64_t sent, received, duplicates, errors;
    double min_ms, max_ms, sum_ms, sum_of_squares;
    uint64_t sent_us[REMEMBERED];
    bool is_answered[REMEMBERED];
    bool has_failed;
};

struct echo_buf {
    struct ms_buf buf;
    uint8_t bytes[];
};

static const struct argp_option ping_options[] = {
    { "count", 'c', "N", 0, "stop after so many requests; by default go on until interrupted", 0 },
    { "interval", 'i', "SECONDS", 0, "wait so long between them (1)", 0 },
    { "size", 's', "BYTES", 0, "payload of each, 0 to 65000 (56)", 0 },
    { "timeout", 'W', "SECONDS", 0, "wait so long for the last reply (2)", 0 },
    { 0 },
};

static void set_target(const struct argp_state *state, struct ping *ping, const char *text)
{
    if (ping->target_text)
        options_fail(state, "\"%.200s\" is one argument too many", text);
    if (ms_addr_parse(&ping->target.addr, text) != MS_OK ||
        ms_addr_is_unspecified(&ping->target.addr))
        options_fail(state, "\"%.200s\" is not an IPv4 or IPv6 address", text);
    ping->target_text = text;
}

static uint64_t parse_time(const struct argp_state *state, const char *name, const char *text)
{
    double seconds;

    if (!value_seconds(text, &seconds) || seconds < 0.001)
        options_fail(state, "%s: \"%.200s\" is not a number of seconds from 0.001 to 1000000", name,
                     text);
    return (uint64_t)(seconds * 1e6);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct ping *ping = state->input;

    switch (key) {
    case ARGP_KEY_INIT: options_begin(state, &ping->common); break;
    case 'c':
        ping->count = options_number(state, "count", arg, (const uint64_t[]){ 1, UINT32_MAX });
        break;
    case 'i': ping->interval_us = parse_time(state, "--interval", arg); break;
    case 's':
        ping->size =
            (uint32_t)options_number(state, "size", arg, (const uint64_t[]){ 0, SIZE_MAX_BYTES });
        break;
    case 'W': ping->timeout_us = parse_time(state, "--timeout", arg); break;
    case ARGP_KEY_ARG: set_target(state, ping, arg); break;
    case ARGP_KEY_END:
        if (!ping->target_text)
            options_fail(state, "which address is to be pinged?");
        options_keep_stdout(state, "--capture", ping->common.capture);
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_child children[] = { { &options_argp, 0, NULL, 0 }, { 0 } };
static const struct argp ping_argp = {
    ping_options,
    parse,
    "TARGET",
    "Send ICMP or ICMPv6 echo requests and time the replies."
    "\vExample, as root:\n"
    "  mstack ping --dev tap:mstack0,host=192.0.2.1/24 --addr 192.0.2.2/24 192.0.2.1 -c 3\n\n"
    "Exit code: 0: at least one reply came, 1: none came, or failure, 2: wrong usage.",
    children,
    NULL,
    NULL,
};

static void on_release(struct ms_buf *buf) { free(buf); }
_Static_assert(offsetof(struct echo_buf, buf) == 0, "on_release() frees by the inner pointer");

static void fail(struct ping *ping, const char *why)
{
    complain("%s: %s", ping->target_text, why);
    ping->has_failed = true;
    ping->loop.is_done = true;
}

/* A payload to lend. NULL: no memory. */
static struct echo_buf *make_payload(uint32_t size)
{
    struct echo_buf *echo = malloc(sizeof(*echo) + size);

    if (!echo)
        return NULL;
    for (uint32_t i = 0; i < size; i++)
        echo->bytes[i] = (uint8_t)i;
    echo->buf = (struct ms_buf){ .data = echo->bytes, .len = size, .release = on_release };
    return echo;
}

static void send_echo(struct ping *ping, uint64_t now_us)
{
    unsigned place = (unsigned)(ping->sent % REMEMBERED);
    struct echo_buf *echo = make_payload(ping->size);
    enum ms_error error;

    if (!echo) {
        fail(ping, "not enough memory");
        return;
    }
    ping->sent_us[place] = now_us;
    ping->is_answered[place] = false;
    error = ms_icmp_send_echo(ping->device.stack, &ping->target, ping->identifier,
                              (uint16_t)ping->sent, ping->size ? &echo->buf : NULL);
    if (error || ping->size == 0)
        free(echo); /* was not lent */
    if (error) {
        fail(ping, ms_error_text(error));
        return;
    }
    ping->sent++;
    ping->next_send_us = now_us + ping->interval_us;
    ping->end_us = now_us + ping->timeout_us;
}

static void on_error(struct ping *ping, const struct ms_echo *echo, const char *from)
{
    ping->errors++;
    printf("From %s: icmp_seq=%u %s (type %u, code %u)\n", from, echo->sequence + 1,
           ms_error_text(echo->error), echo->icmp_type, echo->icmp_code);
}

static void count_reply(struct ping *ping, double rtt_ms)
{
    ping->received++;
    ping->sum_ms += rtt_ms;
    ping->sum_of_squares += rtt_ms * rtt_ms;
    if (ping->received == 1 || rtt_ms < ping->min_ms)
        ping->min_ms = rtt_ms;
    if (rtt_ms > ping->max_ms)
        ping->max_ms = rtt_ms;
}

static void on_echo(void *user, const struct ms_echo *echo)
{
    struct ping *ping = user;
    unsigned place = echo->sequence % REMEMBERED;
    char from[MS_ADDR_TEXT_SIZE];
    double rtt_ms;
    bool is_duplicate;

    if (echo->identifier != ping->identifier ||
        (uint16_t)(ping->sent - 1 - echo->sequence) >=
            (ping->sent < REMEMBERED ? ping->sent : REMEMBERED))
        return; /* not ours, or from so long ago that nothing is known of it */
    ms_addr_format(&echo->from, from);
    if (echo->error) {
        on_error(ping, echo, from);
        return;
    }
    if (!ms_addr_equal(&echo->from, &ping->target.addr) &&
        !ms_addr_is_multicast(&ping->target.addr))
        return;
    rtt_ms = (double)(clock_us() - ping->sent_us[place]) / 1000;
    is_duplicate = ping->is_answered[place];
    ping->is_answered[place] = true;
    if (is_duplicate)
        ping->duplicates++;
    else
        count_reply(ping, rtt_ms);
    printf("%u bytes from %s: icmp_seq=%u ttl=%u time=%.3f ms%s\n", echo->payload_len + 8, from,
           echo->sequence + 1, echo->hop_limit, rtt_ms, is_duplicate ? " (DUP!)" : "");
    fflush(stdout);
}

static bool is_all_sent(const struct ping *ping)
{
    return ping->count && ping->sent >= ping->count;
}

static void work(struct loop *loop, uint64_t now_us)
{
    struct ping *ping = loop->user;

    ping->now_us = now_us;
    if (!is_all_sent(ping) && now_us >= ping->next_send_us && !loop->is_done)
        send_echo(ping, now_us);
    if (is_all_sent(ping) && (ping->received >= ping->count || now_us >= ping->end_us))
        loop->is_done = true;
}

static uint64_t next_us(const struct loop *loop)
{
    const struct ping *ping = loop->user;

    return is_all_sent(ping) ? ping->end_us : ping->next_send_us;
}

static void print_summary(const struct ping *ping)
{
    double n = (double)ping->received;
    double lost =
        ping->sent ? 100.0 * (double)(ping->sent - ping->received) / (double)ping->sent : 0;

    printf("\n--- %s ping statistics ---\n%" PRIu64 " packets transmitted, %" PRIu64 " received",
           ping->target_text, ping->sent, ping->received);
    if (ping->duplicates)
        printf(", +%" PRIu64 " duplicates", ping->duplicates);
    if (ping->errors)
        printf(", +%" PRIu64 " errors", ping->errors);
    printf(", %.3g%% packet loss, time %" PRIu64 "ms\n", lost,
           (clock_us() - ping->start_us) / 1000);
    if (ping->received) {
        double mean = ping->sum_ms / n;

        printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", ping->min_ms, mean, ping->max_ms,
               sqrt(fmax(0, ping->sum_of_squares / n - mean * mean)));
    }
}

static bool is_link_local(const struct ms_addr *addr)
{
    return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

static int run(struct ping *ping)
{
    struct ms_config config;
    int failed;

    ms_config_default(&config);
    failed = device_open(&ping->device, &ping->common, &config);
    if (failed)
        return failed;
    if (is_link_local(&ping->target.addr) || ms_addr_is_multicast(&ping->target.addr))
        ping->target.netif = ping->device.netif;
    ms_icmp_on_echo(ping->device.stack, on_echo, ping);
    ping->identifier = (uint16_t)getpid();
    ping->start_us = clock_us();
    printf("PING %s: %u data bytes\n", ping->target_text, ping->size);
    ping->loop =
        (struct loop){ .device = &ping->device, .user = ping, .work = work, .next_us = next_us };
    loop_run(&ping->loop);
    if (!ping->has_failed)
        print_summary(ping);
    fflush(stdout);
    if (ping->common.wants_stats)
        stats_print(stderr, &ping->device);
    failed = device_close(&ping->device);
    return ping->received ? failed : EXIT_FAILURE;
}

int command_ping(int argc, char **argv)
{
    struct ping *ping = calloc(1, sizeof(*ping));
    int code = EXIT_FAILURE;

    if (!ping) {
        fprintf(stderr, "%s: not enough memory\n", argv[0]);
        return EXIT_FAILURE;
    }
    ping->interval_us = 1000000;
    ping->timeout_us = 2000000;
    ping->size = 56;
    options_parse(&ping_argp, argc, argv, ping);
    if (loop_prepare())
        code = run(ping);
    free(ping);
    return code;
}
