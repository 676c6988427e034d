/* SPDX-License-Identifier: ISC */
/* mstack serve: an HTTP file server. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "http/http.h"
#include "loop.h"
#include "options.h"
#include "site.h"
#include "stats.h"
#include "text.h"

enum key {
    KEY_ROOT = OPTIONS_FIRST_FREE_KEY,
    KEY_PORT,
    KEY_LOG,
    KEY_IDLE,
    KEY_CONNECTIONS,
    KEY_NO_STATUS,
};

struct serve {
    struct options common;
    const char *root;
    uint16_t port;
    bool logs, has_no_status;
    uint32_t idle_s, connections;
};

static const struct argp_option serve_options[] = {
    { "root", KEY_ROOT, "DIR", 0, "the directory to serve", 0 },
    { "port", KEY_PORT, "PORT", 0, "the port to listen on (80)", 0 },
    { "log", KEY_LOG, NULL, 0, "print a line for each request", 0 },
    { "idle-timeout", KEY_IDLE, "SECONDS", 0, "how long a connection may stand still (60)", 0 },
    { "connections", KEY_CONNECTIONS, "NUMBER", 0, "room for so many connections (10000)", 0 },
    { "no-status", KEY_NO_STATUS, NULL, 0, "no /status, which tells all that the stack does", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct serve *serve = state->input;

    switch (key) {
    case ARGP_KEY_INIT: options_begin(state, &serve->common); break;
    case KEY_ROOT: serve->root = arg; break;
    case KEY_PORT:
        serve->port = (uint16_t)options_number(state, "port", arg, (const uint64_t[]){ 1, 65535 });
        break;
    case KEY_LOG: serve->logs = true; break;
    case KEY_NO_STATUS: serve->has_no_status = true; break;
    case KEY_IDLE:
        serve->idle_s =
            (uint32_t)options_number(state, "idle-timeout", arg, (const uint64_t[]){ 1, 86400 });
        break;
    case KEY_CONNECTIONS:
        serve->connections =
            (uint32_t)options_number(state, "connections", arg, (const uint64_t[]){ 1, 1000000 });
        break;
    case ARGP_KEY_ARG: options_fail(state, "\"%.200s\" is one argument too many", arg);
    case ARGP_KEY_END:
        if (!serve->root)
            options_fail(state, "--root is missing: which directory?");
        if (serve->logs)
            options_keep_stdout(state, "--capture", serve->common.capture);
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_child children[] = { { &options_argp, 0, NULL, 0 }, { 0 } };
static const struct argp serve_argp = {
    serve_options,
    parse,
    NULL,
    "Serve the files of a directory over HTTP/1.1."
    "\vExample, as root:\n"
    "  mstack serve --dev tap:mstack0,host=192.0.2.1/24 --addr 192.0.2.2/24 --root /usr/share/doc\n"
    "  curl http://192.0.2.2/\n\n"
    "It ends on SIGINT (Ctrl-C) or SIGTERM. Exit code: 0: ended so, 1: failure, 2: wrong usage.",
    children,
    NULL,
    NULL,
};

static void configure(struct ms_config *config, const struct serve *serve)
{
    uint32_t n = serve->connections;

    ms_config_default(config);
    config->tcp_connections = n;
    /* Twice as many: a run in flight for most, some more for those that lose segments. */
    if (config->tcp_sent_ranges < 2 * n)
        config->tcp_sent_ranges = 2 * n;
    if (config->tcp_time_wait_records < n)
        config->tcp_time_wait_records = n;
    config->tcp_recv_window_bytes = MS_HTTP_WINDOW_BYTES;
}

static void work(struct loop *loop, uint64_t now_us)
{
    ms_http_work(loop->user, now_us, (uint64_t)time(NULL));
}

static uint64_t next_us(const struct loop *loop) { return ms_http_next_deadline(loop->user); }

static void write_log(void *user, const struct ms_http_exchange *exchange)
{
    char *target = strndup(exchange->target ? exchange->target : "", exchange->target_len);
    struct ms_endpoint local, remote;
    char addr[MS_ADDR_TEXT_SIZE];
    struct text line = { 0 };

    (void)user;
    ms_tcp_endpoints(exchange->tcp, &local, &remote);
    ms_addr_format(&remote.addr, addr);
    text_add(&line, "%s %s ", addr, exchange->method);
    text_add_json(&line, target ? target : "");
    text_add(&line, " %u %llu\n", exchange->status, (unsigned long long)exchange->content_bytes);
    if (target && !line.is_broken) {
        fputs(line.bytes, stdout);
        fflush(stdout);
    }
    text_free(&line);
    free(target);
}

static void announce(const struct serve *serve)
{
    for (unsigned i = 0; i < serve->common.addr_count; i++) {
        const struct ms_addr *addr = &serve->common.addrs[i].addr;
        bool is_ipv4 = ms_addr_is_ipv4(addr);
        char text[MS_ADDR_TEXT_SIZE];

        ms_addr_format(addr, text);
        fprintf(stderr, "mstack serve: http://%s%s%s:%u/ serves %s\n", is_ipv4 ? "" : "[", text,
                is_ipv4 ? "" : "]", serve->port, serve->root);
    }
}

/* What the server is made in: as much as every connection needs, but only touched ones count. */
static void *reserve(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static int listen_and_loop(const struct serve *serve, struct device *device, struct ms_http *http)
{
    struct loop loop = { .device = device, .user = http, .work = work, .next_us = next_us };
    enum ms_error error = ms_http_start(http);

    if (error) {
        complain("listening on port %u: %s", serve->port, ms_error_text(error));
        return EXIT_FAILURE;
    }
    announce(serve);
    loop_run(&loop);
    ms_http_stop(http);
    loop_round(&loop); /* so that the resets go out */
    if (serve->common.wants_stats)
        stats_print(stderr, device);
    return EXIT_SUCCESS;
}

static int run(const struct serve *serve, struct site *site)
{
    struct device device;
    struct ms_config config;
    struct ms_http_config http_config = {
        .source = &site->source,
        .port = serve->port,
        .connections = serve->connections,
        .idle_timeout_us = (uint64_t)serve->idle_s * 1000000u,
        .has_status = !serve->has_no_status,
        .on_reply = serve->logs ? write_log : NULL,
    };
    size_t bytes = ms_http_size(&http_config);
    void *memory = reserve(bytes);
    int code, failed;

    if (!memory) {
        complain("not enough memory for %u connections", serve->connections);
        return EXIT_FAILURE;
    }
    configure(&config, serve);
    code = device_open(&device, &serve->common, &config);
    if (code == 0) {
        http_config.stack = device.stack;
        code = listen_and_loop(serve, &device, ms_http_init(&http_config, memory));
        failed = device_close(&device);
        code = code ? code : failed;
    }
    munmap(memory, bytes);
    return code;
}

int command_serve(int argc, char **argv)
{
    struct serve serve = { .port = 80, .idle_s = 60, .connections = 10000 };
    struct site *site;
    int root, code;

    options_parse(&serve_argp, argc, argv, &serve);
    site = malloc(sizeof(*site));
    if (!site || !loop_prepare()) {
        free(site);
        complain("not enough memory");
        return EXIT_FAILURE;
    }
    root = open(serve.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        complain("--root: %s: %s", serve.root, strerror(errno));
        free(site);
        return EXIT_FAILURE;
    }
    site_init(site, root);
    code = run(&serve, site);
    site_free(site);
    close(root);
    free(site);
    return code;
}
