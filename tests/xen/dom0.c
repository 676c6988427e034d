/* SPDX-License-Identifier: ISC */
/* What dom0's shell lacks. */
#include <stdio.h>
#include <string.h>

#include "tools.h"

struct tool {
    const char *name, *arguments;
    int (*run)(int argc, char **argv);
};

static const struct tool tools[] = {
    { "udp", "HOST PORT COUNT BYTES", echo_datagrams },
    { "streams", "HOST PORT COUNT BYTES", echo_streams },
    { "stream", "HOST PORT get|put BYTES", stream },
    { "many", "HOST PORT PATH COUNT AT_ONCE", ask_many },
    { "wait", "HOST PORT SECONDS", wait_for_server },
    { "disturb", "LINK LOSS% DUPLICATES% REORDERED% DELAY_US BYTES_A_SECOND", disturb },
    { "feature", "LINK NAME on|off", set_feature },
    { "watch", "LINK", watch },
};

enum { TOOLS = sizeof tools / sizeof tools[0] };

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc > 1 && i < TOOLS; i++)
        if (strcmp(argv[1], tools[i].name) == 0)
            return tools[i].run(argc - 2, argv + 2);
    for (unsigned i = 0; i < TOOLS; i++)
        fprintf(stderr, "usage: dom0 %s %s\n", tools[i].name, tools[i].arguments);
    return BAD_USAGE;
}
