/* SPDX-License-Identifier: ISC */
/* mstack replay: replays captured TCP conversations against mstack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "progress.h"
#include "replay_report.h"
#include "stream_replay.h"

enum key { KEY_AS = OPTIONS_FIRST_FREE_KEY, KEY_STREAM, KEY_OUT, KEY_JSON, KEY_SEED };
enum { MESSAGE_SIZE = 256 };

struct replay_command {
    const char *file, *out;
    enum ms_side stack_side;
    bool has_stream, is_json;
    uint64_t stream, seed;
};

static const struct argp_option replay_options[] = {
    { "as", KEY_AS, "SIDE", 0, "whose part mstack takes: server (default) or client", 0 },
    { "stream", KEY_STREAM, "N", 0, "only the N-th conversation, counted from 0", 0 },
    { "out", KEY_OUT, "FILE", 0, "write the replayed conversations to a pcap file", 0 },
    { "json", KEY_JSON, NULL, 0, "print JSON instead of a table", 0 },
    { "seed", KEY_SEED, "NUMBER", 0, "the stack's seed (0)", 0 },
    { 0 },
};

static void set_side(const struct argp_state *state, struct replay_command *command,
                     const char *text)
{
    if (strcmp(text, "client") == 0)
        command->stack_side = MS_SIDE_CLIENT;
    else if (strcmp(text, "server") == 0)
        command->stack_side = MS_SIDE_SERVER;
    else
        options_fail(state, "--as: \"%.200s\" is neither server nor client", text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct replay_command *command = state->input;

    switch (key) {
    case ARGP_KEY_INIT: options_begin(state, NULL); break;
    case KEY_AS: set_side(state, command, arg); break;
    case KEY_STREAM:
        command->stream = options_number(state, "stream", arg, (const uint64_t[]){ 0, UINT32_MAX });
        command->has_stream = true;
        break;
    case KEY_OUT: command->out = arg; break;
    case KEY_JSON: command->is_json = true; break;
    case KEY_SEED:
        command->seed = options_number(state, "seed", arg, (const uint64_t[]){ 0, UINT64_MAX });
        break;
    case ARGP_KEY_ARG:
        if (command->file)
            options_fail(state, "\"%.200s\" is one argument too many", arg);
        command->file = arg;
        break;
    case ARGP_KEY_END:
        if (!command->file)
            options_fail(state, "which capture file is to be replayed?");
        options_keep_stdout(state, "--out", command->out);
        if (command->out && options_is_same_file(command->out, command->file))
            options_fail(state, "--out: \"%.200s\" is the file that is replayed", command->out);
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp replay_argp = {
    replay_options,
    parse,
    "FILE.pcap",
    "Replay the TCP conversations of a pcap or pcapng file against mstack, in virtual time, each "
    "on "
    "a fresh stack, and compare what is delivered with what the capture carries."
    "\vExample, which needs no privilege:\n"
    "  mstack replay web.pcap --as client --json\n\n"
    "Exit code: 0: every conversation that can be replayed was delivered byte for byte, 1: one was "
    "not, or none can be replayed, or the file is damaged, or failure, 2: wrong usage.",
    NULL,
    NULL,
    NULL,
};

static bool replay_one(struct replay_report *report, const struct replay_job *job)
{
    struct replay_result result;

    if (ms_streams_get(job->streams, job->stream)->obstacle != MS_STREAM_REPLAYABLE) {
        replay_report_add(report, job, NULL);
        return true;
    }
    if (!stream_replay(job, &result)) {
        complain("stream %zu: %s", job->stream, result.message);
        return false;
    }
    replay_report_add(report, job, &result);
    return true;
}

static bool replay_all(const struct replay_command *command, struct replay_report *report,
                       struct replay_job *job)
{
    size_t count = ms_streams_count(job->streams);
    bool is_fine = true;

    for (size_t i = 0; i < count && is_fine; i++) {
        if (command->has_stream && i != command->stream)
            continue;
        job->stream = i;
        if (isatty(STDERR_FILENO) && count > 1)
            fprintf(stderr, "\r\033[Kstream %zu of %zu", i + 1, count);
        is_fine = replay_one(report, job);
    }
    if (isatty(STDERR_FILENO) && count > 1)
        fputs("\r\033[K", stderr);
    return is_fine;
}

static int replay_file(const struct replay_command *command, struct replay_job *job)
{
    size_t count = ms_streams_count(job->streams);
    const char *damage = ms_streams_error(job->streams);
    struct replay_report report;
    bool is_fine;

    if (count == 0) {
        complain("%s: %s", command->file, damage ? damage : "no TCP conversation in it");
        return EXIT_FAILURE;
    }
    if (damage)
        complain("%s: %s; read up to there", command->file, damage);
    if (command->has_stream && command->stream >= count) {
        complain("--stream: the file has no conversation %zu, only 0 to %zu",
                 (size_t)command->stream, count - 1);
        return EXIT_FAILURE;
    }
    replay_report_begin(&report, command->file, command->is_json);
    is_fine = replay_all(command, &report, job);
    replay_report_end(&report, job->streams);
    if (report.text.is_broken)
        complain("not enough memory");
    else
        fputs(report.text.bytes, stdout);
    is_fine =
        is_fine && !damage && !report.text.is_broken && report.failed == 0 && report.delivered > 0;
    text_free(&report.text);
    return is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct replay_command *command, const struct ms_streams *streams)
{
    uint8_t seed[32] = { 0 };
    struct replay_job job = { .streams = streams, .stack_side = command->stack_side, .seed = seed };
    char message[MESSAGE_SIZE] = "";
    int code;

    memcpy(seed, &command->seed, sizeof(command->seed));
    if (command->out && ms_pcap_writer_open(&job.writer, command->out, MS_MEDIUM_IP, message,
                                            sizeof(message)) != 0) {
        complain("--out: %s", message);
        return EXIT_FAILURE;
    }
    code = replay_file(command, &job);
    if (job.writer && ms_pcap_writer_close(job.writer) != 0) {
        complain("--out: %s: the file is not complete", command->out);
        code = EXIT_FAILURE;
    }
    return code;
}

int command_replay(int argc, char **argv)
{
    struct replay_command command = { .stack_side = MS_SIDE_SERVER };
    struct ms_streams *streams;
    char message[MESSAGE_SIZE] = "";
    int code;

    options_parse(&replay_argp, argc, argv, &command);
    if (ms_streams_open(&streams, command.file, message, sizeof(message)) != 0) {
        complain("%s", message);
        return EXIT_FAILURE;
    }
    code = run(&command, streams);
    ms_streams_close(streams);
    return code;
}
