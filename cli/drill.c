/* SPDX-License-Identifier: ISC */
/* mstack drill: plays scripts in packetdrill's language against the stack, in virtual time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "drill/run.h"
#include "options.h"

struct drill {
    char **files;
    unsigned file_count;
    const char *capture;
    bool is_ipv6, is_verbose;
};

static const struct argp_option drill_options[] = {
    { "ipv6", '6', NULL, 0, "play them over IPv6", 0 },
    { "capture", 'w', "FILE", 0, "write the conversation to a pcap file; for one script", 0 },
    { "verbose", 'v', NULL, 0, "name the scripts that pass, too", 0 },
    { 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct drill *drill = state->input;

    switch (key) {
    case ARGP_KEY_INIT: options_begin(state, NULL); return 0;
    case '6': drill->is_ipv6 = true; return 0;
    case 'w': drill->capture = arg; return 0;
    case 'v': drill->is_verbose = true; return 0;
    case ARGP_KEY_ARGS:
        drill->files = state->argv + state->next;
        drill->file_count = (unsigned)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        if (drill->file_count == 0)
            options_fail(state, "which script?");
        if (drill->capture && drill->file_count > 1)
            options_fail(state, "--capture is for one script, and these are %u", drill->file_count);
        options_keep_stdout(state, "--capture", drill->capture);
        if (drill->capture && options_is_same_file(drill->capture, drill->files[0]))
            options_fail(state, "--capture: \"%.200s\" is the script", drill->capture);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp drill_argp = {
    .options = drill_options,
    .parser = parse_option,
    .args_doc = "FILE...",
    .doc = "Play scripts in packetdrill's language against the stack, in virtual time, and say "
           "where one is not as it should be."
           "\vExample, which needs no privilege:\n"
           "  mstack drill tests/script/close/*.pkt\n\n"
           "Exit code: 0: all passed, 1: one did not, or failure, 2: wrong usage, or a script that "
           "cannot be understood or read.",
};

/* The script's line, with an arrow at what went wrong. */
static void show(const char *path, const struct failure *failure)
{
    const struct event *event = failure->event;

    if (!event) {
        printf("%s: %s\n", path, failure->fault.text);
        return;
    }
    printf("%s:%u: %s\n  -> %s\n", path, event->line, failure->fault.text, event->text);
    if (failure->expected[0])
        printf("     expected %s\n", failure->expected);
    if (failure->got[0])
        printf("     got      %s\n", failure->got);
}

static int play(const struct drill *drill, const char *path, struct ms_pcap_writer *writer)
{
    struct script script;
    struct failure failure;
    struct fault fault;
    bool is_fine;

    if (!script_read(&script, path, drill->is_ipv6, &fault)) {
        if (script.line > 0)
            complain("%s:%u: %s", path, script.line, fault.text);
        else
            complain("%s: %s", path, fault.text);
        return EXIT_USAGE;
    }
    is_fine = run_script(&script, writer, &failure);
    if (!is_fine)
        show(path, &failure);
    else if (drill->is_verbose)
        printf("%s: passed\n", path);
    script_free(&script);
    return is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int play_all(const struct drill *drill, struct ms_pcap_writer *writer)
{
    unsigned counts[3] = { 0 };

    for (unsigned i = 0; i < drill->file_count; i++)
        counts[play(drill, drill->files[i], writer)]++;
    printf("%u passed, %u failed, %u not understood\n", counts[EXIT_SUCCESS], counts[EXIT_FAILURE],
           counts[EXIT_USAGE]);
    return counts[EXIT_USAGE] ? EXIT_USAGE : counts[EXIT_FAILURE] ? EXIT_FAILURE : EXIT_SUCCESS;
}

int command_drill(int argc, char **argv)
{
    struct drill drill = { .files = NULL };
    struct ms_pcap_writer *writer = NULL;
    char message[256];
    int code;

    options_parse(&drill_argp, argc, argv, &drill);
    if (drill.capture &&
        ms_pcap_writer_open(&writer, drill.capture, MS_MEDIUM_IP, message, sizeof(message)) != 0) {
        complain("--capture: %s", message);
        return EXIT_FAILURE;
    }
    code = play_all(&drill, writer);
    if (writer && ms_pcap_writer_close(writer) != 0) {
        complain("--capture: %s: the file is not complete", drill.capture);
        return EXIT_FAILURE;
    }
    return code;
}
