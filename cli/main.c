/* SPDX-License-Identifier: ISC */
/* The `mstack` command: finds the subcommand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"

#ifndef MSTACK_VERSION
#define MSTACK_VERSION "0.1.0"
#endif

static const struct {
    const char *name, *full_name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "serve", "mstack serve", "serve the files of a directory over HTTP", command_serve },
    { "fetch", "mstack fetch", "fetch a file over HTTP", command_fetch },
    { "ping", "mstack ping", "send ICMP echo requests and time the replies", command_ping },
    { "replay", "mstack replay", "replay captured TCP conversations against mstack",
      command_replay },
    { "drill", "mstack drill", "play scripts in packetdrill's language", command_drill },
    { "xen", "mstack xen", "boot a guest on a real Xen, and connect to it", command_xen },
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_help(void)
{
    printf("Usage: mstack COMMAND [OPTION...]\n"
           "A TCP/IP stack in user space, and what can be done with it.\n\nCommands:\n");
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].summary);
    printf("\nmstack COMMAND --help tells more about each. For example, as root:\n"
           "  mstack serve --dev tap:mstack0,host=192.0.2.1/24 --addr 192.0.2.2/24 --root .\n"
           "  curl http://192.0.2.2/\n");
}

static int usage_error(const char *what, const char *word)
{
    complain("%s%s%.100s%s; mstack --help lists the commands", what, word ? " \"" : "",
             word ? word : "", word ? "\"" : "");
    return EXIT_USAGE;
}

/* Output that could not be written (a full disk, a closed pipe) is a failure too, also of --help,
 * after which argp ends the program. */
static void check_output(int code, void *nothing)
{
    (void)nothing;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || code != EXIT_SUCCESS)
        return;
    complain("standard output could not be written");
    _exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    static char help[] = "--help";
    char full_name[32];

    on_exit(check_output, NULL);
    if (argc < 2)
        return usage_error("which command?", NULL);
    if (strcmp(argv[1], "help") == 0 && argc > 2) {
        argv[1] = argv[2];
        argv[2] = help;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("mstack %s\n", MSTACK_VERSION);
        return EXIT_SUCCESS;
    }
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        snprintf(full_name, sizeof(full_name), "%s", commands[i].full_name);
        argv[1] = full_name;
        complain_as(full_name);
        return commands[i].run(argc - 1, argv + 1);
    }
    return usage_error("no such command:", argv[1]);
}
