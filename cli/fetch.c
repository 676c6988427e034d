/* SPDX-License-Identifier: ISC */
/* mstack fetch: HTTP GET of a literal address. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "device.h"
#include "download.h"
#include "loop.h"
#include "options.h"
#include "progress.h"
#include "stats.h"

enum key { KEY_CONNECT_TIMEOUT = OPTIONS_FIRST_FREE_KEY, KEY_STALL_TIMEOUT };
enum { NAME_SIZE = 256, RECV_WINDOW = 4 << 20, REORDER_SEGMENTS = 8192 };

struct fetch {
    struct options common;
    const char *url_text, *output;
    struct url url;
    uint64_t connect_timeout_s, stall_timeout_s;
    char name[NAME_SIZE];

    struct device device;
    struct part_file file;
    struct download download;
    struct progress progress;
    bool has_started_over;
};

static const struct argp_option fetch_options[] = {
    { "output", 'o', "FILE", 0,
      "write to FILE, or to standard output if it is -; by default to the last part of the URL",
      0 },
    { "connect-timeout", KEY_CONNECT_TIMEOUT, "SECONDS", 0,
      "give up if there is no connection by then (30)", 0 },
    { "stall-timeout", KEY_STALL_TIMEOUT, "SECONDS", 0, "give up if nothing comes for so long (60)",
      0 },
    { 0 },
};

static void set_url(const struct argp_state *state, struct fetch *fetch, const char *text)
{
    const char *wrong;

    if (fetch->url_text)
        options_fail(state, "\"%.200s\" is one argument too many", text);
    wrong = url_parse(text, &fetch->url);
    if (wrong)
        options_fail(state, "\"%.200s\" cannot be fetched: %s", text, wrong);
    fetch->url_text = text;
}

static void check(const struct argp_state *state, struct fetch *fetch)
{
    if (!fetch->url_text)
        options_fail(state, "which URL is to be fetched?");
    if (fetch->output && strcmp(fetch->output, "-") == 0)
        options_keep_stdout(state, "--capture", fetch->common.capture);
    if (fetch->output && fetch->output[0])
        return;
    if (fetch->output || !url_file_name(&fetch->url, fetch->name, sizeof(fetch->name)))
        options_fail(state, "the URL names no file: say where to write with -o FILE");
    fetch->output = fetch->name;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct fetch *fetch = state->input;

    switch (key) {
    case ARGP_KEY_INIT: options_begin(state, &fetch->common); break;
    case 'o': fetch->output = arg; break;
    case KEY_CONNECT_TIMEOUT:
        fetch->connect_timeout_s =
            options_number(state, "connect-timeout", arg, (const uint64_t[]){ 1, 86400 });
        break;
    case KEY_STALL_TIMEOUT:
        fetch->stall_timeout_s =
            options_number(state, "stall-timeout", arg, (const uint64_t[]){ 1, 86400 });
        break;
    case ARGP_KEY_ARG: set_url(state, fetch, arg); break;
    case ARGP_KEY_END: check(state, fetch); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_child children[] = { { &options_argp, 0, NULL, 0 }, { 0 } };
static const struct argp fetch_argp = {
    fetch_options,
    parse,
    "URL",
    "Fetch http://ADDRESS[:PORT]/PATH; an IPv6 address stands in brackets."
    "\vExample, as root, with an HTTP server on 192.0.2.1:\n"
    "  mstack fetch --dev tap:mstack0,host=192.0.2.1/24 --addr 192.0.2.2/24 "
    "http://192.0.2.1/file -o file\n\n"
    "What has come is kept in FILE.part until all is there; a second call goes on from there if "
    "the server's file is still the same. Redirections are not followed.\n\n"
    "Exit code: 0: done, 1: failure on this side, 2: wrong usage, 3: no connection, 4: the server "
    "answered something else, 5: broken off (call again to resume).",
    children,
    NULL,
    NULL,
};

static void work(struct loop *loop, uint64_t now_us)
{
    struct fetch *fetch = loop->user;
    struct download *download = &fetch->download;

    download_work(download, now_us);
    progress_update(&fetch->progress, fetch->file.len, download->total, now_us);
    if (!download_is_over(download))
        return;
    if (download->result == DOWNLOAD_AGAIN && !fetch->has_started_over) {
        int error = part_file_restart(&fetch->file, "");

        fetch->has_started_over = true;
        progress_start(&fetch->progress, 0, now_us);
        if (!error)
            download_start(download, now_us);
        return;
    }
    loop->is_done = true;
}

static uint64_t next_us(const struct loop *loop)
{
    const struct fetch *fetch = loop->user;

    /* Something to do at once: to start over, or to leave. */
    return download_is_over(&fetch->download) ? 0 : download_next_us(&fetch->download);
}

static int finish(struct fetch *fetch)
{
    enum download_result result = fetch->download.result;
    char size[SIZE_TEXT_SIZE];
    int error = 0;

    if (result == DOWNLOAD_RUNNING) {
        complain("%s: interrupted", fetch->url_text);
        return DOWNLOAD_BROKEN_OFF;
    }
    if (result == DOWNLOAD_AGAIN)
        result = DOWNLOAD_REFUSED;
    if (result != DOWNLOAD_DONE) {
        complain("%s: %s", fetch->url_text, fetch->download.message);
        return (int)result;
    }
    error = part_file_complete(&fetch->file);
    if (error) {
        complain("%s: %s", fetch->output, strerror(error));
        return DOWNLOAD_FAILED;
    }
    fprintf(stderr, "mstack fetch: %s: %s\n", fetch->output, size_text(fetch->file.len, size));
    return DOWNLOAD_DONE;
}

static void configure(struct ms_config *config)
{
    ms_config_default(config);
    config->tcp_recv_window_bytes = RECV_WINDOW;
    if (config->tcp_reorder_segments < REORDER_SEGMENTS)
        config->tcp_reorder_segments = REORDER_SEGMENTS;
}

static int run(struct fetch *fetch)
{
    struct ms_config config;
    struct loop loop = {
        .device = &fetch->device, .user = fetch, .work = work, .next_us = next_us
    };
    int code, failed;

    configure(&config);
    code = device_open(&fetch->device, &fetch->common, &config);
    if (code)
        return code;
    fetch->download = (struct download){
        .stack = fetch->device.stack,
        .url = &fetch->url,
        .file = &fetch->file,
        .connect_timeout_us = fetch->connect_timeout_s * 1000000u,
        .stall_timeout_us = fetch->stall_timeout_s * 1000000u,
    };
    progress_start(&fetch->progress, fetch->file.len, clock_us());
    download_start(&fetch->download, clock_us());
    loop_run(&loop);
    progress_end(&fetch->progress);
    code = finish(fetch);
    download_abort(&fetch->download);
    loop_round(&loop);
    if (fetch->common.wants_stats)
        stats_print(stderr, &fetch->device);
    failed = device_close(&fetch->device);
    download_free(&fetch->download);
    return code ? code : failed;
}

int command_fetch(int argc, char **argv)
{
    struct fetch fetch = { .connect_timeout_s = 30, .stall_timeout_s = 60 };
    int code = EXIT_FAILURE, error;

    options_parse(&fetch_argp, argc, argv, &fetch);
    if (!loop_prepare())
        return EXIT_FAILURE;
    error = part_file_open(&fetch.file, fetch.output);
    if (error) {
        complain("%s: %s", fetch.output, strerror(error));
        return EXIT_FAILURE;
    }
    code = run(&fetch);
    part_file_close(&fetch.file);
    return code;
}
